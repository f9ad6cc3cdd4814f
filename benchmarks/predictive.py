"""``python -m benchmarks.predictive``: a step of `PredictiveCodingSCLayer` beside the same circuit in NumPy.

64 inputs, 32 neurons, L = 256: microseconds a sample, learning included, all cases interleaved in one run.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sc_neurocore import PredictiveCodingSCLayer, VanDerCorput
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.types import Words

from .measure import Case, interleave, repeated
from .rows import Row, faster

INPUTS, NEURONS, LENGTH, LR = 64, 32, 256, 0.01
SAMPLES, ROUNDS = 200, 15

LAYERS: dict[str, dict[str, Any]] = {
    "all learn": {},
    "k = 1": {"k": 1},
    "k = 1, gain": {"k": 1, "gain": 0.1},
    "all learn, 12 bits": {"bits": 12},
    "all learn, Bernoulli": {"generator": "bernoulli"},
}


def cases() -> Iterator[Case]:
    """Samples one by one and as a sequence; floats and packed words in NumPy for comparison."""
    x = np.random.default_rng(0).random((SAMPLES, INPUTS))
    for name, options in LAYERS.items():
        layer = PredictiveCodingSCLayer(INPUTS, NEURONS, LENGTH, LR, 0, **options)

        def sequence(layer: PredictiveCodingSCLayer = layer) -> object:
            return layer.run(x)

        def single(layer: PredictiveCodingSCLayer = layer) -> object:
            return layer.forward(x[0])

        yield Case(name, repeated(sequence), SAMPLES, "sample")
        yield Case(f"{name}, one forward", repeated(single), 1, "sample")
    yield Case("numpy float64", repeated(InFloats(x[0])), 1, "sample")
    yield Case("numpy words", repeated(OnWords(x[0])), 1, "sample")


class InFloats:
    """What the streams stand for: a mean absolute error, and a step of the learning rate."""

    def __init__(self, x: NDArray[np.float64]) -> None:
        self.x, self.w = x, np.random.default_rng(1).random((NEURONS, INPUTS))

    def __call__(self) -> NDArray[np.float64]:
        difference = self.x - self.w
        self.w += LR * difference
        return np.abs(difference).mean(-1)


class OnWords:
    """The circuit on packed streams: gathered from a table, XOR, AND, counts of ones."""

    def __init__(self, x: NDArray[np.float64]) -> None:
        self.rng = np.random.default_rng(1)
        self.x = np.floor(x * LENGTH + 0.5).astype(int)
        self.w = self.rng.integers(0, LENGTH + 1, (NEURONS, INPUTS))
        self.table = pack(VanDerCorput(8).sequence(LENGTH) < np.arange(LENGTH + 1)[:, None])

    def __call__(self) -> NDArray[np.int64]:
        x, w = self.table[self.x], self.table[self.w]
        gates = pack(self.rng.random((NEURONS, LENGTH)) < LR)[:, None]
        self.w += _ones(x & ~w & gates) - _ones(~x & w & gates)
        return _ones(x ^ w).sum(-1)


def _ones(words: Words) -> NDArray[np.int64]:
    return np.bitwise_count(words).sum(-1, dtype=np.int64)


def rows(rounds: int) -> Iterator[Row]:
    """Sequences beside the same circuit on packed words in NumPy."""
    found = interleave(cases(), rounds)
    for name in LAYERS:
        case = f"PredictiveCodingSCLayer: {SAMPLES} x {INPUTS} -> {NEURONS}, L = {LENGTH}, {name}"
        goal = ">= 10" if name == "all learn" else ""
        yield faster("layers", case, found[name], found["numpy words"], "NumPy, packed words, all learn", goal)


def main() -> None:
    found = interleave(cases(), ROUNDS)
    micros = {name: 1e6 / case.rate for name, case in found.items()}
    words = micros["numpy words"]
    table = Table(
        title=f"{INPUTS} inputs, {NEURONS} neurons, L = {LENGTH}: microseconds a sample", title_justify="left"
    )
    for column in ("layer", "in a sequence", "one forward", "packed NumPy / sequence"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    for name in LAYERS:
        step = micros[name]
        table.add_row(name, f"{step:.1f}", f"{micros[f'{name}, one forward']:.0f}", f"{words / step:.0f} x")
    table.add_row("NumPy, packed words", "", f"{words:.0f}", "")
    table.add_row("NumPy, float64", "", f"{micros['numpy float64']:.0f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
