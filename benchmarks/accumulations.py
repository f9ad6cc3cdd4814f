"""``python -m benchmarks.accumulations``: OR trees, multiplexers and saturating adders beside the sum; cycle counts.

784 -> 128, batch 32 and 1. A layer stands beside the same layer that sums; the counts of every cycle, which drive
spiking neurons, stand beside the totals of the same streams. All cases are interleaved in one run.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import VectorizedSCLayer
from sc_neurocore.backends import choose
from sc_neurocore.gates.connections import FullConnections

from .cases import Shape
from .measure import Case, interleave, repeated
from .rows import Row, times

SHAPES = [Shape(784, 128, batch, length) for batch in (1, 32) for length in (256, 1024)]
LIMITS = {"or": 1.5, "mux": 1.5, "saturate": 3.0}
"""Times that of the sum that an accumulation should stay below, at batch 32 and L = 1024."""
COUNTS_GBIT = 250
"""Product bits a nanosecond that the counts of cycles should reach there."""
ROUNDS = 15


def cases(shape: Shape, rng: np.random.Generator) -> Iterator[Case]:
    """Layers from numbers to numbers, and the two kernels on ready streams."""
    x, weights = rng.random((shape.batch, shape.n_inputs)), rng.random((shape.n_neurons, shape.n_inputs))
    for accumulate in ("sum", *LIMITS):
        layer = VectorizedSCLayer(
            shape.n_inputs, shape.n_neurons, shape.length, generator="sobol", accumulate=accumulate, seed=1
        )
        layer.weights = weights
        yield Case(accumulate, repeated(lambda layer=layer: layer.forward(x)), shape.product_bits, "bit")
    kernels, n_words = choose(), shape.length // 64
    lines = rng.integers(0, 2**64, (1, shape.batch, shape.n_inputs, n_words), np.uint64)
    synapses = rng.integers(0, 2**64, (1, shape.n_neurons, shape.n_inputs, n_words), np.uint64)
    wiring = FullConnections(shape.n_inputs, shape.n_neurons).wiring(0, shape.n_neurons)
    flat = synapses.reshape(1, -1, n_words)
    yield Case("totals", repeated(lambda: kernels.and_counts(lines, synapses)), shape.product_bits, "bit")
    yield Case(
        "counts", repeated(lambda: kernels.cycle_counts(lines, flat, wiring, shape.length, False)), shape.product_bits,
        "bit",
    )  # fmt: skip


def rows(rounds: int) -> Iterator[Row]:
    """Accumulations beside the sum, counts of cycles beside totals; goals at batch 32 and L = 1024."""
    for shape in SHAPES:
        found = interleave(cases(shape, np.random.default_rng(0)), rounds)
        asked, size = shape == SHAPES[-1], f"784 -> 128, Sobol, batch {shape.batch}, L = {shape.length}"
        for name, limit in LIMITS.items():
            yield times("cases", f"{name}, {size}", found[name], found["sum"], "sum", f"<= {limit:g}" if asked else "")
        counts, goal = found["counts"], f">= {COUNTS_GBIT}" if asked else ""
        yield Row("cases", f"counts of cycles, {size}", "Gbit/s", counts.rate * 1e-9, goal, counts.best)
        yield times("cases", f"counts of cycles, {size}", counts, found["totals"], "totals")


def main() -> None:
    table = Table(title="Accumulations, 784 -> 128, Sobol, all threads", title_justify="left")
    for column in (
        "batch",
        "L",
        "sum ms",
        *(f"{name} / sum" for name in LIMITS),
        "totals Gbit/s",
        "cycle counts Gbit/s",
    ):
        table.add_column(column, justify="right")
    for shape in SHAPES:
        found = interleave(cases(shape, np.random.default_rng(0)), ROUNDS)
        ratios = (f"{found[name].best / found['sum'].best:.2f}" for name in LIMITS)
        rates = (f"{found[name].rate * 1e-9:.0f}" for name in ("totals", "counts"))
        table.add_row(str(shape.batch), str(shape.length), f"{found['sum'].best * 1e3:.2f}", *ratios, *rates)
    asked = ("32", "1024", "asked", *(f"<= {limit:g}" for limit in LIMITS.values()), "", f">= {COUNTS_GBIT}")
    table.add_row(*asked)
    Console().print(table)


if __name__ == "__main__":
    main()
