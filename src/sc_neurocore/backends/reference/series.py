"""Time series to learn."""

import numpy as np

from ..types import Floats


def narma(u: Floats, order: int, alpha: float, beta: float, gamma: float, delta: float) -> Floats:
    y = [0.0] * u.size
    for t in range(order - 1, u.size - 1):
        total = 0.0
        for i in range(order):
            total += y[t - i]
        y[t + 1] = alpha * y[t] + beta * y[t] * total + gamma * float(u[t - order + 1]) * float(u[t]) + delta
    return np.array(y)


def mackey_glass(steps: int, lag: int, h: float, x0: float) -> Floats:

    def slope(now: float, past: float) -> float:
        square = past * past
        fourth = square * square
        return 0.2 * past / (1.0 + fourth * fourth * square) - 0.1 * now

    x, f = [x0] * (lag + 1), [0.0] * lag + [slope(x0, x0)]
    for k in range(lag, lag + steps):
        now, early, late = x[k], x[k - lag], x[k - lag + 1]
        after = f[k - lag + 1] if k != 2 * lag - 1 else 0.0
        middle = (early + late) / 2 + h / 8 * (f[k - lag] - after)
        a = f[k]
        b = slope(now + h / 2 * a, middle)
        c = slope(now + h / 2 * b, middle)
        d = slope(now + h * c, late)
        x.append(now + h / 6 * (a + 2 * b + 2 * c + d))
        f.append(slope(x[k + 1], late))
    return np.array(x[lag:])
