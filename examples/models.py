"""Five networks trained in PyTorch on Fashion-MNIST and read without an edit: how long must their streams be?

LeNet-5, ResNet-8, MobileNet, a vision transformer and an LSTM; needs torch, and Fashion-MNIST in a full run. Trained
networks and finished rows are kept in the folder ``models`` of the package's cache: a run that was stopped goes on.
"""

import sys
import timeit
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from sc_neurocore import Network, from_torch
from sc_neurocore.datasets import Dataset, load_fashion
from sc_neurocore.evaluation import cache_folder, evaluate
from sc_neurocore.plots.style import COLOURS, INK, MARKERS, QUIET, label_ends, length_axis, picture, quiet_axes

from .check import stored
from .result import Result, table_row
from .torch_models import LeNet, MobileNet, ResNet8, RowLSTM, VisionTransformer, trained

PAGE = "models.md"
PICTURES = {"models.png": (1560, 780)}
TOLERANCE = None
"""PyTorch trains otherwise on another machine."""

LENGTHS, GENERATORS = (8, 16, 32, 64, 256), {"sobol": "Sobol", "searched": "Searched"}
WAYS = ("calibrated", "as mapped")
SPEED_AT = (64, 256)
SHORT, LONG = 16, 1024
"""Streams of one part of a network, and of all others, as mapped, by Sobol sequences."""
IMAGES, SAMPLES, RANGED = 1000, 300, 2000
"""Held-out images; samples for a calibration, and for the ranges of a network."""
QUICK = 16
"""Images of a quick run, which have random pixels, and are seen once."""


class Recipe(NamedTuple):
    """A model and its training."""

    title: str
    make: type[nn.Module]
    epochs: int
    rate: float
    batch: int
    parts: Mapping[str, Iterable[int]]
    """Groups of its layers with streams, by their places among these."""

    def train(self, data: Dataset, epochs: int | None = None) -> nn.Module:
        """The trained model; `epochs`: other than its own."""
        return trained(self.make, data, epochs or self.epochs, self.rate, self.batch)

    def trained_network(self, data: Dataset) -> Network:
        """The network of the trained model, from its file in the cache if it is there."""
        path = kept(f"{self.make.__name__}-{self.epochs}-{self.rate:g}-{self.batch}.safetensors")
        if path is not None and path.exists():
            return Network.load(path)
        network = read(self.train(data), data)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            network.save(path)
        return network


FIRST_AND_LAST = "first and last"
RECIPES = {
    "lenet": Recipe(
        "LeNet-5", LeNet, 8, 2e-3, 64, {"convolutions": (0, 2), "maximum pools": (1, 3), "dense layers": (4, 5, 6)}
    ),
    "resnet": Recipe(
        "ResNet-8",
        ResNet8,
        8,
        5e-3,
        128,
        {"convolutions of blocks": (1, 2, 3, 4, 6, 7), "1 x 1 on shortcuts": (5, 8), FIRST_AND_LAST: (0, 9)},
    ),
    "mobilenet": Recipe(
        "MobileNet",
        MobileNet,
        8,
        5e-3,
        128,
        {"depthwise": range(1, 9, 2), "1 x 1": range(2, 9, 2), FIRST_AND_LAST: (0, 9)},
    ),
    "transformer": Recipe(
        "vision transformer",
        VisionTransformer,
        10,
        2e-3,
        128,
        {
            "attention": (2, 7),
            "its projections": (1, 3, 6, 8),
            "perceptrons": (4, 5, 9, 10),
            FIRST_AND_LAST: (0, 11),
        },
    ),
    "lstm": Recipe(
        "LSTM",
        RowLSTM,
        10,
        4e-3,
        128,
        {"inputs of all steps": (0,), "steps 2 to 15": range(1, 15), "steps 16 to 28": range(15, 28), "last": (28,)},
    ),
}


def read(model: nn.Module, data: Dataset) -> Network:
    """The network, its ranges those of training images."""
    return from_torch(model, (1, 28, 28), data.x_train[:RANGED], input_range=(0.0, 1.0), classes=data.classes)


def kept(file: str) -> Path | None:
    """A place in the cache; None: there is no cache."""
    folder = cache_folder()
    return None if folder is None else folder / "models" / file


def tell(title: str, done: int, total: int, task: Any) -> None:
    """Progress of an evaluation."""
    print(f"{title}: {done} of {total}, {'' if task is None else task.label}", file=sys.stderr)


def measured(name: str, network: Network, data: Dataset) -> dict[str, float]:
    """Numbers of a network, and of its circuits, calibrated and as mapped."""
    title, make = RECIPES[name].title, RECIPES[name].make
    numbers: dict[str, float] = {
        f"{title}, weights": sum(each.numel() for each in make().parameters()),
        f"{title}, layers": len(network.layers),
        f"{title}, layers with streams": len(network.stream_nodes),
        f"{title}, floats on all, %": 100 * (network.float_predict(data.x_test) == data.y_test).mean(),
    }
    few = replace(data, x_test=data.x_test[:IMAGES], y_test=data.y_test[:IMAGES])
    run = {"generators": tuple(GENERATORS), "out": kept(name), "progress": partial(tell, title)}
    mapped = evaluate(network, few, LENGTHS, calibrate="none", **run)
    found = evaluate(network, few, LENGTHS, calibration=data.x_train[:SAMPLES], **run)
    numbers[f"{title}, floats, %"] = 100 * mapped.float_accuracy
    for way, evaluation in zip(WAYS, (found, mapped), strict=True):
        for point in evaluation.points:
            numbers[f"{title}, {point.generator}, L = {point.length}, {way}, %"] = 100 * point.accuracy
    return numbers


