"""Activation functions against their definitions, to the last places."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from sc_neurocore.networks.activations import activate


def exact(activation, z):
    with localcontext() as context:
        context.prec = 60
        if activation == "logistic":
            return 1 / (1 + (-z).exp())
        return ((2 * z).exp() - 1) / ((2 * z).exp() + 1)


@pytest.mark.parametrize(("activation", "low", "high"), [("logistic", -700, 40), ("tanh", -20, 20)])
def test_smooth_activations(activation, low, high):
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.uniform(low, high, 300), rng.uniform(-3, 3, 300)])
    wanted = np.array([float(exact(activation, Decimal(value))) for value in z.tolist()])
    off = np.abs(activate(z, activation) - wanted) / np.spacing(np.abs(wanted))
    assert 0 < off.max() <= 4
    naive = 1 / (1 + np.exp(-z)) if activation == "logistic" else 1 - 2 / (np.exp(2 * z) + 1)
    assert np.abs(naive - wanted)[np.abs(z) > 0.001].max() < 1e-15  # the same function, found another way


def test_ends():
    z = np.array([-1e300, -800.0, 0.0, 800.0, 1e300])
    assert activate(z, "logistic").tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert activate(z, "tanh").tolist() == [-1.0, -1.0, 0.0, 1.0, 1.0]
