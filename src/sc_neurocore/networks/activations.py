"""Activation functions of layers, applied to decoded sums in the binary domain."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose

Floats = NDArray[np.float64]
Activation = Literal["relu", "tanh", "logistic", "identity"]
ACTIVATIONS: tuple[str, ...] = get_args(Activation)


def _logistic(z: Floats) -> Floats:
    shrunk = choose().exp(-np.abs(z))
    return np.where(z < 0, shrunk, 1.0) / (1.0 + shrunk)


_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": lambda z: choose().tanh(z),
    "logistic": _logistic,
    "identity": lambda z: z,
}


def activate(z: Floats, activation: Activation) -> Floats:
    """Apply an activation function to every element.

    >>> activate(np.array([-1.0, 2.0]), "relu")
    array([0., 2.])
    """
    if not isinstance(activation, str) or activation not in _FUNCTIONS:
        raise ValueError(f"activation must be one of {', '.join(_FUNCTIONS)}, got {checks.shown(activation)}")
    if not (type(z) is np.ndarray and z.dtype == np.float64 and np.isfinite(z).all()):
        z = checks.array("z", z)
    return _FUNCTIONS[activation](z)
