"""The work-horse: a matrix of weight streams against a batch of input streams."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, words_for
from ..backends.philox import philox4x32
from ..backends.reference import Wiring
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding, from_probability, to_probability
from ..encoders import Bernoulli, Encoder, Generator, Ramp, Seed, Share
from ..encoders.seeds import key_of
from .base import ACCUMULATES, Accumulate, Floats, Samples, SCLayer

_CHUNK_BYTES = 1 << 25
"""Streams made at a time: samples are taken in chunks of about this size."""
_FLIP_BITS = 24
_SELECT_BITS = 24


class VectorizedSCLayer(SCLayer):
    """A dense or sparse layer: every synapse is one gate, every neuron counts its gates' ones.

    ::

        x_i  --encoder--+
                        +-- AND (XNOR) --+
        w_ji --encoder--+                +-- accumulate --> y_j
                             .. n_inputs of them ..

    Parameters
    ----------
    n_inputs, n_neurons
        Shape of the layer.
    length
        Stream length L in clock cycles.
    use_gpu
        True: CuPy if a device is there, else the CPU; `repr` says which.
    sparse
        True: keep only ``max(1, round(connectivity * n_inputs * n_neurons))`` synapses, at random.
    connectivity
        Share of the synapses that exist, in (0, 1]; below 1 only with ``sparse=True``.
    generator
        A name or a `Generator`; the weights take its decorrelated partner.
    encoding
        ``"unipolar"``: values in [0, 1], AND. ``"bipolar"``: [-1, 1], XNOR. ``"split"``: [-1, 1] as
        positive and negative part, AND.
    accumulate
        ``"mean"``: count / (L n). ``"sum"``: count / L (parallel counter). ``"saturate"``: a
        cycle-exact saturating adder, about clip(sum). ``"or"``: OR tree. ``"mux"``: random MUX
        tree, the mean of the neuron's own synapses. n is `n_inputs`, and one more with a bias.
    share
        How inputs share generators, see `Encoder`.
    bits
        Width of thresholds; None lets the generator choose.
    bias
        ``(n_neurons,)`` in the encoding's range: one more synapse whose input is the constant 1.
    weight_streams
        Bernoulli only. ``"fresh"``: the weights' generators run on, every sample meets new streams.
        ``"stored"``: one set of streams serves every sample, as from a memory.
    bit_flip_rate
        Probability in [0, 1] that a bit of an input or weight stream is inverted, each on its own.
    seed
        Fixes weights, wiring, streams and faults.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: with Bernoulli streams and ``"sum"``, the variance is sum_i q_i (1 - q_i) / L with
    q_i = x_i w_i (fresh streams); Sobol streams err by about log(L)**2 / L a synapse.

    Examples
    --------
    >>> import numpy as np
    >>> layer = VectorizedSCLayer(n_inputs=8, n_neurons=4, length=512)
    >>> rates = layer.forward(np.random.rand(8))
    >>> rates.shape, bool((rates >= 0).all()), bool((rates <= 1).all())
    ((4,), True, True)
    >>> exact = VectorizedSCLayer.from_weights([[0.5, 0.25]], length=64, generator="sobol", accumulate="sum")
    >>> exact.forward([0.5, 0.5]), exact.expected([0.5, 0.5])
    (array([0.375]), array([0.375]))
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        length: int = 1024,
        use_gpu: bool = True,
        sparse: bool = False,
        connectivity: float = 1.0,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        accumulate: Accumulate = "mean",
        share: Share | None = None,
        bits: int | None = None,
        bias: ArrayLike | None = None,
        weight_streams: Literal["fresh", "stored"] = "fresh",
        bit_flip_rate: float = 0.0,
        seed: Seed = None,
    ) -> None:
        super().__init__(length, generator, encoding, bits, seed)
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.accumulate = cast(Accumulate, checks.option("accumulate", accumulate, ACCUMULATES))
        self.sparse = checks.flag("sparse", sparse)
        self.connectivity = checks.real("connectivity", connectivity, 0.0, 1.0)
        if self.connectivity == 0:
            raise ValueError("connectivity must be above 0, got 0")
        if self.connectivity < 1 and not self.sparse:
            raise ValueError(f"connectivity must be 1 without sparse=True, got {connectivity}")
        self.weight_streams = checks.option("weight_streams", weight_streams, ("fresh", "stored"))
        self.bit_flip_rate = checks.real("bit_flip_rate", bit_flip_rate, 0.0, 1.0)
        self.backend = "cupy" if checks.flag("use_gpu", use_gpu) and _gpu_available() else "numba"
        self._quantised = bits is not None or isinstance(generator, Generator)
        self._bias = None if bias is None else self._checked_bias(bias)
        self._share = share
        self._packed: Words | None = None
        self._seen: Floats | None = None
        self._draw_weights()
        self._reseed()

    # ------------------------------------------------------------ weights

    @classmethod
    def from_weights(cls, weights: ArrayLike, length: int = 1024, **options: Any) -> "VectorizedSCLayer":
        """A layer with these weights ``(n_neurons, n_inputs)``; options as for the constructor.

        With ``sparse=True`` the synapses are the non-zero weights.
        """
        bounds = value_range(options.get("encoding", "unipolar"))
        matrix = checks.array("weights", weights, *bounds, shape=(None, None))
        if options.get("connectivity", 1) != 1:
            raise ValueError(f"connectivity must be 1 with given weights, got {options['connectivity']}")
        layer = cls(matrix.shape[1], matrix.shape[0], length, **options)
        if layer.sparse:
            if not matrix.any():
                raise ValueError("weights must have a non-zero value with sparse=True, got none")
            layer._csr = csr_array(matrix)
            layer._reseed()
        else:
            layer.weights = matrix
        return layer

    def _draw_weights(self) -> None:
        rng = np.random.Generator(np.random.PCG64(self._seed("values")))
        low, high = value_range(self.encoding)
        if not self.sparse:
            self._weights = rng.uniform(low, high, (self.n_neurons, self.n_inputs))
            return
        places = self.n_neurons * self.n_inputs
        kept = np.sort(rng.choice(places, max(1, round(self.connectivity * places)), replace=False, shuffle=False))
        rows, columns = np.divmod(kept, self.n_inputs)
        indptr = np.searchsorted(rows, np.arange(self.n_neurons + 1))
        values = rng.uniform(low, high, kept.size)
        self._csr = csr_array((values, columns, indptr), shape=(self.n_neurons, self.n_inputs))

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)``; assign or edit them, the next `forward` sees it.

        Of a sparse layer this is a read-only copy: edit ``weights_csr.data``, or assign a matrix that
        is zero wherever there is no synapse.
        """
        if not self.sparse:
            return self._weights
        dense: Floats = self._csr.toarray()
        dense.flags.writeable = False
        return dense

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        shape = (self.n_neurons, self.n_inputs)
        matrix = checks.array("weights", values, *value_range(self.encoding), shape=shape).copy()
        if not self.sparse:
            self._weights = matrix
            return
        rows = np.repeat(np.arange(self.n_neurons), np.diff(self._csr.indptr))
        kept = matrix[rows, self._csr.indices]
        matrix[rows, self._csr.indices] = 0
        if matrix.any():
            raise ValueError(f"weights must be zero where there is no synapse, got {matrix[matrix != 0][0]:g}")
        self._csr.data[:] = kept

    @property
    def weights_csr(self) -> csr_array:
        """Weights of a sparse layer (SciPy CSR); its `data` may be edited."""
        if not self.sparse:
            raise AttributeError("weights_csr needs sparse=True")
        return self._csr

    @property
    def bias(self) -> Floats | None:
        """Bias ``(n_neurons,)``, None in a layer made without; assign or edit it like the weights."""
        return self._bias

    @bias.setter
    def bias(self, values: ArrayLike) -> None:
        if self._bias is None:
            raise ValueError("bias must be given to the constructor, got it for a layer without one")
        self._bias = self._checked_bias(values)

    def _checked_bias(self, bias: ArrayLike) -> Floats:
        return checks.array("bias", bias, *value_range(self.encoding), shape=(self.n_neurons,)).copy()

    def _synapse_values(self) -> Floats:
        """Weights with the bias: ``(n_neurons, fan_in)``, sparse ``(synapses,)``; checked.

        Edits since the last call are found here: they are checked, and the packed streams dropped.
        """
        values: Floats = self._csr.data if self.sparse else self._weights
        if self.bias is not None:
            ends = self._csr.indptr[1:] if self.sparse else None
            values = np.column_stack([values, self.bias]) if ends is None else np.insert(values, ends, self.bias)
        if self._seen is None or not np.array_equal(self._seen, values):
            checks.array("weights", self._csr.data if self.sparse else self._weights, *value_range(self.encoding))
            if self.bias is not None:
                self._checked_bias(self.bias)
            self._packed, self._seen = None, values.copy()
        return values

    @property
    def _fan_in(self) -> int:
        """Lines of the layer: the inputs, and the constant of the bias."""
        return self.n_inputs + (self.bias is not None)

    def _make_wiring(self) -> Wiring:
        if not self.sparse:
            synapses = self.n_neurons * self._fan_in
            indptr = np.arange(0, synapses + 1, self._fan_in)
            return Wiring(indptr, np.tile(np.arange(self._fan_in), self.n_neurons), np.arange(synapses))
        indptr, inputs = self._csr.indptr.astype(np.int64), self._csr.indices.astype(np.int64)
        if self.bias is not None:
            inputs = np.insert(inputs, indptr[1:], self.n_inputs)
            indptr = indptr + np.arange(self.n_neurons + 1)
        return Wiring(indptr, inputs, np.arange(inputs.size))

    # ------------------------------------------------------------ streams

    def _reseed(self) -> None:
        random = isinstance(self.generator, Bernoulli)
        self._wiring = self._make_wiring()
        synapses = self._wiring.inputs.size
        self._input_encoder = self._encoder(self._fan_in, 0, "inputs")
        # Deterministic sources are shared by the neurons: input i has one for all its weights.
        self._weight_encoder = self._encoder(synapses if random else self._fan_in, 1, "weights")
        self._packed = None

    def _encoder(self, n: int, role: int, seed_role: str) -> Encoder:
        return Encoder(
            n, self.length, self.generator, self.encoding, share=self._share, role=role, seed=self._seed(seed_role)
        )

    @property
    def share(self) -> Share:
        """The sharing policy in force."""
        return self._input_encoder.share

    def _halves(self, encoder: Encoder, values: Floats, samples: Samples, columns: NDArray[np.int64] | None) -> Words:
        """Streams ``(halves, ..., n, W)``: two halves for split, else one."""
        if self.encoding == "split":
            return encoder.split(values, samples, columns)
        return encoder.words(to_probability(values, self.encoding), samples, columns)[None]

    def _input_words(self, x: Floats, samples: Samples) -> Words:
        """Input streams ``(halves, B, fan_in, W)``."""
        if self.bias is not None:
            x = np.column_stack([x, np.ones(len(x))])
        words = self._halves(self._input_encoder, x, samples, None)
        return self._flipped(words, samples, "input flips")

    def _weight_words(self, samples: Samples) -> Words:
        """Weight streams ``(halves, G, synapses, W)``: G is 1 where all samples meet the same ones."""
        values = self._synapse_values()
        random = isinstance(self.generator, Bernoulli)
        if random and self.weight_streams == "fresh":
            every = np.broadcast_to(values.reshape(-1), (len(samples), values.size))
            words = self._halves(self._weight_encoder, every, samples, None)
        else:
            if self._packed is None:
                self._packed = self._stored_words(values, random)
            words = self._packed
            if self.bit_flip_rate:
                words = np.repeat(words, len(samples), axis=1)
        return self._flipped(words, samples, "weight flips")

    def _stored_words(self, values: Floats, random: bool) -> Words:
        flat = values.reshape(1, -1)
        columns = None if random else self._wiring.inputs
        first = np.zeros(1, np.int64)
        if not random and not self.sparse:
            words = self._halves(self._weight_encoder, values, np.zeros(len(values), np.int64), None)
            return words.reshape(len(words), 1, values.size, -1)
        return self._halves(self._weight_encoder, flat, first, columns)

    def _flipped(self, words: Words, samples: Samples, role: str) -> Words:
        """The words with every bit inverted at the fault rate; masks are fresh for every sample."""
        if not self.bit_flip_rate:
            return words
        halves, _, lines, n_words = words.shape
        per_sample = halves * lines
        streams = samples[None, :, None] * per_sample + np.arange(per_sample).reshape(halves, 1, lines)
        threshold = np.uint64(round(self.bit_flip_rate * (1 << _FLIP_BITS)))
        masks = compiled.bernoulli(
            key_of(self._seed(role)),
            streams.reshape(-1).astype(np.uint64),
            np.full(streams.size, threshold),
            _FLIP_BITS,
            self.length,
        )
        return words ^ masks.reshape(halves, len(samples), lines, n_words)

    @property
    def packed_weights(self) -> Words:
        """Weight streams that the next sample meets, uint64 ``(n_neurons, n_inputs, ceil(L / 64))``.

        Bit t is bit ``t % 64`` of word ``t // 64``; tail bits are zero. Split layers have a leading
        axis of two (positive, negative part); sparse layers have one axis of synapses.
        """
        words = self._weight_words(np.array([self.samples]))[:, 0]
        if self.sparse:
            wiring = self._wiring
            words = words[:, wiring.inputs < self.n_inputs]
        else:
            words = words.reshape(len(words), self.n_neurons, self._fan_in, -1)[:, :, : self.n_inputs]
        return words if self.encoding == "split" else words[0]

    def _refresh_packed_weights(self) -> None:
        """Edits are seen without it; kept so that callers of the documented API need no change."""
        self._packed = None

    def _select(self, samples: Samples) -> NDArray[np.uint32]:
        """Select numbers of the MUX trees ``(B, L)``: one source for the layer."""
        if isinstance(self.generator, Bernoulli):
            blocks = np.arange(-(-self.length // 4))
            counters = np.zeros((len(samples), blocks.size, 4), np.uint64)
            counters[..., 0] = samples[:, None] & 0xFFFFFFFF
            counters[..., 1] = samples[:, None] >> 32
            counters[..., 2] = blocks
            key = key_of(self._seed("select"))
            numbers = philox4x32(counters, [key & 0xFFFFFFFF, key >> 32]).reshape(len(samples), -1)
            return np.ascontiguousarray(numbers[:, : self.length])
        index = 2 * self._fan_in if self.share == "independent" else 2
        source = self.generator.decorrelated(index).finer(_SELECT_BITS)
        numbers = source.sequence(self.length) << np.uint32(32 - source.bits)
        return np.broadcast_to(numbers, (len(samples), self.length)).copy()

    # ------------------------------------------------------------ forward

    def _checked(self, x: ArrayLike) -> Floats:
        return checks.array("x", x, *value_range(self.encoding), last=self.n_inputs)

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        wiring = self._wiring
        out = np.empty((len(x), self.n_neurons))
        if not len(x):
            self._synapse_values()
        step = self._samples_at_once(wiring)
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            x_words, w_words = self._input_words(x[part], samples[part]), self._weight_words(samples[part])
            out[part] = self._accumulated(x_words, w_words, wiring, samples[part])
        return out

    def _samples_at_once(self, wiring: Wiring) -> int:
        halves = 2 if self.encoding == "split" else 1
        stream = 8 * words_for(self.length)
        needed = halves * stream * self._fan_in
        if self.bit_flip_rate or (isinstance(self.generator, Bernoulli) and self.weight_streams == "fresh"):
            needed += 2 * halves * stream * wiring.inputs.size
        if self.accumulate == "saturate":
            needed += 4 * self.length * self.n_neurons
        return max(1, _CHUNK_BYTES // needed)

    def _accumulated(self, x: Words, w: Words, wiring: Wiring, samples: Samples) -> Floats:
        """Outputs ``(B, n_neurons)`` from streams ``(halves, B, fan_in, W)`` and ``(halves, G, synapses, W)``."""
        length, xnor = self.length, self.encoding == "bipolar"
        fan_in = np.diff(wiring.indptr)
        if self.accumulate in ("mean", "sum"):
            counts = self._signed(x, w, lambda a, b: self._total(a, b, wiring))
            totals = 2 * counts - fan_in * length if xnor else counts
            return totals / (length * self._fan_in if self.accumulate == "mean" else length)
        if self.accumulate == "saturate":
            steps = self._signed(x, w, lambda a, b: compiled.cycle_counts(a, b, wiring, length, xnor))
            if xnor:
                steps = (2 * steps - fan_in[:, None]).astype(np.int32)
            return self._by_sample(compiled.saturate(steps, self.encoding == "split", xnor)) / length
        if self.accumulate == "mux":
            select = self._select(samples)

        def tree(a: Words, b: Words) -> Words:
            if self.accumulate == "or":
                return compiled.or_streams(a, b, wiring, length, xnor)
            chosen = select[None] if len(b) == 1 else select[:, None]
            return compiled.mux_streams(a, b, wiring, chosen, length, xnor)

        streams: dict[int, Words] = {}
        for sign, a, b in self._lines(x, w):
            streams[sign] = streams[sign] | tree(a, b) if sign in streams else tree(a, b)
        shares = {sign: self._by_sample(compiled.popcount(words)) / length for sign, words in streams.items()}
        if self.encoding == "split":
            return np.asarray(shares[1] - shares[-1])
        return from_probability(shares[1], self.encoding)

    def _lines(self, x: Words, w: Words) -> Iterator[tuple[int, Words, Words]]:
        """Sign, inputs ``(G, B / G, fan_in, W)`` and weights ``(G, synapses, W)`` of each product that can be one."""
        groups = w.shape[1]
        for i, half in enumerate(x):
            if i == 1 and not half.any():
                continue  # no negative input: these AND gates stay at zero
            inputs = half[None] if groups == 1 else half[:, None]
            for j, weights in enumerate(w):
                yield (1 if i == j else -1), inputs, weights

    def _signed(self, x: Words, w: Words, count: Callable[[Words, Words], NDArray[Any]]) -> NDArray[Any]:
        total: NDArray[Any] | None = None
        for sign, a, b in self._lines(x, w):
            part = count(a, b)
            total = part if total is None else total + sign * part
        assert total is not None
        return total

    def _total(self, x: Words, w: Words, wiring: Wiring) -> NDArray[np.int64]:
        """Ones ``(B, n_neurons)`` of all products of a neuron."""
        kernels = self._kernels()
        if self.sparse:
            ones = kernels.wired_counts(x, w, wiring)
        else:
            ones = kernels.and_counts(x, w.reshape(len(w), self.n_neurons, self._fan_in, -1))
        if self.encoding == "bipolar":  # ones of XNOR = L - |x| - |w| + 2 |x AND w|
            x_ones, w_ones = compiled.popcount(x), compiled.popcount(w)
            running = np.cumsum(np.insert(w_ones, 0, 0, axis=1), axis=1)
            start, stop = wiring.indptr[:-1], wiring.indptr[1:]
            single = running[:, None, stop] - running[:, None, start]
            if self.sparse:
                shape = (self.n_neurons, self._fan_in)
                joined = csr_array((np.ones_like(wiring.inputs), wiring.inputs, wiring.indptr), shape=shape)
                single = single + (joined @ x_ones.reshape(-1, self._fan_in).T).T.reshape(*x_ones.shape[:2], -1)
            else:
                single = single + x_ones.sum(2, keepdims=True)
            ones = 2 * ones + (stop - start) * self.length - single
        return self._by_sample(ones)

    def _by_sample(self, values: NDArray[Any]) -> NDArray[Any]:
        """``(G, B / G, n_neurons, ...)`` as ``(B, n_neurons, ...)``."""
        return values.reshape(-1, *values.shape[2:]) if values.ndim > 2 else values

    def _kernels(self) -> ModuleType:
        if self.backend == "numba":
            return compiled
        from ..backends import cuda

        return cuda

    # ------------------------------------------------------------ expectation

    def _expected(self, x: Floats) -> Floats:
        if self.bias is not None:
            x = np.column_stack([x, np.ones(len(x))])
        inputs = self._met(x)
        weights = self._met(self._synapse_values())
        wiring = self._wiring
        matrix: Any = weights
        if self.sparse:
            matrix = csr_array((weights, wiring.inputs, wiring.indptr), shape=(self.n_neurons, self._fan_in))
        if self.accumulate == "or":
            return self._expected_or(inputs, matrix, wiring)
        if self.accumulate == "mux" and self.encoding == "split" and self.bit_flip_rate:
            raise ValueError("expected has no closed form for accumulate='mux' with split encoding and bit flips")
        total = np.asarray((matrix @ inputs.T).T)
        if self.accumulate == "mean":
            return total / self._fan_in
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

    def _met(self, values: Floats) -> Floats:
        """Values as the gates meet them: quantised where `bits` is given, and pulled to the middle by flips."""
        if self._quantised:
            scale = 2.0**self.generator.bits
            p = to_probability(values, self.encoding)
            values = from_probability(np.floor(p * scale + 0.5) / scale, self.encoding)
        rate = self.bit_flip_rate
        return (rate if self.encoding == "unipolar" else 0.0) + (1 - 2 * rate) * values

    def _expected_or(self, x: Floats, matrix: Any, wiring: Wiring) -> Floats:
        if self.bit_flip_rate and (self.share != "independent" or self.encoding == "split"):
            raise ValueError(
                "expected has no closed form for accumulate='or' with bit flips and shared or split streams"
            )
        if self.share not in ("independent", "one"):
            raise ValueError(f"expected has no closed form for accumulate='or' with share={self.share!r}")
        if self.sparse:
            out = np.empty((len(x), self.n_neurons))
            for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
                columns = wiring.inputs[start:stop]
                out[:, j] = self._union(x[:, columns], matrix.data[None, start:stop])[:, 0]
            return out
        return self._union(x, matrix)

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
        state["weights"] = self._csr.data.copy() if self.sparse else self._weights.copy()
        if self.sparse:
            state["indices"], state["indptr"] = self._csr.indices.copy(), self._csr.indptr.copy()
        if self.bias is not None:
            state["bias"] = self.bias.copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        bounds = value_range(self.encoding)
        bias = self._checked_bias(state["bias"]) if self.bias is not None else None
        if self.sparse:
            data = checks.array("weights", state["weights"], *bounds, shape=(len(state["indices"]),))
            shape = (self.n_neurons, self.n_inputs)
            try:
                csr = csr_array((data.copy(), np.array(state["indices"]), np.array(state["indptr"])), shape=shape)
                csr.check_format()
            except ValueError as error:
                raise ValueError(f"indices and indptr must be a CSR wiring of shape {shape}, got: {error}") from error
            self._csr = csr
        else:
            shape = (self.n_neurons, self.n_inputs)
            self._weights = checks.array("weights", state["weights"], *bounds, shape=shape).copy()
        self._bias = bias

    def __repr__(self) -> str:
        wires = f", synapses={self._csr.nnz}" if self.sparse else ""
        faults = f", bit_flip_rate={self.bit_flip_rate:g}" if self.bit_flip_rate else ""
        return (
            f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}{wires}, length={self.length}, "
            f"{self.generator!r}, encoding={self.encoding!r}, accumulate={self.accumulate!r}{faults}, "
            f"backend={self.backend!r})"
        )


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
