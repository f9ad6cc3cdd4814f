"""Streams from sequences, and the numbers that drive multiplexers."""

import numpy as np
from numba import uint64

from ..addresses import SELECT
from ..packing import words_for
from ..threads import over_rows
from ..types import Draws, Indices, Thresholds, Words
from .intrinsics import philox_lanes
from .jit import LANES, counter, jit, put

_PLACE = np.dtype(np.int64)
_FEW = 1 << 14
"""Rows of a table that are not worth the words it takes to spread them over threads."""


@jit
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


def compare(sequences: Draws, thresholds: Thresholds) -> Words:
    rows, n = thresholds.shape
    n_words = words_for(sequences.shape[1])
    out = np.empty((rows, n, n_words), np.uint64)
    over_rows(_compare, (sequences, thresholds, out), rows, rows * n * n_words * 16)
    return out


def gather(table: Words, rows: Thresholds) -> Words:
    # NumPy's own copy of rows is faster than a Numba loop; it wants signed places, and "clip" saves it a look at them.
    places = rows.view(_PLACE)
    if rows.size < _FEW:
        return table.take(places, 0, None, "clip")
    out = np.empty((rows.size, table.shape[1]), np.uint64)
    over_rows(_take, (table, places.reshape(-1), out), rows.size, out.size // 4)
    return out.reshape(*rows.shape, table.shape[1])


def _take(table: Words, places: Indices, out: Words, start: int, stop: int) -> None:
    table.take(places[start:stop], 0, out[start:stop], "clip")


@jit
def _select_numbers(key, samples, out, start, stop):  # type: ignore[no-untyped-def]
    """Rows start to stop of `out` ``(B, L)``; LANES Philox calls of four cycles each at a time."""
    lanes, length = np.empty(4 * LANES, np.uint64), out.shape[1]
    for b in range(start, stop):
        sample = uint64(samples[b])
        for first in range(0, length, 4 * LANES):
            for lane in range(uint64(LANES)):
                put(lanes, lane, counter(SELECT, (sample, uint64(first // 4) + lane)))
            philox_lanes(key, lanes)
            for i in range(min(4 * LANES, length - first)):
                out[b, first + i] = lanes[i % 4 * LANES + i // 4]


def select_numbers(key: int, samples: Indices, length: int) -> Draws:
    out = np.empty((len(samples), length), np.uint32)
    over_rows(_select_numbers, (np.uint64(key), samples, out), len(samples), 6 * out.size)
    return out
