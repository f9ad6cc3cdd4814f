"""A retina for digits as a network of circuit primitives: pixels inhibit their neighbours, neurons spike, one wins.

`Inhibition` (each pixel less the mean around it) -> `SpikingDense` (ten leaky integrate-and-fire neurons, a window
of 200 ms) -> `KWinners` (the neuron that fired most). The weights are those of a logistic regression on inhibited
images. The same network without inhibition stands beside it: in even light it sees as well, in stray light it does not.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

import sc_neurocore as sc
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.networks import Circuit
from sc_neurocore.plots.style import COLOURS, INK, QUIET, quiet_axes

from .result import Result, table_row

PAGE = "primitives.md"
PICTURES = {"receptive_field.png": (1150, 540)}
TOLERANCE = 0.6
"""Points of accuracy, three images: the weights are trained, and their last digits depend on the machine."""

STRENGTH, RADIUS, WINDOW_MS = 0.7, 2, 200.0
LENGTHS = (32, 64, 128, 256, 512, 1024, 2048)
GENERATORS = {"bernoulli": "Bernoulli", "sobol": "Sobol"}
LIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Shares of stray light: pixels x become light + (1 - light) x."""
SHOWN_LENGTH, SHOWN_LIGHTS = 1024, (0.0, 0.6)
LOW, HIGH = 0.05, 0.3
"""Currents, in thresholds a ms, of a typical loser (just at threshold) and of a clear winner."""


class Found(NamedTuple):
    """Accuracies by generator ``(LENGTHS,)``, by light ``(LIGHTS,)`` with and without inhibition, and of floats."""

    by_length: dict[str, np.ndarray]
    floating: float
    by_light: dict[str, np.ndarray]


def lit(x: np.ndarray, light: float) -> np.ndarray:
    """Images in stray light."""
    return light + (1 - light) * x


def trained(data: Dataset, strength: float) -> sc.Network:
    """The network; the ceilings are those of its training images."""
    retina = sc.Inhibition(strength, RADIUS)
    seen = retina.forward(data.x_train.reshape(-1, 1, 8, 8)).reshape(-1, 64)
    regression = LogisticRegression(max_iter=2000).fit(seen, data.y_train)
    scores = regression.decision_function(seen)
    loser, winner = np.median(scores), np.quantile(scores.max(1), 0.9)
    unit = (HIGH - LOW) / (winner - loser)
    bias = unit * (regression.intercept_ - loser) + LOW
    neurons = sc.SpikingDense(unit * regression.coef_, bias, duration=WINDOW_MS)
    return sc.Network.from_layers(
        [retina, neurons, sc.KWinners()],
        input_shape=(1, 8, 8),
        input_range=(0.0, 1.0),
        calibration=data.x_train,
        ceiling_quantile=1.0,
    )


def measure(data: Dataset, networks: dict[str, sc.Network]) -> Found:
    """Accuracies of all circuits on the held-out images."""

    def accuracy(network: sc.Network, length: int, generator: str, light: float = 0.0) -> float:
        return float(np.mean(network.circuit(length, generator).predict(lit(data.x_test, light)) == data.y_test))

    retina = networks["with inhibition"]
    return Found(
        {name: np.array([accuracy(retina, length, name) for length in LENGTHS]) for name in GENERATORS},
        float(np.mean(retina.float_predict(data.x_test) == data.y_test)),
        {
            name: np.array([accuracy(network, SHOWN_LENGTH, "sobol", light) for light in LIGHTS])
            for name, network in networks.items()
        },
    )


def draw_path(axes: np.ndarray, circuit: Circuit, image: np.ndarray, light: float, blind: int) -> None:
    """Image, inhibited image, spikes, and the winner, of one digit in one light; `blind` wins without inhibition."""
    seen = lit(image, light)
    inhibited = circuit.layers[0].forward(seen)
    trains = circuit.layers[1].spikes(inhibited)
    circuit.reset()
    winner = int(circuit.predict(seen))
    for ax, pixels in zip(axes, (seen, inhibited), strict=False):
        ax.imshow(pixels.reshape(8, 8), cmap="bone", vmin=0, vmax=pixels.max())
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
    ax = axes[2]
    for neuron in range(10):
        times = np.flatnonzero(trains[neuron]) * WINDOW_MS / SHOWN_LENGTH
        colour = COLOURS[1] if neuron == winner else QUIET
        ax.vlines(times, neuron - 0.36, neuron + 0.36, color=colour, lw=1.1)
        bold = "bold" if neuron == winner else "normal"
        ax.text(
            WINDOW_MS + 4, neuron, str(trains[neuron].sum()), color=colour, va="center", fontsize=8.5, fontweight=bold
        )
    ax.set_ylim(9.6, -0.6)
    ax.set_xlim(0, WINDOW_MS)
    ax.set_yticks(range(10))
    ax.tick_params(colors=QUIET, length=0, labelsize=8.5)
    ax.get_yticklabels()[winner].set(color=COLOURS[1], fontweight="bold")
    ax.spines[:].set_visible(False)
    axes[3].text(0.5, 0.6, str(winner), fontsize=52, fontweight="bold", color=COLOURS[1], ha="center", va="center")
    without = {"fontsize": 9, "color": QUIET, "ha": "center", "va": "center"}
    axes[3].text(0.5, 0.2, f"without\ninhibition: {blind}", **without)
    axes[3].axis("off")


