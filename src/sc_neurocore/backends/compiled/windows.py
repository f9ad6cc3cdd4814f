"""Counts of ones of the products of a convolution: eight windows lie in the lanes of a vector."""

import numpy as np
from numba import int64, uint64

from ..threads import over_rows, thread_count
from ..types import Counts, Indices, Words
from .jit import inline, jit
from .lanes import LANES, all_lanes, load, ones, store, turn
from .rows import join_rows

_WORD = 64
_TWO = 2 * LANES
"""Windows that meet a neuron at a time, in two vectors that lie side by side."""
_MOST = 32
"""Windows gathered at a time while all neurons meet them."""
_DEPTH = 128
"""Words of a window gathered at a time: 32 KiB stay in the first-level cache."""
_LINES = 64
"""Lines turned at a time."""


@jit
def _turned(x, out, start, stop):  # type: ignore[no-untyped-def]
    """Streams of lines ``(R, N, W)`` as words of all lines ``(R, W, N)``."""
    for r in range(start, stop):
        for first in range(0, x.shape[1], _LINES):
            last = min(first + _LINES, x.shape[1])
            for q in range(x.shape[2]):
                source, target = x[r, first:last, q], out[r, q, first:last]
                for i in range(source.size):
                    target[i] = source[i]


@jit
def _runs(windows):  # type: ignore[no-untyped-def]
    """How many windows after each ``(K, P)`` take the lines next to those of the one before, input for input."""
    parts, n_windows, n = windows.shape
    out = np.zeros((parts, n_windows), np.int64)
    for k in range(parts):
        for p in range(n_windows - 2, -1, -1):
            here, after, other = windows[k, p], windows[k, p + 1], int64(0)
            for i in range(n):
                other |= after[i] - here[i] - 1
            if other == 0:
                out[k, p] = out[k, p + 1] + 1
    return out


@inline
def _take(lines, places, count, at, out):  # type: ignore[no-untyped-def]
    """Words of eight streams that begin at `places`, to every other vector of `out` from word `at` on."""
    for lane in range(LANES):
        for k in range(count):
            out[at + k * _TWO + lane] = lines[places[lane] + k]


