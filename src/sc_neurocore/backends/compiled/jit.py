"""How kernels are compiled, and Philox in vector lanes, which streams and noise share."""

from collections.abc import Callable
from typing import Any

import numba
from numba import uint64

from ..philox import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1

jit: Callable[..., Any] = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")
inline: Callable[..., Any] = numba.njit(inline="always")

# Streams are made LANES at a time, one vector lane each. All lanes live in one flat array at
# constant offsets, so that LLVM can see that they do not overlap.
LANES = 16
L1, L2, L3, L4, L5 = (uint64(k * LANES) for k in range(1, 6))


@inline
def philox_lanes(key, lanes):  # type: ignore[no-untyped-def]
    """Ten rounds on the four counter words of each lane, in place; every word is 32 bits."""
    low, half = uint64(0xFFFFFFFF), uint64(32)
    key_0, key_1 = key & low, key >> half
    for _ in range(ROUNDS):
        for lane in range(uint64(LANES)):
            product_0 = uint64(MULTIPLIER_0) * lanes[lane]
            product_1 = uint64(MULTIPLIER_1) * lanes[L2 + lane]
            c1, c3 = lanes[L1 + lane], lanes[L3 + lane]
            lanes[lane] = (product_1 >> half) ^ c1 ^ key_0
            lanes[L1 + lane] = product_1 & low
            lanes[L2 + lane] = (product_0 >> half) ^ c3 ^ key_1
            lanes[L3 + lane] = product_0 & low
        key_0 = (key_0 + uint64(WEYL_0)) & low
        key_1 = (key_1 + uint64(WEYL_1)) & low
