"""Plot of accuracy against the length of the streams."""

import os
from typing import TYPE_CHECKING

from ..evaluation.classification import FIXED_POINT
from ..evaluation.rows import text_of
from ..gates.faults import Faults
from .style import COLOURS, INK, MARKERS, NAMES, QUIET, label_ends, length_axis, picture, quiet_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..evaluation import Evaluation


def accuracy_against_length(ax: "Axes", evaluation: "Evaluation") -> None:
    """Draw accuracy against stream length: a line with a 95 % band for every generator.

    Where circuits are calibrated, a thin line of the same colour, without a band, is of those as mapped. Lines of
    estimates are dashed, and the axis is named so.

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
    lengths = {point.cycles: text_of(point.length) for point in points if point.generator != FIXED_POINT} or {1.0: "1"}
    ends = []
    # Lines may coincide: those that are drawn later are thinner, so that the earlier ones show beside them.
    last = len(evaluation.generators) - 1
    step = min(0.8, 2.0 / max(last, 1))
    for place, generator in enumerate(evaluation.generators):
        wider = step * (last - place)
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        line = evaluation.line(generator)
        if generator == FIXED_POINT:  # has no stream length
            y = [100 * line[0].accuracy]
            ax.axhline(y[0], color=colour, ls=(0, (1, 1.5)), lw=1.8, zorder=2)
            ends.append((y[0], "fixed point", colour))
            continue
        x = [point.cycles for point in line]
        y = [100 * point.accuracy for point in line]
        bands = [point.interval() for point in line]
        ax.fill_between(x, [100 * b[0] for b in bands], [100 * b[1] for b in bands], color=colour, alpha=0.14, lw=0)
        style = "--" if evaluation.estimate else "-"
        ax.plot(x, y, style, color=colour, lw=1.8 + wider, zorder=3, clip_on=False,
                marker=marker, ms=5.5 + 2 * wider, mec="white", mew=1)  # fmt: skip
        if evaluation.uncalibrated is not None:
            twins = evaluation.uncalibrated.line(generator)
            ax.plot([twin.cycles for twin in twins], [100 * twin.accuracy for twin in twins],
                    color=colour, lw=0.8, zorder=2.5, clip_on=False)  # fmt: skip
        needed = evaluation.needed_length(generator)
        if needed is not None:
            at = [point.length for point in line].index(needed)
            ax.plot(x[at], y[at], "o", ms=14 + 3 * wider, mfc="none", mec=colour, mew=1.4, zorder=4, clip_on=False)
        ends.append((y[-1], NAMES.get(generator, generator.capitalize()), colour))

    level = 100 * evaluation.float_accuracy
    ax.axhline(level, color=INK, ls=(0, (5, 3)), lw=1.3, zorder=2)

    length_axis(ax, sorted(lengths), [lengths[cycles] for cycles in sorted(lengths)])
    _set_accuracy_limits(ax, evaluation)
    ax.set_xlabel("stream length L (clock cycles, logarithmic)", color=INK)
    share = "subset accuracy (%)" if evaluation.multilabel else "accuracy (%)"
    ax.set_ylabel(f"estimate of the {share}" if evaluation.estimate else share, color=INK)
    quiet_axes(ax)
    ax.tick_params(axis="x", length=4)
    label_ends(ax, [*ends, (level, f"float  {level:.1f} %", INK)])


def _set_accuracy_limits(ax: "Axes", evaluation: "Evaluation") -> None:
    ends = [end for point in evaluation.points for end in point.interval()] + [evaluation.float_accuracy]
    if evaluation.uncalibrated is not None:
        ends += [point.accuracy for point in evaluation.uncalibrated.points]
    low, high = 100 * min(ends), 100 * max(ends)
    room = max(0.06 * (high - low), 0.5)
    ax.set_ylim(max(low - room, 0), min(high + room, 100.0) if high < 100 else 100.0)


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
    with picture(path, (8, 4.8), 150) as figure:
        figure.subplots_adjust(left=0.09, right=0.82, bottom=0.12, top=0.79)
        ax = figure.add_subplot()
        accuracy_against_length(ax, evaluation)
        task, repeats = evaluation.rows[0].task, evaluation.points[0].repeats
        faults = task.fault_model
        facts = [f"{evaluation.data}: {evaluation.images} held-out images", f"{task.encoding} encoding"]
        if evaluation.estimate:
            facts.append("estimate, no streams")
        if faults is not None and faults != Faults.flips(faults.input_flips):
            facts.append(f"faults {task.faults}")
        if task.device:
            facts.append("on a crossbar")
        if faults is not None and faults == Faults.flips(faults.input_flips):
            facts.append(f"{100 * faults.input_flips:g} % of the bits flipped")
        if repeats > 1:
            facts.append(f"mean of {repeats} repeats")
        figure.text(0.09, 0.935, "How long must the streams be?", fontsize=15, fontweight="bold", color=INK)
        figure.text(0.09, 0.885, "  ·  ".join(facts), fontsize=9.5, color=QUIET, parse_math=False)
        legend = "band: 95 % interval over the images  ·  ring: from here on within one point of float"
        if evaluation.uncalibrated is not None:
            legend += "  ·  thin: uncalibrated"
        figure.text(0.09, 0.843, legend, fontsize=9.5, color=QUIET)
