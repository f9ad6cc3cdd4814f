"""Which models of scikit-learn have layers, and what to take in place of the others."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from ... import checks

_CLASSIFIERS = {
    "linear_model": (
        *("LogisticRegression", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "Perceptron"),
        "PassiveAggressiveClassifier",
    ),
    "svm": ("LinearSVC",),
    "discriminant_analysis": ("LinearDiscriminantAnalysis",),
}
_REGRESSORS = {
    "linear_model": (
        *("LinearRegression", "Ridge", "RidgeCV", "ElasticNet", "ElasticNetCV", "LassoCV", "SGDRegressor"),
        *("MultiTaskElasticNetCV", "MultiTaskLassoCV", "Lars", "LassoLarsIC", "OrthogonalMatchingPursuit"),
        *("OrthogonalMatchingPursuitCV", "BayesianRidge", "ARDRegression", "HuberRegressor", "TheilSenRegressor"),
        *("QuantileRegressor", "PassiveAggressiveRegressor"),
    ),
    "svm": ("LinearSVR",),
}
"""Models whose outputs are sums of products of their inputs; what is derived from them, such as Lasso, is one too."""
_SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")
_OTHERS = {
    "Normalizer": "divides a sample by its own length: take a StandardScaler",
    "FunctionTransformer": "may compute anything: apply its function to the samples, and leave it out",
    "SimpleImputer": "has nothing to do for finite numbers: leave it out",
    "QuantileTransformer": "is no scale: take a RobustScaler",
    "PowerTransformer": "is no scale: take a StandardScaler",
    "_ConstantPredictor": "answers all samples alike: leave out the label that all samples have, or none has",
    "SVC": "has a kernel: take LinearSVC or MLPClassifier",
    "SVR": "has a kernel: take LinearSVR or MLPRegressor",
    "PoissonRegressor": "has an exponential behind its sums: take Ridge",
    "GammaRegressor": "has an exponential behind its sums: take Ridge",
    "TweedieRegressor": "may have an exponential behind its sums: take Ridge",
}
"""Why some models have no layers, and what has."""
INSTEAD = {
    "transformer": f"take {', '.join(_SCALERS)}, PCA, TruncatedSVD or a selector, or transform the samples first",
    "classifier": "take MLPClassifier, LogisticRegression, LinearSVC or another linear classifier",
    "regressor": "take MLPRegressor, LinearRegression, Ridge or another linear regressor",
}


class Family(NamedTuple):
    """Classes of scikit-learn, for `isinstance`."""

    perceptrons: tuple[Any, ...]
    linear_classifiers: tuple[Any, ...]
    linear_regressors: tuple[Any, ...]
    many: tuple[Any, ...]
    """Models of several models, one for each class, label or target, by `estimators_`."""
    scalers: tuple[Any, ...]
    projections: tuple[Any, ...]
    searches: tuple[Any, ...]
    """Models that hold the best of several, as `best_estimator_`."""


@cache
def family() -> Family:
    """The classes that have layers, as this version of scikit-learn has them."""
    from sklearn import decomposition, model_selection, multiclass, multioutput, neural_network, preprocessing

    return Family(
        (neural_network.MLPClassifier, neural_network.MLPRegressor),
        _of(_CLASSIFIERS),
        _of(_REGRESSORS),
        (multiclass.OneVsRestClassifier, multioutput.MultiOutputClassifier, multioutput.MultiOutputRegressor),
        tuple(getattr(preprocessing, name) for name in _SCALERS),
        (decomposition.PCA, decomposition.IncrementalPCA, decomposition.TruncatedSVD),
        (model_selection.GridSearchCV, model_selection.RandomizedSearchCV),
    )


def _of(names: dict[str, tuple[str, ...]]) -> tuple[Any, ...]:
    from importlib import import_module

    modules = {module: import_module(f"sklearn.{module}") for module in names}
    return tuple(getattr(modules[module], name) for module, each in names.items() for name in each)


def bare(model: Any) -> Any:
    """A model, or the best one that a search has found."""
    while isinstance(model, family().searches) and hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    return model


def is_linear(model: Any) -> bool:
    """Whether its outputs are sums of products of its inputs."""
    return isinstance(model, family().linear_classifiers + family().linear_regressors)


def nothing(step: Any) -> bool:
    """Whether a step of a pipeline leaves samples as they are."""
    from sklearn.preprocessing import FunctionTransformer

    if isinstance(step, FunctionTransformer) and step.func is None:  # what "passthrough" becomes when it is fitted
        return True
    return step is None or (isinstance(step, str) and step == "passthrough")


def parts_of(step: Any) -> list[tuple[str, Any]] | None:
    """The parts of a pipeline, column transformer or union, by name; None of another model."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion, Pipeline

    if isinstance(step, Pipeline):
        return list(step.steps)
    if isinstance(step, ColumnTransformer):
        fitted = getattr(step, "transformers_", step.transformers)
        return [(name, part) for name, part, columns in fitted if not _none_of(columns)]
    return list(step.transformer_list) if isinstance(step, FeatureUnion) else None


