"""A graph of layers under construction, for readers of foreign formats: values of any shape, and wires between them.

A value is what a layer gives for one sample, seen as an array of any number of axes; its numbers are those of the
layer in the same order. A sample of a layer has at most three axes, so an axis of size 1, or axes that are joined,
cost nothing. Where numbers change places, layers that are wires are put in between.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..networks import Add, Concat, GlobalPool, Multiply, Reshape, Scale, Select, Transpose
from ..networks.activations import Floats
from ..networks.graph import INPUT_NAME, joined_shape
from ..networks.layer_spec import LayerSpec, Shape

MANY = 4096
"""From here on numbers that change places do so as pixels, with all channels of them, where that is possible."""


@dataclass(frozen=True)
class Value:
    """What a layer gives for a sample, as an array of a shape."""

    name: str
    """Of the layer."""
    shape: Shape

    @property
    def size(self) -> int:
        """Number of its numbers."""
        return math.prod(self.shape)


class Wiring:
    """Layers by name, each with the names of its sources, in topological order.

    Parameters
    ----------
    input_shape
        Shape of a sample as the network takes it.
    """

    def __init__(self, input_shape: Shape) -> None:
        self.layers: dict[str, tuple[Any, ...]] = {}
        """Name to ``(layer, *sources)``, as `Network.from_layers` takes them."""
        self._shapes: dict[str, Shape] = {INPUT_NAME: input_shape}
        self._counts: dict[str, int] = {}
        self.called = "layer"
        """What the next layers are called; a number is put behind names that are taken."""

    def input(self, shape: Shape) -> Value:
        """The input of the network as an array of that shape."""
        return Value(INPUT_NAME, shape)

    def put(self, layer: LayerSpec, *sources: str) -> str:
        """The name of a new layer that takes those of the names `sources`."""
        called = self.called or "layer"
        name, count = called, self._counts.get(called, 1)
        while name in self._shapes:
            count += 1
            name = f"{called}_{count}"
        self._counts[called] = count
        shape = joined_shape([self._shapes[source] for source in sources])
        self._shapes[name] = layer.output_shape(shape)
        self.layers[name] = (layer, *sources)
        return name

    def native(self, value: Value) -> Shape:
        """Shape of a sample of the layer that gives a value."""
        return self._shapes[value.name]

    def viewed(self, value: Value, shape: Shape) -> str:
        """The name of a layer that gives a value in samples of that shape."""
        return value.name if self.native(value) == shape else self.put(Reshape(shape), value.name)

    def through(self, layer: LayerSpec, value: Value, shape: Shape | None = None, out: Shape | None = None) -> Value:
        """What a layer makes of a value.

        Parameters
        ----------
        shape
            Shape of the samples that the layer takes; None: as they are.
        out
            Shape of the result as an array; None: that of the value.
        """
        taken = value.name if shape is None else self.viewed(value, shape)
        return Value(self.put(layer, taken), value.shape if out is None else out)

    # ------------------------------------------------------------ numbers in other places

    def permuted(self, value: Value, axes: Sequence[int]) -> Value:
        """A value with its axes in another order, as of `numpy.transpose`."""
        shape = tuple(value.shape[axis] for axis in axes)
        merged: list[list[int]] = []  # axes that stay together
        for axis in axes:
            if value.shape[axis] == 1:
                continue
            if merged and all(value.shape[k] == 1 for k in range(merged[-1][-1] + 1, axis)) and axis > merged[-1][-1]:
                merged[-1].append(axis)
            else:
                merged.append([axis])
        order = sorted(range(len(merged)), key=lambda k: merged[k])
        if len(merged) < 2:
            return Value(value.name, shape)
        if len(merged) > 3:
            return self.moved(value, np.arange(value.size).reshape(value.shape).transpose(axes))
        taken = self.viewed(value, tuple(math.prod(value.shape[axis] for axis in merged[k]) for k in order))
        return Value(self.put(Transpose(tuple(order.index(k) for k in range(len(merged)))), taken), shape)

    def moved(self, value: Value, places: NDArray[np.integer[Any]]) -> Value:
        """The numbers of a value at `places`, numbers of elements in row-major order, some perhaps repeatedly."""
        flat = places.reshape(-1)
        if not len(flat):
            raise ValueError("at least one number of a value must be taken, got none")
        if len(flat) == value.size and (flat == np.arange(value.size)).all():
            return Value(value.name, places.shape)
        breaks = np.flatnonzero(np.diff(flat) != 1) + 1
        block = math.gcd(value.size, len(flat), *breaks.tolist(), *flat[[0, *breaks]].tolist())
        if len(flat) > MANY * block and (pixels := _of_pixels(value, places)) is not None:
            lines = Value(value.name, (value.size // pixels[1], pixels[1]))
            rows = self.moved(self.permuted(lines, (1, 0)), pixels[0])
            return Value(self.permuted(rows, (1, 0)).name, places.shape)
        native = self.native(value)
        line = math.prod(native[1:])
        if block % line == 0:  # whole features, channels or tokens
            block, shape = line, native
        else:
            shape = (value.size // block, block) if block > 1 else (value.size,)
        picked = Select(tuple((flat[::block] // block).tolist()))
        found = self.through(picked, value, shape, places.shape)
        one = self.native(found)
        return Value(self.viewed(found, one[1:]), found.shape) if len(one) == 2 and one[0] == 1 else found

    def joined(self, values: Sequence[Value], axis: int) -> Value:
        """Values behind each other along an axis, as of `numpy.concatenate`."""
        starts = np.cumsum([0, *(value.size for value in values)])
        numbers = [
            start + np.arange(value.size).reshape(value.shape) for start, value in zip(starts[:-1], values, strict=True)
        ]
        places = np.concatenate(numbers, axis)
        if (np.diff(places.reshape(-1)) == 1).all():  # along the first axis that has a size
            views = [self.native(value) for value in values]
            if len({view[1:] for view in views}) > 1:
                views = [_lines(value.shape[axis:]) for value in values]
        else:
            views = [(value.size,) for value in values]
        joined = self.put(Concat(), *(self.viewed(value, view) for value, view in zip(values, views, strict=True)))
        return self.moved(Value(joined, (int(starts[-1]),)), places)

    # ------------------------------------------------------------ arithmetic

    def scaled(self, value: Value, factors: Floats | float = 1.0, offsets: Floats | float = 0.0) -> Value:
        """``factors * value + offsets``, with constants that broadcast with the value."""
        value, native, (factors, offsets) = self.by_lines(value, factors, offsets)
        return self.through(Scale(factors, offsets), value, native)

    def by_lines(self, value: Value, *numbers: Floats | float) -> tuple[Value, Shape, list[Floats]]:
        """A value, a shape of its samples, and constants that broadcast with it, each as one number for each line.

        Lines are features of vectors and tokens, and channels of images.
        """
        shape = np.broadcast_shapes(value.shape, *map(np.shape, numbers))
        value = self.expanded(value, shape)
        full = [np.broadcast_to(checks.array("a constant", each), shape) for each in numbers]
        for native in (*self._views(value), (value.size,)):  # a vector has a number for each of its own
            lines = [each for each in (_one_a_line(constant, native) for constant in full) if each is not None]
            if len(lines) == len(full):
                break
        return value, native, lines

    def _views(self, value: Value) -> list[Shape]:
        """Shapes of samples in which a value may be scaled: its own, tokens, and channels."""
        views = [self.native(value)]
        for k in range(1, len(value.shape)):
            first, rest = math.prod(value.shape[:k]), math.prod(value.shape[k:])
            if 1 < first < value.size:
                views += [(first, rest), (first, rest, 1)]
        return views

    def constant(self, numbers: Floats) -> Value:
        """Numbers that depend on no input, as a value."""
        one = self.moved(Value(INPUT_NAME, self._shapes[INPUT_NAME]), np.zeros(1, np.int64))
        return self.scaled(self.moved(one, np.zeros(numbers.shape, np.int64)), 0.0, numbers)

    def expanded(self, value: Value, shape: Shape) -> Value:
        """A value repeated along axes of size 1, as of `numpy.broadcast_to`."""
        if value.shape == shape:
            return value
        return self.moved(value, np.broadcast_to(np.arange(value.size).reshape(value.shape), shape))

    def added(self, values: Sequence[Value]) -> Value:
        """The sum of values that broadcast with each other."""
        return self._combined(Add(len(values)), values)

    def multiplied(self, values: Sequence[Value]) -> Value:
        """The product of values that broadcast with each other."""
        return self._combined(Multiply(len(values)), values)

    def matrix_product(self, a: Value, b: Value) -> Value:
        """Products of matrices ``(..., m, k)`` and ``(..., k, n)``, by a multiplier for each of their terms."""
        columns = self.permuted(b, [*range(len(b.shape) - 2), len(b.shape) - 1, len(b.shape) - 2])
        left = Value(a.name, (*a.shape[:-1], 1, a.shape[-1]))
        right = Value(columns.name, (*columns.shape[:-2], 1, *columns.shape[-2:]))
        return self.reduced(self.multiplied([left, right]), [-1], "sum")

    def reduced(self, value: Value, axes: Sequence[int], kind: str, keep: bool = False) -> Value:
        """The ``"average"``, ``"max"`` or ``"sum"`` along axes, which stay with size 1 where they are kept."""
        gone = {axis % len(value.shape) for axis in axes}
        kept = [axis for axis in range(len(value.shape)) if axis not in gone]
        shape = tuple(1 if axis in gone else size for axis, size in enumerate(value.shape))
        out = shape if keep else tuple(value.shape[axis] for axis in kept)
        rest = math.prod(out)
        count = value.size // rest
        if count == 1:
            return Value(value.name, out)
        places = np.arange(value.size).reshape(value.shape).transpose(*sorted(gone), *kept)
        pool = GlobalPool("max" if kind == "max" else "average")
        if (np.diff(places.reshape(-1)) == 1).all():  # of tokens
            found = self.through(pool, value, (count, rest), out)
        else:
            lines = self.permuted(value, [*kept, *sorted(gone)])
            native = self.native(lines)
            found = self.through(
                pool, lines, native if len(native) == 3 and native[0] == rest else (rest, count, 1), out
            )
        return self.scaled(found, float(count)) if kind == "sum" else found

    def _combined(self, layer: LayerSpec, values: Sequence[Value]) -> Value:
        shape = np.broadcast_shapes(*(value.shape for value in values))
        values = [self.expanded(value, shape) for value in values]
        natives = [self.native(value) for value in values]
        native = max(natives, key=_preference)
        return Value(self.put(layer, *(self.viewed(value, native) for value in values)), shape)

    def rows(self, value: Value, axes: int = 1) -> Shape:
        """Shape of samples in which the last axes of a value are one axis: of a vector, or of tokens."""
        width = math.prod(value.shape[len(value.shape) - axes :])
        return (width,) if width == value.size else (value.size // width, width)


def _of_pixels(value: Value, places: NDArray[np.integer[Any]]) -> tuple[NDArray[np.integer[Any]], int] | None:
    """If each channel has the same pixels: numbers ``(pixels, channels)`` of the transposed value, and the pixels."""
    sizes = [size for size in value.shape if size > 1]
    if not sizes or sizes[0] not in [size for size in places.shape if size > 1][:1] or len(sizes) < 2:
        return None
    channels, pixels = sizes[0], value.size // sizes[0]
    apart = places.reshape(channels, -1) - pixels * np.arange(channels)[:, None]
    if not (apart == apart[0]).all() or apart[0].min() < 0 or apart[0].max() >= pixels:
        return None
    return apart[0][:, None] * channels + np.arange(channels), pixels


def _preference(native: Shape) -> tuple[bool, bool, int]:
    """Of several shapes of samples for the same numbers, the largest is taken: images, then tokens, then a vector."""
    return len(native) == 3 and math.prod(native[1:]) > 1, len(native) == 1 or native[0] > 1, len(native)


def _lines(shape: Shape) -> Shape:
    """Shape of a sample for an array whose first axis is that of features or channels: at most three axes."""
    first, *rest = shape
    if math.prod(rest) == 1:
        return (first,)
    return (first, *rest) if len(rest) <= 2 else (first, math.prod(rest))


def _one_a_line(numbers: Floats, native: Shape) -> Floats | None:
    """The number of each feature or channel of samples of that shape, or None if they differ within one."""
    each = numbers.reshape(native)
    each = np.moveaxis(each, 0 if len(native) == 3 else -1, 0).reshape(native[0 if len(native) == 3 else -1], -1)
    return np.array(each[:, 0]) if (each == each[:, :1]).all() else None
