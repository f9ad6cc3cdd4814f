"""Dense and sparse layers: a matrix of weight streams times a batch of input streams."""

from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from .. import checks
from ..backends.types import Words
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed, Share
from ..gates.accumulators import Accumulate, Accumulator
from ..gates.faults import Faults
from ..read_only import attribute
from ..synapses import MemristorModel
from .base import Floats, SCLayer
from .options import WeightStreams, layer_options
from .sparse import random_synapses
from .streams import Streams
from .weight_share import WeightShare
from .weighted import attributes
from .weighted.dense_sum import DenseSum
from .weighted.synapse_array import SynapseArray
from .weighted.weights import DenseWeights, given_weights, matrix_weights


class VectorizedSCLayer(SCLayer):
    """A dense or sparse layer: a gate multiplies for every synapse, and every neuron counts the ones of its gates.

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
        True: a GPU if there is one, else the CPU; `repr` says which.
    sparse
        True: keep only ``max(1, round(connectivity * n_inputs * n_neurons))`` synapses, at random.
    connectivity
        Share of the synapses that exist, in (0, 1]; below 1 only with ``sparse=True``.
    generator
        A name or a `Generator`; the weights take its decorrelated partner.
    encoding
        ``"unipolar"``: values in [0, 1], AND. ``"bipolar"``: [-1, 1], XNOR. ``"split"``: [-1, 1] as
        positive and negative rail, AND.
    accumulate
        ``"mean"``: count / (L n). ``"sum"``: count / L (parallel counter). ``"saturate"``: a
        cycle-exact saturating adder, about clip(sum). ``"or"``: OR tree. ``"mux"``: random MUX
        tree, the mean of the neuron's own synapses. n is `n_inputs`, and one more with a bias.
    share
        How inputs share generators, see `Encoder`.
    bits
        Width of thresholds; None: what the generator needs, see `make_generator`.
    bias
        ``(n_neurons,)`` in the encoding's range: one more synapse whose input is the constant 1.
    weight_streams
        Bernoulli only. ``"fresh"``: the weights' generators run on, every sample gets new streams.
        ``"stored"``: one set of streams serves every sample, as from a memory.
    weight_share
        ``"independent"``: a source for every weight (Bernoulli). ``"neurons"``: one for every input line, which feeds
        all neurons. ``"one"``: one for the layer. None: as generator and `share` are, see `layers.weight_share`.
    faults
        Faults of the circuit, see `Faults`; None: none.
    device
        A `MemristorModel` that the weights (and biases) are written into: the gates see what it makes
        of them. None: the weights themselves.
    seed
        Fixes weights, wiring, streams and faults.
    backend
        Name of the backend, one of ``sc_neurocore.backends.available()``; wins over `use_gpu`. None: the default.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: with Bernoulli streams and ``"sum"``, the variance is sum_i q_i (1 - q_i) / L with
    q_i = x_i w_i (fresh streams), whether neurons share sources or not; that of two neurons is said in
    `layers.weight_share`. Sobol streams err by about log(L)**2 / L a synapse.

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
        weight_streams: WeightStreams = "fresh",
        weight_share: WeightShare | None = None,
        faults: Faults | None = None,
        device: MemristorModel | None = None,
        seed: Seed = None,
        backend: str | None = None,
    ) -> None:
        self._options = layer_options(
            length, use_gpu, backend, generator=generator, encoding=encoding, accumulate=accumulate, share=share,
            bits=bits, weight_streams=weight_streams, weight_share=weight_share, faults=faults, device=device,
        )  # fmt: skip
        self._n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self._n_neurons = checks.whole("n_neurons", n_neurons, 1)
        super().__init__(seed, (self._n_neurons, self._n_inputs))
        self._sparse = checks.flag("sparse", sparse)
        self._connectivity = checks.real("connectivity", connectivity, 0.0, 1.0)
        if self._connectivity == 0:
            raise ValueError("connectivity must be above 0, got 0")
        if self._connectivity < 1 and not self._sparse:
            raise ValueError(f"connectivity must be 1 without sparse=True, got {connectivity}")
        self._weights = matrix_weights(self._drawn(), encoding, bias, self._edit)
        self._options = self._options.for_fan_in(self._weights.fan_in)
        self._reseed()

    n_inputs: int = attribute("_n_inputs", "Inputs of the layer.")
    n_neurons: int = attribute("_n_neurons", "Neurons of the layer.")
    sparse: bool = attribute("_sparse", "Whether only some synapses exist.")
    connectivity: float = attribute("_connectivity", "Share of the synapses that exist.")
    options = attributes.options
    length, encoding, accumulate, weight_streams, faults, device, backend = attributes.of_weighted_layers
    bias, fan_in, share, generator = attributes.bias, attributes.fan_in, attributes.share, attributes.generator
    weight_share, prepare = attributes.weight_share, attributes.prepare
    _edit = "weights"
    """Name of the array that is edited where weights are dense."""

    def _drawn(self) -> Floats | csr_array:
        """Random weights."""
        rng, shape = self._seeds.generator("values"), (self._n_neurons, self._n_inputs)
        bounds = value_range(self._options.encoding)
        return random_synapses(rng, shape, self._connectivity, bounds) if self._sparse else rng.uniform(*bounds, shape)

    @classmethod
    def from_weights(cls, weights: ArrayLike, length: int = 1024, **options: Any) -> Self:
        """A layer with these weights ``(n_neurons, n_inputs)``; options as for the constructor.

        With ``sparse=True`` the synapses are the non-zero weights.
        """
        matrix = given_weights("weights", weights, options.get("encoding", "unipolar"), "n_neurons", "n_inputs")
        if options.get("connectivity", 1) != 1:
            raise ValueError(f"connectivity must be 1 with given weights, got {options['connectivity']}")
        layer = cls(matrix.shape[1], matrix.shape[0], length=length, **options)
        if layer.sparse and not matrix.any():
            raise ValueError("weights must have a non-zero value with sparse=True, got none")
        layer._weights.start_from(csr_array(matrix) if layer.sparse else matrix)
        if layer.sparse:
            layer._reseed()
        return layer

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)``; assign or edit them, the next `forward` sees it.

        Of a sparse layer a read-only copy: edit ``weights_csr.data``, or assign a matrix, 0 where there is no synapse.
        """
        return self._weights.array

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        self._weights.assign(values)

    @property
    def weights_csr(self) -> csr_array:
        """Weights of a sparse layer (SciPy CSR): its `data` may be edited, its synapses stay as they are."""
        if isinstance(self._weights, DenseWeights):
            raise AttributeError("weights_csr needs sparse=True")
        return self._weights.csr

    def _forget(self) -> None:
        self._weights.restore(self._drawn)
        if self._sparse:
            self._reseed()

    def _reseed(self) -> None:
        self._synapses = SynapseArray(self._weights, self._options, self._seeds)
        self._sum = DenseSum(self._synapses, self._options, self._seeds, self._accumulator())

    def _accumulator(self) -> Accumulator | None:
        """Accumulator of the products; None: the one that the options name."""
        return None

    def weighted_sum(self) -> DenseSum:
        """The circuit: input lines, synapses and accumulator."""
        return self._sum

    @property
    def packed_weights(self) -> Words:
        """Weight streams that the next sample uses, uint64 ``(n_neurons, n_inputs, ceil(L / 64))``.

        Bit t is bit ``t % 64`` of word ``t // 64``; tail bits are zero. Split layers have a leading
        axis of two (positive, negative rail); sparse layers have one axis of synapses.
        """
        return self._synapses.packed(self.samples, "weights_csr.data" if self._sparse else self._edit)

    def _refresh_packed_weights(self) -> None:
        """Edits are seen without it; kept so that callers of the documented API need no change."""
        self._synapses.forget()

    def streams(self, input_values: ArrayLike) -> Streams:
        """The streams that the next `forward` of these inputs uses; the generators do not advance.

        Returns
        -------
        Streams
            ``inputs``: ``(..., n_inputs)``, the constant of a bias behind them. ``weights``: ``(n_neurons, fan_in)``,
            of a sparse layer ``(synapses,)``, with the batch axes in front where every sample gets its own.
        """
        x = self._checked(input_values)
        flat = self._sum.lines(x.reshape(-1, self._n_inputs))
        of_neurons = (self._synapses.n_synapses,) if self._sparse else (self._n_neurons, self.fan_in)
        return self._sum.circuit.streams(flat, self.samples + np.arange(len(flat)), x.shape[:-1], of_neurons)

    _checked = attributes.checked_inputs

    def forward(self, input_values: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., n_neurons)`` of inputs ``(..., n_inputs)``, decoded from counts of real streams.

        `samples` are numbers ``(...)``, which decide the random bits of each; none are reserved. None: the next ones.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        x, seen = self._checked(input_values), self._synapses.seen()
        return self._over_samples(partial(self._sum.outputs, seen), x, 1, self._sum.sample_bytes, samples)

    __call__ = forward

    def expected(self, input_values: ArrayLike) -> Floats:
        """Limit of `forward` as the stream length grows, ``(..., n_neurons)``.

        Raises
        ------
        ValueError
            As `forward`, and if there is no closed form.
        """
        x, seen = self._checked(input_values), self._synapses.seen()
        out = self._sum.expected(seen, x.reshape(-1, self._n_inputs))
        return out.reshape(*x.shape[:-1], self._n_neurons)

    def _values(self) -> dict[str, Any]:
        return self._weights.state()

    def _load_values(self, state: dict[str, Any]) -> None:
        self._weights.load(state)

    def __repr__(self) -> str:
        wires = f", synapses={self.weights_csr.nnz}" if self._sparse else ""
        return f"{type(self).__name__}({self._n_inputs} -> {self._n_neurons}{wires}, {self._options.describe()})"
