"""Circuits with memory."""

import numpy as np
from numpy.typing import NDArray

from ..packing import Words, pack, unpack
from .products import Counts


def saturate(steps: NDArray[np.int32], signed: bool, two_level: bool) -> Counts:
    """Net output of a saturating adder: ``(..., L)`` increments to ``(...)``.

    An accumulator takes the increment of every cycle and gives one unit back when it can. Output
    of a cycle: 1 if the accumulator is at least 1, else 0 (`signed`: -1 if it is at most -1);
    `two_level`: +1 if it is at least 0, else -1. The output is subtracted from the accumulator.
    """
    accumulator = np.zeros(steps.shape[:-1], np.int64)
    total = np.zeros(steps.shape[:-1], np.int64)
    for t in range(steps.shape[-1]):
        accumulator += steps[..., t]
        if two_level:
            out = np.where(accumulator >= 0, 1, -1)
        else:
            out = np.where(accumulator >= 1, 1, np.where(signed & (accumulator <= -1), -1, 0))
        accumulator -= out
        total += out
    return total


def moore(words: Words, length: int, n_states: int, start: int, output: NDArray[np.uint8]) -> Words:
    """A saturating up/down counter on each stream ``(R, W)``, read through a table: ``(R, W)``.

    The state is in 0 .. n_states - 1 and moves up on a 1, down on a 0. The output of a cycle is
    ``output[2 * state + bit]`` with the state before the move; 2 stands for a bit that alternates
    0, 1, 0, 1 with the cycle (the value one half).
    """
    bits = unpack(words, length)
    state = np.full(len(bits), start)
    out = np.empty_like(bits)
    for t in range(length):
        symbol = output[2 * state + bits[:, t]]
        out[:, t] = np.where(symbol == 2, t % 2, symbol)
        state = np.clip(state + 2 * bits[:, t].astype(np.int64) - 1, 0, n_states - 1)
    return pack(out)


def lfsr(state: int, taps: int, bits: int, insert_zero: bool, length: int) -> NDArray[np.uint32]:
    """States ``(length,)`` of a Fibonacci shift register, the first one `state`.

    Bit k of `taps` marks stage k + 1. The parity of the tapped bits enters at bit 0, everything
    moves up; with `insert_zero` it is inverted while all bits but the highest are zero.
    """
    out = np.empty(length, np.uint32)
    for t in range(length):
        out[t] = state
        entering = (state & taps).bit_count() & 1
        if insert_zero and state & ((1 << (bits - 1)) - 1) == 0:
            entering ^= 1
        state = (state << 1 | entering) & ((1 << bits) - 1)
    return out


def divide(a: Words, b: Words, length: int) -> Words:
    """Quotient bits of streams a and b, ``(R, W)`` each: the bit of a where b is 1, else the last such bit.

    Before the first 1 of b the output is 0.
    """
    a_bits, b_bits = unpack(a, length), unpack(b, length)
    held = np.zeros(len(a_bits), np.uint8)
    out = np.empty_like(a_bits)
    for t in range(length):
        held = np.where(b_bits[:, t] == 1, a_bits[:, t], held)
        out[:, t] = held
    return pack(out)


def square_root(
    words: Words, length: int, first: NDArray[np.uint32], second: NDArray[np.uint32], bits: int, start: int
) -> Words:
    """A counter in 0 .. 2**bits that counts each stream ``(R, W)`` up and its own squared output down.

    The outputs of a cycle are ``first < counter`` and ``second < counter``, before the move; the
    counter moves by the input bit minus the AND of both, within its bounds. Returns the first
    output ``(R, W)``. The sequences are ``(R, L)``, or ``(1, L)`` for one shared by all rows.
    """
    x = unpack(words, length).astype(np.int64)
    counter = np.full(len(x), start, np.int64)
    out = np.empty(x.shape, np.uint8)
    for t in range(length):
        root, twin = first[:, t] < counter, second[:, t] < counter
        out[:, t] = root
        counter = np.clip(counter + x[:, t] - (root & twin), 0, 2**bits)
    return pack(out)


def shuffle_buffer(words: Words, length: int, depth: int, draws: NDArray[np.uint32]) -> Words:
    """Each bit of a stream ``(R, W)`` takes a random slot; the bit it replaces is the output ``(R, W)``.

    Slot of cycle t: ``floor(draws / 2**32 * depth)``; `draws` is ``(R, L)``, or ``(1, L)`` for all
    rows. The slots hold 0, 1, 0, 1, .. at first.
    """
    bits = unpack(words, length)
    slots = np.tile(np.arange(depth) % 2, (len(bits), 1)).astype(np.uint8)
    chosen = np.broadcast_to((draws.astype(np.uint64) * np.uint64(depth) >> np.uint64(32)).astype(np.intp), bits.shape)
    rows = np.arange(len(bits))
    out = np.empty_like(bits)
    for t in range(length):
        out[:, t] = slots[rows, chosen[:, t]]
        slots[rows, chosen[:, t]] = bits[:, t]
    return pack(out)
