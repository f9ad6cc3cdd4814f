"""The Bitstream value: what it holds, what it refuses."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sc_neurocore.bitstreams import Bitstream

bit_arrays = arrays(np.uint8, array_shapes(max_dims=3, max_side=70), elements=st.integers(0, 1))


@settings(deadline=None)
@given(bit_arrays)
def test_bits_counts_probability_value(bits):
    stream = Bitstream.from_bits(bits)
    length = bits.shape[-1]
    assert (len(stream), stream.length, stream.shape) == (length, length, bits.shape[:-1])
    np.testing.assert_array_equal(stream.bits(), bits)
    assert stream.words.dtype == np.uint64
    counts = stream.counts()
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(counts, bits.sum(-1, dtype=np.int64))
    np.testing.assert_array_equal(stream.probability(), counts / length)
    np.testing.assert_array_equal(stream.value(), counts / length)
    np.testing.assert_array_equal(Bitstream(stream.words, length, "bipolar").value(), (2 * counts - length) / length)
    np.testing.assert_array_equal(Bitstream(stream.words, length).bits(), bits)


@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
def test_split_streams(length):
    bits = np.random.default_rng(length).integers(0, 2, (2, 3, 4, length))
    stream = Bitstream.from_bits(bits, "split")
    assert stream.shape == (3, 4)
    assert stream.words.shape[:-1] == (2, 3, 4)
    np.testing.assert_allclose(stream.value(), (bits[0].sum(-1) - bits[1].sum(-1)) / length, atol=1e-15)
    assert Bitstream.from_bits(bits[:, 0, 0], "split").shape == ()
    assert repr(stream) == f"Bitstream(shape=(3, 4), length={length}, encoding='split')"


def test_no_streams_at_all():
    stream = Bitstream(np.empty((0, 3, 2), np.uint64), 100)
    assert stream.shape == (0, 3)
    assert stream.value().shape == (0, 3)
    assert stream.bits().shape == (0, 3, 100)


def test_it_is_frozen():
    stream = Bitstream.from_bits([1, 0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        stream.length = 3


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16, np.uint8, np.int8])
@pytest.mark.parametrize("length", [1, 40, 63, 64, 100, 127])
def test_a_numpy_length_is_an_int(dtype, length):
    stream = Bitstream(np.zeros(-(-length // 64), np.uint64), dtype(length))
    assert type(stream.length) is int
    assert len(stream) == length
    assert stream.value() == 0


def words(*shape):
    return np.zeros(shape, np.uint64)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((words(1), 0), ValueError, "length must be an integer of at least 1, got 0"),
        ((words(1), -3), ValueError, "length must be an integer of at least 1, got -3"),
        ((words(1), 8.0), TypeError, "length must be an integer of at least 1, got 8.0"),
        ((words(1), True), TypeError, "length must be an integer of at least 1, got True"),
        ((words(1), 8, "ternary"), ValueError, "encoding must be one of unipolar, bipolar, split, got 'ternary'"),
        ((words(1), 8, None), ValueError, "encoding must be one of unipolar, bipolar, split, got None"),
        ((words(1).astype(np.int64), 8), TypeError, "words must be a uint64 array, got int64"),
        ((words(1).astype(np.float64), 8), TypeError, "words must be a uint64 array, got float64"),
        (([0], 8), TypeError, "words must be a uint64 array, got list"),
        ((words(3, 2), 64), ValueError, "words must have shape (..., 1) for length 64, got (3, 2)"),
        ((words(3, 1), 65), ValueError, "words must have shape (..., 2) for length 65, got (3, 1)"),
        ((words(), 64), ValueError, "words must have shape (..., 1) for length 64, got ()"),
        ((words(3, 1), 64, "split"), ValueError, "split words must have shape (2, ..., words), got (3, 1)"),
        ((words(2), 100, "split"), ValueError, "split words must have shape (2, ..., words), got (2,)"),
        ((words(1) + np.uint64(8), 3), ValueError, "words must be zero past bit 3, got a one there"),
        ((words(2) + np.uint64(2), 65), ValueError, "words must be zero past bit 65, got a one there"),
    ],
)
def test_constructor_refuses(arguments, error, message):
    with pytest.raises(error) as caught:
        Bitstream(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (1, "bits must have shape (..., length >= 1), got ()"),
        ([], "bits must have shape (..., length >= 1), got (0,)"),
        (np.zeros((3, 0)), "bits must have shape (..., length >= 1), got (3, 0)"),
        ([0, 1, 2], "bits must be 0 or 1, got 2"),
        ([0, -1], "bits must be 0 or 1, got -1"),
        ([0, 0.5], "bits must be 0 or 1, got 0.5"),
        ([1, np.nan], "bits must be 0 or 1, got nan"),
    ],
)
def test_from_bits_refuses(bits, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole message is compared below
        Bitstream.from_bits(bits)
    assert str(caught.value) == message


@pytest.mark.parametrize("kind", [bool, np.uint8, int, float])
def test_from_bits_takes_any_type(kind):
    assert Bitstream.from_bits([kind(1), kind(0), kind(1)]).words.tolist() == [5]
