"""Weighted sums of dense, sparse and convolutional layers as traced functions."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from ...backends.types import NUMBER_DIGITS, Words
from ...backends.xla import counting, random_bits, rounding
from ...backends.xla.words import joined, mask
from ...encoders import Bernoulli
from ...encoders.stream_table import side_by_side
from ...gates.accumulators import ParallelCounter
from ...gates.windows import ConvolutionWindows, Pair
from ...layers.weighted.weight_streams import FreshStreams
from ...layers.weighted.weighted_sum import WeightedSum
from ...layers.weighted.weights import DenseWeights
from .encoding import Array, Comparators, Parameters, Selector, decoded, picks, ratio


class Sums:
    """Weighted sums of inputs: of all lines, or of the windows of an image.

    Stored weights of a parallel counter are counted all at once. Else one neuron comes after another: new weight
    streams, OR gates, multiplexers and sparse neurons. So no array is larger than the streams of the inputs are.

    Parameters
    ----------
    circuit
        The sums, without faults.
    signed
        Whether inputs may be negative.
    windows
        Lines of the windows ``(groups, P, F)``; None: one window, all lines.
    """

    def __init__(self, circuit: WeightedSum, signed: bool, windows: NDArray[np.int64] | None = None) -> None:
        options, synapses = circuit.options, circuit.synapses
        self.length, self.encoding, self.accumulate = options.cycles, options.encoding, options.accumulate
        weights, accumulator = synapses.weights, circuit.accumulator
        self._divisor = accumulator.divisor if isinstance(accumulator, ParallelCounter) else 1
        self.inputs = Comparators(circuit.inputs.encoder, signed)
        self.parameters: Parameters = {"inputs": self.inputs.parameters}
        self._neurons, self._rails = weights.n_neurons, synapses.rails
        self._windowed = windows is not None
        self._dense = isinstance(weights, DenseWeights)
        self._groups = 1 if windows is None else len(windows)
        if windows is not None:
            self.parameters["windows"] = windows.astype(np.int32)
        self._selector: Selector | None = None
        if circuit.select is not None:
            self._selector = Selector(circuit.select, isinstance(circuit.inputs.encoder.generator, Bernoulli))
            self.parameters["select"] = self._selector.parameters
        self._synapses = synapses.n_synapses
        seen, first = synapses.seen(), np.zeros(1, np.int64)
        fresh = synapses.streams.made_later(seen, first) if isinstance(synapses.streams, FreshStreams) else None
        self._in_one = fresh is None and self._dense and isinstance(accumulator, ParallelCounter)
        """Whether all neurons are counted at once."""
        self._fan_in = weights.fan_in
        self._apart = fresh is not None and fresh.apart
        if fresh is not None:
            digits = np.abs(fresh.codes).astype(np.uint64) << np.uint64(NUMBER_DIGITS - fresh.bits)
            self.parameters["weights"] = {"key": rounding.pairs(np.uint64(fresh.key))} | self._by_neuron(
                circuit, rounding.pairs(digits), fresh.codes < 0
            )
        else:
            words = np.asarray(synapses.words(seen, first)[0])
            if self._in_one:
                self.parameters["weights"] = self._rows(words, options.backend)
            else:
                by_synapse = rounding.pairs(np.ascontiguousarray(words.swapaxes(0, 1)))
                self.parameters["weights"] = self._by_neuron(circuit, by_synapse)

    # ------------------------------------------------------------ parameters

    def _rows(self, words: Words, backend: str | None) -> Parameters:
        """Stored streams ``(rails, synapses, W)`` of neurons: side by side where no windows choose among the lines."""
        by_neuron = words.reshape(self._rails, self._neurons, self._fan_in, words.shape[-1])
        if not self._windowed:
            by_neuron = np.asarray(side_by_side(by_neuron, self.length, backend))
        return {"rows": rounding.pairs(by_neuron)}

    def _by_neuron(
        self, circuit: WeightedSum, values: NDArray[Any], negative: NDArray[np.bool_] | None = None
    ) -> Parameters:
        """Values of the synapses, ``(M, F, ...)``; of sparse neurons filled up to as many as the largest has."""
        wiring = circuit.synapses.connections.one_rail(0, circuit.synapses.connections.n_neurons)
        if self._dense:
            numbers = np.arange(self._synapses).reshape(self._neurons, self._fan_in)
            parts = {}
        else:
            fan_in = np.diff(wiring.indptr)
            places = np.arange(max(1, fan_in.max()))
            numbers = np.minimum(wiring.indptr[:-1, None] + places, self._synapses - 1)
            lines = wiring.inputs[numbers]
            parts = {"lines": lines.astype(np.int32), "fan_in": fan_in.astype(np.int32)}
        parts |= {"values": values[numbers], "numbers": numbers.astype(np.int32)}
        return parts if negative is None else parts | {"negative": negative[numbers]}

    # ------------------------------------------------------------ outputs

    def __call__(self, given: Parameters, numbers: Array, samples: Array) -> Array:
        """Outputs ``(S, M)``, or ``(S, M, P)`` of P windows, of numbers ``(S, lines)`` and sample numbers ``(S,)``."""
        x = self.inputs.lines(given["inputs"], numbers, samples)
        if not self._in_one:
            return self._one_by_one(given, x, samples)
        rows = rounding.joined_pairs(given["weights"]["rows"], jnp.uint64)
        counts = self._window_counts(given, x, rows) if self._windowed else self._row_counts(x, rows)
        if self.encoding == "bipolar":
            counts = 2 * counts - self._fan_in * self.length
        return ratio(counts, self.length * self._divisor)

    def _row_counts(self, x: Array, w: Array) -> Array:
        """Counts ``(S, M)`` of streams ``(S, rails, n, W)`` and rows ``(rails, M, K)``."""
        rows = joined(x, self.length)
        flat, weights = rows.reshape(1, -1, rows.shape[-1]), w.reshape(1, -1, w.shape[-1])
        ones = counting.and_counts(flat, weights).reshape(*rows.shape[:2], self._rails, self._neurons)
        if self.encoding == "bipolar":
            return self._xnor(ones[:, 0, 0], counting.popcount(rows), counting.popcount(w))
        return _difference(jnp.moveaxis(ones, 0, 2))

    def _window_counts(self, given: Parameters, x: Array, w: Array) -> Array:
        """Counts ``(S, M, P)`` of streams ``(S, rails, lines, W)`` and ``(rails, M, F, W)``."""
        samples, rails, lines, n_words = x.shape
        by_group = w.reshape(self._rails, self._groups, -1, self._fan_in, n_words).swapaxes(0, 1)
        weights = by_group.reshape(1, self._groups, -1, self._fan_in, n_words)
        windows = given["windows"]
        ones = counting.window_counts(x.reshape(1, -1, lines, n_words), weights, windows)
        shape = samples, rails, self._groups, windows.shape[1], self._rails, self._neurons // self._groups
        ones = ones.reshape(shape).transpose(1, 4, 0, 2, 5, 3)  # rails first, then (S, groups, neurons, windows)
        ones = ones.reshape(rails, self._rails, samples, self._neurons, windows.shape[1])
        if self.encoding == "bipolar":
            x_ones = counting.popcount(x)[:, 0, windows].sum(-1)  # (S, groups, P)
            per_neuron = jnp.repeat(x_ones, self._neurons // self._groups, axis=1)
            return self._xnor(ones[0, 0], per_neuron, counting.popcount(w)[0].sum(-1)[:, None])
        return _difference(ones)

    def _xnor(self, both: Array, x_ones: Array, w_ones: Array) -> Array:
        """Ones after XNOR gates, from those of AND gates, of the inputs and of the weights."""
        return 2 * both + self._fan_in * self.length - x_ones - w_ones

    def _one_by_one(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Outputs of streams ``(S, rails, lines, W)``, neuron by neuron."""
        per_neuron = {name: part for name, part in given["weights"].items() if name != "key"}
        places = per_neuron["numbers"].shape[1]
        select = None if self._selector is None else self._selector.numbers(given["select"], samples)
        picked = None if select is None or not self._dense else picks(select, jnp.uint64(places), places)

        def outputs(neuron: tuple[Parameters, Array]) -> Array:
            own, group = neuron
            weights = self._weights_of(given, own, samples)
            fan_in = own.get("fan_in", places)
            live = jnp.where(np.arange(places) < fan_in, jnp.uint64(2**64 - 1), jnp.uint64(0))[:, None]
            passed = mask(self.length) & live
            if select is not None:
                passed = passed & (picks(select, fan_in, places) if picked is None else picked)

            def of_window(lines: Array | None) -> Array:
                return self._output(x if lines is None else x[:, :, lines], weights, passed, fan_in)

            if not self._windowed:
                return of_window(own.get("lines"))
            return lax.map(of_window, given["windows"][group]).T  # (S, P)

        groups = np.arange(self._neurons) // (self._neurons // self._groups)
        return jnp.moveaxis(lax.map(outputs, (per_neuron, jnp.asarray(groups))), 0, 1)

    def _weights_of(self, given: Parameters, own: Parameters, samples: Array) -> Array:
        """Weight streams ``(S, rails, F, W)`` of a neuron, or ``(1, ..)`` where all samples share them."""
        values = rounding.joined_pairs(own["values"], jnp.uint64)
        if values.ndim == 3:  # (F, rails, W)
            return values.swapaxes(0, 1)[None]
        first = samples[:, None] * np.uint64(self._synapses)
        streams = first + own["numbers"].astype(jnp.uint64) * np.uint64(self._apart)
        key = rounding.joined_pairs(given["weights"]["key"], jnp.uint64)
        words = random_bits.bernoulli(key, streams, values, self.length, np.uint64(0))
        if self._rails == 1:
            return words[:, None]
        negative, zero = own["negative"][:, None], jnp.uint64(0)
        return jnp.stack([jnp.where(negative, zero, words), jnp.where(negative, words, zero)], axis=1)

    def _output(self, x: Array, w: Array, passed: Array, fan_in: Array) -> Array:
        """Outputs ``(S,)`` of streams ``(S, rails, F, W)`` of inputs and of weights; `passed` are the bits that count.

        Products of equal rails are positive, of unequal ones negative.
        """

        def product(i: int, j: int) -> Array:
            return counting.gate(x[:, i], w[:, j], self.encoding == "bipolar") & passed

        rails = [(i, j) for i in range(x.shape[1]) for j in range(w.shape[1])]
        if self.accumulate in ("sum", "mean"):
            ones = [counting.popcount(product(i, j)).sum(-1) * (1 if i == j else -1) for i, j in rails]
            total = sum(ones[1:], ones[0])
            if self.encoding == "bipolar":
                total = 2 * total - fan_in * self.length
            return ratio(total, self.length * self._divisor)
        signs = [[product(i, j) for i, j in rails if (i == j) == same] for same in (True, False)]
        streams = [jnp.bitwise_or.reduce(jnp.concatenate(parts, 1), axis=1) for parts in signs if parts]
        return decoded([counting.popcount(words) for words in streams], self.encoding, self.length)


