"""Circuits with memory."""

import numpy as np

from ..packing import pack, unpack
from ..types import Bits, Draws, Words


def moore(words: Words, length: int, n_states: int, start: int, output: Bits) -> Words:
    bits = unpack(words, length)
    state = np.full(len(bits), start)
    out = np.empty_like(bits)
    for t in range(length):
        symbol = output[2 * state + bits[:, t]]
        out[:, t] = np.where(symbol == 2, t % 2, symbol)
        state = np.clip(state + 2 * bits[:, t].astype(np.int64) - 1, 0, n_states - 1)
    return pack(out)


def lfsr(state: int, taps: int, bits: int, insert_zero: bool, length: int) -> Draws:
    out = np.empty(length, np.uint32)
    for t in range(length):
        out[t] = state
        entering = (state & taps).bit_count() & 1
        if insert_zero and state & ((1 << (bits - 1)) - 1) == 0:
            entering ^= 1
        state = (state << 1 | entering) & ((1 << bits) - 1)
    return out


def divide(a: Words, b: Words, length: int) -> Words:
    a_bits, b_bits = unpack(a, length), unpack(b, length)
    held = np.zeros(len(a_bits), np.uint8)
    out = np.empty_like(a_bits)
    for t in range(length):
        held = np.where(b_bits[:, t] == 1, a_bits[:, t], held)
        out[:, t] = held
    return pack(out)


def square_root(words: Words, length: int, first: Draws, second: Draws, bits: int, start: int) -> Words:
    x = unpack(words, length).astype(np.int64)
    counter = np.full(len(x), start, np.int64)
    out = np.empty(x.shape, np.uint8)
    for t in range(length):
        root, twin = first[:, t] < counter, second[:, t] < counter
        out[:, t] = root
        counter = np.clip(counter + x[:, t] - (root & twin), 0, 2**bits)
    return pack(out)


def shuffle_buffer(words: Words, length: int, depth: int, draws: Draws) -> Words:
    bits = unpack(words, length)
    slots = np.tile(np.arange(depth) % 2, (len(bits), 1)).astype(np.uint8)
    chosen = np.broadcast_to((draws.astype(np.uint64) * np.uint64(depth) >> np.uint64(32)).astype(np.intp), bits.shape)
    rows = np.arange(len(bits))
    out = np.empty_like(bits)
    for t in range(length):
        out[:, t] = slots[rows, chosen[:, t]]
        slots[rows, chosen[:, t]] = bits[:, t]
    return pack(out)
