"""Windows of images: index arithmetic for convolution and pooling."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from .. import checks

Pair = tuple[int, int]


def pair(name: str, value: Any, low: int) -> Pair:
    """An integer, or a pair (rows, columns) of them, as a pair; each at least `low`."""
    values = value if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{name} must be an integer or a pair of them, got {checks.shown(value)}")
    return checks.count(name, values[0], low), checks.count(name, values[1], low)


def output_size(size: Pair, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Pair:
    """Windows per column and per row of a (padded) image of `size`; 0 or less if none fits.

    >>> output_size((8, 8), (3, 3), (2, 2))
    (3, 3)
    """
    rows, columns = ((size[axis] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1 for axis in (0, 1))
    return rows, columns


def window_indices(
    channels: int,
    size: Pair,
    kernel: Pair,
    stride: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
    part: slice = slice(None),
) -> NDArray[np.int64]:
    """Pixel numbers ``(groups, windows, channels / groups * kH * kW)`` in a flat image ``(C, H, W)``.

    Windows run along the rows; inside a window the order is channel, row, column. `part` takes some of the windows.

    >>> window_indices(1, (3, 3), (2, 2), (1, 1))[0].tolist()
    [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]]
    """
    out = output_size(size, kernel, stride, dilation)
    corners = np.arange(out[0] * out[1])[part]
    corners = corners // out[1] * (stride[0] * size[1]) + corners % out[1] * stride[1]
    rows, columns = (dilation[axis] * np.arange(kernel[axis]) for axis in (0, 1))
    planes = np.arange(channels).reshape(groups, -1, 1, 1) * (size[0] * size[1])
    inside = (planes + rows[:, None] * size[1] + columns).reshape(groups, 1, -1)
    return np.asarray(corners[:, None] + inside)


def window_maxima(images: NDArray[np.float64], kernel: Pair, stride: Pair) -> NDArray[np.float64]:
    """Largest number ``(..., H_out, W_out)`` of each window of images ``(..., H, W)``.

    >>> window_maxima(np.arange(9.0).reshape(3, 3), (2, 2), (1, 1))
    array([[4., 5.],
           [7., 8.]])
    """
    out = output_size((images.shape[-2], images.shape[-1]), kernel, stride)
    for axis in (0, 1):  # the maximum of a column of each window, then of the row of these
        lines = np.moveaxis(images, axis - 2, -1)
        parts = (lines[..., k : k + (out[axis] - 1) * stride[axis] + 1 : stride[axis]] for k in range(kernel[axis]))
        largest = next(parts).copy()
        for part in parts:
            np.maximum(largest, part, out=largest)
        images = np.moveaxis(largest, -1, axis - 2)
    return np.ascontiguousarray(images)


@dataclass(frozen=True)
class ConvolutionWindows:
    """The windows of a convolution over images of any size.

    Parameters
    ----------
    channels
        Planes of an image, a multiple of `groups`.
    kernel, stride, dilation
        Pairs (rows, columns), each at least 1.
    padding
        Rows and columns of zeros at each edge, or ``"same"`` (stride 1 only): the output is as large as the input.
    groups
        Parts of the channels with windows of their own.
    """

    channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair | Literal["same"] = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1

    @classmethod
    def of(
        cls,
        channels: int,
        kernel_size: int | Pair,
        stride: int | Pair,
        padding: int | Pair | Literal["same"],
        dilation: int | Pair,
        groups: int,
    ) -> Self:
        """Windows of integers or pairs, checked, with the errors of `SCConv2DLayer`.

        >>> ConvolutionWindows.of(3, 5, 2, 0, 1, 1)
        5 x 5, stride=(2, 2)
        """
        kernel, steps, gaps = (
            pair("kernel_size", kernel_size, 1),
            pair("stride", stride, 1),
            pair("dilation", dilation, 1),
        )
        if not isinstance(padding, str):
            return cls(channels, kernel, steps, pair("padding", padding, 0), gaps, groups)
        checks.option("padding", padding, ("same",))
        if steps != (1, 1):
            raise ValueError(f"stride must be 1 with padding='same', got {steps}")
        return cls(channels, kernel, steps, "same", gaps, groups)

    def __repr__(self) -> str:
        extras = (("stride", (1, 1)), ("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1))
        given = ((name, getattr(self, name)) for name, plain in extras if getattr(self, name) != plain)
        return f"{self.kernel[0]} x {self.kernel[1]}" + "".join(f", {name}={value}" for name, value in given)

    @property
    def edges(self) -> tuple[Pair, Pair]:
        """Rows of padding (above, below) and columns (left, right)."""
        if isinstance(self.padding, str):  # "same"
            both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
            return (both[0] // 2, both[0] - both[0] // 2), (both[1] // 2, both[1] - both[1] // 2)
        rows, columns = self.padding
        return (rows, rows), (columns, columns)

    def padded_size(self, size: Pair) -> Pair:
        """Size of an image of `size` with its padding."""
        (top, bottom), (left, right) = self.edges
        return size[0] + top + bottom, size[1] + left + right

    def output_size(self, size: Pair) -> Pair:
        """Windows per column and per row of an image of `size`; 0 or less if none fits."""
        return output_size(self.padded_size(size), self.kernel, self.stride, self.dilation)

    def pixels(self, images: NDArray[Any]) -> NDArray[Any]:
        """Images ``(S, C, H, W)`` with their padding, flat: ``(S, padded pixels)``."""
        padded = np.pad(images, ((0, 0), (0, 0), *self.edges))
        return padded.reshape(len(images), int(np.prod(padded.shape[1:])))

    def indices(self, size: Pair, part: slice = slice(None)) -> NDArray[np.int64]:
        """Places ``(groups, windows, fan_in)`` in the `pixels` of an image of `size`: of all windows, or of a part."""
        return window_indices(
            self.channels, self.padded_size(size), self.kernel, self.stride, self.dilation, self.groups, part
        )
