"""Several writers of one folder: each has files of its own, and reading merges them."""

import errno
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sc_neurocore.evaluation import ResultStore, Row, Task, WrongImages, evaluate, writers
from sc_neurocore.evaluation.pipeline import Plan
from sc_neurocore.evaluation.record import Record
from sc_neurocore.evaluation.writers import Writer, mark_of, of_all_writers

OPTIONS = {"lengths": (16, 64), "generators": ("bernoulli", "sobol")}
FIRST = Path(__file__).parent / "files" / "first_format"
TASK = Task("1", "n", "d", "sobol", 16)
ROW = Row(TASK, 9, 7, 9, 7, 1, WrongImages("d", 9, b"\3\0"), WrongImages("d", 9, b"\0\0"))


def rows(count, first=4):
    return [replace(ROW, task=replace(TASK, length=2**place)) for place in range(first, first + count)]


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def marked(found):
    return [(row, row.wrong, row.float_wrong) for row in found]


def test_the_first_has_the_plain_names(tmp_path):
    path = tmp_path / "new" / "results.csv"
    with Writer(path.parent) as first, Writer(path.parent) as second, Writer(path.parent) as third:
        assert first.own(path) == path
        others = [writer.own(path) for writer in (second, third)]
        assert [mark_of(other)[0] for other in others] == ["-", "-"]
        assert len({path, *others}) == 3
        assert second.own(path.with_name("record.json")).stem == f"record{mark_of(second.own(path))}"
        for other in others:
            other.touch()
        assert of_all_writers(path) == [path, *sorted(others)]
    with Writer(path.parent) as again:
        assert again.own(path) == path
    assert names(path.parent) == sorted(other.name for other in others)  # no lock is left


def test_others_files_of_such_a_name_are_not_read(tmp_path):
    store = ResultStore(tmp_path / "results.csv")
    for name in ("results-old.csv", "results-0a1b2c3.csv", "results-0a1b2c3d4.csv", "results-0A1B2C3D.csv"):
        (tmp_path / name).write_text("name,age\n")
    store.append(ROW)
    assert list(store.read()) == [ROW.id]
    (tmp_path / "results-0a1b2c3d.csv").write_text("name,age\n")
    with pytest.raises(ValueError, match=r"results-0a1b2c3d\.csv must be a file of results of this version"):
        store.read()


def test_the_lock_goes_with_its_process(tmp_path):
    code = "import sys, time; from sc_neurocore.evaluation.writers import Writer\n"
    code += "with Writer(sys.argv[1]): print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with Writer(tmp_path) as second:
            assert second.own(tmp_path / "results.csv").name != "results.csv"
        process.send_signal(signal.SIGKILL)
    with Writer(tmp_path) as next_one:
        assert next_one.own(tmp_path / "results.csv").name == "results.csv"


