"""Attention: scores by AND gates and counters, their mean of the values by one multiplexer a row."""

import copy
import math
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, words_for
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding, check_encoding
from ..encoders import Bernoulli, Encoder, Generator, Ramp, Seed, make_generator
from .old_base import Floats, Samples, Seeded

_CHUNK_BYTES = 1 << 25
"""Streams made at a time: rows of queries are taken in chunks of about this size."""

Mask = NDArray[np.bool_]


class StochasticAttention(Seeded):
    """Attention with row-normalised scores; queries, keys, values and attention weights are streams.

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
        attention. The linear circuit does not feel it, since a row is divided by its sum.
    generator
        A name or a `Generator`, for every call of `forward_bitstream` that names none. Values,
        queries and keys take it and its partners 1 and 2; u_t is a further random number for every
        row and cycle (Bernoulli), or else the clock, ``t / L``.
    encoding
        Of the values: ``"unipolar"`` [0, 1], ``"bipolar"`` [-1, 1], or ``"split"`` [-1, 1] as positive
        and negative part. Queries and keys are unipolar, since shares of a row need scores >= 0.
    bits
        Width of thresholds; None lets the generator choose.
    seed
        Fixes the streams.

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
    L / M cycles, and the values are read in these only (uniform operands, M = L = 64: RMSE .49 against .037).

    Why the clock: a counter and a low-discrepancy sequence of the values cover the square more evenly than
    two such sequences (Hammersley), key m meets a_m L successive numbers, and the edges round to 1 / L for
    every L. With a Sobol dimension as u_t the RMSE at M = 64, L = 4096 is 1.35 times as large, and from
    L = 64 on it falls as L**-0.79 instead of L**-0.85.

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

    backend = "numba"

    def __init__(
        self,
        dim_k: int,
        temperature: float = 1.0,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        bits: int | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(seed)
        self.dim_k = checks.whole("dim_k", dim_k, 1)
        self.temperature = checks.real("temperature", temperature, 0.0, np.inf)
        if not 0 < self.temperature < np.inf:
            raise ValueError(f"temperature must be finite and above 0, got {temperature}")
        self.encoding = check_encoding(encoding)
        make_generator(generator, 1, bits)  # refuse it now rather than at the first call
        self.generator, self.bits = generator, bits

    # ------------------------------------------------------------ numbers

    def forward(self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
        """What `forward_bitstream` converges to as the length grows: row-normalised linear attention.

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
        operands = self._operands(Q, K, V, mask)
        scores = np.where(operands.mask, operands.scores(), 0)
        if scores.size and scores.min() < 0:
            raise ValueError(f"scores Q K^T must be at least 0 to be shares of a row, got {scores.min()}")
        return _shares(scores) @ operands.v

    __call__ = forward

    def forward_softmax(self, Q: ArrayLike, K: ArrayLike, V: ArrayLike, *, mask: ArrayLike | None = None) -> Floats:
        """Softmax attention in floating point, ``softmax(Q K^T / temperature) V``, to compare with.

        Parameters, shapes and errors are those of `forward`, but scores may be negative; a row that is
        masked throughout gives zeros. The largest score of a row is subtracted first, so none is too large.
        """
        operands = self._operands(Q, K, V, mask)
        scores = np.where(operands.mask, operands.scores(), -np.inf)
        top = scores.max(-1, keepdims=True)
        with np.errstate(over="ignore"):  # a quotient of -inf is a weight of 0
            weights = np.exp((scores - np.where(np.isfinite(top), top, 0)) / self.temperature)
        return _shares(weights) @ operands.v

    def _operands(
        self,
        Q: ArrayLike,
        K: ArrayLike,
        V: ArrayLike,
        mask: ArrayLike | None,
        qk_range: tuple[float, float] = (-np.inf, np.inf),
        v_range: tuple[float, float] = (-np.inf, np.inf),
    ) -> "_Operands":
        q = np.atleast_2d(checks.array("Q", Q, *qk_range, last=self.dim_k))
        k = np.atleast_2d(checks.array("K", K, *qk_range, last=self.dim_k))
        v = np.atleast_2d(checks.array("V", V, *v_range))
        keys = k.shape[-2]
        if keys == 0:
            raise ValueError(f"K must have at least one row, got shape {k.shape}")
        if np.ndim(V) == 0 or v.shape[-2] != keys:
            raise ValueError(f"V must have shape (..., {keys}, dim_v), a row for each of K, got {np.shape(V)}")
        leading = q.shape[:-2], k.shape[:-2], v.shape[:-2]
        try:
            batch = np.broadcast_shapes(*leading)
        except ValueError as error:
            raise ValueError(f"leading axes of Q, K and V must broadcast, got {leading}") from error
        shape = (*batch, q.shape[-2], keys)
        given = np.asarray(True if mask is None else mask)
        if given.dtype != np.bool_:
            raise TypeError(f"mask must be an array of booleans, got {given.dtype}")
        try:
            return _Operands(q, k, v, np.broadcast_to(given, shape))
        except ValueError as error:
            raise ValueError(f"mask must have a shape that broadcasts to {shape}, got {given.shape}") from error

    # ------------------------------------------------------------ streams

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
            True: Sobol sequences, whatever the layer's generator; V, Q and K take the dimensions 1, 2
            and 3, the attention weights the clock (see the notes of the class).
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
        length = checks.whole("length", length, 1)
        if checks.flag("use_sobol", use_sobol):
            if generator is not None:
                raise ValueError(f"generator must be None with use_sobol=True, got {generator!r}")
            generator = "sobol"
        chosen = self.generator if generator is None else generator
        source = make_generator(chosen, length, None if isinstance(chosen, Generator) else self.bits)
        operands = self._operands(Q, K, V, mask, (0.0, 1.0), value_range(self.encoding))
        layer = self if seed is None else self._with_seed(seed)
        batch = operands.mask.shape[:-2]
        flat = operands.flat()
        count = len(flat.mask)
        circuit = _Circuit(layer, source, length, keys=flat.k.shape[1])
        out = circuit.run(flat, np.arange(layer.samples, layer.samples + count))
        layer.samples += count
        return out.reshape(*batch, *out.shape[1:])

    def _with_seed(self, seed: Seed) -> Self:
        twin = copy.copy(self)
        Seeded.__init__(twin, seed)
        return twin

    # ------------------------------------------------------------ state

    def _load_values(self, state: dict[str, Any]) -> None:
        """A state holds nothing but where the generators stand."""

    def _reseed(self) -> None:
        """Encoders are made at every call."""

    def __repr__(self) -> str:
        bits = "" if self.bits is None else f", bits={self.bits}"
        return (
            f"{type(self).__name__}(dim_k={self.dim_k}, temperature={self.temperature:g}, "
            f"generator={self.generator!r}, encoding={self.encoding!r}{bits}, backend={self.backend!r})"
        )


