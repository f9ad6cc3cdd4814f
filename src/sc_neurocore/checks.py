"""Argument checks: one clear sentence that names the argument, the rule and the value.

The sentence is only written once an argument is found wrong: layers check what they are given at every call.
"""

import reprlib
from collections.abc import Collection, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLOAT64 = np.dtype(np.float64)
LARGEST = 1e100
"""Bound of numbers that are multiplied or summed: three of them multiplied are still finite."""
_LONG = 80
"""Characters of a value in a sentence."""


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        bits = x.bit_length()  # the digits of a long integer are slow to find, and Python refuses the longest
        return repr(x) if bits <= 256 else f"an integer of {bits} bits"


_short = _Short()
_short.maxstring = _short.maxother = _LONG


def shown(value: Any) -> str:
    """A value as text for an error: its `repr` in one line, short also where the value is long.

    >>> shown("sobol"), shown(list(range(1000))), shown(-(10**400))
    ("'sobol'", '[0, 1, 2, 3, 4, 5, ...]', 'an integer of 1329 bits')
    """
    return " ".join(_short.repr(value).split())


def plain(number: float) -> str:
    """A number as text with all digits that tell it from its neighbours, and no others.

    >>> plain(1.0), plain(1.0000001), plain(0.1)
    ('1', '1.0000001', '0.1')
    """
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Check an integer: `value` as an int in low..high.

    >>> whole("length", 0, 1)
    Traceback (most recent call last):
    ValueError: length must be an integer of at least 1, got 0
    """
    if type(value) is int and low <= value and (high is None or value <= high):
        return value
    integer = isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)
    if integer and low <= value and (high is None or value <= high):
        return int(value)
    rule = f"{name} must be an integer " + (f"of at least {low}" if high is None else f"in {low}..{high}")
    raise ValueError(f"{rule}, got {shown(int(value))}") if integer else TypeError(f"{rule}, got {shown(value)}")


def flag(name: str, value: Any) -> bool:
    """Check a flag: `value` as a bool."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def real(name: str, value: Any, low: float, high: float) -> float:
    """Check a number: `value` as a float in [low, high]."""
    if type(value) is float and low <= value <= high:
        return value
    number = _float(value)
    if number is not None and low <= number <= high:
        return number
    raise _wrong_number(f"{name} must be a number in [{plain(low)}, {plain(high)}]", value)


def positive(name: str, value: Any) -> float:
    """Check a positive number: `value` as a finite float above 0."""
    number = _float(value)
    if number is not None and 0 < number < np.inf:
        return number
    raise _wrong_number(f"{name} must be a finite number above 0", value)


def _float(value: Any) -> float | None:
    """A real number as a float, NaN if it is too large for one; None for anything else, truth values included."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, bool | np.timedelta64):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def _wrong_number(rule: str, value: Any) -> Exception:
    if _float(value) is None:
        return TypeError(f"{rule}, got {shown(value)}")
    return ValueError(f"{rule}, got {shown(value.item() if isinstance(value, np.generic) else value)}")


def option(name: str, value: Any, options: Collection[str]) -> str:
    """Check a choice: `value`, one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(options)}, got {shown(value)}")
    return str(value)


def entries(name: str, value: Any) -> list[Any]:
    """Check a sequence: its entries, of which there may be none; text is no sequence.

    >>> entries("classes", "cat")
    Traceback (most recent call last):
    TypeError: classes must be a sequence, got 'cat'
    """
    if not np.iterable(value) or isinstance(value, str | bytes):
        raise TypeError(f"{name} must be a sequence, got {shown(value)}")
    return list(value)


def instance(name: str, value: Any, kind: type[Any]) -> None:
    """Check the class of a value: an error unless it is a `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, got {shown(value)}")


def each(name: str, value: Any) -> list[Any]:
    """Check a list of values that may be given as a single one: its entries, at least one.

    >>> each("lengths", 256), each("generators", "sobol"), each("lengths", (64, 256))
    ([256], ['sobol'], [64, 256])
    """
    found = list(value) if np.iterable(value) and not isinstance(value, str | bytes) else [value]
    if not found:
        raise ValueError(f"{name} must have at least one entry, got none")
    return found


def array(
    name: str,
    value: ArrayLike,
    low: float = -np.inf,
    high: float = np.inf,
    shape: tuple[int | None, ...] | None = None,
    last: int | None = None,
) -> NDArray[np.float64]:
    """Check an array: `value` as float64, finite numbers in [low, high].

    `shape` is the shape that it must have (None: any size), `last` the size of its last axis. Integers, truth values,
    floats of any width and objects that are real numbers are rounded to float64; text, dates, complex numbers and
    masked entries are none.
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
    numbers = _real_numbers(name, value)
    bounded(name, numbers, low, high, shape, last)
    return numbers


