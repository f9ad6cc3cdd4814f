"""ONNX operators that move numbers: views, orders of axes, parts, joins, paddings."""

import math
from typing import Any

import numpy as np

from ..operators import UnsupportedError
from ..operators.moving import places
from ..wiring import Value
from .node import Node, Translator

_MODES = {"constant": "constant", "reflect": "reflect", "edge": "edge", "wrap": "wrap"}


def _same(node: Node) -> Value:
    return node.value(0)


def _dropout(node: Node) -> Value:
    if node.has(2) and bool(np.any(node.raw(2, "training_mode"))):
        raise UnsupportedError("training_mode false would")
    if any(node.outputs[1:]):
        raise UnsupportedError("its value without the mask would")
    return node.value(0)


def _cast(node: Node) -> Value:
    if node.kinds[0] not in REAL:
        raise UnsupportedError("a cast to floating-point numbers would")
    return node.value(0)


REAL = (1, 10, 11, 16)
"""Numbers of FLOAT, FLOAT16, DOUBLE and BFLOAT16 among the types of ONNX."""


def _viewed(node: Node) -> Value:
    """The same numbers in the shape that the definition of the operator gives."""
    value, shape = node.value(0), node.shapes[0]
    if math.prod(shape) != value.size:
        raise ValueError(f"the shape {value.shape} must have as many numbers as {shape}")
    return Value(value.name, shape)


def _transpose(node: Node) -> Value:
    value = node.value(0)
    return node.wiring.permuted(value, node.attributes.get("perm", list(range(len(value.shape)))[::-1]))


def _expand(node: Node) -> Value:
    return node.wiring.expanded(node.value(0), node.shapes[0])


def _picked(node: Node, numbers: Any) -> Value:
    return node.wiring.moved(node.value(0), np.ascontiguousarray(numbers))


def _slice(node: Node) -> Value:
    value = node.value(0)
    starts, ends = node.integers(1, "starts"), node.integers(2, "ends")
    axes, steps = node.integers(3, "axes"), node.integers(4, "steps")
    if starts is None or ends is None:
        raise ValueError("Slice must have starts and ends")
    index: list[Any] = [slice(None)] * len(value.shape)
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis, step = k if axes is None else axes[k], 1 if steps is None else steps[k]
        size = value.shape[axis]
        low = min(max(start + size if start < 0 else start, 0), size if step > 0 else size - 1)
        high: int | None = min(max(end + size if end < 0 else end, -1 if step < 0 else 0), size)
        index[axis] = slice(low, None if step < 0 and high == -1 else high, step)
    return _picked(node, places(value)[tuple(index)])


def _gather(node: Node) -> Value:
    value, axis = node.value(0), node.attributes["axis"]
    return _picked(node, np.take(places(value), node.raw(1, "index"), axis))


def _gather_elements(node: Node) -> Value:
    value, axis = node.value(0), node.attributes["axis"]
    return _picked(node, np.take_along_axis(places(value), node.raw(1, "index"), axis))


def _tile(node: Node) -> Value:
    return _picked(node, np.tile(places(node.value(0)), node.raw(1, "repeats")))


def _concat(node: Node) -> Value:
    found: Value = node.aten("cat", [node.operand(k) for k in range(len(node.inputs))], node.attributes.get("axis", 1))
    return found


def _split(node: Node) -> list[Value]:
    axis = node.attributes["axis"]
    sizes = [shape[axis] for shape in node.shapes]
    found: list[Value] = node.aten("split", node.value(0), sizes, axis)
    return found


def _pad(node: Node) -> Value:
    value, mode = node.value(0), node.attributes["mode"].decode(errors="replace")
    pads = node.integers(1, "pads", "pads" if "pads" in node.attributes else "paddings")
    axes, fill = node.integers(3, "axes"), node.number(2, "value")
    if mode not in _MODES or pads is None:
        raise UnsupportedError("mode constant, reflect, edge or wrap would")
    count = len(pads) // 2
    pairs = [(0, 0)] * len(value.shape)
    for k, axis in enumerate(range(count) if axes is None else axes):
        pairs[axis] = (pads[k], pads[count + k])
    if mode == "constant":
        given = [each for pair in pairs[::-1] for each in pair]
        found: Value = node.aten("constant_pad_nd", value, given, fill or 0.0)
        return found
    kind: Any = _MODES[mode]
    cut = tuple(slice(max(-low, 0), size - max(-high, 0)) for size, (low, high) in zip(value.shape, pairs, strict=True))
    wider = [(max(low, 0), max(high, 0)) for low, high in pairs]
    return _picked(node, np.pad(places(value)[cut], wider, mode=kind))


def _depth_to_space(node: Node) -> Value:
    value, r = node.value(0), node.attributes["blocksize"]
    n, c, h, w = value.shape
    if node.attributes.get("mode", b"DCR") == b"CRD":
        apart = places(value).reshape(n, c // r**2, r, r, h, w).transpose(0, 1, 4, 2, 5, 3)
    else:
        apart = places(value).reshape(n, r, r, c // r**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    return _picked(node, apart.reshape(n, c // r**2, h * r, w * r))


def _space_to_depth(node: Node) -> Value:
    value, r = node.value(0), node.attributes["blocksize"]
    n, c, h, w = value.shape
    apart = places(value).reshape(n, c, h // r, r, w // r, r).transpose(0, 3, 5, 1, 2, 4)
    return _picked(node, apart.reshape(n, c * r**2, h // r, w // r))


def _resize(node: Node) -> Value:
    """Nearest upsampling by whole factors, which all conventions of coordinates round alike."""
    value, out = node.value(0), node.shapes[0]
    if node.attributes.get("mode", b"nearest") != b"nearest":
        raise UnsupportedError("mode nearest would")
    if any(new % old for new, old in zip(out, value.shape, strict=True)):
        raise UnsupportedError("whole factors would")
    numbers = places(value)
    for axis, (new, old) in enumerate(zip(out, value.shape, strict=True)):
        numbers = numbers.repeat(new // old, axis)
    return _picked(node, numbers)


VIEWS = ("Identity", "Dropout", "Cast", "CastLike", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat")
"""Operators that cost nothing for each number."""
MOVING: dict[str, Translator] = {
    "Identity": _same,
    "Dropout": _dropout,
    "Cast": _cast,
    "CastLike": _cast,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _viewed),
    "Transpose": _transpose,
    "Expand": _expand,
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Tile": _tile,
    "Concat": _concat,
    "Split": _split,
    "Pad": _pad,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Resize": _resize,
    "Upsample": _resize,
}
"""Layers of operators that only move numbers, by name."""
