"""Bernoulli streams bit by bit: bit i of stream s depends on (key, s, i) only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sc_neurocore.backends import compiled, reference
from sc_neurocore.backends.packing import tail_mask, unpack, words_for
from sc_neurocore.backends.philox import philox4x32
from sc_neurocore.backends.splitmix import gamma_of, mix, outputs

KEY = 0x0123456789ABCDEF
MASK = 2**64 - 1


def plain_mix(z):
    """The finaliser of SplitMix64, in Python integers."""
    z &= MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def plain_source(key, stream):
    """Output by its number, of the SplitMix64 generator of a stream."""
    four = [int(word) for word in philox4x32([stream & 0xFFFFFFFF, stream >> 32, 0, 0], [key & 0xFFFFFFFF, key >> 32])]
    seed, gamma = four[0] | four[1] << 32, four[2] | four[3] << 32 | 1
    if (gamma ^ gamma >> 1).bit_count() < 24:
        gamma ^= 0xAAAAAAAAAAAAAAAA
    return lambda number: plain_mix(seed + (number + 1) * gamma)


def plain_numbers(key, stream, word):
    """The 64 numbers of 32 digits of a word."""
    source = plain_source(key, stream)
    shared = [source(128 * word + digit) for digit in range(10)]
    own = [source(128 * word + 64 + cycle) for cycle in range(64)]
    digits = ["".join(str(word >> cycle & 1) for word in shared) + f"{own[cycle]:064b}"[:22] for cycle in range(64)]
    return [int(number, 2) for number in digits]


def plain_word(key, stream, word, threshold, bits):
    numbers = plain_numbers(key, stream, word)
    return sum((number < threshold << 32 - bits) << cycle for cycle, number in enumerate(numbers))


KNOWN = [
    ["605f4c47eaaba95f", "0000000d2d213b69"],
    ["0038001a01020c00", "0000000091800088"],
    ["ff7fffef7ffdebff", "0000000fbf69dd4b"],
]


def streams_of(stream_numbers, thresholds, bits, length, key=KEY):
    return compiled.bernoulli(
        key, np.asarray(stream_numbers, np.uint64), np.asarray(thresholds, np.uint64), bits, length
    )


def test_splitmix_known_answers():
    """The outputs of the authors' generator and of Java's SplittableRandom, whose gamma is the golden ratio."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    assert outputs(np.uint64(1234567), golden, np.arange(5, dtype=np.uint64)).tolist() == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    words = np.random.default_rng(1).integers(0, 2**64, 1000, dtype=np.uint64)
    assert mix(words).tolist() == [plain_mix(word) for word in words.tolist()]


def test_gammas_are_odd_and_change_often():
    words = np.concatenate(
        [np.random.default_rng(2).integers(0, 2**64, 1000, dtype=np.uint64), np.arange(64, dtype=np.uint64), [MASK]]
    ).astype(np.uint64)
    gammas = gamma_of(words).tolist()
    assert all(gamma % 2 and (gamma ^ gamma >> 1).bit_count() >= 24 for gamma in gammas)
    assert sum(gamma == word | 1 for gamma, word in zip(gammas, words.tolist(), strict=True)) > 900


@pytest.mark.parametrize(
    ("threshold", "bits"), [(1, 1), (1, 3), (6, 4), (200, 8), (513, 10), (40503, 16), (1, 16), (2**31 + 5, 32)]
)
def test_bits_are_a_comparison_of_random_numbers(every_backend, threshold, bits):
    for stream in (0, 9, 2**40 + 5, MASK):
        words = every_backend.bernoulli(
            KEY, np.array([stream], np.uint64), np.array([threshold], np.uint64), bits, 64 * 19, 2
        )
        assert words[0].tolist() == [plain_word(KEY, stream, 2 + w, threshold, bits) for w in range(19)]


def test_known_words(every_backend):
    """Frozen, lest all implementations change together."""
    streams, thresholds = np.array([0, 1, 2**63], np.uint64), np.array([2**15, 12345, 54321], np.uint64)
    words = every_backend.bernoulli(KEY, streams, thresholds, 16, 100)
    assert [[f"{word:016x}" for word in row] for row in words.tolist()] == KNOWN


