"""Circuits that keep the value of a stream and change where its ones are.

================  ===============================  =========================
gate              breaks                           costs
================  ===============================  =========================
`delay`           correlation of Bernoulli bits    one flip-flop a cycle
`shuffle_buffer`  most correlation                 a few flip-flops, a random number
`regenerate`      all of it                        a counter, a latency of L cycles
================  ===============================  =========================
"""

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose
from ..backends.packing import tail_mask, words_for
from ..backends.types import Words
from ..bitstreams import Bitstream
from .arguments import check_sequence, check_stream, rows, sequence_rows


def delay(stream: Bitstream, cycles: int, *, rotate: bool = False) -> Bitstream:
    """A chain of flip-flops outputs each bit some cycles later.

    ::

        x --[D]--[D]-- .. --[D]-- x, k cycles later

    Parameters
    ----------
    stream
        Streams ``(...)`` of any encoding.
    cycles
        k, 0 .. L.
    rotate
        False: the flip-flops start at 0, and the last k bits of the stream are lost. True: the stream
        is a ring, and its last k bits come first.

    Returns
    -------
    Bitstream
        Streams ``(...)`` in the same encoding: bit t is bit t - k of the input.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream, `cycles` not an integer or `rotate` not a bool.
    ValueError
        If `cycles` is not in 0 .. L.

    Notes
    -----
    Error law: a ring keeps every count. A chain replaces k bits by zeros, so the share of ones falls by
    at most k / L, and by p k / L on average. Delayed bits are independent of the others if the stream
    is Bernoulli; a periodic stream comes back after its period.

    Examples
    --------
    >>> delay(Bitstream.from_bits([1, 1, 0, 1]), 1).bits()
    array([0, 1, 1, 0], dtype=uint8)
    >>> delay(Bitstream.from_bits([1, 1, 0, 1]), 1, rotate=True).bits()
    array([1, 1, 1, 0], dtype=uint8)
    """
    x = check_stream("stream", stream)
    k = checks.whole("cycles", cycles, 0, x.length)
    ring = checks.flag("rotate", rotate)
    words = _later(x.words, k, x.length)
    if ring:
        words |= _earlier(x.words, x.length - k)
    return Bitstream.owning(words, x.length, x.encoding)


def shuffle_buffer(stream: Bitstream, depth: int, draws: NDArray[np.uint32]) -> Bitstream:
    """Each bit takes a random slot of a small buffer, and the bit it replaces is the output.

    ::

                   +---+---+- .. -+---+
        x -- in -->| 0 | 1 |      | d |--> out: what the slot held
                   +---+---+- .. -+---+
                          ^
                      random slot

    Parameters
    ----------
    stream
        Streams ``(...)`` of any encoding.
    depth
        d, the number of slots, at least 1. They hold 0, 1, 0, 1, .. at first. One slot is a delay of
        one cycle.
    draws
        Random numbers, uint32 ``(L,)``, or ``(..., L)`` for numbers of its own for each stream: cycle t
        uses slot ``floor(draws[t] / 2**32 * d)``. Streams that share the draws stay as correlated as
        they were. The rails of a split stream are a leading axis of two, and share the draws unless that axis is given.

    Returns
    -------
    Bitstream
        Streams ``(...)`` in the same encoding.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream, `depth` not an integer or `draws` not a uint32 array.
    ValueError
        If `depth` is below 1 or above 2**31, or the shape of `draws` does not fit.

    Notes
    -----
    Error law: ones are kept but for those in the buffer: the count differs by at most d, since
    ones out = ones in + ones at the start - ones left at the end. A bit stays d cycles on average
    (geometrically distributed), so correlation over times far above d stays.

    References
    ----------
    V. T. Lee, A. Alaghi, L. Ceze, "Correlation manipulating circuits for stochastic computing",
    DATE 2018.

    Examples
    --------
    >>> draws = np.array([0, 2**31, 0, 0, 2**31], np.uint32)
    >>> shuffle_buffer(Bitstream.from_bits([1, 0, 0, 1, 1]), 2, draws).bits()
    array([0, 1, 1, 0, 0], dtype=uint8)
    """
    x = check_stream("stream", stream)
    slots = checks.whole("depth", depth, 1, 2**31)
    numbers = check_sequence("draws", draws, x.length)
    numbers = sequence_rows("draws", numbers, x.words.shape[:-1] if x.encoding == "split" else x.shape)
    words = choose().shuffle_buffer(rows(x.words), x.length, slots, numbers)
    return Bitstream.owning(words.reshape(x.words.shape), x.length, x.encoding)


