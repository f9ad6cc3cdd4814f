"""Calibrated networks: the circuit that they carry, its numbers against those of its layers, and what is refused."""

import copy
import math
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from calibrated_networks import LENGTH, X, calibrated, dense, mapped, permutation, rows_of

from sc_neurocore import Circuit, Conv2D, Dense, Network, Pool2D, SpikingDense, VectorizedSCLayer
from sc_neurocore.encoders import Bank, Searched, Sobol
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.gates.faults import Faults
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import Calibration, LayerMapping
from sc_neurocore.networks.calibration import FREE
from sc_neurocore.networks.circuit import layer_contexts
from sc_neurocore.synapses import MemristorModel

# ---------------------------------------------------------------- the circuit


@pytest.mark.parametrize("generator", ["searched", "sobol", "bernoulli", Bank("lfsr", LENGTH), Searched(permutation())])
@pytest.mark.parametrize("method", ["forward", "expected"])
def test_the_circuit_is_what_the_mapping_says(generator, method):
    """Against layers of streams, scaled by hand."""
    network = calibrated(generators=(generator, "lattice"))
    circuit, values, seeds = network.circuit(), X, Seeds(0, Circuit).of("layers").spawn(2)
    for k, (spec, mapping) in enumerate(zip(network.layers, network.calibration.layers, strict=True)):
        layer = VectorizedSCLayer.from_weights(
            mapping.weights, LENGTH, generator=mapping.generator, encoding="split", accumulate="sum",
            seed=seeds[k],
        )  # fmt: skip
        sums = getattr(layer, method)(np.clip(values / mapping.ranges, 0, 1)) * mapping.gains + mapping.offsets
        values = np.maximum(sums, 0) if spec.activation == "relu" else sums
    np.testing.assert_array_equal(getattr(circuit, method)(X), values)
    assert np.abs(values - network.float_forward(X)).max() > 0.01


def test_expected_is_the_limit_of_the_calibrated_circuit():
    """Streams so long that a product is exact to 1e-3: what is left is the calibration, which stays."""
    network = dense()
    mapping = mapped(network)
    long = Calibration(CircuitOptions(2**14, "sobol"), tuple(replace(each, generator="sobol") for each in mapping))
    circuit = replace(network, calibration=long).circuit()
    error = np.abs(circuit.forward(X) - circuit.expected(X)).max()
    assert error < 0.01 < 0.05 < np.abs(circuit.expected(X) - network.float_forward(X)).max()


def test_floating_point_is_that_of_the_ideal_network():
    network = calibrated()
    np.testing.assert_array_equal(network.float_forward(X), dense().float_forward(X))
    assert network.ideal.digest() == dense().digest() != network.digest()
    ideal = network.ideal
    assert ideal.calibration is None
    assert ideal.ideal is ideal
    np.testing.assert_array_equal(
        network.ideal.circuit(16, "sobol").forward(X), dense().circuit(16, "sobol").forward(X)
    )


def test_no_value_is_encoded_below_zero_where_sums_cannot_be():
    """An offset below 0 behind sums that are none: unipolar streams have no value for it."""
    layers = (Dense(np.ones((1, 1)), np.zeros(1), "identity"), Dense(np.ones((1, 1)), np.ones(1), "identity"))
    own = LayerMapping(1.0, 1.0, -0.5, [[1.0]], None, "sobol")
    network = Network(layers, calibration=Calibration(CircuitOptions(16, "sobol", "unipolar"), (own, own)))
    np.testing.assert_allclose(network.circuit().expected([[0.25], [1.0]]), [[-0.5], [0.0]])
    np.testing.assert_allclose(network.circuit().forward([[0.25], [1.0]]), [[-0.5], [0.0]])


