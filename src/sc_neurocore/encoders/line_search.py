"""Lines of number generators that measured well together, found by a short seeded search where none are stored."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .generator import Generator, bits_of
from .generators import Halton, Ramp, VanDerCorput
from .independence import IndependentLines
from .lattice import Lattice
from .lfsr_lines import lfsr_candidates, lfsr_line
from .product_error import TERMS, dot_rmse, product_errors
from .searched import Counter
from .sobol import Sobol

NAMES = ("sobol", "halton", "vdc", "lattice", "lfsr")
"""Kinds of lines. The van der Corput sequence has the ramp for partner."""
BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)
"""Bases of Halton sequences; those beyond L only rise in L cycles."""
KINDS = {"ramp": "vdc", "searched": "lattice"}
"""Kinds of the lines of banks that have another name: ``"ramp"`` is the pair of ``"vdc"`` the other way round."""

Entry = Sequence[int]
"""What tells a line from others of its kind, see `line_of`."""

_NUMBERS = 1 << 18
"""Numbers of all lines that a search looks at."""
_POINTS = 97
"""Steps of the grid of operands on which pairs are compared; a prime, since nets are exact on dyadic grids."""
_MULTIPLIERS = 4096
"""Multipliers that a search looks at."""


def line_of(name: str, length: int, entry: Entry) -> Generator:
    """The generator of a line for streams of `length` cycles.

    Parameters
    ----------
    name
        ``"sobol"``, ``"halton"``, ``"vdc"``, ``"lattice"`` or ``"lfsr"``.
    length
        Clock cycles of a stream, at least 2.
    entry
        Of sobol (dimension, mask), of halton (base, mask). Of vdc as of halton; base 2 is the van der Corput sequence,
        and 1 the ramp, which runs once in L cycles. Of lattice (multiplier, offset); (1, 0) is the counter.
        Of lfsr see `lfsr_lines.Entry`.
    """
    if name == "lfsr":
        return lfsr_line(length, entry)
    first, second = entry
    bits = bits_of(length)
    if name == "lattice":
        lattice = Lattice(length, first, second)
        return Counter(lattice) if (first, second) == (1, 0) else lattice
    if name == "sobol":
        return Sobol(bits, first, mask=second)
    if name == "halton" or first > 2:
        return Halton(bits, first, mask=second)
    if first == 2:
        return VanDerCorput(bits, mask=second)
    return Ramp(bits, mask=second, period=None if length == 1 << bits else length)


def candidates(name: str, length: int, count: int) -> list[Entry]:
    """At most `count` lines of a kind to choose from, in random order, the same for the same arguments."""
    if name == "lfsr":
        return list(lfsr_candidates(length, count))
    numbers = 1 << bits_of(length)
    if name == "lattice":
        firsts = np.array(good_multipliers(length, count))
        numbers = length
    elif name == "sobol":
        firsts = np.arange(1, 1 + min(64, max(4, 4 * _NUMBERS // length)))
    else:
        firsts = np.array([base for base in BASES if base <= length and (name == "halton" or base > 2)])
    if firsts.size == 0:
        return []
    chosen = dict.fromkeys((_random(length, 4 * count) % np.uint64(firsts.size * numbers)).tolist())
    return [(int(firsts[each // numbers]), each % numbers) for each in list(chosen)[:count]]


def _random(seed: int, count: int) -> NDArray[np.uint64]:
    """Random words, the same whatever the version of NumPy."""
    return np.random.Philox(key=seed).random_raw(count)


def good_multipliers(length: int, count: int) -> list[int]:
    """At most `count` multipliers k of lattices, those first whose k / L has the smallest continued fraction.

    Of k and L - k, which mirror each other, there is one.

    >>> good_multipliers(21, 3)
    [8, 5, 4]
    """
    multipliers = np.arange(length // 2, 0, -1)
    if multipliers.size > _MULTIPLIERS:
        multipliers = np.unique(1 + (_random(length, _MULTIPLIERS) % np.uint64(length // 2)).astype(np.int64))[::-1]
    multipliers = multipliers[np.gcd(multipliers, length) == 1]
    found: list[int] = multipliers[np.argsort(_quotients(length, multipliers), kind="stable")[:count]].tolist()
    return found


def spreading_multiplier(length: int, multiplier: int) -> int:
    """A multiplier m for the cycles of a lattice and its counter: ``m t`` and ``k m t`` are both spread over time.

    >>> spreading_multiplier(1000, 391)
    379
    """
    steps = np.array(good_multipliers(length, _MULTIPLIERS))
    both = np.maximum(_quotients(length, steps), _quotients(length, steps * multiplier % length))
    return int(steps[np.argmin(both)])


def _quotients(length: int, multipliers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of the partial quotients of the continued fractions of k / L, which bounds the discrepancy of a lattice.

    H. Niederreiter, "Random Number Generation and Quasi-Monte Carlo Methods", SIAM 1992, section 5.2.
    """
    quotients, larger, smaller = np.zeros_like(multipliers), np.full_like(multipliers, length), multipliers
    while smaller.any():
        going = smaller > 0
        quotient = larger // np.where(going, smaller, 1)
        quotients += np.where(going, quotient, 0)
        larger, smaller = np.where(going, smaller, larger), np.where(going, larger - quotient * smaller, 0)
    return quotients


