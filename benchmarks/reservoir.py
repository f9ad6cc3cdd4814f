"""``python -m benchmarks.reservoir``: a step of a dense reservoir beside a float32 matrix-vector product.

1000 neurons, one input, one sample; a run of many steps over their number. Sequences that all lines share
are counted by rank, Bernoulli weight streams are stored, or made anew at every step.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCRecurrentLayer

from .measure import Case, interleave, repeated
from .rows import Row, times

NEURONS, LENGTH, STEPS, ROUNDS = 1000, 256, 20, 9
CIRCUITS = {
    "Sobol": {"generator": "sobol"},
    "Sobol, digital shift": {"generator": "sobol", "restart": "shift"},
    "Sobol, stochastic rounding": {"generator": "sobol", "rounding": "stochastic"},
    "Bernoulli, stored weights": {"generator": "bernoulli", "weight_streams": "stored"},
    "Bernoulli, fresh weights": {"generator": "bernoulli"},
}


def cases(n_neurons: int = NEURONS, length: int = LENGTH) -> Iterator[Case]:
    """Work of a call: its steps."""
    rng = np.random.default_rng(0)
    matrix, x = rng.standard_normal((n_neurons, n_neurons), np.float32), rng.standard_normal(n_neurons, np.float32)
    yield Case("float32 matrix-vector product", repeated(lambda: matrix @ x), 1, "step")
    u = rng.uniform(0, 0.5, (STEPS, 1))
    options = {"encoding": "split", "activation": "tanh", "seed": 0}
    layer = SCRecurrentLayer(1, n_neurons, 1.0, 0.25, 0.9, length, **options)
    yield Case("expected", repeated(lambda: layer.run(u, expected=True)), STEPS, "step")
    for name, more in CIRCUITS.items():
        circuit = SCRecurrentLayer(1, n_neurons, 1.0, 0.25, 0.9, length, **options, **more)
        yield Case(name, repeated(lambda circuit=circuit: circuit.run(u)), STEPS, "step")


def rows(rounds: int) -> Iterator[Row]:
    """Steps beside NumPy's float32 product."""
    found = interleave(cases(), rounds)
    product = found["float32 matrix-vector product"]
    goals = {"expected": "<= 3", "Sobol": "<= 15", "Bernoulli, stored weights": "<= 60"}
    for name in ("expected", *CIRCUITS):
        case = f"SCRecurrentLayer: {STEPS} steps, N = {NEURONS}, dense, L = {LENGTH}, {name}"
        yield times("layers", case, found[name], product, "float32 product", goals.get(name, ""))


def main() -> None:
    table = Table(title=f"A step of {NEURONS} neurons, dense, L = {LENGTH}", title_justify="left")
    for column in ("what", "ms, fastest", "ms, median", "times the product"):
        table.add_column(column, justify="left" if column == "what" else "right")
    found = interleave(cases(), ROUNDS)
    product = found["float32 matrix-vector product"]
    for name, case in found.items():
        fastest, middle = (1e3 * seconds / case.work for seconds in (case.best, case.middle))
        ratio = case.middle / case.work / product.middle
        table.add_row(name, f"{fastest:.3f}", f"{middle:.3f}", f"{ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
