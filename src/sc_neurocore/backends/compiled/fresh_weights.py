"""Products with Bernoulli weights whose streams are made, multiplied and counted word by word: none is stored."""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..threads import over_rows
from ..types import Counts, FreshWeights, Indices, Words
from .bernoulli import ALL, STEP, THRESHOLDS, decide, decide_few, make_sources
from .intrinsics import FEW_WORDS, SOURCES, popcount64
from .jit import LANES, inline, jit


@inline
def _laid_out(x, begin, end, inputs, every, asked, chosen):  # type: ignore[no-untyped-def]
    """Words ``(B, n, W)`` of a neuron's lines as ``(B, W, lines)`` in `asked`: of those with ones, or of `every` line.

    The place of each line that is left among the neuron's synapses goes to `chosen`, their number is returned. Zeros
    fill the last LANES words.
    """
    rails, n, n_words = x.shape
    words, across = x.reshape(rails * n * n_words), uint64(asked.shape[1])
    flat = asked.reshape(asked.size)
    found = uint64(0)
    for k in range(end - begin):
        line = inputs[begin + k] if inputs.size else k
        some = uint64(every)
        for b in range(uint64(rails)):
            at = (b * uint64(n) + uint64(line)) * uint64(n_words)
            for w in range(uint64(n_words)):
                word = words[at + w]
                some |= word
                flat[(b * uint64(n_words) + w) * across + found] = word
        chosen[found] = k
        found += uint64(some != 0)
    for row in range(rails * n_words):
        for k in range(found, min(int64(found) + LANES, asked.shape[1])):
            asked[row, k] = 0
    return int64(found)


@inline
def _put_weights(codes, begin, chosen, sources, signs):  # type: ignore[no-untyped-def]
    """Numbers, thresholds and signs of some weights of a neuron."""
    for lane in range(uint64(chosen.size)):
        sources[lane] = uint64(begin + chosen[lane])
    for lane in range(uint64(chosen.size)):
        sources[THRESHOLDS + lane] = codes[sources[lane]]
    for lane in range(uint64(chosen.size)):
        code = int64(sources[THRESHOLDS + lane])
        signs[lane] = code >> 63
        sources[THRESHOLDS + lane] = abs(code)


@inline
def _add(words, results, flat, place, across, tail, count, sums, at):  # type: ignore[no-untyped-def]
    """Add the ones of `words` words of XNOR gates of `count` streams; `tail` masks the last word."""
    for word in range(uint64(words)):
        mask = tail if word == words - 1 else ALL
        for lane in range(uint64(count)):
            made = results[(uint64(words) + word) * uint64(LANES) + lane]
            sums[at + lane] += popcount64(~(made ^ flat[place + word * across + lane]) & mask)


@inline
def _add_signed(words, results, signs, first, sums, at):  # type: ignore[no-untyped-def]
    """Add the ones of `words` words of AND gates; of a weight whose sign is a word of ones, subtract them."""
    for lane in range(uint64(LANES)):
        sign, ones = signs[first + lane], uint64(0)
        for word in range(uint64(words)):
            ones += popcount64(results[(uint64(words) + word) * uint64(LANES) + lane])
        sums[at + lane] += (ones ^ sign) - sign


@jit
def _fresh_counts(x, wires, weights, tail, xnor, out, start, stop):  # type: ignore[no-untyped-def]
    indptr, inputs = wires
    key, samples, apart, codes, bits = weights
    rails, n_words = x.shape[1], x.shape[3]
    neurons, most = indptr.size - 1, 0
    for j in range(neurons):
        most = max(most, indptr[j + 1] - indptr[j])
    asked, chosen = np.empty((rails * n_words, most + LANES), np.uint64), np.empty(most + 1, np.int64)
    sources, signs = np.zeros(4 * SOURCES, np.uint64), np.zeros(SOURCES, np.uint64)
    results, sums = np.empty(2 * FEW_WORDS * LANES, np.uint64), np.empty(rails * LANES, np.uint64)
    whole, flat, across = np.full(LANES, ALL), asked.reshape(asked.size), uint64(asked.shape[1])
    few, zero, found, at = n_words // FEW_WORDS * FEW_WORDS, uint64(0), 0, -1
    for item in range(start, stop):
        g, j = item // neurons, item % neurons
        begin, end = indptr[j], indptr[j + 1]
        if inputs.size or g != at:
            found, at = _laid_out(x[g], begin, end, inputs, xnor, asked, chosen), g
        before = uint64(samples[g]) * uint64(codes.size)
        sums[:] = 0
        for first in range(0, found, SOURCES):
            count = min(SOURCES, found - first)
            _put_weights(codes, begin, chosen[first : first + count], sources, signs)
            for lane in range(uint64(count)):
                sources[lane] = before + (sources[lane] if apart else zero)
            make_sources(key, bits, count, sources)
            for lanes in range(0, count, LANES):
                source, some = uint64(lanes), min(LANES, count - lanes)
                for b in range(rails):
                    place = uint64(b * n_words) * across + uint64(first + lanes)
                    of_rail = uint64(b * LANES)
                    for w in range(0, few, FEW_WORDS):
                        if xnor:
                            decide_few(sources, source, uint64(w) * STEP, whole, zero, zero, results)
                            last = tail if w + FEW_WORDS == n_words else ALL
                            _add(FEW_WORDS, results, flat, place, across, last, some, sums, of_rail)
                        else:
                            decide_few(sources, source, uint64(w) * STEP, flat, place, across, results)
                            _add_signed(FEW_WORDS, results, signs, source, sums, of_rail)
                        place += uint64(FEW_WORDS) * across
                    for w in range(few, n_words):
                        if xnor:
                            decide(sources, source, uint64(w) * STEP, whole, zero, zero, results)
                            last = tail if w + 1 == n_words else ALL
                            _add(1, results, flat, place, across, last, some, sums, of_rail)
                        else:
                            decide(sources, source, uint64(w) * STEP, flat, place, across, results)
                            _add_signed(1, results, signs, source, sums, of_rail)
                        place += across
        for b in range(rails):
            total = zero
            for lane in range(b * LANES, (b + 1) * LANES):
                total += sums[lane]
            out[g, b, j] = total


