"""Exponential, logarithms and hyperbolic tangent."""

import math
from collections.abc import Callable

import numpy as np

from .. import elementary as formulas
from ..threads import over_rows
from ..types import Floats
from .jit import inline, jit
from .neurons import where

_OPERATIONS = 8
"""Work of a number, in the word operations of `over_rows`."""
_reduced, _exp_of, _tanh_of = inline(formulas.reduced), inline(formulas.exp_of), inline(formulas.tanh_of)
_one_plus, _log_of_sum = inline(formulas.one_plus), inline(formulas.log_of_sum)


@jit
def _exp(x, out, start, stop):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        k, r, c = _reduced(x[i], -746.0, 710.0)
        out[i] = _exp_of(k, r, c)


@jit
def _log(x, out, start, stop):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        out[i] = _log_of_sum(where, x[i], 0.0)


@jit
def _log1p(x, out, start, stop):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        total, rest = _one_plus(x[i])
        out[i] = _log_of_sum(where, total, rest)


@jit
def _tanh(x, out, start, stop):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        k, r, c = _reduced(2.0 * abs(x[i]), 0.0, 40.0)
        out[i] = math.copysign(_tanh_of(where, k, r, c), x[i])


def exp(x: Floats) -> Floats:
    return _of_each(_exp, x)


def log(x: Floats) -> Floats:
    return _of_each(_log, x)


def log1p(x: Floats) -> Floats:
    return _of_each(_log1p, x)


def tanh(x: Floats) -> Floats:
    return _of_each(_tanh, x)


def _of_each(kernel: Callable[..., None], x: Floats) -> Floats:
    out = np.empty(x.shape)
    over_rows(kernel, (np.ascontiguousarray(x).reshape(-1), out.reshape(-1)), out.size, _OPERATIONS * out.size)
    return out