def _none_of(columns: Any) -> bool:
    """Whether columns of a table are none: scikit-learn fits no step to them."""
    if isinstance(columns, str | slice) or not hasattr(columns, "__len__"):
        return False
    flags = all(isinstance(each, bool | np.bool_) for each in columns)
    return not any(columns) if flags else not len(columns)


def check_known(model: Any) -> None:
    """Raise an error unless a model and all its parts have layers and are fitted.

    Raises
    ------
    TypeError
        If `model` is none of scikit-learn.
    ValueError
        If parts have no layers, all of which are named with what has, or are not fitted.
    """
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(model, BaseEstimator) or isinstance(model, type):
        raise TypeError(f"model must be a fitted model of scikit-learn, got {checks.shown(model)}")
    leaves = list(_leaves(model, "", True))
    unknown = [f"{name}{type(leaf).__name__}, which {why}" for name, leaf, why in leaves if why]
    unknown = list(dict.fromkeys(unknown))
    if unknown:
        raise ValueError(f"model must have steps that are layers, got {'; '.join(unknown)}")
    unfitted = []
    for name, leaf, _ in leaves:
        try:
            check_is_fitted(leaf)
        except NotFittedError:
            unfitted.append(f"an unfitted {name}{type(leaf).__name__}")
    if unfitted:
        raise ValueError(f"model must be fitted, got {', '.join(unfitted)}")


def _leaves(model: Any, name: str, last: bool) -> Iterator[tuple[str, Any, str]]:
    """The models without parts, each with what errors call it, and why it has no layer; that is empty if it has one."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    model = bare(model)
    if (parts := parts_of(model)) is not None and (isinstance(model, Pipeline) or not last):
        if isinstance(model, ColumnTransformer):
            yield name, model, ""
        for k, (own, part) in enumerate(parts):
            end = last and k == len(parts) - 1
            if end or not (nothing(part) or (isinstance(part, str) and part == "drop")):
                yield from _leaves(part, f"{own!r}: ", end)
        return
    if isinstance(model, family().many) and last:
        yield name, model, ""
        for part in getattr(model, "estimators_", ()):
            yield from _leaves(part, name, True)
        return
    yield name, model, _missing(model, last)


def _missing(model: Any, last: bool) -> str:
    """Why a model has no layer as the last step, or as one before it, and what has one; empty: it has one."""
    known = family()
    if isinstance(model, known.searches):
        return "has not fitted its best model: search with refit=True" if hasattr(model, "cv_results_") else ""
    if last and (isinstance(model, known.perceptrons) or is_linear(model)):
        return ""
    if not last and (isinstance(model, known.scalers + known.projections) or hasattr(model, "get_support")):
        return ""
    kind = "transformer"
    if last:
        kind = "classifier" if hasattr(model, "classes_") or hasattr(model, "predict_proba") else "regressor"
        if not hasattr(model, "predict"):
            return "does not predict: take a pipeline that ends with a classifier or regressor"
    return _OTHERS.get(type(model).__name__, f"has no layer: {INSTEAD[kind]}")
