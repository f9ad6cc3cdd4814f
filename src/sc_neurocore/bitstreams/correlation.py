"""Correlation of two streams, and of one stream with itself some cycles later."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .. import checks, chunks
from ..backends import choose
from ..backends.packing import WORD_BITS, unpack, words_for
from ..backends.types import Bits, Words
from .bitstream import Bitstream, check_stream

_CYCLE_BYTES, _PAIR_BYTES = 40, 100
"""Memory that a cycle of a stream takes, and a pair of streams beside its words."""


def scc(a: Bitstream, b: Bitstream) -> NDArray[np.float64]:
    """Stochastic cross-correlation of streams, in [-1, 1], broadcast over their shapes.

    +1: the ones overlap as much as they can; -1: as little; 0: as independent streams do. With
    p = fraction of ones and q = fraction of cycles in which both are one, d = q - p_a p_b::

        SCC = d / (min(p_a, p_b) - p_a p_b)         if d > 0
              d / (p_a p_b - max(p_a + p_b - 1, 0)) otherwise

    A constant stream is uncorrelated with everything: 0.

    Notes
    -----
    Error law: independent Bernoulli streams of length L give a mean of about 0 and a standard
    deviation of order 1 / sqrt(L).

    References
    ----------
    A. Alaghi, J. P. Hayes, "Exploiting correlation in stochastic circuit design", ICCD 2013,
    https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> a = Bitstream.from_bits([1, 1, 0, 0])
    >>> float(scc(a, Bitstream.from_bits([1, 0, 0, 0]))), float(scc(a, Bitstream.from_bits([0, 0, 1, 1])))
    (1.0, -1.0)
    """
    check_stream("a", a)
    check_stream("b", b)
    if a.length != b.length:
        raise ValueError(f"streams a and b must have one length, got {a.length} and {b.length}")
    try:
        shape = np.broadcast_shapes(a.words.shape, b.words.shape)
    except ValueError as error:
        raise ValueError(f"shapes of a and b must broadcast, got {a.shape} and {b.shape}") from error
    return _scc(np.broadcast_to(a.words, shape), np.broadcast_to(b.words, shape), a.length)


def _scc(a: Words, b: Words, length: int) -> NDArray[np.float64]:
    """`scc` of words of one shape; of many in blocks of the first axis, and of the next where one place is large."""
    if a.ndim > 1 and math.prod(a.shape[:-1]) * (_PAIR_BYTES + 8 * a.shape[-1]) > chunks.CHUNK_BYTES:
        out = np.empty(a.shape[:-1])
        for part in chunks.chunks(len(a), math.prod(a.shape[1:-1]) * (_PAIR_BYTES + 8 * a.shape[-1])):
            place = part.start if part.stop - part.start == 1 else part
            out[place] = _scc(a[place], b[place], length)
        return out
    # Everything times length**2, in integers: no rounding decides the sign.
    popcount = choose().popcount
    ones_a, ones_b = popcount(a), popcount(b)
    product = ones_a * ones_b
    excess = length * popcount(a & b) - product
    most = length * np.minimum(ones_a, ones_b) - product
    least = product - length * np.maximum(ones_a + ones_b - length, 0)
    room = np.where(excess > 0, most, least)
    return np.asarray(np.where(excess == 0, 0.0, excess / np.where(room == 0, 1, room)))


def autocorrelation(stream: Bitstream, lag: int = 1) -> NDArray[np.float64]:
    """Correlation coefficient of each stream with itself `lag` cycles later, in [-1, 1].

    The stream is taken as a ring (cycle L - 1 is followed by cycle 0). A constant stream gives 0.

    Notes
    -----
    Error law: a Bernoulli stream gives a mean of -1 / (L - 1) and a variance of about 1 / L.

    Examples
    --------
    >>> float(autocorrelation(Bitstream.from_bits([1, 0, 1, 0])))
    -1.0
    """
    check_stream("stream", stream)
    lag = checks.whole("lag", lag, 1, stream.length)
    length, words = stream.length, stream.words.reshape(-1, stream.words.shape[-1])
    both = np.zeros(len(words), np.int64)
    for rows, start, stop in _blocks(len(words), length):
        turn = min(max(start, length - lag), stop)  # the cycle whose later one is the first of the ring again
        for first, last in ((start, turn), (turn, stop)):
            later = (first + lag) % length
            pairs = _bits(words[rows], first, last) & _bits(words[rows], later, later + last - first)
            both[rows] += pairs.sum(-1, dtype=np.int64)
    ones = stream.counts()
    spread = length * ones - ones * ones
    return np.asarray((length * both.reshape(ones.shape) - ones * ones) / np.where(spread == 0, 1, spread))


def stability(stream: Bitstream, tolerance: float = 0.05) -> NDArray[np.float64]:
    """Stability: fraction of a stream in which its running mean stays near its final value, in [0, 1].

    ``1 - t / L``, where t counts the cycles up to the last one at which the mean of the bits so
    far is further than `tolerance` from the mean of the whole stream. A stream of high stability
    may be cut short.

    Parameters
    ----------
    tolerance
        Largest distance, in probability, that counts as near; in [0, 1].

    Notes
    -----
    Error law: the running mean of t Bernoulli bits has variance p (1 - p) (1/t - 1/L) about the
    mean of the whole, so t is of order p (1 - p) / tolerance**2; low-discrepancy streams need of
    order 1 / tolerance.

    References
    ----------
    D. Wu et al., "uGEMM: Unary Computing Architecture for GEMM Applications", ISCA 2020,
    https://doi.org/10.1109/ISCA45697.2020.00040.

    Examples
    --------
    >>> float(stability(Bitstream.from_bits([1, 0, 1, 0, 1, 0, 1, 0]), tolerance=0.2))
    0.875
    """
    check_stream("stream", stream)
    tolerance = checks.real("tolerance", tolerance, 0.0, 1.0)
    length, words = stream.length, stream.words.reshape(-1, stream.words.shape[-1])
    ones, last = np.zeros(len(words), np.int64), np.zeros(len(words), np.int64)
    mean = stream.counts().reshape(-1, 1) / length
    for rows, start, stop in _blocks(len(words), length):
        so_far = ones[rows, None] + np.cumsum(_bits(words[rows], start, stop), axis=-1, dtype=np.int64)
        outside = np.abs(so_far / np.arange(start + 1, stop + 1) - mean[rows]) > tolerance
        last[rows] = np.where(outside.any(-1), stop - np.argmax(outside[:, ::-1], axis=-1), last[rows])
        ones[rows] = so_far[:, -1]
    return np.asarray(1 - last.reshape(stream.words.shape[:-1]) / length)


def _blocks(streams: int, length: int) -> Iterator[tuple[slice, int, int]]:
    """Blocks of streams and cycles, those of a stream one after another: rows, first cycle, cycle behind the last."""
    for rows in chunks.chunks(streams, _CYCLE_BYTES * length):
        for cycles in chunks.chunks(length, _CYCLE_BYTES * (rows.stop - rows.start)):
            yield rows, cycles.start, cycles.stop


def _bits(words: Words, start: int, stop: int) -> Bits:
    """Cycles `start` to `stop` - 1 of streams ``(R, W)``: ``(R, stop - start)``."""
    first = start // WORD_BITS
    bits = unpack(words[:, first : words_for(stop)], stop - first * WORD_BITS)
    return bits[:, start - first * WORD_BITS :]