def test_images_and_pools_have_ranges_for_channels():
    rng = np.random.default_rng(1)
    conv = Conv2D(rng.normal(size=(4, 2, 3, 3)), rng.normal(size=4), "relu", padding=1, groups=2)
    layers = [conv, Pool2D("average", 2), Dense(rng.normal(size=(3, 36)), rng.normal(size=3), "identity")]
    network = Network.from_layers(layers, input_shape=(4, 6, 6))
    ranges = rng.uniform(0.5, 1, (4, 1, 1))
    kernels, last = network.layers[0].scaled_weights(ranges), network.layers[2]
    by_hand = conv.weights * np.stack([ranges[:2], ranges[:2], ranges[2:], ranges[2:]])
    np.testing.assert_array_equal(kernels, by_hand)
    rows, ends, scale = rows_of(kernels), rows_of(last.weights), network.layers[0].ceiling
    mappings = (
        LayerMapping(ranges, rows.reshape(-1, 1, 1), conv.bias.reshape(-1, 1, 1), kernels / rows.reshape(-1, 1, 1, 1)),
        LayerMapping(scale, scale),
        LayerMapping(scale, ends * scale, last.bias, last.weights / ends[:, None]),
    )
    options = CircuitOptions(256, "bernoulli", bits=32)
    mappings = tuple(replace(each, generator="bernoulli") for each in mappings)
    circuit = replace(network, calibration=Calibration(options, mappings)).circuit()
    x = rng.random((5, 4, 6, 6)) * ranges  # within the ranges: nothing is clipped
    np.testing.assert_allclose(circuit.expected(x.reshape(5, -1)), network.float_forward(x.reshape(5, -1)), rtol=1e-6)


# ---------------------------------------------------------------- options


def test_a_calibrated_network_needs_no_options_and_refuses_others():
    network = calibrated()
    circuit = network.circuit()
    assert (circuit.options.length, circuit.options.generator) == (LENGTH, "searched")
    free = network.circuit(LENGTH, "searched", seed=5, clip=True, backend="reference", encoding="split")
    np.testing.assert_array_equal(free.forward(X), circuit.forward(X))
    others = {
        "length": 16, "generator": "sobol", "encoding": "bipolar", "accumulate": "or", "share": "shift", "bits": 5,
        "weight_streams": "stored", "weight_share": "neurons", "faults": Faults(product_flips=0.1),
        "device": MemristorModel(levels=4),
    }  # fmt: skip
    assert set(others) | set(FREE) == {field.name for field in fields(CircuitOptions)}
    for name, value in others.items():
        of = calibrated(generators=("bernoulli", "bernoulli"), generator="bernoulli") if value == "stored" else network
        with pytest.raises(
            ValueError, match=rf"^{name} must be .*for which the network is calibrated, got .*\.ideal\."
        ):
            of.circuit(**{name: value})


def test_a_network_that_is_not_calibrated_needs_a_length():
    with pytest.raises(TypeError, match="got None, in a network that is not calibrated"):
        dense().circuit()
    assert dense().circuit(16).options.generator == "searched"


def test_a_network_for_exact_products_is_no_circuit():
    network = calibrated()
    exact = replace(network, calibration=replace(network.calibration, products="exact"))
    with pytest.raises(ValueError, match=r"it is for exact products: run it by FixedPoint\(network, levels=\.\.\)"):
        exact.circuit()


def test_other_layers_with_the_same_calibration_are_refused():
    network = calibrated()
    first, last = network.layers
    for changes in (
        {"layers": (replace(first, weights=2 * first.weights), last)},
        {"layers": (replace(first, ceiling=3.0), last)},
        {"input_range": (0.0, 2.0)},
    ):
        with pytest.raises(ValueError, match=r"calibration must be that of these layers, .*; change network\.ideal"):
            replace(network, **changes)
        assert replace(network.ideal, **changes).calibration is None
    named = replace(network, classes=("a", "b", "c"))
    np.testing.assert_array_equal(named.circuit().forward(X), network.circuit().forward(X))


