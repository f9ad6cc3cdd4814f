"""Digits on worn chips: defects injected after training, against training through them.

A 64-32-10 network is written into crossbars with stuck cells and 5 % programming spread. "Injected":
the trained weights as the chip has them. "Trained through": 30 more passes over the training images
on the chip itself, in expectation mode, with `HardwareAwareSCLayer.update_weights`. Both are then run
bit-true, Sobol streams of 256 cycles. Biases are kept in the counters, not in cells.
"""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track

from sc_neurocore import HardwareAwareSCLayer, Network
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.evaluation import default_model

from .result import Result, table_row

PAGE = "memristors.md"
PICTURES = {"defects.png": (704, 462)}
TOLERANCE = 3.0
"""Points of accuracy: thirty epochs of training, whose last digits depend on the machine."""

RATES, CHIPS, LENGTH = (0.01, 0.02, 0.05, 0.1, 0.2), 5, 256
QUICK_RATES = (0.1,)
EPOCHS, BATCH, STEP = 30, 32, 0.05


@dataclass
class Chip:
    """Two layers on crossbars; weights in units of their gains, biases in the counters."""

    hidden: HardwareAwareSCLayer
    output: HardwareAwareSCLayer
    gains: tuple[float, float]
    biases: list[np.ndarray]
    ceiling: float

    def scores(self, x: np.ndarray, streams: bool) -> tuple[np.ndarray, np.ndarray]:
        """Hidden values in [0, 1] and class scores, from streams or in expectation mode."""

        def run(layer: HardwareAwareSCLayer, values: np.ndarray) -> np.ndarray:
            return layer.forward(values) if streams else values @ layer.weights.T

        z = run(self.hidden, x) * self.gains[0] + self.biases[0]
        h = np.clip(z / self.ceiling, 0, 1)
        return h, run(self.output, h) * self.gains[1] + self.biases[1]

    def accuracy(self, data: Dataset) -> float:
        """Share of the held-out images that the streams put into the right class."""
        return float(np.mean(self.scores(data.x_test, streams=True)[1].argmax(1) == data.y_test))

    def train(self, data: Dataset, epochs: int, seed: int) -> None:
        """Gradient descent on the cross-entropy of what the chip gives; stuck synapses stay."""
        rng = np.random.default_rng(seed)
        for epoch in range(epochs):
            rate = STEP * (1 - epoch / epochs)
            for part in np.array_split(rng.permutation(len(data.x_train)), len(data.x_train) // BATCH):
                x, y = data.x_train[part], data.y_train[part]
                h, scores = self.scores(x, streams=False)
                share = np.exp(scores - scores.max(1, keepdims=True))
                error = share / share.sum(1, keepdims=True)
                error[np.arange(len(y)), y] -= 1
                error /= len(y)
                back = (error @ self.output.weights) * self.gains[1] / self.ceiling * ((h > 0) & (h < 1))
                self.output.update_weights(error.T @ h * self.gains[1], rate / self.gains[1])
                self.hidden.update_weights(back.T @ x * self.gains[0], rate / self.gains[0])
                self.biases[1] -= rate * error.sum(0)
                self.biases[0] -= rate * back.sum(0)


def make_chip(network: Network, stuck_rate: float, seed: int) -> Chip:
    """The trained network, written into a chip with so many stuck cells."""
    first, second = network.layers
    layers, gains = [], []
    for k, weights in enumerate((first.weights, second.weights * first.ceiling)):
        gain = float(np.abs(weights).max())
        options = {"encoding": "split", "generator": "sobol", "accumulate": "sum"}
        chip_seed = np.random.SeedSequence(seed, spawn_key=(k,))
        layers.append(
            HardwareAwareSCLayer.from_weights(
                weights / gain, LENGTH, stuck_rate=stuck_rate, variability=0.05, seed=chip_seed, **options
            )
        )
        gains.append(gain)
    return Chip(layers[0], layers[1], (gains[0], gains[1]), [first.bias.copy(), second.bias.copy()], first.ceiling)


def study(rates: tuple[float, ...] = RATES, chips: int = CHIPS, epochs: int = EPOCHS) -> np.ndarray:
    """Accuracy ``(rates, chips, 2)``: injected, trained through."""
    data = load_digits()
    network = default_model(data)
    found = np.empty((len(rates), chips, 2))
    cases = [(i, k) for i in range(len(rates)) for k in range(chips)]
    for i, k in track(cases, console=Console(stderr=True), transient=True, description="training on chips"):
        chip = make_chip(network, rates[i], seed=k)
        found[i, k, 0] = chip.accuracy(data)
        chip.train(data, epochs, seed=k)
        found[i, k, 1] = chip.accuracy(data)
    return found


def draw(found: np.ndarray, clean: float, rates: tuple[float, ...] = RATES) -> Figure:
    """Accuracy against the share of stuck cells; a dot a chip."""
    figure = Figure(figsize=(6.4, 4.2), dpi=110, layout="constrained")
    ax, percent = figure.subplots(), 100 * np.array(rates)
    for column, (name, colour) in enumerate((("injected after training", "#D55E00"), ("trained through", "#0072B2"))):
        values = 100 * found[..., column]
        for k in range(values.shape[1]):
            ax.plot(percent, values[:, k], "o", ms=4, color=colour, alpha=0.35, mew=0)
        ax.plot(percent, values.mean(1), color=colour, lw=2.2, marker="o", mec="white", ms=7)
        ax.annotate(name, (percent[-1], values.mean(1)[-1]), (8, 0), textcoords="offset points", color=colour,
                    va="center", fontweight="bold")  # fmt: skip
    ax.axhline(100 * clean, color="#222222", ls=(0, (5, 3)), lw=1.2)
    ax.annotate("no defects", (percent[0], 100 * clean), (0, 5), textcoords="offset points", color="#222222")
    ax.set_xscale("log")
    ax.set_xticks(percent, [f"{p:g}" for p in percent])
    ax.minorticks_off()
    ax.set_xlabel("stuck cells (%), half low and half high")
    ax.set_ylabel("accuracy (%)")
    ax.set_title("A chip that is trained with its defects learns around them", loc="left", fontsize=11)
    ax.grid(axis="y", color="#e6e6e6")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlim(percent[0] * 0.9, percent[-1] * 2.9)
    return figure


COLUMNS = ("injected", "injected, worst chip", "trained through", "trained through, worst chip", "won back")


def run(quick: bool) -> Result:
    """Accuracies in %, and how much of the loss is won back; quick: of one share of stuck cells."""
    data, rates = load_digits(), QUICK_RATES if quick else RATES
    clean = float(np.mean(default_model(data).circuit(LENGTH, "sobol").predict(data.x_test) == data.y_test))
    found = study(rates)
    numbers = {"without defects, %": 100 * clean}
    for rate, chips in zip(rates, found, strict=True):
        injected, through = chips.mean(0)
        back = (through - injected) / max(clean - injected, 1e-9)
        values = 100 * np.array([injected, chips[:, 0].min(), through, chips[:, 1].min(), back])
        numbers |= {f"{rate:.0%} stuck, {name}, %": float(value) for name, value in zip(COLUMNS, values, strict=True)}
    return Result(numbers, {"defects.png": draw(found, clean, rates).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The rows of the table."""
    found = []
    for rate in RATES:
        *accuracies, back = (numbers[f"{rate:.0%} stuck, {name}, %"] for name in COLUMNS)
        found.append(table_row(f"{100 * rate:g}", *(f"{value:.1f}" for value in accuracies), f"{back:.0f}"))
    return found
