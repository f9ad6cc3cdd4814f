"""Products of streams that are counted by JAX."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ...backends.types import Counts, Words
from ...bitstreams import Bitstream, Encoding
from ...gates.accumulators import ParallelCounter
from ..base import Floats
from ..streams import Streams
from ..vectorized_layer import VectorizedSCLayer

if TYPE_CHECKING:
    from ...backends.xla import Devices


class DeviceCounter(ParallelCounter):
    """A parallel counter on JAX devices, for neurons that take all inputs.

    Parameters
    ----------
    devices
        Where it counts; they share the work.
    length, encoding, divisor
        As for `ParallelCounter`.
    """

    def __init__(self, devices: "Devices", length: int, encoding: Encoding, *, divisor: int) -> None:
        super().__init__(length, encoding, divisor=divisor)
        self.devices = devices

    def _and_counts(self, x: Words, w: Words) -> Counts:
        return self.devices.and_counts(x, w)


class JaxProducts(VectorizedSCLayer):
    """Means of products of inputs and weights, as streams that the host makes and JAX devices count.

    Parameters
    ----------
    devices
        Where the products are counted.
    n_inputs, n_neurons, length, options
        As for `VectorizedSCLayer`.
    weights
        ``(n_neurons, n_inputs)`` in the encoding's range; None: drawn uniformly.
    """

    def __init__(
        self,
        devices: "Devices",
        n_inputs: int,
        n_neurons: int,
        length: int,
        weights: ArrayLike | None = None,
        **options: Any,
    ) -> None:
        self._devices = devices
        super().__init__(n_inputs, n_neurons, length, use_gpu=False, **options)
        if weights is not None:
            self.weights = weights
            self._weights.start_from(self.weights)

    def _accumulator(self) -> DeviceCounter:
        return DeviceCounter(self._devices, self._options.cycles, self._options.encoding, divisor=self.n_inputs)

    def means(self, x: Floats, step: int) -> Floats:
        """Means ``(..., T, n_neurons)`` of the products of inputs ``(..., T, n_inputs)``, from step number `step` on.

        A step of S samples takes S sample numbers of the generators.
        """
        means = np.moveaxis(self.forward(self._by_step(x, step)), 0, 1)
        return means.reshape(*x.shape[:-1], self.n_neurons)

    def streams_of_steps(self, x: Floats, step: int) -> Streams:
        """Streams whose products `means` counts: inputs ``(..., T, n_inputs)``, and weights.

        Weights are ``(n_neurons, n_inputs)``, behind ``(..., T)`` where every step of every sample gets its own.
        """
        inputs, weights = self.streams(self._by_step(x, step))
        if weights is not None and len(weights.shape) > 2:
            weights = _by_sample(weights, x.shape[:-1])
        return Streams(_by_sample(inputs, x.shape[:-1]), weights)

    def _by_step(self, x: Floats, step: int) -> Floats:
        """Inputs as ``(T, samples, n_inputs)``, with the generators where this step meets them."""
        count = math.prod(x.shape[:-2])
        self.samples = step * count
        return np.moveaxis(x.reshape(count, *x.shape[-2:]), 1, 0)


def _by_sample(streams: Bitstream, shape: tuple[int, ...]) -> Bitstream:
    """Streams ``(T, S, ...)`` as ``(..., T, ...)``, of `shape` in front."""
    place = 1 if streams.encoding == "split" else 0
    words = np.moveaxis(streams.words, place, place + 1)
    rails, rest = words.shape[:place], words.shape[place + 2 :]
    return Bitstream(np.ascontiguousarray(words).reshape(*rails, *shape, *rest), streams.length, streams.encoding)
