"""Bernoulli streams bit by bit: bit i of stream s depends on (key, s, i) only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_neurocore.backends import compiled, reference
from sc_neurocore.backends.packing import tail_mask, unpack, words_for
from sc_neurocore.backends.philox import philox4x32
from sc_neurocore.backends.types import BLOCK_WORDS

KEY = 0x0123456789ABCDEF
MASK = 2**64 - 1


class Xoshiro256pp:
    """The plain generator, in Python integers."""

    def __init__(self, state):
        self.s = list(state)

    def __call__(self):
        s = self.s

        def rotl(x, k):
            return (x << k | x >> 64 - k) & MASK

        result = (rotl(s[0] + s[3] & MASK, 23) + s[0]) & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result


def seeded(key, stream, block):
    words = [
        philox4x32([stream & 0xFFFFFFFF, stream >> 32, block, half], [key & 0xFFFFFFFF, key >> 32]) for half in (0, 1)
    ]
    return Xoshiro256pp(int(four[i]) | int(four[i + 1]) << 32 for four in words for i in (0, 2))


def streams_of(stream_numbers, thresholds, bits, length, key=KEY):
    return compiled.bernoulli(
        key, np.asarray(stream_numbers, np.uint64), np.asarray(thresholds, np.uint64), bits, length
    )


def test_plain_xoshiro_known_answers():
    draw = Xoshiro256pp([1, 2, 3, 4])
    assert [draw() for _ in range(6)] == [
        41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162,
    ]  # fmt: skip


def test_one_digit_streams_are_the_words_of_xoshiro(every_backend):
    stream, n_words = 2**40 + 5, BLOCK_WORDS + 3
    words = every_backend.bernoulli(KEY, np.array([stream], np.uint64), np.array([1], np.uint64), 1, 64 * n_words)
    draws = [seeded(KEY, stream, 0), seeded(KEY, stream, 1)]
    assert words[0].tolist() == [draws[w // BLOCK_WORDS]() for w in range(n_words)]


@pytest.mark.parametrize(("threshold", "bits"), [(1, 3), (5, 3), (6, 4), (200, 8), (40503, 16)])
def test_bits_are_a_comparison_of_random_numbers(threshold, bits):
    """The chain of ANDs and ORs is `u < threshold`, u read from the draws' complements, last draw highest."""
    draw = seeded(KEY, 9, 0)
    draws = np.array([[draw() for _ in range(bits)] for _ in range(3)], np.uint64)
    numbers = sum((1 - unpack(draws[:, k, None], 64).astype(np.int64)) << k for k in range(bits))
    assert streams_of([9], [threshold], bits, 192).tolist() == [
        [sum(int(bit) << t for t, bit in enumerate(row)) for row in numbers < threshold]
    ]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("length", [1, 7, 63, 64, 65, 100, 256, 1000])
@pytest.mark.kernels("bernoulli")
def test_equals_reference(backend, length, threads, split_over):
    split_over(threads)
    rng = np.random.default_rng(length)
    for bits, rows in ((1, 3), (5, 17), (8, 0), (8, 1), (16, 5), (32, 2)):
        streams = rng.integers(0, 2**64, rows, dtype=np.uint64)
        thresholds = rng.integers(0, 2**bits, rows, dtype=np.uint64, endpoint=True)
        for key in (0, MASK, KEY):
            out = backend.bernoulli(key, streams, thresholds, bits, length)
            assert out.shape == (rows, words_for(length))
            assert not np.any(out[:, -1] & ~tail_mask(length))
            np.testing.assert_array_equal(out, reference.bernoulli(key, streams, thresholds, bits, length))


@pytest.mark.parametrize("length", [64 * BLOCK_WORDS, 64 * BLOCK_WORDS + 1, 64 * (2 * BLOCK_WORDS + 2) + 5])
@pytest.mark.kernels("bernoulli")
def test_equals_reference_beyond_a_block(backend, length):
    streams = np.array([3, 2**33, 4], np.uint64)
    thresholds = np.array([77, 128, 255], np.uint64)
    np.testing.assert_array_equal(
        backend.bernoulli(KEY, streams, thresholds, 8, length),
        reference.bernoulli(KEY, streams, thresholds, 8, length),
    )


@pytest.mark.parametrize("bits", [1, 4, 8, 16, 32])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 5000])
def test_zero_and_one_are_exact(bits, length):
    out = streams_of([0, 1, 2], [0, 2**bits, 0], bits, length)
    assert compiled.popcount(out).tolist() == [0, length, 0]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, MASK), st.integers(0, 256)), min_size=1, max_size=40, unique_by=lambda x: x[0]),
    st.integers(1, 300),
    st.data(),
)
def test_rows_do_not_depend_on_their_company(rows, length, data):
    numbers, thresholds = (np.array(column, np.uint64) for column in zip(*rows, strict=True))
    whole = streams_of(numbers, thresholds, 8, length)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=40))  # subset, permutation, repetition
    np.testing.assert_array_equal(streams_of(numbers[chosen], thresholds[chosen], 8, length), whole[chosen])
    cut = data.draw(st.integers(0, len(rows)))
    parts = [streams_of(numbers[part], thresholds[part], 8, length) for part in (slice(cut), slice(cut, None))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    shorter = data.draw(st.integers(1, length))
    prefix = unpack(streams_of(numbers, thresholds, 8, shorter), shorter)
    np.testing.assert_array_equal(prefix, unpack(whole, length)[:, :shorter])


def test_a_shorter_stream_is_a_prefix_across_blocks():
    numbers, thresholds = np.arange(18), np.arange(18) * 15
    whole = unpack(streams_of(numbers, thresholds, 8, 9001), 9001)
    for length in (4095, 4096, 4097, 4160, 9000):
        np.testing.assert_array_equal(unpack(streams_of(numbers, thresholds, 8, length), length), whole[:, :length])


def test_a_larger_threshold_keeps_the_ones():
    """All rows read one stream's draws, so they are thresholds of the same numbers: nested."""
    out = streams_of(np.full(257, 11), np.arange(257), 8, 1000)
    assert not np.any(out[:-1] & ~out[1:])


def test_key_stream_and_block_all_matter():
    base = streams_of([5], [128], 8, 8192)[0]
    others = [
        streams_of([5], [128], 8, 8192, key=KEY ^ 1)[0],
        streams_of([5], [128], 8, 8192, key=KEY ^ 1 << 63)[0],
        streams_of([6], [128], 8, 8192)[0],
        streams_of([5 + 2**32], [128], 8, 8192)[0],
        np.roll(base, BLOCK_WORDS),
    ]
    for other in others:
        assert not np.any(base == other)
