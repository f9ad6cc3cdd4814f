"""A network whose circuits are counted, and data for it."""

import hashlib
import pickle
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from sc_neurocore.datasets import Dataset
from sc_neurocore.layers.options import CircuitOptions


class FakeCircuit:
    generator_descriptions = ("fake generator",)

    def __init__(self, network, length, generator, seed, options):
        self.network, self.length, self.generator, self.seed, self.options = network, length, generator, seed, options

    def reset(self):
        self.network.calls.append("reset")

    def predict(self, x, samples=None):
        """Right where float is right, but for noise that falls with the length; depends on the row's values only."""
        self.network.calls.append((self.generator, self.length, self.seed.spawn_key, len(x)))
        found = self.network.float_predict(x)
        noise = np.random.default_rng(self.seed).random(1000)[np.rint(x[:, 0] * 999).astype(int)]
        noise *= 4 if self.network.calibration else 1
        flipped = noise < 2 / np.mean(self.length)
        return np.where(flipped, (found + 1) % self.network.n_outputs, found)


@dataclass(frozen=True)
class FakeCalibration:
    """What a network is calibrated for; its name tells the samples apart."""

    options: CircuitOptions
    name: str
    gains: tuple = ()


@dataclass(eq=False)
class FakeNetwork:
    """Counts what is asked of it, in `calls`; its calibrated circuits have a quarter of the noise."""

    name: str = "fake"
    classes: list | None = None
    calibration: FakeCalibration | None = None
    calls: list = field(default_factory=list)
    kind: str = "classifier"

    n_inputs, n_outputs, n_classes = 2, 3, 3
    bounds = (np.array([0.0, 0.0]), np.array([1.0, 1.0]))

    def float_predict(self, x):
        return np.minimum((3 * np.asarray(x)[:, 1]).astype(np.int64), 2)

    def circuit(self, length, generator="searched", *, seed=0, **options):
        if generator not in ("bernoulli", "sobol", "lfsr", "searched"):
            raise ValueError(f"generator must be one of bernoulli, sobol, lfsr, searched, got {generator!r}")
        if self.calibration is not None:
            CircuitOptions(length, generator, **options)
            given = CircuitOptions(length, generator, **{**options, "clip": False, "backend": None})
            if given != self.calibration.options:
                raise ValueError(f"calibrated for {self.calibration.options}, got {given}")
        return FakeCircuit(self, length, generator, seed, options)

    def calibrate(self, x, *, length, generator, seed, without, clip, backend, **options):
        self.calls.append(("calibrate", generator, length, len(x)))
        options = CircuitOptions(length, generator, **options)
        return replace(self, calibration=FakeCalibration(options, f"{np.sum(x)} {seed} {without}"))

    @property
    def ideal(self):
        return replace(self, calibration=None)

    def digest(self):
        return hashlib.sha256(f"{self.name}{self.calibration or ''}".encode()).hexdigest()

    def save(self, path):
        self.calls.append("save")
        path.write_bytes(b"whole" + pickle.dumps((self.name, self.classes, self.calibration)))

    @classmethod
    def load(cls, path):
        content = path.read_bytes()
        if not content.startswith(b"whole"):
            raise ValueError(f"{path} is damaged")
        return cls(*pickle.loads(content[5:]))


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


@pytest.fixture
def trainable(data):
    """The points, and 50 more to calibrate on."""
    x = np.random.default_rng(2).random((50, 2))
    return replace(data, x_train=x, y_train=FakeNetwork().float_predict(x))
