"""Prediction against target: a table and ``docs/pictures/narma.png``.

Run it from the repository root: ``python examples/narma.py``.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sc_neurocore.datasets import narma10
from sc_neurocore.evaluation import narma_reservoir, nrmse_std

NEURONS, LENGTH = 200, 1024
TRAIN, TEST, WASHOUT = 4000, 1000, 200
SHOWN = slice(300, 420)
CIRCUITS = {"floating point": {}, "Sobol": {"generator": "sobol"}, "Bernoulli": {"generator": "bernoulli"}}
COLOURS = ["#222222", "#0072B2", "#D55E00"]
INK, QUIET, GRID = "#222222", "#6b6b6b", "#e6e6e6"

Floats = NDArray[np.float64]


def predictions() -> tuple[Floats, dict[str, Floats]]:
    """The held-out target, and what each circuit makes of it."""
    u, y = narma10(TRAIN + TEST, seed=1)
    found = {}
    for name, options in CIRCUITS.items():
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
    ax.set_ylim(0.13, 0.63)
    ax.set_yticks([0.2, 0.4, 0.6])
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(GRID)
    ax.tick_params(colors=QUIET, length=0, labelcolor=INK)


def main(path: Path) -> None:
    target, found = predictions()
    figure = Figure(figsize=(9.5, 5.6))
    figure.subplots_adjust(left=0.055, right=0.985, bottom=0.085, top=0.83, hspace=0.38)
    axes = figure.subplots(3, 1, sharex=True)
    for ax, (name, predicted), colour in zip(axes, found.items(), COLOURS, strict=True):
        error = nrmse_std(predicted, target)
        print(f"{name:<15} {error:.3f}")
        draw(ax, target, predicted, colour)
        label = name if name == "floating point" else f"{name} streams, L = {LENGTH}"
        ax.set_title(f"{label}: error {error:.2f}", loc="left", color=colour, fontsize=10.5, fontweight="bold")
    axes[-1].set_xlabel("step", color=INK)
    figure.text(0.055, 0.945, "A reservoir predicts NARMA10", fontsize=15, fontweight="bold", color=INK)
    facts = f"{NEURONS} neurons  ·  grey: the held-out target  ·  error over the standard deviation of the target"
    figure.text(0.055, 0.9, facts, fontsize=9.5, color=QUIET)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "pictures" / "narma.png")
