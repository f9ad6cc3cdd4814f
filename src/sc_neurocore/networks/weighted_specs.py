"""Specifications of layers with weights: activation functions of weighted sums."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..chunks import chunks
from ..gates.windows import ConvolutionWindows, Pair, pair
from ..layers.sc_conv_layer import SCConv2DLayer
from ..layers.vectorized_layer import VectorizedSCLayer
from .activations import ACTIVATIONS, Activation, Floats, activate
from .layer_spec import (
    BuildContext,
    Cost,
    LayerSpec,
    NumberLayer,
    Range,
    Shape,
    all_to_all_shape,
    check_ceiling,
    check_shapes,
    keep_array,
)
from .mapping import LayerMapping


class WeightedSpec(LayerSpec):
    """Specification of a layer with weights: an activation function of weighted sums.

    Weights ``(n_outputs, n_inputs)`` join all inputs with all neurons; other shapes say otherwise themselves.
    """

    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float
    arrays = ("weights", "bias")
    takes_ranges = True

    @property
    def input_shape(self) -> Shape | None:
        """Shape of a sample: as many inputs as a neuron has weights."""
        return (self.weights.shape[1],)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        return all_to_all_shape(self.weights, shape)

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, ...)`` to ``(B, n_outputs)``."""
        return self.activated(a.reshape(len(a), self.weights.shape[1]) @ self.weights.T + self.bias)

    def windows(self, values: NDArray[Any], shape: Shape, part: slice = slice(None)) -> NDArray[Any]:
        """Inputs ``(B, n)`` of `shape` as each group of neurons takes them, ``(B, groups, windows, fan_in)``.

        Of all windows, or of a part.
        """
        return values[:, None, None][:, :, part]

    def activated(self, z: Floats) -> Floats:
        """Outputs for weighted sums: the activation function."""
        return activate(z, self.activation)

    def decoded(self, y: Floats) -> Floats:
        """Outputs for sums decoded from counts: the activation function."""
        return self.activated(y)

    def from_sums(self, sums: Floats, offsets: Floats) -> Floats:
        """Outputs for exact sums in the units of the network, and the offsets of a mapping."""
        return self.activated(sums + offsets)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative: sums of products may be, some activations are not."""
        negative = signed or bool(self.weights.min() < 0) or bool(self.bias.min() < 0)
        return self.activation in ("tanh", "identity") and negative

    def bound(self, bound: Range, shape: Shape) -> float:
        """Upper bound of |outputs|: 1 for activations that saturate."""
        return 1.0 if self.activation in ("tanh", "logistic") else self.largest_sum(bound)

    def largest_sum(self, bound: Range) -> float:
        """Upper bound of |sums|, given that of |inputs|, one number or one for each line."""
        if not isinstance(bound, float | int):
            rows = np.abs(self.scaled_weights(bound)).reshape(len(self.weights), -1)
            return float((rows.sum(1) + np.abs(self.bias)).max())
        rows = np.abs(self.weights).reshape(len(self.weights), -1)
        return float((rows.sum(1) * bound + np.abs(self.bias)).max())

    def gain(self, scale: Range) -> float:
        """The largest weight or bias for inputs in units of `scale`: what the circuit divides by."""
        return float(max(np.abs(self.scaled_weights(np.asarray(scale))).max(), np.abs(self.bias).max()))

    def scaled_weights(self, ranges: Floats) -> Floats:
        """Weights for inputs in units of `ranges`, see `LayerMapping`."""
        return self.weights * ranges

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: a stream for every input and weight, a gate for every product."""
        biased = bool(self.bias.any())
        fan_in = self.weights[0].size + biased
        gates = rails * fan_in * math.prod(self.output_shape(shape))
        return Cost(math.prod(shape) + biased, rails * fan_in * len(self.weights), gates)

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """Activation and gain."""
        return self.activation, f"{self.gain(scale):.3g}"

    def mapping(self, shape: Shape, context: BuildContext) -> LayerMapping:
        """Weights and bias divided by the gain; averages are multiplied by the fan-in."""
        weights = self.scaled_weights(np.asarray(context.input_scale))
        gain = self.gain(context.input_scale) or 1.0
        smallest, options = min(weights.min(), self.bias.min()), context.options
        if options.encoding == "unipolar" and smallest < 0:
            raise ValueError(f"encoding unipolar needs weights of at least 0, got {smallest} in {context.called}")
        bias = self.bias / gain if self.bias.any() else None
        terms = self.terms(options.accumulate, biased=bias is not None)
        return LayerMapping(context.input_scale, gain * terms, 0.0, weights / gain, bias, options.generator)

    def terms(self, accumulate: str, biased: bool) -> int:
        """Sums of products are so many times what the accumulator gives: means are averages of the fan-in."""
        return self.weights[0].size + biased if accumulate in ("mean", "mux") else 1

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the arrays of a mapping have not the shapes for inputs of `shape`."""
        each = (len(self.weights), 1, 1) if self.takes_images else (len(self.weights),)
        lines = (shape[0], 1, 1) if self.takes_images else self.sample(shape)[-1:]
        check_shapes(
            mapping,
            {
                "ranges": ((), lines),
                "gains": ((), each),
                "offsets": ((), each),
                "weights": (self.weights.shape,),
                "bias": (None, (len(self.weights),)),
            },
        )

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        keywords = context.stream_options | {"use_gpu": True, "bias": mapping.bias}
        keywords |= context.options.keywords("accumulate", "share", "weight_streams", "weight_share", "device")
        assert mapping.weights is not None  # check_mapping
        return self._layer(mapping.weights, mapping, keywords)

    @abstractmethod
    def _layer(self, weights: Floats, mapping: LayerMapping, keywords: dict[str, Any]) -> NumberLayer:
        """The layer of streams with the weights of a mapping."""


@dataclass(frozen=True, eq=False)
class Dense(WeightedSpec):
    """A dense layer of a trained network: ``activation(weights @ a + bias)``; images are flattened.

    Tokens ``(tokens, features)`` each go through it.

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

    takes_tokens = True
    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        check_weights(self, (None, None))
        checks.option("activation", self.activation, ACTIVATIONS)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        tokens = shape[:-1] if len(shape) == 2 else ()
        return (*tokens, *all_to_all_shape(self.weights, shape[1:] if tokens else shape))

    def runs(self, shape: Shape) -> int:
        """One, or as many as there are tokens."""
        return shape[0] if len(shape) == 2 else 1

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, ...)`` to ``(B, n_outputs)``, tokens to ``(B, tokens, n_outputs)``."""
        if a.ndim != 3:
            return super().forward(a)
        return super().forward(a.reshape(-1, a.shape[2])).reshape(*a.shape[:2], len(self.weights))

    def windows(self, values: NDArray[Any], shape: Shape, part: slice = slice(None)) -> NDArray[Any]:
        """Inputs ``(B, n)`` as the one group of neurons takes them: a window for each token."""
        return values.reshape(len(values), 1, -1, self.weights.shape[1])[:, :, part]

    @property
    def decision(self) -> float:
        """The output of a sum of 0, see `LayerSpec.decision`."""
        return 0.5 if self.activation == "logistic" else 0.0

    def _layer(self, weights: Floats, mapping: LayerMapping, keywords: dict[str, Any]) -> NumberLayer:
        return VectorizedSCLayer.from_weights(weights, **keywords).prepare()

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """As of all layers with weights; where turns of lines change no count, lines are not turned."""
        if context.options.turns_in_vain:
            context = replace(context, options=replace(context.options, share="one"))
        return super()._built(shape, context, mapping)


@dataclass(frozen=True, eq=False)
class Conv2D(WeightedSpec):
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
        check_weights(self, (None, None, None, None))
        checks.option("activation", self.activation, ACTIVATIONS)
        for name, low in (("stride", 1), ("padding", 0), ("dilation", 1)):
            object.__setattr__(self, name, pair(name, getattr(self, name), low))
        object.__setattr__(self, "groups", checks.whole("groups", self.groups, 1))
        if len(self.weights) % self.groups:
            raise ValueError(f"groups must divide the {len(self.weights)} output channels, got {self.groups}")

    @property
    def geometry(self) -> ConvolutionWindows:
        """Where its windows lie in an image."""
        stride, padding, dilation = (pair(name, getattr(self, name), 0) for name in ("stride", "padding", "dilation"))
        kernel = (self.weights.shape[2], self.weights.shape[3])
        return ConvolutionWindows(self.weights.shape[1] * self.groups, kernel, stride, padding, dilation, self.groups)

    @property
    def input_shape(self) -> None:
        """Images of any size."""
        return None

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        channels = self.weights.shape[1] * self.groups
        if len(shape) != 3 or shape[0] != channels:
            raise ValueError(f"it takes images ({channels}, height, width), got shape {shape}")
        out = self.geometry.output_size((shape[1], shape[2]))
        if min(out) < 1:
            raise ValueError(f"its kernel {self.weights.shape[2:]} does not fit into an image of shape {shape}")
        return (len(self.weights), *out)

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point: ``(B, C, H, W)`` to ``(B, out, H_out, W_out)``."""
        shape = self.output_shape(a.shape[1:])
        geometry, n_windows, fan_in = self.geometry, shape[1] * shape[2], self.weights[0].size
        pixels = geometry.pixels(a)
        weights = self.weights.reshape(self.groups, -1, fan_in)
        sums = np.empty((len(a), self.groups, weights.shape[1], n_windows))
        window_bytes = 8 * 8 * self.groups * fan_in  # pieces of an eighth of the usual size: they stay in the cache
        for some in chunks(len(a), n_windows * window_bytes):
            for part in chunks(n_windows, (some.stop - some.start) * window_bytes):
                lines = geometry.indices((a.shape[2], a.shape[3]), part).swapaxes(1, 2)
                windows = pixels[some].take(lines, axis=1)
                np.matmul(weights, windows, out=sums[some, ..., part])
        return self.activated(sums.reshape(len(a), *shape) + self.bias[:, None, None])

    def scaled_weights(self, ranges: Floats) -> Floats:
        """Kernels for channels in units of `ranges`."""
        if ranges.ndim:  # the channels that the kernels of each group see
            kernels = self.weights.reshape(self.groups, -1, *self.weights.shape[1:])
            kernels = kernels * ranges.reshape(self.groups, 1, -1, 1, 1)
            return kernels.reshape(self.weights.shape)
        return self.weights * ranges

    def windows(self, values: NDArray[Any], shape: Shape, part: slice = slice(None)) -> NDArray[Any]:
        """Inputs ``(B, n)`` with their padding, gathered."""
        geometry, size = self.geometry, (shape[1], shape[2])
        gathered: NDArray[Any] = geometry.pixels(values.reshape(-1, *shape))[:, geometry.indices(size, part)]
        return gathered

    def _layer(self, weights: Floats, mapping: LayerMapping, keywords: dict[str, Any]) -> NumberLayer:
        geometry = self.geometry
        keywords |= {"dilation": geometry.dilation, "groups": self.groups}
        return SCConv2DLayer.from_kernels(weights, geometry.stride, geometry.padding, **keywords).prepare()


def check_weights(spec: WeightedSpec, shape: tuple[int | None, ...]) -> None:
    """Check the numbers of a layer with weights, and keep read-only copies of its arrays."""
    array = checks.array("weights", spec.weights, -checks.LARGEST, checks.LARGEST, shape=shape)
    if 0 in array.shape:
        raise ValueError(f"weights must have an input and an output, got shape {array.shape}")
    checks.array("bias", spec.bias, -checks.LARGEST, checks.LARGEST, shape=(len(array),))
    check_ceiling(spec)
    for name in spec.arrays:
        keep_array(spec, name, getattr(spec, name))
