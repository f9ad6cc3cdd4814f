"""The work-horse: a matrix of weight streams against a batch of input streams."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from .. import checks
from ..backends.packing import Words
from ..backends.reference import Wiring
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed, Share
from ..gates.faults import Faults
from ..synapses import MemristorModel
from .old_base import Accumulate, Floats, Samples
from .weighted import WeightedLayer


class VectorizedSCLayer(WeightedLayer):
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
    faults
        All kinds of faults, see `Faults`; not with `bit_flip_rate`.
    device
        A `MemristorModel` that the weights (and biases) are written into: the gates meet what it makes
        of them. None: the weights themselves.
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
        faults: Faults | None = None,
        device: MemristorModel | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(
            checks.whole("n_neurons", n_neurons, 1),
            length,
            use_gpu=use_gpu,
            generator=generator,
            encoding=encoding,
            accumulate=accumulate,
            share=share,
            bits=bits,
            bias=bias,
            weight_streams=weight_streams,
            bit_flip_rate=bit_flip_rate,
            faults=faults,
            device=device,
            seed=seed,
        )
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.sparse = checks.flag("sparse", sparse)
        self.connectivity = checks.real("connectivity", connectivity, 0.0, 1.0)
        if self.connectivity == 0:
            raise ValueError("connectivity must be above 0, got 0")
        if self.connectivity < 1 and not self.sparse:
            raise ValueError(f"connectivity must be 1 without sparse=True, got {connectivity}")
        self._n_lines = self.fan_in
        self._draw_weights()
        self._reseed()

    # ------------------------------------------------------------ weights

    @classmethod
    def from_weights(cls, weights: ArrayLike, length: int = 1024, **options: Any) -> Self:
        """A layer with these weights ``(n_neurons, n_inputs)``; options as for the constructor.

        With ``sparse=True`` the synapses are the non-zero weights.
        """
        bounds = value_range(options.get("encoding", "unipolar"))
        matrix = checks.array("weights", weights, *bounds, shape=(None, None))
        if options.get("connectivity", 1) != 1:
            raise ValueError(f"connectivity must be 1 with given weights, got {options['connectivity']}")
        layer = cls(matrix.shape[1], matrix.shape[0], length=length, **options)
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
        matrix = self._checked_weights("weights", values, shape)
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

    def _stored_weights(self) -> Floats:
        return self._csr.data if self.sparse else self._weights

    def _with_bias(self) -> Floats:
        if not self.sparse:
            return super()._with_bias()
        if self.bias is None:
            return self._stored_weights()
        return np.insert(self._csr.data, self._csr.indptr[1:], self.bias)

    @property
    def fan_in(self) -> int:
        """Lines of the layer: its inputs, and the constant of a bias."""
        return self.n_inputs + (self.bias is not None)

    def _make_wiring(self) -> Wiring:
        if not self.sparse:
            return super()._make_wiring()
        indptr, inputs = self._csr.indptr.astype(np.int64), self._csr.indices.astype(np.int64)
        if self.bias is not None:
            inputs = np.insert(inputs, indptr[1:], self.n_inputs)
            indptr = indptr + np.arange(self.n_neurons + 1)
        return Wiring(indptr, inputs, np.arange(inputs.size))

    # ------------------------------------------------------------ streams

    def _line_of_synapse(self) -> NDArray[np.int64]:
        return self._wiring.inputs

    def _lines_of(self, x: Floats) -> Floats:
        return x if self.bias is None else np.column_stack([x, np.ones(len(x))])

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
            words = words.reshape(len(words), self.n_neurons, self.fan_in, -1)[:, :, : self.n_inputs]
        return words if self.encoding == "split" else words[0]

    # ------------------------------------------------------------ outputs

    def _checked(self, x: ArrayLike) -> Floats:
        return checks.array("x", x, *value_range(self.encoding), last=self.n_inputs)

    def _outputs(self, x: Words, w: Words, samples: Samples) -> Floats:
        # One group with all samples, or a group a sample where each has weight streams of its own.
        arrange = (slice(None), None) if w.shape[1] == 1 else (slice(None), slice(None), None)
        out = self._accumulated(x[arrange], w, self._wiring, samples[arrange[1:]])
        return out.reshape(-1, self.n_neurons)

    def _window_bytes(self) -> int:
        return 4 * self.length * self.n_neurons if self.accumulate == "saturate" else 0

    def _expected(self, x: Floats) -> Floats:
        rows, weights, wiring = (
            self._met(self._lines_of(x), self.faults.input_flips),
            self._met(self._read_values(), self.faults.weight_flips),
            self._wiring,
        )
        matrix: Any = weights
        if self.sparse:
            matrix = csr_array((weights, wiring.inputs, wiring.indptr), shape=(self.n_neurons, self.fan_in))
        return self._converted(self._expected_rows(rows, matrix, wiring))

    # ------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """Weights (and wiring), bias, and where the generators stand."""
        state = super().state_dict()
        if self.sparse:
            state["indices"], state["indptr"] = self._csr.indices.copy(), self._csr.indptr.copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        if not self.sparse:
            super()._load_values(state)
            return
        bias = self._checked_bias(state["bias"]) if self.bias is not None else None
        data = self._checked_weights("weights", state["weights"], (len(state["indices"]),))
        shape = (self.n_neurons, self.n_inputs)
        try:
            csr = csr_array((data, np.array(state["indices"]), np.array(state["indptr"])), shape=shape)
            csr.check_format()
        except ValueError as error:
            raise ValueError(f"indices and indptr must be a CSR wiring of shape {shape}, got: {error}") from error
        self._csr, self._bias = csr, bias

    def __repr__(self) -> str:
        wires = f", synapses={self._csr.nnz}" if self.sparse else ""
        return f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}{wires}, {self._options_repr()})"
