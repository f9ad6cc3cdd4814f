"""Streams drive spiking neurons, and spikes change the streams' weights."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, pack
from ..backends.types import Competition, LearningKeys, LearningModel, LearningState, Pause
from ..encoders import Bernoulli, Encoder, Generator, Seed
from ..encoders.seeds import key_of
from ..neurons import LIFNeurons
from ..synapses import PlasticSynapses, Traces
from .old_base import Floats, Seeded

_LARGEST = 1e100
_STATE_NAMES = ("p", "threshold", "v", "wait", "pre", "post", "eligibility")
"""Keys of `state_dict` for the fields of a `LearningState`."""


class SCLearningLayer(Seeded):
    """Leaky integrate-and-fire neurons on streams, with synapses that learn from spike times in every cycle.

    ::

        x_i --encoder--> stream --+------------------------+
                                  |                     [trace]---+
                                  v                               v
        w_ji --[< number]------> AND --> count --> I_t --> LIF --+--> spikes, one bit a cycle
          ^                                                 ^    |
          |                                  [inhibition]---+----+
          +--- up / down gates <----------- traces meet spikes --+

    In cycle t the current is ``I_t = y_min + (y_max - y_min) * mean_i(x_i[t] AND w_ji[t])``, and the neurons are those
    of `SCDenseLayer`: the input is *not* scaled by (1 - a), the leak a = 1 - dt / tau_mem; the reset is *in the same
    step* as the spike. The weight that is compared with a number in a cycle is the weight that the cycles before have
    left, a float64 between w_min and w_max (with ``step=2**-k`` and a start on that grid, an up/down counter of k
    bits).

    A cycle: traces and added thresholds decay; gates multiply and neurons spike; spikes meet the traces of *earlier*
    spikes, and the weights move; the spikes enter the traces. So a pair of spikes changes a weight by the window
    ``a_plus * exp(-dt / tau_plus)`` if post comes dt > 0 after pre, ``-a_minus * exp(dt / tau_minus)`` if dt < 0, and
    not at all within one cycle (dt = 0), with ``a_plus = learning_rate * step * (w_max - w_min)`` and
    ``a_minus = ltd_ratio * a_plus``. All pairs count.

    Parameters
    ----------
    n_inputs, n_neurons
        Numbers of inputs and of neurons.
    w_min, w_max
        Weights, mapped affinely to probabilities 0 and 1; w_min < w_max.
    learning_rate
        Probability in [0, 1] that the gate of a potentiation opens, for a trace of 1. It grows in proportion to the
        trace, to at most 1.
    ltd_ratio
        The same of depression over that of potentiation, at least 0.
    length
        Cycles L of a sample.
    base_seed
        Fixes weights, streams, noise and gates; 0 is a seed like any other, None draws fresh entropy.
    rule
        ``"pair"``: the window above. ``"coincidence"``: two gates, pre AND post counts up, pre AND NOT post counts
        down, without traces. ``"reward"``: the window moves an eligibility, and reward times eligibility moves the
        weight (see `reward_stdp_step`).
    tau_plus, tau_minus, tau_eligibility
        Time constants in ms, above 0. With the default taus and ltd_ratio the areas of the window balance.
    step
        Share of w_max - w_min by which an open gate moves a weight, in (0, 1]. Weights stop at the ends.
    soft_bounds
        Potentiation is scaled by the distance to w_max, depression by that to w_min, as shares of the range.
    deterministic
        No gates: a weight moves by `step` times the probability of the gate.
    wta
        k: winner-take-all inhibition. In a cycle in which neurons reach their thresholds, the k neurons highest above
        their own (of equals the first ones) are spared; of them spikes who reached it. All others are set to v_rest
        and kept there for `inhibition` steps. So at most k neurons spike in a cycle, and with k = 1 the first to
        spike stops all others. None: no inhibition.
    inhibition
        Steps at rest of those who are not spared; 0: they start again in the next cycle. Needs wta.
    homeostasis
        Added to a neuron's threshold by each of its spikes while it learns, at least 0.
    tau_homeostasis
        Time constant in ms with which that decays while the layer learns.
    y_min, y_max
        Currents of the smallest and of the largest mean, y_min <= y_max.
    dt_ms
        Duration of a cycle in ms, above 0 and at most tau_mem.
    pause_ms
        Time without input before each sample, a multiple of dt_ms; inf: all but weights starts anew. Voltages,
        refractory periods, traces, eligibility and added thresholds decay, without noise.
    neuron_params
        As for `SCDenseLayer`.
    generator
        ``"bernoulli"``, ``"lfsr"``, ``"sobol"``, ``"halton"``, ``"vdc"``, ``"ramp"``, or a `Generator`: of Bernoulli
        a source for every input and synapse, of the others one that all inputs share and one for all synapses.
    bits
        Width of the comparators; None lets the generator choose.
    weights
        Start ``(n_neurons, n_inputs)``; None: uniform in [w_min, w_max].

    Attributes
    ----------
    neurons
        `LIFNeurons`, its state is that of the layer.
    synapses
        `PlasticSynapses`: weights, traces, eligibility.
    thresholds
        What homeostasis has added to the thresholds ``(n_neurons,)``.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or neuron_params has an unknown key.

    Notes
    -----
    Law: uncorrelated inputs and spikes of rates r1, r2 a ms move a weight by `stdp_drift` a ms,
    ``r1 r2 (a_plus tau_plus - a_minus tau_minus)`` for a short dt_ms. One random number a synapse and cycle opens the
    gates, see `PlasticSynapses`.

    Spikes and weights depend on the arguments only: neither on how samples are split into calls nor on threads.

    References
    ----------
    G. Bi, M. Poo, J. Neurosci. 18, 1998, https://doi.org/10.1523/JNEUROSCI.18-24-10464.1998; S. Song, K. D. Miller,
    L. F. Abbott, Nat. Neurosci. 3, 2000, https://doi.org/10.1038/78829 (rule). P. U. Diehl, M. Cook, "Unsupervised
    learning of digit recognition using spike-timing-dependent plasticity", Front. Comput. Neurosci. 9, 2015,
    https://doi.org/10.3389/fncom.2015.00099 (inhibition, adaptive threshold). E. M. Izhikevich, Cereb. Cortex 17,
    2007, https://doi.org/10.1093/cercor/bhl152 (reward).

    Examples
    --------
    >>> layer = SCLearningLayer(4, 2, base_seed=0, weights=[[0.5] * 4] * 2)
    >>> spikes = layer.run_epoch([0.9, 0.9, 0.1, 0.1])
    >>> spikes.shape, spikes.dtype
    ((2, 1024), dtype('uint8'))
    >>> layer.get_weights().shape
    (2, 4)
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
        rule: str = "pair",
        tau_plus: float = 16.8,
        tau_minus: float = 33.7,
        tau_eligibility: float = 1000.0,
        step: float = 1 / 256,
        soft_bounds: bool = False,
        deterministic: bool = False,
        wta: int | None = None,
        inhibition: int = 0,
        homeostasis: float = 0.0,
        tau_homeostasis: float = 1e7,
        y_min: float = 0.0,
        y_max: float = 0.5,
        dt_ms: float = 1.0,
        pause_ms: float = 0.0,
        neuron_params: Mapping[str, Any] | None = None,
        generator: str | Generator = "bernoulli",
        bits: int | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        super().__init__(base_seed)
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.length = checks.whole("length", length, 1)
        self.neurons = LIFNeurons(self.n_neurons, neuron_params, dt_ms, self._seed("membrane noise"))
        self.synapses = PlasticSynapses(
            self.n_inputs, self.n_neurons, w_min, w_max, learning_rate, ltd_ratio, rule=rule, tau_plus=tau_plus,
            tau_minus=tau_minus, tau_eligibility=tau_eligibility, step=step, soft_bounds=soft_bounds,
            deterministic=deterministic, dt_ms=dt_ms, weights=weights, seed=self._seed("plasticity"),
        )  # fmt: skip
        self.wta = None if wta is None else checks.whole("wta", wta, 1, self.n_neurons)
        self.inhibition = checks.whole("inhibition", inhibition, 0)
        if self.inhibition and self.wta is None:
            raise ValueError(f"inhibition must be 0 without wta, got {self.inhibition}")
        self.homeostasis = checks.real("homeostasis", homeostasis, 0.0, _LARGEST)
        self.tau_homeostasis = checks.positive("tau_homeostasis", tau_homeostasis)
        self.y_min = checks.real("y_min", y_min, -_LARGEST, _LARGEST)
        self.y_max = checks.real("y_max", y_max, self.y_min, _LARGEST)
        self.pause_ms = checks.real("pause_ms", pause_ms, 0.0, math.inf)
        self._pause = self._make_pause()
        self.thresholds = np.zeros(self.n_neurons)
        self._coding = generator, bits
        self._make_encoders()

    def _make_encoders(self) -> None:
        generator, bits = self._coding
        self._encoder = Encoder(self.n_inputs, self.length, generator, bits=bits, seed=self._seed("inputs"))
        self.generator = self._encoder.generator
        if isinstance(self.generator, Bernoulli):
            self._numbers = np.empty(0)
        else:
            self._numbers = Encoder(self.n_inputs, self.length, self.generator, partner=1).levels()[0].copy()

    def _make_pause(self) -> Pause:
        neurons, taus = self.neurons, self.synapses.taus
        steps = self.pause_ms / neurons.dt_ms
        if math.isfinite(steps) and abs(steps - round(steps)) > 1e-6 * max(steps, 1.0):
            raise ValueError(f"pause_ms must be a multiple of dt_ms={neurons.dt_ms:g}, got {self.pause_ms:g}")
        return Pause(
            membrane=(1 - neurons.dt_ms / neurons.parameters.tau_mem) ** steps,
            pre=math.exp(-self.pause_ms / taus["tau_plus"]),
            post=math.exp(-self.pause_ms / taus["tau_minus"]),
            eligibility=math.exp(-self.pause_ms / taus["tau_eligibility"]),
            threshold=math.exp(-self.pause_ms / self.tau_homeostasis),
            steps=round(min(steps, 2.0**62)),
        )

    def run_epoch(
        self, x: ArrayLike, reward: ArrayLike | None = None, *, learning: bool = True, spikes: bool | None = None
    ) -> NDArray[np.uint8]:
        """Spikes of L cycles under an input, while the synapses learn; neurons and traces go on from where they are.

        Parameters
        ----------
        x
            Rates ``(..., n_inputs)`` in [0, 1], the probability of a spike in a cycle; or spikes of 0 and 1,
            ``(length, n_inputs)``. Leading axes are samples one after another, in C order: each meets the weights
            that the one before has left.
        reward
            With rule ``"reward"``: of all samples (a number), of each, of the shape of the leading axes, or of each
            cycle, ``(..., length)``. None: no reward, eligibility gathers.
        learning
            False: weights, eligibility and added thresholds stay as they are.
        spikes
            True: x are spikes ``(..., length, n_inputs)``. False: rates. None: an array ``(length, n_inputs)`` is
            spikes, any other is rates.

        Returns
        -------
        ndarray
            uint8 ``(..., n_neurons, length)`` of 0 and 1.

        Raises
        ------
        ValueError, TypeError
            If a shape is wrong, or a value is not finite or outside its range.
        """
        numbers = checks.array("x", x, last=self.n_inputs)
        given = numbers.shape == (self.length, self.n_inputs) if spikes is None else checks.flag("spikes", spikes)
        learning = checks.flag("learning", learning)
        batch = numbers.shape[: -2 if given else -1]
        samples = math.prod(batch)
        amounts = self._reward(reward, batch)
        words = self._words(numbers, given, samples)
        trains, state = compiled.learn(
            self._model(), words, self._numbers, amounts, self.samples, learning, self._state()
        )
        self.samples += samples
        self._take(state)
        return trains.reshape(*batch, self.n_neurons, self.length)

    def expected(self, x: ArrayLike) -> Floats:
        """Mean currents ``(..., n_neurons)`` of infinitely many cycles with the present weights.

        For rates ``(..., n_inputs)``. What neurons and synapses make of the currents has no closed form.
        """
        rates = self._encoder.quantised(checks.array("x", x, 0.0, 1.0, last=self.n_inputs))
        mean = rates @ self._encoder.quantised(self.synapses.shares).T / self.n_inputs
        return np.asarray(self.y_min + (self.y_max - self.y_min) * mean)

    def _words(self, numbers: Floats, given: bool, samples: int) -> Words:
        """Input streams ``(S, n, W)``."""
        if not given:
            rates = checks.array("x", numbers, 0.0, 1.0).reshape(samples, self.n_inputs)
            return self._encoder.words(rates, np.arange(self.samples, self.samples + samples))
        if numbers.ndim < 2 or numbers.shape[-2] != self.length:
            raise ValueError(f"x must have shape (..., {self.length}, {self.n_inputs}), got {numbers.shape}")
        bits = checks.spikes("x", numbers, numbers.shape)
        return pack(bits.reshape(samples, self.length, self.n_inputs).swapaxes(1, 2))

    def _reward(self, reward: ArrayLike | None, batch: tuple[int, ...]) -> Floats:
        """Reward of every cycle ``(S, L)``, or nothing where the rule does not read it."""
        if self.synapses.rule != "reward":
            if reward is not None:
                raise ValueError(f'reward must be None with rule={self.synapses.rule!r}, use rule="reward"')
            return np.empty((0, 0))
        amounts = checks.array("reward", 0.0 if reward is None else reward, -_LARGEST, _LARGEST)
        if amounts.ndim == 0 or amounts.shape == batch:
            amounts = amounts[..., None]
        elif amounts.shape != (*batch, self.length):
            raise ValueError(f"reward must have shape {batch} or {(*batch, self.length)}, got {amounts.shape}")
        every = np.broadcast_to(amounts, (*batch, self.length))
        return np.ascontiguousarray(every.reshape(math.prod(batch), self.length))

    @property
    def levels(self) -> Floats:
        """The current of every count: ``(n_inputs + 1,)``."""
        return np.asarray(self.y_min + (self.y_max - self.y_min) * (np.arange(self.n_inputs + 1) / self.n_inputs))

    def _competition(self) -> Competition:
        keep = math.exp(-self.neurons.dt_ms / self.tau_homeostasis)
        return Competition(self.homeostasis, keep, self.wta or 0, self.inhibition)

    def _model(self) -> LearningModel:
        membrane, plasticity = self.neurons.parameters.membrane(self.neurons.dt_ms), self.synapses.parameters
        return LearningModel(
            self._keys(), self.length, self.generator.bits, self.levels, membrane, plasticity, self._competition(),
            self._pause,
        )  # fmt: skip

    def _keys(self) -> LearningKeys:
        noise, weights = key_of(self._seed("membrane noise")), key_of(self._seed("weights"))
        return LearningKeys(noise, weights, self.synapses.key)

    def _state(self) -> LearningState:
        synapses, neurons = self.synapses, self.neurons
        return LearningState(
            synapses.shares, self.thresholds, neurons.v, neurons.refractory_left, *synapses.traces, synapses.eligibility
        )

    def _take(self, state: LearningState) -> None:
        self.synapses.shares, self.thresholds = state.p, state.threshold
        self.neurons.v[:], self.neurons.refractory_left[:] = state.v, state.refractory_left
        self.synapses.traces = Traces(state.pre, state.post)
        self.synapses.eligibility = state.eligibility
        self.neurons.steps = self.synapses.cycles = self.samples * self.length

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)``: a copy that cannot be edited; assign a whole array in [w_min, w_max]."""
        return self.synapses.weights

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self.synapses.weights = weights

    def get_weights(self) -> Floats:
        """A copy of the weights ``(n_neurons, n_inputs)``."""
        return self.weights.copy()

    def reset(self) -> None:
        """Neurons at rest, no traces, generators and noise rewound; what was learned stays (weights, thresholds)."""
        super().reset()
        self.neurons.reset()
        self.synapses.reset()

    def state_dict(self) -> dict[str, Any]:
        """Weights, thresholds, neurons, traces, and where the generators stand."""
        values = zip(_STATE_NAMES, self._state(), strict=True)
        return super().state_dict() | {name: value.copy() for name, value in values}

    def _load_values(self, state: dict[str, Any]) -> None:
        now = self._state()
        low = {"p": 0.0, "threshold": 0.0, "wait": 0.0, "pre": 0.0, "post": 0.0}
        new = {
            name: checks.array(name, state[name], low.get(name, -np.inf), 1.0 if name == "p" else np.inf, old.shape)
            for name, old in zip(_STATE_NAMES, now, strict=True)
        }
        wait = new.pop("wait").astype(np.int64)
        loaded = LearningState(refractory_left=wait, **{name: array.copy() for name, array in new.items()})
        self._take(loaded)
        self.neurons.steps = self.synapses.cycles = checks.whole("samples", state["samples"], 0) * self.length

    def _reseed(self) -> None:
        self.neurons.reseed(self._seed("membrane noise"))
        self.synapses.reseed(self._seed("plasticity"))
        self._make_encoders()

    def __repr__(self) -> str:
        synapses = self.synapses
        return (
            f"SCLearningLayer({self.n_inputs} -> {self.n_neurons}, length={self.length}, rule={synapses.rule!r}, "
            f"learning_rate={synapses.learning_rate:g}, {self.generator!r}, encoding='unipolar', "
            f"samples={self.samples}, backend='numba')"
        )
