"""Counts of ones in words and in products of words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..packing import Bits, Words, unpack

Counts = NDArray[np.int64]


class Wiring(NamedTuple):
    """Which streams meet: synapses ``indptr[j]:indptr[j+1]`` feed neuron j (the CSR layout).

    Synapse k joins input stream ``inputs[k]`` with weight stream ``weights[k]``.
    """

    indptr: NDArray[np.int64]
    inputs: NDArray[np.int64]
    weights: NDArray[np.int64]


def popcount(words: Words) -> Counts:
    """Ones in each stream: ``(..., W)`` to ``(...)``."""
    return np.asarray(unpack(words, 64 * words.shape[-1]).sum(-1, dtype=np.int64))


def and_counts(x: Words, w: Words) -> Counts:
    """Ones of ``x AND w`` over all inputs: ``(G, B, n, W)`` and ``(G, M, n, W)`` to ``(G, B, M)``."""
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbnt,gmnt->gbm", x_bits, w_bits))


def window_counts(x: Words, w: Words, windows: NDArray[np.int64]) -> Counts:
    """As `and_counts`, with inputs that are windows of shared lines: ``(G, B, K, P, M)``.

    `x` is ``(G, B, N, W)``, `w` ``(G, K, M, n, W)``: line ``windows[k, p, i]`` of N is input i of
    window p, which meets the M neurons of part k.
    """
    x_bits, w_bits = (unpack(words, 64 * words.shape[-1]).astype(np.int64) for words in (x, w))
    return np.asarray(np.einsum("gbkpnt,gkmnt->gbkpm", x_bits[:, :, windows], w_bits))


def synapse_bits(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Bits:
    left, right = unpack(x, length)[:, :, wiring.inputs], unpack(w, length)[:, None, wiring.weights]
    return left ^ right ^ np.uint8(1) if xnor else left & right


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    """As `and_counts`, over the synapses of a wiring: ``(G, B, S, W)``, ``(G, N, W)`` to ``(G, B, M)``."""
    per_synapse = popcount(x[:, :, wiring.inputs] & w[:, None, wiring.weights])
    return per_neuron(per_synapse, wiring)


def per_neuron(values: NDArray[np.int64], wiring: Wiring) -> Counts:
    """Sums ``(G, B, M)`` over each neuron's synapses, the third axis of `values`."""
    running = np.cumsum(values, axis=2)
    running = np.insert(running, 0, 0, axis=2)
    return running[:, :, wiring.indptr[1:]] - running[:, :, wiring.indptr[:-1]]
