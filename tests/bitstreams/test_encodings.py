"""Numbers as probabilities of ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sc_neurocore.bitstreams import from_probability, to_probability, value_range

ENCODINGS = ["unipolar", "bipolar", "split"]
EACH = pytest.mark.parametrize("encoding", ENCODINGS)


@pytest.mark.parametrize(("encoding", "want"), [("unipolar", (0, 1)), ("bipolar", (-1, 1)), ("split", (-1, 1))])
def test_value_range(encoding, want):
    assert value_range(encoding) == want


@EACH
@settings(deadline=None)
@given(st.data())
def test_round_trip(encoding, data):
    low, high = value_range(encoding)
    values = data.draw(arrays(np.float64, array_shapes(min_dims=0, max_dims=3), elements=st.floats(low, high)))
    probabilities = to_probability(values, encoding)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == ((2, *values.shape) if encoding == "split" else values.shape)
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    np.testing.assert_allclose(from_probability(probabilities, encoding), values, rtol=0, atol=2**-53)


def test_known_probabilities():
    values = [-1.0, -0.25, 0.0, 0.5, 1.0]
    np.testing.assert_array_equal(to_probability(values, "bipolar"), [0, 0.375, 0.5, 0.75, 1])
    np.testing.assert_array_equal(to_probability(values, "split"), [[0, 0, 0, 0.5, 1], [1, 0.25, 0, 0, 0]])
    np.testing.assert_array_equal(to_probability([0.0, 0.25, 1.0], "unipolar"), [0, 0.25, 1])


@settings(deadline=None)
@given(st.floats(-1, 1))
def test_split_uses_one_of_its_parts(value):
    positive, negative = to_probability(value, "split")
    assert positive == 0 or negative == 0
    assert positive + negative == abs(value)


@pytest.mark.parametrize(
    ("encoding", "bad", "interval"),
    [
        ("unipolar", -0.5, r"\[0, 1\]"),
        ("unipolar", 1.5, r"\[0, 1\]"),
        ("bipolar", -1.5, r"\[-1, 1\]"),
        ("split", 1.5, r"\[-1, 1\]"),
    ],
)
def test_nothing_is_clipped(encoding, bad, interval):
    with pytest.raises(ValueError, match=rf"values must lie in {interval}, got {bad}"):
        to_probability([0.0, bad], encoding)
    with pytest.raises(ValueError, match=rf"weights must lie in {interval}, got {bad}"):
        to_probability([0.0, bad], encoding, "weights")


@EACH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_are_finite(encoding, bad):
    with pytest.raises(ValueError, match=f"values must be finite, got {bad}"):
        to_probability([0.5, bad], encoding)


@pytest.mark.parametrize(
    "call",
    [
        lambda: value_range("bipolr"),
        lambda: to_probability(0.5, "bipolr"),
        lambda: from_probability(0.5, "bipolr"),
    ],
    ids=["value_range", "to_probability", "from_probability"],
)
def test_an_unknown_encoding_is_an_error(call):
    with pytest.raises(ValueError, match="encoding must be one of unipolar, bipolar, split, got 'bipolr'"):
        call()
