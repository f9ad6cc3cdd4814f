"""All streams of a generator, and the counts of all pairs."""

import numpy as np
from numpy.typing import NDArray

from sc_neurocore.backends import choose
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.encoders import Encoder, Generator


def every_stream(generator: Generator, length: int) -> Bitstream:
    """The ``2**bits + 1`` different streams of a generator, by threshold."""
    grid = np.arange((1 << generator.bits) + 1) / (1 << generator.bits)
    return Encoder(1, length, generator).encode(grid[:, None])


def pair_counts(first: Bitstream, second: Bitstream) -> NDArray[np.int64]:
    """Ones of ``a AND b`` for every pair of streams ``(T, 1)``, ``(U, 1)``: ``(T, U)``."""
    counts: NDArray[np.int64] = choose().and_counts(first.words[None], second.words[None])[0]
    return counts


def product_counts(first: Generator, second: Generator, length: int) -> NDArray[np.int64]:
    """Ones of the AND product of all pairs of thresholds."""
    return pair_counts(every_stream(first, length), every_stream(second, length))


def product_errors(first: Generator, second: Generator, length: int) -> NDArray[np.float64]:
    """Error of the AND product of all pairs of thresholds; exact in float64 for lengths of a power of two."""
    a, b = (np.arange((1 << generator.bits) + 1) / (1 << generator.bits) for generator in (first, second))
    return product_counts(first, second, length) / length - np.outer(a, b)


def normal_pvalue(measured: float, mean: float, deviation: float) -> float:
    """Two-sided p-value of a mean of many independent terms."""
    from scipy import stats

    return float(2 * stats.norm.sf(abs(measured - mean) / deviation))
