"""Reservoirs: recurrent neurons whose states are encoded as streams anew at every step.

Samples of a batch are spread over threads, each with a loop over time of its own. Where there are fewer of them than
threads, and a step is work enough, the lines of each step are spread instead.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import int64, uint64

from ..addresses import RESERVOIR
from ..packing import tail_mask, words_for
from ..threads import over_rows, spread_within, summed_over
from ..types import (
    BIPOLAR,
    SPLIT,
    UNIPOLAR,
    Activation,
    Coding,
    Counts,
    Draws,
    Floats,
    Numeric,
    RandomStreams,
    Synapses,
    Words,
)
from .bernoulli import bernoulli_rows
from .fresh_weights import fresh_line_counts, line_scratch
from .intrinsics import philox_lanes, popcount64
from .jit import LANES, counter, inline, jit, put

_MANY_BITS = 1 << 31


@inline
def _philox_at(key, first, step, sample, lanes):  # type: ignore[no-untyped-def]
    """Words of the calls ``first`` .. ``first + LANES - 1`` of a step of a sample."""
    for lane in range(uint64(LANES)):
        put(lanes, lane, counter(RESERVOIR, (uint64(first) + lane, uint64(step), uint64(sample))))
    philox_lanes(key, lanes)


@jit
def _encode(inputs, state, coding, step, sample, lanes, thresholds, signs):  # type: ignore[no-untyped-def]
    """Threshold and sign of every line: inputs, states, and the constant 1 of a bias if there is one."""
    kind, bits, stochastic, rounding_key, _, _ = coding
    scale, n_inputs, n = 2.0**bits, inputs.size, inputs.size + state.size
    for first in range(0, thresholds.size, 4 * LANES):
        if stochastic:
            _philox_at(rounding_key, first // 4, step, sample, lanes)
        for i in range(first, min(first + 4 * LANES, thresholds.size)):
            value = inputs[i] if i < n_inputs else state[i - n_inputs] if i < n else 1.0
            signs[i] = -1 if kind == SPLIT and value < 0.0 else 1
            exact = ((value + 1.0) / 2.0 if kind == BIPOLAR else abs(value)) * scale
            if stochastic:
                low = math.floor(exact)
                draw = lanes[(i % 4) * LANES + (i - first) // 4]
                thresholds[i] = uint64(low) + uint64(np.float64(draw) < (exact - low) * 2.0**32)
            else:
                thresholds[i] = uint64(math.floor(exact + 0.5))


@jit
def _ones_by_rank(sequence, word, threshold, sign, kind, row):  # type: ignore[no-untyped-def]
    """Products of a stream with all weight streams: running counts of its ones in the order of the weights' numbers."""
    length = sequence.size
    ones = row[0] - row[0]
    if kind == SPLIT:
        row[length] = ones
        for k in range(length):
            ones += uint64(sequence[k] ^ word) < threshold
            row[length + 1 + k] = sign * ones
            row[length - 1 - k] = -sign * ones
        return
    row[0] = ones
    for k in range(length):
        ones += uint64(sequence[k] ^ word) < threshold
        row[k + 1] = ones
    if kind == BIPOLAR:
        for k in range(length + 1):
            row[k] = 4 * row[k] - 2 * ones - 2 * k + length


@jit
def _add(row, codes, totals):  # type: ignore[no-untyped-def]
    for j in range(totals.size):
        totals[j] += row[codes[j]]


@jit
def _ones_below(sequence, word, highest):  # type: ignore[no-untyped-def]
    ones = int64(0)
    for k in range(sequence.size):
        ones += (sequence[k] ^ word) <= highest
    return ones


@jit
def _add_sparse(sequence, word, threshold, sign, kind, codes, neurons, totals):  # type: ignore[no-untyped-def]
    """As `_ones_by_rank` and `_add` for a few weights of rising rank: the ones between one rank and the next."""
    length, at, ones, highest = sequence.size, int64(0), int64(0), np.uint32(threshold - uint64(1))
    every = int64(0)
    if kind == BIPOLAR and threshold > 0:
        every = _ones_below(sequence, word, highest)
    for j in range(codes.size):
        code = int64(codes[j]) - (length if kind == SPLIT else 0)
        rank = abs(code)
        if threshold > 0:
            ones += _ones_below(sequence[at:rank], word, highest)
        at = rank
        if kind == BIPOLAR:
            totals[neurons[j]] += 4 * ones - 2 * every - 2 * rank + length
        else:
            totals[neurons[j]] += -sign * ones if code < 0 else sign * ones


