"""Input current of neurons: products of bitstreams, counted in every cycle."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Bitstream, Encoding
from ..encoders import Encoder, Generator, Seed, Share, make_generator
from ..encoders.seeds import Seeds
from ..read_only import attribute, frozen
from ..synapses.stream_synapse import StreamSynapse, affine, dot_product, interval

Floats = NDArray[np.float64]
_NOTHING = (0, np.empty((0, 0), np.int32))


class BitstreamCurrentSource:
    """An input current from bitstreams: gates multiply inputs and weights, and the count of ones sets the current.

    ::

        x_i --encoder--> stream ---+-----+    +-------+    +-----+
                                   | AND |--->| count |===>| DAC |---> I_t
        w_ji --encoder--> stream --+-----+    +-------+    +-----+

    In cycle t the current is ``y_min + (y_max - y_min) * mean_i(product_i[t])``. It is *not* scaled by
    (1 - a), the leak of a neuron that it drives.

    Parameters
    ----------
    x_inputs
        Inputs ``(..., n)`` in [x_min, x_max]; the axes before the last are batch axes.
    weight_values
        ``(n,)``, one current for all neurons, or ``(M, n)``, a current for each of M neurons; in [w_min, w_max].
    x_min, x_max, w_min, w_max
        Ends of the affine maps to the encoding's range, x_min < x_max and w_min < w_max.
    length
        Stream length L in clock cycles: it sets the default width of the generators, which run on past it.
    y_min, y_max
        Currents of the smallest and of the largest mean, y_min <= y_max.
    generator
        A name, see `make_generator`, or a `Generator`.
    encoding
        ``"unipolar"``: the maps go to [0, 1], gates are AND. ``"bipolar"``: to [-1, 1], XNOR.
        ``"split"``: to [-1, 1], signs and magnitudes. Products of -1 give y_min, of +1 y_max.
    share
        How inputs share generators, see `Encoder`, and how the synapses of a neuron do. With ``"one"``, the
        default of deterministic generators, the inputs are 1 in the same cycles, so the current is bursty.
    bits
        Width of a threshold; None: what the generator needs, see `make_generator`.
    seed
        Fixes Bernoulli streams and digital shifts.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: of T cycles with independent Bernoulli streams, unipolar or bipolar, the mean current has
    variance ``(y_max - y_min)**2 * sum_i p_i (1 - p_i) / (n**2 T)``.

    Examples
    --------
    >>> source = BitstreamCurrentSource([0.5, 0.3], [0.8, 0.6], y_max=0.1, seed=1)
    >>> source.expected().round(4)
    array([0.029])
    >>> source.currents(0, 6)
    array([[0.1 , 0.05, 0.  , 0.05, 0.05, 0.05]])
    """

    def __init__(
        self,
        x_inputs: ArrayLike,
        weight_values: ArrayLike,
        x_min: float = 0.0,
        x_max: float = 1.0,
        w_min: float = 0.0,
        w_max: float = 1.0,
        length: int = 2048,
        y_min: float = 0.0,
        y_max: float = 0.1,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share: Share | None = None,
        bits: int | None = None,
        seed: Seed = None,
    ) -> None:
        self._x_min, self._x_max = interval("x_min", x_min, "x_max", x_max)
        self._y_min = checks.real("y_min", y_min, -checks.LARGEST, checks.LARGEST)
        self._y_max = checks.real("y_max", y_max, self._y_min, checks.LARGEST)
        self._length = checks.whole("length", length, 1)
        self._w_min, self._w_max = interval("w_min", w_min, "w_max", w_max)
        given = checks.array("weight_values", weight_values, self._w_min, self._w_max)
        if given.ndim not in (1, 2) or not given.size:
            raise ValueError(f"weight_values must have shape (n_inputs,) or (n_neurons, n_inputs), got {given.shape}")
        self._n_inputs = given.shape[-1]
        self._generator = make_generator(generator, self._length, bits, self._n_inputs)
        self._shape_of_weights, weights = given.shape, np.atleast_2d(given)
        seeds = Seeds(seed, type(self), weights.shape)
        self._synapse = StreamSynapse(
            weights,
            self._w_min,
            self._w_max,
            self._length,
            generator=self._generator,
            encoding=encoding,
            share=share,
            seed=seeds.of("weights"),
        )
        self._encoding = self._synapse.encoding
        self._x_inputs = checks.array("x_inputs", x_inputs, self._x_min, self._x_max, last=self._n_inputs).copy()
        self._encoder = Encoder(
            self._n_inputs, self._length, self._generator, self._encoding, share=share, seed=seeds.of("inputs")
        )
        self._seen = self._x_inputs.copy(), weights.copy()
        """Inputs and weights as the last call saw them."""
        self._window = (self._seen, *_NOTHING)
        """What was seen, first cycle and counts ``(C, T)`` of the last window: a loop of single cycles makes each
        word once."""

    x_min: float = attribute("_x_min", "The input that stands for the lower end of the range.")
    x_max: float = attribute("_x_max", "The input that stands for the upper end of the range.")
    w_min: float = attribute("_w_min", "The weight that stands for the lower end of the range.")
    w_max: float = attribute("_w_max", "The weight that stands for the upper end of the range.")
    y_min: float = attribute("_y_min", "Current of the smallest mean.")
    y_max: float = attribute("_y_max", "Current of the largest mean.")
    length: int = attribute("_length", "Stream length L in clock cycles.")
    n_inputs: int = attribute("_n_inputs", "Number n of inputs.")
    generator: Generator = attribute("_generator", "Number generator of the input streams.")
    encoding: Encoding = attribute("_encoding", "Encoding of the streams.")

    @property
    def x_inputs(self) -> Floats:
        """Inputs ``(..., n)`` in [x_min, x_max]; assign or edit them, the next call sees it."""
        return self._x_inputs

    @x_inputs.setter
    def x_inputs(self, values: ArrayLike) -> None:
        self._x_inputs = checks.array("x_inputs", values, self._x_min, self._x_max, self._x_inputs.shape).copy()

    @property
    def weight_values(self) -> Floats:
        """Weights ``(n,)`` or ``(M, n)`` in [w_min, w_max]; assign or edit them, the next call sees it."""
        return self._synapse.weights.reshape(self._shape_of_weights)

    @weight_values.setter
    def weight_values(self, values: ArrayLike) -> None:
        given = checks.array("weight_values", values, self._w_min, self._w_max, self._shape_of_weights)
        self._synapse.weights = np.atleast_2d(given)

    def _see(self) -> None:
        """Check inputs and weights that were edited since the last call."""
        x, weights = self._seen
        if not (np.array_equal(x, self._x_inputs) and np.array_equal(weights, self._synapse.weights)):
            x = checks.array("x_inputs", self._x_inputs, self._x_min, self._x_max)
            weights = checks.array("weight_values", self._synapse.weights, self._w_min, self._w_max)
            self._seen = x.copy(), weights.copy()

    @property
    def batch(self) -> tuple[int, ...]:
        """The batch axes of the inputs."""
        return self._x_inputs.shape[:-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape ``(..., 1)`` or ``(..., M)`` of the currents of a cycle."""
        return (*self.batch, self._synapse.weights.size // self._n_inputs)

    @property
    def levels(self) -> Floats:
        """Currents by count, a read-only table: ``(n + 1,)``, of split streams ``(2 n + 1,)``."""
        full = 2 * self._n_inputs if self._encoding == "split" else self._n_inputs
        levels: Floats = frozen(current_of(np.arange(full + 1) / full, self._y_min, self._y_max))
        return levels

    def counts(self, start: int, stop: int) -> NDArray[np.int32]:
        """Ones among the products of each cycle `start` .. `stop` - 1, int32 ``(C, stop - start)``.

        C is the size of `shape`. Between 0 and n; of split streams n more than the sum of the signed products.
        """
        start, stop = _cycles(start, stop)
        self._see()
        seen, first, window = self._window  # read once: another thread may replace all
        if seen is not self._seen or not first <= start <= stop <= first + window.shape[1]:
            seen, first = self._seen, start // 64 * 64
            window = self._made(first, max(stop, first + 64))
            self._window = seen, first, window
        return window[:, start - first : stop - first]

    def streams(self, start: int, stop: int) -> tuple[Bitstream, Bitstream]:
        """Streams of inputs and of weights in the cycles `start` (a multiple of 64) .. `stop` - 1.

        Inputs are ``(S, n)``, S samples with the batch axes flattened; weights ``(M, n)``, M = 1 for one current, or
        ``(S, M, n)`` where each sample has its own (Bernoulli).
        """
        start, stop = _cycles(start, stop)
        self._see()
        samples = np.arange(math.prod(self.batch))
        encoded = affine(self._x_inputs.reshape(-1, self._n_inputs), self._x_min, self._x_max, self._encoding)
        inputs = self._encoder.window(encoded, samples, start, stop)
        return inputs, self._synapse.streams(start, stop, samples)

    def _made(self, start: int, stop: int) -> NDArray[np.int32]:
        counts = dot_product(*self.streams(start, stop)).reshape(-1, stop - start)
        return counts + np.int32(self._n_inputs) if self._encoding == "split" else counts

    def currents(self, start: int, stop: int) -> Floats:
        """Currents ``(..., 1 or M, stop - start)`` of the cycles `start` .. `stop` - 1, in any order of calls."""
        start, stop = _cycles(start, stop)
        return self.levels[self.counts(start, stop)].reshape(*self.shape, stop - start)

    def forget(self) -> None:
        """Drop the counts of the last cycles, which are kept for loops of single cycles; only speed changes."""
        self._window = (self._seen, *_NOTHING)

    def expected(self) -> Floats:
        """Mean currents ``(..., 1 or M)`` of infinitely many cycles."""
        self._see()
        x = self._encoder.quantised(affine(self._x_inputs, self._x_min, self._x_max, self._encoding))
        w = self._synapse.probabilities()
        if self._encoding == "unipolar":
            mean = x @ w.T / self._n_inputs
        else:
            signed = (x[0] - x[1], w[0] - w[1]) if self._encoding == "split" else (2 * x - 1, 2 * w - 1)
            mean = (signed[0] @ signed[1].T / self._n_inputs + 1) / 2
        return current_of(mean, self._y_min, self._y_max)

    def __repr__(self) -> str:
        return (
            f"BitstreamCurrentSource({self._n_inputs} inputs, shape={self.shape}, length={self._length}, "
            f"{self._generator!r}, encoding={self._encoding!r})"
        )


def current_of(mean: Floats, y_min: float, y_max: float) -> Floats:
    """Currents of means of products in [0, 1]: y_min .. y_max, also where the sum is rounded up."""
    return np.minimum(y_min + (y_max - y_min) * mean, y_max)


def _cycles(start: int, stop: int) -> tuple[int, int]:
    """First cycle and the one after the last, checked."""
    first = checks.count("start", start, 0)
    return first, checks.count("stop", stop, first)
