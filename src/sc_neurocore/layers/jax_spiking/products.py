"""Products of streams that are counted by JAX."""

from typing import TYPE_CHECKING, Any

from ...backends.packing import tail_mask
from ...bitstreams import Encoding
from ...gates.accumulators import ParallelCounter
from ...gates.operands import Operands
from ..base import Floats, Samples
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

    def outputs(self, operands: Operands, samples: Samples | None = None) -> Floats:
        """Counts of ones over all products, as numbers ``(G, B, M)``."""
        x, w = operands.inputs, operands.weights
        w = w.reshape(len(w), operands.rails[1] * operands.n_neurons, x.shape[2], w.shape[-1])
        ones = self.devices.and_counts(x, w)
        if operands.xnor:  # a product is one where both are one, or both zero
            x, w = ~x, ~w
            x[..., -1] &= tail_mask(self.length)
            ones = ones + self.devices.and_counts(x, w)
        return self.decoded(operands.signed(ones), operands.fan_in)


class JaxProducts(VectorizedSCLayer):
    """Means of products of inputs and weights, as streams that the host makes and JAX devices count.

    Parameters
    ----------
    devices
        Where the products are counted.
    n_inputs, n_neurons, length, options
        As for `VectorizedSCLayer`.
    """

    def __init__(self, devices: "Devices", n_inputs: int, n_neurons: int, length: int, **options: Any) -> None:
        self._devices = devices
        super().__init__(n_inputs, n_neurons, length, use_gpu=False, **options)

    def _accumulator(self) -> DeviceCounter:
        return DeviceCounter(self._devices, self._options.cycles, self._options.encoding, divisor=self.n_inputs)
