"""Attributes that cannot be set, and arrays that cannot be edited and say which can."""

from operator import attrgetter
from typing import Any, NoReturn

import numpy as np


def attribute(path: str, doc: str) -> Any:
    """A property that reads another attribute, such as ``"_n"`` or ``"_part.n"``, and cannot be assigned.

    No Python function is called when it is read. Annotate it with the type of what it reads.
    """
    return property(attrgetter(path), doc=f"{doc} Cannot be assigned.")


class DerivedArray(np.ndarray):
    """A read-only array that is computed from another one; an error names what is to be edited in its place.

    Whatever is computed from it, or copied, is a plain array.

    Examples
    --------
    >>> weights = derived([0.5, 1.0], "ideal_weights")
    >>> weights, 2 * weights
    (array([0.5, 1. ]), array([1., 2.]))
    >>> weights[0] = 0
    Traceback (most recent call last):
    ValueError: ideal_weights must be edited in place of this array, which is computed from it and read-only
    """

    edit = ""
    """Name of the array to edit."""

    def __array_finalize__(self, parent: Any) -> None:
        self.edit = getattr(parent, "edit", "")

    def __setitem__(self, place: Any, value: Any) -> None:
        if not self.flags.writeable:
            self.refuse()
        super().__setitem__(place, value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        for out in options.get("out", ()):
            if isinstance(out, DerivedArray) and not out.flags.writeable:
                out.refuse()
        options = {
            name: tuple(map(_plain, value)) if name == "out" else _plain(value) for name, value in options.items()
        }
        return getattr(ufunc, method)(*map(_plain, inputs), **options)

    def copy(self, order: Any = "C") -> Any:
        """A plain array of the same values, which may be edited."""
        return np.array(self, order=order)

    def __repr__(self) -> str:
        return repr(_plain(self))

    def refuse(self) -> NoReturn:
        """Raise the error of an edit."""
        raise ValueError(f"{self.edit} must be edited in place of this array, which is computed from it and read-only")


def derived(values: Any, edit: str) -> Any:
    """Values as a read-only array; an edit raises a ValueError that names `edit`, the array to edit instead."""
    return _refusing(DerivedArray, values, edit)


class FixedArray(DerivedArray):
    """A read-only array of weights that a layer has fixed: they are assigned as a whole, which no edit replaces."""

    def refuse(self) -> NoReturn:
        """Raise the error of an edit."""
        raise ValueError(f"{self.edit} must be assigned as a whole: preparing their layer has made them read-only")


def fixed(values: Any, edit: str) -> Any:
    """Values as a read-only array; an edit raises a ValueError that says to assign `edit`."""
    return _refusing(FixedArray, values, edit)


def _refusing(kind: type[DerivedArray], values: Any, edit: str) -> Any:
    """Values as a read-only array of a kind that says so itself."""
    view = np.asarray(values).view(kind)
    view.edit = edit
    view.flags.writeable = False
    return view


def immutable(values: Any) -> Any:
    """A copy of an array that nobody can make writeable again: its memory is that of a bytes object."""
    array = np.asarray(values)
    copy = np.frombuffer(array.tobytes(), array.dtype)
    copy.shape = array.shape
    return copy


def is_immutable(array: Any) -> bool:
    """Whether an array is one that `immutable` made."""
    return type(array.base) is bytes


def _plain(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, DerivedArray) else value


def frozen(values: Any) -> Any:
    """Values as a plain read-only array: a view of what they are."""
    view = np.asarray(values).view()
    view.flags.writeable = False
    return view
