"""Tasks, rows, and the file that keeps them."""

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc_neurocore.evaluation import ResultStore, Row, Task
from sc_neurocore.evaluation.rows import columns, from_fields, to_fields

TASK = Task("0.1.0", "ab" * 32, "cd" * 32, "sobol", 256, faults='{"product_flips": 0.1}')
ROW = Row(TASK, 100, 97, 98, 99, 123456789)


def rows(count):
    return [replace(ROW, task=replace(TASK, length=2**place)) for place in range(4, 4 + count)]


def store_with(path, count):
    store = ResultStore(path)
    for row in rows(count):
        store.append(row)
    return store


def test_ids_are_pinned_and_differ():
    assert TASK.id == "b6a13065f023fd6a"  # a file of results refers to it: never change it
    changes = {
        "version": "0.2.0", "network": "x", "data": "x", "generator": "lfsr", "length": 255, "encoding": "bipolar",
        "accumulate": "or", "share": "one", "bits": 8, "weight_streams": "stored", "seed": 1, "repeat": 1, "clip": True,
        "device": "{}", "faults": "{}", "stream_version": 3, "calibration": "ab",
        "weight_share": "one",
    }  # fmt: skip
    ids = {replace(TASK, **{name: value}).id for name, value in changes.items()} | {TASK.id}
    assert len(ids) == len(changes) + 1
    assert set(changes) == set(TASK.__dataclass_fields__)


def test_frozen():
    with pytest.raises(FrozenInstanceError):
        TASK.length = 1
    with pytest.raises(FrozenInstanceError):
        ROW.correct = 1


@given(
    st.builds(
        Task, *[st.text("abc,\"'\n é")] * 4,
        st.integers(1, 10**6) | st.lists(st.integers(1, 99), min_size=2, max_size=4).map(tuple),
        share=st.none() | st.text(min_size=1), bits=st.none() | st.integers(1, 32),
        seed=st.integers(0, 2**128), repeat=st.integers(0, 99), clip=st.booleans(),
        device=st.text(), faults=st.text(), calibration=st.text(),
    )
)  # fmt: skip
def test_fields_round_trip(task):
    row = replace(ROW, task=task)
    assert from_fields(Row, to_fields(row)) == row
    assert from_fields(Row, to_fields(row)).task.id == task.id


@pytest.mark.parametrize("change", [{"correct": 101}, {"agree": -1}, {"images": 0}, {"elapsed_ns": 0}])
def test_impossible_counts(change):
    with pytest.raises(ValueError, match="must"):
        replace(ROW, **change)


def test_counts_in_the_file_are_integers(tmp_path):
    header, line = store_with(tmp_path / "results.csv", 1).path.read_text().splitlines()
    assert header == ",".join(columns(Row))
    assert line.split(",")[-5:] == ["100", "97", "98", "99", "123456789"]


def test_append_and_read(tmp_path):
    store = store_with(tmp_path / "results.csv", 3)
    assert list(store.read().values()) == rows(3)
    assert list(store.read()) == [row.task.id for row in rows(3)]


def test_nothing_there(tmp_path):
    assert ResultStore(tmp_path / "results.csv").read() == {}
    assert not list(tmp_path.iterdir())


def test_torn_anywhere(tmp_path):
    whole = store_with(tmp_path / "whole.csv", 2).path.read_bytes()
    torn = ResultStore(tmp_path / "torn.csv")
    header_end = whole.index(b"\n") + 1
    for size in range(len(whole) + 1):
        torn.path.write_bytes(whole[:size])
        complete = whole[:size].count(b"\n") - 1 if size >= header_end else 0
        assert list(torn.read().values()) == rows(2)[:complete]
        assert torn.path.read_bytes() == whole[:size]  # reading changes nothing
        torn.append(rows(3)[2])
        assert list(torn.read().values()) == [*rows(2)[:complete], rows(3)[2]]


def test_windows_line_ends(tmp_path):
    store = store_with(tmp_path / "results.csv", 2)
    store.path.write_bytes(store.path.read_bytes().replace(b"\n", b"\r\n"))
    store.append(rows(3)[2])
    assert list(store.read().values()) == rows(3)


def test_a_later_row_wins(tmp_path):
    store = store_with(tmp_path / "results.csv", 1)
    store.append(replace(rows(1)[0], correct=1))
    assert [row.correct for row in store.read().values()] == [1]


@pytest.mark.parametrize("content", [b"name,age\nann,7\n", b"x", b"\x00\xff", b"\n"])
def test_foreign_file(tmp_path, content):
    store = ResultStore(tmp_path / "results.csv")
    store.path.write_bytes(content)
    for call in (store.read, lambda: store.append(ROW)):
        with pytest.raises(ValueError, match="its header differs"):
            call()
    assert store.path.read_bytes() == content


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b",97,", b",97.5,", "line 2 is not a row of results: invalid literal"),
        (b",97,", b",98,97,", "line 2 is not a row of results: 24 fields must be there, got 25"),
        (b",sobol,", b",halton,", "line 2 is not a row of results: task must be the digest"),
        (b",97,", b",197,", "line 2 is not a row of results: counts must lie in 0..images"),
        (b",sobol,", b',"sobol', "line 2 is not a row of results"),
    ],
)
def test_edited_row(tmp_path, old, new, message):
    store = store_with(tmp_path / "results.csv", 2)
    store.path.write_bytes(store.path.read_bytes().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        store.read()
