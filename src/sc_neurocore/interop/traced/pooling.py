"""Pooling as a traced function."""

import jax.numpy as jnp
import numpy as np

from ...backends.xla import counting
from ...encoders import Bernoulli
from ...gates.windows import window_indices
from ...layers.pooling import SCPool2D
from .encoding import Array, Comparators, Parameters, Selector, decoded, picks


class PoolFunction:
    """A pooling layer for images of one shape.

    Parameters
    ----------
    layer
        The layer, without faults.
    shape
        Of an image ``(C, H, W)``.
    signed
        Whether inputs may be negative.
    """

    axes = 3
    """Axes of a sample."""

    def __init__(self, layer: SCPool2D, shape: tuple[int, int, int], signed: bool = True) -> None:
        channels, size, self.shape = shape[0], (shape[1], shape[2]), shape
        inputs = layer.inputs(channels * size[0] * size[1])
        self._inputs, self._kind, self._length = Comparators(inputs.encoder, signed), layer.kind, layer.length
        self._maps: tuple[int, int, int] = layer.output_shape(*shape)
        windows = window_indices(channels, size, layer.size, layer.stride, groups=channels)
        self.parameters: Parameters = {"inputs": self._inputs.parameters, "windows": windows.astype(np.int32)}
        if self._kind == "average":
            self._selector = Selector(layer.select(inputs), isinstance(inputs.encoder.generator, Bernoulli))
            self.parameters["select"] = self._selector.parameters

    def __call__(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Pooled images ``(S, C, H_out, W_out)`` of images ``(S, C, H, W)``."""
        words = self._inputs.lines(given["inputs"], x.reshape(len(x), self._inputs.n), samples)
        pixels = words[:, :, given["windows"]]  # (S, rails, C, windows, pixels, W)
        if self._kind == "average":
            places = pixels.shape[-2]
            picked = picks(self._selector.numbers(given["select"], samples), jnp.uint64(places), places)
            pooled = jnp.bitwise_or.reduce(pixels & picked[:, None, None, None], axis=-2)
        else:  # the negative parts of a maximum are the smallest
            parts = [jnp.bitwise_or.reduce(pixels[:, 0], axis=-2)]
            parts += [jnp.bitwise_and.reduce(pixels[:, rail], axis=-2) for rail in range(1, self._inputs.rails)]
            pooled = jnp.stack(parts, axis=1)
        ones = counting.popcount(pooled).swapaxes(0, 1)
        return decoded(list(ones), self._inputs.encoding, self._length).reshape(len(x), *self._maps)
