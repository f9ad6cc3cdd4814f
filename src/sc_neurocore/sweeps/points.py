"""Points of a sweep: all combinations of values, a list of them, or a random part of the combinations."""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import checks
from ..encoders.seeds import Seeds
from .axes import Settings, axis

Points = tuple[Settings, ...]
MOST_POINTS = 10**6
"""Bound of the points of a sweep: each takes about 10 KiB of memory while it is run."""


def grid(**axes: Any) -> Points:
    """Points of all combinations of values, those of the last axis next to each other.

    Parameters
    ----------
    axes
        Values by the name of an axis, see `AXES`: a list, or a single value.

    Raises
    ------
    ValueError, TypeError
        If there is no such axis or value, an axis has no value, or there are more than 1,000,000 points.

    Examples
    --------
    >>> from sc_neurocore import sweeps
    >>> sweeps.grid(generator=["sobol", "lfsr"], length=16)
    ({'generator': 'sobol', 'length': 16}, {'generator': 'lfsr', 'length': 16})
    """
    values = _values(axes)
    total = math.prod(map(len, values.values()))
    if total > MOST_POINTS:
        raise ValueError(
            f"a grid must have at most {MOST_POINTS} points, got {total}; sample(n, ..) takes some of them"
        )
    return tuple(dict(zip(values, point, strict=True)) for point in itertools.product(*values.values()))


def listed(points: Iterable[Settings]) -> Points:
    """The given points, checked.

    Parameters
    ----------
    points
        A mapping of axes to values for each point.

    Raises
    ------
    ValueError, TypeError
        If there is no point, or a point has an axis or value that does not exist.

    Examples
    --------
    >>> from sc_neurocore import sweeps
    >>> sweeps.listed([{"length": 16}, {"length": 64, "generator": "lfsr"}])
    ({'length': 16}, {'length': 64, 'generator': 'lfsr'})
    """
    found: list[Settings] = []
    for point in points:
        checks.instance("a point", point, Mapping)
        found.append({name: axis(name).checked(value) for name, value in point.items()})
    if not found:
        raise ValueError("points must hold at least one point, got none")
    return tuple(found)


def sample(n: int, *, random_seed: int = 0, **axes: Any) -> Points:
    """A random part of the points of a grid, none of them twice, in the order of the grid.

    Parameters
    ----------
    n
        Number of points, at most that of the grid, and at most 1,000,000.
    random_seed
        At least 0; decides which points, the same on every machine.
    axes
        As for `grid`; the grid itself may have any number of points.

    Raises
    ------
    ValueError, TypeError
        As `grid`, and if the grid has fewer points.

    Examples
    --------
    >>> from sc_neurocore import sweeps
    >>> [point["length"] for point in sweeps.sample(4, length=range(1, 100), generator="sobol")]
    [45, 85, 93, 96]
    """
    values = _values(axes)
    sizes = [len(each) for each in values.values()]
    total = math.prod(sizes)
    n = checks.whole("n", n, 1, min(total, MOST_POINTS))
    if total >= checks.LARGEST_COUNT:
        raise ValueError(f"the grid must have fewer than {checks.LARGEST_COUNT} points, got {total}")
    places = np.unravel_index(_drawn(n, total, checks.whole("random_seed", random_seed, 0)), sizes)
    rows = zip(*places, strict=True)
    return tuple(
        {name: options[int(k)] for (name, options), k in zip(values.items(), row, strict=True)} for row in rows
    )


def _drawn(n: int, total: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """n different numbers below `total`, sorted."""
    source = np.random.Philox(key=Seeds(seed, "sample").key("values"))
    if 4 * n >= total:
        return np.sort(np.argsort(source.random_raw(total), kind="stable")[:n])
    found: dict[int, None] = {}
    while len(found) < n:  # total is far below 2**64: that the first numbers are likelier is below 2**-24
        found.update(dict.fromkeys((source.random_raw(n) % np.uint64(total)).tolist()))
    return np.sort(np.array(list(found)[:n], np.int64))


def _values(axes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each axis, checked, each once."""
    if not axes:
        raise ValueError("a grid must have at least one axis, got none")
    found: dict[str, list[Any]] = {}
    for name, given in axes.items():
        own = axis(name)
        several = isinstance(given, list | tuple | range | np.ndarray)
        found[name] = list(dict.fromkeys(own.checked(value) for value in (given if several else [given])))
        if not found[name]:
            raise ValueError(f"{name} must have at least one value, got none")
    return found
