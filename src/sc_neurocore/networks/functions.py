"""Elementwise functions between counters and encoders, the same bits on every machine.

They use sums, products, quotients, and the exponential function, logarithm and tanh of the backends: those of NumPy
differ in the last digit from one machine to another.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..backends import choose
from .activations import Floats, activate

_FAR = 6.0
"""From here on the error function is 1 to 16 digits."""


def erf(x: Floats) -> Floats:
    """Error function, to 1.5e-15: ``2 x / sqrt(pi) exp(-x**2) sum (2 x**2)**n / (2n + 1)!!``.

    All terms of the sum are positive, so none cancel (M. Abramowitz, I. A. Stegun 1964, 7.1.6).

    >>> erf(np.array([0.0, 0.5, -7.0])).round(6)
    array([ 0.    ,  0.5205, -1.    ])
    """
    near = np.clip(x, -_FAR, _FAR)
    square = near * near
    term = np.ones_like(near)
    total = np.ones_like(near)
    n = 1
    while (term > 1e-17 * total).any():  # what is left out changes no digit, also of the other numbers of a batch
        term = term * (2.0 * square) / (2 * n + 1)
        total = total + term
        n += 1
    return np.asarray(np.clip(2.0 / math.sqrt(math.pi) * near * choose().exp(-square) * total, -1.0, 1.0))


class Function(NamedTuple):
    """An elementwise function with parameters, and what is known of its outputs."""

    call: Callable[..., Floats]
    """Takes numbers, then the parameters."""
    signed: bool = True
    """Whether it gives negative numbers for negative ones; it gives none for others."""
    parameters: dict[str, float | None] = {}  # noqa: RUF012 - of a named tuple, none is changed
    """Their names and defaults; None: it must be given."""
    bound: Callable[[float, Any], float] = lambda largest, slope: largest
    """Upper bound of |outputs|, from that of |inputs| and the slope."""


def _leaky(z: Floats, slope: float) -> Floats:
    return np.where(z < 0, slope * z, z)


def _elu(z: Floats, slope: float) -> Floats:
    return np.where(z < 0, slope * (choose().exp(np.minimum(z, 0.0)) - 1.0), z)


def _gelu(z: Floats) -> Floats:
    return 0.5 * z * (1.0 + erf(z / math.sqrt(2.0)))


def _gelu_tanh(z: Floats) -> Floats:
    near = np.clip(z, -100.0, 100.0)
    inner = math.sqrt(2.0 / math.pi) * (near + 0.044715 * near * near * near)
    return 0.5 * z * (1.0 + choose().tanh(inner))


def _hard_logistic(z: Floats) -> Floats:
    return np.clip(z / 6.0 + 0.5, 0.0, 1.0)


def _softplus(z: Floats) -> Floats:
    return np.maximum(z, 0.0) + choose().log1p(choose().exp(-np.abs(z)))


def _one(largest: float, slope: Any) -> float:
    return 1.0


FUNCTIONS: dict[str, Function] = {
    "relu": Function(lambda z: np.maximum(z, 0.0), False),
    "relu6": Function(lambda z: np.clip(z, 0.0, 6.0), False, bound=lambda largest, _: min(largest, 6.0)),
    "leaky_relu": Function(_leaky, True, {"slope": 0.01}, lambda largest, slope: largest * max(1.0, abs(slope))),
    "clip": Function(lambda z, low, high: np.clip(z, low, high), True, {"low": None, "high": None}),
    "tanh": Function(lambda z: activate(z, "tanh"), True, bound=_one),
    "logistic": Function(lambda z: activate(z, "logistic"), False, bound=_one),
    "hard_logistic": Function(_hard_logistic, False, bound=_one),
    "gelu": Function(_gelu),
    "gelu_tanh": Function(_gelu_tanh),
    "silu": Function(lambda z: z * activate(z, "logistic")),
    "hard_silu": Function(lambda z: z * _hard_logistic(z)),
    "elu": Function(_elu, True, {"slope": 1.0}, lambda largest, slope: max(largest, abs(slope))),
    "softplus": Function(_softplus, False, bound=lambda largest, _: largest + 1.0),
    "absolute": Function(np.abs, False),
    "erf": Function(erf, True, bound=_one),
}
"""The functions by name. ``"clip"`` is hardtanh, ``"hard_silu"`` hardswish, ``"hard_logistic"`` hardsigmoid."""
