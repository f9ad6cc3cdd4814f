"""Bernoulli streams: digits of random numbers from shared words, 64 cycles of LANES words of streams at a time."""

import numpy as np
from numba import uint64

from ..addresses import BERNOULLI
from ..packing import tail_mask, words_for
from ..splitmix import ALTERNATING, FEW, MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..threads import over_rows
from ..types import SHARED_DIGITS, WORD_STEP, Thresholds, Words
from .intrinsics import popcount64, shared_digits
from .jit import L1, L2, L3, LANES, counter, inline, jit, philox_lanes, put

ALL = uint64(0xFFFFFFFFFFFFFFFF)
STEP = uint64(WORD_STEP)
_OWN = uint64(WORD_STEP // 2)


@inline
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> uint64(SHIFT_1))) * uint64(MULTIPLIER_1)
    z = (z ^ (z >> uint64(SHIFT_2))) * uint64(MULTIPLIER_2)
    return z ^ (z >> uint64(SHIFT_3))


@inline
def make_sources(key, streams, thresholds, bits, first, sources):  # type: ignore[no-untyped-def]
    """Seed, gamma, threshold with its first digit highest, and ones where that is 1, of LANES rows from `first` on."""
    last = streams.size - 1
    for lane in range(LANES):
        put(sources, uint64(lane), counter(BERNOULLI, (streams[min(first + lane, last)],)))
    philox_lanes(key, sources)
    for lane in range(uint64(LANES)):
        odd = sources[L2 + lane] | sources[L3 + lane] << uint64(32) | uint64(1)
        few = popcount64(odd ^ (odd >> uint64(1))) < FEW
        sources[lane] |= sources[L1 + lane] << uint64(32)
        sources[L1 + lane] = odd ^ uint64(ALTERNATING) if few else odd
    for lane in range(LANES):
        threshold = thresholds[min(first + lane, last)]
        sources[L2 + uint64(lane)] = threshold << uint64(64 - bits)
        sources[L3 + uint64(lane)] = uint64(0) - (threshold >> uint64(bits))


@inline
def _own_digits(z, gamma, threshold, undecided):  # type: ignore[no-untyped-def]
    """Which undecided cycles are below the threshold by the digits of their own; `z` is the state before cycle 0."""
    below = uint64(0)
    while undecided:
        lowest = undecided & (uint64(0) - undecided)
        cycle = popcount64(lowest - uint64(1))
        if _mix(z + (cycle + uint64(1)) * gamma) < threshold:
            below |= lowest
        undecided ^= lowest
    return below


@inline
def decide(sources, jump, undecided, place, results):  # type: ignore[no-untyped-def]
    """LANES words of streams, where they are asked for: see `shared_digits`. They are the second field of `results`."""
    left = shared_digits(sources, jump, undecided, place, results)
    while left:
        lowest = left & (uint64(0) - left)
        lane = popcount64(lowest - uint64(1))
        gamma = sources[L1 + lane]
        threshold = sources[L2 + lane] << uint64(SHARED_DIGITS)
        results[L1 + lane] |= _own_digits(sources[lane] + (jump + _OWN) * gamma, gamma, threshold, results[lane])
        left ^= lowest


@jit
def bernoulli_rows(key, streams, thresholds, bits, first_word, tail, out, start, stop):  # type: ignore[no-untyped-def]
    """`bernoulli` of the rows start to stop; `tail` masks the last word."""
    n_words = out.shape[1]
    sources, of_row = np.empty(4 * LANES, np.uint64), np.empty(4 * LANES, np.uint64)
    results, all_of_them = np.empty(2 * LANES, np.uint64), np.full(LANES, ALL)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        make_sources(key, streams, thresholds, bits, first, sources)
        # Vector lanes are words of a row up to `along`, from there on they are rows.
        along = n_words // LANES * LANES
        if count * ((n_words - along + LANES - 1) // LANES) < n_words - along:
            along = n_words
        for row in range(uint64(count if along else 0)):
            gamma = sources[L1 + row]
            for lane in range(uint64(LANES)):
                of_row[lane], of_row[L1 + lane] = sources[row] + lane * STEP * gamma, gamma
                of_row[L2 + lane], of_row[L3 + lane] = sources[L2 + row], sources[L3 + row]
            for w in range(0, along, LANES):
                decide(of_row, uint64(first_word + w) * STEP, all_of_them, uint64(0), results)
                for lane in range(min(LANES, along - w)):
                    out[uint64(first) + row, w + lane] = results[L1 + uint64(lane)]
        for w in range(along, n_words):
            decide(sources, uint64(first_word + w) * STEP, all_of_them, uint64(0), results)
            for lane in range(count):
                out[first + lane, w] = results[L1 + uint64(lane)]
        for row in range(first, first + count):
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
