"""Surprise: the distance of inputs from predictions, by streams of one sequence and XOR gates."""

import numpy as np
from numpy.typing import ArrayLike

from ...backends import choose
from ...backends.packing import words_for
from ...backends.types import Words
from ...bitstreams import Bitstream
from ...chunks import in_chunks
from ...encoders import Bernoulli, Seed
from ...gates import distance
from ...gates.faults import flipped
from ..base import Floats, Samples
from ..encoded import EncodedLayer
from ..options import CircuitOptions
from ..streams import Streams, as_bitstream


class SurpriseLayer(EncodedLayer):
    """Surprise of neurons: mean |input - prediction| by streams of one sequence and XOR gates.

    ::

        x_i --encoder--> stream -----+-----+    +-------+
                 ^                   | XOR |--->| count |--> mean_i |w_ji - x_i|
            one sequence             +-----+    +-------+
                 v                      |          ..
        w_ji --encoder--> stream -------+

    It is what `PredictiveCodingSCLayer` computes when it does not learn.

    Parameters
    ----------
    weights
        Predictions ``(n_neurons, n_inputs)`` in [0, 1].
    input_scale
        Inputs are multiplied by it before they are encoded.
    options, seed
        As for `EncodedLayer`; faults act on inputs, weights and the outputs of the gates.
    """

    def __init__(self, weights: Floats, input_scale: float, options: CircuitOptions, seed: Seed) -> None:
        self._weights, self._input_scale = weights, input_scale
        super().__init__(weights.shape[1], options, seed, "one", units=weights.shape[:1])
        if options.faults is not None and options.faults.dead_generator is not None:
            raise ValueError(
                f"dead_generator must be None where one generator drives inputs and weights, "
                f"got {options.faults.dead_generator!r}"
            )

    def _checked(self, input_values: ArrayLike) -> Floats:
        return self._input_scale * super()._checked(input_values)

    def _sample_bytes(self) -> int:
        return 24 * words_for(self.options.cycles) * self._weights.size

    def _decoded(self, streams: Bitstream, samples: Samples) -> Floats:
        length, size = self.options.cycles, self._weights.size
        predictions = as_bitstream(self._weight_words(samples), (-1, *self._weights.shape), length, "unipolar")
        wrong = distance(Bitstream(streams.words[:, None], length), predictions).words
        if self._faults is not None:
            lines = wrong.reshape(len(samples), 1, size, wrong.shape[-1])
            rate, key = self._faults.faults.product_flips, self._seeds.key("product flips")
            wrong = flipped(lines, rate, key, samples, length, self.options.backend)
        ones = choose(self.options.backend).popcount(wrong).reshape(len(samples), *self._weights.shape).sum(-1)
        return np.asarray(ones / (length * self.n_inputs))

    def _weight_words(self, samples: Samples) -> Words:
        """Streams ``(S or 1, 1, n_neurons * n_inputs, W)`` of the predictions."""
        flips = self._faults is not None and self._faults.faults.weight_flips > 0
        if not isinstance(self.generator, Bernoulli) and not flips:
            samples = samples[:1]
        every = np.broadcast_to(self._weights, (len(samples), *self._weights.shape))
        words = self._inputs.encoder.words(every, samples[:, None])
        words = words.reshape(len(samples), 1, self._weights.size, words.shape[-1])
        if self._faults is None:
            return words
        return self._faults.on_lines(words, samples, "weights", np.zeros(self._weights.size, np.int64))

    def streams(self, input_values: ArrayLike) -> Streams:
        """Streams of inputs ``(..., n_inputs)`` and predictions ``(S or 1, n_neurons, n_inputs)`` of a `forward`."""
        inputs = super().streams(input_values).inputs
        samples = self.samples + np.arange(max(1, int(np.prod(inputs.shape[:-1]))))
        words = self._weight_words(samples)
        return Streams(inputs, as_bitstream(words, (-1, *self._weights.shape), self.options.cycles, "unipolar"))

    def _exact(self, x: Floats) -> Floats:
        weights = self.options.rounded(self._weights)
        return in_chunks(lambda rows: np.abs(weights - rows[:, None]).mean(-1), 16 * weights.size, x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_inputs} -> {len(self._weights)}, {self.options.describe_streams()})"
