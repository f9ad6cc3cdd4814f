"""Ranks of the nodes of a graph that is drawn from top to bottom: in which row each stands."""

from collections.abc import Sequence

Taken = Sequence[Sequence[int]]
"""For each node the earlier ones that it takes; node 0 takes none."""


def targets_of(sources: Taken) -> list[list[int]]:
    """For each node those that take it, each once, in order."""
    targets: list[list[int]] = [[] for _ in sources]
    for node, taken in enumerate(sources):
        for source in dict.fromkeys(taken):
            targets[source].append(node)
    return targets


def ranks(sources: Taken) -> list[int]:
    """The row of each node, below those of its sources.

    As many rows as the longest way through the graph has nodes. Within these a node moves down to the nodes that take
    it where that makes lines no longer: a node has one line, which runs down to the last that takes it.

    Examples
    --------
    >>> ranks([(), (0,), (1,), (0,), (2, 3)])  # node 3 stands beside node 2
    [0, 1, 2, 2, 3]
    """
    rows = [0] * len(sources)
    for node, taken in enumerate(sources):
        rows[node] = max((rows[source] + 1 for source in taken), default=0)
    targets = targets_of(sources)
    moved = True
    while moved:
        moved = False
        for node in reversed(range(1, len(sources))):
            if not targets[node]:
                continue
            ends = [
                max((rows[other] for other in targets[source] if other != node), default=0)
                for source in dict.fromkeys(sources[node])
            ]

            def longer(row: int, ends: Sequence[int] = ends) -> int:
                return sum(max(end, row) for end in ends) - row

            latest = min(rows[target] for target in targets[node]) - 1
            best = min(range(rows[node], latest + 1), key=lambda row: (longer(row), -row))
            moved |= best > rows[node]
            rows[node] = best
    return rows
