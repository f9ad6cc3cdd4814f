"""Layers in a chain: inputs that come from the layer before are independent of the weights that they meet.

A layer's inputs depend on the streams of the layer before: its thresholds are that layer's counts. If both layers had
the same random numbers, or the same sequences in a way that matters, products would be wrong in one direction.
"""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import Conv2D, Dense, Network, Pool2D, SCPool2D, VectorizedSCLayer
from sc_neurocore.encoders import Encoder
from sc_neurocore.encoders.by_name import GENERATORS

FALSE_ALARM = 1e-9
LIMIT = 1.5
"""Largest error of products, in units of the error of independent Bernoulli streams: that of lines of one list."""
SIDE, CHANNELS, HIDDEN, OUTPUTS, SAMPLES = 8, 4, 12, 10, 4


def images():
    return np.random.default_rng(1).random((SAMPLES, SIDE * SIDE))


def uniform(rng, shape, fan_in):
    """Weights, and biases, with which sums of products do not saturate a tanh."""
    return rng.uniform(-2, 2, shape) / np.sqrt(fan_in)


def dense(rng, n_outputs, n_inputs, activation):
    return Dense(uniform(rng, (n_outputs, n_inputs), n_inputs), uniform(rng, n_outputs, n_inputs), activation)


def network(kind):
    """A network whose hidden layers are calibrated, so that the inputs of each layer fill the range of streams."""
    rng = np.random.default_rng(0)
    if kind == "dense":
        layers = [dense(rng, 16, SIDE**2, "relu"), dense(rng, HIDDEN, 16, "tanh")]
    else:
        layers = [
            Conv2D(uniform(rng, (CHANNELS, 1, 3, 3), 9), uniform(rng, CHANNELS, 9), "relu"),
            Pool2D("average", 2),
            dense(rng, HIDDEN, CHANNELS * ((SIDE - 2) // 2) ** 2, "relu"),
        ]
    layers.append(dense(rng, OUTPUTS, HIDDEN, "identity"))
    return Network.from_layers(layers, input_shape=(1, SIDE, SIDE), calibration=rng.random((50, SIDE**2)))


def inputs_in_the_chain(circuit, x):
    """Each layer of a circuit with the numbers that it encodes, of samples ``(S, n)``."""
    met = []
    for layer in circuit.layers:
        forward = layer.forward
        layer.forward = lambda values, layer=layer, forward=forward: met.append((layer, values)) or forward(values)
    circuit.forward(x)
    for layer in circuit.layers:
        del layer.forward
        layer.reset()
    assert [layer for layer, _ in met] == circuit.layers
    return met


def magnitudes(stream):
    """Bits ``(.., L)`` of the magnitudes of split streams: at most one of the two rails has ones."""
    rails = stream.bits()
    assert not (rails[0] & rails[1]).any()
    return (rails[0] | rails[1]).astype(np.float64)


def error_of_products(inputs, weights):
    """RMSE of the ANDs of every input with every weight, ``(S, n, L)`` and ``(S, m, L)``, in Bernoulli's units.

    Given that two streams have a and b ones at random places, the number of common ones is hypergeometric: mean
    a b / L, variance a b (L - a) (L - b) / (L**2 (L - 1)). So the share of common ones has the mean p q and the
    variance p (1 - p) q (1 - q) / (L - 1).
    """
    length = inputs.shape[-1]
    common = inputs @ weights.swapaxes(-1, -2) / length
    p, q = inputs.mean(-1)[..., :, None], weights.mean(-1)[..., None, :]
    variance = p * (1 - p) * q * (1 - q) / (length - 1)
    assert np.mean(variance > 0) > 0.2, "streams without both zeros and ones have no error"
    return np.sqrt(np.mean((common - p * q) ** 2) / variance.mean())


def weights_of(streams):
    """Magnitudes of weight streams ``(S, m, L)``, S = 1 where all samples share them; None without weights."""
    if streams.weights is None:
        return None
    bits = magnitudes(streams.weights)
    return bits.reshape(-1, bits.shape[-3] * bits.shape[-2], bits.shape[-1])


@pytest.mark.parametrize("kind", ["dense", "convolution, pool, dense"])
@pytest.mark.parametrize("length", [16, 64, 100, 512])
@pytest.mark.parametrize("generator", GENERATORS)
def test_each_layer_meets_inputs_that_fit_its_weights_and_on_one_line_they_do_not(generator, length, kind):
    circuit = network(kind).circuit(length, generator)
    with_weights = 0
    for layer, values in inputs_in_the_chain(circuit, images()):
        streams = layer.streams(values)
        weights = weights_of(streams)
        if weights is None:
            continue
        with_weights += 1
        inputs = magnitudes(streams.inputs)
        assert error_of_products(inputs, weights) <= LIMIT
        alone = inputs.reshape(-1, 1, length)
        assert error_of_products(alone, alone) == pytest.approx(np.sqrt(length - 1))  # p (1 - p) each
        if generator != "bernoulli":
            line_0 = Encoder(weights.shape[1], length, generator)
            twin = line_0.encode(weights.mean(-1)).bits().astype(np.float64)
            assert error_of_products(inputs, twin) > np.sqrt(length - 1) / 2
    assert with_weights == 3


# ------------------------------------------------------------ noise of Bernoulli streams


def dependence(first, second, x, samples=2000):
    """P-value of the outputs of `first` for the inputs `x` and of the ones of each weight stream of `second` behind it.

    Fisher's exact test of being above the median, for each output and weight: samples are independent draws of one
    law, so the 2 x 2 table is hypergeometric given its margins, whatever that law is. The least p-value times the
    number of tables (Bonferroni) is the p-value of all.
    """
    outputs = first.forward(np.broadcast_to(x, (samples, *x.shape))).reshape(samples, -1)
    streams = second.streams(np.clip(outputs, 0, 1))
    assert np.ptp(outputs, axis=0).all(), "an output without noise"
    ones = magnitudes(streams.weights).sum(-1).reshape(samples, -1)
    a, b = (each > np.median(each, axis=0) for each in (outputs, ones))
    tables = [[[(i & j).sum(), (i & ~j).sum()], [(~i & j).sum(), (~i & ~j).sum()]] for i in a.T for j in b.T]
    return min(stats.fisher_exact(table).pvalue for table in tables) * len(tables)


def square_layers(*seeds):
    """Layers of one shape, each with other weights."""
    rng = np.random.default_rng(0)
    options = {"generator": "bernoulli", "encoding": "split", "accumulate": "sum"}
    return [VectorizedSCLayer.from_weights(rng.uniform(-1, 1, (4, 4)), 16, seed=seed, **options) for seed in seeds]


def test_noise_of_a_bernoulli_layer_is_independent_of_the_weight_streams_behind_it():
    x = np.full(4, 0.75)
    weights = [layer.weights for layer in square_layers(0, 0)]
    first, second = Network.from_arrays(weights).circuit(16, "bernoulli").layers
    assert dependence(first, second, x) > FALSE_ALARM
    assert dependence(*square_layers(0, 0), x) < FALSE_ALARM  # one seed, class and shape: one key


def test_a_pool_and_a_layer_of_one_integer_are_independent():
    pool = SCPool2D("average", 2, length=16, generator="bernoulli", seed=0)
    (layer,) = square_layers(0)
    assert dependence(pool, layer, np.full((4, 2, 2), 0.75)) > FALSE_ALARM
