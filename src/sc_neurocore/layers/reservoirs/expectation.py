"""A reservoir in floating point: what its circuit converges to as the streams get longer."""

import math
from typing import Any

from scipy.sparse import csr_array, issparse

from ...backends import choose
from ...bitstreams.encodings import ENCODINGS
from ...encoders import Encoder
from ..base import Floats
from .options import ReservoirOptions
from .weights import SeenWeights


class ReservoirExpectation:
    """The update ``x = (1 - leak) x + leak f(W_in u + bias + feedback_strength W_rec x)`` on numbers.

    Weights are rounded to the comparators' thresholds, and so are inputs and states unless they are rounded
    stochastically.

    Parameters
    ----------
    options, weights
        Of the reservoir.
    encoder
        Of its lines, which says how numbers are quantised.
    """

    def __init__(self, options: ReservoirOptions, weights: SeenWeights, encoder: Encoder) -> None:
        self._options, self._encoder = options, encoder
        self._gain = weights.gain(options.feedback_strength)
        self._w_in, self._bias = self._seen(weights.inputs), self._seen(weights.bias)
        self._w_rec = self._seen(options.feedback_strength * weights.recurrent)

    def run(self, inputs: Floats, state: Floats) -> Floats:
        """States ``(..., T, n)`` from `state` ``(..., n)``, under inputs ``(..., T, n_inputs)``."""
        options = self._options
        nearest = options.rounding == "nearest"
        u = self._encoder.rounded(inputs) if nearest else inputs
        scale = float(self._encoder.generator.modulus) if nearest else 0.0
        n = state.shape[-1]
        drive = (u @ self._w_in.T + self._bias).reshape(math.prod(inputs.shape[:-2]), inputs.shape[-2], n)
        kind, squash = ENCODINGS.index(options.encoding), options.activation == "tanh"
        out: Floats = choose(options.backend).reservoir_floats(
            drive, state.reshape(len(drive), n), self._w_rec, kind, scale, squash, options.leak
        )
        return out.reshape(*inputs.shape[:-1], n)

    def _seen(self, weights: Any) -> Any:
        """Weights rounded to the comparators' thresholds."""
        if issparse(weights):
            data = self._gain * self._encoder.rounded(weights.data / self._gain)
            return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
        return self._gain * self._encoder.rounded(weights / self._gain)
