"""Reservoirs: what three of them predict of the NARMA10 series, in floating point and on streams."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sc_neurocore.datasets import narma10
from sc_neurocore.evaluation import narma_reservoir, nrmse_std

from .result import Result, short

PAGE = "reservoirs.md"
PICTURES = {"narma.png": (855, 504)}
TOLERANCE = 1e-3
"""The read-out is a solved linear system."""

NEURONS, LENGTH = 200, 1024
TRAIN, TEST, WASHOUT = 4000, 1000, 200
SHOWN = slice(300, 420)
CIRCUITS: dict[str, dict[str, Any]] = {
    "floating point": {},
    "Sobol": {"generator": "sobol"},
    "Bernoulli": {"generator": "bernoulli"},
}
COLOURS = ["#222222", "#0072B2", "#D55E00"]
INK, QUIET, GRID = "#222222", "#6b6b6b", "#e6e6e6"

Floats = NDArray[np.float64]


def predictions(names: list[str]) -> tuple[Floats, dict[str, Floats]]:
    """The held-out target, and what each of these circuits makes of it."""
    u, y = narma10(TRAIN + TEST, seed=1)
    found = {}
    for name in names:
        options = CIRCUITS[name]
        layer, floats = narma_reservoir(NEURONS, LENGTH, 1, **options), not options
        layer.fit(u[:TRAIN], y[:TRAIN], ridge=1e-7, washout=WASHOUT, expected=floats)
        found[name] = layer.predict(u[TRAIN:], expected=floats)
    return y[TRAIN:], found


def draw(ax: Axes, target: Floats, predicted: Floats, colour: str) -> None:
    steps = np.arange(SHOWN.start, SHOWN.stop)
    ax.fill_between(steps, target[SHOWN], predicted[SHOWN], color=colour, alpha=0.18, lw=0)
    ax.plot(steps, target[SHOWN], color=QUIET, lw=3.2, alpha=0.45, solid_capstyle="round")
    ax.plot(steps, predicted[SHOWN], color=colour, lw=1.6)
    ax.set_xlim(steps[0], steps[-1])
    ax.set_ylim(0.13, 0.77)
    ax.set_yticks([0.2, 0.4, 0.6])
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(GRID)
    ax.tick_params(colors=QUIET, length=0, labelcolor=INK)


def picture(target: Floats, found: dict[str, Floats]) -> Figure:
    """A panel for each circuit."""
    figure = Figure(figsize=(9.5, 5.6), dpi=90)
    figure.subplots_adjust(left=0.055, right=0.985, bottom=0.085, top=0.83, hspace=0.38)
    axes = figure.subplots(len(found), 1, sharex=True)
    for ax, (name, predicted), colour in zip(axes, found.items(), COLOURS, strict=False):
        draw(ax, target, predicted, colour)
        label = name if name == "floating point" else f"{name} streams, L = {LENGTH}"
        title = f"{label}: error {nrmse_std(predicted, target):.2f}"
        ax.set_title(title, loc="left", color=colour, fontsize=10.5, fontweight="bold")
    axes[-1].set_xlabel("step", color=INK)
    figure.text(0.055, 0.945, "A reservoir predicts NARMA10", fontsize=15, fontweight="bold", color=INK)
    facts = f"{NEURONS} neurons  ·  grey: the held-out target  ·  error over the standard deviation of the target"
    figure.text(0.055, 0.9, facts, fontsize=9.5, color=QUIET)
    return figure


def run(quick: bool) -> Result:
    """Errors over the standard deviation of the target; quick: without the slow Bernoulli streams."""
    target, found = predictions([name for name in CIRCUITS if not (quick and name == "Bernoulli")])
    numbers = {name: float(nrmse_std(predicted, target)) for name, predicted in found.items()}
    return Result(numbers, {"narma.png": picture(target, found).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The sentence under the picture."""
    floats, sobol, bernoulli = (short(value, 2) for value in numbers.values())
    return [f"The errors are {floats} in floating point, {sobol} on Sobol and {bernoulli} on Bernoulli streams"]
