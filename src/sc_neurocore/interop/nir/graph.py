"""NIR graphs as plain records, of an object or of what is in a file; graphs in graphs are inlined."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from ... import checks
from ...networks.layer_spec import Shape
from ..operators import UnsupportedError

GRAPH, ENDS = "NIRGraph", ("Input", "Output")
DEPTH = 32
"""Most graphs within each other."""
KEY = "sc_neurocore"
"""Of the entry of a node's or a graph's metadata that this package writes and reads."""


@dataclass(frozen=True)
class Node:
    """A node: the name of its type in NIR, its parameters, and the text that this package has put beside them."""

    type: str
    parameters: Mapping[str, Any]
    note: str | None = None

    def array(self, name: str) -> Any:
        """A parameter of real numbers, finite, in double precision."""
        if name not in self.parameters:
            raise UnsupportedError(f"a parameter {name} must be there")
        return checks.array(name, self.parameters[name], -checks.LARGEST, checks.LARGEST)

    def whole(self, name: str, count: int, low: int) -> tuple[int, ...]:
        """A parameter of `count` integers from `low` on, or of one for all."""
        given = np.asarray(self.array(name)).reshape(-1).tolist()
        if len(given) not in (1, count):
            raise UnsupportedError(f"{name} must have {count} numbers, got {len(given)}")
        numbers = tuple(checks.whole(name, int(each) if each == int(each) else each, low) for each in given)
        return numbers * (count // len(numbers))

    def shape(self, name: str) -> Shape:
        """A parameter that is the shape of a value: 1 to 3 sizes."""
        sizes = np.asarray(self.array(name)).reshape(-1)
        if not 1 <= len(sizes) <= 3:
            raise UnsupportedError(f"{name} must have 1 to 3 sizes, got {len(sizes)}")
        return self.whole(name, len(sizes), 1)


@dataclass(frozen=True)
class Graph:
    """Nodes by name, and the names of those whose outputs each takes."""

    nodes: dict[str, Node]
    edges: frozenset[tuple[str, str]]
    note: str | None = None

    def takes(self) -> dict[str, list[str]]:
        """The nodes that a node takes the sum of, in order of their names."""
        found: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, taker in sorted(self.edges):
            found[taker].append(source)
        return found

    def order(self) -> list[str]:
        """Names of all nodes, each behind those that it takes.

        Raises
        ------
        ValueError
            If there is a cycle: its nodes are named.
        """
        try:
            return list(TopologicalSorter(self.takes()).static_order())
        except CycleError as error:
            cycle = " <- ".join(error.args[1])
            raise ValueError(f"graph must have no recurrent edges, got the cycle {cycle}") from None

    def ends(self) -> tuple[str, str]:
        """Names of the one Input and the one Output: all other nodes are between them."""
        takes = self.takes()
        taken = Counter(source for sources in takes.values() for source in sources)
        firsts = [name for name in self.nodes if not takes[name]]
        lasts = [name for name in self.nodes if not taken[name]]
        for kind, found, rule in (
            ("Input", firsts, "without an edge into it"),
            ("Output", lasts, "without one out of"),
        ):
            if len(found) != 1 or self.nodes[found[0]].type != kind:
                told = ", ".join(f"{name} ({self.nodes[name].type})" for name in found) or "none"
                raise ValueError(f"graph must have one node {rule}, of type {kind}, got {told}")
        return firsts[0], lasts[0]


def same(a: Graph, b: Graph) -> bool:
    """Whether two graphs have the same nodes, with equal parameters, and the same edges."""
    if a.edges != b.edges or a.nodes.keys() != b.nodes.keys():
        return False
    pairs = [(a.nodes[name], b.nodes[name]) for name in a.nodes]
    return all(
        one.type == other.type
        and one.note == other.note
        and one.parameters.keys() == other.parameters.keys()
        and all(np.array_equal(value, other.parameters[key]) for key, value in one.parameters.items())
        for one, other in pairs
    )


def tree_of(graph: Any) -> dict[str, Any]:
    """What is in a ``nir.NIRGraph``, as in a file."""
    nodes = {
        name: tree_of(node) if type(node).__name__ == GRAPH else _fields(node) for name, node in graph.nodes.items()
    }
    return {"type": GRAPH, "nodes": nodes, "edges": list(graph.edges), "metadata": graph.metadata}


def _fields(node: Any) -> dict[str, Any]:
    found = {each.name: getattr(node, each.name) for each in fields(node)}
    taken, given = found.pop("input_type", None), found.pop("output_type", None)
    kind = type(node).__name__
    if kind in ENDS:
        found["shape"] = taken["input"] if kind == "Input" else given["output"]
    elif kind == "Flatten":
        found["input_type"] = taken["input"]
    return {**found, "type": kind}


def graph_of(tree: Mapping[str, Any]) -> Graph:
    """The graph in nested dicts, with the graphs in it inlined, whose nodes are called ``outer.inner``.

    Raises
    ------
    ValueError
        If nodes, types or edges are missing, an edge is there twice or of no node, or a graph in a graph has not one
        Input and one Output.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    _inline("", tree, nodes, edges, 0)
    twice = [edge for edge, count in Counter(edges).items() if count > 1]
    if twice:
        raise ValueError(f"graph must have each edge once, got {twice[0][0]} -> {twice[0][1]} again")
    return Graph(nodes, frozenset(edges), _note(tree))


