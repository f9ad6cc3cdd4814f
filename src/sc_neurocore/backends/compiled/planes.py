"""Vertical counters: the sums of 64 cycles at a time as planes, words of their first, second, .. binary digits.

Full adders on words take products in (C. S. Wallace, 1964, https://doi.org/10.1109/PGEC.1964.263830): of eight
words of one weight they leave one word of eight times the weight, so that a product costs one full adder.
"""

import numpy as np
from numba import int32, int64, uint64

from .jit import inline, jit
from .lanes import LANES, all_lanes, any_one, gate, load, majority, parity, store
from .tiles import BLOCK, GROUP, NEURONS, SPAN, lay_out_lines, lay_out_weights, most_synapses, part_from

HELD = 7
"""Planes that a block of `BLOCK` vectors keeps in registers; its last carry passes on to higher ones."""
SCRATCH = BLOCK // GROUP * LANES
"""Words of the carries of a block."""


@inline
def _add_8(sums, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]
    """Add eight vectors to three planes, of weights 1, 2 and 4: the planes, and the carry of weight 8."""
    ones, twos, fours = sums
    ones, two_a = parity(ones, a, b), majority(ones, a, b)
    ones, two_b = parity(ones, c, d), majority(ones, c, d)
    ones, two_c = parity(ones, e, f), majority(ones, e, f)
    ones, two_d = parity(ones, g, h), majority(ones, g, h)
    twos, four_a = parity(twos, two_a, two_b), majority(twos, two_a, two_b)
    twos, four_b = parity(twos, two_c, two_d), majority(twos, two_c, two_d)
    return (ones, twos, parity(fours, four_a, four_b)), majority(fours, four_a, four_b)


@inline
def _product(x, w, i, place, xnor):  # type: ignore[no-untyped-def]
    words, j, step = w
    return gate(load(x, i + place * LANES), load(words, j + place * step), xnor)


@inline
def _add_8_products(sums, x, w, i, xnor):  # type: ignore[no-untyped-def]
    return _add_8(
        sums,
        _product(x, w, i, 0, xnor), _product(x, w, i, 1, xnor),
        _product(x, w, i, 2, xnor), _product(x, w, i, 3, xnor),
        _product(x, w, i, 4, xnor), _product(x, w, i, 5, xnor),
        _product(x, w, i, 6, xnor), _product(x, w, i, 7, xnor),
    )  # fmt: skip


@jit
def add_block(x, i, w, size, negated, planes, p, depth, carries):  # type: ignore[no-untyped-def]
    """Add the products of `size` words of x, from word i on, and of w to planes that start at word p.

    `size` is a multiple of `GROUP` vectors, at most `BLOCK`; there are `depth` planes, one vector each. Of w, an array,
    the place of its first vector and the words from a vector to the next are given.
    """
    xnor, (weights, j, step) = all_lanes(negated), w
    sums, eights = (load(planes, p), load(planes, p + 8), load(planes, p + 16)), load(planes, p + 24)
    place = int64(0)
    for k in range(0, size, GROUP * LANES):
        sums, a = _add_8_products(sums, x, (weights, j, step), i + k, xnor)
        sums, b = _add_8_products(sums, x, (weights, j + 8 * step, step), i + k + 64, xnor)
        j += 16 * step
        store(carries, place, majority(eights, a, b))
        eights = parity(eights, a, b)
        place += LANES
    carries[place:SCRATCH] = uint64(0)
    store(planes, p, sums[0])
    store(planes, p + 8, sums[1])
    store(planes, p + 16, sums[2])
    store(planes, p + 24, eights)
    sums, carry = _add_8(
        (load(planes, p + 32), load(planes, p + 40), load(planes, p + 48)),
        load(carries, 0), load(carries, 8), load(carries, 16), load(carries, 24),
        load(carries, 32), load(carries, 40), load(carries, 48), load(carries, 56),
    )  # fmt: skip
    store(planes, p + 32, sums[0])
    store(planes, p + 40, sums[1])
    store(planes, p + 48, sums[2])
    for at in range(p + HELD * LANES, p + depth * LANES, LANES):
        plane = load(planes, at)
        store(planes, at, plane ^ carry)
        carry = plane & carry


