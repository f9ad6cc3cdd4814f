"""Predictive coding: predictions and inputs share their random numbers, so that XOR gates give the error."""

from dataclasses import replace
from operator import attrgetter
from typing import Any, TypedDict, cast

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends import checked_backend, choose
from ..bitstreams import from_probability, to_probability
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed, make_generator
from ..encoders.width import binary
from ..read_only import derived, frozen
from .base import Floats, SCLayer
from .predictive.circuit import PredictiveCircuit
from .predictive.learning import Compete, PredictiveLearning
from .predictive.state import Integers, Registers
from .streams import Streams
from .turns import in_turn

_ENCODINGS = ("unipolar", "bipolar")


class Prediction(TypedDict):
    """Result of `PredictiveCodingSCLayer.forward`, a dict."""

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


class PredictiveCodingSCLayer(SCLayer):
    """Neurons that learn to predict their inputs: XOR gates count the errors, up/down counters make them smaller.

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
    cycles does ``w += lr (x - w)``. There is no multiplier: see `circuit`. A sample sees the weights that the last
    one left, so threads that call one layer take turns.

    Parameters
    ----------
    n_inputs, n_neurons
        n and M, at least 1.
    length
        Stream length L in clock cycles: a sample takes a window of L cycles.
    seed
        Fixes the initial weights, the gates, and the sequence of a Bernoulli generator; None draws fresh entropy.
    lr, k, compete, memory, gain
        Learning rate, competition and precision, see `PredictiveLearning`. lr and k may be set.
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
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

    Attributes
    ----------
    weights
        ``(n_neurons, n_inputs)``, the values of the counters: may be assigned, and edited in place. The next call
        rounds them to steps of the counters; one that learns makes a new array, the old one is read-only then.
    counters
        The up/down counters, int64 ``(n_neurons, n_inputs)`` in 0..2**bits; read-only, edit `weights`.
    learning
        `PredictiveLearning`: how the layer learns.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: two streams of one sequence overlap fully (SCC = +1), so XOR counts the numbers of the sequence
    between the two thresholds. Over a full period (2**bits = L) these are exactly ``L |w - x|``; over a part of one
    the discrepancy of the generator is added. Bernoulli numbers give the same mean; for one input the
    variance is ``d (1 - d) / L``, d = |w - x|. See `SharedSequence` for what streams of two sequences would give.
    In the bipolar encoding the streams differ in a share ``|w - x| / 2`` of the cycles.

    Cost: n M operations a sample, and L + n more for each neuron that learns, whatever the errors are.

    References
    ----------
    R. P. N. Rao, D. H. Ballard, "Predictive coding in the visual cortex", Nat. Neurosci. 2, 1999,
    https://doi.org/10.1038/4580.

    Examples
    --------
    >>> layer = PredictiveCodingSCLayer(2, 1, lr=0.5, seed=0, weights=[[0.25, 0.75]])
    >>> layer.forward([0.5, 0.75], learn=False)
    {'prediction_error': 0.125, 'surprises': array([0.125]), 'predictions': array([[0.25, 0.75]])}
    >>> layer.run([[0.5, 0.75]] * 12)[::4].round(3).ravel()  # halved at every step, on average
    array([0.125, 0.006, 0.   ])
    """

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
        backend: str | None = None,
    ) -> None:
        n = checks.whole("n_inputs", n_inputs, 1)
        shape = checks.whole("n_neurons", n_neurons, 1), n
        super().__init__(seed, shape)
        length = checks.whole("length", length, 1)
        self._encoding = cast(Encoding, checks.option("encoding", encoding, _ENCODINGS))
        self._generator = binary(make_generator(generator, length, bits))
        self._generator.check_one_sequence("predictive coding")
        self._learning = PredictiveLearning(n, shape[0], length, self._generator.bits, lr, k, compete, memory, gain)
        checked_backend(backend)
        self._backend = backend
        if weights is None:
            weights = from_probability(self._seeds.generator("weights").random(shape), self._encoding)
        self._registers = Registers(weights, self._generator, self._encoding, self._learning)
        self._reseed()

    def _set(self, **change: Any) -> None:
        self._learning = replace(self._learning, **change)
        self._reseed()

    learning = property(attrgetter("_learning"))
    n_inputs = property(attrgetter("_learning.n_inputs"))
    n_neurons = property(attrgetter("_learning.n_neurons"))
    length = property(attrgetter("_learning.length"))
    lr = property(attrgetter("_learning.lr"), lambda self, lr: self._set(lr=lr), doc="Learning rate; may be set.")
    k = property(attrgetter("_learning.k"), lambda self, k: self._set(k=k), doc="Learners of a sample; may be set.")
    compete = property(attrgetter("_learning.compete"))
    memory = property(attrgetter("_learning.memory"))
    gain = property(attrgetter("_learning.gain"))
    generator = property(attrgetter("_generator"))
    encoding = property(attrgetter("_encoding"))
    backend = property(lambda self: choose(self._backend).name, doc="Name of the backend that runs the kernels.")
    weights = property(attrgetter("_registers.weights"), lambda self, values: self._registers.assign(values))
    counters = property(lambda self: derived(self._registers.state.counters, "weights"))

    @property
    def running_surprise(self) -> Floats:
        """Mean surprise of each neuron in about the last 2**memory samples learnt, ``(n_neurons,)``; read-only."""
        surprise: Floats = frozen(self._registers.state.running / self._learning.largest)
        return surprise

    @property
    def precision(self) -> Floats:
        """One over `running_surprise`, inf where that is 0."""
        with np.errstate(divide="ignore"):
            precision: Floats = frozen(1.0 / self.running_surprise)
        return precision

    def forward(self, inputs: ArrayLike, learn: bool = True) -> Prediction:
        """Errors and predictions of each sample with the present weights; then the neurons learn from it.

        Parameters
        ----------
        inputs
            ``(..., n_inputs)`` in the encoding's range, such as a sequence ``(T, n_inputs)``. Samples
            are taken one after another in the order of the array, each with the weights that the last one left.
        learn
            False: nothing changes but the place of a Bernoulli generator.

        Returns
        -------
        dict
            ``"prediction_error"``, the mean of the surprises: a float, or an array ``(...)`` for leading axes;
            ``"surprises"`` ``(..., n_neurons)``, ones after the XOR gates of a neuron over L n_inputs;
            ``"predictions"`` ``(..., n_neurons, n_inputs)``, the values of the prediction streams.

        Raises
        ------
        ValueError, TypeError
            If the shape or a type is wrong, or a value is not finite or outside the encoding's range.
        """
        surprises, predictions = self._advance(inputs, learn, trace=True)
        return _prediction(surprises, predictions)

    __call__ = forward

    def run(self, inputs: ArrayLike, learn: bool = True) -> Floats:
        """Surprises ``(..., n_neurons)`` as from `forward`, without the predictions: for long sequences."""
        return self._advance(inputs, learn, trace=False)[0]

    def expected(self, inputs: ArrayLike) -> Prediction:
        """Limit of ``forward(inputs, learn=False)`` as the stream length grows: surprises of ``mean_i |w - x|``.

        In the bipolar encoding half of that. Inputs are rounded to the comparators' thresholds, as weights are.
        """
        from scipy.spatial.distance import cdist  # slow to import

        top = 2.0**self.generator.bits
        p, w = self._thresholds(inputs) / top, self.counters / top
        sums = cdist(p.reshape(-1, self.n_inputs), w, "cityblock")
        surprises = (sums / self.n_inputs).reshape(*p.shape[:-1], self.n_neurons)
        return _prediction(surprises, np.broadcast_to(self.weights, (*surprises.shape, self.n_inputs)).copy())

    def circuit(self) -> dict[str, int]:
        """Components of the circuit and their number; none is a multiplier or a divider."""
        return self._learning.parts()

    def streams(self, inputs: ArrayLike) -> Streams:
        """Streams that the next call uses, of samples one after another, as long as nothing is learned from them.

        Inputs ``(..., n_inputs)``; weights, the predictions, ``(n_neurons, n_inputs)``, behind the axes of samples
        where each has numbers of its own (Bernoulli). Nothing advances.
        """
        return self._circuit.streams(self._thresholds(inputs), self.samples, self._registers.state, self._encoding)

    def _thresholds(self, inputs: ArrayLike) -> Integers:
        numbers = checks.array("inputs", inputs, last=self.n_inputs)
        return self._registers.thresholds(to_probability(numbers, self._encoding, "inputs"))

    @in_turn
    def _advance(self, inputs: ArrayLike, learn: bool, trace: bool) -> tuple[Floats, Floats]:
        """Surprises ``(..., M)`` and, with `trace`, predictions ``(..., M, n)``."""
        checks.flag("learn", learn)
        thresholds = self._thresholds(inputs)
        batch, flat = thresholds.shape[:-1], thresholds.reshape(-1, self.n_inputs)
        state = self._registers.state
        windows = self._circuit.run(flat, self._counter.reserve(len(flat)), state, learn, trace)
        if learn:
            self._registers.state = windows.state
        decoded = from_probability(windows.predictions / self.length, self.encoding)
        if trace:
            decoded = decoded.reshape(*batch, self.n_neurons, self.n_inputs)
        return (windows.surprises / (self.length * self.n_inputs)).reshape(*batch, self.n_neurons), decoded

    def _values(self) -> dict[str, Any]:
        """Counters, running surprise, and the accumulated credit of `gain`."""
        return {name: value.copy() for name, value in self._registers.state._asdict().items()}

    def _load_values(self, state: dict[str, Any]) -> None:
        self._registers.load(state)

    def _rest(self) -> None:
        self._registers.rest()

    def _forget(self) -> None:
        self._registers.forget()

    def _reseed(self) -> None:
        self._circuit = PredictiveCircuit(self.generator, self.learning, self._seeds, self._backend)

    def __repr__(self) -> str:
        gain = "" if self.gain is None else f", gain={self.gain:g}"
        return (
            f"{type(self).__name__}({self.n_inputs} -> {self.n_neurons}, length={self.length}, lr={self.lr:g}, "
            f"k={self.k}, compete={self.compete!r}, memory={self.memory}{gain}, {self.generator!r}, "
            f"encoding={self.encoding!r}, backend={self.backend!r})"
        )
