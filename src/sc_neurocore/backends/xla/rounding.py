"""Arithmetic of 64-bit floats as traced functions, rounded step by step as NumPy does; 64-bit numbers must be enabled.

XLA fuses a product and the sum that takes it into one rounding, adds up the constants of a sum first, and multiplies by
the inverse of a number instead of dividing by it. A choice in between, whose outcome it cannot know, keeps roundings.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from ..elementary import LN_2_HIGH, LN_2_LOW, ONE_BITS, PER_LN_2, ROUNDER, ROUNDER_BITS

Array = Any
"""A JAX array, traced or not."""


def rounded(x: Array) -> Array:
    """The float x itself, which XLA cannot look through."""
    return jnp.where(x == x, x, jnp.nan)


def product(a: Array, b: Array) -> Array:
    """``a * b``, rounded before anything is added to it."""
    return rounded(a * b)


def quotient(a: Array, b: Array) -> Array:
    """``a / b`` of a float and any number."""
    return a / jnp.where(a == a, b, 1.0)


def exp(x: Array) -> Array:
    """As the kernel of this name."""
    k, r, c = _reduced(x, -746.0, 710.0)
    half = k >> 1
    first, second = _float((half << 52) + ONE_BITS), _float((k - half << 52) + ONE_BITS)
    return product(product(1.0 + quotient(2.0 * r, 2.0 + (c - r)), first), second)


def tanh(x: Array) -> Array:
    """As the kernel of this name."""
    k, r, c = _reduced(2.0 * jnp.abs(x), 0.0, 40.0)
    power = _float((k << 52) + ONE_BITS)
    more, less, far = power + 1.0, power - 1.0, k > 1
    above = jnp.where(far, -2.0 * (2.0 + (c - r)), 2.0 * less + (product(less, c) + product(more, r)))
    below = 2.0 * more + (product(more, c) + product(less, r))
    return jnp.copysign(jnp.where(far, 1.0, 0.0) + quotient(above, below), x)


def _reduced(x: Array, low: float, high: float) -> tuple[Array, Array, Array]:
    """As `elementary.reduced`. (Products by powers of two are exact: they need no guard.)"""
    x = jnp.minimum(jnp.maximum(x, low), high)
    shifted = rounded(product(x, PER_LN_2) + ROUNDER)
    k = shifted - ROUNDER
    r = (x - product(k, LN_2_HIGH)) - product(k, LN_2_LOW)
    z = product(r, r)
    tail = 1 / 15120 + product(z, -1 / 604800 + product(z, 1 / 23950080 + product(z, -691 / 653837184000)))
    c = product(z, 1 / 6 + product(z, -1 / 360 + product(z, tail)))
    return lax.bitcast_convert_type(shifted, jnp.int64) - ROUNDER_BITS, r, c


def _float(bits: Array) -> Array:
    return lax.bitcast_convert_type(bits, jnp.float64)


def pairs(array: Any) -> Any:
    """64-bit numbers ``(...)`` as pairs of uint32 ``(..., 2)``: JAX takes these whether or not others are enabled."""
    flat = np.asarray(array, order="C")
    assert flat.dtype.itemsize == 8
    return flat.reshape(*flat.shape, 1).view(np.uint32)


def joined_pairs(array: Array, dtype: Any) -> Array:
    """The 64-bit numbers of `pairs`."""
    return lax.bitcast_convert_type(jnp.asarray(array), dtype)