@jit
def depth_for(indptr):  # type: ignore[no-untyped-def]
    """Planes that the sums of neurons need."""
    most, depth = most_synapses(indptr), HELD
    while most >> depth:
        depth += 1
    return depth


@inline
def planes_at(b, j, s, depth):  # type: ignore[no-untyped-def]
    """Where the planes of row b, neuron j and vector s of a tile start."""
    return ((b * NEURONS + j) * SPAN + s) * depth * LANES


@jit
def _is_zero(words, start, stop):  # type: ignore[no-untyped-def]
    every = all_lanes(uint64(0))
    for k in range(start, stop, LANES):
        every = every | load(words, k)
    return not any_one(every)


@jit
def count_run(x, w, wiring, rows, neurons, first, negated, planes, depth, laid):  # type: ignore[no-untyped-def]
    """Planes of the products of some rows of inputs and of neurons that have the same inputs, for `SPAN` vectors.

    `x` is ``(B, n, W)``, `w` ``(N, W)``; `rows` and `neurons` are pairs of the first and the one after the last,
    `first` is the first of the words. The planes of row b, neuron j and vector s start at word
    ``planes_at(b - rows[0], j - neurons[0], s, depth)``.
    """
    indptr, _, weights = wiring
    xs, ws, carries, busy = laid
    n_words = x.shape[2]
    flat_w, step = w.reshape(w.size), max(LANES, n_words)
    planes[: planes_at(rows[1] - rows[0], 0, 0, depth)] = uint64(0)
    span = min(SPAN, (n_words - first + LANES - 1) // LANES)
    k, fan_in = int64(0), indptr[neurons[0] + 1] - indptr[neurons[0]]
    while k < fan_in:
        stop, in_place = part_from(k, fan_in, BLOCK, wiring, n_words, rows[1] - rows[0])
        size = int64(0)
        for b in range(rows[0], rows[1]):
            flat_x = x[b].reshape(x.shape[1] * n_words)
            for s in range(span):
                at = ((b - rows[0]) * SPAN + s) * BLOCK * LANES
                size = lay_out_lines(flat_x, n_words, first + s * LANES, wiring, neurons[0], (k, stop), xs, at)
                busy[b - rows[0], s] = negated != 0 or not _is_zero(xs, at, at + size)
        for four in range(neurons[0], neurons[1], 4):
            last = min(four + 4, neurons[1])
            if not in_place:
                for j in range(four, last):
                    for s in range(span):
                        at = ((j - four) * SPAN + s) * BLOCK * LANES
                        lay_out_weights(flat_w, n_words, first + s * LANES, wiring, j, (k, stop), ws, at)
            for s in range(span):
                for b in range(rows[0], rows[1]):
                    if not busy[b - rows[0], s]:
                        continue
                    i = ((b - rows[0]) * SPAN + s) * BLOCK * LANES
                    for j in range(four, last):
                        p = planes_at(b - rows[0], j - neurons[0], s, depth)
                        if in_place:
                            at = (weights[j] + k) * n_words + first + s * LANES
                            add_block(xs, i, (flat_w, at, step), size, negated, planes, p, depth, carries)
                        else:
                            at = ((j - four) * SPAN + s) * BLOCK * LANES
                            add_block(xs, i, (ws, at, LANES), size, negated, planes, p, depth, carries)
        k = stop


@inline
def _swap(a, b, distance, mask):  # type: ignore[no-untyped-def]
    """Exchange the bits of a that are `distance` above those in `mask` with the bits of b there."""
    moved = ((a >> distance) ^ b) & mask
    return a ^ (moved << distance), b ^ moved


@inline
def _swap_inside(a, distance, mask):  # type: ignore[no-untyped-def]
    moved = (a ^ (a >> distance)) & mask
    return a ^ moved ^ (moved << distance)


@jit
def _bytes(planes, p, stop, out):  # type: ignore[no-untyped-def]
    """Transpose up to eight planes, the vectors from word p to `stop`: byte t of eight words is the sum of cycle t.

    The words of lane q start at ``out[8 q]``.
    """
    zero = all_lanes(uint64(0))
    a = load(planes, p)
    b = load(planes, p + 8) if p + 8 < stop else zero
    c = load(planes, p + 16) if p + 16 < stop else zero
    d = load(planes, p + 24) if p + 24 < stop else zero
    e = load(planes, p + 32) if p + 32 < stop else zero
    f = load(planes, p + 40) if p + 40 < stop else zero
    g = load(planes, p + 48) if p + 48 < stop else zero
    h = load(planes, p + 56) if p + 56 < stop else zero
    distance, mask = all_lanes(uint64(32)), all_lanes(uint64(0x00000000FFFFFFFF))
    a, e = _swap(a, e, distance, mask)
    b, f = _swap(b, f, distance, mask)
    c, g = _swap(c, g, distance, mask)
    d, h = _swap(d, h, distance, mask)
    distance, mask = all_lanes(uint64(16)), all_lanes(uint64(0x0000FFFF0000FFFF))
    a, c = _swap(a, c, distance, mask)
    b, d = _swap(b, d, distance, mask)
    e, g = _swap(e, g, distance, mask)
    f, h = _swap(f, h, distance, mask)
    distance, mask = all_lanes(uint64(8)), all_lanes(uint64(0x00FF00FF00FF00FF))
    a, b = _swap(a, b, distance, mask)
    c, d = _swap(c, d, distance, mask)
    e, f = _swap(e, f, distance, mask)
    g, h = _swap(g, h, distance, mask)
    turned = out[64:]
    store(turned, 0, _turned(a))
    store(turned, 8, _turned(b))
    store(turned, 16, _turned(c))
    store(turned, 24, _turned(d))
    store(turned, 32, _turned(e))
    store(turned, 40, _turned(f))
    store(turned, 48, _turned(g))
    store(turned, 56, _turned(h))
    for q in range(LANES):
        for byte in range(8):
            out[8 * q + byte] = turned[8 * byte + q]


@inline
def _turned(a):  # type: ignore[no-untyped-def]
    """Transpose the eight bytes of each word as a square of bits."""
    a = _swap_inside(a, all_lanes(uint64(7)), all_lanes(uint64(0x00AA00AA00AA00AA)))
    a = _swap_inside(a, all_lanes(uint64(14)), all_lanes(uint64(0x0000CCCC0000CCCC)))
    return _swap_inside(a, all_lanes(uint64(28)), all_lanes(uint64(0x00000000F0F0F0F0)))


@jit
def add_sums(planes, p, depth, n_words, sign, words, out):  # type: ignore[no-untyped-def]
    """Add sums to the cycles `out`, times `sign`, from planes that start at word p: those of a vector after another.

    A stream has `n_words` words; `words` is scratch of 256 words.
    """
    fit, side, sums = max(1, LANES // n_words), n_words * 64, words.view(np.uint8)
    for first in range(0, out.size, 64 * LANES):
        cycles, stop = out[first : first + 64 * LANES], p + depth * LANES
        for octets in range(0, depth, 16):
            at, factor = p + octets * LANES, int32(sign << octets)
            _bytes(planes, at, stop, words[128:])
            two = at + 8 * LANES < stop
            if two:
                _bytes(planes, at + 8 * LANES, stop, words)
            for row in range(fit):
                low = sums[1024 + row * side : 1024 + row * side + cycles.size]
                high = sums[row * side : row * side + cycles.size]
                if two:
                    for t in range(cycles.size):
                        cycles[t] += factor * (int32(low[t]) + 256 * int32(high[t]))
                else:
                    for t in range(cycles.size):
                        cycles[t] += factor * int32(low[t])
        p += depth * LANES
