"""Leaky integrate-and-fire neurons that JAX runs, in batches."""

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...backends import choose
from ...backends.types import Membrane
from ...chunks import chunks
from ...neurons import LIFParameters

if TYPE_CHECKING:
    from ...backends.xla import Devices

Numbers = NDArray[Any]
Precision = Literal["float64", "float32"]
LARGEST = {"float64": checks.LARGEST, "float32": 1e12}
"""Bounds of currents and voltages."""


class JaxNeurons:
    """A population of neurons for every sample of a batch: voltages, refractory times and noise.

    Parameters
    ----------
    n_neurons
        Neurons of a sample.
    parameters, dt_ms
        As for `LIFNeurons`.
    dtype
        In which all is computed.
    devices
        Where it runs.

    Attributes
    ----------
    v
        Voltages ``(..., n_neurons)``.
    refractory_left
        Steps that each neuron still has to rest ``(..., n_neurons)``.
    """

    def __init__(
        self, n_neurons: int, parameters: LIFParameters, dt_ms: float, dtype: Precision, devices: "Devices"
    ) -> None:
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.parameters, self.dt_ms = parameters, parameters.checked_step(dt_ms)
        self.dtype = np.dtype(checks.option("dtype", dtype, tuple(LARGEST)))
        self.largest = LARGEST[self.dtype.name]
        self._membrane, self._devices = parameters.membrane(self.dt_ms), devices
        for name, number in zip(Membrane._fields[:7], self._membrane, strict=False):
            checks.real(name, number, -self.largest, self.largest)
        self.v: Numbers
        self.refractory_left: NDArray[np.int64]
        self.rest(())

    @property
    def batch(self) -> tuple[int, ...]:
        """The batch axes of the state."""
        return self.v.shape[:-1]

    def rest(self, batch: tuple[int, ...]) -> None:
        """Put all neurons at rest, with new batch axes."""
        self.v = np.full((*batch, self.n_neurons), self._membrane.v_rest, self.dtype)
        self.refractory_left = np.zeros(self.v.shape, np.int64)

    def currents(self, name: str, values: ArrayLike) -> Numbers:
        """Currents ``(..., n_neurons)`` in the neurons' data type, without a copy if they have it already."""
        limits = -self.largest, self.largest
        given = checks.unmasked(name, values)
        if given.dtype != self.dtype:
            return checks.array(name, values, *limits, last=self.n_neurons).astype(self.dtype)
        flat = given.reshape(-1)
        # No number is larger than the root of the sum of squares, which takes one look at each instead of two.
        if given.shape[-1:] != (self.n_neurons,) or not np.dot(flat, flat) <= self.largest**2:
            checks.bounded(name, given, *limits, last=self.n_neurons)
        return given

    def run(self, currents: Numbers, key: int, step: int) -> NDArray[np.uint8]:
        """Spikes ``(..., T, n_neurons)`` under currents of that shape, from step number `step` on.

        Batch axes are those of the state, or the neurons start at rest. `key` is that of the noise.
        """
        *batch, steps, n = currents.shape
        if self.batch != tuple(batch):
            self.rest(tuple(batch))
        shape, shape_now = (math.prod(batch), n), self.v.shape
        by_step = np.moveaxis(currents.reshape(shape[0], steps, n), 1, 0)
        spikes = np.empty((shape[0], steps, n), np.uint8)
        for part in chunks(steps, 40 * math.prod(shape)):
            drive, noise = by_step[part], None
            if self._membrane.noise:
                normals = choose().standard_normals(key, math.prod(shape), step + part.start, step + part.stop)
                noise = normals.T.reshape(drive.shape).astype(self.dtype, copy=False)
            fired, v, refractory_left = self._devices.lif(
                drive, noise, self._membrane, self.v.reshape(shape), self.refractory_left.reshape(shape)
            )
            spikes[:, part] = np.moveaxis(fired, 0, 1)
            self.v[...], self.refractory_left[...] = v.reshape(shape_now), refractory_left.reshape(shape_now)
        return spikes.reshape(*batch, steps, n)

    def values(self) -> dict[str, Any]:
        """Voltages and refractory times as arrays for a state dict."""
        return {"v": self.v.copy(), "refractory_left": self.refractory_left.copy()}

    def checked(self, state: dict[str, Any]) -> tuple[Numbers, NDArray[np.int64]]:
        """Voltages and refractory times of a state dict, or an error."""
        v = checks.array("v", state["v"], -self.largest, self.largest, last=self.n_neurons)
        left = checks.integers("refractory_left", state["refractory_left"], 0, checks.LARGEST_COUNT, shape=v.shape)
        return v.astype(self.dtype), left.copy()

    def load(self, parts: tuple[Numbers, NDArray[np.int64]]) -> None:
        """Restore the values that `checked` returned."""
        self.v, self.refractory_left = parts
