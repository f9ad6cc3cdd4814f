"""Learning from spike times: a hundred spiking neurons learn handwritten digits without a label.

`SCLearningLayer` sees the first half of scikit-learn's digits (898 images, 8 x 8 pixels): every pixel is a Sobol
stream of 128 cycles, every weight another one, and each spike makes the pixels that were on before it count more.
Lateral inhibition (k-winner-take-all, k = 1) lets one neuron answer at a time; a threshold that grows with every spike
lets all of them have their turn. Labels come in afterwards: a neuron is called by the digit for which it spiked most.
The second half (899 images, by other writers in part) is the test.
"""

import copy
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sc_neurocore import SCLearningLayer
from sc_neurocore.plots.style import COLOURS, INK, QUIET, quiet_axes

from .result import Result, table_row

PAGE = "learning.md"
PICTURES = {"digits.png": (1100, 660)}
TOLERANCE = 0.0

NEURONS, LENGTH, EPOCHS = 100, 128, 4
SEEDS = 4
CHUNK = 225
"""Images between two looks at the network."""
TAU_PLUS, TAU_MINUS = 3.0, 10_000.0
"""Depression is slow: it follows a neuron's spikes over many images, so that the pixels of its own images gain on those
of all images. Both windows have one area."""

PAPER = "#ffffff"


class Digits(NamedTuple):
    """Halves of scikit-learn's digits, in its order."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


class Moment(NamedTuple):
    """What is known after so many images."""

    images: int
    weights: np.ndarray
    accuracy: float


def load() -> Digits:
    """The first half to learn from, the second for the test."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    half = len(x) // 2
    return Digits(x[:half] / 16, y[:half], x[half:] / 16, y[half:])


def build(seed: int = 0, neurons: int = NEURONS) -> SCLearningLayer:
    """The layer before it has seen anything."""
    return SCLearningLayer(
        64, neurons, learning_rate=0.08, ltd_ratio=TAU_PLUS / TAU_MINUS, tau_plus=TAU_PLUS, tau_minus=TAU_MINUS,
        step=1 / 32, length=LENGTH, base_seed=seed, wta=1, homeostasis=0.01, tau_homeostasis=3e5, pause_ms=100.0,
        y_max=2.0, neuron_params={"noise_std": 0.0}, generator="sobol",
    )  # fmt: skip


def counts(layer: SCLearningLayer, x: np.ndarray) -> np.ndarray:
    """Spikes ``(images, neurons)`` of a copy of the layer that does not learn: the layer does not notice."""
    return copy.deepcopy(layer).run_epoch(x, learning=False).sum(2)


