"""Every public attribute of every public class acts when it is assigned or edited, or cannot be."""

import dataclasses
import inspect
import pickle
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import attribute_cases_sensors
import attribute_cases_weighted
import numpy as np
import pytest
from attribute_cases_sensors import STREAMS
from attribute_cases_weighted import IMAGES, WEIGHTS, AttributeCase, W, X
from scipy.sparse import issparse

import sc_neurocore as sc
from sc_neurocore import layers
from sc_neurocore.layers import (
    LateralInhibition,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCFusionLayer,
    SCRecurrentLayer,
    StochasticAttention,
    WinnerTakeAll,
)  # fmt: skip

PACKAGES = ("encoders", "gates", "layers", "networks", "neurons", "recorders", "sources", "synapses")
COPIES = {"state", "branch_voltages", "soma_v"}
"""Attributes that are copies, as their documentation says: an edit is one of the copy."""
CASES = attribute_cases_weighted.CASES | attribute_cases_sensors.CASES
LEARNT = {
    "weights", "kernels", "bias", "ideal_weights", "weights_csr", "thresholds", "source.weight_values",
    "W_in", "W_rec", "readout", "fusion_weights",
}  # fmt: skip
FITTED = {"reservoir", "sparse reservoir"}
"""Cases that are fitted before they are tested: to reset the weights takes the fit away."""


def ours(value: Any) -> bool:
    """Whether a value is a part: an object of this library, or a tuple of numbers with names."""
    return type(value).__module__.startswith(sc.__name__) and not isinstance(value, np.ndarray | ModuleType)


def walk(owner: Any, path: str = "", above: tuple[int, ...] = ()) -> Iterator[tuple[str, Any, str, Any]]:
    """Path, owner, name and value of all public attributes that are no methods, and of those of the parts."""
    for name in dir(owner):
        if name.startswith("_") or inspect.isroutine(inspect.getattr_static(owner, name)):
            continue
        try:
            value = getattr(owner, name)
        except AttributeError:  # such as the sparse matrix of a dense layer
            continue
        yield f"{path}{name}", owner, name, value
        if ours(value) and id(value) not in above:
            yield from walk(value, f"{path}{name}.", (*above, id(owner)))


def reach(owner: Any, path: str) -> tuple[Any, str]:
    """Owner and name of an attribute of a part."""
    *parts, name = path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    return owner, name


def edit(owner: Any, path: str, value: Any) -> None:
    """Give an array, the data of a sparse array, or a dict, another value."""
    held = getattr(*reach(owner, path))
    if isinstance(held, Mapping):
        held.update(value)
    elif issparse(held):
        held.data[:] = value.data
    else:
        held[...] = value


def arrays(value: Any) -> list[Any]:
    if issparse(value):
        return [value.indices, value.indptr, value.data]
    return [value] if isinstance(value, np.ndarray) else []


def public_classes() -> set[type]:
    modules = [sc, *(getattr(sc, package) for package in PACKAGES)]
    every = [getattr(module, name) for module in modules for name in module.__all__]
    return {each for each in every if inspect.isclass(each)}


# ---------------------------------------------------------------- the walk


def test_no_public_class_is_left_out():
    """But abstract ones, dicts and tuples, and frozen dataclasses, which cannot be set."""
    made = {kind for case in CASES.values() for kind in type(case.make()).__mro__}
    left = {
        kind
        for kind in public_classes() - made
        if not inspect.isabstract(kind)
        and not issubclass(kind, dict | tuple)
        and not (dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen)
    }
    without_jax: set[type] = set() if find_spec("jax") else {layers.JaxSCDenseLayer}
    assert left == without_jax
    assert len(public_classes()) > 50


def test_the_walk_sees_attributes():
    found = {path for path, *_ in walk(CASES["predictive coding"].make())}
    assert {"lr", "k", "weights", "learning", "generator", "learning.lr"} < found
    assert "forward" not in found


class Careless:
    """What the walk is to find: an attribute without an effect, and an array without one."""

    def __init__(self) -> None:
        self.number, self.array = 3, np.zeros(2)


