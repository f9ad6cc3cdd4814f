"""Table of all streams of a few number sequences, where these are short; and streams that lie side by side."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..backends import choose
from ..backends.packing import words_for
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
    n_words
        Words W of a stream; those behind its cycles are zero. None: as many as it has.
    """

    def __init__(
        self,
        numbers: NDArray[np.uint32],
        modulus: int,
        of_line: NDArray[np.int64],
        backend: str | None,
        n_words: int | None = None,
    ) -> None:
        self._numbers, self._modulus, self._of_line, self._backend = numbers, modulus, of_line, backend
        self._n_words = n_words or words_for(numbers.shape[1])
        self._streams: Words | None = None
        self._first = np.zeros(0, np.int64)
        """Place where the streams of a line's sequence start ``(n,)``; none where there is one sequence."""
        if len(numbers) > 1:
            self._first = of_line * (modulus + 1)

    def widened(self, n_words: int) -> Self:
        """The same streams, of so many words W each."""
        return type(self)(self._numbers, self._modulus, self._of_line, self._backend, n_words)

    def places(self, thresholds: NDArray[np.uint64], columns: Inputs | None = None) -> NDArray[np.uint64]:
        """Rows in `every` of thresholds ``(..., k)``, which may be overwritten, of all lines or `columns`."""
        if self._first.size:
            first = self._first if columns is None else self._first[columns[0 : thresholds.shape[-1]]]
            thresholds = np.add(thresholds, first.astype(np.uint64), out=thresholds)
        return thresholds

    def gather(self, thresholds: NDArray[np.uint64], columns: Inputs | None = None) -> Words:
        """Streams ``(..., k, W)`` of thresholds ``(..., k)``, which may be overwritten, of all lines or `columns`."""
        return choose(self._backend).gather(self.every(), self.places(thresholds, columns))

    def rows(self, numbers: NDArray[np.float64], encoding: Encoding) -> Words:
        """Streams of numbers ``(S, n)`` in the encoding's range, a sample's `side_by_side`: ``(S, rails, K)``.

        The negative rail of split numbers is left out where no number is negative.

        >>> table = StreamTable(np.arange(8, dtype=np.uint32)[None], 8, np.zeros(3, np.int64), None)
        >>> [f"{word:06x}" for word in table.rows(np.array([[0.5, 0.25, 1.0]]), "unipolar").flat]
        ['ff030f']
        """
        kernel, kind, length = choose(self._backend).encode_rows, ENCODINGS.index(encoding), self._numbers.shape[1]
        return kernel(numbers, self.every(), self._first, self._modulus, kind, length)

    def every(self) -> Words:
        """The streams ``(G * (modulus + 1), W)``."""
        if self._streams is None:
            backend, every = choose(self._backend), np.arange(self._modulus + 1, dtype=np.uint64)[:, None]
            made = [backend.compare(self._numbers[group, None], every)[:, 0] for group in range(len(self._numbers))]
            streams = made[0] if len(made) == 1 else np.concatenate(made)
            more = self._n_words - streams.shape[1]
            self._streams = np.pad(streams, ((0, 0), (0, more))) if more else streams
        return self._streams


def side_by_side(words: Words, length: int, backend: str | None) -> Words:
    """Streams ``(S, rails, n, W)`` of `length` cycles, those of a sample in one row: ``(S, rails, K)``.

    Streams of up to 64 cycles follow each other bit to bit, so that eight of eight cycles fill one of the K words;
    longer ones begin with a word.
    """
    rows = choose(backend).join_rows(words.reshape(-1, *words.shape[2:]), length)
    return rows.reshape(*words.shape[:2], rows.shape[1])
