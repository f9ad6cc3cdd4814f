"""The picture of a fault study: what is drawn where."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore.evaluation import Evaluation, FaultStudy, Row, Task
from sc_neurocore.plots import accuracy_against_faults, save_faults


def study(kind="product-flips"):
    rates, evaluations = (0.0, 0.01, 0.1), []
    for place in range(3):
        rows = tuple(
            Row(Task("1", "n", "d", name, length), 1000, 980 - drop * place, 980, 900, 10**9)
            for name, length, drop in (("sobol", 64, 20), ("sobol", 256, 5), ("fixed-point", 1, 400))
        )
        evaluations.append(Evaluation(rows, "digits", 1000, 980))
    return FaultStudy(kind, rates, tuple(evaluations))


def test_lines():
    ax = Figure().subplots()
    accuracy_against_faults(ax, study())
    ends = {round(float(line.get_ydata()[-1]), 1) for line in ax.lines if len(line.get_xdata()) == 3}
    assert ends == {94.0, 97.0, 18.0}
    dashed = [line for line in ax.lines if len(line.get_xdata()) == 3 and line.get_linestyle() != "-"]
    np.testing.assert_allclose(dashed[0].get_ydata(), [98, 58, 18])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "1", "10"]
    assert {"8-bit fixed point", "Sobol, L = 64", "Sobol, L = 256"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("kind", ["input-flips", "weight-flips", "bit-flips", "product-flips", "stuck-lines"])
def test_file(kind, tmp_path):
    save_faults(tmp_path / "faults.png", study(kind))
    assert (tmp_path / "faults.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match=r"path must end with .*\.png.*, got .*xyz"):
        save_faults(tmp_path / "faults.xyz", study(kind))
    assert [path.name for path in tmp_path.iterdir()] == ["faults.png"]


def test_one_cycle_is_not_taken_for_fixed_point():
    rows = tuple(
        Row(Task("1", "n", "d", name, length), 1000, 900, 980, 900, 10**9)
        for name, length in (("sobol", 1), ("sobol", (1, 3)), ("fixed-point", 1))
    )
    ax = Figure().subplots()
    evaluation = Evaluation(rows, "digits", 1000, 980)
    accuracy_against_faults(ax, FaultStudy("product-flips", (0.0, 0.1), (evaluation, evaluation)))
    assert {"8-bit fixed point", "Sobol, L = 1", "Sobol, L = 1-3"} <= {text.get_text() for text in ax.texts}


def test_what_is_tolerated():
    found = study()
    assert found.tolerated("sobol", 256) == 0.1
    assert found.tolerated("sobol", 64) == 0.0
    assert found.tolerated("fixed-point", 1) == 0.0


def test_a_name_with_dollars_is_no_formula(tmp_path):
    found = study()
    named = tuple(replace(each, data="$\\frac$ of $x$") for each in found.evaluations)
    save_faults(tmp_path / "a.png", FaultStudy(found.kind, found.rates, named))
    assert (tmp_path / "a.png").stat().st_size > 0
