"""When points stop: the martingale against its definition, and error rates by simulation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.sweeps import StopWhen, sequence_interval

ALARM = 1e-9
RUNS = 20_000
TOTAL = 120


def posterior(correct, run, total):
    """Probability of each number of right answers among all, from Bayes' rule with equal priors."""
    ways = [Fraction(math.comb(k, correct) * math.comb(total - k, run - correct)) for k in range(total + 1)]
    return [way / sum(ways) for way in ways]


@pytest.mark.parametrize("error", [0.01, 0.25])
@pytest.mark.parametrize(("total", "step"), [(1, 1), (7, 1), (12, 1), (90, 13)])
def test_the_interval_is_where_prior_over_posterior_is_small(total, step, error):
    for run in range(1, total + 1, step):
        for correct in range(0, run + 1, step):
            after = posterior(correct, run, total)
            inside = [k for k, p in enumerate(after) if p > Fraction(error) / (total + 1)]
            assert inside == list(range(inside[0], inside[-1] + 1))
            assert sequence_interval(correct, run, total, error) == (inside[0] / total, inside[-1] / total)


@pytest.mark.parametrize(("total", "error", "low"), [(4, 0.5, 2), (8, 0.5, 3), (8, 0.25, 2), (80, 0.5, 21)])
def test_ties_are_decided_by_whole_numbers(total, error, low):
    """One of one is right: k has the ratio total / 2 k, so that total / 4 and total / 8 are ties, and not possible."""
    assert Fraction(1, total + 1) / posterior(1, 1, total)[low - 1] == 1 / Fraction(error)
    assert sequence_interval(1, 1, total, error)[0] == low / total


def test_all_samples_leave_a_point():
    assert sequence_interval(513, 540, 540, 0.01) == (0.95, 0.95)
    for correct in (0, 4800, 10_000):
        assert sequence_interval(correct, 10_000, 10_000) == (correct / 10_000,) * 2


# ---------------------------------------------------------------- error rates


def runs_of(right, seed=0):
    """Right answers so far, of many runs ``(RUNS, TOTAL)`` through shuffled samples of which so many are right."""
    rng = np.random.default_rng(seed)
    answers = rng.permuted(np.broadcast_to(np.arange(TOTAL) < right, (RUNS, TOTAL)), axis=1)
    return np.cumsum(answers, axis=1)


def wrong_runs(reason, right, wrong):
    """How many runs ever say what is wrong."""
    says = np.array([[reason(correct, run) == wrong for correct in range(TOTAL + 1)] for run in range(1, TOTAL)])
    so_far = runs_of(right)[:, :-1]
    return int(says[np.arange(TOTAL - 1), so_far].any(1).sum())


def decided(error):
    """What a rule with this error says."""
    rule = StopWhen(threshold=0.8, error=error)
    return lambda correct, run: rule.reason(correct, run, TOTAL) if correct <= run else None


@pytest.mark.parametrize(("right", "wrong"), [(95, "above"), (96, "below")])
def test_the_threshold_is_seldom_decided_wrongly(right, wrong):
    """Right below and right at the threshold, where errors are most frequent."""
    found = wrong_runs(decided(0.01), right, wrong)
    assert stats.binomtest(found, RUNS, 0.01, "greater").pvalue > ALARM
    assert found > 0  # the test is not idle
    assert stats.binomtest(wrong_runs(decided(0.3), right, wrong), RUNS, 0.01, "greater").pvalue < ALARM


def test_the_interval_seldom_misses():
    right, error = 100, 0.02
    misses = wrong_runs(
        lambda correct, run: (
            "miss"
            if correct <= run
            and not sequence_interval(correct, run, TOTAL, error)[0]
            <= right / TOTAL
            <= sequence_interval(correct, run, TOTAL, error)[1]
            else None
        ),
        right,
        "miss",
    )
    assert stats.binomtest(misses, RUNS, error, "greater").pvalue > ALARM
    assert misses > 0


def test_decisions_come_early_where_it_is_clear():
    rule = StopWhen(threshold=0.9, error=0.01)
    assert rule.reason(200, 200, 10_000) == "above"
    assert rule.reason(140, 200, 10_000) == "below"
    assert rule.reason(180, 200, 10_000) is None


def test_decisions_agree_with_the_interval():
    for run in range(1, 60, 7):
        for correct in range(run + 1):
            low, high = sequence_interval(correct, run, 60, 0.05)
            said = StopWhen(threshold=0.7, error=0.05).reason(correct, run, 60)
            assert said == ("above" if low >= 0.7 else "below" if high < 0.7 else None)


# ---------------------------------------------------------------- rules


def test_rules():
    assert StopWhen(samples=50).reason(0, 49, 100) is None
    assert StopWhen(samples=50).reason(0, 50, 100) == "samples"
    assert StopWhen(samples=500).reason(0, 100, 100) == "all"
    low, high = sequence_interval(90, 100, 200, 0.05)
    assert StopWhen(width=high - low, error=0.05).reason(90, 100, 200) == "width"
    assert StopWhen(width=(high - low) * 0.99, error=0.05).reason(90, 100, 200) is None
    assert StopWhen(samples=250).ends(100, 300) == [100, 200, 250]
    assert StopWhen(samples=900).ends(100, 300) == [100, 200, 300]
    assert StopWhen(width=0.1).ends(128, 300) == [128, 256, 300]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, "a rule must have samples, width or threshold, got none of them"),
        ({"samples": 0}, ValueError, "samples must be an integer of at least 1, got 0"),
        ({"samples": 1.5}, TypeError, "samples must be an integer"),
        ({"width": 0}, ValueError, "width must be above 0, got 0"),
        ({"width": 1.5}, ValueError, "width must be a number in"),
        ({"threshold": -1}, ValueError, "threshold must be a number in"),
        ({"threshold": 0.5, "error": 0.6}, ValueError, "error must be a number in"),
        ({"threshold": 0.5, "error": 0}, ValueError, "error must be above 0, got 0"),
    ],
)
def test_wrong_rules(options, error, message):
    with pytest.raises(error, match=message):
        StopWhen(**options)


def test_wrong_counts():
    for arguments, message in [
        ((5, 4, 10), "correct"),
        ((0, 11, 10), "run"),
        ((0, 0, 10), "run"),
        ((0, 1, 0), "total"),
    ]:
        with pytest.raises(ValueError, match=f"{message} must be an integer"):
            sequence_interval(*arguments)
