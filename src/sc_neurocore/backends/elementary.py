"""Exponential, logarithm and hyperbolic tangent by elementary arithmetic only.

The library functions differ from one machine to the next in their last bit: NumPy takes other ones with each set of
vector instructions, and every C library has its own. A threshold next to the result would see it. Sums, products and
quotients are the same everywhere (IEEE 754), and so are shifts of the bits of a number. The formulas take numbers and
arrays alike, both of NumPy: `reference` runs them on arrays, `compiled` compiles the same text. So they call nothing
but NumPy, and name the type of a number before they look at its bits. The functions are

- ``exp_of(*reduced(x, -746.0, 710.0))``,
- ``tanh_of(np.where, *reduced(2.0 * abs(x), 0.0, 40.0))`` with the sign of x,
- ``log_of_sum(np.where, x, 0.0)``, and of 1 + x ``log_of_sum(np.where, *one_plus(x))``.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

PER_LN_2 = float.fromhex("0x1.71547652b82fep+0")
LN_2_HIGH = float.fromhex("0x1.62e42feep-1")
"""ln 2 to 32 binary digits: the product with a whole number of up to 21 is exact."""
LN_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""The rest of ln 2."""
ROUNDER = 1.5 * 2.0**52
"""Added to a number below 2**51 it leaves the nearest whole number in the lowest bits."""
ROUNDER_BITS = int(np.float64(ROUNDER).view(np.int64))
ONE_BITS = int(np.float64(1.0).view(np.int64))
ABOVE_ROOT_HALF = ONE_BITS - int(np.float64(math.sqrt(0.5)).view(np.int64))
MANTISSA = (1 << 52) - 1
SMALLEST = 2.0**-1022
"""Smallest number of full precision."""


def reduced(x: Any, low: float, high: float) -> tuple[Any, Any, Any]:
    """k, r and ``c = r coth(r / 2) - 2`` of ``x = k ln 2 + r``, x cut to [low, high], abs(r) <= ln(2) / 2; k is int64.

    The series of c has the Bernoulli numbers: r**2 / 6 - r**4 / 360 + ..
    """
    x = np.minimum(np.maximum(x, low), high)
    shifted = x * PER_LN_2 + ROUNDER
    k = shifted - ROUNDER
    r = (x - k * LN_2_HIGH) - k * LN_2_LOW
    z = r * r
    tail = 1 / 15120 + z * (-1 / 604800 + z * (1 / 23950080 + z * (-691 / 653837184000)))
    return np.float64(shifted).view(np.int64) - ROUNDER_BITS, r, z * (1 / 6 + z * (-1 / 360 + z * tail))


def exp_of(k: Any, r: Any, c: Any) -> Any:
    """e**x: ``2**k (1 + 2 r / (2 + c - r))``. The power of two is two factors, so that it may leave the range."""
    half = k >> 1
    first = np.int64((half << 52) + ONE_BITS).view(np.float64)
    second = np.int64((k - half << 52) + ONE_BITS).view(np.float64)
    return (1.0 + 2.0 * r / (2.0 + (c - r))) * first * second


def tanh_of(where: Callable[[Any, Any, Any], Any], k: Any, r: Any, c: Any) -> Any:
    """Hyperbolic tangent of x / 2 for x >= 0, by ``e**x = 2**k (2 + c + r) / (2 + c - r)``.

    From k = 2 on it is 1 - 2 / (e**x + 1), where nearly all error is the rounding to the result. `where` is `np.where`,
    or its twin for numbers.
    """
    power = np.int64((k << 52) + ONE_BITS).view(np.float64)
    more, less, far = power + 1.0, power - 1.0, k > 1
    above = where(far, -2.0 * (2.0 + (c - r)), 2.0 * less + (less * c + more * r))
    return where(far, 1.0, 0.0) + above / (2.0 * more + (more * c + less * r))


def one_plus(x: Any) -> tuple[Any, Any]:
    """1 + x and its rounding error."""
    total = 1.0 + x
    added = total - 1.0
    return total, (1.0 - (total - added)) + (x - added)


def log_of_sum(where: Callable[[Any, Any, Any], Any], x: Any, rest: Any) -> Any:
    """Natural logarithm of ``x + rest``, where `rest` is at most a rounding error of x.

    With ``x = 2**k (1 + f)`` it is ``k ln 2 + 2 artanh(s)``, ``s = f / (2 + f)``. The series is summed as
    ``f - f**2 / 2 + s (f**2 / 2 + tail)``: its first term is exact. `where` is `np.where`, or its twin for numbers.
    """
    small = x < SMALLEST
    bits = np.float64(where(small, x * 2.0**54, x)).view(np.int64) + ABOVE_ROOT_HALF
    k = (bits >> 52) - where(small, 1023.0 + 54.0, 1023.0)
    f = np.int64((bits & MANTISSA) + (ONE_BITS - ABOVE_ROOT_HALF)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z, square = s * s, 0.5 * f * f
    tail = 2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + z * (2 / 21))))
    tail = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * (2 / 11 + z * tail)))))
    found = k * LN_2_HIGH - ((square - (s * (square + tail) + (k * LN_2_LOW + rest / x))) - f)
    return where(x > 0, where(x < np.inf, found, x), where(x == 0, -np.inf, np.nan))
