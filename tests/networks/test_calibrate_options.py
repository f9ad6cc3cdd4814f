"""What a calibration is for: lengths shared out, exact products, faults, devices, random streams drawn by their law."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from searched_networks import made

from sc_neurocore import Dense, Faults, MemristorModel, Network, SpikingDense
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import FixedPoint
from sc_neurocore.networks.calibrating.node import Node
from sc_neurocore.networks.calibrating.samples import Judge, Parts
from sc_neurocore.networks.circuit import layer_contexts
from sc_neurocore.synapses.mean_cell import mean_cell


@pytest.mark.parametrize("name", ["one layer", "relu", "three layers", "conv in groups"])
@pytest.mark.parametrize("more", [0, 1, 5, 30, 5000])
def test_lengths_add_up_to_at_most_the_cycles(name, more):
    network, x, held = made(name)
    cycles = len(network.layers) + more
    calibrated = network.calibrate(x[:100], length="auto", cycles=cycles)
    lengths = calibrated.calibration.options.length
    assert len(lengths) == len(network.layers)
    assert min(lengths) >= 1
    assert sum(lengths) <= cycles
    assert np.isfinite(calibrated.circuit().forward(held[:9])).all()
    assert network.calibrate(x[:100], length=lengths).digest() == calibrated.digest()


@pytest.mark.parametrize("cycles", [6, 7, 40])
def test_spiking_neurons_get_at_least_the_cycles_of_their_window(cycles):
    """100 ms of neurons of 20 ms: five cycles; fewer are an error of the layer, which came out of the search."""
    rng = np.random.default_rng(0)
    last = Dense(rng.normal(size=(3, 6)), np.zeros(3), "identity")
    network = Network.from_layers([SpikingDense(rng.random((6, 4)) / 5, np.zeros(6)), last], input_shape=(4,))
    x = rng.random((40, 4))
    lengths = network.calibrate(x, length="auto", cycles=cycles, generator="sobol").calibration.options.length
    assert lengths[0] >= 5
    assert sum(lengths) <= cycles
    with pytest.raises(ValueError, match="cycles must be an integer of at least 6, got 5"):
        network.calibrate(x, length="auto", cycles=5)


@pytest.mark.parametrize("name", ["tanh", "conv in groups"])
def test_exact_products_are_for_fixed_point(name):
    network, x, held = made(name)
    calibrated = network.calibrate(x[:200], length=4, products="exact")
    fixed = FixedPoint(calibrated)
    assert fixed.levels == 4
    values = held[:60].reshape(-1, *network.shapes()[0])
    contexts = layer_contexts(network, CircuitOptions(4))
    judge = Judge(network, network.float_forward(held[:60]))
    for (spec, shape, context), mapping in zip(contexts, calibrated.calibration.layers, strict=True):
        node = Node(spec, shape, context, Parts(values, values), Parts(values, values), judge, True, True)
        values = node.outputs(mapping).held
    np.testing.assert_allclose(fixed.forward(held[:60]), values, atol=1e-9)
    with pytest.raises(ValueError, match="FixedPoint"):
        calibrated.circuit()


def test_faults_are_kept_and_leave_the_search_as_it_is():
    network, x, _ = made("tanh")
    faults = Faults(product_flips=0.1, stuck_lines=0.2)
    plain, faulty = (network.calibrate(x[:100], length=4, faults=each) for each in (None, faults))
    assert faulty.calibration.options == replace(plain.calibration.options, faults=faults)
    assert faulty.calibration.gains == plain.calibration.gains
    one, other = (each.calibration.arrays() for each in (plain, faulty))
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(other[name], array)


def test_the_search_sees_the_mean_cell_of_a_device():
    network, x, _ = made("tanh")
    mean = MemristorModel(levels=4)
    cells = MemristorModel(levels=4, variability=0.1, stuck_low_rate=0.05, read_noise=0.01)
    assert mean_cell(cells) == mean
    found = [network.calibrate(x[:100], length=4, device=each).calibration for each in (mean, cells, None)]
    assert [each.options.device for each in found] == [mean, cells, None]
    assert found[0].gains == found[1].gains != found[2].gains
    for name, array in found[0].arrays().items():
        np.testing.assert_array_equal(found[1].arrays()[name], array)


# ---------------------------------------------------------------- sums of random streams, by their law

ALARM = 1e-9


def standardised(encoding, accumulate, sums_of, count=4000):
    """Sums of a layer for one sample again and again, less their mean, in standard deviations: by the closed form."""
    network, x, _ = made("no negative" if encoding == "unipolar" else "tanh")
    options = CircuitOptions(64, "bernoulli", encoding=encoding, accumulate=accumulate, bits=20)
    spec, shape, context = next(layer_contexts(network, options))
    spec = replace(spec, activation="identity")
    same = np.repeat(x[:1], count, axis=0)
    judge = Judge(network, network.float_forward(same))
    node = Node(spec, shape, context, Parts(same, same), Parts(same, same), judge, False, False)
    mapping = spec.mapping(shape, context)
    sums = sums_of(node, mapping, same) / mapping.gains * spec.terms(accumulate, biased=True)
    products = np.column_stack([same[0] / context.input_scale * mapping.weights, mapping.bias])
    ones = np.abs(products)
    variance = (1 - products**2 if encoding == "bipolar" else ones * (1 - ones)).sum(1) / 64
    return (sums - products.sum(1)) / np.sqrt(variance)


def drawn(node, mapping, x):
    return node.outputs(mapping).held


def of_streams(node, mapping, x):
    return mapping.gains * node.spec.build(node.shape, node.context, mapping).forward(x / mapping.ranges)


def biased(node, mapping, x):
    """Sums that are drawn with a standard deviation of a fifth too much."""
    sums = drawn(node, mapping, x)
    return sums + 0.2 * (sums - sums.mean(0))


def has_the_variance(found):
    """Whether the squares of standardised sums add up to a chi-square number, for every neuron."""
    tails = ALARM / (2 * found.shape[1])
    low, high = chi2.ppf(tails, len(found)), chi2.isf(tails, len(found))
    squares = (found**2).sum(0)
    return bool(((low < squares) & (squares < high)).all())


@pytest.mark.parametrize("accumulate", ["sum", "mean"])
@pytest.mark.parametrize("encoding", ["split", "bipolar", "unipolar"])
def test_sums_are_drawn_by_the_law_of_random_streams(encoding, accumulate):
    for sums_of in (drawn, of_streams):
        assert has_the_variance(standardised(encoding, accumulate, sums_of))
    assert not has_the_variance(standardised(encoding, accumulate, biased))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": "auto", "cycles": 4, "accumulate": "sum", "share": "rotate"}, "share must not be 'rotate'"),
        ({"products": "exact", "length": 4}, "fixed-point twin"),
    ],
)
def test_errors_come_before_any_search(options, message):
    network, x, _ = made("tanh" if "cycles" in options else "dendrite")
    seen = []
    with pytest.raises(ValueError, match=message):
        network.calibrate(x[:100], **options, progress=lambda *args: seen.append(args))
    assert not seen
