"""Bernoulli streams as random numbers: false-alarm rate 1e-9 on fixed seeds.

Each test judges p-values of a function `pvalue(bits, p)`. The streams must pass; a biased twin,
made from the same streams by a small defect that the test is there to find, must fail.
"""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.backends import compiled
from sc_neurocore.backends.packing import unpack

ALARM = 1e-9
ROWS, LENGTH = 1024, 1000

PROBABILITIES = [
    (1, 1), (1, 4), (8, 4), (15, 4), (1, 8), (77, 8), (128, 8), (255, 8), (300, 16), (32768, 16), (65000, 16),
    (2**31 + 12345, 32), (37, 12), (81, 13), (1234567, 28),
]  # fmt: skip
EACH_PROBABILITY = pytest.mark.parametrize(("threshold", "bits"), PROBABILITIES)


def draw(threshold, bits, rows=ROWS, length=LENGTH, key=0x5EED, first=0):
    numbers = first + np.arange(rows, dtype=np.uint64)
    words = compiled.bernoulli(key, numbers, np.full(rows, threshold, np.uint64), bits, length)
    return unpack(words, length)


def sometimes(shape):
    """A mask that is true in one of 16 places, from NumPy's generator."""
    return np.random.default_rng(99).random(shape, np.float32) < 1 / 16


# ---------------------------------------------------------------- the share of ones


def share(sample, p):
    return stats.binomtest(int(sample.sum(dtype=np.int64)), sample.size, p).pvalue


def dispersion(sample, p):
    """Counts of ones of the streams scatter as binomial numbers do: neither more nor less."""
    counts = sample.sum(1, dtype=np.int64)
    length = sample.shape[1]
    statistic = float(np.sum((counts - length * p) ** 2) / (length * p * (1 - p)))
    chi2 = stats.chi2(len(counts))
    return 2 * min(chi2.cdf(statistic), chi2.sf(statistic))


