"""Every good call: numbers of NumPy are numbers, arrays are copied, and every keyword of every class has an effect."""

import copy
import inspect
import re
from dataclasses import is_dataclass
from itertools import combinations

import numpy as np
import pytest
from good_calls import CALLS, calibration, call_of, network, numbers, owner_of, stream
from scipy.sparse import issparse

import sc_neurocore as sc
from sc_neurocore import encoders, layers, networks, synapses
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.encoders import Ramp
from sc_neurocore.gates import Faults
from sc_neurocore.synapses import MemristorModel

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
    positional, named = copy.deepcopy(CALLS[name]())
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
    "regressor", "normal", "lognormal", "cycle", "read-out", "float32", "float64", "layer", "feature", "shift",
    "same", "nearest", "stochastic", "renormalise", "exact", "first_order", "none", "excess", "error", "inputs",
    "weights",
)  # fmt: skip
ANYTHING = (None, 0, 1, 2, 3, 7, 64, 0.0, 0.25, 0.75, 2.5, True, False, *WORDS)
PLACES = {"backend", "use_gpu"}
"""Where is computed: the bits are the same everywhere."""


SPECIAL = {
    "device": [MemristorModel(levels=3), MemristorModel(stuck_low_rate=0.5)],
    "faults": [Faults.flips(0.4)],
    "source": [Ramp(4)],
    "topology": [[-1, 0], [-1, -1]],
    "input_dims": [{"a": 3, "b": 3, "c": 3}, {"b": 3, "a": 3}],
    "fusion_weights": [{"a": 2.0, "b": 1.0}],
    "neuron_params": [{"noise_std": 0.0, "tau_mem": 3.0}],
    "n_branches": [1],
}
"""Values of a keyword that are no plain ones."""


def others(keyword, value):
    """Values that a keyword may have instead of this one, the likely ones first."""
    yield from SPECIAL.get(keyword, ())
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
        yield from ({key: other} for key, each in value.items() for other in others("", each))
        yield from ({**value, key: other} for key, each in value.items() for other in others("", each))
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


def variants(name):
    """Calls of a class: the good one, one with no more than it needs, those without one or two of its options."""
    positional, named = CALLS[name]()
    signature = inspect.signature(owner_of(name))
    full = dict(signature.bind(*positional, **named).arguments)
    options = [key for key in full if signature.parameters[key].default is not inspect.Parameter.empty]
    yield full
    yield {key: value for key, value in full.items() if key not in options}
    for count in (1, 2):
        for left_out in combinations(options, count):
            yield {key: value for key, value in full.items() if key not in left_out}


def made_of(name, arguments):
    """An object of a class."""
    bound = inspect.signature(owner_of(name)).bind_partial()
    bound.arguments.update(arguments)
    return owner_of(name)(*bound.args, **bound.kwargs)


def has_an_effect(name, keyword):
    """Whether another value of a keyword makes an object that behaves in another way."""
    skipped = "" if is_dataclass(owner_of(name)) else keyword  # of a record, a field is all that there is
    for base in variants(name):
        try:
            wanted = behaviour(name, made_of(name, base), skipped)
        except (ValueError, TypeError):
            continue
        for value in others(keyword, base.get(keyword)):
            try:
                made = made_of(name, {**base, keyword: value})
            except (ValueError, TypeError):
                continue
            if behaviour(name, made, skipped) != wanted:
                return True
    return False