@inline
def _count(x, results, tail, xnor, counts):  # type: ignore[no-untyped-def]
    """Add the ones of the products of a few words of a line; `tail` masks the last one."""
    for word in range(uint64(x.size)):
        at, mask, met = (uint64(x.size) + word) * uint64(LANES), tail if word == x.size - 1 else ALL, x[word]
        for lane in range(uint64(counts.size)):
            made = results[at + lane]
            counts[lane] += popcount64(~(made ^ met) & mask) if xnor else popcount64(made)


@jit
def fresh_line_counts(x, weights, tail, xnor, scratch, counts):  # type: ignore[no-untyped-def]
    """Ones of the products of a stream ``(W,)`` with each of the weights of its line: ``(m,)``.

    Weights are the key, the number of the first stream, whether streams are apart, codes ``(m,)`` and their bits; for
    `scratch` see `line_scratch`.
    """
    key, before, apart, codes, bits = weights
    sources, results, asked = scratch
    n_words, any_of_them = x.size, uint64(xnor)
    few, across = n_words // FEW_WORDS * FEW_WORDS, uint64(LANES)
    for w in range(n_words):
        any_of_them |= x[w]
        for lane in range(LANES):
            asked[w * LANES + lane] = ALL if xnor else x[w]
    counts[:] = 0
    if any_of_them == 0:
        return
    for first in range(0, codes.size, SOURCES):
        count = min(SOURCES, codes.size - first)
        for lane in range(uint64(count)):
            sources[lane] = before + (uint64(first) + lane if apart else uint64(0))
            sources[THRESHOLDS + lane] = uint64(abs(int64(codes[uint64(first) + lane])))
        make_sources(key, bits, count, sources)
        for lanes in range(0, count, LANES):
            some, at = min(LANES, count - lanes), uint64(first + lanes)
            for w in range(0, few, FEW_WORDS):
                decide_few(sources, uint64(lanes), uint64(w) * STEP, asked, uint64(w) * across, across, results)
                last = tail if w + FEW_WORDS == n_words else ALL
                _count(x[w : w + FEW_WORDS], results, last, xnor, counts[at : at + uint64(some)])
            for w in range(few, n_words):
                decide(sources, uint64(lanes), uint64(w) * STEP, asked, uint64(w) * across, across, results)
                last = tail if w + 1 == n_words else ALL
                _count(x[w : w + 1], results, last, xnor, counts[at : at + uint64(some)])


@inline
def line_scratch(n_words):  # type: ignore[no-untyped-def]
    """Memory of `fresh_line_counts` for streams of that many words."""
    return (
        np.zeros(4 * SOURCES, np.uint64),
        np.empty(2 * FEW_WORDS * LANES, np.uint64),
        np.empty(n_words * LANES, np.uint64),
    )


def fresh_counts(x: Words, indptr: Indices, inputs: Indices, weights: FreshWeights, length: int, xnor: bool) -> Counts:
    groups, rails, _, n_words = x.shape
    neurons = len(indptr) - 1
    out = np.empty((groups, rails, neurons), np.int64)
    parts = np.uint64(weights.key), *weights[1:]
    args = np.ascontiguousarray(x), (indptr, inputs), parts, tail_mask(length), xnor, out
    over_rows(_fresh_counts, args, groups * neurons, groups * rails * n_words * int(indptr[-1]) * 10)
    return out
