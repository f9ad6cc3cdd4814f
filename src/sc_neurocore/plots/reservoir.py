"""Plots of the error and the memory of stochastic reservoirs against the length of their streams."""

import os
from typing import TYPE_CHECKING

from ..evaluation.reservoirs import EXPECTED, LINEAR, RESERVOIRPY, TAPS
from .style import COLOURS, INK, MARKERS, NAMES, QUIET, label_ends, length_axis, picture, quiet_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..evaluation import ReservoirStudy


def score_against_length(ax: "Axes", study: "ReservoirStudy", n_neurons: int, score: str = "nrmse_std") -> None:
    """Draw a score against stream length: a line for every generator, from the least to the largest of the repeats.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    study
        Result of `sc_neurocore.evaluation.reservoir_study`.
    n_neurons
        Size of the reservoirs.
    score
        ``"nrmse_std"`` or ``"memory"``.
    """
    lengths, ends = study.lengths, []
    for place, kind in enumerate(study.kinds):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        found = [study.scores(kind, n_neurons, length, score) for length in lengths]
        y = [float(values.mean()) for values in found]
        ax.fill_between(lengths, [v.min() for v in found], [v.max() for v in found], color=colour, alpha=0.09, lw=0)
        ax.plot(lengths, y, color=colour, marker=marker, ms=6, mec="white", mew=1, lw=2.2, zorder=3, clip_on=False)
        ends.append((y[-1], _name(kind), colour))
    exact = float(study.scores(EXPECTED, n_neurons, score=score).mean())
    levels: list[tuple[float, str, str, tuple[float, tuple[float, float]]]]
    levels = [(exact, "floating point", INK, (0, (5, 3)))]
    if score == "nrmse_std":
        levels.append((float(study.scores(LINEAR, TAPS).mean()), f"linear filter, {TAPS} taps", QUIET, (0, (1, 1.5))))
        if n_neurons in RESERVOIRPY:
            levels.append((RESERVOIRPY[n_neurons], "ReservoirPy", QUIET, (0, (5, 3))))
    for level, _, colour, dashes in levels:
        ax.axhline(level, color=colour, ls=dashes, lw=1.3, zorder=2)
    length_axis(ax, lengths)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("stream length L (clock cycles)", color=INK)
    quiet_axes(ax)
    label_ends(ax, [*ends, *((level, name, colour) for level, name, colour, _ in levels)])


def _name(kind: str) -> str:
    name, _, extra = kind.partition("-")
    return NAMES.get(name, name.capitalize()) + (f" + {extra}" if extra else "")


def save_reservoir(path: str | os.PathLike[str], study: "ReservoirStudy") -> None:
    """Write a picture of the errors of all sizes, and of the memory of the largest, to a PNG, SVG or PDF file.

    Parameters
    ----------
    path
        The file; it is replaced only when the new one is complete.
    study
        Result of `sc_neurocore.evaluation.reservoir_study`.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is none that Matplotlib can write.
    """
    panels = [(n, "nrmse_std") for n in study.neurons] + [(study.neurons[-1], "memory")]
    width = 5.4 * len(panels)
    with picture(path, (width, 4.8), 90) as figure:
        left = 0.6 / width
        figure.subplots_adjust(left=left, right=1 - 1.95 / width, bottom=0.12, top=0.78, wspace=0.66)
        for place, (n, score) in enumerate(panels):
            ax = figure.add_subplot(1, len(panels), place + 1)
            score_against_length(ax, study, n, score)
            title = f"NARMA10 error, {n} neurons" if score == "nrmse_std" else f"memory capacity, {n} neurons"
            ax.set_title(title, loc="left", color=INK, fontsize=10.5, fontweight="bold")
        task, repeats = study.rows[0].task, 1 + max(row.task.repeat for row in study.rows)
        figure.text(left, 0.93, "Which generator does a reservoir need?", fontsize=15, fontweight="bold", color=INK)
        facts = [
            f"{task.train} steps to learn from, {task.test} held out",
            "error over the standard deviation of the target",
        ]
        facts.append(f"mean and range of {repeats} reservoirs")
        figure.text(left, 0.875, "  ·  ".join(facts), fontsize=9.5, color=QUIET)
