"""State of a learning layer: gathered from its neurons and synapses, written back, decayed over a pause."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import checks
from ...backends.types import LearningState, Pause
from ...neurons import LIFNeurons
from ...synapses import PlasticSynapses, Traces
from ..base import Floats
from .competition import NeuronCompetition

STATE_NAMES = ("p", "threshold", "v", "refractory_left", "pre", "post", "eligibility")
"""Names in a state dict of the arrays of a `LearningState`, in their order."""
_LOWEST = {"v": -np.inf, "eligibility": -checks.LARGEST}
"""Lowest values of those that may be negative."""


def gathered(neurons: LIFNeurons, synapses: PlasticSynapses, thresholds: Floats) -> LearningState:
    """Collect the state of neurons and synapses for the kernels, weights as a copy."""
    return LearningState(
        synapses.shares.copy(),
        thresholds,
        neurons.v,
        neurons.refractory_left,
        synapses.traces.pre,
        synapses.traces.post,
        synapses.eligibility,
    )


def put_back(state: LearningState, cycles: int, neurons: LIFNeurons, synapses: PlasticSynapses) -> Floats:
    """Write a state after `cycles` cycles back to neurons and synapses; returns the added thresholds."""
    shares, thresholds, v, refractory_left, pre, post, eligibility = state
    neurons.load(v, refractory_left, cycles)
    synapses.load(shares, Traces(pre, post), eligibility, cycles)
    return thresholds


def checked(values: Mapping[str, Any], now: LearningState) -> LearningState:
    """A state from the arrays of a state dict, copied; they must fit the present state.

    Raises
    ------
    ValueError, TypeError
        If an array has another shape or a value outside its range.
    """
    arrays: list[Any] = []
    for name, old in zip(STATE_NAMES, now, strict=True):
        if name == "refractory_left":
            arrays.append(checks.integers(name, values[name], 0, checks.LARGEST_COUNT, old.shape))
            continue
        highest = {"p": 1.0, "v": np.inf}.get(name, checks.LARGEST)
        arrays.append(checks.array(name, values[name], _LOWEST.get(name, 0.0), highest, old.shape).copy())
    return LearningState(*arrays)


def pause_between_samples(
    pause_ms: float, competition: NeuronCompetition, neurons: LIFNeurons, synapses: PlasticSynapses
) -> Pause:
    """Decay factors of the state over a time without input, and its length in steps.

    Raises
    ------
    ValueError
        If it is not a multiple of a step.
    """
    steps = pause_ms / neurons.dt_ms
    if math.isfinite(steps) and abs(steps - round(steps)) > 1e-6 * max(steps, 1.0):
        raise ValueError(
            f"pause_ms must be a multiple of dt_ms={checks.plain(neurons.dt_ms)}, got {checks.plain(pause_ms)}"
        )
    return Pause(
        membrane=(1 - neurons.dt_ms / neurons.parameters.tau_mem) ** steps,
        pre=math.exp(-pause_ms / synapses.taus["tau_plus"]),
        post=math.exp(-pause_ms / synapses.taus["tau_minus"]),
        eligibility=math.exp(-pause_ms / synapses.taus["tau_eligibility"]),
        threshold=competition.kept(pause_ms),
        steps=round(min(steps, 2.0**62)),
    )
