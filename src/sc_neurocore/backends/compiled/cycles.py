"""Products of a neuron joined cycle by cycle: parallel counters, OR gates, multiplexers."""

import math

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..threads import over_rows
from ..types import CycleCounts, Draws, Wiring, Words
from .jit import inline, jit
from .products import words_read

_PLANES = 28
"""Bit planes of a vertical counter: up to 2**28 synapses a neuron."""
_CHUNK = 4
"""Words counted side by side, one vector lane each."""
_P1, _P2, _P3, _P4, _P5, _P6, _P7 = (uint64(k * _CHUNK) for k in range(1, 8))


@inline
def _sum(a, b, c):  # type: ignore[no-untyped-def]
    return a ^ b ^ c


@inline
def _carry(a, b, c):  # type: ignore[no-untyped-def]
    return (a & b) | ((a ^ b) & c)


@inline
def _gate(left, right, negated):  # type: ignore[no-untyped-def]
    """AND, or XNOR where `negated` is all ones."""
    return (left & right) | (negated & ~(left | right))


@inline
def _ripple(planes, p, carry):  # type: ignore[no-untyped-def]
    """Add `carry` (CHUNK words of weight 2**p) to the planes."""
    rest = carry[0] | carry[1] | carry[2] | carry[3]
    while rest:
        rest = uint64(0)
        for q in range(uint64(_CHUNK)):
            bit, plane = carry[q], planes[p, q]
            planes[p, q] = plane ^ bit
            carry[q] = plane & bit
            rest |= plane & bit
        p += 1


@jit
def _vertical_counter(x, w, inputs, weights, start, stop, first, negated, scratch):  # type: ignore[no-untyped-def]
    """Count CHUNK * 64 cycles at once: plane p holds binary digit p of each cycle's sum.

    Eight products pass seven full adders (carry-save), so that only every eighth carry ripples.
    `scratch` holds the planes, the eight products, and what ripples. Returns the number of planes that a sum can
    reach.
    """
    planes, v, carry = scratch
    width = min(_CHUNK, x.shape[1] - first)
    used = 0
    while (stop - start) >> used:
        used += 1
    planes[:used] = uint64(0)
    v[:] = uint64(0)
    carry[:] = uint64(0)
    grouped = start + (stop - start) // 8 * 8
    ones, twos, fours = planes[0], planes[1], planes[2]
    for k in range(start, grouped, 8):
        for i in range(8):
            left, right = x[inputs[k + i]], w[weights[k + i]]
            if width == _CHUNK:
                for q in range(_CHUNK):
                    v[i * _CHUNK + q] = _gate(left[first + q], right[first + q], negated)
            else:
                for q in range(width):
                    v[i * _CHUNK + q] = _gate(left[first + q], right[first + q], negated)
        for q in range(uint64(_CHUNK)):
            one, a, b = ones[q], v[q], v[_P1 + q]
            two_a, one = _carry(one, a, b), _sum(one, a, b)
            a, b = v[_P2 + q], v[_P3 + q]
            two_b, one = _carry(one, a, b), _sum(one, a, b)
            a, b = v[_P4 + q], v[_P5 + q]
            two_c, one = _carry(one, a, b), _sum(one, a, b)
            a, b = v[_P6 + q], v[_P7 + q]
            two_d, one = _carry(one, a, b), _sum(one, a, b)
            two = twos[q]
            four_a, two = _carry(two, two_a, two_b), _sum(two, two_a, two_b)
            four_b, two = _carry(two, two_c, two_d), _sum(two, two_c, two_d)
            four = fours[q]
            carry[q] = _carry(four, four_a, four_b)
            ones[q], twos[q], fours[q] = one, two, _sum(four, four_a, four_b)
        _ripple(planes, 3, carry)
    for k in range(grouped, stop):
        left, right = x[inputs[k]], w[weights[k]]
        for q in range(width):
            carry[q] = _gate(left[first + q], right[first + q], negated)
        _ripple(planes, 0, carry)
    return used


@jit
def _cycle_counts(x, w, wiring, length, negated, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_samples, n_words, neurons = x.shape[1], x.shape[3], indptr.size - 1
    planes = np.empty((_PLANES, _CHUNK), np.uint64)
    scratch = planes, np.empty(8 * _CHUNK, np.uint64), np.empty(_CHUNK, np.uint64)
    for unit in range(start, stop):
        row, j = unit // neurons, unit % neurons
        g, b = row // n_samples, row % n_samples
        for first in range(0, n_words, _CHUNK):
            used = _vertical_counter(x[g, b], w[g], inputs, weights, indptr[j], indptr[j + 1], first, negated, scratch)
            for q in range(min(_CHUNK, n_words - first)):
                cycle = (first + q) * 64
                sums = out[g, b, j, cycle : min(cycle + 64, length)]
                sums[:] = 0
                for p in range(used):
                    plane = planes[p, q]
                    for t in range(sums.size):
                        sums[t] += np.int32((plane >> uint64(t)) & uint64(1)) << np.int32(p)


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> CycleCounts:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, length), np.int32)
    args = x, w, tuple(wiring), length, _negated(xnor), out
    over_rows(_cycle_counts, args, math.prod(out.shape[:3]), out.shape[0] * out.shape[1] * words_read(wiring, x))
    return out


def _negated(xnor: bool) -> np.uint64:
    return np.uint64(2**64 - 1 if xnor else 0)


@jit
def _or_streams(x, w, wiring, tail, negated, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_samples, n_words = x.shape[1], x.shape[3]
    for row in range(start, stop):
        g, b = row // n_samples, row % n_samples
        for j in range(indptr.size - 1):
            target = out[g, b, j]
            target[:] = uint64(0)
            for k in range(indptr[j], indptr[j + 1]):
                left, right = x[g, b, inputs[k]], w[g, weights[k]]
                for q in range(n_words):
                    target[q] |= _gate(left[q], right[q], negated)
            target[n_words - 1] &= tail


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    rows = out.shape[0] * out.shape[1]
    args = x, w, tuple(wiring), tail_mask(length), _negated(xnor), out
    over_rows(_or_streams, args, rows, rows * words_read(wiring, x))
    return out


@jit
def _mux_streams(x, w, wiring, select, length, negated, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_samples = x.shape[1]
    for row in range(start, stop):
        g, b = row // n_samples, row % n_samples
        for j in range(indptr.size - 1):
            fan_in = uint64(indptr[j + 1] - indptr[j])
            target = out[g, b, j]
            target[:] = uint64(0)
            if fan_in == 0:
                continue
            for t in range(length):
                k = indptr[j] + int64((uint64(select[g, b, t]) * fan_in) >> uint64(32))
                word = _gate(x[g, b, inputs[k], t >> 6], w[g, weights[k], t >> 6], negated)
                target[t >> 6] |= ((word >> uint64(t & 63)) & uint64(1)) << uint64(t & 63)


def mux_streams(x: Words, w: Words, wiring: Wiring, select: Draws, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    rows, neurons = out.shape[0] * out.shape[1], out.shape[2]
    args = x, w, tuple(wiring), select, length, _negated(xnor), out
    over_rows(_mux_streams, args, rows, rows * neurons * length)
    return out
