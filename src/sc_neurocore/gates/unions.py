"""Probability that any product of a neuron is one: what an OR gate over them gives."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def independent_union(p: Floats, q: Floats, xnor: bool) -> Floats:
    """1 - prod_i (1 - P_i) for independent products: ``(R, n)``, ``(M, n)`` to ``(R, M)``."""
    left, right = p[:, None], q[None]
    product = left * right + (1 - left) * (1 - right) if xnor else left * right
    return np.asarray(1 - np.prod(1 - product, axis=2))


def union_of_shared_inputs(p: Floats, q: Floats, xnor: bool) -> Floats:
    """As `independent_union`, of inputs that share one number u: all above u are one, the others zero."""
    widths, sorted_q = _in_order(p, q)
    one = np.ones((*sorted_q.shape[:2], 1))
    none = np.concatenate([np.cumprod(1 - sorted_q[..., ::-1], axis=2)[..., ::-1], one], axis=2)
    if xnor:
        none *= np.concatenate([one, np.cumprod(sorted_q, axis=2)], axis=2)
    return np.asarray(1 - (none * widths).sum(2))


def union_of_shared_weights(p: Floats, q: Floats, xnor: bool) -> Floats:
    """As `union_of_shared_inputs`, where the weights share a number."""
    return union_of_shared_inputs(q, p, xnor).T


def shared_union(p: Floats, q: Floats, xnor: bool) -> Floats:
    """Area of the union of rectangles: inputs share one number u, weights another number v.

    Product i is one where u < p_i and v < q_i (XNOR: or where both are not). Between two
    neighbouring p the set of v is an interval from 0 to the largest q of the p above (XNOR: and
    one from the smallest q of the p below to 1).
    """
    widths, sorted_q = _in_order(p, q)
    zero = np.zeros((*sorted_q.shape[:2], 1))
    above = np.maximum.accumulate(sorted_q[..., ::-1], axis=2)[..., ::-1]
    covered = np.concatenate([above, zero], axis=2)
    if xnor:
        below = np.minimum.accumulate(sorted_q, axis=2)
        covered = np.minimum(covered + 1 - np.concatenate([zero + 1, below], axis=2), 1)
    return np.asarray((covered * widths).sum(2))


def _in_order(p: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Widths ``(R, 1, n + 1)`` of the intervals between sorted p ``(R, n)``, and q ``(R, M, n)`` in the same order."""
    order = np.argsort(p, axis=1)
    edges = np.take_along_axis(p, order, axis=1)
    edges = np.concatenate([np.zeros((len(p), 1)), edges, np.ones((len(p), 1))], axis=1)
    return np.diff(edges, axis=1)[:, None], q[:, order].transpose(1, 0, 2)
