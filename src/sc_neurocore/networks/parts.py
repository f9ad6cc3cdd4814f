"""What a network is made of: the interface of a part, and the parts of trained networks.

A part is a frozen description. It tells its shape, its numbers in floating point, and the layer of
streams that stands for it in a circuit; `Network`, `Circuit` and the files know no more of it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed
from ..gates.faults import Faults
from ..gates.windows import Pair, output_size, pair, window_indices
from ..layers.old_base import Accumulate, SCLayer
from ..layers.pooling import Pooling, SCPool2D
from ..layers.sc_conv_layer import SCConv2DLayer
from ..layers.vectorized_layer import VectorizedSCLayer
from ..synapses import MemristorModel
from .activations import ACTIVATIONS, Activation, Floats, activate

Shape = tuple[int, ...]


class Cost(NamedTuple):
    """What a part takes as a circuit, for inputs that are never negative.

    Streams of signed inputs count twice, and so do the gates that they pass.
    """

    inputs: int
    weights: int
    gates: int
    windows: int = 1
    """Stream lengths that it takes from its first cycle to its last."""


@dataclass(frozen=True)
class Build:
    """How a part is to become a circuit: the options of `Circuit`, and what the part meets there."""

    length: int
    generator: str | Generator
    encoding: Encoding
    accumulate: Accumulate
    bits: int | None
    faults: Faults
    device: MemristorModel | None
    seed: Seed
    place: int
    """Number of the part in its network."""
    scale: float
    """The largest |input|: a 1 of the streams."""
    signed: bool
    """Whether inputs may be negative."""

    @property
    def streams(self) -> dict[str, Any]:
        """Options of every layer of streams."""
        names = ("length", "generator", "encoding", "bits", "faults", "seed")
        return {name: getattr(self, name) for name in names}


class Part(ABC):
    """A part of a network; this one's outputs are in the units and in the range of its inputs."""

    arrays: ClassVar[tuple[str, ...]] = ()
    """Fields that a file holds as arrays; it holds the others in words."""
    since: ClassVar[int] = 1
    """The format of files that brought this part."""
    takes_signed: ClassVar[bool] = True
    """Whether inputs may be negative."""
    takes_images: ClassVar[bool] = False
    """Whether its layer takes samples ``(channels, height, width)``; else it takes them flat."""

    @property
    def input_shape(self) -> Shape | None:
        """Shape of its inputs if there is but one."""
        return None

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""

    @abstractmethod
    def forward(self, a: Floats) -> Floats:
        """The part in floating point, on a batch of inputs."""

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative, for inputs that may or may not."""
        return signed

    def output_scale(self, scale: float) -> float:
        """The largest |output| that the next part is built for."""
        return scale

    def bound(self, bound: float) -> float:
        """A size that no output exceeds if no input exceeds `bound`."""
        return bound

    def calibrated(self, bound: float) -> Self:
        """This part with outputs up to `bound`."""
        return self

    def decoded(self, y: Floats) -> Floats:
        """Outputs of the part from those of its layer, after the gain."""
        return y

    @abstractmethod
    def layer(self, shape: Shape, build: Build) -> tuple[SCLayer, float]:
        """The layer of streams for inputs of `shape`, and the factor of its outputs.

        The layer takes inputs in units of the scale.
        """

    @abstractmethod
    def cost(self, shape: Shape, halves: int) -> Cost:
        """What the layer takes; numbers are made of so many streams, 2 if they are split."""

    def told(self, scale: float) -> tuple[str, str]:
        """Activation and gain, in words."""
        return "", ""


class Rescaled(Part):
    """A part whose outputs have a range of their own."""

    ceiling: float
    """Largest |output| that the next part is built for."""

    def output_scale(self, scale: float) -> float:
        """The ceiling."""
        return self.ceiling

    def calibrated(self, bound: float) -> Self:
        """This part with `bound` as its ceiling; 1 if it is 0."""
        return replace(self, ceiling=bound or 1.0)  # type: ignore[type-var]


class Weighted(Rescaled):
    """A part whose outputs are sums of products, activated."""

    weights: Floats
    bias: Floats
    arrays = ("weights", "bias")

    @abstractmethod
    def activated(self, z: Floats) -> Floats:
        """Outputs of sums."""

    def gain(self, scale: float) -> float:
        """The largest weight or bias for inputs in units of `scale`: what the circuit divides by."""
        return float(max(np.abs(self.weights * scale).max(), np.abs(self.bias).max()))

    @abstractmethod
    def windows(self, values: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """Inputs ``(B, n)`` of `shape` as each group of neurons meets them, ``(B, groups, windows, fan_in)``."""

    def cost(self, shape: Shape, halves: int) -> Cost:
        """A stream for every input and weight, a gate for every product."""
        biased = bool(self.bias.any())
        fan_in = self.weights[0].size + biased
        gates = halves * fan_in * math.prod(self.output_shape(shape))
        return Cost(math.prod(shape) + biased, halves * fan_in * len(self.weights), gates)

    def largest_sum(self, bound: float) -> float:
        """A size that no sum exceeds if no input exceeds `bound`."""
        rows = np.abs(self.weights).reshape(len(self.weights), -1)
        return float((rows.sum(1) * bound + np.abs(self.bias)).max())

    def _scaled(self, build: Build) -> tuple[Floats, float, dict[str, Any]]:
        """Weights divided by the gain, the gain, and the options of a layer with weights."""
        weights, gain = self.weights * build.scale, self.gain(build.scale) or 1.0
        smallest = min(weights.min(), self.bias.min())
        if build.encoding == "unipolar" and smallest < 0:
            raise ValueError(f"encoding unipolar needs weights of at least 0, got {smallest:g} in layer {build.place}")
        bias = self.bias / gain if self.bias.any() else None
        options = build.streams | {"use_gpu": True, "accumulate": build.accumulate}
        return weights / gain, gain, options | {"bias": bias, "device": build.device}


class Activated(Weighted):
    """A weighted part whose sums are counted, and activated as numbers."""

    activation: Activation

    def activated(self, z: Floats) -> Floats:
        """The activation."""
        return activate(z, self.activation)

    def decoded(self, y: Floats) -> Floats:
        """The activation of counted sums."""
        return self.activated(y)

    def gives_signed(self, signed: bool) -> bool:
        """Sums of products may be negative; some activations take care of it."""
        negative = signed or bool(self.weights.min() < 0) or bool(self.bias.min() < 0)
        return self.activation in ("tanh", "identity") and negative

    def bound(self, bound: float) -> float:
        """1 for activations that saturate."""
        return 1.0 if self.activation in ("tanh", "logistic") else self.largest_sum(bound)

    def told(self, scale: float) -> tuple[str, str]:
        """Activation and gain."""
        return self.activation, f"{self.gain(scale):.3g}"


class AllToAll(Rescaled):
    """A part in which all inputs meet all neurons; images are flattened."""

    weights: Floats

    @property
    def input_shape(self) -> Shape:
        """As many inputs as a neuron has weights."""
        return (self.weights.shape[1],)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        if math.prod(shape) != self.weights.shape[1]:
            raise ValueError(f"it takes {self.weights.shape[1]} inputs, got shape {shape}")
        return (len(self.weights),)


class OnVectors(AllToAll, Weighted):
    """A weighted part in which all inputs meet all neurons."""

    def forward(self, a: Floats) -> Floats:
        """The part in floating point: ``(B, ...)`` to ``(B, n_outputs)``."""
        return self.activated(a.reshape(len(a), -1) @ self.weights.T + self.bias)

    def windows(self, values: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """One group, one window."""
        return values[:, None, None]


@dataclass(frozen=True, eq=False)
class Dense(Activated, OnVectors):
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
        check_values(self, (None, None))
        checks.option("activation", self.activation, ACTIVATIONS)

    def layer(self, shape: Shape, build: Build) -> tuple[SCLayer, float]:
        """A `VectorizedSCLayer`; what averages is multiplied by the fan-in."""
        weights, gain, options = self._scaled(build)
        layer = VectorizedSCLayer.from_weights(weights, **options)
        return layer, gain * (layer.fan_in if build.accumulate in ("mean", "mux") else 1)


@dataclass(frozen=True, eq=False)
class Conv2D(Activated):
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

    takes_images = True
    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float = 1.0
    stride: int | Pair = 1
    padding: int | Pair = 0
    dilation: int | Pair = 1
    groups: int = 1

    def __post_init__(self) -> None:
        check_values(self, (None, None, None, None))
        checks.option("activation", self.activation, ACTIVATIONS)
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
        windows = self.windows(a.reshape(len(a), -1), a.shape[1:])
        weights = self.weights.reshape(self.groups, -1, windows.shape[-1]).transpose(0, 2, 1)
        sums = np.matmul(windows, weights).transpose(0, 1, 3, 2)
        return self.activated(sums.reshape(len(a), *self.output_shape(a.shape[1:])) + self.bias[:, None, None])

    def windows(self, values: NDArray[Any], shape: Shape) -> NDArray[Any]:
        """Inputs ``(B, n)`` with their padding, gathered."""
        geometry, kernel = self.geometry, (self.weights.shape[2], self.weights.shape[3])
        (rows, columns), size = geometry["padding"], self._padded(shape)
        indices = window_indices(shape[0], size, kernel, geometry["stride"], geometry["dilation"], self.groups)
        padded = np.pad(values.reshape(-1, *shape), ((0, 0), (0, 0), (rows, rows), (columns, columns)))
        gathered: NDArray[Any] = padded.reshape(len(values), -1)[:, indices]
        return gathered

    def layer(self, shape: Shape, build: Build) -> tuple[SCLayer, float]:
        """An `SCConv2DLayer`; what averages is multiplied by the fan-in."""
        weights, gain, options = self._scaled(build)
        layer = SCConv2DLayer.from_kernels(weights, **(options | {"groups": self.groups} | self.geometry))
        return layer, gain * (layer.fan_in if build.accumulate in ("mean", "mux") else 1)


@dataclass(frozen=True, eq=False)
class Pool2D(Part):
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

    takes_images = True
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

    def layer(self, shape: Shape, build: Build) -> tuple[SCLayer, float]:
        """An `SCPool2D`."""
        return SCPool2D(self.kind, *self.window, **build.streams), build.scale

    def cost(self, shape: Shape, halves: int) -> Cost:
        """The inputs of multiplexers, or of OR gates, are counted as gates."""
        return Cost(math.prod(shape), 0, self.indices(shape).size)


def check_values(part: Weighted, shape: tuple[int | None, ...]) -> None:
    """Check the numbers of a part with weights, and keep read-only copies of its arrays."""
    array = checks.array("weights", part.weights, shape=shape)
    if 0 in array.shape:
        raise ValueError(f"weights must have an input and an output, got shape {array.shape}")
    checks.array("bias", part.bias, shape=(len(array),))
    check_ceiling(part)
    for name in part.arrays:
        keep(part, name, getattr(part, name))


def check_ceiling(part: Rescaled) -> None:
    """Check the ceiling of a part."""
    checks.real("ceiling", part.ceiling, np.finfo(float).tiny, np.finfo(float).max)


def keep(part: Part, name: str, values: Any) -> None:
    """Let the field `name` of a frozen part be a read-only copy of `values`."""
    copy = np.array(values, np.float64, order="C")
    copy.flags.writeable = False
    object.__setattr__(part, name, copy)
