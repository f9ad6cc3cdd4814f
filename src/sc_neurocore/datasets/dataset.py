"""Labelled samples, split into a training and a held-out part."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Samples = NDArray[np.float64]
Labels = NDArray[np.int64]

TEST_SHARE = 0.3
"""Share of the samples that the bundled data sets hold out."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled samples for training and for testing a classifier.

    Parameters
    ----------
    name
        What the data is called in tables and plots.
    x_train, x_test
        Samples ``(n, inputs)``: finite numbers, stored as float64 in a read-only copy. The training part may be empty.
    y_train, y_test
        Labels ``(n,)``: whole numbers, stored as int64.
    n_classes
        Number of different labels.

    Raises
    ------
    ValueError, TypeError
        If a shape does not fit, a number is not finite, or a label is not a whole number.

    Examples
    --------
    >>> data = Dataset.held_out("two points", [[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> data.x_test.shape, data.x_train.shape, data.n_classes
    ((2, 2), (0, 2), 2)
    """

    name: str
    x_train: Samples
    y_train: Labels
    x_test: Samples
    y_test: Labels
    n_classes: int

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            x, y = samples(f"x_{part}", getattr(self, f"x_{part}")), labels(f"y_{part}", getattr(self, f"y_{part}"))
            if len(x) != len(y):
                raise ValueError(f"x_{part} and y_{part} must have one length, got {len(x)} and {len(y)}")
            for key, value in ((f"x_{part}", x), (f"y_{part}", y)):
                held = value.copy()  # nobody else can edit it
                held.flags.writeable = False
                object.__setattr__(self, key, held)
        if self.x_train.shape[1] != self.x_test.shape[1]:
            raise ValueError(
                f"x_train and x_test must have one width, got {self.x_train.shape[1]} and {self.x_test.shape[1]}"
            )
        if not len(self.x_test):
            raise ValueError("x_test must have at least one sample, got 0")
        object.__setattr__(self, "n_classes", checks.whole("n_classes", self.n_classes, 1))

    @classmethod
    def held_out(cls, name: str, x: ArrayLike, y: ArrayLike) -> "Dataset":
        """A data set that is for testing only: samples ``(n, inputs)`` and labels ``(n,)``."""
        x_test, y_test = samples("x", x), labels("y", y)
        return cls(name, x_test[:0], y_test[:0], x_test, y_test, len(np.unique(y_test)))

    def digest(self, part: Literal["test", "train"] = "test") -> str:
        """SHA-256 of the held-out or the training part, in hex: the same for the same numbers in the same order.

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
        content.update(np.ascontiguousarray(y, "<i8").data)
        return content.hexdigest()

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, {len(self.x_train)} training and {len(self.x_test)} held-out samples "
            f"of {self.x_test.shape[1]} inputs, {self.n_classes} classes)"
        )


def samples(name: str, value: ArrayLike) -> Samples:
    """`value` as samples ``(n, inputs)`` of finite float64."""
    return checks.array(name, value, shape=(None, None))


def labels(name: str, value: ArrayLike) -> Labels:
    """`value` as labels ``(n,)`` of int64; a label that is not a whole number is an error."""
    given = checks.array(name, value, 1 - 2.0**53, 2.0**53 - 1, shape=(None,))  # else 2**53 + 1 is 2**53
    if np.any(given != np.floor(given)):
        raise ValueError(f"{name} must be whole numbers, got {given[given != np.floor(given)][0]}")
    return given.astype(np.int64)


def split(name: str, x: Samples, y: Labels) -> Dataset:
    """Hold out `TEST_SHARE` of the samples: the same ones on every machine, in every class alike."""
    from sklearn.model_selection import train_test_split

    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=TEST_SHARE, random_state=0, stratify=y)
    return Dataset(name, x_train, y_train, x_test, y_test, len(np.unique(y)))
