"""The circuits with memory, cycle by cycle: every backend against `reference`, and all against small cases by hand."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import pack, tail_mask, words_for

LENGTHS = pytest.mark.parametrize("length", [1, 7, 63, 64, 65, 100, 256, 1000])
THREADS = pytest.mark.parametrize("threads", [1, 2])


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def same(backend, kernel, length, rows, *arguments):
    mine, theirs = getattr(backend, kernel)(*arguments), getattr(reference, kernel)(*arguments)
    assert mine.dtype == theirs.dtype == np.uint64
    assert mine.shape == (rows, words_for(length))
    assert not np.any(mine[:, -1] & ~tail_mask(length))
    np.testing.assert_array_equal(mine, theirs)


@THREADS
@LENGTHS
@pytest.mark.kernels("divide", "square_root", "shuffle_buffer")
def test_equal(backend, length, threads, rng, split_over):
    split_over(threads)
    for rows in (0, 1, 5):
        a, b = (pack(rng.random((rows, length)) < p) for p in (0.3, 0.6))
        same(backend, "divide", length, rows, a, b, length)
        for bits in (1, 4, 8):
            first, second = rng.integers(0, 2**bits, (2, max(rows, 1), length), dtype=np.uint32)
            for start in (0, 2 ** (bits - 1), 2**bits):
                same(backend, "square_root", length, rows, a, length, first[:1], second[:1], bits, start)
                if rows:
                    same(backend, "square_root", length, rows, a, length, first, second, bits, start)
        for depth in (1, 2, 5, 16):
            draws = rng.integers(0, 2**32, (max(rows, 1), length), dtype=np.uint32)
            draws[0, 0] = 2**32 - 1
            same(backend, "shuffle_buffer", length, rows, a, length, depth, draws[:1])
            if rows:
                same(backend, "shuffle_buffer", length, rows, a, length, depth, draws)


@pytest.mark.parametrize("insert_zero", [False, True])
@pytest.mark.parametrize(("bits", "taps"), [(4, 0b1100), (8, 0b10111000), (32, 0x80200003), (3, 0b110), (5, 0b00001)])
@pytest.mark.kernels("lfsr")
def test_lfsr_equal(backend, bits, taps, insert_zero):
    for state in (0, 1, 2**bits - 1, 2 ** (bits - 1)):
        for length in (1, 2, 100, 1000):
            mine = backend.lfsr(state, taps, bits, insert_zero, length)
            theirs = reference.lfsr(state, taps, bits, insert_zero, length)
            assert mine.dtype == theirs.dtype == np.uint32
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("bits", "taps"), [(4, (4, 3)), (6, (6, 5)), (8, (8, 6, 5, 4)), (10, (10, 7))], ids=lambda value: str(value)
)
def test_lfsr_visits_every_state_once(every_backend, bits, taps):
    mask = sum(1 << tap - 1 for tap in taps)
    states = every_backend.lfsr(1, mask, bits, False, 2**bits - 1)
    assert sorted(states.tolist()) == list(range(1, 2**bits))
    assert every_backend.lfsr(1, mask, bits, False, 2**bits)[-1] == 1
    states = every_backend.lfsr(1, mask, bits, True, 2**bits)
    assert sorted(states.tolist()) == list(range(2**bits))
    assert every_backend.lfsr(1, mask, bits, True, 2**bits + 1)[-1] == 1


def test_lfsr_by_hand(every_backend):
    # x, parity of bits 2 and 1 enters at bit 0: 001 010 101 011 111 110 100
    assert every_backend.lfsr(1, 0b110, 3, False, 8).tolist() == [1, 2, 5, 3, 7, 6, 4, 1]
    # 100 and 000 invert what enters: 100 -> 000 -> 001
    assert every_backend.lfsr(1, 0b110, 3, True, 9).tolist() == [1, 2, 5, 3, 7, 6, 4, 0, 1]


def test_divide_by_hand(every_backend):
    a = pack([[1, 1, 0, 1, 0, 0, 1]])
    b = pack([[0, 1, 0, 0, 1, 0, 1]])
    assert every_backend.divide(a, b, 7).tolist() == pack([[0, 1, 1, 1, 0, 0, 1]]).tolist()


def test_square_root_by_hand(every_backend):
    first, second = np.array([[0, 1, 0, 3, 1]], np.uint32), np.array([[1, 0, 2, 0, 0]], np.uint32)
    # counter before each cycle 1 2 2 2 3; out 1 1 1 0 1; twin 0 1 0 1 1; input 1 1 0 1 0
    assert every_backend.square_root(pack([[1, 1, 0, 1, 0]]), 5, first, second, 2, 1).tolist() == [[0b10111]]


def test_shuffle_buffer_by_hand(every_backend):
    slots = np.array([[1, 0, 1, 1, 0]], np.uint32) << np.uint32(31)  # two slots, 0 and 1 at first
    assert every_backend.shuffle_buffer(pack([[0, 1, 1, 0, 0]]), 5, 2, slots).tolist() == [[0b11001]]
