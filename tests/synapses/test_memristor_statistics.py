"""Random cells at a false-alarm rate of 1e-9 on fixed seeds; each test has a biased twin that must fail."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.synapses import MemristorModel

ALARM = 1e-9
SHAPE = (1000, 200)


def squares(normal):
    """Two-sided chi-square test of the sum of squares of standard normal numbers."""
    law, total = stats.chi2(normal.size), np.square(normal).sum()
    return 2 * min(law.cdf(total), law.sf(total))


def mean(values, expected, deviation):
    """Two-sided test of the mean of many values of known standard deviation."""
    return 2 * stats.norm.sf(abs(values.mean() - expected) / deviation * np.sqrt(values.size))


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(("low", "high"), [(0.01, 0.0), (0.0, 0.2), (0.03, 0.07)])
def test_counts_of_stuck_cells(low, high, pairs):
    def p_values(bias):
        model = MemristorModel(stuck_low_rate=bias * low, stuck_high_rate=bias * high)
        chip = model.defects(SHAPE, 7, pairs=pairs)
        pairs_of = ((chip.stuck_low_mask, low), (chip.stuck_high_mask, high))
        return [stats.binomtest(int(mask.sum()), mask.size, rate).pvalue for mask, rate in pairs_of if rate]

    assert min(p_values(1.0)) > ALARM
    assert max(p_values(1.2)) < ALARM


def test_low_and_high_devices_of_a_pair_are_independent():
    model = MemristorModel(stuck_low_rate=0.2, stuck_high_rate=0.2)
    chip = model.defects(SHAPE, 3, pairs=True)
    both = (chip.stuck_mask[0] & chip.stuck_mask[1]).sum()
    assert stats.binomtest(int(both), chip.stuck_mask[0].size, 0.16).pvalue > ALARM
    same = (chip.stuck_mask[0] & chip.stuck_mask[0]).sum()
    assert stats.binomtest(int(same), chip.stuck_mask[0].size, 0.16).pvalue < ALARM


def test_variance_of_outputs():
    """sigma^2 |x|^2, from 1000 neurons of 200 inputs; no error is large enough to be cut at an end."""
    x, w = np.linspace(-1, 1, 200), np.full(SHAPE, 0.5)

    def p_value(sigma):
        model = MemristorModel(variability=sigma)
        error = (model.program(w, model.defects(SHAPE, 11)) - w) @ x
        return squares(error / (0.05 * np.linalg.norm(x)))

    assert p_value(0.05) > ALARM
    assert p_value(0.06) < ALARM


def test_idle_device_of_a_pair():
    """A cell at g_min can only err upwards: max(sigma eps, 0)."""
    sigma = 0.05
    model = MemristorModel(variability=sigma)
    error = model.from_conductance(model.write(np.full((1, *SHAPE), model.g_min), model.defects(SHAPE, 5)))
    deviation = sigma * np.sqrt(0.5 - 0.5 / np.pi)
    assert mean(error, sigma / np.sqrt(2 * np.pi), deviation) > ALARM
    assert mean(error, 0.0, deviation) < ALARM
    assert error.std() == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("proportional", [False, True])
@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
def test_moments_of_the_spread(distribution, proportional):
    """Mean g and standard deviation sigma g (or sigma of the range), whatever the shape."""
    sigma, g = 0.1, 0.4
    model = MemristorModel(
        g_min=1e-3, g_max=1.001, variability=sigma, distribution=distribution, proportional=proportional
    )
    deviation = sigma * (g if proportional else 1.0)
    drawn = model.write(np.full((1, *SHAPE), g), model.defects(SHAPE, 2))[0]
    if distribution == "lognormal":
        s = np.sqrt(np.log1p((deviation / g) ** 2))
        logs = (np.log(drawn) - np.log(g) + s * s / 2) / s
        assert squares(logs) > ALARM
        assert squares(logs * 1.03) < ALARM
        assert stats.skew(drawn.ravel()) > 0.2
    assert mean(drawn, g, deviation) > ALARM
    assert mean(drawn * 1.01, g, deviation) < ALARM
    assert drawn.std() == pytest.approx(deviation, rel=0.01)


def test_cells_err_independently():
    spread = MemristorModel().defects(SHAPE, 9, pairs=True).spread
    for first, second in [(spread[0], spread[1]), (spread[:, 1:], spread[:, :-1]), (spread[..., 1:], spread[..., :-1])]:
        assert mean(first * second, 0.0, 1.0) > ALARM
    assert mean(spread * spread, 0.0, 1.0) < ALARM


@pytest.mark.parametrize("w", [0.0, 0.02, 0.5, 1.0])
def test_bits_of_a_noisy_comparator(w):
    """Fresh noise on the weight every cycle: the ones have the probability of the closed form."""
    rng, sigma, n = np.random.default_rng(3), 0.1, 1_000_000
    ones = int((rng.random(n) < w + sigma * rng.standard_normal(n)).sum())
    p = float(MemristorModel(read_noise=sigma).read_probability(w, "unipolar"))
    assert stats.binomtest(ones, n, p).pvalue > ALARM
    if w != 0.5:  # where noise moves the mean, a model without it must fail
        assert stats.binomtest(ones, n, w).pvalue < ALARM
    else:
        assert stats.binomtest(ones, n, w + 0.01).pvalue < ALARM
