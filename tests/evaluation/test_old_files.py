"""Files of earlier versions: read as rows of today, and renewed when a row is added.

``files/first_format`` and ``files/first_reservoir`` were written by the version before `CircuitOptions`,
``files/second_format`` by the one in which keys of random numbers had neither class nor shape, ``files/third_format``
by the one before circuits were calibrated, ``files/fourth_format`` by the one before weights could share sources.
"""

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sc_neurocore import Faults, MemristorModel, Network
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.encoders.seeds import STREAM_VERSION
from sc_neurocore.evaluation import ReservoirRow, ResultStore, RowStore, evaluate, reservoir_study
from sc_neurocore.evaluation.old_files import FirstReservoirRow, FirstRow, FirstTask, SecondTask
from sc_neurocore.evaluation.record import Record
from sc_neurocore.evaluation.rows import columns, to_fields

FILES = Path(__file__).parent / "files"
FIRST = FILES / "first_format"
SECOND = FILES / "second_format"
THIRD = FILES / "third_format"
FOURTH = FILES / "fourth_format"
OLD = list(csv.DictReader((FIRST / "results.csv").read_text().splitlines()))
WRITTEN_BY = "0.1.0"
DEVICE = MemristorModel(**json.loads(OLD[-1]["device"]))
PLAIN = {"lengths": [16, 32], "generators": ["bernoulli", "sobol"], "repeats": 2}


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(FIRST, tmp_path / "report")
    return tmp_path / "report"


@pytest.fixture
def same_version(monkeypatch):
    """Rows are reused only by the version that wrote them."""
    for function in (evaluate, reservoir_study):
        monkeypatch.setattr(sys.modules[function.__module__], "package_version", lambda: WRITTEN_BY)


@pytest.fixture(scope="module")
def network():
    return Network.load(FILES / "digits.safetensors")


@pytest.fixture(scope="module")
def data():
    digits = load_digits()
    return Dataset.held_out("digits", digits.x_test[:50], digits.y_test[:50])


def test_the_id_of_the_first_format_is_pinned():
    task = FirstTask(
        "0.1.0", "ab" * 32, "cd" * 32, "sobol", 256, "split", "sum", None, 0, 0, 0.1, False, "", ""
    )  # fmt: skip
    assert task.id == "49051d4b0a53e1b6"


def test_the_id_of_the_second_format_is_pinned():
    task = SecondTask(
        "0.1.0", "ab", "cd", "sobol", 256, "split", "sum", None, None, "fresh", 0, 0, False, "", ""
    )  # fmt: skip
    assert task.id == "1aa096bacc96f0b0"


def test_rows_of_the_second_format_are_read_and_say_which_streams_they_had():
    old = list(csv.DictReader((SECOND / "results.csv").read_text().splitlines()))
    rows = list(ResultStore(SECOND / "results.csv").read().values())
    assert len(rows) == len(old) == 11
    for row, texts in zip(rows, old, strict=True):
        today = dict(zip(columns(type(row)), to_fields(row), strict=True))
        assert (today.pop("stream_version"), today.pop("task"), today.pop("calibration")) == ("1", row.id, "")
        assert today.pop("weight_share") == ""
        assert today == {name: text for name, text in texts.items() if name != "task"}
    assert {row.task.length for row in rows} == {1, 16, (16, 32)}


def test_rows_of_the_third_format_keep_their_ids_and_are_not_calibrated():
    old = list(csv.DictReader((THIRD / "results.csv").read_text().splitlines()))
    store = ResultStore(THIRD / "results.csv")
    rows = list(store.read().values())
    assert len(rows) == len(old) == 11
    for row, texts in zip(rows, old, strict=True):
        today = dict(zip(columns(type(row)), to_fields(row), strict=True))
        assert today == {**texts, "calibration": "", "weight_share": ""}
        assert row.wrong is not None
    assert {row.task.length for row in rows} == {1, 16, (16, 32)}
    assert store.new_ids() == {}


