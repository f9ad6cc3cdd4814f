"""A model as it is walked and run: the one input, the one output, and the nodes that lie between them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import checks
from ...files import checked_path, open_regular
from ...networks.layer_spec import Shape
from ..refusals import quoted
from ..samples import checked_shape
from .library import onnx, part
from .tensors import LARGEST_FILE, load_external, tensor_array

MOST_NODES = 2**15
STANDARD = ("", "ai.onnx")
"""Names of ONNX's own operators."""

BESIDE = ("Dropout", "MaxPool", "LayerNormalization")
"""Operators whose outputs behind the first, which nobody may take, change nothing of it."""


@dataclass(frozen=True)
class Model:
    """The part of a model that its output depends on."""

    proto: Any
    """A ``ModelProto`` of these nodes, with one input and one output, all tensors in it; half precision is single."""
    name: str
    """Of the file, for errors; ``""`` for none."""
    size: int
    """Bytes of it."""
    shape: Shape
    """Of a sample."""
    batch: int | None
    """Samples that it takes at a time; None: any number."""

    @property
    def graph(self) -> Any:
        """Its graph."""
        return self.proto.graph

    @property
    def opset(self) -> int:
        """Version of ONNX's own operators."""
        return next((each.version for each in self.proto.opset_import if each.domain in STANDARD), 1)


def opened(model: Any) -> tuple[Any, Path | None]:
    """The ``ModelProto`` of a path, of bytes or of itself, and its path.

    Raises
    ------
    OSError
        If a file cannot be opened.
    ValueError
        If the bytes are no model.
    """
    package = onnx()
    if isinstance(model, package.ModelProto):
        return model, None
    if isinstance(model, bytes | bytearray | memoryview):
        return parsed(bytes(model), "model"), None
    if not isinstance(model, str | os.PathLike):
        raise TypeError(f"model must be a path, bytes or an onnx.ModelProto, got {checks.shown(model)}")
    path = checked_path("model", model)
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            raise ValueError(f"{path} must have at most {LARGEST_FILE} bytes, as a protobuf message")
        return parsed(file.read(), str(path)), path


def parsed(content: bytes, called: str) -> Any:
    """The ``ModelProto`` of bytes, or a ValueError."""
    from google.protobuf.message import DecodeError

    model = onnx().ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise ValueError(f"{called} must be an ONNX model, it is not readable as one: {error}") from error
    if not model.HasField("graph"):
        raise ValueError(f"{called} must be an ONNX model with a graph, got one without")
    return model


def essential(proto: Any, path: Path | None, input_shape: Any) -> Model:
    """What the output of a model depends on, with the shape of a sample.

    Parameters
    ----------
    input_shape
        Shape of a sample, if the file leaves its sizes open; else None.
    """
    graph = proto.graph
    _check_names(graph)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    sparse = {each.values.name for each in graph.sparse_initializer}
    makers: dict[str, int] = {}
    if len(graph.node) > MOST_NODES:
        raise ValueError(f"model must have at most {MOST_NODES} nodes, got {len(graph.node)}")
    for place, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in makers or name in tensors:
                raise ValueError(f"each tensor must be given by one node, got {quoted(name)!r} twice")
            makers[name] = place
    inputs = [each for each in graph.input if each.name not in tensors]
    if len(graph.output) != 1 or len(inputs) != 1:
        told = ", ".join(quoted(each.name) for each in (graph.output if len(graph.output) != 1 else inputs)[:8])
        what = "output" if len(graph.output) != 1 else "input"
        raise ValueError(f"model must have one {what} that is no initializer, got {told or 'none'}")
    needed, wanted = set(), [graph.output[0].name]
    used: set[str] = set()
    while wanted:
        name = wanted.pop()
        used.add(name)
        if name in sparse:
            raise ValueError(f"tensor {quoted(name)!r} must be dense, got a sparse one")
        if (place := makers.get(name, -1)) >= 0 and place not in needed:
            needed.add(place)
            wanted += filter(None, graph.node[place].input)
    opset = next((each.version for each in proto.opset_import if each.domain in STANDARD), 1)
    if not 1 <= opset <= part("defs").onnx_opset_version():
        raise ValueError(
            f"model must have an opset of 1 to {part('defs').onnx_opset_version()}, which this onnx package knows, got "
            f"{opset}"
        )
    found = onnx().ModelProto(ir_version=max(proto.ir_version, 4), opset_import=proto.opset_import)
    found.graph.name = "graph"
    found.graph.node.extend(graph.node[place] for place in sorted(needed))
    for node in found.graph.node:
        if node.op_type in BESIDE and node.domain in STANDARD:
            while len(node.output) > 1 and node.output[-1] not in used:
                del node.output[-1]
    found.graph.initializer.extend(tensor for name, tensor in tensors.items() if name in used)
    found.graph.input.append(inputs[0])
    found.graph.output.append(graph.output[0])
    room = LARGEST_FILE - found.ByteSize()
    for tensor in found.graph.initializer:
        if tensor.data_location == onnx().TensorProto.EXTERNAL:
            room -= load_external(tensor, None if path is None else path.parent, room)
    _single(found)
    shape, batch = _sizes(found.graph.input[0], input_shape)
    return Model(found, "" if path is None else str(path), LARGEST_FILE - room, shape, batch)


