"""A cable of compartments."""

import numpy as np

from ..types import Floats, Indices, Tree


def cable(
    tree: Tree,
    dt: float,
    v: Floats,
    sites: Indices,
    source: Floats,
    conductance: Floats,
    probes: Indices,
) -> tuple[Floats, Floats]:
    n, a, root = len(v), (1 - np.sqrt(0.5)) * dt, np.sqrt(2)
    joined = np.zeros((n, n))
    for node, (parent, axial) in enumerate(zip(tree.parent, tree.axial, strict=True)):
        joined[[node, parent], [node, parent]] += axial
        joined[[node, parent], [parent, node]] -= axial
    out = np.empty((len(source), len(probes)))
    for t in range(len(source)):
        entering, leak = np.zeros(n), tree.leak.copy()
        entering[sites] = source[t]
        if len(conductance):
            leak[sites] += conductance[t]
        matrix = np.diag(tree.capacity + a * leak) + a * joined
        y = np.linalg.solve(matrix, tree.capacity * v + a * entering)
        v = np.linalg.solve(matrix, tree.capacity * ((1 + root) * y - root * v) + a * entering)
        out[t] = v[probes]
    return out, v


def cables(
    tree: Tree,
    dt: float,
    hold: int,
    sites: Indices,
    source: Floats,
    conductance: Floats,
    probes: Indices,
) -> Floats:
    rest, out = np.zeros(len(tree.parent)), np.zeros((len(source), len(probes)))
    for row, (entering, pulling) in enumerate(zip(source, conductance, strict=True)):
        each = np.repeat(entering, hold, axis=0), np.repeat(pulling, hold, axis=0)
        out[row] = cable(tree, dt, rest, sites, *each, probes)[1][probes]
    return out
