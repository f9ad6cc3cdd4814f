"""Samples with given numbers: each gets the bits that it has in a run of all, whatever is run before or beside it."""

import numpy as np
import pytest

from sc_neurocore import Faults, MemristorModel
from sc_neurocore.networks import FixedPoint
from tests.networks.searched_networks import NETWORKS, made, options_of
from tests.networks.test_attention_spec import transformer
from tests.networks.test_graph import NETWORKS as GRAPHS

SAMPLES = 24
GENERATORS = ("bernoulli", "searched", "sobol", "lattice", "lfsr", "halton", "vdc", "ramp")

RANDOM_OPTIONS = (
    {"weight_streams": "stored"},
    {"share": "one", "weight_share": "one"},
    {"weight_share": "neurons"},
    {"encoding": "bipolar"},
    {"accumulate": "mux"},
    {"accumulate": "or"},
    {"accumulate": "saturate"},
    {"faults": Faults.flips(0.05)},
    {"faults": Faults(product_flips=0.05)},
    {"faults": Faults(stuck_lines=0.1)},
    {"faults": Faults(dead_generator="inputs")},
    {"device": MemristorModel.preset("taox")},
    {"device": MemristorModel(read_noise=0.1)},
    {"device": MemristorModel(read_noise=0.1, read_noise_per="cycle")},
)
GRAPHS = {**GRAPHS, "transformer": transformer}


def assert_parts_are_those_of_the_whole(circuit, x, seed=0):
    """Samples in a random order, in pieces of random sizes; they do not move the generators."""
    whole = circuit.forward(x)
    rng = np.random.default_rng(seed)
    for part in np.split(rng.permutation(len(x)), np.sort(rng.choice(len(x), 3, replace=False))):
        assert np.array_equal(circuit.forward(x[part], samples=part), whole[part])
        circuit.forward(x[:1])  # what is run in between has other numbers
    circuit.reset()
    assert np.array_equal(circuit.forward(x), whole)
    return whole


def samples_of(network, seed=0):
    low, high = network.bounds
    return np.random.default_rng(seed).uniform(low, high, (SAMPLES, network.n_inputs))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_layer(name):
    network, _, x = made(name)
    for generator in ("bernoulli", "searched"):
        for faults in (None, Faults.flips(0.02)):
            options = options_of(name, generator=generator, length=24, faults=faults, seed=3)
            assert_parts_are_those_of_the_whole(network.circuit(**options), x[:SAMPLES])


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_graphs(name, generator):
    network = GRAPHS[name]()
    circuit = network.circuit(24, generator, faults=Faults.flips(0.02))
    x = samples_of(network)
    whole = assert_parts_are_those_of_the_whole(circuit, x)
    others = circuit.forward(x, samples=np.arange(1, len(x) + 1))
    assert not np.array_equal(others, whole)  # numbers decide: these are those of the neighbours


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_generator(generator):
    network, _, x = made("relu")
    circuit = network.circuit(33, generator, faults=Faults.flips(0.02), seed=1)
    whole = assert_parts_are_those_of_the_whole(circuit, x[:SAMPLES])
    assert not np.array_equal(circuit.forward(x[:SAMPLES], samples=np.arange(SAMPLES) + 1), whole)


@pytest.mark.parametrize("options", RANDOM_OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["relu", "conv"])
def test_every_option(name, options):
    network, _, x = made(name)
    circuit = network.circuit(24, "bernoulli", **options)
    whole = assert_parts_are_those_of_the_whole(circuit, x[:SAMPLES])
    assert not np.array_equal(circuit.forward(x[:SAMPLES], samples=np.arange(SAMPLES) + 1), whole)


@pytest.mark.parametrize(
    "faults",
    [Faults.flips(0.02), Faults(product_flips=0.02), Faults(stuck_lines=0.1)],
    ids=["flips", "products", "stuck"],
)
@pytest.mark.parametrize("name", ["relu", "conv"])
def test_fixed_point(name, faults):
    network, _, x = made(name)
    assert_parts_are_those_of_the_whole(FixedPoint(network, faults=faults), x[:SAMPLES])


def test_classes_and_shapes():
    network, _, x = made("relu")
    circuit = network.circuit(16, "bernoulli")
    whole = circuit.predict(x[:SAMPLES])
    order = np.random.default_rng(0).permutation(SAMPLES).reshape(4, 6)
    assert np.array_equal(circuit.predict(x[:SAMPLES][order], samples=order), whole[order])
    assert circuit.predict(x[5], samples=5) == whole[5]


@pytest.mark.parametrize("make", [lambda network: network.circuit(16, "bernoulli"), FixedPoint])
def test_numbers_are_checked(make):
    network, _, x = made("relu")
    run = make(network)
    for numbers, error, message in [
        ([0, 1], ValueError, r"samples must have shape \(3,?\), got \(2,\)"),
        ([0, 1, -1], ValueError, "samples must lie in 0..1099511627776, got -1"),
        ([0.0, 1.0, 2.0], TypeError, "samples must be an array of integers, got float64"),
    ]:
        with pytest.raises(error, match=message):
            run.forward(x[:3], samples=numbers)
    with pytest.raises(ValueError, match=r"samples must have shape \(\), got \(1,\)"):
        run.forward(x[0], samples=[0])
    assert run.predict(x[:0], samples=np.zeros(0, int)).shape == (0,)
