"""ATen operators that move numbers: views, orders of axes, parts, joins, paddings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..wiring import Value, Wiring
from .operator import Operator, UnsupportedError

_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""Paddings by numbers of the value itself, as NumPy calls them."""


@dataclass(frozen=True)
class Padded(Value):
    """A value with a margin of zeros, which a convolution may have itself."""

    inner: Value
    margins: tuple[tuple[int, int], ...]
    """Of each axis, before and after."""


def same(wiring: Wiring, value: Value, *_: Any, **__: Any) -> Value:
    """The value: copies, dropout of a trained model, precisions."""
    return value


def reshape(wiring: Wiring, value: Value, shape: Sequence[int]) -> Value:
    """The same numbers in another shape, of which one size may be -1."""
    sizes = list(shape)
    if -1 in sizes:
        known = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = value.size // known
    return Value(value.name, tuple(sizes))


def places(value: Value) -> NDArray[np.int64]:
    """The number of each element."""
    return np.arange(value.size).reshape(value.shape)


def _squeeze(wiring: Wiring, value: Value, dim: int | Sequence[int] | None = None) -> Value:
    ndim = len(value.shape)
    axes = range(ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dropped = {axis % ndim for axis in axes if value.shape[axis] == 1}
    return Value(value.name, tuple(size for k, size in enumerate(value.shape) if k not in dropped))


def _unsqueeze(wiring: Wiring, value: Value, dim: int) -> Value:
    return Value(value.name, np.expand_dims(places(value), dim).shape)


def _flatten(wiring: Wiring, value: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
    first, last = start_dim % len(value.shape), end_dim % len(value.shape)
    shape = value.shape
    return Value(value.name, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def _unflatten(wiring: Wiring, value: Value, dim: int, sizes: Sequence[int]) -> Value:
    axis = dim % len(value.shape)
    return reshape(wiring, value, (*value.shape[:axis], *sizes, *value.shape[axis + 1 :]))


def _permute(wiring: Wiring, value: Value, dims: Sequence[int]) -> Value:
    return wiring.permuted(value, [axis % len(value.shape) for axis in dims])


def transposed(wiring: Wiring, value: Value, dim0: int = 0, dim1: int = -1) -> Value:
    """Two axes change places."""
    axes = list(range(len(value.shape)))
    axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return wiring.permuted(value, axes)


def _expand(wiring: Wiring, value: Value, size: Sequence[int], implicit: bool = False) -> Value:
    new = len(size) - len(value.shape)
    shape = tuple(value.shape[k - new] if each == -1 else each for k, each in enumerate(size))
    return wiring.expanded(value, shape)


def _part(wiring: Wiring, value: Value, axis: int, chosen: Any) -> Value:
    index: list[Any] = [slice(None)] * len(value.shape)
    index[axis] = chosen
    return wiring.moved(value, places(value)[tuple(index)])


def _select(wiring: Wiring, value: Value, dim: int, index: int) -> Value:
    return _part(wiring, value, dim, index)


def _slice(
    wiring: Wiring, value: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Value:
    return _part(wiring, value, dim, slice(start, end, step))


def _narrow(wiring: Wiring, value: Value, dim: int, start: int, length: int) -> Value:
    first = start + value.shape[dim] if start < 0 else start
    return _part(wiring, value, dim, slice(first, first + length))


def _index_select(wiring: Wiring, value: Value, dim: int, index: Any) -> Value:
    return _part(wiring, value, dim, index)


def _index(wiring: Wiring, value: Value, indices: Sequence[Any]) -> Value:
    return wiring.moved(value, places(value)[_constant_index(indices)])


def _constant_index(indices: Sequence[Any]) -> tuple[Any, ...]:
    """An index of NumPy for one of PyTorch, or an UnsupportedError if it depends on the input."""
    if any(isinstance(each, Value) for each in indices):
        raise UnsupportedError("constant places would")
    return tuple(slice(None) if each is None else each for each in indices)


def _split(wiring: Wiring, value: Value, split_size: Any, dim: int = 0) -> list[Value]:
    total = value.shape[dim]
    sizes = [split_size] * -(-total // split_size) if isinstance(split_size, int) else split_size
    ends = np.minimum(np.cumsum(sizes), total)
    return [
        _part(
            wiring, value, dim, slice(int(end) - size if k < len(sizes) - 1 else int(ends[k - 1]) if k else 0, int(end))
        )
        for k, (size, end) in enumerate(zip(sizes, ends, strict=True))
    ]


def _chunk(wiring: Wiring, value: Value, chunks: int, dim: int = 0) -> list[Value]:
    return _split(wiring, value, -(-value.shape[dim] // chunks), dim)


def _unbind(wiring: Wiring, value: Value, dim: int = 0) -> list[Value]:
    return [_part(wiring, value, dim, k) for k in range(value.shape[dim])]


def as_value(wiring: Wiring, value: Any) -> Value:
    """A value, also for a constant."""
    return value if isinstance(value, Value) else wiring.constant(np.asarray(value, np.float64))


def _cat(wiring: Wiring, tensors: Sequence[Any], dim: int = 0) -> Value:
    values = [
        as_value(wiring, each) for each in tensors if not (np.shape(getattr(each, "shape", ())) and 0 in each.shape)
    ]
    return values[0] if len(values) == 1 else wiring.joined(values, dim % len(values[0].shape))


def _stack(wiring: Wiring, tensors: Sequence[Any], dim: int = 0) -> Value:
    return _cat(wiring, [_unsqueeze(wiring, as_value(wiring, each), dim) for each in tensors], dim)


def _flip(wiring: Wiring, value: Value, dims: Sequence[int]) -> Value:
    return wiring.moved(value, np.flip(places(value), tuple(dims)))


def _roll(wiring: Wiring, value: Value, shifts: Sequence[int], dims: Sequence[int] = ()) -> Value:
    if not dims:
        return wiring.moved(value, np.roll(places(value), shifts[0]))
    return wiring.moved(value, np.roll(places(value), tuple(shifts), tuple(dims)))


def _repeat(wiring: Wiring, value: Value, repeats: Sequence[int]) -> Value:
    return wiring.moved(value, np.tile(places(value), tuple(repeats)))


def _pixel_shuffle(wiring: Wiring, value: Value, upscale_factor: int) -> Value:
    *batch, c, h, w = value.shape
    r = upscale_factor
    apart = places(value).reshape(*batch, c // r**2, r, r, h, w)
    k = len(batch)
    order = (*range(k + 1), k + 3, k + 1, k + 4, k + 2)
    return wiring.moved(value, apart.transpose(order).reshape(*batch, c // r**2, h * r, w * r))


def _nearest(
    wiring: Wiring, value: Value, output_size: Sequence[int] | None, scale_factors: Sequence[float] | None
) -> Value:
    numbers = places(value)
    axes = len(value.shape) - 2
    for k in range(axes):
        size = value.shape[2 + k]
        if output_size is not None:
            new, scale = output_size[k], size / output_size[k]
        else:
            assert scale_factors is not None
            new, scale = int(size * scale_factors[k]), 1 / scale_factors[k]
        taken = np.minimum((np.arange(new) * scale).astype(np.int64), size - 1)
        numbers = numbers.take(taken, axis=2 + k)
    return wiring.moved(value, numbers)


def scattered(wiring: Wiring, value: Any, source: Any, index: Any) -> Value:
    """A value with another one at an index of NumPy."""
    whole, part = as_value(wiring, value), as_value(wiring, source)
    both = wiring.joined([Value(whole.name, (whole.size,)), Value(part.name, (part.size,))], 0)
    numbers = places(whole)
    numbers[index] = whole.size + places(part)
    return wiring.moved(both, numbers)


def _select_scatter(wiring: Wiring, value: Any, source: Any, dim: int, index: int) -> Value:
    return scattered(wiring, value, source, (slice(None),) * (dim % len(value.shape)) + (index,))


def _slice_scatter(
    wiring: Wiring,
    value: Any,
    source: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Value:
    return scattered(wiring, value, source, (slice(None),) * (dim % len(value.shape)) + (slice(start, end, step),))


def padded(wiring: Wiring, value: Value, pad: Sequence[int], fill: float = 0.0) -> Value:
    """A value with a margin of a constant: pairs of sizes, of the last axis first; negative ones cut."""
    pairs = _pairs(value, pad)
    numbers = np.pad(places(value), [(max(low, 0), max(high, 0)) for low, high in pairs], constant_values=value.size)
    cut = tuple(
        slice(max(-low, 0), size - max(-high, 0)) for (low, high), size in zip(pairs, numbers.shape, strict=True)
    )
    numbers = numbers[cut]
    if (numbers < value.size).all():
        return wiring.moved(value, numbers)
    margin = wiring.constant(np.full(1, fill))
    found = wiring.moved(wiring.joined([Value(value.name, (value.size,)), margin], 0), numbers)
    if fill or min(map(min, pairs)) < 0:
        return found
    return Padded(found.name, found.shape, value, tuple(pairs))


def _pairs(value: Value, pad: Sequence[int]) -> list[tuple[int, int]]:
    """Margins of each axis, from those of the last axes, the last one first."""
    given = [(pad[k], pad[k + 1]) for k in range(len(pad) - 2, -1, -2)]
    return [(0, 0)] * (len(value.shape) - len(given)) + given


def _pad(wiring: Wiring, value: Value, pad: Sequence[int], mode: str = "constant", fill: float | None = None) -> Value:
    if mode == "constant":
        return padded(wiring, value, pad, fill or 0.0)
    kind: Any = _MODES[mode]
    return wiring.moved(value, np.pad(places(value), _pairs(value, pad), mode=kind))


def _index_put(wiring: Wiring, value: Any, indices: Sequence[Any], source: Any, accumulate: bool = False) -> Value:
    if accumulate:
        raise UnsupportedError("an assignment would")
    return scattered(wiring, value, source, _constant_index(indices))


def _copied(wiring: Wiring, value: Any, source: Any, non_blocking: bool = False) -> Value:
    """Numbers that take the place of all of a value, whose shape they get."""
    return wiring.expanded(as_value(wiring, source), value.shape)


def _one(wiring: Wiring, several: Sequence[Any], place: int) -> Any:
    return several[place]


MOVING: dict[str, Operator] = {
    **dict.fromkeys(
        ("alias", "clone", "contiguous", "detach", "dropout", "feature_dropout", "alpha_dropout", "lift_fresh_copy",
         "to", "_to_copy", "type_as", "positive"),
        same,
    ),
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "view_copy"), reshape),
    **dict.fromkeys(("squeeze", "squeeze_copy"), _squeeze),
    "unsqueeze": _unsqueeze,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "permute": _permute,
    "transpose": transposed,
    "t": transposed,
    "numpy_T": lambda wiring, value: _permute(wiring, value, range(len(value.shape))[::-1]),
    **dict.fromkeys(("expand", "broadcast_to"), _expand),
    "select": _select,
    "slice": _slice,
    "narrow": _narrow,
    "index_select": _index_select,
    "index": _index,
    **dict.fromkeys(("split", "split_with_sizes", "unsafe_split"), _split),
    **dict.fromkeys(("chunk", "unsafe_chunk"), _chunk),
    "unbind": _unbind,
    **dict.fromkeys(("cat", "concat"), _cat),
    "hstack": lambda wiring, tensors: _cat(wiring, tensors, 1),
    "stack": _stack,
    "flip": _flip,
    "roll": _roll,
    "repeat": _repeat,
    "pixel_shuffle": _pixel_shuffle,
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d"), _nearest),
    "select_scatter": _select_scatter,
    "slice_scatter": _slice_scatter,
    "constant_pad_nd": padded,
    "pad": _pad,
    "index_put": _index_put,
    "copy": _copied,
    "getitem": _one,
    "_assert_tensor_metadata": lambda *_, **__: None,
}  # fmt: skip
"""Layers of operators that only move numbers, by name."""
