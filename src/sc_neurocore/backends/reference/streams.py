"""Streams from sequences and from thresholds of their own."""

import numpy as np

from ..addresses import BERNOULLI, SELECT, random_words
from ..packing import pack, unpack
from ..types import BLOCK_WORDS, Draws, Indices, Thresholds, Words

MASK_64 = (1 << 64) - 1


def compare(sequences: Draws, thresholds: Thresholds) -> Words:
    return pack(sequences[None, :, :] < thresholds[:, :, None])


def gather(table: Words, rows: Thresholds) -> Words:
    return table[rows.astype(np.intp)]


def _rotate(word: int, by: int) -> int:
    return ((word << by) | (word >> (64 - by))) & MASK_64


def bernoulli(
    key: int,
    streams: Thresholds,
    thresholds: Thresholds,
    bits: int,
    length: int,
    first_block: int = 0,
) -> Words:
    """Random streams ``(R, W)``: every bit of row r is 1 with probability ``thresholds[r] / 2**bits``.

    Block b of 64 words of the stream numbered s is made by xoshiro256++ (Blackman & Vigna 2021,
    https://doi.org/10.1145/3460772) whose 256-bit state is Philox(key, counter (s, b, 0 and 1)).
    A word takes `bits` draws u, one for each binary digit of the threshold from the lowest:
    ``r = digit ? r | u : r & u`` leaves 64 independent bits of the wanted probability. The first bit
    of a row is that of block `first_block`.
    """
    n_words = -(-length // 64)
    words = np.zeros((len(streams), n_words), np.uint64)
    state = [0, 0, 0, 0]
    for row, (stream, threshold) in enumerate(zip(streams.tolist(), thresholds.tolist(), strict=True)):
        for w in range(n_words):
            if w % BLOCK_WORDS == 0:
                block = first_block + w // BLOCK_WORDS
                halves = random_words(key, BERNOULLI, stream, block, [0, 1]).reshape(4, 2).tolist()
                state = [low | high << 32 for low, high in halves]
            r = 0
            for digit in range(bits):
                s0, s1, s2, s3 = state
                u = (_rotate((s0 + s3) & MASK_64, 23) + s0) & MASK_64
                shifted = (s1 << 17) & MASK_64
                s2, s3 = s2 ^ s0, s3 ^ s1
                s1, s0 = s1 ^ s2, s0 ^ s3
                state = [s0, s1, s2 ^ shifted, _rotate(s3, 45)]
                r = r | u if threshold >> digit & 1 else r & u
            words[row, w] = MASK_64 if threshold >> bits else r
    return pack(unpack(words, length))


def select_numbers(key: int, samples: Indices, length: int) -> Draws:
    calls = np.arange(-(-length // 4))
    words = random_words(key, SELECT, samples[:, None], calls).reshape(len(samples), 4 * calls.size)
    return np.ascontiguousarray(words[:, :length])
