"""Scores of a predicted time series: error, and memory of past inputs."""

import numpy as np
from numpy.typing import ArrayLike

from .. import checks


def nrmse_std(predicted: ArrayLike, target: ArrayLike) -> float:
    """Root mean square error over the *standard deviation* of the target; 1 for its mean, 0 for itself.

    Other authors divide by the range or by the mean: their numbers are not comparable.

    Parameters
    ----------
    predicted, target
        ``(T,)``, or any other shape that both have.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, a value is not finite, or the target is constant.

    Examples
    --------
    >>> nrmse_std([1.0, 1.0], [0.0, 2.0])
    1.0
    """
    true = checks.array("target", target)
    found = checks.array("predicted", predicted, shape=true.shape)
    spread = float(true.std()) if true.size else 0.0
    if spread == 0:
        raise ValueError("target must have values that differ")
    return float(np.sqrt(np.square(found - true).mean())) / spread


def memory_capacity(predicted: ArrayLike, target: ArrayLike) -> float:
    """Sum over the outputs of the squared correlation of prediction and target, ``(T, n_outputs)`` each.

    An output that does not vary counts 0. Chance adds about n_outputs / T.

    Raises
    ------
    ValueError, TypeError
        If shapes differ or a value is not finite.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD Report 152, 2001 (2002 in some lists).

    Examples
    --------
    >>> memory_capacity([[0.0, 1.0], [1.0, 1.0]], [[0.0, 3.0], [2.0, 4.0]])
    1.0
    """
    true = checks.array("target", target, shape=(None, None))
    found = checks.array("predicted", predicted, shape=true.shape)
    a, b = found - found.mean(0), true - true.mean(0)
    power = np.square(a).sum(0) * np.square(b).sum(0)
    joint = np.square((a * b).sum(0))
    return float(np.divide(joint, power, out=np.zeros_like(power), where=power > 0).sum())
