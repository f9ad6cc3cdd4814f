"""Calls with wrong arguments, at random: run as ``python bad_calls.py CALLS SEED LOG [NAME]``, one call after another.

A call of `good_calls` has one or two of its arguments replaced. It must return something sensible or raise a
ValueError or TypeError that names an argument. Each call is written to the file LOG before it is made, so that the
last line is the one that stopped the interpreter. What breaks the rule is printed, a line each.
"""

import inspect
import math
import re
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from good_calls import CALLS, call_of, stream

from sc_neurocore.bitstreams import Bitstream

MEMORY = 3 << 30
"""Bytes that calls may take: what does not fit raises a MemoryError."""
RARE = {"Jax": 0.02}
"""Share of the calls of functions that are compiled for every new shape."""

WORDS = ("", "nonsense", "bernoulli", "sobol", "split", "bipolar", "sum", "or", "rotate", "tanh", "reward", "numba")
SCALARS: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 3, 7, 64, 65, -(2**63), 2**62, 2**63, 2**64, 10**30, 10**400, -0.5, 0.0, 0.5, 1.0,
    1.5, 5e-324, 1e-300, 1e99, 1e300, 1.7e308, math.nan, math.inf, -math.inf, b"x", 1j, np.int8(3), np.uint8(200),
    np.uint64(2**63), np.float32(0.5), np.float64(2.0), np.bool_(True), np.datetime64("2020-01-01"), object(), len,
    *WORDS,
)  # fmt: skip
ARRAYS: tuple[Any, ...] = (
    [], [[]], [1], (1, 2), (2, 3), (-1,), [[1, 2], [3]], {}, {"a": 1}, {"tau_mem": math.nan}, {1: 2}, [math.nan, 2],
    np.zeros(0), np.zeros((0, 3)), np.zeros((2, 0)), np.ones(3), np.ones((2, 3)), np.ones((1, 1, 1, 1, 1)),
    np.array(0.5), np.full((2, 3), math.nan), np.full(3, 2**63, np.uint64), np.arange(6)[::-2], ["a", "b"],
    np.array([1, None], object), np.zeros(3, "datetime64[s]"), np.array([1 + 2j]), range(3), [True, False],
)  # fmt: skip


def spoiled_array(array: np.ndarray[Any, Any], rng: np.random.Generator) -> Any:
    """Another array: shape, type, memory or values."""
    if not array.size or array.dtype.kind not in "biuf":
        return ARRAYS[rng.integers(len(ARRAYS))]
    array = np.atleast_1d(array)
    kind = int(rng.integers(22))
    floats = array.astype(np.float64)
    at = tuple(int(rng.integers(size)) for size in array.shape)
    if kind < 8:
        return (
            array.T, array[None], array[..., None], array[:0], array[..., :0], np.concatenate([array, array]),
            array[0] if array.ndim else array, array[..., :-1] if array.ndim else array,
        )[kind]  # fmt: skip
    if kind < 13:
        edited = floats.copy()
        edited[at] = (math.nan, math.inf, -1.0, 1e300, 1.0000001)[kind - 8]
        return edited
    if kind == 13:
        return array.astype(
            str(rng.choice(["f4", "f2", "i1", "u1", "i8", "u8", "u4", "?", "c16", "O", "U8", ">f8", "g"]))
        )
    if kind == 14:
        return np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
    if kind == 15:
        return np.asfortranarray(array)
    if kind == 16:
        return np.broadcast_to(array[:1] if array.ndim else array, array.shape)
    if kind == 17:
        edited = array.copy()
        edited.flags.writeable = False
        return edited
    if kind == 18:
        return np.ma.masked_array(array, mask=np.arange(array.size).reshape(array.shape) % 2 == 0)
    if kind == 19:
        return array.tolist()
    if kind == 20:
        edited = array.astype(np.int64)
        edited[at] = int(rng.choice([-1, 2**31, 2**62, 10**6]))
        return edited
    return floats * float(rng.choice([-1.0, 1e-320, 1e99, 1e300, 7.0]))


def spoiled(good: Any, rng: np.random.Generator) -> Any:
    """Something that is put in the place of a good argument."""
    choice = rng.random()
    if choice < 0.3:
        return SCALARS[rng.integers(len(SCALARS))]
    if choice < 0.4:
        return ARRAYS[rng.integers(len(ARRAYS))]
    if choice < 0.45:
        encoding = str(rng.choice(["unipolar", "bipolar", "split"]))
        shape = ((), (3,), (2, 3), (0, 3), (1, 4, 4))[rng.integers(5)]
        return stream(encoding, shape, int(rng.choice([1, 8, 65])), int(rng.integers(9)))
    if isinstance(good, np.ndarray):
        return spoiled_array(good, rng)
    if isinstance(good, list | tuple) and good and isinstance(good[0], int | float | list):
        return spoiled_array(np.asarray(good), rng) if len({np.shape(row) for row in good}) == 1 else [good]
    if isinstance(good, Bitstream):
        return good.words if rng.random() < 0.3 else stream(good.encoding, good.shape[:-1], good.length)
    if isinstance(good, bool):
        return int(good)
    if isinstance(good, int) and abs(good) < 1 << 60:
        others = (good + 1, good - 1, -good, good * 100, str(good)[:9], np.uint8(good % 256), [good], good + 0.5)
        return others[rng.integers(8)]
    if isinstance(good, float) and math.isfinite(good):
        return (-good, good * 10, good * 1e99, good * 1e-320, np.float32(good), [good], str(good))[rng.integers(7)]
    if isinstance(good, tuple) and hasattr(good, "_replace"):  # a record, such as a state
        name = str(rng.choice(good._fields))
        return good._replace(**{name: spoiled(getattr(good, name), rng)})
    if isinstance(good, dict) and good:
        name = list(good)[rng.integers(len(good))]
        return good | {name: spoiled(good[name], rng)}
    return SCALARS[rng.integers(len(SCALARS))]


