"""Time series of difference and delay equations."""

import numpy as np

from ..types import Floats
from .jit import inline, jit


@jit
def _narma(u, order, alpha, beta, gamma, delta):  # type: ignore[no-untyped-def]
    y = np.zeros(u.size)
    for t in range(order - 1, u.size - 1):
        total = 0.0
        for i in range(order):
            total += y[t - i]
        y[t + 1] = alpha * y[t] + beta * y[t] * total + gamma * u[t - order + 1] * u[t] + delta
    return y


def narma(u: Floats, order: int, alpha: float, beta: float, gamma: float, delta: float) -> Floats:
    found: Floats = _narma(u, order, alpha, beta, gamma, delta)
    return found


@inline
def _slope(x, past):  # type: ignore[no-untyped-def]
    square = past * past
    fourth = square * square
    return 0.2 * past / (1.0 + fourth * fourth * square) - 0.1 * x


@jit
def _mackey_glass(steps, lag, h, x0):  # type: ignore[no-untyped-def]
    x, f = np.full(lag + 1 + steps, x0), np.zeros(lag + 1 + steps)
    f[lag] = _slope(x0, x0)
    for k in range(lag, lag + steps):
        now, early, late = x[k], x[k - lag], x[k - lag + 1]
        # At the start the slope jumps from 0; the cubic before it ends with the 0.
        after = f[k - lag + 1] if k != 2 * lag - 1 else 0.0
        middle = (early + late) / 2 + h / 8 * (f[k - lag] - after)
        a = f[k]
        b = _slope(now + h / 2 * a, middle)
        c = _slope(now + h / 2 * b, middle)
        d = _slope(now + h * c, late)
        x[k + 1] = now + h / 6 * (a + 2 * b + 2 * c + d)
        f[k + 1] = _slope(x[k + 1], late)
    return x[lag:]


def mackey_glass(steps: int, lag: int, h: float, x0: float) -> Floats:
    found: Floats = _mackey_glass(steps, lag, h, x0)
    return found
