"""Comparators of numbers that are read with noise."""

import numpy as np
from numba import uint64

from .. import normal
from ..addresses import BERNOULLI
from ..elementary import exp_of, reduced
from ..packing import words_for
from ..splitmix import ALTERNATING, FEW
from ..threads import over_rows
from ..types import NUMBER_DIGITS, SHARED_DIGITS, WORD_STEP, Floats, Indices, Thresholds, Words
from .bernoulli import mix
from .intrinsics import philox_lanes, popcount64
from .jit import L1, L2, L3, LANES, counter, inline, jit, put

_reduced, _exp_of, _upper_tail = inline(reduced), inline(exp_of), inline(normal.upper_tail)
_REACH, _STEPS = normal.REACH, float(1 << NUMBER_DIGITS)
_OWN_DIGITS = NUMBER_DIGITS - SHARED_DIGITS
_OWN_MASK = (1 << _OWN_DIGITS) - 1
# Columns of the thresholds of a word: digits, a bit for each cycle; cycles that the noise decides; cycles that are 1
# whatever the noise.
_UNSURE, _ONES, _COLUMNS = SHARED_DIGITS, SHARED_DIGITS + 1, SHARED_DIGITS + 2


@inline
def _near_and_above(mean, reach, levels, first):  # type: ignore[no-untyped-def]
    """Cycles of the word from cycle `first` on where the noise may decide, and where `mean` is above the level."""
    near, above = uint64(0), uint64(0)
    if first + 64 <= levels.size:
        piece = levels[first : first + 64]
        for t in range(64):
            near |= uint64(abs(mean - piece[t]) < reach) << uint64(t)
        for t in range(64):
            above |= uint64(mean > piece[t]) << uint64(t)
    else:
        for t in range(levels.size - first):
            near |= uint64(abs(mean - levels[first + t]) < reach) << uint64(t)
            above |= uint64(mean > levels[first + t]) << uint64(t)
    return near, above


@inline
def _read(mean, sigma, levels, digits, thresholds, cycles, z):  # type: ignore[no-untyped-def]
    """Thresholds ``(L,)`` of the noise of a number, and the columns `digits` of its words; True if any cycle needs it.

    `cycles` and `z` ``(64,)`` are memory.
    """
    any_unsure = False
    for w in range(len(digits)):
        near, above = _near_and_above(mean, _REACH * sigma, levels, 64 * w)
        count = 0
        left = near
        while left:
            lowest = left & (uint64(0) - left)
            cycle = popcount64(lowest - uint64(1))
            cycles[count] = cycle
            z[count] = (mean - levels[64 * w + cycle]) / sigma
            count += 1
            left ^= lowest
        for i in range(count):
            k, r, c = _reduced(-0.5 * z[i] * z[i], -746.0, 710.0)
            tail = _STEPS * _upper_tail(abs(z[i]), _exp_of(k, r, c))
            z[i] = np.floor((_STEPS - tail if z[i] > 0 else tail) + 0.5)
        for column in range(_COLUMNS):
            digits[w, column] = uint64(0)
        digits[w, _UNSURE], digits[w, _ONES] = near, above & ~near
        for i in range(count):
            threshold, cycle = uint64(z[i]), cycles[i]
            thresholds[64 * w + cycle] = threshold
            for d in range(SHARED_DIGITS):
                digits[w, d] |= ((threshold >> uint64(NUMBER_DIGITS - 1 - d)) & uint64(1)) << cycle
            if threshold >> uint64(NUMBER_DIGITS):
                digits[w, _UNSURE] ^= uint64(1) << cycle
                digits[w, _ONES] |= uint64(1) << cycle
        any_unsure |= digits[w, _UNSURE] != 0
    return any_unsure


@inline
def _sources(key, streams, first, count, k, sources):  # type: ignore[no-untyped-def]
    """Seeds and gammas of the streams ``streams[first + lane] + k``, as those of `bernoulli`."""
    for lane in range(LANES):
        put(sources, uint64(lane), counter(BERNOULLI, (streams[first + min(lane, count - 1)] + uint64(k),)))
    philox_lanes(key, sources)
    for lane in range(uint64(LANES)):
        odd = sources[L2 + lane] | sources[L3 + lane] << uint64(32) | uint64(1)
        few = popcount64(odd ^ (odd >> uint64(1))) < FEW
        sources[lane] |= sources[L1 + lane] << uint64(32)
        sources[L1 + lane] = odd ^ uint64(ALTERNATING) if few else odd


