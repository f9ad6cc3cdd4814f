"""Linear equations."""

import numpy as np

from ..types import Floats


def eliminate(a: Floats, b: Floats) -> Floats:
    n = len(a)
    left, right = a.copy(), b.copy()
    for j in range(n):  # the order of the sums is part of the definition
        factors = left[j + 1 :, j, None] / left[j, j]
        left[j + 1 :] -= factors * left[j]
        right[j + 1 :] -= factors * right[j]
    for j in reversed(range(n)):
        right[j] /= left[j, j]
        right[:j] -= left[:j, j, None] * right[j]
    return np.asarray(right)
