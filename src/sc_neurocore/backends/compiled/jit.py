"""Compiler options of the kernels, and the random number generator Philox in vector lanes."""

from collections.abc import Callable
from typing import Any

import numba
from numba import uint64

from ..addresses import counter as counter_of_numbers
from ..philox import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1
from .code_cache import kept

_compiler: Callable[..., Any] = numba.njit(nogil=True, boundscheck=False, error_model="numpy")
inline: Callable[..., Any] = numba.njit(inline="always")

# Streams are made LANES at a time, one vector lane each. All lanes live in one flat array at
# constant offsets, so that LLVM can see that they do not overlap.
LANES = 16
_WEYL_0 = tuple(uint64(k * WEYL_0) for k in range(ROUNDS))
_WEYL_1 = tuple(uint64(k * WEYL_1) for k in range(ROUNDS))
L1, L2, L3, L4 = (uint64(k * LANES) for k in range(1, 5))


def jit(kernel: Callable[..., Any]) -> Any:
    """Compile a kernel at its first call, to run without the GIL; its machine code is kept between runs."""
    return kept(_compiler(kernel))


counter = inline(counter_of_numbers)
"""`addresses.counter` of a layout and a place, a tuple of uint64."""


@inline
def put(lanes, lane, words):  # type: ignore[no-untyped-def]
    """Store the four counter words of a lane where `philox_lanes` reads them."""
    lanes[lane], lanes[L1 + lane], lanes[L2 + lane], lanes[L3 + lane] = words


@inline
def _round(c0, c1, c2, c3, key_0, key_1):  # type: ignore[no-untyped-def]
    low, half = uint64(0xFFFFFFFF), uint64(32)
    # The masks of factors change nothing; they tell LLVM that one 32-bit multiplication will do.
    product_0 = uint64(MULTIPLIER_0) * (c0 & low)
    product_1 = uint64(MULTIPLIER_1) * (c2 & low)
    return (product_1 >> half) ^ c1 ^ key_0, product_1 & low, (product_0 >> half) ^ c3 ^ key_1, product_0 & low


@inline
def philox_lanes(key, lanes):  # type: ignore[no-untyped-def]
    """Ten rounds on the four counter words of each lane, in place; every word is 32 bits.

    The rounds are written out, so that the words of a lane stay in registers.
    """
    low, half = uint64(0xFFFFFFFF), uint64(32)
    a, b = key & low, key >> half
    for lane in range(uint64(LANES)):
        c0, c1, c2, c3 = lanes[lane], lanes[L1 + lane], lanes[L2 + lane], lanes[L3 + lane]
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, a, b)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[1]) & low, (b + _WEYL_1[1]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[2]) & low, (b + _WEYL_1[2]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[3]) & low, (b + _WEYL_1[3]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[4]) & low, (b + _WEYL_1[4]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[5]) & low, (b + _WEYL_1[5]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[6]) & low, (b + _WEYL_1[6]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[7]) & low, (b + _WEYL_1[7]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[8]) & low, (b + _WEYL_1[8]) & low)
        c0, c1, c2, c3 = _round(c0, c1, c2, c3, (a + _WEYL_0[9]) & low, (b + _WEYL_1[9]) & low)
        lanes[lane], lanes[L1 + lane], lanes[L2 + lane], lanes[L3 + lane] = c0, c1, c2, c3
