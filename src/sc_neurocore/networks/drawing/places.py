"""Where nodes stand in their rows: in the middle of their neighbours, and long lines straight.

U. Brandes, B. Köpf, 2002, https://doi.org/10.1007/3-540-45848-4_3: nodes are aligned with a median neighbour in blocks,
in four ways (upwards, downwards, from the left, from the right), and the mean of the two middle places is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Literal

from .order import Rows

Gap = Callable[[int, int], float]
"""The least distance of the middles of two neighbours in a row."""


def places(graph: Rows, gap: Gap) -> dict[int, float]:
    """The middle of each node and bend, from left to right."""
    barred = _barred(graph)
    found = []
    for side in ("above", "below"):
        for mirrored in (False, True):
            block = _blocks(graph, side, mirrored, barred)
            found.append(_compact(graph.rows, block, gap, mirrored))
    widths = [max(each.values()) - min(each.values()) for each in found]
    narrowest = found[widths.index(min(widths))]
    for number, each in enumerate(found):
        end = max if number % 2 else min
        shift = end(narrowest.values()) - end(each.values())
        for node in each:
            each[node] += shift
    return {node: sum(sorted(each[node] for each in found)[1:3]) / 2 for node in narrowest}


def _barred(graph: Rows) -> set[tuple[int, int]]:
    """Lines that are not made straight, since they cross the line from a bend to a bend, which is."""
    barred: set[tuple[int, int]] = set()
    for upper, lower in pairwise(graph.rows):
        place = {node: k for k, node in enumerate(lower)}
        lines = [(k, place[other], node, other) for k, node in enumerate(upper) for other in graph.below[node]]
        inner = [line for line in lines if line[2] >= graph.nodes and line[3] >= graph.nodes]
        for a, b, *ends in inner:
            if (ends[0], ends[1]) in barred:
                continue
            for c, d, *others in lines:
                if (a - c) * (b - d) < 0:
                    barred.add((others[0], others[1]))
    return barred


def _blocks(
    graph: Rows, side: Literal["above", "below"], mirrored: bool, barred: set[tuple[int, int]]
) -> dict[int, int]:
    """The block of each node: its first one, with which all others of it are aligned."""
    near: Mapping[int, Sequence[int]] = getattr(graph, side)
    rows = graph.rows if side == "above" else graph.rows[::-1]
    place = {node: -k if mirrored else k for row in rows for k, node in enumerate(row)}
    block = {node: node for row in rows for node in row}
    taken: set[int] = set()
    for row in rows[1:]:
        last = -len(place) - 1
        for node in reversed(row) if mirrored else row:
            for other in _medians(node, near[node], graph.nodes, place):
                line = (other, node) if side == "above" else (node, other)
                if node < graph.nodes and side == "above" and _goes_on(other, graph):
                    continue
                if line not in barred and place[other] > last and other not in taken:
                    taken.add(other)
                    block[node] = block[other]
                    last = place[other]
                    break
    return block


def _goes_on(bend: int, graph: Rows) -> bool:
    """Whether a line passes the row below the one of a bend, too: there it goes on straight."""
    return bend >= graph.nodes and any(other >= graph.nodes for other in graph.below[bend])


def _medians(node: int, near: Sequence[int], nodes: int, place: Mapping[int, int]) -> list[int]:
    """The one or two neighbours in the middle; of two, a node is asked before a bend. A bend goes on in a bend."""
    if node >= nodes and (bends := [other for other in near if other >= nodes]):
        near = bends
    if not near:
        return []
    ordered = sorted(near, key=place.__getitem__)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return sorted(middle, key=lambda other: other >= nodes)


def _compact(rows: Sequence[Sequence[int]], block: Mapping[int, int], gap: Gap, mirrored: bool) -> dict[int, float]:
    """Places of all nodes, as near to the left as they can be, then to the right where nothing is in the way."""
    before: dict[int, dict[int, float]] = {each: {} for each in block.values()}
    behind: dict[int, dict[int, float]] = {each: {} for each in block.values()}
    for row in rows:
        for left, right in pairwise(reversed(row) if mirrored else row):
            a, b = block[left], block[right]
            least = max(gap(left, right), before[b].get(a, 0.0))
            before[b][a] = behind[a][b] = least
    order = list(TopologicalSorter(before).static_order())
    at: dict[int, float] = {}
    for each in order:
        at[each] = max((at[other] + least for other, least in before[each].items()), default=0.0)
    for each in reversed(order):
        if behind[each]:
            at[each] = max(at[each], min(at[other] - least for other, least in behind[each].items()))
    return {node: -at[own] if mirrored else at[own] for node, own in block.items()}