def test_the_walk_finds_what_is_careless(monkeypatch):
    monkeypatch.setitem(CASES, "careless", AttributeCase(Careless))
    with pytest.raises(pytest.fail.Exception):
        test_what_is_not_declared_cannot_be_set("careless")
    with pytest.raises(pytest.fail.Exception):
        test_arrays_that_are_not_declared_are_read_only("careless")


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_declared_cannot_be_set(name):
    case = CASES[name]
    made = case.make()
    before, found = repr(made), list(walk(made))
    assert case.settable.keys() | case.editable.keys() <= {path for path, *_ in found}
    for path, owner, attribute, held in found:
        if path in case.settable:
            continue
        for value in (held, 7, None):
            with pytest.raises(AttributeError):
                setattr(owner, attribute, value)
        with pytest.raises(AttributeError):
            delattr(owner, attribute)
    assert repr(made) == before


@pytest.mark.parametrize("name", CASES)
def test_arrays_that_are_not_declared_are_read_only(name):
    case = CASES[name]
    may_be_edited = case.editable.keys()
    for path, owner, attribute, value in walk(case.make()):
        if attribute in COPIES:
            before = np.copy(value)
            for part in arrays(value):
                part[...] = 7
            np.testing.assert_array_equal(getattr(owner, attribute), before)
            continue
        for part in arrays(value)[: 2 if path in may_be_edited and issparse(value) else None]:
            if path in may_be_edited and not issparse(value):
                assert part.flags.writeable, path
            elif part.size:
                with pytest.raises(ValueError, match=r"read-only"):
                    part[...] = 0
        if isinstance(value, Mapping) and path not in may_be_edited and not isinstance(value, sc.recorders.Summary):
            with pytest.raises(TypeError):
                value[next(iter(value))] = 0


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, case in CASES.items() for path in sorted(case.settable)]
)
def test_what_can_be_set_acts(name, path):
    case = CASES[name]
    value, call = case.settable[path]
    made, same = case.make(), case.make()
    owner, attribute = reach(same, path)
    if not (path == "weights" and hasattr(owner, "ideal_weights")):  # those are of a chip, which errs once more
        setattr(owner, attribute, getattr(owner, attribute))
    plain = np.copy(call(case.make()))
    np.testing.assert_array_equal(call(same), plain)
    owner, attribute = reach(made, path)
    setattr(owner, attribute, value)
    copy = pickle.loads(pickle.dumps(made))
    found = np.copy(call(made))
    assert not np.array_equal(found, plain)
    np.testing.assert_array_equal(call(copy), found)


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_value_changes_nothing(name):
    case = CASES[name]
    made, fresh = case.make(), case.make()
    for path, (_, call) in case.settable.items():
        owner, attribute = reach(made, path)
        for value in (np.nan, "x", -1.0):
            with pytest.raises((ValueError, TypeError), match=rf"^{attribute}\b"):
                setattr(owner, attribute, value)
        np.testing.assert_array_equal(call(made), call(fresh))


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, case in CASES.items() for path in sorted(case.editable)]
)
def test_what_can_be_edited_acts(name, path):
    """As an assignment does, where there is one, and whatever a call has kept from before."""
    case = CASES[name]
    value, call = case.editable[path]
    made = case.make()
    plain = np.copy(call(case.make()))
    if path in LEARNT and hasattr(made, "reset") and "learning" not in name:
        call(made)
        made.reset()
    edit(made, path, value)
    copy = pickle.loads(pickle.dumps(made))
    found = np.copy(call(made))
    assert not np.array_equal(found, plain)
    np.testing.assert_array_equal(call(copy), found)
    if path in case.settable:
        assigned = case.make()
        setattr(*reach(assigned, path), value)
        np.testing.assert_array_equal(found, call(assigned))


# ---------------------------------------------------------------- reset


OF_LAYERS = [
    (name, path)
    for name, case in CASES.items()
    for path in case.editable
    if path in LEARNT and name not in ("source", "one current", "stream synapse")
]


@pytest.mark.parametrize(("name", "path"), OF_LAYERS)
def test_reset_rewinds_and_forgets_only_if_told(name, path):
    case = CASES[name]
    value, call = case.editable[path]
    made = case.make()
    first = {key: np.copy(held) for key, held in made.state_dict().items()} if hasattr(made, "state_dict") else {}
    plain = np.copy(call(made))
    learns = name in ("learning", "plastic")
    made.reset(weights=learns)
    np.testing.assert_array_equal(call(made), plain)
    made.reset(weights=learns)
    edit(made, path, value)
    found = np.copy(call(made))
    assert not np.array_equal(found, plain)
    if not learns:
        made.reset()
        np.testing.assert_array_equal(call(made), found)
    if name in FITTED:
        return
    made.reset(weights=True)
    for key, held in first.items():
        np.testing.assert_array_equal(made.state_dict()[key], held)
    np.testing.assert_array_equal(call(made), plain)


