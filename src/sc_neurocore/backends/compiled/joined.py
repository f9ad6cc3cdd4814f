"""Products of a neuron joined to one stream: OR gates, multiplexers."""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..threads import over_rows
from ..types import Draws, Wiring, Words
from .cycles import negated
from .jit import jit
from .lanes import LANES, all_lanes, gate, load, store
from .products import words_read
from .tiles import NEURONS, SAMPLES, lay_out, room, run_end, tile, tile_count

_BLOCK = 32
"""Vectors of a row that meet the OR gates before it is seen whether any output has a zero left."""
_SELECTED = 1 << 17
"""Select numbers of a tile that are prepared together."""


@jit
def _or_block(x, i, w, j, size, xnor_word, out, u):  # type: ignore[no-untyped-def]
    """OR the products of `size` words of x, from word i on, and of w, from word j on, into the vector at word u."""
    joined, xnor = load(out, u), all_lanes(xnor_word)
    for k in range(0, size, 2 * LANES):
        a = gate(load(x, i + k), load(w, j + k), xnor)
        b = gate(load(x, i + k + LANES), load(w, j + k + LANES), xnor)
        joined = joined | a | b
    store(out, u, joined)


@jit
def _folded(joined, u, n_words, q):  # type: ignore[no-untyped-def]
    """Word q of the output in the vector at word u: OR of the rows that lie side by side in it."""
    word = joined[u + q]
    for side in range(n_words, LANES - n_words + 1, n_words):
        word |= joined[u + side + q]
    return word


@jit
def _or_run(x, w, wiring, rows, neurons, first, xnor_word, tail, scratch):  # type: ignore[no-untyped-def]
    """Outputs of some rows and neurons, for eight words: a vector each in the first array of `scratch`."""
    indptr, inputs, weights = wiring
    joined, closed, xs, ws = scratch
    n_words = x.shape[2]
    width, flat_w = min(LANES, n_words - first), w.reshape(w.size)
    n_rows, n_neurons = rows[1] - rows[0], neurons[1] - neurons[0]
    joined[:] = uint64(0)
    closed[:] = False
    if first + width == n_words:  # there is nothing to find past the end
        for u in range(width - 1, joined.size, LANES):
            joined[u] = ~tail
    left = n_rows * n_neurons
    start, fan_in = indptr[neurons[0]], indptr[neurons[0] + 1] - indptr[neurons[0]]
    inputs_of_block = _BLOCK * max(1, LANES // n_words)
    for k in range(0, fan_in, inputs_of_block):
        stop = min(k + inputs_of_block, fan_in)
        lines, size = inputs[start + k : start + stop], int64(0)
        for b in range(n_rows):
            flat_x = x[rows[0] + b].reshape(x.shape[1] * n_words)
            size = lay_out(flat_x, n_words, first, lines, uint64(0), xs, b * _BLOCK * LANES)
        for j in range(n_neurons):
            synapses = indptr[neurons[0] + j]
            lay_out(flat_w, n_words, first, weights[synapses + k : synapses + stop], ~uint64(0), ws, 0)
            for b in range(n_rows):
                u = b * NEURONS + j
                if closed[u]:
                    continue
                _or_block(xs, b * _BLOCK * LANES, ws, 0, size, xnor_word, joined, u * LANES)
                every = ~uint64(0)
                for q in range(width):
                    every &= _folded(joined, u * LANES, n_words, q)
                if every == ~uint64(0):
                    closed[u] = True
                    left -= 1
        if left == 0:
            return


@jit
def _or_streams(x, w, wiring, tail, xnor_word, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_words = x.shape[3]
    joined, closed = room(SAMPLES * NEURONS * LANES), np.empty(SAMPLES * NEURONS, np.bool_)
    scratch = joined, closed, room(SAMPLES * _BLOCK * LANES), room(_BLOCK * LANES)
    for number in range(start, stop):
        g, b, last_row, j, last = tile(number, x.shape[1], indptr.size - 1, SAMPLES)
        while j < last:
            end = run_end(indptr, inputs, j, last)
            for first in range(0, n_words, LANES):
                _or_run(x[g], w[g], wiring, (b, last_row), (j, end), first, xnor_word, tail, scratch)
                for row in range(last_row - b):
                    for neuron in range(end - j):
                        target = out[g, b + row, j + neuron]
                        for q in range(min(LANES, n_words - first)):
                            target[first + q] = _folded(joined, (row * NEURONS + neuron) * LANES, n_words, q)
                        target[n_words - 1] &= tail
            j = end


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), tail_mask(length), negated(xnor), out
    over_rows(_or_streams, args, tile_count(x, out.shape[2]), x.shape[0] * x.shape[1] * words_read(wiring, x))
    return out


@jit
def _selections(x, lines, select, length, xnor, place, found, masks, flips, ends):  # type: ignore[no-untyped-def]
    """Synapses that a multiplexer of `lines` takes in each word of a sample, and the cycles in which it takes them.

    The synapses of word q are ``found[ends[q]:ends[q + 1]]``. A bit of a weight's word is the output where the mask
    is one: the mask of an AND gate has the input in it, `flips` inverts what an XNOR gate inverts.
    """
    fan_in = uint64(lines.size)
    n = int64(0)
    for q in range(ends.size - 1):
        ends[q] = first = n
        for t in range(64 * q, min(64 * q + 64, length)):
            k = int64((uint64(select[t]) * fan_in) >> uint64(32))
            word = x[lines[k], q]
            bit = uint64(1) << uint64(t & 63)
            if not xnor and not word & bit:
                continue
            e = place[k]
            if e < first or e >= n or found[e] != k:
                e = place[k] = n
                found[e], masks[e], flips[e] = k, uint64(0), ~word if xnor else uint64(0)
                n += 1
            masks[e] |= bit
    ends[ends.size - 1] = n


@jit
def _mux_streams(x, w, wiring, select, length, xnor, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_words, most = x.shape[3], int64(0)
    for j in range(indptr.size - 1):
        most = max(most, indptr[j + 1] - indptr[j])
    held, place = max(1, _SELECTED // length), np.zeros(most, np.int64)
    held = min(held, SAMPLES)
    found, masks = np.empty((held, length), np.int64), np.empty((held, length), np.uint64)
    flips, ends = np.empty((held, length), np.uint64), np.empty((held, n_words + 1), np.int64)
    for number in range(start, stop):
        g, row, last_row, j, last = tile(number, x.shape[1], indptr.size - 1, SAMPLES)
        while j < last:
            end = run_end(indptr, inputs, j, last)
            lines = inputs[indptr[j] : indptr[j + 1]]
            for first in range(row, last_row, held):
                rows = min(held, last_row - first)
                for b in range(rows):
                    if lines.size:
                        chosen = select[g, first + b]
                        _selections(
                            x[g, first + b], lines, chosen, length, xnor, place, found[b], masks[b], flips[b], ends[b]
                        )
                    else:
                        ends[b] = 0
                for neuron in range(j, end):
                    synapses = weights[indptr[neuron] : indptr[neuron + 1]]
                    for b in range(rows):
                        for q in range(n_words):
                            word = uint64(0)
                            for e in range(ends[b, q], ends[b, q + 1]):
                                word |= (w[g, synapses[found[b, e]], q] ^ flips[b, e]) & masks[b, e]
                            out[g, first + b, neuron, q] = word
            j = end


def mux_streams(x: Words, w: Words, wiring: Wiring, select: Draws, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    args = x, w, tuple(wiring), select, length, xnor, out
    over_rows(_mux_streams, args, tile_count(x, out.shape[2]), out.shape[0] * out.shape[1] * out.shape[2] * length)
    return out
