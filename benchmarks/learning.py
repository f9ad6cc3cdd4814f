"""``python -m benchmarks.learning``: an epoch of the learning layer, and the same circuit a cycle at a time in NumPy.

64 inputs, 10 neurons, 1024 cycles: every rule, with and without learning, on one thread, interleaved in one run. With
`sparse`, four of five inputs are silent, and the others spike in a fifth of the cycles.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCLearningLayer

from .measure import Case, interleave, repeated
from .rows import Row, faster

INPUTS, NEURONS, LENGTH = 64, 10, 1024
ROUNDS = 15
LAYERS: dict[str, dict[str, Any]] = {
    "pair": {},
    "pair, Sobol": {"generator": "sobol"},
    "pair, deterministic": {"deterministic": True},
    "pair, k-WTA": {"wta": 1, "homeostasis": 0.01},
    "coincidence": {"rule": "coincidence"},
    "reward": {"rule": "reward"},
}


def cases() -> Iterator[Case]:
    """An epoch of each layer from rates to spikes; weights go on from epoch to epoch."""
    x = np.random.default_rng(0).random(INPUTS)
    for name, options in LAYERS.items():
        layer = SCLearningLayer(INPUTS, NEURONS, length=LENGTH, base_seed=0, **options)
        reward = 0.1 if name == "reward" else None
        layer.run_epoch(x, reward)  # loads the kernel
        yield Case(name, repeated(lambda layer=layer, reward=reward: layer.run_epoch(x, reward)), 1, "epoch", 1)
    few = np.where(np.arange(INPUTS) % 5, 0.0, 0.2 * x)
    for name, generator in (("pair, sparse", "bernoulli"), ("pair, sparse, Sobol", "sobol")):
        layer = SCLearningLayer(INPUTS, NEURONS, length=LENGTH, base_seed=0, generator=generator, y_max=4.0)
        yield Case(name, repeated(lambda layer=layer: layer.run_epoch(few)), 1, "epoch", 1)
    layer = SCLearningLayer(INPUTS, NEURONS, length=LENGTH, base_seed=0)
    yield Case("no learning", repeated(lambda: layer.run_epoch(x, learning=False)), 1, "epoch", 1)
    plain = SCLearningLayer(INPUTS, NEURONS, length=LENGTH, base_seed=0, backend="reference")
    yield Case("the definition in NumPy", repeated(lambda: plain.run_epoch(x)), 1, "epoch", 1)


def rows(rounds: int) -> Iterator[Row]:
    """Epochs beside the definition in NumPy."""
    found = interleave(cases(), rounds)
    plain = found["the definition in NumPy"]
    for name in LAYERS:
        case = f"SCLearningLayer: {INPUTS} -> {NEURONS}, {LENGTH} cycles, {name}"
        yield faster("layers", case, found[name], plain, "NumPy, pair", ">= 100" if name == "pair" else "")


def main() -> None:
    table = Table(title=f"One epoch, {INPUTS} -> {NEURONS}, L = {LENGTH}, one thread", title_justify="left")
    for column in ("layer", "fastest ms", "median ms", "ns a synapse and cycle", "over pair"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    found = interleave(cases(), ROUNDS)
    for name, case in found.items():
        each = case.best / (INPUTS * NEURONS * LENGTH)
        ratio = case.best / found["pair"].best
        row = f"{1e3 * case.best:.2f}", f"{1e3 * case.middle:.2f}", f"{1e9 * each:.2f}", f"{ratio:.2f} x"
        table.add_row(name, *row)
    Console().print(table)


if __name__ == "__main__":
    main()
