"""The study of reservoirs: its preset, its rows, how it goes on where it stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore.evaluation import reservoirs
from sc_neurocore.evaluation.reservoirs import (
    KINDS,
    RESERVOIRPY,
    ReservoirRow,
    ReservoirStudy,
    ReservoirTask,
    narma_reservoir,
    options_of,
    reservoir_study,
    score,
)
from sc_neurocore.evaluation.rows import from_fields, to_fields
from sc_neurocore.evaluation.store import RowStore

SMALL = {"lengths": [32, 64], "kinds": ["sobol", "bernoulli"], "neurons": [15], "train": 200, "test": 100, "repeats": 2}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    return reservoir_study(**SMALL, out=out), out


def task(**changes):
    return replace(ReservoirTask("0", "expected", 0, 100, 4000, 2000, 0, 0, "p"), **changes)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "published"), [*RESERVOIRPY.items(), (400, 0.15)])
def test_preset_in_floating_point_is_within_15_percent_of_reservoirpy(n, published):
    found = [score(task(n_neurons=n, repeat=repeat)).nrmse_std for repeat in range(4)]
    assert np.median(found) < 1.15 * published


@pytest.mark.slow
def test_streams_beat_the_linear_filter_only_if_they_are_spread_evenly():
    limit = score(task(kind="linear", n_neurons=20)).nrmse_std
    for kind in ("sobol", "sobol-shift", "sobol-rounding"):
        assert score(task(kind=kind, n_neurons=200, length=4096)).nrmse_std < 0.9 * limit
    assert score(task(kind="sobol", n_neurons=200, length=64)).nrmse_std > 1.2 * limit
    assert score(task(kind="bernoulli", n_neurons=100, length=256)).nrmse_std > 1.5 * limit


def test_rows(study):
    found, out = study
    assert found.neurons == (15,)
    assert found.kinds == ("sobol", "bernoulli")
    assert found.lengths == (32, 64)
    assert found.reused == 0
    assert len(found.rows) == 2 * (1 + 1 + 2 * 2)
    assert found.scores("sobol", 15, 64).shape == (2,)
    assert found.scores("expected", 15, score="memory").shape == (2,)
    assert {file.name for file in out.iterdir()} == {"reservoir.csv", "record.json"}
    record = json.loads((out / "record.json").read_text())
    assert record["runs"][0]["options"]["train"] == 200
    assert len(record["runs"][0]["computed"]) == len(found.rows)


def test_a_second_call_runs_nothing(study, monkeypatch):
    found, out = study
    monkeypatch.setattr("sc_neurocore.evaluation.reservoirs.score", None)
    again = reservoir_study(**SMALL, out=out)
    assert again.rows == found.rows
    assert again.reused == len(found.rows)


def test_it_goes_on_where_it_was_interrupted(study, tmp_path):
    whole, _ = study

    def stop(done, total, task):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reservoir_study(**SMALL, out=tmp_path, progress=stop)
    kept = RowStore(tmp_path / "reservoir.csv", ReservoirRow).read()
    assert len(kept) >= 5  # of the tasks that ran meanwhile, those that are finished are kept too
    seen = []
    found = reservoir_study(**SMALL, out=tmp_path, progress=lambda *call: seen.append(call))
    assert found.rows == whole.rows
    assert found.reused == len(kept)
    assert [done for done, _, _ in seen] == [*range(len(kept) + 1, len(whole.rows) + 1), len(whole.rows)]
    assert seen[-1][2] is None


def test_rows_do_not_depend_on_what_else_is_run(study):
    found, _ = study
    alone = reservoir_study(**{**SMALL, "kinds": ["sobol"], "lengths": [64]})
    np.testing.assert_array_equal(alone.scores("sobol", 15, 64), found.scores("sobol", 15, 64))
    other = reservoir_study(**{**SMALL, "kinds": ["sobol"], "lengths": [64], "seed": 1})
    assert (other.scores("sobol", 15, 64) != found.scores("sobol", 15, 64)).all()


def test_a_row_survives_its_text():
    row = ReservoirRow(task(kind="sobol-shift", length=256, preset="a, b"), 0.1 + 0.2, 12.5)
    assert from_fields(ReservoirRow, to_fields(row)) == row
    with pytest.raises(ValueError, match="task must be the digest"):
        from_fields(ReservoirRow, ["x", *to_fields(row)[1:]])
    with pytest.raises(ValueError, match=r"fields must be there, got 2"):
        from_fields(ReservoirRow, ["x", "y"])
    with pytest.raises(ValueError, match="scores must be at least 0"):
        replace(row, nrmse_std=float("nan"))


def test_which_length_beats_the_filter():
    rows = [ReservoirRow(task(kind="linear", n_neurons=20), 0.4, 1.0)]
    for length, error in ((16, 0.3), (32, 0.5), (64, 0.39), (128, 0.2)):
        rows.append(ReservoirRow(task(kind="sobol", length=length), error, 1.0))
        rows.append(ReservoirRow(task(kind="lfsr", length=length), error + 0.3, 1.0))
    found = ReservoirStudy(tuple(rows))
    assert found.beats_filter_from("sobol", 100) == 64
    assert found.beats_filter_from("lfsr", 100) is None


def test_kinds():
    for kind in KINDS:
        narma_reservoir(5, 16, 0, **options_of(kind)).run([[0.25]])
    for bad in ("dice", "sobol-twice", "bernoulli-shift", ""):
        with pytest.raises(ValueError, match="generator must be one of bernoulli, searched, sobol, "):
            options_of(bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": []}, "lengths must have at least one entry, got none"),
        ({"kinds": ()}, "kinds must have at least one entry, got none"),
        ({"neurons": ()}, "neurons must have at least one entry, got none"),
        ({"kinds": [5]}, "generator must be one of .*, got 5"),
        ({"lengths": [0]}, "lengths must be an integer of at least 1, got 0"),
        ({"kinds": ["dice"]}, "generator must be one of"),
        ({"neurons": [0]}, "neurons must be an integer of at least 1, got 0"),
        ({"train": 1}, "train must be an integer of at least 2, got 1"),
        ({"test": 0}, "test must be an integer of at least 2, got 0"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"repeats": 0}, "repeats must be an integer in 1..10000, got 0"),
    ],
)
def test_errors_write_nothing(change, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        reservoir_study(**{**SMALL, **change, "out": tmp_path / "o"})
    assert not (tmp_path / "o").exists()


def test_one_value_is_a_list_of_one():
    small = {"train": 200, "test": 100, "repeats": 1}
    single = reservoir_study(32, "sobol", 15, **small)
    assert single.rows == reservoir_study([32], ["sobol"], [15], **small).rows  # no time is kept: all is the same
    assert [row.task.kind for row in single.rows] == ["linear", "expected", "sobol"]


def test_blocks_of_steps_change_no_score(study, monkeypatch):
    """A task is run in blocks, between which it may be stopped."""
    found, _ = study
    monkeypatch.setattr(reservoirs, "BLOCK", 64 * 15 * 7)
    assert [reservoirs.score(row.task) for row in found.rows] == list(found.rows)
