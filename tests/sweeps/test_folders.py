"""Folders of sweeps: read while they are written, merged by a call or `cat`, refused where they do not fit."""

import shutil
from dataclasses import replace

import pytest

from sc_neurocore import sweeps
from sc_neurocore.choosing import choose
from sc_neurocore.evaluation import ResultStore, evaluate
from sc_neurocore.evaluation.record import Record
from sc_neurocore.sweeps import StopWhen

POINTS = sweeps.grid(generator=["sobol", "lfsr"], length=[4, 8])


def counts(rows):
    return {
        (row.task.id, row.model, row.data): (replace(row.block, elapsed_ns=1), row.block.wrong, row.stopped)
        for row in rows
    }


def test_what_a_folder_has(network, data, tmp_path):
    result = sweeps.collect(POINTS, {"mine": network}, data, block=30, workers=1, out=tmp_path)
    found = sweeps.load(tmp_path)
    assert counts(found) == counts(result)
    assert {row.stopped for row in found} == {"all"}


def test_a_folder_that_is_written(network, data, tmp_path):
    """A point counts up to its first missing block; a rule says why it has ended."""
    sweeps.collect(POINTS, network, data, block=30, workers=1, stop=StopWhen(samples=50), out=tmp_path)
    assert {(row.images, row.stopped) for row in sweeps.load(tmp_path)} == {(50, "samples")}
    path = tmp_path / "blocks.csv"
    lines = path.read_text().splitlines(keepends=True)
    first = [line for line in lines[1:] if ",0,30,100," in line]
    path.write_text("".join([lines[0], *first[:2], lines[1][:40]]))  # the last line is cut off
    assert {(row.images, row.stopped) for row in sweeps.load(tmp_path)} == {(30, "unfinished")}
    assert len(sweeps.load(tmp_path)) == 2
    path.write_text("".join([lines[0], *(line for line in lines[1:] if ",0,30,100," not in line)]))
    assert len(sweeps.load(tmp_path)) == 0


def test_blocks_of_several_sizes(network, data, tmp_path):
    for size in (30, 40, 100):
        sweeps.collect(POINTS[:1], network, data, block=size, workers=1, out=tmp_path)
    (row,) = sweeps.load(tmp_path)
    assert (row.images, row.stopped) == (100, "all")


def test_long_blocks_hide_no_short_ones(network, data, tmp_path):
    """Another sweep with larger blocks was interrupted: all samples have been run nevertheless."""
    for size in (20, 30):
        sweeps.collect(POINTS[:1], network, data, block=size, workers=1, out=tmp_path)
    path = tmp_path / "blocks.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",30,60,100," not in line))
    (row,) = sweeps.load(tmp_path)
    assert (row.images, row.stopped) == (100, "all")


def test_no_folder(tmp_path):
    with pytest.raises(NotADirectoryError, match="folder must be one of a sweep, there is none at"):
        sweeps.load(tmp_path / "nothing")
    assert len(sweeps.load(tmp_path)) == 0


@pytest.fixture
def parts(network, data, tmp_path):
    """The points on two machines, of which both have run one."""
    for name, points in (("a", POINTS[:2]), ("b", POINTS[1:])):
        sweeps.collect(points, network, data, block=30, workers=1, out=tmp_path / name)
    return [tmp_path / "a", tmp_path / "b"]


def test_merging(network, data, parts, tmp_path):
    whole = sweeps.collect(POINTS, network, data, block=30, workers=1)
    before = {path: path.read_bytes() for part in parts for path in part.iterdir()}
    assert sweeps.merge(parts, tmp_path / "all")["blocks.csv"] == 16
    assert counts(sweeps.load(tmp_path / "all")) == counts(whole)
    assert len(Record(tmp_path / "all" / "record.json").runs) == 2
    assert not any(sweeps.merge(parts, tmp_path / "all").values())
    assert len(Record(tmp_path / "all" / "record.json").runs) == 2
    assert {path: path.read_bytes() for part in parts for path in part.iterdir()} == before
    again = sweeps.collect(POINTS, network, data, block=30, workers=1, out=tmp_path / "all")
    assert (again.reused, again.written[:1]) == (4, (tmp_path / "all" / "record.json",))


def test_merging_by_concatenation(network, data, parts, tmp_path):
    joint = tmp_path / "joint"
    joint.mkdir()
    for name in ("blocks.csv", "blocks-wrong.bits"):
        (joint / name).write_bytes(b"".join((part / name).read_bytes() for part in parts))
    shutil.copy(parts[0] / "record.json", joint)
    whole = sweeps.collect(POINTS, network, data, block=30, workers=1)
    assert counts(sweeps.load(joint)) == counts(whole)


def test_merging_evaluations(network, trainable, tmp_path):
    for name, generator in (("a", "sobol"), ("b", "lfsr")):
        evaluate(network, trainable, [4, 8], [generator], out=tmp_path / name)
    sweeps.merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    both = evaluate(network, trainable, [4, 8], ["sobol", "lfsr"], out=tmp_path / "all")
    assert both.reused == 4
    assert len(list((tmp_path / "all" / "calibrated").iterdir())) == 4


def test_merging_choices(network, data, parts, tmp_path):
    options = {"lengths": (8, 32), "generators": "sobol", "encodings": "split", "calibrate": "none"}
    once = choose(network, data, 20, **options, out=tmp_path / "choice")
    sweeps.merge([tmp_path / "choice", parts[0]], tmp_path / "all")
    again = choose(network, data, 20, **options, out=tmp_path / "all")
    assert 0 < again.reused == len(once.tasks)
    assert (again.tested, again.row) == (once.tested, once.row)
    assert counts(sweeps.load(tmp_path / "all")) == counts(sweeps.load(parts[0]))


def test_merging_keeps_the_samples_of_a_choice(network, trainable, tmp_path):
    options = {"lengths": (8, 32), "generators": "sobol", "encodings": "split"}
    once = choose(network, trainable, 20, **options, out=tmp_path / "choice")
    sweeps.merge([tmp_path / "choice"], tmp_path / "all")
    assert (tmp_path / "all" / "calibrated" / once.calibration.name).read_bytes() == once.calibration.read_bytes()


def test_what_is_not_merged(network, data, parts, tmp_path):
    out = tmp_path / "all"
    store = ResultStore(parts[1] / "blocks.csv", blocks=True)
    row = next(
        row for name, row in store.read().items() if name in ResultStore(parts[0] / "blocks.csv", blocks=True).read()
    )
    store.append(replace(row, agree=row.agree - 1))
    with pytest.raises(ValueError, match=r"blocks\.csv must have the counts of the others for task"):
        sweeps.merge(parts, out)
    (parts[1] / "blocks.csv").write_text("task,something\n")
    with pytest.raises(ValueError, match="its header differs"):
        sweeps.merge(parts, out)
    with pytest.raises(ValueError, match="folders must hold at least one, got none"):
        sweeps.merge([], out)
    with pytest.raises(NotADirectoryError, match="folders must be there, there is none at"):
        sweeps.merge([tmp_path / "nothing"], out)
    with pytest.raises(TypeError, match="out must be a path"):
        sweeps.merge(parts[:1], 5)
    assert not out.exists()


def test_another_version_is_not_merged(parts, tmp_path, monkeypatch):
    monkeypatch.setattr("sc_neurocore.sweeps.plan.package_version", lambda: "0.2.0")
    with pytest.raises(ValueError, match=r"rows of this version, 0\.2\.0 .* got some of 0\.1\.0"):
        sweeps.merge(parts, tmp_path / "all")
    assert not (tmp_path / "all").exists()
