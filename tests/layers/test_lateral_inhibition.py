"""Lateral inhibition: against a dense matrix, against the circuit cycle by cycle, and on edges."""

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from layer_helpers import FALSE_ALARM, LENGTHS, binomial_p_value
from scipy import stats

from sc_neurocore import Bitstream, Encoder, LateralInhibition, Sobol, VanDerCorput, gates, scc
from sc_neurocore.encoders import make_generator
from sc_neurocore.layers import lateral_inhibition

BOUNDARIES = ["wrap", "reflect", "zero"]
FULL_PERIOD = ["vdc", "sobol", "ramp", "lfsr"]


def gaussian(distance_squared, radius):
    return np.exp(-distance_squared / (2 * (radius / 2) ** 2))


def place(i, n, boundary):
    """The unit at place i of an endless line, or None."""
    if 0 <= i < n:
        return i
    if boundary == "wrap":
        return i % n
    return None if boundary == "zero" else (-1 - i if i < 0 else 2 * n - 1 - i)


def dense(sides, radius, boundary):
    """Weights ``(n, n)`` of every unit on every other, an entry at a time; whole neighbourhoods sum to 1."""
    offsets = [o for o in np.ndindex(*(2 * radius + 1 for _ in sides)) if o != (radius,) * len(sides)]
    offsets = [tuple(np.subtract(o, radius).tolist()) for o in offsets]
    total = sum(gaussian(sum(d * d for d in o), radius) for o in offsets)
    matrix = np.zeros((*sides, *sides))
    for unit in np.ndindex(*sides):
        for offset in offsets:
            other = tuple(place(i + d, n, boundary) for i, d, n in zip(unit, offset, sides, strict=True))
            if None not in other:
                matrix[unit + other] += gaussian(sum(d * d for d in offset), radius) / total
    return matrix.reshape(int(np.prod(sides)), -1)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("radius", [1, 2, 5, 8])
def test_a_line_is_the_dense_matrix(radius, boundary):
    layer = LateralInhibition(9, 0.7, radius, boundary=boundary)
    x = np.random.default_rng(radius).uniform(-1, 3, (2, 3, 9))
    want = np.maximum(x - 0.7 * x @ dense((9,), radius, boundary).T, 0)
    np.testing.assert_allclose(layer.apply(x), want, atol=1e-14)
    assert np.any(want == 0)
    assert np.all(layer.apply(x)[want == 0] == 0)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("radius", [1, 2, 4])
def test_a_sheet_is_the_dense_matrix_in_both_shapes(radius, boundary):
    layer = LateralInhibition(35, 0.9, radius, boundary=boundary, shape=(5, 7))
    x = np.random.default_rng(radius).random((2, 3, 35))
    want = np.maximum(x - 0.9 * x @ dense((5, 7), radius, boundary).T, 0)
    np.testing.assert_allclose(layer.apply(x), want, atol=1e-14)
    sheet = layer.apply(x.reshape(2, 3, 5, 7))
    np.testing.assert_array_equal(sheet.reshape(2, 3, 35), layer.apply(x))


def test_documented_defaults():
    x = np.random.default_rng(0).random(10)
    near, far = np.exp(-0.5), np.exp(-2.0)  # sigma = radius / 2 = 1
    mean = (near * (np.roll(x, 1) + np.roll(x, -1)) + far * (np.roll(x, 2) + np.roll(x, -2))) / (2 * near + 2 * far)
    np.testing.assert_allclose(LateralInhibition(10).apply(x), np.maximum(x - 0.3 * mean, 0), atol=1e-15)
    np.testing.assert_array_equal(LateralInhibition(10, 0.0).apply(x), x)


@pytest.mark.parametrize(("boundary", "padding"), [("wrap", "wrap"), ("reflect", "symmetric"), ("zero", "constant")])
def test_ten_thousand_units_are_a_convolution(boundary, padding):
    x = np.random.default_rng(2).random((3, 10_000))
    weights = np.exp(-2 * (np.arange(-5, 6) / 5) ** 2)
    weights[5] = 0
    rows = [np.convolve(np.pad(row, 5, padding), weights / weights.sum(), "valid") for row in x]
    layer = LateralInhibition(10_000, radius=5, boundary=boundary)
    np.testing.assert_allclose(layer.apply(x), np.maximum(x - 0.3 * np.array(rows), 0), atol=1e-14)
    streams = Encoder(10_000, 256, "vdc").encode(x)
    error = np.abs(layer.apply_bitstream(streams).value() - layer.apply(streams.value()))
    assert error.max() <= 1 / 512 + 0.3e-3


