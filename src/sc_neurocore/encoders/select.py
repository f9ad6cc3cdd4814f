"""Numbers that drive the select inputs of multiplexers."""

import numpy as np
from numpy.typing import NDArray

from ..backends import choose
from .generator import Generator
from .generators import Bernoulli
from .width import at_width

_BITS = 32
"""Width of a select number."""


class SelectSource:
    """One source of select numbers for all multiplexers of a circuit.

    Parameters
    ----------
    generator
        Its partner number `partner` makes the numbers; a Bernoulli generator makes fresh ones for every sample.
    partner
        A partner that drives no input or weight of the circuit.
    length
        Clock cycles L.
    key
        Philox key of the Bernoulli numbers.
    backend
        Name of the backend, see `sc_neurocore.backends.choose`.

    Call it with sample numbers.
    """

    def __init__(self, generator: Generator, partner: int, length: int, key: int, backend: str | None = None) -> None:
        self.length, self.key, self.backend = length, key, backend
        self._shared: NDArray[np.uint32] | None = None
        if not isinstance(generator, Bernoulli):
            source = generator.decorrelated(partner)
            self._shared = at_width(source.sequence(length), source.modulus, _BITS)

    def __call__(self, samples: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Select numbers ``(S, L)`` in 0 .. 2**32 - 1, one a cycle, for sample numbers ``(S,)``."""
        if self._shared is not None:
            return np.broadcast_to(self._shared, (len(samples), self.length)).copy()
        return choose(self.backend).select_numbers(self.key, samples, self.length)
