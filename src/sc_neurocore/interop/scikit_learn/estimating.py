"""Classifiers and regressors of scikit-learn: linear models, perceptrons, and several of them side by side."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...networks import Dense
from ...networks.activations import Floats
from ...networks.definition import Kind
from ..wiring import Value, Wiring
from .comparing import named, plain
from .kinds import bare, family, is_linear
from .transforming import transformed


class Meaning(NamedTuple):
    """What the outputs of a network say: its kind, and the names of classes or labels."""

    kind: Kind
    classes: tuple[str, ...] | None


def estimated(wiring: Wiring, value: Value, model: Any, name: str, among: bool = False) -> Value:
    """What a fitted model gives for the features of a sample: numbers, or the sums that decide.

    Parameters
    ----------
    wiring, value, name
        As for `transformed`.
    model
        A classifier or regressor that `check_known` has passed.
    among
        Whether it is one of several models, for a class, label or target each.
    """
    from sklearn.pipeline import Pipeline

    model = bare(model)
    if isinstance(model, Pipeline):
        *steps, (own, last) = model.steps
        for before, step in steps:
            value = transformed(wiring, value, step, before)
        return estimated(wiring, value, last, own, among)
    wiring.called = name
    if isinstance(model, family().many):
        each = [bare(part) for part in model.estimators_]
        if all(map(is_linear, each)):
            weights, biases = zip(*map(_sums, each), strict=True)
            return _dense(wiring, value, np.concatenate(weights), np.concatenate(biases))
        found = [estimated(wiring, value, part, name, True) for part in each]
        wiring.called = "joined"
        return wiring.joined(found, 0) if len(found) > 1 else found[0]
    if is_linear(model):
        return _dense(wiring, value, *_sums(model))
    return _perceptron(wiring, value, model, among)


def _dense(wiring: Wiring, value: Value, weights: Floats, bias: Floats, activation: Any = "identity") -> Value:
    return wiring.through(Dense(weights, bias, activation), value, out=(len(weights),))


def _sums(model: Any) -> tuple[Floats, Floats]:
    """Weights ``(n_outputs, n_inputs)`` and biases of a linear model."""
    given = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    weights = np.atleast_2d(np.asarray(given, np.float64))
    return weights, np.array(np.broadcast_to(np.ravel(np.asarray(model.intercept_, np.float64)), len(weights)))


def _perceptron(wiring: Wiring, value: Value, model: Any, among: bool) -> Value:
    classifier = hasattr(model, "classes_")
    known = ("softmax", "logistic") if classifier else ("identity",)
    if model.out_activation_ not in known:
        raise ValueError(f"model must have out_activation_ {' or '.join(known)}, got {model.out_activation_!r}")
    weights, biases = [matrix.T for matrix in model.coefs_], list(model.intercepts_)
    if classifier and len(weights[-1]) == 1 and not among:  # the sum of the first class is 0
        weights[-1] = np.concatenate([np.zeros_like(weights[-1]), weights[-1]])
        biases[-1] = np.concatenate([np.zeros(1), biases[-1]])
    for k, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
        value = _dense(wiring, value, matrix, bias, "identity" if k == len(weights) - 1 else model.activation)
    return value


def meaning(model: Any) -> Meaning:
    """What the outputs of a fitted model say.

    Raises
    ------
    ValueError
        If it gives several classes at once that are no labels, each there or not.
    """
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.pipeline import Pipeline

    model = bare(model)
    while isinstance(model, Pipeline):
        model = bare(model.steps[-1][1])
    if isinstance(model, MultiOutputClassifier):
        for classes in model.classes_:
            if _numbers(classes) != [0.0, 1.0]:
                raise ValueError(
                    f"model must have outputs that are labels, 0 or 1, got MultiOutputClassifier with the classes "
                    f"{', '.join(map(str, classes))}"
                )
        return Meaning("multilabel", tuple(str(k) for k in range(len(model.classes_))))
    if not hasattr(model, "classes_"):
        return Meaning("regressor", None)
    kind: Kind = "multilabel" if _several(model) else "classifier"
    return Meaning(kind, tuple(str(name) for name in model.classes_))


def _several(model: Any) -> bool:
    """Whether a classifier gives a sample any number of labels: its answers are rows."""
    if hasattr(model, "multilabel_"):
        return bool(model.multilabel_)
    if isinstance(model, family().perceptrons):
        return bool(model.out_activation_ == "logistic" and model.n_outputs_ > 1)
    return plain(model.predict(named(np.zeros((1, model.n_features_in_)), model))).ndim > 1


def _numbers(classes: Sequence[Any]) -> list[float]:
    try:
        return [float(each) for each in classes]
    except (TypeError, ValueError):
        return []