def test_rows_of_the_third_format_are_found_again(tmp_path, network, data, same_version):
    folder = shutil.copytree(THIRD, tmp_path / "report")
    before = ResultStore(folder / "results.csv").read()
    options = {"lengths": [16, (16, 32)], "generators": ["searched", "bernoulli"], "repeats": 2}
    assert evaluate(network, data, **options, out=folder).reused == 8
    runs = Record(folder / "record.json").runs
    assert all(run["options"]["calibrate"] == "none" for run in runs)
    given = {**runs[1]["options"], "faults": Faults(**runs[1]["options"]["faults"])}
    assert evaluate(network, data, **given, out=folder).reused == 2
    assert (folder / "results.csv").read_bytes() == (THIRD / "results.csv").read_bytes()
    evaluate(network, data, [16], ["lfsr"], out=folder)
    header, *lines = (folder / "results.csv").read_text().splitlines()
    assert header.count("calibration") == 1
    assert [line.split(",", 1)[0] for line in lines[:-1]] == list(before)
    after = ResultStore(folder / "results.csv").read()
    assert {name: row for name, row in after.items() if name in before} == before
    assert len(after) == len(before) + 1


@pytest.mark.parametrize("estimates", [False, True])
def test_rows_of_the_fourth_format_keep_their_ids(estimates):
    path = FOURTH / ("estimate.csv" if estimates else "results.csv")
    old = list(csv.DictReader(path.read_text().splitlines()))
    store = ResultStore(path, estimates)
    rows = list(store.read().values())
    assert len(rows) == len(old) == (2 if estimates else 10)
    for row, texts in zip(rows, old, strict=True):
        assert dict(zip(columns(type(row)), to_fields(row), strict=True)) == {**texts, "weight_share": ""}
        assert row.wrong is not None
        assert row.task.weight_share is None
    assert store.new_ids() == {}


def test_rows_of_the_fourth_format_are_found_again(tmp_path, network, data, same_version):
    folder = shutil.copytree(FOURTH, tmp_path / "report")
    options = {"lengths": [16, (16, 32)], "generators": ["searched", "bernoulli"], "repeats": 2}
    assert evaluate(network, data, **options, out=folder).reused == 8
    assert evaluate(network, data, 16, "bernoulli", repeats=2, estimate=True, out=folder).reused == 2
    assert {run["options"]["weight_share"] for run in Record(folder / "record.json").runs} == {None}
    assert evaluate(network, data, 16, "bernoulli", weight_share="neurons", out=folder).reused == 0
    header, *lines = (folder / "results.csv").read_text().splitlines()
    assert len(lines) == 11
    assert lines[-1].split(",")[header.split(",").index("weight_share")] == "neurons"
    again = evaluate(network, data, 16, "bernoulli", weight_share="neurons", out=folder)
    assert (again.reused, again.rows[0].task.weight_share) == (1, "neurons")


@pytest.mark.parametrize("written", [FIRST, SECOND], ids=["first", "second"])
def test_rows_of_other_streams_are_kept_but_not_reused(written, tmp_path, network, data, same_version):
    folder = shutil.copytree(written, tmp_path / "report")
    before = ResultStore(folder / "results.csv").read()
    evaluation = evaluate(network, data, **PLAIN, out=folder)
    assert evaluation.reused == 0
    assert {row.task.stream_version for row in evaluation.rows} == {STREAM_VERSION}
    after = ResultStore(folder / "results.csv").read()
    assert after == before | {row.id: row for row in evaluation.rows}
    assert len(after) == len(before) + 8
    assert {row.task.stream_version for row in before.values()} == {1}
    versions = [run["stream_version"] for run in json.loads((folder / "record.json").read_text())["runs"]]
    assert versions == [1] * (len(versions) - 1) + [STREAM_VERSION]
    assert evaluate(network, data, **PLAIN, out=folder).reused == 8


def test_rows_are_read_as_those_of_today():
    assert {row["bit_flip_rate"] for row in OLD} == {"0.0", "0.01"}
    rows = list(ResultStore(FIRST / "results.csv").read().values())
    assert len(rows) == len(OLD) == 13
    for row, old in zip(rows, OLD, strict=True):
        task = row.task
        for name in ("version", "network", "data", "generator", "encoding", "accumulate", "device"):
            assert getattr(task, name) == old[name]
        assert (str(task.length), str(task.seed), str(task.repeat)) == (old["length"], old["seed"], old["repeat"])
        assert (task.share, task.weight_streams) == (None, "fresh")
        rate = float(old["bit_flip_rate"])
        assert task.fault_model == (Faults.flips(rate) if rate else None) or task.faults == old["faults"] != ""
        assert str(row.correct) == old["correct"]
        assert str(row.elapsed_ns) == old["elapsed_ns"]
        assert row.id != old["task"]
    assert {row.task.device_model for row in rows} == {None, DEVICE}


