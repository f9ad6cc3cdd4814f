"""The layout of a graph: boxes apart, lines downwards and around boxes, each drawn once."""

from collections import Counter
from itertools import combinations, pairwise, permutations, product

import numpy as np
import pytest
from drawn_graphs import graphs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sc_neurocore.networks.drawing import order
from sc_neurocore.networks.drawing.layout import HEAD, STUB, laid_out
from sc_neurocore.networks.drawing.order import crossings, in_rows
from sc_neurocore.networks.drawing.places import places
from sc_neurocore.networks.drawing.ranks import ranks

RESIDUAL = [(), (0,), (1,), (2,), (3, 1), (4,)]
NESTED = [(), (0,), (1,), (2,), (3,), (4, 2), (5, 1), (6,)]
"""As in a U-net."""


def curve(points, count=20):
    """Points along a line: straight pieces, and Bézier curves that are vertical at their ends."""
    t = np.linspace(0, 1, count)[:, None]
    found = []
    for (x, y), (to, down) in pairwise(points):
        half = (y + down) / 2
        ends = [np.array(each, float) for each in ((x, y), (x, half), (to, half), (to, down))]
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        found.append(sum(weight * end for weight, end in zip(weights, ends, strict=True)))
    return np.concatenate(found)


def lengths(sources, rows):
    """How many rows the lines of all nodes pass."""
    last = {source: node for node, taken in enumerate(sources) for source in taken}
    ends = {source: max(rows[node] for node, taken in enumerate(sources) if source in taken) for source in last}
    return sum(end - rows[source] for source, end in ends.items())


@given(graphs(), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
@example(NESTED, 0)
def test_nothing_overlaps(sources, seed):
    sizes = [tuple(size) for size in np.random.default_rng(seed).uniform((40, 20), (300, 90), (len(sources), 2))]
    layout = laid_out(sizes, sources)
    for box, (width, height) in zip(layout.boxes, sizes, strict=True):
        assert (box.width, box.height) == (width, height)
        assert -1e-6 <= box.left < box.right <= layout.width + 1e-6
        assert -1e-6 <= box.top < box.bottom <= layout.height + 1e-6
    for one, other in combinations(layout.boxes, 2):
        beside = one.right + 15 < other.left or other.right + 15 < one.left
        assert beside or one.bottom + STUB + HEAD < other.top or other.bottom + STUB + HEAD < one.top
    for edge in layout.edges:
        x, y = curve(edge.points).T
        for node, box in enumerate(layout.boxes):
            inside = (x > box.left - 5) & (x < box.right + 5) & (y > box.top + 1e-6) & (y < box.bottom - 1e-6)
            assert not inside.any(), (edge.source, edge.target, node)
        assert x.min() >= -1e-6
        assert x.max() <= layout.width + 1e-6


@given(graphs())
@settings(max_examples=150, deadline=None)
@example([(), (0, 0, 0)])
def test_every_line_goes_down_from_its_source_to_its_target_once(sources):
    layout = laid_out([(100.0, 40.0)] * len(sources), sources)
    wanted = Counter((source, node) for node, taken in enumerate(sources) for source in taken)
    assert Counter((edge.source, edge.target) for edge in layout.edges) == wanted
    drawn = Counter()
    ports = Counter()
    for edge in layout.edges:
        (x, y), (to, down) = edge.points[0], edge.points[-1]
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        assert (x, y) == (source.middle, source.bottom)
        assert down == target.top
        assert target.left < to < target.right
        ports[edge.target, round(to, 6)] += 1
        assert all(upper[1] <= lower[1] for upper, lower in pairwise(edge.points))
        drawn.update((edge.source, *piece) for piece in pairwise(edge.points[edge.fresh :]))
    assert max(drawn.values()) == max(ports.values()) == 1
    every = {(edge.source, *piece) for edge in layout.edges for piece in pairwise(edge.points)}
    assert set(drawn) == every


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_rows(sources):
    rows = ranks(sources)
    longest = [0] * len(sources)
    for node, taken in enumerate(sources):
        longest[node] = max((longest[source] + 1 for source in taken), default=0)
        assert all(rows[source] < rows[node] for source in taken)
    assert max(rows) == max(longest)
    assert lengths(sources, rows) <= lengths(sources, longest)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=14))
