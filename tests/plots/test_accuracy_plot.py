"""The picture of accuracy against length."""

import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore import Faults
from sc_neurocore.evaluation import EstimateRow, EstimateTask, Evaluation, Row, Task
from sc_neurocore.plots import accuracy_against_length, save_accuracy


def result(generators=("bernoulli", "sobol"), counts=(900, 950, 975)):
    rows = [
        Row(Task("1", "n", "d", name, 16 << place), 1000, count + 5 * shift, 980, count, 10**9)
        for shift, name in enumerate(generators)
        for place, count in enumerate(counts)
    ]
    return Evaluation(tuple(rows), "made", 1000, 980)


def test_what_is_drawn():
    ax = Figure().add_subplot()
    accuracy_against_length(ax, result())
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["16", "32", "64"]
    assert {"Bernoulli", "Sobol", "float  98.0 %"} == {text.get_text() for text in ax.texts}
    curves = [line for line in ax.lines if list(line.get_xdata()) == [16, 32, 64]]
    assert [list(line.get_ydata()) for line in curves] == [[90, 95, 97.5], [90.5, 95.5, 98]]
    assert len(ax.collections) == 2  # a band for each
    low, high = ax.get_ylim()
    assert low < 100 * min(point.interval()[0] for point in result().points)
    assert high <= 100


def calibrated(counts=(900, 950, 975), mapped=(500, 700, 960)):
    found = result(counts=counts)
    rows = [replace(row, task=replace(row.task, calibration="c")) for row in found.rows]
    return replace(found, rows=rows, uncalibrated=result(counts=mapped))


def test_uncalibrated_circuits_are_a_thin_line_of_the_same_colour():
    ax = Figure().add_subplot()
    accuracy_against_length(ax, calibrated())
    curves = [line for line in ax.lines if list(line.get_xdata()) == [16, 32, 64]]
    by_colour = {}
    for line in curves:
        by_colour.setdefault(line.get_color(), []).append(line)
    assert len(by_colour) == 2
    for shift, lines in enumerate(by_colour.values()):
        thin, thick = sorted(lines, key=lambda line: line.get_linewidth())
        assert list(thick.get_ydata()) == [90 + 0.5 * shift, 95 + 0.5 * shift, 97.5 + 0.5 * shift]
        assert list(thin.get_ydata()) == [50 + 0.5 * shift, 70 + 0.5 * shift, 96 + 0.5 * shift]
        assert (thin.get_linewidth() < 1 < thick.get_linewidth(), thin.get_marker()) == (True, "None")
    assert len(ax.collections) == 2  # a band for each, none for the thin lines
    assert ax.get_ylim()[0] < 50


def test_the_legend_names_the_thin_line(tmp_path, monkeypatch):
    texts = []
    monkeypatch.setattr(Figure, "text", lambda self, x, y, text, **options: texts.append(text))
    save_accuracy(tmp_path / "a.png", result())
    save_accuracy(tmp_path / "a.png", calibrated())
    assert [text.endswith("thin: uncalibrated") for text in texts[2::3]] == [False, True]


def test_estimates_are_marked(tmp_path, monkeypatch):
    """A dashed line, a name on the axis, and a word in the picture."""
    task = EstimateTask("1", "n", "d", "bernoulli", 16)
    rows = [EstimateRow(replace(task, length=length), 1000, 950, 980, 950, 10**9) for length in (16, 32)]
    estimate, counted = Evaluation(tuple(rows), "made", 1000, 980), result(("bernoulli",))
    styles = []
    for evaluation, label in ((estimate, "estimate of the accuracy (%)"), (counted, "accuracy (%)")):
        ax = Figure().add_subplot()
        accuracy_against_length(ax, evaluation)
        assert ax.get_ylabel() == label
        lengths = [point.length for point in evaluation.points]
        styles += [line.get_linestyle() for line in ax.lines if list(line.get_xdata()) == lengths]
    assert styles == ["--", "-"]
    texts = []
    monkeypatch.setattr(Figure, "text", lambda self, x, y, text, **options: texts.append(text))
    save_accuracy(tmp_path / "a.png", estimate)
    save_accuracy(tmp_path / "a.png", counted)
    assert ["estimate, no streams" in text for text in texts[1::3]] == [True, False]


