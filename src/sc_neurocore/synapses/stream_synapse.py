"""Weights that are running streams, and the dot product of streams with them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Bitstream, from_probability
from ..bitstreams.encodings import Encoding, check_encoding, value_range
from ..encoders import Bernoulli, Encoder, Generator, Seed, Share, make_generator
from ..encoders.seeds import Seeds
from ..gates.arguments import check_stream
from ..gates.connections import FullConnections
from ..gates.multiply import multiply
from ..gates.operands import Operands, cycle_sums
from ..read_only import attribute, derived

Floats = NDArray[np.float64]


class StreamSynapse:
    """Synapses whose weights are bitstreams: a gate multiplies each with its input stream.

    ::

        input stream ---------------------+------------+
                                          | AND (XNOR) |--- product stream
        weight --encoder--> its stream ---+------------+

    Parameters
    ----------
    weights
        ``(n,)``, or ``(M, n)`` for M neurons, in [w_min, w_max].
    w_min, w_max
        Mapped affinely to the ends of the encoding's range, w_min < w_max.
    length
        Stream length L in clock cycles: it sets the default width of the generators, which run on past it.
    generator, encoding, share, bits
        As for `VectorizedSCLayer`. Deterministic generators are shared by the neurons: synapse i of
        each neuron compares with the same numbers. Bernoulli streams are fresh for every sample.
    seed
        Fixes Bernoulli streams. An encoder of the same seed makes independent ones.

    Notes
    -----
    Error law: the product of two independent Bernoulli streams is Bernoulli, variance p (1 - p) / L.

    Examples
    --------
    >>> synapse = StreamSynapse([0.5, 1.0], generator="ramp", length=8)
    >>> synapse.apply(Bitstream.from_bits([[1, 1, 1, 1, 0, 0, 0, 0]] * 2)).probability()
    array([0.25, 0.5 ])
    """

    def __init__(
        self,
        weights: ArrayLike,
        w_min: float = 0.0,
        w_max: float = 1.0,
        length: int = 1024,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share: Share | None = None,
        bits: int | None = None,
        seed: Seed = None,
    ) -> None:
        self._encoding = check_encoding(encoding)
        self._w_min, self._w_max = interval("w_min", w_min, "w_max", w_max)
        self._weights = checks.array("weights", weights, self._w_min, self._w_max).copy()
        if self._weights.ndim not in (1, 2) or not self._weights.size:
            raise ValueError(f"weights must have shape (n >= 1,) or (M >= 1, n >= 1), got {self._weights.shape}")
        source = make_generator(generator, length, bits, self._weights.shape[-1])
        self._fresh = isinstance(source, Bernoulli)
        seeds = Seeds(seed, type(self), self._weights.shape)
        n = self._weights.size if self._fresh else self._weights.shape[-1]
        self._encoder = Encoder(n, length, source, self._encoding, share=share, partner=1, seed=seeds.of("weights"))

    encoding: Encoding = attribute("_encoding", "Encoding of the streams.")
    w_min: float = attribute("_w_min", "The weight that stands for the lower end of the range.")
    w_max: float = attribute("_w_max", "The weight that stands for the upper end of the range.")

    @property
    def weights(self) -> Floats:
        """Weights ``(n,)`` or ``(M, n)`` in [w_min, w_max]; assign or edit them, the next call sees it."""
        return self._weights

    @weights.setter
    def weights(self, weights: ArrayLike) -> None:
        self._weights = checks.array("weights", weights, self._w_min, self._w_max, self._weights.shape).copy()

    @property
    def encoded(self) -> Floats:
        """The weights mapped to the encoding's range, read-only: the numbers that the streams stand for."""
        numbers: Floats = derived(self._numbers(), "weights")
        return numbers

    def _numbers(self) -> Floats:
        weights = checks.array("weights", self._weights, self._w_min, self._w_max)
        return affine(weights, self._w_min, self._w_max, self._encoding)

    def probabilities(self) -> Floats:
        """Probabilities of ones of the weight streams, rounded to `bits` bits: as `weights`, of split ``(2, ...)``."""
        return self._encoder.quantised(self._numbers())

    def streams(self, start: int, stop: int, samples: NDArray[np.int64] | None = None) -> Bitstream:
        """Weight streams of the cycles `start` (a multiple of 64) .. `stop` - 1.

        Their shape is that of `weights`; with Bernoulli generators and `samples` ``(S,)``, each
        sample has its own, ``(S, ...)``.
        """
        if samples is not None:
            samples = checks.integers("samples", samples, 0, checks.LARGEST_COUNT, (None,))
        numbers = self._numbers()
        if not self._fresh:
            return self._encoder.window(numbers, np.zeros(numbers.shape[:-1], np.int64), start, stop)
        batch = () if samples is None else samples.shape
        every = np.broadcast_to(numbers.reshape(-1), (*batch, numbers.size))
        flat = self._encoder.window(every, np.array(0) if samples is None else samples, start, stop)
        head = flat.words.shape[: flat.words.ndim - 2]
        words = flat.words.reshape(*head, *numbers.shape, flat.words.shape[-1])
        return Bitstream.owning(words, flat.length, self._encoding)

    def apply(self, inputs: Bitstream, start: int = 0) -> Bitstream:
        """Products of input streams ``(..., n)`` and weights: streams ``(..., n)``, or ``(..., M, n)`` for M neurons.

        `start` is the first cycle, a multiple of 64.

        Raises
        ------
        ValueError
            If the encodings differ or the shapes do not fit.
        """
        check_stream("inputs", inputs, (self._encoding,))
        if inputs.shape[-1:] != self._weights.shape[-1:]:
            raise ValueError(f"inputs must have shape (..., {self._weights.shape[-1]}), got {inputs.shape}")
        if checks.whole("start", start, 0) % 64:
            raise ValueError(f"start must be a multiple of 64, got {start}")
        words = inputs.words if self._weights.ndim == 1 else inputs.words[..., None, :, :]
        return multiply(
            Bitstream.owning(words, inputs.length, inputs.encoding), self.streams(start, start + inputs.length)
        )


