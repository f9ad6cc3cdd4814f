"""Predictive coding: a prediction and an input share their random numbers, and XOR is the error."""

import math
from typing import Any, Literal, TypedDict, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.reference import GATE_BITS, PredictiveRule
from ..bitstreams import from_probability, to_probability
from ..bitstreams.encodings import Encoding
from ..encoders import Bernoulli, Generator, Seed, make_generator
from ..encoders.seeds import key_of
from .old_base import Floats, Seeded, select_numbers

Compete = Literal["surprise", "excess"]
COMPETES = ("surprise", "excess")
_ENCODINGS = ("unipolar", "bipolar")

_CHUNK_BYTES = 1 << 25
"""Random numbers made at a time, of a generator that is fresh for every sample."""
_EXACT = 1 << 53
"""Running sums up to here are exact as float64, in which they are compared."""

Counters = NDArray[np.int64]


class Prediction(TypedDict):
    """What `PredictiveCodingSCLayer.forward` returns."""

    prediction_error: float | Floats
    surprises: Floats
    predictions: Floats


def _prediction(surprises: Floats, predictions: Floats) -> Prediction:
    error = surprises.mean(-1)
    return {
        "prediction_error": error if error.ndim else float(error),
        "surprises": surprises,
        "predictions": predictions,
    }