def _difference(ones: Array) -> Array:
    """Products of equal rails less those of unequal ones: counts ``(rails, rails, ...)``."""
    parts = [ones[i, j] * (1 if i == j else -1) for i in range(ones.shape[0]) for j in range(ones.shape[1])]
    return sum(parts[1:], parts[0])


class DenseFunction:
    """A dense or sparse layer.

    Parameters
    ----------
    circuit
        Its sums.
    signed
        Whether inputs may be negative.
    """

    axes = 1
    """Axes of a sample."""

    def __init__(self, circuit: WeightedSum, signed: bool = True) -> None:
        self._sums, self._biased = Sums(circuit, signed), circuit.synapses.weights.bias is not None
        self.parameters = self._sums.parameters
        self.shape = (circuit.inputs.encoder.n - self._biased,)

    def __call__(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Outputs ``(S, M)`` of inputs ``(S, n)``."""
        return self._sums(given, _with_constant(x) if self._biased else x, samples)


class ConvolutionFunction:
    """A convolution of images of one size.

    Parameters
    ----------
    circuit
        Its sums.
    windows, size
        Windows over images of `size` (rows, columns).
    signed
        Whether inputs may be negative.
    """

    axes = 3
    """Axes of a sample."""

    def __init__(self, circuit: WeightedSum, windows: ConvolutionWindows, size: Pair, signed: bool = True) -> None:
        self._biased, indices = circuit.synapses.weights.bias is not None, windows.indices(size)
        if self._biased:
            constant = np.full((*indices.shape[:2], 1), circuit.inputs.encoder.n - 1)
            indices = np.concatenate([indices, constant], axis=2)
        self._sums, self._edges, self._maps = Sums(circuit, signed, indices), windows.edges, windows.output_size(size)
        self.parameters, self.shape = self._sums.parameters, (windows.channels, *size)

    def __call__(self, given: Parameters, x: Array, samples: Array) -> Array:
        """Maps ``(S, M, H_out, W_out)`` of images ``(S, C, H, W)``."""
        padded = jnp.pad(x, ((0, 0), (0, 0), *self._edges))
        pixels = padded.reshape(len(x), padded[0].size)
        out = self._sums(given, _with_constant(pixels) if self._biased else pixels, samples)
        return out.reshape(*out.shape[:2], *self._maps)


def _with_constant(x: Array) -> Array:
    """Inputs ``(S, n)`` and the constant of a bias behind them."""
    return jnp.concatenate([x, jnp.ones_like(x[:, :1])], axis=1)
