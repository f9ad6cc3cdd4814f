"""Evaluations as CSV files, data frames and labelled arrays, and parts of them."""

import csv
import sys

import pytest

from sc_neurocore.evaluation import evaluate


@pytest.fixture
def evaluation(network, trainable):
    return evaluate(network, trainable, [16, 64, (16, 64)], ["sobol", "lfsr"], repeats=2)


def test_csv(evaluation, tmp_path):
    evaluation.to_csv(tmp_path / "points.csv")
    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["generator"], row["length"]) for row in rows[:3]] == [
        ("sobol", "16"),
        ("sobol", "16-64"),
        ("sobol", "64"),
    ]
    assert [int(row["correct"]) for row in rows] == [point.correct for point in evaluation.points]
    assert [float(row["low"]) for row in rows] == [point.interval()[0] for point in evaluation.points]


def test_data_frame(evaluation):
    pytest.importorskip("pandas")
    frame = evaluation.to_dataframe()
    assert frame["accuracy"].tolist() == [point.accuracy for point in evaluation.points]
    assert set(frame["repeats"]) == {2}


def test_labelled_arrays(evaluation):
    pytest.importorskip("xarray")
    arrays = evaluation.to_xarray()
    assert dict(arrays.sizes) == {"generator": 2, "length": 3}
    assert arrays["length"].values.tolist() == ["16", "16-64", "64"]
    plain = evaluation.where(length=[16, 64]).to_xarray()
    assert plain["length"].values.tolist() == [16, 64]
    point = evaluation.line("lfsr")[0]
    assert plain["correct"].sel(generator="lfsr", length=16).item() == point.correct


def test_parts(evaluation):
    part = evaluation.where(generator="sobol")
    assert part.points == evaluation.line("sobol")
    assert part.uncalibrated.points == evaluation.uncalibrated.line("sobol")
    assert [point.length for point in evaluation.where(length=(16, 64)).points] == [(16, 64)] * 2
    assert evaluation.where(["lfsr"], 16).points == evaluation.line("lfsr")[:1]
    with pytest.raises(ValueError, match="rows must have generator halton and length None, none has"):
        evaluation.where("halton")


@pytest.mark.parametrize(("library", "call"), [("pandas", "to_dataframe"), ("xarray", "to_xarray")])
def test_missing_libraries(evaluation, monkeypatch, library, call):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"need {library}: pip install {library} \(the extra frames\)"):
        getattr(evaluation, call)()
