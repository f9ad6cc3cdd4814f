"""A circuit of dense, convolutional and pooling layers as a traced function."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ... import checks
from ...backends.xla import rounding
from ...encoders import Bernoulli
from ...layers.pooling import SCPool2D
from ...layers.sc_conv_layer import SCConv2DLayer
from ...layers.vectorized_layer import VectorizedSCLayer
from ...networks import Circuit
from ...networks.circuit import Stage
from ...networks.pool_spec import Pool2D
from ...networks.weighted_specs import Conv2D, Dense
from .encoding import Array, Parameters
from .pooling import PoolFunction
from .sums import ConvolutionFunction, DenseFunction

LayerFunction = DenseFunction | ConvolutionFunction | PoolFunction


def layer_function(layer: Any, shape: tuple[int, ...] | None, signed: bool = True) -> LayerFunction:
    """The traced function of a dense, convolutional or pooling layer, for samples of `shape`."""
    if isinstance(layer, VectorizedSCLayer):
        check_options(layer)
        return DenseFunction(layer.weighted_sum().circuit, signed)
    channels = layer.in_channels if isinstance(layer, SCConv2DLayer) else None
    image = _image(shape, channels)
    check_options(layer)
    if isinstance(layer, SCPool2D):
        if min(layer.output_shape(*image)) < 1:
            raise ValueError(f"shape must have room for a window of {layer.size}, got {image}")
        return PoolFunction(layer, image, signed)
    if min(layer.output_shape(*image[1:])) < 1:
        raise ValueError(f"shape must be of an image that a window fits into, {layer!r}, got {image}")
    return ConvolutionFunction(layer.weighted_sum(image[1:]).circuit, layer.windows, image[1:], signed)


def _image(shape: Any, channels: int | None) -> tuple[int, int, int]:
    """A shape ``(C, H, W)``, checked."""
    rule = f"({'C' if channels is None else channels}, H, W)"
    if shape is None or np.ndim(shape) != 1 or len(shape) != 3:
        raise ValueError(f"shape must be that of an image {rule}, got {checks.shown(shape)}")
    found = tuple(checks.whole("shape", size, 1) for size in shape)
    if channels is not None and found[0] != channels:
        raise ValueError(f"shape must be that of an image {rule}, got {found}")
    return found[0], found[1], found[2]


def check_options(layer: Any) -> None:
    """An error if a layer has parts that there are no traced functions of."""
    options = layer.options
    if options.faults is not None:
        raise ValueError(f"faults must be None for jax_function, got {options.faults}")
    if options.device is not None and (options.device.read_noise or options.device.adc_bits is not None):
        raise ValueError(f"device must have no read_noise and no adc_bits for jax_function, got {options.device}")
    fresh = options.weight_streams == "fresh" and isinstance(options.make_generator(), Bernoulli)
    if fresh and options.weight_share == "neurons":
        raise ValueError("weight_share must not be 'neurons' with fresh streams for jax_function, got it; store them")
    if options.accumulate == "saturate" and not isinstance(layer, SCPool2D):
        raise ValueError("accumulate must be 'sum', 'mean', 'or' or 'mux' for jax_function, got 'saturate'")


class StageFunction:
    """A layer of a circuit, with the scaling of its inputs and outputs and its activation.

    Parameters
    ----------
    stage
        The layer.
    shape
        Of its inputs.
    signed
        Whether these may be negative.
    """

    def __init__(self, stage: Stage, shape: tuple[int, ...], signed: bool) -> None:
        self._layer, self._sample = layer_function(stage.layer, shape, signed), stage.sample
        self._lowest = stage.lowest if signed else 0.0
        self._activation = stage.spec.activation if isinstance(stage.spec, Dense | Conv2D) else "identity"
        scaling = {"ranges": stage.ranges, "gains": stage.gains, "offsets": stage.offsets}
        numbers = {name: rounding.pairs(np.asarray(array, np.float64)) for name, array in scaling.items()}
        self.parameters: Parameters = {"layer": self._layer.parameters} | numbers

    def __call__(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Outputs ``(S, ...)`` of inputs ``(S, ...)``, both in the units of the network."""
        ranges, gains, offsets = (
            rounding.joined_pairs(given[name], jnp.float64) for name in ("ranges", "gains", "offsets")
        )
        scaled = jnp.clip(rounding.quotient(x.reshape(len(x), *self._sample), ranges), self._lowest, 1.0)
        sums = rounding.product(gains, self._layer(given["layer"], scaled, samples)) + offsets
        return _activated(rounding.rounded(sums), self._activation)


def _activated(z: Array, activation: str) -> Array:
    """As `networks.activations.activate`."""
    if activation == "relu":
        return jnp.maximum(z, 0.0)
    if activation == "tanh":
        return rounding.tanh(z)
    if activation == "logistic":
        shrunk = rounding.exp(-jnp.abs(z))
        return rounding.quotient(jnp.where(z < 0, shrunk, 1.0), 1.0 + shrunk)
    return z


class CircuitFunction:
    """A circuit of dense, convolutional and pooling layers.

    Parameters
    ----------
    circuit
        The circuit.
    """

    axes = 1
    """Axes of a sample."""

    def __init__(self, circuit: Circuit) -> None:
        network = circuit.network
        for place, spec in enumerate(network.layers):
            if not isinstance(spec, Dense | Conv2D | Pool2D):
                rule = "layer must be a Circuit of Dense, Conv2D and Pool2D layers"
                raise ValueError(f"{rule}, got {type(spec).__name__} in place {place}")
        if network.sources is not None:
            raise ValueError("layer must be a Circuit of a chain of layers for jax_function, got one of a graph")
        low, high = network.input_range
        if not (isinstance(low, float) and isinstance(high, float)):
            raise ValueError("input_range must be two numbers for jax_function, got one for each input")
        signed = low < 0
        self._stages = []
        for stage, shape in zip(circuit.stages, network.shapes(), strict=False):
            self._stages.append(StageFunction(stage, shape, signed))
            signed = bool(stage.spec.gives_signed(signed))
        self.parameters: Parameters = {"stages": [stage.parameters for stage in self._stages]}
        self.shape, self._outputs = (network.n_inputs,), network.n_outputs
        self.bounds, self.clip = (low, high), circuit.options.clip

    def __call__(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Outputs ``(S, n_outputs)`` of samples ``(S, n_inputs)``."""
        values = jnp.clip(x, *self.bounds) if self.clip else x
        for stage, own in zip(self._stages, given["stages"], strict=True):
            values = stage(own, values, samples)
        return values.reshape(len(x), self._outputs)