def lattice_means(length: int, multiplier: int) -> NDArray[np.float64]:
    """Mean error of a product of the counter and ``(k t + d) mod L`` for d = 0 .. L-1: ``(L,)``, exact.

    From one offset to the next all numbers grow by one, but for L-1, which becomes 0.
    """
    cycles = np.arange(length)
    start = ((length - cycles) * (length - cycles * multiplier % length)).sum()
    last = (length - 1 - cycles[:-1]) * pow(multiplier, -1, length) % length
    changes = length * (length - last) - length * (length + 1) // 2
    ones = start + np.concatenate([[0], np.cumsum(changes)])
    return np.asarray(ones / length / (length + 1) ** 2 - 0.25)


@lru_cache(maxsize=256)
def searched_lines(name: str, length: int, count: int = 2) -> tuple[Generator, ...]:
    """Up to `count` lines: a pair with small errors of products, then lines that are independent of all before.

    The same arguments give the same lines, and a smaller count the first of them. There may be fewer than asked for.

    Parameters
    ----------
    name
        ``"sobol"``, ``"halton"``, ``"vdc"``, ``"lattice"`` or ``"lfsr"``.
    length
        Clock cycles of a stream, at least 2.
    count
        Lines to find, at least 2.

    Returns
    -------
    tuple
        Generators with one modulus.

    Notes
    -----
    The mean error of a product, which adds up in a sum, is computed for all pairs of a number of candidates (L steps a
    pair), and the standard deviation on a grid of operands for those with the smallest.
    """
    length = checks.whole("length", length, 2)
    checks.option("name", name, NAMES)
    if count == 2:
        return tuple(line_of(name, length, entry) for entry in _ranked(name, length)[0])
    found = list(searched_lines(name, length))
    if count > 2:
        lines = IndependentLines(found[0].modulus)
        for line in found:
            lines.append(line.sequence(length))
        for entry in candidates(name, length, 512):
            if len(found) >= count:
                break
            line = line_of(name, length, entry)
            if lines.take(line.sequence(length)):
                found.append(line)
    return tuple(found)


def best_pairs(name: str, length: int, count: int) -> list[tuple[Entry, Entry]]:
    """The pairs of lines for inputs and weights with the least errors of products that a short search finds.

    Parameters
    ----------
    name
        A name of a `Bank`.
    length
        Clock cycles of a stream, at least 2.
    count
        Pairs at most, at least 1.

    Returns
    -------
    list
        Pairs of entries for ``Bank(name, length, pair)``, that with the least dot RMSE first; above 97 cycles its
        standard deviation is estimated on a grid of 98 x 98 operands. No two pairs, and no two lines of a pair,
        have the same numbers. There may be fewer than asked for.

    Examples
    --------
    >>> best_pairs("lattice", 21, 2)
    [((8, 4), (1, 0)), ((8, 10), (1, 0))]
    """
    length, count = checks.whole("length", length, 2), checks.whole("count", count, 1)
    kind = checks.option("name", KINDS.get(name, name), NAMES)

    def figure(pair: tuple[Entry, Entry]) -> float:
        first, second = (line_of(kind, length, entry) for entry in pair)
        return round(dot_rmse(first.sequence(length), second.sequence(length), first.modulus), 12)

    pairs = _ranked(kind, length)
    if length <= _POINTS:
        pairs.sort(key=figure)
    pairs = pairs[:count]
    return [(second, first) for first, second in pairs] if name == "ramp" else pairs


def _ranked(name: str, length: int) -> list[tuple[Entry, Entry]]:
    """Pairs of different lines, those with the smallest estimated errors of products first."""
    firsts, seconds = _sides(name, length)
    one, other = ([line_of(name, length, entry) for entry in side] for side in (firsts, seconds))
    modulus = one[0].modulus
    rows, columns = (np.stack([line.sequence(length) for line in side]) for side in (one, other))
    # Twice the thresholds above a number, less one: with integers of that size a sum has no rounding, in any order.
    weights = [2.0 * (modulus - side.astype(np.float64)) - 1 for side in (rows, columns)]
    means = weights[0] @ weights[1].T / (4.0 * modulus**2 * length) - 0.25
    order = np.argsort(np.abs(means), axis=None, kind="stable")[: max(6, min(128, _NUMBERS // length))]
    figures = []
    for i, j in zip(*np.unravel_index(order, means.shape), strict=True):
        (errors,) = product_errors(rows[i], columns[j], modulus, _POINTS)
        figure = math.hypot(float(errors.std()), math.sqrt(TERMS) * float(means[i, j]))
        figures.append((round(figure, 12), int(i), int(j)))  # rounded: mirror images have one figure on any machine
    different: dict[bytes, tuple[Entry, Entry]] = {}
    for _, i, j in sorted(figures):  # entries can name one sequence, above all of few cycles
        if not np.array_equal(rows[i], columns[j]):
            different.setdefault(rows[i].tobytes() + columns[j].tobytes(), (firsts[i], seconds[j]))
    return list(different.values())


def _sides(name: str, length: int) -> tuple[list[Entry], list[Entry]]:
    """Lines for the first and for the second of a pair."""
    count = max(8, min(128, _NUMBERS // length))
    if name == "lattice":
        multipliers = good_multipliers(length, max(4, count // 3))
        offsets = [np.argsort(np.abs(lattice_means(length, k)), kind="stable")[:3].tolist() for k in multipliers]
        return [(k, d) for k, each in zip(multipliers, offsets, strict=True) for d in each], [(1, 0)]
    if name == "vdc":
        masks = (_random(length, count) % np.uint64(1 << bits_of(length))).tolist()
        return [(2, mask) for mask in masks], [(1, 0)]
    entries = candidates(name, length, count)
    return entries, entries
