"""Accuracy against the length of the streams."""

import os
from typing import TYPE_CHECKING, Any

from ..files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..evaluation import Evaluation

# Okabe and Ito's colours, told apart by people with any colour vision; paired with markers.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_INK, _QUIET, _GRID = "#222222", "#6b6b6b", "#e6e6e6"
_NAMES = {"lfsr": "LFSR", "vdc": "van der Corput"}


def accuracy_against_length(ax: "Axes", evaluation: "Evaluation") -> None:
    """Draw accuracy against stream length: a line with a 95 % band for every generator.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    evaluation
        Result of `sc_neurocore.evaluation.evaluate`.

    Notes
    -----
    The bands are Wilson intervals over the images. All lines are of the *same* images, so two
    generators can differ significantly although their bands overlap. A ring marks the length
    from which on a generator is within one percentage point of the float network.

    References
    ----------
    M. Okabe, K. Ito, "Color universal design", 2008, https://jfly.uni-koeln.de/color/.
    """
    points = evaluation.points
    lengths = sorted({point.length for point in points if point.generator != "fixed-point"}) or [1]
    ends = []
    for place, generator in enumerate(evaluation.generators):
        colour, marker = _COLOURS[place % len(_COLOURS)], _MARKERS[place % len(_MARKERS)]
        line = evaluation.line(generator)
        if generator == "fixed-point":  # has no stream length
            y = [100 * line[0].accuracy]
            ax.axhline(y[0], color=colour, ls=(0, (1, 1.5)), lw=1.8, zorder=2)
            ends.append((y[0], "fixed point", colour))
            continue
        x = [point.length for point in line]
        y = [100 * point.accuracy for point in line]
        bands = [point.interval() for point in line]
        ax.fill_between(x, [100 * b[0] for b in bands], [100 * b[1] for b in bands], color=colour, alpha=0.14, lw=0)
        ax.plot(x, y, color=colour, marker=marker, ms=6, mec="white", mew=1, lw=2.2, zorder=3, clip_on=False)
        needed = evaluation.needed_length(generator)
        if needed is not None:
            ax.plot(needed, y[x.index(needed)], "o", ms=14, mfc="none", mec=colour, mew=1.6, zorder=4, clip_on=False)
        ends.append((y[-1], _NAMES.get(generator, generator.capitalize()), colour))

    level = 100 * evaluation.float_accuracy
    ax.axhline(level, color=_INK, ls=(0, (5, 3)), lw=1.3, zorder=2)

    ax.set_xscale("log", base=2)
    ax.set_xticks(lengths, [str(length) for length in lengths])
    ax.minorticks_off()
    ax.set_xlim(lengths[0] / 2**0.2, lengths[-1] * 2**0.2)
    _set_accuracy_limits(ax, evaluation)
    ax.set_xlabel("stream length L (clock cycles, logarithmic)", color=_INK)
    ax.set_ylabel("accuracy (%)", color=_INK)
    ax.grid(axis="y", color=_GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(_QUIET)
    ax.tick_params(colors=_QUIET, length=0, labelcolor=_INK)
    ax.tick_params(axis="x", length=4)
    _label_ends(ax, [*ends, (level, f"float  {level:.1f} %", _INK)])


def _set_accuracy_limits(ax: "Axes", evaluation: "Evaluation") -> None:
    ends = [end for point in evaluation.points for end in point.interval()] + [evaluation.float_accuracy]
    low, high = 100 * min(ends), 100 * max(ends)
    room = max(0.06 * (high - low), 0.5)
    ax.set_ylim(max(low - room, 0), min(high + room, 100.0) if high < 100 else 100.0)


def _label_ends(ax: "Axes", labels: list[tuple[float, str, str]]) -> None:
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


def save_accuracy(path: str | os.PathLike[str], evaluation: "Evaluation") -> None:
    """Write the picture of `accuracy_against_length` to a file: PNG, SVG or PDF, by the suffix.

    Parameters
    ----------
    path
        The file; it is replaced only when the new one is complete.
    evaluation
        Result of `sc_neurocore.evaluation.evaluate`.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is none that Matplotlib can write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.8), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.09, right=0.82, bottom=0.12, top=0.79)
    ax = figure.add_subplot()
    accuracy_against_length(ax, evaluation)
    task, repeats = evaluation.rows[0].task, evaluation.points[0].repeats
    facts = [f"{evaluation.data}: {evaluation.images} held-out images", f"{task.encoding} encoding"]
    if task.faults:
        facts.append(f"faults {task.faults}")
    if task.device:
        facts.append("on a crossbar")
    if task.bit_flip_rate:
        facts.append(f"{100 * task.bit_flip_rate:g} % of the bits flipped")
    if repeats > 1:
        facts.append(f"mean of {repeats} repeats")
    figure.text(0.09, 0.935, "How long must the streams be?", fontsize=15, fontweight="bold", color=_INK)
    figure.text(0.09, 0.885, "  ·  ".join(facts), fontsize=9.5, color=_QUIET)
    legend = "band: 95 % interval over the images  ·  ring: from here on within one point of float"
    figure.text(0.09, 0.843, legend, fontsize=9.5, color=_QUIET)
    with replacing(path) as temporary:
        figure.savefig(temporary)
