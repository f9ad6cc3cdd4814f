"""Registers to choose from for streams of one length, whatever the length."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from .generator import bits_of
from .lfsr import LFSR, TAPS, is_primitive

Entry = Sequence[int]
"""Taps (bit k for tap k + 1), seed, mask, and 1 for stages read in reverse order."""

_POLYNOMIALS, _STARTS, _CELLS = 8, 1024, 8


def lfsr_line(length: int, entry: Entry) -> LFSR:
    """The register of an entry, of ``ceil(log2 L)`` bits.

    >>> lfsr_line(12, (0b1100, 5, 3, 1))
    LFSR(bits=4, taps=(4, 3), seed=5, mask=3, reverse=True)
    """
    taps, seed, mask, reverse = entry
    bits = bits_of(length)
    return LFSR(bits, taps_of(taps), seed, mask=mask, reverse=bool(reverse))


def taps_of(word: int) -> tuple[int, ...]:
    """Taps of a word with bit k for tap k + 1.

    >>> taps_of(0b1100)
    (4, 3)
    """
    return tuple(k for k in range(word.bit_length(), 0, -1) if word >> (k - 1) & 1)


def lfsr_candidates(length: int, count: int) -> list[Entry]:
    """At most `count` registers for streams of `length` cycles, the same for the same arguments.

    A stream of part of a period has not each number once. So each register, of a polynomial, a mask and an order of
    bits at random, starts from the one of up to 1024 states from which the numbers of `length` cycles are spread best:
    with the least sum of squared errors of the streams of 1/8, 2/8, .., 8/8.
    """
    bits = bits_of(length)
    period = 1 << bits
    random = np.random.Philox(key=length).random_raw((count, 2))
    starts = np.unique(np.random.Philox(key=period + length).random_raw(_STARTS) % np.uint64(period)).astype(np.int64)
    readings = [(taps, reverse) for taps in _polynomials(bits) for reverse in (0, 1)]
    found: dict[tuple[int, int, int, int], None] = {}
    cells = min(_CELLS, period)
    shares = np.arange(1, cells + 1) / cells * length
    for (taps, reverse), (choice, mask) in zip(cycle(readings), (random % np.uint64(period)).tolist(), strict=False):
        states, counts = _counts(taps, bits, reverse, length, cells)
        allowed = starts[states[starts] > 0]
        order = np.arange(cells) ^ mask >> (bits - cells.bit_length() + 1)
        errors = ((counts[allowed][:, order].cumsum(1) - shares) ** 2).sum(1)
        best = allowed[errors == errors.min()]
        found[sum(1 << (tap - 1) for tap in taps), int(states[best[choice % len(best)]]), mask, reverse] = None
    return list(found)


@lru_cache(maxsize=32)
def _counts(
    taps: tuple[int, ...], bits: int, reverse: int, length: int, cells: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """States of a period, and how many of the `length` numbers from each on lie in each of the equal cells."""
    period = 1 << bits
    states = LFSR(bits, taps).sequence(period)
    cell = LFSR(bits, taps, reverse=bool(reverse)).sequence(period) >> np.uint32(bits - cells.bit_length() + 1)
    within = np.zeros((2 * period + 1, cells), np.int64)
    within[1 + np.arange(2 * period), np.tile(cell, 2)] = 1
    np.cumsum(within, 0, out=within)
    return states, within[length : length + period] - within[:period]


@lru_cache(maxsize=32)
def _polynomials(bits: int) -> list[tuple[int, ...]]:
    """Taps of some primitive polynomials: that of the table and others at random."""
    words = np.random.Philox(key=bits).random_raw(2048) % np.uint64(1 << bits - 1)
    others = (taps_of(int(word) | 1 << bits - 1) for word in words)

    def primitive() -> Iterator[tuple[int, ...]]:
        yield TAPS[bits]
        yield from (taps for taps in others if taps != TAPS[bits] and is_primitive(taps, bits))

    return sorted(set(islice(primitive(), _POLYNOMIALS)))
