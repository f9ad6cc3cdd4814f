"""State of predictive coding: the integers in the circuit's counters and registers."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ... import checks
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
