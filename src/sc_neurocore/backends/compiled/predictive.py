"""Predictive coding: streams of predictions, and their errors."""

import numpy as np
from numba import int64, uint64

from ..threads import over_rows, spread_within
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
def _tables(sequences, bits, n):  # type: ignore[no-untyped-def]
    """Memory for the tables of a sequence and of inputs.

    They are its numbers in ascending order, the place of each cycle's number among them, how many are below each
    multiple of 2**coarse, coarse, and the ones of the inputs' streams.
    """
    length, top, coarse = sequences.shape[1], int64(1) << int64(bits), int64(bits)
    while coarse > 0 and (top >> coarse) < length:
        coarse -= 1
    below = np.empty((top >> coarse) + 1, np.int32)
    return np.empty(length, np.uint32), np.empty(length, np.int64), below, coarse, np.empty(n, np.int32)


def _meet(sequence, x, new, tables):  # type: ignore[no-untyped-def]
    """Ones of the streams of the inputs' thresholds `x`; with `new`, the tables of the sequence before."""
    ordered, rank, below, coarse, x_ones = tables
    if new:
        order = np.argsort(sequence)
        for place in range(sequence.size):
            ordered[place], rank[order[place]] = sequence[order[place]], place
        place = 0
        for multiple in range(below.size):
            while place < sequence.size and int64(ordered[place]) < int64(multiple) << coarse:
                place += 1
            below[multiple] = place
    for i in range(x.size):
        x_ones[i] = _ones(ordered, below, coarse, x[i])


def _compare(t, new, tables, weights, w_ones, surprises, predictions, start, stop):  # type: ignore[no-untyped-def]
    """Surprises of the neurons start to stop in sample t, and their predictions where they are wanted.

    Streams of one sequence are nested, so they and all that is made of them are known by their counts: `w_ones`, made
    where the sequence is `new`.
    """
    ordered, _, below, coarse, x_ones = tables
    if new:
        for j in range(start, stop):
            for i in range(x_ones.size):
                w_ones[j, i] = _ones(ordered, below, coarse, weights[j, i])
    for j in range(start, stop):
        surprise, row = int64(0), w_ones[j]
        for i in range(x_ones.size):
            surprise += abs(row[i] - x_ones[i])
        surprises[t, j] = surprise
    if predictions.size:
        predictions[t, start:stop] = w_ones[start:stop]


@inline
def _open_cycles(words, gain, running, credit, j, rank, opened):  # type: ignore[no-untyped-def]
    """Into opened[c]: cycles of neuron j's gate that count among those of the c smallest numbers."""
    opened[:] = 0
    for w in range(words.size):
        word = words[w]
        while word:
            cycle = w * 64 + int64(popcount64(~word & (word - uint64(1))))
            word &= word - uint64(1)
            if gain > 0:
                credit[j] += gain
                if credit[j] < running[j]:
                    continue
                credit[j] = min(credit[j] - running[j], gain)
            opened[rank[cycle] + 1] = 1
    for place in range(rank.size):
        opened[place + 1] += opened[place]


@jit
def _for_learning(rule, neurons, length):  # type: ignore[no-untyped-def]
    """Memory for the scores of so many neurons, those that learn, and their gates."""
    k = min(rule[0], neurons)
    winners = np.empty((1, k), np.int64)
    winners[0] = np.arange(k)
    gates, opened = np.empty((k, (length + 63) // 64), np.uint64), np.empty(length + 1, np.int32)
    return np.empty((1, neurons)), winners, np.empty(k, np.uint64), np.full(k, rule[1], np.uint64), gates, opened


def _follow(key, number, rule, tables, surprises, state, w_ones, memory, start, stop):  # type: ignore[no-untyped-def]
    """Running averages of the neurons start to stop, and new weights of those k that learn in sample `number`."""
    weights, running, credit = state
    step, bits, shift, excess, gain = rule[2:]
    ordered, rank, below, coarse, x_ones = tables
    scores, winners, streams, thresholds, gates, opened = memory
    neurons, top, k = len(weights), int64(1) << int64(bits), winners.size
    for j in range(start, stop):
        surprise = surprises[j]
        running[j] += surprise - (running[j] >> shift)
        scores[0, j - start] = -float((surprise << shift) - running[j] if excess else surprise)
    if k < stop - start:
        largest_rows(scores, k, winners, 0, 1)
    for r in range(k):
        streams[r] = uint64(number) * uint64(neurons) + uint64(start + winners[0, r])
    tail = ~uint64(0) >> uint64(-rank.size % 64)
    bernoulli_rows(key, streams, thresholds, GATE_BITS, 0, tail, gates, 0, k)
    for r in range(k):
        j = start + winners[0, r]
        _open_cycles(gates[r], gain, running, credit, j, rank, opened)
        row, ones = weights[j], w_ones[j]
        for i in range(row.size):
            move = int64(opened[x_ones[i]] - opened[ones[i]])
            if move != 0:
                row[i] = min(max(row[i] + (move << step), int64(0)), top)
                ones[i] = _ones(ordered, below, coarse, row[i])


_meet_here, _compare_here, _follow_here = inline(_meet), inline(_compare), inline(_follow)
_meet_alone, _compare_alone, _follow_alone = jit(_meet), jit(_compare), jit(_follow)


@jit
def _predictive(key, first, given, rule, learn, state, out, start, stop):  # type: ignore[no-untyped-def]
    """All samples, of the neurons start to stop: all there are, or those of a layer without competition."""
    sequences, x = given
    surprises, predictions, w_ones = out
    tables = _tables(sequences, rule[3], x.shape[1])
    memory = _for_learning(rule, stop - start, sequences.shape[1])
    for t in range(len(x)):
        new = t == 0 or len(sequences) > 1
        _meet_here(sequences[t if new else 0], x[t], new, tables)
        _compare_here(t, new, tables, state[0], w_ones, surprises, predictions, start, stop)
        if learn:
            _follow_here(key, first + t, rule, tables, surprises[t], state, w_ones, memory, start, stop)


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
    state, w_ones = (weights.copy(), running.copy(), credit.copy()), np.empty(weights.shape, np.int32)
    fixed, out = (np.uint64(key), first, (sequences, x), tuple(rule), learn), (surprises, predictions, w_ones)
    neurons, work = len(weights), weights.size * (8 if len(sequences) > 1 else 1)
    if not learn or rule.k == neurons:
        over_rows(_predictive, (*fixed, state, out), neurons, len(x) * work)
    elif spread_within(1, work):
        _step_by_step(*fixed[:-1], state, out, work)
    else:
        _predictive(*fixed, state, out, 0, neurons)
    return surprises, predictions, *state


def _step_by_step(
    key: np.uint64,
    first: int,
    given: tuple[Draws, Counts],
    rule: tuple[int, ...],
    state: tuple[Counts, Counts, Counts],
    out: tuple[Counts, CycleCounts, CycleCounts],
    work: int,
) -> None:
    """As `_predictive`, of neurons that compete: they meet in every sample, and are compared by threads before."""
    (sequences, x), (surprises, predictions, w_ones) = given, out
    tables, neurons = _tables(sequences, rule[3], x.shape[1]), len(w_ones)
    memory = _for_learning(rule, neurons, sequences.shape[1])
    for t in range(len(x)):
        new = t == 0 or len(sequences) > 1
        _meet_alone(sequences[t if new else 0], x[t], new, tables)
        over_rows(_compare_alone, (t, new, tables, state[0], w_ones, surprises, predictions), neurons, work)
        _follow_alone(key, first + t, rule, tables, surprises[t], state, w_ones, memory, 0, neurons)
