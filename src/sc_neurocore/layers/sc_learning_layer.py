"""Spiking neurons driven by bitstreams, with synapses that learn from the times of spikes (STDP)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..encoders import Generator, Seed
from ..neurons import LIFNeurons, LIFParameters
from ..read_only import attribute, frozen
from ..sources.bitstream_current import current_of
from ..synapses import PlasticSynapses
from .base import Floats, SCLayer, one_seed
from .learning.competition import NeuronCompetition
from .learning.state import PlasticNeurons
from .learning.streams import LearningStreams
from .streams import Streams
from .turns import in_turn


class SCLearningLayer(SCLayer):
    """Spiking neurons driven by streams, whose synapses learn from the times of spikes in every cycle.

    ::

        x_i --encoder--> stream --+------------------------+
                                  |                     [trace]---+
                                  v                               v
        w_ji --[< number]------> AND --> count --> I_t --> LIF --+--> spikes, one bit a cycle
          ^                                                 ^    |
          |                                  [inhibition]---+----+
          +--- up / down gates <----------- traces meet spikes --+

    In cycle t the current is ``I_t = y_min + (y_max - y_min) * mean_i(x_i[t] AND w_ji[t])``, and drives the neurons
    of `SCDenseLayer`. The weight that is compared with a number in a cycle is the weight that the cycles before have
    left, a float64 between w_min and w_max (with ``step=2**-k`` and a start on that grid, an up/down counter of k
    bits).

    A cycle: traces and added thresholds decay; gates multiply and neurons spike; spikes meet the traces of *earlier*
    spikes, and the weights move; the spikes enter the traces. So each pair of spikes changes a weight by `stdp_window`
    with ``a_plus = learning_rate * step * (w_max - w_min)`` and ``a_minus = ltd_ratio * a_plus``. Each cycle starts
    where the last one ended: threads that call one layer take turns.

    Parameters
    ----------
    n_inputs, n_neurons, length
        Numbers of inputs and of neurons, and of the cycles L of a sample.
    base_seed, seed
        Two names of one argument: fixes weights, streams, noise and gates. None draws fresh entropy.
    w_min, w_max, learning_rate, ltd_ratio, rule, tau_plus, tau_minus, tau_eligibility, step, soft_bounds, deterministic
        Of the synapses, as for `PlasticSynapses`, which names the sources. Weights are mapped affinely to probabilities
        0 and 1. ``"pair"`` is the window above; by default its areas balance to 1.8 % (.3 % for dt_ms to 0).
    wta, inhibition, homeostasis, tau_homeostasis
        Winner-take-all inhibition and adaptive thresholds, see `NeuronCompetition`.
    y_min, y_max, dt_ms, neuron_params
        Of the current and of the neurons, as for `SCDenseLayer`.
    pause_ms
        Time without input before each sample, a multiple of dt_ms; inf: all but weights starts anew. Voltages,
        refractory periods, traces, eligibility and added thresholds decay, without noise.
    generator, bits
        As for `Encoder`: of Bernoulli a source for every input and synapse, of the others one that all inputs share
        and one for all synapses.
    weights
        Start ``(n_neurons, n_inputs)``; None: uniform in [w_min, w_max].
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or neuron_params has an unknown key.

    Notes
    -----
    Law: uncorrelated inputs and spikes move a weight by `stdp_drift` a ms. One random number a synapse and cycle
    opens the gates, see `PlasticSynapses`. Spikes and weights depend on the arguments only: neither on how samples are
    split into calls nor on threads.

    Examples
    --------
    >>> layer = SCLearningLayer(4, 2, base_seed=0, weights=[[0.5] * 4] * 2)
    >>> spikes = layer.run_epoch([0.9, 0.9, 0.1, 0.1])
    >>> spikes.shape, spikes.dtype
    ((2, 1024), dtype('uint8'))
    >>> bool((layer.get_weights() != 0.5).any())
    True
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        w_min: float = 0.0,
        w_max: float = 1.0,
        learning_rate: float = 0.01,
        ltd_ratio: float = 0.5,
        length: int = 1024,
        base_seed: Seed = None,
        *,
        seed: Seed = None,
        rule: str = "pair",
        tau_plus: float | None = None,
        tau_minus: float | None = None,
        tau_eligibility: float | None = None,
        step: float = 1 / 256,
        soft_bounds: bool = False,
        deterministic: bool = False,
        wta: int | None = None,
        inhibition: int = 0,
        homeostasis: float = 0.0,
        tau_homeostasis: float | None = None,
        y_min: float = 0.0,
        y_max: float = 0.5,
        dt_ms: float = 1.0,
        pause_ms: float = 0.0,
        neuron_params: Mapping[str, Any] | None = None,
        generator: str | Generator = "bernoulli",
        bits: int | None = None,
        weights: ArrayLike | None = None,
        backend: str | None = None,
    ) -> None:
        self._n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self._n_neurons = checks.whole("n_neurons", n_neurons, 1)
        super().__init__(one_seed(base_seed, seed), (self._n_neurons, self._n_inputs))
        self._length = checks.whole("length", length, 1)
        parameters = LIFParameters.of(neuron_params, "neuron_params")
        neurons = LIFNeurons(self._n_neurons, parameters, dt_ms, self._seeds.of("membrane noise"))
        synapses = PlasticSynapses(
            self._n_inputs, self._n_neurons, w_min, w_max, learning_rate, ltd_ratio, rule=rule, tau_plus=tau_plus,
            tau_minus=tau_minus, tau_eligibility=tau_eligibility, step=step, soft_bounds=soft_bounds,
            deterministic=deterministic, dt_ms=dt_ms, weights=weights, seed=self._seeds.of("plasticity"),
        )  # fmt: skip
        competition = NeuronCompetition(self._n_neurons, wta, inhibition, homeostasis, tau_homeostasis)
        self._plastic = PlasticNeurons(neurons, synapses, competition, pause_ms)
        self._y_min = checks.real("y_min", y_min, -checks.LARGEST, checks.LARGEST)
        self._y_max = checks.real("y_max", y_max, self._y_min, checks.LARGEST)
        self._coding, self._backend = (generator, bits), checked_backend(backend)
        self._reseed()

    n_inputs: int = attribute("_n_inputs", "Number of inputs.")
    n_neurons: int = attribute("_n_neurons", "Number of neurons.")
    length: int = attribute("_length", "Cycles L of a sample.")
    neurons: LIFNeurons = attribute("_plastic.neurons", "The neurons; their state may be edited.")
    synapses: PlasticSynapses = attribute("_plastic.synapses", "The synapses; their state may be edited.")
    competition: NeuronCompetition = attribute("_plastic.competition", "`NeuronCompetition`.")
    y_min: float = attribute("_y_min", "Current of the smallest mean.")
    y_max: float = attribute("_y_max", "Current of the largest mean.")
    pause_ms: float = attribute("_plastic.pause_ms", "Time without input before each sample in ms.")
    generator: Generator = attribute("_streams.encoder.generator", "Number generator of the streams.")

    @property
    def levels(self) -> Floats:
        """The current of every count, a read-only table: ``(n_inputs + 1,)``."""
        shares = np.arange(self._n_inputs + 1) / self._n_inputs
        levels: Floats = frozen(current_of(shares, self._y_min, self._y_max))
        return levels

    @in_turn
    def run_epoch(
        self,
        input_values: ArrayLike,
        reward: ArrayLike | None = None,
        *,
        learning: bool = True,
        spikes: bool | None = None,
    ) -> NDArray[np.uint8]:
        """Spikes ``(..., n_neurons, length)``, uint8 of 0 and 1, of L cycles under an input, while the synapses learn.

        Neurons and traces keep their state for the next call.

        Parameters
        ----------
        input_values
            Rates ``(..., n_inputs)`` in [0, 1], the probability of a spike in a cycle; or spikes of 0 and 1,
            ``(length, n_inputs)``. Leading axes are samples one after another, in C order: each meets the weights
            that the one before has left.
        reward
            With rule ``"reward"``: of all samples (a number), of each, of the shape of the leading axes, or of each
            cycle, ``(..., length)``. None: no reward, eligibility gathers.
        learning
            False: weights, eligibility and added thresholds stay as they are.
        spikes
            True: inputs are spikes ``(..., length, n_inputs)``. False: rates. None: an array ``(length, n_inputs)`` is
            spikes, any other is rates.

        Raises
        ------
        ValueError, TypeError
            If a shape is wrong, or a value is not finite or outside its range.
        """
        inputs, spiking, batch = self._streams.read(input_values, spikes)
        learning = checks.flag("learning", learning)
        rewards = self._streams.rewards(reward, batch, self.synapses.rule)
        words = self._streams.words(inputs, spiking, self.samples)
        trains = self._plastic.run(self._streams, self.levels, words, rewards, self.samples, learning, self._backend)
        self.samples += len(words)
        return trains.reshape(*batch, self._n_neurons, self._length)

    __call__ = run_epoch

    def streams(self, input_values: ArrayLike, *, spikes: bool | None = None) -> Streams:
        """Streams that the next `run_epoch` of one sample uses, as long as nothing is learned; nothing advances.

        Inputs ``(n_inputs,)``, and the present weights ``(n_neurons, n_inputs)``; arguments as in `run_epoch`.
        """
        return self._streams.of_sample(input_values, spikes, self.synapses.shares, self.samples)

    def expected(self, input_values: ArrayLike) -> Floats:
        """Mean currents ``(..., n_neurons)`` of infinitely many cycles with the present weights.

        For rates ``(..., n_inputs)``. What neurons and synapses make of the currents has no closed form.
        """
        rates = checks.array("input_values", input_values, 0.0, 1.0, last=self._n_inputs)
        mean = self._streams.mean_products(rates, self.synapses.shares)
        return current_of(mean, self._y_min, self._y_max)

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)`` in [w_min, w_max]; assign or edit them: the next call sees it.

        Learning makes new ones: arrays from before are then read-only.
        """
        weights: Floats = self.synapses.weights
        return weights

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self.synapses.weights = weights

    @property
    def thresholds(self) -> Floats:
        """What homeostasis has added to the thresholds ``(n_neurons,)``; assign or edit it, as the weights."""
        return self._plastic.thresholds

    @thresholds.setter
    def thresholds(self, thresholds: ArrayLike) -> None:
        self._plastic.set_thresholds(thresholds)

    def get_weights(self) -> Floats:
        """A copy of the weights ``(n_neurons, n_inputs)``."""
        return self.weights.copy()

    def _rest(self) -> None:
        self._plastic.rest()

    def _forget(self) -> None:
        self._plastic.forget()

    def _values(self) -> dict[str, Any]:
        return self._plastic.values()

    def _load_values(self, state: dict[str, Any]) -> None:
        self._plastic.load(state, state["samples"] * self._length)

    def _reseed(self) -> None:
        self._plastic.reseed(self._seeds)
        self._streams = LearningStreams(self._n_inputs, self._length, *self._coding, self._seeds, self._backend)

    def __repr__(self) -> str:
        synapses = self.synapses
        return (
            f"SCLearningLayer({self._n_inputs} -> {self._n_neurons}, length={self._length}, rule={synapses.rule!r}, "
            f"learning_rate={synapses.learning_rate:g}, {self.generator!r}, encoding='unipolar', "
            f"samples={self.samples}, backend={choose(self._backend).name!r})"
        )
