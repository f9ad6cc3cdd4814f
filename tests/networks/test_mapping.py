"""Mappings of layers: what comparators get and how counts are read, against the layers of streams themselves."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import Conv2D, Dendrite, Dense, Inhibition, KWinners, Pool2D, PredictiveCoding, SpikingDense
from sc_neurocore.encoders import Bank, Searched
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks.layer_spec import BuildContext
from sc_neurocore.networks.mapping import LayerMapping


def context(scale=1.0, signed=True, **options):
    options = {"length": 32, "generator": "sobol", **options}
    return BuildContext(CircuitOptions(**options), place=0, input_scale=scale, signed=signed)


def built(spec, shape, mapping, x, **options):
    """Sums as the circuit reads them, the limit of long streams, before the activation."""
    layer = spec.build(shape, context(**options), mapping)
    return spec.count_factors(mapping) * layer.expected(np.clip(x / mapping.ranges, -1, 1)) + mapping.offsets


RNG = np.random.default_rng(0)
LAYERS = {
    "dense": (Dense(RNG.normal(size=(3, 4)), RNG.normal(size=3), "relu"), (4,)),
    "without bias": (Dense(RNG.normal(size=(3, 4)), np.zeros(3), "identity"), (4,)),
    "conv": (Conv2D(RNG.normal(size=(2, 2, 2, 2)), RNG.normal(size=2), "tanh"), (2, 5, 4)),
    "spiking": (SpikingDense(RNG.random((3, 4)), np.zeros(3)), (4,)),
    "pool": (Pool2D("average", 2), (2, 4, 4)),
    "inhibition": (Inhibition(), (6,)),
    "winners": (KWinners(2), (6,)),
    "dendrite": (Dendrite(2), (4,)),
    "predictive": (PredictiveCoding(RNG.random((3, 4))), (4,)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("accumulate", ["sum", "mean"])
def test_the_plain_mapping_computes_the_layer(name, accumulate):
    """In the limit of fine thresholds, by what the mapping says: the layer in floating point."""
    spec, shape = LAYERS[name]
    x = np.random.default_rng(1).uniform(0, 2, (5, *shape))
    given = context(scale=2.0, generator="bernoulli", length=2**14, bits=32, accumulate=accumulate, signed=False)
    mapping = spec.mapping(shape, given)
    assert mapping.generator == "bernoulli"
    layer = spec.build(shape, given, mapping)
    y = spec.count_factors(mapping) * layer.expected(np.clip(x / mapping.ranges, -1, 1)) + mapping.offsets
    np.testing.assert_allclose(spec.decoded(y), spec.forward(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["dense", "conv"])
def test_a_range_for_each_feature_and_neuron_computes_the_same_sums(name):
    spec, shape = LAYERS[name]
    rng = np.random.default_rng(2)
    images = len(shape) == 3
    ranges = rng.uniform(1, 2, (shape[0], 1, 1) if images else shape)
    weights = spec.weights * (ranges.reshape(-1, 1, 1) if images else ranges)
    rows = np.abs(weights).reshape(len(weights), -1).max(1)
    ends = (-1, 1, 1) if images else (-1,)
    mapping = LayerMapping(
        ranges, rows.reshape(ends), spec.bias.reshape(ends), weights / rows.reshape(-1, *[1] * (weights.ndim - 1))
    )
    x = rng.uniform(0, 1, (5, *shape)) * ranges
    sums = built(spec, shape, mapping, x, generator="bernoulli", bits=32)
    np.testing.assert_allclose(spec.decoded(sums), spec.forward(x), rtol=1e-6, atol=1e-6)


def test_numbers_beyond_their_range_are_clipped():
    spec = Dense(np.array([[1.0, 1.0]]), np.zeros(1), "identity")
    mapping = LayerMapping([0.5, 2.0], 2.0, 0.25, [[0.25, 1.0]])
    np.testing.assert_allclose(built(spec, (2,), mapping, np.array([5.0, 1.0])), [2 * (0.25 + 0.5) + 0.25])


def test_offsets_of_spikes_are_rates_and_no_rate_is_below_zero():
    spec, shape = LAYERS["spiking"]
    plain = spec.mapping(shape, context())
    x = np.array([[0.2, 0.9, 0.4, 0.6], [0.0, 0.0, 0.0, 0.0]])
    rates = built(spec, shape, replace(plain, offsets=np.array([-5.0, 0.0, 10.0])), x)
    np.testing.assert_allclose(rates, built(spec, shape, plain, x) + np.array([-5.0, 0.0, 10.0]))
    assert spec.decoded(rates)[1].tolist() == [0.0, 0.0, 10.0]
    double = spec.build(shape, context(), replace(plain, gains=2 * plain.gains))
    assert double.unit == 2 * plain.gains


@pytest.mark.parametrize("generator", ["lattice", Bank("lfsr", 32), Searched(np.random.default_rng(0).permutation(32))])
def test_the_generator_is_that_of_the_mapping(generator):
    spec, shape = LAYERS["dense"]
    plain = spec.mapping(shape, context())
    layer = spec.build(shape, context(), replace(plain, generator=generator))
    assert layer.generator == (Bank("lattice", 32) if generator == "lattice" else generator)
    narrow = spec.build(shape, context(bits=3), replace(plain, generator=generator))
    assert narrow.generator.bits == 3
    assert (narrow.generator.source == layer.generator) == (narrow.generator != layer.generator)


def test_the_generator_of_a_layer_without_weights_too():
    spec, shape = LAYERS["pool"]
    layer = spec.build(shape, context(), replace(spec.mapping(shape, context()), generator="lattice"))
    assert layer.generator == Bank("lattice", 32)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("dense", {"ranges": np.ones(3)}, r"ranges of a mapping must have shape \(\) or have shape \(4,\), got shape "),
        ("dense", {"gains": np.ones((3, 1, 1))}, r"gains of a mapping must have shape \(\) or have shape \(3,\), got"),
        ("dense", {"weights": np.ones((4, 3))}, r"weights of a mapping must have shape \(3, 4\), got shape \(4, 3\)"),
        ("dense", {"weights": None}, r"weights of a mapping must have shape \(3, 4\), got None"),
        ("dense", {"bias": np.ones(4)}, r"bias of a mapping must be None or have shape \(3,\), got shape \(4,\)"),
        ("conv", {"offsets": np.ones(2)}, r"offsets of a mapping must have shape \(\) or have shape \(2, 1, 1\), got"),
        ("conv", {"ranges": np.ones((2, 5, 4))}, r"ranges of a mapping must have .* got shape \(2, 5, 4\)"),
        ("spiking", {"gains": np.ones(3)}, r"gains of a mapping must have shape \(\), got shape \(3,\)"),
        ("spiking", {"gains": -np.ones(())}, r"gains of a mapping must be a finite number above 0, got -1.0"),
        ("pool", {"ranges": np.ones((1, 1, 1))}, r"ranges of a mapping must have shape \(\) or have .* \(1, 1, 1\)"),
        ("winners", {"weights": np.ones(6)}, r"weights of a mapping must be None, got shape \(6,\)"),
        ("dendrite", {"bias": np.ones(2)}, r"bias of a mapping must be None, got shape \(2,\)"),
        ("predictive", {"offsets": np.ones(3)}, r"offsets of a mapping must have shape \(\), got shape \(3,\)"),
        ("predictive", {"gains": np.full((), 0.5)}, "gains of a mapping must be at least 1.0, its range, got 0.5"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_refused(name, changes, message):
    spec, shape = LAYERS[name]
    mapping = replace(spec.mapping(shape, context()), **changes)
    with pytest.raises(ValueError, match=message):
        spec.build(shape, context(), mapping)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"ranges": 0.0}, ValueError, "ranges must lie in"),
        ({"ranges": [1.0, math.nan]}, ValueError, "ranges must be finite, got nan"),
        ({"gains": math.inf}, ValueError, "gains must be finite, got inf"),
        ({"offsets": "1"}, TypeError, "offsets must be"),
        ({"weights": [[1.5]]}, ValueError, r"weights must lie in \[-1, 1\], got 1.5"),
        ({"bias": [-2.0]}, ValueError, r"bias must lie in \[-1, 1\], got -2.0"),
        ({"generator": 3}, TypeError, "generator must be a name or a Generator, got 3"),
    ],
)
def test_numbers_that_are_none(fields, error, message):
    with pytest.raises(error, match=message):
        LayerMapping(**{"ranges": 1.0, "gains": 1.0, **fields})


def test_its_arrays_are_copies_that_cannot_be_edited():
    weights = np.ones((2, 2))
    mapping = LayerMapping(1.0, 1.0, weights=weights)
    weights[0, 0] = 0.5
    assert mapping.weights[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        mapping.weights[0, 0] = 0.5
