"""Reservoirs of streams."""

from collections.abc import Callable

import numpy as np

from ..addresses import RESERVOIR, random_words
from ..packing import unpack
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
    Thresholds,
    Words,
)
from .streams import bernoulli

MASK_64 = (1 << 64) - 1


def reservoir_shared(
    inputs: Floats,
    state: Floats,
    step: int,
    synapses: Synapses,
    sequences: Draws,
    coding: Coding,
    activation: Activation,
) -> Floats:
    length = sequences.shape[1]
    cycle = np.arange(length)

    def totals(sample: int, at: int, thresholds: Thresholds, signs: Counts) -> Counts:
        word = (
            random_words(coding.shift_key, RESERVOIR, 0, at, sample)[0] >> np.uint32(32 - coding.bits)
            if coding.shifted
            else 0
        )
        x = (sequences ^ np.uint32(word)) < thresholds[:, None]
        codes = synapses.codes.astype(np.int64) - (length if coding.kind == SPLIT else 0)
        w = cycle < np.abs(codes)[:, None]
        return _reservoir_totals(x, w, np.sign(codes), signs, synapses, coding.kind, state.shape[1])

    return _reservoir(inputs, state, step, len(synapses.indptr) - 1, coding, activation, totals)


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
    lines, n_synapses, length = len(synapses.indptr) - 1, synapses.codes.size, streams.length
    n_words = -(-length // 64)
    memory = np.empty((n_synapses, n_words), np.uint64)
    if stored.size:
        for first, last in zip(synapses.indptr[:-1], synapses.indptr[1:], strict=True):
            memory[first:last] = stored[n_words * first : n_words * last].reshape(n_words, -1).T

    def totals(sample: int, at: int, thresholds: Thresholds, signs: Counts) -> Counts:
        base = sample << 32 | at
        places = [(base * lines + i * streams.apart) & MASK_64 for i in range(lines)]
        x = bernoulli(streams.input_key, np.array(places, np.uint64), thresholds, coding.bits, length)
        w = memory
        if not stored.size:
            places = [(base * n_synapses + k * streams.apart) & MASK_64 for k in range(n_synapses)]
            levels = np.abs(synapses.codes).astype(np.uint64)
            w = bernoulli(streams.weight_key, np.array(places, np.uint64), levels, coding.bits, length)
        weight_signs = np.where(synapses.codes < 0, -1, 1)
        bits = unpack(x, length), unpack(w, length)
        return _reservoir_totals(*bits, weight_signs, signs, synapses, coding.kind, state.shape[1])

    return _reservoir(inputs, state, step, lines, coding, activation, totals)


def reservoir_floats(
    drive: Floats, state: Floats, matrix: Numeric, kind: int, scale: float, squash: bool, leak: float
) -> Floats:
    out, x, low = np.empty_like(drive), state, 0.0 if kind == UNIPOLAR else -1.0
    for t in range(drive.shape[1]):
        met = x
        if scale and kind == BIPOLAR:
            met = 2 * (np.floor((x + 1) / 2 * scale + 0.5) / scale) - 1
        elif scale:
            met = np.copysign(np.floor(np.abs(x) * scale + 0.5) / scale, x)
        pre = drive[:, t] + (matrix @ met.T).T
        x = (1 - leak) * x + leak * (np.tanh(pre) if squash else np.clip(pre, low, 1))
        out[:, t] = x
    return out


def _reservoir_totals(
    x: Numeric,
    w: Numeric,
    weight_signs: Counts,
    signs: Counts,
    synapses: Synapses,
    kind: int,
    n: int,
) -> Counts:
    """Sums over the synapses of each neuron, from bits ``(lines, L)`` and ``(synapses, L)``."""
    lines = np.repeat(np.arange(len(synapses.indptr) - 1), np.diff(synapses.indptr))
    neurons = synapses.neurons if synapses.neurons.size else np.arange(len(lines)) % n
    met = x[lines].astype(bool), w.astype(bool)
    if kind == BIPOLAR:
        products = 2 * (met[0] == met[1]).sum(1) - x.shape[1]
    else:
        products = (met[0] & met[1]).sum(1)
        if kind == SPLIT:
            products = products * weight_signs * signs[lines]
    out = np.zeros(n, np.int64)
    np.add.at(out, neurons, products)
    return out


def _reservoir(
    inputs: Floats,
    state: Floats,
    step: int,
    lines: int,
    coding: Coding,
    activation: Activation,
    totals: Callable[[int, int, Thresholds, Counts], Counts],
) -> Floats:
    """States of reservoirs, a step after the other: encode, count (`totals`), activate."""
    levels, lowest, leak = activation
    out = np.empty((*inputs.shape[:2], state.shape[1]))
    for b, x in enumerate(state):
        for t, u in enumerate(inputs[b]):
            values = np.concatenate([u, x, np.ones(lines - u.size - x.size)])
            exact = (values + 1) / 2 if coding.kind == BIPOLAR else np.abs(values)
            exact = exact * 2.0**coding.bits
            thresholds = np.floor(exact + 0.5)
            if coding.stochastic:
                calls = np.arange(-(-lines // 4))
                draws = random_words(coding.rounding_key, RESERVOIR, calls, step + t, b).reshape(-1)[:lines]
                thresholds = np.floor(exact) + (draws < (exact - np.floor(exact)) * 2.0**32)
            signs = np.where((coding.kind == SPLIT) & (values < 0), -1, 1)
            found = totals(b, step + t, thresholds.astype(np.uint64), signs)
            x = (1 - leak) * x + leak * levels[np.clip(found - lowest, 0, levels.size - 1)]
            out[b, t] = x
    return out
