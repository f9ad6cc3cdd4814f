"""Time series to predict or to remember, for reservoirs."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import checks

if TYPE_CHECKING:
    from ..encoders import Seed

Floats = NDArray[np.float64]
_ORDER = 10
_ESCAPED = 2.0
"""A NARMA10 series that stays finite is far below this."""


class TimeSeries(NamedTuple):
    """A task: step t shows ``inputs[t]`` and wants ``targets[t]``.

    Parameters
    ----------
    inputs
        ``(T, n_inputs)``.
    targets
        ``(T,)`` or ``(T, n_outputs)``.
    """

    inputs: Floats
    targets: Floats


def narma10(T: int, seed: "Seed" = None) -> TimeSeries:
    """Nonlinear autoregressive moving average of order ten.

    ``y[t+1] = .3 y[t] + .05 y[t] sum_{i=0..9} y[t-i] + 1.5 u[t-9] u[t] + .1`` with u uniform in [0, .5].
    Step t shows u[t] and wants y[t], which depends on u[t-1], u[t-10] and, through y, on all before.

    Parameters
    ----------
    T
        Steps; the first ten of the recursion, where y is 0, are left out.
    seed
        Fixes u. Where y escapes to infinity, which happens in about one of 10**5 series, u is drawn again.

    Returns
    -------
    TimeSeries
        Inputs ``(T, 1)``, targets ``(T,)``.

    References
    ----------
    A. F. Atiya, A. G. Parlos, "New results on recurrent network training", IEEE Trans. Neural Networks 11,
    2000, https://doi.org/10.1109/72.846741.

    Examples
    --------
    >>> u, y = narma10(2000, seed=0)
    >>> u.shape, y.shape, bool(u.max() < 0.5)
    ((2000, 1), (2000,), True)
    """
    from ..backends import choose

    T = checks.whole("T", T, 1)
    rng = _generator(seed, "narma10")
    while True:
        u = rng.uniform(0.0, 0.5, T + _ORDER)
        y = choose().narma(u, _ORDER, 0.3, 0.05, 1.5, 0.1)
        if y.max() < _ESCAPED:  # false for NaN too
            return TimeSeries(u[_ORDER:, None].copy(), y[_ORDER:].copy())


def mackey_glass(
    T: int, tau: float = 17.0, *, horizon: int = 1, step: float = 0.1, x0: float = 1.2, discard: int = 500
) -> TimeSeries:
    """Mackey-Glass series: ``x' = .2 x(t - tau) / (1 + x(t - tau)**10) - .1 x``, a sample per unit of time.

    Its values lie in about [.2, 1.4]: ``x - 1`` suits signed encodings, ``x / 1.5`` unipolar ones.

    Parameters
    ----------
    T
        Steps.
    tau
        Delay, a multiple of `step`; the series is chaotic from about 16.8 on.
    horizon
        The target of a step is the value so many steps later, at least 1.
    step
        Step of the integration, 1 / step a whole number: Runge and Kutta's method of order four, with the
        past between two steps interpolated by a cubic.
    x0
        Value before and at the start, above 0.
    discard
        Samples left out at the start.

    Returns
    -------
    TimeSeries
        Inputs ``(T, 1)``, targets ``(T,)``.

    References
    ----------
    M. C. Mackey, L. Glass, "Oscillation and chaos in physiological control systems", Science 197, 1977,
    https://doi.org/10.1126/science.267326.

    Examples
    --------
    >>> x, later = mackey_glass(1000, horizon=84)
    >>> x.shape, bool((x[84:, 0] == later[:-84]).all())
    ((1000, 1), True)
    """
    from ..backends import choose

    T, horizon = checks.whole("T", T, 1), checks.whole("horizon", horizon, 1)
    discard = checks.whole("discard", discard, 0)
    tau, step, x0 = (checks.positive(name, value) for name, value in (("tau", tau), ("step", step), ("x0", x0)))
    every, lag = round(1 / step), round(tau / step)
    if every < 1 or abs(every * step - 1) > 1e-9:
        raise ValueError(f"step must be 1 over a whole number, got {checks.plain(step)}")
    if lag < 1 or abs(lag * step - tau) > 1e-9 * tau:
        raise ValueError(f"tau must be a multiple of step={checks.plain(step)}, got {checks.plain(tau)}")
    values = choose().mackey_glass((discard + T + horizon - 1) * every, lag, 1 / every, x0)[::every][discard:]
    return TimeSeries(values[:T, None].copy(), values[horizon : horizon + T].copy())


def delay_task(T: int, max_delay: int, seed: "Seed" = None, *, low: float = -1.0, high: float = 1.0) -> TimeSeries:
    """Random inputs, and as targets of each step the inputs of 1, 2, .. `max_delay` steps before.

    A reservoir that solves it remembers its inputs. The score is the memory capacity: the sum over the delays of
    the squared correlation of read-out and target, see `sc_neurocore.evaluation.memory_capacity`; that of n linear
    neurons is at most n.

    Parameters
    ----------
    T
        Steps.
    max_delay
        Targets of a step.
    seed
        Fixes the inputs, which are uniform in [low, high).

    Returns
    -------
    TimeSeries
        Inputs ``(T, 1)``, targets ``(T, max_delay)``; inputs before the first step are real ones.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD Report 152, 2001 (2002 in some lists).

    Examples
    --------
    >>> u, before = delay_task(5, 2, seed=0)
    >>> bool((before[1:, 0] == u[:-1, 0]).all()), bool((before[2:, 1] == u[:-2, 0]).all())
    (True, True)
    """
    T, max_delay = checks.whole("T", T, 1), checks.whole("max_delay", max_delay, 1)
    low = checks.real("low", low, -checks.LARGEST, checks.LARGEST)
    high = checks.real("high", high, low, checks.LARGEST)
    u = _generator(seed, "delay_task").uniform(low, high, T + max_delay)
    return TimeSeries(u[max_delay:, None].copy(), delayed(u, max_delay)[max_delay:])


def _generator(seed: "Seed", owner: str) -> np.random.Generator:
    from ..encoders.seeds import Seeds

    return Seeds(seed, owner).generator("values")


def delayed(u: Floats, max_delay: int) -> Floats:
    """Values ``(T,)`` of 1, 2, .. `max_delay` steps ago, ``(T, max_delay)``; 0 before the first.

    >>> delayed(np.array([1.0, 2.0, 3.0]), 2)
    array([[0., 0.],
           [1., 0.],
           [2., 1.]])
    """
    padded = np.concatenate([np.zeros(max_delay), u])
    return np.lib.stride_tricks.sliding_window_view(padded[:-1], max_delay)[: len(u), ::-1].copy()
