"""The kernels of `reference` in Numba: compiled once, cached, GIL released, rows spread over threads.

Every public function has the name, the arguments and the integers of its twin in `reference`.
Loops are written so that LLVM vectorises them: fixed trip counts, one array per inner loop body.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from .intrinsics import popcount64
from .packing import Words, tail_mask, words_for
from .philox import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1
from .reference import BLOCK_WORDS, Counts, Tree, Wiring
from .threads import over_rows

_jit: Callable[..., Any] = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
_inline: Callable[..., Any] = numba.njit(inline="always")

# ---------------------------------------------------------------- streams from a given sequence


@_jit
def _compare(sequences, thresholds, out, start, stop):  # type: ignore[no-untyped-def]
    shared = sequences.shape[0] == 1
    length = sequences.shape[1]
    for r in range(start, stop):
        for i in range(thresholds.shape[1]):
            sequence = sequences[0 if shared else i]
            threshold = thresholds[r, i]
            for w in range(out.shape[2]):
                first = w * 64
                word = uint64(0)
                if first + 64 <= length:
                    piece = sequence[first : first + 64]
                    for t in range(64):
                        word |= uint64(uint64(piece[t]) < threshold) << uint64(t)
                else:
                    for t in range(length - first):
                        word |= uint64(uint64(sequence[first + t]) < threshold) << uint64(t)
                out[r, i, w] = word


def compare(sequences: NDArray[np.uint32], thresholds: NDArray[np.uint64]) -> Words:
    rows, n = thresholds.shape
    n_words = words_for(sequences.shape[1])
    out = np.empty((rows, n, n_words), np.uint64)
    over_rows(lambda a, b: _compare(sequences, thresholds, out, a, b), rows, rows * n * n_words * 16)
    return out


def gather(table: Words, rows: NDArray[np.uint64]) -> Words:
    # NumPy's own row copy is faster than a Numba loop; "clip" spares it a buffer for `out`.
    flat = rows.reshape(-1).astype(np.intp)
    out = np.empty((flat.size, table.shape[1]), np.uint64)
    over_rows(lambda a, b: _take(table, flat, out, a, b), flat.size, out.size // 4)
    return out.reshape(*rows.shape, table.shape[1])


def _take(table: Words, rows: NDArray[np.intp], out: Words, start: int, stop: int) -> None:
    np.take(table, rows[start:stop], axis=0, out=out[start:stop], mode="clip")


# ---------------------------------------------------------------- Bernoulli streams

# Streams are made LANES at a time, one vector lane each. All lanes live in one flat array at
# constant offsets, so that LLVM can see that they do not overlap.
_LANES = 16
_L1, _L2, _L3, _L4, _L5 = (uint64(k * _LANES) for k in range(1, 6))


@_inline
def _rotate(word, by):  # type: ignore[no-untyped-def]
    return (word << uint64(by)) | (word >> uint64(64 - by))


@_inline
def _philox_lanes(key, lanes):  # type: ignore[no-untyped-def]
    """Ten rounds on the four counter words of each lane, in place; every word is 32 bits."""
    low, half = uint64(0xFFFFFFFF), uint64(32)
    key_0, key_1 = key & low, key >> half
    for _ in range(ROUNDS):
        for lane in range(uint64(_LANES)):
            product_0 = uint64(MULTIPLIER_0) * lanes[lane]
            product_1 = uint64(MULTIPLIER_1) * lanes[_L2 + lane]
            c1, c3 = lanes[_L1 + lane], lanes[_L3 + lane]
            lanes[lane] = (product_1 >> half) ^ c1 ^ key_0
            lanes[_L1 + lane] = product_1 & low
            lanes[_L2 + lane] = (product_0 >> half) ^ c3 ^ key_1
            lanes[_L3 + lane] = product_0 & low
        key_0 = (key_0 + uint64(WEYL_0)) & low
        key_1 = (key_1 + uint64(WEYL_1)) & low


@_inline
def _seed_lanes(key, streams, first, block, lanes, scratch):  # type: ignore[no-untyped-def]
    """State of block `block` of LANES streams: two Philox calls of 128 bits each."""
    last = streams.size - 1
    for half in range(2):
        for lane in range(_LANES):
            stream = streams[min(first + lane, last)]
            scratch[lane] = stream & uint64(0xFFFFFFFF)
            scratch[_L1 + uint64(lane)] = stream >> uint64(32)
            scratch[_L2 + uint64(lane)] = uint64(block)
            scratch[_L3 + uint64(lane)] = uint64(half)
        _philox_lanes(key, scratch)
        to = _L2 if half else uint64(0)
        for lane in range(uint64(_LANES)):
            lanes[to + lane] = scratch[lane] | scratch[_L1 + lane] << uint64(32)
            lanes[to + _L1 + lane] = scratch[_L2 + lane] | scratch[_L3 + lane] << uint64(32)


@_jit
def _bernoulli(key, streams, thresholds, bits, tail, out, start, stop):  # type: ignore[no-untyped-def]
    rows, n_words = out.shape
    lanes = np.empty(6 * _LANES, np.uint64)
    scratch = np.empty(4 * _LANES, np.uint64)
    for first in range(start, stop, _LANES):
        count = min(_LANES, stop - first)
        for lane in range(_LANES):
            lanes[_L5 + uint64(lane)] = thresholds[min(first + lane, rows - 1)]
        for w in range(n_words):
            if w % BLOCK_WORDS == 0:
                _seed_lanes(key, streams, first, w // BLOCK_WORDS, lanes, scratch)
            for lane in range(uint64(_LANES)):
                lanes[_L4 + lane] = uint64(0)
            for digit in range(uint64(bits)):
                for lane in range(uint64(_LANES)):
                    s0, s1 = lanes[lane], lanes[_L1 + lane]
                    s2, s3 = lanes[_L2 + lane], lanes[_L3 + lane]
                    r = lanes[_L4 + lane]
                    ones = uint64(0) - ((lanes[_L5 + lane] >> digit) & uint64(1))
                    u = _rotate(s0 + s3, 23) + s0
                    shifted = s1 << uint64(17)
                    s2 ^= s0
                    s3 ^= s1
                    lanes[_L1 + lane] = s1 ^ s2
                    lanes[lane] = s0 ^ s3
                    lanes[_L2 + lane] = s2 ^ shifted
                    lanes[_L3 + lane] = _rotate(s3, 45)
                    lanes[_L4 + lane] = (u & (r | ones)) | (r & ones)
            for lane in range(count):
                certain = uint64(0) - (lanes[_L5 + uint64(lane)] >> uint64(bits))
                word = lanes[_L4 + uint64(lane)] | certain
                out[first + lane, w] = word & tail if w == n_words - 1 else word


def bernoulli(key: int, streams: NDArray[np.uint64], thresholds: NDArray[np.uint64], bits: int, length: int) -> Words:
    out = np.empty((streams.size, words_for(length)), np.uint64)
    if streams.size:
        arguments = np.uint64(key), streams, thresholds, bits, tail_mask(length), out
        over_rows(lambda a, b: _bernoulli(*arguments, a, b), streams.size, out.size * 20, _LANES)
    return out


# ---------------------------------------------------------------- counts of products

_BLOCK = 512
"""Words of a row handled at a time: four weight rows of a block fit the first-level cache."""


@_jit
def _popcount(words, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        row = words[r]
        ones = uint64(0)
        for w in range(row.size):
            ones += popcount64(row[w])
        out[r] = ones


def popcount(words: Words) -> Counts:
    flat = np.ascontiguousarray(words).reshape(-1, words.shape[-1])
    out = np.empty(len(flat), np.int64)
    over_rows(lambda a, b: _popcount(flat, out, a, b), len(flat), flat.size)
    return out.reshape(words.shape[:-1])


@_jit
def _tile_2x4(x0, x1, w0, w1, w2, w3):  # type: ignore[no-untyped-def]
    """Two samples against four neurons: six loads feed eight AND-popcounts."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = uint64(0)
    for k in range(x0.size):
        x, y = x0[k], x1[k]
        p, q, r, s = w0[k], w1[k], w2[k], w3[k]
        a0 += popcount64(x & p)
        a1 += popcount64(x & q)
        a2 += popcount64(x & r)
        a3 += popcount64(x & s)
        b0 += popcount64(y & p)
        b1 += popcount64(y & q)
        b2 += popcount64(y & r)
        b3 += popcount64(y & s)
    return a0, a1, a2, a3, b0, b1, b2, b3


