"""Streams from sequences and from thresholds of their own."""

import numpy as np
from numba import uint64

from ..addresses import BERNOULLI, SELECT
from ..packing import tail_mask, words_for
from ..threads import over_rows
from ..types import BLOCK_WORDS, Draws, Indices, Thresholds, Words
from .jit import L1, L2, L3, L4, L5, LANES, counter, inline, jit, philox_lanes, put


@jit
def _compare(sequences, thresholds, out, start, stop):  # type: ignore[no-untyped-def]
    shared = sequences.shape[0] == 1
    length = sequences.shape[1]
    for r in range(start, stop):
        for i in range(thresholds.shape[1]):
            sequence = sequences[0 if shared else i]
            threshold = thresholds[r, i]
            for w in range(out.shape[2]):
                first = w * 64
                word = uint64(0)
                if first + 64 <= length:
                    piece = sequence[first : first + 64]
                    for t in range(64):
                        word |= uint64(uint64(piece[t]) < threshold) << uint64(t)
                else:
                    for t in range(length - first):
                        word |= uint64(uint64(sequence[first + t]) < threshold) << uint64(t)
                out[r, i, w] = word


def compare(sequences: Draws, thresholds: Thresholds) -> Words:
    rows, n = thresholds.shape
    n_words = words_for(sequences.shape[1])
    out = np.empty((rows, n, n_words), np.uint64)
    over_rows(_compare, (sequences, thresholds, out), rows, rows * n * n_words * 16)
    return out


def gather(table: Words, rows: Thresholds) -> Words:
    # NumPy's own row copy is faster than a Numba loop; "clip" spares it a buffer for `out`.
    flat = rows.reshape(-1).astype(np.intp)
    out = np.empty((flat.size, table.shape[1]), np.uint64)
    over_rows(_take, (table, flat, out), flat.size, out.size // 4)
    return out.reshape(*rows.shape, table.shape[1])


def _take(table: Words, rows: Indices, out: Words, start: int, stop: int) -> None:
    np.take(table, rows[start:stop], axis=0, out=out[start:stop], mode="clip")


@inline
def _rotate(word, by):  # type: ignore[no-untyped-def]
    return (word << uint64(by)) | (word >> uint64(64 - by))


@inline
def _seed_lanes(key, streams, first, block, lanes, scratch):  # type: ignore[no-untyped-def]
    """State of block `block` of LANES streams: two Philox calls of 128 bits each."""
    last = streams.size - 1
    for half in range(2):
        for lane in range(LANES):
            stream = streams[min(first + lane, last)]
            put(scratch, uint64(lane), counter(BERNOULLI, (stream, uint64(block), uint64(half))))
        philox_lanes(key, scratch)
        to = L2 if half else uint64(0)
        for lane in range(uint64(LANES)):
            lanes[to + lane] = scratch[lane] | scratch[L1 + lane] << uint64(32)
            lanes[to + L1 + lane] = scratch[L2 + lane] | scratch[L3 + lane] << uint64(32)


@jit
def bernoulli_rows(key, streams, thresholds, bits, first_block, tail, out, start, stop):  # type: ignore[no-untyped-def]
    """`bernoulli` of the rows start to stop; `tail` masks the last word."""
    rows, n_words = out.shape
    lanes = np.empty(6 * LANES, np.uint64)
    scratch = np.empty(4 * LANES, np.uint64)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        for lane in range(LANES):
            lanes[L5 + uint64(lane)] = thresholds[min(first + lane, rows - 1)]
        for w in range(n_words):
            if w % BLOCK_WORDS == 0:
                _seed_lanes(key, streams, first, first_block + w // BLOCK_WORDS, lanes, scratch)
            for lane in range(uint64(LANES)):
                lanes[L4 + lane] = uint64(0)
            for digit in range(uint64(bits)):
                for lane in range(uint64(LANES)):
                    s0, s1 = lanes[lane], lanes[L1 + lane]
                    s2, s3 = lanes[L2 + lane], lanes[L3 + lane]
                    r = lanes[L4 + lane]
                    ones = uint64(0) - ((lanes[L5 + lane] >> digit) & uint64(1))
                    u = _rotate(s0 + s3, 23) + s0
                    shifted = s1 << uint64(17)
                    s2 ^= s0
                    s3 ^= s1
                    lanes[L1 + lane] = s1 ^ s2
                    lanes[lane] = s0 ^ s3
                    lanes[L2 + lane] = s2 ^ shifted
                    lanes[L3 + lane] = _rotate(s3, 45)
                    lanes[L4 + lane] = (u & (r | ones)) | (r & ones)
            for lane in range(count):
                certain = uint64(0) - (lanes[L5 + uint64(lane)] >> uint64(bits))
                word = lanes[L4 + uint64(lane)] | certain
                out[first + lane, w] = word & tail if w == n_words - 1 else word


def bernoulli(
    key: int,
    streams: Thresholds,
    thresholds: Thresholds,
    bits: int,
    length: int,
    first_block: int = 0,
) -> Words:
    out = np.empty((streams.size, words_for(length)), np.uint64)
    if streams.size:
        args = np.uint64(key), streams, thresholds, bits, first_block, tail_mask(length), out
        over_rows(bernoulli_rows, args, streams.size, out.size * 20, LANES)
    return out


@jit
def _select_numbers(key, samples, out, start, stop):  # type: ignore[no-untyped-def]
    """Rows start to stop of `out` ``(B, L)``; LANES Philox calls of four cycles each at a time."""
    lanes, length = np.empty(4 * LANES, np.uint64), out.shape[1]
    for b in range(start, stop):
        sample = uint64(samples[b])
        for first in range(0, length, 4 * LANES):
            for lane in range(uint64(LANES)):
                put(lanes, lane, counter(SELECT, (sample, uint64(first // 4) + lane)))
            philox_lanes(key, lanes)
            for i in range(min(4 * LANES, length - first)):
                out[b, first + i] = lanes[i % 4 * LANES + i // 4]


def select_numbers(key: int, samples: Indices, length: int) -> Draws:
    out = np.empty((len(samples), length), np.uint32)
    over_rows(_select_numbers, (np.uint64(key), samples, out), len(samples), 6 * out.size)
    return out
