"""Small ONNX models for tests of their reader."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
helper, numpy_helper = onnx.helper, onnx.numpy_helper
FLOAT = onnx.TensorProto.FLOAT
QONNX = "qonnx.custom_op.general"


def node(operator, inputs, outputs="y", **attributes):
    """A node; inputs and outputs are names separated by blanks, ``-`` for none."""
    names = [["" if name == "-" else name for name in text.split()] for text in (inputs, outputs)]
    return helper.make_node(operator, *names, **attributes)


def model(nodes, shape, tensors=None, opset=21, output=None, batch="n", qonnx=None, kind=FLOAT, **fields):
    """A model from x, samples of a shape, to y."""
    graph = helper.make_graph(
        nodes, "graph", [helper.make_tensor_value_info("x", kind, [batch, *shape])],
        [helper.make_tensor_value_info("y", output or kind, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (tensors or {}).items()],
        **fields,
    )  # fmt: skip
    imports = [helper.make_opsetid("", opset)]
    imports += [helper.make_opsetid(QONNX, qonnx)] if qonnx else []
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def run(proto, samples):
    """What onnxruntime makes of samples."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}[given.type]
    (found,) = session.run(None, {given.name: samples.astype(dtype)})
    return np.asarray(found, np.float64).reshape(len(samples), -1)


def random(*shape, seed=0, kind=np.float32):
    """Numbers of a normal law."""
    return np.random.default_rng(seed).normal(size=shape).astype(kind)


def mlp(**options):
    """Two dense layers."""
    tensors = {"w": random(4, 5), "b": random(5), "v": random(5, 3, seed=1)}
    nodes = [node("Gemm", "x w b", "h"), node("Relu", "h", "r"), node("MatMul", "r v")]
    return model(nodes, (4,), tensors, **options)
