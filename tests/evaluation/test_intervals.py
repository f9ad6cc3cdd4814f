"""Wilson's interval against SciPy's; Tango's against published examples, a numeric likelihood and exact coverage."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest, multinomial

from sc_neurocore.evaluation import paired_interval, wilson_interval


@given(st.data(), st.integers(1, 5000), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_is_scipys(data, total, confidence):
    correct = data.draw(st.integers(0, total))
    expected = binomtest(correct, total).proportion_ci(confidence, method="wilson")
    assert wilson_interval(correct, total, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 0.9999))
def test_holds_the_share(total, share, confidence):
    low, high = wilson_interval(share * total, total, confidence)
    assert 0 <= low <= share * total / total <= high <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0), "total must be an integer of at least 1, got 0"),
        ((-1, 5), r"correct must be a number in \[0, 5\], got -1"),
        ((6, 5), r"correct must be a number in \[0, 5\], got 6"),
        ((1, 5, 1.0), "confidence must be below 1, got 1"),
        ((float("nan"), 5), "correct must be a number"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        wilson_interval(*arguments)


@pytest.mark.parametrize(
    ("counts", "confidence", "printed"),
    [
        # Tango 1998: two disinfections of soft contact lenses, 44 pairs, one of which differs.
        ((0, 1, 44), 0.90, (-0.096, 0.037)),
        # M. W. Fagerland, S. Lydersen, P. Laake, Stat. Med. 33, 2014, https://doi.org/10.1002/sim.6148: children with
        # hyper-responsive airways before and after a transplantation.
        ((1, 7, 21), 0.95, (-0.517, -0.026)),
    ],
)
def test_paired_interval_is_the_published_one(counts, confidence, printed):
    assert paired_interval(*counts, confidence) == pytest.approx(printed, abs=5e-4)


def score(first_only, second_only, total, difference):
    """Tango's statistic, with the likeliest share of "second only" found by a numeric search."""

    def unlikely(share):
        cells = (share + difference, share, 1 - 2 * share - difference)
        counts = (first_only, second_only, total - first_only - second_only)
        return -sum(count * math.log(max(cell, 1e-300)) for count, cell in zip(counts, cells, strict=True) if count)

    bounds = (max(0.0, -difference), (1 - difference) / 2)
    share = minimize_scalar(unlikely, bounds=bounds, method="bounded", options={"xatol": 1e-13}).x
    variance = total * (2 * share + difference * (1 - difference))
    return (first_only - second_only - total * difference) / math.sqrt(variance)


@given(st.data(), st.integers(2, 400), st.sampled_from([0.8, 0.95, 0.999]))
def test_the_ends_are_just_not_rejected(data, total, confidence):
    first_only = data.draw(st.integers(0, total))
    second_only = data.draw(st.integers(0, total - first_only))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = paired_interval(first_only, second_only, total, confidence)
    difference = (first_only - second_only) / total
    assert -1 <= low <= difference <= high <= 1
    for end, sign in ((low, 1), (high, -1)):
        if abs(end) == 1:
            assert abs(first_only - second_only) == total
            continue
        assert score(first_only, second_only, total, end) == pytest.approx(sign * z, rel=1e-4)
    inside = np.linspace(low, high, 9)[1:-1]
    outside = [*np.linspace(-1, low, 5)[1:-1], *np.linspace(high, 1, 5)[1:-1]]
    assert all(abs(score(first_only, second_only, total, d)) <= z for d in inside if abs(d - difference) > 1e-9)
    assert all(abs(score(first_only, second_only, total, d)) >= z for d in outside if -1 < d < 1)


def wald(first_only, second_only, total):
    """The textbook interval."""
    difference = (first_only - second_only) / total
    half = 1.959964 * math.sqrt(((first_only + second_only) / total - difference**2) / total)
    return difference - half, difference + half


def coverage(interval, total=20, step=0.05):
    """Exact probability that 95 % intervals hold the true difference, over a grid of the two shares."""
    counts = np.array([(b, c, total - b - c) for b in range(total + 1) for c in range(total + 1 - b)])
    ends = np.array([interval(int(b), int(c), total) for b, c, _ in counts])
    steps = round(1 / step)
    found = []
    for first, second in ((i * step, j * step) for i in range(steps + 1) for j in range(steps + 1 - i)):
        chance = multinomial.pmf(counts, total, [first, second, max(1 - first - second, 0.0)])
        held = (ends[:, 0] <= first - second + 1e-12) & (first - second - 1e-12 <= ends[:, 1])
        found.append(chance @ held)
    return np.array(found)


def test_paired_interval_covers_and_the_textbook_one_does_not():
    tango, textbook = coverage(paired_interval), coverage(wald)
    assert tango.mean() == pytest.approx(0.9587, abs=1e-4)
    assert tango.min() == pytest.approx(0.9245, abs=1e-4)
    assert textbook.mean() < 0.92
    assert textbook.min() < 0.7


@given(st.data(), st.integers(1, 10**5), st.floats(0, 0.9999), st.floats(0.01, 1))
def test_paired_interval_is_symmetric_and_shrinks(data, total, confidence, effect):
    first_only = data.draw(st.floats(0, total))
    second_only = data.draw(st.floats(0, total - first_only))
    assume(first_only + second_only <= total)
    low, high = paired_interval(first_only, second_only, total, confidence, effect)
    swapped = paired_interval(second_only, first_only, total, confidence, effect)
    assert (low, high) == (-swapped[1], -swapped[0])
    wide = paired_interval(first_only, second_only, total, confidence)
    assert wide[0] - 1e-9 <= low <= (first_only - second_only) / total + 1e-12
    assert (first_only - second_only) / total - 1e-12 <= high <= wide[1] + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 1, 0), "total must be an integer of at least 1, got 0"),
        ((-1, 1, 5), r"first_only must be a number in \[0, 5\], got -1"),
        ((1, 6, 5), r"second_only must be a number in \[0, 5\], got 6"),
        ((3, 3, 5), "first_only \\+ second_only must be at most total, 5, got 6"),
        ((1, 1, 5, 1.0), "confidence must be below 1, got 1"),
        ((1, 1, 5, 0.9, 0.0), "design_effect must be above 0, got 0"),
        ((1, 1, 5, 0.9, 1.5), r"design_effect must be a number in \[0, 1\], got 1.5"),
    ],
)
def test_paired_interval_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        paired_interval(*arguments)
