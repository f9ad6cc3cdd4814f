"""State of a learning layer: its neurons and synapses as kernels take them, written back, decayed over a pause."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...backends import choose
from ...backends.types import LearningKeys, LearningModel, LearningState, Pause, Words
from ...chunks import chunks
from ...encoders.seeds import Seeds
from ...neurons import LIFNeurons
from ...synapses import PlasticSynapses, Traces
from ..base import Floats
from .competition import NeuronCompetition
from .streams import LearningStreams

STATE_NAMES = ("p", "threshold", "v", "refractory_left", "pre", "post", "eligibility")
"""Names in a state dict of the arrays of a `LearningState`, in their order."""
_LOWEST = {"v": -np.inf, "eligibility": -checks.LARGEST}
"""Lowest values of those that may be negative."""


class PlasticNeurons:
    """Neurons, their plastic synapses, and what homeostasis has added to their thresholds: all that an epoch changes.

    Parameters
    ----------
    neurons, synapses, competition
        Of the layer, for one number of neurons.
    pause_ms
        Time without input before each sample, a multiple of a step.
    """

    def __init__(
        self, neurons: LIFNeurons, synapses: PlasticSynapses, competition: NeuronCompetition, pause_ms: float
    ) -> None:
        self.neurons, self.synapses, self.competition = neurons, synapses, competition
        self.pause_ms = checks.real("pause_ms", pause_ms, 0.0, math.inf)
        self.pause()  # one that does not fit the steps is found now
        self.thresholds = np.zeros(competition.n_neurons)
        """Added thresholds ``(M,)``, which may be edited."""

    def set_thresholds(self, thresholds: ArrayLike) -> None:
        """Replace the added thresholds ``(M,)``, at least 0, by a copy of these."""
        self.thresholds = checks.array("thresholds", thresholds, 0.0, shape=self.thresholds.shape).copy()

    def pause(self) -> Pause:
        """What the time without input before a sample leaves of the state."""
        return pause_between_samples(self.pause_ms, self.competition, self.neurons, self.synapses)

    def run(
        self,
        streams: LearningStreams,
        levels: Floats,
        words: Words,
        rewards: Floats,
        first: int,
        learning: bool,
        backend: str | None,
    ) -> NDArray[np.uint8]:
        """Spikes ``(S, M, L)`` of input streams ``(S, n_inputs, W)``, samples from number `first` on.

        Parameters
        ----------
        streams
            Of the layer.
        levels
            Currents of all counts.
        words, rewards
            Made by `streams`.
        learning
            Whether weights, eligibility and thresholds change.
        backend
            Backend that runs the kernels.

        Raises
        ------
        ValueError
            If an edit of the added thresholds has left their range.
        """
        checks.array("thresholds", self.thresholds, 0.0)
        model, state = self._model(streams, levels), self.state()
        trains = np.empty((len(words), len(self.thresholds), streams.encoder.length), np.uint8)
        for part in chunks(len(words), 8 * rewards.shape[1] + trains[:1].nbytes):
            rewarded = np.ascontiguousarray(rewards[part])
            trains[part], state = choose(backend).learn(
                model, words[part], streams.midpoints, rewarded, first + part.start, learning, state
            )
        self.put_back(state, (first + len(words)) * streams.encoder.length)
        return trains

    def _model(self, streams: LearningStreams, levels: Floats) -> LearningModel:
        """All that does not change in an epoch."""
        neurons, synapses, encoder = self.neurons, self.synapses, streams.encoder
        return LearningModel(
            LearningKeys(neurons.noise_key, streams.weight_key, synapses.key), encoder.length,
            encoder.generator.bits, levels.copy(), neurons.parameters.membrane(neurons.dt_ms), synapses.parameters,
            self.competition.rule(neurons.dt_ms), self.pause(),
        )  # fmt: skip

    def state(self) -> LearningState:
        """The present state, weights as a copy."""
        neurons, synapses = self.neurons, self.synapses
        return LearningState(
            synapses.shares.copy(), self.thresholds, neurons.v, neurons.refractory_left, synapses.traces.pre,
            synapses.traces.post, synapses.eligibility,
        )  # fmt: skip

    def put_back(self, state: LearningState, cycles: int) -> None:
        """Take the state after `cycles` cycles; the arrays of thresholds from before become read-only."""
        shares, thresholds, v, refractory_left, pre, post, eligibility = state
        self.neurons.load(v, refractory_left, cycles)
        self.synapses.load(shares, Traces(pre, post), eligibility, cycles)
        self._replace_thresholds(thresholds)

    def _replace_thresholds(self, thresholds: Floats) -> None:
        self.thresholds.flags.writeable = False  # an edit of what is no longer used is an error
        self.thresholds = thresholds

    def values(self) -> dict[str, Any]:
        """Copies of weights, thresholds, neurons and traces for a state dict."""
        return {name: value.copy() for name, value in zip(STATE_NAMES, self.state(), strict=True)}

    def load(self, values: Mapping[str, Any], cycles: int) -> None:
        """Take the arrays of a state dict, copied, as the state after `cycles` cycles.

        Raises
        ------
        ValueError, TypeError
            If an array has another shape than now or a value outside its range; nothing has changed then.
        """
        arrays: list[Any] = []
        for name, old in zip(STATE_NAMES, self.state(), strict=True):
            if name == "refractory_left":
                arrays.append(checks.integers(name, values[name], 0, checks.LARGEST_COUNT, old.shape).copy())
                continue
            highest = {"p": 1.0, "v": np.inf}.get(name, checks.LARGEST)
            arrays.append(checks.array(name, values[name], _LOWEST.get(name, 0.0), highest, old.shape).copy())
        self.put_back(LearningState(*arrays), cycles)

    def rest(self) -> None:
        """Neurons at rest, no traces, noise and gates rewound."""
        self.neurons.reset()
        self.synapses.reset()

    def forget(self) -> None:
        """Weights of construction, and nothing added to thresholds."""
        self.synapses.reset(weights=True)
        self._replace_thresholds(np.zeros(self.thresholds.shape))

    def reseed(self, seeds: Seeds) -> None:
        """Seed noise and gates anew."""
        self.neurons.reseed(seeds.of("membrane noise"))
        self.synapses.reseed(seeds.of("plasticity"))


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
    kernels = choose()
    leak = kernels.log1p(np.array(-neurons.dt_ms / neurons.parameters.tau_mem))
    taus = [synapses.taus[name] for name in ("tau_plus", "tau_minus", "tau_eligibility")]
    pre, post, eligibility = kernels.exp(-pause_ms / np.array(taus)).tolist()
    return Pause(
        membrane=float(kernels.exp(np.array(steps * leak))) if steps else 1.0,  # 0 * log(0) is no number
        pre=pre,
        post=post,
        eligibility=eligibility,
        threshold=competition.kept(pause_ms),
        steps=round(min(steps, 2.0**62)),
    )
