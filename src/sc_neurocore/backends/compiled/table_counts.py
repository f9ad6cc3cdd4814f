"""Products of a few samples with weights whose streams are looked up: a table of all streams stays in cache."""

import numpy as np
from numba import int32, int64

from ..threads import over_rows
from ..types import Counts, Rows, Words
from .intrinsics import popcount64
from .jit import inline, jit
from .lanes import FOUR, LANES, all_lanes, four_zeros, load, load_four, ones, total


@jit
def _short(x, table, rows, n, at, out):  # type: ignore[no-untyped-def]
    """Streams of four words with those of four neurons, whose rows of the table start at ``rows[at]``."""
    a = b = c = d = four_zeros()
    r0, r1, r2, r3 = rows[at : at + n], rows[at + n :], rows[at + 2 * n :], rows[at + 3 * n :]
    for i in range(n):
        y = load_four(x, FOUR * i)
        a = a + ones(y & load_four(table, FOUR * int64(r0[i])))
        b = b + ones(y & load_four(table, FOUR * int64(r1[i])))
        c = c + ones(y & load_four(table, FOUR * int64(r2[i])))
        d = d + ones(y & load_four(table, FOUR * int64(r3[i])))
    _put(out, total(a), total(b), total(c), total(d))


@jit
def _long(x, table, rows, n, at, out):  # type: ignore[no-untyped-def]
    """As `_short`, streams of a multiple of eight words."""
    width = x.size // n
    a = b = c = d = all_lanes(0)
    r0, r1, r2, r3 = rows[at : at + n], rows[at + n :], rows[at + 2 * n :], rows[at + 3 * n :]
    for i in range(n):
        p, q, r, s = width * int64(r0[i]), width * int64(r1[i]), width * int64(r2[i]), width * int64(r3[i])
        for k in range(0, width, LANES):
            y = load(x, width * i + k)
            a = a + ones(y & load(table, p + k))
            b = b + ones(y & load(table, q + k))
            c = c + ones(y & load(table, r + k))
            d = d + ones(y & load(table, s + k))
    _put(out, total(a), total(b), total(c), total(d))


@inline
def _put(out, a, b, c, d):  # type: ignore[no-untyped-def]
    out[0], out[1], out[2], out[3] = a, b, c, d


@jit
def _one(x, table, rows, n, at):  # type: ignore[no-untyped-def]
    """Ones of one neuron, of streams of any number of words."""
    width, count = x.size // n, int64(0)
    for i in range(n):
        stream, weight = x[width * i : width * i + width], table[width * int64(rows[at + i]) :]
        for k in range(width):
            count += popcount64(stream[k] & weight[k])
    return count


@jit
def _inverted_ones(single, rows, inverted, out):  # type: ignore[no-untyped-def]
    """Take the ones of the inputs of inverted weights off the counts ``(M',)``."""
    n, first = single.size, int32(inverted)
    for j in range(out.size):
        own, off = rows[j * n : j * n + n], int32(0)
        for i in range(n):
            off = int32(off + (single[i] if own[i] >= first else int32(0)))
        out[j] -= off


@jit
def _table_counts(x, table, rows, inverted, single, out, start, stop):  # type: ignore[no-untyped-def]
    """Neurons start to stop of ``out (S, M)``, for inputs ``(S, n W)``, a flat table and rows ``(M n,)`` of it."""
    n = single.shape[1]
    width = x.shape[1] // n
    fours = start
    if width == FOUR or width % LANES == 0:
        fours += (stop - start) // 4 * 4
    for s in range(x.shape[0]):
        if width == FOUR:
            for j in range(start, fours, 4):
                _short(x[s], table, rows, n, j * n, out[s, j : j + 4])
        else:
            for j in range(start, fours, 4):
                _long(x[s], table, rows, n, j * n, out[s, j : j + 4])
        for j in range(fours, stop):
            out[s, j] = _one(x[s], table, rows, n, j * n)
        if inverted:
            _inverted_ones(single[s], rows[start * n :], inverted, out[s, start:stop])


@jit
def _ones_of(x, n, out):  # type: ignore[no-untyped-def]
    width = x.shape[1] // n
    for s in range(x.shape[0]):
        for i in range(n):
            count = int64(0)
            for k in range(width * i, width * i + width):
                count += popcount64(x[s, k])
            out[s, i] = count


def table_counts(x: Words, table: Words, rows: Rows, inverted: int) -> Counts:
    samples, n, width = x.shape
    streams, out = x.reshape(samples, n * width), np.empty((samples, len(rows)), np.int64)
    single = np.empty((samples, n), np.int32)
    if inverted:
        _ones_of(streams, n, single)
    args = (streams, table.reshape(-1), rows.reshape(-1), inverted, single, out)
    over_rows(_table_counts, args, len(rows), out.size * n * width // 4, 4)
    return out
