"""The encoder: thresholds, sharing policies, batches, seeds, errors."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sc_neurocore.backends.packing import tail_mask
from sc_neurocore.bitstreams import Bitstream, scc
from sc_neurocore.encoders import (
    GENERATORS,
    LFSR,
    Bernoulli,
    Encoder,
    Halton,
    Ramp,
    Sobol,
    UserSequence,
    VanDerCorput,
    make_generator,
    seed_sequence,
)
from sc_neurocore.encoders.encoder import SHARES

FULL_PERIOD = [name for name in GENERATORS if name not in ("bernoulli", "halton")]  # at powers of two
DETERMINISTIC = [name for name in GENERATORS if name != "bernoulli"]
unit = st.floats(0, 1)


def every_value(bits):
    return np.arange(2**bits + 1)[:, None] / 2**bits


# ---------------------------------------------------------------- thresholds


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("bits", [3, 6, 8])
def test_a_stream_of_one_period_is_exact(name, bits):
    streams = Encoder(1, 2**bits, name).encode(every_value(bits))
    assert streams.counts()[:, 0].tolist() == list(range(2**bits + 1))


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("length", [1, 7, 64, 100, 257])
def test_zero_and_one_are_exact(name, length):
    for encoding, values in (("unipolar", [0.0, 1.0]), ("bipolar", [-1.0, 1.0])):
        streams = Encoder(2, length, name, encoding, seed=1).encode(values)
        assert streams.counts().tolist() == [0, length]
        assert streams.value().tolist() == values
    streams = Encoder(3, length, name, "split", seed=1).encode([-1.0, 0.0, 1.0])
    assert streams.counts().tolist() == [[0, 0, length], [length, 0, 0]]


def test_rounding_of_thresholds():
    encoder = Encoder(1, 8, "ramp", bits=3)
    p = np.array([0.0, -0.0, 0.0624, 0.0625, 0.1874, 0.1875, 0.9374, 0.9375, 1.0])
    assert encoder.thresholds(p).tolist() == [0, 0, 0, 1, 1, 2, 7, 8, 8]
    assert encoder.thresholds(p).dtype == np.uint64
    assert Encoder(1, 8, "bernoulli", bits=32).thresholds(np.array([1.0, 2.0**-33, 2.0**-34])).tolist() == [2**32, 1, 0]


@given(hnp.arrays(np.float64, (5, 3), elements=unit), st.integers(3, 10), st.sampled_from(FULL_PERIOD))
@settings(deadline=None)
def test_error_of_an_encoded_number_is_at_most_half_a_step(values, bits, name):
    error = Encoder(3, 2**bits, name).encode(values).value() - values
    assert np.abs(error).max() <= 0.5 / 2**bits


@given(hnp.arrays(np.float64, (4, 3), elements=unit), st.integers(1, 200), st.sampled_from(DETERMINISTIC))
@settings(deadline=None)
def test_a_bit_is_one_while_the_number_is_below_the_threshold(values, length, name):
    encoder = Encoder(3, length, name, partner=1)
    numbers = encoder.generator.decorrelated(1).sequence(length)
    expected = numbers < np.floor(values * encoder.generator.modulus + 0.5)[..., None]
    streams = encoder.encode(values)
    assert (streams.bits() == expected).all()
    assert not (streams.words[..., -1] & ~tail_mask(length)).any()


def test_table_and_comparator_agree(monkeypatch):
    values = np.random.default_rng(3).random((9, 4))
    fast = Encoder(4, 100, "sobol").encode(values)
    monkeypatch.setattr("sc_neurocore.encoders.encoder.TABLE_BYTES", 0)
    slow = Encoder(4, 100, "sobol").encode(values)
    assert (fast.words == slow.words).all()


# ---------------------------------------------------------------- encodings


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-1, 1)), st.sampled_from(GENERATORS), st.integers(1, 130))
@settings(deadline=None)
def test_split_steers_the_magnitude_by_sign(values, name, length):
    split = Encoder(4, length, name, "split", seed=5).encode(values)
    magnitude = Encoder(4, length, name, seed=5).encode(np.abs(values))
    assert split.shape == (3, 4)
    assert split.words.shape == (2, *magnitude.words.shape)
    negative = (values < 0)[..., None]
    assert (split.words[0] == np.where(negative, 0, magnitude.words)).all()
    assert (split.words[1] == np.where(negative, magnitude.words, 0)).all()


def test_bipolar():
    values = np.linspace(-1, 1, 257)[:, None]
    assert (Encoder(1, 256, "sobol", "bipolar").encode(values).value() == values).all()


def test_shapes():
    for shape in ((3,), (1, 3), (5, 3), (2, 0, 3), (2, 4, 3)):
        for name in ("sobol", "bernoulli"):
            streams = Encoder(3, 70, name, seed=0).encode(np.zeros(shape))
            assert isinstance(streams, Bitstream)
            assert (streams.shape, streams.length, streams.encoding) == (shape, 70, "unipolar")
            assert Encoder(3, 70, name, "split", seed=0).encode(np.zeros(shape)).shape == shape


# ---------------------------------------------------------------- sharing


@pytest.mark.parametrize("name", GENERATORS)
def test_one_generator_for_all_inputs_overlaps_their_streams_fully(name):
    values = np.array([0.2, 0.4, 0.45, 0.9])
    streams = Encoder(4, 500, name, share="one", seed=3).encode(values)
    measured = scc(Bitstream(streams.words[:, None], 500), Bitstream(streams.words[None], 500))
    assert (measured == 1).all()
    assert not (streams.words[0] & ~streams.words[3]).any()  # the smaller is a part of the larger


def test_default_policy():
    assert Encoder(2, 8, "sobol").share == "one"
    assert Encoder(2, 8, "bernoulli").share == "independent"
    assert Encoder(2, 8, Bernoulli(4)).share == "independent"


def test_shift():
    """Input i compares with the numbers XOR a word of its own, from the seed."""
    values = np.full(20, 0.5)
    encoder = Encoder(20, 256, "sobol", share="shift", seed=1)
    streams = encoder.encode(values)
    numbers = make_generator("sobol", 256).sequence(256)
    masks = set()
    for bits in streams.bits():
        found = [mask for mask in range(256) if ((numbers ^ mask < 128) == bits).all()]
        masks.add(found[0])
    assert len(masks) > 1
    full = Encoder(20, 256, "sobol", share="shift", seed=1).encode(every_value(8) * np.ones(20))
    assert (full.counts() == np.arange(257)[:, None]).all()  # a shift permutes the numbers
    assert (Encoder(20, 256, "sobol", share="shift", seed=1).encode(values).words == streams.words).all()
    assert (Encoder(20, 256, "sobol", share="shift", seed=2).encode(values).words != streams.words).any()


@pytest.mark.parametrize("bits", [1, 16, 31, 32])
def test_shift_of_any_width(bits):
    streams = Encoder(5, 64, "sobol", share="shift", bits=bits, seed=1).encode([0.0, 0.5, 1.0, 0.5, 0.5])
    assert streams.counts().tolist()[::2] == [0, 64, 32]


@pytest.mark.parametrize(("n", "length"), [(1, 8), (3, 100), (4, 64), (10, 7)])
def test_rotate(n, length):
    values = np.random.default_rng(1).random(n)
    rotated = Encoder(n, length, "vdc", share="rotate").encode(values).bits()
    plain = Encoder(n, length, "vdc", share="one").encode(values).bits()
    for i in range(n):
        assert rotated[i].tolist() == np.roll(plain[i], -(i * length // n)).tolist()


@pytest.mark.parametrize("partner", [0, 1])
@pytest.mark.parametrize("generator", [Sobol(6), Halton(6), Ramp(6), VanDerCorput(6), LFSR(6)])
def test_independent_inputs_have_partners_of_their_own(generator, partner):
    encoder = Encoder(4, 64, generator, share="independent", partner=partner)
    streams = encoder.encode(np.full(4, 0.5)).bits()
    for i in range(4):
        numbers = generator.decorrelated(2 * i + partner).sequence(64)
        assert (streams[i] == (numbers < 32)).all()


def test_inputs_and_weights_never_share_a_generator():
    for generator in (Sobol(6), Halton(6), Ramp(6), LFSR(6)):
        inputs, weights = (
            {repr(generator.decorrelated(2 * i + partner)) for i in range(10)} for partner in (0, 1)
        )  # fmt: skip
        assert not inputs & weights


def test_user_sequence():
    table = UserSequence([[3, 1, 0, 2], [0, 1, 2, 3]], bits=2)
    assert Encoder(1, 6, table).encode([0.5]).bits().tolist() == [[0, 1, 1, 0, 0, 1]]
    assert Encoder(1, 6, table, partner=1).encode([0.5]).bits().tolist() == [[1, 1, 0, 0, 1, 1]]
    with pytest.raises(ValueError, match="needs 3 decorrelated rows here, got 2"):
        Encoder(1, 6, table, partner=2)
    with pytest.raises(ValueError, match="needs 3 decorrelated rows here, got 2"):
        Encoder(2, 6, table, share="independent")


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("share", ["one", "independent"])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_a_batch_may_be_cut_anywhere(encoding, share):
    values = np.random.default_rng(4).random((8, 3))
    whole = Encoder(3, 130, "bernoulli", encoding, share=share, seed=9).encode(values).bits()
    encoder = Encoder(3, 130, "bernoulli", encoding, share=share, seed=9)
    parts = [encoder.encode(values[a:b]).bits() for a, b in ((0, 5), (5, 5), (5, 8))]
    assert (np.concatenate(parts, axis=-3) == whole).all()
    assert encoder.samples == 8
    one_by_one = Encoder(3, 130, "bernoulli", encoding, share=share, seed=9)
    single = np.stack([one_by_one.encode(row).bits() for row in values], axis=-3)
    assert (single == whole).all()
    shaped = Encoder(3, 130, "bernoulli", encoding, share=share, seed=9).encode(values.reshape(2, 4, 3)).bits()
    assert (shaped.reshape(whole.shape) == whole).all()


def test_reset():
    encoder = Encoder(3, 100, "bernoulli", seed=2)
    first, second = encoder.encode([0.5] * 3).words, encoder.encode([0.5] * 3).words
    assert (first != second).any()
    encoder.reset()
    assert encoder.samples == 0
    assert (encoder.encode([0.5] * 3).words == first).all()


def test_a_refused_batch_does_not_advance():
    encoder = Encoder(3, 100, "bernoulli", seed=2)
    with pytest.raises(ValueError, match="values must lie in"):
        encoder.encode([0.5, 0.5, 2.0])
    assert encoder.samples == 0


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_deterministic_streams_are_the_same_for_every_sample(name):
    streams = Encoder(2, 100, name, seed=1).encode(np.full((5, 2), 0.3))
    assert (streams.words == streams.words[0]).all()


def test_a_longer_stream_starts_with_the_shorter_one():
    for generator in (Bernoulli(9), Sobol(9), Halton(9, 3), LFSR(9), VanDerCorput(9), Ramp(9), UserSequence([3, 1], 9)):
        long = Encoder(3, 5000, generator, seed=1).encode([[0.2, 0.5, 0.9]] * 2).bits()
        for length in (1, 64, 333, 4096, 4999):
            short = Encoder(3, length, generator, seed=1).encode([[0.2, 0.5, 0.9]] * 2).bits()
            assert (short == long[..., :length]).all()


# ---------------------------------------------------------------- seeds


def bits_of(seed):
    return Encoder(4, 200, "bernoulli", seed=seed).encode([0.5] * 4).words.tolist()


def test_an_int_or_a_seed_sequence_gives_the_same_every_time():
    assert bits_of(7) == bits_of(7) == bits_of(np.int64(7)) == bits_of(np.random.SeedSequence(7))
    assert bits_of(7) != bits_of(8)
    sequence = np.random.SeedSequence(7, spawn_key=(3,))
    assert bits_of(sequence) == bits_of(sequence) == bits_of(np.random.SeedSequence(7, spawn_key=(3,)))
    assert bits_of(sequence) != bits_of(7)
    sequence.spawn(2)
    assert bits_of(sequence) == bits_of(np.random.SeedSequence(7, spawn_key=(3,)))
    assert seed_sequence(sequence).n_children_spawned == 0


def test_a_generator_gives_something_new_every_time():
    parent, twin = np.random.default_rng(7), np.random.default_rng(7)
    first, second = bits_of(parent), bits_of(parent)
    assert first != second
    assert [bits_of(twin), bits_of(twin)] == [first, second]
    assert parent.random() == np.random.default_rng(7).random()  # spawned from, not drawn from


def test_no_seed_is_a_fresh_one():
    assert bits_of(None) != bits_of(None)


def test_the_global_random_state_is_left_alone():
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    for name in GENERATORS:
        for share in ("one", "independent") if name == "bernoulli" else SHARES:
            Encoder(5, 77, name, share=share).encode(np.full((3, 5), 0.4))
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002


@pytest.mark.parametrize(("seed", "error", "message"), [
    (-1, ValueError, r"seed must be at least 0, got -1"),
    (1.5, TypeError, r"seed must be an int, a SeedSequence, a Generator or None, got 1\.5"),
    (True, TypeError, r"seed must be .*, got True"),
    ("7", TypeError, r"seed must be .*, got '7'"),
    (np.random.Generator(np.random.Philox(key=1)), TypeError, r"seed must be a Generator that can spawn"),
])  # fmt: skip
def test_errors_of_seeds(seed, error, message):
    with pytest.raises(error, match=message):
        Encoder(2, 8, "bernoulli", seed=seed)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"n": 0}, ValueError, r"n must be an integer of at least 1, got 0"),
    ({"n": 2.0}, TypeError, r"n must be an integer of at least 1, got 2\.0"),
    ({"length": 0}, ValueError, r"length must be an integer of at least 1, got 0"),
    ({"generator": "mersenne"}, ValueError, r"generator must be one of .*, got 'mersenne'"),
    ({"encoding": "ternary"}, ValueError, r"encoding must be one of unipolar, bipolar, split, got 'ternary'"),
    ({"share": "none"}, ValueError, r"share must be one of one, shift, rotate, independent, got 'none'"),
    ({"generator": "bernoulli", "share": "shift"}, ValueError, r"share must be one or independent .*, got 'shift'"),
    ({"generator": "bernoulli", "share": "rotate"}, ValueError, r"share must be one or independent .*, got 'rotate'"),
    ({"bits": 0}, ValueError, r"bits must be an integer in 1\.\.32, got 0"),
    ({"generator": Sobol(8), "bits": 9}, ValueError, r"bits must be None with a generator object of 8 bits, got 9"),
    ({"partner": -1}, ValueError, r"partner must be an integer of at least 0, got -1"),
])  # fmt: skip
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        Encoder(**{"n": 2, "length": 8} | arguments)


@pytest.mark.parametrize(("values", "encoding", "error", "message"), [
    ([0.5, 1.5], "unipolar", ValueError, r"values must lie in \[0, 1\], got 1\.5"),
    ([0.5, -0.1], "unipolar", ValueError, r"values must lie in \[0, 1\], got -0\.1"),
    ([0.5, -1.1], "bipolar", ValueError, r"values must lie in \[-1, 1\], got -1\.1"),
    ([0.5, 1.1], "split", ValueError, r"values must lie in \[-1, 1\], got 1\.1"),
    ([0.5, float("nan")], "split", ValueError, r"values must be finite, got nan"),
    ([0.5, float("inf")], "bipolar", ValueError, r"values must be finite, got inf"),
    ([0.5], "unipolar", ValueError, r"values must have shape \(\.\.\., 2\), got \(1,\)"),
    (0.5, "unipolar", ValueError, r"values must have shape \(\.\.\., 2\), got \(\)"),
    (["a", "b"], "unipolar", TypeError, r"values must be an array of real numbers"),
])  # fmt: skip
def test_errors_of_values(values, encoding, error, message):
    with pytest.raises(error, match=message):
        Encoder(2, 8, encoding=encoding).encode(values)


def test_repr():
    text = repr(Encoder(3, 16, "sobol", "split"))
    assert text == "Encoder(n=3, length=16, Bank('sobol', 16), 'split', share='one')"


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_columns_name_the_inputs_that_numbers_belong_to(encoding, share, monkeypatch):
    monkeypatch.setattr("sc_neurocore.chunks.CHUNK_BYTES", 1)
    columns = np.array([4, 0, 0, 2, 4, 1, 3])
    values = np.random.default_rng(2).random((2, 5))
    encoder = Encoder(5, 70, "vdc", encoding, share=share, seed=1)
    make = encoder.rails if encoding == "split" else encoder.words
    samples = np.arange(2)
    assert (make(values[:, columns], samples, columns) == make(values, samples)[..., columns, :]).all()