def test_reading_changes_nothing(folder):
    before = (folder / "results.csv").read_bytes()
    store = ResultStore(folder / "results.csv")
    assert set(store.new_ids()) == {row["task"] for row in OLD}
    assert set(store.new_ids().values()) == set(store.read())
    assert (folder / "results.csv").read_bytes() == before


def test_a_row_more_renews_the_file(folder):
    store = ResultStore(folder / "results.csv")
    before = list(store.read().values())
    more = replace(before[0], task=replace(before[0].task, share="one", length=(16, 64)))
    store.append(more)
    header, *lines = (folder / "results.csv").read_text().splitlines()
    assert header == ",".join(columns(type(more)))
    assert list(csv.reader(lines)) == [to_fields(row) for row in (*before, more)]
    assert list(store.read().values()) == [*before, more]
    assert store.new_ids() == {}
    store.append(replace(more, correct=0))
    assert store.read()[more.id].correct == 0
    assert [file.name for file in folder.iterdir() if file.suffix == ".csv"] == ["results.csv"]


@pytest.mark.parametrize("size", [10, 60, 127, 128, 129, 200, 400, 700])
def test_torn_anywhere(folder, size):
    whole = (FIRST / "results.csv").read_bytes()
    store = ResultStore(folder / "results.csv")
    every = list(store.read().values())
    store.path.write_bytes(whole[:size])
    complete = max(whole[:size].count(b"\n") - 1, 0)
    assert list(store.read().values()) == every[:complete]
    store.append(every[-1])
    assert list(store.read().values()) == [*every[:complete], every[-1]]


def test_an_edited_row_is_refused(folder):
    path = folder / "results.csv"
    path.write_bytes(path.read_bytes().replace(b",bernoulli,", b",lfsr,", 1))
    for call in (ResultStore(path).read, lambda: ResultStore(path).append(FirstRow(OLD_TASK, 1, 1, 1, 1, 1).renewed())):
        with pytest.raises(ValueError, match="line 2 is not a row of results: task must be the digest"):
            call()


OLD_TASK = FirstTask("0", "n", "d", "sobol", 16, "split", "sum", None, 0, 0, 0.0, False, "", "")


def test_a_run_more_renews_the_record(folder, network, data, same_version):
    assert evaluate(network, data, [16, 64], ["sobol"], out=folder).reused == 0
    store = ResultStore(folder / "results.csv")
    assert store.new_ids() == {}
    content = json.loads((folder / "record.json").read_text())
    assert content["format"] == 5
    assert [len(run["tasks"]) for run in content["runs"]] == [8, 2, 2, 1, 2]
    assert {task for run in content["runs"] for task in run["tasks"]} == set(store.read())
    options = [run["options"] for run in content["runs"]]
    assert not any("bit_flip_rate" in each for each in options)
    assert [bool(each["faults"]) for each in options] == [False, True, True, False, False]
    assert Faults(**options[1]["faults"]) == Faults.flips(0.01)


def test_another_version_reuses_nothing(folder, network, data, monkeypatch):
    monkeypatch.setattr(sys.modules[evaluate.__module__], "package_version", lambda: "0.0.1")
    assert evaluate(network, data, **PLAIN, out=folder).reused == 0
    assert len(ResultStore(folder / "results.csv").read()) == len(OLD) + 8


def test_record_of_the_first_format_is_read():
    record = Record(FIRST / "record.json")
    assert len(record.runs) == 4
    assert record.knows(record.runs[1]["tasks"])


def test_reservoirs_of_the_first_format(tmp_path, same_version):
    folder = shutil.copytree(FILES / "first_reservoir", tmp_path / "out")
    old = list(csv.DictReader((folder / "reservoir.csv").read_text().splitlines()))
    before = RowStore(folder / "reservoir.csv", ReservoirRow, (FirstReservoirRow,)).read()
    assert len(before) == len(old) == 4
    for row, texts in zip(before.values(), old, strict=True):
        today = dict(zip(columns(ReservoirRow), to_fields(row), strict=True))
        assert (today.pop("stream_version"), today.pop("task")) == ("1", row.id)
        assert today == {name: text for name, text in texts.items() if name != "task"}
    options = {"lengths": [16], "kinds": ["sobol", "lfsr-shift"], "neurons": [12], "train": 150, "test": 80}
    study = reservoir_study(**options, repeats=1, out=folder)
    assert study.reused == 0
    after = RowStore(folder / "reservoir.csv", ReservoirRow).read()
    assert after == before | {row.id: row for row in study.rows}
    assert len(after) == 8
    assert reservoir_study(**options, repeats=1, out=folder).reused == 4
