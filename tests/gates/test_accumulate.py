import numpy as np
import pytest
from gate_helpers import (
    FALSE_ALARM,
    LENGTHS,
    SIGMAS,
    bernoulli,
    binomial_p_value,
    correlated,
    every_stream,
    tail_is_zero,
    z_score,
)
from hypothesis import given
from hypothesis import strategies as st

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates import mean, mux, or_gate, or_gate_expected, saturating_sum, total, weighted_mux

ENCODINGS = ["unipolar", "bipolar", "split"]


def digits(stream):
    """What each cycle is worth: 0 and 1, -1 and 1, or the difference of the parts."""
    bits = stream.bits().astype(int)
    if stream.encoding == "split":
        return bits[0] - bits[1]
    return 2 * bits - 1 if stream.encoding == "bipolar" else bits


def plain_saturation(steps, signed, two_level):
    remainder = out = 0
    for step in steps:
        remainder += step
        if two_level:
            unit = 1 if remainder >= 0 else -1
        else:
            unit = 1 if remainder >= 1 else -1 if signed and remainder <= -1 else 0
        remainder -= unit
        out += unit
    return out


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", LENGTHS)
def test_sums_are_the_sums_of_the_cycles(encoding, length):
    streams = bernoulli(3, np.linspace(0, 1, 33)[:30].reshape(2, 3, 5), length, encoding)
    worth = digits(streams).sum(-2)
    np.testing.assert_allclose(total(streams), worth.sum(-1) / length, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(mean(streams), worth.sum(-1) / (5 * length), rtol=1e-14, atol=1e-14)
    for two_level in (False, True) if encoding != "unipolar" else (False,):
        plain = [[plain_saturation(row, encoding != "unipolar", two_level) for row in block] for block in worth]
        np.testing.assert_array_equal(saturating_sum(streams, two_level=two_level), np.array(plain) / length)


def test_saturation_is_the_smallest_of_the_late_starts():
    streams = bernoulli(4, np.full((50, 4), 0.25), 200)
    so_far = np.concatenate([np.zeros((50, 1), int), streams.bits().sum(-2, dtype=int).cumsum(-1)], -1)
    law = (so_far + 200 - np.arange(201)).min(-1)
    np.testing.assert_array_equal(saturating_sum(streams), law / 200)
    assert np.any(saturating_sum(streams) < np.minimum(total(streams), 1))


@pytest.mark.parametrize("encoding", ["bipolar", "split"])
def test_saturation_clips_at_both_ends(encoding):
    ends = bernoulli(5, [[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]], 100, encoding)
    np.testing.assert_array_equal(saturating_sum(ends), [1.0, -1.0])


def test_two_level_has_an_effect():
    zero = Bitstream.from_bits([[1], [0]], "bipolar")
    assert saturating_sum(zero) == 0.0
    assert saturating_sum(zero, two_level=True) == 1.0


@pytest.mark.parametrize("length", LENGTHS)
def test_or_gate_is_any(length):
    streams = bernoulli(6, np.full((3, 5), 0.25), length)
    out = or_gate(streams)
    np.testing.assert_array_equal(out.bits(), streams.bits().max(-2))
    assert out.shape == (3,)
    assert tail_is_zero(out)
    split = or_gate(bernoulli(6, np.full((3, 5), -0.25), length, "split"))
    assert split.encoding == "split"
    assert split.shape == (3,)
    assert tail_is_zero(split)


def test_or_gate_law():
    rows, length, values = 500, 1000, np.array([0.25, 0.5, 0.125])
    law = or_gate_expected(values)
    assert law == pytest.approx(1 - 0.75 * 0.5 * 0.875)
    p_values = []
    for bias in (0, 2**-5):
        streams = bernoulli(7, np.tile(values + np.array([bias, 0, 0]), (rows, 1)), length)
        p_values.append(binomial_p_value(or_gate(streams).counts().sum(), rows * length, law))
    assert p_values[0] > FALSE_ALARM > p_values[1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_or_gate_lies_between_the_largest_and_the_sum(values):
    law = or_gate_expected(values)
    assert max(values) - 1e-12 <= law <= min(1, sum(values)) + 1e-12


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", LENGTHS)
def test_mux_passes_the_named_input(encoding, length):
    streams = bernoulli(8, np.full((2, 3, 5), 0.5), length, encoding)
    select = np.random.default_rng(1).integers(2**32, size=(3, length), dtype=np.uint32)
    out = mux(streams, select)
    assert out.shape == (2, 3)
    assert out.encoding == encoding
    assert tail_is_zero(out)
    chosen = (select.astype(object) * 5 // 2**32).astype(int)
    bits = streams.bits()
    for j in range(3):
        np.testing.assert_array_equal(out.bits()[..., j, :], bits[..., j, chosen[j], np.arange(length)])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_mux_broadcasts_the_streams_too(encoding):
    streams = bernoulli(8, np.full(5, 0.5), 70, encoding)
    select = np.random.default_rng(1).integers(2**32, size=(4, 2, 70), dtype=np.uint32)
    out = mux(streams, select)
    assert out.shape == (4, 2)
    np.testing.assert_array_equal(out.bits()[..., 3, 1, :], mux(streams, select[3, 1]).bits())


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", [(), (3,), (4, 3)])
def test_mux_by_a_stream(encoding, shape):
    streams = bernoulli(9, np.full((3, 2), 0.5), 100, encoding)
    select = bernoulli(10, np.full(shape, 0.25), 100)
    out = mux(streams, select)
    bits = streams.bits()
    for part in range(2) if encoding == "split" else [...]:
        wanted = np.where(select.bits() == 1, bits[part][..., 1, :], bits[part][..., 0, :])
        np.testing.assert_array_equal(out.bits()[part], wanted)
    assert out.shape == np.broadcast_shapes((3,), shape)
    assert tail_is_zero(out)


def test_mux_law_of_mean_and_variance():
    rows, length = 4000, 256
    values = np.array([0.125, 0.875, 0.5, 0.25])
    m = values.mean()
    select = np.random.default_rng(2).integers(2**32, size=(rows, length), dtype=np.uint32)
    p_values, z_scores = [], []
    for bias in (0, 2**-4):
        out = mux(bernoulli(11, np.tile(values + bias, (rows, 1)), length), select)
        p_values.append(binomial_p_value(out.counts().sum(), rows * length, m))
        z_scores.append(z_score((out.value() - m) ** 2, m * (1 - m) / length))
    assert p_values[0] > FALSE_ALARM > p_values[1]
    assert z_scores[0] < SIGMAS < z_scores[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 1), (4, 1, 3)])
@pytest.mark.parametrize("length", LENGTHS)
def test_weighted_mux_passes_the_first_selected_input(length, shape, encoding):
    streams = bernoulli(12, np.full((2, 3, 5), 0.5), length, encoding)
    select = bernoulli(13, np.full((*shape, 5), 0.25), length)  # not nested: the first one has priority
    out = weighted_mux(streams, select)
    assert out.shape == np.broadcast_shapes((2, 3), shape)
    assert out.encoding == encoding
    assert tail_is_zero(out)
    for part in range(2) if encoding == "split" else [...]:
        lines, bits = np.broadcast_arrays(select.bits(), streams.bits()[part])
        wanted = np.take_along_axis(bits, lines.argmax(-2, keepdims=True), axis=-2)[..., 0, :]
        np.testing.assert_array_equal(out.bits()[part], np.where(lines.any(-2), wanted, 0))


def test_weighted_mux_law_of_mean_and_variance():
    rows, length = 4000, 256
    values, weights = np.array([0.125, 0.875, 0.5]), np.array([0.5, 0.125, 0.375])
    m = values @ weights
    select = correlated(3, np.tile(np.cumsum(weights) * 2**8, (rows, 1)), length, 8)
    p_values, z_scores = [], []
    for bias in (0, 2**-4):
        out = weighted_mux(bernoulli(14, np.tile(values + bias, (rows, 1)), length), select)
        p_values.append(binomial_p_value(out.counts().sum(), rows * length, m))
        z_scores.append(z_score((out.value() - m) ** 2, m * (1 - m) / length))
    assert p_values[0] > FALSE_ALARM > p_values[1]
    assert z_scores[0] < SIGMAS < z_scores[1]


def test_weighted_mux_does_not_mind_correlated_inputs():
    rows, length = 4000, 256
    streams = correlated(4, np.tile([32, 224], (rows, 1)), length, 8)
    select = correlated(5, np.tile([64, 256], (rows, 1)), length, 8)
    m = 0.25 * 0.125 + 0.75 * 0.875
    assert z_score((weighted_mux(streams, select).value() - m) ** 2, m * (1 - m) / length) < SIGMAS
    twin = correlated(4, np.tile([64, 256], (rows, 1)), length, 8)  # a select from the inputs' own numbers
    assert z_score((weighted_mux(streams, twin).value() - m) ** 2, m * (1 - m) / length) > SIGMAS


def test_bad_operands():
    streams = every_stream(3)
    bipolar = every_stream(3, "bipolar")
    select = np.zeros(3, np.uint32)
    for gate in (total, mean, saturating_sum, or_gate, lambda s: mux(s, select), lambda s: weighted_mux(s, streams)):
        with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., n >= 1\), got \(\)$"):
            gate(Bitstream.from_bits([1, 0, 1]))
        with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., n >= 1\), got \(0,\)$"):
            gate(Bitstream(np.zeros((0, 1), np.uint64), 3))
        with pytest.raises(TypeError, match=r"^streams must be a Bitstream, got list$"):
            gate([1, 0])
    with pytest.raises(ValueError, match=r"^streams must be unipolar or split here, got bipolar$"):
        or_gate(bipolar)
    with pytest.raises(ValueError, match=r"^encoding must be one of unipolar, split, got 'bipolar'$"):
        or_gate_expected([0.5], "bipolar")
    with pytest.raises(ValueError, match=r"^values must have shape \(\.\.\., n\), got \(\)$"):
        or_gate_expected(0.5)
    with pytest.raises(ValueError, match=r"^two_level must be False for unipolar streams, got True$"):
        saturating_sum(streams, two_level=True)
    with pytest.raises(TypeError, match=r"^two_level must be True or False, got 1$"):
        saturating_sum(bipolar, two_level=1)
    with pytest.raises(TypeError, match=r"^select must be a uint32 array, got int64$"):
        mux(streams, np.zeros(3, np.int64))
    with pytest.raises(ValueError, match=r"^select must have shape \(\.\.\., 3\), got \(4,\)$"):
        mux(streams, np.zeros(4, np.uint32))
    with pytest.raises(ValueError, match=r"^shapes of streams and select must broadcast, got \(2,\) and \(3,\)$"):
        mux(Bitstream.from_bits(np.zeros((2, 5, 3))), np.zeros((3, 3), np.uint32))
    with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., 2\) for a Bitstream select, got \(8,\)$"):
        mux(streams, Bitstream.from_bits([1, 0, 1]))
    pair = Bitstream.from_bits([[1, 0, 1], [0, 0, 1]])
    with pytest.raises(ValueError, match=r"^select must have the length of the streams 3, got 2$"):
        mux(pair, Bitstream.from_bits([1, 0]))
    with pytest.raises(ValueError, match=r"^select must be unipolar here, got bipolar$"):
        mux(pair, Bitstream.from_bits([1, 0, 1], "bipolar"))
    with pytest.raises(ValueError, match=r"^select must be unipolar here, got bipolar$"):
        weighted_mux(streams, bipolar)
    with pytest.raises(TypeError, match=r"^select must be a Bitstream, got ndarray$"):
        weighted_mux(streams, select)
    with pytest.raises(ValueError, match=r"^select must have a stream for each of the 2 inputs, got 8$"):
        weighted_mux(pair, streams)
    with pytest.raises(ValueError, match=r"^select must have the length of the streams 3, got 2$"):
        weighted_mux(pair, Bitstream.from_bits([[1, 0], [1, 1]]))
    with pytest.raises(ValueError, match=r"^shapes of streams and select must broadcast, got \(3, 2\) and \(2, 2\)$"):
        weighted_mux(Bitstream.from_bits(np.zeros((3, 2, 3))), Bitstream.from_bits(np.zeros((2, 2, 3))))
