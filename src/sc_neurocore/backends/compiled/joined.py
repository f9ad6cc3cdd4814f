"""Products of a neuron joined to one stream: OR gates, multiplexers."""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..threads import over_rows
from ..types import Draws, Wiring, Words
from .cycles import negated
from .jit import inline, jit
from .lanes import LANES, all_lanes, any_one, gate, load, store
from .products import words_read
from .tiles import (
    NEURONS,
    SPAN,
    consecutive,
    lay_out_lines,
    lay_out_weights,
    most_synapses,
    part_from,
    room,
    run_end,
    tile,
    tile_count,
)

_ROWS = 32
"""Rows of inputs of a tile of OR gates."""
_BLOCK = 64
"""Vectors of a row that meet the OR gates before it is seen whether any output has a zero left."""
_SELECTED = 1 << 15
"""Select numbers of a tile that are prepared together."""


@jit
def _or_block(x, i, w, size, xnor_word, out, u):  # type: ignore[no-untyped-def]
    """OR the products of `size` words of x, from word i on, and of w, see `planes.add_block`, into the vector at u."""
    joined, xnor, (weights, j, step) = load(out, u), all_lanes(xnor_word), w
    for k in range(0, size, 4 * LANES):
        a = gate(load(x, i + k), load(weights, j), xnor)
        b = gate(load(x, i + k + 8), load(weights, j + step), xnor)
        c = gate(load(x, i + k + 16), load(weights, j + 2 * step), xnor)
        d = gate(load(x, i + k + 24), load(weights, j + 3 * step), xnor)
        joined = joined | (a | b) | (c | d)
        j += 4 * step
    store(out, u, joined)


@jit
def _folded(joined, u, n_words, q):  # type: ignore[no-untyped-def]
    """Word q of the output in the vector at word u: OR of the rows that lie side by side in it."""
    word = joined[u + q]
    for side in range(n_words, LANES - n_words + 1, n_words):
        word |= joined[u + side + q]
    return word


@jit
def _is_full(joined, u, n_words):  # type: ignore[no-untyped-def]
    """Whether an output has no zero left."""
    if n_words >= LANES:
        return not any_one(load(joined, u) ^ all_lanes(~uint64(0)))
    every = ~uint64(0)
    for q in range(n_words):
        every &= _folded(joined, u, n_words, q)
    return every == ~uint64(0)