@_jit
def _tile_1x4(x0, w0, w1, w2, w3):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = a3 = uint64(0)
    for k in range(x0.size):
        x = x0[k]
        a0 += popcount64(x & w0[k])
        a1 += popcount64(x & w1[k])
        a2 += popcount64(x & w2[k])
        a3 += popcount64(x & w3[k])
    return a0, a1, a2, a3


@_jit
def _dot(x, w):  # type: ignore[no-untyped-def]
    ones = uint64(0)
    for k in range(x.size):
        ones += popcount64(x[k] & w[k])
    return ones


@_jit
def _and_counts(x, w, out, first, last):  # type: ignore[no-untyped-def]
    """Product of one group: x (B, K), w (M, K) into out (B, M), neurons first to last."""
    n_samples, width = x.shape
    tiled = first + (last - first) // 4 * 4
    for start in range(0, width, _BLOCK):
        stop = min(start + _BLOCK, width)
        for j in range(first, tiled, 4):
            w0, w1, w2, w3 = (
                w[j, start:stop], w[j + 1, start:stop], w[j + 2, start:stop], w[j + 3, start:stop]
            )  # fmt: skip
            for b in range(0, n_samples - 1, 2):
                a0, a1, a2, a3, b0, b1, b2, b3 = _tile_2x4(x[b, start:stop], x[b + 1, start:stop], w0, w1, w2, w3)
                out[b, j] += a0
                out[b, j + 1] += a1
                out[b, j + 2] += a2
                out[b, j + 3] += a3
                out[b + 1, j] += b0
                out[b + 1, j + 1] += b1
                out[b + 1, j + 2] += b2
                out[b + 1, j + 3] += b3
            if n_samples % 2:
                b = n_samples - 1
                a0, a1, a2, a3 = _tile_1x4(x[b, start:stop], w0, w1, w2, w3)
                out[b, j] += a0
                out[b, j + 1] += a1
                out[b, j + 2] += a2
                out[b, j + 3] += a3
        for j in range(tiled, last):
            for b in range(n_samples):
                out[b, j] += _dot(x[b, start:stop], w[j, start:stop])