def names_of(layer: SCLearningLayer, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The digit ``(neurons,)`` for which each neuron spiked most."""
    answers = counts(layer, x)
    return np.array([answers[y == digit].sum(0) for digit in range(10)]).argmax(0)


def answers_of(layer: SCLearningLayer, names: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The digit whose neurons spiked most, for each image."""
    spikes = counts(layer, x)
    return np.array([spikes[:, names == digit].sum(1) for digit in range(10)]).argmax(0)


def accuracy(layer: SCLearningLayer, digits: Digits) -> float:
    """Share of the test half that is answered right."""
    names = names_of(layer, digits.x_train, digits.y_train)
    return float(np.mean(answers_of(layer, names, digits.x_test) == digits.y_test))


def train(layer: SCLearningLayer, digits: Digits, epochs: int, looks: tuple[int, ...]) -> Iterator[Moment]:
    """Learn; say how it stands after each number of images in `looks`."""
    rng, seen = np.random.default_rng(0), 0
    if 0 in looks:
        yield Moment(0, layer.get_weights(), accuracy(layer, digits))
    for _ in range(epochs):
        order = rng.permutation(len(digits.x_train))
        for start in range(0, len(order), CHUNK):
            part = order[start : start + CHUNK]
            layer.run_epoch(digits.x_train[part])
            seen += len(part)
            if seen in looks:
                yield Moment(seen, layer.get_weights(), accuracy(layer, digits))


def draw(moments: list[Moment], names: np.ndarray, digits: Digits) -> Figure:
    """The receptive fields, how they came about, and how often they are right."""
    figure = Figure(figsize=(11, 6.6), dpi=100, facecolor=PAPER)
    figure.text(
        0.035, 0.94, "A hundred neurons find the digits by themselves", fontsize=17, fontweight="bold", color=INK
    )
    right = 100 * moments[-1].accuracy
    facts = (
        f"64 weights of each, learned from {moments[-1].images} looks at {len(digits.x_train)} images, without a label"
        f"  ·  {right:.1f} % of {len(digits.x_test)} new images named right"
    )
    figure.text(0.035, 0.9, facts, fontsize=10, color=QUIET)
    order = np.argsort(names, kind="stable")
    left = figure.add_axes((0.035, 0.03, 0.5, 0.84))
    draw_fields(left, moments[-1].weights[order], names[order])
    best = [int(np.argmax(names[order] == digit)) for digit in range(10) if digit in names]
    draw_growth(figure, moments, order[best], names)
    draw_accuracy(figure.add_axes((0.6, 0.09, 0.354, 0.225)), moments)
    return figure


def draw_fields(ax: Axes, weights: np.ndarray, names: np.ndarray) -> None:
    """The weights of all neurons as images, sorted by the digit that they answer to, in two colours by turns."""
    side, pitch = int(np.ceil(np.sqrt(len(weights)))), 10
    sheet = np.ones((side * pitch, side * pitch, 3))
    changes = np.cumsum(np.diff(names, prepend=names[0]) != 0)
    for place, each in enumerate(weights):
        row, column = divmod(place, side)
        ink = 1 - np.array(to_rgb((INK, COLOURS[0])[changes[place] % 2]))
        tile = 1 - each.reshape(8, 8, 1) * ink
        sheet[pitch * row + 2 : pitch * row + 10, pitch * column : pitch * column + 8] = tile
        if place == 0 or names[place] != names[place - 1]:
            style = {"fontsize": 8.5, "color": (INK, COLOURS[0])[changes[place] % 2], "fontweight": "bold"}
            ax.text(pitch * column - 0.4, pitch * row + 1.2, str(names[place]), **style)
    ax.imshow(sheet)
    ax.set_axis_off()


def draw_growth(figure: Figure, moments: list[Moment], chosen: np.ndarray, names: np.ndarray) -> None:
    """One neuron of each digit, from its random start to what it became."""
    width, height = 0.036, 0.06
    figure.text(0.6, 0.845, "one neuron of each digit, as it learns", fontsize=10.5, color=INK)
    for row, moment in enumerate(moments):
        y = 0.745 - row * (height + 0.008)
        figure.text(0.592, y + height / 2, f"{moment.images}", ha="right", va="center", fontsize=8.5, color=QUIET)
        for column, neuron in enumerate(chosen):
            tile = figure.add_axes((0.6 + column * width, y, width * 0.94, height))
            tile.imshow(moment.weights[neuron].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            tile.set_axis_off()
            if row == 0:
                tile.set_title(str(names[neuron]), fontsize=9, color=INK, pad=2)
    figure.text(0.592, 0.816, "images", ha="right", fontsize=8.5, color=QUIET)


def draw_accuracy(ax: Axes, moments: list[Moment]) -> None:
    """Test accuracy against the number of images seen."""
    images, right = [moment.images for moment in moments], [100 * moment.accuracy for moment in moments]
    ax.axhline(10, color=QUIET, lw=1, ls=(0, (4, 3)))
    ax.text(images[-1], 12, "chance", ha="right", color=QUIET, fontsize=9)
    ax.plot(images, right, "-o", color=COLOURS[0], lw=2.2, ms=6, mec=PAPER, clip_on=False)
    ax.text(images[-1], right[-1] + 5, f"{right[-1]:.1f} %", ha="right", color=COLOURS[0], fontweight="bold")
    ax.set_ylim(0, 100)
    ax.set_xlim(0, images[-1])
    ax.set_title("test images named right, %", loc="left", fontsize=10.5, color=INK)
    ax.set_xlabel("images seen", color=QUIET, fontsize=9.5)
    quiet_axes(ax)


def learned(digits: Digits, epochs: int, seed: int, looks: tuple[int, ...]) -> tuple[list[Moment], np.ndarray]:
    """What is known at each look, and the names of the neurons at the end."""
    layer = build(seed)
    moments = list(train(layer, digits, epochs, looks))
    return moments, names_of(layer, digits.x_train, digits.y_train)


def run(quick: bool) -> Result:
    """% of the test half that is named right; quick: after one look at each image, of one seed."""
    digits, epochs = load(), 1 if quick else EPOCHS
    half = len(digits.x_train)
    looks = tuple(sorted({0, CHUNK, *(half * (epoch + 1) for epoch in range(epochs))}))
    moments, names = learned(digits, epochs, 0, looks)
    numbers = {f"seed 0, {moment.images} images, %": 100 * moment.accuracy for moment in moments}
    for seed in range(1, 1 if quick else SEEDS):
        last = learned(digits, epochs, seed, looks[-1:])[0][-1]
        numbers[f"seed {seed}, {last.images} images, %"] = 100 * last.accuracy
    return Result(numbers, {"digits.png": draw(moments, names, digits).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The row of seed 0, and the last accuracies of all seeds."""
    last = [next(reversed([v for name, v in numbers.items() if name.startswith(f"seed {k},")])) for k in range(SEEDS)]
    seeds = ", ".join(map(str, range(SEEDS)))
    return [
        table_row("seed 0", *(f"{value:.1f}" for name, value in numbers.items() if name.startswith("seed 0,"))),
        f"After 3592 images, seeds {seeds}: {', '.join(f'{value:.1f}' for value in last)}",
    ]