def test_thresholds_next_to_a_number(every_backend):
    """The last of the 32 digits decides."""
    numbers = plain_numbers(KEY, 3, 0)
    for cycle in (0, 17, 63):
        rows = np.array([numbers[cycle], numbers[cycle] + 1], np.uint64)
        words = every_backend.bernoulli(KEY, np.full(2, 3, np.uint64), rows, 32, 64)[:, 0]
        assert (words >> np.uint64(cycle) & np.uint64(1)).tolist() == [0, 1]


@pytest.mark.parametrize("length", [64, 100, 1000, 5000])
def test_more_digits_of_a_probability_change_nothing(length):
    streams, thresholds = np.arange(257, dtype=np.uint64), np.arange(257, dtype=np.uint64)
    narrow = streams_of(streams, thresholds, 8, length)
    for bits in (9, 10, 11, 16, 24, 32):
        wide = streams_of(streams, thresholds << np.uint64(bits - 8), bits, length)
        np.testing.assert_array_equal(wide, narrow)


def test_a_wider_threshold_adds_only_digits():
    """Rounded down to fewer digits, a threshold loses ones only where the number has the digits that are left."""
    threshold, bits = 0b1011_0110_1101_1010_0110_1011, 24
    wide = unpack(streams_of(np.arange(64), np.full(64, threshold), bits, 5000), 5000)
    for fewer in (1, 7, 8, 9, 10, 11, 16, 23):
        narrow = unpack(streams_of(np.arange(64), np.full(64, threshold >> bits - fewer), fewer, 5000), 5000)
        assert not np.any(narrow > wide)
        share = (threshold / 2**bits) - (threshold >> bits - fewer) / 2**fewer
        gained = int((wide != narrow).sum())
        assert stats.binomtest(gained, wide.size, share).pvalue > 1e-9


@pytest.mark.many_shapes
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


@pytest.mark.parametrize("rows", [1, 3, 15, 16, 18, 40])
@pytest.mark.parametrize("n_words", [1, 2, 15, 16, 17, 33, 70])
def test_every_shape_takes_the_same_words(rows, n_words):
    """The kernel fills vector lanes with rows or with words of a row."""
    rng = np.random.default_rng(rows)
    streams, thresholds = rng.integers(0, 2**64, 40, dtype=np.uint64), rng.integers(0, 2**16, 40, dtype=np.uint64)
    one_by_one = [streams_of(streams[[r]], thresholds[[r]], 16, 64 * 70 - 3)[0, :n_words] for r in range(rows)]
    length = 64 * n_words - (3 if n_words == 70 else 0)
    np.testing.assert_array_equal(streams_of(streams[:rows], thresholds[:rows], 16, length), one_by_one)


@pytest.mark.parametrize("first", [1, 2, 15, 64, 65, 2**31])
def test_a_stream_may_be_entered_at_any_word(every_backend, first):
    streams, thresholds = np.arange(3, dtype=np.uint64), np.array([3, 9, 16], np.uint64)
    part = every_backend.bernoulli(7, streams, thresholds, 4, 64 * 9 + 5, first)
    if first < 100:
        whole = every_backend.bernoulli(7, streams, thresholds, 4, 64 * (9 + first) + 5)
        np.testing.assert_array_equal(part, whole[:, first:])
    assert part[0, 0] == plain_word(7, 0, first, 3, 4)


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


def test_a_shorter_stream_is_a_prefix():
    numbers, thresholds = np.arange(18), np.arange(18) * 15
    whole = unpack(streams_of(numbers, thresholds, 8, 9001), 9001)
    for length in (4095, 4096, 4097, 4160, 9000):
        np.testing.assert_array_equal(unpack(streams_of(numbers, thresholds, 8, length), length), whole[:, :length])


def test_a_larger_threshold_keeps_the_ones():
    """All rows read one stream's draws, so they are thresholds of the same numbers: nested."""
    out = streams_of(np.full(257, 11), np.arange(257), 8, 1000)
    assert not np.any(out[:-1] & ~out[1:])


def test_key_and_stream_and_place_all_matter():
    base = streams_of([5], [128], 8, 8192)[0]
    others = [
        streams_of([5], [128], 8, 8192, key=KEY ^ 1)[0],
        streams_of([5], [128], 8, 8192, key=KEY ^ 1 << 63)[0],
        streams_of([6], [128], 8, 8192)[0],
        streams_of([5 + 2**32], [128], 8, 8192)[0],
        np.roll(base, 1),
        np.roll(base, 64),
    ]
    for other in others:
        assert not np.any(base == other)
