"""Layers in the binary domain against closed forms, and against torch where it is installed."""

import math

import numpy as np
import pytest
from scipy import special

from sc_neurocore import (
    Add,
    Concat,
    Elementwise,
    Flatten,
    GlobalPool,
    LayerNorm,
    Multiply,
    Network,
    Reshape,
    Scale,
    Select,
    Softmax,
    Transpose,
)
from sc_neurocore.networks.functions import FUNCTIONS, erf

Z = np.concatenate([np.linspace(-9, 9, 721), [-1e3, 1e3, 0.0, 1e-9]])
PARAMETERS = {"clip": {"low": -1.5, "high": 2.0}, "leaky_relu": {"slope": 0.2}, "elu": {"slope": 0.7}}
WANTED = {
    "relu": lambda z: np.maximum(z, 0),
    "relu6": lambda z: np.minimum(np.maximum(z, 0), 6),
    "leaky_relu": lambda z: np.where(z < 0, 0.2 * z, z),
    "clip": lambda z: np.minimum(np.maximum(z, -1.5), 2.0),
    "tanh": np.tanh,
    "logistic": special.expit,
    "hard_logistic": lambda z: np.clip((z + 3) / 6, 0, 1),
    "gelu": lambda z: z * special.ndtr(z),
    "gelu_tanh": lambda z: z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * special.expit(z),
    "hard_silu": lambda z: z * np.clip((z + 3) / 6, 0, 1),
    "elu": lambda z: np.where(z < 0, 0.7 * np.expm1(np.minimum(z, 0)), z),
    "softplus": lambda z: np.logaddexp(z, 0),
    "absolute": np.abs,
    "erf": special.erf,
}


def test_every_function_is_here():
    assert WANTED.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("name", WANTED)
def test_functions(name):
    layer = Elementwise(name, **PARAMETERS.get(name, {}))
    found = layer.forward(Z[None])[0]
    np.testing.assert_allclose(found, WANTED[name](Z), rtol=3e-15, atol=1e-14)
    np.testing.assert_array_equal(np.concatenate([layer.forward(z[None]) for z in Z[:, None]])[:, 0], found)
    for part in (Z, Z[Z >= 0]):
        outputs = layer.forward(part)
        assert np.abs(outputs).max() <= layer.bound(1e3, (1,)) * (1 + 1e-12)
        assert layer.gives_signed(bool(part.min() < 0)) or outputs.min() >= 0
    assert layer.gives_signed(True) == bool(layer.forward(Z).min() < 0)