@pytest.mark.parametrize("shape", [None, (6, 8)])
def test_what_the_boundaries_mean(shape):
    options = {"inhibition_strength": 0.5, "radius": 3, "shape": shape}
    wrap, reflect, zero = (LateralInhibition(48, boundary=boundary, **options) for boundary in BOUNDARIES)
    for layer in (wrap, reflect):
        np.testing.assert_allclose(layer.apply(np.full(48, 0.8)), 0.4, atol=1e-15)
    edges = zero.apply(np.full(48, 0.8))
    assert edges[0] == edges.max() > 0.5
    if shape is None:
        np.testing.assert_allclose(edges[3:-3], 0.4, atol=1e-15)
    x = np.random.default_rng(1).uniform(0.5, 0.6, 48)  # nothing is rectified
    for layer in (wrap, reflect):
        assert layer.apply(x).sum() == pytest.approx(0.5 * x.sum(), rel=1e-13)
    np.testing.assert_allclose(wrap.apply(x[::-1]), wrap.apply(x)[::-1], atol=1e-15)
    if shape is None:
        np.testing.assert_allclose(wrap.apply(np.roll(x, 5)), np.roll(wrap.apply(x), 5), atol=1e-15)


def test_memory_is_of_order_n():
    n = 300_000  # a dense matrix would take 720 GB
    layer = LateralInhibition(n, 1.0, radius=50)
    x = np.zeros(n)
    x[1000] = 1.0
    assert np.flatnonzero(layer.apply(x)).tolist() == [1000]
    assert len(pickle.dumps(layer)) < 5000


def test_the_input_is_left_alone():
    x = np.random.default_rng(0).random((4, 20))
    before = x.copy()
    LateralInhibition(20).apply(x)
    np.testing.assert_array_equal(x, before)
    integers = LateralInhibition(3, 0.5, 1).apply([4, 2, 2])
    assert integers.tolist() == [3.0, 0.5, 0.5]
    assert LateralInhibition(6, shape=(2, 3), radius=1).apply(np.empty((0, 2, 3))).shape == (0, 2, 3)


# ---------------------------------------------------------------- edges


@pytest.mark.parametrize("circuit", [False, True])
def test_a_step_has_mach_bands(circuit):
    """Beside the edge half of the weight lies on the other side: the mean there is (dark + bright) / 2."""
    dark, bright, s, length = 0.25, 0.75, 0.25, 256
    x = np.repeat([dark, bright], 20)
    layer = LateralInhibition(40, s, 4, boundary="reflect")
    y = layer.apply_bitstream(Encoder(40, length, "vdc").encode(x)).value() if circuit else layer.apply(x)
    off = 1 / (2 * length) + s * 1e-3 if circuit else 1e-14
    far = np.r_[0:16, 24:40]
    np.testing.assert_allclose(y[far], (1 - s) * x[far], atol=off)
    assert abs(y[19] - (dark - s * (dark + bright) / 2)) <= off
    assert abs(y[20] - (bright - s * (dark + bright) / 2)) <= off
    assert np.argmin(y) == 19
    assert np.argmax(y) == 20
    assert np.all(np.diff(y[15:20]) < 0)  # the band fades over the radius
    assert np.all(np.diff(y[20:25]) < 0)


def test_a_ramp_has_bands_at_its_ends_only():
    """Mach's own figure: light that rises evenly between two plateaus."""
    x = np.concatenate([np.full(30, 0.2), np.linspace(0.2, 0.8, 31)[1:-1], np.full(30, 0.8)])
    s, radius = 0.4, 5
    y = LateralInhibition(x.size, s, radius, boundary="reflect").apply(x)
    change = y - (1 - s) * x
    assert np.argmin(change) == 29  # where the ramp starts
    assert np.argmax(change) == 59  # where it ends
    inside = np.r_[0:25, 35:55, 64:89]
    np.testing.assert_allclose(change[inside], 0, atol=1e-14)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_radius_that_is_too_large_is_cut(boundary):
    for n, shape, largest in ((2, None, 1), (7, None, 6), (12, (3, 4), 2)):
        x = np.random.default_rng(n).random((3, n))
        cut = LateralInhibition(n, 0.6, 20, boundary=boundary, shape=shape)
        whole = LateralInhibition(n, 0.6, largest, boundary=boundary, shape=shape)
        assert cut.radius == largest
        np.testing.assert_array_equal(cut.apply(x), whole.apply(x))
        streams = Encoder(n, 64, "vdc").encode(x)
        np.testing.assert_array_equal(cut.apply_bitstream(streams).words, whole.apply_bitstream(streams).words)


