"""The formulas of synapses that learn from the times of spikes, on NumPy arrays."""

import numpy as np

from .addresses import SYNAPSES, random_words
from .types import Draws, Floats, Plasticity


def synapse_words(key: int, n_neurons: int, n_inputs: int, cycle: int) -> Draws:
    """Random words ``(M, n)``: that of the synapse from input i to neuron j depends on (key, i, j, cycle) only."""
    inputs, neurons = np.arange(n_inputs), np.arange(n_neurons)[:, None]
    return random_words(key, SYNAPSES, inputs, neurons, cycle // 4)[..., cycle % 4]


def midpoints(words: Draws, bits: int) -> Floats:
    """Random words read to `bits` bits, as numbers in (0, 1): the midpoints of their 2**bits steps."""
    return np.asarray(((words >> np.uint32(32 - bits)) + 0.5) * 2.0**-bits)


def pair_gates(x: Floats, y: Floats, pre: Floats, post: Floats, up: float, down: float) -> tuple[Floats, Floats]:
    """Probabilities ``(M, n)`` of up and down gates of pair STDP.

    The traces x ``(n,)`` pair with the spikes post ``(M,)``, the traces y ``(M,)`` with the spikes pre ``(n,)``.
    """
    return post[:, None] * np.minimum(up * x, 1.0), np.minimum(down * y, 1.0)[:, None] * pre


def coincidence_gates(pre: Floats, post: Floats, up: float, down: float) -> tuple[Floats, Floats]:
    """Probabilities ``(M, n)`` of up gates (pre and post) and of down gates (pre and not post)."""
    return post[:, None] * np.minimum(up * pre, 1.0), (min(down, 1.0) * (1.0 - post))[:, None] * pre


def rewarded(
    eligibility: Floats, gates: tuple[Floats, Floats], reward: float, keep: float
) -> tuple[Floats, tuple[Floats, Floats]]:
    """The new eligibility traces ``(M, n)``, and the gates opened by reward times eligibility."""
    eligibility = eligibility * keep + (gates[0] - gates[1])
    drive = reward * eligibility
    return eligibility, (np.clip(drive, 0.0, 1.0), np.clip(-drive, 0.0, 1.0))


def updated_weights(p: Floats, gates: tuple[Floats, Floats], words: Draws | None, rule: Plasticity) -> Floats:
    """Weights ``(M, n)`` after a cycle, given the probabilities of their gates and random words to open them.

    The up gate opens at the high end of a random number, the down gate at the low end. Without random words,
    weights move by the probabilities.
    """
    up, down = gates
    if rule.soft:
        up, down = up * (1.0 - p), down * p
    if words is None:
        change = up - down
    else:
        draw = midpoints(words, 32)
        change = (1.0 - draw <= up).astype(np.float64) - (draw <= down)
    return np.clip(p + rule.step * change, 0.0, 1.0)
