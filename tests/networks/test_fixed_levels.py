"""Fixed point of as many levels as a stream has: against the limit of the circuit, and against plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
from calibrated_networks import LENGTH, X, calibrated, dense, rows_of

from sc_neurocore import Conv2D, Dense, Faults, Network, Pool2D, SpikingDense
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import Calibration, FixedPoint, LayerMapping
from sc_neurocore.synapses import MemristorModel

RNG = np.random.default_rng(5)
PIXELS = RNG.uniform(-1, 1, (7, 2 * 5 * 5))


def images(bias=0.0, pool="average"):
    layers = [
        Conv2D(RNG.normal(size=(4, 1, 2, 2)), bias * RNG.normal(size=4), "tanh", groups=2, stride=(1, 2)),
        Pool2D(pool, 2),
        Dense(RNG.normal(size=(3, 8)), bias * RNG.normal(size=3), "identity"),
    ]
    return Network.from_layers(layers, input_shape=(2, 5, 5), calibration=PIXELS)


def exact(network):
    return replace(network, calibration=replace(network.calibration, products="exact"))


@pytest.mark.parametrize("levels", [1, 4, 5, 12, 32])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_plain_network_is_the_limit_of_its_circuit(levels, activation):
    """Without biases, which fixed point adds in the accumulator and a plain circuit as streams."""
    network = Network.from_arrays([RNG.normal(size=(6, 4)), RNG.normal(size=(3, 6))], activation=activation)
    want = network.circuit(levels).expected(X)
    np.testing.assert_allclose(FixedPoint(network, levels=levels).forward(X), want, atol=1e-12)
    assert np.abs(want - network.circuit(levels + 1).expected(X)).max() > 1e-3


@pytest.mark.parametrize(("levels", "pool"), [(8, "average"), (16, "average"), (12, "max")])
def test_images_are_the_limit_of_their_circuit(levels, pool):
    """Averages of twelfths may lie halfway between two: how these round is a matter of the last bit of a float."""
    network = images(pool=pool)
    np.testing.assert_allclose(
        FixedPoint(network, levels=levels, clip=True).forward(PIXELS),
        network.circuit(levels, clip=True).expected(PIXELS),
        atol=1e-12,
    )


@pytest.mark.parametrize("bias", [None, np.linspace(-1, 1, 5)])
@pytest.mark.parametrize("lengths", [LENGTH, (4, LENGTH), 12])
def test_a_calibrated_network_is_the_limit_of_its_circuit(bias, lengths):
    network = calibrated(dense("tanh"), length=lengths)
    first, last = network.calibration.layers
    layers = (replace(first, bias=bias, ranges=first.ranges * np.array([1.0, 0.7, 0.9, 0.5])), last)
    network = replace(network, calibration=replace(network.calibration, layers=layers))
    want = network.circuit().expected(X)
    for levels in (None, lengths):
        np.testing.assert_allclose(FixedPoint(exact(network), levels=levels).forward(X), want, atol=1e-12)
    assert np.abs(want - FixedPoint(network.ideal, levels=lengths).forward(X)).max() > 1e-3


def test_calibrated_images_are_the_limit_of_their_circuit():
    network = images(bias=1.0)
    conv, _, last = network.layers
    ranges, scale = RNG.uniform(0.5, 1, (2, 1, 1)), conv.ceiling
    kernels = conv.scaled_weights(ranges)
    rows, ends = rows_of(kernels), rows_of(last.weights)
    mappings = (
        LayerMapping(ranges, rows.reshape(-1, 1, 1), conv.bias.reshape(-1, 1, 1), kernels / rows.reshape(-1, 1, 1, 1)),
        LayerMapping(scale, scale, 0.125),
        LayerMapping(np.linspace(0.5, 1, 8) * scale, ends * scale, last.bias, last.weights / ends[:, None]),
    )
    own = replace(network, calibration=Calibration(CircuitOptions(LENGTH), mappings))
    want = own.circuit(clip=True).expected(PIXELS)
    np.testing.assert_allclose(FixedPoint(exact(own), clip=True).forward(PIXELS), want, atol=1e-12)


def test_offsets_of_spikes_are_rates():
    spec = SpikingDense(RNG.random((3, 4)) / 4, np.zeros(3))
    unit = spec.weights.max()
    mapping = LayerMapping(1.0, unit, [5.0, -1e6, 0.0], np.rint(spec.weights / unit * 16) / 16)
    own = Network((spec,), calibration=Calibration(CircuitOptions(16), (mapping,)))
    want = own.circuit().expected(X)
    assert want[:, 1].tolist() == [0.0] * len(X)
    np.testing.assert_allclose(FixedPoint(exact(own)).forward(X), want)


def test_no_value_is_below_zero_where_sums_cannot_be():
    layers = (Dense(np.ones((1, 1)), np.zeros(1), "identity"), Dense(np.ones((1, 1)), np.ones(1), "identity"))
    own = LayerMapping(1.0, 1.0, -0.5, [[1.0]], None, "sobol")
    options = CircuitOptions(16, "sobol", "unipolar")
    network = Network(layers, calibration=Calibration(options, (own, own), products="exact"))
    np.testing.assert_allclose(FixedPoint(network).forward([[0.25], [1.0]]), [[-0.5], [0.0]])


@pytest.mark.parametrize("levels", [3, 8, 65536])
def test_levels_by_plain_loops(levels):
    """Whole numbers, one product at a time; halves are rounded away from zero, as a comparator's threshold is."""
    network = dense()
    out = []
    for sample in X:
        values, scale = [float(v) for v in sample], network.input_scale
        for layer in network.layers:
            words = [math.floor(min(v / scale, 1) * levels + 0.5) for v in values]
            weights = (layer.weights * scale).tolist()
            gain = max(abs(w) for row in weights for w in row)
            stored = [[math.copysign(math.floor(abs(w) / gain * levels + 0.5), w) for w in row] for row in weights]
            sums = [sum(a * w for a, w in zip(words, row, strict=True)) for row in stored]
            values = [s * gain / levels**2 + b for s, b in zip(sums, layer.bias, strict=True)]
            values = [max(v, 0) for v in values] if layer.activation == "relu" else values
            scale = layer.ceiling
        out.append(values)
    np.testing.assert_allclose(FixedPoint(network, levels=levels).forward(X), out, atol=1e-9)


