"""scikit-learn's perceptrons with weights that are drawn, not trained: the same numbers on every machine."""

import itertools

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

INPUTS = 5
ACTIVATIONS = ("relu", "tanh", "logistic", "identity")
NAMES = ["ant", "bee", "cat"]
CASES = [
    f"{kind}-{outputs}-{activation}-{ranges}"
    for (kind, outputs), activation, ranges in itertools.product(
        [("classifier", 2), ("classifier", 3), ("regressor", 1), ("regressor", 2)], ACTIVATIONS, ["measured", "bounds"]
    )
]
"""Kind, classes or targets, activation, and whether there is a calibration."""


def drawn(case):
    """A perceptron of a case, and its calibration."""
    kind, outputs, activation, ranges = case.split("-")
    rng = np.random.default_rng([CASES.index(case)])
    x = rng.integers(-64, 65, (60, INPUTS)) / 64
    if kind == "classifier":
        model = MLPClassifier(hidden_layer_sizes=(7, 6), activation=activation, max_iter=1, random_state=0)
        model.fit(x, np.array(NAMES[: int(outputs)])[np.arange(60) % int(outputs)])
    else:
        model = MLPRegressor(hidden_layer_sizes=(7, 6), activation=activation, max_iter=1, random_state=0)
        model.fit(x, x[:, 0] if outputs == "1" else x[:, :2])
    model.coefs_ = [rng.integers(-127, 128, matrix.shape) / 128 for matrix in model.coefs_]
    model.intercepts_ = [rng.integers(-127, 128, bias.shape) / 128 for bias in model.intercepts_]
    return model, x if ranges == "measured" else None
