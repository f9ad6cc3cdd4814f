"""``backend=``: every backend gives the same outputs, the one that is named is the one that computes."""

import functools

import cupy_on_host
import numpy as np
import pytest
from layer_helpers import ACCUMULATES, ENCODINGS, inputs

from sc_neurocore import Faults, Inhibition, KWinners, MemristorModel, Network, PredictiveCoding
from sc_neurocore.backends import available, choose, cuda
from sc_neurocore.backends.kernels import kernel_names
from sc_neurocore.encoders import Halton
from sc_neurocore.layers import (
    HardwareAwareSCLayer,
    MemristiveDenseLayer,
    SCConv2DLayer,
    SCFusionLayer,
    SCPool2D,
    VectorizedSCLayer,
)
from sc_neurocore.networks import Dense

ON_HOST = "cupy" not in available() and cupy_on_host.possible()
"""Whether the kernels of the backend "cupy" run on the host."""
OTHERS = [name for name in ("reference", "jax", "cupy") if name in available() or (name == "cupy" and ON_HOST)]
OPTIONS = [
    {"generator": "bernoulli"},
    {"generator": "sobol"},
    {"generator": "bernoulli", "faults": Faults(input_flips=0.1, weight_flips=0.1, product_flips=0.05)},
    {"generator": Halton(7), "share": "independent", "faults": Faults(stuck_lines=0.2, dead_generator="inputs")},
]


@pytest.fixture(autouse=True)
def _gpu(request):
    if ON_HOST:
        request.getfixturevalue("gpu_on_host")


def same(make, x, backends=OTHERS):
    """Outputs and streams of two calls, equal on every backend; the outputs."""
    layers = [make("numba"), *map(make, backends)]
    for _ in range(2):
        streams = [layer.streams(x) for layer in layers]
        outs = [layer.forward(x) for layer in layers]
        for layer, name, out, made in zip(layers, ("numba", *backends), outs, streams, strict=True):
            assert layer.backend == name
            assert f"backend={name!r}" in repr(layer)
            np.testing.assert_array_equal(out, outs[0])
            np.testing.assert_array_equal(made.inputs.words, streams[0].inputs.words)
    return outs[0]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_dense(encoding, accumulate, options):
    x = inputs((3, 6), encoding, 2)
    for wiring in ({}, {"sparse": True, "connectivity": 0.5}):

        def make(backend, wiring=wiring):
            more = options | wiring | {"seed": 1, "backend": backend, "bias": inputs(4, encoding, 9)}
            return VectorizedSCLayer(6, 4, 100, encoding=encoding, accumulate=accumulate, **more)

        assert same(make, x).any()


@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_convolution(encoding, accumulate, options):
    def make(backend):
        more = options | {"length": 70, "seed": 1, "backend": backend, "groups": 2}
        return SCConv2DLayer(2, 4, 2, padding=1, encoding=encoding, accumulate=accumulate, **more)

    assert same(make, inputs((2, 2, 4, 3), encoding, 2)).any()


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pools_fusion_and_crossbars(encoding, generator):
    options = {"encoding": encoding, "generator": generator, "seed": 1}
    for kind in ("average", "max"):
        same(lambda backend, kind=kind: SCPool2D(kind, 2, length=70, backend=backend, **options), inputs((2, 1, 4, 4)))
    x = {"a": inputs((3, 2), encoding), "b": inputs((3, 2), encoding, 1)}
    same(lambda backend: SCFusionLayer({"a": 2, "b": 2}, {"a": 1, "b": 2}, 70, backend=backend, **options), x)
    options["device"] = MemristorModel(read_noise=0.05, adc_bits=8)
    for kind in (MemristiveDenseLayer, HardwareAwareSCLayer):
        same(lambda backend, kind=kind: kind(4, 3, 70, backend=backend, **options), inputs((2, 4)))


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ["bipolar", "split"])
def test_circuits(encoding, generator):
    rng = np.random.default_rng(0)
    dense = [Dense(rng.normal(size=(n, m)), rng.normal(size=n), "relu") for m, n in ((6, 5), (5, 4))]
    networks = [
        Network.from_layers(dense),
        Network.from_layers([Inhibition(0.5, 1), dense[0], KWinners(2)], input_shape=(6,)),
        Network.from_layers([PredictiveCoding(rng.random((3, 6)))], input_shape=(6,)),
    ]
    x = rng.random((4, 6))
    for network in networks:
        outs = [
            network.circuit(64, generator, encoding=encoding, seed=1, backend=name).forward(x)
            for name in ("numba", *OTHERS)
        ]
        for out in outs[1:]:
            np.testing.assert_array_equal(out, outs[0])
        assert outs[0].any()
    circuit = networks[0].circuit(64, generator, backend="reference")
    assert [layer.backend for layer in circuit.layers] == ["reference"] * 2


