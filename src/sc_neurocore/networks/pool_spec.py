"""Pooling as a layer of a network."""

import math
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..chunks import chunks
from ..gates.windows import Pair, output_size, pair, window_indices, window_maxima
from ..layers.pooling import Pooling, SCPool2D
from .activations import Floats
from .layer_spec import BuildContext, Cost, LayerSpec, NumberLayer, Shape, check_shapes
from .mapping import LayerMapping


@dataclass(frozen=True, eq=False)
class Pool2D(LayerSpec):
    """Average or maximum over windows; it has no weights and keeps the range of its inputs.

    As a circuit it is an `SCPool2D`, whose error law it has: a multiplexer, or an OR gate, a window.

    Parameters
    ----------
    kind
        ``"average"`` or ``"max"``.
    size
        Window, an integer or a pair.
    stride
        None: the window's size.
    """

    takes_images = True
    takes_ranges = True
    kind: Pooling
    size: int | Pair
    stride: int | Pair | None = None

    def __post_init__(self) -> None:
        checks.option("kind", self.kind, get_args(Pooling))
        object.__setattr__(self, "size", pair("size", self.size, 1))
        object.__setattr__(self, "stride", self.size if self.stride is None else pair("stride", self.stride, 1))

    @property
    def window(self) -> tuple[Pair, Pair]:
        """Size and stride as pairs."""
        return pair("size", self.size, 1), pair("stride", self.stride, 1)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        if len(shape) != 3:
            raise ValueError(f"it takes images (channels, height, width), got shape {shape}")
        out = output_size((shape[1], shape[2]), *self.window)
        if min(out) < 1:
            raise ValueError(f"its window {self.size} does not fit into an image of shape {shape}")
        return (shape[0], *out)

    def indices(self, shape: Shape, part: slice = slice(None)) -> NDArray[np.int64]:
        """Pixel numbers of the windows of each plane, see `window_indices`."""
        return window_indices(shape[0], (shape[1], shape[2]), *self.window, groups=shape[0], part=part)

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, C, H, W)`` to ``(B, C, H_out, W_out)``."""
        shape, out_shape = a.shape[1:], self.output_shape(a.shape[1:])
        if self.kind == "max":
            return window_maxima(a, *self.window)
        pixels = a.reshape(len(a), math.prod(shape))
        out = np.empty((len(a), shape[0], out_shape[1] * out_shape[2]))
        for part in chunks(out.shape[2], 24 * len(a) * shape[0] * math.prod(self.window[0])):
            lines = self.indices(shape, part).swapaxes(1, 2)  # windows side by side: reduced many at a time
            windows = pixels.take(lines, axis=1)
            out[:, :, part] = windows.mean(2)
        return out.reshape(len(a), *out_shape)

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the mapping does not fit; each channel may have a range and a gain."""
        each = ((), (shape[0], 1, 1))
        check_shapes(mapping, {"ranges": each, "gains": each, "offsets": each, "weights": (None,), "bias": (None,)})

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """An `SCPool2D`."""
        return SCPool2D(self.kind, *self.window, **context.stream_options)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost; each input of a multiplexer or an OR gate counts as a gate."""
        return Cost(math.prod(shape), 0, self.indices(shape).size)
