"""Streams from sequences and from thresholds of their own."""

import numpy as np

from ..addresses import BERNOULLI, SELECT, random_words
from ..elementary import exp_of, reduced
from ..normal import REACH, upper_tail
from ..packing import WORD_BITS, pack, unpack
from ..splitmix import gamma_of, outputs
from ..types import (
    BIPOLAR,
    NUMBER_DIGITS,
    SHARED_DIGITS,
    SPLIT,
    WORD_STEP,
    Draws,
    Floats,
    Indices,
    Thresholds,
    Words,
)


def compare(sequences: Draws, thresholds: Thresholds) -> Words:
    return pack(sequences[None, :, :] < thresholds[:, :, None])


def gather(table: Words, rows: Thresholds) -> Words:
    return table[rows.astype(np.intp)]


def encode_rows(numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int) -> Words:
    if encoding == BIPOLAR:
        parts = [(numbers + 1.0) / 2.0]
    elif encoding == SPLIT and (numbers < 0).any():
        parts = [np.maximum(numbers, 0.0), np.maximum(-numbers, 0.0)]
    else:
        parts = [numbers]
    thresholds = np.floor(np.stack(parts, axis=1) * float(modulus) + 0.5).astype(np.int64)
    words = table[thresholds + (first if first.size else 0)]
    joined = join_rows(words.reshape(-1, *words.shape[2:]), length)
    return joined.reshape(*words.shape[:2], joined.shape[-1])


def outside(numbers: Floats, low: float, high: float) -> int:
    return int((~((numbers >= low) & (numbers <= high))).sum())


def join_rows(words: Words, length: int) -> Words:
    if length >= WORD_BITS:
        return words.reshape(len(words), words.shape[1] * words.shape[2])
    return pack(unpack(words, length).reshape(len(words), words.shape[1] * length))


def bernoulli(
    key: int,
    streams: Thresholds,
    thresholds: Thresholds,
    bits: int,
    length: int,
    first_word: int = 0,
) -> Words:
    """Random streams ``(R, W)``: every bit of row r is 1 with probability ``thresholds[r] / 2**bits``.

    A bit is 1 where a number of 32 binary digits is below the threshold, to which zeros are added on the right up to
    that width: written with more digits, a probability gives the same stream. The numbers of the stream numbered s
    are made of the outputs of SplitMix64 (`splitmix`) whose seed and gamma are Philox(key, counter s). Of the 64
    cycles of word w, output ``128 w + d`` holds digit d = 0 .. 9, a bit for each cycle; 0 is the most significant one.
    The other 22 digits of cycle t are the highest bits of output ``128 w + 64 + t``: they are needed where the first
    ten are those of the threshold, in one cycle of 1024. The first bit of a row is that of word `first_word`.
    """
    scaled = thresholds << np.uint64(NUMBER_DIGITS - bits)
    return pack(_numbers(key, streams, length, first_word) < scaled[:, None])


def _numbers(key: int, streams: Thresholds, length: int, first_word: int = 0) -> Thresholds:
    """The numbers ``(R, length)`` of `bernoulli`."""
    words = np.arange(first_word, first_word + -(-length // 64), dtype=np.uint64)[:, None] * np.uint64(WORD_STEP)
    digits = np.arange(SHARED_DIGITS, dtype=np.uint64)
    cycles = np.arange(64, dtype=np.uint64)
    own_digits = np.uint64(NUMBER_DIGITS - SHARED_DIGITS)
    numbers = np.empty((len(streams), length), np.uint64)
    four = random_words(key, BERNOULLI, streams).astype(np.uint64)
    seeds, gammas = four[:, 0] | four[:, 1] << np.uint64(32), gamma_of(four[:, 2] | four[:, 3] << np.uint64(32))
    for row, (seed, gamma) in enumerate(zip(seeds, gammas, strict=True)):
        shared = outputs(seed, gamma, words + digits)[:, None] >> cycles[:, None] & np.uint64(1)
        first = (shared << digits[::-1]).sum(-1)
        own = outputs(seed, gamma, words + np.uint64(WORD_STEP // 2) + cycles)
        numbers[row] = (first << own_digits | own >> (np.uint64(64) - own_digits)).reshape(-1)[:length]
    return numbers


def compare_noisy(
    key: int, streams: Thresholds, levels: Floats, rows: Indices, means: Floats, sigmas: Floats, rails: int
) -> Words:
    """Comparators of numbers that are read with noise: streams ``(S, rails, K, W)``.

    Number k is read as ``means[k] + sigmas[k] * noise`` in cycle t, and a bit of rail 0 is 1 where that is above
    ``levels[rows[k], t]``, of rail 1 where its negative is. The noise is -x of the normal number x below which a share
    of ``(v + 1/2) / 2**32`` of all lie: v is the number in which `bernoulli` has this cycle of the stream
    ``streams[s] + k``. So a bit of rail 0 is 1 where v is below the threshold ``2**32 Phi((mean - level) / sigma)``,
    rounded, and one of rail 1 where ``2**32 - 1 - v`` is below that of -mean.
    """
    length, steps = levels.shape[1], float(1 << NUMBER_DIGITS)
    numbers = np.add.outer(streams, np.arange(means.size, dtype=np.uint64)).reshape(-1)
    v = _numbers(key, numbers, length).reshape(streams.size, means.size, length)
    bits = np.empty((streams.size, rails, *v.shape[1:]), bool)
    for rail in range(rails):
        distance = (-means if rail else means)[:, None] - levels[rows]
        near = np.abs(distance) < REACH * sigmas[:, None]
        z = np.where(near, distance, 0.0) / np.where(near, sigmas[:, None], 1.0)
        tail = steps * upper_tail(np.abs(z), exp_of(*reduced(-0.5 * z * z, -746.0, 710.0)))
        unsure = np.floor(np.where(z > 0, steps - tail, tail) + 0.5)
        thresholds = np.where(near, unsure, np.where(distance > 0, steps, 0.0)).astype(np.uint64)
        bits[:, rail] = (np.uint64((1 << NUMBER_DIGITS) - 1) - v if rail else v) < thresholds
    return pack(bits)


def select_numbers(key: int, samples: Indices, length: int) -> Draws:
    calls = np.arange(-(-length // 4))
    words = random_words(key, SELECT, samples[:, None], calls).reshape(len(samples), 4 * calls.size)
    return np.ascontiguousarray(words[:, :length])
