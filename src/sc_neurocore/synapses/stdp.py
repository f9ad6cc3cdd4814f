"""Synapses with spike-timing-dependent plasticity (STDP): the times of spikes change their weights.

A weight is a counter between w_min and w_max. A gate opens with a probability that a trace sets, and moves the
counter by one step; every synapse has a random number of its own in every cycle.
"""

import math
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose, plasticity
from ..backends.types import Plasticity
from ..encoders import Seed
from ..encoders.seeds import Seeds
from ..read_only import attribute, derived
from .stream_synapse import interval

Floats = NDArray[np.float64]
RULES = ("pair", "coincidence", "reward")


class Traces(NamedTuple):
    """Traces: sums over the past spikes of a line, each decayed exponentially."""

    pre: Floats
    """Traces of the inputs ``(n,)``."""
    post: Floats
    """Traces of the neurons ``(M,)``."""


def pair_stdp_step(
    traces: Traces,
    pre: ArrayLike,
    post: ArrayLike,
    *,
    a_plus: float = 0.01,
    a_minus: float = 0.005,
    tau_plus: float = 16.8,
    tau_minus: float = 33.7,
    dt_ms: float = 1.0,
) -> tuple[Traces, Floats]:
    """One cycle of pair STDP, without side effects.

    The traces x, y decay first: ``x *= exp(-dt / tau_plus)``, ``y *= exp(-dt / tau_minus)``. Then they are paired with
    the spikes of the cycle, ``dw_ji = a_plus * x_i * post_j - a_minus * y_j * pre_i``, and at last the spikes are
    added to them. So a pair of spikes changes the weight by exactly `stdp_window`; a pair within one cycle has no
    order and changes nothing.

    Parameters
    ----------
    traces
        x ``(n,)`` and y ``(M,)``.
    pre, post
        Spikes of the cycle, 0 or 1: ``(n,)``, ``(M,)``.
    a_plus, a_minus
        Weight changes of a pair of spikes a very short time apart.
    tau_plus, tau_minus
        Time constants of the windows in ms.
    dt_ms
        Duration of a cycle in ms.

    Returns
    -------
    Traces
        The new traces.
    ndarray
        Weight changes ``(M, n)``, float64, not limited to any range.

    References
    ----------
    S. Song, K. D. Miller, L. F. Abbott, "Competitive Hebbian learning through spike-timing-dependent synaptic
    plasticity", Nat. Neurosci. 3, 2000, https://doi.org/10.1038/78829. Time constants: G. Bi, M. Poo, "Synaptic
    modifications in cultured hippocampal neurons", J. Neurosci. 18, 1998,
    https://doi.org/10.1523/JNEUROSCI.18-24-10464.1998, as fitted in G. Bi, M. Poo, Annu. Rev. Neurosci. 24, 2001,
    https://doi.org/10.1146/annurev.neuro.24.1.139.

    Examples
    --------
    >>> traces, change = pair_stdp_step(Traces(np.zeros(1), np.zeros(1)), [1], [0])
    >>> traces, change = pair_stdp_step(traces, [0], [1])
    >>> bool(change[0, 0] == stdp_window(1.0))
    True
    """
    keep_pre, keep_post = choose().exp(np.array([-dt_ms / tau_plus, -dt_ms / tau_minus]))
    x, y = traces.pre * keep_pre, traces.post * keep_post
    before, after = np.asarray(pre, np.float64), np.asarray(post, np.float64)
    change = a_plus * after[:, None] * x - a_minus * y[:, None] * before
    return Traces(x + before, y + after), change


def reward_stdp_step(
    eligibility: Floats, change: Floats, reward: float, *, tau_eligibility: float = 1000.0, dt_ms: float = 1.0
) -> tuple[Floats, Floats]:
    """One cycle of reward-modulated STDP, without side effects.

    The change of a spike pair is not applied at once but added to an eligibility trace,
    ``c = c * exp(-dt / tau_eligibility) + change``. A reward turns the trace into a change of the weight,
    ``dw = reward * c``, so it acts on spike pairs of some time before it.

    Parameters
    ----------
    eligibility
        c, of the shape of `change`.
    change
        Weight changes that `pair_stdp_step` proposes.
    reward
        Of this cycle; a punishment is negative.
    tau_eligibility
        Time constant of the eligibility in ms.
    dt_ms
        Duration of a cycle in ms.

    Returns
    -------
    ndarray
        The new eligibility.
    ndarray
        Weight changes.

    References
    ----------
    E. M. Izhikevich, "Solving the distal reward problem through linkage of STDP and dopamine signaling", Cereb.
    Cortex 17, 2007, https://doi.org/10.1093/cercor/bhl152.

    Examples
    --------
    >>> c, dw = reward_stdp_step(np.zeros((1, 1)), np.array([[0.01]]), 0.0)
    >>> c, dw = reward_stdp_step(c, np.zeros((1, 1)), 0.5)
    >>> bool(np.isclose(dw[0, 0], 0.5 * 0.01 * np.exp(-1 / 1000)))
    True
    """
    eligibility = eligibility * choose().exp(np.array(-dt_ms / tau_eligibility)) + change
    return eligibility, reward * eligibility


