"""Style that the plots share: colours, axes, names at the ends of lines."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..checks import shown
from ..colours import COLOURS as COLOURS
from ..colours import GRID as GRID
from ..colours import INK as INK
from ..colours import QUIET as QUIET
from ..files import atomic_write, checked_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "^", "D", "v", "P")
NAMES = {"lfsr": "LFSR", "vdc": "van der Corput"}


@contextmanager
def picture(path: str | os.PathLike[str], size: tuple[float, float], dpi: int) -> Iterator["Figure"]:
    """A white figure of `size` inches to draw on, written to `path` at the end, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    file = checked_path("path", path)
    known = FigureCanvasAgg.get_supported_filetypes()
    if file.suffix[1:].lower() not in known:  # without a suffix Matplotlib would write beside the temporary file
        raise ValueError(f"path must end with .{', .'.join(sorted(known))}, got {shown(str(file))}")
    figure = Figure(figsize=size, dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    yield figure
    with atomic_write(file) as temporary:
        figure.savefig(temporary)


def quiet_axes(ax: "Axes") -> None:
    """Leave the bottom axis and faint horizontal lines."""
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(QUIET)
    ax.tick_params(colors=QUIET, length=0, labelcolor=INK)


def length_axis(ax: "Axes", lengths: Sequence[float], labels: Sequence[str] | None = None) -> None:
    """Stream lengths to the right, logarithmic, a tick for each of the rising `lengths`."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(lengths, [str(length) for length in lengths] if labels is None else labels)
    ax.minorticks_off()
    ax.set_xlim(lengths[0] / 2**0.2, lengths[-1] * 2**0.2)


def label_ends(ax: "Axes", labels: list[tuple[float, str, str]]) -> None:
    """Names to the right of the last points, pushed apart where they would overlap."""
    bottom, top = ax.get_ylim()
    box = ax.get_window_extent()
    line = 15 * ax.figure.dpi / 72 / box.height  # the height of a line of text, as a share of the axes
    order = sorted(range(len(labels)), key=lambda place: labels[place][0])
    places = [(labels[place][0] - bottom) / (top - bottom) for place in order]
    wanted = list(places)
    for _ in range(100):  # relax: neighbours that are too near share the push
        for below in range(len(places) - 1):
            overlap = line - (places[below + 1] - places[below])
            if overlap > 1e-6:
                places[below] -= overlap / 2
                places[below + 1] += overlap / 2
    # A stack that was pushed out of the axes goes back in, as a whole.
    shift = min(0.0, 1 - places[-1]) + max(0.0, -places[0])
    for place, at, exact in zip(order, places, wanted, strict=True):
        _, text, colour = labels[place]
        style: dict[str, Any] = {"transform": ax.transAxes, "color": colour, "clip_on": False}
        ax.plot([1.003, 1.012, 1.028, 1.034], [exact, exact, at + shift, at + shift], lw=0.9, **style)
        ax.text(1.042, at + shift, text, va="center", fontweight="bold", fontsize=9.5, **style)
