"""Bernoulli streams: digits of random numbers from shared words, 64 cycles of LANES words of streams at a time."""

import numpy as np
from numba import int64, uint64

from ..addresses import BERNOULLI
from ..packing import tail_mask, words_for
from ..splitmix import ALTERNATING, FEW, MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..threads import over_rows
from ..types import SHARED_DIGITS, WORD_STEP, Thresholds, Words
from .intrinsics import popcount64
from .jit import L1, L2, L3, L4, LANES, counter, inline, jit, philox_lanes, put

# Lanes: the state of SplitMix64 before the next digit, its gamma, the threshold with the next digit highest, the cycles
# that are undecided, and those in which the number is below the threshold.
_ALL = uint64(0xFFFFFFFFFFFFFFFF)
_STEP = uint64(WORD_STEP)
_OWN = uint64(WORD_STEP // 2)
_PAIRS = SHARED_DIGITS // 2


@inline
def mix(z):  # type: ignore[no-untyped-def]
    """`splitmix.mix` of one word."""
    z = (z ^ (z >> uint64(SHIFT_1))) * uint64(MULTIPLIER_1)
    z = (z ^ (z >> uint64(SHIFT_2))) * uint64(MULTIPLIER_2)
    return z ^ (z >> uint64(SHIFT_3))


@inline
def _sources(key, streams, thresholds, bits, first, sources):  # type: ignore[no-untyped-def]
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
    left = uint64(0)
    for lane in range(LANES):
        threshold = thresholds[min(first + lane, last)]
        left |= threshold << uint64(64 - bits)
        sources[L2 + uint64(lane)] = threshold << uint64(64 - bits)
        sources[L3 + uint64(lane)] = uint64(0) - (threshold >> uint64(bits))
    return left


@inline
def _digit(u, threshold, undecided, below):  # type: ignore[no-untyped-def]
    """One more digit: of the numbers the bits of `u`, of the threshold its highest one."""
    ones = uint64(int64(threshold) >> 63)
    return undecided & ~(u ^ ones), below | (undecided & ~u & ones)


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
def _different_rows(lanes, left):  # type: ignore[no-untyped-def]
    """Compare LANES words of different streams; `left` has the digits of all their thresholds."""
    pairs = 0
    while left and pairs < _PAIRS:
        pairs += 1
        left <<= uint64(2)
        for lane in range(uint64(LANES)):
            z, gamma, threshold = lanes[lane], lanes[L1 + lane], lanes[L2 + lane]
            undecided, below = lanes[L3 + lane], lanes[L4 + lane]
            undecided, below = _digit(mix(z + gamma), threshold, undecided, below)
            z += gamma + gamma
            undecided, below = _digit(mix(z), threshold << uint64(1), undecided, below)
            lanes[lane], lanes[L2 + lane] = z, threshold << uint64(2)
            lanes[L3 + lane], lanes[L4 + lane] = undecided, below
    if left:
        for lane in range(uint64(LANES)):
            if lanes[L3 + lane]:
                gamma = lanes[L1 + lane]
                z = lanes[lane] + (_OWN - uint64(SHARED_DIGITS)) * gamma
                lanes[L4 + lane] |= _own_digits(z, gamma, lanes[L2 + lane], lanes[L3 + lane])


@inline
def _same_row(seed, gamma, threshold, certain, lanes):  # type: ignore[no-untyped-def]
    """Compare LANES words of one stream; `seed` is the state before the first of them."""
    step = _STEP * gamma
    for lane in range(uint64(LANES)):
        lanes[L3 + lane] = _ALL
        lanes[L4 + lane] = certain
    for pair in range(_PAIRS):
        if threshold == 0:
            return
        before = seed + uint64(2 * pair) * gamma
        for lane in range(uint64(LANES)):
            z = before + lane * step + gamma
            undecided, below = _digit(mix(z), threshold, lanes[L3 + lane], lanes[L4 + lane])
            undecided, below = _digit(mix(z + gamma), threshold << uint64(1), undecided, below)
            lanes[L3 + lane], lanes[L4 + lane] = undecided, below
        threshold <<= uint64(2)
    if threshold:
        for lane in range(uint64(LANES)):
            if lanes[L3 + lane]:
                z = seed + lane * step + _OWN * gamma
                lanes[L4 + lane] |= _own_digits(z, gamma, threshold, lanes[L3 + lane])


@jit
def bernoulli_rows(key, streams, thresholds, bits, first_word, tail, out, start, stop):  # type: ignore[no-untyped-def]
    """`bernoulli` of the rows start to stop; `tail` masks the last word."""
    n_words = out.shape[1]
    lanes, sources = np.empty(5 * LANES, np.uint64), np.empty(4 * LANES, np.uint64)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        left = _sources(key, streams, thresholds, bits, first, sources)
        # Vector lanes are words of a row up to `along`, from there on they are rows.
        along = n_words // LANES * LANES
        if count * ((n_words - along + LANES - 1) // LANES) < n_words - along:
            along = n_words
        for row in range(uint64(count)):
            gamma = sources[L1 + row]
            for w in range(0, along, LANES):
                seed = sources[row] + uint64(first_word + w) * _STEP * gamma
                _same_row(seed, gamma, sources[L2 + row], sources[L3 + row], lanes)
                for lane in range(min(LANES, along - w)):
                    out[uint64(first) + row, w + lane] = lanes[L4 + uint64(lane)]
        for w in range(along, n_words):
            jump = uint64(first_word + w) * _STEP
            for lane in range(uint64(LANES)):
                gamma = sources[L1 + lane]
                lanes[lane], lanes[L1 + lane] = sources[lane] + jump * gamma, gamma
                lanes[L2 + lane], lanes[L3 + lane], lanes[L4 + lane] = sources[L2 + lane], _ALL, sources[L3 + lane]
            _different_rows(lanes, left)
            for lane in range(count):
                out[first + lane, w] = lanes[L4 + uint64(lane)]
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