NETWORK, OTHER = network(), sc.Network.from_arrays([numbers(2, 4)])
MAPPED = calibration()
GRAPH = (networks.Dense(numbers(2, 4), numbers(2), "relu"), networks.Elementwise("tanh"), networks.Add())
LAW, STEEPER = (synapses.ClippedLogarithm(0.0, slope, 0.0, 1.0) for slope in (0.05, 0.1))
MASK = np.eye(1, 3, dtype=bool)
Q, FOUR = numbers(3, 2), 0.2 + 0.5 * numbers(4)
XYZ, SOURCES, CHANGED = ["x", "y", "z"], ((-1,), (0,), (1, 0)), ((-1,), (0,), (0, 1))
PAIRS = {
    ("encoders.LFSR", "taps"): (lambda taps: encoders.LFSR(4, taps).sequence(9), (4, 3), (4, 1)),
    ("synapses.Defects", "stuck_low_mask"): (
        lambda mask: synapses.Defects(mask, 0 * MASK > 0, numbers(1, 3)).stuck(numbers(1, 3), 0.0, 1.0), MASK, ~MASK
    ),
    ("synapses.Defects", "stuck_high_mask"): (
        lambda mask: synapses.Defects(0 * MASK > 0, mask, numbers(1, 3)).stuck(numbers(1, 3), 0.0, 1.0), MASK, ~MASK
    ),
    ("synapses.DriftExponent", "mean"): (lambda law: synapses.DriftExponent(law, LAW), LAW, STEEPER),
    ("synapses.DriftExponent", "spread"): (lambda law: synapses.DriftExponent(LAW, law), LAW, STEEPER),
    ("recorders.MembraneRecorder", "dt_ms"): (lambda dt_ms: sc.recorders.MembraneRecorder(2, dt_ms).dt_ms, 0.5, 1.0),
    ("layers.JaxSCDenseLayer", "weights"): (
        lambda weights: layers.JaxSCDenseLayer(2, 3, 8, weights=weights).weights, numbers(2, 3), 1 - numbers(2, 3)
    ),
    ("layers.LateralInhibition", "seed"): (
        lambda seed: layers.LateralInhibition(6, generator="bernoulli", seed=seed).apply_bitstream(
            stream(shape=(2, 6), length=64)
        ),
        1, 2,
    ),
    ("layers.StochasticAttention", "generator"): (
        lambda generator: layers.StochasticAttention(2, generator=generator, seed=1).forward_bitstream(Q, Q, Q, 64),
        "bernoulli", "sobol",
    ),
    ("layers.StochasticAttention", "seed"): (
        lambda seed: layers.StochasticAttention(2, seed=seed).forward_bitstream(Q, Q, Q, 64), 1, 2
    ),
    ("networks.Calibration", "options"): (
        lambda options: networks.Calibration(options, MAPPED.layers), MAPPED.options, layers.CircuitOptions(16, "lfsr")
    ),
    ("networks.Calibration", "gains"): (
        lambda score: networks.Calibration(MAPPED.options, MAPPED.layers, [(0, "a", "b", 0.5, score)]), 0.5, 0.25
    ),
    ("networks.Circuit", "network"): (
        lambda net: networks.Circuit(net, layers.CircuitOptions(16)).forward(FOUR), NETWORK, OTHER
    ),
    ("networks.Circuit", "options"): (
        lambda length: networks.Circuit(NETWORK, layers.CircuitOptions(length)).forward(FOUR), 16, 32
    ),
    ("networks.Elementwise", "function"): (networks.Elementwise, "tanh", "gelu"),
    ("networks.Elementwise", "slope"): (lambda slope: networks.Elementwise("elu", slope), 1.0, 0.5),
    ("networks.Quantize", "rounding"): (lambda way: networks.Quantize(1.0, 0.0, -4.0, 3.0, way), "floor", "ceil"),
    ("networks.FixedPoint", "network"): (lambda net: networks.FixedPoint(net, 6).forward(FOUR), NETWORK, OTHER),
    **{
        (f"networks.{kind.__name__}", keyword): call
        for kind in (networks.Network, networks.NetworkDefinition)
        for keyword, call in (
            ("layers", (lambda parts, kind=kind: kind(parts).float_forward(numbers(4)), NETWORK.layers, OTHER.layers)),
            ("sources", (lambda taken, kind=kind: kind(GRAPH, sources=taken, names=XYZ), SOURCES, CHANGED)),
            ("names", (lambda names, kind=kind: kind(GRAPH, sources=SOURCES, names=names), XYZ, None)),
            ("calibration", (lambda own, kind=kind: kind(NETWORK.layers, calibration=own).digest(), None, MAPPED)),
            ("input_shape", (lambda shape, kind=kind: kind([networks.KWinners(1), networks.Pool2D("max", (1, 1)),
             networks.Dense(numbers(2, 4), numbers(2), "relu")], input_shape=shape), (1, 2, 2), (1, 1, 4))),
        )
    },
}  # fmt: skip
"""Calls with an argument whose other values must fit the rest: a function of it, and two values."""


@pytest.mark.parametrize("name", CLASSES)
def test_every_keyword_has_an_effect(name):
    if "Jax" in name:
        pytest.importorskip("jax")
    found = {key for key in keywords_of(name) if key not in PLACES and (name, key) not in PAIRS}
    assert {key for key in found if not has_an_effect(name, key)} == set()


@pytest.mark.parametrize("case", PAIRS, ids=".".join)
def test_pairs_of_values_differ(case):
    if "Jax" in case[0]:
        pytest.importorskip("jax")
    call, one, other = PAIRS[case]
    assert case[1] in keywords_of(case[0])
    assert told(call(one)) != told(call(other))


def test_a_keyword_without_effect_is_seen(monkeypatch):
    class Idle(layers.WinnerTakeAll):
        __module__ = "sc_neurocore"

        def __init__(self, n_neurons, k=1, *, target=None, backend=None, idle=0.5):
            super().__init__(n_neurons, k, target=target, backend=backend)
            self.idle = idle

    monkeypatch.setattr(layers, "WinnerTakeAll", Idle)
    assert not has_an_effect("layers.WinnerTakeAll", "idle")
    assert has_an_effect("layers.WinnerTakeAll", "k")
