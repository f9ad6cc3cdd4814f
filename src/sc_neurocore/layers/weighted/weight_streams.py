"""Sources of the streams of weights: stored, running on from sample to sample, or of noisy memory cells."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ...backends.packing import tail_mask, words_for
from ...backends.threads import over_rows
from ...backends.types import NUMBER_DIGITS, FreshWeights, SharedWeights, Thresholds, Words
from ...bitstreams.encodings import MAGNITUDES, value_range
from ...encoders import Bernoulli, Encoder
from ...encoders.sequences import Inputs
from ...synapses.reading import noisy_probabilities
from ..base import Floats, Samples
from .seen_weights import SeenWeights


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