def test_error_function():
    np.testing.assert_allclose(erf(Z), special.erf(Z), rtol=0, atol=1.5e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Elementwise("swish"), "function must be one of relu, relu6, .*, got 'swish'"),
        (lambda: Elementwise("relu", slope=0.1), "slope must be None for relu, got 0.1"),
        (lambda: Elementwise("clip", low=0.0), r"high must be a number in \[-1e\+100, 1e\+100\], got None"),
        (lambda: Elementwise("clip", low=1.0, high=0.0), "low must be below high, got 1.0 and 0.0"),
        (lambda: Elementwise("tanh", ceiling=0.0), "ceiling must be a number"),
        (lambda: Add(1), "terms must be an integer of at least 2, got 1"),
        (lambda: Add(2, "gelu"), "activation must be one of"),
        (lambda: Reshape(()), "shape must have 1 to 3 sizes"),
        (lambda: Transpose((0, 2)), "axes must have 0, 1, .. in some order"),
        (lambda: Select(()), "places must hold at least one place"),
        (lambda: Select((0, -1)), "places must be an integer of at least 0, got -1"),
        (lambda: GlobalPool("sum"), "kind must be one of average, max, got 'sum'"),
        (lambda: Scale([1.0], [[0.0]]), "offsets must have shape"),
        (lambda: Scale(np.ones((2, 2)), np.zeros((2, 2))), "factors must have 1 to 1 axes"),
        (lambda: Scale([1.0, 2.0], [0.0, 0.0], [1.0]), r"ceiling must have shape \(\) or \(2,\), got \(1,\)"),
        (lambda: Scale([1.0], [0.0], 0.0), "ceiling must lie in"),
        (lambda: Scale.standard([0.0], [0.0]), "deviation must lie in"),
        (lambda: LayerNorm([1.0], [0.0], 0.0), "epsilon must be a finite number above 0"),
        (lambda: Softmax("yes"), "log must be True or False, got 'yes'"),
        (lambda: Network.from_layers([GlobalPool("max")], input_shape=(3,)), r"it takes images .* or tokens"),
        (lambda: Network.from_layers([Transpose((1, 0))], input_shape=(3,)), "it takes samples of 2 axes, got shape"),
        (lambda: Network.from_layers([Select((3,))], input_shape=(3,)), "more than 3 along the first axis, got shape"),
        (lambda: Network.from_layers([Softmax()], input_shape=(3, 2, 2)), "it takes vectors or tokens"),
        (lambda: Network.from_layers([Scale([1.0], [0.0])], input_shape=(3,)), "takes 1 features or channels, got"),
        (lambda: Network.from_layers([LayerNorm([1.0], [0.0])], input_shape=(3,)), r"whose last axes are \(1,\), got"),
        (lambda: Network.from_layers([Scale([1.0], [0.0])]), "input_shape must be given for a first layer Scale"),
    ],
)  # fmt: skip
def test_bad_calls(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


RNG = np.random.default_rng(0)
IMAGES, TOKENS = RNG.normal(size=(3, 4, 2, 5)), RNG.normal(size=(3, 4, 6))


def test_moving_numbers():
    np.testing.assert_array_equal(Concat().forward(IMAGES), IMAGES)
    np.testing.assert_array_equal(Flatten().forward(IMAGES), IMAGES.reshape(3, 40))
    np.testing.assert_array_equal(Reshape((2, 20)).forward(IMAGES), IMAGES.reshape(3, 2, 20))
    np.testing.assert_array_equal(Transpose((2, 0, 1)).forward(IMAGES), np.einsum("bchw->bwch", IMAGES))
    np.testing.assert_array_equal(Select((3, 0, 3)).forward(TOKENS), TOKENS[:, [3, 0, 3]])
    for layer, shape in ((Transpose((2, 0, 1)), (4, 2, 5)), (Reshape((8, 5)), (4, 2, 5)), (Select((1,)), (4, 2, 5))):
        assert layer.output_shape(shape) == layer.forward(IMAGES).shape[1:]


@pytest.mark.parametrize("layer", [Transpose((2, 0, 1)), Reshape((8, 5)), Select((3, 1)), Flatten(), Concat(),
                                   GlobalPool("max"), GlobalPool("average")])  # fmt: skip
def test_ranges_move_as_numbers_do(layer):
    """A range of each number stays with that number; of a pool it bounds the outcome."""
    scale = RNG.random((4, 1, 1)) + 0.1
    x = np.broadcast_to(scale, (4, 2, 5)) * RNG.uniform(-1, 1, (50, 4, 2, 5))
    moved = layer.output_scale(scale, (4, 2, 5))
    assert moved.shape == layer.output_shape((4, 2, 5))
    assert (np.abs(layer.forward(x)) <= moved * (1 + 1e-12)).all()
    assert layer.output_scale(0.7, (4, 2, 5)) == 0.7


def test_pools():
    np.testing.assert_allclose(GlobalPool("average").forward(IMAGES), IMAGES.mean((2, 3)), rtol=1e-12)
    np.testing.assert_array_equal(GlobalPool("max").forward(IMAGES), IMAGES.max((2, 3)))
    np.testing.assert_allclose(GlobalPool("average").forward(TOKENS), TOKENS.mean(1), rtol=1e-12)
    np.testing.assert_array_equal(GlobalPool("max").forward(TOKENS), TOKENS.max(1))


@pytest.mark.parametrize("a", [IMAGES, TOKENS, TOKENS[:, :, 0]])
def test_sums_and_products(a):
    terms = (a[:, :2], a[:, 2:])
    np.testing.assert_array_equal(Add().forward(a), terms[0] + terms[1])
    np.testing.assert_array_equal(Add(4, "relu").forward(a), np.maximum(a[:, :1] + a[:, 1:2] + a[:, 2:3] + a[:, 3:], 0))
    np.testing.assert_array_equal(Multiply().forward(a), terms[0] * terms[1])
    np.testing.assert_array_equal(Multiply(4).forward(a), a[:, :1] * a[:, 1:2] * a[:, 2:3] * a[:, 3:])
    bound = np.abs(a).max(0)
    for layer in (Add(), Add(4), Multiply(), Multiply(4)):
        assert np.abs(layer.forward(a)).max() <= layer.bound(bound, a.shape[1:]) * (1 + 1e-12)
    assert Add(2, "tanh").bound(3.0, (4,)) == 1.0
    assert (Add().gives_signed(True), Add().gives_signed(False), Add(2, "relu").gives_signed(True)) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("a", "axis"), [(IMAGES, 1), (TOKENS, 2), (TOKENS[:, 0], 1)])
