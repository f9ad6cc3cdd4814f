"""Plot of accuracy against the rate of a fault."""

import os
from typing import TYPE_CHECKING

from ..evaluation.classification import FIXED_POINT
from ..evaluation.rows import text_of
from .style import COLOURS, INK, MARKERS, NAMES, QUIET, label_ends, picture, quiet_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..evaluation import FaultStudy

_TITLES = {
    "input-flips": "Bits of the inputs are flipped",
    "weight-flips": "Bits of the weights are flipped",
    "bit-flips": "Bits of inputs and weights are flipped",
    "product-flips": "Bits of the products are flipped",
    "stuck-lines": "Lines of inputs and weights are stuck",
}


def accuracy_against_faults(ax: "Axes", study: "FaultStudy") -> None:
    """Draw accuracy against the fault rate: a line for every generator and length, fixed point dashed.

    Parameters
    ----------
    ax
        Matplotlib axes to draw on.
    study
        Result of `sc_neurocore.evaluation.fault_study`.

    Notes
    -----
    Bands are Wilson intervals over the images, drawn for the longest streams and for fixed point.
    """
    rates = [100 * rate for rate in study.rates]
    smallest = min(rate for rate in rates if rate > 0)
    places = [rate if rate > 0 else smallest / 10**0.6 for rate in rates]  # 0 has a place left of the others
    names = list(dict.fromkeys(generator for generator, _ in study.lines if generator != FIXED_POINT))
    longest = max(line[0].cycles for line in study.lines.values())
    ends = []
    for (generator, length), line in study.lines.items():
        y = [100 * point.accuracy for point in line]
        bands = [point.interval() for point in line]
        fixed, cycles = generator == FIXED_POINT, line[0].cycles
        colour = INK if fixed else COLOURS[names.index(generator) % len(COLOURS)]
        marker = "X" if fixed else MARKERS[names.index(generator) % len(MARKERS)]
        if fixed or cycles == longest:
            low, high = ([100 * band[end] for band in bands] for end in (0, 1))
            ax.fill_between(places, low, high, color=colour, alpha=0.12, lw=0)
            width, alpha = 2.2, 1.0
        else:
            width, alpha = 1.2, 0.3 + 0.4 * cycles / longest
        style = (0, (4, 2)) if fixed else "-"
        ax.plot(places, y, color=colour, lw=width, alpha=alpha, ls=style, marker=marker, ms=6, mec="white", zorder=3)
        label = (
            "8-bit fixed point" if fixed else f"{NAMES.get(generator, generator.capitalize())}, L = {text_of(length)}"
        )
        ends.append((y[-1], label, colour))
    ax.set_xscale("log")
    ax.set_xticks(places, [f"{rate:g}" for rate in rates])
    ax.minorticks_off()
    ax.set_ylim(0, 100)
    ax.set_xlabel("fault rate (%, logarithmic but for 0)", color=INK)
    ax.set_ylabel("subset accuracy (%)" if study.evaluations[0].multilabel else "accuracy (%)", color=INK)
    quiet_axes(ax)
    label_ends(ax, ends)


def save_faults(path: str | os.PathLike[str], study: "FaultStudy") -> None:
    """Write the picture of `accuracy_against_faults` to a file: PNG, SVG or PDF, by the suffix.

    Parameters
    ----------
    path
        The file; it is replaced only when the new one is complete.
    study
        Result of `sc_neurocore.evaluation.fault_study`.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If the suffix is none that Matplotlib can write.
    """
    with picture(path, (8, 4.8), 150) as figure:
        figure.subplots_adjust(left=0.09, right=0.77, bottom=0.12, top=0.83)
        accuracy_against_faults(figure.add_subplot(), study)
        first = study.evaluations[0]
        figure.text(0.09, 0.935, _TITLES[study.kind], fontsize=15, fontweight="bold", color=INK)
        facts = f"{first.data}: {first.images} held-out images  ·  band: 95 % interval over the images"
        figure.text(0.09, 0.885, facts, fontsize=9.5, color=QUIET, parse_math=False)
