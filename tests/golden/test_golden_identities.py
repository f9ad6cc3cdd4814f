"""What gates compute at SCC = +1, -1 and 0; error laws of random streams; each with a twin that must fail."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import gates
from sc_neurocore.bitstreams import correlated_and_error
from sc_neurocore.encoders import Encoder, Ramp, Sobol
from verification import identities, streams

ALARM = 1e-9


def assert_all_pass(table):
    assert table.rows
    assert [row for row in table.rows if not row.passed] == []


def test_identities_of_correlated_streams():
    assert_all_pass(identities.correlation_table(quick=True))


def test_error_laws_of_random_streams():
    assert_all_pass(identities.random_table(quick=True))


@pytest.mark.parametrize("bits", [3, 4, 6, 8])
@pytest.mark.parametrize("partner", [Ramp, identities.falling])
def test_mean_error_at_full_correlation(partner, bits):
    length = 2**bits
    error = np.abs(streams.product_errors(Ramp(bits), partner(bits), length)).mean()
    assert error == pytest.approx((length - 1) / (12 * (length + 1)), rel=1e-12)
    assert error == pytest.approx(correlated_and_error(length), rel=1e-12)


def test_identities_fail_for_uncorrelated_streams():
    counts = identities.gate_counts(Sobol(4, 1), Sobol(4, 2), 16)
    a, b = np.meshgrid(np.arange(17), np.arange(17), indexing="ij")
    assert (counts["AND"] != np.minimum(a, b)).any()
    assert (counts["AND"] + counts["OR"] == a + b).all()
    assert (counts["XOR"] == a + b - 2 * counts["AND"]).all()


@pytest.mark.parametrize(("encoding", "constant"), [("unipolar", 5 / 36), ("bipolar", 8 / 9)])
def test_mean_squared_error_of_a_product(encoding, constant):
    squares = identities.product_squares(101, encoding, 20_000, 3)
    deviation = squares.std() / len(squares) ** 0.5
    assert streams.normal_pvalue(squares.mean(), constant / 101, deviation) > ALARM
    assert streams.normal_pvalue(squares.mean(), 1.2 * constant / 101, deviation) < ALARM


def test_variance_of_a_mux():
    counts = identities.mux_counts(np.array([0.25, 0.5, 0.75]), 100, 5000, 1)
    assert identities.dispersion_pvalue(counts, 100, 0.5) > ALARM
    every_second = 2 * identities.mux_counts(np.array([0.25, 0.5, 0.75]), 50, 5000, 1)  # bits held for two cycles
    assert identities.dispersion_pvalue(every_second, 100, 0.5) < ALARM


@pytest.mark.parametrize("n_states", [2, 6, 32])
@pytest.mark.parametrize("x", [-0.9, -0.1, 0.0, 0.3])
def test_stanh_is_a_power_of_the_odds(n_states, x):
    assert identities.stationary_stanh(x, n_states) == pytest.approx(
        np.tanh(n_states / 2 * np.arctanh(x)), rel=1e-9, abs=1e-12
    )
    if 0.05 < abs(x) < 0.5:
        assert abs(identities.stationary_stanh(x, n_states) - np.tanh(n_states / 2 * x)) > 1e-5


def test_stanh_measured():
    encoder = Encoder(1, 100, "bernoulli", "bipolar", seed=4)
    last = gates.stanh(encoder.encode(np.full((40_000, 1), 0.5)), 4).bits()[:, 0, -1]
    ones = int(last.sum())
    assert stats.binomtest(ones, last.size, (np.tanh(2 * np.arctanh(0.5)) + 1) / 2).pvalue > ALARM
    assert stats.binomtest(ones, last.size, (np.tanh(2 * 0.5) + 1) / 2).pvalue < ALARM  # the approximation