def _check_names(graph: Any) -> None:
    """A ValueError for names that are no text, which protobuf gives as bytes."""
    for node in graph.node:
        names = (
            node.name,
            node.op_type,
            node.domain,
            *node.input,
            *node.output,
            *(each.name for each in node.attribute),
        )
        if any(not isinstance(name, str) for name in names):
            raise ValueError(f"names must be text in UTF-8, got {checks.shown(names)}")
    for each in (*graph.initializer, *graph.input, *graph.output):
        if not isinstance(each.name, str):
            raise ValueError(f"names must be text in UTF-8, got {checks.shown(each.name)}")


def _sizes(given: Any, input_shape: Any) -> tuple[Shape, int | None]:
    """Shape of a sample and samples of a batch, from the declared input and what is given of it."""
    called, kind = f"input {quoted(given.name)!r}", given.type.tensor_type
    names = {number: name for name, number in onnx().TensorProto.DataType.items()}
    if names.get(kind.elem_type) not in ("FLOAT", "DOUBLE"):
        raise ValueError(f"{called} must hold floating-point numbers, got {names.get(kind.elem_type, 'no tensor')}")
    if not kind.HasField("shape"):
        if input_shape is None:
            raise ValueError(f"input_shape must be given: {called} has no shape in the file")
        return checked_shape(input_shape), None
    sizes = [each.dim_value if each.HasField("dim_value") else None for each in kind.shape.dim]
    if not 2 <= len(sizes) <= 4 or any(size is not None and size < 1 for size in sizes):
        raise ValueError(
            f"{called} must have an axis of samples and 1 to 3 others, of sizes of at least 1, got "
            f"({', '.join('?' if size is None else str(size) for size in sizes)})"
        )
    batch, own = sizes[0], sizes[1:]
    if input_shape is None:
        if None in own:
            told = ", ".join("?" if size is None else str(size) for size in own)
            raise ValueError(f"input_shape must be given: {called} has the open shape ({told}) in the file")
        return tuple(size for size in own if size is not None), batch
    shape = checked_shape(input_shape)
    if len(shape) != len(own) or any(size not in (None, mine) for size, mine in zip(own, shape, strict=True)):
        told = ", ".join("?" if size is None else str(size) for size in own)
        raise ValueError(f"input_shape must fit that of {called} in the file, ({told}), got {shape}")
    return shape, batch


def _single(model: Any) -> None:
    """Half precision as single precision, in place: the numbers are the same, what is computed of them is finer."""
    half = (onnx().TensorProto.FLOAT16, onnx().TensorProto.BFLOAT16)
    retyped(model, dict.fromkeys(half, onnx().TensorProto.FLOAT))


def retyped(model: Any, kinds: dict[int, int]) -> None:
    """Tensors of a model in other types, in place.

    Parameters
    ----------
    kinds
        Types of ``TensorProto`` to those that take their place.
    """
    helper, numpy_helper = part("helper"), part("numpy_helper")

    def changed(tensor: Any) -> None:
        if tensor.data_type in kinds:
            name = tensor.name
            numbers = tensor_array(tensor).astype(helper.tensor_dtype_to_np_dtype(kinds[tensor.data_type]))
            tensor.CopyFrom(numpy_helper.from_array(numbers, name))

    for tensor in model.graph.initializer:
        changed(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                changed(attribute.t)
            elif attribute.name in ("to", "dtype", "output_dtype") and attribute.i in kinds:
                attribute.i = kinds[attribute.i]
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type in kinds:
            value.type.tensor_type.elem_type = kinds[value.type.tensor_type.elem_type]
