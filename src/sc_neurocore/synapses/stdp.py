"""Synapses with spike-timing-dependent plasticity (STDP): the times of spikes change their weights.

A weight is a counter between w_min and w_max. A gate opens with a probability that a trace sets, and moves the
counter by one step; every synapse has a random number of its own in every cycle.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends import choose, plasticity
from ..backends.types import Plasticity
from ..encoders import Seed
from ..encoders.seeds import Seeds
from ..read_only import attribute, derived
from .stdp_laws import Floats, Traces
from .stream_synapse import interval

RULES = ("pair", "coincidence", "reward")
_DEFAULTS = {"tau_plus": 16.8, "tau_minus": 33.7, "tau_eligibility": 1000.0}
"""Time constants in ms."""
_USERS = {"tau_plus": ("pair", "reward"), "tau_minus": ("pair", "reward"), "tau_eligibility": ("reward",)}
"""Rules that have a trace of that time constant."""


class PlasticSynapses:
    """Plastic synapses between n inputs and M neurons: weights, traces and eligibility, updated by STDP every cycle.

    ::

        pre --+--> [trace x] --AND post--> up gate ---+
              |                                       v
              |                            w: up/down counter ---> [< number] --> weight stream
              |                                       ^
        post -|--> [trace y] --AND pre---> down gate -+

    Parameters
    ----------
    n_pre, n_post
        Numbers n of inputs and M of neurons.
    w_min, w_max
        Ends of the weights, w_min < w_max.
    learning_rate
        Probability in [0, 1] that the up gate opens, for a trace of 1; it grows in proportion to the trace, to at
        most 1.
    ltd_ratio
        The same of the down gate over that of the up gate, at least 0.
    rule
        ``"pair"``: `pair_stdp_step`. ``"coincidence"``: a cycle with pre and post opens the up gate, one with pre
        and no post the down gate; no traces. ``"reward"``: `reward_stdp_step` of the pair rule; the gates are those
        of the size of reward times eligibility, up if it is above 0.
    tau_plus, tau_minus, tau_eligibility
        Time constants in ms, above 0; None: 16.8, 33.7 and 1000. The rule ``"coincidence"`` takes none of them, only
        the rule ``"reward"`` takes the last.
    step
        Change of a weight by an open gate, as a fraction of w_max - w_min, in (0, 1]; weights stop at the ends.
    soft_bounds
        The up gate is ANDed with a stream of (w_max - w) / (w_max - w_min), the down gate with one of the rest.
    deterministic
        No gates: a weight moves by `step` times the probability.
    dt_ms
        Duration of a cycle in ms, above 0.
    weights
        Start ``(M, n)``; None: uniform in [w_min, w_max].
    seed
        Fixes gates and start.

    Notes
    -----
    Law: the mean change of a pair of spikes is `stdp_window` with ``a_plus = learning_rate * step * (w_max - w_min)``
    and ``a_minus = ltd_ratio * a_plus``, as long as no probability reaches 1 and no weight an end. With the default
    time constants and ltd_ratio, depression has 1.8 % more area than potentiation at dt_ms = 1, and .3 % more in the
    limit of short cycles, see `stdp_drift`. The change of one pair has the variance
    ``a (step * (w_max - w_min) - a)`` for a mean of size a.

    Both gates of a synapse share the random number of the cycle, one at its low and one at its high end, so they
    are never open together while their probabilities sum to at most 1. It depends on (seed, synapse, cycle) only.

    References
    ----------
    Soft bounds: M. C. W. van Rossum, G. Q. Bi, G. G. Turrigiano, "Stable Hebbian learning from spike
    timing-dependent plasticity", J. Neurosci. 20, 2000, https://doi.org/10.1523/JNEUROSCI.20-23-08812.2000.

    Examples
    --------
    >>> synapses = PlasticSynapses(2, 1, learning_rate=1.0, step=0.25, weights=[[0.5, 0.5]], seed=0)
    >>> synapses.step([1, 0], [0])
    >>> synapses.step([0, 0], [1])
    >>> synapses.weights
    array([[0.75, 0.5 ]])
    """

    def __init__(
        self,
        n_pre: int,
        n_post: int,
        w_min: float = 0.0,
        w_max: float = 1.0,
        learning_rate: float = 0.01,
        ltd_ratio: float = 0.5,
        *,
        rule: str = "pair",
        tau_plus: float | None = None,
        tau_minus: float | None = None,
        tau_eligibility: float | None = None,
        step: float = 1 / 256,
        soft_bounds: bool = False,
        deterministic: bool = False,
        dt_ms: float = 1.0,
        weights: ArrayLike | None = None,
        seed: Seed = None,
    ) -> None:
        shape = checks.count("n_post", n_post, 1), checks.count("n_pre", n_pre, 1)
        self._w_min, self._w_max = interval("w_min", w_min, "w_max", w_max)
        self._learning_rate = checks.real("learning_rate", learning_rate, 0.0, 1.0)
        self._ltd_ratio = checks.real("ltd_ratio", ltd_ratio, 0.0, checks.LARGEST)
        self._rule = checks.option("rule", rule, RULES)
        given = {"tau_plus": tau_plus, "tau_minus": tau_minus, "tau_eligibility": tau_eligibility}
        self._taus = {name: self._time_constant(name, tau) for name, tau in given.items()}
        self._dt_ms = checks.positive("dt_ms", dt_ms)
        checks.positive("step", step)
        kept = choose().exp(-self._dt_ms / np.array(list(self._taus.values())))
        keep = dict(zip(self._taus, kept.tolist(), strict=True))
        self._parameters = Plasticity(
            up=self._learning_rate,
            down=self._learning_rate * self._ltd_ratio,
            step=checks.real("step", step, 0.0, 1.0),
            keep_pre=keep["tau_plus"],
            keep_post=keep["tau_minus"],
            keep_eligibility=keep["tau_eligibility"],
            coincidence=rule == "coincidence",
            modulated=rule == "reward",
            soft=checks.flag("soft_bounds", soft_bounds),
            deterministic=checks.flag("deterministic", deterministic),
        )
        seeds = Seeds(seed, type(self), shape)
        self._key = seeds.key("plasticity")
        if weights is None:
            self._shares = seeds.generator("values").random(shape)
        else:
            self._shares = self._shares_of(weights, shape)
        self._traces = Traces(np.zeros(shape[1]), np.zeros(shape[0]))
        self._eligibility = np.zeros(shape if rule == "reward" else (0, 0))
        self._cycles = 0
        self._weights = self._of_shares()
        self._first_shares = self._shares.copy()

    w_min: float = attribute("_w_min", "Lower end of the weights.")
    w_max: float = attribute("_w_max", "Upper end of the weights.")
    learning_rate: float = attribute("_learning_rate", "Probability of the up gate, for a trace of 1.")
    ltd_ratio: float = attribute("_ltd_ratio", "That of the down gate over that of the up gate.")
    rule: str = attribute("_rule", "Name of the rule.")
    dt_ms: float = attribute("_dt_ms", "Duration of a cycle in ms.")
    parameters: Plasticity = attribute("_parameters", "The rule as numbers for the kernels.")
    key: int = attribute("_key", "Philox key of the gates; `reseed` changes it.")
    traces: Traces = attribute("_traces", "`Traces`; edit their arrays, the next cycle starts from there.")
    eligibility: Floats = attribute("_eligibility", "Eligibility ``(M, n)``, of rule `reward` only; edit it.")
    cycles: int = attribute("_cycles", "Cycles since construction or `reset`, which number the random numbers.")

    def _time_constant(self, name: str, tau: float | None) -> float:
        """The time constant in ms, or its default; an error where one is given and the rule has no such trace."""
        if tau is not None and self._rule not in _USERS[name]:
            raise ValueError(f"{name} must be None with rule={self.rule!r}, which has no such trace, got {tau!r}")
        return _DEFAULTS[name] if tau is None else checks.positive(name, tau)

    @property
    def taus(self) -> Mapping[str, float]:
        """Time constants in ms, by the name of the argument; read-only."""
        return MappingProxyType(self._taus)

    def reseed(self, seed: Seed) -> None:
        """Take the random numbers of the gates from another seed."""
        self._key = Seeds(seed, type(self), self._shares.shape).key("plasticity")

    @property
    def weights(self) -> Floats:
        """Weights ``(M, n)`` in [w_min, w_max]; assign or edit them. A cycle makes new ones, the old are read-only."""
        return self._weights

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self._shares = self._shares_of(weights, self._shares.shape)
        self._weights = self._of_shares()

    @property
    def shares(self) -> Floats:
        """Weights ``(M, n)`` as fractions of [w_min, w_max], read-only; an error if an edit has left that range."""
        shares: Floats = derived(self._seen(), "weights")
        return shares

    def _of_shares(self) -> Floats:
        """The weights that `_shares` stand for."""
        return np.minimum(self._w_min + (self._w_max - self._w_min) * self._shares, self._w_max)

    def _shares_of(self, weights: ArrayLike, shape: tuple[int, ...]) -> Floats:
        given = checks.array("weights", weights, self._w_min, self._w_max, shape=shape)
        return np.asarray((given - self._w_min) / (self._w_max - self._w_min))

    def _seen(self) -> Floats:
        """The shares, once edits of the weights are checked and taken over; those of other weights stay as they are."""
        edited = self._weights != self._of_shares()
        if edited.any():
            self._shares = np.where(edited, self._shares_of(self._weights, edited.shape), self._shares)
            self._weights[:] = self._of_shares()
        return self._shares

    def load(self, shares: Floats, traces: Traces, eligibility: Floats, cycles: int) -> None:
        """Replace the state by another one of the same shapes, as a kernel has left it: shares, traces, .."""
        self._shares, self._weights.flags.writeable = np.array(shares), False
        self._weights = self._of_shares()
        self._traces.pre[:], self._traces.post[:], self._eligibility[:] = *traces, eligibility
        self._cycles = cycles

    def step(self, pre: ArrayLike, post: ArrayLike, reward: float = 0.0) -> None:
        """One cycle with spikes ``(n,)`` and ``(M,)`` of 0 and 1; the rule ``"reward"`` reads the reward."""
        n_post, n_pre = self._shares.shape
        before = checks.spikes("pre", pre, (n_pre,)).astype(np.float64)
        after = checks.spikes("post", post, (n_post,)).astype(np.float64)
        rule, eligibility = self._parameters, self._eligibility
        x, y = self._traces.pre * rule.keep_pre, self._traces.post * rule.keep_post
        if rule.coincidence:
            gates = plasticity.coincidence_gates(before, after, rule.up, rule.down)
        else:
            gates = plasticity.pair_gates(x, y, before, after, rule.up, rule.down)
        if rule.modulated:
            amount = checks.real("reward", reward, -checks.LARGEST, checks.LARGEST)
            eligibility, gates = plasticity.rewarded(self._eligibility, gates, amount, rule.keep_eligibility)
        draws = None if rule.deterministic else plasticity.synapse_words(self._key, n_post, n_pre, self._cycles)
        shares = plasticity.updated_weights(self._seen(), gates, draws, rule)
        self.load(shares, Traces(x + before, y + after), eligibility, self._cycles + 1)

    def reset(self, *, weights: bool = False) -> None:
        """Traces and eligibility to zero, the random numbers to the first cycle.

        Parameters
        ----------
        weights
            False: weights stay. True: they too are those of construction.
        """
        shares = self._first_shares if checks.flag("weights", weights) else self._seen()
        at_rest = Traces(np.zeros_like(self._traces.pre), np.zeros_like(self._traces.post))
        self.load(shares, at_rest, np.zeros_like(self._eligibility), 0)

    def __repr__(self) -> str:
        n_post, n_pre = self._shares.shape
        return f"PlasticSynapses({n_pre} -> {n_post}, rule={self._rule!r}, learning_rate={self._learning_rate:g})"