class PredictiveCodingSCLayer(Seeded):
    """Each neuron predicts the input; XOR gates count its errors, and up/down counters make them smaller.

    ::

        shared sequence =====+=============+
                             v             v
        input x_i ========>[ > ]--x--+-->[XOR]--e--+--> count of all inputs: surprise
                                     |     ^       |
             +------------>[ > ]--w--)-----+     +-+-+
             |               ^       |           |AND|<-- gate, open with probability lr,
             |               |       |           +---+        one for each neuron
             |        shared sequence|             | count
             |                       |   up/down   v
             +==[ register ]<==[ counter of w_ji ]<+
                       ^             +-- 1 up, 0 down
                       +-- written after L cycles, if the neuron is among the k best

    A cycle with ``x AND NOT w`` counts up, one with ``NOT x AND w`` down, so that on average a window of L
    cycles does ``w += lr (x - w)``. There is no multiplier: see `circuit`.

    Parameters
    ----------
    n_inputs, n_neurons
        n and M, at least 1.
    length
        Stream length L in clock cycles: a sample takes a window of L cycles.
    lr
        Learning rate in [0, 1], as a probability of 24 bits.
    seed
        Fixes the initial weights, the gates, and the sequence of a Bernoulli generator; None draws fresh entropy.
    k
        The k neurons with the smallest score learn, of equals the first ones; 1..n_neurons. None: all learn.
    compete
        The score: ``"excess"``, the surprise less its running average, or ``"surprise"``. With ``"excess"`` a
        neuron wins what it predicts better than it mostly does. With ``"surprise"`` one neuron that is nearer to
        all inputs than the others wins them all, and no other learns.
    memory
        The running surprise averages over about 2**memory samples, 0..20: ``A += S - (A >> memory)``. It starts at
        1, the largest surprise there is, so that at first the two scores rank alike.
    gain
        None, or the surprise in (0, 1] at and below which a neuron learns at the full rate; above it, its rate is
        ``lr gain / running_surprise``, in proportion to its precision. An accumulator adds `gain` at each open
        cycle of the gate; a cycle counts when the running surprise can be taken out of it.
    weights
        Initial weights ``(n_neurons, n_inputs)`` in the encoding's range; None: uniform.
    generator
        Makes the sequence that all comparators share: a name or a `Generator`. That of ``"bernoulli"`` is fresh
        for every sample.
    encoding
        ``"unipolar"``: numbers in [0, 1]. ``"bipolar"``: in [-1, 1].
    bits
        Width of the sequence, the thresholds and the counters; None lets the generator choose, and 2**bits = L
        where L is a power of two and the generator not Bernoulli. With more bits a counter moves in smaller steps.

    Attributes
    ----------
    counters
        The up/down counters, int64 ``(n_neurons, n_inputs)`` in 0..2**bits.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: two streams of one sequence overlap fully (SCC = +1), so XOR counts the numbers of the sequence
    between the two thresholds. Over a full period (2**bits = L) these are exactly ``L |w - x|``; over a part of one
    the discrepancy of the generator is added. Bernoulli numbers give the same mean; for one input the
    variance is ``d (1 - d) / L``, d = |w - x|. Streams of two sequences would give
    ``w + x - 2 w x``, which for w = x is ``2 x (1 - x)``: no measure of the error (see docs/predictive_coding.md).
    In the bipolar encoding the streams differ in a share ``|w - x| / 2`` of the cycles.

    Learning: a counter moves by ``2**step`` in C cycles of error, each with probability
    ``q = lr 2**bits / (L 2**step)``; step is the smallest one with q <= 1 (0 for 2**bits = L, where q = lr).
    So E[dw] = lr C / L with the sign of x - w, and the variance is ``C q (1 - q) 4**(step - bits)``. A constant input
    is approached as ``(1 - lr)**t``. The synapses of a neuron share its gate: their moves have the covariance
    ``+-(cycles with both errors) q (1 - q) 4**(step - bits)``; different neurons are independent.
    With lr = 2**-m and bits = log2(L) + m, q is 1: learning without noise.

    Cost: n M operations a sample, and L + n more for each neuron that learns, whatever the errors are.

    References
    ----------
    R. P. N. Rao, D. H. Ballard, "Predictive coding in the visual cortex", Nat. Neurosci. 2, 1999,
    https://doi.org/10.1038/4580; precision: K. Friston, "A theory of cortical responses", Phil. Trans. R. Soc. B
    360, 2005, https://doi.org/10.1098/rstb.2005.1622. XOR at SCC = +1: A. Alaghi, J. P. Hayes, ICCD 2013,
    https://doi.org/10.1109/ICCD.2013.6657023. Competition: D. E. Rumelhart, D. Zipser, Cogn. Sci. 9, 1985,
    https://doi.org/10.1207/s15516709cog0901_5; that no neuron should win all: D. DeSieno, ICNN 1988,
    https://doi.org/10.1109/ICNN.1988.23839.

    Examples
    --------
    >>> layer = PredictiveCodingSCLayer(2, 1, lr=0.5, seed=0, weights=[[0.25, 0.75]])
    >>> layer.forward([0.5, 0.75], learn=False)
    {'prediction_error': 0.125, 'surprises': array([0.125]), 'predictions': array([[0.25, 0.75]])}
    >>> layer.run([[0.5, 0.75]] * 12)[::4].round(3).ravel()  # halved at every step, on average
    array([0.125, 0.006, 0.   ])
    """

    backend = "numba"

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        length: int = 256,
        lr: float = 0.01,
        seed: Seed = None,
        *,
        k: int | None = None,
        compete: Compete = "excess",
        memory: int = 6,
        gain: float | None = None,
        weights: ArrayLike | None = None,
        generator: str | Generator = "vdc",
        encoding: Encoding = "unipolar",
        bits: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.length = checks.whole("length", length, 1)
        self.lr = checks.real("lr", lr, 0.0, 1.0)
        self.k = None if k is None else checks.whole("k", k, 1, self.n_neurons)
        self.compete = cast(Compete, checks.option("compete", compete, COMPETES))
        self.memory = checks.whole("memory", memory, 0, 20)
        if self.n_inputs * self.length << self.memory > _EXACT:
            size = f"{self.n_inputs} * {self.length} * 2**{self.memory}"
            raise ValueError(f"n_inputs * length * 2**memory must be at most 2**53, got {size}")
        self.gain = None if gain is None else checks.real("gain", gain, 0.0, 1.0)
        if self.gain == 0:
            raise ValueError("gain must be above 0, got 0")
        self.encoding = cast(Encoding, checks.option("encoding", encoding, _ENCODINGS))
        self.generator = make_generator(generator, self.length, bits)
        random = isinstance(self.generator, Bernoulli)
        self._sequence = None if random else self.generator.sequence(self.length)[None]
        self._rule = self._plasticity()
        if weights is None:
            uniform = np.random.Generator(np.random.PCG64(self._seed("weights"))).random((n_neurons, n_inputs))
            weights = from_probability(uniform, self.encoding)
        self.weights = weights
        self._running = np.full(self.n_neurons, self.n_inputs * self.length << self.memory)
        self._credit = np.zeros(self.n_neurons, np.int64)
        self._reseed()

    def _plasticity(self) -> PredictiveRule:
        """The rule in the integers of the circuit."""
        bits = self.generator.bits
        rate = self.lr * 2.0**bits / self.length
        step = max(0, math.ceil(math.log2(rate))) if rate else 0
        gate = round(rate / 2.0**step * 2**GATE_BITS)
        if self.lr and not gate:
            lowest = 2.0 ** -(GATE_BITS + 1) * self.length / 2.0**bits
            raise ValueError(
                f"lr must be 0 or above {lowest:.3g}, where a gate of {GATE_BITS} bits opens, got {self.lr}"
            )
        # In units of the running sum; an accumulator that adds nothing would never let a cycle pass.
        gain = 0 if self.gain is None else max(1, round(self.gain * self.n_inputs * self.length * 2**self.memory))
        return PredictiveRule(self.k or self.n_neurons, gate, step, bits, self.memory, self.compete == "excess", gain)

    @property
    def weights(self) -> Floats:
        """What the counters stand for, ``(n_neurons, n_inputs)``, read-only; assign an array to set them all.

        Assigned numbers are rounded to the steps of the counters.
        """
        values = from_probability(self.counters / 2.0**self.generator.bits, self.encoding)
        values.flags.writeable = False
        return values

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        numbers = checks.array("weights", values, shape=(self.n_neurons, self.n_inputs))
        self.counters = self._thresholds(to_probability(numbers, self.encoding, "weights"))

    @property
    def running_surprise(self) -> Floats:
        """Average of each neuron's surprise over about the last 2**memory samples learnt, ``(n_neurons,)``."""
        return np.asarray(self._running / (self.n_inputs * self.length * 2.0**self.memory))

    @property
    def precision(self) -> Floats:
        """One over `running_surprise`, inf where that is 0."""
        with np.errstate(divide="ignore"):
            return 1.0 / self.running_surprise

    def forward(self, x: ArrayLike, learn: bool = True) -> Prediction:
        """Errors and predictions of each sample with the weights it meets; then the neurons learn from it.

        Parameters
        ----------
        x
            Inputs ``(..., n_inputs)`` in the encoding's range, such as a sequence ``(T, n_inputs)``. Samples
            are taken one after another in the order of the array, each with the weights that the last one left.
        learn
            False: nothing changes but the place of a Bernoulli generator.

        Returns
        -------
        dict
            ``"prediction_error"``, the mean of the surprises: a float, or an array ``(...)`` if x has leading axes;
            ``"surprises"`` ``(..., n_neurons)``, ones after the XOR gates of a neuron over L n_inputs;
            ``"predictions"`` ``(..., n_neurons, n_inputs)``, the values of the prediction streams.

        Raises
        ------
        ValueError, TypeError
            If the shape or a type is wrong, or a value is not finite or outside the encoding's range.
        """
        surprises, predictions = self._advance(x, learn, trace=True)
        return _prediction(surprises, predictions)

    __call__ = forward

    def run(self, x: ArrayLike, learn: bool = True) -> Floats:
        """Surprises ``(..., n_neurons)`` as from `forward`, without the predictions: for long sequences."""
        return self._advance(x, learn, trace=False)[0]

    def expected(self, x: ArrayLike) -> Prediction:
        """What ``forward(x, learn=False)`` converges to as the length grows: surprises of ``mean_i |w - x|``.

        In the bipolar encoding half of that.
        """
        from scipy.spatial.distance import cdist  # slow to import

        p, w = self._probabilities(x), self.counters / 2.0**self.generator.bits
        sums = cdist(p.reshape(-1, self.n_inputs), w, "cityblock")
        surprises = (sums / self.n_inputs).reshape(*p.shape[:-1], self.n_neurons)
        return _prediction(surprises, np.broadcast_to(self.weights, (*surprises.shape, self.n_inputs)).copy())

    def circuit(self) -> dict[str, int]:
        """Parts of the circuit and how many there are; none multiplies or divides."""
        neurons, synapses = self.n_neurons, self.n_neurons * self.n_inputs
        parts = {
            "sequence generator": 1,
            "comparator": synapses + self.n_inputs,
            "XOR gate": synapses,
            "AND gate": synapses,
            "up/down counter": synapses,
            "register": synapses,
            "parallel counter": neurons,
            "random gate": neurons,
            "running average (shift, add, subtract)": neurons,
        }
        if self.gain is not None:
            parts["accumulator (add, compare, subtract)"] = neurons
        if self.k is not None:
            parts["selector of the k smallest"] = 1
            if self.compete == "excess":
                parts["subtractor"] = neurons
        return parts

    def _probabilities(self, x: ArrayLike) -> Floats:
        return to_probability(checks.array("x", x, last=self.n_inputs), self.encoding, "x")

    def _thresholds(self, probabilities: Floats) -> Counters:
        return np.floor(probabilities * 2.0**self.generator.bits + 0.5).astype(np.int64)

    def _advance(self, x: ArrayLike, learn: bool, trace: bool) -> tuple[Floats, Floats]:
        """Surprises ``(..., M)`` and, with `trace`, predictions ``(..., M, n)``."""
        checks.flag("learn", learn)
        p = self._probabilities(x)
        batch, thresholds = p.shape[:-1], self._thresholds(p).reshape(-1, self.n_inputs)
        total = len(thresholds)
        chunk = max(1, total if self._sequence is not None else _CHUNK_BYTES // (64 * self.length))
        state = self.counters, self._running, self._credit
        parts = []
        for start in range(0, max(1, total), chunk):
            part, first = thresholds[start : start + chunk], self.samples + start
            numbers = self._numbers(np.arange(first, first + len(part))) if self._sequence is None else self._sequence
            ones = compiled.predictive(self._key, first, numbers, part, self._rule, learn, trace, *state)
            state = ones[2:]
            parts.append(ones[:2])
        if learn:
            self.counters, self._running, self._credit = state
        self.samples += total
        surprises, predictions = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        decoded = from_probability(predictions / self.length, self.encoding)
        if trace:
            decoded = decoded.reshape(*batch, *self.counters.shape)
        return (surprises / (self.length * self.n_inputs)).reshape(*batch, self.n_neurons), decoded

    def _numbers(self, samples: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The random numbers of a Bernoulli generator for these samples, ``(S, L)``."""
        numbers = select_numbers(self.generator, 0, self.length, samples, self._seed("inputs"))
        return numbers >> np.uint32(32 - self.generator.bits)

    def state_dict(self) -> dict[str, Any]:
        """Counters, running surprise, and where the generators stand."""
        return super().state_dict() | {
            "counters": self.counters.copy(),
            "running": self._running.copy(),
            "credit": self._credit.copy(),
        }

    def _load_values(self, state: dict[str, Any]) -> None:
        top, full = 1 << self.generator.bits, _EXACT
        ranges = {
            "counters": (0, top, self.counters.shape),
            "running": (0, full, (self.n_neurons,)),
            "credit": (0, full, (self.n_neurons,)),
        }
        values = {}
        for name, (low, high, shape) in ranges.items():
            numbers = checks.array(name, state[name], low, high, shape=shape)
            values[name] = numbers.astype(np.int64)
            if (values[name] != numbers).any():
                raise ValueError(f"{name} must be integers, got {numbers[values[name] != numbers][0]}")
        self.counters, self._running, self._credit = values["counters"], values["running"], values["credit"]

    def _reseed(self) -> None:
        self._key = key_of(self._seed("plasticity"))

    def __repr__(self) -> str:
        gain = "" if self.gain is None else f", gain={self.gain:g}"
        return (
            f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}, length={self.length}, lr={self.lr:g}, "
            f"k={self.k}, compete={self.compete!r}, memory={self.memory}{gain}, {self.generator!r}, "
            f"encoding={self.encoding!r}, backend='numba')"
        )
