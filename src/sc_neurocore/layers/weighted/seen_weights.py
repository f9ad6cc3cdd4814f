"""Weights of a layer as its gates see them, and what has been made of them."""

import numpy as np
from numpy.typing import NDArray

from ... import chunks
from ...backends.types import Counts, Rows, Words
from ..base import Floats
from .weights import Weights


class SeenWeights:
    """Snapshot of weights and bias as the gates see them: checked, and with the errors of their device."""

    def __init__(self, weights: Weights, joined: Floats, effective: Floats, read_sigma: Floats | None = None) -> None:
        self.fixed = weights.values if weights.fixed else None
        """The array of weights, if neither it nor the bias can be edited."""
        self.values, self.bias = weights.without_bias(joined), None if weights.bias is None else weights.bias.copy()
        self.effective = effective
        """Weights with the bias as the gates see them: ``(n_neurons, fan_in)``, sparse ``(synapses,)``."""
        self.read_sigma = read_sigma
        """Standard deviations of the effective weights as they are read, of the same shape; None: no noise."""
        self.packed: Words | None = None
        """Their streams, if they are stored: made once, at first use."""
        self.rows: Words | None = None
        """These streams, those of a neuron side by side."""
        self.places: Rows | None = None
        """Their places in a table of streams ``(M, fan_in)``, if they are looked up: made once, at first use."""
        self.ones: Counts | None = None
        """Ones of all streams of each neuron ``(M,)``, where they are looked up."""
        self.codes: NDArray[np.int64] | None = None
        """Their thresholds with their signs, if streams are made of them word by word: made once, at first use."""

    def is_current(self, weights: Weights) -> bool:
        """Whether the weights have not been edited since."""
        values = weights.values
        if values is self.fixed and weights.fixed:
            return True
        pieces = (
            (slice(None),)
            if values.nbytes <= chunks.CHUNK_BYTES
            else chunks.chunks(len(values), values.nbytes // len(values))
        )
        if not all(np.array_equal(self.values[piece], values[piece]) for piece in pieces):
            return False
        if self.bias is not None and not np.array_equal(self.bias, weights.bias):  # type: ignore[arg-type]
            return False
        self.fixed = values if weights.fixed else None
        return True
