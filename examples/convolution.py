"""A digit through edge kernels as bitstreams: how the feature maps sharpen with the stream length.

python examples/convolution.py convolution.png
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from sc_neurocore import SCConv2DLayer

KERNELS = np.array([[[[-0.5, 0.0, 0.5], [-1.0, 0.0, 1.0], [-0.5, 0.0, 0.5]]]])
"""Horizontal contrast (Sobel's operator, scaled into [-1, 1])."""
LENGTHS = (16, 64, 256, 1024)
GENERATORS = {"bernoulli": "Bernoulli", "lfsr": "LFSR", "sobol": "Sobol"}
DIGIT = 13


def feature_maps() -> tuple[np.ndarray, np.ndarray, dict[tuple[str, int], np.ndarray]]:
    """The image, its exact map, and the maps of the circuits."""
    image = np.kron(load_digits().images[DIGIT] / 16, np.ones((3, 3)))[None]
    maps = {}
    for generator in GENERATORS:
        for length in LENGTHS:
            layer = SCConv2DLayer.from_kernels(
                KERNELS, padding=1, length=length, generator=generator, encoding="split", accumulate="sum", seed=0
            )
            maps[generator, length] = layer.forward(image)[0]
    return image[0], layer.expected(image)[0], maps


def draw() -> Figure:
    """Rows of generators, columns of lengths; the root mean square error above each map."""
    image, exact, maps = feature_maps()
    figure, axes = plt.subplots(
        3, 6, figsize=(9.6, 5.2), layout="constrained", gridspec_kw={"width_ratios": [1, 1, 1, 1, 1, 1]}
    )
    for ax in axes.flat:
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set_visible(False)
    limit = np.abs(exact).max()
    axes[1, 0].imshow(image, cmap="gray_r")
    axes[1, 0].set_title("image", fontsize=10)
    axes[1, 1].imshow(exact, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes[1, 1].set_title("exact map", fontsize=10)
    for row, (generator, name) in enumerate(GENERATORS.items()):
        for column, length in enumerate(LENGTHS, start=2):
            ax, found = axes[row, column], maps[generator, length]
            ax.imshow(found, cmap="RdBu_r", vmin=-limit, vmax=limit)
            error = np.sqrt(np.mean((found - exact) ** 2))
            ax.set_title((f"L = {length}\n" if row == 0 else "") + f"{name}, RMSE {error:.3f}", fontsize=9)
    figure.suptitle("One 3 x 3 edge kernel as a stochastic circuit", fontsize=12)
    return figure


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/convolution.py FILE.png")
    draw().savefig(sys.argv[1], dpi=110)
