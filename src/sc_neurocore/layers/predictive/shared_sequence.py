"""One number sequence for all comparators of a circuit."""

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ...backends.packing import words_for
from ...backends.types import Words
from ...encoders import Bernoulli, Generator
from ...encoders.select import SelectSource
from ..base import Samples


class SharedSequence:
    """Number sequence shared by all comparators of a circuit, so that their streams overlap fully (SCC = +1).

    Parameters
    ----------
    generator
        Makes it: one sequence for all samples, or for Bernoulli random numbers that are fresh for every sample.
    length
        Clock cycles L.
    key
        Philox key of the random numbers.
    backend
        Backend that runs the kernels.

    Notes
    -----
    XOR gates on streams of w and x that share a sequence count |w - x|. Streams of two sequences would give
    ``w + x - 2 w x``, which for w = x is ``2 x (1 - x)``: no measure of a difference (see docs/predictive_coding.md).

    References
    ----------
    A. Alaghi, J. P. Hayes, "Exploiting correlation in stochastic circuit design", ICCD 2013,
    https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> from sc_neurocore.encoders import Ramp
    >>> SharedSequence(Ramp(2), 4, key=0).numbers(np.arange(2))
    array([[0, 1, 2, 3]], dtype=uint32)
    """

    def __init__(self, generator: Generator, length: int, key: int, backend: str | None = None) -> None:
        self.random, self._bits, self._backend = isinstance(generator, Bernoulli), generator.bits, backend
        self._fresh = SelectSource(generator, 0, length, key) if self.random else None
        self._shared = np.empty((0, 0), np.uint32) if self.random else generator.sequence(length)[None]

    def numbers(self, samples: Samples) -> NDArray[np.uint32]:
        """The sequences ``(S, L)`` for sample numbers ``(S,)``, or ``(1, L)`` where all samples share one."""
        if self._fresh is None:
            return self._shared
        return self._fresh(samples) >> np.uint32(32 - self._bits)

    def words(self, thresholds: NDArray[np.int64], samples: Samples) -> Words:
        """Streams ``(S, n, W)`` of thresholds ``(S, n)``."""
        compare = choose(self._backend).compare
        numbers = self.numbers(samples)
        rows: NDArray[np.uint64] = thresholds.astype(np.uint64)
        if not self.random:
            shared: Words = compare(numbers, rows)
            return shared
        words = np.empty((*rows.shape, words_for(numbers.shape[1])), np.uint64)
        for sample, sequence in enumerate(numbers):
            words[sample] = compare(sequence[None], rows[sample : sample + 1])[0]
        return words
