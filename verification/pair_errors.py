# ruff: noqa: NPY002 - in compiled code np.random is Numba's own generator, which only `best_masks` seeds and draws from.
"""Exact errors of the products of two number sequences, compiled, and the search for the masks with the least.

A line is given by its *ranks* ``(L,)``: for each cycle the smallest ``a`` of 0 .. L for which the stream of the operand
a / L has a one. The table of products is walked row by row and never held: a call takes L**2 steps and L numbers.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from sc_neurocore.encoders.product_error import TERMS, operand_thresholds

Ints = NDArray[np.int64]

_BLOCK = 1024
"""Columns whose squared errors, of up to L**4 / 16, are summed as integers: that fits at L = 16384, a row would not."""


def rank_of_number(length: int, modulus: int) -> Ints:
    """The smallest ``a`` with a threshold ``round(a modulus / L)`` above a number, for every number ``(modulus,)``."""
    thresholds = operand_thresholds(length, modulus)
    return np.searchsorted(thresholds, np.arange(modulus), "right").astype(np.int64)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def mean_error(rows: Ints, columns: Ints) -> float:
    """Mean error of a product of operands 0, 1/L, .., 1; L steps."""
    length = rows.size
    ones = 0.0
    for cycle in range(length):
        ones += float(length + 1 - rows[cycle]) * float(length + 1 - columns[cycle])
    return ones / length / (length + 1.0) ** 2 - 0.25


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def moments(rows: Ints, columns: Ints) -> tuple[float, float]:
    """Mean and mean square of the error of a product of operands 0, 1/L, .., 1."""
    length = rows.size
    size = length + 1
    ends = np.zeros(size + 2, np.int64)
    for cycle in range(length):
        ends[rows[cycle] + 1] += 1
    for row in range(size):
        ends[row + 1] += ends[row]
    by_row = np.empty(length, np.int64)
    for cycle in range(length):
        by_row[ends[rows[cycle]]] = columns[cycle]
        ends[rows[cycle]] += 1  # from the first cycle of a row to the one behind its last
    ones = np.zeros(size, np.int64)
    total, squares, position = 0.0, 0.0, 0
    for row in range(size):
        while position < ends[row]:
            for column in range(by_row[position], size):
                ones[column] += 1
            position += 1
        for start in range(0, size, _BLOCK):
            block_total, block_squares = np.int64(0), np.int64(0)
            for column in range(start, min(start + _BLOCK, size)):
                error = length * ones[column] - row * column
                block_total += error
                block_squares += error * error
            total += block_total
            squares += block_squares
    cells, unit = float(size) ** 2, float(length) ** 2
    return total / cells / unit, squares / cells / unit**2


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def dot_rmse(rows: Ints, columns: Ints) -> float:
    """RMSE of a sum of 784 products."""
    mean, square = moments(rows, columns)
    return math.sqrt(TERMS * max(square - mean * mean, 0.0) + (TERMS * mean) ** 2)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def spreads(lines: Ints) -> tuple[NDArray[np.float64], Ints]:
    """Standard deviation of the error of a product for all pairs of lines ``(n, L)``, a line with itself as well.

    The mean, which masks can mend, is left out. Returns the deviations ``(n (n + 1) / 2,)`` and the pairs.
    """
    count = lines.shape[0]
    found = np.empty(count * (count + 1) // 2)
    pairs = np.empty((found.size, 2), np.int64)
    place = 0
    for first in range(count):
        for second in range(first, count):
            mean, square = moments(lines[first], lines[second])
            found[place] = math.sqrt(max(square - mean * mean, 0.0))
            pairs[place] = first, second
            place += 1
    return found, pairs


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _masked(first: Ints, second: Ints, rank: Ints, bits: int, masks: int, exact: bool) -> float:
    """Dot RMSE or, unless `exact`, size of the mean error of two lines under two masks."""
    rows, columns = np.empty(first.size, np.int64), np.empty(first.size, np.int64)
    for cycle in range(first.size):
        rows[cycle] = rank[first[cycle] ^ (masks >> bits)]
        columns[cycle] = rank[second[cycle] ^ (masks & ((1 << bits) - 1))]
    return dot_rmse(rows, columns) if exact else abs(mean_error(rows, columns))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def best_masks(
    first: Ints, second: Ints, rank: Ints, bits: int, starts: int, exact: bool, fixed: bool, seed: int
) -> tuple[float, int, int]:
    """The masks with the least dot RMSE: from several starts, one or two bits are flipped as long as that helps.

    Parameters
    ----------
    first, second
        Numbers ``(L,)`` before the masks.
    rank
        The rank of each number, `rank_of_number`.
    bits
        Width of a mask.
    starts
        The first is no mask, the others are random.
    exact
        What has to become smaller: the dot RMSE (L**2 steps) or the mean error, followed by one dot RMSE (L steps).
    fixed
        Leave the first without a mask: between bit matrices on full periods a mask is a matter of the order.
    seed
        Of the random masks.

    Returns
    -------
    tuple
        Dot RMSE, mask of the first, mask of the second.
    """
    np.random.seed(seed)
    flips, unmasked = (1, bits) if fixed else (1 << bits, 0)
    best, best_masks = np.inf, 0
    for start in range(starts):
        # Both masks in one number: that of the second in the low bits.
        masks = np.random.randint(flips) << bits | np.random.randint(1 << bits) if start else 0
        least, better = _masked(first, second, rank, bits, masks, exact), True
        while better:
            better, centre = False, masks
            for one in range(2 * bits - unmasked):
                for other in range(one, 2 * bits - unmasked):
                    trial = centre ^ 1 << one ^ (1 << other if other > one else 0)
                    value = _masked(first, second, rank, bits, trial, exact)
                    if value < least * (1 - 1e-9):
                        least, masks, better = value, trial, True
        value = _masked(first, second, rank, bits, masks, True)
        if value < best:
            best, best_masks = value, masks
    return best, best_masks >> bits, best_masks & ((1 << bits) - 1)
