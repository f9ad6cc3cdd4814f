"""Architectures as people write them come in without an edit, compute PyTorch's numbers, and run as circuits."""

from functools import cache

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.interop import from_torch

torch = pytest.importorskip("torch")
zoo = pytest.importorskip("tests.interop.zoo")


@cache
def read(name):
    """The network, samples, and what the model makes of them in single precision."""
    model, shape = zoo.made(name)
    x = np.random.default_rng(1).random((24, *shape))
    network = from_torch(model, shape, x)
    with torch.no_grad():
        want = model(torch.tensor(x, dtype=torch.float32)).double().numpy().reshape(24, -1)
    return network, x.reshape(24, -1), want


def test_there_are_enough():
    assert len(zoo.ZOO) >= 30


@pytest.mark.parametrize("name", zoo.ZOO)
def test_the_numbers_are_those_of_torch(name, tmp_path):
    network, x, want = read(name)
    got = network.float_forward(x)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())
    assert np.ptp(want, axis=0).max() > 1e-3 * np.abs(want).max()  # they depend on the sample
    network.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    assert again.digest() == network.digest()
    np.testing.assert_array_equal(again.float_forward(x), got)


@pytest.mark.parametrize("name", ["resnet", "mixer_mlp", "mobilenet3", "gated"])
def test_the_circuit_comes_near(name):
    network, x, want = read(name)
    errors = [np.sqrt(((network.circuit(length).forward(x) - want) ** 2).mean()) for length in (64, 1024)]
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.05 * np.abs(want).max()


KINDS = {
    "mlp": "Dense Dense",
    "lenet": "Conv2D Pool2D Conv2D Pool2D Dense Dense",
    "vgg": "Conv2D Conv2D Pool2D Conv2D Pool2D Dense",
    "alexnet": "Conv2D Pool2D Conv2D GlobalPool Dense",
    "residual_mlp": "Dense Dense Add Dense Add Dense Add Dense",
    "inception": "Conv2D Conv2D Conv2D Reshape Select Reshape Pool2D Conv2D Concat GlobalPool Dense",
    "mobilenet": "Conv2D Elementwise Conv2D Elementwise Conv2D Elementwise Conv2D Add GlobalPool Dense",
}


@pytest.mark.parametrize("name", KINDS)
def test_layers_are_those_that_one_would_write(name):
    network, _, _ = read(name)
    assert " ".join(type(layer).__name__ for layer in network.layers) == KINDS[name]


def test_layers_are_called_as_in_the_model():
    network, _, _ = read("resnet")
    assert network.names is not None
    assert {"stem.0.0", "blocks.0.conv1", "blocks.1.down.0", "pool", "fc"} <= set(network.names)
