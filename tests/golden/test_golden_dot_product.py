"""A dot product of 784 terms: the bias of a pair of generators adds up."""

import numpy as np
import pytest

from sc_neurocore.encoders import Encoder, Ramp, Sobol, VanDerCorput
from verification import dot_product


def test_every_row_of_the_table_passes():
    table = dot_product.dot_product_table(quick=True)
    assert len(table.rows) == 9
    assert [row for row in table.rows if not row.passed] == []


def test_printed_digits():
    assert f"{dot_product.dot_product_rmse(Ramp(8), VanDerCorput(8)):.2f}" == "3.06"
    assert f"{np.sqrt(784 * 5 / (36 * 256)):.3f}" == "0.652"
    assert dot_product.dot_product_rmse(Sobol(8, 1), Sobol(8, 2)) == pytest.approx(0.068, rel=0.05)


def test_the_bias_makes_the_difference():
    ramp, sobol = (dot_product.term_moments(*pair[:2]) for pair in (
        dot_product.PAIRS["ramp x van der Corput"], dot_product.PAIRS["Sobol 1 x Sobol 2"],
    ))  # fmt: skip
    assert 784 * ramp[0] > 30 * (784 * ramp[1]) ** 0.5  # all bias
    assert 784 * sobol[0] < 0.1 * (784 * sobol[1]) ** 0.5  # next to none


def test_the_law_is_that_of_the_streams():
    """The law is a sum over a table of all pairs; here are dot products of an encoder's streams."""
    for first, second in ((Sobol(8, 1), Sobol(8, 2)), (Ramp(8), VanDerCorput(8))):
        squares = dot_product.squared_errors(Encoder(784, 256, first), Encoder(784, 256, second), 500, 3)
        law = dot_product.dot_product_rmse(first, second)
        assert abs(squares.mean() - law**2) < 6.2 * squares.std() / 500**0.5
