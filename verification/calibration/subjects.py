"""The networks that the study of calibration runs, and how many points they may be below floating point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sc_neurocore import Network, datasets
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import default_model
from sc_neurocore.evaluation.default_model import perceptron
from sc_neurocore.interop import from_sklearn, load_network

DEEP: dict[str, Any] = {"hidden_layer_sizes": [128, 64], "max_iter": 8, "batch_size": 200}
"""Recipe of the network of three layers: that of Fashion-MNIST with a layer more."""
Maker = Callable[[Dataset, int, Path | None], Network]


@dataclass(frozen=True)
class Subject:
    """Networks of one data set and shape.

    Parameters
    ----------
    title
        Data and widths of the layers.
    load
        Gives the data; FileNotFoundError or ImportError where they are not there.
    network
        Gives the network of a seed, trained, or from a folder of trained ones.
    nets
        Networks, of the seeds 0, 1, ..
    step_nets
        As many of them are run with fewer steps.
    targets
        Points that the mean of the calibrated networks may be below float, by generator and length.
    """

    title: str
    load: Callable[[], Dataset]
    network: Maker
    nets: int = 5
    step_nets: int = 1
    targets: Mapping[tuple[str, int], float] = field(default_factory=dict)


def by_recipe(data: Dataset, seed: int, folder: Path | None) -> Network:
    """The network of the package's own recipe for the data."""
    return default_model(data, print, seed=seed, folder=folder)


def deep(data: Dataset, seed: int, folder: Path | None) -> Network:
    """A network of three layers."""

    def train() -> Network:
        return from_sklearn(perceptron(data.x_train, data.y_train, seed, DEEP), calibration=data.x_train)

    return kept(train, folder, f"{data.name}-deep-{seed}")


def lenet(data: Dataset, seed: int, folder: Path | None) -> Network:
    """The convolutional network of the example, which has one seed."""
    from examples.lenet import train

    return kept(partial(train, data), folder, f"{data.name}-lenet-{seed}")


def kept(train: Callable[[], Network], folder: Path | None, name: str) -> Network:
    """A network from its file in the folder, else a trained one, which is put there."""
    path = None if folder is None else folder / f"{name}.safetensors"
    if path is not None and path.exists():
        return load_network(path)
    print(f"training {name}")
    network = train()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        network.save(path)
    return network


SUBJECTS = {
    "fashion": Subject(
        "Fashion-MNIST, 784-128-10",
        datasets.load_fashion,
        by_recipe,
        targets={
            **{("searched", length): most for length, most in ((2, 5.2), (4, 3.2), (8, 1.2), (16, 0.5), (32, 0.2))},
            ("bernoulli", 16): 7.0,
            ("bernoulli", 32): 3.5,
        },
    ),
    "mnist": Subject("MNIST, 784-128-10", datasets.load_mnist, by_recipe, step_nets=0),
    "digits": Subject(
        "digits, 64-32-10",
        datasets.load_digits,
        by_recipe,
        step_nets=5,
        targets={("searched", 4): 4.0, ("searched", 8): 1.2, ("searched", 16): 0.6},
    ),
    "fashion-deep": Subject("Fashion-MNIST, 784-128-64-10", datasets.load_fashion, deep, 2, step_nets=0),
    "lenet": Subject("5000 images of MNIST, LeNet-5", datasets.load_mnist5k, lenet, 1, 0),
}
"""By name, in the order of the page."""
