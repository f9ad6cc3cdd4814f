"""The circuit of predictive coding: inputs and predictions share a sequence, XOR gates find errors, counters follow."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ...bitstreams import Encoding
from ...chunks import chunks
from ...encoders import Generator
from ...encoders.seeds import Seeds
from ..streams import Streams, as_bitstream
from .learning import PredictiveLearning
from .shared_sequence import SharedSequence
from .state import Integers, PredictiveState


class Windows(NamedTuple):
    """Results of consecutive samples, a window of L cycles each."""

    surprises: Integers
    """Ones after the XOR gates ``(T, n_neurons)``."""
    predictions: NDArray[np.int32]
    """Ones of the prediction streams ``(T, n_neurons, n_inputs)``, or ``(0, ..)`` where they were not asked for."""
    state: PredictiveState
    """The state after the last one."""


class PredictiveCircuit:
    """Comparators with one sequence, XOR gates, and up/down counters.

    Parameters
    ----------
    generator
        Makes the sequence.
    learning
        How the counters follow the errors.
    seeds
        Of the layer: they fix a Bernoulli sequence and the gates.
    backend
        Backend that runs the kernels.
    """

    def __init__(self, generator: Generator, learning: PredictiveLearning, seeds: Seeds, backend: str | None) -> None:
        self.learning, self.backend = learning, backend
        self.sequence = SharedSequence(generator, learning.length, seeds.key("inputs"), backend)
        self._rule, self._gate_key = learning.rule, seeds.key("plasticity")

    def run(self, thresholds: Integers, first: int, state: PredictiveState, learn: bool, trace: bool) -> Windows:
        """Samples of thresholds ``(T, n_inputs)``, number `first`, `first` + 1, ..; with `trace` also predictions."""
        total, parts = len(thresholds), []
        pieces = list(chunks(total, 64 * self.learning.length)) if self.sequence.random else []
        for piece in pieces or [slice(0, total)]:
            start, part = first + piece.start, thresholds[piece]
            sequences = self.sequence.numbers(np.arange(start, start + len(part)))
            surprises, predictions, *after = choose(self.backend).predictive(
                self._gate_key, start, sequences, part, self._rule, learn, trace, *state
            )
            state = PredictiveState(*after)
            parts.append((surprises, predictions))
        if len(parts) == 1:
            return Windows(*parts[0], state)
        surprises, predictions = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return Windows(surprises, predictions, state)

    def streams(self, thresholds: Integers, first: int, state: PredictiveState, encoding: Encoding) -> Streams:
        """Streams of inputs with thresholds ``(..., n_inputs)``, and of predictions, if no neuron learns.

        Predictions are ``(n_neurons, n_inputs)``, behind the axes of samples where each has numbers of its own.
        """
        flat, length = thresholds.reshape(-1, thresholds.shape[-1]), self.learning.length
        own = thresholds.shape[:-1] if self.sequence.random else ()
        samples = first + np.arange(len(flat))
        counters = np.broadcast_to(state.counters.reshape(-1), (len(flat) if own else 1, state.counters.size))
        inputs, predictions = (self.sequence.words(rows, samples)[:, None] for rows in (flat, counters))
        return Streams(
            as_bitstream(inputs, thresholds.shape, length, encoding),
            as_bitstream(predictions, (*own, *state.counters.shape), length, encoding),
        )
