"""Counts of products, and errors of gates that lines meet at, in units of those of independent Bernoulli streams."""

from itertools import combinations

import numpy as np


def and_ratio(lines):
    """Largest RMSE of the AND of two of the lines ``(k, L)`` of numbers below L."""
    length = lines.shape[1]
    p = np.arange(min(length, 64) + 1) / min(length, 64)
    ones = (lines[:, None] < (p * length)[:, None]).astype(np.float32).reshape(-1, length)
    products = (ones @ ones.T / length).reshape(len(lines), len(p), len(lines), len(p)).swapaxes(1, 2)
    exact = np.outer(p, p)
    squares = ((products - exact) ** 2).mean((2, 3))[np.triu_indices(len(lines), 1)]
    return np.sqrt(squares.max() / (exact * (1 - exact) / length).mean())


def or_ratio(lines):
    """Largest RMSE of the OR of three of the lines ``(k, L)``, operands near 1/18, 3/18, .., 17/18."""
    length = lines.shape[1]
    thresholds = np.unique(np.floor((np.arange(9) + 0.5) / 9 * length + 0.5))
    q = 1 - thresholds / length
    zeros = (lines[:, None] >= thresholds[:, None]).astype(np.float32)
    exact = q[:, None, None] * q[:, None] * q
    worst = 0.0
    for i, j in combinations(range(len(lines) - 1), 2):
        both = (zeros[i][:, None] * zeros[j]).reshape(-1, length)
        counts = (both @ zeros[j + 1 :].reshape(-1, length).T).reshape(len(q), len(q), -1, len(q))
        worst = max(worst, ((counts / length - exact[:, :, None]) ** 2).mean((0, 1, 3)).max())
    return np.sqrt(worst / (exact * (1 - exact) / length).mean())


def counts(permutation):
    """Ones of the AND of a permutation's and a counter's streams, for all thresholds, one cycle at a time."""
    length = len(permutation)
    table = np.zeros((length + 1, length + 1), int)
    for cycle, number in enumerate(permutation):
        table[number + 1 :, cycle + 1 :] += 1
    return table
