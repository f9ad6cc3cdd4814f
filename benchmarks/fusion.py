"""``python -m benchmarks.fusion``: the multiplexer of `SCFusionLayer` beside the same circuit on packed words in NumPy.

Two modalities of 1024 features, batch 32, L = 1024, numbers in and out, interleaved in one run.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sc_neurocore import SCFusionLayer, Sobol
from sc_neurocore.backends.packing import pack

from . import report
from .measure import Case, interleave, repeated
from .rows import Row, faster

FEATURES, BATCH, LENGTH, SHARE = 1024, 32, 1024, 0.7
ROUNDS = 15


class OnWords:
    """Streams gathered from a table, one select stream, then a count of the ones in each word."""

    def __init__(self) -> None:
        bits = (LENGTH - 1).bit_length()
        self.scale = 1 << bits
        thresholds = np.arange(self.scale + 1)[:, None]
        self.table = pack(Sobol(bits, 1).sequence(LENGTH) < thresholds)
        self.select = pack(Sobol(bits, 2).sequence(LENGTH) < round(SHARE * self.scale))

    def __call__(self, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
        a, b = (self.table[np.floor(x * self.scale + 0.5).astype(np.int64)] for x in (left, right))
        return np.bitwise_count((a & self.select) | (b & ~self.select)).sum(-1, dtype=np.int64) / LENGTH


def cases() -> Iterator[Case]:
    """The layer with Sobol and Bernoulli streams, and NumPy."""
    left, right = np.random.default_rng(0).random((2, BATCH, FEATURES))
    inputs = {"left": left, "right": right}
    for generator in ("sobol", "bernoulli"):
        layer = SCFusionLayer(
            dict.fromkeys(inputs, FEATURES),
            {"left": SHARE, "right": 1 - SHARE},
            LENGTH,
            generator=generator,
            share_select="layer",
            seed=0,
        )
        yield Case(generator, repeated(lambda layer=layer: layer.forward(inputs)), BATCH, "sample")
    on_words = OnWords()
    yield Case("numpy words", repeated(lambda: on_words(left, right)), BATCH, "sample")


def rows(rounds: int) -> Iterator[Row]:
    """Each generator beside NumPy."""
    found = interleave(cases(), rounds)
    for generator in ("sobol", "bernoulli"):
        case = f"SCFusionLayer: 2 x {FEATURES} features, batch {BATCH}, L = {LENGTH}, {generator}"
        goal = ">= 1" if generator == "sobol" else ""
        yield faster("layers", case, found[generator], found["numpy words"], "NumPy, packed words, Sobol", goal)


if __name__ == "__main__":
    report.show(rows(ROUNDS))