@jit
def _gather(lines, turned, shape, windows, of_lane, follow, first, last, out):  # type: ignore[no-untyped-def]
    """Words `first` to `last` of eight windows, a vector each, every other one of `out`.

    Words of `lines` lie as ``(.., N, W)``, those of `turned` as ``(.., W, N)``; their `shape` is (N, W).
    """
    (before, row, places), (n_lines, n_words) = of_lane, shape
    for i in range(first // n_words, (last + n_words - 1) // n_words):
        begin, end = max(first, i * n_words), min(last, (i + 1) * n_words)
        skip, count, at = begin - i * n_words, end - begin, (begin - first) * _TWO
        if follow:
            place = windows[row[0], i] + before[0] * n_words + skip * n_lines
            for k in range(count):
                store(out, at + k * _TWO, load(turned, place + k * n_lines))
            continue
        furthest = 0
        for lane in range(LANES):
            places[lane] = (windows[row[lane], i] + before[lane]) * n_words + skip
            furthest = max(furthest, places[lane])
        if n_words > 1 and furthest + (count + LANES - 1) // LANES * LANES <= lines.size:
            for k in range(0, count, LANES):  # words past the end of a line are overwritten by the next one
                turn(lines[k:], places, out, at + k * _TWO, _TWO)
        else:
            _take(lines, places, count, at, out)


@jit
def _gather_joined(lines, windows, of_lane, follow, length, first, last, out):  # type: ignore[no-untyped-def]
    """As `_gather`, of streams of fewer cycles than a word has, side by side; word `first` begins with a stream."""
    (before, row, places), n, codes = of_lane, windows.shape[1], out[-LANES:]
    joined, bit, at = all_lanes(uint64(0)), uint64(0), 0
    for i in range(first * _WORD // length, min(n, last * _WORD // length)):
        if follow:
            vector = load(lines, windows[row[0], i] + before[0])
        else:
            for lane in range(LANES):
                places[lane] = windows[row[lane], i] + before[lane]
            _take(lines, places, 1, 0, codes)
            vector = load(codes, 0)
        joined, bit = joined | vector << all_lanes(bit), bit + uint64(length)
        if bit >= uint64(_WORD):  # the word is full; what is left of the stream begins the next one
            store(out, at, joined)
            bit, at = bit - uint64(_WORD), at + _TWO
            joined = vector >> all_lanes(uint64(length) - bit) if bit else all_lanes(uint64(0))
    if bit:
        store(out, at, joined)


@jit
def _add_four(x, w, j, first, last, sums):  # type: ignore[no-untyped-def]
    """Add the ones of sixteen windows with each of the neurons j to j + 3, words `first` to `last` of their rows."""
    w0, w1, w2, w3 = w[j, first:last], w[j + 1, first:last], w[j + 2, first:last], w[j + 3, first:last]
    at, too = j * _TWO, j * _TWO + LANES
    a, b, c, d = load(sums, at), load(sums, at + _TWO), load(sums, at + 2 * _TWO), load(sums, at + 3 * _TWO)
    e, f, g, h = load(sums, too), load(sums, too + _TWO), load(sums, too + 2 * _TWO), load(sums, too + 3 * _TWO)
    for k in range(w0.size):
        p, q, r, s = all_lanes(w0[k]), all_lanes(w1[k]), all_lanes(w2[k]), all_lanes(w3[k])
        y = load(x, k * _TWO)
        a, b, c, d = a + ones(y & p), b + ones(y & q), c + ones(y & r), d + ones(y & s)
        y = load(x, k * _TWO + LANES)
        e, f, g, h = e + ones(y & p), f + ones(y & q), g + ones(y & r), h + ones(y & s)
    store(sums, at, a)
    store(sums, at + _TWO, b)
    store(sums, at + 2 * _TWO, c)
    store(sums, at + 3 * _TWO, d)
    store(sums, too, e)
    store(sums, too + _TWO, f)
    store(sums, too + 2 * _TWO, g)
    store(sums, too + 3 * _TWO, h)


@jit
def _add_one(x, w, j, first, last, sums):  # type: ignore[no-untyped-def]
    """As `_add_four`, of one neuron."""
    row, a, e = w[j, first:last], load(sums, j * _TWO), load(sums, j * _TWO + LANES)
    for k in range(row.size):
        p = all_lanes(row[k])
        a, e = a + ones(load(x, k * _TWO) & p), e + ones(load(x, k * _TWO + LANES) & p)
    store(sums, j * _TWO, a)
    store(sums, j * _TWO + LANES, e)


@jit
def _put(sums, first, last, out):  # type: ignore[no-untyped-def]
    """Sums of the windows `first` to `last` of all samples, sixteen of each neuron in turn, into ``(B, M, P)``."""
    neurons, n_windows = out.shape[1:]
    b, p, f = first // n_windows, first % n_windows, 0
    while f < last - first:  # those of a sample
        end = min(last - first, f + n_windows - p)
        for j in range(neurons):
            target, at = out[b, j, p : p + end - f], f
            while at < end:
                place = (at // _TWO * neurons + j) * _TWO + at % _TWO
                if at % LANES == 0 and at + LANES <= end:
                    store(target, at - f, load(sums, place))
                    at += LANES
                else:
                    target[at - f] = sums[place]
                    at += 1
        b, p, f = b + 1, 0, end


@jit
def _window_counts(x, w, windows, length, out, block, start, stop):  # type: ignore[no-untyped-def]
    """Items are blocks of the windows of all samples, of a group and a part; `w` is joined ``(G, K, M, words)``."""
    (lines, turned, shape), (windows, runs) = x, windows
    samples, (parts, n_windows, _), (neurons, words) = out.shape[1], windows.shape, w.shape[2:]
    every, tiled, size = samples * n_windows, neurons // 4 * 4, neurons * _TWO
    blocks = (every + block - 1) // block
    depth = _DEPTH if length >= _WORD else _DEPTH // length * length
    gathered, sums = np.zeros((block // _TWO, (depth + LANES) * _TWO), np.uint64), np.empty(block * neurons, np.uint64)
    before, row, places = np.empty(block, np.int64), np.empty(block, np.int64), np.empty(LANES, np.int64)
    for item in range(start, stop):
        g, k, begin = item // blocks // parts, item // blocks % parts, item % blocks * block
        end = min(begin + block, every)
        b, p = begin // n_windows, begin % n_windows
        for lane in range(block):  # those past the end repeat the last one
            before[lane], row[lane] = (g * samples + b) * shape[0], p
            if begin + lane + 1 < end:
                p += 1
                if p == n_windows:
                    b, p = b + 1, 0
        sums[:] = uint64(0)
        for first in range(0, words, depth):
            last = min(first + depth, words)
            for v in range(0, end - begin, LANES):
                of_lane, follow = (before[v : v + LANES], row[v : v + LANES], places), runs[k, row[v]] >= LANES - 1
                target = gathered[v // _TWO, v % _TWO :]
                if length >= _WORD:
                    _gather(lines, turned, shape, windows[k], of_lane, follow, first, last, target)
                else:
                    _gather_joined(lines, windows[k], of_lane, follow, length, first, last, target)
            for j in range(0, tiled, 4):
                for pair in range((end - begin + _TWO - 1) // _TWO):
                    _add_four(gathered[pair], w[g, k], j, first, last, sums[pair * size :])
            for j in range(tiled, neurons):
                for pair in range((end - begin + _TWO - 1) // _TWO):
                    _add_one(gathered[pair], w[g, k], j, first, last, sums[pair * size :])
        _put(sums, begin, end, out[g, :, k])


def window_counts(x: Words, w: Words, windows: Indices, length: int) -> Counts:
    groups, samples, n_lines, n_words = x.shape
    parts, n_windows, n = windows.shape
    neurons, windows = w.shape[2], np.ascontiguousarray(windows)
    rows = join_rows(w.reshape(groups * parts * neurons, n, n_words), length).reshape(groups, parts, neurons, -1)
    lines = turned = np.ascontiguousarray(x).reshape(-1)
    if n_words < LANES:  # words of windows that follow each other are copied as they lie
        runs = _runs(windows)
        if n_words > 1:
            turned = np.empty_like(lines)
            each = lines.reshape(-1, n_lines, n_words), turned.reshape(-1, n_words, n_lines)
            over_rows(_turned, each, groups * samples, lines.size)
    else:
        runs = np.zeros((parts, n_windows), np.int64)
    block, every = _MOST, samples * n_windows
    while block > _TWO and groups * parts * -(-every // block) < 4 * thread_count():
        block //= 2
    out = np.empty((groups, samples, parts, neurons, n_windows), np.int64)
    args = (lines, turned, (n_lines, n_words)), rows, (windows, runs), length, out, block
    over_rows(_window_counts, args, groups * parts * -(-every // block), out.size * rows.shape[3] // 4)
    return out.swapaxes(3, 4)