def regenerate(stream: Bitstream, sequence: NDArray[np.uint32], bits: int) -> Bitstream:
    """A counter counts the ones of the whole stream, and a comparator makes a new stream of the count.

    ::

        x --> [ counter ] ==> count * 2**bits / L ==>+-----+
                                                     |  >  |--> new stream
                                       sequence ====>+-----+

    Parameters
    ----------
    stream
        Streams ``(...)`` of any encoding.
    sequence
        Numbers below ``2**bits``, uint32: ``(K,)``, one for all streams (the new streams then have
        SCC = +1 with each other), or ``(n, K)``, one for each stream of the last value axis. Bit t is
        ``sequence[t] < threshold``.
    bits
        Size of the comparator, 1..32.

    Returns
    -------
    Bitstream
        Streams ``(...)`` of the length K of the sequence, in the same encoding.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream, `sequence` not a uint32 array or `bits` not an integer.
    ValueError
        If the shape of `sequence` does not fit, a number is ``2**bits`` or more, or `bits` is out of
        range.

    Notes
    -----
    Error law: the threshold is the count scaled to 2**bits and rounded half up, an error of at most
    2**-(bits + 1); the rest is the error of the new sequence. A permutation of 0 .. 2**bits - 1 with
    2**bits = L returns every count exactly.

    References
    ----------
    V. T. Lee, A. Alaghi, L. Ceze, "Correlation manipulating circuits for stochastic computing",
    DATE 2018, on what regeneration costs and when to avoid it.

    Examples
    --------
    >>> sequence = np.array([0, 2, 1, 3], np.uint32)
    >>> regenerate(Bitstream.from_bits([1, 1, 0, 0]), sequence, bits=2).bits()
    array([1, 0, 1, 0], dtype=uint8)
    """
    x = check_stream("stream", stream)
    size = checks.whole("bits", bits, 1, 32)
    numbers = check_sequence("sequence", sequence, None, size)
    n = x.shape[-1] if x.shape else 1
    if numbers.ndim == 1:
        n, numbers = 1, numbers[None]
    elif numbers.shape[:-1] != x.shape[-1:]:
        raise ValueError(f"sequence must have shape (K,) or ({n}, K), got {numbers.shape}")
    counts = x.counts()
    thresholds = ((counts << (size + 1)) + x.length) // (2 * x.length)
    words = choose().compare(np.ascontiguousarray(numbers), thresholds.astype(np.uint64).reshape(-1, n))
    return Bitstream.owning(words.reshape(*counts.shape, words.shape[-1]), numbers.shape[-1], x.encoding)


def _later(words: Words, by: int, length: int) -> Words:
    """Streams delayed by `by` cycles: bit t is the old bit t - `by`; zeros come in."""
    skip, bits = divmod(by, 64)
    n_words = words_for(length)
    out = np.zeros_like(words)
    if skip < n_words:
        out[..., skip:] = words[..., : n_words - skip] << np.uint64(bits)
        if bits and skip + 1 < n_words:
            out[..., skip + 1 :] |= words[..., : n_words - skip - 1] >> np.uint64(64 - bits)
    out[..., -1] &= tail_mask(length)
    return out


def _earlier(words: Words, by: int) -> Words:
    """Streams advanced by `by` cycles: bit t is the old bit t + `by`; zeros come in."""
    skip, bits = divmod(by, 64)
    out = np.zeros_like(words)
    n_words = words.shape[-1]
    if skip < n_words:
        out[..., : n_words - skip] = words[..., skip:] >> np.uint64(bits)
        if bits and skip + 1 < n_words:
            out[..., : n_words - skip - 1] |= words[..., skip + 1 :] << np.uint64(64 - bits)
    return out
