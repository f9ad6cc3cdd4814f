"""Weighted sums of a convolution: each window of an image is a dense layer with the same weight streams."""

import math
from collections.abc import Callable

import numpy as np

from ... import chunks
from ...backends import choose, runs_on
from ...backends.packing import words_for
from ...backends.types import Indices, Words
from ...encoders.seeds import Seeds
from ...gates.accumulators import ParallelCounter
from ...gates.operands import difference
from ...gates.windows import ConvolutionWindows, Pair
from ..base import Floats, Samples
from ..options import CircuitOptions
from .seen_weights import SeenWeights
from .synapse_array import SynapseArray
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
        self._windows, self._size, self._map_size = windows, size, windows.output_size(size)
        rows, columns = windows.padded_size(size)
        lines = windows.channels * rows * columns
        self._constant: int | None = None
        """The line of the constant of a bias."""
        if synapses.weights.bias is not None:
            self._constant, lines = lines, lines + 1
        self._shape = windows.groups, math.prod(self._map_size), synapses.weights.fan_in
        """Groups, windows of a group, lines of a window."""
        self.synapses, self.options = synapses, options
        self.circuit = WeightedSum(lines, synapses, options, seeds)
        self._neurons = synapses.weights.n_neurons // windows.groups
        self._counter: ParallelCounter | None = None
        """The counter, if a kernel counts the windows without a copy of their streams; else None."""
        kernels, accumulator = choose(options.backend), self.circuit.accumulator
        in_place = runs_on(kernels, "window_counts") == runs_on(kernels, "and_counts")
        if in_place and isinstance(accumulator, ParallelCounter) and not self.circuit.product_flips:
            self._counter = accumulator
        self._window_bytes = self._bytes_of_window()
        self._kept: Indices | None = None
        """Lines of every window, where they are few."""
        if 8 * math.prod(self._shape) <= chunks.CHUNK_BYTES:
            self._kept = self._indices(slice(0, self._shape[1]))
        self.sample_bytes = self.circuit.sample_bytes + min(self._shape[1] * self._window_bytes, chunks.CHUNK_BYTES)
        """Bytes of memory that a sample takes."""

    def _indices(self, part: slice) -> Indices:
        """Lines of some windows ``(groups, windows, fan_in)``."""
        if self._kept is not None:
            return self._kept if part.stop - part.start == self._shape[1] else self._kept[:, part].copy()
        indices = self._windows.indices(self._size, part)
        if self._constant is None:
            return indices
        return np.concatenate([indices, np.full((*indices.shape[:2], 1), self._constant)], axis=2)

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
        run = self._laid_out(words, weights, samples)
        if self._counter is not None:
            run = self._counted(self._counter, words, weights)
        groups, n_windows, _ = self._shape
        parts = list(chunks.chunks(n_windows, len(images) * self._window_bytes))
        if len(parts) == 1:
            out = run(parts[0])
        else:
            out = np.empty((len(images), groups, self._neurons, n_windows))
            for part in parts:
                out[..., part] = run(part)
        return self.circuit.through_adc(out.reshape(len(images), -1, *self._map_size), seen)

    def _counted(self, counter: ParallelCounter, x: Words, w: Words) -> Callable[[slice], Floats]:
        """Outputs ``(S, groups, neurons, windows)`` of windows; the kernel gathers their lines as it counts."""
        groups, _, fan_in = self._shape
        rails, weight_rails = x.shape[1], w.shape[1]
        kernels = choose(self.options.backend)
        lines = x.reshape(len(w), -1, *x.shape[2:])  # (G, B * rails, lines, W)
        weights = self._by_group(w).reshape(len(w), groups, -1, fan_in, w.shape[-1])
        bipolar = self.options.encoding == "bipolar"
        if bipolar:
            x_ones, w_ones = kernels.popcount(lines), kernels.popcount(weights).sum(-1)[:, None, :, :, None]

        def run(part: slice) -> Floats:
            indices = self._indices(part)
            # (G, B * rails, groups, rails * neurons, windows), as they lie in memory on the default backend
            counts = kernels.window_counts(lines, weights, indices, self.options.cycles).swapaxes(3, 4)
            if bipolar:  # ones of XNOR = L - |x| - |w| + 2 |x AND w|
                of_windows = x_ones[:, :, indices].sum(-1)[..., None, :]
                counts = 2 * counts + fan_in * self.options.cycles - of_windows - w_ones
            counts = counts.reshape(len(x), 1, rails, groups, weight_rails, self._neurons, -1)
            return counter.decoded(difference(np.moveaxis(counts, 4, 3)), fan_in)[:, 0]

        return run

    def _laid_out(self, x: Words, w: Words, samples: Samples) -> Callable[[slice], Floats]:
        """Outputs ``(S, groups, neurons, windows)`` of windows; their streams are copied from their lines."""
        groups, n_windows, fan_in = self._shape
        n_samples, rails, n_lines, n_words = x.shape
        kernels, lines = choose(self.options.backend), x.reshape(-1, n_words)
        starts = (np.arange(n_samples)[:, None] * rails + np.arange(rails)) * n_lines
        weights = self._by_group(w).reshape(len(w) * groups, w.shape[1], -1, n_words)
        # A group of operands for each group of channels, and for each sample if it has weight streams of its own.
        own = len(w) > 1

        def run(part: slice) -> Floats:
            indices, places = self._indices(part), np.arange(part.start, part.stop)
            rows = starts[:, None, None, :, None] + indices[None, :, :, None]  # (S, groups, windows, rails, fan_in)
            numbers = np.broadcast_to(samples[:, None, None], rows.shape[:3])
            windows = (numbers * groups + np.arange(groups)[:, None]) * n_windows + places
            if not own:
                rows, numbers, windows = (each.swapaxes(0, 1) for each in (rows, numbers, windows))
            inputs = kernels.gather(lines, rows.astype(np.uint64))
            inputs = inputs.reshape(len(weights), -1, rails, fan_in, n_words)
            numbers, windows = (each.reshape(inputs.shape[:2]) for each in (numbers, windows))
            operands = self.circuit.operands(inputs, weights, dense=True)
            if self.circuit.product_flips:
                out = self.circuit.flipped(operands, numbers, windows)
            else:
                out = self.circuit.accumulator.outputs(operands, numbers)
            out = out.reshape(*rows.shape[:3], self._neurons)
            return (out if own else out.swapaxes(0, 1)).swapaxes(2, 3)

        return run

    def _by_group(self, w: Words) -> Words:
        """Weight streams ``(G, rails, synapses, W)`` with the groups of channels before the rails."""
        groups = self._shape[0]
        if groups == 1 or w.shape[1] == 1:
            return w
        return np.ascontiguousarray(w.reshape(*w.shape[:2], groups, -1, w.shape[-1]).swapaxes(1, 2))

    def _bytes_of_window(self) -> int:
        """Bytes of memory that a window of a sample takes."""
        groups, _, fan_in = self._shape
        counts = self.circuit.accumulator.memory(groups * self._neurons)
        if self._counter is not None:
            return 16 * groups * fan_in + counts
        n_words = words_for(self.options.cycles)
        laid_out = 8 * (n_words + 3) * self.synapses.rails * groups * fan_in
        return laid_out + (counts if isinstance(self.circuit.accumulator, ParallelCounter) else 0)

    def expected(self, seen: SeenWeights, images: Floats) -> Floats:
        """Maps for infinitely long streams.

        Raises
        ------
        ValueError
            If there is no closed form.
        """
        groups, n_windows, fan_in = self._shape
        weights = self.circuit.weights_as_seen_by_gates(seen).reshape(groups, -1, fan_in)
        out = np.empty((len(images), groups, self._neurons, n_windows))
        for some in chunks.chunks(len(images), 8 * self.circuit.inputs.encoder.n):
            lines = self.circuit.lines_as_seen_by_gates(self.lines(images[some]))
            for part in chunks.chunks(n_windows, 8 * len(lines) * (3 * fan_in + 2 * self._neurons)):
                for k, indices in enumerate(self._indices(part)):
                    rows = lines[:, indices].reshape(-1, fan_in)
                    values = self.circuit.expected(rows, weights[k]).reshape(len(lines), -1, self._neurons)
                    out[some, k, :, part] = values.transpose(0, 2, 1)
        return self.circuit.through_adc(
            out.reshape(len(images), self.synapses.weights.n_neurons, *self._map_size), seen
        )
