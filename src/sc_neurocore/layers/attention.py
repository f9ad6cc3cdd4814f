"""Attention: scores by AND gates and counters, weighted means of the values by a multiplexer for each row."""

from functools import partial
from operator import attrgetter

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams import Encoding, value_range
from ..bitstreams.encodings import check_encoding
from ..encoders import Generator, Seed, make_generator
from ..encoders.seeds import Seeds
from .attending.circuit import AttentionCircuit, AttentionStreams
from .attending.operands import Operands, checked_operands
from .base import Floats, SCLayer


class StochasticAttention(SCLayer):
    """Attention with row-normalised scores, whose queries, keys, values and attention weights are streams.

    ::

        Q_nk --encoder--+
                        +-- AND --+
        K_mk --encoder--+         +-- count --> S_nm --> running sum / row sum --> edges c_nm
                          .. dim_k of them ..                                          |
                                                                           u_t --> [compare]
        V_1j --encoder--|\\                                                             | m
          ..            | |-- count --> y_nj                                           |
        V_Mj --encoder--|/                                                             |
                         +-------------------------------------------------------------+

    The scores leave the stream domain once: counters hold them after L cycles, and a divider turns a
    row into the edges of M intervals of [0, 1]. In the L cycles after that, the number u_t of a cycle
    lies in one interval, and that value's bit passes. So the attention weights are streams again: the
    one of key m is 1 while m is selected, and of the streams of a row exactly one is 1 in a cycle.

    Parameters
    ----------
    dim_k
        Size of a query and of a key.
    temperature
        Divides the scores of `forward_softmax`, above 0: ``sqrt(dim_k)`` is the usual scaled
        attention; may be set. The linear circuit does not feel it, since a row is divided by its sum.
    generator
        A name or a `Generator`, for every call of `forward_bitstream` that names none. Queries
        and values, which never meet, take its line 0, keys its line 1; u_t is a further random number for
        every row and cycle (Bernoulli), or else the clock, ``t / L``.
    encoding
        Of the values: ``"unipolar"`` [0, 1], ``"bipolar"`` [-1, 1], or ``"split"`` [-1, 1] on a positive
        and a negative rail. Queries and keys are unipolar, since shares of a row need scores >= 0.
    bits
        Width of thresholds; None: what the generator needs, see `make_generator`.
    seed
        Fixes the streams.
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law, Bernoulli: a bit of the output has the mean y of the values under the weights that the
    counters hold, so the variance is y (1 - y) / L, bipolar (1 - y**2) / L, split (sum a |v| - y**2) / L;
    the noise of the scores adds about 1 / (dim_k M) of that for M keys. Sobol: the RMSE is .3 to .7
    sqrt(M) / L, for L >= M.

    Why a multiplexer: the weights of a row sum to 1. An AND gate for every key and a parallel counter
    have the variance sum a v (1 - a v) / L, which is never less than y (1 - y) / L and can leave the range
    of the values. On a shared sequence that circuit fails: weights of about 1 / M are all 1 in the same
    L / M cycles, and the values are read in these only (uniform operands, M = L = 64, weights on line 2 or 3:
    RMSE .13 or .46 against .035).

    Why the clock: a counter and a low-discrepancy sequence of the values cover the square more evenly than
    two such sequences (Hammersley), key m meets a_m L successive numbers, and the edges round to 1 / L for
    every L. With a third Sobol line as u_t the RMSE at M = 64, L = 4096 is 2.5 times as large, and from
    L = 64 on it falls as L**-0.70 instead of L**-0.84.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, https://doi.org/10.48550/arXiv.1706.03762;
    without the softmax: A. Katharopoulos et al., "Transformers are RNNs", 2020,
    https://doi.org/10.48550/arXiv.2006.16236. Multiplexer as a weighted mean: B. R. Gaines, 1969,
    https://doi.org/10.1007/978-1-4899-5841-9_2. J. M. Hammersley, "Monte Carlo methods for solving
    multivariable problems", 1960, https://doi.org/10.1111/j.1749-6632.1960.tb42846.x.

    Examples
    --------
    >>> attention = StochasticAttention(dim_k=2, seed=0)
    >>> Q, K, V = [[1.0, 0.0]], [[0.75, 0.5], [0.25, 0.5]], [[1.0, 0.5], [0.0, 0.5]]
    >>> attention.forward(Q, K, V)
    array([[0.75, 0.5 ]])
    >>> attention.forward_bitstream(Q, K, V, length=64, use_sobol=True)
    array([[0.75, 0.5 ]])

    The identity as values reads the attention weights.

    >>> attention.forward_bitstream(Q, K, np.eye(2), length=64, use_sobol=True)
    array([[0.75, 0.25]])
    """

    def __init__(
        self,
        dim_k: int,
        temperature: float = 1.0,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        bits: int | None = None,
        seed: Seed = None,
        backend: str | None = None,
    ) -> None:
        self._dim_k = checks.whole("dim_k", dim_k, 1, 2**32 - 1)
        super().__init__(seed, (self._dim_k,))
        self.temperature = temperature
        self._encoding = check_encoding(encoding)
        make_generator(generator, 1, bits)  # refuse it now rather than at the first call
        self._generator, self._bits = generator, bits
        checked_backend(backend)
        self._backend = backend

    dim_k = property(attrgetter("_dim_k"))
    encoding = property(attrgetter("_encoding"))
    generator = property(attrgetter("_generator"))
    bits = property(attrgetter("_bits"))
    backend = property(lambda self: choose(self._backend).name, doc="Name of the backend that runs the kernels.")

    def _set_temperature(self, temperature: float) -> None:
        self._temperature = checks.positive("temperature", temperature)

    temperature = property(attrgetter("_temperature"), _set_temperature, doc="Divisor of scores; may be set.")

    def forward(self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
        """Limit of `forward_bitstream` for exact operands as the stream length grows: row-normalised linear attention.

        Parameters
        ----------
        Q, K, V
            Queries ``(..., N, dim_k)``, keys ``(..., M, dim_k)``, values ``(..., M, dim_v)``; leading axes
            (heads, batch) broadcast, a vector is one row. Any finite numbers whose scores are >= 0.
        mask
            Booleans that broadcast to ``(..., N, M)``; False: query n does not attend to key m.

        Returns
        -------
        ndarray
            float64 ``(..., N, dim_v)``: the scores ``Q K^T``, rows divided by their sums, times V. A row
            without a score above 0 gives zeros: the circuit emits nothing.

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, a number is not finite, or a score is negative.
        """
        return checked_operands(self.dim_k, Q, K, V, mask).over_rows(_linear)

    expected = __call__ = forward

    def forward_softmax(self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
        """Softmax attention in floating point, ``softmax(Q K^T / temperature) V``, to compare with.

        Parameters, shapes and errors are those of `forward`, but scores may be negative; a row that is
        masked throughout gives zeros. The largest score of a row is subtracted first, so none is too large.
        """
        return checked_operands(self.dim_k, Q, K, V, mask).over_rows(partial(_softmax, self.temperature))

    def forward_bitstream(
        self,
        Q: ArrayLike,
        K: ArrayLike,
        V: ArrayLike,
        length: int = 1024,
        use_sobol: bool = False,
        *,
        generator: str | Generator | None = None,
        seed: Seed = None,
        mask: ArrayLike | None = None,
    ) -> Floats:
        """Attention decoded from counts of real streams.

        Parameters
        ----------
        Q, K, V, mask
            As in `forward`; Q and K in [0, 1], V in the range of the encoding.
        length
            Stream length L in clock cycles, of the scores and again of the output.
        use_sobol
            True: Sobol sequences, whatever the layer's generator; Q and V take line 0 and K line 1, the
            attention weights the clock (see the notes of the class).
        generator
            For this call; None takes the layer's. Not with ``use_sobol=True``.
        seed
            Fixes the streams of this call alone, and the layer's generators stay where they are. None:
            they run on, so that every sample (an element of the leading axes) meets fresh Bernoulli
            streams; `reset` rewinds.

        Returns
        -------
        ndarray
            float64 ``(..., N, dim_v)``, multiples of 1 / L in the range of the encoding. A row of scores
            without a one gives zeros.

        Raises
        ------
        ValueError, TypeError
            If an argument is outside its range, of a wrong shape or type; the generators have not moved.
        """
        circuit, operands = self._circuit(Q, K, V, mask, length, use_sobol, generator, seed)
        first = self._counter.reserve(operands.n_samples) if seed is None else 0
        return circuit.run(operands, first + np.arange(operands.n_samples))

    def expected_bitstream(
        self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, length: int = 1024, use_sobol: bool = False, *,
        generator: str | Generator | None = None, mask: ArrayLike | None = None,
    ) -> Floats:  # fmt: skip
        """Limit of `forward_bitstream` as its sequences go on: operands rounded to thresholds, edges too (by 1 / L)."""
        circuit, operands = self._circuit(Q, K, V, mask, length, use_sobol, generator, None)
        return circuit.expected(operands)

    def streams(
        self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, length: int = 1024, use_sobol: bool = False, *,
        generator: str | Generator | None = None, seed: Seed = None, mask: ArrayLike | None = None,
    ) -> AttentionStreams:  # fmt: skip
        """The streams that the next `forward_bitstream` with these arguments uses; the generators do not advance."""
        circuit, operands = self._circuit(Q, K, V, mask, length, use_sobol, generator, seed)
        return circuit.streams(operands, self.samples if seed is None else 0)

    def _circuit(
        self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, mask: ArrayLike | None, length: int, use_sobol: bool,
        generator: str | Generator | None, seed: Seed,
    ) -> tuple[AttentionCircuit, Operands]:  # fmt: skip
        """The circuit of a call, and its operands, all checked."""
        operands = checked_operands(self.dim_k, Q, K, V, mask, (0.0, 1.0), value_range(self.encoding))
        keys = operands.k.shape[-2]
        return self.circuit(keys, length, use_sobol, generator=generator, seed=seed), operands

    def circuit(
        self, keys: int, length: int = 1024, use_sobol: bool = False, *,
        generator: str | Generator | None = None, seed: Seed = None,
    ) -> AttentionCircuit:  # fmt: skip
        """The circuit of `forward_bitstream` with these arguments, for so many keys."""
        length = checks.whole("length", length, 1)
        if checks.flag("use_sobol", use_sobol):
            if generator is not None:
                raise ValueError(f"generator must be None with use_sobol=True, got {checks.shown(generator)}")
            generator = "sobol"
        chosen = self.generator if generator is None else generator
        source = make_generator(chosen, length, None if isinstance(chosen, Generator) else self.bits, self.dim_k)
        seeds = self._seeds if seed is None else Seeds(seed, type(self), (self.dim_k,))
        return AttentionCircuit(source, length, self.encoding, self.dim_k, keys, seeds, self._backend)

    def _reseed(self) -> None:
        """Nothing to build: the encoders are made at every call."""

    def __repr__(self) -> str:
        bits = "" if self.bits is None else f", bits={self.bits}"
        return (
            f"{type(self).__name__}(dim_k={self.dim_k}, temperature={self.temperature:g}, "
            f"generator={self.generator!r}, encoding={self.encoding!r}{bits}, backend={self.backend!r})"
        )


def _linear(operands: Operands) -> Floats:
    """Means of the values, weighted by scores, which must be 0 or more."""
    scores = np.where(operands.mask, operands.scores(), 0)
    if scores.size and scores.min() < 0:
        raise ValueError(f"scores Q K^T must be at least 0 to be shares of a row, got {scores.min()}")
    return _weighted_means(scores, operands.v)


def _softmax(temperature: float, operands: Operands) -> Floats:
    """Means of the values, weighted by the exponentials of scores over `temperature`."""
    scores = np.where(operands.mask, operands.scores(), -np.inf)
    top = scores.max(-1, keepdims=True)
    with np.errstate(over="ignore"):  # a quotient of -inf is a weight of 0
        weights = np.exp((scores - np.where(np.isfinite(top), top, 0)) / temperature)
    return _weighted_means(weights, operands.v)


def _weighted_means(weights: Floats, v: Floats) -> Floats:
    """Means ``(..., N, dim_v)`` of values ``(..., M, dim_v)``, weighted by rows ``(..., N, M)``; 0 for rows of zeros.

    A mean lies between the least and the largest value of its column; what rounding adds beyond them is cut off.
    """
    total = weights.sum(-1, keepdims=True)
    means = np.clip(weights / np.where(total == 0, 1, total) @ v, v.min(-2, keepdims=True), v.max(-2, keepdims=True))
    return np.where(total == 0, 0.0, means)
