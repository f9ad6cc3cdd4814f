"""The kernels with memory: reference and compiled return the same integers, and so do plain loops."""

import numpy as np
import pytest
from gate_helpers import LENGTHS

from sc_neurocore.backends import compiled, reference
from sc_neurocore.backends.packing import pack

BACKENDS = [reference, compiled]


def random_bits(seed, rows, length):
    rng = np.random.default_rng(seed)
    return (rng.random((rows, length)) < rng.random((rows, 1))).astype(int)


@pytest.mark.parametrize("length", LENGTHS)
def test_divide(length):
    a, b = random_bits(1, 9, length), random_bits(2, 9, length)
    plain = np.zeros_like(a)
    for r in range(9):
        last = 0
        for t in range(length):
            if b[r, t]:
                last = a[r, t]
            plain[r, t] = last
    for backend in BACKENDS:
        np.testing.assert_array_equal(backend.divide(pack(a), pack(b), length), pack(plain))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bits", [1, 3, 8])
def test_square_root(length, shared, bits):
    x = random_bits(3, 9, length)
    sequences = np.random.default_rng(4).integers(2**bits, size=(2, 1 if shared else 9, length), dtype=np.uint32)
    plain = np.zeros_like(x)
    for r in range(9):
        counter = 2 ** (bits - 1)
        for t in range(length):
            root, twin = (int(sequence[0 if shared else r, t]) < counter for sequence in sequences)
            plain[r, t] = root
            counter += x[r, t]
            if root and twin:
                counter -= 1
            counter = max(0, min(2**bits, counter))
    for backend in BACKENDS:
        got = backend.square_root(pack(x), length, sequences[0], sequences[1], bits, 2 ** (bits - 1))
        np.testing.assert_array_equal(got, pack(plain))


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("depth", [1, 2, 5, 16])
def test_shuffle_buffer(length, shared, depth):
    x = random_bits(5, 9, length)
    draws = np.random.default_rng(6).integers(2**32, size=(1 if shared else 9, length), dtype=np.uint32)
    plain = np.zeros_like(x)
    for r in range(9):
        slots = [i % 2 for i in range(depth)]
        for t in range(length):
            slot = int(draws[0 if shared else r, t]) * depth // 2**32
            plain[r, t], slots[slot] = slots[slot], x[r, t]
    for backend in BACKENDS:
        np.testing.assert_array_equal(backend.shuffle_buffer(pack(x), length, depth, draws), pack(plain))


@pytest.mark.parametrize("rows", [0, 1, 2, 300])
def test_rows_do_not_depend_on_their_number(rows):
    length = 1000
    a, b = pack(random_bits(7, 300, length)), pack(random_bits(8, 300, length))
    draws = np.random.default_rng(9).integers(2**32, size=(1, length), dtype=np.uint32)
    small = draws >> np.uint32(24)
    for run in (
        lambda n: compiled.divide(a[:n], b[:n], length),
        lambda n: compiled.square_root(a[:n], length, small, small[:, ::-1].copy(), 8, 128),
        lambda n: compiled.shuffle_buffer(a[:n], length, 7, draws),
    ):
        np.testing.assert_array_equal(run(rows), run(300)[:rows])
