"""Stochastic bitstreams: packed bits, their length, and the encoding that makes them numbers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..backends.kept import on_host
from ..backends.packing import pack, tail_mask, unpack, words_for
from ..backends.types import Bits, Words
from . import drawing
from .encodings import ENCODINGS, Encoding, check_encoding, from_counts


@dataclass(frozen=True, eq=False)
class Bitstream:
    """An array of stochastic bitstreams, all of one length.

    Parameters
    ----------
    words
        Packed bits, uint64 ``(..., ceil(length / 64))``: bit t is bit ``t % 64`` of word
        ``t // 64``; bits past the end are zero. Split streams have a leading axis of
        their two rails: positive rail, negative rail. They are copied; the copy is read-only.
    length
        Clock cycles.
    encoding
        ``"unipolar"``, ``"bipolar"`` or ``"split"``.

    Raises
    ------
    ValueError
        If the words do not fit the length, a bit past the end is one, or a split stream lacks its
        leading axis of two.

    Examples
    --------
    >>> stream = Bitstream.from_bits([1, 0, 1, 1])
    >>> float(stream.value())
    0.75
    >>> float(Bitstream.from_bits([1, 0, 1, 1], encoding="bipolar").value())
    0.5
    """

    words: Words
    length: int
    encoding: Encoding = "unipolar"

    def __post_init__(self) -> None:
        self._settle(copied=True)

    @classmethod
    def owning(cls, words: Words, length: int, encoding: Encoding = "unipolar") -> Self:
        """Streams of `words` that nobody else edits, such as the result of a kernel: they are not copied."""
        made = object.__new__(cls)
        for name, value in (("words", words), ("length", length), ("encoding", encoding)):
            object.__setattr__(made, name, value)
        made._settle(copied=False)
        return made

    def _settle(self, copied: bool) -> None:
        object.__setattr__(self, "length", checks.count("length", self.length, 1))  # a NumPy integer would overflow
        check_encoding(self.encoding)
        words = check_words("words", on_host(self.words), self.length)
        if self.encoding == "split" and (words.ndim < 2 or words.shape[0] != 2):
            raise ValueError(f"split words must have shape (2, ..., words), got {words.shape}")
        words = words.copy() if copied else words.view()
        words.flags.writeable = False
        object.__setattr__(self, "words", words)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.words, self.length, self.encoding)

    @classmethod
    def from_bits(cls, bits: ArrayLike, encoding: Encoding = "unipolar") -> Self:
        """Streams from bits of 0 and 1, ``(..., length)``."""
        array = checks.unmasked("bits", bits, "bits")
        if array.dtype.kind not in "buifO":
            raise TypeError(f"bits must be 0 or 1, got {array.dtype}")
        if array.ndim == 0 or array.shape[-1] == 0:
            raise ValueError(f"bits must have shape (..., length >= 1), got {array.shape}")
        if not np.all((array == 0) | (array == 1)):
            raise ValueError(f"bits must be 0 or 1, got {checks.shown(array[(array != 0) & (array != 1)].tolist()[0])}")
        return cls.owning(pack(array), array.shape[-1], encoding)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the numbers the streams stand for."""
        leading = self.words.shape[:-1]
        return leading[1:] if self.encoding == "split" else leading

    def __len__(self) -> int:
        return self.length

    def __repr__(self) -> str:
        return f"Bitstream(shape={self.shape}, length={self.length}, encoding={self.encoding!r})"

    def _repr_html_(self) -> str:
        """The first streams and bits, drawn for a notebook, each with the value of its stream."""
        rails = 2 if self.encoding == "split" else 1
        every = self.words.reshape(rails, -1, self.words.shape[-1])
        first = np.ascontiguousarray(every[:, : drawing.ROWS // rails])  # of split streams a row for each rail
        few = type(self).owning(first if rails == 2 else first[0], self.length, self.encoding)
        labels = [f"{value:.4g}" for value in few.value()]
        bits = few.bits()[..., : drawing.CYCLES]
        if rails == 2:
            bits = bits.swapaxes(0, 1).reshape(-1, bits.shape[-1])  # the rails of a stream one below the other
            labels = [text for label in labels for text in (f"{label}  (+ rail)", "(- rail)")]
        left = [f"the first {drawing.ROWS // rails} streams"] if every.shape[1] > drawing.ROWS // rails else []
        left += [f"the first {drawing.CYCLES} bits"] if self.length > drawing.CYCLES else []
        return drawing.drawn(f"{self!r}{': ' * bool(left)}{', '.join(left)}", bits, labels)

    def bits(self) -> Bits:
        """Unpacked bits of 0 and 1, uint8 ``(..., length)``."""
        return unpack(self.words, self.length)

    def counts(self, backend: str | None = None) -> NDArray[np.int64]:
        """Number of ones in each stream, int64; of split streams ``(2, ...)``. `backend` counts them."""
        return choose(checked_backend(backend)).popcount(self.words)

    def probability(self) -> NDArray[np.float64]:
        """Fraction of ones in each stream, a multiple of 1 / length; of split streams ``(2, ...)``."""
        return np.asarray(self.counts() / self.length)

    def value(self, backend: str | None = None) -> NDArray[np.float64]:
        """The numbers that the streams stand for, float64 of shape `shape`; `backend` counts the ones."""
        return from_counts(self.counts(backend), self.length, self.encoding)


def check_words(name: str, value: object, length: int, shape: tuple[int, ...] | None = None) -> Words:
    """`value` if it is packed streams ``(..., ceil(length / 64))`` without a one past the end, else an error.

    Parameters
    ----------
    name
        What the caller calls it.
    value
        A uint64 array.
    length
        Bits of a stream, an integer of at least 0.
    shape
        Shape of the words; None: any.
    """
    n_words = words_for(length)
    if isinstance(value, np.ma.MaskedArray):
        value = checks.unmasked(name, value, "words")
    if not isinstance(value, np.ndarray) or value.dtype != np.uint64:
        raise TypeError(f"{name} must be a uint64 array, got {getattr(value, 'dtype', type(value).__name__)}")
    if value.shape != shape and (shape is not None or value.shape[-1:] != (n_words,)):
        wanted = f"(..., {n_words})" if shape is None else shape
        raise ValueError(f"{name} must have shape {wanted} for length {length}, got {value.shape}")
    if length and np.any(value[..., -1] & ~tail_mask(length)):
        raise ValueError(f"{name} must be zero past bit {length}, got a one there")
    return value


def check_stream(name: str, value: object, encodings: Collection[str] = ENCODINGS) -> Bitstream:
    """`value` if it is a Bitstream in one of `encodings`, else an error."""
    if not isinstance(value, Bitstream):
        raise TypeError(f"{name} must be a Bitstream, got {type(value).__name__}")
    if value.encoding not in encodings:
        raise ValueError(f"{name} must be {' or '.join(encodings)} here, got {value.encoding}")
    return value
