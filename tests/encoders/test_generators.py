"""Deterministic generators against other ways to make the same numbers."""

from fractions import Fraction
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from sc_neurocore.encoders import (
    GENERATORS,
    LFSR,
    Bernoulli,
    Halton,
    Ramp,
    Searched,
    Sobol,
    UserSequence,
    VanDerCorput,
    make_generator,
)
from sc_neurocore.encoders.bank import NAMES, Bank
from sc_neurocore.encoders.sobol import STORED, computed_directions
from sc_neurocore.encoders.width import OfWidth


def radical_inverse(index, base):
    """The digits of `index` mirrored at the point, as a fraction."""
    value, weight = Fraction(0), Fraction(1, base)
    while index:
        index, digit = divmod(index, base)
        value += digit * weight
        weight /= base
    return value


# Primitive polynomial x^s + a_1 x^(s-1) + .. + 1 and initial m-values of the Joe-Kuo table, dimensions 2, 3, 4, 5.
JOE_KUO = {2: (1, 0, [1]), 3: (2, 1, [1, 3]), 4: (3, 1, [1, 3, 1]), 5: (3, 2, [1, 1, 1])}


def sobol_gray_code(dimension, length, width=32):
    """Points as `width`-bit integers, by the recurrence of the m-values and the Gray code."""
    if dimension == 1:
        m = [1] * width
    else:
        degree, coefficients, m = JOE_KUO[dimension]
        m = list(m)
        for k in range(degree, width):
            new = m[k - degree] ^ (m[k - degree] << degree)
            for i in range(1, degree):
                if coefficients >> (degree - 1 - i) & 1:
                    new ^= m[k - i] << i
            m.append(new)
    directions = [m[k] << (width - 1 - k) for k in range(width)]
    points, x = [], 0
    for index in range(length):
        points.append(x)
        zeros = 0
        while index >> zeros & 1:
            zeros += 1
        x ^= directions[zeros]
    return np.array(points, np.uint64)


@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("bits", "length"), [(1, 2), (4, 16), (8, 256), (8, 300), (10, 1000), (32, 513)])
def test_sobol_is_the_gray_code_construction(dimension, bits, length):
    expected = sobol_gray_code(dimension, length) >> np.uint64(32 - bits)
    ours = Sobol(bits, dimension).sequence(length)
    assert ours.dtype == np.uint32
    assert ours.tolist() == expected.tolist()


@pytest.mark.parametrize("dimension", [STORED, STORED + 1])
def test_sobol_on_both_sides_of_what_is_stored(dimension):
    points = qmc.Sobol(STORED + 1, scramble=False, bits=32).random(4096)[:, dimension - 1]
    np.testing.assert_array_equal(Sobol(32, dimension).sequence(4096), (points * 2.0**32).astype(np.uint32))


@pytest.mark.parametrize("count", [16, pytest.param(32, marks=pytest.mark.slow)])
def test_stored_sobol_directions_are_those_of_scipy(count):
    found = np.load(resources.files("sc_neurocore.encoders") / "directions.npy")
    np.testing.assert_array_equal(found[:count], computed_directions(STORED, count))


@pytest.mark.parametrize("dimension", [1, 2, 3, 17, 784, 21201])
def test_sobol_is_a_permutation(dimension):
    assert sorted(Sobol(6, dimension).sequence(64)) == list(range(64))


def test_sobol_dimensions_1_and_2_are_a_net():
    """Every elementary interval of 2**-n holds one of 2**n points."""
    x, y = Sobol(8, 1).sequence(256), Sobol(8, 2).sequence(256)
    for k in range(9):
        cells = (x >> k).astype(int) * 2**k + (y >> (8 - k))
        assert sorted(cells) == list(range(256))


def test_sobol_dimension_1_is_van_der_corput_in_another_order():
    gray = np.arange(256) ^ np.arange(256) >> 1
    assert (Sobol(8, 1).sequence(256) == VanDerCorput(8).sequence(256)[gray]).all()


