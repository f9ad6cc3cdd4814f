"""State of predictive coding: the integers in the circuit's counters and registers, and the weights they stand for."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...bitstreams import Encoding, from_probability, to_probability
from ...encoders import Generator
from ...encoders.encoder import nearest_thresholds
from ..base import Floats
from .learning import EXACT, PredictiveLearning

Integers = NDArray[np.int64]


class PredictiveState(NamedTuple):
    """Up/down counters of the weights, and registers of each neuron."""

    counters: Integers
    """``(n_neurons, n_inputs)`` in 0..2**bits."""
    running: Integers
    """2**memory times the running surprise ``(n_neurons,)``, a surprise of 1 being L n_inputs ones."""
    credit: Integers
    """Accumulated credit of `gain` ``(n_neurons,)``."""

    @classmethod
    def start(cls, counters: Integers, learning: PredictiveLearning) -> Self:
        """State before the first sample: the running surprise is 1, its maximum."""
        return cls(counters, np.full(len(counters), learning.largest), np.zeros(len(counters), np.int64))

    def checked(self, values: Mapping[str, Any], bits: int) -> Self:
        """Check a state dict: its state, if the shapes are those of this one.

        Raises
        ------
        ValueError, TypeError
            If an array has another shape, or a value that is no integer in its range.
        """
        loaded = []
        for name, old in zip(self._fields, self, strict=True):
            high = 1 << bits if name == "counters" else EXACT
            given = checks.array(name, values[name], 0, high, shape=old.shape)
            integers = given.astype(np.int64)
            if (integers != given).any():
                raise ValueError(f"{name} must be integers, got {given[integers != given][0]}")
            loaded.append(integers)
        return type(self)(*loaded)


class Registers:
    """The state of a layer, and its weights as numbers that a user may edit: the counters follow at the next `state`.

    Parameters
    ----------
    weights
        Initial ones ``(n_neurons, n_inputs)``, in the range of the encoding.
    generator, encoding
        Of the layer: they say which counts stand for which numbers.
    learning
        How the counters follow the errors.

    Raises
    ------
    ValueError, TypeError
        If the weights do not fit.
    """

    _state: PredictiveState

    def __init__(
        self, weights: ArrayLike, generator: Generator, encoding: Encoding, learning: PredictiveLearning
    ) -> None:
        self._generator, self._encoding = generator, encoding
        self._shape, self._largest = (learning.n_neurons, learning.n_inputs), learning.largest
        self._weights: Floats | None = None
        self._first = self.counters(weights)
        self.state = PredictiveState.start(self._first, learning)

    def counters(self, weights: ArrayLike) -> Integers:
        """Counters that stand for weights, or an error."""
        numbers = checks.array("weights", weights, shape=self._shape)
        return self.thresholds(to_probability(numbers, self._encoding, "weights"))

    def thresholds(self, probabilities: Floats) -> Integers:
        """The nearest thresholds of the comparators."""
        return nearest_thresholds(probabilities, self._generator.modulus).astype(np.int64)

    @property
    def weights(self) -> Floats:
        """Values of the counters ``(n_neurons, n_inputs)``, which may be edited until the counters get another state.

        From then on there is a new array, and the old one is read-only: no edit is lost without an error.
        """
        if self._weights is None:
            self._weights = self._values()
            self._seen = self._weights.copy()
        return self._weights

    def _values(self) -> Floats:
        return from_probability(self._state.counters / 2.0**self._generator.bits, self._encoding)

    @property
    def state(self) -> PredictiveState:
        """Counters and registers; counters of weights that were edited are made anew, or an error says what is wrong.

        The edited weights are rounded to the steps of the counters.
        """
        shown = self._weights
        if shown is not None and not np.array_equal(shown, self._seen):
            self._state = self._state._replace(counters=self.counters(shown))
            shown[:] = self._seen = self._values()
        return self._state

    @state.setter
    def state(self, state: PredictiveState) -> None:
        self._state = state
        if self._weights is not None:
            self._weights.flags.writeable = False
            self._weights = None

    def assign(self, weights: ArrayLike) -> None:
        """Set the counters to other weights, or an error."""
        self.state = self._state._replace(counters=self.counters(weights))

    def load(self, values: Mapping[str, Any]) -> None:
        """Restore a state dict, or an error."""
        self.state = self._state.checked(values, self._generator.bits)

    def rest(self) -> None:
        """Running surprise and credit as before the first sample."""
        start = np.full_like(self._state.running, self._largest)
        self._state = self._state._replace(running=start, credit=np.zeros_like(start))

    def forget(self) -> None:
        """Counters as before the first sample."""
        self.state = self._state._replace(counters=self._first)