class _Operands(NamedTuple):
    """Checked operands: leading axes as they came, the mask in its whole shape ``(..., N, M)``."""

    q: Floats
    k: Floats
    v: Floats
    mask: Mask

    def scores(self) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            scores: Floats = self.q @ np.swapaxes(self.k, -1, -2)
            finite = np.isfinite(np.abs(scores).sum(-1)).all()
        if not finite:
            raise ValueError("scores Q K^T and their row sums must be finite, got an overflow")
        return scores

    def flat(self) -> "_Operands":
        """All of them with one batch axis."""
        batch = self.mask.shape[:-2]

        def joined(array: NDArray[Any]) -> NDArray[Any]:
            matrix = array.shape[-2:]
            return np.broadcast_to(array, (*batch, *matrix)).reshape(math.prod(batch), *matrix)

        return _Operands(joined(self.q), joined(self.k), joined(self.v), joined(self.mask))


def _shares(weights: Floats) -> Floats:
    """Rows divided by their sums; rows of zeros stay."""
    total = weights.sum(-1, keepdims=True)
    return np.asarray(weights / np.where(total == 0, 1, total))


class _Circuit:
    """The encoders of one call, and what they feed."""

    def __init__(self, layer: StochasticAttention, source: Generator, length: int, keys: int) -> None:
        if isinstance(source, Ramp):  # the clock is the ramp: van der Corput's sequence is the next of the pair
            source = source.decorrelated(1)
        self.length, self.encoding = length, layer.encoding
        self._values = Encoder(keys, length, source, layer.encoding, partner=0, seed=layer._seed("values"))
        self._queries = Encoder(layer.dim_k, length, source, partner=1, seed=layer._seed("queries"))
        self._keys = Encoder(layer.dim_k, length, source, partner=2, seed=layer._seed("keys"))
        self._select = None
        if isinstance(source, Bernoulli):
            seed = layer._seed("attention weights")
            self._select = Encoder(keys, length, source, share="one", partner=3, seed=seed)

    def run(self, operands: _Operands, samples: Samples) -> Floats:
        """Outputs ``(B, N, dim_v)`` of operands with one batch axis."""
        q, k, v, mask = operands
        n, keys = mask.shape[1:]
        v = np.ascontiguousarray(np.swapaxes(v, 1, 2))
        out = np.empty((*q.shape[:2], v.shape[1]))
        streams = _CHUNK_BYTES // (8 * words_for(self.length))
        per_row = q.shape[2] + 2 * keys
        rows = max(1, streams // per_row)
        step = max(1, streams // (n * per_row + k[0].size + 2 * v[0].size)) if len(q) else 1
        for start in range(0, len(q), step):
            some = slice(start, start + step)
            k_words = self._keys.words(k[some], _numbers(samples[some], keys))
            v_words = self._value_words(v[some], _numbers(samples[some], v.shape[1]))
            for first in range(0, n, rows):
                part = some, slice(first, first + rows)
                numbers = _numbers(samples[some], n)[:, part[1]]
                counts = compiled.and_counts(self._queries.words(q[part], numbers), k_words)
                out[part] = self._mean(np.where(mask[part], counts, 0), v_words, numbers)
        return out

    def _value_words(self, v: Floats, numbers: Samples) -> Words:
        """Streams ``(halves, B, dim_v, M, W)``: two halves for split, else one."""
        return np.ascontiguousarray(np.moveaxis(self._values.rails(v, numbers), -3, 0))

    def _mean(self, counts: NDArray[np.int64], v_words: Words, numbers: Samples) -> Floats:
        """Values ``(B, N, dim_v)`` that the multiplexers pass, weighted by `counts` ``(B, N, M)``."""
        selected = self._selected(counts, numbers)
        ones = [compiled.and_counts(selected, half) for half in v_words]
        if self.encoding == "split":
            return (ones[0] - ones[1]) / self.length
        if self.encoding == "bipolar":  # a zero counts down; a row without scores counts neither way
            return (2 * ones[0] - self.length * counts.any(-1, keepdims=True)) / self.length
        return ones[0] / self.length

    def _selected(self, counts: NDArray[np.int64], numbers: Samples) -> Words:
        """Streams ``(B, N, M, W)`` of the attention weights: of a row, one is 1 in a cycle.

        A comparator holds u_t against the upper edge of every interval; key m is selected where its
        comparator says 1 and that of the key before says 0.
        """
        running = counts.cumsum(-1)
        total = running[..., -1:]
        if self._select is not None:
            below = self._select.words(running / np.maximum(total, 1), numbers)
        else:
            edges = (2 * self.length * running + total) // np.maximum(2 * total, 1)  # rounded to cycles
            clock = np.arange(self.length, dtype=np.uint32)[None]
            below = compiled.compare(clock, edges.reshape(-1, edges.shape[-1]).astype(np.uint64))
            below = below.reshape(*edges.shape, -1)
        below[..., 1:, :] ^= below[..., :-1, :]
        return below


def _numbers(samples: Samples, rows: int) -> Samples:
    """Stream numbers ``(B, rows)``: every row of a sample has encoders of its own."""
    return samples[:, None] * rows + np.arange(rows)
