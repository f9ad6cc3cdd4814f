"""Weighted sums of a dense or sparse layer."""

import numpy as np

from ... import chunks
from ...encoders.seeds import Seeds
from ...gates.accumulators import Accumulator, ParallelCounter
from ...gates.operands import Operands
from ..base import Floats, Samples
from ..options import CircuitOptions
from .fresh_counter import FreshCounter
from .seen_weights import SeenWeights
from .synapse_array import SynapseArray
from .table_counter import FEW, TableCounter
from .weighted_sum import WeightedSum
from .weights import DenseWeights


class DenseSum:
    """Weighted sums of a dense or sparse layer: every neuron takes all inputs, or those of its synapses.

    Parameters
    ----------
    synapses, options, seeds, accumulator
        As for `WeightedSum`.
    """

    def __init__(
        self, synapses: SynapseArray, options: CircuitOptions, seeds: Seeds, accumulator: Accumulator | None = None
    ) -> None:
        if accumulator is None and options.turns_in_vain:
            raise ValueError(
                f"share must not be 'rotate' with accumulate={options.accumulate!r} in a dense layer, whose inputs and "
                "weights turn together: it counts what share='one' counts"
            )
        weights = synapses.weights
        self.synapses = synapses
        self.circuit = WeightedSum(weights.fan_in, synapses, options, seeds, accumulator)
        self._dense = isinstance(weights, DenseWeights)
        counted = isinstance(self.circuit.accumulator, ParallelCounter) and not self.circuit.product_flips
        self._in_rows = self._dense and counted and not synapses.own_streams
        """Whether only the totals of streams matter, so that those of a sample and of a neuron can lie side by side."""
        self._counter = FreshCounter.of(self.circuit)
        self._of_few = TableCounter.of(self.circuit)
        memory = min(self.circuit.accumulator.memory(weights.n_neurons), chunks.CHUNK_BYTES)
        own = 0 if self._counter is None else synapses.sample_bytes()
        self.sample_bytes = self.circuit.sample_bytes + memory - own
        """Bytes of memory that a sample takes."""

    def lines(self, x: Floats) -> Floats:
        """Inputs ``(S, n_inputs)``, and the constant of a bias behind them: ``(S, fan_in)``."""
        return x if self.synapses.weights.bias is None else np.column_stack([x, np.ones(len(x))])

    def operands(self, seen: SeenWeights, x: Floats, samples: Samples) -> Operands:
        """Operands of the gates: one group of all samples, or a group for each if weight streams differ."""
        words, weights = self.circuit.inputs.words(self.lines(x), samples), self.synapses.words(seen, samples)
        words = words[None] if len(weights) == 1 else words[:, None]
        return self.circuit.operands(words, weights, dense=self._dense)

    def _rows(self, seen: SeenWeights, x: Floats, samples: Samples) -> Operands:
        """Operands with one input, the streams of all lines side by side."""
        rows, weights = self.circuit.inputs.rows(self.lines(x), samples), self.synapses.rows(seen, samples)
        return self.circuit.operands(rows[None, :, :, None], weights, dense=True)

    def outputs(self, seen: SeenWeights, x: Floats, samples: Samples) -> Floats:
        """Outputs ``(S, n_neurons)`` of inputs ``(S, n_inputs)``.

        Parameters
        ----------
        seen
            Snapshot of the weights.
        x
            Inputs in the encoding's range.
        samples
            Sample numbers ``(S,)``, which decide the random bits.
        """
        if self._of_few is not None and len(x) <= FEW:
            out = self._of_few.outputs(self.lines(x), seen)
        elif self._counter is not None:
            out = self._counter.outputs(self.circuit.inputs.words(self.lines(x), samples), seen, samples)
        else:
            operands = self._rows(seen, x, samples) if self._in_rows else self.operands(seen, x, samples)
            numbers = samples.reshape(-1, operands.n_samples)
            if self.circuit.product_flips:
                out = self.circuit.flipped(operands, numbers, numbers)
            else:
                out = self.circuit.accumulator.outputs(operands, numbers)
            out = out.reshape(len(x), operands.n_neurons)
        return out if self.synapses.device is None else self.circuit.through_adc(out, seen)

    def expected(self, seen: SeenWeights, x: Floats) -> Floats:
        """Outputs ``(S, n_neurons)`` for infinitely long streams.

        Raises
        ------
        ValueError
            If there is no closed form.
        """
        lines = self.circuit.lines_as_seen_by_gates(self.lines(x))
        matrix = self.synapses.weights.matrix(self.circuit.weights_as_seen_by_gates(seen))
        return self.circuit.through_adc(self.circuit.expected(lines, matrix), seen)
