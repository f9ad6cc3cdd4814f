"""Faults on packed streams: rates by their law, broken lines and dead generators bit for bit."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import Faults
from sc_neurocore.backends.packing import pack, unpack
from sc_neurocore.gates.faults import flip_masks, flipped, frozen_at_cycle, stuck

FALSE_ALARM = 1e-9
LENGTHS = [1, 7, 63, 64, 65, 100, 256, 1000]


def streams(length, shape=(3, 2, 5), seed=0):
    """Streams ``(samples, rails, lines, W)`` and their bits."""
    bits = np.random.default_rng(seed).integers(0, 2, (*shape, length), np.uint8)
    return pack(bits), bits


def p_value(rate, supposed):
    masks = unpack(flip_masks(7, rate, np.arange(2000), 1000), 1000)
    return stats.binomtest(int(masks.sum()), masks.size, supposed).pvalue


def test_flips_are_binomial_and_a_higher_rate_is_found_out():
    assert p_value(0.02, 0.02) > FALSE_ALARM
    assert p_value(0.0207, 0.02) < FALSE_ALARM


@pytest.mark.parametrize("length", LENGTHS)
def test_flips_invert_bits_and_are_fresh_for_each_sample(length):
    words, bits = streams(length)
    samples = np.array([4, 5, 9])
    found = flipped(words, 0.5, 3, samples, length)
    masks = unpack(found, length) ^ bits
    alone = flipped(words[1:2], 0.5, 3, samples[1:2], length)
    np.testing.assert_array_equal(alone, found[1:2])
    np.testing.assert_array_equal(found, pack(unpack(found, length)))  # tail bits are zero
    if length >= 64:
        assert len(np.unique(masks.reshape(-1, length), axis=0)) == 30
    assert flipped(words, 0.0, 3, samples, length) is words
    np.testing.assert_array_equal(unpack(flipped(words, 1.0, 3, samples, length), length), 1 - bits)


@pytest.mark.parametrize("length", LENGTHS)
def test_stuck_lines(length):
    words, bits = streams(length, (3, 2, 40))
    found = unpack(stuck(words, 0.5, np.random.SeedSequence(1), length), length)
    place = np.random.Generator(np.random.PCG64(np.random.SeedSequence(1))).random((2, 40, 1))
    want = np.where(place < 0.25, 0, np.where(place >= 0.75, 1, bits))
    np.testing.assert_array_equal(found, want)
    assert stuck(words, 0.0, np.random.SeedSequence(1), length) is words


def test_the_share_of_stuck_lines_is_binomial():
    words = pack(np.tile(np.array([0, 1], np.uint8), (1, 1, 20000, 1)))
    ones = unpack(stuck(words, 0.1, np.random.SeedSequence(2), 2), 2).sum(-1)
    for level in (0, 2):
        assert stats.binomtest(int((ones == level).sum()), 20000, 0.05).pvalue > FALSE_ALARM
        assert stats.binomtest(int((ones == level).sum()), 20000, 0.062).pvalue < FALSE_ALARM


@pytest.mark.parametrize("length", LENGTHS)
def test_a_generator_that_stands_still(length):
    words, bits = streams(length)
    cycle, driven = length // 2, np.array([True, False, True, True, False])
    found = unpack(frozen_at_cycle(words, cycle, driven, length), length)
    np.testing.assert_array_equal(found[:, :, ~driven], bits[:, :, ~driven])
    np.testing.assert_array_equal(found[:, :, driven], np.repeat(bits[:, :, driven, cycle, None], length, axis=-1))


def test_description():
    faults = Faults(stuck_lines=0.1, dead_generator="inputs")
    assert faults.changes() == '{"dead_generator": "inputs", "stuck_lines": 0.1}'
    assert repr(faults) == "Faults(stuck_lines=0.1, dead_generator='inputs')"
    assert Faults().changes() == "{}"
    assert faults.hard
    assert not Faults(input_flips=0.1).hard


@pytest.mark.parametrize("name", ["input_flips", "weight_flips", "product_flips", "stuck_lines"])
def test_bad_rates(name):
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=rf"{name} must be a number in \[0, 1\], got"):
            Faults(**{name: value})
    with pytest.raises(TypeError, match=f"{name} must be a number"):
        Faults(**{name: "much"})
    with pytest.raises(ValueError, match="dead_generator must be one of inputs, weights, got 'all'"):
        Faults(dead_generator="all")
