# ruff: noqa: NPY002 - in compiled code np.random is Numba's own generator, which only `_anneal` seeds and draws from.
"""The search for the permutation of 0 .. L-1 whose products with a counter have the least error.

With a counter on one side, the ones of the AND of the streams of thresholds a and b are
``T[a, b] = #{t < a : permutation[t] < b}``: one permutation is one table. The table of scaled errors
``L T[a, b] - a b`` is kept, integers from which sums and sums of squares follow exactly. Swapping two numbers of
the permutation adds +L or -L to a rectangle of the table (rows between the two cycles, columns between the two
numbers), so a step costs the area of that rectangle.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

TERMS = 784
"""Terms of the sum whose error is the measure."""


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def scaled_errors(permutation: NDArray[np.int64]) -> NDArray[np.int32]:
    """``L T[a, b] - a b`` for all pairs of thresholds, ``(L + 1, L + 1)``."""
    length = permutation.size
    table = np.zeros((length + 1, length + 1), np.int32)
    for a in range(1, length + 1):
        number = permutation[a - 1]
        for b in range(length + 1):
            table[a, b] = table[a - 1, b] - b + (length if number < b else 0)
    return table


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def squared_rmse(total: int, squares: int, length: int) -> float:
    """Squared dot RMSE from the sum and the sum of squares of the scaled errors."""
    cells, unit = (length + 1.0) ** 2, float(length) ** 2
    mean = total / cells / unit
    variance = squares / cells / unit**2 - mean * mean
    return TERMS * variance + (TERMS * mean) ** 2


def dot_rmse(permutation: NDArray[np.integer]) -> float:
    """RMSE of a sum of 784 products of operands uniform on the grid 0, 1/L, .., 1: counter x permutation."""
    table = scaled_errors(np.asarray(permutation, np.int64)).astype(np.int64)
    return math.sqrt(squared_rmse(int(table.sum()), int((table * table).sum()), len(permutation)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _anneal(
    start: NDArray[np.int64], steps: int, hot: float, cold: float, seed: int
) -> tuple[NDArray[np.int64], float]:
    np.random.seed(seed)
    permutation, length = start.copy(), start.size
    place = np.empty(length, np.int64)
    for cycle in range(length):
        place[permutation[cycle]] = cycle
    table = scaled_errors(permutation)
    total, squares = np.int64(0), np.int64(0)
    for a in range(length + 1):
        for b in range(length + 1):
            total += table[a, b]
            squares += np.int64(table[a, b]) ** 2
    cost = squared_rmse(total, squares, length)
    best, least = permutation.copy(), cost
    reach = float(length)  # of a swap, in cycles or numbers; follows the share of accepted steps
    temperature, cooling = hot, (cold / hot) ** (256.0 / steps)
    accepted = 0
    for step in range(steps):
        if step & 255 == 255:
            reach = min(float(length), max(1.0, reach * (0.85 + 0.5 * accepted / 256)))
            temperature *= cooling
            accepted = 0
        gap = 1 + int(np.random.random() * reach)
        first = int(np.random.random() * length)
        second = first + gap
        if second >= length:
            continue
        if np.random.random() < 0.5:  # near in the numbers, not in the cycles
            first, second = place[first], place[second]
            if first > second:
                first, second = second, first
        u, v = permutation[first], permutation[second]
        low, high, sign = (u, v, -1) if u < v else (v, u, 1)
        inside = np.int64(0)
        for a in range(first + 1, second + 1):
            row = np.int64(0)
            for b in range(low + 1, high + 1):
                row += table[a, b]
            inside += row
        change = sign * length
        area = (second - first) * (high - low)
        new_total = total + change * area
        new_squares = squares + 2 * change * inside + np.int64(length) * length * area
        new_cost = squared_rmse(new_total, new_squares, length)
        if new_cost > cost and np.random.random() >= math.exp((cost - new_cost) / temperature):
            continue
        accepted += 1
        for a in range(first + 1, second + 1):
            for b in range(low + 1, high + 1):
                table[a, b] += change
        permutation[first], permutation[second] = v, u
        place[u], place[v] = second, first
        total, squares, cost = new_total, new_squares, new_cost
        if cost < least:
            best[:], least = permutation, cost
    return best, least


def best_lattice(length: int) -> NDArray[np.int64]:
    """The rank-1 lattice ``k t mod L`` with the least dot RMSE, k prime to L."""
    cycles = np.arange(length)
    multipliers = [k for k in range(1, length) if math.gcd(k, length) == 1]
    return min((k * cycles % length for k in multipliers), key=dot_rmse)


def anneal(start: NDArray[np.int64], steps: int, hot: float, cold: float, seed: int) -> NDArray[np.int64]:
    """The best permutation of a run of simulated annealing from `start`.

    Parameters
    ----------
    start
        A permutation of 0 .. L-1.
    steps
        Swaps to try.
    hot, cold
        First and last temperature, in units of the squared dot RMSE; geometric in between.
    seed
        Of the random swaps; the same seed, the same permutation.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by simulated annealing", Science 220, 1983,
    https://doi.org/10.1126/science.220.4598.671.
    """
    best, _ = _anneal(np.asarray(start, np.int64), steps, hot, cold, seed)
    return best
