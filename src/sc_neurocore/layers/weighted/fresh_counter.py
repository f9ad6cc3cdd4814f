"""Parallel counter of products with fresh Bernoulli weights, whose streams are made where they are counted."""

from typing import Self

import numpy as np

from ...backends import choose, runs_on
from ...backends.types import Indices, Words
from ...gates.accumulators import ParallelCounter
from ..base import Floats, Samples
from .seen_weights import SeenWeights
from .weight_streams import FreshStreams, SharedStreams
from .weighted_sum import WeightedSum
from .weights import DenseWeights

_KERNELS: dict[type, str] = {FreshStreams: "fresh_counts", SharedStreams: "shared_counts"}


class FreshCounter:
    """Weighted sums of neurons whose weights have new Bernoulli streams for every sample, none of which is stored.

    A word of inputs that is zero needs no bits of its weights, and a split weight only has bits on one rail. Random
    numbers that neurons share are made once for all of them.

    Parameters
    ----------
    circuit
        Weighted sums with a `ParallelCounter`.
    streams
        The weight streams.
    """

    def __init__(self, circuit: WeightedSum, streams: FreshStreams | SharedStreams) -> None:
        assert isinstance(circuit.accumulator, ParallelCounter)
        self._accumulator, self._streams = circuit.accumulator, streams
        self._backend, self._bipolar = circuit.options.backend, circuit.options.encoding == "bipolar"
        weights, connections = circuit.synapses.weights, circuit.synapses.connections
        self._fan_in = connections.fan_in
        self._kernel = _KERNELS[type(streams)]
        none: Indices = np.empty(0, np.int64)
        inputs = none if isinstance(weights, DenseWeights) else connections.one_rail(0, connections.n_neurons).inputs
        self._wires = np.concatenate([[0], np.cumsum(self._fan_in)]), inputs
        """Synapses as the kernel takes them; none where every neuron takes all lines."""
        if isinstance(streams, SharedStreams):
            every = weights.lines()[0 : weights.n_synapses]
            by_line = np.bincount(every, minlength=weights.fan_in)
            neurons = np.repeat(np.arange(connections.n_neurons), self._fan_in)[streams.order(every.size)]
            self._wires = np.concatenate([[0], np.cumsum(by_line)]), neurons if inputs.size else none

    @classmethod
    def of(cls, circuit: WeightedSum) -> Self | None:
        """The counter of a circuit of dense or sparse neurons; None where others than its products are needed.

        Nor is there one on a backend that counts ready streams on a device of its own, but has no kernel to make them.
        """
        synapses, kernels = circuit.synapses, choose(circuit.options.backend)
        plain = type(circuit.accumulator) is ParallelCounter and synapses.faults is None
        ready = "and_counts" if isinstance(synapses.weights, DenseWeights) else "wired_counts"
        streams = synapses.streams
        if not plain or not isinstance(streams, FreshStreams | SharedStreams):
            return None
        return cls(circuit, streams) if runs_on(kernels, _KERNELS[type(streams)]) == runs_on(kernels, ready) else None

    def outputs(self, words: Words, seen: SeenWeights, samples: Samples) -> Floats:
        """Outputs ``(S, M)`` of input streams ``(S, rails, n, W)`` for sample numbers ``(S,)``."""
        weights, length = self._streams.made_later(seen, samples), self._accumulator.length
        kernel = getattr(choose(self._backend), self._kernel)
        counts = kernel(words, *self._wires, weights, length, self._bipolar)
        total = counts[:, 0] - counts[:, 1] if counts.shape[1] == 2 else counts[:, 0]
        return self._accumulator.decoded(total, self._fan_in)
