"""The study of calibration: its rows are those of the circuits, it goes on where it stopped, and the page is fresh."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import WrongImages, paired
from sc_neurocore.networks import FixedPoint
from verification.calibration import __main__ as command
from verification.calibration import study, tables
from verification.calibration.rows import Results, StudyRow, StudyTask
from verification.calibration.subjects import SUBJECTS, Subject, kept

PAGE = command.DOCS / "calibration.md"
TARGETS = {("searched", 8): 100.0}


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    return [Network.from_arrays([rng.normal(size=(6, 4)), rng.normal(size=(3, 6))]) for _ in range(2)]


@pytest.fixture
def data(networks):
    """A class is missing from the held-out samples, and labels do not start at 0."""
    x = np.random.default_rng(1).random((120, 4))
    y = networks[0].float_predict(x)
    return replace(Dataset.held_out("tiny", x[y < 2], y[y < 2]), x_train=x, y_train=y, n_classes=3)


@pytest.fixture
def subject(networks, data, monkeypatch):
    found = Subject("tiny, 4-6-3", lambda: data, lambda data, seed, folder: networks[seed], 2, 1, TARGETS)
    monkeypatch.setitem(SUBJECTS, "tiny", found)
    return found


@pytest.fixture
def calibrations(monkeypatch):
    """What `calibrate` is called with: a stand-in of it that moves the ceilings, so that other circuits come out."""
    calls = []

    def calibrate(network, x, *, length, without=(), products="streams", generator="searched"):
        calls.append((length, generator, without, products))
        layers = (replace(network.layers[0], ceiling=2.0 + len(without)), *network.layers[1:])
        found = replace(network, layers=layers)
        return found if products == "exact" else _Calibrated(found, length, generator)

    monkeypatch.setattr(Network, "calibrate", calibrate, raising=False)
    monkeypatch.setattr(study, "FixedPoint", lambda network, bits=8, *, clip: FixedPoint(network, bits, clip=clip))
    return calls


class _Calibrated:
    def __init__(self, network, length, generator):
        self._made = network, length, generator

    def circuit(self, clip):
        network, length, generator = self._made
        return network.circuit(length, generator, clip=clip)


def run(tmp_path, *more):
    page = tmp_path / "page.md"
    if not page.exists():
        page.write_text("# Title\n\n<!-- results of tiny -->\nold\n<!-- end of results -->\nbehind\n")
    return command.main(["--only", "tiny", "--out", str(tmp_path / "kept"), "--page", str(page), *more])


# ---------------------------------------------------------------- rows


@pytest.mark.usefixtures("subject")
def test_rows_are_those_of_the_circuits(networks, data, calibrations, tmp_path):
    assert run(tmp_path, "--lengths", "8", "16") == 0
    rows = {
        (row.task.net, *tables.Kind(row.task.arm, row.task.generator, row.task.length, row.task.without)): row
        for row in Results(tmp_path / "kept").read().values()
    }
    per_net = 1 + 1 + 2 * 2 + 3 + 2
    n_steps = len(study.STEPS)
    assert len(rows) == 2 * per_net + 2 * (2 * n_steps - 2)  # without the last step is with all steps before it
    for net, network in enumerate(networks):
        moved = replace(network, layers=(replace(network.layers[0], ceiling=2.0), network.layers[1]))
        expected = {
            ("float", "", 0, ""): network.float_predict,
            ("words", "", 8, ""): FixedPoint(network).predict,
            ("mapped", "searched", 8, ""): network.circuit(8).predict,
            ("mapped", "bernoulli", 16, ""): network.circuit(16, "bernoulli").predict,
            ("calibrated", "searched", 8, ""): moved.circuit(8).predict,
            ("exact", "", 127, ""): FixedPoint(moved).predict,
        }
        for kind, predict in expected.items():
            row = rows[net, *kind]
            np.testing.assert_array_equal(row.wrong_images.mask(), predict(data.x_test) != data.y_test)
            assert (row.images, row.correct) == (len(data.y_test), len(data.y_test) - row.wrong_images.count)
    assert study.STEPS == ("ceilings", "ranges", "sequences", "groups", "thresholds", "offsets")
    without = [(length, without) for length, _, without, _ in calibrations if without]
    expected = [study.STEPS[k:] for k in range(1, n_steps)] + [(step,) for step in study.STEPS[:-1]]
    assert without == [(length, steps) for steps in expected for length in (8, 16)]
    assert (16, "bernoulli", (), "streams") in calibrations
    assert (127, "searched", (), "exact") in calibrations


def test_a_stopped_run_goes_on(subject, calibrations, tmp_path, monkeypatch):
    real, seen = study.run, []

    def stops(task, part):
        if len(seen) == 7:
            raise KeyboardInterrupt
        seen.append(task)
        return real(task, part)

    monkeypatch.setattr(study, "run", stops)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, "--lengths", "8")
    kept_rows = Results(tmp_path / "kept").read()
    assert [row.task for row in kept_rows.values()] == seen
    page = (tmp_path / "page.md").read_text()
    assert "old" not in page
    assert tables.tables("tiny", kept_rows.values()) in page
    monkeypatch.setattr(study, "run", lambda task, part: seen.append(task) or real(task, part))
    run(tmp_path, "--lengths", "8")
    assert len(seen) == len(set(seen)) == len(Results(tmp_path / "kept").read())
    before = len(seen)
    run(tmp_path, "--lengths", "8")
    assert len(seen) == before
    results = tmp_path / "kept" / "results.csv"
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(line for line in lines if ",mapped," not in line))
    run(tmp_path, "--lengths", "8")
    assert [task.arm for task in seen[before:]] == ["mapped"] * 2


def test_a_row_without_its_images_is_run_again(tmp_path):
    task = StudyTask("0", "digits", 0, "ab", "cd", "float")
    results = Results(tmp_path)
    results.keep(StudyRow(task, 3, 1, 0, WrongImages.of("cd", [True, False, True])))
    assert [row.correct for row in results.read().values()] == [1]
    (tmp_path / "results.csv").write_text((tmp_path / "results.csv").read_text().replace(",3,1,0", ",3,2,0"))
    assert results.read() == {}
    with pytest.raises(ValueError, match="wrong must be there, got None for digits 0: float"):
        results.keep(StudyRow(task, 3, 1, 0))


# ---------------------------------------------------------------- tables


def row_of(arm, wrong, *, net=0, network="ab", generator="", length=0, without="", subject="tiny"):
    task = StudyTask("0", subject, net, network, "cd", arm, generator, length, without)
    images = WrongImages.of("cd", wrong)
    return StudyRow(task, images.images, images.images - images.count, 1500, images)


def some(*images):
    return [i in images for i in range(200)]


@pytest.mark.usefixtures("subject")
def test_tables_are_paired_differences():
    floats = [some(*range(10)), some(*range(5, 20))]
    short = [some(*range(30)), some(*range(40))]
    less = some(*range(20, 60))
    cell = {"generator": "searched", "length": 8}
    rows = [
        *(row_of("float", wrong, net=net) for net, wrong in enumerate(floats)),
        *(row_of("calibrated", wrong, net=net, **cell) for net, wrong in enumerate(short)),
        row_of("mapped", less, **cell),
        row_of("calibrated", less, without="ranges", **cell),
        row_of("calibrated", less, without="+".join(study.STEPS[1:]), **cell),
        row_of("exact", floats[0], length=127),
        row_of("words", less, length=8),
    ]
    text = tables.tables("tiny", rows)
    assert "2 networks, 95.00, 92.50 % in floating point, 200 held-out images" in text

    def packed(each):
        return [WrongImages.of("cd", wrong) for wrong in each]

    points, low, high = (100 * share for share in paired(packed(short), packed(floats)))
    assert f"| searched | 8 | 15.00 (1 of 2) | {points:.2f} | {low:.2f} .. {high:.2f} | 100 | - |" in text
    points, low, high = (100 * share for share in paired(packed([less]), packed(short[:1])))
    assert f"| ranges | - | - | {points:.2f} ({low:.2f} .. {high:.2f}) | - | - |" in text
    assert "| as mapped | - | - | 15.00 | - | - |" in text
    assert "| + ceilings | - | - | 15.00 | - | - |" in text
    assert "| + offsets | - | - | 10.00 | - | - |" in text
    assert "points below floating point (the first network)" in text
    assert "8-bit fixed point: as it is 15.00, calibrated 0.00." in text
    assert tables.missed_targets("tiny", rows) == []


def test_a_missed_target_is_said(subject, monkeypatch):
    monkeypatch.setitem(SUBJECTS, "tiny", replace(subject, targets={("searched", 8): 9.9}))
    rows = [row_of("float", some()), row_of("calibrated", some(*range(20)), generator="searched", length=8)]
    assert tables.missed_targets("tiny", rows) == ["tiny, searched, L = 8: 10.00 points below float, at most 9.9"]


def test_networks_that_were_trained_twice_are_not_mixed():
    rows = [
        row_of("float", some(1), network="old"),
        row_of("words", some(1, 2, 3), network="old", length=8),
        row_of("words", some(1, 2), network="new", length=8, net=1),
        row_of("float", some(1), network="new"),
        row_of("mapped", some(4), network="new", generator="searched", length=8, subject="another"),
    ]
    nets = tables.of_subject("tiny", rows)
    assert {kind.arm: {*each} for kind, each in nets.items()} == {"float": {0}}
    assert nets[tables.Kind("float")][0].task.network == "new"


def test_what_has_not_been_run_is_said():
    assert tables.tables("mnist", []) == "Not run yet: `python -m verification.calibration --only mnist`.\n"


# ---------------------------------------------------------------- the command and the page


def test_missing_data_leave_the_rows(subject, calibrations, tmp_path, monkeypatch, capsys):
    run(tmp_path, "--lengths", "8")
    before = (tmp_path / "page.md").read_text(), (tmp_path / "kept" / "results.csv").read_bytes()

    def missing():
        raise FileNotFoundError("the files must be there")

    monkeypatch.setitem(SUBJECTS, "tiny", replace(subject, load=missing))
    run(tmp_path)
    assert "tiny: left as it is, the files must be there" in capsys.readouterr().out
    assert ((tmp_path / "page.md").read_text(), (tmp_path / "kept" / "results.csv").read_bytes()) == before


@pytest.mark.usefixtures("calibrations", "subject")
def test_a_quick_run_only_prints(tmp_path, capsys):
    assert run(tmp_path, "--quick") == 0
    assert "**tiny, 4-6-3**: one network" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"page.md"}
    assert "old" in (tmp_path / "page.md").read_text()


def test_a_trained_network_is_kept(networks, tmp_path):
    made = []
    for _ in range(2):
        found = kept(lambda: made.append(1) or networks[0], tmp_path / "folder", "net")
        assert found.digest() == networks[0].digest()
    assert len(made) == 1


def test_the_page_is_that_of_the_rows():
    rows = list(Results(command.DOCS / "calibration").read().values())
    text = PAGE.read_text("utf-8")
    assert re.findall(r"<!-- results of (\S+) -->", text) == list(SUBJECTS)
    assert tables.page_with(text, rows) == text
    assert len(rows) > 100
    changed = replace(rows[0], wrong=WrongImages.of(rows[0].task.data, ~rows[0].wrong_images.mask()))
    assert tables.page_with(text, [changed, *rows[1:]]) != text


def test_files_of_results_are_of_one_writer():
    """Rows of runs beside each other are joined before they are committed."""
    found = {path.name for path in Path(command.DOCS, "calibration").iterdir()}
    assert found == {"results.csv", "wrong.bits"}
