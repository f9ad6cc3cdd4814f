"""A network whose circuits are counted, and data for it."""

import hashlib

import numpy as np
import pytest

from sc_neurocore.datasets import Dataset


class FakeCircuit:
    generator_descriptions = ("fake generator",)

    def __init__(self, network, length, generator, seed, options):
        self.network, self.length, self.generator, self.seed, self.options = network, length, generator, seed, options

    def reset(self):
        self.network.calls.append("reset")

    def predict(self, x):
        """Right where float is right, but for noise that falls with the length; depends on the row's values only."""
        self.network.calls.append((self.generator, self.length, self.seed.spawn_key, len(x)))
        found = self.network.float_predict(x)
        noise = np.random.default_rng(self.seed).random(1000)[np.rint(x[:, 0] * 999).astype(int)]
        flipped = noise < 2 / np.mean(self.length)
        return np.where(flipped, (found + 1) % self.network.n_outputs, found)


class FakeNetwork:
    n_inputs, n_outputs, n_classes = 2, 3, 3
    kind = "classifier"
    input_range = (np.array([0.0, 0.0]), np.array([1.0, 1.0]))

    def __init__(self, name="fake", classes=None):
        self.name, self.classes, self.calls = name, classes, []

    def float_predict(self, x):
        return np.minimum((3 * np.asarray(x)[:, 1]).astype(np.int64), 2)

    def circuit(self, length, generator="searched", *, seed=0, **options):
        if generator not in ("bernoulli", "sobol", "lfsr", "searched"):
            raise ValueError(f"generator must be one of bernoulli, sobol, lfsr, searched, got {generator!r}")
        return FakeCircuit(self, length, generator, seed, options)

    def digest(self):
        return hashlib.sha256(self.name.encode()).hexdigest()


@pytest.fixture
def network():
    return FakeNetwork()


@pytest.fixture
def make_network():
    return FakeNetwork


@pytest.fixture
def data():
    """200 points; the float network is wrong about 10 of them."""
    rng = np.random.default_rng(1)
    x = rng.random((200, 2))
    y = FakeNetwork().float_predict(x)
    y[:10] = (y[:10] + 1) % 3
    return Dataset.held_out("points", x, y)
