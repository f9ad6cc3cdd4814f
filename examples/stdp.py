"""Learning from spike times: the window of the circuit, and neurons that choose between two groups of inputs."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sc_neurocore import SCLearningLayer
from sc_neurocore.plots.style import COLOURS, INK, QUIET, quiet_axes
from sc_neurocore.synapses import stdp_window

from .result import Result, short

PAGE = "learning.md"
PICTURES = {"stdp.png": (1100, 420)}
TOLERANCE = 1e-12

REACH, REPEATS, QUICK_REPEATS = 100, 400, 2
"""Longest interval in ms; pairs of each interval for the stochastic gates."""
RATE, STEP = 0.5, 1 / 64
GROUP, NEURONS, LENGTH, LOOKS, BETWEEN = 20, 4, 2000, 21, 20
"""Inputs of a group; neurons; cycles of a sample; looks at the weights, and samples between them."""


class Groups(NamedTuple):
    """What the neurons have become."""

    cycles: np.ndarray
    """Looks ``(LOOKS,)``, in cycles."""
    means: np.ndarray
    """Mean weight of each group, ``(LOOKS, NEURONS, 2)``."""


def window(deterministic: bool, repeats: int) -> np.ndarray:
    """Weight changes ``(2 REACH + 1, repeats)`` of a synapse whose neuron is made to spike some ms after it.

    The neuron forgets in a cycle and needs three products at once; inputs 0 to 2 make it spike, input 3 is watched.
    """
    spot, length = REACH, 2 * REACH + 1
    changes = np.empty((length, repeats))
    layer = SCLearningLayer(
        4, 1, learning_rate=RATE, step=STEP, length=length, base_seed=0, deterministic=deterministic, y_max=1.0,
        neuron_params={"noise_std": 0.0, "tau_mem": 1.0, "v_threshold": 0.7}, pause_ms=np.inf,
    )  # fmt: skip
    for place in range(length):
        trains = np.zeros((length, 4))
        trains[spot, 3], trains[place, :3] = 1, 1
        for repeat in range(repeats):
            layer.weights = [[1.0, 1.0, 1.0, 0.5]]
            layer.run_epoch(trains)
            changes[place, repeat] = layer.get_weights()[0, 3] - 0.5
    return changes


def trains_of_groups(rng: np.random.Generator, samples: int, share: float) -> np.ndarray:
    """Trains ``(samples, LENGTH, 2 GROUP)`` of rate .05: of each group, a share of the spikes is common."""
    common = rng.random((samples, LENGTH, 2)) < 0.05
    copied = rng.random((samples, LENGTH, 2 * GROUP)) < share
    own = rng.random((samples, LENGTH, 2 * GROUP)) < 0.05
    return np.where(copied, np.repeat(common, GROUP, axis=-1), own)


def selectivity(share: float = 0.6, looks: int = LOOKS) -> Groups:
    """Neurons that inhibit each other see two correlated groups, over and over."""
    rng = np.random.default_rng(0)
    layer = SCLearningLayer(
        2 * GROUP, NEURONS, learning_rate=1.0, ltd_ratio=0.65, tau_plus=5.0, tau_minus=10.0, step=1 / 64,
        length=LENGTH, base_seed=3, y_max=12.0, wta=1, inhibition=5,
        neuron_params={"tau_mem": 5.0, "noise_std": 0.0, "v_threshold": 2.5},
    )  # fmt: skip
    means = []
    for look in range(looks):
        if look:
            layer.run_epoch(trains_of_groups(rng, BETWEEN, share), spikes=True)
        means.append(layer.get_weights().reshape(NEURONS, 2, GROUP).mean(2))
    return Groups(np.arange(looks) * BETWEEN * LENGTH, np.array(means))


def draw(certain: np.ndarray, chance: np.ndarray, groups: Groups) -> Figure:
    """The window on the left, the choice on the right."""
    figure = Figure(figsize=(11, 4.2), dpi=100, facecolor="white")
    left = figure.add_axes((0.06, 0.13, 0.4, 0.68))
    draw_window(left, certain, chance)
    figure.text(0.06, 0.9, "Who spikes first decides", fontsize=14, fontweight="bold", color=INK)
    figure.text(0.545, 0.9, "Who spikes together stays together", fontsize=14, fontweight="bold", color=INK)
    for neuron in range(NEURONS):
        ax = figure.add_axes((0.545 + 0.108 * neuron, 0.13, 0.095, 0.6))
        draw_choice(ax, groups, neuron)
        if neuron:
            ax.set_yticklabels([])
    figure.text(0.545, 0.82, "mean weights of the two groups of inputs, four neurons", fontsize=9.5, color=QUIET)
    return figure


def draw_window(ax: Axes, certain: np.ndarray, chance: np.ndarray) -> None:
    """Measured on the circuit, beside the closed form."""
    intervals = np.arange(-REACH, REACH + 1)
    size = RATE * STEP
    fine = np.linspace(-REACH, REACH, 2001)
    law = stdp_window(fine, a_plus=1.0, a_minus=0.5)
    for side in (fine < 0, fine > 0):
        ax.plot(fine[side], law[side], color=INK, lw=1.2)
    mean, error = chance.mean(1) / size, chance.std(1) / size / np.sqrt(chance.shape[1])
    ax.errorbar(intervals, mean, error, fmt="none", ecolor=COLOURS[4], lw=1, alpha=0.8)
    ax.plot(intervals, certain[:, 0] / size, "o", color=COLOURS[1], ms=2.6, zorder=3)
    ax.text(12, 0.66, f"gates at random, mean of {chance.shape[1]} pairs", color=COLOURS[4], fontsize=9.5)
    ax.text(12, 0.78, "deterministic", color=COLOURS[1], fontsize=9.5)
    ax.text(12, 0.9, "closed form", color=INK, fontsize=9.5)
    ax.axvline(0, color=QUIET, lw=0.6)
    ax.set_xlim(-REACH, REACH)
    ax.set_xlabel("neuron spikes after its input, ms", color=QUIET, fontsize=9.5)
    ax.set_title("weight change of a pair, in units of a_plus", loc="left", fontsize=9.5, color=QUIET)
    quiet_axes(ax)


def draw_choice(ax: Axes, groups: Groups, neuron: int) -> None:
    """Two lines of one neuron."""
    for group, colour in enumerate((COLOURS[0], COLOURS[1])):
        ax.plot(groups.cycles / 1e6, groups.means[:, neuron, group], color=colour, lw=2)
    ax.set_ylim(0, 0.65)
    ax.set_xlim(0, groups.cycles[-1] / 1e6)
    ax.set_xlabel("million cycles", color=QUIET, fontsize=8.5)
    quiet_axes(ax)
    ax.tick_params(labelsize=8.5)


def run(quick: bool) -> Result:
    """Distance from the closed form, and the mean weights; quick: fewer pairs for the stochastic gates."""
    certain, chance, groups = window(True, 1), window(False, QUICK_REPEATS if quick else REPEATS), selectivity()
    law = stdp_window(np.arange(-REACH, REACH + 1), a_plus=RATE * STEP, a_minus=RATE * STEP / 2)
    numbers = {"largest distance from the closed form": float(np.abs(certain[:, 0] - law).max())}
    for neuron, means in enumerate(groups.means[-1]):
        numbers |= {f"neuron {neuron}, mean weight of group {group}": float(mean) for group, mean in enumerate(means)}
    return Result(numbers, {"stdp.png": draw(certain, chance, groups).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The distance, and the range of kept and dropped weights."""
    distance, *means = numbers.values()
    pairs = np.sort(np.reshape(means, (NEURONS, 2)), axis=1)
    dropped, kept = (f"{short(side.min(), 2)} to {short(side.max(), 2)}" for side in pairs.T)
    return [
        f"meets the closed form to {distance:.0e}".replace("e-0", "e-"),
        f"keep one group (mean weights {kept}) and drop the other ({dropped})",
    ]