@pytest.mark.parametrize("base", [2, 3, 5, 7, 31])
@pytest.mark.parametrize("bits", [1, 4, 8, 13, 32])
def test_halton_against_fractions(base, bits):
    expected = [int(radical_inverse(t, base) * 2**bits) for t in range(300)]
    assert Halton(bits, base).sequence(300).tolist() == expected


@pytest.mark.parametrize("bits", [1, 5, 8, 32])
def test_van_der_corput_against_fractions(bits):
    expected = [int(radical_inverse(t, 2) * 2**bits) for t in range(300)]
    assert VanDerCorput(bits).sequence(300).tolist() == expected
    assert Halton(bits, 2).sequence(300).tolist() == expected


@given(st.integers(1, 16))
@settings(deadline=None, max_examples=16)
def test_one_period_is_a_permutation(bits):
    for generator in (Ramp(bits), VanDerCorput(bits), Halton(bits), Sobol(bits), Sobol(bits, 2), Sobol(bits, 5)):
        assert (np.sort(generator.sequence(1 << bits)) == np.arange(1 << bits)).all()


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["lfsr", "sobol", "halton", "vdc", "ramp"]))
@settings(deadline=None, max_examples=60)
def test_a_sequence_is_a_prefix_of_a_longer_one(first, second, name):
    generator = make_generator(name, 256).decorrelated(1)
    short, long = sorted((first, second))
    assert (generator.sequence(long)[:short] == generator.sequence(short)).all()


def test_ramp():
    assert Ramp(2).sequence(7).tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert Ramp(32).sequence(3).tolist() == [0, 1, 2]
    assert Ramp(4).sequence(16).dtype == np.uint32


def test_a_sequence_does_not_change_when_its_array_is_written_to():
    for generator in (Ramp(4), Sobol(4), Halton(4), UserSequence([1, 2, 3], 4), LFSR(4)):
        before = generator.sequence(16).copy()
        mine = generator.sequence(16)
        mine[:] = 0
        assert (generator.sequence(16) == before).all()


def test_partners():
    assert [Ramp(8).decorrelated(i) for i in range(4)] == [Ramp(8), VanDerCorput(8), Halton(8, 3), Halton(8, 5)]
    assert [VanDerCorput(8).decorrelated(i) for i in range(3)] == [VanDerCorput(8), Ramp(8), Halton(8, 3)]
    assert [Halton(8, 3).decorrelated(i).base for i in range(6)] == [3, 5, 7, 11, 13, 17]
    assert [Sobol(8, 2).decorrelated(i).dimension for i in range(3)] == [2, 3, 4]
    assert Bernoulli(12).decorrelated(5) == Bernoulli(12)
    bases = [Halton(8).decorrelated(i).base for i in range(1000)]
    assert bases[-1] == 7919  # the thousandth prime
    assert len(set(bases)) == 1000


