"""Comparators of another width: precision without an effect on the mean."""

from fractions import Fraction

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore.encoders import LFSR, Encoder, Ramp, Searched, Sobol, VanDerCorput, make_generator
from sc_neurocore.encoders.bank import NAMES
from sc_neurocore.encoders.width import OfWidth, at_width, binary


@pytest.mark.parametrize("bits", [1, 2, 3, 8, 13, 31, 32])
@pytest.mark.parametrize("modulus", [1, 2, 3, 5, 8, 100, 256, 2**20, 2**32])
def test_numbers_against_integers_of_any_size(modulus, bits):
    numbers = sorted({0, modulus // 2, modulus - 1, *range(min(modulus, 300))})
    wanted = []
    for u in numbers:
        below, rest = divmod((2 * u + 1) << bits, 2 * modulus)
        wanted.append(below - (rest == 0 and u % 2 == 1))
    assert at_width(np.array(numbers, np.uint64), modulus, bits).tolist() == wanted


@pytest.mark.parametrize("bits", [1, 2, 5, 6, 7, 11])
@pytest.mark.parametrize("source", [Ramp(6), LFSR(6), Sobol(6, 2), VanDerCorput(6), Searched.of_length(100)], ids=repr)
def test_a_threshold_has_its_share_of_ones(source, bits):
    """``round(k M / 2**bits)`` of the M cycles of a period, halves to the even number."""
    period = source.modulus
    thresholds = np.arange((1 << bits) + 1)
    ones = (OfWidth(source, bits).sequence(period) < thresholds[:, None]).sum(1)
    assert ones.tolist() == [round(Fraction(k * period, 1 << bits)) for k in thresholds.tolist()]


@pytest.mark.parametrize("name", ["searched", *NAMES])
@pytest.mark.parametrize("length", [64, 256])
def test_precision_changes_no_mean(name, length):
    """Mean of the decoded value over operands: none of +1/(2 L) for Sobol, +.165 for an LFSR, 1/2 for a ramp."""
    grid = (np.arange(31 * length) + 0.5)[:, None] / (31 * length)
    for bits in (4, 6, 8, 12, 24, 32):
        made = Encoder(1, length, name, bits=bits).encode(grid).value()
        if name == "halton":  # base 2 is exact; others are rounded to numbers of L
            made = made - (Encoder(1, length, name).encode(grid).value() - grid)
        assert abs(made - grid).max() <= 0.5 / min(2**bits, length) + 0.5 / length + 1e-12
        assert abs((made - grid).mean()) <= 0.03 / min(2**bits, length)
    narrow = sc.VectorizedSCLayer.from_weights([[1.0]], length=length, generator=name, bits=24)
    assert narrow.forward([0.5]).tolist() == [0.5]


def test_a_wide_ramp_keeps_the_mean():
    """One half was 1: the register of 8 bits never came beyond 63."""
    assert Encoder(1, 64, "ramp", bits=8).encode([0.5]).value().tolist() == [0.5]


@pytest.mark.parametrize("length", [48, 64, 100])
def test_select_numbers_of_a_multiplexer_have_equal_shares(length):
    """A wide LFSR gave one of four pixels .69 of the cycles."""
    for generator in ("searched", *NAMES):
        pool = sc.SCPool2D("average", 2, length=length, generator=generator)
        shares = np.array([pool.forward(pixel.reshape(1, 2, 2))[0, 0, 0] for pixel in np.eye(4)])
        assert shares.sum() == pytest.approx(1)
        assert abs(shares - 0.25).max() <= (0.5 / length if length == 64 and generator != "halton" else 5.5 / length)


def test_lines_are_those_of_the_source():
    source = make_generator("sobol", 64)
    wide = OfWidth(source, 12)
    assert (wide.decorrelated(0), wide.decorrelated(1)) == (wide, OfWidth(source.decorrelated(1), 12))
    assert wide.n_lines == source.n_lines
    assert (OfWidth(Ramp(4), 8).in_runs, OfWidth(LFSR(4), 8).in_runs) == (True, False)
    assert hash(wide) == hash(OfWidth(make_generator("sobol", 64), 12))
    assert wide != OfWidth(source, 11)


def test_every_modulus_becomes_binary():
    assert binary(Ramp(5)) == Ramp(5)
    assert binary(Searched.of_length(100)) == OfWidth(Searched.of_length(100), 7)


def test_width_of_a_number():
    with pytest.raises(ValueError, match=r"bits must be an integer in 1\.\.32, got 33"):
        OfWidth(Ramp(4), 33)