@jit
def _or_run(x, w, wiring, rows, neurons, first, xnor_word, tail, scratch):  # type: ignore[no-untyped-def]
    """Outputs of some rows and neurons, for `SPAN` vectors of each: the first array of `scratch`.

    Vector s of row b and neuron j is vector ``(b * NEURONS + j) * SPAN + s``, counted from the first row and neuron.
    """
    indptr, _, weights = wiring
    joined, full, xs, ws = scratch
    n_words, n_rows, n_neurons = x.shape[2], rows[1] - rows[0], neurons[1] - neurons[0]
    span, flat_w = min(SPAN, (n_words - first + LANES - 1) // LANES), w.reshape(w.size)
    step, block, k = max(LANES, n_words), 0, int64(0)
    joined[:] = uint64(0)
    full[:] = False
    for q in range(n_words - first - 1, SPAN * LANES):  # there is nothing to find past the end
        if n_words >= LANES or q == n_words - 1:
            joined[q :: SPAN * LANES] = ~tail if q == n_words - first - 1 else ~uint64(0)
    left = n_rows * n_neurons * span
    fan_in = indptr[neurons[0] + 1] - indptr[neurons[0]]
    while k < fan_in:
        stop, in_place = part_from(k, fan_in, _BLOCK, wiring, n_words, n_rows)
        seen, size = block & (block + 1) == 0, int64(0)  # after 1, 2, 4, 8, .. blocks
        for b in range(n_rows):
            flat_x = x[rows[0] + b].reshape(x.shape[1] * n_words)
            for s in range(span):
                at = (b * SPAN + s) * _BLOCK * LANES
                size = lay_out_lines(flat_x, n_words, first + s * LANES, wiring, neurons[0], (k, stop), xs, at)
        for four in range(0, n_neurons, 4):
            last = min(four + 4, n_neurons)
            if not in_place:
                for j in range(four, last):
                    for s in range(span):
                        at = ((j - four) * SPAN + s) * _BLOCK * LANES
                        lay_out_weights(flat_w, n_words, first + s * LANES, wiring, neurons[0] + j, (k, stop), ws, at)
            for s in range(span):
                for b in range(n_rows):
                    for j in range(four, last):
                        u = (b * NEURONS + j) * SPAN + s
                        if not full[u]:
                            i = (b * SPAN + s) * _BLOCK * LANES
                            if in_place:
                                at = (weights[neurons[0] + j] + k) * n_words + first + s * LANES
                                _or_block(xs, i, (flat_w, at, step), size, xnor_word, joined, u * LANES)
                            else:
                                at = ((j - four) * SPAN + s) * _BLOCK * LANES
                                _or_block(xs, i, (ws, at, LANES), size, xnor_word, joined, u * LANES)
                            if seen and _is_full(joined, u * LANES, n_words):
                                full[u] = True
                                left -= 1
        if left == 0:
            return
        k, block = stop, block + 1


@jit
def _or_streams(x, w, wiring, tail, xnor_word, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, _ = wiring
    n_words, rows = x.shape[3], min(_ROWS, x.shape[1])
    joined, full = room(rows * NEURONS * SPAN * LANES), np.empty(rows * NEURONS * SPAN, np.bool_)
    scratch = joined, full, room(rows * SPAN * _BLOCK * LANES), room(4 * SPAN * _BLOCK * LANES)
    for number in range(start, stop):
        g, b, last_row, j, last = tile(number, x.shape[1], indptr.size - 1, _ROWS)
        while j < last:
            end = run_end(indptr, inputs, j, last)
            for first in range(0, n_words, SPAN * LANES):
                _or_run(x[g], w[g], wiring, (b, last_row), (j, end), first, xnor_word, tail, scratch)
                for row in range(last_row - b):
                    for neuron in range(end - j):
                        target, u = out[g, b + row, j + neuron], (row * NEURONS + neuron) * SPAN * LANES
                        for q in range(min(SPAN * LANES, n_words - first)):
                            target[first + q] = joined[u + q] if n_words >= LANES else _folded(joined, u, n_words, q)
                        target[n_words - 1] &= tail
            j = end


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), tail_mask(length), negated(xnor), out
    work = x.shape[0] * x.shape[1] * words_read(wiring, x) // 4
    over_rows(_or_streams, args, tile_count(x, out.shape[2], _ROWS), work)
    return out


@jit
def _selections(x, lines, fan_in, select, xnor, place, found):  # type: ignore[no-untyped-def]
    """Synapses that a multiplexer of `fan_in` takes in each word of a sample, and the cycles in which it takes them.

    They meet the input streams `lines`, or all in order where there are no such numbers.

    `found` has arrays of numbers of synapses, of masks and of flips, and for each word where its synapses start in
    them. A bit of a weight's word is the output where the mask is one: an AND gate's mask has the input in it,
    an XNOR gate inverts the word where the flips are one.
    """
    synapses, masks, flips, starts = found
    n = int64(0)
    for q in range(starts.size - 1):
        starts[q] = first = n
        for t in range(64 * q, min(64 * q + 64, select.size)):
            k = int64((uint64(select[t]) * uint64(fan_in)) >> uint64(32))
            word, bit = x[lines[k] if lines.size else k, q], uint64(1) << uint64(t & 63)
            if not xnor and not word & bit:
                continue
            e = place[k]
            if e < first or e >= n or synapses[e] != k:
                e = place[k] = n
                synapses[e], masks[e], flips[e] = k, uint64(0), ~word if xnor else uint64(0)
                n += 1
            masks[e] |= bit
    starts[starts.size - 1] = n


@inline
def _first_weight(wiring, j):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    return weights[indptr[j] if inputs.size else j]


@jit
def _four_in_order(w, wiring, first, end, found, out):  # type: ignore[no-untyped-def]
    """Outputs of four neurons, fewer at the end of a run; the weight streams of each follow each other."""
    synapses, masks, flips, starts = found
    n_words, last = starts.size - 1, end - 1
    j1, j2, j3 = min(first + 1, last), min(first + 2, last), min(first + 3, last)
    w0, w1, w2, w3 = (
        w[_first_weight(wiring, first) * n_words :], w[_first_weight(wiring, j1) * n_words :],
        w[_first_weight(wiring, j2) * n_words :], w[_first_weight(wiring, j3) * n_words :],
    )  # fmt: skip
    for q in range(n_words):
        a = b = c = d = uint64(0)
        for e in range(starts[q], starts[q + 1]):
            place, mask, flip = uint64(synapses[e] * n_words + q), masks[e], flips[e]
            a |= (w0[place] ^ flip) & mask
            b |= (w1[place] ^ flip) & mask
            c |= (w2[place] ^ flip) & mask
            d |= (w3[place] ^ flip) & mask
        out[first, q], out[j1, q], out[j2, q], out[j3, q] = a, b, c, d


@jit
def _one_wired(w, rows, found, out):  # type: ignore[no-untyped-def]
    """Output of a neuron with the weight streams `rows`."""
    synapses, masks, flips, starts = found
    for q in range(out.size):
        word = uint64(0)
        for e in range(starts[q], starts[q + 1]):
            word |= (w[rows[synapses[e]] * out.size + q] ^ flips[e]) & masks[e]
        out[q] = word


@jit
def _mux_streams(x, w, wiring, select, step, xnor, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs, weights = wiring
    n_words, length = x.shape[3], select.shape[2]
    place = np.zeros(most_synapses(indptr), np.int64)
    synapses, masks = np.empty((step, length), np.int64), np.empty((step, length), np.uint64)
    flips, starts = np.empty((step, length), np.uint64), np.zeros((step, n_words + 1), np.int64)
    for number in range(start, stop):
        g, row, last_row, j, last = tile(number, x.shape[1], indptr.size - 1, step)
        flat_w = w[g].reshape(w.shape[1] * n_words)
        while j < last:
            end = run_end(indptr, inputs, j, last)
            lines, fan_in = inputs[indptr[j] : indptr[j + 1]], indptr[j + 1] - indptr[j]
            for b in range(last_row - row):
                if fan_in:
                    found = synapses[b], masks[b], flips[b], starts[b]
                    _selections(x[g, row + b], lines, fan_in, select[g, row + b], xnor, place, found)
                else:
                    starts[b] = 0
            for four in range(j, end, 4):
                in_order = True
                if inputs.size:
                    for neuron in range(four, min(four + 4, end)):
                        in_order &= consecutive(weights[indptr[neuron] : indptr[neuron + 1]])
                for b in range(last_row - row):
                    found, target = (synapses[b], masks[b], flips[b], starts[b]), out[g, row + b]
                    if in_order and fan_in:
                        _four_in_order(flat_w, wiring, four, end, found, target)
                    else:
                        for neuron in range(four, min(four + 4, end)):
                            _one_wired(flat_w, weights[indptr[neuron] : indptr[neuron + 1]], found, target[neuron])
            j = end


def mux_streams(x: Words, w: Words, wiring: Wiring, select: Draws, length: int, xnor: bool) -> Words:
    out = np.empty((*x.shape[:2], len(wiring.indptr) - 1, x.shape[-1]), np.uint64)
    step = max(1, min(x.shape[1], _SELECTED // length))
    args = np.ascontiguousarray(x), np.ascontiguousarray(w), tuple(wiring), select, step, xnor, out
    tiles, work = tile_count(x, out.shape[2], step), out.shape[0] * out.shape[1] * out.shape[2] * length
    over_rows(_mux_streams, args, tiles, work)
    return out
