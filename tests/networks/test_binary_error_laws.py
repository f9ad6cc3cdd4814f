"""What layers in the binary domain make of errors of their inputs, as their docstrings say it."""

import math

import numpy as np
import pytest

from sc_neurocore import Add, Elementwise, GlobalPool, LayerNorm, Multiply, Quantize, Scale, Softmax
from sc_neurocore.networks.functions import FUNCTIONS

STEEPEST = {
    "logistic": 0.25, "hard_logistic": 1 / 6, "gelu": 1.12904, "gelu_tanh": 1.12904, "erf": 2 / math.sqrt(math.pi),
    "silu": 1.09984, "hard_silu": 1.5, "leaky_relu": 3.0, "elu": 3.0,
}  # fmt: skip
"""Largest slopes; all others have 1."""
SLOPED = {name: {"slope": 3.0} for name in ("leaky_relu", "elu")} | {"clip": {"low": -1.0, "high": 2.0}}
SMALL = 1e-6


@pytest.fixture
def draw():
    return np.random.default_rng(18)


def moved(layer, a, errors):
    """How far the outputs move when the inputs do so by small errors, in units of these."""
    return (layer.forward(a + SMALL * errors) - layer.forward(a - SMALL * errors)) / (2 * SMALL)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_error_is_multiplied_by_the_slope(name):
    z = np.linspace(-12, 12, 240_001)[None]
    slopes = np.abs(moved(Elementwise(name, **SLOPED.get(name, {})), z, np.ones_like(z)))
    assert slopes.max() == pytest.approx(STEEPEST.get(name, 1.0), rel=2e-4)


def test_errors_of_a_sum_add_up(draw):
    a, spreads = draw.normal(size=(4, 6)), np.repeat([0.3, 0.4, 1.2], 2)
    errors = spreads * draw.normal(size=(4, 6))
    found = moved(Add(3), a, errors)
    np.testing.assert_allclose(found, errors[:, :2] + errors[:, 2:4] + errors[:, 4:], atol=1e-8)
    many = Add(3).forward(spreads * draw.normal(size=(100_000, 6)))
    np.testing.assert_allclose(many.std(0), 1.3, rtol=0.02)


def test_errors_of_a_product(draw):
    a, e = draw.normal(size=(2, 4, 3))
    (b, f), layer = draw.normal(size=(2, 4, 3)), Multiply(2)
    both, errors = np.hstack([a, b]), np.hstack([e, f])
    np.testing.assert_allclose(layer.forward(both + errors) - layer.forward(both), a * f + b * e + e * f)


def test_a_factor_is_one_of_the_error_too(draw):
    factors, errors = draw.normal(size=3), draw.normal(size=(5, 3))
    np.testing.assert_allclose(moved(Scale(factors, factors), errors, errors), factors * errors, atol=1e-8)


def test_an_average_divides_independent_errors_by_the_root_of_their_number(draw):
    errors = 0.5 * draw.normal(size=(50_000, 1, 5, 5))
    assert GlobalPool("average").forward(1 + errors).std() == pytest.approx(0.5 / 5, rel=0.02)
    shared = np.broadcast_to(errors[:, :, :1, :1], errors.shape)
    assert GlobalPool("average").forward(1 + shared).std() == pytest.approx(0.5, rel=0.02)
    highest = GlobalPool("max").forward(1 + errors)
    np.testing.assert_allclose(highest[:, 0], 1 + errors.max((1, 2, 3)))


def test_layer_norm_divides_errors_by_the_standard_deviation(draw):
    a, e, factors = draw.normal(size=(5, 7)), draw.normal(size=(5, 7)), draw.normal(size=7)
    layer = LayerNorm(factors, draw.normal(size=7), 1e-3)
    s = np.sqrt(a.var(1, keepdims=True) + 1e-3)
    z = (a - a.mean(1, keepdims=True)) / s
    wanted = factors * (e - e.mean(1, keepdims=True) - z * (z * e).mean(1, keepdims=True)) / s
    np.testing.assert_allclose(moved(layer, a, e), wanted, atol=1e-7)


def test_softmax_shares_errors_out(draw):
    a, e = 3 * draw.normal(size=(2, 6, 4))
    p = Softmax().forward(a)
    left = e - (p * e).sum(1, keepdims=True)
    np.testing.assert_allclose(moved(Softmax(), a, e), p * left, atol=1e-7)
    np.testing.assert_allclose(moved(Softmax(log=True), a, e), left, atol=1e-7)
    for k, one in enumerate(np.eye(4)):
        assert (np.abs(moved(Softmax(), a, np.broadcast_to(one, a.shape))[:, k]) <= 0.25 + 1e-7).all()


@pytest.mark.parametrize(
    ("rounding", "most"),
    [("half_even", 0.5), ("half_up", 0.5), ("half_down", 0.5), ("up", 1), ("down", 1), ("floor", 1), ("ceil", 1)],
)
def test_a_quantizer_adds_half_a_step_or_a_whole_one(rounding, most):
    a = np.linspace(-2, 1.75, 10_007)[None]
    errors = np.abs(Quantize(0.25, 0.0, -8, 7, rounding).forward(a) - a) / 0.25
    assert 0.99 * most < errors.max() <= most + 2**-19
