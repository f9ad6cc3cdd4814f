"""ONNX operators and their options, each against onnxruntime, at random weights and samples."""

import numpy as np
import pytest

from sc_neurocore.interop import from_onnx

models = pytest.importorskip("tests.interop.onnx_models")
node, random = models.node, models.random
IMAGES, SERIES, VECTOR, TOKENS = (4, 6, 7), (4, 8), (6,), (3, 6)
INT = np.int64


def positive(*shape, seed=0):
    return np.abs(random(*shape, seed=seed)) + 0.5


def one(shape, operator, inputs="x", tensors=None, opset=21, outputs="y", **attributes):
    """A model of one node."""
    return shape, [node(operator, inputs, outputs, **attributes)], tensors or {}, opset


FUNCTIONS = {
    "Relu": {}, "LeakyRelu": {"alpha": 0.3}, "Elu": {"alpha": 0.7}, "Selu": {}, "Celu": {"alpha": 1.5}, "Sigmoid": {},
    "HardSigmoid": {}, "HardSwish": {}, "Tanh": {}, "Softplus": {}, "Mish": {}, "Abs": {}, "Neg": {}, "Identity": {},
    "Gelu": {}, "ThresholdedRelu": {"alpha": 0.0}, "Erf": {},
}  # fmt: skip
CONV = {"w": random(6, 4, 3, 2), "b": random(6)}
STATE = {"w": random(1, 20, 6) / 3, "r": random(1, 20, 5, seed=1) / 3, "b": random(1, 40, seed=2)}


def recurrent(operator, gates, directions=1, **attributes):
    """Of tokens, whose steps are the first axis for the operator."""
    tensors = {
        "w": random(directions, gates * 5, 6) / 3, "r": random(directions, gates * 5, 5, seed=1) / 3,
        "b": random(directions, gates * 10, seed=2) / 3,
    }  # fmt: skip
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node(operator, "t w r b", "s", hidden_size=5, **attributes),
        node("Transpose", "s", perm=[2, 0, 1, 3]),
    ]
    return TOKENS, nodes, tensors, 21


