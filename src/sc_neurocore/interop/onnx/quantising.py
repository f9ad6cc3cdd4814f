"""Operators that round to levels: QuantizeLinear and its kin, and those of QONNX.

Between QuantizeLinear and DequantizeLinear a value has whole numbers, the levels. The layers have the real numbers that
these stand for: operators that only move numbers, or take the largest, do the same to both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...networks import Quantize
from ..operators import UnsupportedError
from ..wiring import Value, Wiring
from .library import onnx
from .node import Node, Translator
from .qonnx import ends, is_sign, rounding
from .weighted import WEIGHTED

KEEPING = (
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Gather", "Expand", "Tile", "Split",
    "Concat", "MaxPool", "GlobalMaxPool", "ReduceMax", "DepthToSpace", "SpaceToDepth", "Resize", "Dropout",
)  # fmt: skip
"""Operators that make of levels what they make of the numbers that these stand for."""
_BITS = {"UINT2": 2, "INT2": 2, "UINT4": 4, "INT4": 4, "UINT8": 8, "INT8": 8, "UINT16": 16, "INT16": 16}


@dataclass(frozen=True)
class Levels(Value):
    """Whole numbers that stand for ``steps * (levels - zeros)``, which is what its layer gives."""

    steps: Any = 1.0
    zeros: Any = 0.0
    """Numbers, or arrays that broadcast with the value."""

    @property
    def one(self) -> bool:
        """Whether all have the same step and zero."""
        return np.size(self.steps) == np.size(self.zeros) == 1


def as_levels(wiring: Wiring, value: Any) -> Any:
    """The whole numbers themselves, for operators that compute with them."""
    if not isinstance(value, Levels):
        return value
    return wiring.scaled(Value(value.name, value.shape), 1.0 / value.steps, value.zeros)


def keeping_levels(node: Node, translator: Translator) -> list[Any]:
    """The outputs of a node some of whose inputs are levels."""
    given = [each for each in node.inputs if isinstance(each, Levels)]
    same = all(each.one and (each.steps, each.zeros) == (given[0].steps, given[0].zeros) for each in given)
    alone = all(isinstance(each, Levels) for each in node.inputs if isinstance(each, Value))
    if node.operator == "Concat":
        alone = len(given) == len(node.inputs)
    kept = same and alone and node.operator in KEEPING
    inputs = node.inputs if kept else [as_levels(node.wiring, each) for each in node.inputs]
    found = translator(replace(node, inputs=inputs))
    outputs = list(found) if isinstance(found, list | tuple) else [found]
    return [Levels(each.name, each.shape, given[0].steps, given[0].zeros) for each in outputs] if kept else outputs


def quantized(
    node: Node, value: Value, steps: Any, zeros: Any, low: float, high: float, way: str = "half_even"
) -> Value:
    """A value on levels, whose steps and zeros broadcast with it."""
    same = all(np.size(each) == 1 for each in (steps, zeros))
    if same:
        layer = Quantize(np.reshape(steps, ()), np.reshape(zeros, ()), low, high, way)
        return node.wiring.through(layer, value)
    value, native, (each_step, each_zero) = node.wiring.by_lines(value, steps, zeros)
    return node.wiring.through(Quantize(each_step, each_zero, low, high, way), value, native)


def _along(node: Node, numbers: NDArray[Any], value: Value, axis: int) -> NDArray[np.float64]:
    """A number for all, or one for each place of an axis, so that it broadcasts with a value."""
    numbers = np.asarray(numbers, np.float64)
    if numbers.size == 1:
        return numbers.reshape(())
    if numbers.ndim != 1:
        raise UnsupportedError("one scale, or one for each channel, would")
    shape = [1] * len(value.shape)
    shape[axis] = numbers.size
    return numbers.reshape(shape)


def _ends_of(kind: int | None) -> tuple[float, float]:
    """The lowest and highest whole number of a type."""
    names = {number: name for name, number in onnx().TensorProto.DataType.items()}
    name = names.get(kind or 0, "UNDEFINED")
    if name not in _BITS:
        raise UnsupportedError(f"levels of {', '.join(_BITS)} would, not {name}")
    bits = _BITS[name]
    return (0.0, 2.0**bits - 1) if name.startswith("U") else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)


def _scales(node: Node, place: int, value: Value) -> tuple[Any, Any]:
    """Step and zero of a value, from the inputs at a place and behind it."""
    axis = node.attributes.get("axis", 1)
    if node.attributes.get("block_size", 0):
        raise UnsupportedError("block_size 0 would")
    steps = _along(node, node.constant(place, "scale"), value, axis)
    zeros = node.constant(place + 1, "zero point") if node.has(place + 1) else np.zeros(steps.shape)
    return steps, np.broadcast_to(_along(node, zeros, value, axis), steps.shape)


def _quantize(node: Node) -> Levels:
    value = node.value(0)
    steps, zeros = _scales(node, 1, value)
    zero = float(zeros.flat[0])
    if (zeros != zero).any():
        raise UnsupportedError("one zero point for all channels would")
    low, high = _ends_of(node.kinds[0])
    found = quantized(node, value, steps, np.zeros(steps.shape), low - zero, high - zero)  # rounded, then shifted
    return Levels(found.name, found.shape, steps, zeros)


def _dequantize(node: Node) -> Value:
    value = node.inputs[0]
    steps, zeros = _scales(node, 1, value)
    if isinstance(value, Levels):
        if np.array_equal(value.steps, steps) and np.array_equal(value.zeros, zeros):
            return Value(value.name, value.shape)
        value = as_levels(node.wiring, value)
    return node.wiring.scaled(value, steps, -steps * zeros)


def _real(node: Node, place: int, axis: int | None = None) -> Any:
    """What levels stand for, whose scale and zero are the two inputs behind them: a `Value` or an array."""
    given = node.inputs[place]
    if isinstance(given, Value):
        return _dequantize(replace(node, inputs=node.inputs[place : place + 3], attributes={}))
    scale, zero = node.constant(place + 1, "scale"), node.optional(place + 2, "zero point")
    shape = [1] * given.ndim
    if scale.size > 1 and axis is not None:
        shape[axis] = scale.size
    zeros = 0.0 if zero is None else zero.reshape(shape if zero.size > 1 else ())
    return (np.asarray(given, np.float64) - zeros) * scale.reshape(shape if scale.size > 1 else ())


def _again(node: Node, found: Value, place: int) -> Levels:
    """A value as levels, whose scale and zero are the inputs at a place."""
    return _quantize(replace(node, inputs=[found, *node.inputs[place : place + 2]], attributes={}))


def _of_levels(name: str) -> Translator:
    """QLinearConv and QLinearMatMul: what levels stand for is multiplied, and the sums are rounded to levels."""

    def translated(node: Node) -> Levels:
        both = [_real(node, 0), _real(node, 3, 0 if name == "Conv" else -1)]
        if node.has(8):
            both.append(node.constant(8, "bias") * node.constant(1, "scale") * node.constant(4, "scale"))
        return _again(node, WEIGHTED[name](replace(node, operator=name, inputs=both)), 6)

    return translated


# ---------------------------------------------------------------- QONNX


def _quant(node: Node) -> Value:
    value, bits = node.value(0), node.constant(3, "bit width")
    steps, zeros = node.constant(1, "scale"), node.constant(2, "zero point")
    if is_sign(node.attributes, bits):
        return quantized(node, value, 2 * steps, 0.5 + zeros / 2, 0.0, 1.0, "half_up")
    if bits.size != 1:
        raise UnsupportedError("one bit width would")
    low, high = ends(node.attributes, float(bits.reshape(())))
    return quantized(node, value, steps, zeros, low, high, rounding(node.attributes, "ROUND"))


def _bipolar(node: Node) -> Value:
    """Of two levels, the one whose sign the number has; 0 has that of positive ones."""
    scale = node.constant(1, "scale")
    return quantized(node, node.value(0), 2 * scale, np.full(scale.shape, 0.5), 0.0, 1.0, "half_up")


def _trunc(node: Node) -> Value:
    """Levels with fewer bits: a step is as many as bits are dropped."""
    numbers = [node.constant(place, "parameter") for place in range(1, len(node.inputs))]
    if any(each.size != 1 for each in numbers):
        raise UnsupportedError("one number for each parameter would")
    step, zero, bits, *out = (float(each.reshape(())) for each in numbers)
    way = rounding(node.attributes, "FLOOR")
    value = quantized(node, node.value(0), step, zero, -checks.LARGEST, checks.LARGEST)
    if len(out) == 1:
        factor = 2.0 ** (bits - out[0])
        coarse = quantized(node, value, step * factor, zero / factor, -checks.LARGEST, checks.LARGEST, way)
        return node.wiring.scaled(coarse, 1 / factor, step * zero * (1 / factor - 1))
    factor = 2.0 ** np.rint(np.log2(out[0] / step))
    low, high = ends({"signed": 1, **node.attributes}, out[1])
    coarse = quantized(node, value, step * factor, zero / factor, low, high, way)
    return node.wiring.scaled(coarse, out[0] / (step * factor))


QUANTISING: dict[str, Translator] = {
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "QLinearConv": _of_levels("Conv"),
    "QLinearMatMul": _of_levels("MatMul"),
}
"""Layers of ONNX's own operators on levels, by name."""
QONNX: dict[str, Translator] = {"Quant": _quant, "IntQuant": _quant, "BipolarQuant": _bipolar, "Trunc": _trunc}
"""Layers of the operators of QONNX, by name."""


def translated(node: Node, translators: Any, levels: Sequence[str] = tuple(QUANTISING)) -> list[Any]:
    """The outputs of a node by the function of its operator, whether or not its inputs are levels."""
    if any(isinstance(each, Levels) for each in node.inputs) and node.operator not in levels:
        return keeping_levels(node, translators[node.operator])
    found = translators[node.operator](node)
    return list(found) if isinstance(found, list | tuple) else [found]
