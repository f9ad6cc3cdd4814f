"""Bernoulli streams: digits of random numbers from shared words, 64 cycles of LANES words of streams at a time."""

import numpy as np
from numba import uint64

from ..packing import tail_mask, words_for
from ..splitmix import MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..threads import over_rows
from ..types import SHARED_DIGITS, WORD_STEP, Thresholds, Words
from .intrinsics import FEW_WORDS, SOURCES, popcount64, put_generators, shared_digits, shared_digits_of_few
from .jit import LANES, inline, jit

ALL = uint64(0xFFFFFFFFFFFFFFFF)
STEP = uint64(WORD_STEP)
_OWN = uint64(WORD_STEP // 2)
GAMMAS, THRESHOLDS, CERTAIN = (uint64(field * SOURCES) for field in (1, 2, 3))
"""Where these fields of sources start; seeds come first."""


@inline
def mix(z):  # type: ignore[no-untyped-def]
    """`splitmix.mix` of one word."""
    z = (z ^ (z >> uint64(SHIFT_1))) * uint64(MULTIPLIER_1)
    z = (z ^ (z >> uint64(SHIFT_2))) * uint64(MULTIPLIER_2)
    return z ^ (z >> uint64(SHIFT_3))


@inline
def make_sources(key, bits, count, sources):  # type: ignore[no-untyped-def]
    """Sources of `count` streams, whose numbers and thresholds are in the fields of seeds and of thresholds so far.

    For the fields see `intrinsics.shared_digits`. Those of LANES streams more may change.
    """
    for first in range(0, count, LANES):
        put_generators(key, sources, first)
    for lane in range(uint64(count)):
        threshold = sources[THRESHOLDS + lane]
        sources[THRESHOLDS + lane] = threshold << uint64(64 - bits)
        sources[CERTAIN + lane] = uint64(0) - (threshold >> uint64(bits))


@inline
def _own_digits(z, gamma, threshold, undecided):  # type: ignore[no-untyped-def]
    """Which undecided cycles are below the threshold by the digits of their own; `z` is the state before cycle 0."""
    below = uint64(0)
    while undecided:
        lowest = undecided & (uint64(0) - undecided)
        cycle = popcount64(lowest - uint64(1))
        if mix(z + (cycle + uint64(1)) * gamma) < threshold:
            below |= lowest
        undecided ^= lowest
    return below


@inline
def _finish(left, sources, first, jump, words, results):  # type: ignore[no-untyped-def]
    """Decide by the digits of their own what the shared digits `left` undecided in `words` words of LANES streams."""
    while left:
        lowest = left & (uint64(0) - left)
        at = popcount64(lowest - uint64(1))
        source, start = first + at % uint64(LANES), jump + at // uint64(LANES) * STEP + _OWN
        gamma, threshold = sources[GAMMAS + source], sources[THRESHOLDS + source] << uint64(SHARED_DIGITS)
        found = _own_digits(sources[source] + start * gamma, gamma, threshold, results[at])
        results[words * uint64(LANES) + at] |= found
        left ^= lowest


@inline
def decide(sources, first, jump, undecided, place, across, results):  # type: ignore[no-untyped-def]
    """A word of each of LANES streams, where it is asked for: see `shared_digits`; the second field of `results`."""
    left = shared_digits(sources, first, jump, undecided, place, across, results)
    _finish(left, sources, first, jump, uint64(1), results)


@inline
def decide_few(sources, first, jump, undecided, place, across, results):  # type: ignore[no-untyped-def]
    """As `decide`, for FEW_WORDS words of each stream: the last FEW_WORDS fields of `results`."""
    left = shared_digits_of_few(sources, first, jump, undecided, place, across, results)
    _finish(left, sources, first, jump, uint64(FEW_WORDS), results)


@jit
def bernoulli_rows(key, streams, thresholds, bits, first_word, tail, out, start, stop):  # type: ignore[no-untyped-def]
    """`bernoulli` of the rows start to stop; `tail` masks the last word."""
    n_words = out.shape[1]
    sources, of_row = np.zeros(4 * SOURCES, np.uint64), np.empty(4 * SOURCES, np.uint64)
    results, whole = np.empty(2 * FEW_WORDS * LANES, np.uint64), np.full(LANES, ALL)
    few = n_words // FEW_WORDS * FEW_WORDS
    zero = uint64(0)
    for begin in range(start, stop, SOURCES):
        many = min(SOURCES, stop - begin)
        for row in range(many):
            sources[row] = streams[begin + row]
            sources[THRESHOLDS + uint64(row)] = thresholds[begin + row]
        make_sources(key, bits, many, sources)
        for first in range(0, many, LANES):
            count, at = min(LANES, many - first), begin + first
            if count * ((n_words + LANES - 1) // LANES) < n_words:  # vector lanes are words of a row, else rows
                for row in range(uint64(first), uint64(first + count)):
                    gamma = sources[GAMMAS + row]
                    for lane in range(uint64(LANES)):
                        of_row[lane], of_row[GAMMAS + lane] = sources[row] + lane * STEP * gamma, gamma
                        of_row[THRESHOLDS + lane] = sources[THRESHOLDS + row]
                        of_row[CERTAIN + lane] = sources[CERTAIN + row]
                    for w in range(0, n_words, LANES):
                        decide(of_row, zero, uint64(first_word + w) * STEP, whole, zero, zero, results)
                        for lane in range(min(LANES, n_words - w)):
                            out[uint64(begin) + row, w + lane] = results[LANES + lane]
                continue
            for w in range(0, few, FEW_WORDS):
                decide_few(sources, uint64(first), uint64(first_word + w) * STEP, whole, zero, zero, results)
                for lane in range(count):
                    for word in range(FEW_WORDS):
                        out[at + lane, w + word] = results[(FEW_WORDS + word) * LANES + lane]
            for w in range(few, n_words):
                decide(sources, uint64(first), uint64(first_word + w) * STEP, whole, zero, zero, results)
                for lane in range(count):
                    out[at + lane, w] = results[LANES + lane]
        for row in range(begin, begin + many):
            out[row, n_words - 1] &= tail


def bernoulli(
    key: int,
    streams: Thresholds,
    thresholds: Thresholds,
    bits: int,
    length: int,
    first_word: int = 0,
) -> Words:
    out = np.empty((streams.size, words_for(length)), np.uint64)
    if streams.size:
        args = np.uint64(key), streams, thresholds, bits, first_word, tail_mask(length), out
        over_rows(bernoulli_rows, args, streams.size, out.size * 20, LANES)
    return out
