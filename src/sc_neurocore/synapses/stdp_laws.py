"""Spike-timing-dependent plasticity (STDP) as pure functions: a cycle of a rule, the window, the mean drift."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose

Floats = NDArray[np.float64]


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
    if not isinstance(traces, Traces):
        raise TypeError(f"traces must be Traces, got {type(traces).__name__}")
    x = checks.array("traces.pre", traces.pre, 0.0, checks.LARGEST, (None,)) * _kept(dt_ms, tau_plus=tau_plus)
    y = checks.array("traces.post", traces.post, 0.0, checks.LARGEST, (None,)) * _kept(dt_ms, tau_minus=tau_minus)
    before = checks.spikes("pre", pre, x.shape).astype(np.float64)
    after = checks.spikes("post", post, y.shape).astype(np.float64)
    _check_amplitudes(a_plus, a_minus)
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
    before = checks.array("eligibility", eligibility, -checks.LARGEST, checks.LARGEST)
    added = checks.array("change", change, -checks.LARGEST, checks.LARGEST, before.shape)
    amount = checks.real("reward", reward, -checks.LARGEST, checks.LARGEST)
    after = np.asarray(before * _kept(dt_ms, tau_eligibility=tau_eligibility) + added)
    return after, np.asarray(amount * after)


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
    dt = checks.array("interval_ms", interval_ms)
    _check_amplitudes(a_plus, a_minus)
    tau_plus = checks.positive("tau_plus", tau_plus)
    tau_minus = checks.positive("tau_minus", tau_minus)
    with np.errstate(over="ignore"):  # an infinite ratio has decayed to 0
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
    _check_amplitudes(a_plus, a_minus)
    up, down = _area(dt_ms, tau_plus=tau_plus), _area(dt_ms, tau_minus=tau_minus)
    rates = (
        checks.array("pre_rate", pre_rate, 0.0, checks.LARGEST),
        checks.array("post_rate", post_rate, 0.0, checks.LARGEST),
    )
    try:
        return np.asarray(rates[0] * rates[1] * (a_plus * up - a_minus * down))
    except ValueError as error:
        raise ValueError(
            f"shapes of pre_rate and post_rate must broadcast, got {rates[0].shape} and {rates[1].shape}"
        ) from error


def _kept(dt_ms: float, **tau: float) -> float:
    """Fraction of a trace that is left after `dt_ms` ms, for its time constant, given by name; both checked."""
    ((name, value),) = tau.items()
    return float(choose().exp(np.array(-checks.positive("dt_ms", dt_ms) / checks.positive(name, value))))


def _area(dt_ms: float, **tau: float) -> float:
    """Sum of a window over all cycles, ``dt / (exp(dt / tau) - 1)``, for its time constant, given by name."""
    ((name, value),) = tau.items()
    dt, checked = checks.positive("dt_ms", dt_ms), checks.positive(name, value)
    ratio = dt / checked
    if ratio == 0:  # cycles too short for the precision of numbers
        return checked
    return dt / math.expm1(ratio) if ratio < 700 else 0.0


def _check_amplitudes(a_plus: float, a_minus: float) -> None:
    for name, value in (("a_plus", a_plus), ("a_minus", a_minus)):
        checks.real(name, value, -checks.LARGEST, checks.LARGEST)
