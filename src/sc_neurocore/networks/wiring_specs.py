"""Layers in the binary domain that move numbers: wires behind the counters of a circuit, without any error."""

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np

from .. import checks
from ..layers.pooling import Pooling
from .activations import Floats
from .layer_spec import BuildContext, Cost, LayerSpec, NumberLayer, Range, Shape
from .mapping import LayerMapping


class BinarySpec(LayerSpec):
    """Base of layers in the binary domain: digital logic behind the counters of the layers that it takes.

    There are no streams, so it has no length, and its outputs have no error but that of its inputs. Nothing is clipped
    here: the encoders of the next layer with streams clip to its ceiling. Without a ceiling outputs have the
    range of the inputs.
    """

    file_format = 5
    binary = True
    takes_tokens = True

    def sample(self, shape: Shape) -> Shape:
        """Shape of a sample as it takes it: that of the inputs."""
        return shape

    def fitted(self, scale: Range, shape: Shape) -> Range:
        """The range of its inputs, whatever it is."""
        return scale

    def output_scale(self, scale: Range, shape: Shape) -> Range:
        """The largest |output| encoded for the next layer: the ceiling, or else that of the inputs, moved as these."""
        return self._moved(scale, shape) if self.ceiling is None else self.ceiling

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: that of the inputs, moved as these."""
        return self._moved(bound, shape)

    def _moved(self, scale: Range, shape: Shape) -> Range:
        if isinstance(scale, float | int):
            return scale
        return np.array(self.forward(np.broadcast_to(scale, shape)[None])[0])

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        raise TypeError(f"{type(self).__name__} must not be built as a layer of streams: it is binary")

    def cost(self, shape: Shape, rails: int) -> Cost:
        """No streams and no gates."""
        return Cost(0, 0, 0, windows=0)


@dataclass(frozen=True, eq=False)
class Concat(BinarySpec):
    """Outputs of several layers behind each other: features, channels of images, or tokens.

    As a circuit it is wires, without an error of their own. Each source keeps its range.

    Examples
    --------
    >>> from sc_neurocore import Dense, Network
    >>> half = Dense(np.array([[0.5]]), np.zeros(1), "relu")
    >>> net = Network.from_layers({"half": half, "both": (Concat(), "half", "input")})
    >>> net.float_forward([1.0])
    array([0.5, 1. ])
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs: that of the inputs, which are joined already."""
        return shape

    def forward(self, a: Floats) -> Floats:
        """The inputs."""
        return a


@dataclass(frozen=True, eq=False)
class Flatten(BinarySpec):
    """Images or tokens as one vector, in the order of their axes; as a circuit it is wires."""

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs: a vector."""
        return (math.prod(shape),)

    def forward(self, a: Floats) -> Floats:
        """Inputs ``(B, ...)`` as vectors ``(B, n)``."""
        return a.reshape(len(a), math.prod(a.shape[1:]))


@dataclass(frozen=True, eq=False)
class Reshape(BinarySpec):
    """The same numbers in another shape; as a circuit it is wires.

    Parameters
    ----------
    shape
        Of a sample: ``(n,)``, ``(tokens, features)`` or ``(channels, height, width)``.
    """

    shape: Shape

    def __post_init__(self) -> None:
        sizes = checks.entries("shape", self.shape)
        if not 1 <= len(sizes) <= 3:
            raise ValueError(f"shape must have 1 to 3 sizes, got {checks.shown(self.shape)}")
        object.__setattr__(self, "shape", tuple(checks.whole("shape", size, 1) for size in sizes))

    def output_shape(self, shape: Shape) -> Shape:
        """The shape, or a ValueError if that of the inputs holds another count of numbers."""
        if math.prod(shape) != math.prod(self.shape):
            raise ValueError(f"it takes {math.prod(self.shape)} inputs, got shape {shape}")
        return self.shape

    def forward(self, a: Floats) -> Floats:
        """Inputs ``(B, ...)`` as ``(B, *shape)``."""
        return a.reshape(len(a), *self.shape)


@dataclass(frozen=True, eq=False)
class Transpose(BinarySpec):
    """Axes of a sample in another order; as a circuit it is wires.

    Parameters
    ----------
    axes
        Places of the axes, counted without the batch: ``(1, 0)`` makes tokens of channels.
    """

    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        axes = tuple(checks.whole("axes", axis, 0, 2) for axis in checks.entries("axes", self.axes))
        if sorted(axes) != list(range(len(axes))) or not axes:
            raise ValueError(f"axes must have 0, 1, .. in some order, got {checks.shown(self.axes)}")
        object.__setattr__(self, "axes", axes)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, or a ValueError if inputs have another number of axes."""
        if len(shape) != len(self.axes):
            raise ValueError(f"it takes samples of {len(self.axes)} axes, got shape {shape}")
        return tuple(shape[axis] for axis in self.axes)

    def forward(self, a: Floats) -> Floats:
        """Inputs ``(B, ...)`` with their axes in that order."""
        return np.ascontiguousarray(a.transpose(0, *(axis + 1 for axis in self.axes)))


@dataclass(frozen=True, eq=False)
class Select(BinarySpec):
    """Some of the features, channels or tokens, in any order, some of them repeatedly; as a circuit it is wires.

    Parameters
    ----------
    places
        Along the first axis of a sample, from 0.
    """

    places: tuple[int, ...]

    def __post_init__(self) -> None:
        places = tuple(checks.whole("places", place, 0) for place in checks.entries("places", self.places))
        if not places:
            raise ValueError("places must hold at least one place, got none")
        object.__setattr__(self, "places", places)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, or a ValueError if there are too few inputs."""
        if max(self.places) >= shape[0]:
            raise ValueError(f"it takes more than {max(self.places)} along the first axis, got shape {shape}")
        return (len(self.places), *shape[1:])

    def forward(self, a: Floats) -> Floats:
        """Those of the inputs ``(B, ...)``."""
        return a[:, list(self.places)]


WIRES = (Concat, Flatten, Reshape, Select, Transpose)
"""Layers that give the numbers that they take, in other places."""


@dataclass(frozen=True, eq=False)
class GlobalPool(BinarySpec):
    """Average or maximum over the pixels of each channel, or over tokens: a number a channel or feature.

    As a circuit it is an adder, or a comparator, a channel, behind the counters: exact, where `Pool2D` works on
    streams. Independent errors of n pixels, each of standard deviation s, leave ``s / sqrt(n)`` in an average; an error
    that they share stays whole. A maximum of nearly equal pixels is read too high, by the largest of their errors.

    Parameters
    ----------
    kind
        ``"average"`` or ``"max"``.
    """

    kind: Pooling

    def __post_init__(self) -> None:
        checks.option("kind", self.kind, get_args(Pooling))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, or a ValueError for vectors."""
        if len(shape) == 1:
            raise ValueError(f"it takes images (channels, height, width) or tokens (tokens, features), got {shape}")
        return (shape[0] if len(shape) == 3 else shape[1],)

    def forward(self, a: Floats) -> Floats:
        """Images ``(B, C, H, W)`` to ``(B, C)``, tokens ``(B, T, n)`` to ``(B, n)``."""
        if a.ndim == 3:
            a = a.swapaxes(1, 2)
        pixels = np.ascontiguousarray(a).reshape(*a.shape[:2], math.prod(a.shape[2:]))
        return np.asarray(pixels.max(2) if self.kind == "max" else pixels.mean(2))