@_jit
def _and_counts_groups(x, w, out, start, stop):  # type: ignore[no-untyped-def]
    for g in range(start, stop):
        _and_counts(x[g], w[g], out[g], 0, w.shape[1])


def and_counts(x: Words, w: Words) -> Counts:
    groups, samples, n, n_words = x.shape
    neurons = w.shape[1]
    out = np.zeros((groups, samples, neurons), np.int64)
    rows_x, rows_w = x.reshape(groups, samples, n * n_words), w.reshape(groups, neurons, n * n_words)
    work = out.size * n * n_words // 4
    if groups > 1:
        over_rows(lambda a, b: _and_counts_groups(rows_x, rows_w, out, a, b), groups, work)
    elif groups and samples > neurons:
        over_rows(lambda a, b: _and_counts(rows_x[0, a:b], rows_w[0], out[0, a:b], 0, neurons), samples, work, 2)
    elif groups:
        over_rows(lambda a, b: _and_counts(rows_x[0], rows_w[0], out[0], a, b), neurons, work, 4)
    return out


_WINDOW_WORDS = 1 << 12
"""Words of windows gathered at a time: 32 KiB stay in cache while all neurons meet them."""


@_jit
def _window_counts(x, w, windows, out, block, start, stop):  # type: ignore[no-untyped-def]
    n_samples, n_words = x.shape[1], x.shape[3]
    parts, n_windows, n = windows.shape
    blocks = (n_windows + block - 1) // block
    gathered = np.empty((block, n * n_words), np.uint64)
    for item in range(start, stop):
        row, first = item // blocks, item % blocks * block
        k, sample = row % parts, row // parts
        g, b = sample // n_samples, sample % n_samples
        last = min(first + block, n_windows)
        lines = x[g, b].reshape(x.shape[2] * n_words)
        for p in range(first, last):
            i = 0
            while i < n:  # lines that follow each other are copied in one go
                line = windows[k, p, i]
                run = 1
                while i + run < n and windows[k, p, i + run] == line + run:
                    run += 1
                source, target = lines[line * n_words :], gathered[p - first, i * n_words :]
                for q in range(run * n_words):
                    target[q] = source[q]
                i += run
        _and_counts(gathered[: last - first], w[g, k], out[g, b, k, first:last], 0, w.shape[2])


