"""Spiking neurons behind parallel counters: the sums of a few neurons' products drive them at once, and are dropped."""

import numpy as np
from numba import int32

from ..packing import words_for
from ..threads import over_rows
from ..types import Counts, Floats, Membrane, Wiring, Words
from . import lanes as vectors
from .cycles import CYCLES, cycle_scratch, negated
from .jit import LANES, jit
from .neurons import lif_lanes
from .planes import add_sums, count_run, depth_for, planes_at
from .products import words_read
from .tiles import NEURONS, SAMPLES, SPAN, run_end, tile, tile_count


@jit
def _drive(counts, levels, drive):  # type: ignore[no-untyped-def]
    """Drives of 64 cycles of LANES neurons, a row for each cycle, from their counts ``(LANES, 64)``."""
    for t in range(counts.shape[1]):
        for lane in range(LANES):
            drive[t * LANES + lane] = levels[counts[lane, t]]


@jit
def _spike_streams(x, w, wiring, length, kind, levels, membrane, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, _ = wiring
    xnor, signs, bipolar, lowest = kind
    in_rows, weight_rows = signs.shape
    n_words, depth, neurons = x.shape[3], depth_for(indptr), out.shape[2]
    rows = min(SAMPLES, x.shape[1]) // in_rows
    planes, laid, words = cycle_scratch(depth, weight_rows, rows * in_rows)
    area = planes.size // weight_rows
    drives = membrane[5] * levels * membrane[4]
    v, left = np.empty((rows * NEURONS, LANES)), np.empty((rows * NEURONS, LANES), np.int64)
    counts, spikes = np.zeros((LANES, SPAN * CYCLES), np.int32), np.empty(LANES, np.uint64)
    drive, noise, voltage = np.empty(64 * LANES), np.zeros(64 * LANES), np.empty(64 * LANES)
    for number in range(start, stop):
        g, row, last_row, first, last = tile(number, x.shape[1], neurons, SAMPLES // in_rows * in_rows)
        while first < last:
            end = run_end(indptr, inputs, first, last)
            zero = -lowest - (indptr[first + 1] - indptr[first] if bipolar else 0)
            v[:], left[:] = membrane[0], 0
            for word in range(0, n_words, SPAN * vectors.LANES):
                for r in range(weight_rows):
                    some, part = (r * neurons + first, r * neurons + end), planes[r * area : (r + 1) * area]
                    count_run(x[g], w[g], wiring, (row, last_row), some, word, xnor, part, depth, laid)
                cycles = min(SPAN * CYCLES, length - 64 * word)
                for b in range((last_row - row) // in_rows):
                    for j in range(0, end - first, LANES):
                        count = min(LANES, end - first - j)
                        for lane in range(count):
                            counts[lane, :cycles] = int32(zero)
                            for i in range(in_rows):
                                for r in range(weight_rows):
                                    p = r * area + planes_at(b * in_rows + i, j + lane, 0, depth)
                                    sign = 2 * signs[i, r] if bipolar else signs[i, r]
                                    add_sums(planes, p, depth, n_words, sign, words, counts[lane, :cycles])
                        state = b * NEURONS + j
                        for t in range(0, cycles, 64):
                            steps = min(64, cycles - t)
                            _drive(counts[:, t : t + steps], drives, drive)
                            lif_lanes((0, steps), drive, noise, membrane, (v[state], left[state]), spikes, voltage)
                            for lane in range(count):
                                out[g, row // in_rows + b, first + j + lane, word + t // 64] = spikes[lane]
            first = end


def spike_streams(
    x: Words,
    w: Words,
    wiring: Wiring,
    length: int,
    xnor: bool,
    signs: Counts,
    bipolar: bool,
    levels: Floats,
    lowest: int,
    membrane: Membrane,
) -> Words:
    neurons = (len(wiring.indptr) - 1) // signs.shape[1]
    out = np.empty((len(x), x.shape[1] // len(signs), neurons, words_for(length)), np.uint64)
    kind = negated(xnor), signs, bipolar, lowest
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), length, kind, levels, tuple(membrane), out
    tiles = tile_count(x, neurons, SAMPLES // len(signs) * len(signs))
    over_rows(_spike_streams, args, tiles, x.shape[0] * x.shape[1] * words_read(wiring, x) + 2 * 64 * out.size)
    return out
