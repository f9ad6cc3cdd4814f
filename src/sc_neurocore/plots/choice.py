"""Plot of what circuits lose against what they cost."""

import os
from typing import TYPE_CHECKING

from ..choosing.candidates import UNITS
from .style import COLOURS, INK, QUIET, picture, quiet_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..choosing import Choice

SHOWN, OTHER = COLOURS[2], COLOURS[0]


def loss_against_cost(ax: "Axes", choice: "Choice") -> None:
    """Draw how far circuits are below float against what they cost, with the margin.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    choice
        Result of `sc_neurocore.choosing.choose`.

    Notes
    -----
    A dot is the measured difference, a line goes up to the end of its one-sided interval; circuits that were stopped
    early have the difference on the images that were run. The line through the dots is the Pareto front.
    """
    chosen, top = choice.chosen, _top(choice)
    for each in choice.tested:
        x, y, high = choice.cost(each)[0], 100 * each.below_float, 100 * each.high
        shown = each.verdict == "within"
        colour = SHOWN if shown else OTHER
        if y > top:
            ax.plot([x], [top], "^", color=colour, ms=8, zorder=4, clip_on=False)
            ax.annotate(f"{y:.1f}", (x, top), (7, 0), textcoords="offset points", va="center", fontsize=9, color=colour)
            continue
        ax.plot([x, x], [y, min(high, top)], color=colour, lw=1.6, zorder=3, solid_capstyle="butt")
        if high <= top:
            ax.plot([x], [high], "_", color=colour, ms=9, mew=1.6, zorder=3)
        ax.plot([x], [y], "o", color=colour, ms=7.5, mfc=colour if shown else "white", mec=colour, mew=1.6, zorder=4)
        if each == chosen:
            ax.plot([x], [y], "o", ms=16, mfc="none", mec=SHOWN, mew=1.5, zorder=4, clip_on=False)
    front = choice.front
    ax.plot([choice.cost(each)[0] for each in front], [100 * each.below_float for each in front],
            color=QUIET, lw=0.9, zorder=2)  # fmt: skip
    ax.axhline(choice.within, color=INK, ls=(0, (5, 3)), lw=1.3, zorder=2)
    ax.text(1.006, choice.within, f"margin\n{choice.within:g}", transform=ax.get_yaxis_transform(), ha="left",
            va="center", fontsize=9.5, fontweight="bold", color=INK)  # fmt: skip
    _cost_axis(ax, choice)
    low = min(0.0, *(100 * each.below_float for each in choice.tested))
    ax.set_ylim(low - 0.2 * (top - low), top)
    _label(ax, choice)
    ax.set_xlabel(f"{UNITS[choice.objective]}, logarithmic", color=INK)
    ax.set_ylabel("points below float", color=INK)
    quiet_axes(ax)


def _top(choice: "Choice") -> float:
    """The largest difference that is drawn: what is far beyond the margin is marked at the edge."""
    tested = [100 * each.high for each in choice.tested if each.verdict != "not tested"]
    return max(3 * choice.within, 1.1 * min(max(tested), 6 * choice.within), 0.5)


def _cost_axis(ax: "Axes", choice: "Choice") -> None:
    """Costs to the right, logarithmic: powers of two for cycles, else 1, 2 and 5 times powers of ten."""
    from matplotlib.ticker import LogLocator

    cycles = choice.objective == "cycles"
    ax.set_xscale("log", base=2 if cycles else 10)
    if not cycles:
        ax.xaxis.set_major_locator(LogLocator(10, (1.0, 2.0, 5.0)))
    ax.minorticks_off()
    ax.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}" if value >= 10 else f"{value:g}")
    costs = [choice.cost(each)[0] for each in choice.tested]
    ax.set_xlim(min(costs) / 1.25, max(costs) * 1.25)


def _label(ax: "Axes", choice: "Choice") -> None:
    """Name the chosen circuit, or the nearest one."""
    named = choice.chosen or choice.nearest
    words = named.candidate.circuit.replace(", calibrated", "\ncalibrated")
    ax.annotate(words, (choice.cost(named)[0], 100 * named.below_float), (0, -15), textcoords="offset points",
                ha="center", va="top", fontsize=9.5, fontweight="bold",
                color=SHOWN if choice.chosen else OTHER, annotation_clip=False, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip


def save_choice(path: str | os.PathLike[str], choice: "Choice") -> None:
    """Write the picture of `loss_against_cost` to a file: PNG, SVG or PDF, by the suffix.

    Parameters
    ----------
    path
        The file; it is replaced only when the new one is complete.
    choice
        Result of `sc_neurocore.choosing.choose`.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is none that Matplotlib can write.
    """
    with picture(path, (8, 4.8), 150) as figure:
        figure.subplots_adjust(left=0.09, right=0.91, bottom=0.12, top=0.79)
        loss_against_cost(figure.add_subplot(), choice)
        figure.text(0.09, 0.935, "Which circuit is cheapest?", fontsize=15, fontweight="bold", color=INK)
        facts = f"{choice.data}: {choice.images} held-out images  ·  one circuit for each level of cost"
        figure.text(0.09, 0.885, facts, fontsize=9.5, color=QUIET, parse_math=False)
        sure = f"{100 * choice.confidence:g} %"
        legend = f"line: up to the end of the {sure} interval  ·  filled: shown to be within  ·  ring: chosen"
        figure.text(0.09, 0.843, legend, fontsize=9.5, color=QUIET)
