"""The picture of a choice: what is drawn where."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore import Network
from sc_neurocore.choosing import choose
from sc_neurocore.datasets import Dataset
from sc_neurocore.plots import loss_against_cost, save_choice


@pytest.fixture(scope="module")
def choice():
    rng = np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(4, 5))])
    x = rng.random((500, 5))
    data = Dataset("made", [], [], x, network.float_predict(x))
    return choose(network, data, 8, lengths=(4, 16, 64, 256), generators="sobol", encodings="split")


def test_circuits_stand_where_they_belong(choice):
    ax = Figure().subplots()
    loss_against_cost(ax, choice)
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    for each in choice.tested:
        cycles, below, high = each.candidate.cost.cycles, 100 * each.below_float, 100 * each.high
        if below > ax.get_ylim()[1]:
            assert f"{below:.1f}" in {text.get_text() for text in ax.texts}
            continue
        assert ([cycles, cycles], [below, min(high, ax.get_ylim()[1])]) in lines
        filled = [line for line in ax.lines if list(line.get_xdata()) == [cycles] and line.get_marker() == "o"]
        assert len(filled) == (2 if each == choice.chosen else 1)
        assert (filled[0].get_markerfacecolor() == "white") == (each.verdict != "within")
    assert any(list(y) == [8, 8] for _, y in lines)
    front = [each.candidate.cost.cycles for each in choice.front]
    assert any(list(x) == front for x, _ in lines) or len(front) == 1
    assert choice.chosen.candidate.circuit in {text.get_text() for text in ax.texts}
    assert ax.get_xlabel().startswith("cycles")


def test_file(choice, tmp_path):
    save_choice(tmp_path / "choose.png", choice)
    assert (tmp_path / "choose.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match=r"path must end with .*\.png.*, got .*xyz"):
        save_choice(tmp_path / "choose.xyz", choice)
    assert [path.name for path in tmp_path.iterdir()] == ["choose.png"]


def test_a_name_with_dollars_is_no_formula(choice, tmp_path):
    save_choice(tmp_path / "a.png", replace(choice, data="$\\frac$ of $x$"))
    assert (tmp_path / "a.png").stat().st_size > 0
