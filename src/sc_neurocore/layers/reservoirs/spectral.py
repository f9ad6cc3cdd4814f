"""The spectral radius of a matrix, dense or sparse."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.sparse import issparse
from scipy.sparse.linalg import ArpackNoConvergence, eigs

ALL_EIGENVALUES = 200
"""Up to this size all eigenvalues are computed; above it, ARPACK finds the largest."""
_WANTED, _SPACE = 4, 60


def spectral_radius_of(matrix: Any) -> float:
    """Largest absolute eigenvalue of a square array or SciPy sparse array, to a relative error of about 1e-10.

    Large random matrices have many eigenvalues near the largest, often as conjugate pairs; so ARPACK looks
    for a few of them, in a Krylov space that is many times as large.

    References
    ----------
    R. B. Lehoucq, D. C. Sorensen, C. Yang, "ARPACK users' guide", 1998, https://doi.org/10.1137/1.9780898719628.

    Examples
    --------
    >>> round(spectral_radius_of(np.array([[0.0, 2.0], [-2.0, 0.0]])), 12)
    2.0
    """
    n = matrix.shape[0]
    found: NDArray[Any]
    if n > ALL_EIGENVALUES:
        start = np.random.Generator(np.random.PCG64(0)).standard_normal(n)
        try:
            found = eigs(matrix, _WANTED, v0=start, ncv=_SPACE, tol=1e-11, maxiter=100, return_eigenvectors=False)
            return float(np.abs(found).max())
        except ArpackNoConvergence:
            pass
    found = linalg.eigvals(matrix.toarray() if issparse(matrix) else matrix)
    return float(np.abs(found).max())
