"""Counts of ones in words and in products of words."""

import numpy as np

from ..packing import unpack
from ..types import Bits, Counts, FreshWeights, Indices, Rows, SharedWeights, Wiring, Words
from .streams import bernoulli


def popcount(words: Words) -> Counts:
    return np.asarray(unpack(words, 64 * words.shape[-1]).sum(-1, dtype=np.int64))


def and_counts(x: Words, w: Words) -> Counts:
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbnt,gmnt->gbm", x_bits, w_bits))


def table_counts(x: Words, table: Words, rows: Rows, inverted: int) -> Counts:
    counts = np.empty((len(x), len(rows)), np.int64)
    for j, own in enumerate(rows):
        below = (own >= inverted) if inverted else np.zeros(len(own), np.bool_)
        counts[:, j] = popcount(x & table[own]).sum(1) - popcount(x)[:, below].sum(1)
    return counts


def window_counts(x: Words, w: Words, windows: Indices, length: int) -> Counts:
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbkpnt,gkmnt->gbkpm", x_bits[:, :, windows], w_bits))


def synapse_bits(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Bits:
    _, inputs, weights = wiring.spelled_out()
    left, right = unpack(x, length)[:, :, inputs], unpack(w, length)[:, None, weights]
    return left ^ right ^ np.uint8(1) if xnor else left & right


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    _, inputs, weights = wiring.spelled_out()
    per_synapse = popcount(x[:, :, inputs] & w[:, None, weights])
    return per_neuron(per_synapse, wiring)


def fresh_counts(x: Words, indptr: Indices, inputs: Indices, weights: FreshWeights, length: int, xnor: bool) -> Counts:
    key, samples, apart, codes, bits = weights
    numbers = samples.astype(np.uint64)[:, None] * np.uint64(codes.size)
    streams = numbers + np.arange(codes.size, dtype=np.uint64) * np.uint64(apart)
    thresholds = np.broadcast_to(np.abs(codes).astype(np.uint64), streams.shape)
    words = bernoulli(key, streams.reshape(-1), thresholds.reshape(-1), bits, length)
    made = words.reshape(*streams.shape, x.shape[-1])
    lines = inputs if inputs.size else np.arange(codes.size) % x.shape[2]
    wiring = Wiring(indptr, lines, np.arange(codes.size))
    ones = synapse_bits(x, made, wiring, length, xnor).sum(-1, dtype=np.int64)
    return per_neuron(ones * np.where(codes < 0, -1, 1), wiring)


def shared_counts(
    x: Words, indptr: Indices, neurons: Indices, weights: SharedWeights, length: int, xnor: bool
) -> Counts:
    key, samples, n_neurons, codes, bits = weights
    n = x.shape[2]
    lines = np.repeat(np.arange(n), np.diff(indptr))
    streams = samples.astype(np.uint64)[:, None] * np.uint64(n) + lines.astype(np.uint64)
    thresholds = np.broadcast_to(np.abs(codes).astype(np.uint64), streams.shape)
    words = bernoulli(key, streams.reshape(-1), thresholds.reshape(-1), bits, length)
    wiring = Wiring(indptr, lines, np.arange(codes.size))
    ones = synapse_bits(x, words.reshape(*streams.shape, x.shape[-1]), wiring, length, xnor).sum(-1, dtype=np.int64)
    fed = neurons if neurons.size else np.tile(np.arange(n_neurons), n)
    out = np.zeros((*x.shape[:2], n_neurons), np.int64)
    np.add.at(np.moveaxis(out, 2, 0), fed, np.moveaxis(ones * np.where(codes < 0, -1, 1), 2, 0))
    return out


def per_neuron(values: Indices, wiring: Wiring) -> Counts:
    """Sums ``(G, B, M)`` over each neuron's synapses, the third axis of `values`."""
    running = np.cumsum(values, axis=2)
    running = np.insert(running, 0, 0, axis=2)
    return running[:, :, wiring.indptr[1:]] - running[:, :, wiring.indptr[:-1]]