CASES = {
    **{name: one(VECTOR, name, opset=22, **options) for name, options in FUNCTIONS.items()},
    "Gelu tanh": one(VECTOR, "Gelu", approximate="tanh"),
    "HardSigmoid of PyTorch": one(VECTOR, "HardSigmoid", alpha=1 / 6, beta=0.5),
    "Selu of other numbers": one(VECTOR, "Selu", alpha=1.5, gamma=2.0),
    "LogSigmoid": (VECTOR, [node("Sigmoid", "x", "s"), node("Log", "s")], {}, 21),
    "Clip": one(VECTOR, "Clip", "x a b", {"a": np.float32(-0.5), "b": np.float32(1)}),
    "Clip, one end": one(VECTOR, "Clip", "x - b", {"b": np.float32(0.25)}),
    "Clip of attributes": one(VECTOR, "Clip", opset=10, min=-0.25, max=0.5),
    "Clip of defaults": one(VECTOR, "Clip", opset=10),
    "Clip, ends equal": (VECTOR, [node("Clip", "x a a", "c"), node("Add", "c x")], {"a": np.float32(0.5)}, 21),
    "PRelu": one(IMAGES, "PRelu", "x a", {"a": random(4, 1, 1)}),
    "PRelu, one slope": one(IMAGES, "PRelu", "x a", {"a": random(1)}),
    "Add": one(IMAGES, "Add", "x a", {"a": random(4, 1, 1)}),
    "Add, from the left": one(VECTOR, "Add", "a x", {"a": random(6)}),
    "Sub": one(VECTOR, "Sub", "x a", {"a": random(6)}),
    "Sub, from a constant": one(VECTOR, "Sub", "a x", {"a": random(1)}),
    "Mul": one(IMAGES, "Mul", "a x", {"a": random(1, 4, 6, 7)}),
    "Mul, broadcast": one((1, 6, 1), "Mul", "x a", {"a": random(4, 1, 5)}),
    "Div": one(VECTOR, "Div", "x a", {"a": positive(6)}),
    "product of two": (VECTOR, [node("Tanh", "x", "t"), node("Mul", "t x")], {}, 21),
    "sum of two": (IMAGES, [node("ReduceMean", "x a", "m"), node("Add", "m x")], {"a": np.array([2, 3], INT)}, 21),
    "Sum": (VECTOR, [node("Tanh", "x", "t"), node("Sum", "t x a x")], {"a": random(6)}, 21),
    "Mean": (VECTOR, [node("Tanh", "x", "t"), node("Mean", "t x t")], {}, 21),
    "Max": (VECTOR, [node("Neg", "x", "t"), node("Max", "t x a")], {"a": np.float32(0.5)}, 21),
    "Max, of vectors": one(VECTOR, "Max", "x a", {"a": random(6)}),
    "Min": (VECTOR, [node("Neg", "x", "t"), node("Min", "a t x")], {"a": random(6)}, 21),
    "Pow": one(VECTOR, "Pow", "x a", {"a": np.float32(3)}),
    "Where": one(VECTOR, "Where", "c x a", {"c": np.arange(6) % 2 == 0, "a": random(6)}),
    "SiLU": (VECTOR, [node("Sigmoid", "x", "s"), node("Mul", "s x")], {}, 21),
    "GELU by its error function": (
        VECTOR,
        [node("Div", "x a", "d"), node("Erf", "d", "e"), node("Add", "e o", "s"), node("Mul", "x s", "p"),
         node("Mul", "p h")],
        {"a": np.float32(2**0.5), "o": np.float32(1), "h": np.float32(0.5)}, 21,
    ),
    "GELU, half of x first": (
        VECTOR,
        [node("Mul", "x h", "half"), node("Mul", "x a", "d"), node("Erf", "d", "e"), node("Add", "o e", "s"),
         node("Mul", "s half")],
        {"a": np.float32(0.5**0.5), "o": np.float32(1), "h": np.float32(0.5)}, 21,
    ),
    # products with constant matrices
    "Gemm": one(VECTOR, "Gemm", "x w b", {"w": random(6, 4), "b": random(4)}, alpha=0.5, beta=2.0),
    "Gemm, transposed": one(VECTOR, "Gemm", "x w b", {"w": random(4, 6), "b": random(1, 4)}, transB=1),
    "Gemm without offsets": one(VECTOR, "Gemm", "x w", {"w": random(6, 4)}),
    "Gemm, one offset": one(VECTOR, "Gemm", "x w b", {"w": random(6, 4), "b": random(1)}),
    "Gemm, offset of the input": (
        VECTOR, [node("Tanh", "x", "t"), node("Gemm", "x w t", beta=0.5)], {"w": random(6, 6)}, 21
    ),
    "MatMul": one(VECTOR, "MatMul", "x w", {"w": random(6, 4)}),
    "MatMul of tokens": one(TOKENS, "MatMul", "x w", {"w": random(6, 4)}),
    "MatMul from the left": one(TOKENS, "MatMul", "w x", {"w": random(5, 3)}),
    "MatMul of a vector": one(TOKENS, "MatMul", "x w", {"w": random(6)}),
    "MatMul of values": (TOKENS, [node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "x t")], {}, 21),
    "attention": (
        TOKENS,
        [node("MatMul", "x w", "q"), node("Transpose", "x", "t", perm=[0, 2, 1]), node("MatMul", "q t", "s"),
         node("Mul", "s f", "g"), node("Softmax", "g", "p"), node("MatMul", "p x")],
        {"w": random(6, 6) / 3, "f": np.float32(0.4)}, 21,
    ),
    # convolutions and pools
    "Conv": one(IMAGES, "Conv", "x w b", CONV),
    "Conv, all options": one(IMAGES, "Conv", "x w b", {"w": random(6, 2, 3, 2), "b": random(6)}, group=2,
                             strides=[2, 1], dilations=[1, 2], pads=[1, 0, 1, 0]),
    "Conv, uneven pads": one(IMAGES, "Conv", "x w b", CONV, pads=[1, 0, 0, 2], strides=[2, 2]),
    "Conv, depthwise": one(IMAGES, "Conv", "x w", {"w": random(4, 1, 3, 3)}, group=4, pads=[1, 1, 1, 1]),
    "Conv, SAME_UPPER": one(IMAGES, "Conv", "x w", {"w": random(6, 4, 3, 2)}, auto_pad="SAME_UPPER", strides=[2, 2]),
    "Conv, SAME_LOWER": one(IMAGES, "Conv", "x w", {"w": random(6, 4, 2, 4)}, auto_pad="SAME_LOWER"),
    "Conv, VALID": one(IMAGES, "Conv", "x w", {"w": random(6, 4, 3, 2)}, auto_pad="VALID"),
    "Conv of series": one(SERIES, "Conv", "x w b", {"w": random(6, 4, 3), "b": random(6)}, strides=[2], pads=[2, 0]),
    "Conv of series, dilated": one(SERIES, "Conv", "x w", {"w": random(6, 2, 3)}, group=2, dilations=[2]),
    "MaxPool": one(IMAGES, "MaxPool", kernel_shape=[2, 3], strides=[2, 2]),
    "MaxPool, pads": one(IMAGES, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2]),
    "MaxPool, ceil": one(IMAGES, "MaxPool", kernel_shape=[3, 3], strides=[2, 3], ceil_mode=1),
    "MaxPool, SAME": one(IMAGES, "MaxPool", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
    "MaxPool of series": one(SERIES, "MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1]),
    "AveragePool": one(IMAGES, "AveragePool", kernel_shape=[2, 3]),
    "AveragePool, pads": one(IMAGES, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "AveragePool, pads counted": one(IMAGES, "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2],
                                     count_include_pad=1),
    "AveragePool, ceil": one(IMAGES, "AveragePool", kernel_shape=[3, 2], strides=[3, 2], ceil_mode=1),
    "AveragePool of series": one(SERIES, "AveragePool", kernel_shape=[2], strides=[2]),
    "GlobalAveragePool": one(IMAGES, "GlobalAveragePool"),
    "GlobalMaxPool": one(IMAGES, "GlobalMaxPool"),
    # along axes
    **{f"{name}": one(IMAGES, name, "x a", {"a": np.array([2, -1], INT)}) for name in
       ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceSumSquare")},
    "ReduceMean, axes as attribute": one(IMAGES, "ReduceMean", opset=13, axes=[1], keepdims=0),
    "ReduceSum of channels": one(IMAGES, "ReduceSum", "x a", {"a": np.array([1], INT)}, keepdims=0),
    "ReduceSum of nothing": one(IMAGES, "ReduceSum", noop_with_empty_axes=1),
    "Softmax": one(TOKENS, "Softmax"),
    "Softmax, other axis": one(TOKENS, "Softmax", axis=1),
    "Softmax of old": one(TOKENS, "Softmax", opset=11, axis=1),
    "LogSoftmax": one(VECTOR, "LogSoftmax"),
    "BatchNormalization": one(IMAGES, "BatchNormalization", "x s b m v",
                              {"s": random(4), "b": random(4), "m": random(4), "v": positive(4)}, epsilon=0.01),
    "LayerNormalization": one(TOKENS, "LayerNormalization", "x s b", {"s": random(6), "b": random(6)}),
    "LayerNormalization of two axes": one(TOKENS, "LayerNormalization", "x s", {"s": random(3, 6)}, axis=1),
    "InstanceNormalization": one(IMAGES, "InstanceNormalization", "x s b", {"s": random(4), "b": random(4)}),
    "GroupNormalization": one(IMAGES, "GroupNormalization", "x s b", {"s": random(4), "b": random(4)}, num_groups=2),
    # numbers in other places
    "Flatten": one(IMAGES, "Flatten"),
    "Reshape": one(IMAGES, "Reshape", "x a", {"a": np.array([0, -1, 6], INT)}),
    "Reshape, batch open": one(IMAGES, "Reshape", "x a", {"a": np.array([-1, 168], INT)}),
    "Reshape by Shape": (
        IMAGES,
        [node("Shape", "x", "s"), node("Gather", "s i", "n"), node("Unsqueeze", "n k", "u"),
         node("Concat", "u r", "t", axis=0), node("Reshape", "x t")],
        {"i": np.array(0, INT), "k": np.array([0], INT), "r": np.array([-1, 14], INT)}, 21,
    ),
    "Transpose": one(IMAGES, "Transpose", perm=[0, 2, 3, 1]),
    "Squeeze": one((1, 6, 1), "Squeeze", "x a", {"a": np.array([1], INT)}),
    "Unsqueeze": one(VECTOR, "Unsqueeze", "x a", {"a": np.array([1, 3], INT)}),
    "Concat": (IMAGES, [node("Tanh", "x", "t"), node("Concat", "x t", axis=2)], {}, 21),
    "Split": (IMAGES, [node("Split", "x s", "a b", axis=1), node("Concat", "b a x", axis=1)],
              {"s": np.array([1, 3], INT)}, 21),
    "Split in equal parts": (IMAGES, [node("Split", "x", "a b", axis=2, num_outputs=2), node("Sub", "a b")], {}, 21),
    "Slice": one(IMAGES, "Slice", "x s e a t", {"s": np.array([-1, 1], INT), "e": np.array([-9, 6], INT),
                                                "a": np.array([2, -1], INT), "t": np.array([-2, 2], INT)}),
    "Slice as attributes": one(IMAGES, "Slice", opset=9, starts=[1, 0], ends=[100, -1], axes=[1, 3]),
    "Gather": one(IMAGES, "Gather", "x i", {"i": np.array([[0, -1], [2, 2]], INT)}, axis=1),
    "Gather of one": one(IMAGES, "Gather", "x i", {"i": np.array(1, INT)}, axis=3),
    "Expand": one((1, 6, 1), "Expand", "x a", {"a": np.array([1, 3, 1, 4], INT)}),
    "Tile": one(SERIES, "Tile", "x a", {"a": np.array([1, 2, 3], INT)}),
    "Pad": one(IMAGES, "Pad", "x p", {"p": np.array([0, 0, 1, 2, 0, 1, 0, 3], INT)}),
    "Pad by a number": one(IMAGES, "Pad", "x p f a", {"p": np.array([1, 2], INT), "f": np.float32(0.5),
                                                      "a": np.array([2], INT)}),
    "Pad, reflect": one(IMAGES, "Pad", "x p", {"p": np.array([0, 0, 1, 2, 0, 0, 3, 0], INT)}, mode="reflect"),
    "Pad, edge": one(IMAGES, "Pad", "x p", {"p": np.array([0, 0, -1, 2, 0, 0, 3, 0], INT)}, mode="edge"),
    "Pad, wrap": one(IMAGES, "Pad", "x p", {"p": np.array([0, 0, 1, 2, 0, 0, 3, 0], INT)}, mode="wrap"),
    "Pad as attribute": one(IMAGES, "Pad", opset=10, pads=[0, 0, 1, 1, 0, 0, 1, 1], value=0.25),
    "DepthToSpace": one(IMAGES, "DepthToSpace", blocksize=2),
    "DepthToSpace, CRD": one(IMAGES, "DepthToSpace", blocksize=2, mode="CRD"),
    "SpaceToDepth": one((2, 4, 6), "SpaceToDepth", blocksize=2),
    "Resize": one(IMAGES, "Resize", "x - s", {"s": np.array([1, 1, 2, 3], np.float32)}, nearest_mode="floor",
                  coordinate_transformation_mode="asymmetric"),
    "Dropout": one(VECTOR, "Dropout", "x r", {"r": np.float32(0.5)}),
    "Dropout, the mask unused": (VECTOR, [node("Dropout", "x", "d m", ratio=0.5), node("Relu", "d")], {}, 7),
    "MaxPool, places unused": one(IMAGES, "MaxPool", outputs="y i", kernel_shape=[2, 2]),
    "Cast": one(VECTOR, "Cast", to=1),
    "CastLike": one(VECTOR, "CastLike", "x a", {"a": np.float32(1)}),
    "a matrix for each channel": one(IMAGES, "MatMul", "a x", {"a": random(4, 3, 6)}),
    "a mask of Where": (TOKENS, [node("Where", "c x a", "m"), node("Softmax", "m")],
                        {"c": np.eye(3, 6) < 1, "a": np.float32(-np.inf)}, 21),
    "a mask of Add": (TOKENS, [node("Add", "x a", "m"), node("Softmax", "m")],
                      {"a": np.where(np.eye(3, 6) < 1, 0, -np.inf).astype(np.float32)}, 21),
    "constants": (
        VECTOR,
        [node("Constant", "", "c", value=models.numpy_helper.from_array(np.array([6], INT))),
         node("ConstantOfShape", "c", "o", value=models.numpy_helper.from_array(np.array([2.0], np.float32))),
         node("Range", "z s d", "r"), node("Cast", "r", "f", to=1), node("Sqrt", "f", "g"), node("Mul", "g o", "k"),
         node("Add", "x k")],
        {"z": np.array(0, INT), "s": np.array(6, INT), "d": np.array(1, INT)}, 21,
    ),
    # recurrent
    "RNN": recurrent("RNN", 1), "RNN, both directions": recurrent("RNN", 1, 2, direction="bidirectional"),
    "RNN of ReLU": recurrent("RNN", 1, activations=["Relu"]),
    "LSTM": recurrent("LSTM", 4), "LSTM, reverse": recurrent("LSTM", 4, direction="reverse"),
    "LSTM, both directions": recurrent("LSTM", 4, 2, direction="bidirectional"),
    "GRU": recurrent("GRU", 3), "GRU, reset behind": recurrent("GRU", 3, linear_before_reset=1),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_onnxruntime(name):
    shape, nodes, tensors, opset = CASES[name]
    proto = models.model(nodes, shape, tensors, opset)
    network = from_onnx(proto, input_range=(-3, 3))
    x = np.random.default_rng(3).normal(0, 1.5, (12, *shape)).astype(np.float32)
    want = models.run(proto, x)
    got = network.float_forward(x.reshape(12, -1))
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6 * np.abs(want).max())
    assert np.ptp(want, axis=0).max() > 1e-3 * np.abs(want).max()  # they depend on the sample


def test_last_states():
    tensors = {**STATE, "h": random(1, 1, 5, seed=4), "c": random(1, 1, 5, seed=5)}
    nodes = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("LSTM", "t w r b - h c", "- h1 c1", hidden_size=5),
        node("Concat", "h1 c1", "s", axis=2),
        node("Transpose", "s", perm=[1, 0, 2]),
    ]
    proto = models.model(nodes, TOKENS, tensors, batch=1)
    x = np.random.default_rng(3).normal(0, 1.5, (12, *TOKENS)).astype(np.float32)
    want = np.concatenate([models.run(proto, sample[None]) for sample in x])
    got = from_onnx(proto, input_range=(-3, 3)).float_forward(x.reshape(12, -1))
    np.testing.assert_allclose(got, want, atol=1e-6)


LAYERS = {
    "GELU by its error function": "Elementwise", "GELU, half of x first": "Elementwise", "SiLU": "Elementwise",
    "BatchNormalization": "Scale Reshape", "Gemm": "Dense",
    "attention": "Dense Attention Reshape",
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_few_layers(name):
    shape, nodes, tensors, opset = CASES[name]
    network = from_onnx(models.model(nodes, shape, tensors, opset), input_range=(-3, 3))
    assert " ".join(type(layer).__name__ for layer in network.layers) == LAYERS[name]
