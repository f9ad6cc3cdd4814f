"""Products with Bernoulli weights whose lines have one random source for all neurons: its digits are made once.

Of 64 cycles, the numbers of a line have ten digits in ten words. Two tables hold for each value of the first and of the
last five of these digits the cycles in which the numbers have that value, and those in which they have a smaller one.
So the cycles in which they are below the ten digits of any threshold are a look-up in each table. In one cycle of 1024
they are the threshold's, and digits of the cycle's own decide.
"""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..splitmix import MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..threads import summed_over
from ..types import SHARED_DIGITS, Counts, Indices, SharedWeights, Words
from .bernoulli import ALL, GAMMAS, STEP, mix
from .intrinsics import SOURCES, popcount64, put_generators
from .jit import LANES as PHILOX_LANES
from .jit import inline, jit
from .lanes import LANES, all_lanes, load, ones, store, which_have_ones

_PLACES = uint64(LANES)
_HALF = SHARED_DIGITS // 2
_VALUES = 1 << _HALF
_LOWER = uint64(_VALUES - 1)
_ENTRY = uint64(2 * LANES)
"""Words of an entry of a table: the cycles of smaller values, then those of this value."""
_OWN = uint64(int(STEP) // 2 + 1)
_TABLE = (_VALUES + 1) * 2 * LANES


@inline
def _mixed(z):  # type: ignore[no-untyped-def]
    """`bernoulli.mix` of a vector."""
    z = (z ^ (z >> all_lanes(uint64(SHIFT_1)))) * all_lanes(uint64(MULTIPLIER_1))
    z = (z ^ (z >> all_lanes(uint64(SHIFT_2)))) * all_lanes(uint64(MULTIPLIER_2))
    return z ^ (z >> all_lanes(uint64(SHIFT_3)))


@inline
def _tabulate(digits, first, cycles, table):  # type: ignore[no-untyped-def]
    """Table of the values of half of the `digits`, from number `first` on, in the `cycles`, words of LANES streams."""
    store(table, _PLACES, load(cycles, 0))
    for digit in range(_HALF):
        ones_of_digit = load(digits, uint64(first + digit) * _PLACES)
        for value in range((1 << digit) - 1, -1, -1):
            every = load(table, uint64(value) * _ENTRY + _PLACES)
            upper = every & ones_of_digit
            store(table, uint64(2 * value + 1) * _ENTRY + _PLACES, upper)
            store(table, uint64(2 * value) * _ENTRY + _PLACES, every ^ upper)
    below = all_lanes(uint64(0))
    store(table, uint64(_VALUES) * _ENTRY + _PLACES, below)
    for value in range(uint64(_VALUES)):
        store(table, value * _ENTRY, below)
        below = below | load(table, value * _ENTRY + _PLACES)
    store(table, uint64(_VALUES) * _ENTRY, below)


@inline
def _place_of(code, neuron, neurons):  # type: ignore[no-untyped-def]
    """Where the products of a weight are counted: those of negative ones behind the others."""
    return uint64(neuron + (neurons if code < 0 else 0)) * _PLACES


@inline
def _add_line(weights, x, valid, xnor, tables, counts, unsure):  # type: ignore[no-untyped-def]
    """Add the products of a line's weights by ten digits; those of which some cycles stay undecided go to `unsure`."""
    (codes, fed, bits, neurons), (upper, lower) = weights, tables
    met, mask, found = load(x, 0), load(valid, 0), uint64(0)
    shift = uint64(bits - SHARED_DIGITS) if bits > SHARED_DIGITS else uint64(0)
    scale = uint64(SHARED_DIGITS - bits) if bits < SHARED_DIGITS else uint64(0)
    for k in range(uint64(codes.size)):
        code = codes[k]
        digits = uint64(abs(code)) << scale >> shift
        first, second = (digits >> uint64(_HALF)) * _ENTRY, (digits & _LOWER) * _ENTRY
        same = load(upper, first + _PLACES)
        below = load(upper, first) | (same & load(lower, second))
        if xnor:
            below = (below ^ met ^ mask) & mask
        at = _place_of(code, fed[k] if fed.size else int64(k), neurons)
        store(counts, at, load(counts, at) + ones(below))
        unsure[found] = k
        found += uint64(which_have_ones(same & load(lower, second + _PLACES)) != uint64(0))
    return found if bits > SHARED_DIGITS else uint64(0)


@inline
def _add_unsure(weights, x, xnor, tables, counts, unsure, streams, left):  # type: ignore[no-untyped-def]
    """Decide the cycles of the `unsure` weights that ten digits left open by the digits of their own."""
    (codes, fed, bits, neurons), (upper, lower), (seeds, gammas, words) = weights, tables, streams
    for k in unsure:
        code = codes[k]
        digits = uint64(abs(code)) >> uint64(bits - SHARED_DIGITS)
        first, second = (digits >> uint64(_HALF)) * _ENTRY, (digits & _LOWER) * _ENTRY
        open_cycles = load(upper, first + _PLACES) & load(lower, second + _PLACES)
        store(left, 0, open_cycles)
        threshold = uint64(abs(code)) << uint64(64 - bits) << uint64(SHARED_DIGITS)
        at, lanes = _place_of(code, fed[k] if fed.size else int64(k), neurons), which_have_ones(open_cycles)
        while lanes:  # once, as a rule: nothing else is left to a guess of the processor
            bit = lanes & (uint64(0) - lanes)
            lane = popcount64(bit - uint64(1))
            cycles = left[lane]
            rest = cycles & (cycles - uint64(1))
            cycle = popcount64((cycles ^ rest) - uint64(1))
            below = uint64(mix(seeds[lane] + (words[lane] * STEP + _OWN + cycle) * gammas[lane]) < threshold)
            counts[at + lane] += below * ((x[lane] >> cycle & uint64(1)) * uint64(2) - uint64(1) if xnor else uint64(1))
            left[lane] = rest
            lanes ^= uint64(0) if rest else bit


@inline
def _lines_with_ones(x, every, chosen, start, stop):  # type: ignore[no-untyped-def]
    """Lines start to stop of samples ``(S, rails, n, W)`` of which any has ones, or `every` one: how many."""
    found = 0
    for i in range(start, stop):
        some = uint64(every)
        for s in range(x.shape[0]):
            for b in range(x.shape[1]):
                for w in range(x.shape[3]):
                    some |= x[s, b, i, w]
        chosen[found] = i
        found += int64(some != 0)
    return found


@jit
def _shared_counts(x, wires, weights, tail, xnor, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, fed = wires
    key, samples, neurons, codes, bits = weights
    groups, rails, n, n_words = x.shape
    most = 0
    for i in range(start, stop):
        most = max(most, indptr[i + 1] - indptr[i])
    together = max(1, LANES // n_words)
    chosen, sources = np.empty(stop - start, np.int64), np.zeros(4 * SOURCES, np.uint64)
    seeds, gammas, words = np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint64), np.zeros(LANES, np.uint64)
    digits, whole = np.empty(SHARED_DIGITS * LANES, np.uint64), np.full(LANES, ALL)
    met, valid, left = np.empty(LANES, np.uint64), np.empty(LANES, np.uint64), np.empty(LANES, np.uint64)
    upper, lower = np.empty(_TABLE, np.uint64), np.empty(_TABLE, np.uint64)
    counts, unsure = np.empty(rails * 2 * neurons * LANES, np.uint64), np.empty(most + 1, np.int64)
    of_rail = 2 * neurons * LANES
    for g in range(0, groups, together):
        here = min(together, groups - g)
        found = _lines_with_ones(x[g : g + here], xnor, chosen, start, stop)
        counts[:] = 0
        for begin in range(0, found, SOURCES // LANES):
            many = min(SOURCES // LANES, found - begin)
            for k in range(many):
                for s in range(here):
                    sources[k * here + s] = uint64(samples[g + s]) * uint64(n) + uint64(chosen[begin + k])
            for first in range(0, many * here, PHILOX_LANES):
                put_generators(key, sources, uint64(first))
            for k in range(many):
                i = chosen[begin + k]
                part = slice(indptr[i], indptr[i + 1])
                of_line = codes[part], fed[part] if fed.size else fed, bits, neurons
                for pair in range(0, here * n_words, LANES):
                    for lane in range(LANES):
                        s, w = (pair + lane) // n_words, (pair + lane) % n_words
                        there = s < here
                        source = k * here + (s if there else 0)
                        seeds[lane], gammas[lane], words[lane] = sources[source], sources[int(GAMMAS) + source], w
                        valid[lane] = (tail if w + 1 == n_words else ALL) if there else uint64(0)
                    z, gamma = load(seeds, 0) + load(words, 0) * all_lanes(STEP) * load(gammas, 0), load(gammas, 0)
                    for digit in range(uint64(SHARED_DIGITS)):
                        z = z + gamma
                        store(digits, digit * _PLACES, _mixed(z))
                    _tabulate(digits, _HALF, whole, lower)
                    for b in range(rails):
                        some = uint64(xnor)
                        for lane in range(LANES):
                            s, w = (pair + lane) // n_words, (pair + lane) % n_words
                            met[lane] = x[g + s, b, i, w] if s < here else uint64(0)
                            some |= met[lane]
                        if some == 0:
                            continue
                        _tabulate(digits, 0, valid if xnor else met, upper)
                        sums = counts[b * of_rail : (b + 1) * of_rail]
                        unsure_ones = _add_line(of_line, met, valid, xnor, (upper, lower), sums, unsure)
                        streams, some_left = (seeds, gammas, words), unsure[:unsure_ones]
                        _add_unsure(of_line, met, xnor, (upper, lower), sums, some_left, streams, left)
        for b in range(rails):
            for j in range(neurons):
                for lane in range(LANES):
                    s = lane // n_words if n_words < LANES else 0
                    if s < here:
                        at = b * of_rail + j * LANES + lane
                        out[g + s, b, j] += int64(counts[at]) - int64(counts[at + neurons * LANES])


def shared_counts(
    x: Words, indptr: Indices, neurons: Indices, weights: SharedWeights, length: int, xnor: bool
) -> Counts:
    groups, rails, n, n_words = x.shape
    out = np.zeros((groups, rails, weights.n_neurons), np.int64)
    parts = np.uint64(weights.key), *weights[1:]
    args = np.ascontiguousarray(x), (indptr, neurons), parts, tail_mask(length), xnor
    return summed_over(_shared_counts, args, n, groups * rails * n_words * int(indptr[-1]) * 2, out)
