"""Layers of streams that circuits are made of beside those with a module of their own in `layers`."""

import math
from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, unpack, words_for
from ..backends.reference import Wiring
from ..bitstreams import Bitstream, value_range
from ..bitstreams.encodings import Encoding, from_counts, to_probability
from ..encoders import Bernoulli, Encoder, Generator, Ramp, Seed, Share
from ..encoders.seeds import key_of
from ..gates import distance
from ..gates.faults import Faults, flipped
from ..layers.old_base import Floats, Samples, SCLayer, drivers
from ..layers.circuit_primitives import LateralInhibition, WinnerTakeAll
from ..layers.rall_dendrite import RallDendrite
from ..layers.vectorized_layer import VectorizedSCLayer
from ..neurons import LIFNeurons, LIFParameters

_CHUNK_BYTES = 1 << 25
"""Streams and numbers made at a time."""


class StreamStage(SCLayer):
    """Numbers are encoded, a circuit takes their streams, and its outputs are decoded.

    Subclasses give `_decoded`, `_exact` and `_sample_bytes`.
    """

    def __init__(
        self,
        n_inputs: int,
        *,
        length: int,
        generator: str | Generator,
        encoding: Encoding = "unipolar",
        bits: int | None,
        faults: Faults,
        seed: Seed,
        share: Share | None = None,
    ) -> None:
        super().__init__(length, generator, encoding, bits, seed)
        self.n_inputs, self.faults, self._share = n_inputs, faults, share
        self._reseed()

    def _reseed(self) -> None:
        self._encoder = Encoder(
            self.n_inputs, self.length, self.generator, self.encoding, share=self._share, seed=self._seed("inputs")
        )

    def _load_values(self, state: dict[str, Any]) -> None:
        """There are no values."""

    def _checked(self, x: ArrayLike) -> Floats:
        return checks.array("x", x, *value_range(self.encoding), last=self.n_inputs)

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        step = max(1, _CHUNK_BYTES // self._sample_bytes())
        parts = [slice(start, start + step) for start in range(0, max(1, len(x)), step)]
        return np.concatenate([self._decoded(self._streams(x[part], samples[part]), samples[part]) for part in parts])

    def _streams(self, x: Floats, samples: Samples) -> Bitstream:
        """Streams ``(S, n_inputs)`` with the faults of inputs."""
        if self.encoding == "split":
            words = np.moveaxis(self._encoder.rails(x, samples), -3, 0)
        else:
            words = self._encoder.words(to_probability(x, self.encoding), samples)[None]
        words = self._faulty(words, samples, "inputs", drivers(self._encoder))
        return Bitstream(words if self.encoding == "split" else words[0], self.length, self.encoding)

    def _expected(self, x: Floats) -> Floats:
        if self.faults != Faults():
            raise ValueError(f"expected has no closed form for {type(self).__name__} with faults, got {self.faults}")
        return self._exact(self._quantised(x))

    def _sample_bytes(self) -> int:
        """Memory that a sample takes."""
        return 32 * words_for(self.length) * self.n_inputs

    @abstractmethod
    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        """What the circuit makes of streams ``(S, n_inputs)``, as numbers ``(S, n_outputs)``."""

    @abstractmethod
    def _exact(self, x: Floats) -> Floats:
        """What it makes of numbers."""

    def _named(self, what: str) -> str:
        faults = "" if self.faults == Faults() else f", {self.faults!r}"
        return (
            f"{type(self).__name__}({what}, length={self.length}, {self.generator!r}, "
            f"encoding={self.encoding!r}{faults}, backend='numba')"
        )


class InhibitionStage(StreamStage):
    """A `LateralInhibition` of the given keywords, for each of some channels, between encoders and counters."""

    def __init__(self, channels: int, inhibition: dict[str, Any], **options: Any) -> None:
        self._channels, self._inhibition = channels, inhibition
        super().__init__(channels * inhibition["n_neurons"], **options)

    def _reseed(self) -> None:
        super()._reseed()
        # The comparators behind the counters are no part of the encoder: they have numbers of their own.
        self.primitive = LateralInhibition(**self._inhibition, generator=self.generator, seed=self._seed("select"))

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        self.primitive.samples = self._channels * int(samples[0]) if len(samples) else 0
        words = streams.words.reshape(-1, self._channels, self.primitive.n_neurons, streams.words.shape[-1])
        rates = self.primitive.apply_bitstream(Bitstream(words, self.length)).value()
        return rates.reshape(len(samples), self.n_inputs)

    def _exact(self, x: Floats) -> Floats:
        return self.primitive.apply(x.reshape(-1, self._channels, self.primitive.n_neurons)).reshape(x.shape)

    def __repr__(self) -> str:
        return self._named(f"{self._channels} x {self.primitive!r}")


class WinnerStage(StreamStage):
    """A `WinnerTakeAll` between an encoder and counters.

    Streams that share one sequence are ranked as their numbers are; Bernoulli streams are independent.
    """

    def __init__(self, primitive: WinnerTakeAll, **options: Any) -> None:
        self.primitive = primitive
        super().__init__(primitive.n_neurons, **options)

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        return self.primitive.apply_bitstream(streams).value()

    def _exact(self, x: Floats) -> Floats:
        return self.primitive.apply(x)

    def __repr__(self) -> str:
        return self._named(repr(self.primitive))


class DendriteStage(StreamStage):
    """Streams drive `RallDendrite`s that were at rest, and the voltage of each soma is read at the end.

    ::

        x_i --encoder--> stream --> tip of branch i --..--> soma --> voltage after L cycles

    `primitive` has a step of ``duration / length``, `exact` one that is short whatever the length.
    """

    def __init__(self, primitive: RallDendrite, exact: RallDendrite, units: int, scale: float, **options: Any) -> None:
        self.primitive, self._precise, self._scale = primitive, exact, scale
        super().__init__(units * primitive.n_branches, **options)
        _check_spread(self.generator)

    def _sample_bytes(self) -> int:
        return 32 * self.length * self.n_inputs

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        values = self._scale * from_counts(streams.bits().astype(np.int64), 1, self.encoding)
        units = self.n_inputs // self.primitive.n_branches
        trees = values.reshape(len(samples), units, self.primitive.n_branches, self.length)
        return self.primitive.response(np.swapaxes(trees, -1, -2))

    def _exact(self, x: Floats) -> Floats:
        return response(self._precise, self._scale * x)

    def __repr__(self) -> str:
        return self._named(f"{self.n_inputs // self.primitive.n_branches} x {self.primitive!r}")


EXACT_STEPS = 1024
"""Steps of a window in floating point; a step is of second order."""


def response(dendrite: RallDendrite, x: Floats) -> Floats:
    """Voltages ``(B, m)`` of dendrites after `EXACT_STEPS` steps of constant inputs ``(B, m * n_branches)``."""
    units = x.shape[1] // dendrite.n_branches
    return dendrite.response(x.reshape(len(x), units, 1, dendrite.n_branches), hold=EXACT_STEPS)


class SurpriseStage(StreamStage):
    """Inputs and predictions are streams of one sequence; XOR gates give the size of their difference.

    ::

        x_i --encoder--> stream -----+-----+    +-------+
                 ^                   | XOR |--->| count |--> mean_i |w_ji - x_i|
            one sequence             +-----+    +-------+
                 v                      |          ..
        w_ji --encoder--> stream -------+

    Weights are in [0, 1], and so are inputs after they are multiplied by `share`.
    """

    def __init__(self, weights: Floats, share: float, **options: Any) -> None:
        self._weights, self._factor = weights, share
        super().__init__(weights.shape[1], **options, share="one")
        if self.faults.dead_generator is not None:
            raise ValueError(
                f"dead_generator must be None where one generator drives inputs and weights, "
                f"got {self.faults.dead_generator!r}"
            )

    def _checked(self, x: ArrayLike) -> Floats:
        return self._factor * super()._checked(x)

    def _sample_bytes(self) -> int:
        return 24 * words_for(self.length) * self._weights.size

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        inputs = Bitstream(streams.words[:, None], self.length)
        wrong = distance(inputs, Bitstream(self._weight_words(samples), self.length)).words
        lines = wrong.reshape(1, len(samples), self._weights.size, wrong.shape[-1])
        lines = flipped(lines, self.faults.product_flips, key_of(self._seed("product flips")), samples, self.length)
        ones = compiled.popcount(lines).reshape(len(samples), *self._weights.shape).sum(-1)
        return np.asarray(ones / (self.length * self.n_inputs))

    def _weight_words(self, samples: Samples) -> Words:
        """Streams ``(S or 1, n_neurons, n_inputs, W)``."""
        if not isinstance(self.generator, Bernoulli) and not self.faults.weight_flips:
            samples = samples[:1]
        every = np.broadcast_to(self._weights, (len(samples), *self._weights.shape))
        words = self._encoder.words(every, samples[:, None])
        lines = words.reshape(1, len(samples), self._weights.size, words.shape[-1])
        one_driver = np.zeros(self._weights.size, np.int64)
        return self._faulty(lines, samples, "weights", one_driver).reshape(words.shape)

    def _exact(self, x: Floats) -> Floats:
        return np.asarray(np.abs(self._quantised(self._weights) - x[:, None]).mean(-1))

    def __repr__(self) -> str:
        return self._named(f"{self.n_inputs} -> {len(self._weights)}")


class Neuron(NamedTuple):
    """Leaky integrate-and-fire neurons in a window of time: a threshold, and times in ms."""

    threshold: float
    tau: float
    refractory: float
    duration: float

    def rates(self, current: Floats) -> Floats:
        """Firing rates in Hz: the spikes of a window under a constant current, from rest and without noise.

        The first spike comes after ``-tau ln(1 - threshold / (I tau))``, the others a refractory time later each.
        """
        drive = current * self.tau
        fires = drive > self.threshold
        with np.errstate(divide="ignore"):
            first = -self.tau * np.log1p(-self.threshold / np.where(fires, drive, np.inf))
            spikes = np.floor((self.duration + self.refractory) / (first + self.refractory))
        return np.asarray(np.where(fires, spikes, 0.0) * (1000.0 / self.duration))


class SpikingStage(VectorizedSCLayer):
    """The circuit of `SCDenseLayer`: the products of each cycle are counted, and the count drives neurons.

    ::

        x_i --encoder--> stream ---+-----+    +-------+  I_t   +-----+    +-------+
                                   | AND |--->| count |===+===>| LIF |--->| count |--> Hz
        w_ji --encoder--> stream --+-----+    +-------+   ..   +-----+    +-------+

    A cycle lasts ``duration / length`` ms. `unit` is the current of a product. With one sequence for all
    inputs, all products of a neuron would rise and fall together: by default each input XORs the numbers with
    a word of its own (``share="shift"``), which needs no second generator and smooths the current.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        *,
        neuron: Neuron,
        unit: float,
        generator: str | Generator,
        share: Share | None = None,
        **options: Any,
    ) -> None:
        self.neuron, self.unit = neuron, unit
        if share is None and generator != "bernoulli" and not isinstance(generator, Bernoulli):
            share = "shift"
        super().__init__(n_inputs, n_neurons, generator=generator, share=share, **options)
        for role in (0, 1):
            _check_spread(self.generator.decorrelated(role))
        shortest = math.ceil(neuron.duration / neuron.tau)
        if self.length < shortest:
            raise ValueError(f"length must be at least {shortest}: a cycle lasts tau at most, got {self.length}")

    def spikes(self, x: ArrayLike) -> NDArray[np.uint8]:
        """Spike trains ``(..., n_neurons, L)`` of 0 and 1 that the next `forward` would count."""
        flat, batch = self._flat(x)
        samples = np.arange(self.samples, self.samples + len(flat))
        x_words, w_words = self._input_words(flat, samples), self._weight_words(samples)
        x_words = x_words[:, None] if w_words.shape[1] == 1 else x_words[:, :, None]
        words = self._spike_words(x_words, w_words, self._wiring, samples.reshape(x_words.shape[1:3]))
        return unpack(words, self.length).reshape(*batch, self.n_neurons, self.length)

    def _accumulated(self, x: Words, w: Words, wiring: Wiring, samples: Samples, rows: Samples | None = None) -> Floats:
        spikes = compiled.popcount(self._spike_words(x, w, wiring, samples))
        return np.asarray(spikes * (1000.0 / self.neuron.duration))

    def _spike_words(self, x: Words, w: Words, wiring: Wiring, samples: Samples) -> Words:
        """Packed spikes ``(G, B, M, W)`` of arranged streams."""
        sums = self._cycle_sums(x, w, wiring, samples)
        shape, (threshold, tau, refractory, duration) = sums.shape[:-1], self.neuron
        if not sums.size:
            return np.zeros((*shape, words_for(self.length)), np.uint64)
        dt = duration / self.length
        parameters = LIFParameters(
            v_threshold=threshold, tau_mem=tau, noise_std=0.0, refractory_period=round(refractory / dt)
        )
        neurons = LIFNeurons(math.prod(shape), parameters, dt, seed=0)  # without noise: any seed
        largest, lowest = self.fan_in, 0 if self.encoding == "unipolar" else -self.fan_in
        if self.encoding == "split" and self.faults.product_flips:
            largest, lowest = 2 * largest, 2 * lowest  # both gates of a sign may be one
        full = largest - lowest
        # As BitstreamCurrentSource rounds them.
        levels = self.unit * lowest + self.unit * full * (np.arange(full + 1) / full)
        words, _ = neurons.advance(sums.reshape(-1, self.length) - np.int32(lowest), levels)
        return words.reshape(*shape, -1)

    def _converted(self, outputs: Floats) -> Floats:
        return outputs  # a column of a crossbar drives its neuron without a converter

    def _window_bytes(self) -> int:
        return 12 * self.length * self.n_neurons

    def _expected(self, x: Floats) -> Floats:
        return self.neuron.rates(self.unit * super()._expected(x))

    def __repr__(self) -> str:
        threshold, tau, refractory, duration = self.neuron
        return (
            f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}, threshold={threshold:g}, tau={tau:g}, "
            f"refractory={refractory:g}, duration={duration:g}, {self._options_repr()})"
        )


def _check_spread(generator: Generator) -> None:
    if isinstance(generator, Ramp):
        raise ValueError(
            "generator must spread the ones of a stream over time, got a ramp, which sends them in one run"
        )