def test_levels_of_a_width_are_its_words():
    network = dense()
    np.testing.assert_allclose(FixedPoint(network, levels=127).forward(X), FixedPoint(network).forward(X), atol=1e-12)
    fixed = FixedPoint(network, levels=(7, 127))
    assert (fixed.levels, fixed.generator_descriptions) == ((7, 127), ["7 levels", "127 levels"])
    assert FixedPoint(network).generator_descriptions == ["8-bit words"] * 2
    assert FixedPoint(network).levels is None
    assert not np.array_equal(fixed.forward(X), FixedPoint(network).forward(X))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda n: FixedPoint(n.ideal, 6, levels=8), ValueError, "levels must be None with another .*8 and bits=6"),
        (lambda n: FixedPoint(n.ideal, 8, Faults.flips(0.1), levels=8), ValueError, "levels must be None with an"),
        (lambda n: FixedPoint(n.ideal, levels=0), ValueError, r"levels must be an integer in 1\.\.65536, got 0"),
        (lambda n: FixedPoint(n.ideal, levels=2**17), ValueError, r"levels must be an integer in 1\.\.65536, got 1"),
        (lambda n: FixedPoint(n.ideal, levels=8.0), TypeError, r"levels must be an integer in 1\.\.65536, got 8.0"),
        (lambda n: FixedPoint(n.ideal, levels=(8,)), ValueError, "levels must be one number, or 2, .* got 1"),
        (lambda n: FixedPoint(n.ideal, levels=(8, 8, 8)), ValueError, "levels must be one number, or 2, .* got 3"),
        (lambda n: FixedPoint(n), ValueError, r"products='exact' for fixed point, got one calibrated for streams; net"),
        (lambda n: FixedPoint(exact(n), levels=16), ValueError, "levels must be 8, for which the network is cal"),
        (lambda n: FixedPoint(exact(n), 4), ValueError, "levels must be None with another .*8 and bits=4"),
    ],
)  # fmt: skip
def test_levels_that_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(calibrated())


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "bipolar"}, {"accumulate": "mean"}, {"accumulate": "or"}, {"bits": 3}, {"share": "shift"},
        {"faults": Faults(input_flips=0.1)}, {"device": MemristorModel(levels=4)},
    ],
)  # fmt: skip
def test_options_that_exact_products_have_not(options):
    with pytest.raises(ValueError, match=f"^{next(iter(options))} must be .* with products='exact', got "):
        exact(calibrated(**options))


def test_circuits_of_the_ideal_network_and_its_levels_stay_beside():
    network = exact(calibrated())
    np.testing.assert_array_equal(network.ideal.circuit(8).forward(X), dense().circuit(8).forward(X))
    np.testing.assert_array_equal(
        FixedPoint(network.ideal, levels=8).forward(X), FixedPoint(dense(), levels=8).forward(X)
    )
