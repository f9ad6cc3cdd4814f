"""Wilson's interval against SciPy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sc_neurocore.evaluation import wilson_interval


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
