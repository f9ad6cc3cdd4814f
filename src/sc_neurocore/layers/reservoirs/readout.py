"""A linear read-out, learned by ridge regression."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from ... import checks
from ..base import Floats


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


class RidgeReadout:
    """Linear read-out of targets from the states of a sequence, fitted by `ridge_regression`.

    Attributes
    ----------
    coefficients
        ``(n + 1,)`` or ``(n + 1, n_outputs)``, the constant last; None before `learn`.
    """

    def __init__(self) -> None:
        self.coefficients: Floats | None = None

    @staticmethod
    def checked(targets: ArrayLike, sequences: tuple[int, ...], ridge: float, washout: int) -> Floats:
        """Check the arguments of a fit: targets ``(..., T)`` or ``(..., T, n_outputs)`` of sequences ``(..., T)``.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        """
        values = checks.array("Y", targets)
        if values.shape != sequences and values.shape[:-1] != sequences:
            raise ValueError(f"Y must have shape {sequences} or {sequences} and an axis of outputs, got {values.shape}")
        ridge = checks.real("ridge", ridge, 0.0, checks.LARGEST)
        if checks.whole("washout", washout, 0) >= sequences[-1]:
            raise ValueError(f"washout must be below the {sequences[-1]} steps of X, got {washout}")
        return values

    def learn(self, states: Floats, targets: Floats, ridge: float, washout: int) -> None:
        """Fit to `targets`, as `checked` returned them, states ``(..., T, n)``, from step `washout` on."""
        time = states.ndim - 2
        kept = np.take(targets, np.arange(washout, states.shape[time]), axis=time)
        features = states[..., washout:, :].reshape(-1, states.shape[-1])
        rows = kept.reshape(-1) if targets.ndim == states.ndim - 1 else kept.reshape(len(features), -1)
        self.coefficients = ridge_regression(features, rows, float(ridge))

    def assign(self, values: ArrayLike | None, n: int) -> None:
        """Replace the coefficients by others for n features, or by None."""
        self.coefficients = None if values is None else _checked_coefficients(values, n)

    def read(self, states: Floats) -> Floats:
        """Outputs ``(..., T)``, or with an axis of outputs, of states ``(..., T, n)``."""
        assert self.coefficients is not None
        return np.asarray(states @ self.coefficients[:-1] + self.coefficients[-1])

    def state(self) -> Floats:
        """A copy of the coefficients for a state dict, empty before `learn`."""
        return np.empty(0) if self.coefficients is None else self.coefficients.copy()

    @staticmethod
    def checked_state(values: ArrayLike, n: int) -> Floats | None:
        """The coefficients of a `state` for n features, or an error."""
        return _checked_coefficients(values, n) if checks.unmasked("readout", values).size else None


def _checked_coefficients(values: ArrayLike, n: int) -> Floats:
    """A copy of the coefficients of a read-out of n features, or an error."""
    found = checks.array("readout", values).copy()
    if found.ndim not in (1, 2) or len(found) != n + 1:
        raise ValueError(f"readout must have shape ({n + 1},) or ({n + 1}, any), got {found.shape}")
    return found
