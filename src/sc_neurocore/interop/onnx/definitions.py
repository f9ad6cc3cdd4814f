"""What ONNX says of a node before it is computed: its attributes with their defaults, and the shapes of its outputs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks.layer_spec import Shape
from ..operators import UnsupportedError
from ..refusals import UNKNOWN, line, quoted
from ..wiring import Value
from .library import onnx, part
from .model import STANDARD
from .qonnx import DOMAINS, FUNCTIONS, reference_quantisers
from .tensors import tensor_array

READ = 4096
"""Numbers of a constant that shapes may depend on."""
_GRAPHS = "operators without graphs of their own would: what is computed must not depend on the numbers of a sample"
COMPUTED = {
    *(
        "Constant",
        "ConstantOfShape",
        "Shape",
        "Size",
        "Range",
        "EyeLike",
        "OneHot",
        "Trilu",
        "Identity",
        "Cast",
        "CastLike",
    ),
    *("Gather", "GatherElements", "GatherND", "Slice", "Concat", "Split", "Squeeze", "Unsqueeze", "Reshape", "Flatten"),
    *("Transpose", "Expand", "Tile", "Pad", "ScatterND", "ScatterElements", "Where", "Dropout", "CumSum", "Clip"),
    *("Add", "Sub", "Mul", "Div", "Mod", "Pow", "Neg", "Abs", "Sign", "Sqrt", "Reciprocal", "Exp", "Log", "Erf", "Sin"),
    *("Cos", "Floor", "Ceil", "Round", "Min", "Max", "Sum", "Mean", "Equal", "Greater", "GreaterOrEqual", "Less"),
    *("LessOrEqual", "And", "Or", "Not", "Xor", "IsNaN", "IsInf", "ReduceMin", "ReduceMax", "ReduceSum", "ReduceMean"),
    *("ReduceProd", "ReduceSumSquare", "ReduceL2", "MatMul", "Gemm", "Relu", "Tanh", "Sigmoid", "Softplus", "Softmax"),
    *("QuantizeLinear", "DequantizeLinear"),
}
"""Operators that are computed of constants: what they need besides their inputs and outputs is no matter."""
SAME_SHAPE = ("GroupNormalization",)
"""Operators whose definition does not say that the output has the shape of the input."""


@dataclass(frozen=True)
class Definition:
    """A node by its definition in a version of ONNX."""

    proto: Any
    schema: Any
    """None for an operator of QONNX."""
    attributes: Mapping[str, Any]
    """With defaults."""
    imports: Sequence[Any] = field(repr=False)

    @property
    def version(self) -> int:
        """Version that brought the definition."""
        return 1 if self.schema is None else int(self.schema.since_version)

    def outputs(self, inputs: Sequence[Any], kinds: Sequence[Any]) -> list[tuple[Any, Shape]]:
        """Types and shapes of outputs.

        Parameters
        ----------
        inputs
            Each a `Value`, an array, or None.
        kinds
            Types of them as those of ``TensorProto``.

        Raises
        ------
        UnsupportedError
            If a shape does not follow from the definition, or the inputs are none of the operator.
        """
        if self.schema is None:
            return [(kinds[0], np.broadcast_shapes(*(each.shape for each in inputs[:3])))]
        helper, types, data = part("helper"), {}, {}
        for name, given, kind in zip(self.proto.input, inputs, kinds, strict=True):
            if given is None:
                continue
            types[name] = helper.make_tensor_type_proto(kind, given.shape)
            if not isinstance(given, Value) and given.size <= READ:
                data[name] = part("numpy_helper").from_array(given, name)
        infer = part("shape_inference").infer_node_outputs
        try:
            found = infer(self.schema, self.proto, types, data, opset_imports=list(self.imports))
        except Exception as error:  # of kinds that the package does not export
            raise UnsupportedError(line(error) or "its inputs are none of it") from error
        result: list[tuple[Any, Shape]] = []
        for name in self.proto.output:
            kind = found[name].tensor_type if name in found else None
            sizes = [-1] if kind is None or not kind.HasField("shape") else [_size(each) for each in kind.shape.dim]
            if not name:  # nobody takes it
                result.append((None, ()))
            elif kind is not None and min(sizes, default=0) >= 0:
                result.append((kind.elem_type, tuple(sizes)))
            elif self.proto.op_type in SAME_SHAPE:
                result.append((kinds[0], tuple(inputs[0].shape)))
            else:
                raise UnsupportedError("an output whose shape follows from those of the inputs would")
        return result


def _size(dimension: Any) -> int:
    """A size, or -1 if it is not known."""
    return int(dimension.dim_value) if dimension.HasField("dim_value") else -1


def defined(node: Any, imports: Sequence[Any]) -> Definition:
    """A node by its definition; an UnsupportedError if there is none, or if the node does not fit it.

    Parameters
    ----------
    imports
        The ``opset_import`` of the model.
    """
    package = onnx()
    kinds = package.AttributeProto
    if any(each.type in (kinds.GRAPH, kinds.GRAPHS) or each.HasField("g") or each.graphs for each in node.attribute):
        raise UnsupportedError(_GRAPHS)
    if node.domain in DOMAINS:
        return Definition(node, None, {each.name: _plain(each) for each in node.attribute}, imports)
    if node.domain not in STANDARD:
        raise UnsupportedError(
            f"operators of ONNX or QONNX would, not of {quoted(node.domain)}; onnx.inliner.inline_local_functions "
            "replaces functions of a model"
        )
    opset = next((each.version for each in imports if each.domain in STANDARD), 1)
    try:
        schema = part("defs").get_schema(node.op_type, opset, "")
    except Exception as error:  # of a kind that the package does not export
        raise UnsupportedError(f"it is no operator of ONNX {opset}") from error
    if not schema.min_input <= len(node.input) <= schema.max_input:
        raise UnsupportedError(f"{schema.min_input} to {schema.max_input} inputs would, got {len(node.input)}")
    if not schema.min_output <= len(node.output) <= schema.max_output:
        raise UnsupportedError(f"{schema.min_output} to {schema.max_output} outputs would, got {len(node.output)}")
    attributes: dict[str, Any] = {}
    for name, attribute in schema.attributes.items():
        if attribute.default_value.name:
            attributes[name] = _plain(attribute.default_value)
    for each in node.attribute:
        own = schema.attributes.get(each.name)
        if own is None or int(own.type) != each.type:
            raise UnsupportedError(f"attributes of its definition would, not {quoted(each.name)} of type {each.type}")
        attributes[each.name] = _plain(each)
    if node.op_type == "Split" and attributes.get("num_outputs", len(node.output)) != len(node.output):
        raise UnsupportedError(f"num_outputs {len(node.output)} would, got {attributes['num_outputs']}")
    missing = [name for name, each in schema.attributes.items() if each.required and name not in attributes]
    if missing:
        raise UnsupportedError(f"its attribute {missing[0]} would")
    return Definition(node, schema, attributes, imports)


def _plain(attribute: Any) -> Any:
    """The value of an attribute: a number, bytes, a list of these, or an array."""
    if attribute.HasField("t"):
        return tensor_array(attribute.t)
    if attribute.HasField("sparse_tensor"):
        raise UnsupportedError("a dense tensor would")
    found = part("helper").get_attribute_value(attribute)
    return list(found) if not isinstance(found, int | float | bytes) else found


class Constants:
    """What nodes give that depend on no sample, computed by the reference of ONNX.

    Parameters
    ----------
    most
        Numbers that all of them together may have.
    """

    def __init__(self, most: int) -> None:
        self._room = self._most = most

    def computed(
        self, definition: Definition, inputs: Sequence[Any], outputs: Sequence[tuple[Any, Shape]]
    ) -> list[NDArray[Any]]:
        """The outputs, of these types and shapes, of a node of constant inputs."""
        self._room -= sum(math.prod(shape) for _, shape in outputs)
        if self._room < 0:
            raise UnsupportedError(f"constants of at most {self._most} numbers together would")
        if definition.proto.op_type == "Constant" and "value" in definition.attributes:
            return [definition.attributes["value"]]
        helper, node = part("helper"), definition.proto
        if definition.schema is not None and node.op_type not in COMPUTED:
            raise UnsupportedError("a constant that is computed already would")
        if definition.schema is None:
            if node.op_type not in FUNCTIONS:
                raise UnsupportedError(UNKNOWN)
            found = FUNCTIONS[node.op_type](definition.attributes, *inputs)
            return [np.asarray(found, inputs[0].dtype)]
        given = {name: array for name, array in zip(node.input, inputs, strict=True) if array is not None}
        graph = helper.make_graph(
            [node], "constants", [_any(name, each) for name, each in given.items()],
            [
                helper.make_tensor_value_info(name, kind, shape)
                for name, (kind, shape) in zip(node.output, outputs, strict=True) if name
            ],
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=list(definition.imports))
        try:
            found = part("reference").ReferenceEvaluator(model, new_ops=reference_quantisers()).run(None, given)
        except Exception as error:  # whatever the reference raises
            raise UnsupportedError(
                f"its constants cannot be computed: {line(error) or type(error).__name__}"
            ) from error
        arrays = iter([np.asarray(each) for each in found])
        result = [next(arrays) if name else np.zeros(()) for name in node.output]
        if any(each.dtype.kind in "OUSc" for each in result):
            raise UnsupportedError("constants that are real numbers would")
        return result


def _any(name: str, array: NDArray[Any]) -> Any:
    helper = part("helper")
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
