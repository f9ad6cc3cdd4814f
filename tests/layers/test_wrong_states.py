"""A state dict with a wrong entry is one error that names the entry, and the layer stays as it was."""

from importlib.util import find_spec

import numpy as np
import pytest

from sc_neurocore import layers
from sc_neurocore.layers.dendrites.bank import DendriteBank
from sc_neurocore.layers.encoded import PrimitiveLayer
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.layers.predictive.surprise import SurpriseLayer
from sc_neurocore.layers.spiking_dense import FiringNeuron, SpikingDenseLayer

RNG = np.random.default_rng(3)
X = RNG.uniform(0.1, 0.9, (6, 4))
W = RNG.uniform(0.1, 0.9, (3, 4))
IMAGES = RNG.uniform(0.1, 0.9, (2, 1, 4, 4))
QUIET = {"noise_std": 0.0}
OPTIONS = CircuitOptions(64, "bernoulli", "unipolar")


def after(call, make):
    """A layer after a call."""
    layer = make()
    call(layer)
    return layer


def reservoir(connectivity=1.0):
    layer = layers.SCRecurrentLayer(4, 5, connectivity=connectivity, length=16, seed=1)
    layer.fit(X, X[:, 0], washout=1)
    return layer


LAYERS = {
    "dense": lambda: after(lambda layer: layer.forward(X), lambda: layers.VectorizedSCLayer(4, 3, 16, seed=1)),
    "bias": lambda: layers.VectorizedSCLayer(4, 3, 16, bias=[0.1, 0.2, 0.3], seed=1),
    "sparse": lambda: layers.VectorizedSCLayer(4, 3, 16, sparse=True, connectivity=0.6, bias=[0.1, 0.2, 0.3], seed=1),
    "memristive": lambda: layers.MemristiveDenseLayer(4, 3, 16, seed=1),
    "trained on chip": lambda: layers.HardwareAwareSCLayer(4, 3, 16, seed=1),
    "sparse memristive": lambda: layers.MemristiveDenseLayer(4, 3, 16, sparse=True, connectivity=0.6, seed=1),
    "convolution": lambda: layers.SCConv2DLayer(1, 2, 2, length=16, bias=[0.1, 0.2], seed=1),
    "firing rates": lambda: SpikingDenseLayer(
        4, 3, length=16, neuron=FiringNeuron(1.0, 20.0, 0.0, 100.0), unit=0.1, generator="bernoulli", seed=1
    ),
    "pool": lambda: after(lambda layer: layer.forward(IMAGES), lambda: layers.SCPool2D("max", 2, length=16, seed=1)),
    "spiking": lambda: after(
        lambda layer: layer.run(70),
        lambda: layers.SCDenseLayer(3, X[0], W, 0, 1, 0, 1, 64, base_seed=1, record_membrane=True, y_max=0.3),
    ),
    "learning": lambda: after(
        lambda layer: layer.run_epoch(X, 0.5),
        lambda: layers.SCLearningLayer(
            4, 3, length=40, rule="reward", homeostasis=0.1, learning_rate=0.5, base_seed=1,
            neuron_params={"refractory_period": 50}, y_max=0.9,
        ),
    ),
    "reservoir": reservoir,
    "sparse reservoir": lambda: reservoir(0.4),
    "predictive coding": lambda: after(
        lambda layer: layer.run(X), lambda: layers.PredictiveCodingSCLayer(4, 3, 64, 0.2, gain=0.5, seed=1)
    ),
    "fusion": lambda: layers.SCFusionLayer({"a": 2, "b": 2}, {"a": 1.0, "b": 2.0}, 16, seed=1),
    "attention": lambda: layers.StochasticAttention(4, seed=1),
    "dendrite": lambda: after(lambda layer: layer.run(X), lambda: layers.RallDendrite(4)),
    "dendrite with a batch": lambda: after(
        lambda layer: layer.run(np.stack([X, X])), lambda: layers.RallDendrite(4)
    ),
    "bank of dendrites": lambda: DendriteBank(2, 20.0, n_branches=2),
    "inhibition": lambda: layers.LateralInhibition(4, 0.5, 1, generator="bernoulli", seed=1),
    "winners": lambda: layers.WinnerTakeAll(4, 2),
    "winners behind an encoder": lambda: PrimitiveLayer(layers.WinnerTakeAll(4, 2), (4,), OPTIONS, 1),
    "surprise": lambda: SurpriseLayer(W, 1.0, OPTIONS, 1),
}  # fmt: skip
if find_spec("jax"):
    LAYERS["jax"] = lambda: after(
        lambda layer: layer.run_inputs(X),
        lambda: layers.JaxSCDenseLayer(3, 4, 64, seed=1, neuron_params={"refractory_period": 50}, y_max=0.9),
    )
LAYERS = {name: make for name, make in LAYERS.items() if hasattr(make(), "load_state_dict")}
WHOLE = {"samples", "stream_version", "entropy", "pool_size", "indices", "indptr", "refractory_left", "spikes"}
"""Entries of integers."""


