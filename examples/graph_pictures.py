"""Graphs: a residual network and a self-attention drawn, with what their circuits of 64 cycles cost."""

from functools import partial

import numpy as np

from sc_neurocore import Add, Attention, Conv2D, Dense, GlobalPool, LayerNorm, Network
from sc_neurocore.plots import save_network

from .result import Result

PAGE = "graphs.md"
PICTURES = {"graph_residual.png": (543, 1119), "graph_attention.png": (620, 1026)}
TOLERANCE = 0.0
CYCLES = 64


def residual() -> Network:
    """Three convolutions with a residual around two of them, a pool and a head; images 1 x 8 x 8."""
    rng = np.random.default_rng(0)

    def conv(n: int, activation: str) -> Conv2D:
        return Conv2D(rng.normal(size=(4, n, 3, 3)) / (3 * n), np.zeros(4), activation, padding=1)

    return Network.from_layers(
        {
            "stem": conv(1, "relu"),
            "first": conv(4, "relu"),
            "second": conv(4, "identity"),
            "sum": (Add(2, "relu"), "second", "stem"),
            "pool": GlobalPool("average"),
            "head": Dense(rng.normal(size=(3, 4)), np.zeros(3), "identity"),
        },
        input_shape=(1, 8, 8),
        calibration=rng.random((50, 64)),
        input_range=(0.0, 1.0),
    )


def attention() -> Network:
    """Normalised tokens, a self-attention of two heads, a residual, and the mean over tokens."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(8, 8)) / 3 for _ in range(4)]
    return Network.from_layers(
        {
            "norm": LayerNorm(np.ones(8), np.zeros(8)),
            **Attention.projected("attention", "norm", weights, heads=2),
            "sum": (Add(), "attention", "input"),
            "mean": GlobalPool("average"),
        },
        input_shape=(5, 8),
        input_range=(-1.0, 1.0),
    )


NETWORKS = {"residual": residual, "attention": attention}


def run(quick: bool) -> Result:
    """Streams, gates and cycles of both circuits, from the tables of `describe`; quick as it is."""
    numbers: dict[str, float] = {}
    pictures = {}
    for name, make in NETWORKS.items():
        network = make()
        circuit = network.circuit(CYCLES)
        lines = circuit.describe().splitlines()
        total = next(line.split() for line in lines if line.startswith("all "))
        longest = next(line.split()[2] for line in lines if line.startswith("longest way"))
        values = zip(("streams", "gates", "cycles"), total[1:4], strict=True)
        numbers |= {f"{name}, {fact}": float(value) for fact, value in values}
        numbers[f"{name}, longest way"] = float(longest)
        pictures[f"graph_{name}.png"] = partial(save_network, network=circuit if name == "residual" else network)
    return Result(numbers, pictures)


def quotes(numbers: dict[str, float]) -> list[str]:
    """What the circuits of both pictures cost."""
    return [
        f"{numbers[f'{name}, streams']:.0f} streams, {numbers[f'{name}, gates']:.0f} gates and "
        f"{numbers[f'{name}, longest way']:.0f} cycles on the longest way"
        for name in NETWORKS
    ]
