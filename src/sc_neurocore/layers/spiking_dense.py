"""Leaky integrate-and-fire neurons behind weighted sums: numbers in, firing rates out."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..backends import choose
from ..backends.packing import unpack, words_for
from ..backends.types import Words
from ..bitstreams.encodings import Encoding
from ..encoders import Bernoulli, Generator, Share
from ..gates.accumulators import Accumulator, Conditions
from ..gates.operands import Operands, in_blocks
from ..neurons import LIFParameters
from ..read_only import attribute
from .base import Floats, Samples
from .vectorized_layer import VectorizedSCLayer


class FiringNeuron(NamedTuple):
    """A leaky integrate-and-fire neuron in a window of time: a threshold, and times in ms."""

    threshold: float
    tau: float
    refractory: float
    duration: float

    @property
    def least_cycles(self) -> int:
        """Fewest cycles of a window: a cycle lasts `tau` at most."""
        return math.ceil(self.duration / self.tau)

    def rates(self, current: Floats) -> Floats:
        """Firing rates in Hz: the spikes of a window under a constant current, from rest and without noise.

        The first spike comes after ``-tau ln(1 - threshold / (I tau))``, the others a refractory time later each.
        """
        drive = current * self.tau
        fires = drive > self.threshold
        with np.errstate(divide="ignore"):
            first = -self.tau * choose().log1p(-self.threshold / np.where(fires, drive, np.inf))
            spikes = np.floor((self.duration + self.refractory) / (first + self.refractory))
        return np.asarray(np.where(fires, spikes, 0.0) * (1000.0 / self.duration))


class FiringRateCounter(Accumulator):
    """The products of each cycle are counted, the count drives a neuron, and its spikes are counted.

    Parameters
    ----------
    neuron
        What fires; a cycle lasts ``duration / length`` ms.
    unit
        Current of a product.
    most
        Products that a cycle can have.
    """

    def __init__(
        self, length: int, encoding: Encoding, backend: str | None, *, neuron: FiringNeuron, unit: float, most: int
    ) -> None:
        super().__init__(length, encoding, backend)
        self.neuron, self.unit, self.most = neuron, unit, most

    def spikes(self, operands: Operands) -> Words:
        """Packed spikes ``(G, B, M, W)``."""
        threshold, tau, refractory, duration = self.neuron
        dt = duration / self.length
        parameters = LIFParameters(
            v_threshold=threshold, tau_mem=tau, noise_std=0.0, refractory_period=round(refractory / dt)
        )
        lowest = 0 if self.encoding == "unipolar" else -self.most
        full = self.most - lowest
        # As BitstreamCurrentSource rounds them.
        levels = self.unit * lowest + self.unit * full * (np.arange(full + 1) / full)
        return choose(self.backend).spike_streams(
            *operands[:2], operands.wiring, self.length, operands.xnor, operands.signs, operands.bipolar, levels,
            lowest, parameters.membrane(parameters.checked_step(dt)),
        )  # fmt: skip

    def outputs(self, operands: Operands, samples: Samples) -> Floats:
        """Firing rates in Hz."""
        count, unit = choose(self.backend).popcount, 1000.0 / self.neuron.duration
        return in_blocks(lambda part, _: np.asarray(count(self.spikes(part)) * unit), operands, self.memory(1))

    def expected(self, x: Floats, w: Any, conditions: Conditions) -> Floats:
        """The rates of constant currents."""
        return self.neuron.rates(self.unit * self._total(x, w, conditions))

    def memory(self, n_neurons: int) -> int:
        """Bytes of the spikes."""
        return 8 * words_for(self.length) * n_neurons

    def full_scale(self, weights: Floats) -> None:
        """None: a column of a crossbar drives its neuron without a converter."""
        return


class SpikingDenseLayer(VectorizedSCLayer):
    """The circuit of `SCDenseLayer` for batches: each sample is shown for a window of L cycles, from rest.

    ::

        x_i --encoder--> stream ---+-----+    +-------+  I_t   +-----+    +-------+
                                   | AND |--->| count |===+===>| LIF |--->| count |--> Hz
        w_ji --encoder--> stream --+-----+    +-------+   ..   +-----+    +-------+

    A cycle lasts ``duration / length`` ms. With one sequence for all inputs, all products of a neuron would rise
    and fall together: by default each input XORs the numbers with a word of its own (``share="shift"``), which
    needs no second generator and smooths the current.

    Parameters
    ----------
    n_inputs, n_neurons
        Shape of the layer.
    neuron
        What fires.
    unit
        Current of a product.
    options
        Other keywords of `VectorizedSCLayer`.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        *,
        neuron: FiringNeuron,
        unit: float,
        generator: str | Generator,
        share: Share | None = None,
        **options: Any,
    ) -> None:
        self._neuron, self._unit = neuron, unit
        if share is None and generator != "bernoulli" and not isinstance(generator, Bernoulli):
            share = "shift"
        super().__init__(n_inputs, n_neurons, generator=generator, share=share, **options)
        for partner in (0, 1):
            check_spread(self.generator.decorrelated(partner))
        if self.length < (shortest := neuron.least_cycles):
            raise ValueError(f"length must be at least {shortest}: a cycle lasts tau at most, got {self.length}")

    neuron: FiringNeuron = attribute("_neuron", "What fires.")
    unit: float = attribute("_unit", "Current of a product.")

    def _accumulator(self) -> FiringRateCounter:
        options = self._options
        flips = options.faults is not None and options.faults.product_flips > 0
        both = options.encoding == "split" and flips  # both gates of a sign may be one
        return FiringRateCounter(
            options.cycles,
            options.encoding,
            options.backend,
            neuron=self.neuron,
            unit=self.unit,
            most=self.fan_in * (2 if both else 1),
        )

    def spikes(self, input_values: ArrayLike) -> NDArray[np.uint8]:
        """Spike trains ``(..., n_neurons, L)`` of 0 and 1 that the next `forward` would count."""
        x = self._checked(input_values)
        flat = x.reshape(-1, self.n_inputs)
        if not len(flat):
            return np.empty((*x.shape[:-1], self.n_neurons, self.length), np.uint8)
        operands = self._sum.operands(self._synapses.seen(), flat, self.samples + np.arange(len(flat)))
        words = self._accumulator().spikes(operands)
        return unpack(words, self.length).reshape(*x.shape[:-1], self.n_neurons, self.length)

    def __repr__(self) -> str:
        threshold, tau, refractory, duration = self.neuron
        return (
            f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}, threshold={threshold:g}, tau={tau:g}, "
            f"refractory={refractory:g}, duration={duration:g}, {self._options.describe()})"
        )


def check_spread(generator: Generator) -> None:
    """Raise an error for a generator whose ones come in one run: a slow neuron would see a pulse, not a mean."""
    if generator.in_runs:
        raise ValueError(
            "generator must spread the ones of a stream over time, got a ramp, which sends them in one run"
        )
