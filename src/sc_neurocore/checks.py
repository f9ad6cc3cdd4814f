"""Argument checks: one clear sentence that names the argument, the rule and the value.

The sentence is only written once an argument is found wrong: layers check what they are given at every call.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLOAT64 = np.dtype(np.float64)
LARGEST = 1e100
"""Bound of numbers that are multiplied or summed: three of them multiplied are still finite."""


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Check an integer: `value` as an int in low..high.

    >>> whole("length", 0, 1)
    Traceback (most recent call last):
    ValueError: length must be an integer of at least 1, got 0
    """
    if type(value) is int and low <= value and (high is None or value <= high):
        return value
    rule = f"{name} must be an integer " + (f"of at least {low}" if high is None else f"in {low}..{high}")
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{rule}, got {value!r}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{rule}, got {value}")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """Check a flag: `value` as a bool."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def real(name: str, value: Any, low: float, high: float) -> float:
    """Check a number: `value` as a float in [low, high]."""
    if type(value) is float and low <= value <= high:
        return value
    rule = f"{name} must be a number in [{low:g}, {high:g}]"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{rule}, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{rule}, got {value}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """Check a positive number: `value` as a finite float above 0."""
    rule = f"{name} must be a finite number above 0"
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{rule}, got {value!r}")
    if not 0 < value < np.inf:
        raise ValueError(f"{rule}, got {value}")
    return float(value)


def option(name: str, value: Any, options: Collection[str]) -> str:
    """Check a choice: `value`, one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}, got {value!r}")
    return str(value)


def array(
    name: str,
    value: ArrayLike,
    low: float = -np.inf,
    high: float = np.inf,
    shape: tuple[int | None, ...] | None = None,
    last: int | None = None,
) -> NDArray[np.float64]:
    """Check an array: `value` as float64, finite numbers in [low, high].

    `shape` is the shape that it must have (None: any size), `last` the size of its last axis.
    """
    if (  # what a layer is given again and again: no further call, no copy
        type(value) is np.ndarray
        and value.dtype == _FLOAT64
        and value.size
        and (shape is None or value.shape == shape)
        and (last is None or value.shape[-1:] == (last,))
        and low <= (smallest := np.minimum.reduce(value, None))
        and (largest := np.maximum.reduce(value, None)) <= high
        and -np.inf < smallest
        and largest < np.inf
    ):
        return value
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "buifO":
            raise TypeError(f"{given.dtype} is no type of real numbers")
        numbers = given.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be an array of real numbers, got {type(value).__name__}") from error
    bounded(name, numbers, low, high, shape, last)
    return numbers


def bounded(
    name: str,
    numbers: NDArray[np.floating],
    low: float = -np.inf,
    high: float = np.inf,
    shape: tuple[int | None, ...] | None = None,
    last: int | None = None,
) -> None:
    """Check an array of floats of any width without converting it: raise the error of `array` unless it fits."""
    if shape is not None and (
        numbers.ndim != len(shape)
        or any(want not in (None, have) for want, have in zip(shape, numbers.shape, strict=True))
    ):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {numbers.shape}")
    if last is not None and (numbers.ndim == 0 or numbers.shape[-1] != last):
        raise ValueError(f"{name} must have shape (..., {last}), got {numbers.shape}")
    if numbers.size:
        smallest, largest = numbers.min(), numbers.max()
        if not (-np.inf < smallest and largest < np.inf):  # false for NaN too
            bad = numbers[~np.isfinite(numbers)][0]
            raise ValueError(f"{name} must be finite, got {bad}")
        if smallest < low or largest > high:
            bad = smallest if smallest < low else largest
            raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got {bad}")


def spikes(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    """Check spikes: `value` as an array of that shape, of 0 and 1."""
    numbers = array(name, value, 0, 1, shape=shape)
    between = (numbers != 0) & (numbers != 1)
    if between.any():
        raise ValueError(f"{name} must be 0 or 1, got {numbers[between][0]}")
    return numbers


def state_keys(state: Mapping[str, Any], own: Collection[str]) -> None:
    """Check a state dict: it must have the keys `own`, and no other."""
    missing, unknown = sorted(set(own) - state.keys()), sorted(state.keys() - set(own))
    if missing or unknown:
        raise ValueError(f"state must have the keys of state_dict(); missing {missing}, unknown {unknown}")


def integers(
    name: str, value: ArrayLike, low: int, high: int, shape: tuple[int | None, ...] | None = None
) -> NDArray[np.int64]:
    """Check an array of integers: `value` as int64, each of them in low..high.

    `shape` is the shape that it must have (None: any size). Floats are refused, whole ones too.

    >>> integers("places", [0, 4], 0, 3)
    Traceback (most recent call last):
    ValueError: places must lie in 0..3, got 4
    """
    try:
        given = np.asarray(value)
    except ValueError as error:  # rows of unequal lengths
        raise TypeError(f"{name} must be an array of integers, got {type(value).__name__}") from error
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an array of integers, got {given.dtype}")
    if shape is not None and (
        given.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, given.shape, strict=True))
    ):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {given.shape}")
    if given.size and not (low <= given.min() and given.max() <= high):
        bad = given.min() if given.min() < low else given.max()
        raise ValueError(f"{name} must lie in {low}..{high}, got {bad}")
    return given.astype(np.int64, copy=False)


LARGEST_COUNT = 1 << 40
"""Bound of sizes, lengths and numbers of steps: more than memory holds, and far from overflow in 64 bits."""


def count(name: str, value: Any, low: int) -> int:
    """Check a size, a length or a number of steps: `value` as an int in low..2**40.

    >>> count("length", 10**30, 1)
    Traceback (most recent call last):
    ValueError: length must be at most 2**40, got 1000000000000000000000000000000
    """
    number = whole(name, value, low)
    if number > LARGEST_COUNT:
        raise ValueError(f"{name} must be at most 2**40, got {number}")
    return number