def speeds(name: str, network: Network, data: Dataset) -> dict[str, float]:
    """Images a second of circuits as mapped, by Sobol sequences: the fastest of three runs."""
    x, numbers = data.x_test[:IMAGES], {}
    for length in SPEED_AT:
        circuit = network.circuit(length, "sobol")
        circuit.predict(x[:8])  # compiles
        seconds = min(timeit.repeat(partial(circuit.predict, x), number=1, repeat=3))
        numbers[f"{RECIPES[name].title}, images/s at L = {length}"] = len(x) / seconds
    return numbers


def measured_parts(name: str, network: Network, data: Dataset) -> dict[str, float]:
    """Accuracies where one part of the network has short streams."""
    title, parts, numbers = RECIPES[name].title, RECIPES[name].parts, {}
    for part, places in parts.items():
        lengths = np.full(len(network.stream_nodes), LONG)
        lengths[list(places)] = SHORT
        right = network.circuit(lengths.tolist(), "sobol").predict(data.x_test[:IMAGES]) == data.y_test[:IMAGES]
        numbers[f"{title}, short: {part}, %"] = 100 * right.mean()
    return numbers


def quick_networks() -> dict[str, Network]:
    """The networks, seeing random images once."""
    rng = np.random.default_rng(0)
    x, y = rng.random((QUICK, 784)), np.arange(QUICK) % 10
    data = Dataset("random images", x, y, x[:2], y[:2], n_classes=10)
    found = {}
    for name, recipe in RECIPES.items():
        found[name] = read(recipe.train(data, 1), data)
        found[name].circuit(16).predict(data.x_test)
    return found


def draw(path: Path, numbers: dict[str, float]) -> None:
    """Accuracy against stream length: calibrated thick, as mapped thin; a panel for each generator."""
    with picture(path, (10.4, 5.2), 150) as figure:
        figure.subplots_adjust(left=0.06, right=0.8, bottom=0.12, top=0.8, wspace=0.07)
        panels = figure.subplots(1, 2, sharey=True)
        for ax, (generator, called) in zip(panels, GENERATORS.items(), strict=True):
            ends = []
            for recipe, colour, marker in zip(RECIPES.values(), COLOURS, MARKERS, strict=False):
                for way, width, size in zip(WAYS, (2.2, 0.9), (6, 0), strict=True):
                    y = [numbers[f"{recipe.title}, {generator}, L = {length}, {way}, %"] for length in LENGTHS]
                    ax.plot(LENGTHS, y, color=colour, lw=width, marker=marker, ms=size, mec="white", clip_on=False)
                ends.append((y[-1], f"{recipe.title}  {numbers[f'{recipe.title}, floats, %']:.1f}", colour))
            length_axis(ax, LENGTHS)
            quiet_axes(ax)
            ax.tick_params(axis="x", length=4)
            ax.set_ylim(0, 100)
            ax.set_title(called, color=INK, fontsize=11, loc="left")
            ax.set_xlabel("stream length L (clock cycles, logarithmic)", color=INK)
        panels[0].set_ylabel("accuracy (%)", color=INK)
        label_ends(panels[1], ends)
        figure.text(0.06, 0.935, "Five networks from PyTorch on streams", fontsize=15, fontweight="bold", color=INK)
        facts = f"Fashion-MNIST, {IMAGES:,} held-out images  ·  thick: calibrated, thin: as mapped"
        figure.text(0.06, 0.885, f"{facts}  ·  beside the names: float, %", fontsize=9.5, color=QUIET)


def run(quick: bool) -> Result:
    """Accuracies in %; quick: no number, only that every model is trained, read and run, and the stored picture."""
    if quick:
        networks, numbers = quick_networks(), {}
        shown = stored("models")["numbers"]
    else:
        data, numbers = load_fashion(), {}
        networks = {name: recipe.trained_network(data) for name, recipe in RECIPES.items()}
        for name, network in networks.items():
            for measure in (measured, measured_parts, speeds):
                numbers |= measure(name, network, data)
        shown = numbers
    files = {f"{name}.safetensors": network for name, network in networks.items()}
    return Result(numbers, {"models.png": partial(draw, numbers=shown)}, files)


def quotes(numbers: dict[str, float]) -> list[str]:
    """The three tables."""
    found = []
    for recipe in RECIPES.values():
        title = recipe.title
        of = {key.removeprefix(f"{title}, "): value for key, value in numbers.items() if key.startswith(f"{title}, ")}
        cells = [f"{of['layers with streams']:.0f} of {of['layers']:.0f}", f"{of['weights']:,.0f}"]
        cells += [f"{of['floats on all, %']:.2f}", *(f"{of[f'images/s at L = {length}']:,.0f}" for length in SPEED_AT)]
        found.append(table_row(title, *cells))
        for (generator, called), way in product(GENERATORS.items(), WAYS):
            values = (of.get(f"{generator}, L = {length}, {way}, %") for length in LENGTHS)
            cells = ["" if value is None else f"{value:.1f}" for value in values]
            found.append(table_row(title, called, way, *cells, f"{of['floats, %']:.1f}"))
        found += [table_row(title, part, f"{of[f'short: {part}, %']:.1f}") for part in recipe.parts]
    return found
