"""Bits do not depend on the machine: its BLAS and the threads of that; nor on the block size.

Processes with the kernels of other processors, and other numbers of threads, run the same cases.
"""

import functools
import hashlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from layer_helpers import inputs

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
    layer = SCLearningLayer(6, 4, length=300, base_seed=seed, learning_rate=0.2, y_max=1.0)
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
}


def digests(seeds=SEEDS):
    """First digits of the SHA-256 of what each case gives for each seed, and of a matrix product."""
    found = {}
    for name, case in CASES.items():
        found[name] = []
        for seed in range(seeds):
            sha = hashlib.sha256()
            for array in case(seed):
                sha.update(np.ascontiguousarray(array).tobytes())
            found[name].append(sha.hexdigest()[:12])
    rng = np.random.default_rng(0)
    product = np.linalg.eigvals(rng.normal(size=(100, 100)))
    return found, hashlib.sha256(product.tobytes()).hexdigest()


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
def test_the_machines_differ():
    """Else the test above says nothing: what comes from LAPACK alone has other digits on some."""
    assert len({on_machine(name)[1] for name in MACHINES} | {here()[1]}) > 1


@pytest.mark.parametrize("block", [1, 700, 20_000])
@pytest.mark.parametrize("case", [name for name in CASES if name not in ("default network", "sparse reservoir")])
def test_bits_do_not_depend_on_the_size_of_a_block(case, block, monkeypatch):
    """Random numbers are drawn block by block."""
    whole = [np.array(array) for seed in range(2) for array in CASES[case](seed)]
    monkeypatch.setattr(chunks, "CHUNK_BYTES", block)
    parts = [np.array(array) for seed in range(2) for array in CASES[case](seed)]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a, b)
