"""Digital shifts, ramps of any period, and rank-1 lattices."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore.encoders import Halton, Lattice, Ramp, Searched, Sobol, VanDerCorput
from sc_neurocore.encoders.product_error import dot_rmse
from sc_neurocore.encoders.searched import Counter

SHIFTED = [Ramp(6), VanDerCorput(6), Halton(6, 3), Sobol(6, 5)]


@pytest.mark.parametrize("plain", SHIFTED, ids=repr)
class TestMask:
    def test_it_is_an_xor_of_every_number(self, plain):
        for mask in (0, 1, 37, 63):
            assert (replace(plain, mask=mask).sequence(100) == plain.sequence(100) ^ mask).all()

    def test_it_is_shown_if_there_is_one(self, plain):
        assert "mask" not in repr(plain)
        shifted = replace(plain, mask=37)
        assert repr(shifted) == f"{repr(plain)[:-1]}, mask=37)"
        assert eval(repr(shifted)) == shifted != plain

    def test_errors(self, plain):
        for mask in (-1, 64):
            with pytest.raises(ValueError, match=rf"mask must be an integer in 0\.\.63, got {mask}"):
                replace(plain, mask=mask)
        with pytest.raises(TypeError):
            type(plain)(6, 2, 37)  # by its name only


def test_old_objects_look_as_before():
    assert repr(Ramp(4)) == "Ramp(bits=4)"
    assert repr(VanDerCorput()) == "VanDerCorput(bits=8)"
    assert repr(Halton(4, 3)) == "Halton(bits=4, base=3)"
    assert repr(Sobol(4, 3)) == "Sobol(bits=4, dimension=3)"
    assert repr(Ramp(4, mask=3, period=9)) == "Ramp(bits=4, mask=3, period=9)"


@pytest.mark.parametrize("bits", range(1, 9))
def test_the_mask_of_van_der_corput_decides_the_mean_error(bits):
    """All bits of ramp and van der Corput meet with one weight: the mean is L / 8 / (L+1)**2 x (bits of 0 - of 1)."""
    length = 1 << bits
    ramp, grid = Ramp(bits).sequence(length), np.arange(length + 1)
    for mask in range(length):
        numbers = VanDerCorput(bits, mask=mask).sequence(length)
        ones = (ramp[:, None] < grid).astype(int).T @ (numbers[:, None] < grid).astype(int)
        mean = (ones / length - np.outer(grid, grid) / length**2).mean()
        balance = bits - 2 * mask.bit_count()
        assert mean == pytest.approx(length / 8 / (length + 1) ** 2 * balance, abs=1e-15)


@pytest.mark.parametrize(("bits", "period"), [(4, 16), (4, 11), (7, 100), (8, 64), (3, 64), (12, 1000)])
def test_a_ramp_runs_once_in_its_period(bits, period):
    numbers = Ramp(bits, period=period).sequence(2 * period)
    assert numbers.tolist() == [t % period * 2**bits // period for t in range(2 * period)]
    assert (Ramp(5).sequence(100) == Ramp(5, period=32).sequence(100)).all()


def test_a_ramp_needs_a_period():
    with pytest.raises(ValueError, match=r"period must be an integer in 1\.\.4294967296, got 0"):
        Ramp(4, period=0)


class TestLattice:
    @pytest.mark.parametrize(("length", "multiplier", "offset"), [(2, 1, 0), (5, 2, 1), (12, 5, 11), (100, 23, 28)])
    def test_numbers(self, length, multiplier, offset):
        lattice = Lattice(length, multiplier, offset)
        numbers = lattice.sequence(2 * length)
        assert numbers.dtype == np.uint32
        assert numbers.tolist() == [(multiplier * t + offset) % length for t in range(2 * length)]
        assert sorted(numbers[:length]) == list(range(length))
        assert lattice.modulus == length
        assert 2**lattice.bits >= length > 2 ** (lattice.bits - 1)

    def test_large_numbers_do_not_wrap(self):
        lattice = Lattice(2**32 - 5, 2**32 - 6, 3)
        assert lattice.sequence(4).tolist() == [3, 2, 1, 0]

    def test_partners(self):
        lattice = Lattice(12, 5, 3)
        assert lattice.decorrelated(0) is lattice
        counter = lattice.decorrelated(1)
        assert isinstance(counter, Counter)
        assert counter.sequence(13).tolist() == [*range(12), 0]
        assert counter.modulus == 12
        assert counter.decorrelated(1) == lattice
        assert repr(counter) == "Counter(Lattice(length=12, multiplier=5, offset=3))"
        for generator in (lattice, counter):
            with pytest.raises(ValueError, match=r"generator must have line 2 .* with 2 lines, 0 and 1"):
                generator.decorrelated(2)

    @pytest.mark.parametrize(("length", "multiplier", "offset", "rmse"), [
        (65, 19, 21, ".27"), (100, 23, 28, ".19"), (129, 100, 23, ".125"), (200, 147, 0, ".090"),
        (500, 153, 255, ".034"),
    ])  # fmt: skip
    def test_published_figures(self, length, multiplier, offset, rmse):
        lattice = Lattice(length, multiplier, offset)
        ours = dot_rmse(lattice.sequence(length), lattice.decorrelated(1).sequence(length), length)
        assert f"{ours:.{len(rmse) - 1}f}".removeprefix("0") == rmse
        # A lattice and its counter are a permutation, whose figure `Searched` computes in integers.
        assert ours == pytest.approx(Searched(lattice.sequence(length)).dot_rmse, rel=1e-12)

    @pytest.mark.parametrize(("arguments", "message"), [
        ((0, 1), "length must be an integer in 1..4294967296, got 0"),
        ((12, 0), "multiplier must be an integer in 1..11, got 0"),
        ((12, 12), "multiplier must be an integer in 1..11, got 12"),
        ((12, 5, 12), "offset must be an integer in 0..11, got 12"),
        ((12, 9), "multiplier must have no common divisor with length = 12, got 9 with 3"),
    ])  # fmt: skip
    def test_errors(self, arguments, message):
        with pytest.raises(ValueError, match=re.escape(message)):
            Lattice(*arguments)

    def test_every_length_has_multipliers(self):
        for length in range(2, 40):
            for multiplier in range(1, length):
                if math.gcd(multiplier, length) == 1:
                    assert len(set(Lattice(length, multiplier).sequence(length).tolist())) == length
