"""Predictions that share the random numbers of their inputs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..packing import Bits, unpack
from .products import Counts
from .streams import bernoulli

GATE_BITS = 24
"""Binary digits of the probability with which a counter of `predictive` counts."""


class PredictiveRule(NamedTuple):
    """How the weights of `predictive` learn.

    The `k` neurons of the smallest score learn: the score is the surprise, or with `excess` the surprise less its
    running average over 2**memory samples. A gate is open with probability ``gate / 2**GATE_BITS``. A counter of
    `bits` bits, 0 .. 2**bits, moves by 2**step. With `gain` above 0, only every (running / gain)-th open cycle counts.
    """

    k: int
    gate: int
    step: int
    bits: int
    memory: int
    excess: bool
    gain: int


def predictive(
    key: int,
    first: int,
    sequences: NDArray[np.uint32],
    x: Counts,
    rule: PredictiveRule,
    learn: bool,
    trace: bool,
    weights: Counts,
    running: Counts,
    credit: Counts,
) -> tuple[Counts, NDArray[np.int32], Counts, Counts, Counts]:
    """Streams of inputs and of predictions, made of one sequence, XORed; counters follow the differences.

    Sample t, number ``first + t``, has the thresholds ``x[t]`` ``(n,)`` and the sequence ``sequences[t]``, or
    ``sequences[0]`` if there is only one. Neuron j has the counters ``weights[j]`` ``(n,)``; ``running[j]`` is
    2**memory times the running average of its surprise, ``credit[j]`` what `gain` has saved up.

    Returns the surprises ``(T, M)``, ones after the XOR gates; with `trace` the ones of the predictions
    ``(T, M, n)``, else ``(0, M, n)``; and the new weights, running sums and credits.
    """
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