def test_crossings_are_those_of_each_pair_of_lines(lines):
    below = {node: [6 + other for start, other in lines if start == node] for node in range(6)}
    wanted = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(lines, 2))
    assert crossings(range(6), range(6, 12), below) == wanted


@pytest.mark.parametrize("seed", range(20))
def test_a_tree_whose_nodes_are_mixed_up_has_no_crossing(seed):
    rng = np.random.default_rng(seed)
    parents = [(), *((int(rng.integers(0, k)),) for k in range(1, 15))]
    graph = in_rows(parents)
    assert sum(crossings(upper, lower, graph.below) for upper, lower in pairwise(graph.rows)) == 0


def count(graph, rows):
    return sum(crossings(upper, lower, graph.below) for upper, lower in pairwise(rows))


@pytest.mark.parametrize("kept", [True, False])
def test_nearly_as_few_lines_cross_as_can(monkeypatch, kept):
    """Beside the best of all orders of small graphs; without sorting it is far from that."""
    if not kept:
        monkeypatch.setattr(order, "SWEEPS", 0)
    rng = np.random.default_rng(0)
    found, best = [], []
    for _ in range(40):
        first, second = range(1, 5), range(5, 9)
        taken = [tuple(map(int, rng.choice(first, rng.integers(1, 3), replace=False))) for _ in second]
        rest = tuple(node for node in first if not any(node in each for each in taken))
        graph = in_rows([(), *((0,) for _ in first), *taken, (*rest, *second)])
        found.append(count(graph, graph.rows))
        best.append(min(count(graph, rows) for rows in product(*map(permutations, graph.rows))))
    assert all(few <= many for few, many in zip(best, found, strict=True))
    assert (sum(found) <= 1.05 * sum(best)) == kept
    assert sum(best) > 10


@given(graphs(), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
@example([(), (0,), (0, 0), (1, 2), (3, 0), (0, 4), (5, 0)], 1)
def test_long_lines_are_straight_unless_they_cross(sources, seed):
    graph = in_rows(sources)
    half = np.random.default_rng(seed).uniform(20, 150, graph.nodes)
    at = places(graph, lambda left, right: 20 + sum(half[node] for node in (left, right) if node < graph.nodes))
    for upper, lower in pairwise(graph.rows):
        inner = [
            (k, lower.index(other), node, other)
            for k, node in enumerate(upper)
            for other in graph.below[node]
            if min(node, other) >= graph.nodes
        ]
        for a, b, node, other in inner:
            if not any((a - c) * (b - d) < 0 for c, d, *_ in inner):
                assert at[node] == pytest.approx(at[other], abs=1e-6)


def test_nodes_stand_near_those_that_take_them():
    rows = ranks([(), (0,), (1,), (2,), (3,), (0,), (5,), (4, 6)])
    assert rows == [0, 1, 2, 3, 4, 3, 4, 5]


@pytest.mark.parametrize("sources", [RESIDUAL, NESTED])
def test_chains_and_long_lines_are_straight(sources):
    layout = laid_out([(100.0, 40.0)] * len(sources), sources)
    for edge in layout.edges:
        passing = {round(x, 6) for x, _ in edge.points[2:-2]}
        assert len(passing) == (edge.target - edge.source > 1)
        if edge.target - edge.source > 1:
            assert len({x for x, _ in edge.points}) == 3  # down, aside, and to the box
    plain = laid_out([(50.0 + 10 * k, 40.0) for k in range(5)], [(), *((k,) for k in range(4))])
    assert len({round(x, 6) for edge in plain.edges for x, _ in edge.points}) == 1


def test_lines_are_shared():
    """A source of many layers has one line down, which they leave."""
    layout = laid_out([(60.0, 30.0)] * 6, [(), (0,), (0, 1), (0, 2), (0, 3), (0, 4)])
    long = [edge for edge in layout.edges if edge.source == 0]
    assert [edge.fresh == 0 for edge in long] == [True, False, False, False, False]
    assert long[0].target == 5
    for edge in long[1:]:
        assert set(edge.points[: edge.fresh + 1]) <= set(long[0].points)
