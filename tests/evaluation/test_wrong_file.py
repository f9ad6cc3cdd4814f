"""The file of wrong images: whole entries or none, beside any file of results."""

from contextlib import suppress
from dataclasses import replace

import pytest

from sc_neurocore.evaluation import ResultStore, Row, Task, WrongImages, evaluate
from sc_neurocore.evaluation.wrong_file import WrongFile

ENTRIES = {f"{place:016x}": (images, bytes(-(-images // 8))) for place, images in enumerate((1, 8, 9, 540))}
OPTIONS = {"lengths": (16, 64), "generators": ("bernoulli", "sobol")}


@pytest.fixture
def file(tmp_path):
    return WrongFile(tmp_path / "wrong.bits")


def filled(file, entries=ENTRIES):
    for name, bits in entries.items():
        file.append({name: bits})
    return file


def test_round_trip_and_size(file):
    assert file.read() == {}
    assert not file.path.exists()
    assert filled(file).read() == ENTRIES
    assert file.path.stat().st_size == 28 + sum(16 + len(packed) for _, packed in ENTRIES.values())
    name = next(iter(ENTRIES))
    file.append({name: (9, b"\1\0")})
    assert file.read() == {**ENTRIES, name: (9, b"\1\0")}  # a later entry wins


def test_torn_anywhere(file):
    whole = filled(file).path.read_bytes()
    more = {"f" * 16: (3, b"\5")}
    ends = [28]
    for _, packed in ENTRIES.values():
        ends.append(ends[-1] + 16 + len(packed))
    for size in range(len(whole) + 1):
        file.path.write_bytes(whole[:size])
        kept = dict(list(ENTRIES.items())[: max(sum(size >= end for end in ends) - 1, 0)])
        assert file.read() == kept
        assert file.path.read_bytes() == whole[:size]  # reading changes nothing
        file.append(more)
        assert file.read() == {**kept, **more}


def test_a_changed_byte_is_found(file):
    whole = filled(file).path.read_bytes()
    for place in (30, 40, 44, len(whole) - 1):
        file.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for call in (file.read, lambda: file.append(ENTRIES)):
            with pytest.raises(ValueError, match=r"is damaged|first line differs"):
                call()


def test_one_flipped_bit_loses_the_last_entry_at_most(file):
    """A length that is too large is no cut-off end where entries follow: `append` would remove them."""
    whole, names = filled(file).path.read_bytes(), list(ENTRIES)
    for bit in range(8 * 28, 8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        file.path.write_bytes(changed)
        kept = expected = {name: ENTRIES[name] for name in names[:-1]}
        with suppress(ValueError):
            kept = file.read()
        assert kept == expected


def test_foreign_file(file):
    file.path.write_bytes(b"name,age\n")
    for call in (file.read, lambda: file.append(ENTRIES)):
        with pytest.raises(ValueError, match="must be a file of wrong images"):
            call()
    assert file.path.read_bytes() == b"name,age\n"


def marked(rows):
    return [(row.wrong, row.float_wrong) for row in rows]


def test_a_folder_keeps_and_gives_back_the_wrong_images(network, data, tmp_path):
    alone = evaluate(network, data, **OPTIONS, repeats=2)
    first = evaluate(network, data, **OPTIONS, repeats=2, out=tmp_path)
    again = evaluate(network, data, **OPTIONS, repeats=2, out=tmp_path)
    assert again.reused == 8
    assert marked(again.rows) == marked(first.rows) == marked(alone.rows)
    assert None not in {bits for pair in marked(again.rows) for bits in pair}
    kept = WrongFile(tmp_path / "wrong.bits").read()
    assert len(kept) == 8 + 1  # the float network once
    assert all(len(packed) == 25 for _, packed in kept.values())
    assert [point.below_float() for point in again.points] == [point.below_float() for point in alone.points]


def test_a_folder_without_the_file_stays_readable(network, data, tmp_path):
    first = evaluate(network, data, (16,), ("sobol",), out=tmp_path)
    (tmp_path / "wrong.bits").unlink()
    old = evaluate(network, data, (16,), ("sobol",), out=tmp_path)
    assert (old.reused, old.rows, marked(old.rows)) == (1, first.rows, [(None, None)])
    assert (old.points[0].wrong, old.points[0].below_float()) == ((), None)
    assert old.points[0].below_float_texts() == ("", "")
    assert "sobol" in old.table()
    mixed = evaluate(network, data, (16, 64), ("sobol",), out=tmp_path)
    assert [point.below_float() is None for point in mixed.points] == [True, False]


@pytest.mark.parametrize("cut", [0, 1, 20, 40])
def test_an_interrupt_leaves_rows_with_their_bits(network, data, tmp_path, cut):
    """Bits come before their row: what was cut off is at most a row that is run again."""
    whole = evaluate(network, data, **OPTIONS)
    evaluate(network, data, (16,), ("bernoulli", "sobol"), out=tmp_path)
    bits, rows = tmp_path / "wrong.bits", tmp_path / "results.csv"
    rows.write_bytes(b"".join(rows.read_bytes().splitlines(keepends=True)[:-1]))  # the crash came before the last row
    bits.write_bytes(bits.read_bytes()[: bits.stat().st_size - cut])  # and after its bits, or in the middle
    again = evaluate(network, data, **OPTIONS, out=tmp_path)
    assert again.reused == 1
    assert marked(again.rows) == marked(whole.rows)
    kept = ResultStore(rows).read()
    assert marked(kept[row.id] for row in whole.rows) == marked(whole.rows)


def test_the_bits_are_written_before_the_row(network, data, tmp_path, monkeypatch):
    def full(self, entries, writer):
        raise OSError("disk full")

    monkeypatch.setattr(WrongFile, "append", full)
    with pytest.raises(OSError, match="disk full"):
        evaluate(network, data, (16,), ("sobol",), out=tmp_path)
    assert ResultStore(tmp_path / "results.csv").read() == {}


def test_bits_that_do_not_fit_are_left_out(tmp_path):
    task = Task("1", "n", "d", "sobol", 16)
    store, bits = ResultStore(tmp_path / "results.csv"), WrongImages("d", 9, b"\3\0")
    row = Row(task, 9, 7, 9, 7, 1, bits, WrongImages("d", 9, b"\0\0"))
    store.append(row)
    assert marked(store.read().values()) == [(row.wrong, row.float_wrong)]
    store.append(replace(row, correct=8, wrong=None))  # such as by a version that kept none
    assert marked(store.read().values()) == [(None, row.float_wrong)]


@pytest.mark.parametrize("change", [{"data": "e"}, {"images": 10}, {"packed": b"\1\0"}])
def test_a_row_refuses_bits_of_others(change):
    bits = replace(WrongImages("d", 9, b"\3\0"), **change)
    with pytest.raises(ValueError, match="wrong must fit the data and counts of the row"):
        Row(Task("1", "n", "d", "sobol", 16), 9, 7, 9, 7, 1, bits)
