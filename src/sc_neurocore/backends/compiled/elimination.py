"""Linear equations, solved in one order on every machine; LAPACK's order depends on the processor and the threads."""

import numpy as np

from ..types import Floats
from .jit import inline, jit


@inline
def _subtract(factors, rows, first, stop, row):  # type: ignore[no-untyped-def]
    """Subtract ``factors[j] * rows[j]`` from a row, for rising j; four at a time, so that it stays in registers."""
    j = first
    while j + 4 <= stop:
        f0, f1, f2, f3 = factors[j], factors[j + 1], factors[j + 2], factors[j + 3]
        for k in range(row.size):
            row[k] = row[k] - f0 * rows[j, k] - f1 * rows[j + 1, k] - f2 * rows[j + 2, k] - f3 * rows[j + 3, k]
        j += 4
    while j < stop:
        for k in range(row.size):
            row[k] -= factors[j] * rows[j, k]
        j += 1


@jit
def _eliminate(a, b):  # type: ignore[no-untyped-def]
    n = a.shape[0]
    factors = np.empty(n)
    for i in range(n):
        for j in range(i):
            factors[j] = a[i, j] / a[j, j]
            for k in range(j + 1, n):
                a[i, k] -= factors[j] * a[j, k]
        _subtract(factors, b, 0, i, b[i])
    for i in range(n - 1, -1, -1):
        for j in range(n - 1, i, -1):
            for k in range(b.shape[1]):
                b[i, k] -= a[i, j] * b[j, k]
        for k in range(b.shape[1]):
            b[i, k] /= a[i, i]


def eliminate(a: Floats, b: Floats) -> Floats:
    right = b.copy()
    _eliminate(a.copy(), right)
    return right
