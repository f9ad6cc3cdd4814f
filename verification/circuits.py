"""Errors of circuits that depend on the order of cycles or on more than two lines: searched, Sobol and Bernoulli.

Operands are uniform on 0, 1/L, .., 1, so nothing is rounded, and the same for all generators.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_neurocore import VectorizedSCLayer
from sc_neurocore.bitstreams import Encoding
from sc_neurocore.encoders import Encoder, Generator, Searched, Sobol
from sc_neurocore.gates import or_gate, or_gate_expected
from sc_neurocore.gates.fsm import stanh, stanh_expected
from sc_neurocore.layers.options import Accumulate
from sc_neurocore.sources import BitstreamCurrentSource

from .report import Row, Table

LENGTHS = (8, 16, 32, 64, 128, 256)
BEST_PAIRS = {8: (1, 10), 16: (8, 10), 32: (1, 4), 64: (1, 12), 128: (1, 3), 256: (1, 2)}
"""The pair of Sobol dimensions with the least dot RMSE of the first 24."""


class SobolLines(Generator):
    """Sobol sequences of two given dimensions as lines 0 and 1, of the others in order as lines 2, 3, .."""

    def __init__(self, length: int, first: int, second: int, index: int = 0) -> None:
        self.bits, self.pair, self.index = (length - 1).bit_length(), (first, second), index

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Numbers of the line."""
        others = (dimension for dimension in range(1, 60) if dimension not in self.pair)
        return Sobol(self.bits, [*self.pair, *others][self.index]).sequence(length)

    def decorrelated(self, index: int) -> "SobolLines":
        """Line `index` after this one."""
        return SobolLines(1 << self.bits, *self.pair, self.index + index)


def saturating_adder(generator: str | Generator, length: int, encoding: Encoding, inputs: int) -> float:
    """Of sums of products held in the range."""
    low = 0 if encoding == "unipolar" else -1
    x, w = _operands(length, (400, inputs), (40, inputs), low)
    return _rms(_layer(w, length, generator, encoding, "saturate").forward(x) - np.clip(x @ w.T, low, 1))


def stanh_of_lines(generator: str | Generator, length: int) -> float:
    """Of Stanh with 4 and 8 states, of streams of either line of a product."""
    x = 2 * np.arange(length + 1) / length - 1
    errors = []
    for partner in (0, 1):
        streams = Encoder(1, length, generator, "bipolar", partner=partner, seed=partner).encode(x[:, None])
        errors += [stanh(streams, n).value()[:, 0] - stanh_expected(x, n) for n in (4, 8)]
    return _rms(errors)


def current(generator: str | Generator, length: int, part: int) -> float:
    """Of the current of a `SCDenseLayer`, the mean of 4 products, over L / `part` cycles from any cycle on."""
    x, w = _operands(length, (40, 4), (40, 4))
    source = BitstreamCurrentSource(x, w, length=length, y_max=1.0, generator=generator, seed=0)
    running = np.cumsum(np.insert(source.currents(0, 2 * length), 0, 0, axis=-1), axis=-1)
    window = length // part
    means = (running[..., window : window + length] - running[..., :length]) / window
    return _rms(means - (x @ w.T / 4)[..., None])


def or_of_products(generator: str | Generator, length: int) -> float:
    """Of an OR tree of 8 products of two lines."""
    x, w = _operands(length, (300, 8), (30, 8))
    layer = _layer(w, length, generator, "unipolar", "or")
    return _rms(layer.forward(x) - layer.expected(x))


def or_of_lines(generator: str | Generator, length: int) -> float:
    """Of the OR of three independent inputs."""
    x, _ = _operands(length, (4000, 3), (1, 3))
    streams = Encoder(3, length, generator, share="independent", seed=0).encode(x)
    return _rms(or_gate(streams).value() - or_gate_expected(x))


def multiplexer(generator: str | Generator, length: int, inputs: int) -> float:
    """Of the mean of products by a multiplexer, which line 2 selects."""
    x, w = _operands(length, (400, inputs), (400, inputs))
    return _rms(_layer(w, length, generator, "unipolar", "mux").forward(x) - x @ w.T / inputs)


FIGURES: dict[str, Callable[[str | Generator, int], float]] = {
    "saturating adder, 4 unipolar products": partial(saturating_adder, encoding="unipolar", inputs=4),
    "saturating adder, 8 split products": partial(saturating_adder, encoding="split", inputs=8),
    "Stanh, 4 and 8 states": stanh_of_lines,
    "current over L / 4 cycles": partial(current, part=4),
    "current over L / 2 cycles": partial(current, part=2),
    "OR of 8 products": or_of_products,
    "OR of 3 lines": or_of_lines,
    "MUX of 2 products": partial(multiplexer, inputs=2),
    "MUX of 4 products": partial(multiplexer, inputs=4),
    "MUX of 8 products": partial(multiplexer, inputs=8),
}
"""RMSE of a circuit, by generator and length."""


NOT_BELOW: dict[str, tuple[int, ...]] = {
    "Stanh, 4 and 8 states": (64, 128),
    "current over L / 4 cycles": (128,),
    "current over L / 2 cycles": (128,),
    "MUX of 2 products": (8,),
    "MUX of 4 products": (8,),
    "MUX of 8 products": (8,),
}
"""Lengths at which a figure is not below that of both pairs of Sobol dimensions."""


def figures(name: str, length: int) -> tuple[float, float, float, float]:
    """RMSE of a circuit: searched; Sobol dimensions 1, 2, 3, ..; their best pair, then the others; Bernoulli."""
    sobol = (SobolLines(length, 1, 2), SobolLines(length, *BEST_PAIRS[length]))
    ours, plain, best, random = (
        FIGURES[name](each, length) for each in (Searched.of_length(length), *sobol, "bernoulli")
    )
    return ours, plain, best, random


def circuits_table(quick: bool) -> Table:
    """RMSE of each circuit at powers of two, beside Sobol's."""
    table = Table(
        "RMSE of circuits that depend on the order of cycles or on further lines",
        notes=[
            "Ours: generator 'searched'. Reference: Sobol dimensions 1, 2, 3, ..; their best pair, then the",
            "others; independent Bernoulli streams. Passes if it is below both of Sobol's.",
        ],
    )
    for name in FIGURES:
        for length in LENGTHS[: 3 if quick else None]:
            ours, plain, best, random = figures(name, length)
            passed = None if length in NOT_BELOW.get(name, ()) else ours < min(plain, best)
            reference = f"{plain:.4f} / {best:.4f} / {random:.4f}"
            table.rows.append(Row(name, f"L = {length}", f"{ours:.4f}", reference, passed))
    return table


def _layer(
    weights: NDArray[np.float64], length: int, generator: str | Generator, encoding: Encoding, accumulate: Accumulate
) -> VectorizedSCLayer:
    return VectorizedSCLayer.from_weights(
        weights, length=length, generator=generator, encoding=encoding, accumulate=accumulate, seed=0
    )


def _operands(
    length: int, of_inputs: tuple[int, int], of_weights: tuple[int, int], low: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(length)
    x, w = (rng.integers(low * length, length + 1, shape) / length for shape in (of_inputs, of_weights))
    return x, w


def _rms(errors: ArrayLike) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