def test_two_units_inhibit_each_other():
    np.testing.assert_allclose(LateralInhibition(2).apply([1.0, 0.5]), [0.85, 0.2], rtol=1e-15)


# ---------------------------------------------------------------- streams


def slow_circuit(bits, layer, sides):
    """Bits of the output for bits ``(n, L)``, a cycle at a time, in integers."""
    n, length = bits.shape
    r = layer.radius
    tap = [round(4096 * np.exp(-2 * (d / r) ** 2)) for d in range(r + 1)]

    def weight(offset):
        return math.prod(tap[abs(d)] for d in offset)

    offsets = [tuple(np.subtract(o, r).tolist()) for o in np.ndindex(*(2 * r + 1 for _ in sides))]
    offsets = [o for o in offsets if any(o)]
    weights = np.zeros((*sides, *sides), np.int64)
    for unit in np.ndindex(*sides):
        for offset in offsets:
            other = tuple(place(i + d, m, layer.boundary) for i, d, m in zip(unit, offset, sides, strict=True))
            if None not in other:
                weights[unit + other] += weight(offset)
    weights = weights.reshape(n, n)
    theta = round(sum(weight(o) for o in offsets) / layer.inhibition_strength)
    accumulator, fired = np.full(n, theta // 2), np.zeros(n, int)
    for t in range(length):
        accumulator += weights @ bits[:, t]
        while np.any(accumulator >= theta):
            fired += accumulator >= theta
            accumulator -= theta * (accumulator >= theta)
    generator = make_generator(layer.generator, length)
    sequence, scale = generator.sequence(length), 2**generator.bits
    unit = sequence < np.floor(bits.sum(1) / length * scale + 0.5)[:, None]
    inhibition = sequence < np.floor(np.minimum(fired, length) / length * scale + 0.5)[:, None]
    return unit & ~inhibition


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_line_of_streams_is_the_circuit_on_bits(length, boundary):
    rng = np.random.default_rng(length)
    streams = Bitstream.from_bits(rng.random((2, 3, 11, length)) < rng.random((2, 3, 11, 1)))
    for generator in ("vdc", "lfsr", Sobol(bits=5)):
        for radius, strength in ((1, 1.0), (3, 0.3), (4, 1.7)):
            layer = LateralInhibition(11, strength, radius, boundary=boundary, generator=generator)
            out = layer.apply_bitstream(streams)
            assert (out.length, out.encoding) == (length, "unipolar")
            for s in np.ndindex(2, 3):
                np.testing.assert_array_equal(out.bits()[s], slow_circuit(streams.bits()[s], layer, (11,)))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_sheet_of_streams_is_the_circuit_on_bits(boundary):
    streams = Bitstream.from_bits(np.random.default_rng(2).random((2, 20, 100)) < 0.5)
    layer = LateralInhibition(20, 0.6, 3, boundary=boundary, shape=(5, 4), generator="sobol")
    flat = layer.apply_bitstream(streams)
    for s in range(2):
        np.testing.assert_array_equal(flat.bits()[s], slow_circuit(streams.bits()[s], layer, (5, 4)))
    sheet = layer.apply_bitstream(Bitstream(streams.words.reshape(2, 5, 4, -1), 100))
    np.testing.assert_array_equal(sheet.words.reshape(flat.words.shape), flat.words)


@pytest.mark.parametrize("shape", [None, (12, 12)])
@pytest.mark.parametrize("source", ["bernoulli", "sobol"])
@pytest.mark.parametrize("generator", FULL_PERIOD)
def test_streams_are_within_the_law(generator, source, shape):
    """Half a step of 1 / L, and the rounding of the weights, whatever the streams that come in."""
    x = np.random.default_rng(3).random((5, 144))
    for length, radius, strength in ((64, 1, 1.0), (1024, 2, 0.3), (1024, 5, 0.7), (4096, 11, 1.0)):
        streams = Encoder(144, length, source, seed=1).encode(x)
        layer = LateralInhibition(144, strength, radius, boundary="reflect", shape=shape, generator=generator)
        error = np.abs(layer.apply_bitstream(streams).value() - layer.apply(streams.value()))
        assert error.max() <= 1 / (2 * length) + strength * 1e-3


@pytest.mark.parametrize("axes", [1, 2])
def test_rounding_of_the_weights(axes):
    """What the law allows for it: weights and threshold together are off by less than 1e-3 of the inhibition."""
    for radius in range(1, 100):
        exact = np.exp(-2 * (np.arange(-radius, radius + 1) / radius) ** 2)
        rounded = np.rint(4096 * exact)
        if axes == 2:
            exact, rounded = np.outer(exact, exact), np.outer(rounded, rounded)
        middle = (radius,) * axes
        exact[middle] = rounded[middle] = 0
        for strength in (0.1, 0.3, 1.0):
            given = strength * exact / exact.sum()
            assert np.abs(rounded / round(rounded.sum() / strength) - given).sum() < 1e-3 * strength


@pytest.mark.parametrize("generator", FULL_PERIOD)
def test_the_subtraction_is_exact_and_its_output_correlated(generator):
    x = np.random.default_rng(4).integers(0, 257, 30) / 256
    streams = Encoder(30, 256, generator).encode(x)
    untouched = LateralInhibition(30, 0.0, generator=generator).apply_bitstream(streams)
    np.testing.assert_array_equal(untouched.words, streams.words)  # streams of one generator need no new encoding
    out = LateralInhibition(30, 0.8, generator=generator).apply_bitstream(streams)
    assert not np.any(out.words & ~streams.words)
    zero = gates.distance(out, LateralInhibition(30, 0.8, generator=generator).apply_bitstream(streams))
    assert not zero.words.any()


def test_a_multiplexer_would_be_another_circuit():
    """docs: without counting, AND-NOT subtracts neighbour by neighbour and never silences a unit below strength 1."""
    length, strength = 4096, 0.8
    x = np.array([0.9, 0.2, 0.9])
    streams = Encoder(3, length, Sobol(12, 1)).encode(x)
    picked = Encoder(1, length, Sobol(12, 2)).encode([0.5])
    active = Encoder(1, length, Sobol(12, 3)).encode([strength])
    sides = Bitstream(streams.words[[0, 2]], length)
    inhibition = gates.multiply(
        gates.mux(sides, Bitstream(picked.words[0], length)), Bitstream(active.words[0], length)
    )
    y = gates.saturating_subtract(Bitstream(streams.words[1], length), inhibition).value()
    assert abs(y - (0.2 - strength * np.minimum(0.2, x[[0, 2]]).mean())) < 0.005
    assert LateralInhibition(3, strength, 1).apply(x)[1] == 0


def test_inhibition_beyond_the_stream_silences():
    streams = Bitstream.from_bits(np.ones((3, 100)))
    assert not LateralInhibition(3, 50.0, 1).apply_bitstream(streams).words.any()
    assert not LateralInhibition(3, 1.0, 1).apply_bitstream(streams).words.any()
    tiny = LateralInhibition(3, 1e-300, 1).apply_bitstream(streams)
    np.testing.assert_array_equal(tiny.words, streams.words)


# ---------------------------------------------------------------- a Bernoulli sequence


SHARE = 77 / 256


def bernoulli_ones(bias=0):
    """Ones of units that are left with 77 / 256: 154 + bias of 256 minus half of a neighbourhood of 154."""
    bits = np.tile(np.arange(256) < 154, (400, 10, 1))
    bits[:, 0] = np.arange(256) < 154 + bias
    layer = LateralInhibition(10, 0.5, 2, generator="bernoulli", seed=6)
    return int(layer.apply_bitstream(Bitstream.from_bits(bits)).counts()[:, 0].sum())


def test_bernoulli_sequences_are_binomial_and_a_biased_source_is_found_out():
    assert binomial_p_value(bernoulli_ones(), 400 * 256, SHARE) > FALSE_ALARM
    assert binomial_p_value(bernoulli_ones(6), 400 * 256, SHARE) < FALSE_ALARM


def scatter(repeats):
    """Chi-square p-value of the scatter of sums of 20 counts, of which each appears `repeats` times."""
    bits = np.tile(np.arange(256) < 154, (400, 10, 1))
    layer = LateralInhibition(10, 0.5, 2, generator="bernoulli", seed=8)
    ones = np.repeat(layer.apply_bitstream(Bitstream.from_bits(bits[::repeats])).counts()[:, 3], repeats)
    sums = ones.reshape(20, 20).sum(1)
    statistic = np.sum((sums - 20 * 77.0) ** 2) / (20 * 256 * SHARE * (1 - SHARE))
    return 2 * min(stats.chi2.cdf(statistic, 20), stats.chi2.sf(statistic, 20))


def test_every_sample_has_a_bernoulli_sequence_of_its_own():
    assert scatter(1) > FALSE_ALARM
    assert scatter(20) < FALSE_ALARM


def test_bernoulli_streams_of_a_sample_share_their_sequence():
    streams = Encoder(12, 500, "bernoulli", seed=0).encode(np.full(12, 0.6))
    out = LateralInhibition(12, 0.0, generator="bernoulli", seed=1).apply_bitstream(streams)
    measured = scc(Bitstream(out.words[:, None], 500), out)
    assert np.all(measured == 1)


def test_the_split_of_a_batch_does_not_matter():
    streams = Encoder(8, 100, "bernoulli", seed=0).encode(np.full((3, 2, 8), 0.6))
    layer, twin = (LateralInhibition(8, generator="bernoulli", seed=4) for _ in range(2))
    whole = layer.apply_bitstream(streams).words
    parts = [twin.apply_bitstream(Bitstream(streams.words[i, j], 100)).words for i in range(3) for j in range(2)]
    np.testing.assert_array_equal(np.reshape(parts, whole.shape), whole)
    assert layer.samples == twin.samples == 6


def test_sample_numbers_may_be_given():
    """They say which random bits a vector meets, and leave the layer's own counter where it stands."""
    streams = Encoder(8, 100, "bernoulli", seed=0).encode(np.full((3, 2, 8), 0.6))
    layer, twin = (LateralInhibition(8, generator="bernoulli", seed=4) for _ in range(2))
    whole = layer.apply_bitstream(streams).words
    np.testing.assert_array_equal(twin.apply_bitstream(streams, samples=np.arange(6).reshape(3, 2)).words, whole)
    turned = Bitstream(streams.words[::-1], 100)
    found = twin.apply_bitstream(turned, samples=np.arange(6).reshape(3, 2)[::-1]).words
    np.testing.assert_array_equal(found[::-1], whole)
    assert (twin.apply_bitstream(streams, samples=np.arange(6, 12).reshape(3, 2)).words != whole).any()
    assert twin.samples == 0
    wrong_numbers = (np.arange(6), ValueError), (-np.ones((3, 2), int), ValueError), (np.zeros((3, 2)), TypeError)
    for wrong, error in wrong_numbers:
        with pytest.raises(error, match=r"^samples must "):
            twin.apply_bitstream(streams, samples=wrong)


def test_threads_share_a_layer():
    """Lengths alternate, so that calls meet each other's comparators; a call reserves its numbers."""
    layer = LateralInhibition(8, generator="vdc", seed=4)
    rates = np.random.default_rng(5).random((4, 8))
    streams = {length: Encoder(8, length, "vdc").encode(rates) for length in (64, 100)}
    wanted = {length: LateralInhibition(8, seed=4).apply_bitstream(each).words for length, each in streams.items()}
    lengths = [64, 100] * 40
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda length: layer.apply_bitstream(streams[length]).words, lengths))
    for length, words in zip(lengths, found, strict=True):
        np.testing.assert_array_equal(words, wanted[length])
    assert layer.samples == 4 * len(lengths)


