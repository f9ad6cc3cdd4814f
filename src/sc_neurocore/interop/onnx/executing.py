"""Outputs of an ONNX model by programs that know nothing of this reader: onnxruntime, or the reference of ONNX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...networks.activations import Floats
from ..refusals import line, quoted
from .library import onnx, onnxruntime, part
from .model import Model, retyped
from .qonnx import DOMAINS, reference_operators, reference_quantisers

AT_A_TIME, MOST = 2**24, 2**28
"""Numbers of the widest layer, of all samples of a batch, that a model with an open or a fixed batch has at a time."""
Executor = Callable[[Floats], Floats]
"""Takes samples ``(N, n_inputs)``; gives outputs ``(N, ...)``."""


def by_onnxruntime(model: Model, width: int) -> Executor | None:
    """onnxruntime in the precision of the model, or None where it is not installed or does not know all operators."""
    runtime = onnxruntime()
    if runtime is None or any(node.domain in DOMAINS for node in model.graph.node):
        return None
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # errors are raised
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL  # each node as it is defined
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = model.proto.SerializeToString()
    try:
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception:  # of an operator or precision that it does not have
        return None
    return _over_batches(model, width, session.run)


def by_reference(model: Model, width: int) -> Executor:
    """The reference of the onnx package in double precision, or a ValueError.

    Where onnxruntime differs by its rounding, such as of a number that lies between two levels of a quantiser, this one
    tells.
    """
    double, kinds = onnx().ModelProto(), onnx().TensorProto
    double.CopyFrom(model.proto)
    retyped(double, {kinds.FLOAT: kinds.DOUBLE})
    operators = [*reference_operators(), *reference_quantisers()]
    try:
        evaluator = part("reference").ReferenceEvaluator(double, new_ops=operators)
    except Exception as error:  # whatever it raises
        raise ValueError(f"model must run in the reference of ONNX: {quoted(line(error), 200)}") from error
    return _over_batches(model, width, evaluator.run, np.float64)


WAYS: tuple[Callable[[Model, int], Executor | None], ...] = (by_onnxruntime, by_reference)
"""Ways to compute the outputs of a model, whose widest layer has so many numbers, the fastest first."""


def _over_batches(model: Model, width: int, run: Callable[[None, dict[str, Any]], Any], dtype: Any = None) -> Executor:
    given = model.graph.input[0]
    if dtype is None:
        dtype = part("helper").tensor_dtype_to_np_dtype(given.type.tensor_type.elem_type)
    if (model.batch or 1) * width > MOST:
        raise ValueError(f"model must take at most {MOST // width} samples at a time, got {model.batch}")
    batch = model.batch or max(1, AT_A_TIME // width)

    def of_batch(samples: Floats, count: int) -> Floats:
        chunk = samples
        if len(samples) < count:  # it takes no fewer
            chunk = np.concatenate([samples, np.zeros((count - len(samples), samples.shape[1]))])
        try:
            (outputs,) = run(None, {given.name: chunk.reshape(len(chunk), *model.shape).astype(dtype)})
        except Exception as error:  # whatever the program raises
            if model.batch is None and len(chunk) > 1:  # exported with one sample in mind, whatever the file declares
                return np.concatenate([of_batch(sample[None], 1) for sample in samples])
            told = line(error) or type(error).__name__
            raise ValueError(
                f"model must run on {len(chunk)} samples of shape {model.shape}: {quoted(told, 200)}"
            ) from error
        outputs = np.asarray(outputs, np.float64)
        if outputs.size % len(chunk):
            raise ValueError(f"model must give outputs for each of {len(chunk)} samples, got shape {outputs.shape}")
        return outputs.reshape(len(chunk), -1)[: len(samples)]

    def executed(samples: Floats) -> Floats:
        parts = [samples[start : start + batch] for start in range(0, len(samples), batch)]
        return np.concatenate([of_batch(each, 1 if model.batch is None else model.batch) for each in parts])

    return executed
