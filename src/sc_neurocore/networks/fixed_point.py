"""Networks in fixed-point arithmetic, the baseline that stochastic circuits are compared with."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends.packing import WORD_BITS, words_for
from ..backends.types import Words
from ..chunks import chunks, in_chunks
from ..encoders import Seed
from ..encoders.sample_counter import SampleCounter
from ..encoders.seeds import Seeds
from ..gates.faults import Faults, OperandSide, flip_masks
from ..read_only import attribute
from .activations import Floats
from .calibration import LONGEST
from .definition import NetworkDefinition, in_batches
from .graph import INPUT, flow
from .layer_spec import LayerSpec, Range, Shape
from .mapping import LayerMapping
from .primitive_specs import Dendrite, PredictiveCoding
from .weighted_specs import WeightedSpec

Integers = NDArray[np.int64]
_BITS = 8


class _Stage(NamedTuple):
    """A layer with words, how its numbers become these, and what its accumulators become."""

    layer: LayerSpec
    shape: Shape
    seeds: Seeds
    levels: int
    """Words are whole numbers of -levels .. levels."""
    lowest: float
    """Inputs are clipped to [lowest, 1] in units of their ranges."""
    mapping: LayerMapping
    weights: Integers
    """Words ``(n_outputs, fan_in)``; none of a layer without weights."""
    bias: Floats
    """Added to the sums, in their units."""


class FixedPoint:
    """A `Network` with words of `bits` bits, or of so many `levels`, in place of streams.

    ::

        x / scale --round--> word --+
                                    +-- multiplier --> 2 * bits --> accumulator --> * gain --> activation -->
        w / gain  --round--> word --+

    Weights, inputs and hidden values are two's-complement words; a product has twice their width; the
    accumulator is wide enough and holds the bias. Scales are those of `Circuit`: a gain a layer, and
    the calibrated ceilings. Pooling, inhibition and winner-take-all are exact on the words that enter; the
    spikes of a `SpikingDense` are counted as its activation, from the exact firing rate.

    Parameters
    ----------
    network
        What to run. One that is calibrated with ``products="exact"`` has the ranges, weights, gains and offsets of its
        calibration, and `levels` are as many as that has cycles.
    bits
        Width of a word, 2 to 16.
    faults
        The same faults for each bit of a word: flips of input, weight and product words, fresh at
        every use of a sample; a share of the bit lines of input and weight words that are stuck. There
        is no number generator that could be dead.
    levels
        Numbers are rounded to multiples of 1 / levels in place of words of `bits` bits: as many as a stream of so many
        cycles can have, inputs and weights of either sign. At most 65,536; or a sequence, one for each layer. None:
        those of the calibration, or of `bits`.
    seed
        Fixes the faults.
    clip
        As for `Circuit`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, if a generator is to be dead, if there are levels with
        bits or faults, if the network has a layer that is no arithmetic on words (`Dendrite`, `PredictiveCoding`), or
        is calibrated for streams or for other levels.

    Examples
    --------
    >>> from sc_neurocore import Network
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]], [[0.0, 0.0]])
    >>> FixedPoint(network).predict([[0.9, 0.1], [0.2, 0.7]])
    array([0, 1])
    >>> FixedPoint(network, levels=4).forward([[0.9, 0.1], [0.2, 0.7]])
    array([[ 1. , -1. ],
           [-0.5,  0.5]])
    """

    def __init__(
        self,
        network: NetworkDefinition,
        bits: int = _BITS,
        faults: Faults | None = None,
        *,
        levels: int | Sequence[int] | None = None,
        seed: Seed = 0,
        clip: bool = False,
    ) -> None:
        checks.instance("network", network, NetworkDefinition)
        self._network = network
        for k, layer in enumerate(network.layers):
            if isinstance(layer, Dendrite | PredictiveCoding):
                raise ValueError(
                    f"network must have layers with a fixed-point twin, got {type(layer).__name__} in "
                    f"{network.called(k)}"
                )
        self._bits = checks.whole("bits", bits, 2, 16)
        self._faults = Faults() if faults is None else faults
        checks.instance("faults", self._faults, Faults)
        if self._faults.dead_generator is not None:
            raise ValueError(f"dead_generator must be None in fixed point, got {self._faults.dead_generator!r}")
        self._levels = levels_of(network, levels)
        if self._levels is not None and (self._bits != _BITS or self._faults != Faults()):
            given = f"bits={self._bits}" if self._bits != _BITS else f"{self._faults}"
            raise ValueError(
                f"levels must be None with another width or faults of words, got {self._levels} and {given}"
            )
        self._clip = checks.flag("clip", clip)
        self._counter = SampleCounter()
        of_layers = Seeds(seed, type(self)).of("layers").spawn(len(network.stream_nodes))
        self._stages = self._made(of_layers)

    network: NetworkDefinition = attribute("_network", "The network.")
    bits: int = attribute("_bits", "Width of a word, if there are no `levels`.")
    levels: int | tuple[int, ...] | None = attribute("_levels", "Steps from 0 to the largest number; None: of `bits`.")
    faults: Faults = attribute("_faults", "Faults of the words.")
    clip: bool = attribute("_clip", "Whether inputs are clipped.")

    def _made(self, of_layers: Sequence[Seed]) -> list[_Stage]:
        network, found = self._network, []
        calibration, nodes = network.calibration, network.stream_nodes
        levels = 2 ** (self._bits - 1) - 1 if self._levels is None else self._levels
        each = levels if isinstance(levels, tuple) else (levels,) * len(nodes)
        ranges = network.ranges()
        for k, node in enumerate(nodes):
            layer, shape, (scale, signed) = network.layers[node], network.wires[node].shape, ranges[node]
            lowest, bias = -1.0, np.zeros(())
            if calibration is None:
                mapping = _plain(layer, scale)
                if isinstance(layer, WeightedSpec):
                    bias = layer.bias
            else:
                mapping, lowest = calibration.layers[k], -1.0 if signed else 0.0
                if mapping.bias is not None:
                    bias = self._words(mapping.bias, each[k]) / each[k] * mapping.gains.reshape(-1)
            words = np.zeros((0, 0), np.int64)
            if mapping.weights is not None:
                words = self._words(mapping.weights.reshape(len(mapping.weights), -1), each[k])
            ends = (-1,) + (1,) * (2 * layer.takes_images)
            seeds = Seeds(of_layers[k], type(self), shape)
            found.append(_Stage(layer, shape, seeds, each[k], lowest, mapping, words, bias.reshape(ends)))
        return found

    @property
    def generator_descriptions(self) -> list[str]:
        """The word width or the levels as text, in place of the generators of a circuit."""
        words = f"{self._bits}-bit words"
        return [words if self._levels is None else f"{stage.levels} levels" for stage in self._stages]

    def reset(self) -> None:
        """Rewind the faults."""
        self._counter.next = 0

    def predict(self, x: ArrayLike, *, samples: ArrayLike | None = None) -> NDArray[np.int64]:
        """Class indices ``(...)`` of the outputs of `forward`, see `Network.classes_of`."""
        return np.asarray(self.network.classes_of(self.forward(x, samples=samples)))

    def forward(self, x: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., n_outputs)`` of samples ``(..., n_inputs)``, with the next numbers or given ones."""
        values = self._network.input_check(self._clip)(x)
        batch = values.shape[:-1]
        flat = values.reshape(math.prod(batch), self._network.n_inputs)
        if not len(flat):
            return np.empty((*batch, self._network.n_outputs))
        if samples is None:
            numbers = self._counter.reserve(len(flat)) + np.arange(len(flat))
        else:
            numbers = checks.integers("samples", samples, 0, checks.LARGEST_COUNT, batch).reshape(-1)
        out = in_chunks(self._run, self._sample_bytes(), flat, numbers)
        return out.reshape(*batch, self._network.n_outputs)

    def _sample_bytes(self) -> int:
        """Memory of the windows, weights and products of a sample."""
        network, most = self._network, 1
        for before, after, layer in zip(network.input_shapes(), network.shapes()[1:], network.layers, strict=True):
            if not isinstance(layer, WeightedSpec):
                most = max(most, math.prod(before), layer.cost(before, 1).gates)
                continue
            fan_in = layer.weights[0].size
            gates = math.prod(after) * fan_in
            words = math.prod(before) + gates // len(layer.weights)
            words += 4 * layer.weights.size if self._faults.weight_flips else 0
            words += 4 * gates if self._faults.product_flips else 0
            most = max(most, words)
        return 8 * most

    def _words(self, numbers: Floats, levels: int) -> Integers:
        """Numbers in [-1, 1] as words; where levels are those of streams, rounded as their thresholds are."""
        if self._levels is None:
            return np.rint(numbers * levels).astype(np.int64)
        return (np.sign(numbers) * np.floor(np.abs(numbers) * float(levels) + 0.5)).astype(np.int64)

    def _run(self, x: Floats, samples: Integers) -> Floats:
        stages = iter(self._stages)
        calls = [
            partial(in_batches, layer) if layer.binary else partial(self._stage_outputs, next(stages), samples)
            for layer in self._network.layers
        ]
        x = x.reshape(len(x), *self._network.shapes()[0])
        return flow(self._network.wires, calls, x, {INPUT: x}).reshape(len(x), self._network.n_outputs)

    def _stage_outputs(self, stage: _Stage, samples: Integers, values: Floats) -> Floats:
        """Outputs ``(S, *output_shape)`` of a layer with words for its inputs, decoded."""
        layer, shape, seeds, levels, lowest, mapping, weights, bias = stage
        values = np.clip(values.reshape(len(values), *layer.sample(shape)) / mapping.ranges, lowest, 1.0)
        words = self._words(values.reshape(len(values), math.prod(shape)), levels)
        words = self._faulty(words, self._faults.input_flips, samples, seeds, "inputs")
        if not layer.homogeneous:
            return layer.forward(words.reshape(-1, *shape) * (mapping.ranges / levels)) + mapping.offsets
        if not isinstance(layer, WeightedSpec):  # each channel in the units of its inputs, whatever these are
            values = layer.forward(words.reshape(-1, *shape).astype(np.float64)) * (mapping.gains / levels)
            return values + mapping.offsets
        used = self._faulty(weights.reshape(1, -1), self._faults.weight_flips, samples, seeds, "weights")
        used = used.reshape(-1, *weights.shape)
        sums = self._sums(words, used, layer, shape, samples, seeds.key("product flips"))
        out = layer.output_shape(shape)
        if len(out) == 2:  # of tokens, which are windows
            sums = sums.reshape(len(sums), out[1], out[0]).swapaxes(1, 2)
        sums = sums.reshape(len(sums), *out)
        return layer.from_sums(sums * (mapping.gains / levels**2) + bias, mapping.offsets)

    def _sums(
        self,
        words: Integers,
        weights: Integers,
        layer: WeightedSpec,
        shape: tuple[int, ...],
        samples: Integers,
        key: int,
    ) -> Floats:
        """Accumulators ``(S, out * windows)`` of words ``(S, inputs)`` and weights ``(S or 1, out, fan_in)``."""
        fan_in, n_windows = weights.shape[-1], math.prod(layer.output_shape(shape)) // len(layer.weights)
        groups = layer.windows(words[:1], shape, slice(1)).shape[1]
        matrix = weights.reshape(len(weights), groups, -1, fan_in)
        if self._faults.product_flips:
            rate, windows = self._faults.product_flips, layer.windows(words, shape)
            return _flipped_sums(windows, matrix, 2 * self._bits, rate, samples, key)
        sums = np.empty((len(words), *matrix.shape[1:3], n_windows))
        factors = matrix.astype(np.float64)  # exact in float64: products have 2 * bits <= 32 bits
        for part in chunks(n_windows, 24 * len(words) * groups * (fan_in + matrix.shape[2])):
            windows = layer.windows(words, shape, part).astype(np.float64)
            sums[..., part] = np.matmul(factors, np.swapaxes(windows, 2, 3))
        return sums.reshape(len(words), -1)

    def _faulty(
        self,
        words: Integers,
        rate: float,
        samples: Integers,
        seeds: Seeds,
        side: OperandSide,
    ) -> Integers:
        """Words ``(S or 1, n)`` with stuck bit lines, then flips; flips make a row a sample."""
        if self._faults.stuck_lines:
            lines = seeds.of("stuck lines").spawn(2)[side == "weights"]
            place = np.random.Generator(np.random.PCG64(lines)).random((words.shape[1], self._bits))
            weight = 1 << np.arange(self._bits)
            zeros = ((place < self._faults.stuck_lines / 2) * weight).sum(-1)
            ones = ((place >= 1 - self._faults.stuck_lines / 2) * weight).sum(-1)
            words = _signed((words & ~zeros) | ones, self._bits)
        if not rate:
            return words
        key = seeds.key("input flips" if side == "inputs" else "weight flips")
        return _flipped(np.broadcast_to(words, (len(samples), words.shape[1])), self._bits, rate, samples, key)


