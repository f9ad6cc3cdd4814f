import numpy as np
import pytest
from gate_helpers import FALSE_ALARM, LENGTHS, bernoulli, binomial_p_value, column, every_stream, tail_is_zero
from hypothesis import given
from hypothesis import strategies as st

from sc_neurocore import gates
from sc_neurocore.bitstreams import Bitstream, scc

GATES = ["maximum", "minimum", "distance", "saturating_subtract"]


def ladder(length, encoding="unipolar"):
    """Streams of 0 .. length ones, each at the start: SCC = +1 between any two."""
    return Bitstream.from_bits(np.arange(length) < np.arange(length + 1)[:, None], encoding)


@pytest.mark.parametrize("length", [1, 8, 63, 64, 65])
def test_scc_plus_one_is_exact(length):
    a = ladder(length)
    v = np.arange(length + 1)
    left, right = v[:, None], v
    counts = {name: getattr(gates, name)(column(a), a).counts() for name in GATES}
    np.testing.assert_array_equal(counts["maximum"], np.maximum(left, right))
    np.testing.assert_array_equal(counts["minimum"], np.minimum(left, right))
    np.testing.assert_array_equal(counts["distance"], abs(left - right))
    np.testing.assert_array_equal(counts["saturating_subtract"], np.maximum(left - right, 0))


@pytest.mark.parametrize("length", [8, 65])
def test_scc_minus_one_is_exact(length):
    a = ladder(length)
    b = Bitstream.from_bits(a.bits()[:, ::-1])
    v = np.arange(length + 1)
    left, right = v[:, None], v
    counts = {name: getattr(gates, name)(column(a), b).counts() for name in GATES}
    np.testing.assert_array_equal(counts["maximum"], np.minimum(length, left + right))
    np.testing.assert_array_equal(counts["minimum"], np.maximum(0, left + right - length))
    np.testing.assert_array_equal(counts["distance"], np.minimum(left + right, 2 * length - left - right))
    np.testing.assert_array_equal(counts["saturating_subtract"], np.minimum(left, length - right))


def test_expected_is_exact_at_the_measured_correlation_of_every_pair():
    a = every_stream(5)
    values, measured = a.value(), scc(column(a), a)
    outputs = {name: getattr(gates, name)(column(a), a).value() for name in GATES}
    for i, j in np.ndindex(32, 32):
        for name in GATES:
            law = getattr(gates, f"{name}_expected")(values[i], values[j], scc=float(measured[i, j]))
            assert abs(outputs[name][i, j] - law) < 1e-12


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_bipolar_order(name):
    a = ladder(10, "bipolar")
    v = a.value()
    out = getattr(gates, name)(column(a), a)
    assert out.encoding == "bipolar"
    np.testing.assert_allclose(out.value(), getattr(np, name)(v[:, None], v), atol=1e-15)
    law = getattr(gates, f"{name}_expected")(v[:, None], v, encoding="bipolar")
    np.testing.assert_allclose(out.value(), law, atol=1e-15)


@pytest.mark.parametrize("name", GATES)
def test_uncorrelated_random_streams_follow_the_law_at_zero(name):
    length, rows, p, q = 1000, 500, 0.75, 0.375
    b = bernoulli(22, np.full(rows, q), length)
    law = getattr(gates, f"{name}_expected")(p, q, scc=0.0)
    ones = [
        getattr(gates, name)(bernoulli(21, np.full(rows, value), length), b).counts().sum() for value in (p, p + 2**-5)
    ]
    p_values = [binomial_p_value(count, rows * length, law) for count in ones]
    assert p_values[0] > FALSE_ALARM > p_values[1]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", GATES)
def test_tail_bits_are_zero(name, length):
    assert tail_is_zero(getattr(gates, name)(bernoulli(1, [1.0, 0.5], length), bernoulli(2, [0.0, 0.5], length)))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_overlap_is_possible(p, q, share):
    both = gates.overlap(p, q, share)
    assert max(0.0, p + q - 1) - 1e-12 <= both <= min(p, q) + 1e-12


def test_bad_operands():
    bipolar = every_stream(2, "bipolar")
    with pytest.raises(ValueError, match=r"^a must be unipolar here, got bipolar$"):
        gates.distance(bipolar, bipolar)
    with pytest.raises(ValueError, match=r"^a must be unipolar here, got bipolar$"):
        gates.saturating_subtract(bipolar, bipolar)
    split = Bitstream.from_bits([[0, 1], [0, 0]], "split")
    with pytest.raises(ValueError, match=r"^a must be unipolar or bipolar here, got split$"):
        gates.maximum(split, split)
    with pytest.raises(ValueError, match=r"^scc must be a number in \[-1, 1\], got 2$"):
        gates.overlap(0.5, 0.5, 2)
    with pytest.raises(ValueError, match=r"^encoding must be one of unipolar, bipolar, got 'split'$"):
        gates.maximum_expected(0.5, 0.5, encoding="split")
    with pytest.raises(ValueError, match=r"^b must lie in \[0, 1\], got -0.5$"):
        gates.distance_expected(0.5, -0.5)
