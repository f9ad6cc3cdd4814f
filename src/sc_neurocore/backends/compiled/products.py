"""Counts of ones in words and in products of words."""

import math

import numpy as np
from numba import uint64

from ..threads import over_rows
from ..types import Counts, Wiring, Words
from .intrinsics import popcount64
from .jit import inline, jit

_BLOCK = 512
"""Words of a row handled at a time: four weight rows of a block fit the first-level cache."""
_SAMPLES = 64
"""Samples handled at a time: their blocks fit the second-level cache."""


@jit
def _popcount(words, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        row = words[r]
        ones = uint64(0)
        for w in range(row.size):
            ones += popcount64(row[w])
        out[r] = ones


def popcount(words: Words) -> Counts:
    flat = np.ascontiguousarray(words).reshape(math.prod(words.shape[:-1]), words.shape[-1])
    out = np.empty(len(flat), np.int64)
    over_rows(_popcount, (flat, out), len(flat), flat.size)
    return out.reshape(words.shape[:-1])


@jit
def _tile_4x4(x, w, out, b, j, start, stop):  # type: ignore[no-untyped-def]
    """Four samples against four neurons: eight loads feed sixteen AND-popcounts."""
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = c0 = c1 = c2 = c3 = d0 = d1 = d2 = d3 = uint64(0)
    x0, x1, x2, x3 = x[b, start:stop], x[b + 1, start:stop], x[b + 2, start:stop], x[b + 3, start:stop]
    w0, w1, w2, w3 = w[j, start:stop], w[j + 1, start:stop], w[j + 2, start:stop], w[j + 3, start:stop]
    for k in range(x0.size):
        p, q, r, s = w0[k], w1[k], w2[k], w3[k]
        y = x0[k]
        a0 += popcount64(y & p)
        a1 += popcount64(y & q)
        a2 += popcount64(y & r)
        a3 += popcount64(y & s)
        y = x1[k]
        b0 += popcount64(y & p)
        b1 += popcount64(y & q)
        b2 += popcount64(y & r)
        b3 += popcount64(y & s)
        y = x2[k]
        c0 += popcount64(y & p)
        c1 += popcount64(y & q)
        c2 += popcount64(y & r)
        c3 += popcount64(y & s)
        y = x3[k]
        d0 += popcount64(y & p)
        d1 += popcount64(y & q)
        d2 += popcount64(y & r)
        d3 += popcount64(y & s)
    _add(out[b], j, a0, a1, a2, a3)
    _add(out[b + 1], j, b0, b1, b2, b3)
    _add(out[b + 2], j, c0, c1, c2, c3)
    _add(out[b + 3], j, d0, d1, d2, d3)


@jit
def _tile_1x4(x, w, out, b, j, start, stop):  # type: ignore[no-untyped-def]
    a0 = a1 = a2 = a3 = uint64(0)
    x0 = x[b, start:stop]
    w0, w1, w2, w3 = w[j, start:stop], w[j + 1, start:stop], w[j + 2, start:stop], w[j + 3, start:stop]
    for k in range(x0.size):
        y = x0[k]
        a0 += popcount64(y & w0[k])
        a1 += popcount64(y & w1[k])
        a2 += popcount64(y & w2[k])
        a3 += popcount64(y & w3[k])
    _add(out[b], j, a0, a1, a2, a3)


@inline
def _add(out, j, a0, a1, a2, a3):  # type: ignore[no-untyped-def]
    out[j] += a0
    out[j + 1] += a1
    out[j + 2] += a2
    out[j + 3] += a3


@jit
def _dot(x, w):  # type: ignore[no-untyped-def]
    ones = uint64(0)
    for k in range(x.size):
        ones += popcount64(x[k] & w[k])
    return ones


@jit
def and_counts_rows(x, w, out, first, last):  # type: ignore[no-untyped-def]
    """Product of one group: x (B, K), w (M, K) into out (B, M), neurons first to last."""
    n_samples, width = x.shape
    tiled = first + (last - first) // 4 * 4
    for some in range(0, n_samples, _SAMPLES):
        end = min(some + _SAMPLES, n_samples)
        fours = some + (end - some) // 4 * 4
        for start in range(0, width, _BLOCK):
            stop = min(start + _BLOCK, width)
            for j in range(first, tiled, 4):
                for b in range(some, fours, 4):
                    _tile_4x4(x, w, out, b, j, start, stop)
                for b in range(fours, end):
                    _tile_1x4(x, w, out, b, j, start, stop)
            for j in range(tiled, last):
                for b in range(some, end):
                    out[b, j] += _dot(x[b, start:stop], w[j, start:stop])


@jit
def _and_counts_groups(x, w, out, start, stop):  # type: ignore[no-untyped-def]
    for g in range(start, stop):
        and_counts_rows(x[g], w[g], out[g], 0, w.shape[1])


@jit
def _and_counts_samples(x, w, out, start, stop):  # type: ignore[no-untyped-def]
    and_counts_rows(x[start:stop], w, out[start:stop], 0, w.shape[0])


def and_counts(x: Words, w: Words) -> Counts:
    groups, samples, n, n_words = x.shape
    neurons = w.shape[1]
    out = np.zeros((groups, samples, neurons), np.int64)
    rows_x, rows_w = x.reshape(groups, samples, n * n_words), w.reshape(groups, neurons, n * n_words)
    work = out.size * n * n_words // 4
    if groups > 1:
        over_rows(_and_counts_groups, (rows_x, rows_w, out), groups, work)
    elif groups and samples > neurons:
        over_rows(_and_counts_samples, (rows_x[0], rows_w[0], out[0]), samples, work, 4)
    elif groups:
        over_rows(and_counts_rows, (rows_x[0], rows_w[0], out[0]), neurons, work, 4)
    return out


@jit
def _wired_counts(x, w, wiring, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_samples, n_words = x.shape[1], x.shape[3]
    for row in range(start, stop):
        g, b = row // n_samples, row % n_samples
        for j in range(indptr.size - 1):
            ones = uint64(0)
            for k in range(indptr[j], indptr[j + 1]):
                place = k - indptr[j]
                line, row = (inputs[k], weights[k]) if inputs.size else (place, weights[j] + place)
                left, right = x[g, b, line], w[g, row]
                for q in range(n_words):
                    ones += popcount64(left[q] & right[q])
            out[g, b, j] = ones


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1), np.int64)
    rows = out.shape[0] * out.shape[1]
    over_rows(_wired_counts, (x, w, tuple(wiring), out), rows, rows * words_read(wiring, x))
    return out


def words_read(wiring: Wiring, x: Words) -> int:
    """Number of words that the synapses of a sample read: the work by which rows are split over threads."""
    return int(wiring.indptr[-1] * x.shape[-1])
