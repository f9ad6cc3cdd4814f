"""The parts of a trained network: dense and convolutional layers, pooling."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..gates.windows import Pair, output_size, pair, window_indices
from ..layers.pooling import Pooling
from .activations import ACTIVATIONS, Activation, Floats, activate

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Dense:
    """A dense layer of a trained network: ``activation(weights @ a + bias)``; images are flattened.

    Parameters
    ----------
    weights
        ``(n_outputs, n_inputs)``.
    bias
        ``(n_outputs,)``.
    activation
        ``"relu"``, ``"tanh"``, ``"logistic"`` or ``"identity"``.
    ceiling
        Largest |output| that the next layer is built for, above 0: outputs beyond it are clipped
        when they are encoded again.
    """

    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        _check_values(self, self.weights, self.bias, (None, None))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        if int(np.prod(shape)) != self.weights.shape[1]:
            raise ValueError(f"it takes {self.weights.shape[1]} inputs, got shape {shape}")
        return (len(self.weights),)

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, ...)`` to ``(B, n_outputs)``."""
        return activate(a.reshape(len(a), -1) @ self.weights.T + self.bias, self.activation)


@dataclass(frozen=True, eq=False)
class Conv2D:
    """A convolution (cross-correlation) of a trained network.

    Parameters
    ----------
    weights
        Kernels ``(out, in / groups, kH, kW)``.
    bias
        ``(out,)``.
    activation, ceiling
        As for `Dense`.
    stride, padding, dilation, groups
        As for `SCConv2DLayer`, integers or pairs.
    """

    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float = 1.0
    stride: int | Pair = 1
    padding: int | Pair = 0
    dilation: int | Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        _check_values(self, self.weights, self.bias, (None, None, None, None))
        for name, low in (("stride", 1), ("padding", 0), ("dilation", 1)):
            object.__setattr__(self, name, pair(name, getattr(self, name), low))
        checks.whole("groups", self.groups, 1)
        if len(self.weights) % self.groups:
            raise ValueError(f"groups must divide the {len(self.weights)} output channels, got {self.groups}")

    @property
    def geometry(self) -> dict[str, Pair]:
        """Stride, padding and dilation as pairs."""
        return {name: pair(name, getattr(self, name), 0) for name in ("stride", "padding", "dilation")}

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        channels = self.weights.shape[1] * self.groups
        if len(shape) != 3 or shape[0] != channels:
            raise ValueError(f"it takes images ({channels}, height, width), got shape {shape}")
        out = self._windows_of(shape)
        if min(out) < 1:
            raise ValueError(f"its kernel {self.weights.shape[2:]} does not fit into an image of shape {shape}")
        return (len(self.weights), *out)

    def _padded(self, shape: Shape) -> Pair:
        rows, columns = self.geometry["padding"]
        return shape[1] + 2 * rows, shape[2] + 2 * columns

    def _windows_of(self, shape: Shape) -> Pair:
        kernel = (self.weights.shape[2], self.weights.shape[3])
        return output_size(self._padded(shape), kernel, self.geometry["stride"], self.geometry["dilation"])

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, C, H, W)`` to ``(B, out, H_out, W_out)``."""
        shape, geometry = a.shape[1:], self.geometry
        kernel = (self.weights.shape[2], self.weights.shape[3])
        windows = window_indices(
            shape[0], self._padded(shape), kernel, geometry["stride"], geometry["dilation"], self.groups
        )
        rows, columns = geometry["padding"]
        pixels = np.pad(a, ((0, 0), (0, 0), (rows, rows), (columns, columns))).reshape(len(a), -1)
        weights = self.weights.reshape(self.groups, -1, windows.shape[-1]).transpose(0, 2, 1)
        sums = np.matmul(pixels[:, windows], weights).transpose(0, 1, 3, 2)
        return activate(sums.reshape(len(a), *self.output_shape(shape)) + self.bias[:, None, None], self.activation)


@dataclass(frozen=True, eq=False)
class Pool2D:
    """Average or maximum over windows; it has no weights and keeps the range of its inputs.

    Parameters
    ----------
    kind
        ``"average"`` or ``"max"``.
    size
        Window, an integer or a pair.
    stride
        None: the window's size.
    """

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

    def indices(self, shape: Shape) -> NDArray[np.int64]:
        """Pixels of the windows: see `window_indices`."""
        return window_indices(shape[0], (shape[1], shape[2]), *self.window, groups=shape[0])

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, C, H, W)`` to ``(B, C, H_out, W_out)``."""
        shape = a.shape[1:]
        windows = a.reshape(len(a), -1)[:, self.indices(shape)]
        pooled: Floats = windows.max(-1) if self.kind == "max" else windows.mean(-1)
        return pooled.reshape(len(a), *self.output_shape(shape))


Part = Dense | Conv2D | Pool2D


def _check_values(part: Dense | Conv2D, weights: Floats, bias: Floats, shape: tuple[int | None, ...]) -> None:
    """Check the numbers of a part with weights, and keep read-only copies of its arrays."""
    array = checks.array("weights", weights, shape=shape)
    if 0 in array.shape:
        raise ValueError(f"weights must have an input and an output, got shape {array.shape}")
    offsets = checks.array("bias", bias, shape=(len(array),))
    checks.option("activation", part.activation, ACTIVATIONS)
    checks.real("ceiling", part.ceiling, np.finfo(float).tiny, np.finfo(float).max)
    for name, values in (("weights", array.copy()), ("bias", offsets.copy())):
        values.flags.writeable = False
        object.__setattr__(part, name, values)
