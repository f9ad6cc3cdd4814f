"""Synapses of a layer: weights with the errors of their device, and the streams that carry them to the gates."""

import numpy as np
from numpy.typing import NDArray

from ...backends.packing import words_for
from ...backends.types import Words
from ...bitstreams.encodings import from_probability
from ...encoders import Bernoulli
from ...encoders.seeds import Seeds
from ...encoders.stream_table import side_by_side
from ...read_only import derived
from ...synapses import Defects
from ..base import Floats, Samples
from ..options import CircuitOptions
from ..stream_faults import StreamFaults
from .seen_weights import SeenWeights
from .weight_encoder import weight_encoder
from .weight_streams import FreshStreams, NoisyStreams, ReadStreams, SharedStreams, StoredStreams, WeightStreams
from .weights import Weights


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