@inline
def _own_digits(seed, gamma, flip, thresholds, first, undecided):  # type: ignore[no-untyped-def]
    """Which undecided cycles of the word from cycle `first` on are below their thresholds by digits of their own."""
    below = uint64(0)
    while undecided:
        lowest = undecided & (uint64(0) - undecided)
        cycle = popcount64(lowest - uint64(1))
        own = (mix(seed + (uint64(WORD_STEP // 2) + cycle + uint64(1)) * gamma) ^ flip) >> uint64(64 - _OWN_DIGITS)
        if own < thresholds[first + cycle] & uint64(_OWN_MASK):
            below |= lowest
        undecided ^= lowest
    return below


@inline
def _compare(digits, thresholds, w, flip, count, sources, lanes):  # type: ignore[no-untyped-def]
    """Word w of `count` streams, into the third row of `lanes`; with `flip` of ones the noise is mirrored."""
    jump = uint64(w) * uint64(WORD_STEP)
    for lane in range(uint64(count)):
        lanes[lane] = sources[lane] + jump * sources[L1 + lane]
        lanes[L1 + lane], lanes[L2 + lane] = digits[w, _UNSURE], digits[w, _ONES]
    left, d = digits[w, _UNSURE], 0
    while left and d < SHARED_DIGITS:
        left = uint64(0)
        ones = digits[w, d]
        d += 1
        for lane in range(uint64(count)):
            z = lanes[lane] + sources[L1 + lane]
            u, undecided = mix(z) ^ flip, lanes[L1 + lane]
            lanes[lane] = z
            lanes[L2 + lane] |= undecided & ~u & ones
            undecided &= ~(u ^ ones)
            lanes[L1 + lane] = undecided
            left |= undecided
    if left:
        for lane in range(uint64(count)):
            if lanes[L1 + lane]:
                gamma = sources[L1 + lane]
                seed = sources[lane] + jump * gamma
                lanes[L2 + lane] |= _own_digits(seed, gamma, flip, thresholds, 64 * w, lanes[L1 + lane])


@jit
def _compare_noisy(key, streams, levels, rows, means, sigmas, out, start, stop):  # type: ignore[no-untyped-def]
    """Numbers start to stop of `out` ``(S, rails, K, W)``."""
    rails, n_words = out.shape[1], out.shape[3]
    digits = np.empty((rails, n_words, _COLUMNS), np.uint64)
    thresholds = np.empty((rails, levels.shape[1]), np.uint64)
    cycles, z = np.empty(64, np.uint64), np.empty(64)
    sources, lanes = np.empty(4 * LANES, np.uint64), np.empty(3 * LANES, np.uint64)
    for k in range(start, stop):
        any_unsure = False
        for rail in range(rails):
            mean = -means[k] if rail else means[k]
            any_unsure |= _read(mean, sigmas[k], levels[rows[k]], digits[rail], thresholds[rail], cycles, z)
        for first in range(0, streams.size, LANES):
            count = min(LANES, streams.size - first)
            if any_unsure:
                _sources(key, streams, first, count, k, sources)
            for rail in range(rails):
                flip = uint64(0) - uint64(rail)
                for w in range(n_words):
                    if digits[rail, w, _UNSURE]:
                        _compare(digits[rail], thresholds[rail], w, flip, count, sources, lanes)
                        for lane in range(count):
                            out[first + lane, rail, k, w] = lanes[L2 + uint64(lane)]
                    else:
                        for lane in range(count):
                            out[first + lane, rail, k, w] = digits[rail, w, _ONES]


def compare_noisy(
    key: int, streams: Thresholds, levels: Floats, rows: Indices, means: Floats, sigmas: Floats, rails: int
) -> Words:
    length = levels.shape[1]
    out = np.empty((streams.size, rails, means.size, words_for(length)), np.uint64)
    work = means.size * rails * length + 20 * out.size
    over_rows(_compare_noisy, (np.uint64(key), streams, levels, rows, means, sigmas, out), means.size, work)
    return out
