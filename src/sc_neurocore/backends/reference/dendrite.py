"""A cable of compartments."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Tree(NamedTuple):
    """A cable of N nodes, every parent before its children; node 0 is the root, its own parent.

    Node i has a membrane of so much `capacity` and `leak` to rest, and is joined to its parent by `axial`
    (``axial[0]`` is 0). A branch point may lack a membrane if something joins it to others.
    """

    parent: NDArray[np.int64]
    capacity: NDArray[np.float64]
    leak: NDArray[np.float64]
    axial: NDArray[np.float64]


def cable(
    tree: Tree,
    dt: float,
    v: NDArray[np.float64],
    sites: NDArray[np.int64],
    source: NDArray[np.float64],
    conductance: NDArray[np.float64],
    probes: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voltages ``(T, P)`` of the nodes `probes` after each of T steps from `v` ``(N,)``, and the last ``(N,)``.

    C v' = source - (K + conductance) v, where K holds leak and axial terms; `source` is ``(T, S)`` and enters
    at the nodes `sites`, and so does `conductance`, ``(T, S)``, or ``(0, S)`` if there is none. Both are constant
    within a step. The step is TR-BDF2 (Bank et al. 1985, https://doi.org/10.1109/TCAD.1985.1270142) with both
    stages written as a backward Euler step of a = (1 - 1 / sqrt 2) dt, from v and from (1 + sqrt 2) y - sqrt(2) v.
    """
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
    sites: NDArray[np.int64],
    source: NDArray[np.float64],
    conductance: NDArray[np.float64],
    probes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Voltages ``(R, P)`` of the nodes `probes` of R cables that were at rest, see `cable`.

    Row t of a cable's `source` ``(R, T, S)`` and `conductance` ``(R, T, S)``, or ``(R, 0, S)``, lasts for
    `hold` steps.
    """
    rest, out = np.zeros(len(tree.parent)), np.zeros((len(source), len(probes)))
    for row, (entering, pulling) in enumerate(zip(source, conductance, strict=True)):
        each = np.repeat(entering, hold, axis=0), np.repeat(pulling, hold, axis=0)
        out[row] = cable(tree, dt, rest, sites, *each, probes)[1][probes]
    return out
