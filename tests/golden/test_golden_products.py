"""Mean absolute errors of the unipolar product over all pairs, to the printed digits; exact products."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.encoders import LFSR, Halton, Ramp, Sobol, VanDerCorput
from verification import products, streams

GOLDEN = {
    ("lfsr", 4): ".0320", ("lfsr", 6): ".01446", ("lfsr", 8): ".00813",
    ("halton", 4): ".0379", ("halton", 6): ".01046", ("halton", 8): ".00367",
    ("ramp x vdc", 4): ".02768", ("ramp x vdc", 6): ".01136", ("ramp x vdc", 8): ".003876",
    ("sobol", 4): ".020410", ("sobol", 6): ".006287", ("sobol", 8): ".001887",
    ("ramp x ramp", 4): ".07353", ("ramp x ramp", 6): ".08077", ("ramp x ramp", 8): ".08268",
}  # fmt: skip

FIRST = {
    "lfsr": lambda n: LFSR(n, insert_zero=False), "halton": Halton, "ramp x vdc": Ramp, "sobol": Sobol,
    "ramp x ramp": Ramp,
}  # fmt: skip


@pytest.mark.parametrize(("name", "bits"), GOLDEN)
def test_mean_absolute_error(name, bits):
    first = FIRST[name](bits)
    second = first if name == "ramp x ramp" else first.decorrelated(1)
    printed = GOLDEN[name, bits]
    error = np.abs(streams.product_errors(first, second, 2**bits)).mean()
    assert f"{error:.{len(printed) - 1}f}" == "0" + printed


def test_the_default_partners_are_those_of_the_table():
    assert Halton(8).decorrelated(1) == Halton(8, 3)
    assert Ramp(8).decorrelated(1) == VanDerCorput(8)
    assert Sobol(8).decorrelated(1) == Sobol(8, 2)
    taps = {4: (4, 3), 6: (6, 5), 8: (8, 6, 5, 4), 10: (10, 7)}
    assert {bits: LFSR(bits).taps for bits in taps} == taps


@pytest.mark.parametrize(("bits", "printed"), [(4, "0.0651"), (6, "0.0342"), (8, "0.01730"), (10, "0.00867")])
def test_theory_of_bernoulli_streams(bits, printed):
    assert f"{products.bernoulli_theory(bits):.{len(printed) - 2}f}" == printed


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_closed_form_of_the_deviation_is_the_plain_sum(bits):
    length = 2**bits
    grid = np.arange(length + 1) / length
    p, times = np.unique(np.outer(grid, grid), return_counts=True)
    ones = np.arange(length + 1)
    total = sum(
        count * (stats.binom.pmf(ones, length, q) * np.abs(ones / length - q)).sum()
        for q, count in zip(p, times, strict=True)
    )
    assert products.bernoulli_theory(bits) == pytest.approx(total / (length + 1) ** 2, rel=1e-9)


def test_bernoulli_streams_measured():
    measured, law, deviation = products.bernoulli_measured(6)
    assert streams.normal_pvalue(measured, law, deviation) > 1e-9
    assert streams.normal_pvalue(measured * 1.03, law, deviation) < 1e-9


@pytest.mark.parametrize("bits", [3, 4])
@pytest.mark.parametrize("name", products.EXACT)
def test_exact_products(name, bits):
    assert products.wrong_products(*products.EXACT[name](bits)) == (0, (2**bits + 1) ** 2)


def test_products_of_two_ramps_are_not_exact():
    assert products.wrong_products(Ramp(3), Ramp(3))[0] > 0
