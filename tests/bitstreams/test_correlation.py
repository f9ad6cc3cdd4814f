"""SCC, autocorrelation and stability against slow formulas and against each other."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_neurocore.bitstreams import Bitstream, autocorrelation, scc, stability

bit_lists = st.integers(1, 150).flatmap(
    lambda length: st.tuples(*[st.lists(st.integers(0, 1), min_size=length, max_size=length)] * 2)
)


def plain_scc(x, y):
    """The definition from the four counts of the contingency table (Alaghi & Hayes 2013)."""
    a = sum(1 for p, q in zip(x, y, strict=True) if p and q)
    b = sum(1 for p, q in zip(x, y, strict=True) if p and not q)
    c = sum(1 for p, q in zip(x, y, strict=True) if q and not p)
    d = len(x) - a - b - c
    if a * d == b * c:
        return Fraction(0)
    if a * d > b * c:
        return Fraction(a * d - b * c, len(x) * min(a + b, a + c) - (a + b) * (a + c))
    return Fraction(a * d - b * c, (a + b) * (a + c) - len(x) * max(a - d, 0))


def every_pair(length):
    every = np.array(list(product([0, 1], repeat=length)), np.uint8)
    return every, Bitstream.from_bits(every[:, None]), Bitstream.from_bits(every[None, :])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6])
def test_scc_of_every_pair(length):
    every, a, b = every_pair(length)
    found = scc(a, b)
    want = [[float(plain_scc(x, y)) for y in every.tolist()] for x in every.tolist()]
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-15)
    assert found.min() >= -1
    assert found.max() <= 1
    np.testing.assert_array_equal(found, found.T)


@settings(deadline=None)
@given(bit_lists)
def test_scc_of_longer_streams(pair):
    x, y = pair
    found = float(scc(Bitstream.from_bits(x), Bitstream.from_bits(y)))
    assert found == pytest.approx(float(plain_scc(x, y)), abs=1e-14)


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6, 7])
def test_gates_at_full_correlation(length):
    """SCC +1: AND = min, OR = max, XOR = |a - b|; -1: AND = max(0, a+b-1), OR = min(1, a+b); 0: AND = ab."""
    _, a, b = every_pair(length)
    correlation = scc(a, b)
    p, q = np.broadcast_arrays(a.counts(), b.counts())
    both, either, differ = (
        Bitstream(w, length).counts() for w in (a.words & b.words, a.words | b.words, a.words ^ b.words)
    )
    plus, minus, free = correlation == 1, correlation == -1, correlation == 0
    assert plus.any()
    assert minus.any()
    np.testing.assert_array_equal(both[plus], np.minimum(p, q)[plus])
    np.testing.assert_array_equal(either[plus], np.maximum(p, q)[plus])
    np.testing.assert_array_equal(differ[plus], np.abs(p - q)[plus])
    np.testing.assert_array_equal(both[minus], np.maximum(p + q - length, 0)[minus])
    np.testing.assert_array_equal(either[minus], np.minimum(p + q, length)[minus])
    np.testing.assert_array_equal(length * both[free], (p * q)[free])
    np.testing.assert_array_equal(length * either[free], (length * (p + q) - p * q)[free])
    # and back: the gate's extreme, with both streams moving, means full correlation
    moving = (p > 0) & (p < length) & (q > 0) & (q < length)
    np.testing.assert_array_equal(plus, moving & (both == np.minimum(p, q)))
    np.testing.assert_array_equal(minus, moving & (both == np.maximum(p + q - length, 0)))


def test_scc_of_thermometers_and_complements():
    length = 100
    ramp = np.arange(length)
    levels = np.arange(1, length)
    streams = Bitstream.from_bits(ramp < levels[:, None])
    column = Bitstream(streams.words[:, None], length)
    np.testing.assert_array_equal(scc(column, streams), 1)
    mirrored = Bitstream.from_bits(ramp[::-1] < levels[:, None])
    np.testing.assert_array_equal(scc(column, mirrored), -1)


def test_scc_broadcasts_and_takes_constants():
    rng = np.random.default_rng(1)
    a = Bitstream.from_bits(rng.integers(0, 2, (3, 1, 70)))
    b = Bitstream.from_bits(rng.integers(0, 2, (4, 70)))
    assert scc(a, b).shape == (3, 4)
    assert scc(a, b).dtype == np.float64
    for constant in (np.zeros(70), np.ones(70)):
        np.testing.assert_array_equal(scc(a, Bitstream.from_bits(constant)), 0)
    assert scc(Bitstream(np.empty((0, 2), np.uint64), 70), b.__class__.from_bits(np.ones(70))).shape == (0,)


def test_scc_of_two_lengths():
    with pytest.raises(ValueError, match="streams a and b must have one length, got 3 and 4"):
        scc(Bitstream.from_bits([1, 0, 1]), Bitstream.from_bits([1, 0, 1, 0]))


def test_independent_streams_have_no_scc():
    """The mean over many pairs is 0 within six standard errors; with shared bits it is not."""
    rng = np.random.default_rng(7)
    x, y = rng.random((2, 2000, 256)) < 0.5
    values = scc(Bitstream.from_bits(x), Bitstream.from_bits(y))
    assert abs(values.mean()) < 6 * values.std() / np.sqrt(values.size)
    assert 0.5 < values.std() * np.sqrt(256) < 4
    values = scc(Bitstream.from_bits(x), Bitstream.from_bits(np.where(rng.random(x.shape) < 1 / 16, x, y)))
    assert abs(values.mean()) > 6 * values.std() / np.sqrt(values.size)


def plain_autocorrelation(bits, lag):
    length = len(bits)
    mean = Fraction(sum(bits), length)
    variance = sum((bit - mean) ** 2 for bit in bits)
    if variance == 0:
        return 0.0
    return float(sum((bits[t] - mean) * (bits[(t + lag) % length] - mean) for t in range(length)) / variance)


@settings(deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=140), st.data())
def test_autocorrelation(bits, data):
    lag = data.draw(st.integers(1, len(bits)))
    found = float(autocorrelation(Bitstream.from_bits(bits), lag))
    assert found == pytest.approx(plain_autocorrelation(bits, lag), abs=1e-14)


def test_autocorrelation_by_hand():
    bits = [[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    stream = Bitstream.from_bits(bits)
    np.testing.assert_array_equal(autocorrelation(stream), [0, -1, 0, 0])
    np.testing.assert_array_equal(autocorrelation(stream, 2), [-1, 1, 0, 0])
    np.testing.assert_array_equal(autocorrelation(stream, 4), [1, 1, 0, 0])


def test_autocorrelation_error_law():
    """Every arrangement of k ones: the mean is -1 / (L - 1) exactly."""
    length = 9
    every = np.array(list(product([0, 1], repeat=length)))
    moving = every[(every.sum(1) > 0) & (every.sum(1) < length)]
    stream = Bitstream.from_bits(moving)
    for lag in (1, 2, 4):
        values = autocorrelation(stream, lag)
        for ones in range(1, length):
            assert values[moving.sum(1) == ones].mean() == pytest.approx(-1 / (length - 1), abs=1e-14)


@pytest.mark.parametrize("lag", [0, -1, 5])
def test_autocorrelation_refuses_a_lag(lag):
    with pytest.raises(ValueError, match=rf"lag must be an integer in 1\.\.4, got {lag}"):
        autocorrelation(Bitstream.from_bits([1, 0, 1, 0]), lag)


def plain_stability(bits, tolerance):
    final = Fraction(sum(bits), len(bits))
    last = 0
    for t in range(1, len(bits) + 1):
        if abs(Fraction(sum(bits[:t]), t) - final) > tolerance:
            last = t
    return float(1 - Fraction(last, len(bits)))


@settings(deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=140), st.integers(1, 10**6))
def test_stability(bits, numerator):
    tolerance = Fraction(2 * numerator - 1, 2 * 10**6 + 1)  # prime-ish denominator: means do not tie with it
    found = float(stability(Bitstream.from_bits(bits), float(tolerance)))
    assert found == pytest.approx(plain_stability(bits, tolerance), abs=1e-14)


def test_stability_by_hand():
    stream = Bitstream.from_bits([[1, 0, 1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 0, 0, 0, 0], [1] * 8, [0] * 8])
    np.testing.assert_array_equal(stability(stream, 0.2), [7 / 8, 3 / 8, 1, 1])
    np.testing.assert_array_equal(stability(stream, 1.0), 1)
    np.testing.assert_array_equal(stability(stream, 0.0), [1 / 8, 1 / 8, 1, 1])


@pytest.mark.parametrize("tolerance", [-0.1, 1.5, np.nan])
def test_stability_refuses_a_tolerance(tolerance):
    with pytest.raises(ValueError, match=rf"tolerance must be a number in \[0, 1\], got {tolerance}"):
        stability(Bitstream.from_bits([1, 0]), tolerance)
