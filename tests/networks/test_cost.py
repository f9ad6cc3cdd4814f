"""Hardware cost in numbers: the same as the table of `describe`, and an area that follows the cells."""

import math

import numpy as np
import pytest

from sc_neurocore import CircuitOptions, Conv2D, Dense, Network, Pool2D
from sc_neurocore.networks.cost import circuit_cost

OPTIONS = {"length": 16, "generator": "lfsr"}


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays([rng.normal(size=(6, 4)), rng.normal(size=(3, 6))])


def area(network, **options):
    return circuit_cost(network, CircuitOptions(**{**OPTIONS, **options})).area


@pytest.mark.parametrize("encoding", ["split", "bipolar"])
def test_the_numbers_are_those_of_the_table(network, encoding):
    rng = np.random.default_rng(1)
    images = Network.from_layers(
        [
            Conv2D(rng.normal(size=(2, 1, 3, 3)), np.zeros(2), "relu"),
            Pool2D("average", 2),
            Dense(rng.normal(size=(3, 8)), np.zeros(3), "identity"),
        ],
        input_shape=(1, 6, 6),
    )
    for each in (network, images):
        cost = circuit_cost(each, CircuitOptions(length=32, generator="sobol", encoding=encoding))
        (line,) = (line for line in each.describe(32, encoding, "sobol").splitlines() if line.startswith("all "))
        assert [int(word) for word in line.split()[1:4]] == [cost.streams, cost.gates, cost.cycles]
        assert cost.area_time == cost.area * cost.cycles / 1e6


def test_the_area_of_a_layer_from_its_cells():
    """Two inputs, two neurons, split weights: 2 + 8 streams and 8 products of 4 bits, two sums of 4 + 2 bits."""
    network = Network.from_arrays([[[0.3, -0.6], [0.1, 0.2]]])
    products, comparators, sums = 8 * (6.3 + 20.0), 10 * 4 * 116 / 8, 2 * 6 * (20.0 + 20.0)
    sources = {"lfsr": 2 * 4 * 255 / 8, "sobol": 2 * 4 * 618 / 8, "searched": 215.0, "ramp": 2 * 4 * 32.5,
               "lattice": 2 * 4 * 40.0, "bernoulli": (2 + 4) * 4 * 255 / 8}  # fmt: skip
    for generator, own in sources.items():
        assert area(network, generator=generator) == pytest.approx(products + comparators + sums + own)
    assert area(network, generator="searched", length=64) - area(network, generator="lfsr", length=64) == pytest.approx(
        823 - 2 * 6 * 255 / 8
    )


def test_options_have_their_price(network):
    plain = area(network)
    assert area(network, length=64) > plain
    assert area(network, bits=8) - plain == pytest.approx(
        4 * (circuit_cost(network, CircuitOptions(**OPTIONS)).streams * 116 / 8 + 4 * 255 / 8 + 9 * 40)
    )
    assert area(network, accumulate="or") == pytest.approx(
        plain - 15 * circuit_cost(network, CircuitOptions(**OPTIONS)).gates
    )
    assert area(network, accumulate="mux") < plain
    assert area(network, accumulate="mean") == plain
    assert area(network, encoding="bipolar") < plain
    assert area(network, share="independent", generator="sobol") > area(network, generator="sobol")
    assert area(network, length=(16, 16)) == plain


def test_long_searched_streams_are_lattices(network):
    assert area(network, length=512, generator="searched") == area(network, length=512, generator="lattice")
    assert math.isfinite(area(network, length=1, generator="searched"))


def test_a_calibrated_network_has_the_streams_of_its_mapping(network):
    x = np.random.default_rng(0).random((60, 4))
    calibrated = network.calibrate(x, length=8)
    options = calibrated.calibration.options
    (line,) = (line for line in calibrated.describe().splitlines() if line.startswith("all "))
    cost = circuit_cost(calibrated, options)
    assert [int(word) for word in line.split()[1:4]] == [cost.streams, cost.gates, cost.cycles]
