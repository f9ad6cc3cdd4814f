"""Spiking neurons in JAX: time of a run against its number of steps, beside NumPy and Numba (needs JAX)."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sc_neurocore import JaxSCDenseLayer
from sc_neurocore.neurons import LIFNeurons, LIFParameters, LIFState, lif_step
from sc_neurocore.plots.style import COLOURS, INK, MARKERS, QUIET, label_ends, quiet_axes

from .result import Result

PAGE = "jax.md"
PICTURES = {"jax_speed.png": (1040, 470)}
TOLERANCE = None
"""Times are not the same twice."""

NEURONS, STEPS, REPEATS = 1000, (1, 10, 100, 1000, 10_000), 7
QUICK_STEPS = (1, 10)
NOISE = {"with noise": LIFParameters(), "without noise": LIFParameters(noise_std=0.0)}
NAMES = ("NumPy loop", "Numba", "JAX float64", "JAX float32", "JAX, first call")


def loop(parameters: LIFParameters, currents: np.ndarray) -> None:
    """A NumPy step at a time."""
    rng, state = np.random.default_rng(0), LIFState(np.zeros(NEURONS), np.zeros(NEURONS, np.int64))
    for current in currents:
        noise = rng.standard_normal(NEURONS) if parameters.noise_std else 0.0
        state, _ = lif_step(state, current, parameters, noise=noise)


def seconds(run: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Of the fastest of some calls."""
    found = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        found.append(perf_counter() - start)
    return min(found)


def times(parameters: LIFParameters, steps: int) -> dict[str, float]:
    """Seconds of a run of so many steps, by name."""
    currents = np.random.default_rng(0).uniform(0, 0.15, (steps, NEURONS))
    by_row, single = np.ascontiguousarray(currents.T), currents.astype(np.float32)
    numba = LIFNeurons(NEURONS, parameters, seed=0)
    double = JaxSCDenseLayer(NEURONS, 1, neuron_params=parameters, seed=0)
    half = JaxSCDenseLayer(NEURONS, 1, neuron_params=parameters, seed=0, dtype="float32")
    jax.clear_caches()
    first = seconds(lambda: double.run(currents), 1)
    half.run(single)
    numba.run(by_row)
    found = (
        seconds(lambda: loop(parameters, currents), 1 if steps > 1000 else REPEATS),
        seconds(lambda: numba.run(by_row)),
        seconds(lambda: double.run(currents)),
        seconds(lambda: half.run(single)),
        first,
    )
    return dict(zip(NAMES, found, strict=True))


def draw(ax: Axes, found: dict[int, dict[str, float]], title: str) -> None:
    ax.set_xscale("log")
    for name, colour, marker in zip(NAMES, COLOURS, MARKERS, strict=False):
        values = [np.log10(1e3 * of_step[name]) for of_step in found.values()]
        style = {"ls": (0, (2, 2)), "alpha": 0.8} if "first" in name else {}
        ax.plot(list(found), values, color=colour, marker=marker, ms=6, mec="white", mew=1, lw=2.2, **style)
    ax.set_ylim(-2, 3.6)
    ax.set_yticks(range(-2, 4), ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"])
    ax.set_xticks(STEPS, [f"{steps:,}" for steps in STEPS])
    ax.minorticks_off()
    quiet_axes(ax)
    ax.set_xlabel("steps", color=QUIET)
    ax.set_title(title, loc="left", color=INK, fontsize=11)


def picture(found: dict[str, dict[int, dict[str, float]]]) -> Figure:
    """A panel for each noise."""
    figure = Figure(figsize=(10.4, 4.7), dpi=100)
    figure.text(0.075, 0.91, f"A run of {NEURONS:,} spiking neurons", fontsize=15, fontweight="bold", color=INK)
    for place, (title, of_steps) in enumerate(found.items()):
        ax = figure.add_axes((0.075 + 0.405 * place, 0.13, 0.36, 0.66))
        draw(ax, of_steps, title)
        if place:
            last = of_steps[max(of_steps)]
            label_ends(ax, [(np.log10(1e3 * last[n]), n, c) for n, c in zip(NAMES, COLOURS, strict=False)])
            ax.tick_params(labelleft=False)
    return figure


def run(quick: bool) -> Result:
    """Milliseconds; quick: two short runs and no number, as times are not the same twice."""
    steps = QUICK_STEPS if quick else STEPS
    found = {title: {n: times(parameters, n) for n in steps} for title, parameters in NOISE.items()}
    numbers = {
        f"{title}, {n} steps, {name}, ms": 1e3 * value
        for title, of_steps in found.items()
        for n, row in of_steps.items()
        for name, value in row.items()
    }
    return Result({} if quick else numbers, {"jax_speed.png": picture(found).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """None: the page says in words what a picture of times shows."""
    return []
