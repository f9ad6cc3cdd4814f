"""scikit-learn's multi-layer perceptrons."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..networks import Network


def from_sklearn(model: Any, calibration: ArrayLike | None = None) -> Network:
    """A network from a fitted ``MLPClassifier`` or ``MLPRegressor``.

    Outputs of a classifier are the sums before softmax or logistic, whose arg-max is the class; a two-class model
    with its single output gets a second one that is always 0. Outputs of a regressor are its predictions.

    Parameters
    ----------
    model
        Fitted, with activation relu, tanh, logistic or identity.
    calibration
        Training inputs ``(N, n_inputs)``, to set the ranges of inputs and hidden layers.

    Raises
    ------
    TypeError
        If `model` is something else.
    ValueError
        If it is not fitted, or is a classifier of several labels at once; if a function follows the outputs of a
        regressor, as the exponential does that is trained with ``loss="poisson"``.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if not isinstance(model, MLPClassifier | MLPRegressor):
        raise TypeError(f"model must be an MLPClassifier or MLPRegressor, got {type(model).__name__}")
    if not hasattr(model, "coefs_"):
        raise ValueError(f"model must be fitted, got an unfitted {type(model).__name__}")
    classifier = isinstance(model, MLPClassifier)
    known = ("softmax", "logistic") if classifier else ("identity",)
    if model.out_activation_ not in known:
        raise ValueError(f"model must have out_activation_ {' or '.join(known)}, got {model.out_activation_!r}")
    weights = [matrix.T for matrix in model.coefs_]
    biases = list(model.intercepts_)
    classes = None
    if classifier:
        if model.out_activation_ == "logistic" and model.n_outputs_ > 1:  # an output for each label
            raise ValueError("model must give one class a sample, got a multilabel classifier")
        classes = [str(name) for name in model.classes_]
        if len(weights[-1]) == 1:
            weights[-1] = np.concatenate([np.zeros_like(weights[-1]), weights[-1]])
            biases[-1] = np.concatenate([np.zeros(1), biases[-1]])
    return Network.from_arrays(
        weights,
        biases,
        activation=model.activation,
        calibration=calibration,
        kind="regressor" if classes is None else "classifier",
        classes=classes,
    )
