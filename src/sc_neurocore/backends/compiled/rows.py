"""Rows of streams: those of up to 64 cycles lie side by side, bit to bit, so that eight of eight cycles fill a word."""

from typing import Any

import numpy as np
from numba import int32, uint64

from ..packing import words_for
from ..threads import over_rows
from ..types import BIPOLAR, SPLIT, Floats, Indices, Words
from .jit import jit

_WORD = 64
_UNITS = {4: np.uint8, 8: np.uint8, 16: np.uint16, 32: np.uint32}
"""Types of which a row of streams of so many cycles is an array, where two streams of four cycles fill a byte."""
_PIECE = 1 << 14
"""Numbers that are looked through at a time."""
_PAIRED = 64
"""Thresholds at most of which there is a table of all pairs: 4 KiB."""
_MANY = 8
"""From so many streams a word on they are joined in a register first."""


@jit
def _put(bits, count, bit, row):  # type: ignore[no-untyped-def]
    """OR `count` <= 64 bits into a row of zeros, from bit number `bit` on."""
    word, shift = bit >> uint64(6), bit & uint64(63)
    row[word] |= bits << shift
    if shift + count > uint64(_WORD):
        row[word + uint64(1)] = bits >> (uint64(_WORD) - shift)


@jit
def join_words(words, length, row):  # type: ignore[no-untyped-def]
    """Streams ``(n,)`` of up to 64 cycles, a word each, side by side into a row."""
    row[:] = uint64(0)
    bit, together = uint64(0), _WORD // length
    if together < _MANY:
        for i in range(words.size):
            _put(words[i], uint64(length), bit, row)
            bit += uint64(length)
        return
    for first in range(0, words.size, together):  # as many as a word holds at a time
        bits, count = uint64(0), uint64(0)
        for i in range(first, min(first + together, words.size)):
            bits |= words[i] << count
            count += uint64(length)
        _put(bits, count, bit, row)
        bit += count


@jit
def _table_rows(numbers, sign, first, modulus, centred, rows):  # type: ignore[no-untyped-def]
    """Rows of the table of streams for numbers ``(n,)`` times a sign; whether one of the numbers is negative."""
    top, zero, scale, negative = int32(modulus), int32(0), float(modulus) * sign, False
    if centred:
        for i in range(numbers.size):
            rows[i] = min(max(int32((numbers[i] + 1.0) / 2.0 * scale + 0.5), zero), top)
    else:
        for i in range(numbers.size):
            rows[i] = min(max(int32(numbers[i] * scale + 0.5), zero), top)
            negative |= numbers[i] < 0.0
    if first.size:
        for i in range(numbers.size):
            rows[i] += first[i]
    return negative


@jit
def _encode_units(numbers, table, first, modulus, centred, pairs, out, negative, start, stop):  # type: ignore[no-untyped-def]
    """As `_encode_rows`, of streams that fill the units of `out` ``(S, rails, units)``.

    A unit is an entry of the table: that of one number, or of two with so many thresholds each, as `pairs` says.
    """
    n = numbers.shape[1]
    rows = np.empty(n, np.int32)
    for r in range(start, stop):
        for rail in range(out.shape[1]):
            if _table_rows(numbers[r], 1.0 - 2.0 * rail, first, modulus, centred, rows):
                negative[0] = True
            row = out[r, rail]
            if pairs:
                for i in range(n // 2):
                    row[i] = table[rows[2 * i] * pairs + rows[2 * i + 1]]
                row[n // 2 :] = 0
                if n % 2:
                    row[n // 2] = table[rows[n - 1] * pairs] & 15
            else:
                for i in range(n):
                    row[i] = table[rows[i]]
                row[n:] = 0


@jit
def _encode_rows(numbers, table, first, modulus, centred, length, out, negative, start, stop):  # type: ignore[no-untyped-def]
    n, n_words = numbers.shape[1], table.shape[1]
    rows, codes = np.empty(n, np.int32), np.empty(n, np.uint64)
    for r in range(start, stop):
        for rail in range(out.shape[1]):
            if _table_rows(numbers[r], 1.0 - 2.0 * rail, first, modulus, centred, rows):
                negative[0] = True
            row = out[r, rail]
            if length <= _WORD:
                for i in range(n):
                    codes[i] = table[rows[i], 0]
                join_words(codes, length, row)
            else:
                for i in range(n):
                    code, place = table[rows[i]], i * n_words
                    for w in range(n_words):
                        row[place + w] = code[w]


def _units(table: Words, length: int, several: bool) -> tuple[Any, int]:
    """The table as `_encode_units` takes it, with its `pairs`; None for streams that fill no unit."""
    if length not in _UNITS:
        return None, 0
    streams = table[:, 0].astype(_UNITS[length])
    if length > 4:
        return streams, 0
    if several or len(streams) > _PAIRED:
        return None, 0
    return (streams[:, None] | streams << 4).reshape(-1), len(streams)


def encode_rows(numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int) -> Words:
    n, negative = numbers.shape[1], np.zeros(1, np.bool_)
    n_words = -(-n * length // _WORD) if length <= _WORD else n * table.shape[1]
    # Where the first sample has no negative number, seldom another one has.
    one = encoding != SPLIT or not (numbers[:1] < 0).any()
    units, pairs = _units(table, length, first.size > 0)
    for rails in (1, 2) if one else (2,):
        out = np.empty((len(numbers), rails, n_words), np.uint64)
        work, given = rails * (numbers.size + out.size), (first, modulus, encoding == BIPOLAR)
        if units is None:
            over_rows(_encode_rows, (numbers, table, *given, length, out, negative), len(out), work)
        else:
            over_rows(_encode_units, (numbers, units, *given, pairs, out.view(units.dtype), negative), len(out), work)
        if encoding != SPLIT or not negative[0]:
            break
    return out


@jit
def _outside(numbers, low, high, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        count, row = 0, numbers[r * _PIECE : (r + 1) * _PIECE]
        for i in range(row.size):
            count += not low <= row[i] <= high
        out[r] = count


def outside(numbers: Floats, low: float, high: float) -> int:
    out = np.zeros(-(-numbers.size // _PIECE), np.int64)
    over_rows(_outside, (numbers, low, high, out), len(out), numbers.size)
    return int(out.sum())


@jit
def _join_rows(words, length, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        join_words(words[r], length, out[r])


def join_rows(words: Words, length: int) -> Words:
    rows, n, n_words = words.shape
    if length >= _WORD:
        return words.reshape(rows, n * n_words)
    out = np.empty((rows, words_for(n * length)), np.uint64)
    over_rows(_join_rows, (words[:, :, 0], length, out), rows, 2 * rows * n)
    return out
