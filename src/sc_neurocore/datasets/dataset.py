"""Labelled samples, split into a training and a held-out part."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .labels import Labels, whole_labels
from .samples import Samples, samples

TEST_SHARE = 0.3
"""Share of the samples that the bundled data sets hold out."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled samples for training and for testing a classifier, of one label a sample or of any number.

    Parameters
    ----------
    name
        What the data is called in tables and plots.
    x_train, x_test
        Samples: numbers ``(n, inputs)``, or images ``(n, height, width)`` or ``(n, channels, height, width)``, whose
        pixels are the inputs, row by row, channel by channel. Images of bytes (uint8) are grey levels and are divided
        by 255; all other numbers stay what they are, also bytes ``(n, inputs)``. Arrays, lists, data frames of pandas,
        tensors of torch. Stored as float64 ``(n, inputs)`` in a read-only copy; all must be finite. The training part
        may be empty.
    y_train, y_test
        Labels: whole numbers ``(n,)``; names ``(n,)``; or rows ``(n, k)`` of 0 and 1. If each row of both parts has
        exactly one 1, they are one-hot, and become the place of the 1; if any has several, or none, they say which of
        k labels a sample has, and stay rows. Stored as int64, rows as uint8.
    n_classes
        Number of different labels; None: counted (names; columns of rows; else the labels that are there).
    classes
        Names of the labels, which are places in them, or columns; None: those that the labels were, sorted; or none.

    Raises
    ------
    ValueError, TypeError
        If a shape does not fit, an entry is no finite number, labels are none of these, or `n_classes` is not the
        number of names or columns.

    Examples
    --------
    >>> data = Dataset.held_out("two points", [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> data.x_test.shape, data.x_train.shape, data.n_classes
    ((2, 2), (0, 2), 2)

    Images of bytes with names:

    >>> images = np.array([[[0, 255], [51, 0]], [[255, 0], [0, 102]]], np.uint8)
    >>> data = Dataset.held_out("two images", images, ["dog", "cat"])
    >>> data.x_test
    array([[0. , 1. , 0.2, 0. ],
           [1. , 0. , 0. , 0.4]])
    >>> data.y_test, data.classes
    (array([1, 0]), ('cat', 'dog'))

    Samples with any number of labels:

    >>> Dataset.held_out("weather", [[0.5], [0.25], [0.75]], [[1, 0], [1, 1], [0, 0]])
    Dataset('weather', 0 training and 3 held-out samples of 1 inputs, 2 labels)
    """

    name: str
    x_train: Samples
    y_train: Labels
    x_test: Samples
    y_test: Labels
    n_classes: int = None  # type: ignore[assignment]  # it is an int as soon as it is counted
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        self._settle({"x_train": "x_train", "y_train": "y_train", "x_test": "x_test", "y_test": "y_test"})

    @classmethod
    def held_out(
        cls,
        name: str,
        x: ArrayLike,
        y: ArrayLike,
        x_train: ArrayLike = (),
        y_train: ArrayLike = (),
        n_classes: int | None = None,
    ) -> "Dataset":
        """A data set from samples and labels to test on, and, if there are any, others to train on; see `Dataset`.

        Examples
        --------
        >>> Dataset.held_out("cats and dogs", [[0.5], [0.25]], ["cat", "dog"])
        Dataset('cats and dogs', 0 training and 2 held-out samples of 1 inputs, 2 classes)
        """
        made = object.__new__(cls)
        given = {"name": name, "x_train": x_train, "y_train": y_train, "x_test": x, "y_test": y}
        for key, value in {**given, "n_classes": n_classes, "classes": None}.items():
            object.__setattr__(made, key, value)
        made._settle({"x_train": "x_train", "y_train": "y_train", "x_test": "x", "y_test": "y"})
        return made

    def _settle(self, called: dict[str, str]) -> None:
        """Check what was given, under the names that the caller knows, and keep it."""
        x_test = samples(called["x_test"], self.x_test)
        x_train = x_test[:0] if _is_nothing(self.x_train) else samples(called["x_train"], self.x_train)
        labels = whole_labels({called[part]: getattr(self, part) for part in ("y_train", "y_test")}, self.classes)
        for part, x, y in zip(("train", "test"), (x_train, x_test), labels.parts, strict=True):
            if len(x) != len(y):
                both = f"{called[f'x_{part}']} and {called[f'y_{part}']}"
                raise ValueError(f"{both} must have one length, got {len(x)} and {len(y)}")
            y.flags.writeable = False
            object.__setattr__(self, f"x_{part}", x)
            object.__setattr__(self, f"y_{part}", y)
        if x_train.shape[1] != x_test.shape[1]:
            both = f"{called['x_train']} and {called['x_test']}"
            raise ValueError(f"{both} must have one width, got {x_train.shape[1]} and {x_test.shape[1]}")
        if not len(x_test):
            raise ValueError(f"{called['x_test']} must have at least one sample, got 0")
        n_classes = labels.n_classes if self.n_classes is None else checks.whole("n_classes", self.n_classes, 1)
        if n_classes != labels.n_classes and labels.fixed:
            raise ValueError(f"n_classes must be {labels.n_classes}, the number of {labels.fixed}, got {n_classes}")
        object.__setattr__(self, "n_classes", n_classes)
        object.__setattr__(self, "classes", labels.classes)

    @property
    def multilabel(self) -> bool:
        """Whether a sample may have several labels, or none: labels are then rows ``(n, n_classes)`` of 0 and 1."""
        return self.y_test.ndim > 1

    def digest(self, part: Literal["test", "train"] = "test") -> str:
        """SHA-256 of the held-out or the training part, in hex: the same for the same numbers in the same order.

        Names of labels are a part of it, where there are names.

        Parameters
        ----------
        part
            ``"test"``: the held-out samples and their labels; ``"train"``: those for training.

        Examples
        --------
        >>> Dataset.held_out("a", [[0.5]], [0]).digest() == Dataset.held_out("b", [[0.5]], [0]).digest()
        True
        """
        checks.option("part", part, ("test", "train"))
        x, y = (self.x_test, self.y_test) if part == "test" else (self.x_train, self.y_train)
        content = hashlib.sha256(repr(x.shape).encode())
        content.update(np.ascontiguousarray(x, "<f8").reshape(-1).data)
        content.update(np.ascontiguousarray(y, "<i8").reshape(-1).data)
        if self.classes is not None:
            content.update(json.dumps(self.classes).encode())
        return content.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.x_train)} training and {len(self.x_test)} held-out samples "
            f"of {self.x_test.shape[1]} inputs, {self.n_classes} {'labels' if self.multilabel else 'classes'})"
        )


def _is_nothing(value: ArrayLike) -> bool:
    """Whether a value is an array or list of no samples, which says nothing of their width."""
    return bool(getattr(value, "shape", None) == (0,) or (isinstance(value, list | tuple) and not value))


def split(name: str, x: Samples, y: Labels) -> Dataset:
    """Hold out `TEST_SHARE` of the samples: the same ones on every machine, in every class alike."""
    from sklearn.model_selection import train_test_split

    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=TEST_SHARE, random_state=0, stratify=y)
    return Dataset(name, x_train, y_train, x_test, y_test)
