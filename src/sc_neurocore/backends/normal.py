"""Standard normal numbers from Philox words, by elementary arithmetic only.

Box and Muller turn two uniform numbers into two normal ones with a logarithm, a square root, a sine
and a cosine. The library functions differ from one machine to the next in their last bit, and a
membrane at its threshold would see it; sums, products, quotients and roots are the same everywhere
(IEEE 754), so the three functions are polynomials here. The formulas take numbers and arrays alike:
`reference` runs them on arrays, `compiled` compiles the same text for the lanes of a vector.

References
----------
G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", Ann. Math. Stat.
29, 1958, https://doi.org/10.1214/aoms/1177706645.
G. West, "Better approximations to cumulative normal functions", Wilmott Magazine, May 2005 (the quotient of
polynomials, from J. F. Hart et al., "Computer Approximations", Wiley, 1968).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

PER_CALL = 4
"""Normals that the four words of a Philox call make."""
LN_2 = 0.6931471805599453
ROOT_HALF = math.sqrt(0.5)
RADIANS = 2 * math.pi / 2**32
"""Angle of a step of a 32-bit phase."""
REACH = 6.5
"""No normal of 32 binary digits, the one below which a share of ``(v + 1/2) / 2**32`` of all lie, is further from 0."""


def log_near_one(m: Any) -> Any:
    """Natural logarithm of m in [sqrt(1/2), sqrt(2)] to 2e-14: 2 artanh((m - 1) / (m + 1)) as a series."""
    f = (m - 1.0) / (m + 1.0)
    g = f * f
    tail = 1 / 9 + g * (1 / 11 + g * (1 / 13 + g * (1 / 15)))
    return 2.0 * f * (1.0 + g * (1 / 3 + g * (1 / 5 + g * (1 / 7 + g * tail))))


def sine(r: Any) -> Any:
    """Sine of r in [-pi/4, pi/4] to 3e-14."""
    s = r * r
    tail = -1 / 5040 + s * (1 / 362880 + s * (-1 / 39916800 + s * (1 / 6227020800)))
    return r * (1.0 + s * (-1 / 6 + s * (1 / 120 + s * tail)))


def cosine(r: Any) -> Any:
    """Cosine of r in [-pi/4, pi/4] to 2e-15."""
    s = r * r
    tail = 1 / 40320 + s * (-1 / 3628800 + s * (1 / 479001600 + s * (-1 / 87178291200)))
    return 1.0 + s * (-1 / 2 + s * (1 / 24 + s * (-1 / 720 + s * tail)))


def box_muller(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two normals for each pair of words: radius from `a`, angle from `b`.

    The radius belongs to u = (a + 1/2) / 2**32, so no normal is larger than 6.77. Of the angle, the
    lowest 30 bits make an arc of a quarter turn around zero; bit 30 mirrors it, bit 31 negates it.
    """
    fraction, exponent = np.frexp(2.0 * a + 1.0)
    low = fraction < ROOT_HALF
    fraction, exponent = np.where(low, 2.0 * fraction, fraction), exponent - low
    radius = np.sqrt(-2.0 * ((exponent - 33.0) * LN_2 + log_near_one(fraction)))
    radius = np.where(b >> 31 & 1, -radius, radius)
    r = ((b & 0x3FFFFFFF) - (2.0**29 - 0.5)) * RADIANS
    s, c = sine(r), cosine(r)
    mirrored = b >> 30 & 1 == 1
    return radius * np.where(mirrored, s, c), radius * np.where(mirrored, c, s)


def upper_tail(x: Any, bell: Any) -> Any:
    """Probability that a standard normal number is above x in [0, 8], to 1e-15; `bell` is ``exp(-x**2 / 2)``."""
    above = 6.37396220353165 + x * (0.700383064443688 + x * 0.0352624965998911)
    above = 220.206867912376 + x * (221.213596169931 + x * (112.079291497871 + x * (33.912866078383 + x * above)))
    below = 16.064177579207 + x * (1.75566716318264 + x * 0.0883883476483184)
    below = 637.333633378831 + x * (296.564248779674 + x * (86.7807322029461 + x * below))
    return bell * above / (440.413735824752 + x * (793.826512519948 + x * below))
