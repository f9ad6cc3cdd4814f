"""Packed bitstreams: bit t of a stream is bit ``t % 64`` of word ``t // 64``; the bits past the end are zero.

NumPy does the work (``np.packbits`` with little bit order); every backend shares these functions.
"""

import numpy as np
from numpy.typing import ArrayLike

from .types import Bits, Words

WORD_BITS = 64
_LITTLE = np.dtype("<u8")


def words_for(length: int) -> int:
    """Number of 64-bit words that hold `length` bits."""
    return -(-length // WORD_BITS)


def tail_mask(length: int) -> np.uint64:
    """Ones at the valid bits of the last word of a stream of `length` bits."""
    used = length % WORD_BITS
    return np.uint64((1 << used) - 1 if used else 2**64 - 1)


def pack(bits: ArrayLike) -> Words:
    """Pack bits ``(..., length)`` of 0 and 1 into words ``(..., ceil(length / 64))``.

    >>> pack([[1, 0, 1], [0, 1, 1]])
    array([[5],
           [6]], dtype=uint64)
    """
    array = np.asarray(bits).astype(bool)
    length = array.shape[-1]
    octets = np.zeros((*array.shape[:-1], 8 * words_for(length)), np.uint8)
    octets[..., : -(-length // 8)] = np.packbits(array, axis=-1, bitorder="little")
    return octets.view(_LITTLE).astype(np.uint64, copy=False)


def unpack(words: Words, length: int) -> Bits:
    """Bits ``(..., length)``, uint8, of words ``(..., ceil(length / 64))``.

    >>> unpack(np.array([5], np.uint64), 3)
    array([1, 0, 1], dtype=uint8)
    """
    octets = np.ascontiguousarray(words, _LITTLE).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=length, bitorder="little")
