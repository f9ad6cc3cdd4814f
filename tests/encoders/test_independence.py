"""Errors of ANDs and ORs of lines, against bits; what may be on a list."""

import math
from itertools import product

import numpy as np
import pytest

from sc_neurocore.encoders import Halton, Lattice, Sobol
from sc_neurocore.encoders.independence import LIMIT, IndependentLines, and_error, or_error, zeros_of


def stream(numbers, modulus, p):
    return numbers < math.floor(p * modulus + 0.5)


@pytest.mark.parametrize(("length", "modulus"), [(16, 16), (12, 16), (65, 65), (100, 128)])
def test_an_and_against_bits(length, modulus):
    rng = np.random.default_rng(length)
    one, other = rng.integers(0, modulus, (2, length), np.uint32)
    for points in (None, 7):
        grid = [k / (points or length) for k in range((points or length) + 1)]
        squares = [
            ((stream(one, modulus, a) & stream(other, modulus, b)).mean() - a * b) ** 2 for a, b in product(grid, grid)
        ]
        assert and_error(one, other, modulus, points) == pytest.approx(
            math.sqrt(np.mean(squares)) / math.sqrt(5 / 36 / length), rel=1e-9
        )


@pytest.mark.parametrize(("length", "modulus"), [(16, 16), (12, 16), (65, 65), (200, 256)])
@pytest.mark.parametrize("steps", [3, 11])
def test_an_or_against_bits(length, modulus, steps):
    rng = np.random.default_rng(length)
    lines = rng.integers(0, modulus, (3, length), np.uint32)
    errors, variances = [], []
    for operands in product([k / steps for k in range(steps + 1)], repeat=3):
        ones = [stream(line, modulus, p) for line, p in zip(lines, operands, strict=True)]
        q = math.prod(1 - p for p in operands)
        errors.append(((ones[0] | ones[1] | ones[2]).mean() - (1 - q)) ** 2)
        variances.append(q * (1 - q) / length)
    zeros = [zeros_of(line, modulus, steps) for line in lines]
    assert or_error(*zeros, length) == pytest.approx(math.sqrt(np.mean(errors) / np.mean(variances)), rel=1e-9)


def test_all_lines_together_err_like_bernoulli_and_equal_ones_do_not():
    """Over all lines of 2 cycles and 4 numbers, which are 2 random draws, the mean square is that of the law."""
    lines = [np.array(each, np.uint32) for each in product(range(4), repeat=2)]
    products = np.outer(np.arange(5), np.arange(5)) / 16  # of operands k / 4, whose thresholds are not rounded
    law = (products * (1 - products)).mean() / (5 / 36)
    ands = [and_error(one, other, 4, 4) ** 2 for one, other in product(lines, lines)]
    assert np.mean(ands) == pytest.approx(law, rel=1e-12)
    zeros = [zeros_of(line, 4, 4) for line in lines]
    ors = [or_error(*three, 2) ** 2 for three in product(zeros, repeat=3)]
    assert np.mean(ors) == pytest.approx(1, rel=1e-12)
    # Lines that are equal: the same means are off.
    assert np.mean([and_error(line, line, 4, 4) ** 2 for line in lines]) > 1.1 * law
    assert np.mean([or_error(each, each, other, 2) ** 2 for each, other in product(zeros, zeros)]) > 1.1


def test_halton_lines_in_bases_beyond_the_length_are_refused():
    """They only rise in L cycles, all of them together."""
    lines = IndependentLines(64)
    bases = [2, 3, 5, 7, 11, 13, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107]
    taken = [base for base in bases if lines.take(Halton(6, base).sequence(64))]
    assert taken[:3] == [2, 3, 5]
    assert len([base for base in taken if base > 60]) <= 1
    assert len(lines) == len(taken)
    rising = [Halton(6, base).sequence(64) for base in (67, 71)]
    assert and_error(*rising, 64) > LIMIT


def test_a_list_has_no_line_twice():
    """Of four cycles, even a line and itself err less than Bernoulli streams."""
    lines = IndependentLines(4)
    numbers = Lattice(4, 1).sequence(4)
    assert and_error(numbers, numbers, 4, None) < 1
    assert lines.take(numbers)
    assert not lines.take(numbers)


def test_the_first_lines_of_a_user_may_be_any():
    lines = IndependentLines(64)
    numbers = Sobol(6).sequence(64)
    for _ in range(2):
        lines.append(numbers)
    assert len(lines) == 2