@jit
def _activate(totals, activation, state, out):  # type: ignore[no-untyped-def]
    levels, lowest, leak = activation
    last = levels.size - 1
    for j in range(state.size):
        place = min(max(int64(totals[j]) - lowest, 0), last)
        state[j] = (1.0 - leak) * state[j] + leak * levels[place]
        out[j] = state[j]


@jit
def _meet_shared(run, coding, b, t, thresholds, signs):  # type: ignore[no-untyped-def]
    """Thresholds and signs of all lines at step t of sample b; the word of the digital shift."""
    inputs, state, step = run
    lanes = np.empty(4 * LANES, np.uint64)
    _encode(inputs[b, t], state[b], coding, step + t, b, lanes, thresholds, signs)
    if not coding[4]:
        return np.uint32(0)
    _philox_at(coding[5], 0, step + t, b, lanes)
    return np.uint32(lanes[0] >> uint64(32 - coding[1]))


@jit
def _add_shared(word, thresholds, signs, synapses, sequences, kind, totals, start, stop):  # type: ignore[no-untyped-def]
    """Add the products of the lines start to stop to the totals of the neurons."""
    indptr, neurons, codes = synapses
    row = np.empty(2 * sequences.shape[1] + 1, totals.dtype)
    for i in range(start, stop):
        first, last = indptr[i], indptr[i + 1]
        line = sequences[0 if sequences.shape[0] == 1 else i]
        if neurons.size:
            parts = codes[first:last], neurons[first:last]
            _add_sparse(line, word, thresholds[i], signs[i], kind, parts[0], parts[1], totals)
        else:
            _ones_by_rank(line, word, thresholds[i], signs[i], kind, row)
            _add(row, codes[first:last], totals)


@jit
def _shared(run, synapses, sequences, coding, activation, nothing, out, start, stop):  # type: ignore[no-untyped-def]
    lines, state = synapses[0].size - 1, run[1]
    thresholds, signs = np.empty(lines, np.uint64), np.empty(lines, np.int64)
    totals = np.empty(state.shape[1], nothing.dtype)
    for b in range(start, stop):
        for t in range(out.shape[1]):
            word = _meet_shared(run, coding, b, t, thresholds, signs)
            totals[:] = 0
            _add_shared(word, thresholds, signs, synapses, sequences, coding[0], totals, 0, lines)
            _activate(totals, activation, state[b], out[b, t])


def reservoir_shared(
    inputs: Floats,
    state: Floats,
    step: int,
    synapses: Synapses,
    sequences: Draws,
    coding: Coding,
    activation: Activation,
) -> Floats:
    out = np.empty((*inputs.shape[:2], state.shape[1]))
    lines, length = len(synapses.indptr) - 1, sequences.shape[1]
    kind = np.int64 if 4 * lines * length >= _MANY_BITS else np.int32
    run, wires, code, levels = (inputs, state.copy(), step), tuple(synapses), _plain(coding), tuple(activation)
    work = lines * length + synapses.codes.size
    if not spread_within(len(out), work):
        args = run, wires, sequences, code, levels, np.empty(0, kind), out
        over_rows(_shared, args, len(out), out.shape[0] * out.shape[1] * work)
        return out
    thresholds, signs = np.empty(lines, np.uint64), np.empty(lines, np.int64)

    def totals(b: int, t: int) -> Counts:
        word = _meet_shared(run, code, b, t, thresholds, signs)
        args = word, thresholds, signs, wires, sequences, coding.kind
        return summed_over(_add_shared, args, lines, work, np.zeros(state.shape[1], kind))

    return _stepped(totals, run[1], levels, out)


