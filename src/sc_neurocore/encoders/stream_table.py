"""Table of all streams of a few number sequences: where streams are short, an encoder looks them up."""

import numpy as np
from numpy.typing import NDArray

from ..backends import choose
from ..backends.types import Words
from ..bitstreams.encodings import ENCODINGS, Encoding
from .sequences import Inputs

TABLE_BYTES = 1 << 24
"""A table of all streams of a sequence is built up to this size."""


class StreamTable:
    """All streams that comparators make of a few number sequences, made when the first is asked for.

    Parameters
    ----------
    numbers
        The sequences ``(G, L)``.
    modulus
        The largest threshold; the smallest is 0.
    of_line
        The sequence that each line meets ``(n,)``, 0 .. G-1.
    backend
        Backend that runs the kernels.
    """

    def __init__(
        self, numbers: NDArray[np.uint32], modulus: int, of_line: NDArray[np.int64], backend: str | None
    ) -> None:
        self.numbers, self.modulus, self.backend = numbers, modulus, backend
        self._streams: Words | None = None
        self._first = np.zeros(0, np.int64)
        """Place where the streams of a line's sequence start ``(n,)``; none where there is one sequence."""
        if len(numbers) > 1:
            self._first = of_line * (modulus + 1)

    def gather(self, thresholds: NDArray[np.uint64], columns: Inputs | None = None) -> Words:
        """Streams ``(..., k, W)`` of thresholds ``(..., k)``, which may be overwritten, of all lines or `columns`."""
        if self._first.size:
            first = self._first if columns is None else self._first[columns[0 : thresholds.shape[-1]]]
            thresholds = np.add(thresholds, first.astype(np.uint64), out=thresholds)
        streams = self._made() if self._streams is None else self._streams
        return choose(self.backend).gather(streams, thresholds)

    def rows(self, numbers: NDArray[np.float64], encoding: Encoding, length: int, trim: bool) -> Words:
        """Rows of streams ``(S, rails, K)`` of numbers ``(S, n)`` of all lines, in the range of the encoding."""
        streams = self._made() if self._streams is None else self._streams
        kernel = choose(self.backend).encode_rows
        return kernel(numbers, streams, self._first, self.modulus, ENCODINGS.index(encoding), length, trim)

    def _made(self) -> Words:
        """The streams ``(G * (modulus + 1), W)``, made now."""
        backend, every = choose(self.backend), np.arange(self.modulus + 1, dtype=np.uint64)[:, None]
        made = [backend.compare(self.numbers[group, None], every)[:, 0] for group in range(len(self.numbers))]
        self._streams = made[0] if len(made) == 1 else np.concatenate(made)
        return self._streams
