"""Selection: cycles at which streams fill a counter, and indices of the largest numbers."""

import numpy as np
from numba import int64, uint64

from ..threads import over_rows
from ..types import Counts, Floats, Indices, Words
from .intrinsics import popcount64
from .jit import jit


@jit
def _fill_times(words, length, target, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        missing = int64(target)
        out[r] = 0
        for w in range(words.shape[1]):
            word = words[r, w]
            ones = int64(popcount64(word))
            if ones < missing:
                missing -= ones
                continue
            for _ in range(missing - 1):  # drop the lowest ones: the next one fills the counter
                word &= word - uint64(1)
            out[r] = w * 64 + int64(popcount64(word ^ (word - uint64(1))))
            break
        if out[r] == 0:
            out[r] = length + missing


def fill_times(words: Words, length: int, target: int) -> Counts:
    flat = np.ascontiguousarray(words).reshape(-1, words.shape[-1])
    out = np.empty(len(flat), np.int64)
    over_rows(_fill_times, (flat, length, target, out), len(flat), flat.size)
    return out.reshape(words.shape[:-1])


_SPARE = 1024
"""Candidates held beside the k largest before they are partitioned; the fewer, the more partitions."""


@jit
def largest_rows(values, k, out, start, stop):  # type: ignore[no-untyped-def]
    """`largest` of the rows start to stop."""
    n = values.shape[1]
    # What may still be among the k largest; a value that is not above the k-th so far is not.
    held = np.empty(k + max(k, _SPARE), np.float64)
    for r in range(start, stop):
        row = values[r]
        held[:k] = row[:k]
        size = k
        bar = row[:k].min()
        for i in range(k, n):
            if row[i] > bar:
                held[size] = row[i]
                size += 1
                if size == held.size:
                    held[:] = np.partition(held, size - k)[::-1]
                    size = k
                    bar = held[k - 1]
        bar = np.partition(held[:size], size - k)[size - k]
        equals = k - (held[:size] > bar).sum()  # places left for values equal to the k-th
        place = 0
        for i in range(n):
            if row[i] >= bar:
                if row[i] == bar:
                    if equals == 0:
                        continue
                    equals -= 1
                out[r, place] = i
                place += 1


def largest(values: Floats, k: int) -> Indices:
    out = np.empty((len(values), k), np.int64)
    over_rows(largest_rows, (values, k, out), len(values), values.size // 4)
    return out
