"""Small networks of every kind of layer with samples, to calibrate."""

from functools import cache
from itertools import pairwise

import numpy as np

from sc_neurocore import (
    Conv2D,
    Dendrite,
    Dense,
    Inhibition,
    KWinners,
    Network,
    Pool2D,
    PredictiveCoding,
    SpikingDense,
)

MANY = 1200
"""Samples of a network: the first half to calibrate with, the others held out."""
SIZES = (6, 5, 3)


def of_arrays(rng, sizes=SIZES, low=0.0, high=1.0, sign=1, **options):
    x = rng.uniform(low, high, (MANY, sizes[0]))
    pairs = list(pairwise(sizes))
    weights = [rng.normal(size=(n, m)) if sign else np.abs(rng.normal(size=(n, m))) for m, n in pairs]
    biases = [0.3 * rng.normal(size=n) if sign else 0.3 * rng.random(n) for _, n in pairs]
    options = {"activation": "relu", "input_range": (low, high), "calibration": x[:100], **options}
    return Network.from_arrays(weights, biases, **options), x


def of_layers(rng, make, shape=None, n_inputs=6, **options):
    x = rng.random((MANY, n_inputs if shape is None else int(np.prod(shape))))
    layers = make(lambda *sizes: rng.normal(size=sizes))
    return Network.from_layers(layers, input_shape=shape, input_range=(0.0, 1.0), calibration=x[:100], **options), x


NETWORKS = {
    "relu": of_arrays,
    "tanh": lambda rng: of_arrays(rng, activation="tanh"),
    "logistic": lambda rng: of_arrays(rng, activation="logistic", output_activation="logistic"),
    "one output": lambda rng: of_arrays(rng, (6, 5, 1)),
    "one logistic output": lambda rng: of_arrays(rng, (6, 5, 1), output_activation="logistic"),
    "regressor": lambda rng: of_arrays(rng, kind="regressor"),
    "one number": lambda rng: of_arrays(rng, (6, 5, 1), kind="regressor", activation="tanh"),
    "signed": lambda rng: of_arrays(rng, low=-1.0),
    "wide range": lambda rng: of_arrays(rng, high=5.0),
    "three layers": lambda rng: of_arrays(rng, (6, 5, 4, 3)),
    "one layer": lambda rng: of_arrays(rng, (6, 4)),
    "no negative": lambda rng: of_arrays(rng, sign=0),
    "conv": lambda rng: of_layers(
        rng,
        lambda w: [Conv2D(w(4, 2, 3, 3), w(4), "relu", padding=1, stride=2), Dense(w(3, 36), w(3), "identity")],
        (2, 6, 6),
    ),
    "conv in groups": lambda rng: of_layers(
        rng,
        lambda w: [
            Conv2D(w(4, 1, 3, 3), w(4), "relu", groups=2),
            Pool2D("average", 2),
            Dense(w(3, 16), w(3), "identity"),
        ],
        (2, 6, 6),
    ),
    "max pools": lambda rng: of_layers(
        rng,
        lambda w: [
            Pool2D("max", 2), Conv2D(w(3, 2, 2, 2), w(3), "tanh"), Pool2D("max", 2), Dense(w(3, 3), w(3), "identity"),
        ],
        (2, 6, 6),
    ),
    "spiking": lambda rng: of_layers(
        rng, lambda w: [SpikingDense(np.abs(w(5, 6)), np.zeros(5)), Dense(w(3, 5), w(3), "identity")]
    ),
    "predictive coding": lambda rng: of_layers(
        rng, lambda w: [PredictiveCoding(np.minimum(np.abs(w(4, 6)), 1)), Dense(w(3, 4), 0 * w(3), "identity")]
    ),
    "dendrite": lambda rng: of_layers(
        rng, lambda w: [Dense(w(4, 6), w(4), "relu"), Dendrite(2), Dense(w(3, 2), 0 * w(3), "identity")]
    ),
    "winners": lambda rng: of_layers(
        rng, lambda w: [Dense(w(6, 6), w(6), "relu"), KWinners(2), Dense(w(3, 6), w(3), "identity")]
    ),
    "inhibition": lambda rng: of_layers(
        rng, lambda w: [Dense(w(6, 6), w(6), "relu"), Inhibition(), Dense(w(3, 6), w(3), "identity")]
    ),
}  # fmt: skip


@cache
def made(name, seed=0):
    """A network of that name, samples to calibrate it with, and held-out ones."""
    network, x = NETWORKS[name](np.random.default_rng([seed, *name.encode()]))
    return network, x[: MANY // 2], x[MANY // 2 :]


def options_of(name, **options):
    """Options that the network can have: networks of spikes and dendrites need sequences that spread their ones."""
    given = {"length": 8, **options}
    if name == "no negative":
        given.setdefault("encoding", "unipolar")
    return given
