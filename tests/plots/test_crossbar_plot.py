"""The picture of a crossbar."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore.plots import draw_crossbar, save_crossbar
from sc_neurocore.synapses import MemristorModel

WEIGHTS = np.linspace(0, 1, 12).reshape(3, 4)
MODEL = MemristorModel(
    levels=8, variability=0.1, stuck_high_rate=0.2, drift_exponent=0.05, drift_time=100.0, wire_resistance=5.0
)


@pytest.mark.parametrize(("signed", "low"), [(False, 0), (True, -1)])
def test_what_is_drawn(signed, low):
    ideal = 2 * WEIGHTS - 1 if signed else WEIGHTS
    effective = 0.9 * ideal
    axes = Figure().subplots(1, 3)
    draw_crossbar(axes, ideal, effective)
    for ax, values in zip(axes, (ideal, effective, effective - ideal), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), values.T)  # inputs are rows
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim() == (low, 1)
    bottom, top = axes[2].images[0].get_clim()
    assert bottom == -top < 0
    assert axes[2].get_title(loc="right") == "largest 0.10"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_file(tmp_path, suffix):
    save_crossbar(tmp_path / f"crossbar.{suffix}", MODEL, WEIGHTS)
    assert (tmp_path / f"crossbar.{suffix}").stat().st_size > 5000
    assert len(list(tmp_path.iterdir())) == 1


def test_a_seed_is_a_chip(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        save_crossbar(tmp_path / f"{name}.png", MODEL, WEIGHTS, seed)
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("weights", [np.zeros((2, 2)), np.ones((1, 1)), -np.ones((5, 1))])
def test_extremes(tmp_path, weights):
    save_crossbar(tmp_path / "a.png", MemristorModel(), weights)


def test_errors(tmp_path):
    axes = Figure().subplots(1, 3)
    with pytest.raises(ValueError, match="axes must be three, got 2"):
        draw_crossbar(axes[:2], WEIGHTS, WEIGHTS)
    with pytest.raises(ValueError, match=r"effective must have shape \(3, 4\), got \(4, 3\)"):
        draw_crossbar(axes, WEIGHTS, WEIGHTS.T)
    with pytest.raises(ValueError, match=r"weights must lie in \[-1, 1\], got 2"):
        save_crossbar(tmp_path / "a.png", MODEL, 2 * WEIGHTS)
    with pytest.raises(ValueError, match="weights must have a value"):
        save_crossbar(tmp_path / "a.png", MODEL, np.ones((0, 3)))
    assert not list(tmp_path.iterdir())
