"""Predictive coding: streams of predictions, and their errors."""

import numpy as np
from numba import int64, uint64

from ..packing import tail_mask
from ..types import GATE_BITS, Counts, CycleCounts, Draws, PredictiveRule
from .bernoulli import bernoulli_rows
from .intrinsics import popcount64
from .jit import inline, jit
from .selection import largest_rows


@inline
def _ones(ordered, below, coarse, threshold):  # type: ignore[no-untyped-def]
    """Ones of the stream of a threshold: how many numbers, in ascending order, are below it."""
    ones = int64(below[threshold >> coarse])
    while ones < ordered.size and int64(ordered[ones]) < threshold:
        ones += 1
    return ones


@jit
def _predictive(key, first, sequences, x, rule, learn, tail, state, out):  # type: ignore[no-untyped-def]
    weights, running, credit = state
    surprises, predictions = out
    k, gate, step, bits, memory, excess, gain = rule
    (neurons, n), length = weights.shape, sequences.shape[1]
    top = int64(1) << int64(bits)
    coarse = int64(bits)
    while coarse > 0 and (top >> coarse) < length:
        coarse -= 1
    # Streams of one sequence are nested, so they and all that is made of them are known by their counts.
    w_ones, x_ones = np.empty((neurons, n), np.int32), np.empty(n, np.int32)
    below = np.empty((top >> coarse) + 1, np.int32)  # numbers below each multiple of 2**coarse
    ordered, rank, opened = np.empty(length, np.uint32), np.empty(length, np.int64), np.zeros(length + 1, np.int32)
    scores, winners = np.empty((1, neurons)), np.empty((1, k), np.int64)
    winners[0] = np.arange(k)
    streams, thresholds = np.empty(k, np.uint64), np.full(k, gate, np.uint64)
    gates = np.empty((k, (length + 63) // 64), np.uint64)
    for t in range(x.shape[0]):
        if t == 0 or sequences.shape[0] > 1:
            order = np.argsort(sequences[t])
            for place in range(length):
                ordered[place], rank[order[place]] = sequences[t, order[place]], place
            place = 0
            for multiple in range(below.size):
                while place < length and int64(ordered[place]) < int64(multiple) << coarse:
                    place += 1
                below[multiple] = place
            for j in range(neurons):
                for i in range(n):
                    w_ones[j, i] = _ones(ordered, below, coarse, weights[j, i])
        for i in range(n):
            x_ones[i] = _ones(ordered, below, coarse, x[t, i])
        for j in range(neurons):
            surprise, row = int64(0), w_ones[j]
            for i in range(n):
                surprise += abs(row[i] - x_ones[i])
            surprises[t, j] = surprise
        if predictions.shape[0] > 0:
            predictions[t] = w_ones
        if not learn:
            continue
        for j in range(neurons):
            surprise = surprises[t, j]
            running[j] += surprise - (running[j] >> memory)
            scores[0, j] = -float((surprise << memory) - running[j] if excess else surprise)
        if k < neurons:
            largest_rows(scores, k, winners, 0, 1)
        for r in range(k):
            streams[r] = uint64(first + t) * uint64(neurons) + uint64(winners[0, r])
        bernoulli_rows(key, streams, thresholds, GATE_BITS, 0, tail, gates, 0, k)
        for r in range(k):
            j = winners[0, r]
            # opened[c]: cycles that count among those of the c smallest numbers.
            opened[:] = 0
            for w in range(gates.shape[1]):
                word = gates[r, w]
                while word:
                    cycle = w * 64 + int64(popcount64(~word & (word - uint64(1))))
                    word &= word - uint64(1)
                    if gain > 0:
                        credit[j] += gain
                        if credit[j] < running[j]:
                            continue
                        credit[j] = min(credit[j] - running[j], gain)
                    opened[rank[cycle] + 1] = 1
            for place in range(length):
                opened[place + 1] += opened[place]
            row, ones = weights[j], w_ones[j]
            for i in range(n):
                move = int64(opened[x_ones[i]] - opened[ones[i]])
                if move != 0:
                    row[i] = min(max(row[i] + (move << step), int64(0)), top)
                    ones[i] = _ones(ordered, below, coarse, row[i])


def predictive(
    key: int,
    first: int,
    sequences: Draws,
    x: Counts,
    rule: PredictiveRule,
    learn: bool,
    trace: bool,
    weights: Counts,
    running: Counts,
    credit: Counts,
) -> tuple[Counts, CycleCounts, Counts, Counts, Counts]:
    surprises = np.empty((len(x), len(weights)), np.int64)
    predictions = np.empty((len(x) if trace else 0, *weights.shape), np.int32)
    state, out = (weights.copy(), running.copy(), credit.copy()), (surprises, predictions)
    _predictive(np.uint64(key), first, sequences, x, tuple(rule), learn, tail_mask(sequences.shape[1]), state, out)
    return *out, *state
