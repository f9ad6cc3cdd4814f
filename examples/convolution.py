"""Convolution: an edge kernel on a digit, and how its feature map sharpens with the stream length."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from sc_neurocore import SCConv2DLayer

from .result import Result

PAGE = "convolution.md"
PICTURES = {"convolution.png": (1056, 572)}
TOLERANCE = 0.0

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


def rmse(found: np.ndarray, exact: np.ndarray) -> float:
    """Root mean square error of a map."""
    return float(np.sqrt(np.mean((found - exact) ** 2)))


def draw(image: np.ndarray, exact: np.ndarray, maps: dict[tuple[str, int], np.ndarray]) -> Figure:
    """Rows of generators, columns of lengths; the root mean square error above each map."""
    figure = Figure(figsize=(9.6, 5.2), dpi=110, layout="constrained")
    axes = figure.subplots(3, 6)
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
            ax.set_title((f"L = {length}\n" if row == 0 else "") + f"{name}, RMSE {rmse(found, exact):.3f}", fontsize=9)
    figure.suptitle("One 3 x 3 edge kernel as a stochastic circuit", fontsize=12)
    return figure


def run(quick: bool) -> Result:
    """Root mean square errors of all maps; they are quick to compute."""
    image, exact, maps = feature_maps()
    numbers = {f"{generator}, L = {length}": rmse(found, exact) for (generator, length), found in maps.items()}
    return Result(numbers, {"convolution.png": draw(image, exact, maps).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """From which length on the maps of LFSR and Sobol are exact."""
    exact = min(n for n in LENGTHS if max(numbers[f"{name}, L = {n}"] for name in ("lfsr", "sobol")) < 1e-12)
    return [f"With LFSR and Sobol streams the map is exact from L = {exact} on"]