def levels_of(network: NetworkDefinition, levels: int | Sequence[int] | None) -> int | tuple[int, ...] | None:
    """Levels of a network in fixed point: the given ones, checked, or those of its calibration."""
    if levels is not None:
        each = tuple(checks.whole("levels", number, 1, LONGEST) for number in checks.each("levels", levels))
        if len(each) != (count := len(network.stream_nodes)) and (len(each) > 1 or np.iterable(levels)):
            raise ValueError(f"levels must be one number, or {count}, one for each layer, got {len(each)}")
        levels = each if np.iterable(levels) else each[0]
    if network.calibration is None:
        return levels
    options = network.calibration.options
    if network.calibration.products != "exact":
        raise ValueError(
            "network must be calibrated with products='exact' for fixed point, got one calibrated for streams; "
            "network.ideal takes any levels"
        )
    if levels not in (None, options.length):
        raise ValueError(f"levels must be {options.length}, for which the network is calibrated, got {levels}")
    return options.length  # type: ignore[return-value]  # a number or a tuple, once it is checked


def _plain(layer: LayerSpec, scale: Range) -> LayerMapping:
    """The mapping of a layer that is not calibrated; its bias is in the accumulator, so the gain is of weights only."""
    if not isinstance(layer, WeightedSpec):
        return LayerMapping(scale, scale)
    weights = layer.scaled_weights(np.asarray(scale))
    gain = float(np.abs(weights).max()) or 1.0
    return LayerMapping(scale, gain, weights=weights / gain)