def _note(tree: Mapping[str, Any]) -> str | None:
    metadata = tree.get("metadata")
    note = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    return note if isinstance(note, str) else None


def _inline(
    prefix: str, tree: Mapping[str, Any], nodes: dict[str, Node], edges: list[tuple[str, str]], depth: int
) -> tuple[str, str]:
    """Add the nodes and edges of a graph; the names of its Input and Output, empty for the outermost."""
    if depth > DEPTH:
        raise ValueError(f"graph must have at most {DEPTH} graphs within each other")
    called = prefix.removesuffix(".") or "graph"
    parts, wires = tree.get("nodes"), tree.get("edges")
    if tree.get("type") != GRAPH or not isinstance(parts, Mapping):
        raise ValueError(f"{called} must be a NIRGraph with nodes and edges, got {checks.shown(tree.get('type'))}")
    into: dict[str, str] = {}
    out: dict[str, str] = {}
    for name, part in parts.items():
        if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
            raise ValueError(f"{prefix}{name} must be a node with a type, got {checks.shown(part)}")
        full = f"{prefix}{name}"
        if part["type"] == GRAPH:
            into[name], out[name] = _inline(f"{full}.", part, nodes, edges, depth + 1)
            continue
        if full in nodes:
            raise ValueError(f"graph must have different names of nodes when graphs in it are inlined, got {full}")
        parameters = {
            key: value for key, value in part.items() if key not in ("type", "metadata") and value is not None
        }
        nodes[full] = Node(part["type"], parameters, _note(part))
        into[name] = out[name] = full
    for edge in _edges(called, wires):
        missing = [end for end in edge if end not in parts]
        if missing:
            raise ValueError(f"edges of {called} must join nodes that are there, got {checks.shown(missing[0])}")
        edges.append((out[edge[0]], into[edge[1]]))
    if not prefix:
        return "", ""
    ends = []
    for kind in ENDS:
        found = [name for name, part in parts.items() if part["type"] == kind]
        if len(found) != 1:
            raise ValueError(f"{called} must have one {kind}, as a graph in a graph, got {len(found)}")
        ends.append(prefix + found[0])
    return ends[0], ends[1]


def _edges(called: str, wires: Any) -> list[tuple[str, str]]:
    found = []
    for edge in [] if wires is None else wires:
        pair = tuple(each.decode() if isinstance(each, bytes) else each for each in edge)
        if len(pair) != 2 or not all(isinstance(each, str) for each in pair):
            raise ValueError(f"edges of {called} must be pairs of names, got {checks.shown(pair)}")
        found.append(pair)
    return found