def test_lines_that_coincide_show_beside_each_other():
    """Each is thinner than those under it, and so are markers and rings."""
    ax = Figure().add_subplot()
    rows = [
        Row(Task("1", "n", "d", name, length), 1000, 975, 980, 975, 10**9)
        for name in ("bernoulli", "sobol", "searched")
        for length in (16, 32)
    ]
    accuracy_against_length(ax, Evaluation(tuple(rows), "made", 1000, 980))
    curves = [line for line in ax.lines if list(line.get_xdata()) == [16, 32]]
    rings = [line for line in ax.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "none"]
    sizes = [[line.get_linewidth() for line in curves]]
    sizes += [[line.get_markersize() for line in lines] for lines in (curves, rings)]
    for each in sizes:
        assert len(each) == 3
        assert np.all(np.diff(each) <= -0.8)


def test_labels_do_not_overlap():
    ax = Figure(figsize=(8, 4.8)).add_subplot()
    accuracy_against_length(ax, result(("bernoulli", "sobol", "lfsr", "halton", "vdc", "ramp"), (975,)))
    places = sorted(text.get_position()[1] for text in ax.texts)
    gaps = [above - below for below, above in itertools.pairwise(places)]
    assert min(gaps) > 0.03
    assert -1e-9 <= places[0] <= places[-1] <= 1 + 1e-9


def test_lengths_of_layers_stand_at_their_mean():
    rows = [
        Row(Task("1", "n", "d", "sobol", length), 1000, count, 980, count, 10**9)
        for length, count in ((16, 900), ((16, 64), 940), (64, 975))
    ]
    ax = Figure().add_subplot()
    accuracy_against_length(ax, Evaluation(tuple(rows), "made", 1000, 980))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["16", "16-64", "64"]
    curves = [list(line.get_ydata()) for line in ax.lines if list(line.get_xdata()) == [16, 40, 64]]
    assert curves == [[90, 94, 97.5]]
    rings = [line for line in ax.lines if line.get_markersize() == 14]
    assert [(list(ring.get_xdata()), list(ring.get_ydata())) for ring in rings] == [([64], [97.5])]


@pytest.mark.parametrize(
    ("faults", "fact"),
    [
        (Faults.flips(0.01), "1 % of the bits flipped"),
        (Faults(stuck_lines=0.1), 'faults {"stuck_lines": 0.1}'),
        (Faults(input_flips=0.1), 'faults {"input_flips": 0.1}'),
        (Faults(), None),
    ],
)
def test_faults_are_named(tmp_path, monkeypatch, faults, fact):
    texts = []
    monkeypatch.setattr(Figure, "text", lambda self, x, y, text, **options: texts.append(text))
    changes = "" if faults == Faults() else faults.changes()
    row = Row(Task("1", "n", "d", "sobol", 16, faults=changes), 1000, 900, 980, 900, 10**9)
    save_accuracy(tmp_path / "a.png", Evaluation((row,), "made", 1000, 980))
    facts = texts[1].split("  ·  ")
    assert facts[2:] == ([] if fact is None else [fact])


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_file(tmp_path, suffix):
    path = tmp_path / f"accuracy.{suffix}"
    save_accuracy(path, result())
    assert path.stat().st_size > 5000
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("counts", [(1000,), (0, 1000), (980, 980)])
def test_extremes(tmp_path, counts):
    save_accuracy(tmp_path / "a.png", result(counts=tuple(max(c - 5, 0) for c in counts)))


def test_unknown_suffix_leaves_nothing(tmp_path):
    """Without one, an empty file and a hidden picture were left."""
    for name in ("accuracy.xyz", "accuracy", "accuracy."):
        with pytest.raises(ValueError, match=rf"^path must end with .*\.png.*, got .*{name}'$"):
            save_accuracy(tmp_path / name, result())
    assert not list(tmp_path.iterdir())


def test_import_is_light_and_pyplot_untouched(tmp_path):
    code = (
        "import sys, sc_neurocore.plots as plots; from sc_neurocore.evaluation import *\n"
        "print('matplotlib' in sys.modules)\n"
        "row = Row(Task('1', 'n', 'd', 'sobol', 16), 9, 8, 8, 8, 1)\n"
        "plots.save_accuracy(sys.argv[1], Evaluation((row,), 'made', 9, 8))\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_a_name_with_dollars_is_no_formula(tmp_path):
    save_accuracy(tmp_path / "a.png", replace(result(), data="$\\frac$ of $x$"))
    assert (tmp_path / "a.png").stat().st_size > 0