def test_no_lock_to_be_had_means_files_of_ones_own(tmp_path, monkeypatch):
    ResultStore(tmp_path / "results.csv").append(ROW)
    before = (tmp_path / "results.csv").read_bytes()

    def refused(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(writers, "take_lock", refused)
    store = ResultStore(tmp_path / "results.csv")
    for row in rows(2, 7):
        store.append(row)
    assert len(of_all_writers(store.path)) == 3
    assert (tmp_path / "results.csv").read_bytes() == before
    expected = {row.id: row for row in [ROW, *rows(2, 7)]}
    assert store.read() == expected
    assert all(row.wrong for row in store.read().values())


def test_a_lock_on_a_removed_file_is_none(tmp_path, monkeypatch):
    """The owner removes the file between its being opened and being locked here."""
    lock, calls = writers.take_lock, []

    def late(file):
        if not calls:
            (tmp_path / ".lock").unlink()
        calls.append(file)
        lock(file)

    monkeypatch.setattr(writers, "take_lock", late)
    with Writer(tmp_path) as first:
        assert len(calls) == 2
        monkeypatch.setattr(writers, "take_lock", lock)
        with Writer(tmp_path) as second:
            assert {first.own(Path("a")).name, second.own(Path("a")).name} > {"a"}


def test_rows_of_all_writers_are_read_once(tmp_path):
    store = ResultStore(tmp_path / "results.csv")
    with Writer(tmp_path) as first, Writer(tmp_path) as second:
        for row in rows(3):
            store.append(row, first)
        for row in rows(3, 6):  # the first of them is the last of the others
            store.append(row, second)
    assert marked(store.read().values()) == marked(rows(5))
    assert [len(of_all_writers(tmp_path / name)) for name in ("results.csv", "wrong.bits")] == [2, 2]
    assert len(names(tmp_path)) == 4


def test_files_of_writers_may_be_joined(tmp_path):
    store = ResultStore(tmp_path / "results.csv")
    with Writer(tmp_path) as first, Writer(tmp_path) as second:
        store.append(rows(1)[0], first)
        for row in rows(3):
            store.append(row, second)
    for name in ("results.csv", "wrong.bits"):
        plain, other = of_all_writers(tmp_path / name)
        plain.write_bytes(plain.read_bytes() + other.read_bytes())
        other.unlink()
    assert marked(store.read().values()) == marked(rows(3))
    store.append(rows(4)[3])
    assert marked(store.read().values()) == marked(rows(4))
    assert names(tmp_path) == ["results.csv", "wrong.bits"]


def test_only_the_owner_renews_or_repairs(tmp_path):
    folder = shutil.copytree(FIRST, tmp_path / "report")
    store = ResultStore(folder / "results.csv")
    store.path.write_bytes(store.path.read_bytes()[:-20])
    torn, before = store.path.read_bytes(), store.read()
    with Writer(folder) as first:
        with Writer(folder) as second:
            store.append(ROW, second)
            assert store.path.read_bytes() == torn
            assert store.read() == before | {ROW.id: ROW}
        store.append(rows(1, 5)[0], first)
    assert store.path.read_bytes().startswith(b"task,version")
    assert store.read() == {**before, rows(1, 5)[0].id: rows(1, 5)[0], ROW.id: ROW}
    assert store.new_ids() == {}


def test_a_run_that_was_planned_before_another_loses_nothing_of_it(network, data, tmp_path, monkeypatch):
    """Both read an empty folder; the other runs and ends; then this one runs, into the same files."""
    run, other = Plan.run, []

    def late(self, *arguments):
        if not other:
            other.append(True)
            evaluate(network, data, **OPTIONS, seed=1, out=tmp_path)
        return run(self, *arguments)

    monkeypatch.setattr(Plan, "run", late)
    evaluate(network, data, **OPTIONS, seed=0, out=tmp_path)
    assert names(tmp_path) == ["record.json", "results.csv", "wrong.bits"]
    assert [run["options"]["seed"] for run in Record(tmp_path / "record.json").runs] == [1, 0]
    assert len(ResultStore(tmp_path / "results.csv").read()) == 8


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_inside_another(network, data, tmp_path, seed):
    """In the middle of a run another one runs as a whole, identical or not."""
    inner = []

    def run_another(done, total, task):
        if task is not None and done == 2:
            inner.append(evaluate(network, data, **OPTIONS, seed=seed, out=tmp_path))

    outer = evaluate(network, data, **OPTIONS, out=tmp_path, progress=run_another)
    assert {path.name for path in outer.written} == {"results.csv", "wrong.bits", "record.json"}
    marks = {mark_of(path) for path in inner[0].written}
    assert len(marks) == 1
    assert marks != {""}
    assert set(names(tmp_path)) == {path.name for path in (*outer.written, *inner[0].written)}
    found = ResultStore(tmp_path / "results.csv").read()
    assert len(found) == 4 * (1 + seed)
    again = evaluate(network, data, **OPTIONS, out=tmp_path)
    assert (again.reused, again.written) == (4, ())
    assert [replace(row, elapsed_ns=1) for row in again.rows] == [replace(row, elapsed_ns=1) for row in outer.rows]
    computed = [len(run["computed"]) for run in Record(tmp_path / "record.json").runs]
    assert computed == [4, 2 if seed == 0 else 4]
    assert len(json.loads((tmp_path / "record.json").read_text())["runs"]) == 1
