"""Packed streams as traced functions, in the layout of `packing`; 64-bit numbers must be enabled."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..packing import WORD_BITS, tail_mask, words_for
from ..types import Words

Array = Any
"""A JAX array, traced or not."""


def mask(length: int) -> Words:
    """Ones at the valid bits of the words ``(W,)`` of a stream of `length` bits."""
    words = np.full(words_for(length), 2**64 - 1, np.uint64)
    words[-1:] = tail_mask(length)
    return words


def pack(bits: Array) -> Array:
    """Words ``(..., W)`` of bits ``(..., length)``."""
    *leading, length = bits.shape
    n_words = words_for(length)
    filled = jnp.pad(bits, [(0, 0)] * len(leading) + [(0, WORD_BITS * n_words - length)])
    places = jnp.uint64(1) << jnp.arange(WORD_BITS, dtype=jnp.uint64)
    return jnp.where(filled.reshape(*leading, n_words, WORD_BITS), places, jnp.uint64(0)).sum(-1, dtype=jnp.uint64)


def unpack(words: Array, length: int) -> Array:
    """Booleans ``(..., length)`` of words ``(..., W)``."""
    bits = words[..., None] >> jnp.arange(WORD_BITS, dtype=jnp.uint64) & np.uint64(1)
    return bits.reshape(*words.shape[:-1], WORD_BITS * words.shape[-1])[..., :length] != 0


def compared(numbers: Array, thresholds: Array) -> Array:
    """Streams ``(..., W)`` of comparators: bit t is 1 where ``numbers[..., t]`` is below the threshold ``(...)``."""
    return pack(numbers < thresholds[..., None])


def joined(words: Array, length: int) -> Array:
    """Streams ``(..., n, W)`` side by side, ``(..., K)``, as `join_rows` lays them."""
    *leading, n, n_words = words.shape
    if length >= WORD_BITS:
        return words.reshape(*leading, n * n_words)
    return pack(unpack(words, length).reshape(*leading, n * length))
