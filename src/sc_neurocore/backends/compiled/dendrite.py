"""Cables of compartments: the voltages along a dendrite."""

import numpy as np

from ..threads import over_rows
from ..types import Floats, Indices, Tree
from .jit import inline, jit

_STAGE = 1 - np.sqrt(0.5)
_Y, _V = 1 + np.sqrt(2), np.sqrt(2)


@inline
def _eliminate(parent, axial, a, diagonal, factor):  # type: ignore[no-untyped-def]
    """Hines' elimination from the tips to the root: `diagonal` becomes its inverse."""
    for i in range(parent.size - 1, -1, -1):
        inverse = 1.0 / diagonal[i]
        diagonal[i] = inverse
        factor[i] = a * axial[i] * inverse
        diagonal[parent[i]] -= a * axial[i] * factor[i]


@inline
def _solve(parent, inverse, factor, x):  # type: ignore[no-untyped-def]
    for i in range(parent.size - 1, 0, -1):
        x[parent[i]] += factor[i] * x[i]
    x[0] *= inverse[0]
    for i in range(1, parent.size):
        x[i] = inverse[i] * x[i] + factor[i] * x[parent[i]]


@jit
def _cable(tree, dt, hold, nodes, source, conductance, v, out):  # type: ignore[no-untyped-def]
    """Voltages of a cable, step by step.

    Every row of `source` lasts for `hold` steps; `out` takes the last steps, as many as it has rows. `nodes` are those
    that currents enter, and those whose voltages are wanted.
    """
    parent, capacity, leak, axial = tree
    sites, probes = nodes
    n, a = parent.size, _STAGE * dt
    passive, inverse, factor, y = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        passive[i] = capacity[i] + a * (leak[i] + axial[i])
        passive[parent[i]] += a * axial[i]  # parents come first; the root adds its own axial, 0
    inverse[:] = passive
    if conductance.shape[0] == 0:
        _eliminate(parent, axial, a, inverse, factor)
    first = source.shape[0] * hold - out.shape[0]
    for row in range(source.shape[0]):
        if conductance.shape[0] > 0:
            inverse[:] = passive
            for s in range(sites.size):
                inverse[sites[s]] += a * conductance[row, s]
            _eliminate(parent, axial, a, inverse, factor)
        for t in range(row * hold, (row + 1) * hold):
            for i in range(n):
                y[i] = capacity[i] * v[i]
            for s in range(sites.size):
                y[sites[s]] += a * source[row, s]
            _solve(parent, inverse, factor, y)
            for i in range(n):
                v[i] = capacity[i] * (_Y * y[i] - _V * v[i])
            for s in range(sites.size):
                v[sites[s]] += a * source[row, s]
            _solve(parent, inverse, factor, v)
            if t >= first:
                for p in range(probes.size):
                    out[t - first, p] = v[probes[p]]


@jit
def _cables(tree, dt, hold, nodes, source, conductance, v, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        _cable(tree, dt, hold, nodes, source[r], conductance[r], v[r], out[r : r + 1])


def cable(
    tree: Tree,
    dt: float,
    v: Floats,
    sites: Indices,
    source: Floats,
    conductance: Floats,
    probes: Indices,
) -> tuple[Floats, Floats]:
    out, last = np.empty((len(source), len(probes))), v.copy()
    _cable(tuple(tree), dt, 1, (sites, probes), source, conductance, last, out)
    return out, last


def cables(
    tree: Tree,
    dt: float,
    hold: int,
    sites: Indices,
    source: Floats,
    conductance: Floats,
    probes: Indices,
) -> Floats:
    rows, lines, _ = source.shape
    v, out = np.zeros((rows, len(tree.parent))), np.zeros((rows, len(probes)))
    if lines:
        args = tuple(tree), dt, hold, (sites, probes), source, conductance, v, out
        over_rows(_cables, args, rows, 16 * rows * lines * hold * len(tree.parent))
    return out
