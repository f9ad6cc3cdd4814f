"""A hundred spiking neurons learn handwritten digits without a label.

`SCLearningLayer` sees the first half of scikit-learn's digits (898 images, 8 x 8 pixels): every pixel is a Bernoulli
stream of 128 cycles, every weight another one, and each spike makes the pixels that were on before it count more.
Lateral inhibition (k-winner-take-all, k = 1) lets one neuron answer at a time; a threshold that grows with every spike
lets all of them have their turn. Labels come in afterwards: a neuron is called by the digit for which it spiked most.
The second half (899 images, by other writers in part) is the test.

    python examples/unsupervised_digits.py --picture digits.png
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sc_neurocore import SCLearningLayer
from sc_neurocore.plots.style import COLOURS, INK, QUIET, quiet_axes

NEURONS, LENGTH, EPOCHS = 100, 128, 4
CHUNK = 225
"""Images between two looks at the network."""
TAU_PLUS, TAU_MINUS = 5.0, 10_000.0
"""Depression is slow: it sees how often a neuron spikes over many images, so that pixels of its own images gain on those
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
        64, neurons, learning_rate=0.05, ltd_ratio=TAU_PLUS / TAU_MINUS, tau_plus=TAU_PLUS, tau_minus=TAU_MINUS,
        step=1 / 32, length=LENGTH, base_seed=seed, wta=1, homeostasis=0.05, tau_homeostasis=1e5, pause_ms=100.0,
        y_max=3.0, neuron_params={"noise_std": 0.0},
    )  # fmt: skip


def counts(layer: SCLearningLayer, x: np.ndarray) -> np.ndarray:
    """Spikes ``(images, neurons)`` of a layer that does not learn meanwhile."""
    return layer.run_epoch(x, learning=False).sum(2)


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