def window_counts(x: Words, w: Words, windows: NDArray[np.int64]) -> Counts:
    groups, samples, _, n_words = x.shape
    parts, n_windows, n = windows.shape
    neurons = w.shape[2]
    out = np.zeros((groups, samples, parts, n_windows, neurons), np.int64)
    block = max(2, _WINDOW_WORDS // max(1, n * n_words))
    items = groups * samples * parts * -(-n_windows // block)
    flat = w.reshape(groups, parts, neurons, n * n_words)
    run = lambda a, b: _window_counts(x, flat, windows, out, block, a, b)  # noqa: E731
    over_rows(run, items, out.size * n * n_words // 4)
    return out


@_jit
def _wired_counts(x, w, indptr, inputs, weights, out, start, stop):  # type: ignore[no-untyped-def]
    n_samples, n_words = x.shape[1], x.shape[3]
    for row in range(start, stop):
        g, b = row // n_samples, row % n_samples
        for j in range(indptr.size - 1):
            ones = uint64(0)
            for k in range(indptr[j], indptr[j + 1]):
                left, right = x[g, b, inputs[k]], w[g, weights[k]]
                for q in range(n_words):
                    ones += popcount64(left[q] & right[q])
            out[g, b, j] = ones


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1), np.int64)
    rows = out.shape[0] * out.shape[1]
    over_rows(lambda a, b: _wired_counts(x, w, *wiring, out, a, b), rows, rows * _work(wiring, x))
    return out


def _work(wiring: Wiring, x: Words) -> int:
    return int(wiring.inputs.size * x.shape[-1])


# ---------------------------------------------------------------- per-cycle sums

_PLANES = 28
"""Bit planes of a vertical counter: up to 2**28 synapses a neuron."""
_CHUNK = 4
"""Words counted side by side, one vector lane each."""
_P1, _P2, _P3, _P4, _P5, _P6, _P7 = (uint64(k * _CHUNK) for k in range(1, 8))


@_inline
def _sum(a, b, c):  # type: ignore[no-untyped-def]
    return a ^ b ^ c


@_inline
def _carry(a, b, c):  # type: ignore[no-untyped-def]
    return (a & b) | ((a ^ b) & c)


@_inline
def _gate(left, right, negated):  # type: ignore[no-untyped-def]
    """AND, or XNOR where `negated` is all ones."""
    return (left & right) | (negated & ~(left | right))


@_inline
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


@_jit
def _vertical_counter(x, w, inputs, weights, start, stop, first, negated, planes, v, carry):  # type: ignore[no-untyped-def]
    """Count CHUNK * 64 cycles at once: plane p holds binary digit p of each cycle's sum.

    Eight products pass seven full adders (carry-save), so that only every eighth carry ripples.
    `v` holds the eight products, `carry` what ripples. Returns the number of planes in use.
    """
    width = min(_CHUNK, x.shape[1] - first)
    planes[:] = uint64(0)
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
    used = _PLANES
    while used > 0 and not planes[used - 1].any():
        used -= 1
    return used


@_jit
def _cycle_counts(x, w, indptr, inputs, weights, length, negated, out, start, stop):  # type: ignore[no-untyped-def]
    n_samples, n_words = x.shape[1], x.shape[3]
    planes = np.empty((_PLANES, _CHUNK), np.uint64)
    v, carry = np.empty(8 * _CHUNK, np.uint64), np.empty(_CHUNK, np.uint64)
    for row in range(start, stop):
        g, b = row // n_samples, row % n_samples
        for j in range(indptr.size - 1):
            for first in range(0, n_words, _CHUNK):
                used = _vertical_counter(
                    x[g, b], w[g], inputs, weights, indptr[j], indptr[j + 1], first, negated, planes, v, carry
                )
                for q in range(min(_CHUNK, n_words - first)):
                    cycle = (first + q) * 64
                    sums = out[g, b, j, cycle : min(cycle + 64, length)]
                    sums[:] = 0
                    for p in range(used):
                        plane = planes[p, q]
                        for t in range(sums.size):
                            sums[t] += np.int32((plane >> uint64(t)) & uint64(1)) << np.int32(p)


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> NDArray[np.int32]:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, length), np.int32)
    rows = out.shape[0] * out.shape[1]
    run = lambda a, b: _cycle_counts(x, w, *wiring, length, _negated(xnor), out, a, b)  # noqa: E731
    over_rows(run, rows, rows * _work(wiring, x))
    return out


