"""Memristors: a gallery of 49 handwritten digits in a crossbar of 64 x 64 cells, and what its errors cost."""

from functools import partial

import numpy as np
from sklearn.datasets import load_digits

from sc_neurocore.plots import save_crossbar
from sc_neurocore.synapses import MemristorModel

from .result import Result

PAGE = "memristors.md"
PICTURES = {"crossbar.png": (1210, 561)}
TOLERANCE = 1e-4
"""The linear solver of the wires may round otherwise elsewhere."""
CHIP = MemristorModel.preset("al2o3-tio2")
MECHANISMS = ("variability", "stuck", "wires", "all of it")


def gallery() -> np.ndarray:
    """Seven by seven digits as weights ``(64, 64)``: a row of pixels is an input, a column a neuron."""
    digits = np.pad(load_digits().images[:49] / 16, ((0, 0), (1, 0), (1, 0)))
    picture = np.pad(digits.reshape(7, 7, 9, 9).swapaxes(1, 2).reshape(63, 63), ((0, 1), (0, 1)))
    return picture.T


def run(quick: bool) -> Result:
    """Errors of the weights as `MemristorModel.describe` prints them; quick to compute."""
    numbers = {}
    for line in CHIP.describe(gallery()).splitlines()[2:]:
        mechanism = next(name for name in MECHANISMS if line.startswith(name))
        root, largest, *_ = line.split("[")[0].split()[-2:]
        numbers |= {f"{mechanism}, RMS error": float(root), f"{mechanism}, largest error": float(largest)}
    return Result(numbers, {"crossbar.png": partial(save_crossbar, model=CHIP, weights=gallery())})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The two columns of errors in the printed table."""
    return [f"{numbers[f'{m}, RMS error']:.4f} {numbers[f'{m}, largest error']:.4f}" for m in MECHANISMS]
