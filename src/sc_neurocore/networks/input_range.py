"""The inputs of a network: the shape of a sample, and the range of its numbers."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .activations import Floats
from .graph import listed
from .layer_spec import LayerSpec, Range, Shape

Ends = tuple[float, float] | tuple[Floats, Floats]
"""Smallest and largest input: two numbers, or two arrays with one for each input, or for each channel of images."""


def checked_shape(first: LayerSpec, shape: Shape | None) -> Shape:
    """Shape of a sample: the given one, or that of the first layer; a ValueError if neither fits."""
    if shape is None:
        if first.input_shape is None:
            raise ValueError(f"input_shape must be given for a first layer {type(first).__name__}, got None")
        return first.input_shape
    sizes = checks.entries("input_shape", shape)
    if len(sizes) not in ((1, 2, 3) if first.takes_tokens else (1, 3)):
        tokens = ", (tokens, features)" if first.takes_tokens else ""
        raise ValueError(
            f"input_shape must be (n_inputs,){tokens} or (channels, height, width), got {checks.shown(shape)}"
        )
    return tuple(checks.whole("input_shape", size, 1) for size in sizes)


def checked_range(ends: Any, shape: Shape) -> Ends:
    """The range of the inputs: two numbers, or two arrays with one for each input, or for each channel of images."""
    given = checks.entries("input_range", ends)
    if not any(np.iterable(end) for end in given):
        low, high = checks.array("input_range", ends, shape=(2,)).tolist()
        if not low < high:
            raise ValueError(f"input_range must be (low, high) with low < high, got ({low}, {high})")
        return low, high
    sizes = {(math.prod(shape),), *([(shape[0],)] if len(shape) == 3 else [])}
    if len(given) != 2:
        raise ValueError(f"input_range must be (low, high), got {len(given)} entries")
    lows, highs = (np.array(checks.array("input_range", end)) for end in given)
    if lows.shape != highs.shape or lows.shape not in sizes:
        raise ValueError(
            f"input_range must have two numbers, or two arrays of shape {listed(sorted(sizes))}, got shapes "
            f"{lows.shape} and {highs.shape}"
        )
    if not (lows < highs).all():
        place = int(np.argmin(lows < highs))
        raise ValueError(f"input_range must have low < high everywhere, got ({lows[place]}, {highs[place]}) at {place}")
    for end in (lows, highs):
        end.flags.writeable = False
    return lows, highs


def scale_of(ends: Ends, shape: Shape) -> Range:
    """The largest |input|: one number, or one for each input or channel that broadcasts on a sample of that shape."""
    low, high = ends
    if isinstance(low, float) and isinstance(high, float):
        return max(abs(low), abs(high))
    most = np.maximum(np.abs(low), np.abs(high))
    return most.reshape(shape if most.size == math.prod(shape) else (-1, 1, 1))


def of_inputs(ends: Ends, shape: Shape) -> tuple[Floats, Floats]:
    """Smallest and largest value of each input, ``(n_inputs,)``."""
    n = math.prod(shape)
    low, high = (np.broadcast_to(np.repeat(end, n // np.size(end)), (n,)) for end in ends)
    return low, high


def input_check(ends: Ends, shape: Shape, clip: bool) -> Callable[[ArrayLike], Floats]:
    """What checks samples ``(..., n_inputs)``: cuts them to the input range with `clip`, else an error outside it.

    For one range without `clip` it is the check itself, with no further call.
    """
    low, high = ends
    n = math.prod(shape)
    if not (isinstance(low, float) and isinstance(high, float)):
        return partial(_cut if clip else _inside, *of_inputs(ends, shape), n)
    return partial(_cut, low, high, n) if clip else partial(checks.array, "x", low=low, high=high, last=n)


def _cut(low: Range, high: Range, n: int, x: ArrayLike) -> Floats:
    return np.clip(checks.array("x", x, last=n), low, high)


def _inside(lows: Floats, highs: Floats, n: int, x: ArrayLike) -> Floats:
    values = checks.array("x", x, last=n)
    outside = np.argwhere((values < lows) | (values > highs))
    if len(outside):
        place = outside[0][-1]
        raise ValueError(
            f"x must lie in [{checks.plain(lows[place])}, {checks.plain(highs[place])}] in input {place}, "
            f"got {checks.plain(values[tuple(outside[0])])}"
        )
    return values