@pytest.mark.parametrize("name", CASES)
def test_reset_takes_weights(name):
    """States and generators rewind; with weights=True the layer is as it was made."""
    made = CASES[name].make()
    if "weights" not in inspect.signature(getattr(made, "reset", lambda: None)).parameters:
        return
    made.reset(weights=False)
    made.reset(weights=True)
    with pytest.raises(TypeError, match=r"^weights must be True or False, got 1$"):
        made.reset(weights=1)
    if name not in FITTED and hasattr(made, "state_dict"):
        np.testing.assert_equal(made.state_dict(), CASES[name].make().state_dict())


@pytest.mark.parametrize("kind", [sc.VectorizedSCLayer, sc.SCConv2DLayer])
@pytest.mark.parametrize("sparse", [False, True])
def test_given_weights_are_those_of_construction(kind, sparse):
    if kind is sc.SCConv2DLayer:
        layer, name = kind.from_kernels(WEIGHTS.reshape(3, 1, 2, 2), length=64, seed=1), "kernels"
    else:
        given = np.where(W > 0.4, W, 0) if sparse else W
        layer, name = kind.from_weights(given, 64, sparse=sparse, seed=1), "weights"
    first = getattr(layer, name).copy()
    setattr(layer, name, first / 2)
    layer.reset()
    np.testing.assert_array_equal(getattr(layer, name), first / 2)
    layer.reset(weights=True)
    np.testing.assert_array_equal(getattr(layer, name), first)


@pytest.mark.skipif(not find_spec("jax"), reason="no JAX")
def test_given_weights_are_those_of_construction_on_jax():
    given = W.copy()
    layer = layers.JaxSCDenseLayer(3, 4, 64, seed=1, weights=given)
    given[:] = 0
    layer.weights = W / 2
    layer.reset()
    np.testing.assert_array_equal(layer.weights, W / 2)
    for _ in range(2):
        layer.reset(weights=True)
        np.testing.assert_array_equal(layer.weights, W)
        layer.weights[:] = 0


# ---------------------------------------------------------------- messages of what is derived


@pytest.mark.parametrize(("name", "attribute", "edit"), [
    ("memristive", "weights", "ideal_weights"),
    ("trained on chip", "weights", "ideal_weights"),
    ("sparse", "weights", "weights_csr.data"),
    ("sparse memristive", "ideal_weights", "weights_csr.data"),
    ("sparse memristive", "weights", "weights_csr.data"),
    ("dense", "packed_weights", "weights"),
    ("memristive", "packed_weights", "ideal_weights"),
    ("sparse", "packed_weights", "weights_csr.data"),
    ("convolution", "packed_kernels", "kernels"),
    ("plastic", "shares", "weights"),
    ("stream synapse", "encoded", "weights"),
    ("neurons in fixed point", "v", "integers"),
    ("predictive coding", "counters", "weights"),
])  # fmt: skip
def test_derived_arrays_name_the_array_to_edit(name, attribute, edit):
    array = getattr(CASES[name].make(), attribute)
    one = array.dtype.type(1)
    for change in (lambda: array.__setitem__(0, one), lambda: array.__iadd__(one), lambda: np.add(one, one, out=array)):
        with pytest.raises(ValueError, match=rf"^{edit} must be edited in place of this array, .* read-only$"):
            change()
    copy = array.copy()
    copy[...] = one
    copy += one
    assert type(copy) is type(array + one) is np.ndarray


# ---------------------------------------------------------------- names of arguments


def test_documented_names_are_keywords():
    x = X[0]
    for kind in (sc.VectorizedSCLayer, sc.MemristiveDenseLayer, sc.HardwareAwareSCLayer):
        layer = kind(4, 3, 64, seed=1)
        for method in (layer.forward, layer, layer.expected):
            assert method(input_values=x).shape == (3,)
    conv = sc.SCConv2DLayer(1, 2, 2, length=64, seed=1)
    for method in (conv.forward, conv, conv.expected):
        assert method(input_image=IMAGES).shape == (2, 2, 3, 3)
    pool = sc.SCPool2D("max", 2, length=64, seed=1)
    assert pool(input_image=IMAGES).shape == pool.forward(input_image=IMAGES).shape == (2, 1, 2, 2)
    learning = layers.SCLearningLayer(4, 3, length=64, seed=1)
    assert learning.run_epoch(input_values=x).shape == learning(input_values=x).shape == (3, 64)
    assert learning.expected(input_values=x).shape == (3,)
    assert learning.streams(input_values=x).inputs.shape == (4,)