def _stepped(
    totals: Callable[[int, int], Counts], state: Floats, activation: tuple[object, ...], out: Floats
) -> Floats:
    """States `out` ``(B, T, n)``, step by step; ``totals(b, t)`` are the sums of step t of sample b."""
    for b in range(out.shape[0]):
        for t in range(out.shape[1]):
            _activate(totals(b, t), activation, state[b], out[b, t])
    return out


@jit
def _line_counts(x, words, xnor, tail, counts):  # type: ignore[no-untyped-def]
    """Ones of the products of a stream ``(W,)`` with streams ``(W, m)``."""
    counts[:] = uint64(0)
    last = x.size - 1
    if xnor:
        for w in range(x.size):
            word, piece, mask = x[w], words[w], tail if w == last else ~uint64(0)
            for j in range(counts.size):
                counts[j] += popcount64(~(word ^ piece[j]) & mask)
        return
    fours = x.size // 4 * 4
    for w in range(0, fours, 4):  # four words for each load and store of a count
        p, q, r, s = x[w], x[w + 1], x[w + 2], x[w + 3]
        first, second, third, fourth = words[w], words[w + 1], words[w + 2], words[w + 3]
        for j in range(counts.size):
            ones = popcount64(p & first[j]) + popcount64(q & second[j])
            counts[j] += ones + popcount64(r & third[j]) + popcount64(s & fourth[j])
    for w in range(fours, x.size):
        word, piece = x[w], words[w]
        for j in range(counts.size):
            counts[j] += popcount64(word & piece[j])


@jit
def _add_counts(counts, codes, neurons, sign, kind, length, totals):  # type: ignore[no-untyped-def]
    if kind == BIPOLAR:
        for j in range(counts.size):
            totals[neurons[j] if neurons.size else j] += 2 * int64(counts[j]) - length
    elif neurons.size:
        for j in range(counts.size):
            totals[neurons[j]] += -sign * int64(counts[j]) if codes[j] < 0 else sign * int64(counts[j])
    else:
        for j in range(counts.size):
            totals[j] += -sign * int64(counts[j]) if codes[j] < 0 else sign * int64(counts[j])


@jit
def _meet_random(run, coding, b, t, thresholds, signs):  # type: ignore[no-untyped-def]
    """Thresholds and signs of all lines at step t of sample b; the number that their streams have in common."""
    inputs, state, step = run
    _encode(inputs[b, t], state[b], coding, step + t, b, np.empty(4 * LANES, np.uint64), thresholds, signs)
    return uint64(b) << uint64(32) | uint64(step + t)


@jit
def _add_random(met, synapses, random, stored, coding, most, totals, start, stop):  # type: ignore[no-untyped-def]
    """Add the products of the lines start to stop, of at most `most` synapses, to the totals of the neurons."""
    sample, thresholds, signs = met
    indptr, neurons, codes = synapses
    kind, bits = coding[0], coding[1]
    input_key, weight_key, apart, length, tail, n_words = random
    lines = indptr.size - 1
    streams, x = np.empty(stop - start, np.uint64), np.empty((stop - start, n_words), np.uint64)
    counts, scratch = np.empty(most, np.uint64), line_scratch(n_words)
    for i in range(start, stop):
        streams[i - start] = sample * uint64(lines) + (uint64(i) if apart else uint64(0))
    bernoulli_rows(input_key, streams, thresholds[start:stop], bits, 0, tail, x, 0, stop - start)
    for i in range(start, stop):
        first, m = indptr[i], indptr[i + 1] - indptr[i]
        if stored.size:
            piece = stored[n_words * first : n_words * (first + m)]
            _line_counts(x[i - start], piece.reshape(n_words, m), kind == BIPOLAR, tail, counts[:m])
        else:
            before = sample * uint64(codes.size) + (uint64(first) if apart else uint64(0))
            weights = weight_key, before, apart, codes[first : first + m], bits
            fresh_line_counts(x[i - start], weights, tail, kind == BIPOLAR, scratch, counts[:m])
        _add_counts(counts[:m], codes[first : first + m], neurons[first : first + m], signs[i], kind, length, totals)


