"""Compiler options of the kernels, and where the words of vector lanes lie."""

from collections.abc import Callable
from typing import Any

import numba
from numba import uint64

from ..addresses import counter as counter_of_numbers
from .code_cache import kept

_compiler: Callable[..., Any] = numba.njit(nogil=True, boundscheck=False, error_model="numpy")
inline: Callable[..., Any] = numba.njit(inline="always")

# Streams are made LANES at a time, one vector lane each. All lanes live in one flat array at
# constant offsets, so that LLVM can see that they do not overlap.
LANES = 16
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