def dot_product(inputs: Bitstream, weights: Bitstream) -> NDArray[np.int32]:
    """Gates multiply, and a parallel counter adds the products of every cycle.

    ::

        input 1, weight 1 --[AND]--+---------+
        ..                         | count   |==> a number from 0 to n, every cycle
        input n, weight n --[AND]--+---------+

    Parameters
    ----------
    inputs
        Streams ``(S, n)``.
    weights
        Streams of the same encoding and length, ``(M, n)`` for M neurons, or ``(S, M, n)`` where each
        sample has its own.

    Returns
    -------
    ndarray
        Products that are 1 in a cycle, int32 ``(S, M, L)``: AND, or XNOR for bipolar. For split, the
        products that are +1 less those that are -1.

    Raises
    ------
    ValueError
        If the encodings, lengths or shapes do not fit.

    Examples
    --------
    >>> x = Bitstream.from_bits([[[1, 1, 0, 0], [1, 0, 1, 0]]])
    >>> w = Bitstream.from_bits([[[1, 0, 1, 0], [1, 1, 1, 1]]])
    >>> dot_product(x, w)
    array([[[2, 0, 1, 0]]], dtype=int32)
    """
    check_stream("inputs", inputs)
    check_stream("weights", weights)
    if (inputs.encoding, inputs.length) != (weights.encoding, weights.length):
        raise ValueError(f"inputs and weights must have one encoding and length, got {inputs} and {weights}")
    if len(inputs.shape) != 2 or not inputs.shape[1]:
        raise ValueError(f"inputs must have shape (S, n >= 1), got {inputs.shape}")
    samples, n = inputs.shape
    own = len(weights.shape) == 3
    if len(weights.shape) not in (2, 3) or weights.shape[-1] != n or (own and weights.shape[0] != samples):
        raise ValueError(f"weights must have shape (M, {n}) or ({samples}, M, {n}), got {weights.shape}")
    neurons, n_words = weights.shape[-2], inputs.words.shape[-1]
    x, w = (stream.words if stream.encoding == "split" else stream.words[None] for stream in (inputs, weights))
    groups = samples if own else 1
    rails = len(x), len(w)
    w = np.moveaxis(w.reshape(len(w), groups, neurons * n, n_words), 0, 1)
    operands = Operands(
        np.moveaxis(x, 0, 1).reshape(groups, -1, n, n_words),
        np.ascontiguousarray(w).reshape(groups, -1, n_words),
        FullConnections(n, neurons, rails[1]),
        samples // groups,
        neurons,
        rails,
        bipolar=False,  # products are counted as they are
        xnor=inputs.encoding == "bipolar",
        dense=True,
    )
    return cycle_sums(operands, inputs.length).reshape(samples, neurons, inputs.length)


def interval(low_name: str, low: float, high_name: str, high: float) -> tuple[float, float]:
    """`low` and `high` as floats, low below high, or an error."""
    a, b = (
        checks.real(low_name, low, -checks.LARGEST, checks.LARGEST),
        checks.real(high_name, high, -checks.LARGEST, checks.LARGEST),
    )
    if not a < b:
        raise ValueError(f"{high_name} must be above {low_name}={checks.plain(a)}, got {checks.plain(b)}")
    return a, b


def affine(values: Floats, low: float, high: float, encoding: Encoding) -> Floats:
    """Values in [low, high] as numbers in the encoding's range.

    >>> affine(np.array([2.0, 3.0]), 2.0, 4.0, "split")
    array([-1.,  0.])
    """
    share = (values - low) / (high - low)
    return share if value_range(encoding)[0] == 0 else from_probability(share, "bipolar")
