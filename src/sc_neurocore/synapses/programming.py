"""Programming of memristors: levels, and the random error of a written conductance."""

from typing import Literal, get_args

import numpy as np

from ..backends import choose
from .conductance_laws import ProgrammingError
from .crossbar import Floats

Distribution = Literal["normal", "lognormal"]
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)


def nearest_level(g: Floats, g_min: float, g_range: float, levels: int) -> Floats:
    """The nearest of `levels` equally spaced conductances from `g_min` to ``g_min + g_range``.

    >>> nearest_level(np.array([1.2, 1.9]), 1.0, 2.0, levels=3)
    array([1., 2.])
    """
    steps = levels - 1
    return np.asarray(g_min + g_range / steps * np.rint((g - g_min) / g_range * steps))


def with_spread(
    g: Floats, normal: Floats, variability: Floats | float, distribution: str, unit: float | None = None
) -> Floats:
    """Conductances after programming with random errors.

    Parameters
    ----------
    g
        Wanted conductances: the means.
    normal
        Standard normal numbers, one for each cell.
    variability
        Standard deviation as a multiple of `unit`.
    distribution
        ``"normal"`` or ``"lognormal"``.
    unit
        A conductance; None: the wanted conductance of the cell itself.

    Examples
    --------
    >>> with_spread(np.array([1.0, 2.0]), np.array([0.0, 1.0]), 0.25, "normal", unit=4.0)
    array([1., 3.])
    """
    if distribution == "normal":
        return g + variability * (g if unit is None else unit) * normal
    kernels, relative = choose(), np.asarray(variability if unit is None else variability * unit / g)
    log_variance = kernels.log1p(np.square(relative))
    return np.asarray(g * kernels.exp(np.sqrt(log_variance) * normal - log_variance / 2))


def with_error(
    g: Floats,
    normal: Floats,
    variability: float | ProgrammingError,
    distribution: str,
    proportional: bool,
    ends: tuple[float, float],
) -> Floats:
    """Conductances of cells after programming with random errors, within the range that a cell has.

    Parameters
    ----------
    g, normal, distribution
        As for `with_spread`.
    variability
        Standard deviation as a multiple of the range, or of `g` with `proportional`; or its law.
    ends
        Smallest and largest conductance, g_min and g_max.

    Notes
    -----
    A result that would leave the range stops at its end, as the material does. Within a few standard deviations
    sigma of an end the mean error is therefore not zero but points to the middle: the idle device of a pair, at
    g_min, errs by max(sigma eps, 0), mean sigma / sqrt(2 pi), variance sigma^2 (1/2 - 1/(2 pi)).

    Examples
    --------
    >>> with_error(np.array([1.0, 2.0]), np.array([-1.0, 1.0]), 0.25, "normal", False, (1.0, 3.0))
    array([1. , 2.5])
    """
    low, high = ends
    if isinstance(variability, ProgrammingError):
        found = with_spread(g, normal, variability.deviation(g / high), distribution, high)
    else:
        found = with_spread(g, normal, variability, distribution, None if proportional else high - low)
    return np.clip(found, low, high)
