"""Rows of streams: those of up to 64 cycles lie side by side, bit to bit, so that eight of eight cycles fill a word."""

import numpy as np
from numba import int64, uint64

from ..packing import words_for
from ..threads import over_rows
from ..types import BIPOLAR, SPLIT, Floats, Indices, Words
from .jit import jit

_WORD = 64
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
    top, scale, negative = int64(modulus), float(modulus) * sign, False
    if centred:
        for i in range(numbers.size):
            threshold = int64((numbers[i] + 1.0) / 2.0 * scale + 0.5)
            rows[i] = min(max(threshold, 0), top)
    else:
        for i in range(numbers.size):
            threshold = int64(numbers[i] * scale + 0.5)
            rows[i] = min(max(threshold, 0), top)
            negative |= numbers[i] < 0.0
    if first.size:
        for i in range(numbers.size):
            rows[i] += first[i]
    return negative


@jit
def _encode_rows(numbers, table, first, modulus, centred, length, out, negative, start, stop):  # type: ignore[no-untyped-def]
    n, n_words = numbers.shape[1], table.shape[1]
    rows, codes = np.empty(n, np.int64), np.empty(n, np.uint64)
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


def encode_rows(numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int) -> Words:
    n, negative = numbers.shape[1], np.zeros(1, np.bool_)
    n_words = -(-n * length // _WORD) if length <= _WORD else n * table.shape[1]
    # Where the first sample has no negative number, seldom another one has.
    one = encoding != SPLIT or not (numbers[:1] < 0).any()
    for rails in (1, 2) if one else (2,):
        out = np.empty((len(numbers), rails, n_words), np.uint64)
        args = (numbers, table, first, modulus, encoding == BIPOLAR, length, out, negative)
        over_rows(_encode_rows, args, len(out), rails * (numbers.size + out.size))
        if encoding != SPLIT or not negative[0]:
            break
    return out


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
