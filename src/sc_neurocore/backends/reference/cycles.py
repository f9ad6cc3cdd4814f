"""What the neurons of a layer see in each cycle: sums, OR, MUX."""

import numpy as np
from numpy.typing import NDArray

from ..packing import Words, pack
from .products import Wiring, per_neuron, synapse_bits


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> NDArray[np.int32]:
    """Products that are 1 in each cycle: ``(G, B, M, L)``; AND gates, or XNOR gates."""
    bits = synapse_bits(x, w, wiring, length, xnor).astype(np.int64)
    return per_neuron(bits, wiring).astype(np.int32)


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    """OR of each neuron's products: streams ``(G, B, M, W)``."""
    return pack(cycle_counts(x, w, wiring, length, xnor) > 0)


def mux_streams(x: Words, w: Words, wiring: Wiring, select: NDArray[np.uint32], length: int, xnor: bool) -> Words:
    """One product a cycle: streams ``(G, B, M, W)`` from `select` ``(G, B, L)``.

    A neuron with f synapses takes number ``floor(select / 2**32 * f)``; without synapses it gives 0.
    """
    bits = synapse_bits(x, w, wiring, length, xnor)
    out = np.zeros((*bits.shape[:2], len(wiring.indptr) - 1, length), np.uint8)
    for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
        if stop > start:
            chosen = start + (select.astype(np.uint64) * np.uint64(stop - start) >> np.uint64(32)).astype(np.int64)
            out[:, :, j] = np.take_along_axis(bits, chosen[:, :, None, :], axis=2)[:, :, 0]
    return pack(out)
