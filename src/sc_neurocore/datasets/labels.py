"""Labels of a data set, as people have them: whole numbers, names, one-hot rows, rows of several labels."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .samples import as_array

Labels = NDArray[np.integer[Any]]
"""Whole numbers ``(n,)``, int64; or rows ``(n, k)`` of 0 and 1, uint8: which of k labels a sample has."""


class Named(NamedTuple):
    """Labels of the parts of a data set as whole numbers.

    Parameters
    ----------
    parts
        Labels ``(n,)`` of each part, or rows ``(n, k)`` of 0 and 1 in all parts.
    classes
        Names of the labels, if they are places in them or columns; else None.
    n_classes
        Number of different labels.
    fixed
        What there are so many of, ``"classes"`` or ``"columns"`` of rows; empty: the labels were counted.
    """

    parts: list[Labels]
    classes: tuple[str, ...] | None
    n_classes: int
    fixed: str


def whole_labels(parts: Mapping[str, ArrayLike], classes: Sequence[str] | None = None) -> Named:
    """Labels of all parts of one data set as whole numbers.

    Parameters
    ----------
    parts
        Labels by what an error calls them: whole numbers ``(n,)``, which stay what they are; names ``(n,)``, which
        become places in `classes`; rows ``(n, k)`` of 0 and 1. If all rows of all parts have exactly one 1, they are
        one-hot: they become its place. If one has several or none, all are rows of labels. A part may be empty.
    classes
        All names, each once; labels that are whole numbers are places in them. None: the names that are found,
        sorted; there may be none.

    Raises
    ------
    ValueError, TypeError
        If labels are something else, some are names and others numbers, or a name or a place is not in `classes`; if
        some are rows of labels and others are not.

    Examples
    --------
    >>> whole_labels({"y": ["dog", "cat", "dog"]})
    Named(parts=[array([1, 0, 1])], classes=('cat', 'dog'), n_classes=2, fixed='classes')
    >>> whole_labels({"y": [[0, 0, 1], [1, 0, 0]]})
    Named(parts=[array([2, 0])], classes=None, n_classes=3, fixed='columns')
    >>> whole_labels({"y": [[0, 0, 1], [1, 0, 1]]}).parts
    [array([[0, 0, 1],
           [1, 0, 1]], dtype=uint8)]
    """
    known = None if classes is None else class_names("classes", classes)
    read = {name: _read(name, value) for name, value in parts.items()}
    names = {name: labels for name, labels in read.items() if isinstance(labels, list)}
    if names and known is None:
        numbered = [name for name in read if name not in names and len(read[name])]
        if numbered:
            raise ValueError(f"{numbered[0]} must be names as {next(iter(names))} are, got numbers")
        found = {label for labels in names.values() for label in labels}
        known = class_names(next(iter(names)), sorted(found))
    widths = {
        name: labels.shape[1] for name, labels in read.items() if not isinstance(labels, list) and labels.ndim > 1
    }
    if len(set(widths.values())) > 1:
        raise ValueError(f"rows of all parts must have one length, got {widths}")
    if widths and any((read[name].sum(1) != 1).any() for name in widths):  # type: ignore[union-attr]
        return _of_several(read, known, max(widths.values()))
    whole = [_places(name, labels, known) for name, labels in read.items()]
    if known is not None:
        return Named(whole, known, len(known), "classes")
    if widths:
        return Named(whole, None, max(widths.values()), "columns")
    return Named(whole, None, len(np.unique(np.concatenate(whole))), "")


def class_names(name: str, value: Sequence[str]) -> tuple[str, ...]:
    """`value` as names of classes: texts that are not empty, each there once."""
    names = checks.entries(name, value)
    for entry in names:
        if not isinstance(entry, str) or not entry:
            raise TypeError(f"{name} must be names, which are text and not empty, got {checks.shown(entry)}")
        if any("\ud800" <= sign <= "\udfff" for sign in entry):
            raise ValueError(f"{name} must be names that Unicode can write, got {checks.shown(entry)}")
    twice = next((entry for entry in names if names.count(entry) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise ValueError(f"{name} must be different names, got {checks.shown(twice)} twice")
    return tuple(map(str, names))


def _read(name: str, value: ArrayLike) -> NDArray[Any] | list[str]:
    """Labels as names, as whole numbers ``(n,)``, or as rows ``(n, k)`` of truth values."""
    given = as_array(name, value, "labels")
    if given.dtype.kind == "S":
        raise TypeError(f"{name} must be whole numbers or names that are text, got bytes: decode them")
    if _is_text(given):
        return _texts(name, value, given)
    if given.ndim == 2 and given.shape[1] > 1:
        return _truths(name, given)
    if given.ndim != 1:
        raise ValueError(f"{name} must have shape (n,), or (n, k) with k > 1 for rows of 0 and 1, got {given.shape}")
    numbers = checks.array(name, given, 1 - 2.0**53, 2.0**53 - 1)  # else 2**53 + 1 is 2**53
    if np.any(numbers != np.floor(numbers)):
        raise ValueError(f"{name} must be whole numbers, got {numbers[numbers != np.floor(numbers)][0]}")
    return numbers.astype(np.int64)


def _is_text(given: NDArray[Any]) -> bool:
    """Whether an array has text, also beside other things."""
    return given.dtype.kind in "UT" or (given.dtype.kind == "O" and any(isinstance(entry, str) for entry in given.flat))


def _texts(name: str, value: ArrayLike, given: NDArray[Any]) -> list[str]:
    """Names; what NumPy would turn into text, such as the number in ``["cat", 3]``, is none."""
    if given.ndim != 1:
        raise ValueError(f"{name} must have shape (n,) if they are names, got {given.shape}")
    entries = value if isinstance(value, list | tuple) else given.tolist()
    for entry in entries:
        if not isinstance(entry, str):
            raise TypeError(f"{name} must be names only if one is, got {checks.shown(entry)}")
    return list(map(str, entries))


def _truths(name: str, given: NDArray[Any]) -> NDArray[np.bool_]:
    """Rows of 0 and 1 as truth values."""
    numbers = given if given.dtype.kind in "biuf" else checks.array(name, given)
    ones = numbers == 1
    other = ~ones & (numbers != 0)
    if other.any():
        raise ValueError(f"{name} must be 0 or 1 in rows (n, k), got {numbers[other][0]}")
    return np.asarray(ones)


def _of_several(read: Mapping[str, NDArray[Any] | list[str]], classes: tuple[str, ...] | None, columns: int) -> Named:
    """Rows of 0 and 1 that say which labels a sample has, of all parts but empty ones."""
    parts: list[Labels] = []
    for name, labels in read.items():
        if len(labels) and (isinstance(labels, list) or labels.ndim == 1):
            rule = "must be rows (n, k) of 0 and 1 as those of the other part, some of which have several 1 or none"
            raise ValueError(f"{name} {rule}, got {'names' if isinstance(labels, list) else 'one label a sample'}")
        parts.append(np.reshape(labels, (len(labels), columns)).astype(np.uint8))
    if classes is not None and len(classes) != columns:
        raise ValueError(f"classes must be {columns} names, one for each column of labels, got {len(classes)}")
    return Named(parts, classes, columns, "columns")


def _places(name: str, labels: NDArray[Any] | list[str], classes: tuple[str, ...] | None) -> Labels:
    """Labels as whole numbers; places in `classes`, unless that is None."""
    if isinstance(labels, list):
        places = {entry: place for place, entry in enumerate(classes or ())}
        unknown = next((label for label in labels if label not in places), None)
        if unknown is not None:
            raise ValueError(f"{name} must be among the classes {_listed(classes or ())}, got {checks.shown(unknown)}")
        return np.array([places[label] for label in labels], np.int64)
    whole = labels if labels.ndim == 1 else labels.argmax(1).astype(np.int64)
    if classes is not None and whole.size and not 0 <= whole.min() <= whole.max() < len(classes):
        bad = whole.min() if whole.min() < 0 else whole.max()
        raise ValueError(f"{name} must be places in classes, 0..{len(classes) - 1}, got {bad}")
    return whole


def _listed(names: Sequence[str]) -> str:
    return checks.shown(list(names))
