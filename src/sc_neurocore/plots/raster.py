"""Raster plot: the spikes of neurons against time."""

from typing import TYPE_CHECKING

from .style import INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..recorders import SpikeRecorder


def plot_raster(ax: "Axes", recorder: "SpikeRecorder", *, colour: str = INK) -> None:
    """Draw a tick for every spike: time to the right, a row for each neuron, neuron 0 at the bottom.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    recorder
        What was recorded, such as `SCDenseLayer.recorders`. With batch axes, sample after sample.
    colour
        Of the ticks.
    """
    times, rows = recorder.raster()
    height = ax.get_window_extent().height * 72 / ax.figure.dpi
    n = len(recorder.words)
    ax.plot(times, rows, "|", color=colour, ms=max(0.8 * height / n, 1.2), mew=0.9, rasterized=len(times) > 20_000)
    ax.set_xlim(0, max(recorder.steps * recorder.dt_ms, recorder.dt_ms))
    ax.set_ylim(-0.5, n - 0.5)
    ax.set_xlabel("time (ms)", color=INK)
    ax.set_ylabel("neuron", color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)
    ax.tick_params(colors=QUIET, labelcolor=INK, length=3)
