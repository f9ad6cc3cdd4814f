"""Philox4x32-10: the counter-based generator from which every random bit descends.

A counter-based generator is a function of (key, counter) and has no state, so a random word
depends on its place only, never on the order, thread or machine that asked for it.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC'11, https://doi.org/10.1145/2063384.2063405.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 10
MULTIPLIER_0, MULTIPLIER_1 = 0xD2511F53, 0xCD9E8D57
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def philox4x32(counter: ArrayLike, key: ArrayLike) -> NDArray[np.uint32]:
    """Four random 32-bit words ``(..., 4)`` for each counter ``(..., 4)`` under the key ``(2,)``.

    >>> [hex(word) for word in philox4x32([0, 0, 0, 0], [0, 0])]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    words = np.asarray(counter, np.uint64)
    c0, c1, c2, c3 = (words[..., i] for i in range(4))
    key_0, key_1 = (int(word) for word in np.asarray(key, np.uint64))
    for _ in range(ROUNDS):
        product_0, product_1 = np.uint64(MULTIPLIER_0) * c0, np.uint64(MULTIPLIER_1) * c2
        c0, c1 = (product_1 >> _HALF) ^ c1 ^ np.uint64(key_0), product_1 & _LOW
        c2, c3 = (product_0 >> _HALF) ^ c3 ^ np.uint64(key_1), product_0 & _LOW
        key_0, key_1 = (key_0 + WEYL_0) & 0xFFFFFFFF, (key_1 + WEYL_1) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)