def test_seed_reset_state_and_pickle():
    streams = Encoder(8, 100, "sobol").encode(np.linspace(0.2, 0.9, 8))
    layer, other = (LateralInhibition(8, generator="bernoulli", seed=seed) for seed in (0, 1))
    first = layer.apply_bitstream(streams).words
    assert not np.array_equal(first, other.apply_bitstream(streams).words)
    assert not np.array_equal(first, layer.apply_bitstream(streams).words)
    other.load_state_dict(layer.state_dict())
    twin = pickle.loads(pickle.dumps(layer))
    want = layer.apply_bitstream(streams).words
    np.testing.assert_array_equal(other.apply_bitstream(streams).words, want)
    np.testing.assert_array_equal(twin.apply_bitstream(streams).words, want)
    layer.reset()
    np.testing.assert_array_equal(layer.apply_bitstream(streams).words, first)


def test_lengths_may_change_from_call_to_call():
    layer = LateralInhibition(5, 0.5, 1)
    x = np.array([0.5, 0.5, 0.5, 1.0, 0.5])
    for length in (64, 128, 64):
        value = layer.apply_bitstream(Encoder(5, length, "vdc").encode(x)).value()
        np.testing.assert_array_equal(value, layer.apply(x))


# ---------------------------------------------------------------- repr and errors


