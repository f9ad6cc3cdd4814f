"""Bits do not depend on the machine: its BLAS and the threads of that, its vector instructions, its C library.

Nor on the block size. Processes with the kernels of other processors, and other numbers of threads, run the same cases.
"""

import functools
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from layer_helpers import inputs
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from sc_neurocore import (
    HardwareAwareSCLayer,
    LateralInhibition,
    MemristiveDenseLayer,
    MemristorModel,
    Network,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCConv2DLayer,
    SCDenseLayer,
    SCFusionLayer,
    SCLearningLayer,
    SCPool2D,
    SCRecurrentLayer,
    StochasticAttention,
    VectorizedSCLayer,
    chunks,
)
from sc_neurocore.datasets import load_digits, narma10
from sc_neurocore.encoders import Encoder
from sc_neurocore.evaluation import default_model

SEEDS = 6
SOURCES = "sobol", "bernoulli"
NOISY = MemristorModel.preset("pcm")
WIRED = MemristorModel(wire_resistance=50.0, variability=0.05)
DEVICES = {
    "wires": WIRED,
    "wires to first order": replace(WIRED, ir_drop="first_order"),
    "lognormal": MemristorModel(variability=0.1, distribution="lognormal", stuck_low_rate=0.1),
    "drift": MemristorModel(drift_exponent=0.05, drift_time=100.0),
    "read noise": replace(NOISY, read_noise_per="cycle", wire_resistance=1.0),
    "read-out noise": NOISY,
}


def reservoir(seed, n=40, connectivity=1.0, **options):
    layer = SCRecurrentLayer(2, n, 1.0, 0.5, seed=seed, length=100, connectivity=connectivity, **options)
    yield layer.W_in
    yield layer.W_rec if connectivity == 1 else layer.W_rec.data
    yield layer.run(inputs((12, 2), seed=seed))
    yield layer.streams(inputs(2)).weights.words


def device(seed, name, layer=MemristiveDenseLayer):
    for encoding in ("unipolar", "split"):
        made = layer(20, 6, 100, device=DEVICES[name], encoding=encoding, generator=SOURCES[seed % 2], seed=seed)
        yield made.forward(inputs((2, 20), encoding, seed))
        yield made.streams(inputs(20, encoding, seed)).weights.words
        weights = inputs((12, 20), encoding, seed)
        yield DEVICES[name].program(weights, DEVICES[name].defects(weights.shape, seed, pairs=encoding == "split"))


def calibrated(seed, activation):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(64, 30)), rng.normal(size=(32, 64)), rng.normal(size=(5, 32))]
    network = Network.from_arrays(weights, activation=activation, calibration=rng.random((500, 30)))
    yield np.frombuffer(network.digest().encode(), np.uint8)
    yield network.circuit(64, seed=seed).forward(rng.random((20, 30)))


def default_network(seed):
    data = load_digits()
    network = default_model(data, pytest.fail)
    yield np.frombuffer(network.digest().encode(), np.uint8)
    yield network.circuit(32, "bernoulli", seed=seed).forward(data.x_test[:20])


def learning(seed):
    competition = {"wta": 1, "homeostasis": 0.01, "tau_homeostasis": 500.0, "pause_ms": 7.0}
    layer = SCLearningLayer(6, 4, length=300, base_seed=seed, learning_rate=0.2, y_max=1.0, **competition)
    layer.run_epoch(inputs(6, seed=seed))
    yield layer.weights


def spiking(seed):
    options = {"y_max": 0.2, "neuron_params": {"noise_std": 0.02}}
    layer = SCDenseLayer(4, inputs(3), inputs((4, 3)), 0, 1, 0, 1, length=500, base_seed=seed, **options)
    layer.run(500)
    yield layer.get_spike_trains()


def others(seed):
    x = inputs((3, 8), seed=seed)
    yield VectorizedSCLayer(8, 5, 100, seed=seed).forward(x)
    yield SCConv2DLayer(2, 3, 2, length=100, seed=seed).forward(inputs((2, 4, 4), seed=seed))
    yield SCPool2D("average", 2, length=100, seed=seed).forward(inputs((2, 4, 4), seed=seed))
    yield SCFusionLayer({"a": 8, "b": 8}, {"a": 0.3, "b": 0.7}, 100, seed=seed).forward({"a": x, "b": x[::-1]})
    yield StochasticAttention(8, seed=seed).forward_bitstream(x, x, x, 100)
    yield LateralInhibition(8, 0.3, 2, seed=seed).apply(x)
    rates = Encoder(8, 100, "vdc", seed=seed).encode(x)
    yield LateralInhibition(8, 0.3, 2, seed=seed).apply_bitstream(rates).words
    layer = PredictiveCodingSCLayer(8, 4, 100, seed=seed)
    yield layer.run(x)
    yield layer.weights
    yield RallDendrite(3, 4).run(inputs((20, 3), seed=seed))
    yield narma10(200, seed=seed)[1]


