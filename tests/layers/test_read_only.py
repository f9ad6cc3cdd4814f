"""What a layer was built with cannot be set afterwards: it would be a lie, since the circuit stays as it is."""

import numpy as np
import pytest

from sc_neurocore import Dense, Faults, Network
from sc_neurocore.layers import (
    HardwareAwareSCLayer,
    MemristiveDenseLayer,
    SCConv2DLayer,
    SCFusionLayer,
    SCPool2D,
    VectorizedSCLayer,
)

STREAMS = ["length", "encoding", "backend", "generator"]
WEIGHTED = [*STREAMS, "accumulate", "faults", "share", "weight_streams", "device", "fan_in"]
CHIP = ["defects", "stuck_low_mask", "stuck_high_mask"]
CASES = {
    "dense": (lambda: VectorizedSCLayer(4, 3, 64, generator="sobol"), [*WEIGHTED, "packed_weights"]),
    "sparse": (lambda: VectorizedSCLayer(4, 3, 64, generator="sobol", sparse=True), [*WEIGHTED, "weights_csr"]),
    "memristive": (lambda: MemristiveDenseLayer(4, 3, 64, generator="sobol"), [*WEIGHTED, *CHIP]),
    "trained on chip": (
        lambda: HardwareAwareSCLayer(4, 3, 64, generator="sobol"),
        [*WEIGHTED, *CHIP, "stuck_mask", "stuck_values", "n_stuck", "stuck_fraction"],
    ),
    "convolution": (lambda: SCConv2DLayer(1, 2, 2, length=64, generator="sobol"), [*WEIGHTED, "packed_kernels"]),
    "pool": (lambda: SCPool2D("max", 2, length=64, generator="sobol"), [*STREAMS, "faults"]),
    "fusion": (
        lambda: SCFusionLayer({"a": 4, "b": 4}, {"a": 1, "b": 2}, 64, generator="sobol"),
        [*STREAMS, "share", "norm_weights", "n_features"],
    ),
}
X = {"convolution": np.full((1, 3, 3), 0.3), "pool": np.full((1, 4, 4), 0.3)}
VALUES = {"length": 128, "encoding": "bipolar", "accumulate": "or", "faults": Faults.flips(0.5), "backend": "reference"}


@pytest.mark.parametrize("name", CASES)
def test_attributes_cannot_be_set(name):
    make, attributes = CASES[name]
    layer = make()
    x = {"a": np.full(4, 0.3), "b": np.full(4, 0.7)} if name == "fusion" else X.get(name, np.full(4, 0.3))
    before, text = layer.forward(x), repr(layer)
    layer.reset()
    for attribute in attributes:
        held = getattr(layer, attribute)
        for value in (VALUES.get(attribute), held):
            with pytest.raises(AttributeError):
                setattr(layer, attribute, value)
        with pytest.raises(AttributeError):
            delattr(layer, attribute)
        assert repr(getattr(layer, attribute)) == repr(held)
    assert repr(layer) == text
    np.testing.assert_array_equal(layer.forward(x), before)


def test_options_are_frozen():
    layer = VectorizedSCLayer(4, 3, 64)
    for name in ("length", "accumulate", "backend", "seed"):
        with pytest.raises(AttributeError):
            setattr(layer.options, name, None)
    network = Network.from_layers([Dense(np.ones((2, 3)), np.zeros(2), "relu")])
    with pytest.raises(AttributeError):
        network.circuit(64).options.length = 128
    with pytest.raises(AttributeError):
        network.input_range = (0.0, 2.0)
    with pytest.raises(AttributeError):
        network.circuit(64).layers[0].length = 128
    with pytest.raises(AttributeError):
        Faults().input_flips = 0.5


def test_what_can_be_set():
    layer = VectorizedSCLayer(4, 3, 64, bias=[0.5, 0.5, 0.5], seed=1)
    layer.samples = 7
    assert layer.samples == 7
    layer.weights = np.ones((3, 4))
    layer.bias = np.ones(3)
    np.testing.assert_array_equal(layer.expected(np.ones(4)), 1.0)
    for bad, error in ((-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match=r"^samples must be an integer of at least 0, got"):
            layer.samples = bad
    assert layer.samples == 7
