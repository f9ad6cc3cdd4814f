# ruff: noqa: NPY002 - in compiled code np.random is Numba's own generator, which only the two searches seed and draw from.
"""Simulated annealing of permutations by swaps: of the numbers of a look-up, and of the order of its cycles.

`anneal` searches the permutation of 0 .. L-1 whose products with a counter have the least error, `arrange` places L
items on L places by a quadratic cost.

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

from sc_neurocore.encoders.product_error import TERMS


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
def _pair(place: NDArray[np.int64], reach: float) -> tuple[int, int]:
    """Two indices to swap, near to each other or, as often, with values near to each other; (-1, -1): none."""
    gap = 1 + int(np.random.random() * reach)
    first = int(np.random.random() * place.size)
    second = first + gap
    if second >= place.size:
        return -1, -1
    if np.random.random() < 0.5:  # near in the values, not in the indices
        first, second = place[first], place[second]
        if first > second:
            first, second = second, first
    return first, second


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _reach(reach: float, accepted: int, length: int) -> float:
    """The reach of the next 256 swaps: it follows the share of accepted ones."""
    return min(float(length), max(1.0, reach * (0.85 + 0.5 * accepted / 256)))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _accepted(change: float, temperature: float) -> bool:
    """The rule of Metropolis: a change for the worse passes with probability ``exp(-change / temperature)``."""
    return change <= 0 or np.random.random() < math.exp(-change / temperature)


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
    reach = float(length)  # of a swap, in cycles or numbers
    temperature, cooling = hot, (cold / hot) ** (256.0 / steps)
    accepted = 0
    for step in range(steps):
        if step & 255 == 255:
            reach, temperature, accepted = _reach(reach, accepted, length), temperature * cooling, 0
        first, second = _pair(place, reach)
        if first < 0:
            continue
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
        if not _accepted(new_cost - cost, temperature):
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


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _arrange(
    ties: NDArray[np.float64],
    kernels: NDArray[np.float64],
    start: NDArray[np.int64],
    steps: int,
    temperatures: tuple[float, float],
    seed: int,
) -> NDArray[np.int64]:
    np.random.seed(seed)
    places, length = start.copy(), start.size
    item = np.empty(length, np.int64)
    placed = np.empty_like(kernels)  # kernels between the places of two items
    for i in range(length):
        item[places[i]] = i
        for j in range(length):
            placed[:, i, j] = kernels[:, places[i], places[j]]
    cost = (ties * placed).sum()
    best, least = places.copy(), cost
    reach = float(length)  # of a swap, in items or places
    temperature, cooling = temperatures[0], (temperatures[1] / temperatures[0]) ** (256.0 / steps)
    accepted = 0
    for step in range(steps):
        if step & 255 == 255:
            reach, temperature, accepted = _reach(reach, accepted, length), temperature * cooling, 0
        p, q = _pair(item, reach)
        if p < 0:
            continue
        change = 0.0
        for k in range(len(ties)):
            own, other, here, there = ties[k, p], ties[k, q], placed[k, p], placed[k, q]
            for i in range(length):
                change += 2 * (own[i] - other[i]) * (there[i] - here[i])
            change += (own[p] + other[q] - 2 * own[q]) * (here[p] + there[q] - 2 * here[q])  # i is p or q
        if not _accepted(change, temperature):
            continue
        accepted += 1
        cost += change
        places[p], places[q] = places[q], places[p]
        item[places[p]], item[places[q]] = p, q
        for k in range(len(ties)):
            for i in range(length):
                placed[k, p, i], placed[k, q, i] = placed[k, q, i], placed[k, p, i]
            for i in range(length):
                placed[k, i, p], placed[k, i, q] = placed[k, i, q], placed[k, i, p]
        if cost < least:
            best[:], least = places, cost
    return best


def arrange(
    ties: NDArray[np.float64], kernels: NDArray[np.float64], steps: int, hot: float, cold: float, seed: int
) -> NDArray[np.int64]:
    """Places of L items with a small cost ``sum over k, i, j of ties[k, i, j] kernels[k, place i, place j]``.

    This is the quadratic assignment problem. A swap of two places changes two rows and columns, so a step costs
    about ``2 K L`` products.

    Parameters
    ----------
    ties, kernels
        Symmetric matrices ``(K, L, L)``, each with rows that add up to 0.
    steps
        Swaps to try, from a random start.
    hot, cold
        First and last temperature, in units of a random arrangement's mean cost over L; geometric in between.
    seed
        Of the start and of the swaps; the same seed, the same places.

    References
    ----------
    R. E. Burkard, F. Rendl, "A thermodynamically motivated simulation procedure for combinatorial optimization
    problems", European Journal of Operational Research 17, 1984, https://doi.org/10.1016/0377-2217(84)90231-5.
    """
    length = ties.shape[1]
    start = np.random.default_rng(seed).permutation(length)
    if length < 2:
        return start
    unit = float((np.trace(ties, axis1=1, axis2=2) * np.trace(kernels, axis1=1, axis2=2)).sum()) / length**2
    return _arrange(ties, kernels, start, steps, (hot * unit, cold * unit), seed)
