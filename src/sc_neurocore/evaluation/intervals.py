"""Confidence interval of an accuracy."""

import math
from statistics import NormalDist

from .. import checks


def wilson_interval(correct: float, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Parameters
    ----------
    correct
        Number of hits, 0..total. A mean over repeats of the same images need not be whole.
    total
        Number of independent trials (images), at least 1.
    confidence
        Probability that such intervals cover the true share, in [0, 1).

    Returns
    -------
    low, high
        Ends of the interval, 0 <= low <= correct / total <= high <= 1.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range.

    Notes
    -----
    The set of shares p with ``|correct / total - p| <= z sqrt(p (1 - p) / total)``; unlike the
    textbook interval it stays inside [0, 1] and is not empty at 0 or all hits.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA
    22(158), 1927, https://doi.org/10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> low, high = wilson_interval(95, 100)
    >>> round(low, 4), round(high, 4)
    (0.8882, 0.9785)
    """
    checks.whole("total", total, 1)
    share = checks.real("correct", correct, 0, total) / total
    if not 0 <= checks.real("confidence", confidence, 0, 1) < 1:
        raise ValueError(f"confidence must be below 1, got {confidence}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z * z / total
    centre = (share + z * z / (2 * total)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    # Rounding must not push an end past the share itself.
    return max(min(centre - half, share), 0.0), min(max(centre + half, share), 1.0)
