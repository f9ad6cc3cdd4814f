"""Error of the products of two number sequences, and of the sum of many of them: the measure of a pair."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TERMS = 784
"""Products of the sum whose error is the measure."""

_ROWS = 1 << 22
"""Cells of the table of products that are held at once."""


def dot_rmse(first: NDArray[np.uint32], second: NDArray[np.uint32], modulus: int, points: int | None = None) -> float:
    """RMSE of a sum of 784 AND products of operands uniform on 0, 1/L, .., 1: the dot RMSE of a pair of sequences.

    Parameters
    ----------
    first, second
        Numbers ``(L,)`` in [0, modulus) that thresholds of the two operands are compared with. With `first` ``(G, L)``
        product i meets row ``i % G`` of it.
    modulus
        The threshold of a stream of ones.
    points
        Steps of the grid of operands; None: L of them, one for each number of ones. Fewer estimate the figure.

    Returns
    -------
    float
        ``sqrt(784 s**2 + (784 m)**2)``, m and s the mean and the standard deviation of the error of a product: what
        is common to all products adds up faster than what is not. Independent Bernoulli streams: `bernoulli_dot_rmse`.
        Of G rows with n_g products each ``sqrt(sum n_g s_g**2 + (sum n_g m_g)**2)``.
    """
    rows = np.atleast_2d(first)
    variance = bias = 0.0
    for place, row in enumerate(rows):
        lines = len(range(place, TERMS, len(rows)))
        mean, spread = _moments(row, second, modulus, len(second) if points is None else points)
        variance += lines * spread
        bias += lines * mean
    return math.sqrt(variance + bias**2)


def _moments(first: NDArray[np.uint32], second: NDArray[np.uint32], modulus: int, steps: int) -> tuple[float, float]:
    """Mean and variance of the error of a product."""
    total, squares, cells = 0.0, 0.0, 0
    for errors in product_errors(first, second, modulus, steps):
        total, squares, cells = (
            total + float(errors.sum()),
            squares + float((errors * errors).sum()),
            cells + errors.size,
        )
    mean = total / cells
    return mean, max(squares / cells - mean**2, 0.0)


def bernoulli_dot_rmse(length: int) -> float:
    """The dot RMSE of independent Bernoulli streams of `length` cycles: ``sqrt(784 * 5 / (36 L))``.

    >>> round(bernoulli_dot_rmse(64), 3)
    1.304
    """
    return math.sqrt(TERMS * 5 / 36 / length)


def operand_thresholds(steps: int, modulus: int) -> NDArray[np.int64]:
    """Comparator thresholds ``(steps + 1,)`` of the operands 0, 1/steps, .., 1, rounded as an encoder rounds them.

    >>> operand_thresholds(2, 5)
    array([0, 3, 5])
    """
    return np.floor(np.arange(steps + 1) / steps * modulus + 0.5).astype(np.int64)


def product_errors(
    first: NDArray[np.uint32], second: NDArray[np.uint32], modulus: int, steps: int
) -> Iterator[NDArray[np.float64]]:
    """Errors of the products of operands ``i / steps`` and ``j / steps``, in blocks of rows ``(.., steps + 1)``."""
    length = len(first)
    operands = np.arange(steps + 1) / steps
    thresholds = operand_thresholds(steps, modulus)
    # The first operand whose threshold is above the number of a cycle has a one there, and so have all larger ones.
    rows, columns = (np.searchsorted(thresholds, numbers, "right") for numbers in (first, second))
    above = np.zeros(steps + 1, np.int64)
    block = max(1, _ROWS // (steps + 1))
    for start in range(0, steps + 1, block):
        stop = min(start + block, steps + 1)
        here = (rows >= start) & (rows < stop)
        cells = (rows[here] - start) * (steps + 1) + columns[here]
        ones = np.bincount(cells, minlength=(stop - start) * (steps + 1)).reshape(stop - start, steps + 1)
        ones[0] += above
        ones = ones.cumsum(0)
        above = ones[-1]
        yield ones.cumsum(1) / length - np.outer(operands[start:stop], operands)
