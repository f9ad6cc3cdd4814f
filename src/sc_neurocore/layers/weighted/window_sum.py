"""Weighted sums of a convolution: each window of an image is a dense layer with the same weight streams."""

import numpy as np

from ...backends import choose, runs_on
from ...backends.packing import words_for
from ...backends.types import Words
from ...encoders.seeds import Seeds
from ...gates.accumulators import ParallelCounter
from ...gates.operands import difference
from ...gates.windows import ConvolutionWindows, Pair
from ..base import Floats, Samples
from ..options import CircuitOptions
from .synapse_array import SeenWeights, SynapseArray
from .weighted_sum import WeightedSum


class WindowSum:
    """Weighted sums of all windows of images of one size.

    Parameters
    ----------
    windows, size
        The windows over images of `size` (rows, columns).
    synapses, options, seeds
        Of the circuit.
    """

    def __init__(
        self, windows: ConvolutionWindows, size: Pair, synapses: SynapseArray, options: CircuitOptions, seeds: Seeds
    ) -> None:
        self._windows, self.indices = windows, windows.indices(size)
        """Lines of every window ``(groups, windows, fan_in)``."""
        rows, columns = windows.padded_size(size)
        lines = windows.channels * rows * columns
        if synapses.weights.bias is not None:
            constant = np.full((*self.indices.shape[:2], 1), lines)
            self.indices, lines = np.concatenate([self.indices, constant], axis=2), lines + 1
        self.synapses, self.options = synapses, options
        self.circuit = WeightedSum(lines, synapses, options, seeds)
        self._map_size = windows.output_size(size)
        self._neurons = synapses.weights.n_neurons // windows.groups
        self._counter: ParallelCounter | None = None
        """The counter, if a kernel counts the windows without a copy of their streams; else None."""
        kernels, accumulator = choose(options.backend), self.circuit.accumulator
        in_place = runs_on(kernels, "window_counts") == runs_on(kernels, "and_counts")
        if in_place and isinstance(accumulator, ParallelCounter) and not self.circuit.product_flips:
            self._counter = accumulator
        self.sample_bytes = self._bytes()
        """Bytes of memory that a sample takes."""

    def lines(self, images: Floats) -> Floats:
        """Pixels of the padded images ``(S, C, H, W)``, and the constant of a bias: ``(S, lines)``."""
        pixels = self._windows.pixels(images)
        return pixels if self.synapses.weights.bias is None else np.column_stack([pixels, np.ones(len(pixels))])

    def outputs(self, seen: SeenWeights, images: Floats, samples: Samples) -> Floats:
        """Maps ``(S, neurons, H_out, W_out)`` of images ``(S, C, H, W)``.

        Parameters
        ----------
        seen
            Snapshot of the weights.
        images
            Pixels in the encoding's range.
        samples
            Sample numbers ``(S,)``, which decide the random bits.
        """
        words, weights = self.circuit.inputs.words(self.lines(images), samples), self.synapses.words(seen, samples)
        if self._counter is None:
            out = self._laid_out(words, weights, samples)
        else:
            out = self._counted(self._counter, words, weights)
        return self.circuit.through_adc(self._maps(out.transpose(0, 1, 3, 2)), seen)

    def _maps(self, out: Floats) -> Floats:
        """Outputs ``(S, groups, neurons, windows)`` as maps ``(S, channels, H_out, W_out)``."""
        return out.reshape(len(out), self.synapses.weights.n_neurons, *self._map_size)

    def _counted(self, counter: ParallelCounter, x: Words, w: Words) -> Floats:
        """Outputs ``(S, groups, windows, neurons)``; the kernel gathers the lines of windows as it counts."""
        groups, n_windows, fan_in = self.indices.shape
        rails, weight_rails = x.shape[1], w.shape[1]
        kernels = choose(self.options.backend)
        lines = x.reshape(len(w), -1, *x.shape[2:])  # (G, B * rails, lines, W)
        weights = w.reshape(len(w), weight_rails, groups, self._neurons, fan_in, w.shape[-1]).swapaxes(1, 2)
        weights = np.ascontiguousarray(weights).reshape(len(w), groups, -1, fan_in, w.shape[-1])
        counts = kernels.window_counts(lines, weights, self.indices)  # (G, B * rails, groups, windows, rails * neurons)
        if self.options.encoding == "bipolar":  # ones of XNOR = L - |x| - |w| + 2 |x AND w|
            x_ones = kernels.popcount(lines)[:, :, self.indices].sum(-1)[..., None]
            w_ones = kernels.popcount(weights).sum(-1)[:, None, :, None]
            counts = 2 * counts + fan_in * self.options.cycles - x_ones - w_ones
        counts = counts.reshape(-1, 1, rails, groups * n_windows, weight_rails, self._neurons)
        out = counter.decoded(difference(np.moveaxis(counts, 4, 3)), fan_in)
        return out.reshape(len(x), groups, n_windows, self._neurons)

    def _laid_out(self, x: Words, w: Words, samples: Samples) -> Floats:
        """Outputs ``(S, groups, windows, neurons)``; the streams of each window are copied from its lines."""
        groups, n_windows, fan_in = self.indices.shape
        n_samples, rails, n_lines, n_words = x.shape
        starts = (np.arange(n_samples)[:, None] * rails + np.arange(rails)) * n_lines
        rows = starts[:, None, None, :, None] + self.indices[None, :, :, None]  # (S, groups, windows, rails, fan_in)
        inputs = choose(self.options.backend).gather(x.reshape(-1, n_words), rows.astype(np.uint64))
        inputs = inputs.reshape(n_samples * groups, n_windows, rails, fan_in, n_words)
        by_group = w.reshape(len(w), w.shape[1], groups, self._neurons * fan_in, n_words).swapaxes(1, 2)
        by_group = np.broadcast_to(by_group, (n_samples, *by_group.shape[1:]))
        weights = np.ascontiguousarray(by_group).reshape(n_samples * groups, w.shape[1], -1, n_words)
        numbers = np.broadcast_to(np.repeat(samples, groups)[:, None], (n_samples * groups, n_windows))
        places = np.tile(np.arange(groups * n_windows), n_samples).reshape(numbers.shape)
        windows = numbers * (groups * n_windows) + places
        operands = self.circuit.operands(inputs, weights, windows, dense=True)
        out = self.circuit.accumulator.outputs(operands, numbers)
        return out.reshape(n_samples, groups, n_windows, self._neurons)

    def _bytes(self) -> int:
        groups, n_windows, fan_in = self.indices.shape
        neurons = groups * self._neurons
        lines = self.circuit.sample_bytes(n_windows * fan_in * neurons)
        counts = 8 * neurons * n_windows
        if self._counter is not None:
            return int(lines + counts)
        laid_out = 8 * words_for(self.options.cycles) * self.synapses.rails * groups * n_windows * fan_in
        return int(lines + counts + laid_out + n_windows * self.circuit.accumulator.memory(neurons))

    def expected(self, seen: SeenWeights, images: Floats) -> Floats:
        """Maps for infinitely long streams.

        Raises
        ------
        ValueError
            If there is no closed form.
        """
        groups, n_windows, fan_in = self.indices.shape
        weights = self.circuit.weights_as_seen_by_gates(seen).reshape(groups, -1, fan_in)
        out = np.empty((len(images), groups, self._neurons, n_windows))
        lines = self.circuit.lines_as_seen_by_gates(self.lines(images))
        for k in range(groups):
            rows = lines[:, self.indices[k]].reshape(len(images) * n_windows, fan_in)
            values = self.circuit.expected(rows, weights[k]).reshape(len(images), n_windows, self._neurons)
            out[:, k] = values.transpose(0, 2, 1)
        return self.circuit.through_adc(self._maps(out), seen)
