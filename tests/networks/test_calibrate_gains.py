"""Calibrated circuits against those of the plain mapping on held-out samples, for every kind of layer and circuit."""

import math
from itertools import product

import numpy as np
import pytest
from searched_networks import NETWORKS, made, options_of

from sc_neurocore import Dense, Network, Pool2D

LIMIT = 3.3
"""Standard errors that a difference may lie below 0: one in a thousand lies there by chance."""
CIRCUITS = (
    {},
    {"length": 16, "encoding": "bipolar"},
    {"generator": "bernoulli"},
    {"length": 16, "generator": "sobol"},
    {"generator": "lfsr", "accumulate": "mux"},
    {"accumulate": "or"},
    {"generator": "lattice", "accumulate": "saturate", "length": 32},
    {"length": 257},
    {"length": 12, "generator": "sobol", "share": "shift"},
)


def nearness(network, circuit, x):
    """Of each sample ``(N,)``: whether it is decided as by the float network, or minus the square error."""
    if network.kind == "classifier":
        return (circuit.predict(x) == network.float_predict(x)).astype(float)
    return -((circuit.forward(x) - network.float_forward(x)) ** 2).mean(1)


def standard_errors(network, calibrated, x, **options):
    """By how many standard errors calibrated circuits are nearer to the float network than plain ones: paired."""
    gain = nearness(network, calibrated.circuit(), x) - nearness(network, network.circuit(**options), x)
    return gain.mean() / max(gain.std() / math.sqrt(len(gain)), 1e-12) if gain.any() else 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_never_worse_than_the_plain_mapping(name):
    network, x, held = made(name)
    found = []
    for options in CIRCUITS[list(NETWORKS).index(name) % 2 :: 2]:  # half of them, the others for the next network
        given = options_of(name, **options)
        if given.get("encoding") == "unipolar" and name != "no negative":
            continue
        try:
            network.circuit(**given)
        except ValueError:  # spikes and cables take no ramps
            assert name in ("spiking", "dendrite")
            continue
        found.append(
            standard_errors(network, network.calibrate(x[: 50 if name == "dendrite" else 150], **given), held, **given)
        )
    assert len(found) >= 2
    assert min(found) > -LIMIT


def test_a_worse_circuit_is_seen():
    """The twin: a circuit of half the cycles in place of the calibrated one."""
    network, x, held = made("tanh")
    calibrated = network.calibrate(x, length=2)
    assert standard_errors(network, calibrated, held, length=32) < -LIMIT


GENERATORS = ("searched", "sobol", "lfsr", "bernoulli", "vdc")
ACCUMULATES = ("sum", "mean", "saturate", "or", "mux")


@pytest.mark.parametrize("encoding", ["split", "bipolar", "unipolar"])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_every_circuit_is_calibrated(encoding, accumulate):
    """Calibrated circuits of every kind come nearer to the float network, mean of all generators."""
    name = "no negative" if encoding == "unipolar" else "relu"
    network, x, held = made(name, seed=1)
    found = []
    for generator in GENERATORS:
        options = {"length": 8, "generator": generator, "encoding": encoding, "accumulate": accumulate}
        calibrated = network.calibrate(x[:150], **options)
        assert calibrated.circuit().options.keywords(*options) == options
        found.append(standard_errors(network, calibrated, held, **options))
    assert min(found) > -LIMIT
    assert np.mean(found) > 0


def test_errors_of_short_streams_halve():
    """Square errors of regressors at 4 cycles, in all of five networks."""
    for seed in range(5):
        network, x, held = made("regressor", seed)
        plain = nearness(network, network.circuit(4), held).mean()
        assert nearness(network, network.calibrate(x[:300], length=4).circuit(), held).mean() > plain / 2


# ---------------------------------------------------------------- numbers at the ends


def of_weights(first, last=None, bias=None, **options):
    rng = np.random.default_rng(5)
    last = rng.normal(size=(3, len(first))) if last is None else last
    biases = None if bias is None else [bias, np.zeros(len(last))]
    x = rng.random((60, first.shape[1]))
    return Network.from_arrays([first, last], biases, activation="relu", calibration=x, **options), x


ENDS = {
    "all weights 0": lambda rng: of_weights(np.zeros((4, 3))),
    "all weights and biases 0": lambda rng: of_weights(np.zeros((4, 3)), np.zeros((2, 4))),
    "only biases": lambda rng: of_weights(np.zeros((4, 3)), np.eye(2, 4), rng.random(4)),
    "dead neurons": lambda rng: of_weights(np.where(np.arange(4)[:, None] < 2, -1.0, rng.random((4, 3)))),
    "one weight": lambda rng: of_weights(np.ones((1, 1)), np.ones((1, 1))),
    "a row of zeros": lambda rng: of_weights(rng.normal(size=(4, 3)) * [[1], [0], [1], [1]]),
    "far apart": lambda rng: of_weights(rng.normal(size=(4, 3)) * 10.0 ** np.array([[-9], [-3], [3], [9]])),
    "tiny": lambda rng: of_weights(1e-150 * rng.normal(size=(4, 3))),
    "large": lambda rng: of_weights(1e60 * rng.normal(size=(4, 3))),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("generator", ["searched", "bernoulli", "lfsr"])
def test_networks_at_the_ends(name, generator):
    network, x = ENDS[name](np.random.default_rng(6))
    for options in ({"length": 1}, {"length": 2}, {"length": 7}, {"length": 8, "encoding": "bipolar"}):
        calibrated = network.calibrate(x, generator=generator, **options)
        assert np.isfinite(calibrated.circuit().forward(x)).all()
        assert np.isfinite(calibrated.circuit().expected(x)).all()
        assert standard_errors(network, calibrated, x, generator=generator, **options) > -LIMIT


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_constant_inputs(value):
    network, _, _ = made("relu")
    x = np.full((40, network.n_inputs), value)
    calibrated = network.calibrate(x, length=4)
    assert (calibrated.circuit().predict(x) == network.float_predict(x)).all()
    calibrated.circuit().predict(np.random.default_rng(0).random((40, network.n_inputs)))


@pytest.mark.parametrize("count", [2, 3, 5, 17])
@pytest.mark.parametrize("name", ["relu", "regressor", "conv in groups", "spiking", "winners"])
def test_a_few_samples(name, count):
    network, x, held = made(name)
    calibrated = network.calibrate(x[:count], generator="sobol", length=16)
    assert np.isfinite(calibrated.circuit().forward(held)).all()


@pytest.mark.parametrize("lengths", [1, 2, 3, 257, 512, (4, 9), (1, 64)])
def test_lengths(lengths):
    network, x, held = made("relu")
    calibrated = network.calibrate(x[:150], length=lengths)
    assert calibrated.circuit().options.length == lengths
    for layer, length in zip(calibrated.circuit().layers, np.broadcast_to(lengths, 2), strict=True):
        assert layer.length == length
    assert standard_errors(network, calibrated, held, length=lengths) > -LIMIT


def test_a_layer_without_numbers_first_and_images_behind():
    rng = np.random.default_rng(7)
    layers = [Pool2D("average", 2), Dense(rng.normal(size=(3, 8)), rng.normal(size=3), "identity")]
    x = rng.random((200, 32))
    network = Network.from_layers(layers, input_shape=(2, 4, 4), input_range=(0.0, 1.0), calibration=x)
    for generator, encoding in product(("searched", "bernoulli"), ("split", "bipolar")):
        options = {"length": 8, "generator": generator, "encoding": encoding}
        calibrated = network.calibrate(x[:100], **options)
        assert standard_errors(network, calibrated, x[100:], **options) > -LIMIT
