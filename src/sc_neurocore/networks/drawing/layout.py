"""Layout of a graph from top to bottom: boxes in rows, and lines that pass between them.

::

        [ 0 ]          row 0
       14 |            a line leaves in the middle, its label beside it
          +---.        here alone lines run sideways
        [ 1 ] |        row 1: the line of 0 passes it beside box 1
          |   |
        [  2  ]        row 2
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .order import Rows, in_rows
from .places import places
from .ranks import Taken

STUB, HEAD = 18.0, 12.0
"""Lengths of the straight ends of a line: below a box, with the label, and above a box, with the arrow."""
_BEND, _STEEP, _MOST = 22.0, 0.08, 90.0
_BESIDE, _PASSING, _PORTS = 28.0, 16.0, 14.0
"""Distances of boxes in a row, of lines that pass from boxes and lines, and of lines that end at a box."""

Point = tuple[float, float]


class Box(NamedTuple):
    """A box: its left upper corner, its width and its height; the vertical axis points down."""

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """The middle from left to right."""
        return self.left + self.width / 2

    @property
    def right(self) -> float:
        """The right end."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower end."""
        return self.top + self.height


class Edge(NamedTuple):
    """A line from a box down to a box that takes its outputs."""

    source: int
    target: int
    points: tuple[Point, ...]
    """Two that stand above each other have a straight line between them, others a curve, vertical at both ends."""
    fresh: int
    """Points from this one on are those of no earlier edge: what edges of a source share is drawn once."""


class Layout(NamedTuple):
    """Places of boxes and lines."""

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float


def laid_out(sizes: Sequence[tuple[float, float]], sources: Taken) -> Layout:
    """Place boxes and lines.

    Parameters
    ----------
    sizes
        Width and height of each box.
    sources
        For each box the earlier ones that it takes; box 0 takes none, every other at least one.

    Examples
    --------
    >>> layout = laid_out([(40.0, 20.0)] * 2, [(), (0,)])
    >>> [box.top for box in layout.boxes], layout.edges[0].points[0]
    ([0.0, 72.0], (20.0, 20.0))
    """
    graph = in_rows(sources)

    def half(node: int) -> float:
        return sizes[node][0] / 2 if node < graph.nodes else 0.0

    def gap(left: int, right: int) -> float:
        passing = max(left, right) >= graph.nodes
        return half(left) + half(right) + (_PASSING if passing else _BESIDE)

    middle = places(graph, gap)
    least = min(middle[node] - half(node) for node in middle)
    middle = {node: at - least for node, at in middle.items()}
    heights = [max((sizes[node][1] for node in row if node < graph.nodes), default=0.0) for row in graph.rows]
    tops = [0.0]
    for upper, height in zip(graph.rows[:-1], heights, strict=False):
        sideways = [abs(middle[node] - middle[other]) for node in upper for other in graph.below[node]]
        tops.append(tops[-1] + height + STUB + min(_BEND + _STEEP * max(sideways), _MOST) + HEAD)
    rank = {node: k for k, row in enumerate(graph.rows) for node in row}
    boxes = tuple(
        Box(middle[node] - wide / 2, tops[rank[node]] + (heights[rank[node]] - high) / 2, wide, high)
        for node, (wide, high) in enumerate(sizes)
    )
    edges = _edges(graph, sources, boxes, middle, rank, [(top, top + h) for top, h in zip(tops, heights, strict=True)])
    width = max(middle[node] + half(node) for node in middle)
    return Layout(boxes, tuple(edges), width, tops[-1] + heights[-1])


def _edges(
    graph: Rows,
    sources: Taken,
    boxes: Sequence[Box],
    middle: dict[int, float],
    rank: dict[int, int],
    bands: Sequence[tuple[float, float]],
) -> list[Edge]:
    """The lines of all boxes; the longest one of a box comes first."""
    drawn: dict[int, int] = {}  # for each source the points of its line that are drawn
    edges = []
    ends = [_ports(graph, node, taken, boxes[node], middle, rank) for node, taken in enumerate(sources)]
    each = [
        (source, node, port)
        for node in range(len(boxes))
        for source, port in zip(sources[node], ends[node], strict=True)
    ]
    for source, node, port in sorted(each, key=lambda edge: (edge[0], -rank[edge[1]], edge[1])):
        first, last = rank[source], rank[node]
        start = boxes[source].middle
        points = [(start, boxes[source].bottom), (start, bands[first][1] + STUB)]
        for row in range(first + 1, last):
            at, (top, bottom) = middle[graph.bends[source, row]], bands[row]
            points += [(at, top - HEAD), (at, bottom + STUB)]
        shared = len(points)
        points += [(port, bands[last][0] - HEAD), (port, boxes[node].top)]
        edges.append(Edge(source, node, tuple(points), shared - 1 if source in drawn else 0))
        drawn.setdefault(source, shared)
    return edges


def _ports(
    graph: Rows, node: int, taken: Sequence[int], box: Box, middle: dict[int, float], rank: dict[int, int]
) -> list[float]:
    """Where the lines from each source end at the top of a box: below where they come from, as far as there is room."""
    comes = [middle[graph.bends.get((source, rank[node] - 1), source)] for source in taken]
    if len(taken) == 1:  # a small step sideways would look like an error
        return [comes[0] if abs(comes[0] - box.middle) < _PORTS / 2 else box.middle]
    order = sorted(range(len(taken)), key=lambda k: (comes[k], k))
    gap = min(_PORTS, 0.8 * box.width / max(len(taken), 1))
    room = max(box.width / 2 - _PORTS, gap * (len(taken) - 1) / 2)
    at = [min(max(comes[k], box.middle - room), box.middle + room) for k in order]
    for k, (left, right) in enumerate(pairwise(at)):
        at[k + 1] = max(right, at[k] + gap, left + gap)
    if at and (over := at[-1] - box.middle - room) > 0:
        at[-1] -= over
        for k in reversed(range(len(at) - 1)):
            at[k] = min(at[k], at[k + 1] - gap)
    ports = dict(zip(order, at, strict=True))
    return [ports[k] for k in range(len(taken))]
