"""A gallery of 49 handwritten digits in a crossbar of 64 x 64 cells.

python examples/crossbar.py crossbar.png
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

from sc_neurocore.plots import save_crossbar
from sc_neurocore.synapses import MemristorModel


def gallery() -> np.ndarray:
    """Seven by seven digits as weights ``(64, 64)``: a row of pixels is an input, a column a neuron."""
    digits = np.pad(load_digits().images[:49] / 16, ((0, 0), (1, 0), (1, 0)))
    picture = np.pad(digits.reshape(7, 7, 9, 9).swapaxes(1, 2).reshape(63, 63), ((0, 1), (0, 1)))
    return picture.T


if __name__ == "__main__":
    chip = MemristorModel.preset("al2o3-tio2")
    print(chip.describe(gallery()))
    for path in sys.argv[1:]:
        save_crossbar(path, chip, gallery())
