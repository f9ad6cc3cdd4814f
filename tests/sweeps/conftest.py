"""A small network with data for it."""

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset

SAMPLES = 100


@pytest.fixture(scope="session")
def network():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(8, 6)), rng.normal(size=(4, 8))]
    return Network.from_arrays(weights, [rng.normal(size=8) / 4, np.zeros(4)], calibration=rng.random((50, 6)))


@pytest.fixture(scope="session")
def data(network):
    """Samples of which the float network gets one in ten wrong, and none to train on."""
    low, high = network.bounds
    x = np.random.default_rng(1).uniform(low, high, (SAMPLES, 6))
    y = network.float_predict(x)
    y[::10] = (y[::10] + 1) % 4
    return Dataset.held_out("points", x, y, n_classes=4)


@pytest.fixture(scope="session")
def trainable(network, data):
    """The same samples, and some to calibrate on."""
    low, high = network.bounds
    x = np.random.default_rng(2).uniform(low, high, (40, 6))
    return Dataset.held_out("points", data.x_test, data.y_test, x, network.float_predict(x), n_classes=4)
