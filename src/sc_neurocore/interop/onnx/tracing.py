"""The walk over the graph of an ONNX model: a node after the other becomes layers of a network."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...networks import Concat
from ...networks.layer_spec import Shape
from ..operators import UnsupportedError
from ..refusals import UNKNOWN, Refused, line, quoted, refusal
from ..wiring import Value, Wiring
from .computing import COMPUTING, NoLayer
from .definitions import Constants, Definition, defined
from .library import part
from .model import Model
from .moving import MOVING, VIEWS
from .node import Node, Translator
from .quantising import QONNX, QUANTISING, as_levels, translated
from .recurrent import RECURRENT
from .tensors import tensor_array
from .weighted import WEIGHTED

TRANSLATORS: Mapping[str, Translator] = {**MOVING, **COMPUTING, **WEIGHTED, **RECURRENT, **QUANTISING}
"""What makes layers of a node, by the name of its operator."""
MOST_NUMBERS, MOST_TOGETHER = 2**22, 2**26
"""Numbers that one value may have for a sample, and all of them."""
MOST_MOVED = 2**20
"""Numbers of a value that are put in other places one by one."""
STANDING_IN = 2**12
"""Numbers of a constant that takes the place of what a refused node gives."""
CONSTANTS = 2**24
"""Numbers that computed constants may have, besides four for each byte of the model."""
_MEASURES = ("Shape", "Size")
"""Operators whose outputs depend on no sample, whatever their inputs are."""
_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RecursionError)
"""What options of a damaged node make the functions of operators raise."""


def layers_of(model: Model) -> dict[str, Any]:
    """Name to ``(layer, *sources)`` of all layers of a model; the last gives the output as a vector.

    Raises
    ------
    ValueError
        If operators have no layer: it names all. If the output does not depend on the input.
    """
    walk = _Walk(model)
    if walk.refused:
        raise refusal("from_onnx", walk.refused)
    return walk.layers()


class _Walk:
    """One walk over a graph."""

    def __init__(self, model: Model) -> None:
        self.wiring = Wiring(model.shape)
        self.refused: list[Refused] = []
        self._model = model
        self._constants = Constants(CONSTANTS + 4 * model.size)
        self._room = MOST_TOGETHER
        self._unknown: dict[str, bool] = {}  # tensors whose shape is not known: whether they depend on the sample
        tensors = model.graph.initializer
        self._tensors = {each.name: each for each in tensors}
        given = model.graph.input[0]
        self._values: dict[str, Any] = {"": None, given.name: self.wiring.input((1, *model.shape))}
        self._kinds: dict[str, Any] = {"": None, given.name: given.type.tensor_type.elem_type}
        for place, node in enumerate(model.graph.node):
            self._walk(node, f"node {quoted(node.name) or place}")

    def layers(self) -> dict[str, Any]:
        """The layers, of which the last gives the output as a vector."""
        name = self._model.graph.output[0].name
        value = self._value(name)
        if not isinstance(value, Value):
            raise ValueError(f"model must give an output that depends on its input, {quoted(name)!r} does not")
        self.wiring.called = "output"
        value = as_levels(self.wiring, value)
        last = self.wiring.viewed(value, (value.size,))
        layers = self.wiring.layers
        return layers if layers and last == next(reversed(layers)) else {**layers, "output": (Concat(), last)}

    def _value(self, name: str) -> Any:
        """A `Value`, an array, or None where a node has no input."""
        if name not in self._values:
            if name not in self._tensors:
                raise ValueError(f"nodes must be in order: no earlier one gives {quoted(name)!r}")
            self._set(name, tensor_array(self._tensors[name]), self._tensors[name].data_type)
        return self._values[name]

    def _walk(self, node: Any, where: str) -> None:
        self.wiring.called = quoted(node.name) or node.op_type.lower() or "layer"
        if any(name in self._unknown for name in node.input):
            self._pass_by(node, where)
            return
        inputs = [self._value(name) for name in node.input]
        kinds = [self._kinds[name] for name in node.input]
        outputs: list[tuple[Any, Shape]] = []
        try:
            definition = defined(node, self._model.proto.opset_import)
            inputs = self._of_one_sample(definition, inputs)
            outputs = definition.outputs(inputs, kinds)
            found = self._found(definition, inputs, outputs)
        except UnsupportedError as reason:
            found = self._refuse(node, where, str(reason), inputs, outputs)
        except _ERRORS as error:
            found = self._refuse(node, where, line(error) or type(error).__name__, inputs, outputs)
        for name, each, (kind, _) in zip(node.output, found, outputs, strict=False):
            self._set(name, each, kind)

    def _pass_by(self, node: Any, where: str) -> None:
        """Note a node that has no layer, whatever its inputs are, of which some are not known."""
        depends = any(self._unknown.get(name, False) for name in node.input)
        try:
            definition = defined(node, self._model.proto.opset_import)
            translator = _translators(definition).get(node.op_type)
            if isinstance(translator, NoLayer) or (depends and translator is None and node.op_type not in _MEASURES):
                raise UnsupportedError(UNKNOWN if translator is None else translator.hint)
        except UnsupportedError as reason:
            self._refuse(node, where, str(reason), [], [])
        self._unknown |= dict.fromkeys(node.output, depends and node.op_type not in _MEASURES)

    def _refuse(self, node: Any, where: str, hint: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
        """Note a node; what takes its outputs is looked at with others of the same shapes, where these are known."""
        self.refused.append(Refused(where, quoted(node.op_type) or "an operator without a name", quoted(hint, 160)))
        shapes = [shape for _, shape in outputs]
        if shapes and all(0 < math.prod(shape) <= STANDING_IN for shape in shapes):
            return [self.wiring.constant(np.zeros(shape)) for shape in shapes]
        self._unknown |= dict.fromkeys(node.output, any(isinstance(each, Value) for each in inputs))
        return []

    def _set(self, name: str, value: Any, kind: int) -> None:
        """Note what a tensor is, and its type."""
        if name and value is not None:
            self._values[name] = value
            own = not isinstance(value, Value) and value.dtype.kind in "bif"
            self._kinds[name] = part("helper").np_dtype_to_tensor_dtype(value.dtype) if own else kind

    def _of_one_sample(self, definition: Definition, inputs: list[Any]) -> list[Any]:
        """The inputs; a shape that names the samples of a fixed batch has one in its place."""
        batch = self._model.batch or 1
        if definition.proto.op_type != "Reshape" or batch == 1 or not isinstance(inputs[0], Value):
            return inputs
        shape = np.array(inputs[1])
        if shape.ndim == 1 and len(shape) and shape[0] == batch and math.prod(shape.tolist()) != inputs[0].size:
            shape[0] = 1
        return [inputs[0], shape]

    def _found(self, definition: Definition, inputs: list[Any], outputs: list[tuple[Any, Shape]]) -> list[Any]:
        """What a node gives, for each of its outputs."""
        node = definition.proto
        name = node.op_type
        if name in _MEASURES and isinstance(inputs[0], Value):
            return [_measured(name, inputs[0], definition.attributes)]
        translators = _translators(definition)
        if not any(isinstance(each, Value) for each in inputs):
            return self._constants.computed(definition, inputs, outputs)
        if name not in translators:
            raise UnsupportedError(UNKNOWN)
        shapes = [shape for _, shape in outputs]
        counts = [math.prod(shape) for shape in shapes]
        self._room -= sum(counts)
        most = MOST_MOVED if name in MOVING and name not in VIEWS else MOST_NUMBERS
        if max(counts, default=0) > most or self._room < 0:
            raise UnsupportedError(f"values of at most {most} numbers for a sample, {MOST_TOGETHER} together, would")
        call = Node(
            self.wiring, name, inputs, definition.attributes, definition.version, shapes,
            [kind for kind, _ in outputs], node.output,
        )  # fmt: skip
        results = translated(call, translators)
        for value, shape in zip(results, shapes, strict=False):
            if value is not None and value.shape != shape:
                raise ValueError(f"it gives the shape {shape}, its layers {value.shape}")
        return results


def _translators(definition: Definition) -> Mapping[str, Translator]:
    return QONNX if definition.schema is None else TRANSLATORS


def _measured(name: str, value: Value, attributes: Mapping[str, Any]) -> Any:
    """The shape of a value, or the count of its numbers, of one sample."""
    if name == "Size":
        return np.array(value.size, np.int64)
    start, end = attributes.get("start", 0), attributes.get("end", len(value.shape))
    return np.array(value.shape[slice(start, end)], np.int64)
