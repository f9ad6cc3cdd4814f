"""What a model of scikit-learn itself gives for samples, and whether a network gives the same."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks import Network
from ...networks.activations import Floats
from ..agreement import TOLERANCE, check_agreement, compared
from .kinds import bare, family, nothing, parts_of


def check_same(network: Network, model: Any, calibration: Floats | None) -> None:
    """Raise a ValueError unless a network gives the numbers and the answers of the model that it was read from.

    Numbers are those before softmax and logistic function, which would hide differences where they are nearly 0 or 1;
    they agree as `check_agreement` says. Classes and labels are those of ``model.predict``; they may differ where the
    numbers are within that tolerance of each other, or of the threshold.
    """
    source = first(model)
    rule = "compute what its fitted parts say"
    check_agreement(network, lambda x: sums(model, named(x, source)), calibration, rule)
    if network.kind == "regressor" or not _decides_by_sums(model):
        return
    sample = compared(network, calibration)
    outputs, answers = network.float_forward(sample), network.float_predict(sample)
    found = plain(model.predict(named(sample, source)))
    least = TOLERANCE * np.abs(outputs).max()
    rows = np.arange(len(outputs))
    if network.kind == "multilabel":
        wrong = (answers != found) & (np.abs(outputs) > least)
    else:
        assert network.classes is not None  # of every classifier that is read
        wanted = np.array([network.classes.index(str(each)) for each in found])
        gaps = np.abs(outputs[:, 0] if outputs.shape[1] == 1 else outputs[rows, answers] - outputs[rows, wanted])
        wrong = (answers != wanted) & (gaps > least)
    if wrong.any():
        raise ValueError(
            f"model must decide by the largest sum, or by the sign of each: its predictions differ from those of the "
            f"network for {np.count_nonzero(wrong)} of {wrong.size} answers"
        )


def sums(model: Any, x: Any, among: bool = False) -> Floats:
    """Numbers ``(N, n_outputs)`` of a model by which it decides, before any function, or predictions of a regressor.

    They are those of scikit-learn's own methods; a perceptron gives them by ``predict_proba`` of a copy whose
    ``out_activation_`` is the identity. Two classes of a perceptron have two, the first of which is 0.

    Parameters
    ----------
    model
        A fitted classifier or regressor, or a pipeline.
    x
        Samples, as its ``predict`` takes them.
    among
        Whether it is one of several models, for a class, label or target each: then a perceptron of two classes has
        one number.
    """
    from copy import copy

    from sklearn.pipeline import Pipeline

    model = bare(model)
    if isinstance(model, Pipeline):
        *steps, (_, last) = model.steps
        for _, step in steps:
            x = x if step is None or isinstance(step, str) else step.transform(x)
        return sums(last, x, among)
    if isinstance(model, family().many):
        return np.concatenate([sums(part, x, True) for part in model.estimators_], axis=1)
    if isinstance(model, family().perceptrons) and hasattr(model, "classes_"):
        before = copy(model)
        before.out_activation_ = "identity"
        found = np.asarray(before.predict_proba(x), np.float64)
        if model.n_outputs_ > 1:
            return found
        return found[:, 1:] if among else found * [0.0, 1.0]
    method = model.decision_function if hasattr(model, "classes_") else model.predict
    found = np.asarray(method(x), np.float64)
    return found.reshape(len(found), -1)


def first(model: Any) -> Any:
    """The part of a model that takes the samples: it knows how many features these have, and their names."""
    from sklearn.compose import ColumnTransformer

    model = bare(model)
    if not isinstance(model, ColumnTransformer):
        for _, part in parts_of(model) or ():
            if not nothing(part) and not isinstance(part, str):
                return first(part)
    return model


def named(x: NDArray[Any], source: Any) -> Any:
    """Samples as a model was given them to be fitted: a table with the names of its columns, if it had names."""
    if (names := getattr(source, "feature_names_in_", None)) is None:
        return x
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise ImportError(
            "a model that was fitted to a table with names is compared by a table: pip install pandas"
        ) from error
    return DataFrame(x, columns=names)


def plain(found: Any) -> NDArray[Any]:
    """Predictions as an array, whatever they are stored as."""
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)


def _decides_by_sums(model: Any) -> bool:
    """Whether predictions follow from the sums: probabilities that several perceptrons give may all be 1."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import Pipeline

    model = bare(model)
    while isinstance(model, Pipeline):
        model = bare(model.steps[-1][1])
    return not isinstance(model, OneVsRestClassifier) or hasattr(model.estimators_[0], "decision_function")
