"""Spiking layers: what the generator does to rasters and rates, beside the closed form of a constant current."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sc_neurocore import SCDenseLayer
from sc_neurocore.plots import plot_raster
from sc_neurocore.plots.style import COLOURS, GRID, INK, MARKERS, QUIET

from .result import Result, short, table_row

PAGE = "spiking.md"
PICTURES = {"raster.png": (1155, 682)}
TOLERANCE = 0.0

NEURONS, INPUTS, SHOWN_MS, LONG_MS = 60, 16, 400, 20_000
TAU_MS, LARGEST_CURRENT = 20.0, 0.2
CIRCUITS: dict[str, dict[str, Any]] = {
    "Sobol, one sequence for all inputs: they are 1 together": {"generator": "sobol"},
    "Sobol, a dimension for each input": {"generator": "sobol", "share": "independent"},
    "Bernoulli, a source for each input": {"generator": "bernoulli"},
}
WEIGHTS = np.linspace(0, 1, NEURONS)


def layer(**streams: Any) -> SCDenseLayer:
    """Neuron j has 16 inputs of value 1/2 with weight j / 59 each, and no noise of its own."""
    return SCDenseLayer(
        NEURONS,
        np.full(INPUTS, 0.5),
        np.repeat(WEIGHTS[:, None], INPUTS, axis=1),
        x_min=0.0,
        x_max=1.0,
        w_min=0.0,
        w_max=1.0,
        length=1024,
        y_max=LARGEST_CURRENT,
        neuron_params={"noise_std": 0.0, "tau_mem": TAU_MS},
        base_seed=1,
        **streams,
    )


def closed_form(currents: np.ndarray) -> np.ndarray:
    """Rates in Hz under constant currents: 1000 over ceil(ln(1 - 1 / (I tau)) / ln(1 - 1 / tau)) ms."""
    rates = np.zeros_like(currents)
    fires = currents * TAU_MS > 1
    rates[fires] = 1000 / np.ceil(np.log(1 - 1 / (currents[fires] * TAU_MS)) / np.log(1 - 1 / TAU_MS))
    return rates


def rates(**streams: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean currents and rates of a long run."""
    spiking = layer(**streams)
    spiking.run(LONG_MS)
    return spiking.expected(), spiking.recorders.rates_hz()


def draw_rates(ax: Axes, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Rate against mean current for each circuit, the closed form behind them."""
    currents = np.linspace(0, LARGEST_CURRENT / 2, 2000)
    ax.plot(currents, closed_form(currents), color=QUIET, lw=1, zorder=1)
    for (current, rate), colour, marker in zip(found, COLOURS, MARKERS, strict=False):
        ax.plot(current, rate, marker, color=colour, ms=4.5, mew=0, alpha=0.85, zorder=2)
    threshold = 1 / TAU_MS
    ax.annotate(
        "constant current,\nclosed form",
        (0.088, closed_form(np.array([0.088]))[0]),
        (0.054, 70),
        color=QUIET,
        fontsize=9,
        arrowprops={"arrowstyle": "-", "color": QUIET, "lw": 0.8},
    )
    ax.axvline(threshold, color=GRID, zorder=0)
    ax.text(threshold - 0.001, 40, "below here the mean\ncurrent never fires", ha="right", color=QUIET, fontsize=9)
    ax.set_xlabel("mean current of a neuron", color=INK)
    ax.set_ylabel("spikes a second", color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(QUIET)
    ax.tick_params(colors=QUIET, labelcolor=INK, length=3)


def draw(found: list[tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Three rasters, and the rates of all circuits."""
    figure = Figure(figsize=(10.5, 6.2), dpi=110, layout="constrained")
    axes = figure.subplot_mosaic([[0, "rates"], [1, "rates"], [2, "rates"]], width_ratios=[1.5, 1])
    for place, ((title, streams), colour) in enumerate(zip(CIRCUITS.items(), COLOURS, strict=False)):
        spiking, ax = layer(**streams), axes[place]
        spiking.run(SHOWN_MS)
        plot_raster(ax, spiking.recorders, colour=colour)
        ax.set_title(title, loc="left", fontsize=10, color=colour, fontweight="bold")
        if place < len(CIRCUITS) - 1:
            ax.set_xlabel("")
    draw_rates(axes["rates"], found)
    axes["rates"].set_title("Rate against current", loc="left", fontsize=10, color=INK, fontweight="bold")
    return figure


BELOW, ABOVE = 27, 47
"""Neurons with a mean current of about .046, below the threshold of .05, and of .08, above it."""


def run(quick: bool) -> Result:
    """Rates of two neurons in each circuit; quick enough as it is."""
    found = [rates(**streams) for streams in CIRCUITS.values()]
    numbers = {}
    for name, neuron in (("below", BELOW), ("above", ABOVE)):
        numbers[f"{name} the threshold, mean current"] = float(found[0][0][neuron])
        numbers[f"{name} the threshold, closed form, Hz"] = float(closed_form(found[0][0][[neuron]])[0])
        for title, (_, rate) in zip(CIRCUITS, found, strict=True):
            numbers[f"{name} the threshold, {title.split(':')[0]}, Hz"] = float(rate[neuron])
    return Result(numbers, {"raster.png": draw(found).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The rows of the table, and the rates above the threshold."""
    current, constant, one, own, bernoulli = (v for name, v in numbers.items() if name.startswith("below"))
    current_above, law, *rest = (v for name, v in numbers.items() if name.startswith("above"))
    return [
        f"At a mean current of {short(current, 3)}",
        table_row("constant current", f"{constant:.0f}"),
        table_row('Sobol, a dimension for each input (`share="independent"`)', f"{own:.1f}"),
        table_row("Bernoulli", f"{bernoulli:.1f}"),
        table_row("Sobol, one sequence for all inputs", f"{one:.1f}"),
        f"({law:.1f} Hz at a current of {short(current_above, 2)}: {', '.join(f'{rate:.1f}' for rate in sorted(rest))}",
    ]
