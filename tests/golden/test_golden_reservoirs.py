"""Reservoirs beside a filter: the interval of their paired ratio."""

import numpy as np
import pytest
from scipy.stats import bootstrap, ttest_1samp

from sc_neurocore.evaluation import reservoir_study
from verification import reservoirs


def test_interval_is_that_of_the_t_test_on_logarithms():
    rng = np.random.default_rng(0)
    errors, others = rng.uniform(0.2, 0.6, (2, 24))
    found = reservoirs.paired_ratio(errors, others)
    wanted = ttest_1samp(np.log(errors) - np.log(others), 0.0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], np.exp([wanted.low, wanted.high]), rtol=1e-12)
    np.testing.assert_allclose(found.mean, np.exp(np.log(errors / others).mean()), rtol=1e-12)


def test_interval_is_about_that_of_the_bootstrap():
    rng = np.random.default_rng(1)
    others = rng.uniform(0.3, 0.5, 24)
    errors = others * np.exp(rng.normal(-0.1, 0.1, 24))
    found = reservoirs.paired_ratio(errors, others)
    other = bootstrap((np.log(errors / others),), np.mean, rng=rng, method="percentile").confidence_interval
    np.testing.assert_allclose([found.low, found.high], np.exp([other.low, other.high]), atol=0.01)


@pytest.mark.parametrize(
    ("factor", "verdict"), [([0.8, 0.9, 0.85], "better"), ([1.2, 1.3, 1.25], "worse"), ([0.8, 1.3, 1.0], "undecided")]
)
def test_verdict(factor, verdict):
    others = np.array([0.3, 0.4, 0.5])
    assert reservoirs.paired_ratio(factor * others, others).verdict == verdict


def test_pairing_matters():
    """The same errors beside those of other series decide nothing."""
    others = np.linspace(0.2, 0.8, 24)
    assert reservoirs.paired_ratio(0.95 * others, others).verdict == "better"
    assert reservoirs.paired_ratio(0.95 * others[::-1], others).verdict == "undecided"


def test_table_has_a_row_for_each_circuit():
    study = reservoir_study([16, 32], ["sobol"], [10], train=300, test=100, repeats=2)
    table = reservoirs.ratios_table(study)
    columns = {column.header: list(column.cells) for column in table.columns}
    assert columns["generator"] == ["sobol", "sobol", "floating point"]
    assert columns["L"] == ["16", "32", ""]
    means = [study.scores("sobol", 10, length).mean() for length in (16, 32)]
    assert columns["error"][:2] == [f"{mean:.3f}" for mean in means]


def test_command_keeps_rows_and_reads_them(tmp_path, capsys):
    options = ["--generators", "sobol", "--lengths", "8", "--neurons", "10", "--series", "2", "--out", str(tmp_path)]
    reservoirs.main(options)
    first = capsys.readouterr().out
    kept = (tmp_path / "reservoir.csv").read_bytes()
    reservoirs.main(options)
    assert capsys.readouterr().out == first
    assert (tmp_path / "reservoir.csv").read_bytes() == kept
    assert "2 series" in first
    with pytest.raises(SystemExit, match="2"):
        reservoirs.main(["--series", "1"])
