"""Range of large inputs, looked through by all threads."""

import math
from typing import Any

import numpy as np

from ..backends import choose

LARGE = 1 << 20
"""Bytes from which on the threads save more than it takes to ask for them."""


def in_range(values: Any, low: float, high: float, last: int) -> bool:
    """Whether `values` are a float64 array ``(..., last)`` of finite numbers in [low, high], found out quickly.

    Where it is False there may be an error to tell, or the values need a conversion: `checks.array` says.
    """
    return (
        type(values) is np.ndarray
        and values.dtype == np.float64
        and values.flags.c_contiguous
        and values.shape[-1:] == (last,)
        and -math.inf < low
        and high < math.inf
        and choose().outside(values.reshape(-1), low, high) == 0
    )
