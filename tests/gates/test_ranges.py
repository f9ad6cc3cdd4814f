"""What gates and layers are expected to give stays in the range that the next one takes: to the last digit."""

import numpy as np
import pytest

from sc_neurocore import gates, layers
from sc_neurocore.bitstreams import from_probability, to_probability
from sc_neurocore.sources import BitstreamCurrentSource
from sc_neurocore.synapses import PlasticSynapses

RNG = np.random.default_rng(1)
SHARES = (-1.0, -0.7, -0.3, 0.0, 0.1, 0.7, 1.0)


def numbers(low, high):
    """Numbers of which many are at the ends, next to them, or the same."""
    near = [low, high, np.nextafter(high, low), np.nextafter(low, high), low + (high - low) / 3, 0.1, 0.9]
    some = np.concatenate([RNG.uniform(low, high, 100), RNG.choice(near, 200)])
    return RNG.choice(some, 400), RNG.choice(some, 400)


@pytest.mark.parametrize("gate", ["maximum", "minimum", "distance", "saturating_subtract"])
def test_gates_of_correlated_streams(gate):
    for share in SHARES:
        p, q = numbers(0.0, 1.0)
        found = getattr(gates, f"{gate}_expected")(p, q, share)
        assert found.min() >= 0
        assert found.max() <= 1
        same = getattr(gates, f"{gate}_expected")(p, p, share)
        assert same.min() >= 0
        assert same.max() <= 1


def test_quotients():
    for share in SHARES:
        p, q = numbers(0.0, 1.0)
        for a, b in (
            (np.minimum(p, q), np.maximum(np.maximum(p, q), 0.05)),
            (p, p),
            (np.ones(400), np.maximum(q, 0.05)),
        ):
            found = gates.divide_expected(a, b, share)
            assert found.min() >= 0
            assert found.max() <= 1


@pytest.mark.parametrize(("encoding", "low"), [("unipolar", 0.0), ("bipolar", -1.0), ("split", -1.0)])
def test_layers(encoding, low):
    """Sensors of any number, images and units of any size."""
    x, _ = numbers(low, 1.0)
    assert low <= from_probability(to_probability(x, encoding), encoding).min()
    for n in (2, 3, 5, 7, 10, 49):
        names = [f"sensor {k}" for k in range(n)]
        weights = dict(zip(names, RNG.random(n) + 0.01, strict=True))
        fusion = layers.SCFusionLayer(dict.fromkeys(names, 40), weights, 64, encoding=encoding, seed=1)
        for rows in (np.ones((n, 40)), np.full((n, 40), low), RNG.choice(x, (n, 40))):
            found = fusion.expected(dict(zip(names, rows, strict=True)))
            assert low <= found.min()
            assert found.max() <= 1
    for size in (2, 3, 5, 7):
        pool = layers.SCPool2D("average", size, length=64, encoding=encoding, seed=1)
        for image in (np.ones((1, 7, 7)), np.full((1, 7, 7), low), RNG.choice(x, (1, 7, 7))):
            for found in (pool.expected(image), pool.forward(image)):
                assert low <= found.min()
                assert found.max() <= 1


def test_inhibition():
    for radius in (1, 2, 3):
        layer = layers.LateralInhibition(20, 0.7, radius)
        x, _ = numbers(0.0, 1.0)
        found = layer.apply(x.reshape(-1, 20))
        assert found.min() >= 0
        assert (found <= x.reshape(-1, 20)).all()


def test_weights_and_currents_between_any_ends():
    """w_min + (w_max - w_min) is often above w_max by a digit."""
    above = 0
    for low, high in np.sort(RNG.uniform(-3, 3, (60, 2))):
        above += low + (high - low) > high
        synapses = PlasticSynapses(3, 2, low, high, weights=np.full((2, 3), high))
        synapses.weights = synapses.weights * 1.0  # what is shown may be assigned
        source = BitstreamCurrentSource([1.0, 1.0], [1.0, 1.0], y_min=low, y_max=high, length=16, seed=1)
        learning = layers.SCLearningLayer(2, 1, length=16, y_min=low, y_max=high, weights=[[1.0, 1.0]])
        for found in (synapses.weights, source.currents(0, 16), source.expected(), learning.expected([1.0, 1.0])):
            assert low <= found.min()
            assert found.max() <= high
    assert above > 0