def _flipped(words: Integers, bits: int, rate: float, samples: Integers, key: int) -> Integers:
    """Words ``(S, ...)`` of `bits` bits with every bit inverted at `rate`: a stream of bits a sample."""
    masks = flip_masks(key, rate, samples, math.prod(words.shape[1:]) * bits)
    return _signed(words ^ _numbers(masks, words.shape, bits), bits)


def _flipped_sums(windows: Integers, weights: Integers, bits: int, rate: float, samples: Integers, key: int) -> Floats:
    """Sums ``(S, groups * out * W)`` of products whose bits are inverted at `rate`, as by `_flipped`.

    Products of `bits` bits are those of windows ``(S, groups, W, fan_in)`` and weights ``(S or 1, groups, out,
    fan_in)``; they are made for some of the sums at a time, of which 64 fill words of the masks.
    """
    (n, _, per_group, fan_in), (groups, out) = windows.shape, weights.shape[1:3]
    total = groups * out * per_group
    masks = flip_masks(key, rate, samples, total * fan_in * bits)
    sums = np.empty((n, total))
    for part in chunks(words_for(total), WORD_BITS * n * fan_in * (32 + bits)):
        first, last = WORD_BITS * part.start, min(WORD_BITS * part.stop, total)
        group, neuron, window = np.unravel_index(np.arange(first, last), (groups, out, per_group))
        products = windows[:, group, window] * weights[:, group, neuron]
        flips = np.ascontiguousarray(masks[:, fan_in * bits * part.start : fan_in * bits * part.stop])
        sums[:, first:last] = _signed(products ^ _numbers(flips, products.shape, bits), bits).sum(-1)
    return sums


def _numbers(masks: Words, shape: tuple[int, ...], bits: int) -> Integers:
    """Integers of `bits` bits ``(S, ...)`` of that shape, one after the other in masks ``(S, W)``."""
    each = math.prod(shape[1:])
    if bits in (8, 16, 32):
        numbers = masks.view(f"<u{bits // 8}")[:, :each].astype(np.int64)
    else:
        single = np.unpackbits(masks.view(np.uint8), axis=1, count=each * bits, bitorder="little")
        numbers = single.reshape(-1, each, bits) @ (1 << np.arange(bits))
    return np.asarray(numbers.reshape(shape))


def _signed(words: Integers, bits: int) -> Integers:
    """Integers that the low `bits` bits stand for in two's complement."""
    half = 1 << (bits - 1)
    return np.asarray(((words & (2 * half - 1)) ^ half) - half)