def test_repr():
    assert repr(LateralInhibition(10)) == (
        "LateralInhibition(10, inhibition_strength=0.3, radius=2, boundary='wrap', generator='vdc', "
        "encoding='unipolar', backend='numba')"
    )
    sheet = LateralInhibition(12, 0.5, 1, boundary="zero", shape=(3, 4), generator=VanDerCorput(6))
    assert "boundary='zero', shape=(3, 4), generator=VanDerCorput(bits=6)," in repr(sheet)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_neurons": 1}, "n_neurons must be an integer of at least 2, got 1"),
        ({"inhibition_strength": -0.1}, r"inhibition_strength must be a number in \[0, 1e\+100\], got -0.1"),
        ({"inhibition_strength": np.inf}, "inhibition_strength must be a number in .*, got inf"),
        ({"inhibition_strength": np.nan}, "inhibition_strength must be a number in"),
        ({"radius": 0}, "radius must be an integer of at least 1, got 0"),
        ({"boundary": "mirror"}, "boundary must be one of wrap, reflect, zero, got 'mirror'"),
        ({"shape": (3, 5)}, "shape must hold n_neurons = 12 units, got 3 x 5"),
        ({"shape": (1, 12)}, "shape must be an integer of at least 2, got 1"),
        ({"generator": "random"}, "generator must be one of"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        LateralInhibition(**{"n_neurons": 12, **arguments})


@pytest.mark.parametrize("arguments", [{"shape": 12}, {"shape": (3, 2, 2)}, {"radius": 1.5}, {"generator": 3}])
def test_arguments_of_a_wrong_type(arguments):
    with pytest.raises(TypeError):
        LateralInhibition(12, **arguments)


def test_bad_rates():
    line, sheet = LateralInhibition(6), LateralInhibition(6, radius=1, shape=(2, 3))
    with pytest.raises(ValueError, match=r"^rates must have shape \(\.\.\., 6\), got \(2, 3\)$"):
        line.apply(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"^rates must have shape \(\.\.\., 6\) or \(\.\.\., 2, 3\), got \(3, 2\)$"):
        sheet.apply(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"^rates must have shape \(\.\.\., 6\), got \(\)$"):
        line.apply(0.5)
    with pytest.raises(ValueError, match=r"^rates must be finite, got nan$"):
        line.apply([0, 0, np.nan, 0, 0, 0])


def test_bad_streams():
    layer = LateralInhibition(6, generator="bernoulli", seed=0)
    with pytest.raises(TypeError, match=r"^streams must be a Bitstream, got list$"):
        layer.apply_bitstream([0.5] * 6)
    with pytest.raises(ValueError, match=r"^streams must be unipolar, got bipolar$"):
        layer.apply_bitstream(Bitstream.from_bits(np.zeros((6, 8)), "bipolar"))
    with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., 6\), got \(5,\)$"):
        layer.apply_bitstream(Bitstream.from_bits(np.zeros((5, 8))))
    assert layer.samples == 0


def test_streams_too_long_to_be_counted_exactly(monkeypatch):
    monkeypatch.setattr(lateral_inhibition, "TAP_BITS", 45)
    with pytest.raises(ValueError, match=r"^streams must have a length of at most 103 at radius 2, got 104$"):
        LateralInhibition(6).apply_bitstream(Bitstream.from_bits(np.zeros((6, 104))))
