"""Parallel counter of the products of a few samples, with weight streams that are looked up in a table."""

from typing import Self

import numpy as np

from ...backends import choose, runs_on
from ...backends.packing import words_for
from ...backends.types import Rows, Words
from ...bitstreams.encodings import MAGNITUDES
from ...encoders.stream_table import StreamTable
from ...gates.accumulators import ParallelCounter
from ..base import Floats
from .seen_weights import SeenWeights
from .weight_streams import StoredStreams
from .weighted_sum import WeightedSum
from .weights import DenseWeights

FEW = 3
"""Samples at most: more of them use a weight stream often enough to read it from memory."""
_SHORT = 3
"""Words at least of a stream: shorter ones are read as fast from memory."""
_LARGEST_SUM = 2**31
"""Bound of the sums of the kernel."""


class TableCounter:
    """Weighted sums of a few samples of a dense layer whose generators have few sequences.

    All streams that the comparators of weights can make stay in cache as a table, where the streams of all weights
    would be read from memory for each sample.

    Parameters
    ----------
    circuit
        Weighted sums with a `ParallelCounter`.
    lines, weights
        Tables of the streams of input lines and of weights.
    """

    def __init__(self, circuit: WeightedSum, lines: StreamTable, weights: StreamTable) -> None:
        assert isinstance(circuit.accumulator, ParallelCounter)
        self._accumulator, self._encoding = circuit.accumulator, circuit.options.encoding
        self._encoder, self._backend = circuit.synapses.streams.encoder, circuit.options.backend
        n_words = words_for(self._accumulator.length)
        n_words = 4 if n_words <= 4 else -(-n_words // 8) * 8  # what the kernel reads at a time
        self._lines, self._weights = lines.widened(n_words), weights.widened(n_words)
        self._table: Words | None = None
        """Streams of the weights, for split ones the inverted streams behind them."""
        self._inverted = 0

    @classmethod
    def of(cls, circuit: WeightedSum) -> Self | None:
        """The counter of a circuit; None where it would not be exact, or slower than one of streams as they lie."""
        synapses, kernels, length = circuit.synapses, choose(circuit.options.backend), circuit.length
        lines, weights = circuit.inputs.encoder.table, synapses.streams.encoder.table
        plain = (
            type(circuit.accumulator) is ParallelCounter
            and circuit.faults is None
            and isinstance(synapses.weights, DenseWeights)
            and isinstance(synapses.streams, StoredStreams)
            and runs_on(kernels, "table_counts") == runs_on(kernels, "and_counts")
        )
        worth = words_for(length) >= _SHORT and synapses.weights.fan_in * length < _LARGEST_SUM
        return cls(circuit, lines, weights) if plain and worth and lines is not None and weights is not None else None

    def outputs(self, lines: Floats, seen: SeenWeights) -> Floats:
        """Outputs ``(S, M)`` of numbers on the input lines ``(S, n)``."""
        if self._table is None:
            streams = self._weights.every()
            if self._encoding == "split":
                self._inverted, streams = len(streams), np.concatenate([streams, ~streams])
            self._table = streams
        if seen.places is None:
            seen.places = self._places(seen.effective)
        kernels, (samples, n) = choose(self._backend), lines.shape
        streams = self._lines.rows(lines, self._encoding)
        x = streams.reshape(streams.shape[0] * streams.shape[1], n, self._table.shape[1])
        counts = kernels.table_counts(x, self._table, seen.places, self._inverted)
        if len(x) > samples:
            counts = counts[::2] - counts[1::2]
        if self._encoding != "bipolar":
            return self._accumulator.decoded(counts, 0)
        # Ones of XNOR = L - |x| - |w| + 2 |x AND w|
        if seen.ones is None:
            seen.ones = kernels.popcount(self._table)[seen.places].sum(1)
        full, of_lines = n * self._accumulator.length, kernels.popcount(x.reshape(samples, -1))
        return self._accumulator.decoded(2 * counts + full - of_lines[:, None] - seen.ones, n)

    def _places(self, weights: Floats) -> Rows:
        """Rows of the table for weights ``(M, n)``."""
        places = self._weights.places(self._encoder.thresholds(MAGNITUDES[self._encoding](weights))).astype(np.int32)
        return np.where(weights < 0, places + np.int32(self._inverted), places)
