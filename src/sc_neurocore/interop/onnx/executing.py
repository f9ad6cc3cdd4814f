"""Outputs of an ONNX model by programs that know nothing of this reader: onnxruntime, or the reference of ONNX."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...networks.activations import Floats
from ..refusals import line
from .library import onnx, onnxruntime, part
from .model import Model, retyped
from .qonnx import DOMAINS, reference_operators, reference_quantize

AT_A_TIME = 2**22
"""Numbers of the inputs that a model with an open batch takes at a time."""
Executor = Callable[[Floats], Floats]
"""Takes samples ``(N, n_inputs)``; gives outputs ``(N, ...)``."""


def executors(model: Model) -> Iterator[Executor]:
    """Ways to compute the outputs of a model, the fastest first.

    onnxruntime, where it is installed and knows all operators, computes in the precision of the model. The reference
    of the onnx package computes in double precision: where the first differs by its rounding, such as of a number that
    lies between two levels of a quantiser, this one tells.
    """
    runtime = onnxruntime()
    if runtime is not None and not any(node.domain in DOMAINS for node in model.graph.node):
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # errors are raised
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL  # each node as it is defined
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = runtime.InferenceSession(
                model.proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception:  # of an operator or precision that it does not have
            session = None
        if session is not None:
            yield _over_batches(model, session.run)
    double = onnx().ModelProto()
    double.CopyFrom(model.proto)
    kinds = onnx().TensorProto
    retyped(double, {kinds.FLOAT: kinds.DOUBLE})
    evaluator = part("reference").ReferenceEvaluator(double, new_ops=[*reference_operators(), reference_quantize()])
    yield _over_batches(model, evaluator.run, np.float64)


def _over_batches(model: Model, run: Callable[[None, dict[str, Any]], Any], dtype: Any = None) -> Executor:
    given = model.graph.input[0]
    if dtype is None:
        dtype = part("helper").tensor_dtype_to_np_dtype(given.type.tensor_type.elem_type)
    batch = model.batch or max(1, AT_A_TIME // math.prod(model.shape))

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
            raise ValueError(f"model must run on {len(chunk)} samples of shape {model.shape}: {told[:200]}") from error
        outputs = np.asarray(outputs, np.float64)
        if outputs.size % len(chunk):
            raise ValueError(f"model must give outputs for each of {len(chunk)} samples, got shape {outputs.shape}")
        return outputs.reshape(len(chunk), -1)[: len(samples)]

    def executed(samples: Floats) -> Floats:
        parts = [samples[start : start + batch] for start in range(0, len(samples), batch)]
        return np.concatenate([of_batch(each, 1 if model.batch is None else model.batch) for each in parts])

    return executed
