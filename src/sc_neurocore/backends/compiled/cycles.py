"""Sums of a neuron's products in every cycle, and the saturating adder that takes them."""

import numpy as np
from numba import int64

from ..threads import over_rows
from ..types import Counts, CycleCounts, Wiring, Words
from .jit import jit
from .lanes import LANES
from .planes import SCRATCH, add_sums, count_run, depth_for, planes_at
from .products import words_read
from .tiles import BLOCK, NEURONS, SAMPLES, SPAN, room, run_end, tile, tile_count

CYCLES = 64 * LANES
"""Cycles of eight words."""


@jit
def cycle_scratch(depth, areas, rows):  # type: ignore[no-untyped-def]
    """Planes of so many tiles of `rows` samples; room for the streams of one, for carries, for sums of eight words."""
    row = BLOCK * LANES
    laid = room(rows * SPAN * row), room(4 * SPAN * row), room(SCRATCH), np.empty((rows, SPAN), np.bool_)
    return room(areas * planes_at(rows, 0, 0, depth)), laid, room(256)


@jit
def _cycle_counts(x, w, wiring, length, negated, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, _ = wiring
    n_words, depth = x.shape[3], depth_for(indptr)
    planes, laid, words = cycle_scratch(depth, 1, min(SAMPLES, x.shape[1]))
    for number in range(start, stop):
        g, row, last_row, first, last = tile(number, x.shape[1], indptr.size - 1, SAMPLES)
        while first < last:
            end = run_end(indptr, inputs, first, last)
            for word in range(0, n_words, SPAN * LANES):
                count_run(x[g], w[g], wiring, (row, last_row), (first, end), word, negated, planes, depth, laid)
                for b in range(row, last_row):
                    for j in range(first, end):
                        sums = out[g, b, j, 64 * word : min(64 * word + SPAN * CYCLES, length)]
                        sums[:] = 0
                        add_sums(planes, planes_at(b - row, j - first, 0, depth), depth, n_words, 1, words, sums)
            first = end


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> CycleCounts:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, length), np.int32)
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), length, negated(xnor), out
    over_rows(_cycle_counts, args, tile_count(x, out.shape[2]), x.shape[0] * x.shape[1] * words_read(wiring, x))
    return out


@jit
def _accumulate(steps, held, signed, two_level):  # type: ignore[no-untyped-def]
    """What a saturating adder holds after some steps: the output of a cycle leaves at once."""
    up = down = int64(0)
    for t in range(steps.size):
        up += max(steps[t], 0)
        down += min(steps[t], 0)
    if held + down > steps.size:  # it holds a unit in every cycle
        return held + up + down - steps.size
    if held + up < (-steps.size if signed else 1):
        return held + up + down + (steps.size if signed else 0)
    if not signed:
        for t in range(steps.size):
            held = max(held + steps[t] - 1, 0)
    elif two_level:
        for t in range(steps.size):
            held += steps[t]
            held -= 1 if held >= 0 else -1
    else:
        for t in range(steps.size):
            held += steps[t]
            held -= int64(held > 0) - int64(held < 0)
    return held


@jit
def _saturate(x, w, wiring, length, kind, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, _ = wiring
    xnor, signs, bipolar, two_level = kind
    in_rows, weight_rows = signs.shape
    n_words, depth, neurons = x.shape[3], depth_for(indptr), out.shape[2]
    planes, laid, words = cycle_scratch(depth, weight_rows, min(SAMPLES, x.shape[1]))
    signed = bipolar or two_level or (signs < 0).any()
    area = planes.size // weight_rows
    held, steps = np.empty((SAMPLES, NEURONS), np.int64), np.empty(SPAN * CYCLES, np.int32)
    for number in range(start, stop):
        g, row, last_row, first, last = tile(number, x.shape[1], neurons, SAMPLES // in_rows * in_rows)
        while first < last:
            end = run_end(indptr, inputs, first, last)
            fan_in = indptr[first + 1] - indptr[first]
            held[:] = 0
            out[g, row // in_rows : last_row // in_rows, first:end] = 0
            for word in range(0, n_words, SPAN * LANES):
                for r in range(weight_rows):
                    some, part = (r * neurons + first, r * neurons + end), planes[r * area : (r + 1) * area]
                    count_run(x[g], w[g], wiring, (row, last_row), some, word, xnor, part, depth, laid)
                cycles = steps[: min(SPAN * CYCLES, length - 64 * word)]
                for b in range((last_row - row) // in_rows):
                    for j in range(end - first):
                        cycles[:] = 0
                        for i in range(in_rows):
                            for r in range(weight_rows):
                                p = r * area + planes_at(b * in_rows + i, j, 0, depth)
                                add_sums(planes, p, depth, n_words, signs[i, r], words, cycles)
                        if bipolar:
                            for t in range(cycles.size):
                                cycles[t] = 2 * cycles[t] - fan_in
                        total = held[b, j]
                        for t in range(cycles.size):
                            total += cycles[t]
                        for t in range(0, cycles.size, 64):
                            held[b, j] = _accumulate(cycles[t : t + 64], held[b, j], signed, two_level)
                        out[g, row // in_rows + b, first + j] += total - held[b, j]
            first = end


def saturate(
    x: Words,
    w: Words,
    wiring: Wiring,
    length: int,
    xnor: bool,
    signs: Counts,
    bipolar: bool,
    two_level: bool,
) -> Counts:
    neurons = (len(wiring.indptr) - 1) // signs.shape[1]
    out = np.empty((len(x), x.shape[1] // len(signs), neurons), np.int64)
    kind = negated(xnor), signs, bipolar, two_level
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), length, kind, out
    tiles = tile_count(x, neurons, SAMPLES // len(signs) * len(signs))
    over_rows(_saturate, args, tiles, x.shape[0] * x.shape[1] * words_read(wiring, x))
    return out


def negated(xnor: bool) -> np.uint64:
    """The word that makes `lanes.gate` an AND gate, or an XNOR gate."""
    return np.uint64(2**64 - 1 if xnor else 0)
