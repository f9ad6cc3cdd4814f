"""Samples of a data set, as people have them: tables, images, data frames, tensors."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks

Samples = NDArray[np.float64]
WHITE = 255
"""Largest grey level of a byte."""
_SHAPES = "(n, inputs), (n, height, width) or (n, channels, height, width)"
_CHANNELS = (1, 2, 3, 4)


def samples(name: str, value: ArrayLike) -> Samples:
    """`value` as samples ``(n, inputs)`` of finite float64, which nobody else can edit.

    Parameters
    ----------
    name
        What an error calls it.
    value
        Numbers ``(n, inputs)``, or images ``(n, height, width)`` or ``(n, channels, height, width)``, whose pixels
        follow each other row by row, channel by channel. Images of bytes (uint8) are grey levels and are divided by
        255; all other numbers stay what they are, also bytes ``(n, inputs)``. Whatever NumPy makes an array of: lists,
        data frames, tensors of torch on any device.

    Raises
    ------
    ValueError, TypeError
        If it has another shape, or an entry is no finite number; of a data frame the error names the column.

    Examples
    --------
    >>> samples("x", np.array([[[0, 51], [102, 255]]], np.uint8))
    array([[0. , 0.2, 0.4, 1. ]])
    """
    given = as_array(name, value, "real numbers")
    if given.ndim not in (2, 3, 4):
        raise ValueError(f"{name} must have shape {_SHAPES}, got {given.shape}")
    flat = given.reshape(len(given), math.prod(given.shape[1:]))
    if given.dtype == np.uint8 and given.ndim > 2:
        _check_channels(name, given.shape)
        numbers = flat / WHITE
    else:
        numbers = np.ascontiguousarray(_numbers(name, flat, value))
        if not isinstance(value, list | tuple) and np.may_share_memory(numbers, given):
            numbers = numbers.copy()
    numbers.flags.writeable = False
    return numbers


def _numbers(name: str, flat: NDArray[Any], value: ArrayLike) -> Samples:
    """Entries as float64; the error of one in a data frame names its column."""
    try:
        return checks.array(name, flat)
    except (TypeError, ValueError):
        told_apart = flat.dtype.kind != "c"  # one column makes NumPy call all of them complex
        for place, column in enumerate(getattr(value, "columns", ()) if told_apart else ()):
            checks.array(f"column {checks.shown(column)} of {name}", flat[:, place])
        raise


def _check_channels(name: str, shape: tuple[int, ...]) -> None:
    """An error for pictures ``(n, height, width, channels)``, whose pixels would be taken for another picture."""
    if len(shape) == 4 and shape[1] not in _CHANNELS and shape[3] in _CHANNELS:
        raise ValueError(
            f"{name} must have shape (n, channels, height, width), got {shape}, whose channels seem to be last: "
            f"np.moveaxis({name}, -1, 1)"
        )


def as_array(name: str, value: Any, what: str) -> NDArray[Any]:
    """`value` as an array of NumPy; an error for what NumPy takes for one thing, such as a sparse matrix or a set."""
    given = checks.unmasked(name, on_host(value), what)
    if not given.ndim and given.dtype.kind == "O":
        raise TypeError(f"{name} must be a dense array or a list of {what}, got {type(value).__name__}")
    return given


def on_host(value: Any) -> Any:
    """`value`, or, of a tensor of torch, what NumPy can read: without its gradient, in the memory of this machine."""
    if not callable(getattr(value, "detach", None)):
        return value
    tensor = value.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor  # NumPy has no such type
