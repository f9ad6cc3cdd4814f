"""Spiking neurons in JAX: they learn, by gradients, to write a word in their raster (needs JAX).

One layer of `lif_run` under frozen random input; gradients go through the spikes by the surrogate.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sc_neurocore.layers.jax_dense_layer import lif_run
from sc_neurocore.neurons import LIFParameters, LIFState

from .result import Result, short

PAGE = "jax.md"
PICTURES = {"jax_training.png": (940, 700)}
TOLERANCE = 0.02
"""Float32 in XLA: a spike at its threshold sees the last bit."""

WORD, NEURONS, STEPS, INPUTS = "SPIKES", 64, 320, 700
EVERY = 4
"""Steps between the wanted spikes of a neuron inside a letter."""
TRACE_STEPS = 4.0
"""Time constant of the traces that are compared: a spike near its place is better than none."""
PARAMETERS = LIFParameters(tau_mem=5.0, noise_std=0.0)
SLOPE = 5.0
"""Of the surrogate: less than the default, so that neurons far from their threshold learn too."""
ROUNDS, QUICK_ROUNDS, RATE = 900, 20, 3e-3
NIGHT, INK, QUIET, SPIKE, LINE = "#0b0b14", "#f3ead8", "#9a94a5", "#ffb454", "#56B4E9"


def wanted() -> NDArray[np.float32]:
    """Spikes ``(STEPS, NEURONS)``: one in `EVERY` steps where the word has ink, shifted from row to row."""
    figure = Figure(figsize=(STEPS / 100, NEURONS / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.text(0.5, 0.42, WORD, fontsize=50, fontweight="bold", family="DejaVu Sans", ha="center", va="center")
    canvas.draw()
    ink = np.asarray(canvas.buffer_rgba())[..., 0].T < 128
    steps, rows = np.indices(ink.shape)
    return (ink & ((steps + 3 * rows) % EVERY == 0)).astype(np.float32)


def frozen_inputs(rng: np.random.Generator) -> NDArray[np.float32]:
    """Input spikes ``(STEPS, INPUTS)``, the same at every showing; each leaves an exponential current."""
    spikes = rng.random((STEPS, INPUTS)) < 0.03
    return traces(spikes.astype(np.float32), 3.0)


def traces(spikes: Any, tau: float) -> Any:
    """Exponential traces along the first axis, of NumPy or JAX arrays."""
    _, found = jax.lax.scan(lambda last, now: (last * np.exp(-1 / tau) + now,) * 2, spikes[0] * 0, spikes)
    return found


def outputs(weights: Any, inputs: Any, params: Any) -> Any:
    rest = LIFState(jnp.zeros(NEURONS), jnp.zeros(NEURONS, int))
    return lif_run(rest, inputs @ weights, params, slope=SLOPE)[1]


@jax.jit
def loss(weights: Any, inputs: Any, target: Any, params: Any) -> Any:
    """Mean squared distance of the traces of spikes from those wanted (van Rossum's distance)."""
    return jnp.mean((traces(outputs(weights, inputs, params), TRACE_STEPS) - traces(target, TRACE_STEPS)) ** 2)


@jax.jit
def improved(state: Any, number: Any, inputs: Any, target: Any, params: Any) -> tuple[Any, Any]:
    """One step of Adam."""
    weights, mean, square = state
    value, gradient = jax.value_and_grad(loss)(weights, inputs, target, params)
    mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
    change = mean / (1 - 0.9**number) / (jnp.sqrt(square / (1 - 0.999**number)) + 1e-9)
    return (weights - RATE * change, mean, square), value


class Training(NamedTuple):
    """Loss of every round, rasters ``(STEPS, NEURONS)`` of some, and the raster that was wanted."""

    losses: list[float]
    rasters: dict[int, NDArray[np.float32]]
    target: NDArray[np.float32]


def trained(rounds: int = ROUNDS) -> Training:
    """Learn for so many rounds."""
    rng = np.random.default_rng(0)
    inputs, target, params = frozen_inputs(rng), wanted(), PARAMETERS.membrane(1.0)
    weights = jnp.asarray(rng.normal(0.001, 0.02, (INPUTS, NEURONS)), jnp.float32)
    state, losses, rasters = (weights, 0 * weights, 0 * weights), [], {}
    for number in range(rounds + 1):
        if number in (0, QUICK_ROUNDS, rounds):
            rasters[number] = np.asarray(outputs(state[0], inputs, params))
        state, value = improved(state, number + 1.0, inputs, target, params)
        losses.append(float(value))
    return Training(losses, rasters, target)


def draw_raster(ax: Axes, raster: NDArray[np.float32], title: str) -> None:
    steps, rows = np.nonzero(raster)
    ax.scatter(steps, rows, s=2.6, marker="s", c=SPIKE, linewidths=0)
    ax.set_xlim(0, STEPS)
    ax.set_ylim(NEURONS, -1)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.text(0.0, 1.03, title, color=INK, fontsize=10.5, transform=ax.transAxes)
    for spine in ax.spines.values():
        spine.set_color("#2a2a3c")


def picture(training: Training) -> Figure:
    """Rasters as they come about, and the loss."""
    losses, rasters, target = training
    figure = Figure(figsize=(9.4, 7.0), dpi=100, facecolor=NIGHT)
    figure.text(0.05, 0.948, "Neurons learn when to spike", fontsize=17, fontweight="bold", color=INK)
    facts = f"{NEURONS} neurons · {INPUTS} frozen inputs · surrogate gradient through {STEPS} steps"
    figure.text(0.95, 0.951, facts, fontsize=9.5, color=QUIET, ha="right")
    titles = ["before", *(f"after {number} rounds" for number in list(rasters)[1:]), "wanted"]
    for place, (raster, title) in enumerate(zip([*rasters.values(), target], titles, strict=True)):
        left, bottom = 0.05 + 0.46 * (place % 2), 0.655 - 0.29 * (place // 2)
        draw_raster(figure.add_axes((left, bottom, 0.44, 0.235), facecolor=NIGHT), raster, title)
    ax = figure.add_axes((0.1, 0.085, 0.85, 0.215), facecolor=NIGHT)
    ax.semilogy(losses, color=LINE, lw=2)
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    ax.set_xlim(0, len(losses))
    ax.set_xlabel("rounds", color=QUIET)
    ax.text(0.985, 0.86, "distance of the spike trains", color=LINE, ha="right", transform=ax.transAxes)
    ax.tick_params(colors=QUIET, which="both", length=3)
    for number in rasters:
        ax.plot(number, losses[number], "o", color=SPIKE, ms=6, clip_on=False)
    for name, spine in ax.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(QUIET)
    return figure


def run(quick: bool) -> Result:
    """Losses, and wanted spikes that come at their step; quick: the first rounds."""
    training = trained(QUICK_ROUNDS if quick else ROUNDS)
    numbers = {f"loss after {n} rounds": training.losses[n] for n in training.rasters}
    if not quick:
        hits = (training.rasters[ROUNDS] * training.target).sum() / training.target.sum()
        numbers["wanted spikes at their step, %"] = float(100 * hits)
    return Result(numbers, {"jax_training.png": picture(training).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The sentence about the picture."""
    before, _, after, hits = numbers.values()
    return [
        f"falls from {short(before, 3)} to {short(after, 3)}",
        f"{hits:.0f} % of the wanted spikes come at their step",
    ]
