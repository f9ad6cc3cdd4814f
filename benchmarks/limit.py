"""The host's AND-popcount limit: the tightest loop Numba can run, on rows that stay in the first-level cache."""

from typing import Any

import numba
import numpy as np
from numba import uint64
from numpy.typing import NDArray

from sc_neurocore.backends.compiled.intrinsics import popcount64
from sc_neurocore.backends.types import Words

ROWS = 6
WIDTHS = (336, 504)
"""Words of a row: six rows are about 16 and 24 KiB; whole numbers of 64-byte cache lines."""


@numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
def _loop(rows: Any, repeats: int) -> Any:
    """`repeats` register tiles of 2 rows x 4 rows; the rows change their parts, so nothing can be hoisted."""
    total = uint64(0)
    for r in range(repeats):
        x0, x1 = rows[r % 6], rows[(r + 1) % 6]
        w0, w1, w2, w3 = rows[(r + 2) % 6], rows[(r + 3) % 6], rows[(r + 4) % 6], rows[(r + 5) % 6]
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = uint64(0)
        for k in range(x0.size):
            x, y = x0[k], x1[k]
            p, q, s, t = w0[k], w1[k], w2[k], w3[k]
            a0 += popcount64(x & p)
            a1 += popcount64(x & q)
            a2 += popcount64(x & s)
            a3 += popcount64(x & t)
            b0 += popcount64(y & p)
            b1 += popcount64(y & q)
            b2 += popcount64(y & s)
            b3 += popcount64(y & t)
        total += a0 + a1 + a2 + a3 + b0 + b1 + b2 + b3
    return total


def rows(width: int) -> Words:
    """Random rows ``(ROWS, width)`` that start on a cache line."""
    room = np.empty(ROWS * width + 8, np.uint64)
    skip = -(room.ctypes.data // 8) % 8
    out: NDArray[np.uint64] = room[skip : skip + ROWS * width].reshape(ROWS, width)
    out[:] = np.random.default_rng(1).integers(0, 2**64, out.shape, np.uint64)
    return out


def tiles(words: Words, repeats: int) -> int:
    """Ones of all the products of `repeats` tiles."""
    return int(_loop(words, repeats))


def bits(words: Words, repeats: int) -> int:
    """Product bits of `tiles`."""
    return 8 * 64 * words.shape[1] * repeats