def unmasked(name: str, value: ArrayLike, what: str = "real numbers") -> NDArray[Any]:
    """Check a mask: `value` as a plain array of its own type, with no entry that is masked, so none that gets lost.

    `what` says in an error what the array holds.
    """
    kind = type(value).__name__
    try:
        given = np.asarray(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:  # rows of unequal length; a library's own
        raise TypeError(f"{name} must be an array of {what}, got {kind}: {error}".splitlines()[0]) from error
    if _masked(value, given.ndim):
        raise ValueError(f"{name} must have no masked entry, got {kind} of shape {given.shape} with some")
    return given


def _real_numbers(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as float64, if every entry is a real number and none is masked."""
    given = unmasked(name, value)
    rule, kind = f"{name} must be an array of real numbers", type(value).__name__
    if given.dtype.kind not in "buifO":
        raise TypeError(f"{rule}, got {kind} of {given.dtype}")
    if given.dtype.kind == "O":
        for entry in given.flat:
            if not isinstance(entry, Real | Decimal | np.bool_):
                raise TypeError(f"{rule}, got {kind} with {shown(entry)}")
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # too wide, a signalling NaN: no check lets these pass
            return given.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be numbers that float64 holds, got {kind}: {error}") from error


def _masked(value: Any, depth: int) -> bool:
    """Whether an entry of a masked array, or of masked arrays in lists, is masked."""
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    return depth > 1 and isinstance(value, list | tuple) and any(_masked(part, depth - 1) for part in value)


def bounded(
    name: str,
    numbers: NDArray[np.floating],
    low: float = -np.inf,
    high: float = np.inf,
    shape: tuple[int | None, ...] | None = None,
    last: int | None = None,
) -> None:
    """Check an array of floats of any width without converting it: raise the error of `array` unless it fits."""
    _check_shape(name, numbers.shape, shape)
    if last is not None and (numbers.ndim == 0 or numbers.shape[-1] != last):
        raise ValueError(f"{name} must have shape (..., {last}), got {numbers.shape}")
    if numbers.size:
        smallest, largest = numbers.min(), numbers.max()
        if not (-np.inf < smallest and largest < np.inf):  # false for NaN too
            bad = numbers[~np.isfinite(numbers)][0]
            raise ValueError(f"{name} must be finite, got {bad}")
        if smallest < low or largest > high:
            bad = smallest if smallest < low else largest
            raise ValueError(f"{name} must lie in [{plain(low)}, {plain(high)}], got {bad}")


def _check_shape(name: str, found: tuple[int, ...], shape: tuple[int | None, ...] | None) -> None:
    """An error unless the shape that was found is `shape`, whose None stand for any size; None: any shape."""
    if shape is not None and (
        len(found) != len(shape) or any(want not in (None, have) for want, have in zip(shape, found, strict=True))
    ):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {found}")


def spikes(name: str, value: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Check spikes: `value` as an array of that shape, of 0 and 1; integers and truth values keep their type."""
    given = unmasked(name, value)
    if given.dtype.kind in "bu":
        bounded(name, given, 0, 1, shape)
        return given
    numbers = array(name, given, 0, 1, shape=shape)
    between = (numbers != 0) & (numbers != 1)
    if between.any():
        raise ValueError(f"{name} must be 0 or 1, got {numbers[between][0]}")
    return numbers


def state_keys(state: Mapping[str, Any], own: Collection[str]) -> None:
    """Check a state dict: it must have the keys `own`, and no other."""
    instance("state", state, Mapping)
    missing = sorted(set(own) - state.keys())
    unknown = sorted(key if isinstance(key, str) else shown(key) for key in state.keys() - set(own))
    if missing or unknown:
        raise ValueError(f"state must have the keys of state_dict(); missing {missing}, unknown {unknown}")


def integers(
    name: str, value: ArrayLike, low: int, high: int, shape: tuple[int | None, ...] | None = None
) -> NDArray[np.int64]:
    """Check an array of integers: `value` as int64, each of them in low..high; see `places`.

    `shape` is the shape that it must have (None: any size). Floats are refused, whole ones too.

    >>> integers("places", [0, 4], 0, 3)
    Traceback (most recent call last):
    ValueError: places must lie in 0..3, got 4
    """
    return places(name, value, low, high, shape).astype(np.int64, copy=False)


def places(
    name: str, value: ArrayLike, low: int, high: int, shape: tuple[int | None, ...] | None = None
) -> NDArray[np.integer]:
    """Check an array of integers as `integers` does: `value` in the type that it has, so not copied."""
    given = value if type(value) is np.ndarray else unmasked(name, value, "integers")
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an array of integers, got {given.dtype}")
    _check_shape(name, given.shape, shape)
    if given.size and not (low <= given.min() and given.max() <= high):
        bad = given.min() if given.min() < low else given.max()
        raise ValueError(f"{name} must lie in {low}..{high}, got {bad}")
    return given


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
        raise ValueError(f"{name} must be at most 2**40, got {shown(number)}")
    return number
