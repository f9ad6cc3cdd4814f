"""A linear read-out, learned by ridge regression."""

import numpy as np
from scipy import linalg

from .base import Floats


def ridge_regression(features: Floats, targets: Floats, ridge: float) -> Floats:
    """Coefficients that minimise ``|targets - features @ w - c|**2 + ridge * |w|**2``, the constant c last.

    Features and targets are centred, so the constant is not penalised. The singular value decomposition of
    the features has their condition number, the normal equations would have its square. With ridge = 0,
    singular values that are rounding errors count as zeros.

    Parameters
    ----------
    features
        ``(T, n)``.
    targets
        ``(T,)`` or ``(T, k)``.
    ridge
        At least 0.

    Returns
    -------
    ndarray
        ``(n + 1,)`` or ``(n + 1, k)``: predictions are ``features @ out[:-1] + out[-1]``.

    References
    ----------
    A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12, 1970,
    https://doi.org/10.1080/00401706.1970.10488634.

    Examples
    --------
    >>> ridge_regression(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), 0.0).round(12)
    array([2., 1.])
    """
    middle, level = features.mean(0), targets.mean(0)
    u, s, vt = linalg.svd(features - middle, full_matrices=False)
    if ridge:
        factors = s / (s * s + ridge)
    else:
        kept = s > s.max(initial=0.0) * max(features.shape) * np.finfo(np.float64).eps
        factors = np.divide(1.0, s, out=np.zeros_like(s), where=kept)
    slopes = vt.T @ (factors * (u.T @ (targets - level)).T).T
    return np.concatenate([slopes, np.asarray(level - middle @ slopes)[None]])