def test_documented_names_are_keywords_of_sensors():
    x, reservoir = X[0], SCRecurrentLayer(4, 5, seed=1)
    assert reservoir.step(input_vector=x).shape == (5,)
    assert PredictiveCodingSCLayer(4, 3, seed=1).forward(inputs=x)["surprises"].shape == (3,)
    assert SCFusionLayer({"a": 4}, {"a": 1}, seed=1).forward(inputs={"a": x}).shape == (4,)
    assert isinstance(RallDendrite(4).step(branch_inputs=x), float)
    assert RallDendrite(4).run(branch_inputs=X).shape == (6,)
    assert LateralInhibition(4).apply(rates=x).shape == (4,)
    assert WinnerTakeAll(4).apply(rates=x).shape == (4,)
    assert WinnerTakeAll(4).winners(rates=x).shape == (1,)
    attention = StochasticAttention(4, seed=1)
    for method in (
        attention.forward, attention.forward_softmax, attention.forward_bitstream, attention.expected,
        attention.expected_bitstream, attention,
    ):  # fmt: skip
        assert method(Q=X, K=X, V=X).shape == (6, 4)
    assert attention.streams(Q=X, K=X, V=X).queries.shape == (6, 4)


@pytest.mark.skipif(not find_spec("jax"), reason="no JAX")
def test_documented_names_are_keywords_of_the_layer_on_jax():
    layer = layers.JaxSCDenseLayer(3, 4, 64, seed=1)
    assert layer.step(I_t=np.ones(3)).shape == (3,)
    assert layer.run(currents=np.ones((5, 3))).shape == layer(currents=np.ones((5, 3))).shape == (5, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda **seeds: layers.SCDenseLayer(3, X[0], W, 0, 1, 0, 1, 64, **seeds),
        lambda **seeds: layers.SCLearningLayer(4, 3, length=64, **seeds),
    ],
    ids=["spiking", "learning"],
)
def test_seed_is_another_name_of_base_seed(make):
    wanted = make(base_seed=5).state_dict()
    np.testing.assert_equal(make(seed=5).state_dict(), wanted)
    assert make(seed=0).state_dict()["entropy"] == 0
    for seeds in ({"base_seed": 5, "seed": 5}, {"base_seed": 0, "seed": 1}):
        with pytest.raises(ValueError, match=r"^seed must not be given beside base_seed"):
            make(**seeds)


# ---------------------------------------------------------------- one habit for all


@pytest.mark.parametrize(
    ("make", "main"),
    [
        (lambda: SCRecurrentLayer(4, 5, 0.5, length=64, seed=1), "step"),
        (lambda: SCFusionLayer({"a": 4}, {"a": 1}, 64, seed=1), "forward"),
        (lambda: RallDendrite(4), "step"),
        (lambda: LateralInhibition(4), "apply"),
        (lambda: WinnerTakeAll(4), "apply"),
    ],
    ids=["reservoir", "fusion", "dendrite", "inhibition", "winners"],
)
def test_layers_are_callable(make, main):
    x = {"a": X[0]} if main == "forward" else X[0]
    np.testing.assert_array_equal(make()(x), getattr(make(), main)(x))


def test_expected_is_another_name_of_what_is_an_expectation():
    attention = StochasticAttention(4, generator="sobol", bits=3)
    np.testing.assert_array_equal(attention.expected(X, X, X), attention.forward(X, X, X))
    assert np.abs(attention.expected_bitstream(X, X, X, 8) - attention.expected(X, X, X)).max() > 1e-3
    for layer in (LateralInhibition(4, 0.5), WinnerTakeAll(4, 2)):
        np.testing.assert_array_equal(layer.expected(X), layer.apply(X))


def test_streams_of_winners_are_those_of_the_present_target():
    layer, twin = WinnerTakeAll(4), WinnerTakeAll(4, 2, target=3)
    layer.k, layer.target = 2, 3
    np.testing.assert_array_equal(layer.winners_bitstream(STREAMS), twin.winners_bitstream(STREAMS))
    for value in (0, 5):
        with pytest.raises(ValueError, match=rf"^k must be an integer in 1\.\.4, got {value}$"):
            layer.k = value
    layer.target = None
    np.testing.assert_array_equal(layer.winners_bitstream(STREAMS), WinnerTakeAll(4, 2).winners_bitstream(STREAMS))