def test_copies_are_equal():
    network = calibrated(generators=(Searched(permutation()), Bank("sobol", LENGTH)))
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert other.digest() == network.digest()
        np.testing.assert_array_equal(other.circuit().forward(X), network.circuit().forward(X))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda n: replace(n, calibration=5), TypeError, "calibration must be a Calibration, got 5"),
        (lambda n: of(n, options=5), TypeError, "options must be a CircuitOptions, got 5"),
        (lambda n: of(n, options=CircuitOptions(8, Sobol(3))), TypeError, "generator must be a name in a calibration"),
        (lambda n: of(n, options=CircuitOptions(2**16 + 1, "bernoulli")), ValueError, r"length .* in 1\.\.65536, got"),
        (lambda n: of(n, options=CircuitOptions((8, 8, 8))), ValueError, "length must have 2 numbers, .* got 3"),
        (lambda n: of(n, layers=mapped(n)[:1]), ValueError, "calibration must have 2 layers, got 1"),
        (lambda n: of(n, layers=mapped(n)[::-1]), ValueError, r"calibration must fit the layers: layer 0: gains of a"),
        (lambda n: of(n, layers=(5, 5)), TypeError, r"layers\[0\] must be a LayerMapping, got 5"),
        (lambda n: of(n, layers=mapped(n, (Sobol(3), "sobol"))), TypeError, "generator of layer 0 must be a name, "),
        (lambda n: of(n, layers=mapped(n, ("sobol", "dice"))), ValueError, "generator must be one of bern.*dice"),
        (
            lambda n: of(n, layers=mapped(n, ("sobol", Bank("sobol", 16)))),
            ValueError,
            "generator of layer 1 must be one for 8 cycles, got one for 16",
        ),
        (
            lambda n: of(n, layers=mapped(n, (Searched([1, 0]), "sobol"))),
            ValueError,
            "generator of layer 0 must be one for 8 cycles, got one for 2",
        ),
        (lambda n: of(n, products="none"), ValueError, "products must be one of streams, exact, got 'none'"),
        (lambda n: of(n, gains=[(1, 2)]), ValueError, r"gains\[0\] must have layer, step, chosen, "),
        (lambda n: of(n, gains=[(0, 5, "a", 0, 1)]), TypeError, r"gains\[0\] must be a str, got 5"),
        (lambda n: of(n, gains=[(0, "a", "b", 0, math.nan)]), ValueError, r"gains\[0\] must .*, got nan"),
        (lambda n: replace(of(n).calibration, network=5), TypeError, "network must be a str, got 5"),
    ],
)  # fmt: skip
def test_calibrations_that_are_none(make, error, message):
    with pytest.raises(error, match=message):
        make(dense())


def of(network, **changes):
    given = {"options": CircuitOptions(LENGTH), "layers": mapped(network), **changes}
    return replace(network, calibration=Calibration(**given))


# ---------------------------------------------------------------- digest and description


def test_every_number_of_a_calibration_changes_the_digest():
    network = calibrated(generators=(Searched(permutation()), "searched"))
    calibration, first = network.calibration, network.calibration.layers[0]
    changes = {"ranges": 2 * first.ranges, "gains": 2 * first.gains, "offsets": 1 + first.offsets,
               "weights": first.weights / 2, "bias": np.zeros(5),
               "generator": Searched(permutation(seed=4))}  # fmt: skip
    assert set(changes) == {field.name for field in fields(LayerMapping)}
    options = {"length": 16, "generator": "sobol", "encoding": "bipolar", "accumulate": "or", "share": "shift",
               "bits": 3, "faults": Faults(input_flips=0.1), "device": MemristorModel(levels=4)}  # fmt: skip
    plain = calibrated()
    found = [plain, *(calibrated(**{name: value}) for name, value in options.items()), network]
    found += [
        replace(
            network, calibration=replace(calibration, layers=(replace(first, **{name: value}), calibration.layers[1]))
        )
        for name, value in changes.items()
    ]
    reordered = Searched(first.generator.permutation, permutation(2))
    ordered = replace(first, generator=reordered)
    found += [replace(network, calibration=replace(calibration, layers=(ordered, calibration.layers[1])))]
    found += [replace(network, calibration=replace(calibration, products="exact"))]
    found += [replace(network, calibration=replace(calibration, gains=()))]
    assert len({each.digest() for each in found}) == len(found)
    free = replace(calibration, options=replace(calibration.options, seed=3, clip=True, backend="reference"))
    assert replace(network, calibration=free).digest() == network.digest()


