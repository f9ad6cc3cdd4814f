"""An ONNX file of many parts, and damage that knows the format."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
models = pytest.importorskip("tests.interop.onnx_models")
node, random = models.node, models.random
INT = np.int64

NUMBERS = (0, 1, -1, 2, 3, 7, 100, 10**6, 2**31, 2**40, 2**63 - 1, -(2**63))
REALS = (0.0, -0.0, 1.0, -1.0, 1e-30, 1e30, 3e38, float("inf"), float("-inf"), float("nan"), 0.5)
NAMES = ("", "x", "y", "w", "s", "none", "a\nb", "n" * 5000, "../../x", "\u732b", "qonnx.custom_op.general")
OPERATORS = (
    "Relu", "Conv", "MaxPool", "Gemm", "MatMul", "Reshape", "Expand", "Tile", "Pad", "Loop", "If", "Einsum", "Resize",
    "LSTM", "Split", "Gather", "Slice", "Range", "ConstantOfShape", "QuantizeLinear", "DequantizeLinear", "Shape",
    "Concat", "Cast", "Quant", "Trunc", "", "Transpose", "Unsqueeze", "NonZero", "OneHot", "TopK", "Where", "Softmax",
    "EyeLike", "StringSplit", "Constant", "Identity", "Optional", "SequenceConstruct", "Bernoulli",
    "BatchNormalization", "LayerNormalization",
)  # fmt: skip


def images():
    """A small network of images, with shapes that are computed and weights that are quantised."""
    tensors = {
        "w": random(3, 2, 3, 3), "b": random(3), "s": np.float32(0.05), "z": np.uint8(128), "zero": np.array(0, INT),
        "one": np.array([0], INT), "rest": np.array([-1], INT), "v": random(5, 12), "c": random(5),
        "q": np.arange(-30, 30, dtype=np.int8).reshape(5, 12), "t": np.float32(0.01), "factor": random(3, 1, 1),
    }  # fmt: skip
    nodes = [
        node("QuantizeLinear", "x s z", "levels"), node("DequantizeLinear", "levels s z", "real"),
        node("Conv", "real w b", "conv", pads=[1, 1, 1, 1], kernel_shape=[3, 3]), node("Mul", "conv factor", "scaled"),
        node("Relu", "scaled", "relu"), node("MaxPool", "relu", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Shape", "pool", "shape"), node("Gather", "shape zero", "count"), node("Unsqueeze", "count one", "counts"),
        node("Concat", "counts rest", "flat", axis=0), node("Reshape", "pool flat", "row"),
        node("DequantizeLinear", "q t", "u"), node("Gemm", "row u c", "hidden", transB=1),
        node("LeakyRelu", "hidden", "leaky", alpha=0.1), node("Split", "leaky", "left right", axis=1, num_outputs=2),
        node("Concat", "right left", "both", axis=1), node("Softmax", "both"),
    ]  # fmt: skip
    return models.model(nodes, (2, 4, 4), tensors).SerializeToString()


def steps():
    """A small network of series with a recurrent operator, and quantisers of QONNX."""
    own = {"domain": models.QONNX}
    tensors = {
        "w": random(1, 12, 2) / 2, "r": random(1, 12, 3, seed=1) / 2, "s": np.float32(0.25), "z": np.float32(0),
        "b": np.float32(4), "v": random(3, 2), "pads": np.array([0, 0, 1, 0, 0, 0], INT),
    }  # fmt: skip
    nodes = [
        node("Quant", "x s z b", "a", **own, signed=1, narrow=0, rounding_mode="ROUND"),
        node("Pad", "a pads", "p"), node("Transpose", "p", "t", perm=[2, 0, 1]),
        node("LSTM", "t w r", "all last", hidden_size=3), node("Squeeze", "last k", "e"),
        node("BipolarQuant", "e s", "f", **own), node("MatMul", "f v", "m"),
        node("Quant", "v s z b", "vq", **own, signed=1, narrow=1),
        node("MatMul", "f vq", "n"), node("Sub", "m n", "d"), node("Tanh", "d"),
    ]  # fmt: skip
    return models.model(nodes, (2, 4), {**tensors, "k": np.array([0], INT)}, qonnx=1).SerializeToString()


def one_of(draw, several):
    return several[int(draw.integers(len(several)))]


def changed_model(content, draw):
    """One part of the protobuf message is another: an attribute, a size, a type, an operator, a name, an order."""
    proto = onnx.load_model_from_string(content)
    action = (attribute, attribute, tensor, tensor, operator, name, order, value, opset)[int(draw.integers(9))]
    try:
        action(proto, draw)
        return proto.SerializeToString()
    except (ValueError, TypeError, OverflowError):  # a value that the field cannot have
        return content[:-1]


def attribute(proto, draw):
    found = one_of(draw, proto.graph.node)
    kinds = ("f", "i", "s", "ints", "floats", "strings", "t", "g")
    if not found.attribute or draw.random() < 0.3:
        found.attribute.add(
            name=str(one_of(draw, ("axis", "pads", "kernel_shape", "to", "perm", "alpha", "mode", "strides")))
        )
    each = one_of(draw, found.attribute)
    if draw.random() < 0.6 and (each.ints or each.HasField("i") or each.HasField("f")):
        if each.ints:
            each.ints[int(draw.integers(len(each.ints)))] = one_of(draw, NUMBERS)
        elif each.HasField("i"):
            each.i = one_of(draw, NUMBERS)
        else:
            each.f = one_of(draw, REALS)
        return
    kind = one_of(draw, kinds)
    each.type = int(draw.integers(0, 15))
    if kind == "f":
        each.f = one_of(draw, REALS)
    elif kind == "i":
        each.i = one_of(draw, NUMBERS)
    elif kind == "s":
        each.s = one_of(draw, NAMES).encode()
    elif kind in ("ints", "floats", "strings"):
        pool = {"ints": NUMBERS, "floats": REALS, "strings": [text.encode() for text in NAMES]}[kind]
        getattr(each, kind).extend(one_of(draw, pool) for _ in range(int(draw.integers(0, 9))))
    elif kind == "t":
        each.t.CopyFrom(one_of(draw, proto.graph.initializer))
    else:
        each.g.ParseFromString(proto.graph.SerializeToString())


def tensor(proto, draw):
    found = one_of(draw, proto.graph.initializer)
    action = int(draw.integers(6))
    if action == 0 and found.dims:
        found.dims[int(draw.integers(len(found.dims)))] = one_of(draw, NUMBERS)
    elif action == 1:
        found.dims.append(one_of(draw, NUMBERS))
    elif action == 2:
        found.data_type = int(draw.integers(0, 30))
    elif action == 3:
        found.raw_data = found.raw_data[: int(draw.integers(0, len(found.raw_data) + 1))]
    elif action == 4:
        found.data_location = onnx.TensorProto.EXTERNAL
        found.external_data.add(key="location", value=one_of(draw, (*NAMES, "net.onnx", ".")))
        found.external_data.add(key="length", value=str(one_of(draw, NUMBERS)))
    else:  # other whole numbers, as shapes and places are
        numbers = np.array([one_of(draw, NUMBERS) for _ in range(max(1, len(found.raw_data) // 8))], INT)
        found.CopyFrom(onnx.numpy_helper.from_array(numbers, found.name))


def operator(proto, draw):
    found = one_of(draw, proto.graph.node)
    if draw.random() < 0.2:
        found.domain = one_of(draw, (*NAMES, "ai.onnx.ml", "com.microsoft"))
    else:
        found.op_type = one_of(draw, OPERATORS)


def name(proto, draw):
    found = one_of(draw, proto.graph.node)
    known = [each.name for each in proto.graph.initializer] + [
        text for each in proto.graph.node for text in each.output
    ]
    names = found.input if draw.random() < 0.7 else found.output
    new = one_of(draw, known) if draw.random() < 0.7 else one_of(draw, NAMES)
    if draw.random() < 0.2 or not names:
        names.append(new)
    elif draw.random() < 0.2:
        names.pop()
    else:
        names[int(draw.integers(len(names)))] = new
    found.name = one_of(draw, NAMES)


def order(proto, draw):
    nodes = list(proto.graph.node)
    chosen = nodes.pop(int(draw.integers(len(nodes))))
    if draw.random() < 0.7:
        nodes.insert(int(draw.integers(len(nodes) + 1)), chosen)
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def value(proto, draw):
    found = one_of(draw, (*proto.graph.input, *proto.graph.output))
    kind = found.type.tensor_type
    action = int(draw.integers(4))
    if action == 0:
        kind.elem_type = int(draw.integers(0, 30))
    elif action == 1 and kind.shape.dim:
        one_of(draw, kind.shape.dim).dim_value = one_of(draw, NUMBERS)
    elif action == 2:
        kind.shape.dim.add().dim_value = one_of(draw, NUMBERS)
    else:
        found.name = one_of(draw, NAMES)


def opset(proto, draw):
    proto.opset_import[0].version = one_of(draw, (*NUMBERS, *range(1, 30)))
    proto.ir_version = one_of(draw, NUMBERS[:8]) if draw.random() < 0.3 else proto.ir_version
