"""Neurons whose synapses learn."""

from typing import NamedTuple

import numpy as np

from ..membrane import Floats, Membrane, raised, settled
from ..packing import Bits, Words, unpack
from ..plasticity import (
    Competition,
    Pause,
    Plasticity,
    coincidence_gates,
    middles,
    moved,
    pair_gates,
    rewarded,
    synapse_numbers,
)
from .neurons import standard_normals
from .products import Counts
from .selection import largest


class LearningKeys(NamedTuple):
    """Keys of what is random in a learning layer."""

    noise: int
    weights: int
    gates: int


class LearningState(NamedTuple):
    """State of n inputs, M neurons, and the synapses between them; `eligibility` is ``(0, 0)`` without reward."""

    p: Floats
    """Weights ``(M, n)``, as shares of their range."""
    threshold: Floats
    """What spikes have added to the thresholds ``(M,)``."""
    v: Floats
    wait: Counts
    pre: Floats
    """Traces of the inputs ``(n,)``, of the neurons ``(M,)``."""
    post: Floats
    eligibility: Floats


def learn(
    keys: LearningKeys,
    words: Words,
    numbers: Floats,
    bits: int,
    levels: Floats,
    reward: Floats,
    first: int,
    length: int,
    learning: bool,
    membrane: Membrane,
    rule: Plasticity,
    competition: Competition,
    pause: Pause,
    state: LearningState,
) -> tuple[Bits, LearningState]:
    """Samples one after another: input streams ``(S, n, W)`` to spikes ``(S, M, L)`` and the new state.

    The samples are numbers `first`, `first` + 1, ..; cycle t of sample s is step ``s * L + t`` of the noise and of
    the random numbers. A weight's bit is 1 while the middle of its number's step is at most p: `numbers` ``(L,)``
    are such middles for all synapses; without them, each synapse has random words of its own, read to `bits` bits.
    `levels` ``(n + 1,)`` are the currents of the counts, `reward` ``(S, L)`` is read where the rule is modulated.

    A cycle: traces and thresholds decay, neurons are raised, who reached the threshold spikes; then the gates move
    the weights; then the spikes are added to the traces and to the thresholds. With `winners`, a cycle in which
    neurons reach the threshold spares those that are highest above their own (of equals the first ones): of them
    spikes who reached it, and all others go to rest, for at least `inhibition` steps more.
    """
    p, theta, v, wait, x, y, e = state
    (samples, n), rows = words.shape[:2], len(v)
    inputs = unpack(words, length).astype(np.float64)
    spikes = np.empty((samples, rows, length), np.uint8)
    for s, t in np.ndindex(samples, length):
        cycle, pre = (first + s) * length + t, inputs[s, :, t]
        if t == 0:
            v = membrane.v_rest + (v - membrane.v_rest) * pause.membrane
            wait = np.maximum(wait - pause.steps, 0)
            x, y, e = x * pause.pre, y * pause.post, e * pause.eligibility
            theta = theta * pause.threshold if learning else theta
        x, y = x * rule.keep_pre, y * rule.keep_post
        theta = theta * competition.keep if learning else theta
        drawn = numbers[t] if numbers.size else middles(synapse_numbers(keys.weights, rows, n, cycle), bits)
        current = levels[((drawn <= p) * pre).sum(1).astype(np.int64)]
        noise = standard_normals(keys.noise, rows, cycle, cycle + 1)[:, 0] if membrane.noise else np.zeros(rows)
        drive = membrane.resistance * current * membrane.dt
        up = raised(v, drive, membrane.noise * noise, membrane.v_rest, membrane.dt, membrane.tau_mem)
        threshold = membrane.v_threshold + theta
        fired, spared = (wait <= 0) & (up >= threshold), np.ones(rows, bool)
        if competition.winners and fired.any():
            above = np.where(wait > 0, membrane.v_rest, up) - threshold
            spared[:] = False
            spared[largest(above[None], competition.winners)] = True
            fired &= spared
        v, wait = settled(up, wait, fired, threshold, membrane)
        v = np.where(spared, v, membrane.v_rest)
        wait = np.where(spared, wait, np.maximum(wait, competition.inhibition))
        spikes[s, :, t] = fired
        post = fired.astype(np.float64)
        if learning:
            if rule.coincidence:
                gates = coincidence_gates(pre, post, rule.up, rule.down)
            else:
                gates = pair_gates(x, y, pre, post, rule.up, rule.down)
            if rule.modulated:
                e, gates = rewarded(e, gates, float(reward[s, t]), rule.keep_eligibility)
            p = moved(p, gates, None if rule.deterministic else synapse_numbers(keys.gates, rows, n, cycle), rule)
            theta = theta + competition.adaptation * post
        x, y = x + pre, y + post
    return spikes, LearningState(p, theta, v, wait, x, y, e)
