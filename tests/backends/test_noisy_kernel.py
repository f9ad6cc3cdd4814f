"""Comparators of numbers read with noise: each bit by the normal number that its cycle has, and by its law."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr, ndtri

from sc_neurocore.backends.normal import REACH, upper_tail
from sc_neurocore.backends.packing import unpack
from tests.backends.test_bernoulli import plain_numbers

KEY, FALSE_ALARM = 0x0123456789ABCDEF, 1e-9
LEVELS = (np.array([[5, 2, 7, 0, 3, 6, 1, 4] * 16]) + 0.5) / 8


def test_upper_tail():
    x = np.linspace(0, 8, 80001)
    tail = upper_tail(x, np.exp(-x * x / 2))
    np.testing.assert_allclose(tail, ndtr(-x), rtol=0, atol=1e-15)
    np.testing.assert_allclose(tail, ndtr(-x), rtol=1e-6)
    assert -ndtri(0.5 / 2**32) < REACH


@pytest.mark.kernels("compare_noisy")
@pytest.mark.parametrize(("mean", "sigma"), [(0.3, 0.1), (-0.02, 0.05), (0.9, 0.004), (0.5, 3.0), (0.1875, 0.0)])
def test_bits_are_those_of_the_normals(every_backend, mean, sigma):
    """The noise is drawn for every cycle here, needed or not: a normal number by its quantile, which SciPy inverts."""
    length, streams = 100, (2**40 + 7, 3)
    words = every_backend.compare_noisy(
        KEY, np.array(streams, np.uint64), LEVELS[:, :length], np.zeros(2, int), np.full(2, mean), np.full(2, sigma), 2
    )
    for s, first in enumerate(streams):
        for k in range(2):
            quantiles = (np.concatenate([plain_numbers(KEY, first + k, word) for word in (0, 1)]) + 0.5) / 2**32
            read = mean - sigma * ndtri(quantiles[:length])
            np.testing.assert_array_equal(unpack(words[s, 0, k], length), LEVELS[0, :length] < read)
            np.testing.assert_array_equal(unpack(words[s, 1, k], length), LEVELS[0, :length] < -read)


def p_value(backend, mean, sigma, wanted_sigma=None, samples=4000):
    """Of the counts of ones in each cycle and rail, by the law of noise that is drawn anew for every cycle."""
    key, streams = np.random.default_rng(5).integers(2**63), np.arange(samples, dtype=np.uint64)
    words = backend.compare_noisy(key, streams, LEVELS, np.zeros(1, int), np.array([mean]), np.array([sigma]), 2)
    ones = unpack(words[:, :, 0], LEVELS.size).sum(0, dtype=int)
    p = ndtr((np.array([[mean], [-mean]]) - LEVELS) / (wanted_sigma or sigma))
    certain = (p < 1e-12) | (p > 1 - 1e-12)
    np.testing.assert_array_equal(ones[certain], samples * np.rint(p[certain]))
    some = ~certain & (samples * np.minimum(p, 1 - p) > 20)
    statistic = np.square(ones[some] - samples * p[some]) / (samples * p[some] * (1 - p[some]))
    return stats.chi2(int(some.sum())).sf(statistic.sum())


@pytest.mark.kernels("compare_noisy")
@pytest.mark.parametrize(("mean", "sigma"), [(0.41, 0.1), (0.02, 0.2), (-0.6, 0.15)])
def test_law(backend, mean, sigma):
    assert p_value(backend, mean, sigma) > FALSE_ALARM
    assert p_value(backend, mean, 1.1 * sigma, sigma) < FALSE_ALARM
    assert p_value(backend, mean, sigma, 1.1 * sigma) < FALSE_ALARM


@pytest.mark.kernels("compare_noisy")
def test_noise_is_new_in_every_cycle_sample_and_number(backend):
    """Half of the bits of a number at its level are ones, whatever those beside them are."""
    words = backend.compare_noisy(
        KEY, np.arange(60, dtype=np.uint64) * np.uint64(50), np.full((1, 320), 0.5), np.zeros(50, int),
        np.full(50, 0.5), np.full(50, 1e-3), 1,
    )  # fmt: skip
    bits = unpack(words[:, 0], 320)
    total = int(bits.sum())
    assert stats.binomtest(total, bits.size, 0.5).pvalue > FALSE_ALARM
    for axis in range(3):
        equal = np.equal(bits, np.roll(bits, 1, axis))
        assert stats.binomtest(int(equal.sum()), bits.size, 0.5).pvalue > FALSE_ALARM
    held = np.repeat(bits[..., ::2], 2, -1)
    equal = np.equal(held, np.roll(held, 1, -1))
    assert stats.binomtest(int(equal.sum()), held.size, 0.5).pvalue < FALSE_ALARM
