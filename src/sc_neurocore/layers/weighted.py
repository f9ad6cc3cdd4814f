"""What layers with weights share: input streams meet weight streams, and the products are accumulated."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, pack, tail_mask, words_for
from ..backends.reference import Wiring
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding, from_counts, from_probability, to_probability
from ..encoders import Bernoulli, Encoder, Generator, Ramp, Seed, Share
from ..encoders.seeds import key_of
from ..gates.faults import Faults, flip_masks
from ..synapses import MemristorModel
from .old_base import ACCUMULATES, Accumulate, Floats, Samples, SCLayer, combined_faults, drivers, select_numbers

_CHUNK_BYTES = 1 << 25
"""Streams made at a time: samples are taken in chunks of about this size."""


Pair = tuple[int, Words, Words]
"""Sign, inputs and weights of the products of two halves."""


class WeightedLayer(SCLayer):
    """A layer whose neurons are sums of products of input streams and weight streams.

    A sample is a row of *lines*: its inputs, and the constant 1 of a bias as the last one. Rows of
    lines that meet all weights of a group of neurons are *windows*; a dense layer has one window and
    one group, a convolution many. Words of inputs are ``(halves, S, lines, W)`` and, once arranged,
    ``(halves, G, B, fan_in, W)``; words of weights are ``(halves, G, synapses, W)``.

    Subclasses give `_lines_of`, `_outputs`, `_expected` and `_window_bytes`.
    """

    sparse = False
    _n_lines = 0
    """Lines of a sample."""

    def __init__(
        self,
        n_neurons: int,
        length: int,
        *,
        use_gpu: bool,
        generator: str | Generator,
        encoding: Encoding,
        accumulate: Accumulate,
        share: Share | None,
        bits: int | None,
        bias: ArrayLike | None,
        weight_streams: Literal["fresh", "stored"],
        bit_flip_rate: float,
        faults: Faults | None,
        device: MemristorModel | None,
        seed: Seed,
    ) -> None:
        super().__init__(length, generator, encoding, bits, seed)
        self.n_neurons = n_neurons
        self.accumulate = cast(Accumulate, checks.option("accumulate", accumulate, ACCUMULATES))
        self.weight_streams = checks.option("weight_streams", weight_streams, ("fresh", "stored"))
        self.faults = combined_faults(bit_flip_rate, faults)
        self.backend = "cupy" if checks.flag("use_gpu", use_gpu) and _gpu_available() else "numba"
        if device is not None and not isinstance(device, MemristorModel):
            raise TypeError(f"device must be a MemristorModel or None, got {type(device).__name__}")
        self.device = device
        """The crossbar that holds the weights, or None: they are met as they are."""
        self._bias = None if bias is None else self._checked_bias(bias)
        self._share = share
        self._packed: Words | None = None
        self._seen: Floats | None = None
        self._met_values: Floats | None = None

    # ------------------------------------------------------------ weights

    _weights: Floats
    """Weights with the neurons on the first axis."""

    def _stored_weights(self) -> Floats:
        """The array of weights that a user may have edited."""
        return self._weights

    def _checked_weights(self, name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
        return checks.array(name, values, *value_range(self.encoding), shape=shape).copy()

    @property
    def bias(self) -> Floats | None:
        """Bias ``(n_neurons,)`` in the encoding's range, or None; edits are seen by the next `forward`."""
        return self._bias

    @bias.setter
    def bias(self, values: ArrayLike) -> None:
        if self._bias is None:
            raise ValueError("bias must be given to the constructor, got it for a layer without one")
        self._bias = self._checked_bias(values)

    def _checked_bias(self, bias: ArrayLike) -> Floats:
        return checks.array("bias", bias, *value_range(self.encoding), shape=(self.n_neurons,)).copy()

    def _synapse_values(self) -> Floats:
        """Weights with the bias as the gates meet them, ``(n_neurons, fan_in)``, sparse ``(synapses,)``.

        Edits since the last call are found here: they are checked, written into the device if there
        is one, and the packed streams dropped.
        """
        values = self._with_bias()
        if self._seen is None or not np.array_equal(self._seen, values):
            checks.array("weights", self._stored_weights(), *value_range(self.encoding))
            if self.bias is not None:
                self._checked_bias(self.bias)
            met = None
            if self.device is not None:
                # Wires can leave a weight a little outside the range, where no comparator follows.
                met = np.clip(self.device.program(values, self._defects), *value_range(self.encoding))
            self._packed, self._seen, self._met_values = None, values.copy(), met
        return values if self._met_values is None else self._met_values

    def _with_bias(self) -> Floats:
        matrix = self._stored_weights().reshape(self.n_neurons, -1)
        return matrix if self.bias is None else np.column_stack([matrix, self.bias])

    @property
    def fan_in(self) -> int:
        """Lines of a window: its inputs, and the constant of a bias."""
        return int(self._weights[0].size) + (self.bias is not None)

    def _make_wiring(self) -> Wiring:
        """The synapses of all neurons, on the lines of a window."""
        synapses = self.n_neurons * self.fan_in
        indptr = np.arange(0, synapses + 1, self.fan_in)
        return Wiring(indptr, np.tile(np.arange(self.fan_in), self.n_neurons), np.arange(synapses))

    # ------------------------------------------------------------ streams

    def _reseed(self) -> None:
        random = isinstance(self.generator, Bernoulli)
        self._wiring = self._make_wiring()
        synapses = self._with_bias()
        self._n_synapses = synapses.size
        if self.device is not None:
            pairs = self.encoding != "unipolar"
            self._defects = self.device.defects(synapses.shape, self._seed("device"), pairs=pairs)
            self._seen = None
        # Deterministic sources are shared by the neurons: line i of a window has one for all its weights.
        self._weight_encoder = self._encoder(self._n_synapses if random else self.fan_in, 1, "weights")
        self._packed = None
        self._use_lines(self._n_lines)

    def _use_lines(self, n_lines: int) -> None:
        """Make the encoder of the inputs for samples of so many lines."""
        self._n_lines = n_lines
        self._input_encoder = self._encoder(n_lines, 0, "inputs")

    def _encoder(self, n: int, role: int, seed_role: str) -> Encoder:
        return Encoder(
            n, self.length, self.generator, self.encoding, share=self._share, partner=role, seed=self._seed(seed_role)
        )

    @property
    def share(self) -> Share:
        """The sharing policy in force."""
        return self._weight_encoder.share

    @property
    def _fresh_weights(self) -> bool:
        """Whether every sample meets weight streams of its own."""
        return isinstance(self.generator, Bernoulli) and self.weight_streams == "fresh"

    @property
    def _own_weights(self) -> bool:
        """Whether every sample meets weight streams of its own, fresh or noisy."""
        return self._fresh_weights or (self.device is not None and self.device.read_noise > 0)

    def _halves(self, encoder: Encoder, values: Floats, samples: Samples, columns: NDArray[np.int64] | None) -> Words:
        """Streams ``(halves, ..., n, W)``: two halves for split, else one."""
        if self.encoding == "split":
            return np.moveaxis(encoder.rails(values, samples, columns), -3, 0)
        return encoder.words(to_probability(values, self.encoding), samples, columns)[None]

    @abstractmethod
    def _lines_of(self, x: Floats) -> Floats:
        """Values ``(S, lines)`` of the samples ``(S, ...)``."""

    def _input_words(self, x: Floats, samples: Samples) -> Words:
        """Input streams ``(halves, S, lines, W)``."""
        words = self._halves(self._input_encoder, self._lines_of(x), samples, None)
        return self._faulty(words, samples, "inputs", drivers(self._input_encoder))

    def _weight_words(self, samples: Samples) -> Words:
        """Weight streams ``(halves, G, synapses, W)``: G is 1 where all samples meet the same ones."""
        values = self._synapse_values()
        if self.device is not None and self.device.read_noise:
            return self._faulty(self._noisy_words(values, samples), samples, "weights", self._weight_drivers())
        if self._fresh_weights:
            every = np.broadcast_to(values.reshape(-1), (len(samples), values.size))
            words = self._halves(self._weight_encoder, every, samples, None)
        else:
            if self._packed is None:
                self._packed = self._stored_words(values)
            words = self._packed
            if self.faults.weight_flips:
                words = np.repeat(words, len(samples), axis=1)
        return self._faulty(words, samples, "weights", self._weight_drivers())

    def _stored_words(self, values: Floats) -> Words:
        random = isinstance(self.generator, Bernoulli)
        if not random and not self.sparse:
            words = self._halves(self._weight_encoder, values, np.zeros(len(values), np.int64), None)
            return words.reshape(len(words), 1, values.size, -1)
        columns = None if random else self._wiring.inputs
        return self._halves(self._weight_encoder, values.reshape(1, -1), np.zeros(1, np.int64), columns)

    def _noisy_words(self, values: Floats, samples: Samples) -> Words:
        """Weight streams ``(halves, S, synapses, W)`` whose comparators read a cell with new noise in every cycle.

        A comparator of signed split weights gives a 1 on the positive or on the negative line.
        """
        assert self.device is not None
        sigma = self.device.read_sigma(self.encoding != "unipolar")
        flat, halves = values.reshape(-1), 2 if self.encoding == "split" else 1
        random = isinstance(self.generator, Bernoulli)
        numbers = np.empty((1, 0)) if random else self._weight_encoder.levels()
        lines = self._line_of_synapse() if len(numbers) > 1 else None
        words = np.empty((halves, len(samples), flat.size, words_for(self.length)), np.uint64)
        block = max(1, _CHUNK_BYTES // (32 * self.length))
        for place, sample in enumerate(samples.tolist()):
            key = key_of(self._seed("read noise"))
            rng = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, sample]))
            for start in range(0, flat.size, block):
                part = slice(start, start + block)
                read = flat[part, None] + sigma * rng.standard_normal((flat[part].size, self.length))
                u = rng.random(read.shape) if random else numbers if lines is None else numbers[lines[part]]
                if self.encoding == "bipolar":
                    read = (read + 1) / 2
                words[0, place, part] = pack(u < read)
                if halves == 2:
                    words[1, place, part] = pack(u < -read)
        return words

    def _line_of_synapse(self) -> NDArray[np.int64]:
        """Line of a window that each synapse meets."""
        return np.arange(self._n_synapses) % self.fan_in

    def _weight_drivers(self) -> NDArray[np.int64]:
        """Number of the generator that drives each weight stream."""
        if self.share != "independent":
            return np.zeros(self._n_synapses, np.int64)
        return np.arange(self._n_synapses) if isinstance(self.generator, Bernoulli) else self._line_of_synapse()

    def _flipped_products(self, x: Words, w: Words, wiring: Wiring, rows: Samples, pair: int) -> Words:
        """Streams ``(G, B, synapses, W)`` at the outputs of the gates, every bit inverted at the fault rate."""
        left, right = x[:, :, wiring.inputs], w[:, None]
        products = left & right
        if self.encoding == "bipolar":
            products |= ~(left | right)
            products[..., -1] &= tail_mask(self.length)
        synapses = wiring.inputs.size
        streams = (rows[..., None] * 4 + pair) * synapses + np.arange(synapses)
        products ^= flip_masks(key_of(self._seed("product flips")), self.faults.product_flips, streams, self.length)
        return products

    def _refresh_packed_weights(self) -> None:
        """Edits are seen without it; kept so that callers of the documented API need no change."""
        self._packed = None

    def _select(self, samples: Samples) -> NDArray[np.uint32]:
        """Select numbers of the MUX trees ``(S, L)``: one source for the layer."""
        index = 2 * max(self._n_lines, self.fan_in) if self.share == "independent" else 2
        return select_numbers(self.generator, index, self.length, samples, self._seed("select"))

    # ------------------------------------------------------------ forward

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        if not len(x):
            self._synapse_values()  # an edit is checked even if no sample meets it
        step = self._samples_at_once()
        parts = [slice(start, start + step) for start in range(0, max(1, len(x)), step)]
        return np.concatenate([self._run(x[part], samples[part]) for part in parts])

    def _run(self, x: Floats, samples: Samples) -> Floats:
        x_words, w_words = self._input_words(x, samples), self._weight_words(samples)
        if len(x_words) == 2 and not self.faults.product_flips and not x_words[1].any():
            x_words = x_words[:1]  # no negative input: these gates stay at zero
        return self._converted(self._outputs(x_words, w_words, samples))

    def _converted(self, outputs: Floats) -> Floats:
        """Outputs as the converter of the device reads its columns."""
        if self.device is None or self.device.adc_bits is None:
            return outputs
        low = 0.0 if self.encoding == "unipolar" else -1.0
        largest = 1.0
        if self.accumulate in ("mean", "sum"):  # it spans what the weights of one column can give
            starts = self._wiring.indptr[:-1] if self.sparse else np.arange(0, self._n_synapses, self.fan_in)
            columns = np.add.reduceat(np.append(np.abs(self._synapse_values()), 0.0), starts)
            largest = max(float(columns.max()), 1e-9) / (self.fan_in if self.accumulate == "mean" else 1)
        return self.device.adc(outputs, low * largest, largest)

    @abstractmethod
    def _outputs(self, x: Words, w: Words, samples: Samples) -> Floats:
        """Outputs ``(S, ...)`` of streams ``(halves, S, lines, W)`` and ``(halves, G, synapses, W)``."""

    @abstractmethod
    def _window_bytes(self) -> int:
        """Memory that a sample's windows take beside its lines."""

    def _samples_at_once(self) -> int:
        halves = 2 if self.encoding == "split" else 1
        stream = 8 * words_for(self.length)
        needed = halves * stream * self._n_lines + self._window_bytes()
        if self.faults.weight_flips or self._own_weights:
            needed += 2 * halves * stream * self._n_synapses
        if self.faults.product_flips:
            needed += 2 * halves**2 * stream * self._products
        return max(1, _CHUNK_BYTES // needed)

    @property
    def _products(self) -> int:
        """Gates of a pair of halves that a sample passes."""
        return self._n_synapses

    def _accumulated(self, x: Words, w: Words, wiring: Wiring, samples: Samples, rows: Samples | None = None) -> Floats:
        """Outputs ``(G, B, M)`` of arranged streams.

        `samples` ``(G, B)`` are their sample numbers; `rows` number the windows of all samples, by
        default there is one a sample.
        """
        length = self.length
        if self.accumulate == "saturate":
            steps = self._cycle_sums(x, w, wiring, samples if rows is None else rows)
            return compiled.saturate(steps, self.encoding == "split", self.encoding == "bipolar") / length
        fan_in = np.diff(wiring.indptr)
        pairs, wiring, xnor = self._met_pairs(x, w, wiring, samples if rows is None else rows)
        if self.accumulate in ("mean", "sum"):
            total = compiled.wired_counts if self.faults.product_flips else self._total
            return self._sums(signed_sum(pairs, lambda a, b: total(a, b, wiring)), fan_in)
        if self.accumulate == "mux":
            numbers, place = np.unique(samples, return_inverse=True)
            select = self._select(numbers)[place.reshape(samples.shape)]

        def tree(a: Words, b: Words) -> Words:
            if self.accumulate == "or":
                return compiled.or_streams(a, b, wiring, length, xnor)
            return compiled.mux_streams(a, b, wiring, select, length, xnor)

        streams: dict[int, Words] = {}
        for sign, a, b in pairs:
            streams[sign] = streams[sign] | tree(a, b) if sign in streams else tree(a, b)
        ones = {sign: compiled.popcount(words) for sign, words in streams.items()}
        counts = np.stack([ones[1], ones[-1]]) if self.encoding == "split" else ones[1]
        return from_counts(counts, length, self.encoding)

    def _cycle_sums(self, x: Words, w: Words, wiring: Wiring, rows: Samples) -> NDArray[np.int32]:
        """Sums of the products of each cycle, ``(G, B, M, L)``; a bipolar product is 1 or -1."""
        fan_in = np.diff(wiring.indptr)
        pairs, wiring, xnor = self._met_pairs(x, w, wiring, rows)
        sums = signed_sum(pairs, lambda a, b: compiled.cycle_counts(a, b, wiring, self.length, xnor))
        return (2 * sums - fan_in[:, None]).astype(np.int32) if self.encoding == "bipolar" else sums

    def _met_pairs(self, x: Words, w: Words, wiring: Wiring, rows: Samples) -> tuple[Iterable[Pair], Wiring, bool]:
        """Streams whose AND gives the products, or XNOR if the last of the three says so, and their wiring."""
        if not self.faults.product_flips:
            return pairs_of(x, w), wiring, self.encoding == "bipolar"
        alone = Wiring(wiring.indptr, np.arange(wiring.inputs.size), np.zeros(wiring.inputs.size, np.int64))
        return self._pairs_with_flips(x, w, wiring, rows), alone, False

    def _sums(self, counts: NDArray[np.int64], fan_in: NDArray[np.int64] | int) -> Floats:
        """Values of "sum" and "mean" for the ones of all products of neurons with `fan_in` synapses."""
        totals = 2 * counts - fan_in * self.length if self.encoding == "bipolar" else counts
        return totals / (self.length * self.fan_in if self.accumulate == "mean" else self.length)

    def _pairs_with_flips(self, x: Words, w: Words, wiring: Wiring, rows: Samples) -> Iterator[Pair]:
        """The products with their flips in the place of inputs, and constant ones in that of weights."""
        ones = np.full((x.shape[1], 1, x.shape[-1]), 2**64 - 1, np.uint64)
        ones[..., -1] = tail_mask(self.length)
        for place, (sign, inputs, weights) in enumerate(pairs_of(x, w)):
            yield sign, self._flipped_products(inputs, weights, wiring, rows, place), ones

    def _total(self, x: Words, w: Words, wiring: Wiring) -> NDArray[np.int64]:
        """Ones ``(G, B, M)`` of all products of a neuron."""
        kernels = self._kernels()
        start, stop = wiring.indptr[:-1], wiring.indptr[1:]
        if self.sparse:
            ones: NDArray[np.int64] = kernels.wired_counts(x, w, wiring)
        else:
            ones = kernels.and_counts(x, w.reshape(len(w), start.size, x.shape[2], w.shape[-1]))
        if self.encoding != "bipolar":
            return ones
        # Ones of XNOR = L - |x| - |w| + 2 |x AND w|
        x_ones, w_ones = compiled.popcount(x), compiled.popcount(w)
        running = np.cumsum(np.insert(w_ones, 0, 0, axis=1), axis=1)
        single = (running[:, stop] - running[:, start])[:, None]
        if self.sparse:
            shape = (start.size, x_ones.shape[-1])
            joined = csr_array((np.ones_like(wiring.inputs), wiring.inputs, wiring.indptr), shape=shape)
            single = single + (joined @ x_ones.reshape(-1, shape[1]).T).T.reshape(*x_ones.shape[:2], -1)
        else:
            single = single + x_ones.sum(2, keepdims=True)
        return np.asarray(2 * ones + (stop - start) * self.length - single)

    def _kernels(self) -> Any:
        """Whose `and_counts` and `wired_counts` count the products."""
        if self.backend == "numba":
            return compiled
        from ..backends import cuda

        return cuda

    # ------------------------------------------------------------ expectation

    def _read_values(self) -> Floats:
        """Mean of the readings of the weights: noise moves it where it is clipped at the ends of the range."""
        values = self._synapse_values()
        if self.device is None or not self.device.read_noise:
            return values
        p = self.device.read_probability(values, self.encoding)
        if self.encoding != "split":
            return from_probability(p, self.encoding)
        if self.accumulate not in ("mean", "sum"):
            raise ValueError(f"expected has no closed form for accumulate={self.accumulate!r} with split read noise")
        return np.asarray(p[0] - p[1])

    def _met(self, values: Floats, rate: float) -> Floats:
        """Values as the gates meet them: quantised where `bits` is given, and pulled to the middle by flips."""
        if self.faults.hard:
            raise ValueError(f"expected has no closed form with stuck lines or a dead generator, got {self.faults}")
        values = self._quantised(values)
        return (rate if self.encoding == "unipolar" else 0.0) + (1 - 2 * rate) * values

    def _expected_rows(self, rows: Floats, matrix: Any, wiring: Wiring) -> Floats:
        """Outputs ``(R, M)`` of windows ``(R, fan_in)`` as met, for the weights ``(M, fan_in)`` as met."""
        if self.accumulate == "or":
            return self._expected_or(rows, matrix, wiring)
        flips, faults = self.faults.product_flips, self.faults
        any_flips = flips > 0 or faults.input_flips > 0 or faults.weight_flips > 0
        if self.accumulate == "mux" and self.encoding == "split" and any_flips:
            raise ValueError("expected has no closed form for accumulate='mux' with split encoding and bit flips")
        total = (1 - 2 * flips) * np.asarray((matrix @ rows.T).T)
        if self.encoding == "unipolar":
            total += flips * np.diff(wiring.indptr)
        if self.accumulate == "mean":
            return total / self.fan_in
        if self.accumulate == "mux":
            empty = 0.0 if self.encoding != "bipolar" else -1.0
            fan_in = np.diff(wiring.indptr)
            return np.asarray(np.where(fan_in > 0, total / np.maximum(fan_in, 1), empty))
        if self.accumulate == "saturate":
            ramped = any(isinstance(self.generator.decorrelated(role), Ramp) for role in (0, 1))
            if ramped and (self.encoding != "unipolar" or self.share in ("shift", "rotate")):
                # A ramp's ones come in one run: what arrives late is still in the adder at the end.
                raise ValueError("expected has no closed form for accumulate='saturate' with the runs of a ramp")
            return np.asarray(np.clip(total, *value_range(self.encoding)))
        return total

    def _expected_or(self, rows: Floats, matrix: Any, wiring: Wiring) -> Floats:
        faults = self.faults
        if faults.product_flips:
            raise ValueError("expected has no closed form for accumulate='or' with product flips")
        if (faults.input_flips or faults.weight_flips) and (self.share != "independent" or self.encoding == "split"):
            raise ValueError(
                "expected has no closed form for accumulate='or' with bit flips and shared or split streams"
            )
        if self.share not in ("independent", "one"):
            raise ValueError(f"expected has no closed form for accumulate='or' with share={self.share!r}")
        if self.sparse:
            out = np.empty((len(rows), self.n_neurons))
            for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
                columns = wiring.inputs[start:stop]
                out[:, j] = self._union(rows[:, columns], matrix.data[None, start:stop])[:, 0]
            return out
        return self._union(rows, matrix)

    def _union(self, x: Floats, w: Floats) -> Floats:
        """Value ``(B, M)`` of the OR of products of ``(B, n)`` and ``(M, n)``."""
        cover = _shared_union if self.share == "one" else _independent_union
        if self.encoding == "split":
            x_parts = [np.maximum(x, 0), np.maximum(-x, 0)]
            w_parts = [np.maximum(w, 0), np.maximum(-w, 0)]
            both = np.concatenate(x_parts, axis=1)
            positive = cover(both, np.concatenate(w_parts, axis=1), False)
            return positive - cover(both, np.concatenate(w_parts[::-1], axis=1), False)
        p, q = to_probability(x, self.encoding), to_probability(w, self.encoding)
        return from_probability(cover(p, q, self.encoding == "bipolar"), self.encoding)

    # ------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """Weights (and wiring), bias, and where the generators stand."""
        state = super().state_dict()
        state["weights"] = self._stored_weights().copy()
        if self.bias is not None:
            state["bias"] = self.bias.copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        bias = self._checked_bias(state["bias"]) if self.bias is not None else None
        self._weights = self._checked_weights("weights", state["weights"], self._weights.shape)
        self._bias = bias

    def _options_repr(self) -> str:
        faults = "" if self.faults == Faults() else f", {self.faults!r}"
        faults += "" if self.device is None else f", {self.device!r}"
        return (
            f"length={self.length}, {self.generator!r}, encoding={self.encoding!r}, "
            f"accumulate={self.accumulate!r}{faults}, backend={self.backend!r}"
        )


def signed_sum(pairs: Iterable[Pair], count: Callable[[Words, Words], NDArray[Any]]) -> NDArray[Any]:
    """Sum of the counts of all pairs, with their signs; the first one is positive."""
    total: NDArray[Any] | None = None
    for sign, a, b in pairs:
        part = count(a, b)
        total = part if total is None else total + sign * part
    assert total is not None
    return total


def pairs_of(x: Words, w: Words) -> Iterator[Pair]:
    """Sign, inputs and weights of each product of halves."""
    for i, inputs in enumerate(x):
        for j, weights in enumerate(w):
            yield (1 if i == j else -1), inputs, weights


def _gpu_available() -> bool:
    from ..backends import cuda

    return cuda.available()


def _independent_union(p: Floats, q: Floats, xnor: bool) -> Floats:
    """1 - prod_i (1 - P_i) for independent products: ``(B, n)``, ``(M, n)`` to ``(B, M)``."""
    left, right = p[:, None], q[None]
    product = left * right + (1 - left) * (1 - right) if xnor else left * right
    return np.asarray(1 - np.prod(1 - product, axis=2))


def _shared_union(p: Floats, q: Floats, xnor: bool) -> Floats:
    """Area of the union of rectangles: inputs share one number u, weights another number v.

    Product i is one where u < p_i and v < q_i (XNOR: or where both are not). Between two
    neighbouring p the set of v is an interval from 0 to the largest q of the p above (XNOR: and
    one from the smallest q of the p below to 1).
    """
    order = np.argsort(p, axis=1)
    edges = np.take_along_axis(p, order, axis=1)
    edges = np.concatenate([np.zeros((len(p), 1)), edges, np.ones((len(p), 1))], axis=1)
    widths = np.diff(edges, axis=1)[:, None]
    sorted_q = q[:, order].transpose(1, 0, 2)
    zero = np.zeros((*sorted_q.shape[:2], 1))
    above = np.maximum.accumulate(sorted_q[..., ::-1], axis=2)[..., ::-1]
    covered = np.concatenate([above, zero], axis=2)
    if xnor:
        below = np.minimum.accumulate(sorted_q, axis=2)
        covered = np.minimum(covered + 1 - np.concatenate([zero + 1, below], axis=2), 1)
    return np.asarray((covered * widths).sum(2))
