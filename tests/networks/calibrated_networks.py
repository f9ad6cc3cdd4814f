"""Calibrated networks of tests: a range for each neuron, numbers on the levels of the streams, offsets for biases."""

from dataclasses import replace

import numpy as np

from sc_neurocore import Network
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import Calibration, LayerMapping, StepGain

LENGTH = 8
X = np.random.default_rng(7).random((6, 4))


def dense(activation="relu"):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(5, 4)), rng.normal(size=(3, 5))]
    return Network.from_arrays(weights, [rng.normal(size=5), np.zeros(3)], activation=activation, calibration=X)


def rows_of(weights):
    return np.abs(weights).reshape(len(weights), -1).max(1)


def mapped(network, generators=("searched", "searched"), levels=LENGTH):
    """A mapping for each dense layer, with ranges tighter than the plain ones."""
    layers, scale = [], 0.8 * network.input_scale
    for layer, generator in zip(network.layers, generators, strict=True):
        rows = rows_of(layer.weights)
        weights = np.rint(layer.weights / rows[:, None] * levels) / levels
        layers.append(LayerMapping(scale, rows * scale, layer.bias, weights, None, generator))
        scale = 0.8 * layer.ceiling
    return tuple(layers)


def calibrated(network=None, generators=("searched", "searched"), **options):
    network = dense() if network is None else network
    given = CircuitOptions(**{"length": LENGTH, "generator": "searched", **options})
    gains = [StepGain(0, "ranges", "rows", 0.5, 0.25)]
    return replace(network, calibration=Calibration(given, mapped(network, generators), gains))


def permutation(*shape, seed=3):
    return np.random.default_rng(seed).permuted(np.broadcast_to(np.arange(LENGTH), (*shape, LENGTH)), axis=-1)
