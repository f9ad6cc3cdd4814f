"""Exponential, logarithms and hyperbolic tangent."""

from collections.abc import Callable

import numpy as np

from ..elementary import exp_of, log_of_sum, one_plus, reduced, tanh_of
from ..types import Floats


def exp(x: Floats) -> Floats:
    return _of_each(lambda x: exp_of(*reduced(x, -746.0, 710.0)), x)


def log(x: Floats) -> Floats:
    return _of_each(lambda x: log_of_sum(np.where, x, 0.0), x)


def log1p(x: Floats) -> Floats:
    return _of_each(lambda x: log_of_sum(np.where, *one_plus(x)), x)


def tanh(x: Floats) -> Floats:
    return _of_each(lambda x: np.copysign(tanh_of(np.where, *reduced(2.0 * abs(x), 0.0, 40.0)), x), x)


def _of_each(formula: Callable[[Floats], Floats], x: Floats) -> Floats:
    with np.errstate(all="ignore"):  # of infinite results, and of numbers that are discarded
        return np.reshape(formula(np.atleast_1d(x)), np.shape(x))