class TestUserSequence:
    def test_repeats(self):
        generator = UserSequence([5, 0, 7], bits=3)
        assert generator.sequence(8).tolist() == [5, 0, 7, 5, 0, 7, 5, 0]
        assert generator.sequence(2).tolist() == [5, 0]
        assert generator.sequence(2).dtype == np.uint32

    def test_rows_are_partners(self):
        generator = UserSequence([[1, 2], [3, 0], [2, 2]], bits=2)
        assert generator.decorrelated(1).sequence(3).tolist() == [3, 0, 3]
        assert generator.decorrelated(1).decorrelated(1).sequence(2).tolist() == [2, 2]
        with pytest.raises(ValueError, match=r"needs 4 decorrelated rows here, got 3"):
            generator.decorrelated(3)

    def test_holds_a_copy(self):
        values = np.array([1, 2, 3], np.uint32)
        generator = UserSequence(values, 2)
        values[:] = 0
        assert generator.sequence(3).tolist() == [1, 2, 3]

    def test_repr(self):
        assert repr(UserSequence([[1, 2, 3]], 4)) == "UserSequence(1 x 3 values, bits=4)"

    @pytest.mark.parametrize(("values", "bits", "error", "message"), [
        ([1, 8], 3, ValueError, r"values must lie in \[0, 2\*\*bits = 8\), got 8"),
        ([1, -1], 3, ValueError, r"values must lie in \[0, 2\*\*bits = 8\), got -1"),
        ([], 3, ValueError, r"values must have shape \(period,\) or \(k, period\), got \(0,\)"),
        ([[[1]]], 3, ValueError, r"values must have shape .* got \(1, 1, 1\)"),
        ([[1, 2], [3]], 3, TypeError, "values must be an array of integers, got list"),
        ([0.5], 3, TypeError, r"values must be integers, got float64"),
        ([True], 3, TypeError, r"values must be integers, got bool"),
        ([1], 0, ValueError, r"bits must be an integer in 1\.\.32, got 0"),
        ([1], 33, ValueError, r"bits must be an integer in 1\.\.32, got 33"),
    ])  # fmt: skip
    def test_errors(self, values, bits, error, message):
        with pytest.raises(error, match=message):
            UserSequence(values, bits)


class TestMakeGenerator:
    @pytest.mark.parametrize("name", GENERATORS[1:])
    @pytest.mark.parametrize(("length", "bits"), [(2, 1), (3, 2), (4, 2), (5, 3), (256, 8), (257, 9), (1000, 10)])
    def test_default_bits(self, length, bits, name):
        assert make_generator(name, length).bits == bits

    def test_names(self):
        assert make_generator("bernoulli", 256) == Bernoulli(16)
        assert make_generator("bernoulli", 256, 8) == Bernoulli(8)
        assert make_generator("searched", 256) == Searched.of_length(256)
        for name in NAMES:
            assert make_generator(name, 256) == make_generator(name, 256, 8) == Bank(name, 256)
            assert make_generator(name, 256, 5) == OfWidth(Bank(name, 256), 5)

    def test_an_object_is_passed_on(self):
        generator = Sobol(5, 7)
        assert make_generator(generator, 256) is generator
        assert make_generator(generator, 256, 5) is generator

    @pytest.mark.parametrize(("arguments", "error", "message"), [
        (("mersenne", 8), ValueError, r"generator must be one of bernoulli, searched, sobol, .*, got 'mersenne'"),
        ((3, 8), TypeError, r"generator must be a name or a Generator, got 3"),
        (("sobol", 0), ValueError, r"length must be an integer of at least 1, got 0"),
        (("sobol", 8, 33), ValueError, r"bits must be an integer in 1\.\.32, got 33"),
        ((Ramp(8), 8, 4), ValueError, r"bits must be None with a generator object of 8 bits, got 4"),
    ])  # fmt: skip
    def test_errors(self, arguments, error, message):
        with pytest.raises(error, match=message):
            make_generator(*arguments)


@pytest.mark.parametrize("kind", [Bernoulli, Ramp, VanDerCorput, Halton, Sobol])
def test_width_of_a_number(kind):
    for bits in (0, 33):
        with pytest.raises(ValueError, match=rf"bits must be an integer in 1\.\.32, got {bits}"):
            kind(bits)
    with pytest.raises(TypeError, match=r"bits must be an integer in 1\.\.32, got 8\.0"):
        kind(8.0)


def test_other_errors():
    with pytest.raises(ValueError, match="base must be a prime, got 9"):
        Halton(8, 9)
    with pytest.raises(ValueError, match=r"base must be an integer in 2\.\.65536, got 1"):
        Halton(8, 1)
    for dimension in (0, 21202):
        with pytest.raises(ValueError, match=rf"dimension must be an integer in 1\.\.21201, got {dimension}"):
            Sobol(8, dimension)
    with pytest.raises(TypeError, match="has no fixed sequence"):
        Bernoulli().sequence(8)
