"""``python -m benchmarks.memory``: the peak of resident memory that a call of each layer adds, each in a fresh process.

A process imports the library, makes a small layer and calls it, which loads its kernels, and notes its peak; then it
makes the layer of the stated size, calls it once and takes the difference. The arrays that it gives are part of it.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import sc_neurocore as sc

from . import report
from .rows import Row

Setup = tuple[Callable[[], Any], int]
"""A call, and the bytes of the arrays it is given."""
ROOT = Path(__file__).parents[1]
ACCUMULATIONS = ("mean", "sum", "saturate", "or", "mux")
SMALL = {"units": 100}
"""Sizes of the first call, where 4 are too few; streams keep their length, which decides what kernels run."""


def _dense(kind: Any, size: dict[str, int], **options: Any) -> Setup:
    x = np.random.default_rng(0).random((size["batch"], size["n_inputs"]))
    layer = kind(size["n_inputs"], size["n_neurons"], size["length"], seed=0, **options)
    return (lambda: layer.forward(x)), x.nbytes + size["n_inputs"] * size["n_neurons"] * 8


def _spiking(size: dict[str, int]) -> Setup:
    rng = np.random.default_rng(0)
    n, n_inputs = size["n_neurons"], size["n_inputs"]
    x, weights = rng.random(n_inputs), rng.random((n, n_inputs))
    layer = sc.SCDenseLayer(n, x, weights, 0, 1, 0, 1, size["length"], y_max=0.2, base_seed=0)
    return (lambda: layer.run(size["length"])), x.nbytes + weights.nbytes


def _conv(size: dict[str, int], **options: Any) -> Setup:
    x = np.random.default_rng(0).random((size["batch"], size["channels"], size["pixels"], size["pixels"]))
    layer = sc.SCConv2DLayer(size["channels"], size["filters"], 3, padding=1, length=size["length"], seed=0, **options)
    return (lambda: layer.forward(x)), x.nbytes + layer.kernels.nbytes


def _reservoir(size: dict[str, int]) -> Setup:
    u = np.random.default_rng(0).random((size["steps"], 1))
    n = size["n_neurons"]
    layer = sc.SCRecurrentLayer(1, n, length=size["length"], seed=0, generator="sobol", encoding="split")
    return (lambda: layer.run(u)), u.nbytes + n * n * 8


def _learning(size: dict[str, int]) -> Setup:
    x = np.random.default_rng(0).random(size["n_inputs"])
    layer = sc.SCLearningLayer(size["n_inputs"], size["n_neurons"], length=size["length"], base_seed=0)
    return (lambda: layer.run_epoch(x)), x.nbytes + size["n_inputs"] * size["n_neurons"] * 8


def _fusion(size: dict[str, int]) -> Setup:
    n, shape = size["n_features"], (size["batch"], size["n_features"])
    x = {name: np.random.default_rng(0).random(shape) for name in "ab"}
    layer = sc.SCFusionLayer({"a": n, "b": n}, {"a": 0.7, "b": 0.3}, size["length"], seed=0)
    return (lambda: layer.forward(x)), 2 * x["a"].nbytes


def _attention(size: dict[str, int]) -> Setup:
    q, k, v = np.random.default_rng(0).random((3, size["heads"], size["n"], size["n"]))
    layer = sc.StochasticAttention(size["n"], seed=0)
    return (lambda: layer.forward_bitstream(q, k, v, size["length"])), 3 * q.nbytes


def _jax(size: dict[str, int]) -> Setup:
    currents = np.random.default_rng(0).random((size["steps"], size["n_neurons"]))
    layer = sc.JaxSCDenseLayer(size["n_neurons"], 1, seed=0)
    return (lambda: layer.run(currents)), currents.nbytes


def _predictive(size: dict[str, int]) -> Setup:
    x = np.random.default_rng(0).random((size["batch"], size["n_inputs"]))
    layer = sc.PredictiveCodingSCLayer(size["n_inputs"], size["n_neurons"], size["length"], seed=0)
    return (lambda: layer.run(x)), x.nbytes + size["n_inputs"] * size["n_neurons"] * 8


def _dendrite(size: dict[str, int]) -> Setup:
    inputs = np.random.default_rng(0).random((size["steps"], size["branches"]))
    layer = sc.RallDendrite(size["branches"], 16)
    return (lambda: layer.run(inputs)), inputs.nbytes


def _inhibition(size: dict[str, int]) -> Setup:
    x = np.random.default_rng(0).random((size["batch"], size["units"]))
    layer = sc.LateralInhibition(size["units"], radius=5)
    return (lambda: layer.apply(x)), x.nbytes


def _winners(size: dict[str, int]) -> Setup:
    x = np.random.default_rng(0).random((size["batch"], size["units"]))
    layer = sc.WinnerTakeAll(size["units"], 10)
    return (lambda: layer.apply(x)), x.nbytes


DENSE = {"n_inputs": 784, "n_neurons": 128, "batch": 1024, "length": 256}
IMAGES = {"channels": 16, "filters": 32, "pixels": 32, "batch": 8, "length": 256}
LAYERS: dict[str, tuple[Callable[[dict[str, int]], Setup], dict[str, int]]] = {
    "SCDenseLayer": (_spiking, {"n_neurons": 1000, "n_inputs": 10, "length": 1000}),
    **{
        f"VectorizedSCLayer, {generator}, {name}": (
            lambda size, name=name, generator=generator: _dense(
                sc.VectorizedSCLayer, size, generator=generator, accumulate=name
            ),
            DENSE,
        )
        for generator in ("sobol", "bernoulli")
        for name in ACCUMULATIONS
    },
    **{
        f"SCConv2DLayer, sobol, {name}": (
            lambda size, name=name: _conv(size, generator="sobol", accumulate=name),
            IMAGES,
        )
        for name in ACCUMULATIONS
    },
    "SCRecurrentLayer": (_reservoir, {"n_neurons": 1000, "steps": 10, "length": 256}),
    "SCLearningLayer": (_learning, {"n_inputs": 784, "n_neurons": 128, "length": 256}),
    "SCFusionLayer": (_fusion, {"n_features": 1024, "batch": 128, "length": 1024}),
    "StochasticAttention": (_attention, {"heads": 8, "n": 64, "length": 1024}),
    "MemristiveDenseLayer": (
        lambda size: _dense(sc.MemristiveDenseLayer, size, generator="sobol", encoding="split"),
        DENSE,
    ),
    "JaxSCDenseLayer": (_jax, {"n_neurons": 1000, "steps": 1000}),
    "HardwareAwareSCLayer": (
        lambda size: _dense(sc.HardwareAwareSCLayer, size, generator="sobol", encoding="split"),
        DENSE,
    ),
    "PredictiveCodingSCLayer": (_predictive, {"n_inputs": 784, "n_neurons": 128, "batch": 128, "length": 256}),
    "RallDendrite": (_dendrite, {"branches": 16, "steps": 10_000}),
    "LateralInhibition": (_inhibition, {"units": 10_000, "batch": 100}),
    "WinnerTakeAll": (_winners, {"units": 100_000, "batch": 10}),
}


def peak() -> float:
    """Most bytes that were resident at a time, of this program.

    Linux hands ``ru_maxrss`` down to a program from the one that started it, so that of a large parent would hide all;
    its own status has no such past.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line, *_ = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(name: str) -> tuple[float, int]:
    """Bytes that the peak grew by, and those of the arrays given; for a fresh process."""
    setup, size = LAYERS[name]
    small = {key: value if key == "length" else min(value, SMALL.get(key, 4)) for key, value in size.items()}
    setup(small)[0]()
    before = peak()
    call, given = setup(size)
    call()
    return peak() - before, given


def rows(rounds: int) -> Iterator[Row]:
    """One process a layer, whatever `rounds` is: a peak is no time, and does not vary with load."""
    for name, (_, size) in LAYERS.items():
        what = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in size.items())
        done = subprocess.run(
            [sys.executable, "-m", f"{__package__}.memory", name], capture_output=True, text=True, cwd=ROOT
        )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            yield Row("memory", name, what, None, note=f"not measured: {why}")
        else:
            grown, given = map(float, done.stdout.split())
            yield Row("memory", name, what, grown / 2**20, note=f"{given / 2**20:.3g}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*measured(sys.argv[1]))
    else:
        report.show(rows(1))
