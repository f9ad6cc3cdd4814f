"""Predictive coding: streams of predictions that share the random numbers of their inputs, and their errors."""

import numpy as np

from ..packing import unpack
from ..types import GATE_BITS, Bits, Counts, CycleCounts, Draws, PredictiveRule
from .streams import bernoulli


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
    length, neurons = sequences.shape[1], len(weights)
    surprises = np.empty((len(x), neurons), np.int64)
    predictions = np.empty((len(x) if trace else 0, *weights.shape), np.int32)
    weights, running, credit = weights.copy(), running.copy(), credit.copy()
    for t in range(len(x)):
        sequence = sequences[t % len(sequences)]
        x_bits, w_bits = sequence < x[t][:, None], sequence < weights[..., None]
        errors = x_bits ^ w_bits
        surprise = surprises[t] = errors.sum((1, 2), dtype=np.int64)
        if trace:
            predictions[t] = w_bits.sum(-1)
        if not learn:
            continue
        running = running + surprise - (running >> rule.memory)
        score = (surprise << rule.memory) - running if rule.excess else surprise
        winners = np.sort(np.argsort(score, kind="stable")[: rule.k])
        streams = ((first + t) * neurons + winners).astype(np.uint64)
        gates = unpack(bernoulli(key, streams, np.full(len(winners), rule.gate, np.uint64), GATE_BITS, length), length)
        if rule.gain:
            gates, credit[winners] = _thinned(gates, rule.gain, running[winners], credit[winners])
        counted = errors[winners] & (gates[:, None] == 1)
        moves = np.where(counted, np.where(x_bits, 1, -1), 0).sum(-1)  # up where the input is 1, down where it is 0
        weights[winners] = np.clip(weights[winners] + (moves << rule.step), 0, 1 << rule.bits)
    return surprises, predictions, weights, running, credit


def _thinned(gates: Bits, gain: int, running: Counts, credit: Counts) -> tuple[Bits, Counts]:
    """Open cycles ``(R, L)`` that pass: each adds `gain` to the credit, and one that can be paid `running` passes."""
    passed = np.zeros_like(gates)
    for t in range(gates.shape[1]):
        credit = credit + np.where(gates[:, t] == 1, gain, 0)
        passes = (gates[:, t] == 1) & (credit >= running)
        credit = np.where(passes, np.minimum(credit - running, gain), credit)
        passed[:, t] = passes
    return passed, credit
