"""Numbers that drive the select inputs of multiplexers."""

import numpy as np
from numpy.typing import NDArray

from ..backends.philox import philox4x32
from .generator import Generator
from .generators import Bernoulli

_SELECT_BITS = 24


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

    Call it with sample numbers.
    """

    def __init__(self, generator: Generator, partner: int, length: int, key: int) -> None:
        self.length, self.key = length, key
        self._shared: NDArray[np.uint32] | None = None
        if not isinstance(generator, Bernoulli):
            source = generator.decorrelated(partner).with_at_least_bits(_SELECT_BITS)
            self._shared = source.sequence(length) << np.uint32(32 - source.bits)

    def __call__(self, samples: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Numbers ``(S, L)`` in 0 .. 2**32 - 1 for sample numbers ``(S,)``."""
        if self._shared is not None:
            return np.broadcast_to(self._shared, (len(samples), self.length)).copy()
        blocks = np.arange(-(-self.length // 4))
        counters = np.zeros((len(samples), blocks.size, 4), np.uint64)
        counters[..., 0] = samples[:, None] & 0xFFFFFFFF
        counters[..., 1] = samples[:, None] >> 32
        counters[..., 2] = blocks
        words = philox4x32(counters, [self.key & 0xFFFFFFFF, self.key >> 32])
        return np.ascontiguousarray(words.reshape(len(samples), 4 * blocks.size)[:, : self.length])
