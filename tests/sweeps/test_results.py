"""Results of sweeps: parts, order, and tables of other libraries."""

import csv

import numpy as np
import pytest

from sc_neurocore import Network, sweeps
from sc_neurocore.evaluation import wilson_interval
from sc_neurocore.sweeps import SweepResult

POINTS = sweeps.grid(generator=["sobol", "lfsr"], length=[4, (8, 16)], flips=[0, 0.1])


@pytest.fixture(scope="module")
def result(network, data):
    return sweeps.collect(POINTS, network, data, workers=1)


def test_rates(result):
    row = result.rows[0]
    assert row.accuracy == row.correct / 100 == 1 - row.block.wrong.count / 100
    assert row.float_accuracy == 0.9
    assert row.agreement == row.block.agree / 100
    assert row.interval() == wilson_interval(row.correct, 100)
    assert row.interval(0.5) == wilson_interval(row.correct, 100, 0.5)
    assert row.images_per_second == pytest.approx(100e9 / row.block.elapsed_ns)


def test_parts(result):
    assert len(result) == 8
    assert [row.task.length for row in result.where(generator="sobol", flips=0)] == [4, (8, 16)]
    assert len(result.where(length=[4, (8, 16)], flips=0.1)) == 4
    assert len(result.where(length=5)) == 0
    assert len(result.where(length=(8, 16))) == 4
    for change, message in [
        ({"lenght": 4}, "an axis must be one of"),
        ({"generator": "dice"}, "generator must be one"),
    ]:
        with pytest.raises(ValueError, match=message):
            result.where(**change)


def test_order(result):
    accuracies = [row.accuracy for row in result.sorted()]
    assert accuracies == sorted(accuracies, reverse=True)
    assert result.best.accuracy == max(row.accuracy for row in result)
    assert result.varied == ("generator", "length", "flips")
    with pytest.raises(ValueError, match="there must be a point to be the best, got none"):
        _ = SweepResult(()).best


def test_csv(result, tmp_path):
    result.to_csv(tmp_path / "points.csv")
    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["length"] for row in rows[:4]] == ["4", "4", "8-16", "8-16"]
    assert [int(row["correct"]) for row in rows] == [row.correct for row in result]
    assert [float(row["accuracy"]) for row in rows] == [row.accuracy for row in result]
    assert {row["device"] for row in rows} == {""}
    SweepResult(()).to_csv(tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == "\n"


def test_data_frame(result):
    pandas = pytest.importorskip("pandas")
    frame = result.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["correct"].tolist() == [row.correct for row in result]
    assert frame["correct"].dtype == np.int64
    assert frame["length"].tolist()[:4] == [4, 4, "8-16", "8-16"]
    best = frame.sort_values("accuracy").iloc[-1]
    assert best["accuracy"] == result.best.accuracy


def test_labelled_arrays(result):
    pytest.importorskip("xarray")
    arrays = result.to_xarray()
    assert dict(arrays.sizes) == {"generator": 2, "length": 2, "flips": 2}
    for row in result:
        place = {"generator": row.task.generator, "flips": row.settings["flips"]}
        place["length"] = "4" if row.task.length == 4 else "8-16"
        assert arrays["correct"].sel(place).item() == row.correct
        assert arrays["high"].sel(place).item() == row.interval()[1]
    part = SweepResult(result.rows[:3]).to_xarray()
    assert np.isnan(part["accuracy"]).sum() == 1
    assert dict(SweepResult(result.rows[:1]).to_xarray().sizes) == {"length": 1}


def test_values_that_differ_in_their_last_digits(network, data):
    pytest.importorskip("xarray")
    result = sweeps.collect(sweeps.grid(length=16, flips=[0.1234567, 0.1234568]), network, data, workers=1)
    assert result.varied == ("flips",)
    assert result.to_xarray()["flips"].values.tolist() == [0.1234567, 0.1234568]


def test_rows_of_two_networks_of_one_name_are_no_array(network, data, tmp_path):
    pytest.importorskip("xarray")
    other = Network.from_arrays([np.eye(4, 6)], calibration=data.x_test)
    for each in (network, other):
        sweeps.collect(sweeps.grid(length=[4, 8]), each, data, workers=1, out=tmp_path)
    found = sweeps.load(tmp_path)
    assert len(found) == 4
    with pytest.raises(ValueError, match="records must differ in length, some do not"):
        found.to_xarray()