CASES = {
    "reservoir": reservoir,
    "signed reservoir": functools.partial(reservoir, encoding="split", activation="tanh", generator="sobol"),
    "sparse reservoir": functools.partial(reservoir, n=300, connectivity=0.02, encoding="split"),
    **{name: functools.partial(device, name=name) for name in DEVICES},
    "chip": functools.partial(device, name="wires", layer=HardwareAwareSCLayer),
    "relu network": functools.partial(calibrated, activation="relu"),
    "tanh network": functools.partial(calibrated, activation="tanh"),
    "logistic network": functools.partial(calibrated, activation="logistic"),
    "default network": default_network,
    "learning": learning,
    "spiking": spiking,
    "others": others,
}
MACHINES = {
    "one thread": {"OPENBLAS_NUM_THREADS": "1"},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2"},
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"},
    # All that NumPy can do without; and kernels compiled for the oldest processor.
    "no vector instructions": {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__), "NUMBA_CPU_NAME": "generic"},
    # The C library then takes its functions for processors without fused multiplication and addition.
    "another C library": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA_Usable,-AVX2,-AVX2_Usable"},
}
LIBRARIES = {"LAPACK": "Nehalem", "NumPy": "no vector instructions", "C": "another C library"}
"""What computes other digits on a machine, and the machine."""


def digest(*arrays):
    """First digits of the SHA-256 of arrays."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()[:12]


def digests(seeds=SEEDS):
    """What each case gives for each seed, what libraries give, and the instructions that NumPy found."""
    found = {name: [digest(*case(seed)) for seed in range(seeds)] for name, case in CASES.items()}
    x = np.linspace(-3, 3, 10_001)
    libraries = {
        "LAPACK": digest(np.linalg.eigvals(np.random.default_rng(0).normal(size=(100, 100)))),
        "NumPy": digest(np.exp(x), np.tanh(x), np.log(x + 4)),
        "C": digest([(math.exp(number), math.tanh(number)) for number in x.tolist()]),
    }
    return found, libraries, [name for name in __cpu_dispatch__ if __cpu_features__[name]]


@functools.cache
def on_machine(name):
    """`digests` of a process with other settings."""
    code = "import json, warnings; warnings.simplefilter('ignore'); import test_machines; "
    code += "print(json.dumps(test_machines.digests()))"
    folder = str(Path(__file__).parent)
    environment = os.environ | MACHINES[name] | {"PYTHONPATH": os.pathsep.join([folder, *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout)


@functools.cache
def here():
    return digests()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("machine", MACHINES)
def test_bits_are_the_same_on_every_machine(machine, case):
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("names of processors of another family")
    assert on_machine(machine)[0][case] == here()[0][case]


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_machines_differ(library):
    """Else the test above says nothing: what comes from a library alone has other digits there."""
    if library == "NumPy" and not here()[2]:
        pytest.skip("a processor without vector instructions that NumPy looks for")
    if library == "C" and not (platform.libc_ver()[0] == "glibc" and __cpu_features__.get("FMA3")):
        pytest.skip("a C library without functions for several processors, or a processor without FMA")
    assert on_machine(LIBRARIES[library])[1][library] != here()[1][library]


@pytest.mark.slow
def test_vector_instructions_are_off():
    assert on_machine("no vector instructions")[2] == []


@pytest.mark.parametrize("block", [1, 700, 20_000])
@pytest.mark.parametrize("case", [name for name in CASES if name not in ("default network", "sparse reservoir")])
def test_bits_do_not_depend_on_the_size_of_a_block(case, block, monkeypatch):
    """Random numbers are drawn block by block."""
    whole = [np.array(array) for seed in range(2) for array in CASES[case](seed)]
    monkeypatch.setattr(chunks, "CHUNK_BYTES", block)
    parts = [np.array(array) for seed in range(2) for array in CASES[case](seed)]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a, b)
