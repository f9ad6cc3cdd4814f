"""Input current of neurons: products of bitstreams, counted in every cycle."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Bitstream, Encoding
from ..encoders import Encoder, Generator, Seed, Share, make_generator
from ..encoders.seeds import Seeds
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
        self.x_min, self.x_max = interval("x_min", x_min, "x_max", x_max)
        self.y_min = checks.real("y_min", y_min, -checks.LARGEST, checks.LARGEST)
        self.y_max = checks.real("y_max", y_max, self.y_min, checks.LARGEST)
        self.length = checks.whole("length", length, 1)
        self.w_min, self.w_max = interval("w_min", w_min, "w_max", w_max)
        self.weight_values = checks.array("weight_values", weight_values, self.w_min, self.w_max).copy()
        """Weights ``(n,)`` or ``(M, n)``, read-only."""
        if self.weight_values.ndim not in (1, 2) or not self.weight_values.size:
            raise ValueError(
                f"weight_values must have shape (n_inputs,) or (n_neurons, n_inputs), got {self.weight_values.shape}"
            )
        self.weight_values.flags.writeable = False
        self.n_inputs = self.weight_values.shape[-1]
        self.generator = make_generator(generator, self.length, bits, self.n_inputs)
        weights = np.atleast_2d(self.weight_values)
        seeds = Seeds(seed, type(self), weights.shape)
        self._synapse = StreamSynapse(
            weights,
            self.w_min,
            self.w_max,
            self.length,
            generator=self.generator,
            encoding=encoding,
            share=share,
            seed=seeds.of("weights"),
        )
        self.encoding = self._synapse.encoding
        self.x_inputs = checks.array("x_inputs", x_inputs, self.x_min, self.x_max, last=self.n_inputs).copy()
        """Inputs ``(..., n)``, read-only."""
        self.x_inputs.flags.writeable = False
        self._encoder = Encoder(
            self.n_inputs, self.length, self.generator, self.encoding, share=share, seed=seeds.of("inputs")
        )
        self._window = _NOTHING
        """First cycle and counts ``(C, T)`` of the last window: a loop of single cycles makes each word once."""

    @property
    def batch(self) -> tuple[int, ...]:
        """The batch axes of the inputs."""
        return self.x_inputs.shape[:-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape ``(..., 1)`` or ``(..., M)`` of the currents of a cycle."""
        return (*self.batch, self.weight_values.size // self.n_inputs)

    @property
    def levels(self) -> Floats:
        """Currents by count, a table: ``(n + 1,)``, of split streams ``(2 n + 1,)``."""
        full = 2 * self.n_inputs if self.encoding == "split" else self.n_inputs
        return np.asarray(self.y_min + (self.y_max - self.y_min) * (np.arange(full + 1) / full))

    def counts(self, start: int, stop: int) -> NDArray[np.int32]:
        """Ones among the products of each cycle `start` .. `stop` - 1, int32 ``(C, stop - start)``.

        C is the size of `shape`. Between 0 and n; of split streams n more than the sum of the signed products.
        """
        start, stop = _cycles(start, stop)
        first, window = self._window  # read once: another thread may replace both
        if not first <= start <= stop <= first + window.shape[1]:
            first = start // 64 * 64
            window = self._made(first, max(stop, first + 64))
            self._window = first, window
        return window[:, start - first : stop - first]

    def streams(self, start: int, stop: int) -> tuple[Bitstream, Bitstream]:
        """Streams of inputs and of weights in the cycles `start` (a multiple of 64) .. `stop` - 1.

        Inputs are ``(S, n)``, S samples with the batch axes flattened; weights ``(M, n)``, M = 1 for one current, or
        ``(S, M, n)`` where each sample has its own (Bernoulli).
        """
        start, stop = _cycles(start, stop)
        samples = np.arange(math.prod(self.batch))
        encoded = affine(self.x_inputs.reshape(-1, self.n_inputs), self.x_min, self.x_max, self.encoding)
        inputs = self._encoder.window(encoded, samples, start, stop)
        return inputs, self._synapse.streams(start, stop, samples)

    def _made(self, start: int, stop: int) -> NDArray[np.int32]:
        counts = dot_product(*self.streams(start, stop)).reshape(-1, stop - start)
        return counts + np.int32(self.n_inputs) if self.encoding == "split" else counts

    def currents(self, start: int, stop: int) -> Floats:
        """Currents ``(..., 1 or M, stop - start)`` of the cycles `start` .. `stop` - 1, in any order of calls."""
        start, stop = _cycles(start, stop)
        return self.levels[self.counts(start, stop)].reshape(*self.shape, stop - start)

    def forget(self) -> None:
        """Drop the counts of the last cycles, which are kept for loops of single cycles; only speed changes."""
        self._window = _NOTHING

    def expected(self) -> Floats:
        """Mean currents ``(..., 1 or M)`` of infinitely many cycles."""
        x = self._encoder.quantised(affine(self.x_inputs, self.x_min, self.x_max, self.encoding))
        w = self._synapse.probabilities()
        if self.encoding == "unipolar":
            mean = x @ w.T / self.n_inputs
        else:
            signed = (x[0] - x[1], w[0] - w[1]) if self.encoding == "split" else (2 * x - 1, 2 * w - 1)
            mean = (signed[0] @ signed[1].T / self.n_inputs + 1) / 2
        return np.asarray(self.y_min + (self.y_max - self.y_min) * mean)

    def __repr__(self) -> str:
        return (
            f"BitstreamCurrentSource({self.n_inputs} inputs, shape={self.shape}, length={self.length}, "
            f"{self.generator!r}, encoding={self.encoding!r})"
        )


def _cycles(start: int, stop: int) -> tuple[int, int]:
    """First cycle and the one after the last, checked."""
    first = checks.count("start", start, 0)
    return first, checks.count("stop", stop, first)