def numbers_in(value: Any, depth: int = 0) -> Iterator[np.ndarray[Any, Any]]:
    """All float arrays in a value."""
    if isinstance(value, Bitstream) or depth > 4:
        return
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for part in value[:50]:
            yield from numbers_in(part, depth + 1)
    elif isinstance(value, float | np.ndarray | np.floating) and np.asarray(value).dtype.kind == "f":
        yield np.asarray(value)


def finite(value: Any) -> bool:
    """Whether no number in it is NaN or infinite."""
    return all(bool(np.isfinite(array).all()) for array in numbers_in(value))


def text_of(name: str, arguments: dict[str, Any]) -> str:
    """The call in a line."""

    def shown(value: Any) -> str:
        if isinstance(value, np.ndarray):
            flags = "" if value.flags.writeable and value.flags.c_contiguous else " (read-only or strided)"
            return f"{value.dtype}{value.shape}{flags} {value.tolist()!r}"
        return repr(value) if not isinstance(value, int) or abs(value) < 1 << 70 else f"10**{len(str(value)) - 1}"

    inner = ", ".join(f"{key}={' '.join(shown(value).split())[:120]}" for key, value in arguments.items())
    return f"{name}({inner})"[:1500]


def names_an_argument(message: str, names: set[str]) -> bool:
    """Whether a message has the name of an argument as a word."""
    return any(re.search(rf"\b{re.escape(name)}\b", message) for name in names)


def tried(call: Callable[..., Any], bound: inspect.BoundArguments, bad: set[str]) -> str | None:
    """Make a call; what is wrong with its outcome, or None."""
    names = set(bound.signature.parameters) | set(bound.kwargs)
    names |= {"seed"} if "base_seed" in names else set()  # two names of one argument
    names |= {
        key for value in bound.arguments.values() if isinstance(value, dict) for key in value if isinstance(key, str)
    }
    before = {key: value.copy() for key, value in bound.arguments.items() if isinstance(value, np.ndarray)}
    documents = f"{call.__doc__} {getattr(type(getattr(call, '__self__', None)), '__doc__', '')}"
    wrong = None
    try:
        result = call(*bound.args, **bound.kwargs)
    except (ValueError, TypeError) as error:
        if not names_an_argument(str(error), names):
            wrong = f"{type(error).__name__} names no argument: {error}"
    except MemoryError:
        wrong = None  # a size in range for which this machine has too little memory
    except Exception as error:
        if type(error).__name__ not in documents or not names_an_argument(str(error), names):
            wrong = f"{type(error).__name__}: {error}"
    else:
        given_finite = finite(tuple(bound.arguments[key] for key in bad if key in bound.arguments))
        if not all(bool(not np.isnan(array).any()) for array in numbers_in(result)):
            wrong = "NaN out of finite arguments" if given_finite else "NaN accepted"
    if wrong is None and any(repr(old.tolist()) != repr(bound.arguments[key].tolist()) for key, old in before.items()):
        wrong = "an argument was changed"
    return wrong and " ".join(wrong.split())


def bad_call(name: str, rng: np.random.Generator) -> tuple[Callable[..., Any], inspect.BoundArguments, set[str]]:
    """A call of that name with one or two bad arguments, and their names."""
    call = call_of(name)
    positional, named = CALLS[name]()
    bound = inspect.signature(call).bind(*positional, **named)
    places = [
        (key, None) for key in bound.arguments if not isinstance(bound.arguments[key], dict) or key not in bound.kwargs
    ]
    catch_all = {p.name for p in bound.signature.parameters.values() if p.kind is p.VAR_KEYWORD}
    bad: set[str] = set()
    for _ in range(1 if rng.random() < 0.8 else 2):
        key, _unused = places[rng.integers(len(places))]
        if key in catch_all:
            options = bound.arguments[key]
            option = list(options)[rng.integers(len(options))]
            bound.arguments[key] = options | {option: spoiled(options[option], rng)}
        else:
            bound.arguments[key] = spoiled(bound.arguments[key], rng)
        bad.add(key)
    return call, bound, bad


def main(calls: int, seed: int, log: Path, only: str = "") -> int:
    """Make the calls; returns how many broke the rule."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    warnings.simplefilter("ignore")  # an overflow shows in the result
    rng = np.random.default_rng(seed)
    names = [name for name in CALLS if only in name]
    weights = np.array([min([1.0, *(share for part, share in RARE.items() if part in name)]) for name in names])
    broken = 0
    with log.open("w", buffering=1) as lines:
        for _ in range(calls):
            name = names[rng.choice(len(names), p=weights / weights.sum())]
            with warnings.catch_warnings(action="ignore"):  # of the spoiling, such as an overflow
                call, bound, bad = bad_call(name, rng)
            text = text_of(name, dict(bound.arguments))
            lines.write(text + "\n")
            wrong = tried(call, bound, bad)
            if wrong:
                broken += 1
                print(f"{wrong} <- {text}", flush=True)
    return broken


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]), 100))
