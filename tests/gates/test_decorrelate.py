import numpy as np
import pytest
from gate_helpers import FALSE_ALARM, LENGTHS, SIGMAS, bernoulli, binomial_p_value, every_stream, tail_is_zero, z_score
from hypothesis import given
from hypothesis import strategies as st

from sc_neurocore.bitstreams import Bitstream, scc
from sc_neurocore.gates import delay, multiply, regenerate, shuffle_buffer

ENCODINGS = ["unipolar", "bipolar", "split"]


def uniform(seed, *shape):
    return np.random.default_rng(seed).integers(2**32, size=shape, dtype=np.uint32)


@given(st.integers(1, 300), st.integers(0, 300), st.booleans(), st.sampled_from(ENCODINGS))
def test_delay_moves_bits(length, cycles, rotate, encoding):
    cycles = min(cycles, length)
    x = bernoulli(1, [0.5, 0.75], length, encoding)
    out = delay(x, cycles, rotate=rotate)
    bits = np.roll(x.bits(), cycles, axis=-1)
    if not rotate:
        bits[..., :cycles] = 0
    np.testing.assert_array_equal(out.bits(), bits)
    assert tail_is_zero(out)
    assert out.encoding == encoding


@pytest.mark.parametrize("length", LENGTHS)
def test_ring_of_ones(length):
    ones = Bitstream.from_bits(np.ones(length))
    for cycles in {0, 1, length // 2, length}:
        np.testing.assert_array_equal(delay(ones, cycles, rotate=True).words, ones.words)
        assert delay(ones, cycles).counts() == length - cycles


def test_delay_makes_a_square():
    rows, length, p = 500, 1000, 0.5
    p_values = []
    for value in (p, p + 2**-6):
        x = bernoulli(2, np.full(rows, value), length)
        ones = multiply(x, delay(x, 1, rotate=True)).bits()[:, ::2].sum()  # even cycles: pairs that do not overlap
        p_values.append(binomial_p_value(ones, rows * length // 2, p * p))
    assert p_values[0] > FALSE_ALARM > p_values[1]


@pytest.mark.parametrize("depth", [1, 2, 3, 16])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", LENGTHS)
def test_shuffle_buffer_keeps_ones_but_for_its_slots(length, encoding, depth):
    x = bernoulli(3, np.full((2, 3), 0.5), length, encoding)
    out = shuffle_buffer(x, depth, uniform(4, length))
    assert abs(out.counts() - x.counts()).max() <= depth
    assert tail_is_zero(out)
    assert out.encoding == encoding
    assert out.shape == (2, 3)
    if depth == 1:
        np.testing.assert_array_equal(out.words, delay(x, 1).words)


def test_shuffle_buffer_against_a_loop():
    x = every_stream(6)
    draws = uniform(5, 64, 6)
    got = shuffle_buffer(x, 3, draws).bits()
    for row, bits in enumerate(x.bits()):
        slots, plain = [0, 1, 0], []
        for bit, draw in zip(bits, draws[row], strict=True):
            slot = int(draw) * 3 >> 32
            plain.append(slots[slot])
            slots[slot] = bit
        assert got[row].tolist() == plain


def test_streams_that_share_the_draws_stay_correlated():
    x, draws = bernoulli(6, np.full(50, 0.5), 2000), uniform(8, 2000)
    np.testing.assert_array_equal(scc(shuffle_buffer(x, 16, draws), shuffle_buffer(x, 16, draws)), 1.0)
    assert np.all(scc(shuffle_buffer(x, 16, draws), shuffle_buffer(x, 16, uniform(9, 2000))) < 0.9)


def test_parts_of_a_split_stream_may_have_draws_of_their_own():
    x, draws = bernoulli(6, [[0.5, -0.5]], 100, "split"), uniform(8, 2, 1, 2, 100)
    out = shuffle_buffer(x, 4, draws)
    for part in range(2):
        one = Bitstream(np.ascontiguousarray(x.words[part]), 100)
        np.testing.assert_array_equal(out.words[part], shuffle_buffer(one, 4, draws[part]).words)


def test_shuffled_square():
    rows, length = 1000, 1000
    z_scores = []
    for value in (0.5, 0.5 + 2**-6):
        x = bernoulli(9, np.full(rows, value), length)
        late = multiply(x, shuffle_buffer(x, 8, uniform(10, rows, length))).bits()[:, 200:].mean(-1)
        z_scores.append(z_score(late, 0.25))
    assert z_scores[0] < SIGMAS < z_scores[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("bits", [3, 6, 10])
def test_regenerate_by_a_permutation_keeps_every_count(encoding, bits):
    length = 2**bits
    x = bernoulli(11, np.linspace(0, 1, 9).reshape(3, 3), length, encoding)
    sequence = np.random.default_rng(12).permutation(length).astype(np.uint32)
    for one in (sequence, np.stack([sequence, sequence[::-1], np.roll(sequence, 1)])):
        out = regenerate(x, one, bits)
        np.testing.assert_array_equal(out.counts(), x.counts())
        assert out.encoding == encoding


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bits", [1, 5, 16, 32])
def test_regenerate_rounds_the_count(length, bits):
    x = bernoulli(13, np.linspace(0, 1, 17)[:16], length)
    sequence = uniform(14, 16, 99) >> np.uint32(32 - bits)
    out = regenerate(x, sequence, bits)
    assert out.length == 99
    assert tail_is_zero(out)
    thresholds = [(2 * int(c) * 2**bits + length) // (2 * length) for c in x.counts()]
    np.testing.assert_array_equal(out.bits(), sequence.astype(np.int64) < np.array(thresholds)[:, None])


def test_regenerated_streams_that_share_a_sequence_overlap_fully():
    x = bernoulli(15, [0.25, 0.5, 0.75], 1000)
    out = regenerate(x, uniform(16, 1000) >> np.uint32(16), 16)
    bits = out.bits()
    assert np.all(bits[0] <= bits[1])
    assert np.all(bits[1] <= bits[2])


def test_regenerate_a_single_stream():
    out = regenerate(Bitstream.from_bits([1, 1, 0, 0]), np.array([3, 1, 0, 2], np.uint32), 2)
    assert out.shape == ()
    assert out.bits().tolist() == [0, 1, 1, 0]


def test_bad_operands():
    x = every_stream(3)
    draws = np.zeros(3, np.uint32)
    with pytest.raises(ValueError, match=r"^cycles must be an integer in 0\.\.3, got 4$"):
        delay(x, 4)
    with pytest.raises(TypeError, match=r"^rotate must be True or False, got 'yes'$"):
        delay(x, 1, rotate="yes")
    with pytest.raises(TypeError, match=r"^stream must be a Bitstream, got list$"):
        delay([1, 0], 1)
    with pytest.raises(ValueError, match=r"^depth must be an integer in 1\.\.2147483648, got 0$"):
        shuffle_buffer(x, 0, draws)
    with pytest.raises(ValueError, match=r"^draws must have shape \(\.\.\., 3\), got \(2,\)$"):
        shuffle_buffer(x, 2, draws[:2])
    with pytest.raises(ValueError, match=r"^shapes of draws and stream must broadcast, got \(5,\) and \(8,\)$"):
        shuffle_buffer(x, 2, np.zeros((5, 3), np.uint32))
    with pytest.raises(TypeError, match=r"^draws must be a uint32 array, got float64$"):
        shuffle_buffer(x, 2, np.zeros(3))
    with pytest.raises(ValueError, match=r"^bits must be an integer in 1\.\.32, got 33$"):
        regenerate(x, draws, 33)
    with pytest.raises(ValueError, match=r"^sequence must be below 2\*\*2, got 4$"):
        regenerate(x, draws + np.uint32(4), 2)
    with pytest.raises(ValueError, match=r"^sequence must have shape \(K,\) or \(8, K\), got \(2, 3\)$"):
        regenerate(x, np.zeros((2, 3), np.uint32), 2)
    with pytest.raises(ValueError, match=r"^sequence must have shape \(\.\.\., length >= 1\), got \(0,\)$"):
        regenerate(x, np.zeros(0, np.uint32), 2)
