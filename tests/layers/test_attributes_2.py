"""Every public attribute acts when it is set, or cannot be set; so does every array that an attribute is."""

import inspect
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from attribute_cases_2 import CASES, STREAMS, X
from scipy.sparse import issparse

from sc_neurocore import (
    LateralInhibition,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCFusionLayer,
    SCRecurrentLayer,
    StochasticAttention,
    WinnerTakeAll,
)

COPIES = {"state", "branch_voltages", "soma_v"}
"""Attributes that are copies, as their documentation says: an edit is one of the copy."""


def attributes(layer):
    """Names of public attributes that are no methods."""
    return [
        name
        for name in dir(layer)
        if not name.startswith("_") and not inspect.isroutine(inspect.getattr_static(layer, name))
    ]


def reach(layer, path):
    """Owner and name of an attribute, which may be one of a part."""
    *parts, name = path.split(".")
    for part in parts:
        layer = getattr(layer, part)
    return layer, name


def edit(held, value):
    """Give an array, the data of a sparse array, or a dict, the values of another one."""
    if isinstance(held, Mapping):
        held.update(value)
    elif issparse(held):
        held.data[:] = value.data
    else:
        held[...] = value


def parts_of(value):
    """Arrays that an attribute gives."""
    if issparse(value):
        return [value.data, value.indices, value.indptr]
    return [value] if isinstance(value, np.ndarray) else []


def test_the_walk_sees_attributes():
    assert {"lr", "k", "weights", "learning", "generator"} < set(attributes(CASES["predictive coding"].make()))
    assert "forward" not in attributes(CASES["predictive coding"].make())


@pytest.mark.parametrize("name", CASES)
def test_what_has_no_effect_cannot_be_set(name):
    case = CASES[name]
    layer = case.make()
    before = repr(layer)
    assert {path.partition(".")[0] for path in case.settable} <= set(attributes(layer))
    for attribute in set(attributes(layer)) - case.settable.keys():
        held = getattr(layer, attribute)
        for value in (held, 7, None):
            with pytest.raises(AttributeError):
                setattr(layer, attribute, value)
        with pytest.raises(AttributeError):
            delattr(layer, attribute)
    assert repr(layer) == before


@pytest.mark.parametrize(
    ("name", "attribute"), [(name, each) for name, case in CASES.items() for each in sorted(case.settable)]
)
def test_what_can_be_set_acts(name, attribute):
    case = CASES[name]
    value, call = case.settable[attribute]
    layer, same = case.make(), case.make()
    setattr(*reach(same, attribute), getattr(*reach(same, attribute)))
    plain = call(case.make())
    np.testing.assert_array_equal(call(same), plain)
    setattr(*reach(layer, attribute), value)
    copy = pickle.loads(pickle.dumps(layer))
    found = call(layer)
    assert not np.array_equal(found, plain)
    np.testing.assert_array_equal(call(copy), found)


@pytest.mark.parametrize(
    ("name", "attribute"), [(name, each) for name, case in CASES.items() for each in sorted(case.editable)]
)
def test_an_edit_does_what_an_assignment_does(name, attribute):
    case = CASES[name]
    value, call = case.settable[attribute]
    layer, assigned = case.make(), case.make()
    if attribute != "readout":
        call(layer), call(assigned)  # what a call has cached is found out
        layer.reset(), assigned.reset()
    edit(getattr(layer, attribute), value)
    setattr(assigned, attribute, value)
    restored = pickle.loads(pickle.dumps(layer))
    found = call(layer)
    np.testing.assert_array_equal(found, call(assigned))
    np.testing.assert_array_equal(found, call(restored))
    assert not np.array_equal(found, call(case.make()))
    layer.reset()
    np.testing.assert_array_equal(call(layer), found)  # an edit is no state, unless the call has learnt since


@pytest.mark.parametrize("name", CASES)
def test_other_arrays_are_read_only(name):
    case = CASES[name]
    layer = case.make()
    for attribute in set(attributes(layer)) - case.editable - COPIES:
        value = getattr(layer, attribute)
        for part in parts_of(value):
            with pytest.raises(ValueError, match="read-only"):
                part[...] = 0
        if isinstance(value, Mapping):
            with pytest.raises(TypeError):
                value[next(iter(value))] = 0
    for attribute in case.editable & set(attributes(layer)):
        for part in parts_of(getattr(layer, attribute))[1:]:  # where the data of a sparse array are
            assert not part.flags.writeable
    for attribute in COPIES & set(attributes(layer)):
        before = np.copy(getattr(layer, attribute))
        for part in parts_of(getattr(layer, attribute)):
            part[...] = 7
        np.testing.assert_array_equal(getattr(layer, attribute), before)


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_value_changes_nothing(name):
    case = CASES[name]
    layer, fresh = case.make(), case.make()
    for attribute, (_, call) in case.settable.items():
        for value in (np.nan, "x", -1.0):
            owner, part = reach(layer, attribute)
            with pytest.raises((ValueError, TypeError), match=part):
                setattr(owner, part, value)
        np.testing.assert_array_equal(call(layer), call(fresh))


# ---------------------------------------------------------------- one habit for all


def test_documented_names_are_keywords():
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


@pytest.mark.parametrize("name", CASES)
def test_reset_takes_weights(name):
    """States and generators rewind; with weights=True the layer is as it was made, but for what a `reset` gives up."""
    layer = CASES[name].make()
    if not hasattr(layer, "reset"):
        return
    layer.reset(weights=False)
    layer.reset(weights=True)
    with pytest.raises(TypeError, match=r"^weights must be True or False, got 1$"):
        layer.reset(weights=1)
    if name not in ("reservoir", "sparse reservoir"):  # fitted by the case
        np.testing.assert_equal(layer.state_dict(), CASES[name].make().state_dict())


def test_streams_of_winners_are_those_of_the_present_target():
    layer, twin = WinnerTakeAll(4), WinnerTakeAll(4, 2, target=3)
    layer.k, layer.target = 2, 3
    np.testing.assert_array_equal(layer.winners_bitstream(STREAMS), twin.winners_bitstream(STREAMS))
    for value in (0, 5):
        with pytest.raises(ValueError, match=rf"^k must be an integer in 1\.\.4, got {value}$"):
            layer.k = value
    layer.target = None
    np.testing.assert_array_equal(layer.winners_bitstream(STREAMS), WinnerTakeAll(4, 2).winners_bitstream(STREAMS))