def test_scale(a, axis):
    n = a.shape[axis]
    factors, offsets = RNG.normal(size=n), RNG.normal(size=n)
    lined = [1] * a.ndim
    lined[axis] = n
    want = a * factors.reshape(lined) + offsets.reshape(lined)
    layer = Scale(factors, offsets)
    np.testing.assert_allclose(layer.forward(a), want, rtol=1e-12)
    others = tuple(k for k in range(a.ndim) if k != axis)
    measured = layer.calibrated(layer.measured(want, 1.0))
    np.testing.assert_allclose(measured.ceiling, np.abs(want).max(others), rtol=1e-6)
    scale = np.broadcast_to(measured.output_scale(1.0, a.shape[1:]), a.shape[1:])
    assert (np.abs(want) <= scale * (1 + 1e-6)).all()
    bound = np.broadcast_to(layer.bound(float(np.abs(a).max()), a.shape[1:]), a.shape[1:])
    assert (np.abs(want) <= bound * (1 + 1e-12)).all()
    deviation = 1 + offsets**2
    want = (a - offsets.reshape(lined)) / deviation.reshape(lined)
    np.testing.assert_allclose(Scale.standard(offsets, deviation).forward(a), want, atol=1e-12)


def test_a_scale_of_zeros_has_a_range():
    assert Scale(np.zeros(2), np.zeros(2)).calibrated(np.zeros(2)).ceiling.tolist() == [1.0, 1.0]


def test_softmax():
    scores = np.concatenate([TOKENS[0], 500 * TOKENS[1], [[1e3, -1e3, 0, 0, 0, 0]]])
    np.testing.assert_allclose(Softmax().forward(scores), special.softmax(scores, 1), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(
        Softmax(log=True).forward(scores), special.log_softmax(scores, 1), rtol=1e-13, atol=1e-15
    )
    largest = float(np.abs(scores).max())
    for layer in (Softmax(), Softmax(log=True)):
        found = layer.forward(scores)
        np.testing.assert_array_equal(found.argmax(1), scores.argmax(1))
        assert np.abs(found).max() <= layer.bound(largest, (6,)) * (1 + 1e-12)
        assert layer.gives_signed(False) == bool(found.min() < 0)
    np.testing.assert_allclose(Softmax().forward(TOKENS), special.softmax(TOKENS, -1), rtol=1e-13)


@pytest.mark.parametrize(("a", "shape"), [(IMAGES, (4, 2, 5)), (TOKENS, (6,)), (TOKENS, (4, 6)), (TOKENS[:, 0], (6,))])
def test_layer_norm(a, shape):
    factors, offsets = RNG.normal(size=shape), RNG.normal(size=shape)
    axes = tuple(range(-len(shape), 0))
    want = (a - a.mean(axes, keepdims=True)) / np.sqrt(a.var(axes, keepdims=True) + 1e-3) * factors + offsets
    layer = LayerNorm(factors, offsets, 1e-3)
    np.testing.assert_allclose(layer.forward(a), want, rtol=1e-10, atol=1e-12)
    assert layer.output_shape(a.shape[1:]) == a.shape[1:]
    assert np.abs(layer.forward(1e6 * a)).max() <= layer.bound(1e9, a.shape[1:])
    one = np.zeros(6)
    one[0] = 1e6
    np.testing.assert_allclose(LayerNorm(np.ones(6), np.zeros(6)).forward(one[None]).max(), math.sqrt(5), rtol=1e-9)


def test_against_torch():
    torch = pytest.importorskip("torch")
    a = torch.from_numpy(TOKENS)
    functions = torch.nn.functional
    wanted = {
        Elementwise("gelu"): functions.gelu(a), Elementwise("gelu_tanh"): functions.gelu(a, approximate="tanh"),
        Elementwise("silu"): functions.silu(a), Elementwise("hard_silu"): functions.hardswish(a),
        Elementwise("hard_logistic"): functions.hardsigmoid(a), Elementwise("elu"): functions.elu(a),
        Elementwise("leaky_relu"): functions.leaky_relu(a), Elementwise("softplus"): functions.softplus(a),
        Elementwise("relu6"): functions.relu6(a), Elementwise("clip", low=-1.0, high=1.0): functions.hardtanh(a),
        Softmax(): functions.softmax(a, -1), Softmax(True): functions.log_softmax(a, -1),
        LayerNorm(np.ones(6), np.zeros(6)): functions.layer_norm(a, (6,)),
    }  # fmt: skip
    for layer, want in wanted.items():
        np.testing.assert_allclose(layer.forward(TOKENS), want.numpy(), rtol=1e-9, atol=1e-12)
