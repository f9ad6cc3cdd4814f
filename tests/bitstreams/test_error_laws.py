"""The error laws against exact sums over every outcome."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from sc_neurocore.bitstreams import bernoulli_product_mse, bernoulli_variance, correlated_and_error

LENGTHS = [1, 2, 7, 16, 64, 100]


def binomial_mse(p, length):
    """Mean squared distance of k / L from p, k binomial: a sum over every k, exact."""
    return sum(
        comb(length, k) * p**k * (1 - p) ** (length - k) * (Fraction(k, length) - p) ** 2 for k in range(length + 1)
    )


@pytest.mark.parametrize("length", [1, 2, 7, 20])
def test_bernoulli_variance(length):
    for value in [Fraction(k, 8) for k in range(-8, 9)]:
        if value >= 0:
            assert float(bernoulli_variance(float(value), length)) == pytest.approx(float(binomial_mse(value, length)))
        bipolar = 4 * binomial_mse((value + 1) / 2, length)
        assert float(bernoulli_variance(float(value), length, "bipolar")) == pytest.approx(float(bipolar))
        split = binomial_mse(max(value, Fraction(0)), length) + binomial_mse(max(-value, Fraction(0)), length)
        assert float(bernoulli_variance(float(value), length, "split")) == pytest.approx(float(split))


def test_bernoulli_variance_of_an_array():
    values = np.linspace(-1, 1, 12).reshape(3, 4)
    np.testing.assert_allclose(bernoulli_variance(values, 10, "split"), abs(values) * (1 - abs(values)) / 10)
    np.testing.assert_allclose(bernoulli_variance(values, 10, "bipolar"), (1 - values**2) / 10)
    assert bernoulli_variance(abs(values), 10).shape == (3, 4)
    assert bernoulli_variance(0.5, 10, "split").shape == ()


def mean_over_the_square(f):
    """Mean of a polynomial of degree up to 5 in each of two uniform numbers in [0, 1]: Gauss, exact."""
    nodes, weights = np.polynomial.legendre.leggauss(3)
    nodes, weights = (nodes + 1) / 2, weights / 2
    return float(weights @ f(nodes[:, None], nodes[None, :]) @ weights)


@pytest.mark.parametrize("length", LENGTHS)
def test_product_mse(length):
    unipolar = mean_over_the_square(lambda a, b: bernoulli_variance(a * b, length))
    assert bernoulli_product_mse(length) == pytest.approx(unipolar, rel=1e-12)
    assert bernoulli_product_mse(length) == pytest.approx(5 / (36 * length))
    bipolar = mean_over_the_square(lambda a, b: bernoulli_variance((2 * a - 1) * (2 * b - 1), length, "bipolar"))
    assert bernoulli_product_mse(length, "bipolar") == pytest.approx(bipolar, rel=1e-12)
    assert bernoulli_product_mse(length, "bipolar") == pytest.approx(8 / (9 * length))
    assert bernoulli_product_mse(length, "split") == pytest.approx(5 / (36 * length))


@pytest.mark.parametrize("length", LENGTHS)
def test_correlated_and_error(length):
    grid = range(length + 1)
    plus = sum(length * min(a, b) - a * b for a in grid for b in grid)
    minus = sum(a * b - length * max(a + b - length, 0) for a in grid for b in grid)
    assert plus == minus
    assert Fraction(plus, length**2 * (length + 1) ** 2) == Fraction(length - 1, 12 * (length + 1))
    assert correlated_and_error(length) == pytest.approx(plus / length**2 / (length + 1) ** 2, abs=1e-15)


@pytest.mark.parametrize(
    ("n", "want"), [(4, ".07353"), (6, ".08077"), (8, ".08268"), (10, ".08317")], ids=lambda value: str(value)
)
def test_golden_ramp_by_ramp(n, want):
    assert f"{correlated_and_error(2**n):.5f}"[1:] == want


@pytest.mark.parametrize(
    "law",
    [
        lambda length: bernoulli_variance(0.5, length),
        lambda length: bernoulli_product_mse(length),
        lambda length: correlated_and_error(length),
    ],
    ids=["variance", "product", "correlated"],
)
def test_length_is_a_positive_integer(law):
    with pytest.raises(ValueError, match="length must be an integer of at least 1, got 0"):
        law(0)
    with pytest.raises(TypeError, match=r"length must be an integer of at least 1, got 2\.5"):
        law(2.5)
    assert law(np.int64(8)) == law(8)


def test_unknown_encodings_and_values_outside():
    message = "encoding must be one of unipolar, bipolar, split, got 'ternary'"
    with pytest.raises(ValueError, match=message):
        bernoulli_variance(0.5, 8, "ternary")
    with pytest.raises(ValueError, match=message):
        bernoulli_product_mse(8, "ternary")
    with pytest.raises(ValueError, match=r"values must lie in \[0, 1\], got -0.5"):
        bernoulli_variance(-0.5, 8)
