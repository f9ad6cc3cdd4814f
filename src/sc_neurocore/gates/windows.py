"""Which pixels a window of an image covers: index arithmetic for convolution and pooling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks

Pair = tuple[int, int]


def pair(name: str, value: Any, low: int) -> Pair:
    """An integer, or a pair (rows, columns) of them, as a pair; each at least `low`."""
    values = value if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be an integer or a pair of them, got {value!r}")
    return checks.whole(name, values[0], low), checks.whole(name, values[1], low)


def output_size(size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Pair:
    """Windows per column and per row of a (padded) image of `size`; 0 or less if none fits.

    >>> output_size((8, 8), (3, 3), (2, 2))
    (3, 3)
    """
    rows, columns = ((size[axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1 for axis in (0, 1))
    return rows, columns


def window_indices(
    channels: int, size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1), groups: int = 1
) -> NDArray[np.int64]:
    """Pixel numbers ``(groups, windows, channels / groups * kH * kW)`` in a flat image ``(C, H, W)``.

    Windows run along the rows; inside a window the order is channel, row, column.

    >>> window_indices(1, (3, 3), (2, 2), (1, 1))[0].tolist()
    [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    """
    out = output_size(size, kernel, stride, dilation)
    rows, columns = (
        stride[axis] * np.arange(out[axis])[:, None] + dilation[axis] * np.arange(kernel[axis]) for axis in (0, 1)
    )
    inside = rows[:, None, :, None] * size[1] + columns[None, :, None, :]  # (out_h, out_w, kH, kW)
    planes = np.arange(channels).reshape(groups, 1, 1, -1, 1, 1) * (size[0] * size[1])
    return np.asarray((planes + inside[:, :, None]).reshape(groups, out[0] * out[1], -1))
