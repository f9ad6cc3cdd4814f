"""Any cycles of a stream: the window is a cut of the stream, and streams run on past the length."""

import numpy as np
import pytest

from sc_neurocore.backends.packing import unpack
from sc_neurocore.encoders import Encoder

GENERATORS = ["bernoulli", "lfsr", "sobol", "halton", "vdc", "ramp"]
LENGTH = 100


def numbers(encoding, n=5):
    low = 0.0 if encoding == "unipolar" else -1.0
    return np.random.default_rng(1).uniform(low, 1.0, (3, n))


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_a_window_of_the_length_is_the_encoded_stream(generator, encoding):
    encoder, x = Encoder(5, LENGTH, generator, encoding, seed=3), numbers(encoding)
    window = encoder.window(x, np.arange(3), 0, LENGTH)
    np.testing.assert_array_equal(window.words, encoder.encode(x).words)
    assert window.encoding == encoding


@pytest.mark.parametrize("share", [None, "one", "independent"])
@pytest.mark.parametrize("generator", GENERATORS)
def test_windows_are_cuts_of_one_stream(generator, share):
    encoder, x = Encoder(5, LENGTH, generator, share=share, seed=3), numbers("unipolar")
    whole = encoder.window(x, np.arange(3), 0, 9000).bits()
    fresh = Encoder(5, LENGTH, generator, share=share, seed=3)
    for start, stop in ((8192, 8250), (64, 65), (4032, 4300), (128, 128 + LENGTH)):
        cut = fresh.window(x, np.arange(3), start, stop).bits()
        np.testing.assert_array_equal(cut, whole[..., start:stop])


@pytest.mark.parametrize("generator", ["lfsr", "sobol", "halton", "vdc", "ramp"])
def test_the_generator_does_not_stop_at_the_length(generator):
    encoder, x = Encoder(5, LENGTH, generator), numbers("unipolar")[0]
    sequence = encoder.generator.sequence(1000)
    want = sequence < encoder.thresholds(x)[:, None]
    np.testing.assert_array_equal(encoder.window(x, np.array(0), 0, 1000).bits(), want)


def test_bernoulli_streams_past_the_length_are_fresh():
    bits = (
        Encoder(1, 64, "bernoulli", seed=1)
        .window(np.full((1, 1), 0.5), np.array([0]), 0, 64 * 200)
        .bits()
        .reshape(200, 64)
    )
    assert len(np.unique(bits, axis=0)) == 200


def test_rotated_numbers_repeat_after_the_length():
    encoder = Encoder(5, 64, "sobol", share="rotate", bits=8)
    bits = encoder.window(numbers("unipolar")[0], np.array(0), 0, 256).bits()
    np.testing.assert_array_equal(bits, np.tile(bits[:, :64], 4))


def test_many_values_give_the_streams_of_few():
    """From 2**bits values on, streams come from a table."""
    encoder = Encoder(300, 16, "sobol", bits=4)
    x = np.random.default_rng(0).random((4, 300))
    words = encoder.window(x, np.arange(4), 64, 200).words
    one = Encoder(1, 16, "sobol", bits=4)
    for b, i in ((0, 0), (3, 299), (2, 17)):
        single = one.window(x[b, i : i + 1], np.array(0), 64, 200)
        np.testing.assert_array_equal(unpack(words[b, i], 136), single.bits()[0])
