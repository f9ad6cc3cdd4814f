"""Synapses of a layer: weights with the errors of their device, and the streams that carry them to the gates."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ... import chunks
from ...backends import choose
from ...backends.packing import tail_mask, words_for
from ...backends.threads import over_rows
from ...backends.types import NUMBER_DIGITS, Counts, FreshWeights, Rows, SharedWeights, Thresholds, Words
from ...bitstreams.encodings import MAGNITUDES, from_probability, value_range
from ...encoders import Bernoulli, Encoder
from ...encoders.seeds import Seeds
from ...encoders.sequences import Inputs
from ...encoders.stream_table import side_by_side
from ...read_only import derived
from ...synapses import Defects
from ...synapses.reading import noisy_probabilities
from ..base import Floats, Samples
from ..options import CircuitOptions
from ..stream_faults import StreamFaults
from .weight_encoder import weight_encoder
from .weights import Weights


class SeenWeights:
    """Snapshot of weights and bias as the gates see them: checked, and with the errors of their device."""

    def __init__(self, weights: Weights, joined: Floats, effective: Floats, read_sigma: Floats | None = None) -> None:
        self.fixed = weights.values if weights.fixed else None
        """The array of weights, if neither it nor the bias can be edited."""
        self.values, self.bias = weights.without_bias(joined), None if weights.bias is None else weights.bias.copy()
        self.effective = effective
        """Weights with the bias as the gates see them: ``(n_neurons, fan_in)``, sparse ``(synapses,)``."""
        self.read_sigma = read_sigma
        """Standard deviations of the effective weights as they are read, of the same shape; None: no noise."""
        self.packed: Words | None = None
        """Their streams, if they are stored: made once, at first use."""
        self.rows: Words | None = None
        """These streams, those of a neuron side by side."""
        self.places: Rows | None = None
        """Their places in a table of streams ``(M, fan_in)``, if they are looked up: made once, at first use."""
        self.ones: Counts | None = None
        """Ones of all streams of each neuron ``(M,)``, where they are looked up."""
        self.codes: NDArray[np.int64] | None = None
        """Their thresholds with their signs, if streams are made of them word by word: made once, at first use."""

    def is_current(self, weights: Weights) -> bool:
        """Whether the weights have not been edited since."""
        values = weights.values
        if values is self.fixed and weights.fixed:
            return True
        pieces = (
            (slice(None),)
            if values.nbytes <= chunks.CHUNK_BYTES
            else chunks.chunks(len(values), values.nbytes // len(values))
        )
        if not all(np.array_equal(self.values[piece], values[piece]) for piece in pieces):
            return False
        if self.bias is not None and not np.array_equal(self.bias, weights.bias):  # type: ignore[arg-type]
            return False
        self.fixed = values if weights.fixed else None
        return True


class WeightStreams(ABC):
    """Base of the sources of weight streams.

    Parameters
    ----------
    encoder
        Makes them.
    lines
        Input of the encoder that each synapse belongs to, ``(synapses,)``, of which only slices are looked at; None:
        it has as many as there are synapses.
    """

    per_sample = True
    """Whether every sample gets streams of its own."""

    def __init__(self, encoder: Encoder, lines: Inputs | None) -> None:
        self.encoder, self.lines = encoder, lines
        self.random = isinstance(encoder.generator, Bernoulli)
        self.number_bytes = encoder.number_bytes
        """Memory that the streams of a weight take while they are made, beside that of the result."""

    @abstractmethod
    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """Streams ``(G, rails, synapses, W)``; G is 1 where all samples share them.

        Parameters
        ----------
        seen
            Snapshot of the weights.
        samples
            Sample numbers ``(S,)``.
        """


def _read_sigma(seen: SeenWeights) -> Floats:
    """Standard deviations ``(synapses,)`` of the weights as they are read."""
    return np.zeros(seen.effective.size) if seen.read_sigma is None else seen.read_sigma.reshape(-1)


def _read_out(key: int, samples: Samples, means: Floats, sigma: Floats, read: Floats, start: int, stop: int) -> None:
    """Rows start to stop of `read`: the weights of each sample, whatever samples come before or beside it."""
    for place in range(start, stop):
        noise = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, int(samples[place])]))
        read[place] = means + sigma * noise.standard_normal(means.size)


class StoredStreams(WeightStreams):
    """Weight streams that all samples share, as from a memory, or from generators that restart for each sample."""

    per_sample = False

    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """The streams ``(1, rails, synapses, W)`` of all samples, made once for a snapshot."""
        packed = seen.packed
        if packed is None:
            one_sample = seen.effective.reshape(1, -1), np.zeros(1, np.int64)
            packed = seen.packed = self.encoder.rails(*one_sample, self.lines)
        return packed


class RunningStreams(WeightStreams):
    """Base of weight streams that are new for every sample: the generators run on."""

    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """Streams ``(S, rails, synapses, W)``."""
        values = np.broadcast_to(seen.effective.reshape(-1), (len(samples), seen.effective.size))
        return self.encoder.rails(values, samples, self.lines)

    def _codes(self, seen: SeenWeights) -> NDArray[np.int64]:
        """Thresholds of the synapses with their signs."""
        encoder, flat = self.encoder, seen.effective.reshape(-1)
        codes = encoder.thresholds(MAGNITUDES[encoder.encoding](flat)).astype(np.int64)
        if encoder.encoding == "split":
            np.negative(codes, out=codes, where=flat < 0)
        return codes


class FreshStreams(RunningStreams):
    """Fresh weight streams with a random source for every synapse, or one for all."""

    def made_later(self, seen: SeenWeights, samples: Samples) -> FreshWeights:
        """What the streams of `words` are made of, for the kernel `fresh_counts`."""
        encoder, codes = self.encoder, seen.codes
        if codes is None:
            codes = seen.codes = self._codes(seen)
        return FreshWeights(encoder.key, samples, encoder.share == "independent", codes, encoder.generator.bits)


class SharedStreams(RunningStreams):
    """Fresh weight streams with a random source for every line, which all neurons share.

    Parameters
    ----------
    n_neurons
        M.
    """

    def __init__(self, encoder: Encoder, lines: Inputs, n_neurons: int) -> None:
        super().__init__(encoder, lines)
        self._n_neurons, self._inputs = n_neurons, lines

    def order(self, n_synapses: int) -> NDArray[np.int64]:
        """The synapses, numbered neuron by neuron, in the order of their lines."""
        return np.argsort(self._inputs[0:n_synapses], kind="stable")

    def made_later(self, seen: SeenWeights, samples: Samples) -> SharedWeights:
        """What the streams of `words` are made of, line by line, for the kernel `shared_counts`."""
        encoder, codes = self.encoder, seen.codes
        if codes is None:
            codes = self._codes(seen)
            codes = seen.codes = codes[self.order(codes.size)]
        return SharedWeights(encoder.key, samples, self._n_neurons, codes, encoder.generator.bits)


class ReadStreams(WeightStreams):
    """Weight streams of comparators that read a memory cell, with noise that is new for every read-out, a sample.

    Parameters
    ----------
    key
        Philox key of the noise.
    fresh
        Whether Bernoulli comparators run on from sample to sample.
    """

    def __init__(self, encoder: Encoder, lines: Inputs | None, key: int, fresh: bool) -> None:
        super().__init__(encoder, lines)
        self.key, self.fresh = key, fresh

    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """Streams ``(S, rails, synapses, W)``."""
        flat, sigma = seen.effective.reshape(-1), _read_sigma(seen)
        read = np.empty((len(samples), flat.size))
        over_rows(_read_out, (self.key, samples, flat, sigma, read), len(samples), 16 * read.size)
        np.clip(read, *value_range(self.encoder.encoding), out=read)  # no comparator follows further
        numbers = samples if self.random and self.fresh else np.zeros_like(samples)
        return self.encoder.rails(read, numbers, self.lines)


class NoisyStreams(WeightStreams):
    """Weight streams of comparators that read a memory cell with new noise in every cycle.

    A comparator of signed split weights gives a one on the positive or on the negative rail. Numbers of a sequence are
    compared with what is read by the kernel `compare_noisy`. Where they are random too, all that is left of the noise
    is the probability of a one.

    Parameters
    ----------
    key
        Philox key of the noise.
    """

    def __init__(self, encoder: Encoder, lines: Inputs | None, key: int) -> None:
        super().__init__(encoder, lines)
        self.key = key
        self._levels = np.empty((1, 0)) if self.random else encoder.levels()
        # The kernel needs none: the more samples it gets at once, the fewer times it looks at each weight.
        self.number_bytes = 16 + 16 * words_for(encoder.length) if self.random else 0

    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """Streams ``(S, rails, synapses, W)``."""
        means, sigma, encoding = seen.effective.reshape(-1), _read_sigma(seen), self.encoder.encoding
        first = samples.astype(np.uint64) * np.uint64(means.size)
        if self.random:
            return self._random_words(first, np.atleast_2d(noisy_probabilities(means, sigma, encoding)))
        if encoding == "bipolar":
            means, sigma = (means + 1) / 2, sigma / 2
        rows = np.zeros(means.size, np.int64)
        if len(self._levels) > 1 and self.lines is not None:
            rows = self.lines[0 : means.size]
        rails = 2 if encoding == "split" else 1
        return choose(self.encoder.backend).compare_noisy(self.key, first, self._levels, rows, means, sigma, rails)

    def _random_words(self, first: Thresholds, probabilities: Floats) -> Words:
        """Streams of the probabilities ``(rails, synapses)``; the negative rail has the numbers from 1 downwards."""
        rails, n = probabilities.shape
        length, steps = self.encoder.length, 1 << NUMBER_DIGITS
        thresholds = np.floor(probabilities * float(steps) + 0.5).astype(np.uint64)
        streams = np.add.outer(first, np.arange(n, dtype=np.uint64)).reshape(-1)
        words = np.empty((len(first), rails, n, words_for(length)), np.uint64)
        for rail, row in enumerate(thresholds):
            below = np.tile(np.uint64(steps) - row if rail else row, len(first))
            made = choose(self.encoder.backend).bernoulli(self.key, streams, below, NUMBER_DIGITS, length)
            words[:, rail] = (~made if rail else made).reshape(len(first), n, -1)
        words[..., -1] &= tail_mask(length)
        return words


class SynapseArray:
    """Weights of a layer, the errors of their device, and the streams that carry them to the gates.

    Parameters
    ----------
    weights
        What the user edits.
    options, seeds
        Of the circuit; partner 1 of its generator makes the streams.
    """

    def __init__(
        self,
        weights: Weights,
        options: CircuitOptions,
        seeds: Seeds,
    ) -> None:
        self.weights, self.device = weights, options.device
        self.faults = StreamFaults.of(options, seeds)
        self.rails = 2 if options.encoding == "split" else 1
        self._encoding, self._accumulate = options.encoding, options.accumulate
        self.connections = weights.connections(self.rails)
        """Synapses of the neurons of a group, once for each rail."""
        self.n_synapses, self.n_neurons = weights.n_synapses, self.connections.n_neurons
        """Synapses of all neurons; neurons of a group."""
        self.defects: Defects | None = None
        if self.device is not None:
            pairs = options.encoding != "unipolar"
            # Of the seed itself: one seed is one chip, whichever layer is made of it.
            self.defects = self.device.defects(weights.joined().shape, seeds.seed, pairs=pairs)
        encoder, apart = weight_encoder(self.n_synapses, weights.fan_in, options, seeds)
        lines = None if apart else weights.lines()
        self.streams: WeightStreams
        if self.device is not None and self.device.read_noise:
            key = seeds.key("read noise")
            if self.device.read_noise_per == "cycle":
                self.streams = NoisyStreams(encoder, lines, key)
            else:
                self.streams = ReadStreams(encoder, lines, key, options.weight_streams == "fresh")
        elif isinstance(encoder.generator, Bernoulli) and options.weight_streams == "fresh":
            n = weights.n_neurons
            self.streams = FreshStreams(encoder, None) if lines is None else SharedStreams(encoder, lines, n)
        else:
            self.streams = StoredStreams(encoder, lines)
        self._seen: SeenWeights | None = None

    def seen(self) -> SeenWeights:
        """Snapshot of the weights as gates see them; edits since the last call are checked and programmed.

        Raises
        ------
        ValueError
            If an edit has left the encoding's range.
        """
        seen = self._seen
        if seen is None or not seen.is_current(self.weights):
            self.weights.check()
            joined = effective = self.weights.joined().copy()
            sigma = None
            if self.device is not None and self.defects is not None:
                if self.device.read_noise:
                    sigma = self.device.read_sigma(effective, self.defects)
                # Wires can leave a weight a little outside the range, where no comparator follows.
                effective = np.clip(self.device.program(effective, self.defects), *self.weights.bounds)
            seen = self._seen = SeenWeights(self.weights, joined, effective, sigma)
        return seen

    def forget(self) -> None:
        """Discard streams and effective weights; the next call makes them anew."""
        self._seen = None

    def words(self, seen: SeenWeights, samples: Samples) -> Words:
        """Streams ``(G, rails, synapses, W)`` with their faults; G is 1 where all samples share them."""
        words = self.streams.words(seen, samples)
        if self.faults is None:
            return words
        if self.faults.faults.weight_flips and not self.streams.per_sample:
            words = np.broadcast_to(words, (len(samples), *words.shape[1:]))
        return self.faults.on_lines(words, samples, "weights", self._generator_of_synapse())

    def rows(self, seen: SeenWeights, samples: Samples) -> Words:
        """As `words`, of dense weights that all samples share, a neuron's `side_by_side`: ``(1, rails, M, K)``."""
        if seen.rows is not None:
            return seen.rows
        words, encoder = self.words(seen, samples), self.streams.encoder
        by_neuron = words.reshape(self.rails, self.weights.n_neurons, self.weights.fan_in, words.shape[3])
        rows = side_by_side(by_neuron, encoder.length, encoder.backend)[None]
        if self.faults is None:
            seen.rows = rows
        return rows

    def packed(self, sample: int, edit: str) -> Words:
        """Words of the weights' streams of a sample, without a bias: ``(rails, *weights, W)``, of one rail without it.

        They are read-only: `edit` is the name of the array to edit instead.
        """
        words = self.words(self.seen(), np.array([sample]))[0]
        words = words[:, self.weights.without_bias(np.arange(self.n_synapses))]
        packed: Words = derived(words if self.rails == 2 else words[0], edit)
        return packed

    def _generator_of_synapse(self) -> NDArray[np.int64]:
        """Index of the generator that drives each weight stream."""
        if self.streams.encoder.share != "independent":
            return np.zeros(self.n_synapses, np.int64)
        lines = self.streams.lines
        return np.arange(self.n_synapses) if lines is None else lines[0 : self.n_synapses]

    @property
    def own_streams(self) -> bool:
        """Whether every sample gets weight streams of its own: fresh, noisy, or with flips."""
        return self.streams.per_sample or (self.faults is not None and self.faults.faults.weight_flips > 0)

    def sample_bytes(self) -> int:
        """Bytes of the weight streams of a sample; 0 where all samples share them."""
        encoder = self.streams.encoder
        own = (self.streams.number_bytes + 8 * words_for(encoder.length) * self.rails) * self.n_synapses
        return own if self.own_streams else 0

    def expected(self, seen: SeenWeights) -> Floats:
        """Mean weights as read by the gates, rounded to the thresholds of their comparators.

        Read noise shifts a mean where it is clipped at the ends of the range, and spreads it over the steps of the
        comparator: a mean is not rounded then. (With noise of less than half a step it still is, in part.) Rails that
        are read apart have a mean difference; what is no plain sum of them has no closed form. Nor has
        what is not linear in each weight where the noise stays for a read-out.
        """
        if self.device is None or seen.read_sigma is None:
            return self.streams.encoder.rounded(seen.effective)
        p = self.device.read_probability(seen.effective, self._encoding, seen.read_sigma)
        if self._encoding == "split":
            if self._accumulate not in ("mean", "sum"):
                raise ValueError(
                    f"expected has no closed form for accumulate={self._accumulate!r} with split read noise"
                )
            return np.asarray(p[0] - p[1])
        bent = self._accumulate == "saturate" or (
            self._accumulate == "or" and self.streams.encoder.share != "independent"
        )
        if bent and self.device.read_noise_per == "read-out":
            raise ValueError(
                f"expected has no closed form for accumulate={self._accumulate!r} with read noise per read-out"
            )
        return from_probability(p, self._encoding)

    def column_sums(self, seen: SeenWeights) -> Floats:
        """Sums of |weights| of each neuron ``(M,)``."""
        flat, fan_in = np.append(np.abs(seen.effective), 0.0), self.connections.fan_in
        starts = (
            np.cumsum(fan_in) - fan_in
            if seen.effective.ndim == 1
            else np.arange(0, flat.size - 1, seen.effective.shape[1])
        )
        return np.asarray(np.add.reduceat(flat, starts))