def _negated(xnor: bool) -> np.uint64:
    return np.uint64(2**64 - 1 if xnor else 0)


@_jit
def _or_streams(x, w, indptr, inputs, weights, tail, negated, out, start, stop):  # type: ignore[no-untyped-def]
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
    run = lambda a, b: _or_streams(x, w, *wiring, tail_mask(length), _negated(xnor), out, a, b)  # noqa: E731
    over_rows(run, rows, rows * _work(wiring, x))
    return out


@_jit
def _mux_streams(x, w, indptr, inputs, weights, select, length, negated, out, start, stop):  # type: ignore[no-untyped-def]
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


def mux_streams(x: Words, w: Words, wiring: Wiring, select: NDArray[np.uint32], length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    rows, neurons = out.shape[0] * out.shape[1], out.shape[2]
    run = lambda a, b: _mux_streams(x, w, *wiring, select, length, _negated(xnor), out, a, b)  # noqa: E731
    over_rows(run, rows, rows * neurons * length)
    return out


# ---------------------------------------------------------------- sequential circuits


@_jit
def _saturate(steps, signed, two_level, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        accumulator = total = int64(0)
        for t in range(steps.shape[1]):
            accumulator += steps[r, t]
            if two_level:
                given = 1 if accumulator >= 0 else -1
            elif accumulator >= 1:
                given = 1
            elif signed and accumulator <= -1:
                given = -1
            else:
                given = 0
            accumulator -= given
            total += given
        out[r] = total


def saturate(steps: NDArray[np.int32], signed: bool, two_level: bool) -> Counts:
    flat = np.ascontiguousarray(steps).reshape(-1, steps.shape[-1])
    out = np.empty(len(flat), np.int64)
    over_rows(lambda a, b: _saturate(flat, signed, two_level, out, a, b), len(flat), flat.size)
    return out.reshape(steps.shape[:-1])


@_jit
def _moore(words, length, n_states, initial, output, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        state = initial
        for t in range(length):
            bit = int64((words[r, t >> 6] >> uint64(t & 63)) & uint64(1))
            symbol = uint64(output[2 * state + bit])
            if symbol == uint64(2):
                symbol = uint64(t & 1)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= symbol << uint64(t & 63)
            state = min(max(state + 2 * bit - 1, 0), n_states - 1)


def moore(words: Words, length: int, n_states: int, start: int, output: NDArray[np.uint8]) -> Words:
    out = np.empty_like(words)
    run = lambda a, b: _moore(words, length, n_states, start, output, out, a, b)  # noqa: E731
    over_rows(run, len(words), len(words) * length)
    return out


@_jit
def _lfsr(state, taps, bits, insert_zero, out):  # type: ignore[no-untyped-def]
    low, every = (uint64(1) << (bits - uint64(1))) - uint64(1), (uint64(1) << bits) - uint64(1)
    for t in range(out.size):
        out[t] = state
        entering = popcount64(state & taps) & uint64(1)
        if insert_zero and (state & low) == 0:
            entering ^= uint64(1)
        state = ((state << uint64(1)) | entering) & every


def lfsr(state: int, taps: int, bits: int, insert_zero: bool, length: int) -> NDArray[np.uint32]:
    out = np.empty(length, np.uint32)
    _lfsr(np.uint64(state), np.uint64(taps), np.uint64(bits), insert_zero, out)
    return out


@_jit
def _divide(a, b, length, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        held = uint64(0)
        for t in range(length):
            place = uint64(t & 63)
            if (b[r, t >> 6] >> place) & uint64(1):
                held = (a[r, t >> 6] >> place) & uint64(1)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= held << place


def divide(a: Words, b: Words, length: int) -> Words:
    out = np.empty_like(a)
    over_rows(lambda first, last: _divide(a, b, length, out, first, last), len(a), len(a) * length)
    return out


@_jit
def _square_root(words, length, first, second, top, initial, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        root_sequence = first[0 if first.shape[0] == 1 else r]
        twin_sequence = second[0 if second.shape[0] == 1 else r]
        counter = int64(initial)
        for t in range(length):
            root = int64(root_sequence[t]) < counter
            twin = int64(twin_sequence[t]) < counter
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= uint64(root) << uint64(t & 63)
            bit = int64((words[r, t >> 6] >> uint64(t & 63)) & uint64(1))
            counter = min(max(counter + bit - int64(root and twin), 0), top)


def square_root(
    words: Words, length: int, first: NDArray[np.uint32], second: NDArray[np.uint32], bits: int, start: int
) -> Words:
    out = np.empty_like(words)
    run = lambda a, b: _square_root(words, length, first, second, 2**bits, start, out, a, b)  # noqa: E731
    over_rows(run, len(words), len(words) * length)
    return out


@_jit
def _shuffle_buffer(words, length, depth, draws, out, start, stop):  # type: ignore[no-untyped-def]
    slots = np.empty(depth, np.uint64)
    for r in range(start, stop):
        sequence = draws[0 if draws.shape[0] == 1 else r]
        for i in range(depth):
            slots[i] = uint64(i & 1)
        for t in range(length):
            slot = (uint64(sequence[t]) * uint64(depth)) >> uint64(32)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= slots[slot] << uint64(t & 63)
            slots[slot] = (words[r, t >> 6] >> uint64(t & 63)) & uint64(1)


def shuffle_buffer(words: Words, length: int, depth: int, draws: NDArray[np.uint32]) -> Words:
    out = np.empty_like(words)
    run = lambda a, b: _shuffle_buffer(words, length, depth, draws, out, a, b)  # noqa: E731
    over_rows(run, len(words), len(words) * length)
    return out


# ---------------------------------------------------------------- a cable

_STAGE = 1 - np.sqrt(0.5)
_Y, _V = 1 + np.sqrt(2), np.sqrt(2)


@_inline
def _eliminate(parent, axial, a, diagonal, factor):  # type: ignore[no-untyped-def]
    """Hines' elimination from the tips to the root: `diagonal` becomes its inverse."""
    for i in range(parent.size - 1, -1, -1):
        inverse = 1.0 / diagonal[i]
        diagonal[i] = inverse
        factor[i] = a * axial[i] * inverse
        diagonal[parent[i]] -= a * axial[i] * factor[i]


@_inline
def _solve(parent, inverse, factor, x):  # type: ignore[no-untyped-def]
    for i in range(parent.size - 1, 0, -1):
        x[parent[i]] += factor[i] * x[i]
    x[0] *= inverse[0]
    for i in range(1, parent.size):
        x[i] = inverse[i] * x[i] + factor[i] * x[parent[i]]


@_jit
def _cable(parent, capacity, leak, axial, dt, v, sites, source, conductance, probes, out):  # type: ignore[no-untyped-def]
    n, a = parent.size, _STAGE * dt
    passive, inverse, factor, y = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        passive[i] = capacity[i] + a * (leak[i] + axial[i])
        passive[parent[i]] += a * axial[i]  # parents come first; the root adds its own axial, 0
    inverse[:] = passive
    if conductance.shape[0] == 0:
        _eliminate(parent, axial, a, inverse, factor)
    for t in range(source.shape[0]):
        if conductance.shape[0] > 0:
            inverse[:] = passive
            for s in range(sites.size):
                inverse[sites[s]] += a * conductance[t, s]
            _eliminate(parent, axial, a, inverse, factor)
        for i in range(n):
            y[i] = capacity[i] * v[i]
        for s in range(sites.size):
            y[sites[s]] += a * source[t, s]
        _solve(parent, inverse, factor, y)
        for i in range(n):
            v[i] = capacity[i] * (_Y * y[i] - _V * v[i])
        for s in range(sites.size):
            v[sites[s]] += a * source[t, s]
        _solve(parent, inverse, factor, v)
        for p in range(probes.size):
            out[t, p] = v[probes[p]]


def cable(
    tree: Tree,
    dt: float,
    v: NDArray[np.float64],
    sites: NDArray[np.int64],
    source: NDArray[np.float64],
    conductance: NDArray[np.float64],
    probes: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    out, last = np.empty((len(source), len(probes))), v.copy()
    _cable(*tree, dt, last, sites, source, conductance, probes, out)
    return out, last


# ---------------------------------------------------------------- who is first, who is largest


@_jit
def _fill_times(words, length, target, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        missing = int64(target)
        out[r] = 0
        for w in range(words.shape[1]):
            word = words[r, w]
            ones = int64(popcount64(word))
            if ones < missing:
                missing -= ones
                continue
            for _ in range(missing - 1):  # drop the lowest ones: the next one fills the counter
                word &= word - uint64(1)
            out[r] = w * 64 + int64(popcount64(word ^ (word - uint64(1))))
            break
        if out[r] == 0:
            out[r] = length + missing


def fill_times(words: Words, length: int, target: int) -> Counts:
    flat = np.ascontiguousarray(words).reshape(-1, words.shape[-1])
    out = np.empty(len(flat), np.int64)
    over_rows(lambda a, b: _fill_times(flat, length, target, out, a, b), len(flat), flat.size)
    return out.reshape(words.shape[:-1])


_SPARE = 1024
"""Candidates held beside the k largest before they are partitioned; the fewer, the more partitions."""


@_jit
def _largest(values, k, out, start, stop):  # type: ignore[no-untyped-def]
    n = values.shape[1]
    # What may still be among the k largest; a value that is not above the k-th so far is not.
    held = np.empty(k + max(k, _SPARE), np.float64)
    for r in range(start, stop):
        row = values[r]
        held[:k] = row[:k]
        size = k
        bar = row[:k].min()
        for i in range(k, n):
            if row[i] > bar:
                held[size] = row[i]
                size += 1
                if size == held.size:
                    held[:] = np.partition(held, size - k)[::-1]
                    size = k
                    bar = held[k - 1]
        bar = np.partition(held[:size], size - k)[size - k]
        equals = k - (held[:size] > bar).sum()  # places left for values equal to the k-th
        place = 0
        for i in range(n):
            if row[i] >= bar:
                if row[i] == bar:
                    if equals == 0:
                        continue
                    equals -= 1
                out[r, place] = i
                place += 1


def largest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    out = np.empty((len(values), k), np.int64)
    over_rows(lambda a, b: _largest(values, k, out, a, b), len(values), values.size // 4)
    return out
