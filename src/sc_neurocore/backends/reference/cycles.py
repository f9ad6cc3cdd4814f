"""Products of a neuron joined cycle by cycle: parallel counters, OR gates, multiplexers."""

import numpy as np

from ..packing import pack
from ..types import Counts, CycleCounts, Draws, Wiring, Words
from .products import per_neuron, synapse_bits


def cycle_counts(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> CycleCounts:
    bits = synapse_bits(x, w, wiring, length, xnor).astype(np.int64)
    return per_neuron(bits, wiring).astype(np.int32)


def signed_sums(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool, signs: Counts, bipolar: bool) -> Counts:
    """Sums of the products of every cycle ``(G, B, M, L)``, which count as `kernels` says of `saturate`."""
    counts = cycle_counts(x, w, wiring, length, xnor).astype(np.int64)
    fan_in = np.diff(wiring.indptr)[: counts.shape[2] // signs.shape[1], None]
    by_rails = counts.reshape(len(x), x.shape[1] // signs.shape[0], *signs.shape, len(fan_in), length)
    sums = np.einsum("gbijmt,ij->gbmt", by_rails, signs)
    return np.asarray(2 * sums - fan_in if bipolar else sums)


def saturate(
    x: Words,
    w: Words,
    wiring: Wiring,
    length: int,
    xnor: bool,
    signs: Counts,
    bipolar: bool,
    two_level: bool,
) -> Counts:
    steps = signed_sums(x, w, wiring, length, xnor, signs, bipolar)
    signed = bipolar or (signs < 0).any()
    accumulator = np.zeros(steps.shape[:-1], np.int64)
    total = np.zeros(steps.shape[:-1], np.int64)
    for t in range(length):
        accumulator += steps[..., t]
        if two_level:
            out = np.where(accumulator >= 0, 1, -1)
        else:
            out = np.where(accumulator >= 1, 1, np.where(signed & (accumulator <= -1), -1, 0))
        accumulator -= out
        total += out
    return total


def or_streams(x: Words, w: Words, wiring: Wiring, length: int, xnor: bool) -> Words:
    return pack(cycle_counts(x, w, wiring, length, xnor) > 0)


def mux_streams(x: Words, w: Words, wiring: Wiring, select: Draws, length: int, xnor: bool) -> Words:
    bits = synapse_bits(x, w, wiring, length, xnor)
    out = np.zeros((*bits.shape[:2], len(wiring.indptr) - 1, length), np.uint8)
    for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
        if stop > start:
            chosen = start + (select.astype(np.uint64) * np.uint64(stop - start) >> np.uint64(32)).astype(np.int64)
            out[:, :, j] = np.take_along_axis(bits, chosen[:, :, None, :], axis=2)[:, :, 0]
    return pack(out)
