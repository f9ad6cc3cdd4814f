"""Parallel counter of products with fresh Bernoulli weights, whose streams are made where they are counted."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...backends import choose, runs_on
from ...backends.types import Words
from ...gates.accumulators import ParallelCounter
from ..base import Floats, Samples
from .synapse_array import FreshStreams, SeenWeights
from .weighted_sum import WeightedSum
from .weights import DenseWeights


class FreshCounter:
    """Weighted sums of neurons whose weights have new Bernoulli streams for every sample, none of which is stored.

    A word of inputs that is zero needs no bits of its weights, and a split weight only has bits on one rail.

    Parameters
    ----------
    circuit
        Weighted sums with a `ParallelCounter`.
    streams
        The weight streams.
    """

    def __init__(self, circuit: WeightedSum, streams: FreshStreams) -> None:
        assert isinstance(circuit.accumulator, ParallelCounter)
        self._accumulator, self._streams = circuit.accumulator, streams
        self._backend, self._bipolar = circuit.options.backend, circuit.options.encoding == "bipolar"
        weights, connections = circuit.synapses.weights, circuit.synapses.connections
        self._fan_in = connections.fan_in
        self._indptr = np.concatenate([[0], np.cumsum(self._fan_in)])
        self._inputs: NDArray[np.int64] = np.empty(0, np.int64)
        """Line of each synapse; none where neurons take all lines."""
        if not isinstance(weights, DenseWeights):
            self._inputs = connections.one_rail(0, connections.n_neurons).inputs

    @classmethod
    def of(cls, circuit: WeightedSum) -> Self | None:
        """The counter of a circuit of dense or sparse neurons; None where others than its products are needed.

        Nor is there one on a backend that counts ready streams on a device of its own, but has no kernel to make them.
        """
        synapses, kernels = circuit.synapses, choose(circuit.options.backend)
        plain = type(circuit.accumulator) is ParallelCounter and synapses.faults is None
        ready = "and_counts" if isinstance(synapses.weights, DenseWeights) else "wired_counts"
        in_place = runs_on(kernels, "fresh_counts") == runs_on(kernels, ready)
        streams = synapses.streams
        return cls(circuit, streams) if plain and in_place and isinstance(streams, FreshStreams) else None

    def outputs(self, words: Words, seen: SeenWeights, samples: Samples) -> Floats:
        """Outputs ``(S, M)`` of input streams ``(S, rails, n, W)`` for sample numbers ``(S,)``."""
        weights, length = self._streams.made_later(seen, samples), self._accumulator.length
        counts = choose(self._backend).fresh_counts(words, self._indptr, self._inputs, weights, length, self._bipolar)
        total = counts[:, 0] - counts[:, 1] if counts.shape[1] == 2 else counts[:, 0]
        return self._accumulator.decoded(total, self._fan_in)
