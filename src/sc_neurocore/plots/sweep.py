"""Plot of the points of a sweep: accuracy against stream length."""

from typing import TYPE_CHECKING

from ..evaluation.classification import FIXED_POINT
from .style import COLOURS, INK, MARKERS, NAMES, label_ends, length_axis, quiet_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..sweeps import SweepResult, SweepRow


def accuracy_of_points(ax: "Axes", result: "SweepResult") -> None:
    """Draw the accuracy of each point of a sweep against its stream length, with its 95 % interval.

    Points of one generator have one colour and marker; a line through the best one of each length is named.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    result
        Result of `sc_neurocore.sweeps.collect`, of at least one point.
    """
    lines: dict[str, list[SweepRow]] = {}
    for row in result:
        lines.setdefault(row.task.generator, []).append(row)
    ends = []
    for place, (generator, rows) in enumerate(lines.items()):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        x, y = [cycles_of(row) for row in rows], [100 * row.accuracy for row in rows]
        low, high = zip(*(row.interval() for row in rows), strict=True)
        ax.vlines(x, [100 * end for end in low], [100 * end for end in high], color=colour, lw=1, alpha=0.35, zorder=2)
        ax.plot(x, y, marker, color=colour, ms=6, mec="white", mew=1, zorder=4, clip_on=False)
        best: dict[float, float] = {}
        for cycles, accuracy in zip(x, y, strict=True):
            best[cycles] = max(accuracy, best.get(cycles, 0.0))
        lengths = sorted(best)
        ax.plot(lengths, [best[cycles] for cycles in lengths], color=colour, lw=1.8, zorder=3)
        name = "fixed point" if generator == FIXED_POINT else NAMES.get(generator, generator.capitalize())
        ends.append((best[lengths[-1]], name, colour))
    lengths = sorted({cycles_of(row) for row in result})
    length_axis(ax, lengths, [f"{cycles:g}" for cycles in lengths])
    ax.set_xlabel("stream length L (clock cycles, logarithmic)", color=INK)
    ax.set_ylabel("accuracy (%)", color=INK)
    quiet_axes(ax)
    label_ends(ax, ends)


def cycles_of(row: "SweepRow") -> float:
    """Stream length of a point, or the mean of its layers'."""
    length = row.task.length
    return sum(length) / len(length) if isinstance(length, tuple) else float(length)
