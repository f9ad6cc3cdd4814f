"""Steps before the last of a pipeline of scikit-learn: scales, selections and projections of features."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks import Dense, Elementwise
from ...networks.activations import Floats
from ..wiring import Value, Wiring
from .kinds import bare, family, nothing


def transformed(wiring: Wiring, value: Value, step: Any, name: str) -> Value:
    """What a fitted step makes of the features of a sample.

    Parameters
    ----------
    wiring
        Gets the layers.
    value
        The features, ``(n,)``.
    step
        A step that `check_known` has passed.
    name
        What its layers are called.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion, Pipeline

    step = bare(step)
    if nothing(step):
        return value
    if isinstance(step, Pipeline):
        for own, part in step.steps:
            value = transformed(wiring, value, part, own)
        return value
    if isinstance(step, ColumnTransformer):
        features = np.arange(value.size)
        names = list(getattr(step, "feature_names_in_", ()))
        columns = [(own, part, features[_places(each, names)]) for own, part, each in step.transformers_]
        return _joined(wiring, value, columns, step.transformer_weights)
    if isinstance(step, FeatureUnion):
        everything = [(own, part, np.arange(value.size)) for own, part in step.transformer_list]
        return _joined(wiring, value, everything, step.transformer_weights)
    wiring.called = name
    if isinstance(step, family().projections):
        return _projected(wiring, value, step)
    if isinstance(step, family().scalers):
        return _scaled(wiring, value, step)
    return wiring.moved(value, np.flatnonzero(step.get_support()))


def _joined(
    wiring: Wiring, value: Value, parts: Sequence[tuple[str, Any, NDArray[np.integer[Any]]]], weights: Any
) -> Value:
    """What steps make of some of the features each, behind each other."""
    found = []
    for name, step, places in parts:
        if len(places) and not (isinstance(step, str) and step == "drop"):
            wiring.called = name
            part = transformed(wiring, wiring.moved(value, places), step, name)
            factor = (weights or {}).get(name, 1.0)
            found.append(part if factor == 1.0 else wiring.scaled(part, float(factor)))
    wiring.called = "joined"
    return wiring.joined(found, 0) if len(found) > 1 else found[0]


def _places(columns: Any, names: list[Any]) -> Any:
    """What picks columns of a table, given by numbers, names, flags or a slice, out of an array of numbers."""
    if isinstance(columns, str):
        columns = [columns]
    if isinstance(columns, slice):
        if not isinstance(columns.start, str) and not isinstance(columns.stop, str):
            return columns
        first = 0 if columns.start is None else names.index(columns.start)  # of names the last one is in it
        return slice(first, None if columns.stop is None else names.index(columns.stop) + 1, columns.step)
    given = np.atleast_1d(np.asarray(columns))
    if given.dtype.kind in "UOT":
        return np.array([names.index(name) for name in given], np.int64)
    return given if given.dtype.kind == "b" else given.astype(np.int64)


def _scaled(wiring: Wiring, value: Value, step: Any) -> Value:
    """A factor and an offset for each feature, and the ends of a scaler that clips."""
    if hasattr(step, "min_"):  # MinMaxScaler
        value, ends = wiring.scaled(value, _line(step.scale_, value), _line(step.min_, value)), step.feature_range
    else:
        centre = getattr(step, "mean_", getattr(step, "center_", None))
        centred = getattr(step, "with_mean", getattr(step, "with_centering", False))
        factors = 1.0 / _line(1.0 if step.scale_ is None else step.scale_, value)
        offsets = -_line(centre, value) * factors if centred else 0.0
        value, ends = wiring.scaled(value, factors, offsets), (-1.0, 1.0)
    if not getattr(step, "clip", False):
        return value
    return wiring.through(Elementwise("clip", low=float(ends[0]), high=float(ends[1])), value)


def _projected(wiring: Wiring, value: Value, step: Any) -> Value:
    """Sums of features, less their means: the means are a scale of the layer before, and give each its own range."""
    components = np.asarray(step.components_, np.float64)
    if getattr(step, "mean_", None) is not None:
        value = wiring.scaled(value, 1.0, -_line(step.mean_, value))
    if getattr(step, "whiten", False):
        deviations = np.sqrt(np.asarray(step.explained_variance_, np.float64))
        components = components / np.maximum(deviations, np.finfo(step.explained_variance_.dtype).eps)[:, None]
    dense = Dense(components, np.zeros(len(components)), "identity")
    return wiring.through(dense, value, out=(len(components),))


def _line(numbers: Any, value: Value) -> Floats:
    """A number for each feature."""
    return np.broadcast_to(np.asarray(numbers, np.float64), value.shape)
