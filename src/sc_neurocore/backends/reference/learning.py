"""Neurons whose synapses learn."""

import numpy as np

from ..membrane import fire_and_reset, integrate
from ..packing import unpack
from ..plasticity import coincidence_gates, pair_gates, rewarded, synapse_words, updated_weights
from ..plasticity import midpoints as midpoints_of
from ..types import Bits, Floats, LearningModel, LearningState, Words
from .neurons import standard_normals
from .selection import largest


def learn(
    model: LearningModel,
    words: Words,
    midpoints: Floats,
    reward: Floats,
    first: int,
    learning: bool,
    state: LearningState,
) -> tuple[Bits, LearningState]:
    keys, length, bits, levels, membrane, rule, competition, pause = model
    p, theta, v, refractory_left, x, y, e = state
    (samples, n), rows = words.shape[:2], len(v)
    inputs = unpack(words, length).astype(np.float64)
    spikes = np.empty((samples, rows, length), np.uint8)
    for s, t in np.ndindex(samples, length):
        cycle, pre = (first + s) * length + t, inputs[s, :, t]
        if t == 0:
            v = membrane.v_rest + (v - membrane.v_rest) * pause.membrane
            refractory_left = np.maximum(refractory_left - pause.steps, 0)
            x, y, e = x * pause.pre, y * pause.post, e * pause.eligibility
            theta = theta * pause.threshold if learning else theta
        x, y = x * rule.keep_pre, y * rule.keep_post
        theta = theta * competition.keep if learning else theta
        drawn = midpoints[t] if midpoints.size else midpoints_of(synapse_words(keys.weights, rows, n, cycle), bits)
        current = levels[((drawn <= p) * pre).sum(1).astype(np.int64)]
        noise = standard_normals(keys.noise, rows, cycle, cycle + 1)[:, 0] if membrane.noise else np.zeros(rows)
        drive = membrane.resistance * current * membrane.dt
        risen = integrate(v, drive, membrane.noise * noise, membrane.v_rest, membrane.dt, membrane.tau_mem)
        threshold = membrane.v_threshold + theta
        fired, wins = (refractory_left <= 0) & (risen >= threshold), np.ones(rows, bool)
        if competition.winners and fired.any():
            above = np.where(refractory_left > 0, membrane.v_rest, risen) - threshold
            wins[:] = False
            wins[largest(above[None], competition.winners)] = True
            fired &= wins
        v, refractory_left = fire_and_reset(
            np.where, risen, refractory_left, fired, threshold,
            membrane.v_rest, membrane.v_reset, membrane.refractory, membrane.soft,
        )  # fmt: skip
        v = np.where(wins, v, membrane.v_rest)
        refractory_left = np.where(wins, refractory_left, np.maximum(refractory_left, competition.inhibition))
        spikes[s, :, t] = fired
        post = fired.astype(np.float64)
        if learning:
            if rule.coincidence:
                gates = coincidence_gates(pre, post, rule.up, rule.down)
            else:
                gates = pair_gates(x, y, pre, post, rule.up, rule.down)
            if rule.modulated:
                e, gates = rewarded(e, gates, float(reward[s, t]), rule.keep_eligibility)
            p = updated_weights(
                p, gates, None if rule.deterministic else synapse_words(keys.gates, rows, n, cycle), rule
            )
            theta = theta + competition.adaptation * post
        x, y = x + pre, y + post
    return spikes, LearningState(p, theta, v, refractory_left, x, y, e)