@jit
def _random(run, synapses, random, stored, coding, activation, most, out, start, stop):  # type: ignore[no-untyped-def]
    lines, state = synapses[0].size - 1, run[1]
    thresholds, signs = np.empty(lines, np.uint64), np.empty(lines, np.int64)
    totals = np.empty(state.shape[1], np.int64)
    for b in range(start, stop):
        for t in range(out.shape[1]):
            met = _meet_random(run, coding, b, t, thresholds, signs), thresholds, signs
            totals[:] = 0
            _add_random(met, synapses, random, stored, coding, most, totals, 0, lines)
            _activate(totals, activation, state[b], out[b, t])


def reservoir_random(
    inputs: Floats,
    state: Floats,
    step: int,
    synapses: Synapses,
    streams: RandomStreams,
    stored: Words,
    coding: Coding,
    activation: Activation,
) -> Floats:
    out = np.empty((*inputs.shape[:2], state.shape[1]))
    length, n_words = streams.length, words_for(streams.length)
    keys = np.uint64(streams.input_key), np.uint64(streams.weight_key)
    random = (*keys, streams.apart, length, tail_mask(length), n_words)
    run, wires, code, levels = (inputs, state.copy(), step), tuple(synapses), _plain(coding), tuple(activation)
    lines, most = len(synapses.indptr) - 1, int(np.diff(synapses.indptr).max(initial=0))
    work = n_words * synapses.codes.size
    if not spread_within(len(out), work):
        args = run, wires, random, stored, code, levels, most, out
        over_rows(_random, args, len(out), out.shape[0] * out.shape[1] * work)
        return out
    thresholds, signs = np.empty(lines, np.uint64), np.empty(lines, np.int64)

    def totals(b: int, t: int) -> Counts:
        met = np.uint64(_meet_random(run, code, b, t, thresholds, signs)), thresholds, signs
        args = met, wires, random, stored, code, most
        return summed_over(_add_random, args, lines, work, np.zeros(state.shape[1], np.int64))

    return _stepped(totals, run[1], levels, out)


def _plain(coding: Coding) -> tuple[int, int, bool, np.uint64, bool, np.uint64]:
    kind, bits, stochastic, rounding_key, shifted, shift_key = coding
    return kind, bits, stochastic, np.uint64(rounding_key), shifted, np.uint64(shift_key)


@jit
def _floats(drive, state, matrix, kind, scale, squash, leak, start, stop):  # type: ignore[no-untyped-def]
    dense, data, columns, indptr = matrix
    n, low = state.shape[1], 0.0 if kind == UNIPOLAR else -1.0
    met, pre = np.empty(n), np.empty(n)
    for b in range(start, stop):
        x = state[b]
        for t in range(drive.shape[1]):
            met[:] = x
            if scale:
                for j in range(n):
                    met[j] = _quantised(x[j], kind, scale)
            if dense.size:
                np.dot(dense, met, pre)
            else:
                for j in range(n):
                    pre[j] = 0.0
                    for k in range(indptr[j], indptr[j + 1]):
                        pre[j] += data[k] * met[columns[k]]
            out = drive[b, t]
            for j in range(n):
                value = pre[j] + out[j]
                value = math.tanh(value) if squash else min(max(value, low), 1.0)
                x[j] = (1.0 - leak) * x[j] + leak * value
                out[j] = x[j]


@inline
def _quantised(value, kind, scale):  # type: ignore[no-untyped-def]
    if kind == BIPOLAR:
        return 2.0 * (math.floor((value + 1.0) / 2.0 * scale + 0.5) / scale) - 1.0
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


def reservoir_floats(
    drive: Floats, state: Floats, matrix: Numeric, kind: int, scale: float, squash: bool, leak: float
) -> Floats:
    out, nothing = np.array(drive), np.empty(0)
    if isinstance(matrix, np.ndarray):
        parts = np.ascontiguousarray(matrix), nothing, np.empty(0, np.int64), np.empty(0, np.int64)
    else:
        places = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
        parts = np.empty((0, 0)), np.ascontiguousarray(matrix.data), *places
    args = out, state.copy(), parts, kind, float(scale), squash, float(leak)
    over_rows(_floats, args, len(out), out.size * state.shape[1])
    return out