def test_a_description_says_what_calibration_adds():
    network = calibrated(generators=(Searched(permutation()), Bank("lfsr", LENGTH)))
    lines = network.describe().splitlines()
    plain = network.ideal.describe(LENGTH).splitlines()
    assert lines[5] == plain[5]
    rows = rows_of(network.layers[0].weights) * 0.8 * network.input_scale
    assert lines[1].split()[5] == f"{rows.min():.3g}..{rows.max():.3g}"
    # 4 inputs without the constant of a bias, two rails of 20 weights; 5 and 50 with it
    assert (lines[1].split()[6:8], plain[1].split()[6:8]) == (["44", "40"], ["55", "50"])
    assert lines[6].startswith(
        "layer 0: a look-up of 8 numbers of its own; inputs clipped at 0.796 in place of 0.996; a range for each of "
        "5 neurons (a multiplier where counts are read); offsets: an adder a neuron (in place of 5 bias streams)"
    )
    assert "look-up" not in lines[7]
    assert "sequences of its own, LFSR(bits=3" in lines[7]
    assert "offsets" not in lines[7]
    assert len(lines) == 8
    with pytest.raises(ValueError, match="length must be 8, for which the network is calibrated, got 16"):
        network.describe(16)


def test_a_description_counts_thresholds_that_moved():
    network = calibrated()
    assert "thresholds" not in network.describe()  # each is the nearest
    first, last = network.calibration.layers
    weights = first.weights.copy()
    weights[0, :2] -= np.sign(weights[0, :2]) / LENGTH
    moved = replace(network.calibration, layers=(replace(first, weights=weights), last))
    assert "thresholds of 2 of 20 weights moved" in replace(network, calibration=moved).describe()
    powers = replace(first, gains=2.0 ** np.arange(5))
    shifts = replace(network, calibration=replace(network.calibration, layers=(powers, last)))
    assert "a range for each of 5 neurons (a shift where counts are read)" in shifts.describe()


def test_the_plain_mapping_adds_nothing():
    network, options = dense(), CircuitOptions(LENGTH)
    plain = tuple(spec.mapping(shape, context) for spec, shape, context in layer_contexts(network, options))
    mapped_so = replace(network, calibration=Calibration(options, plain))
    np.testing.assert_array_equal(mapped_so.circuit().forward(X), network.circuit(LENGTH).forward(X))
    assert mapped_so.describe().splitlines()[:6] == network.describe(LENGTH).splitlines()
    assert mapped_so.describe().splitlines()[6:] == [f"layer {k}: as without calibration" for k in range(2)]


def test_lengths_of_layers():
    with pytest.raises(ValueError, match="length must be one number, or 2, one for each layer, got 3"):
        dense().describe((4, 4, 4))
    network = dense()
    options = CircuitOptions((4, LENGTH))
    own = replace(network, calibration=Calibration(options, mapped(network, ("searched", Searched(permutation())))))
    assert [layer.length for layer in own.circuit().layers] == [4, LENGTH]
    assert [line for line in own.describe().splitlines() if line.startswith("generator:")] == [
        f"generator: {Searched.of_length(length)}" for length in (4, LENGTH)
    ]
    assert math.isclose(float(own.describe().splitlines()[3].split()[-2]), 4 + LENGTH)


def test_spiking_layers_are_calibrated_too():
    rng = np.random.default_rng(2)
    network = Network((SpikingDense(rng.random((3, 4)) / 4, np.zeros(3)),), input_range=(0, 1))
    unit = float(network.layers[0].weights.max())
    mapping = LayerMapping(1.0, unit, [5.0, -1e6, 0.0], network.layers[0].weights / unit, None, "sobol")
    circuit = replace(network, calibration=Calibration(CircuitOptions(256, "sobol"), (mapping,))).circuit()
    rates = network.circuit(256, "sobol").forward(X)
    np.testing.assert_allclose(circuit.forward(X), np.maximum(rates + np.array([5.0, -1e6, 0.0]), 0))