def changed(array, value):
    """A copy with another last entry."""
    copy = np.array(array)
    copy.flat[-1:] = value
    return copy


def wrong_values(name, good):
    """What the entry `name` cannot be, whose value `good` is right: what is wrong with it, and the value."""
    yield "None", None
    yield "text", "nonsense"
    yield "an object", object()
    yield "a function", len
    yield "too large an integer", 10**400 if name not in ("entropy", "spawn_key") else -(10**400)
    yield "a dict", {"a": 1}
    yield "bytes", b"\x00"
    yield "rows of unequal lengths", [[1, 2], [3]]
    if not isinstance(good, np.ndarray | np.floating | float) or name in WHOLE:
        yield "NaN", np.nan
        yield "half", 0.5
        yield "negative", -1
        yield "truth", True
    if not isinstance(good, np.ndarray):
        yield "imaginary", 1j
        yield "NaN in a list", [np.nan]
        return
    if not good.size:
        return
    masks = np.zeros(good.shape, bool)
    masks.flat[-1] = True
    yield "masked", np.ma.array(good, mask=masks)
    yield "imaginary", good + 1j
    yield "texts", good.astype(str)
    yield "dates", np.zeros(good.shape, "datetime64[s]")
    yield "a value None", [*good.astype(object).ravel().tolist()[:-1], None]
    if name != "state":  # which may have any batch axes
        yield "one more axis", good[None, None, None]
    if good.ndim and len(good) > 1:
        yield "one less", good[:-1]
        yield "one axis less", good[0, ..., :0] if good.ndim > 1 else good[0]
    if name in WHOLE:
        yield "floats", good.astype(float)
        yield "halves", good + 0.5
        yield "negative ones", changed(good.astype(np.int64), -1)
    else:
        yield "NaN", changed(good.astype(float), np.nan)
        yield "infinite", changed(good.astype(float), np.inf)
    if name not in ("v", "voltages", "branch_voltages", "soma_v", "readout", "fusion_weights"):  # any finite number
        yield "huge", changed(good.astype(float), 1e300)


def same(one, other):
    """Whether two state dicts are the same."""
    return one.keys() == other.keys() and all(
        type(one[name]) is type(other[name]) and np.array_equal(one[name], other[name]) for name in one
    )


@pytest.mark.parametrize("name", LAYERS)
def test_wrong_entries(name):
    layer = LAYERS[name]()
    before = layer.state_dict()
    layer.load_state_dict(before)
    assert same(before, layer.state_dict())
    fails = []
    for entry, good in before.items():
        for kind, value in wrong_values(entry, good):
            try:
                layer.load_state_dict(before | {entry: value})
            except (ValueError, TypeError) as error:
                words = str(error)
                known = {each for each in before if each in words or each.replace("_", " ") in words}
                named = known if "less" in kind or "axis" in kind else known & {entry}  # of two lengths either one
                if not named or "\n" in words or len(words) > 400 or "must" not in words:
                    fails.append((entry, kind, words))
            except Exception as error:
                fails.append((entry, kind, repr(error)))
            else:
                fails.append((entry, kind, "loaded"))
            if not same(before, layer.state_dict()):
                fails.append((entry, kind, "changed the layer"))
                layer.load_state_dict(before)
    assert fails == []


@pytest.mark.parametrize("name", LAYERS)
def test_wrong_keys(name):
    layer = LAYERS[name]()
    before = layer.state_dict()
    for entry in before:
        part = {key: value for key, value in before.items() if key != entry}
        with pytest.raises(ValueError, match=entry if entry != "stream_version" else "stream version"):
            layer.load_state_dict(part)
    for unknown in ("nonsense", 7, None):
        with pytest.raises(ValueError, match=rf"unknown \['{unknown}'\]"):
            layer.load_state_dict(before | {unknown: 1})
    for wrong in (None, 7, "state", [], [("samples", 0)]):
        with pytest.raises(TypeError, match=r"^state must be a Mapping, got "):
            layer.load_state_dict(wrong)
    assert same(before, layer.state_dict())


@pytest.mark.parametrize("name", ["sparse", "sparse memristive", "sparse reservoir"])
def test_each_synapse_once(name):
    layer = LAYERS[name]()
    state = layer.state_dict()
    twice = state["indices"].copy()
    row = np.flatnonzero(np.diff(state["indptr"]) > 1)[0]
    first = state["indptr"][row]
    twice[first + 1] = twice[first]
    with pytest.raises(ValueError, match=f"^indices must have every synapse once, got input {twice[first]} of neuron "):
        layer.load_state_dict(state | {"indices": twice})
    indptr = state["indptr"].copy()
    indptr[1] = indptr[-1] + 1
    with pytest.raises(ValueError, match=r"^indptr must "):
        layer.load_state_dict(state | {"indptr": indptr})
    assert same(state, layer.state_dict())


def test_the_comparison_of_states_sees_a_change():
    state = LAYERS["dense"]().state_dict()
    assert not same(state, state | {"samples": 7})
    assert not same(state, state | {"weights": changed(state["weights"], 0.5)})
