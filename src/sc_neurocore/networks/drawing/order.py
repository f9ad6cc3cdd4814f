"""The order of nodes in their rows: few lines cross.

K. Sugiyama, S. Tagawa, M. Toda, 1981, https://doi.org/10.1109/TSMC.1981.4308636: rows are sorted by the mean place of
neighbours, downwards and upwards in turn, and the order with the fewest crossings is kept.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from .ranks import Taken, ranks, targets_of

SWEEPS, PATIENCE = 24, 6
"""So many times are all rows sorted at most, and so many times in vain."""


class Rows(NamedTuple):
    """A graph in rows: nodes, and bends where the line of a node passes a row."""

    rows: tuple[tuple[int, ...], ...]
    """Nodes and bends from left to right; bends have numbers from the count of nodes on."""
    above: Mapping[int, Sequence[int]]
    """Those of the row above to which lines lead."""
    below: Mapping[int, Sequence[int]]
    """Those of the row below to which lines lead."""
    bends: Mapping[tuple[int, int], int]
    """The bend for a node and a row."""
    nodes: int
    """Count of nodes."""


def in_rows(sources: Taken) -> Rows:
    """The rows of a graph, sorted."""
    rank, targets = ranks(sources), targets_of(sources)
    above: dict[int, list[int]] = {node: [] for node in range(len(sources))}
    below: dict[int, list[int]] = {node: [] for node in range(len(sources))}
    bends: dict[tuple[int, int], int] = {}
    rows: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    seen: set[int] = set()

    def line(upper: int, lower: int) -> None:
        below[upper].append(lower)
        above[lower].append(upper)

    def visit(first: int) -> None:  # depth first, the nearest target first: what belongs together stands together
        waiting = [first]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            rows[rank[node]].append(node)
            last = max((rank[target] for target in targets[node]), default=0)
            for row in range(rank[node] + 1, last):
                bend = bends[node, row] = len(sources) + len(bends)
                above[bend], below[bend] = [], []
                line(bends.get((node, row - 1), node), bend)
                rows[row].append(bend)
            for target in targets[node]:
                line(bends.get((node, rank[target] - 1), node), target)
            waiting += reversed(targets[node])

    visit(0)
    found = _sorted(rows, above, below)
    return Rows(tuple(map(tuple, found)), above, below, bends, len(sources))


def crossings(upper: Sequence[int], lower: Sequence[int], below: Mapping[int, Sequence[int]]) -> int:
    """How many pairs of lines between two rows cross."""
    place = {node: k for k, node in enumerate(lower)}
    ends: list[int] = []
    count = 0
    for node in upper:
        reached = sorted(place[other] for other in below[node])
        for end in reached:
            count += len(ends) - bisect_left(ends, end + 1)
        for end in reached:
            insort(ends, end)
    return count


def _all_crossings(rows: Sequence[Sequence[int]], below: Mapping[int, Sequence[int]]) -> int:
    return sum(crossings(upper, lower, below) for upper, lower in pairwise(rows))


def _sorted(
    rows: list[list[int]], above: Mapping[int, Sequence[int]], below: Mapping[int, Sequence[int]]
) -> list[list[int]]:
    """The rows with the fewest crossings that sorting from two orders finds."""
    best, fewest = rows, _all_crossings(rows, below)
    turned = [row[::-1] if k % 2 else row for k, row in enumerate(rows)]
    for start in (rows, turned):
        now, in_vain = [list(row) for row in start], 0
        for sweep in range(SWEEPS):
            if not fewest or in_vain == PATIENCE:
                break
            down = sweep % 2 == 0
            for k in range(1, len(now)) if down else range(len(now) - 2, -1, -1):
                near = {node: place for place, node in enumerate(now[k - 1 if down else k + 1])}
                _sort_row(now[k], near, above if down else below, tied=sweep % 4 > 1)
            for equal in (not down, False):  # swaps that change nothing open the way to others
                for k in range(len(now)):
                    _swap_neighbours(now, k, above, below, equal)
            count, in_vain = _all_crossings(now, below), in_vain + 1
            if count < fewest:
                best, fewest, in_vain = [list(row) for row in now], count, 0
    return best


def _sort_row(row: list[int], places: Mapping[int, int], sides: Mapping[int, Sequence[int]], tied: bool) -> None:
    """Sort a row by the mean place of neighbours; those without stay; `tied`: equal ones change their order."""
    fixed = {k: node for k, node in enumerate(row) if not sides[node]}
    free = [node for node in row if sides[node]]
    if tied:
        free.reverse()
    free.sort(key=lambda node: sum(places[other] for other in sides[node]) / len(sides[node]))
    rest = iter(free)
    row[:] = [fixed[k] if k in fixed else next(rest) for k in range(len(row))]


def _swap_neighbours(
    rows: list[list[int]], k: int, above: Mapping[int, Sequence[int]], below: Mapping[int, Sequence[int]], equal: bool
) -> None:
    """Swap neighbours in a row where fewer lines cross afterwards; `equal`: or as many."""
    row = rows[k]
    sides = [
        (side, {node: place for place, node in enumerate(rows[other])})
        for side, other in ((above, k - 1), (below, k + 1))
        if 0 <= other < len(rows)
    ]
    for j in range(len(row) - 1):
        left, right = row[j], row[j + 1]
        gain = 0
        for side, places in sides:
            a, b = [places[x] for x in side[left]], [places[x] for x in side[right]]
            gain += sum((x > y) - (x < y) for x in a for y in b)
        if gain > 0 or (equal and gain == 0):
            row[j], row[j + 1] = right, left