def positions(sample, p):
    """Every one of the 64 bits of a word has the same probability."""
    whole = sample[:, : sample.shape[1] // 64 * 64].reshape(-1, 64)
    ones = whole.sum(0, dtype=np.int64)
    statistic = float(np.sum((ones - len(whole) * p) ** 2) / (len(whole) * p * (1 - p)))
    return stats.chi2(64).sf(statistic)


@EACH_PROBABILITY
def test_share_of_ones(threshold, bits):
    p, sample = threshold / 2**bits, draw(threshold, bits)
    assert share(sample, p) > ALARM
    stuck = sample.copy()
    stuck[:, ::64] = p < 0.5  # bit 0 of each word stuck at the rarer value
    assert share(stuck, p) < ALARM


def test_share_of_ones_finds_a_threshold_that_is_off_by_one():
    assert share(draw(77, 8), 77 / 256) > ALARM
    assert share(draw(78, 8), 77 / 256) < ALARM


@EACH_PROBABILITY
def test_scatter_of_counts(threshold, bits):
    p, sample = threshold / 2**bits, draw(threshold, bits)
    assert dispersion(sample, p) > ALARM
    repeating = np.concatenate([sample[:, : LENGTH // 2]] * 2, axis=1)
    assert dispersion(repeating, p) < ALARM
    too_even = np.sort(sample.ravel()).reshape(LENGTH, ROWS).T  # the same ones, dealt out evenly
    assert dispersion(too_even, p) < ALARM


@EACH_PROBABILITY
def test_every_bit_of_a_word(threshold, bits):
    p, sample = threshold / 2**bits, draw(threshold, bits)
    assert positions(sample, p) > ALARM
    uneven = sample.copy()  # one bit's ones moved to another bit: the share of ones stays
    uneven[:, 3::64] |= sample[:, 5:-1:64][:, : uneven[:, 3::64].shape[1]]
    uneven[:, 5::64] &= sample[:, 3::64]
    assert positions(uneven, p) < ALARM


# ---------------------------------------------------------------- neighbours


def independent(first, second):
    """Chi-square test of the 2 x 2 table of overlapping pairs (order 0 against order 1: one degree)."""
    table = np.bincount(2 * first.ravel().astype(np.intp) + second.ravel(), minlength=4).reshape(2, 2)
    return stats.chi2_contingency(table, correction=False).pvalue


def sticky(first, second):
    """`second`, but one bit in 16 copies its neighbour."""
    return np.where(sometimes(second.shape), first, second)


NEIGHBOURS = pytest.mark.parametrize(("threshold", "bits"), [(1, 1), (20, 8), (128, 8), (235, 8), (40000, 16)])


@NEIGHBOURS
@pytest.mark.parametrize("lag", [1, 2, 63, 64, 65, 128])
def test_bits_of_a_stream(lag, threshold, bits):
    sample = draw(threshold, bits)
    first, second = sample[:, :-lag], sample[:, lag:]
    assert independent(first, second) > ALARM
    assert independent(first, sticky(first, second)) < ALARM


def digit(place, rows=256, length=4096):
    """Digit `place` of the random numbers, 0 the most significant: how the streams of its thresholds alternate."""
    width = place + 1
    found = np.zeros((rows, length), np.uint8)
    for threshold in range(1, 2**width):
        found ^= draw(threshold, width, rows, length)
    return found


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2), (2, 3), (0, 4)])
def test_digits_of_a_number(one, other):
    first, second = digit(one), digit(other)
    assert share(first, 0.5) > ALARM
    assert independent(first, second) > ALARM
    assert independent(first, sticky(first, second)) < ALARM


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 1), (1, 0), (3, 0), (0, 3)])
@pytest.mark.parametrize("words", [1, 2, 16])
def test_digits_of_neighbouring_words(one, other, words):
    """Outputs of a SplitMix64 generator are 128 numbers apart from word to word."""
    first, second = digit(one)[:, : -64 * words], digit(other)[:, 64 * words :]
    assert independent(first, second) > ALARM
    assert independent(first, sticky(first, second)) < ALARM


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 1), (2, 1)])
def test_digits_of_neighbouring_streams(one, other):
    first, second = digit(one)[:-1], digit(other)[1:]
    assert independent(first, second) > ALARM
    assert independent(first, sticky(first, second)) < ALARM


def pairs(words):
    """Chi-square test that the 64 x 63 / 2 pairs of bits of random words agree as often as not, all at once."""
    signs = 2.0 * words - 1.0
    sums = signs.T @ signs
    upper = sums[np.triu_indices(64, 1)]
    return stats.chi2(upper.size).sf(float(np.sum(upper**2)) / len(signs))


@pytest.mark.parametrize("place", [0, 1, 3])
def test_pairs_of_cycles_of_a_word(place):
    words = digit(place).reshape(-1, 64)
    assert pairs(words) > ALARM
    shifted = words.copy()
    shifted[:, 7] = np.where(sometimes(len(words)), words[:, 40], words[:, 7])
    shifted[:, 8:] = sticky(words[:, 7:-1], words[:, 8:])
    assert pairs(shifted) < ALARM


@NEIGHBOURS
@pytest.mark.parametrize("distance", [1, 2, 16])
def test_neighbouring_streams(distance, threshold, bits):
    sample = draw(threshold, bits)
    first, second = sample[:-distance], sample[distance:]
    assert independent(first, second) > ALARM
    assert independent(first, sticky(first, second)) < ALARM


@pytest.mark.parametrize(("key", "first"), [(0x5EED ^ 1, 0), (0x5EED ^ 1 << 32, 0), (0x5EED, 2**32), (0x5EED, 2**63)])
def test_neighbouring_keys_and_far_streams(key, first):
    here, there = draw(77, 8), draw(77, 8, key=key, first=first)
    assert independent(here, there) > ALARM
    assert independent(here, sticky(here, there)) < ALARM