def draw_lines(left: Axes, right: Axes, found: Found) -> None:
    """Accuracy against length and against light."""
    places = {"bernoulli": ((10, 0), "left"), "sobol": ((2, -11), "left")}
    for (name, values), colour in zip(found.by_length.items(), COLOURS[1::-1], strict=False):
        left.plot(LENGTHS, 100 * values, color=colour, marker="o", ms=5, mec="white", lw=2)
        offset, side = places[name]
        at = (LENGTHS[name == "sobol"], 100 * values[int(name == "sobol")])
        left.annotate(
            GENERATORS[name], at, offset, textcoords="offset points", color=colour, fontweight="bold", fontsize=9.5,
            va="center", ha=side,
        )  # fmt: skip
    left.axhline(100 * found.floating, color=QUIET, lw=1, ls=(0, (5, 3)))
    floats = 100 * found.floating
    left.text(LENGTHS[-1], floats - 3.5, f"floats {floats:.1f}", color=QUIET, fontsize=9, ha="right")
    left.set_xscale("log", base=2)
    left.set_xticks(LENGTHS, [str(length) for length in LENGTHS])
    left.minorticks_off()
    left.set_xlabel("stream length L (cycles in 200 ms)", color=QUIET, fontsize=9)
    left.set_title("accuracy %", loc="left", color=QUIET, fontsize=9.5)
    for (name, values), colour in zip(found.by_light.items(), (COLOURS[2], COLOURS[3]), strict=True):
        right.plot(LIGHTS, 100 * values, color=colour, marker="o", ms=5, mec="white", lw=2)
        end = name == "with inhibition"
        right.annotate(
            name, (LIGHTS[4], 100 * values[4]), (0, 9) if end else (-4, -16), textcoords="offset points",
            color=colour, fontweight="bold", fontsize=9.5, ha="center" if end else "right",
        )  # fmt: skip
    right.set_xlabel(f"share of stray light (Sobol, L = {SHOWN_LENGTH})", color=QUIET, fontsize=9)
    right.set_title("accuracy %", loc="left", color=QUIET, fontsize=9.5)
    for ax in (left, right):
        quiet_axes(ax)
        ax.tick_params(labelsize=8.5)


def picture(data: Dataset, networks: dict[str, sc.Network], found: Found) -> Figure:
    """One digit through the network in two lights, and the accuracies."""
    circuit = networks["with inhibition"].circuit(SHOWN_LENGTH)
    other = networks["without"].circuit(SHOWN_LENGTH)
    bright = lit(data.x_test, SHOWN_LIGHTS[-1])
    right = [c.predict(x) == data.y_test for c in (circuit, other) for x in (data.x_test, bright)]
    place = np.flatnonzero(right[0] & right[1] & right[2] & ~right[3])[SHOWN]
    image = data.x_test[place]

    figure = Figure(figsize=(11.5, 5.4), dpi=100)
    figure.text(0.02, 0.945, "A retina of bits", fontsize=17, fontweight="bold", color=INK)
    figure.text(
        0.212, 0.949, "lateral inhibition, ten spiking neurons, winner-take-all: one stochastic circuit", fontsize=10.5,
        color=QUIET,
    )  # fmt: skip
    for row, light in enumerate(SHOWN_LIGHTS):
        bottom = 0.51 - 0.435 * row
        axes = np.array(
            [figure.add_axes((x, bottom, width, 0.34)) for x, width in ((0.05, 0.16), (0.22, 0.16), (0.41, 0.15))]
            + [figure.add_axes((0.58, bottom, 0.07, 0.34))]
        )
        draw_path(axes, circuit, image, light, int(other.predict(lit(image, light))))
        axes[0].set_ylabel("even light" if light == 0 else f"{100 * light:.0f} % stray light", color=INK, fontsize=11)
        if row == 0:
            for ax, title in zip(axes, ("image", "after inhibition", "spikes, ms", "winner"), strict=True):
                ax.set_title(title, color=INK, fontsize=11)
    draw_lines(figure.add_axes((0.72, 0.56, 0.26, 0.28)), figure.add_axes((0.72, 0.11, 0.26, 0.28)), found)
    return figure


SHOWN = 0
"""Which of the digits that only the network with inhibition reads in stray light."""


NETWORKS = {"with inhibition": STRENGTH, "without": 0.0}


def networks_of(data: Dataset) -> dict[str, sc.Network]:
    """The trained networks of the picture."""
    return {name: trained(data, strength) for name, strength in NETWORKS.items()}


def run(quick: bool) -> Result:
    """Accuracies in %; quick enough as it is."""
    data = load_digits()
    networks = networks_of(data)
    found = measure(data, networks)
    numbers = {"floats, %": 100 * found.floating}
    for name, values in found.by_length.items():
        numbers |= {f"{name}, L = {length}, %": 100 * v for length, v in zip(LENGTHS, values, strict=True)}
    for name, values in found.by_light.items():
        numbers |= {f"{name}, stray light {light:.1f}, %": 100 * v for light, v in zip(LIGHTS, values, strict=True)}
    pictures = {"receptive_field.png": picture(data, networks, found).savefig}
    return Result(numbers, pictures, {"retina.safetensors": networks["with inhibition"]})


def quotes(numbers: dict[str, float]) -> list[str]:
    """Both tables."""
    found = [f"Accuracy %, floats {numbers['floats, %']:.2f}"]
    for name, title in GENERATORS.items():
        found.append(table_row(title, *(f"{numbers[f'{name}, L = {length}, %']:.2f}" for length in LENGTHS)))
    lights = {name: [numbers[f"{name}, stray light {light:.1f}, %"] for light in LIGHTS] for name in NETWORKS}
    return [*found, *(table_row(name, *(f"{value:.2f}" for value in values)) for name, values in lights.items())]
