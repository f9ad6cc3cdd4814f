"""Every good call: numbers of NumPy are numbers, arrays are copied, and every keyword of every class has an effect."""

import inspect
import re

import numpy as np
import pytest
from good_calls import CALLS, call_of, given, numbers, owner_of
from scipy.sparse import issparse

from sc_neurocore.bitstreams import Bitstream

CLASSES = [name for name in CALLS if name.count(".") == 1 and inspect.isclass(owner_of(name))]
QUICK = [name for name in CALLS if "Jax" not in name]


def told(value, skip="", depth=0):
    """What can be seen of a value: numbers, arrays, and the public attributes of objects of this library but `skip`."""
    if isinstance(value, Bitstream):
        return "stream", value.length, value.encoding, told(value.words)
    if issparse(value):
        return told((value.shape, value.data, value.indices, value.indptr))
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return tuple((told(key), told(each, skip, depth + 1)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(told(each, skip, depth + 1) for each in value)
    if type(value).__module__.startswith("sc_neurocore") and depth < 3:
        text = re.sub(" at 0x[0-9a-f]+", "", repr(value))
        text = re.sub(r"np\.u?int\d+\((\d+)\)", r"\1", text)  # of a seed
        seen = [("", re.sub(rf"\b{skip}=[^,)]*", "", text) if skip else text)]
        for name in dir(value):
            if name.startswith("_") or name == skip or inspect.isroutine(inspect.getattr_static(value, name)):
                continue
            try:
                seen.append((name, told(getattr(value, name), skip, depth + 1)))
            except (AttributeError, ValueError):  # there is none in this case
                continue
        return tuple(seen)
    return value if isinstance(value, int | float | str | bytes | None) else re.sub(" at 0x[0-9a-f]+", "", repr(value))


def outcome(call, positional, named, **options):
    """What a call gives, or its error."""
    try:
        return told(call(*positional, **named), **options)
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def with_numpy(value, integer, real):
    """Numbers of Python as those of NumPy, wherever they are the same ones."""
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return integer(value) if np.iinfo(integer).min <= value <= np.iinfo(integer).max else value
    if isinstance(value, float):
        return real(value) if float(real(value)) == value else value
    if type(value) in (tuple, list):
        return type(value)(with_numpy(each, integer, real) for each in value)
    if type(value) is dict:
        return {key: with_numpy(each, integer, real) for key, each in value.items()}
    return value


@pytest.mark.parametrize(("integer", "real"), [(np.uint8, np.float32), (np.int8, np.float16)])
def test_numbers_of_numpy_are_numbers(integer, real):
    """Of any width: nothing overflows and nothing is rounded on the way in."""
    wrong = []
    for name in QUICK:
        call, (positional, named) = call_of(name), CALLS[name]()
        given = with_numpy(list(positional), integer, real), with_numpy(named, integer, real)
        plain = outcome(call, positional, named)
        found = outcome(call_of(name), *given)
        if found != plain:
            wrong.append((name, difference(plain, found)))
    assert wrong == []


def difference(one, other, path=""):
    """The first place where two outcomes differ, as text."""
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            if a != b:
                return difference(a, b, f"{path}.{a[0] if isinstance(a, tuple) and a and isinstance(a[0], str) else k}")
    return f"{path}: {one!r:.150} and {other!r:.150}"


def arrays_in(value):
    """Arrays in arguments."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from arrays_in(each)


HOLDS = {"bitstreams.Bitstream.owning"}
"""Calls that hold what they are given, as their documentation says."""


@pytest.mark.parametrize("name", [name for name in CALLS if name in CLASSES or "from_" in name])
def test_arrays_are_copied(name):
    """What is made of arrays does not change with them."""
    positional, named = CALLS[name]()
    made = call_of(name)(*positional, **named)
    before = told(made)
    for array in arrays_in([positional, named]):
        if array.dtype.kind in "fiub":
            array[...] = 1 - array if array.dtype.kind != "b" else ~array
    assert told(made) == before


def test_what_holds_an_array_is_seen():
    class Holder:
        __module__ = "sc_neurocore"

        def __init__(self, array):
            self.array = array

        def __repr__(self):
            return "Holder"

    array = np.ones(3)
    made = Holder(array)
    before = told(made)
    array[0] = 0
    assert told(made) != before


WORDS = (
    "bernoulli", "sobol", "searched", "vdc", "unipolar", "bipolar", "split", "sum", "mean", "saturate", "or", "one",
    "independent", "rotate", "fresh", "stored", "wrap", "reflect", "zero", "sealed", "open", "killed", "pair",
    "coincidence", "reward", "clip", "tanh", "relu", "identity", "logistic", "max", "average", "classifier",
    "regressor", "normal", "lognormal", "cycle", "read", "float32", "float64", "layer", "feature", "samples", "shift",
    "same", "nearest", "stochastic", "renormalise", "exact", "first_order", "none", "excess", "error", "inputs",
    "weights",
)  # fmt: skip
ANYTHING = (None, 0, 1, 2, 3, 7, 64, 0.0, 0.25, 0.75, 2.5, True, False, *WORDS)
PLACES = {"backend", "use_gpu"}
"""Where is computed: the bits are the same everywhere."""


def others(value):
    """Values that a keyword may have instead of this one, the likely ones first."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value * 2, value / 2, value + 1, value - 1, -value)
    elif isinstance(value, str):
        yield from WORDS
    elif isinstance(value, list | tuple | np.ndarray):
        try:
            yield np.asarray(value) / 2
            yield np.asarray(value) + 1
            yield np.asarray(value)[::-1]
        except TypeError:
            yield value[::-1]
    elif isinstance(value, dict):
        yield from ({key: other} for key, each in value.items() for other in others(each))
        yield from ({**value, key: other} for key, each in value.items() for other in others(each))
    yield from ANYTHING


def behaviour(name, made, keyword):
    """What an object tells beside an attribute of that name, and what its calls give."""
    whole = "Jax" in name
    methods = [] if whole else [call for call in CALLS if call.rpartition(".")[0] == name and "from_" not in call]
    seen = [told(made, keyword)]
    for call in methods:
        positional, named = CALLS[call]()
        seen.append(outcome(getattr(made, call.rpartition(".")[2]), positional, named))
    return seen


def keywords_of(name):
    """Names of the arguments of a class."""
    return [
        parameter.name
        for parameter in inspect.signature(owner_of(name)).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]


def has_an_effect(name, keyword, base):
    """Whether another value of a keyword makes another object than `base` does."""
    signature = inspect.signature(owner_of(name))
    bound = signature.bind(*base[0], **base[1])
    bound.apply_defaults()
    good = bound.arguments[keyword]
    wanted = behaviour(name, owner_of(name)(*bound.args, **bound.kwargs), keyword)
    for value in others(good):
        bound.arguments[keyword] = value
        try:
            made = owner_of(name)(*bound.args, **bound.kwargs)
        except (ValueError, TypeError):
            continue
        if behaviour(name, made, keyword) != wanted:
            return True
    return False
