"""Heat maps of the weights of a memristor crossbar: those wanted, those there, their difference."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..encoders import Seed
from ..synapses import MemristorModel, ProgrammingError
from .style import INK, QUIET, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_crossbar(axes: "Sequence[Axes]", ideal: ArrayLike, effective: ArrayLike) -> None:
    """Draw three heat maps: the weights that were wanted, those that are there, the difference.

    The array is drawn as it lies on the chip: a row is a word line (an input, its driver on the
    left), a column a bit line (a neuron, its ground at the bottom). The colours of the difference
    end at the 98th percentile; what is beyond has the colour of the end.

    Parameters
    ----------
    axes
        Three Matplotlib axes.
    ideal, effective
        Weights ``(n_neurons, n_inputs)``, before and after `MemristorModel.program`.

    Raises
    ------
    ValueError
        If the shapes differ, or there are not three axes.
    """
    if len(axes) != 3:
        raise ValueError(f"axes must be three, got {len(axes)}")
    wanted = checks.array("ideal", ideal, shape=(None, None))
    there = checks.array("effective", effective, shape=wanted.shape)
    error = there - wanted
    low, colours = (-1.0, "RdBu_r") if wanted.min() < 0 else (0.0, "magma")
    reach = max(float(np.quantile(abs(error), 0.98)), 1e-9)  # else one stuck cell hides all the rest
    panels = (
        (wanted, colours, low, 1.0, "what was written", f"{wanted.shape[0]} neurons, {wanted.shape[1]} inputs"),
        (there, colours, low, 1.0, "what the circuit has", f"RMS error {np.sqrt(np.square(error).mean()):.3f}"),
        (error, "PuOr_r", -reach, reach, "the difference", f"largest {abs(error).max():.2f}"),
    )
    for ax, (values, cmap, bottom, top, title, fact) in zip(axes, panels, strict=True):
        picture = ax.imshow(values.T, aspect="auto", interpolation="nearest", cmap=cmap, vmin=bottom, vmax=top)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_color(QUIET)
        ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
        ax.set_title(fact, loc="right", fontsize=9, color=QUIET)
        place = ax.inset_axes((0.0, -0.11, 1.0, 0.028))
        more = "both" if abs(values).max() > top else "neither"
        bar = ax.figure.colorbar(picture, cax=place, orientation="horizontal", extend=more, extendfrac=0.03)
        bar.set_ticks([bottom, (bottom + top) / 2, top], labels=[f"{v:.2g}" for v in (bottom, (bottom + top) / 2, top)])
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelcolor=INK, labelsize=9, length=0)


def save_crossbar(path: str | os.PathLike[str], model: MemristorModel, weights: ArrayLike, seed: Seed = 0) -> None:
    """Program `weights` into a chip and write the picture of `draw_crossbar` to a file.

    Parameters
    ----------
    path
        PNG, SVG or PDF, by the suffix; replaced only when the new file is complete.
    model
        The cells.
    weights
        ``(n_neurons, n_inputs)``; a negative one makes differential pairs of all.
    seed
        Which chip: fixes stuck cells and programming errors.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError
        If a weight is outside [-1, 1], or the suffix is none that Matplotlib can write.
    """
    wanted = checks.array("weights", weights, -1.0, 1.0, shape=(None, None))
    if wanted.size == 0:
        raise ValueError(f"weights must have a value, got shape {wanted.shape}")
    defects = model.defects(wanted.shape, seed, pairs=bool(wanted.min() < 0))
    with picture(path, (11, 5.1), 110) as figure:
        axes = figure.subplots(1, 3)
        figure.subplots_adjust(left=0.045, right=0.985, bottom=0.135, top=0.785, wspace=0.07)
        draw_crossbar(axes, wanted, model.program(wanted, defects))
        axes[0].set_ylabel("inputs: driven from the left", fontsize=9, color=QUIET)
        axes[0].text(0.5, -0.02, "neurons: read at the bottom", transform=axes[0].transAxes, ha="center", va="top",
                     fontsize=9, color=QUIET)  # fmt: skip
        figure.text(0.045, 0.93, "What does the chip make of my weights?", fontsize=15, fontweight="bold", color=INK)
        figure.text(0.045, 0.876, "  ·  ".join(_facts(model, defects.n_stuck)), fontsize=9.5, color=QUIET)


def _facts(model: MemristorModel, stuck: int) -> list[str]:
    facts = [f"{1e6 * model.g_min:g} to {1e6 * model.g_max:g} µS"]
    if model.levels is not None:
        facts.append(f"{model.levels} levels")
    if isinstance(model.variability, ProgrammingError):
        facts.append(f"{model.distribution} spread, {model.variability}")
    elif model.variability:
        facts.append(f"{100 * model.variability:g} % {model.distribution} spread")
    if stuck:
        facts.append(f"{stuck} stuck cells")
    if model.drift < 1:
        facts.append(f"drifted to {100 * model.drift:.0f} %")
    if model.wire_resistance:
        facts.append(f"wires of {model.wire_resistance:g} Ω a segment")
    return facts
