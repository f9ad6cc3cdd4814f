"""Error laws: how the error of a stream or a product falls with the length L."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .encodings import Encoding, check_encoding, to_probability


def bernoulli_variance(values: ArrayLike, length: int, encoding: Encoding = "unipolar") -> NDArray[np.float64]:
    """Variance of a number decoded from `length` independent bits.

    p (1 - p) / L for unipolar, (1 - v**2) / L for bipolar, |v| (1 - |v|) / L for split streams.

    >>> float(bernoulli_variance(0.5, 100))
    0.0025
    """
    length = checks.count("length", length, 1)
    p = to_probability(values, encoding)
    spread = p * (1 - p) / length
    if encoding == "bipolar":
        spread = 4 * spread
    return np.asarray(spread.sum(0) if encoding == "split" else spread)


def bernoulli_product_mse(length: int, encoding: Encoding = "unipolar") -> float:
    """Mean squared error of one product of independent streams, over uniform operands.

    5 / (36 L) for AND on [0, 1]; 8 / (9 L) for XNOR on [-1, 1]; split streams multiply
    magnitudes by AND, so 5 / (36 L).
    """
    length = checks.count("length", length, 1)
    return (8 / 9 if check_encoding(encoding) == "bipolar" else 5 / 36) / length


def correlated_and_error(length: int) -> float:
    """Mean |error| of a AND b at SCC = +1 or -1 over all (L + 1)**2 pairs: (L - 1) / (12 (L + 1)).

    That is the mean of min(a, b) - ab over the grid 0, 1/L, .., 1. Longer streams do not help.
    """
    length = checks.count("length", length, 1)
    return (length - 1) / (12 * (length + 1))