# ---------------------------------------------------------------- the one that is named computes


class Called(Exception):  # noqa: N818 - not an error of the library
    """A kernel of the default backend was called."""


@pytest.fixture
def without_numba(monkeypatch):
    """The kernels of the default backend may not be called."""

    def refuse(name):
        @functools.wraps(getattr(choose("numba"), name))  # it still tells where it is defined
        def kernel(*arguments):
            raise Called(name)

        return kernel

    for name in kernel_names():
        monkeypatch.setattr(choose("numba"), name, refuse(name))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_a_layer_takes_all_its_kernels_from_its_backend(accumulate, options, without_numba):
    more = options | {"accumulate": accumulate, "encoding": "split", "seed": 1}
    for backend, fails in (("reference", False), ("numba", True)):
        dense = VectorizedSCLayer(4, 3, 70, backend=backend, **more)
        conv = SCConv2DLayer(1, 2, 2, length=70, backend=backend, **more)
        for layer, x in ((dense, inputs((2, 4))), (conv, inputs((2, 1, 3, 3)))):
            if fails:
                with pytest.raises(Called):
                    layer.forward(x)
            else:
                layer.forward(x)
                layer.streams(x)


# ---------------------------------------------------------------- which one it is


def test_a_name_wins_over_use_gpu(gpu_calls):
    x = inputs((2, 4))
    for make in (
        lambda **options: VectorizedSCLayer(4, 3, 64, seed=1, **options),
        lambda **options: MemristiveDenseLayer(4, 3, 64, seed=1, **options),
    ):
        assert make(use_gpu=True).backend == "cupy"
        assert make(use_gpu=False).backend == "numba"
        for name in ("numba", "reference"):
            layer = make(use_gpu=True, backend=name)
            assert layer.backend == name
            layer.forward(x)
        assert not gpu_calls
        assert make(use_gpu=False, backend="cupy").backend == "cupy"
        make(use_gpu=False, backend="cupy").forward(x)
        assert gpu_calls
        gpu_calls.clear()
    conv = SCConv2DLayer(1, 2, 2, use_gpu=True, backend="reference", seed=1)
    conv.forward(inputs((1, 3, 3)))
    assert not gpu_calls
    network = Network.from_arrays([[[0.5, 0.25]]])
    assert [layer.backend for layer in network.circuit(64).layers] == ["cupy"]
    assert [layer.backend for layer in network.circuit(64, backend="numba").layers] == ["numba"]


MESSAGE = r"^backend must be one of numba, cupy, jax, reference, or None, got 'fpga'$"


@pytest.mark.parametrize(
    "make",
    [
        lambda: VectorizedSCLayer(0, -1, backend="fpga", bias="none"),
        lambda: MemristiveDenseLayer(0, 0, backend="fpga"),
        lambda: HardwareAwareSCLayer(0, 0, backend="fpga"),
        lambda: SCConv2DLayer(0, 0, 0, stride=0, padding="none", backend="fpga"),
        lambda: SCFusionLayer({}, {}, backend="fpga"),
        lambda: SCPool2D("max", 2, backend="fpga"),
        lambda: Network.from_arrays([[[-1.0]]]).circuit((1, 2, 3), backend="fpga", encoding="unipolar"),
    ],
)
def test_an_unknown_name_is_an_error_before_anything_else(make):
    with pytest.raises(ValueError, match=MESSAGE):
        make()


def test_a_backend_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(cuda, "available", lambda: False)
    choose.cache_clear()
    with pytest.raises(ValueError, match=r"^backend must be one that is there, got 'cupy', which needs an NVIDIA GPU"):
        VectorizedSCLayer(2, 2, backend="cupy")
