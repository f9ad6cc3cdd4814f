"""Pictures of the curves: cost of a dense layer against one of its sizes, gain against threads."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sc_neurocore.plots.style import COLOURS, INK, MARKERS, QUIET, label_ends, picture, quiet_axes

from .rows import Row, of_table

AXES = {
    "batch": "samples in a call (batch)",
    "fan-in": "inputs of a neuron (fan-in)",
    "length": "cycles of a stream (L)",
    "threads": "threads",
}
"""The horizontal axis of each picture."""
SIZE, DPI = (8.0, 4.2), 100


def write_pictures(folder: Path, rows: Iterable[Row]) -> None:
    """``performance_NAME.png`` for every curve of `AXES` that was measured, each whole or not at all."""
    lines: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in of_table(rows, "curves"):
        sweep, _, name = row.case.partition(": ")
        if row.at is not None and row.value is not None:
            lines.setdefault(sweep, {}).setdefault(name, []).append((row.at, row.value))
    for sweep, curves in lines.items():
        with picture(folder / f"performance_{sweep}.png", SIZE, DPI) as figure:
            ax = figure.add_axes((0.09, 0.13, 0.62, 0.74))
            (_gains if sweep == "threads" else _costs)(ax, curves)
            ax.set_xlabel(AXES[sweep], color=INK)
            values = sorted({at for points in curves.values() for at, _ in points})
            ax.set_xticks(values, [f"{value:g}" for value in values])
            ax.minorticks_off()
            ax.set_title(_title(sweep), loc="left", color=INK, fontsize=11)
            figure.canvas.draw()
            _names(ax, curves)


def _title(sweep: str) -> str:
    if sweep == "threads":
        return "Speed over that of one thread"
    return "Time over that of the AND-popcount limit for the same products"


def _costs(ax: Any, curves: dict[str, list[tuple[float, float]]]) -> None:
    _draw(ax, curves)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.axhline(1.0, color=QUIET, lw=1, ls="--")
    ax.annotate("the limit", (0.01, 1.0), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", color=QUIET, fontsize=9)  # fmt: skip
    ax.set_ylabel("time / the limit (1)", color=INK)
    low, high = ax.get_ylim()
    ticks = [scale * 10.0**power for power in range(-3, 6) for scale in (1, 3) if low <= scale * 10.0**power <= high]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])


def _gains(ax: Any, curves: dict[str, list[tuple[float, float]]]) -> None:
    _draw(ax, curves)
    most = max(at for points in curves.values() for at, _ in points)
    ax.plot([1, most], [1, most], color=QUIET, lw=1, ls="--")
    ax.annotate("as many times as threads", (most, most), xytext=(-4, 4), ha="right",
                textcoords="offset points", color=QUIET, fontsize=9)  # fmt: skip
    ax.set_ylim(0, most * 1.1)
    ax.set_ylabel("times the speed of one thread", color=INK)


def _draw(ax: Any, curves: dict[str, list[tuple[float, float]]]) -> None:
    quiet_axes(ax)
    for place, points in enumerate(curves.values()):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        ax.plot(*zip(*points, strict=True), color=colour, marker=marker, lw=1.8, ms=5)


def _names(ax: Any, curves: dict[str, list[tuple[float, float]]]) -> None:
    """Names of the lines at their ends, where they end on the scale of the axis."""
    to_axes = ax.transData + ax.transAxes.inverted()
    bottom, top = ax.get_ylim()
    ends = [
        (bottom + (top - bottom) * float(to_axes.transform(points[-1])[1]), name, COLOURS[place % len(COLOURS)])
        for place, (name, points) in enumerate(curves.items())
    ]
    label_ends(ax, ends)
