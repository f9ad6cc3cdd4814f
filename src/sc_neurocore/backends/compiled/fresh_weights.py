"""Products with Bernoulli weights whose streams are made, multiplied and counted word by word: none is stored."""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..threads import over_rows
from ..types import Counts, FreshWeights, Indices, Words
from .bernoulli import ALL, STEP, THRESHOLDS, decide, make_sources
from .intrinsics import SOURCES, popcount64
from .jit import L1, LANES, inline, jit


@inline
def _laid_out(x, begin, end, inputs, every, asked, chosen):  # type: ignore[no-untyped-def]
    """Words ``(B, n, W)`` of the lines of a neuron as ``(B, W, lines)`` in `asked`, without those that are zero, or `every` line.

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
    results, sums = np.empty(2 * LANES, np.uint64), np.empty(rails * LANES, np.uint64)
    whole, flat, across = np.full(LANES, ALL), asked.reshape(asked.size), uint64(asked.shape[1])
    found, at = 0, -1
    for item in range(start, stop):
        g, j = item // neurons, item % neurons
        begin, end = indptr[j], indptr[j + 1]
        if inputs.size or g != at:
            found, at = _laid_out(x[g], begin, end, inputs, xnor, asked, chosen), g
        before = uint64(samples[g]) * uint64(codes.size)
        sums[:] = 0
        for first in range(0, found, SOURCES):
            count = min(SOURCES, found - first)
            for lane in range(count):
                k = begin + chosen[first + lane]
                code = codes[k]
                sources[lane] = before + (uint64(k) if apart else uint64(0))
                sources[THRESHOLDS + uint64(lane)] = abs(code)
                signs[lane] = code >> 63
            make_sources(key, bits, count, sources)
            for lanes in range(0, count, LANES):
                for b in range(rails):
                    for w in range(n_words):
                        place = uint64(b * n_words + w) * across + uint64(first + lanes)
                        if xnor:
                            decide(sources, uint64(lanes), uint64(w) * STEP, whole, uint64(0), results)
                            mask = tail if w == n_words - 1 else ALL
                            for lane in range(uint64(min(LANES, count - lanes))):
                                sums[uint64(b * LANES) + lane] += popcount64(~(results[L1 + lane] ^ flat[place + lane]) & mask)
                            continue
                        decide(sources, uint64(lanes), uint64(w) * STEP, flat, place, results)
                        for lane in range(uint64(LANES)):
                            sign = signs[uint64(lanes) + lane]
                            sums[uint64(b * LANES) + lane] += (popcount64(results[L1 + lane]) ^ sign) - sign
        for b in range(rails):
            total = uint64(0)
            for lane in range(b * LANES, (b + 1) * LANES):
                total += sums[lane]
            out[g, b, j] = total


def fresh_counts(x: Words, indptr: Indices, inputs: Indices, weights: FreshWeights, length: int, xnor: bool) -> Counts:
    groups, rails, _, n_words = x.shape
    neurons = len(indptr) - 1
    out = np.empty((groups, rails, neurons), np.int64)
    args = np.ascontiguousarray(x), (indptr, inputs), (np.uint64(weights.key), *weights[1:]), tail_mask(length), xnor, out
    over_rows(_fresh_counts, args, groups * neurons, groups * rails * n_words * int(indptr[-1]) * 10)
    return out
