"""ONNX operators with weights and windows: products with constant matrices, convolutions, pooling."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..operators import UnsupportedError
from ..operators.weighted import Windows, average_pooled, linear, max_pooled
from ..wiring import Value
from .node import Node, Translator

MOST_PADDED = 2**24
"""Numbers of an image with its margins."""


def _gemm(node: Node) -> Any:
    """``alpha A B + beta C``, the factors in the weights."""
    alpha, beta = node.attributes["alpha"], node.attributes["beta"]
    a, b = node.operand(0), node.operand(1)
    offsets = node.operand(2) if node.has(2) and beta != 0 else None
    if isinstance(a, Value) and not isinstance(b, Value) and not node.attributes["transA"]:
        weights = b if node.attributes["transB"] else b.T
        weights = weights if alpha == 1 else alpha * weights
        plain = offsets is None or (not isinstance(offsets, Value) and offsets.size in (1, len(weights)))
        bias = beta * np.broadcast_to(offsets.reshape(-1), len(weights)) if plain and offsets is not None else None
        found = linear(node.wiring, a, weights, bias)
        if plain:
            return found
    else:
        left = _turned(node, a) if node.attributes["transA"] else a
        right = _turned(node, b) if node.attributes["transB"] else b
        found = node.aten("matmul", left, right)
        found = found if alpha == 1 else node.wiring.scaled(found, alpha)
    return found if offsets is None else node.aten("add", found, offsets, alpha=beta)


def _turned(node: Node, matrix: Any) -> Any:
    return node.aten("t", matrix) if isinstance(matrix, Value) else matrix.T


def _matmul(node: Node) -> Value:
    found: Value = node.aten("matmul", node.operand(0), node.operand(1))
    return found


def _margins(
    node: Node, size: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """Pixels before and after each axis."""
    axes, auto = len(size), node.attributes.get("auto_pad", b"NOTSET")
    pads = list(node.attributes.get("pads", [0] * 2 * axes))
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        pads = [0] * 2 * axes
        for k in range(axes):
            reach = dilations[k] * (kernel[k] - 1) + 1
            total = max((-(-size[k] // strides[k]) - 1) * strides[k] + reach - size[k], 0)
            less, more = total // 2, total - total // 2
            pads[k], pads[axes + k] = (less, more) if auto == b"SAME_UPPER" else (more, less)
    elif auto == b"VALID":
        pads = [0] * 2 * axes
    elif auto != b"NOTSET":
        raise UnsupportedError("auto_pad NOTSET, VALID, SAME_UPPER or SAME_LOWER would")
    if len(pads) != 2 * axes or min(pads, default=0) < 0:
        raise ValueError(f"pads must be {2 * axes} numbers of at least 0, got {pads[:9]}")
    if math.prod(each + pads[k] + pads[axes + k] for k, each in enumerate(size)) > MOST_PADDED:
        raise ValueError(f"an image with its margins must have at most {MOST_PADDED} pixels, got pads {pads[:9]}")
    return [(pads[k], pads[axes + k]) for k in range(axes)]


def _sizes(node: Node, name: str, axes: int) -> list[int]:
    """An option with a number for each axis, 1 where it is not given."""
    given = list(node.attributes.get(name, [1] * axes))
    if len(given) != axes or min(given) < 1:
        raise ValueError(f"{name} must be {axes} numbers of at least 1, got {given[:9]}")
    return given


def _conv(node: Node) -> Value:
    value, weights = node.value(0), node.constant(1, "weight")
    bias = node.optional(2, "bias")
    axes = weights.ndim - 2
    if axes not in (1, 2) or len(value.shape) != weights.ndim:
        raise UnsupportedError("a convolution of series or images with as many axes as its weights would")
    strides, dilations = _sizes(node, "strides", axes), _sizes(node, "dilations", axes)
    margins = _margins(node, value.shape[2:], weights.shape[2:], strides, dilations)
    padding = [low for low, _ in margins]
    if any(low != high for low, high in margins):
        value = node.aten("constant_pad_nd", value, [each for pair in margins[::-1] for each in pair])
        padding = [0] * axes
    found: Value = node.aten(
        f"conv{axes}d", value, weights, bias, strides, padding, dilations, node.attributes["group"]
    )
    return found


def _pool(maximum: bool) -> Translator:
    def translated(node: Node) -> Value:
        value = node.value(0)
        axes = len(value.shape) - 2
        if axes not in (1, 2) or value.shape[0] != 1:
            raise UnsupportedError("a pool of series or images would")
        if len(node.outputs) > 1 and node.outputs[1]:
            raise UnsupportedError("maxima without their places would")
        kernel, strides = _sizes(node, "kernel_shape", axes), _sizes(node, "strides", axes)
        if set(_sizes(node, "dilations", axes)) != {1}:
            raise UnsupportedError("dilation 1 would")
        margins = _margins(node, value.shape[2:], kernel, strides, [1] * axes)
        counts = list(node.shapes[0][2:])
        images = value
        if axes == 1:
            images = Value(value.name, (*value.shape, 1))
            kernel, strides, counts, margins = [*kernel, 1], [*strides, 1], [*counts, 1], [*margins, (0, 0)]
        if max(kernel[k] + strides[k] * (counts[k] - 1) for k in range(2)) > MOST_PADDED:
            raise ValueError(f"kernel_shape must reach over at most {MOST_PADDED} pixels, got {kernel}")
        windows = Windows(
            (kernel[0], kernel[1]), (strides[0], strides[1]), (margins[0][0], margins[1][0]),
            (margins[0][1], margins[1][1]), (counts[0], counts[1]),
        )  # fmt: skip
        if maximum:
            found = max_pooled(node.wiring, images, windows)
        else:
            found = average_pooled(node.wiring, images, windows, bool(node.attributes.get("count_include_pad", 0)))
        return found if axes == 2 else Value(found.name, found.shape[:-1])

    return translated


def _global(kind: str) -> Translator:
    def translated(node: Node) -> Value:
        value = node.value(0)
        return node.wiring.reduced(value, range(2, len(value.shape)), kind, True)

    return translated


WEIGHTED: dict[str, Translator] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Conv": _conv,
    "MaxPool": _pool(True),
    "AveragePool": _pool(False),
    "GlobalAveragePool": _global("average"),
    "GlobalMaxPool": _global("max"),
}
"""Layers of operators with weights and windows, by name."""
