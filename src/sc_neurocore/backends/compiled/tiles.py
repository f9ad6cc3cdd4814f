"""Tiles of samples and neurons, whose streams are laid out anew so that a tile stays in cache."""

import numpy as np
from numba import uint64

from ..types import Words
from .jit import jit
from .lanes import LANES, load, store

SAMPLES, NEURONS = 16, 32
"""Rows of inputs and neurons of a tile."""
BLOCK = 128
"""Vectors of a row laid out at a time: 8 KiB."""
SPAN = 2
"""Vectors of a stream laid out together: a whole cache line and its neighbour, which is fetched with it."""
GROUP = 16
"""A row is filled up to a multiple of so many vectors."""
_FEW = 4
"""Rows of inputs that streams of eight words and more meet without being laid out."""


def tile_count(x: Words, neurons: int, step: int = SAMPLES) -> int:
    """Tiles of `step` rows of inputs ``(G, B, n, W)`` and so many neurons."""
    groups, rows = x.shape[:2]
    return int(groups * -(-rows // step) * -(-neurons // NEURONS))


@jit
def room(words):  # type: ignore[no-untyped-def]
    """An array of so many words that starts on a cache line, so that no vector lies on two."""
    whole = np.empty(words + LANES, np.uint64)
    skip = -(whole.ctypes.data // 8) % LANES
    return whole[skip : skip + words]


@jit
def tile(number, rows, neurons, step):  # type: ignore[no-untyped-def]
    """Group, first and last row, first and last neuron of a tile of `step` rows."""
    across, down = (neurons + NEURONS - 1) // NEURONS, (rows + step - 1) // step
    g, place = number // (across * down), number % (across * down)
    b, j = place // across * step, place % across * NEURONS
    return g, b, min(b + step, rows), j, min(j + NEURONS, neurons)


@jit
def most_synapses(indptr):  # type: ignore[no-untyped-def]
    """Synapses of the neuron that has the most."""
    most = 0
    for j in range(indptr.size - 1):
        most = max(most, indptr[j + 1] - indptr[j])
    return most


@jit
def run_end(indptr, inputs, first, last):  # type: ignore[no-untyped-def]
    """The first of the neurons `first` + 1 to `last` - 1 whose inputs are not those of `first`, or `last`."""
    start, fan_in = indptr[first], indptr[first + 1] - indptr[first]
    if inputs.size == 0:
        return last
    for j in range(first + 1, last):
        if indptr[j + 1] - indptr[j] != fan_in:
            return j
        other, equal = indptr[j], True
        for k in range(fan_in):
            equal &= inputs[start + k] == inputs[other + k]
        if not equal:
            return j
    return last


@jit
def consecutive(rows):  # type: ignore[no-untyped-def]
    """Whether each of some rows follows the one before it."""
    found = True
    for k in range(rows.size):
        found &= rows[k] == rows[0] + k
    return found


@jit
def _lay_out(streams, n_words, first, rows, follow, empty, out, place):  # type: ignore[no-untyped-def]
    """Copy eight words, from word `first` on, of some `rows` of streams to vectors in `out`, from word `place` on.

    Where streams have fewer than eight words, a vector takes several rows side by side. What is left of it, and of a
    multiple of `GROUP` vectors, is filled with the word `empty`. With `follow`, each row follows the one before it.
    Returns the number of words in `out`.
    """
    width, fit = min(LANES, n_words - first), max(1, LANES // n_words)
    vectors = (len(rows) + fit - 1) // fit
    end = place + (vectors + GROUP - 1) // GROUP * GROUP * LANES
    if width == LANES:
        at = place
        for row in rows:
            store(out, at, load(streams, row * n_words + first))
            at += LANES
        out[at:end] = empty
    else:
        out[place:end] = empty
        if fit * n_words == LANES and follow:
            for row in rows:
                for k in range(len(rows) * n_words):
                    out[place + k] = streams[row * n_words + k]
                break
            return end - place
        at, side = place, 0
        for row in rows:
            source = row * n_words + first
            for q in range(width):
                out[at + side + q] = streams[source + q]
            side += n_words
            if side + n_words > LANES or fit == 1:
                at, side = at + LANES, 0
    return end - place


@jit
def _lay_out_listed(streams, n_words, first, rows, empty, out, place):  # type: ignore[no-untyped-def]
    follow = n_words < LANES and LANES % n_words == 0 and consecutive(rows)
    return _lay_out(streams, n_words, first, rows, follow, empty, out, place)


@jit
def lay_out_lines(streams, n_words, first, wiring, neuron, part, out, place):  # type: ignore[no-untyped-def]
    """Lay out the input streams of a neuron's synapses, from the first to the one after the last of `part`.

    Eight words, from word `first` on, of each stream come to vectors in `out`, from word `place` on. What is left is
    filled with zeros. Returns the number of words in `out`, that of a multiple of `GROUP` vectors.
    """
    indptr, inputs, _ = wiring
    if inputs.size:
        start = indptr[neuron]
        rows = inputs[start + part[0] : start + part[1]]
        return _lay_out_listed(streams, n_words, first, rows, uint64(0), out, place)
    return _lay_out(streams, n_words, first, range(part[0], part[1]), True, uint64(0), out, place)


@jit
def lay_out_weights(streams, n_words, first, wiring, neuron, part, out, place):  # type: ignore[no-untyped-def]
    """As `lay_out_lines`, of weight streams; what is left is filled with ones."""
    indptr, inputs, weights = wiring
    if inputs.size:
        start = indptr[neuron]
        rows = weights[start + part[0] : start + part[1]]
        _lay_out_listed(streams, n_words, first, rows, ~uint64(0), out, place)
    else:
        start = weights[neuron]
        _lay_out(streams, n_words, first, range(start + part[0], start + part[1]), True, ~uint64(0), out, place)


@jit
def part_from(k, fan_in, block, wiring, n_words, rows):  # type: ignore[no-untyped-def]
    """The synapse after the last of a part of at most `block` vectors that starts with synapse k of a neuron.

    And whether the weight streams of that part meet inputs as they lie in memory, without being laid out: those of
    dense neurons in whole groups of vectors. For many `rows` of inputs, long streams are laid out: side by side they
    stay in cache.
    """
    fit = max(1, LANES // n_words)
    stop = min(k + block * fit, fan_in)
    few = rows <= _FEW and n_words % LANES == 0
    if wiring[1].size == 0 and (few or (n_words < LANES and LANES % n_words == 0)):
        whole = (stop - k) // (GROUP * fit) * (GROUP * fit)
        if whole:
            return k + whole, True
    return stop, False
