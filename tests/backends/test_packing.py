"""Packed words: bit t is bit t % 64 of word t // 64, and the tail is zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_neurocore.backends.packing import pack, tail_mask, unpack, words_for


@settings(deadline=None)
@given(st.lists(st.integers(0, 1), min_size=1, max_size=300))
def test_round_trip_order_and_tail(bits):
    words = pack(bits)
    assert words.dtype == np.uint64
    assert words.flags.c_contiguous
    assert words.shape == (words_for(len(bits)),)
    assert unpack(words, len(bits)).tolist() == bits
    whole = sum(int(word) << 64 * w for w, word in enumerate(words))
    assert whole == sum(bit << t for t, bit in enumerate(bits))
    assert whole >> len(bits) == 0


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(0, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_round_trip_of_arrays(length, rows, columns, seed):
    bits = np.random.default_rng(seed).integers(0, 2, (rows, columns, length), dtype=np.uint8)
    words = pack(bits)
    assert words.shape == (rows, columns, words_for(length))
    assert not np.any(words[..., -1] & ~tail_mask(length))
    back = unpack(words, length)
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, bits)
    np.testing.assert_array_equal(unpack(words[:, ::-1], length), bits[:, ::-1])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
def test_pack_takes_bits_of_any_type(dtype):
    assert pack(np.array([1, 0, 1, 1], dtype)).tolist() == [0b1101]


@pytest.mark.parametrize(
    ("length", "words", "mask"),
    [(1, 1, 1), (7, 1, 127), (63, 1, 2**63 - 1), (64, 1, 2**64 - 1), (65, 2, 1), (128, 2, 2**64 - 1), (129, 3, 1)],
)
def test_words_for_and_tail_mask(length, words, mask):
    assert words_for(length) == words
    assert int(tail_mask(length)) == mask
    assert tail_mask(length).dtype == np.uint64
