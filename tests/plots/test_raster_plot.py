"""The raster: a tick for every spike."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore.plots import plot_raster
from sc_neurocore.recorders import SpikeRecorder


def recorded(shape=3, steps=50, p=0.2, dt=0.5):
    recorder = SpikeRecorder(shape, dt)
    recorder.record(np.random.default_rng(0).random((*recorder.shape, steps)) < p)
    return recorder


@pytest.mark.parametrize("shape", [3, (2, 3)])
def test_a_tick_for_every_spike(shape):
    recorder = recorded(shape)
    ax = Figure().subplots()
    plot_raster(ax, recorder, colour="#D55E00")
    (line,) = ax.lines
    times, rows = recorder.raster()
    np.testing.assert_array_equal(line.get_xdata(), times)
    np.testing.assert_array_equal(line.get_ydata(), rows)
    assert line.get_color() == "#D55E00"
    assert ax.get_xlim() == (0, 25)
    assert ax.get_ylim() == (-0.5, len(recorder.words) - 0.5)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "neuron")


def test_silence_and_nothing(tmp_path):
    for recorder in (recorded(p=0.0), SpikeRecorder(2)):
        figure = Figure()
        plot_raster(figure.subplots(), recorder)
        figure.savefig(tmp_path / "raster.png")
