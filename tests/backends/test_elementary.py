"""Exponential, logarithm and hyperbolic tangent: their errors, their order, and what they give at special numbers."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.kernels import ElementaryKernels, kernel_names
from sc_neurocore.backends.normal import log_near_one

NAMES = ("exp", "log", "log1p", "tanh")
LIMITS = {"exp": 1.25, "log": 1.0, "log1p": 1.0, "tanh": 3.0}
"""Largest errors in units of the last place, as `ElementaryKernels` says."""
RANGES = {
    "exp": [(-1, 1), (-708, 709.7), (-745, -708)],
    "log": [(0.5, 2), (1e-3, 1e3), (1 - 1e-6, 1 + 1e-6)],
    "log1p": [(-0.6, 2), (-0.999, -0.9), (1, 1e9)],
    "tanh": [(-0.2, 0.2), (-1.2, 1.2), (-21, 21)],
}


def exact(name, x):
    """The value to 60 digits and more, by the functions of `decimal`; x is a Decimal."""
    with localcontext() as context:
        context.prec = 80
        if name == "exp":
            return x.exp()
        if name == "log":
            return x.ln()
        if abs(x) < Decimal("1e-20"):
            return x  # the next term is below the 20th digit
        if name == "log1p":
            return (1 + x).ln()
        return ((2 * x).exp() - 1) / ((2 * x).exp() + 1)


def units_off(name, found, x):
    """Errors in units of the last place of the exact value."""
    wanted = [exact(name, Decimal(value)) for value in x.tolist()]
    units = np.spacing(np.abs(np.array([float(value) for value in wanted])))
    pairs = zip(found.tolist(), wanted, units.tolist(), strict=True)
    return np.array([float(abs(Decimal(f) - w) / Decimal(unit)) for f, w, unit in pairs])


def numbers(name, rng, n=400):
    uniform = [rng.uniform(*ends, n) for ends in RANGES[name]]
    small = 10.0 ** rng.uniform(-300, 0, n)
    return np.concatenate([*uniform, small if name == "log" else small * rng.choice([-0.9, 0.9], n)])


def test_every_function_is_here():
    assert set(NAMES) == set(kernel_names()) & set(vars(ElementaryKernels))


@pytest.mark.parametrize("name", NAMES)
def test_errors_are_below_their_limits(every_backend, name):
    x = numbers(name, np.random.default_rng(0))
    off = units_off(name, getattr(every_backend, name)(x), x)
    assert 0.3 < off.max() <= LIMITS[name]


def test_a_shorter_series_is_noticed():
    """The logarithm of `normal` takes seven terms."""
    x = np.random.default_rng(0).uniform(0.71, 1.41, 400)
    assert units_off("log", log_near_one(x), x).max() > 4 * LIMITS["log"]


@pytest.mark.parametrize("name", NAMES)
def test_backends_have_the_same_bits(backend, name):
    rng = np.random.default_rng(1)
    wide = rng.standard_normal(3000) * 10.0 ** rng.uniform(-300, 300, 3000)
    near = rng.standard_normal(3000) * 10.0 ** rng.uniform(-8, 3, 3000)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 2.0**-1022, 709.79, -745.2, -746.0, 1e308]
    x = np.concatenate([wide, near, special])
    mine, theirs = getattr(backend, name)(x), getattr(reference, name)(x)
    kept = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.isnan(mine), ~kept)
    assert mine[kept].tobytes() == theirs[kept].tobytes()


def test_special_numbers(every_backend):
    exp, log, log1p, tanh = (getattr(every_backend, name) for name in NAMES)
    inf = np.inf
    assert exp(np.array([0.0, -0.0, -inf, -746.0, inf, 710.0])).tolist() == [1.0, 1.0, 0.0, 0.0, inf, inf]
    assert log(np.array([1.0, 0.0, inf])).tolist() == [0.0, -inf, inf]
    assert log1p(np.array([0.0, 5e-324, -1.0, inf])).tolist() == [0.0, 5e-324, -inf, inf]
    assert tanh(np.array([0.0, 5e-324, 19.1, 20.0, 1e300, inf, -inf])).tolist() == [0.0, 5e-324, 1, 1, 1, 1, -1]
    assert np.isnan([exp(np.array(np.nan)), tanh(np.array(np.nan)), *log(np.array([np.nan, -1.0, -inf]))]).all()
    assert np.isnan(log1p(np.array([np.nan, -1.5]))).all()
    powers = 2.0 ** np.arange(-1074, 1024, 31)
    assert units_off("log", log(powers), powers).max() < 0.51


def test_order_is_kept(every_backend):
    """From four numbers apart on; of neighbours, the roundings may differ by a unit or two."""
    rng = np.random.default_rng(2)
    for name, low, high in (("exp", -20, 20), ("log", 1e-3, 1e3), ("log1p", -0.9, 9), ("tanh", -21, 21)):
        x, function = rng.uniform(low, high, 20_000), getattr(every_backend, name)
        assert (function(x + 4 * np.spacing(np.abs(x))) >= function(x)).all()
    x = rng.uniform(0, 21, 20_000)
    np.testing.assert_array_equal(every_backend.tanh(-x), -every_backend.tanh(x))
    assert every_backend.tanh(x).max() <= 1


def test_any_shape(every_backend, split_over):
    split_over(2)
    x = np.random.default_rng(3).uniform(0, 1, (4, 5, 6))
    for name in NAMES:
        function = getattr(every_backend, name)
        whole = function(x)
        assert (whole.shape, whole.dtype) == (x.shape, np.float64)
        np.testing.assert_array_equal(function(x[::2, :, ::3].T), whole[::2, :, ::3].T)
        one = function(x[0, 0, 0:1].reshape(()))
        assert (one.shape, float(one)) == ((), whole[0, 0, 0])
        assert function(x[:0]).shape == (0, 5, 6)
