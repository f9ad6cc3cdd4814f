"""The circuit of a reservoir: states are encoded anew at every step, gates multiply by weights, counters add up.

Two kinds: lines and weights compare with number sequences, which restart at every step, or with random sources.
"""

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ...backends.addresses import RESERVOIR, random_words
from ...backends.types import Activation, Coding, RandomStreams, Synapses, Words
from ...bitstreams import value_range
from ...bitstreams.encodings import ENCODINGS, from_probability, to_probability
from ...encoders import Bernoulli, Encoder
from ...encoders.seeds import Seeds
from ..base import Floats, Samples
from .options import ReservoirOptions
from .weights import LineWeights

_SATURATED = 20.0
"""tanh of this, in float64, is 1."""


class ReservoirCircuit(ABC):
    """The circuit of one step of a reservoir, for its present weights.

    Parameters
    ----------
    options
        Of the circuit.
    weights
        Of each line.
    gain
        What the weights were divided by: counts are multiplied by it.
    seeds
        Of the layer.
    """

    fresh_weights = False
    """Whether every step, and every sample, gets weight streams of its own."""

    def __init__(self, options: ReservoirOptions, weights: LineWeights, gain: float, seeds: Seeds) -> None:
        self.options, self.weights, self.gain, self.seeds = options, weights, gain, seeds
        self.lines = self._encoder(weights.lines, 0, "inputs")
        """Encoder of inputs, states and the constant."""
        self.activation = self._activation(gain)
        source = options.source
        self.coding = Coding(
            ENCODINGS.index(options.encoding),
            source.bits,
            options.rounding == "stochastic",
            seeds.key("rounding"),
            options.restart == "shift",
            seeds.key("digital shift"),
        )

    def _encoder(self, n: int, partner: int, purpose: str) -> Encoder:
        options = self.options
        return Encoder(
            n,
            options.length,
            options.source,
            options.encoding,
            share=options.share,
            partner=partner,
            seed=self.seeds.of(purpose),
            backend=options.backend,
        )

    def _activation(self, gain: float) -> Activation:
        """Table of the activation for every count; counts are signed in bipolar and split encoding."""
        options, length = self.options, self.options.length
        end = _SATURATED if options.activation == "tanh" else 1.0
        highest = int(min(np.ceil(end * length / gain), self.weights.lines * length))
        lowest = 0 if options.encoding == "unipolar" else -highest
        sums = gain * np.arange(lowest, highest + 1) / length
        levels = (
            choose(options.backend).tanh(sums)
            if options.activation == "tanh"
            else np.clip(sums, *value_range(options.encoding))
        )
        return Activation(levels, lowest, options.leak)

    def _magnitudes(self, values: Floats) -> Floats:
        """Probabilities of ones for numbers; of a split number, of its rail that is not zero."""
        return np.abs(values) if self.options.encoding == "split" else to_probability(values, self.options.encoding)

    def _signed(self, magnitudes: NDArray[Any]) -> NDArray[np.int64]:
        """Integers with the signs of the weights, in split encoding."""
        whole = magnitudes.astype(np.int64)
        return np.where(self.weights.values < 0, -whole, whole) if self.options.encoding == "split" else whole

    @abstractmethod
    def run(self, inputs: Floats, state: Floats, step: int) -> Floats:
        """States ``(B, T, n)`` from `state` ``(B, n)``, under inputs ``(B, T, n_inputs)``, from step `step` on."""

    @abstractmethod
    def streams(self, values: Floats, step: int) -> tuple[Words, Words]:
        """Streams of a step: of lines ``(B, rails, lines, W)`` and of synapses ``(B or 1, rails, synapses, W)``.

        `values` ``(B, lines)`` are the numbers on the lines.
        """

    def _rounded(self, values: Floats, step: int) -> Floats:
        """Numbers on the lines ``(B, lines)`` rounded to the comparators' thresholds."""
        magnitudes, scale = self._magnitudes(values), 2.0**self.coding.bits
        if self.coding.stochastic:
            below, part = np.divmod(magnitudes * scale, 1.0)
            draws = self._random_words(self.coding.rounding_key, len(values), step)[:, : values.shape[1]]
            shares = (below + (draws < part * 2.0**32)) / scale
        else:
            shares = self.lines.thresholds(magnitudes) / scale
        if self.options.encoding == "split":
            return np.copysign(shares, values)
        return from_probability(shares, self.options.encoding)

    def _random_words(self, key: int, samples: int, step: int) -> NDArray[np.uint32]:
        """Random words ``(samples, .., at least one for each line)`` of a step."""
        calls = np.arange(-(-self.weights.lines // 4))
        return random_words(key, RESERVOIR, calls, step, np.arange(samples)[:, None]).reshape(samples, -1)


class SequenceCircuit(ReservoirCircuit):
    """Reservoir circuit whose comparators use number sequences that restart at every step.

    A weight is then its rank: how many numbers of its sequence are below its threshold. The kernel takes the cycles
    in the order of rising numbers of the weights' sequence, where a weight's stream is ones first, then zeros.
    """

    def __init__(self, options: ReservoirOptions, weights: LineWeights, gain: float, seeds: Seeds) -> None:
        super().__init__(options, weights, gain, seeds)
        self._weight_encoder = meets = self._encoder(weights.lines, 1, "weights")
        self._sequences, rising = _in_order(self.lines.sequences, meets.sequences)
        rows: Any = weights.line_of_synapse if len(rising) > 1 else 0
        edges = meets.thresholds(self._magnitudes(weights.values))
        ranks, neurons, split = self._signed(_ranks(rising, edges, rows, self.coding.bits)), weights.neurons, False
        if options.encoding == "split":
            ranks, split = ranks + options.length, True
        if neurons.size:  # rising ranks within a line, as the kernel wants them
            sizes = np.abs(ranks - options.length) if split else ranks
            order = np.lexsort((sizes, weights.line_of_synapse))
            ranks, neurons = ranks[order], neurons[order]
        codes = ranks.astype(np.uint16 if ranks.max(initial=0) < 1 << 16 else np.uint32)
        self._synapses = Synapses(weights.indptr, neurons, codes)

    def run(self, inputs: Floats, state: Floats, step: int) -> Floats:
        """States ``(B, T, n)``."""
        out: Floats = choose(self.options.backend).reservoir_shared(
            inputs, state, step, self._synapses, self._sequences, self.coding, self.activation
        )
        return out

    def streams(self, values: Floats, step: int) -> tuple[Words, Words]:
        """Streams of the lines and of the synapses; the ones of the synapses are the same at every step."""
        rounded = self._rounded(values, step)
        thresholds = self.lines.thresholds(self._magnitudes(rounded))
        words = np.zeros((len(values), 1), np.uint32)
        if self.coding.shifted:
            unused = np.uint32(32 - self.coding.bits)
            words = self._random_words(self.coding.shift_key, len(values), step)[:, :1] >> unused
        compare = choose(self.options.backend).compare
        made = np.stack(
            [
                compare(self.lines.sequences ^ word, row[None])[0]
                for word, row in zip(words[:, 0], thresholds, strict=True)
            ]
        )[:, None]
        if self.options.encoding == "split":
            negative = (rounded < 0)[:, None, :, None]
            made = np.concatenate([np.where(negative, 0, made), np.where(negative, made, 0)], axis=1, dtype=np.uint64)
        columns = self.weights.line_of_synapse
        return made, self._weight_encoder.rails(self.weights.values[None], np.zeros(1, np.int64), columns)


class RandomCircuit(ReservoirCircuit):
    """Reservoir circuit of Bernoulli streams: a random source for each line and weight, or one for all of each."""

    def __init__(self, options: ReservoirOptions, weights: LineWeights, gain: float, seeds: Seeds) -> None:
        super().__init__(options, weights, gain, seeds)
        self._weight_encoder = meets = self._encoder(weights.values.size, 1, "weights")
        edges = meets.thresholds(self._magnitudes(weights.values))
        codes = self._signed(edges).astype(np.int32 if self.coding.bits < 31 else np.int64)
        self._synapses = Synapses(weights.indptr, weights.neurons, codes)
        apart = self.lines.share == "independent"
        self._sources = RandomStreams(self.lines.key, meets.key, apart, options.length)
        self._stored: Words = np.empty(0, np.uint64)
        self.fresh_weights = options.weight_streams == "fresh"
        if not self.fresh_weights:
            words = meets.words(self._magnitudes(weights.values)[None], np.zeros(1, np.int64))[0]
            self._stored = words.reshape(-1)
            for first, last in pairwise(weights.indptr.tolist()):  # of a line, word by word
                words[first:last] = words[first:last].T.reshape(last - first, -1)

    def run(self, inputs: Floats, state: Floats, step: int) -> Floats:
        """States ``(B, T, n)``."""
        out: Floats = choose(self.options.backend).reservoir_random(
            inputs, state, step, self._synapses, self._sources, self._stored, self.coding, self.activation
        )
        return out

    def streams(self, values: Floats, step: int) -> tuple[Words, Words]:
        """Streams of the lines and of the synapses; each sample has its own, unless those of synapses are stored."""
        samples: Samples = (np.arange(len(values)) << 32) | step
        of_weights = samples if self.fresh_weights else np.zeros(1, np.int64)
        every = np.broadcast_to(self.weights.values, (len(of_weights), self.weights.values.size))
        return self.lines.rails(self._rounded(values, step), samples), self._weight_encoder.rails(every, of_weights)


def reservoir_circuit(options: ReservoirOptions, weights: LineWeights, gain: float, seeds: Seeds) -> ReservoirCircuit:
    """The circuit for a generator: of random sources for Bernoulli, of number sequences for all others."""
    kind = RandomCircuit if isinstance(options.source, Bernoulli) else SequenceCircuit
    return kind(options, weights, gain, seeds)


def _in_order(lines: NDArray[np.uint32], weights: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Sequences of lines and weights ``(1 or n, L)``, sorted by the numbers of the weights' sequence."""
    order = np.argsort(weights, axis=1, kind="stable")
    both = np.broadcast_to(lines, (max(len(lines), len(order)), lines.shape[1]))
    return np.take_along_axis(both, np.broadcast_to(order, both.shape), 1), np.take_along_axis(weights, order, 1)


def _ranks(rising: NDArray[np.uint32], thresholds: NDArray[np.uint64], rows: Any, bits: int) -> NDArray[np.int64]:
    """Number of elements of ``rising[rows]`` below each threshold: the ones of that stream."""
    span = 1 << bits
    flat = rising.astype(np.int64) + (span + 1) * np.arange(len(rising))[:, None]
    found = np.searchsorted(flat.reshape(-1), thresholds.astype(np.int64) + (span + 1) * rows)
    return np.asarray(found - rows * rising.shape[1])