def stdp_window(
    interval_ms: ArrayLike,
    *,
    a_plus: float = 0.01,
    a_minus: float = 0.005,
    tau_plus: float = 16.8,
    tau_minus: float = 33.7,
) -> Floats:
    """Weight change of a pair of spikes, t_post - t_pre = `interval_ms`.

    ``a_plus * exp(-dt / tau_plus)`` above 0, ``-a_minus * exp(dt / tau_minus)`` below, 0 at 0.

    >>> stdp_window([-33.7, 0, 16.8]).round(6)
    array([-0.001839,  0.      ,  0.003679])
    """
    dt = np.asarray(interval_ms, np.float64)
    decay = choose().exp(-np.abs(dt) / np.where(dt > 0, tau_plus, tau_minus))
    return np.where(dt > 0, a_plus * decay, np.where(dt < 0, -a_minus * decay, 0.0))


def stdp_drift(
    pre_rate: ArrayLike,
    post_rate: ArrayLike,
    *,
    a_plus: float = 0.01,
    a_minus: float = 0.005,
    tau_plus: float = 16.8,
    tau_minus: float = 33.7,
    dt_ms: float = 1.0,
) -> Floats:
    """Mean weight change per ms of uncorrelated spike trains, for rates in spikes per ms.

    ``r1 r2 (a_plus S(tau_plus) - a_minus S(tau_minus))`` with ``S(tau) = dt / (exp(dt / tau) - 1)``, the sum of the
    window over all cycles; S tends to tau as dt goes to 0, and is tau - dt / 2 + dt**2 / (12 tau) - ..

    >>> bool(abs(stdp_drift(0.02, 0.03, dt_ms=1e-4) - 0.0006 * (0.01 * 16.8 - 0.005 * 33.7)) < 1e-9)
    True
    """
    area = a_plus * dt_ms / math.expm1(dt_ms / tau_plus) - a_minus * dt_ms / math.expm1(dt_ms / tau_minus)
    return np.asarray(pre_rate, np.float64) * np.asarray(post_rate, np.float64) * area


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
        Time constants in ms, above 0.
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
        tau_plus: float = 16.8,
        tau_minus: float = 33.7,
        tau_eligibility: float = 1000.0,
        step: float = 1 / 256,
        soft_bounds: bool = False,
        deterministic: bool = False,
        dt_ms: float = 1.0,
        weights: ArrayLike | None = None,
        seed: Seed = None,
    ) -> None:
        shape = checks.whole("n_post", n_post, 1), checks.whole("n_pre", n_pre, 1)
        self._w_min, self._w_max = interval("w_min", w_min, "w_max", w_max)
        self._learning_rate = checks.real("learning_rate", learning_rate, 0.0, 1.0)
        self._ltd_ratio = checks.real("ltd_ratio", ltd_ratio, 0.0, checks.LARGEST)
        self._rule = checks.option("rule", rule, RULES)
        self._taus = {
            "tau_plus": checks.positive("tau_plus", tau_plus),
            "tau_minus": checks.positive("tau_minus", tau_minus),
            "tau_eligibility": checks.positive("tau_eligibility", tau_eligibility),
        }
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
    taus = property(lambda self: MappingProxyType(self._taus), doc="Read-only: time constants in ms.")
    dt_ms: float = attribute("_dt_ms", "Duration of a cycle in ms.")
    parameters: Plasticity = attribute("_parameters", "The rule as numbers for the kernels.")
    key: int = attribute("_key", "Philox key of the gates; `reseed` changes it.")
    traces: Traces = attribute("_traces", "`Traces`; edit their arrays, the next cycle starts from there.")
    eligibility: Floats = attribute("_eligibility", "Eligibility ``(M, n)``, of rule `reward` only; edit it.")
    cycles: int = attribute("_cycles", "Cycles since construction or `reset`, which number the random numbers.")

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
        return np.asarray(self._w_min + (self._w_max - self._w_min) * self._shares)

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
        before, after = checks.spikes("pre", pre, (n_pre,)), checks.spikes("post", post, (n_post,))
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
