"""Whether number sequences may drive independent streams: errors of ANDs of two and ORs of three, against Bernoulli."""

import math
from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..backends.packing import pack
from .product_error import operand_thresholds, product_errors

LIMIT = 1.5
"""Largest error of lines of one list, in units of the error of independent Bernoulli streams."""
AIM = 1.3
"""What a search admits: lower than `LIMIT`, since errors depend somewhat on the grid of operands."""
STEPS = 11
"""Steps of the grid of operands of an OR. Not a power of two: nets are exact on dyadic grids."""
POINTS = 61
"""Steps of the grid of operands of an AND that is estimated; a prime for the same reason."""

PairError = Callable[[NDArray[np.uint32], NDArray[np.uint32], int], float]


def and_error(
    first: NDArray[np.uint32], second: NDArray[np.uint32], modulus: int, points: int | None = POINTS
) -> float:
    """RMSE of the product of two lines over that of Bernoulli streams, ``sqrt(5 / (36 L))``.

    Parameters
    ----------
    first, second
        Numbers ``(L,)`` in [0, modulus).
    modulus
        The threshold of a stream of ones.
    points
        Steps of the grid of operands; None: L of them, which is exact.
    """
    steps = len(first) if points is None else points
    squares = sum(float((errors * errors).sum()) for errors in product_errors(first, second, modulus, steps))
    return math.sqrt(squares / (steps + 1) ** 2 * 36 * len(first) / 5)


def zeros_of(numbers: NDArray[np.uint32], modulus: int, steps: int = STEPS) -> NDArray[np.uint64]:
    """Packed complements ``(steps + 1, W)`` of the streams of the operands 0, 1/steps, .., 1 of a line ``(L,)``."""
    return pack(numbers >= operand_thresholds(steps, modulus)[:, None])


def or_error(first: NDArray[np.uint64], second: NDArray[np.uint64], third: NDArray[np.uint64], length: int) -> float:
    """RMSE of the OR of three lines over that of Bernoulli streams; the lines as `zeros_of` gives them.

    The variance of the OR of Bernoulli streams is ``q (1 - q) / L``, q the product of the three ``1 - p``.
    """
    steps = len(first) - 1
    pairs = (first[:, None] & second).reshape((steps + 1) ** 2, 1, -1)
    zeros = np.bitwise_count(pairs & third).sum(axis=2, dtype=np.int64)
    p = 1 - np.arange(steps + 1) / steps
    q = np.outer(np.outer(p, p), p)
    return math.sqrt(float(((zeros / length - q) ** 2).sum() / (q * (1 - q)).sum()) * length)


class IndependentLines:
    """A list of number sequences, any two of which may be ANDed and any three ORed.

    Parameters
    ----------
    modulus
        Of all the sequences.
    and_error
        Error of the AND of two lines in units of Bernoulli's; None estimates it on a grid of operands.

    Examples
    --------
    >>> from sc_neurocore.encoders import Halton
    >>> lines = IndependentLines(64)
    >>> [lines.take(Halton(6, base).sequence(64)) for base in (2, 3, 2, 59, 61)]
    [True, True, False, True, False]
    """

    def __init__(self, modulus: int, and_error: PairError = and_error) -> None:
        self.modulus = modulus
        self._and_error = and_error
        self._numbers: list[NDArray[np.uint32]] = []
        self._zeros: list[NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def admits(self, numbers: NDArray[np.uint32]) -> bool:
        """Whether a line ``(L,)`` is independent of those that are here: another one, and no error above `AIM`."""
        if any(np.array_equal(each, numbers) for each in self._numbers):  # of 4 cycles, its errors would be small
            return False
        zeros, length = zeros_of(numbers, self.modulus), len(numbers)
        return all(self._and_error(each, numbers, self.modulus) <= AIM for each in self._numbers) and all(
            or_error(one, other, zeros, length) <= AIM for one, other in combinations(self._zeros, 2)
        )

    def append(self, numbers: NDArray[np.uint32]) -> None:
        """Add a line, whatever its errors."""
        self._numbers.append(numbers)
        self._zeros.append(zeros_of(numbers, self.modulus))

    def take(self, numbers: NDArray[np.uint32]) -> bool:
        """Add a line if it is independent of the others; whether it is."""
        admitted = self.admits(numbers)
        if admitted:
            self.append(numbers)
        return admitted
