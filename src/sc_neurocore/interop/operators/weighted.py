"""ATen operators with weights and windows: products with constant matrices, convolutions, pooling."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...gates.windows import output_size
from ...networks import Conv2D, Dense, Pool2D
from ..wiring import Value, Wiring
from .computing import COMPUTING, reduced
from .moving import Padded, as_value, padded, places, transposed
from .operator import Operator, UnsupportedError

Pair = tuple[int, int]
LARGEST_PRODUCT = 2**18
"""Most terms of a product of two values that are matrices."""


def linear(wiring: Wiring, value: Any, weight: Any, bias: Any = None) -> Value:
    """Sums of products along the last axis."""
    if isinstance(weight, Value) or isinstance(bias, Value):
        raise UnsupportedError("weights that do not depend on the input would")
    offsets = np.zeros(len(weight)) if bias is None else np.array(bias)
    return wiring.through(
        Dense(weight, offsets, "identity"), value, wiring.rows(value), (*value.shape[:-1], len(weight))
    )


def _matmul(wiring: Wiring, a: Any, b: Any) -> Value:
    """A product of matrices, one of them constant or not."""
    if isinstance(a, Value) and isinstance(b, Value):
        return _product_of_values(wiring, a, b)
    if isinstance(a, Value):
        matrix = b.reshape(b.shape[-2:]) if b.ndim > 2 and b[..., 0, 0].size == 1 else b
        if matrix.ndim == 1:
            found = linear(wiring, a, matrix[None])
            return Value(found.name, found.shape[:-1])
        if matrix.ndim == 2:
            return linear(wiring, a, matrix.T)
    elif a.ndim == 2 or (a.ndim > 2 and a[..., 0, 0].size == 1):
        if len(b.shape) == 1:
            return linear(wiring, b, a)
        product = linear(wiring, transposed(wiring, b, -1, -2), a.reshape(a.shape[-2:]))
        return transposed(wiring, product, -1, -2)
    return _product_of_values(wiring, as_value(wiring, a), as_value(wiring, b))  # of other matrices, such as of heads


def _product_of_values(wiring: Wiring, a: Value, b: Value) -> Value:
    several = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    terms = math.prod((*several, *a.shape[-2:], b.shape[-1]))
    if min(len(a.shape), len(b.shape)) < 2 or terms > LARGEST_PRODUCT:
        raise UnsupportedError(
            f"one constant matrix, scaled_dot_product_attention, or a product of at most {LARGEST_PRODUCT} terms would"
        )
    return wiring.matrix_product(a, b)


def _addmm(wiring: Wiring, bias: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Value:
    if isinstance(a, Value) and not isinstance(b, Value) and not isinstance(bias, Value) and np.ndim(bias) == 1:
        return linear(wiring, a, alpha * b.T, beta * bias)
    raise UnsupportedError("a constant matrix and bias would")


def _baddbmm(wiring: Wiring, added: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Any:
    product = _matmul(wiring, a, b)
    product = product if alpha == 1 else wiring.scaled(product, alpha)
    return COMPUTING["add"](wiring, product, added, alpha=beta)


def _pair(value: Any) -> Pair:
    each = [value] if isinstance(value, int) else list(value)
    return (each[0], each[-1])


def _convolved(
    wiring: Wiring, value: Value, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Value:
    """A convolution of images, or of series, which are images of one column."""
    if isinstance(weight, Value) or isinstance(bias, Value):
        raise UnsupportedError("weights that do not depend on the input would")
    if weight.ndim not in (3, 4):
        raise UnsupportedError("Conv1d or Conv2d would")
    series = weight.ndim == 3

    def pairs(given: Any, unused: int) -> Pair:
        first, second = _pair(given)
        return (first, unused) if series else (first, second)

    kernels = weight[..., None] if series else weight
    steps, apart = pairs(stride, 1), pairs(dilation, 1)
    totals = [d * (k - 1) for d, k in zip(apart, kernels.shape[2:], strict=True)]
    if padding == "same":
        margins = [(total // 2, total - total // 2) for total in totals]
    else:
        margins = [(p, p) for p in ((0, 0) if padding == "valid" else pairs(padding, 0))]
    axes = 1 if series else 2
    inner = _without_margin(value, margins, steps, axes)
    channels = inner.shape[-axes - 1]
    size = (inner.shape[-1], 1) if series else inner.shape[-2:]
    offsets = np.zeros(len(weight)) if bias is None else np.array(bias)
    both = (max(margins[0]), max(margins[1]))
    layer = Conv2D(kernels, offsets, "identity", stride=steps, padding=both, dilation=apart, groups=groups)
    out = layer.output_shape((channels, *size))
    found = wiring.through(layer, inner, (channels, *size), (*inner.shape[: -axes - 1], *out[: axes + 1]))
    kept = places(found)
    for axis, (low, high) in enumerate(margins[:axes]):  # on the narrower side there are windows too many
        count = found.shape[axis - axes]
        kept = kept.take(np.arange(both[axis] - low, count - (both[axis] - high)), axis=axis - axes)
    return wiring.moved(found, kept)


def _without_margin(value: Value, margins: list[Pair], steps: Pair, axes: int) -> Value:
    """What is inside a margin of zeros that a convolution may have itself, whose `margins` grow by it."""
    if not isinstance(value, Padded) or any(map(any, value.margins[:-axes])):
        return value
    wider = [(a + c, b + d) for (a, b), (c, d) in zip(margins, value.margins[-axes:], strict=False)]
    if any(low != high and step != 1 for (low, high), step in zip(wider, steps, strict=False)):
        return value  # windows start at other pixels
    margins[:axes] = wider
    return value.inner


def _conv(
    wiring: Wiring,
    value: Value,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    return _convolved(wiring, value, weight, bias, stride, padding, dilation, groups)


def _convolution(
    wiring: Wiring,
    value: Value,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed_: bool,
    output_padding: Any,
    groups: int,
) -> Value:
    if transposed_:
        raise UnsupportedError("Upsample and Conv2d would")
    return _convolved(wiring, value, weight, bias, stride, padding, dilation, groups)


# ---------------------------------------------------------------- pooling


def _windows(size: int, kernel: int, stride: int, padding: int, ceil: bool) -> int:
    """Number of windows along an axis, as PyTorch counts them: with `ceil` each starts in the image or before it."""
    steps = size + 2 * padding - kernel
    count = (-(-steps // stride) if ceil else steps // stride) + 1
    return count - (ceil and (count - 1) * stride >= size + padding)


def _pooled(wiring: Wiring, value: Value, kind: Any, kernel: Pair, stride: Pair) -> Value:
    images = value.shape[-3:]
    out = output_size((images[1], images[2]), kernel, stride)
    shape = (*value.shape[:-2], *out)
    return wiring.through(Pool2D(kind, kernel, stride), value, images, shape)


@dataclass(frozen=True)
class Windows:
    """Windows of a pool along the two axes of images."""

    kernel: Pair
    stride: Pair
    before: Pair
    """Pixels that are missing before the first one."""
    after: Pair
    counts: Pair
    """Windows along each axis, of which the last may end behind all pixels."""


def max_pooled(wiring: Wiring, value: Value, windows: Windows) -> Value:
    """Maxima of windows; a margin repeats the pixels at the edge, which are in the same windows."""
    numbers, size = places(value), value.shape[-2:]
    for k in range(2):
        if max(windows.before[k], windows.after[k]) >= windows.kernel[k]:
            raise UnsupportedError("a padding smaller than the kernel would")
        end = (windows.counts[k] - 1) * windows.stride[k] + windows.kernel[k] - windows.before[k]
        lines = np.clip(np.arange(-windows.before[k], max(end, size[k] + windows.after[k])), 0, size[k] - 1)
        numbers = numbers.take(lines, axis=numbers.ndim - 2 + k)
    return _pooled(wiring, wiring.moved(value, numbers), "max", windows.kernel, windows.stride)


def average_pooled(
    wiring: Wiring, value: Value, windows: Windows, count_margin: bool, divisor: int | None = None
) -> Value:
    """Averages of windows; what a margin of zeros changes in the count of a window is a scale behind."""
    kernel, steps, size = windows.kernel, windows.stride, value.shape[-2:]
    ends = [(windows.counts[k] - 1) * steps[k] + kernel[k] - windows.before[k] for k in range(2)]
    after = [max(ends[k] - size[k], 0) for k in range(2)]
    wide = padded(wiring, value, (windows.before[1], after[1], windows.before[0], after[0]))
    found = _pooled(wiring, wide, "average", kernel, steps)
    divisors = np.ones(())
    for k in range(2):
        starts = np.arange(windows.counts[k]) * steps[k] - windows.before[k]
        low, high = (-windows.before[k], size[k] + windows.after[k]) if count_margin else (0, size[k])
        each = np.minimum(starts + kernel[k], high) - np.maximum(starts, low)
        divisors = np.multiply.outer(divisors, each)
    if divisor:
        divisors = np.full_like(divisors, divisor)
    factors = kernel[0] * kernel[1] / divisors
    return found if (factors == 1).all() else wiring.scaled(found, factors)


def _torch_windows(value: Value, kernel_size: Any, stride: Any, padding: Any, ceil: bool) -> Windows:
    kernel, margin = _pair(kernel_size), _pair(padding)
    steps, size = _pair(stride) if stride else kernel, value.shape[-2:]
    counts = [_windows(size[k], kernel[k], steps[k], margin[k], ceil) for k in range(2)]
    return Windows(kernel, steps, margin, margin, (counts[0], counts[1]))


def _max_pool2d(
    wiring: Wiring,
    value: Value,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Value:
    if _pair(dilation) != (1, 1):
        raise UnsupportedError("dilation 1 would")
    return max_pooled(wiring, value, _torch_windows(value, kernel_size, stride, padding, ceil_mode))


def _avg_pool2d(
    wiring: Wiring,
    value: Value,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    windows = _torch_windows(value, kernel_size, stride, padding, ceil_mode)
    return average_pooled(wiring, value, windows, count_include_pad, divisor_override)


def _one_column(given: Any, unused: int) -> Any:
    """An option of series as that of images of one column; none where none is given."""
    return (given if isinstance(given, int) else given[0], unused) if isinstance(given, int) or len(given) else ()


def _max_pool1d(
    wiring: Wiring,
    value: Value,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Value:
    images = Value(value.name, (*value.shape, 1))
    steps, margin, apart = _one_column(stride, 1), _one_column(padding, 0), _one_column(dilation, 1)
    found = _max_pool2d(wiring, images, _one_column(kernel_size, 1), steps, margin, apart, ceil_mode)
    return Value(found.name, found.shape[:-1])


def _avg_pool1d(
    wiring: Wiring,
    value: Value,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Value:
    images = Value(value.name, (*value.shape, 1))
    steps, margin = _one_column(stride, 1), _one_column(padding, 0)
    found = _avg_pool2d(wiring, images, _one_column(kernel_size, 1), steps, margin, ceil_mode, count_include_pad)
    return Value(found.name, found.shape[:-1])


def _adaptive(kind: Any, axes: int) -> Operator:
    def operator(wiring: Wiring, value: Value, output_size: Any) -> Any:
        sizes = [output_size] * axes if isinstance(output_size, int) else list(output_size)
        pixels = value.shape[-axes:]
        if all(size == 1 for size in sizes):
            found = reduced(wiring, value, list(range(-axes, 0)), True, kind)
        elif any(pixel % size for pixel, size in zip(pixels, sizes, strict=True)):
            raise UnsupportedError("an output size that divides that of its inputs would")
        else:
            kernel = [pixel // size for pixel, size in zip(pixels, sizes, strict=True)]
            images = value if axes == 2 else Value(value.name, (*value.shape, 1))
            window = (kernel[0], kernel[1] if axes == 2 else 1)
            pooled = _pooled(wiring, images, kind, window, window)
            found = pooled if axes == 2 else Value(pooled.name, pooled.shape[:-1])
        return found if kind == "average" else (found, None)

    return operator


def _refused(hint: str) -> Operator:
    def operator(*_: Any, **__: Any) -> Value:
        raise UnsupportedError(hint)

    return operator


WEIGHTED: dict[str, Operator] = {
    "linear": linear,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv"), _matmul),
    "addmm": _addmm,
    "baddbmm": _baddbmm,
    **dict.fromkeys(("conv1d", "conv2d"), _conv),
    "convolution": _convolution,
    "conv_transpose1d": _refused("Upsample and Conv1d would"),
    "conv_transpose2d": _refused("Upsample and Conv2d would"),
    "conv3d": _refused("Conv2d would"),
    "max_pool2d": _max_pool2d,
    "max_pool2d_with_indices": lambda *args, **options: (_max_pool2d(*args, **options), None),
    "max_pool1d_with_indices": lambda *args, **options: (_max_pool1d(*args, **options), None),
    "max_pool1d": _max_pool1d,
    "avg_pool2d": _avg_pool2d,
    "avg_pool1d": _avg_pool1d,
    "adaptive_avg_pool1d": _adaptive("average", 1),
    "adaptive_avg_pool2d": _adaptive("average", 2),
    "adaptive_max_pool1d": _adaptive("max", 1),
    "adaptive_max_pool2d": _adaptive("max", 2),
}
"""Layers of operators with weights and windows, by name."""
