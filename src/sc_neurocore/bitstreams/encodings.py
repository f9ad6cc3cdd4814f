"""Encodings: how the probability of ones in a stream stands for a number.

========  ========  ==========================================  ========
encoding  range     probability of a one                        multiply
========  ========  ==========================================  ========
unipolar  [0, 1]    v                                           AND
bipolar   [-1, 1]   (v + 1) / 2                                 XNOR
split     [-1, 1]   two streams: max(v, 0) and max(-v, 0)       AND
========  ========  ==========================================  ========

The two streams of a split number are its *rails*, the positive and the negative one.
"""

from collections.abc import Callable
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Encoding = Literal["unipolar", "bipolar", "split"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)


def _centred(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return (numbers + 1) / 2


MAGNITUDES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "unipolar": np.asarray,
    "bipolar": _centred,
    "split": np.abs,
}
"""Probabilities that comparators write, of numbers in range: of a split number, that of the rail of its sign."""


def check_encoding(value: object) -> Encoding:
    """Check the name of an encoding: `value` itself, or a ValueError that lists the names."""
    return cast(Encoding, checks.option("encoding", value, ENCODINGS))


def value_range(encoding: Encoding) -> tuple[float, float]:
    """Smallest and largest number that the encoding can represent."""
    return (0.0, 1.0) if check_encoding(encoding) == "unipolar" else (-1.0, 1.0)


def to_probability(values: ArrayLike, encoding: Encoding, name: str = "values") -> NDArray[np.float64]:
    """Probabilities of ones for `values` ``(...)``: ``(...)``, for split ``(2, ...)``: positive rail, negative rail.

    >>> to_probability([-1.0, 0.0, 0.5], "bipolar")
    array([0.  , 0.5 , 0.75])
    >>> to_probability([-0.25, 0.5], "split")
    array([[0.  , 0.5 ],
           [0.25, 0.  ]])
    """
    numbers = checks.array(name, values, *value_range(encoding))
    if encoding == "split":
        return np.stack([np.maximum(numbers, 0), np.maximum(-numbers, 0)])
    return MAGNITUDES[encoding](numbers)


def from_probability(probabilities: ArrayLike, encoding: Encoding) -> NDArray[np.float64]:
    """The inverse of `to_probability`: numbers ``(...)`` for probabilities ``(...)``, of split ``(2, ...)``.

    >>> from_probability([0.0, 0.5, 0.75], "bipolar")
    array([-1. ,  0. ,  0.5])
    """
    check_encoding(encoding)
    p = checks.array("probabilities", probabilities, 0.0, 1.0)
    if encoding == "unipolar":
        return p
    if encoding == "bipolar":
        return 2 * p - 1
    if p.shape[:1] != (2,):
        raise ValueError(f"probabilities must have shape (2, ...) for split streams, got {p.shape}")
    return np.asarray(p[0] - p[1])


def from_counts(ones: NDArray[np.int64], length: int, encoding: Encoding) -> NDArray[np.float64]:
    """Numbers of streams that have these counts of ones: ``(...)`` for counts ``(...)``, of split ``(2, ...)``.

    >>> from_counts(np.array([[3], [1]]), 10, "split")
    array([0.2])
    """
    check_encoding(encoding)
    if encoding == "unipolar":
        return np.asarray(ones / length)
    if encoding == "bipolar":
        return np.asarray((2 * ones - length) / length)
    return np.asarray((ones[0] - ones[1]) / length)
