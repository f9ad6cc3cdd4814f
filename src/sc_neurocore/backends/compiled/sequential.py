"""Circuits with memory, cycle by cycle."""

import numpy as np
from numba import int64, uint64

from ..threads import over_rows
from ..types import Bits, Draws, Words
from .intrinsics import popcount64
from .jit import jit


@jit
def _moore(words, length, n_states, initial, output, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        state = initial
        for t in range(length):
            bit = int64((words[r, t >> 6] >> uint64(t & 63)) & uint64(1))
            symbol = uint64(output[2 * state + bit])
            if symbol == uint64(2):
                symbol = uint64(t & 1)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= symbol << uint64(t & 63)
            state = min(max(state + 2 * bit - 1, 0), n_states - 1)


def moore(words: Words, length: int, n_states: int, start: int, output: Bits) -> Words:
    out = np.empty_like(words)
    over_rows(_moore, (words, length, n_states, start, output, out), len(words), len(words) * length)
    return out


@jit
def _lfsr(state, taps, bits, insert_zero, out):  # type: ignore[no-untyped-def]
    low, every = (uint64(1) << (bits - uint64(1))) - uint64(1), (uint64(1) << bits) - uint64(1)
    for t in range(out.size):
        out[t] = state
        entering = popcount64(state & taps) & uint64(1)
        if insert_zero and (state & low) == 0:
            entering ^= uint64(1)
        state = ((state << uint64(1)) | entering) & every


def lfsr(state: int, taps: int, bits: int, insert_zero: bool, length: int) -> Draws:
    out = np.empty(length, np.uint32)
    _lfsr(np.uint64(state), np.uint64(taps), np.uint64(bits), insert_zero, out)
    return out


@jit
def _divide(a, b, length, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        held = uint64(0)
        for t in range(length):
            place = uint64(t & 63)
            if (b[r, t >> 6] >> place) & uint64(1):
                held = (a[r, t >> 6] >> place) & uint64(1)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= held << place


def divide(a: Words, b: Words, length: int) -> Words:
    out = np.empty_like(a)
    over_rows(_divide, (a, b, length, out), len(a), len(a) * length)
    return out


@jit
def _square_root(words, length, first, second, top, initial, out, start, stop):  # type: ignore[no-untyped-def]
    for r in range(start, stop):
        root_sequence = first[0 if first.shape[0] == 1 else r]
        twin_sequence = second[0 if second.shape[0] == 1 else r]
        counter = int64(initial)
        for t in range(length):
            root = int64(root_sequence[t]) < counter
            twin = int64(twin_sequence[t]) < counter
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= uint64(root) << uint64(t & 63)
            bit = int64((words[r, t >> 6] >> uint64(t & 63)) & uint64(1))
            counter = min(max(counter + bit - int64(root and twin), 0), top)


def square_root(words: Words, length: int, first: Draws, second: Draws, bits: int, start: int) -> Words:
    out = np.empty_like(words)
    over_rows(_square_root, (words, length, first, second, 2**bits, start, out), len(words), len(words) * length)
    return out


@jit
def _shuffle_buffer(words, length, depth, draws, out, start, stop):  # type: ignore[no-untyped-def]
    slots = np.empty(depth, np.uint64)
    for r in range(start, stop):
        sequence = draws[0 if draws.shape[0] == 1 else r]
        for i in range(depth):
            slots[i] = uint64(i & 1)
        for t in range(length):
            slot = (uint64(sequence[t]) * uint64(depth)) >> uint64(32)
            if t & 63 == 0:
                out[r, t >> 6] = uint64(0)
            out[r, t >> 6] |= slots[slot] << uint64(t & 63)
            slots[slot] = (words[r, t >> 6] >> uint64(t & 63)) & uint64(1)


def shuffle_buffer(words: Words, length: int, depth: int, draws: Draws) -> Words:
    out = np.empty_like(words)
    over_rows(_shuffle_buffer, (words, length, depth, draws, out), len(words), len(words) * length)
    return out
