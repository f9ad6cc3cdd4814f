"""Every mechanism of the memristor model alone, against its closed form."""

import dataclasses
import pickle

import numpy as np
import pytest
from scipy import integrate, stats

from sc_neurocore.bitstreams import to_probability
from sc_neurocore.synapses import Defects, MemristorModel, crossbar_transfer

PCM = MemristorModel.preset("pcm")
ENCODINGS = ["unipolar", "bipolar", "split"]


def weights(shape=(5, 8), pairs=False, seed=0):
    return np.random.default_rng(seed).uniform(-1.0 if pairs else 0.0, 1.0, shape)


def written(model, w, pairs=False, seed=1, **options):
    return model.program(w, model.defects(np.shape(w), seed, pairs=pairs, **options))


@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("pairs", [False, True])
def test_ideal_cells_hold_what_is_written(shape, pairs):
    w = weights(shape, pairs)
    np.testing.assert_allclose(written(MemristorModel(), w, pairs), w, atol=1e-15)


@pytest.mark.parametrize("pairs", [False, True])
def test_conductances_and_back(pairs):
    model = MemristorModel(g_min=2e-6, g_max=5e-5)
    w = weights(pairs=pairs)
    g = model.to_conductance(w, pairs)
    assert g.shape == (1 + pairs, *w.shape)
    assert g.min() >= model.g_min
    assert g.max() <= model.g_max
    if pairs:
        assert (g.min(0) == model.g_min).all()
    np.testing.assert_allclose(model.from_conductance(g), w, atol=1e-15)


# ------------------------------------------------------------ one mechanism at a time


@pytest.mark.parametrize("levels", [2, 3, 16])
@pytest.mark.parametrize("pairs", [False, True])
def test_levels(levels, pairs):
    w = np.linspace(-1.0 if pairs else 0.0, 1, 2 * (levels - 1) * 1000 + 1)[None]
    held = written(MemristorModel(levels=levels), w, pairs)
    step = 1 / (levels - 1)
    np.testing.assert_allclose(held / step, np.rint(held / step), atol=1e-9)
    assert abs(held - w).max() == pytest.approx(step / 2)
    assert np.square(held - w).mean() == pytest.approx(step**2 / 12, rel=0.01)


@pytest.mark.parametrize("distribution", ["normal", "lognormal"])
@pytest.mark.parametrize("proportional", [False, True])
def test_programming_error_of_given_draws(distribution, proportional):
    model = MemristorModel(
        g_min=1.0, g_max=101.0, variability=0.05, distribution=distribution, proportional=proportional
    )
    eps = np.array([-2.0, 0.0, 1.0])
    defects = Defects(np.zeros((1, 3), bool), np.zeros((1, 3), bool), eps[None])
    g = 51.0
    sigma = 0.05 * (g if proportional else 100)
    if distribution == "normal":
        wanted = g + sigma * eps
    else:
        s = np.sqrt(np.log(1 + (sigma / g) ** 2))
        wanted = g * np.exp(s * eps - s * s / 2)
        exact = stats.lognorm(s, scale=g * np.exp(-s * s / 2))
        assert exact.mean() == pytest.approx(g)
        assert exact.std() == pytest.approx(sigma)
    np.testing.assert_allclose(model.program([0.5, 0.5, 0.5], defects), (wanted - 1) / 100, rtol=1e-13)


def test_programming_error_stops_at_the_ends():
    defects = Defects(np.zeros((1, 2), bool), np.zeros((1, 2), bool), np.array([[-3.0, 3.0]]))
    np.testing.assert_array_equal(MemristorModel(variability=0.1).program([0.1, 0.9], defects), [0, 1])


def test_programming_error_is_fixed():
    model = MemristorModel(variability=0.05)
    chip = model.defects((5, 8), seed=3)
    w = 0.3 + 0.4 * weights()
    first = model.program(w, chip)
    np.testing.assert_array_equal(model.program(w, chip), first)
    np.testing.assert_allclose(model.program(w + 0.05, chip) - (w + 0.05), first - w, atol=1e-14)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("low", "high"), [(0.0, 0.1), (0.1, 0.0), (0.05, 0.15), (0.5, 0.5), (0.013, 0.021)])
def test_exact_counts_of_stuck_cells(pairs, seed, low, high):
    model = MemristorModel(stuck_low_rate=low, stuck_high_rate=high)
    chip = model.defects((7, 9), seed, pairs=pairs, exact=True)
    n = 63 * (1 + pairs)
    assert chip.n_stuck == round((low + high) * n)
    assert chip.stuck_low_mask.sum() == round(low * n)
    assert abs(chip.stuck_high_mask.sum() - high * n) <= 1
    assert not (chip.stuck_low_mask & chip.stuck_high_mask).any()


def test_mean_of_a_stuck_array():
    model = MemristorModel(stuck_low_rate=0.1, stuck_high_rate=0.05)
    for w in (0.0, 0.3, 1.0):
        held = written(model, np.full((20, 10), w), exact=True)
        assert held.mean() == pytest.approx(0.85 * w + 0.05, abs=1e-15)


def test_stuck_cells_of_pairs():
    low, high = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    low[0, 1] = high[0, 2] = high[1, 3] = True
    held = MemristorModel().program([0.5] * 4, Defects(low, high, np.zeros((2, 4))))
    np.testing.assert_allclose(held, [0.5, 0, 1, -0.5])


@pytest.mark.parametrize("pairs", [False, True])
def test_drift(pairs):
    w = weights(pairs=pairs)
    model = MemristorModel(drift_exponent=0.05, drift_time=1e4)
    np.testing.assert_allclose(written(model, w, pairs), w * 1e4**-0.05, atol=1e-15)
    assert MemristorModel(drift_exponent=0.05).drift == MemristorModel(drift_time=1e4).drift == 1


@pytest.mark.parametrize("method", ["exact", "first_order"])
def test_wires(method):
    model = MemristorModel(wire_resistance=20.0, ir_drop=method, drift_exponent=0.1, drift_time=10.0)
    w, drift = weights(), 10**-0.1
    array = np.concatenate([1e-6 + 99e-6 * w, np.full((1, 8), 1e-6)]) * drift  # the reference is the last column
    currents = crossbar_transfer(array, 20.0, method)
    np.testing.assert_allclose(written(model, w), (currents[:5] - currents[5]) / 99e-6, rtol=1e-12)
    w = weights(pairs=True)
    array = np.empty((10, 8))
    array[0::2], array[1::2] = 1e-6 + 99e-6 * np.maximum(w, 0), 1e-6 + 99e-6 * np.maximum(-w, 0)
    currents = crossbar_transfer(array * drift, 20.0, method)
    np.testing.assert_allclose(written(model, w, pairs=True), (currents[::2] - currents[1::2]) / 99e-6, rtol=1e-12)


def test_order_of_the_mechanisms():
    """Levels, spread, stop at the ends, stuck, drift."""
    model = MemristorModel(
        levels=3, variability=0.1, stuck_low_rate=0.5, stuck_high_rate=0.5, drift_exponent=1.0, drift_time=2.0
    )
    low, high = np.array([[False, False, True, False]]), np.array([[False, False, False, True]])
    chip = Defects(low, high, np.array([[1.0, 1.0, 1.0, 1.0]]))
    np.testing.assert_allclose(model.program([0.4, 0.9, 0.4, 0.4], chip), [0.3, 0.5, 0, 0.5], atol=1e-15)


# ------------------------------------------------------------ reading


@pytest.mark.parametrize("sigma", [0.01, 0.2, 3.0])
def test_noisy_comparator_against_quadrature(sigma):
    model = MemristorModel(read_noise=sigma)
    w = np.array([-0.3, 0.0, 0.05, 0.5, 1.0, 1.2])

    def mean(w, s):
        body = integrate.quad(lambda v: v * stats.norm.pdf(v, w, s), 0, 1, epsabs=1e-12, points=[np.clip(w, 0, 1)])[0]
        return body + stats.norm.sf(1, w, s)

    pair = sigma * np.sqrt(2)
    chip = model.defects((6,), 0, pairs=True)
    np.testing.assert_allclose(model.read_sigma(np.clip(w, -1, 1), chip), pair)
    np.testing.assert_allclose(model.read_probability(w, "unipolar"), [mean(v, sigma) for v in w], atol=1e-9)
    bipolar = [mean((v + 1) / 2, pair / 2) for v in w]
    np.testing.assert_allclose(model.read_probability(w, "bipolar"), bipolar, atol=1e-9)
    split = [[mean(v, pair) for v in w], [mean(-v, pair) for v in w]]
    np.testing.assert_allclose(model.read_probability(w, "split"), split, atol=1e-9)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("noise", [0.0, 1e-12])
def test_reading_without_noise(encoding, noise):
    w = weights(pairs=encoding != "unipolar")
    model = MemristorModel(read_noise=noise)
    np.testing.assert_allclose(model.read_probability(w, encoding), to_probability(w, encoding), atol=1e-11)
    assert model.read_probability([7.0], encoding).max() == pytest.approx(1)  # a comparator cannot do more


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_converter(bits):
    model = MemristorModel(adc_bits=bits)
    values = np.linspace(-3, 5, 2**bits * 1000, endpoint=False) + 8 / 2**bits / 2000
    codes = model.adc(values, -3.0, 5.0)
    step = 8 / 2**bits
    assert len(np.unique(codes)) == 2**bits
    assert abs(codes - values).max() <= step / 2
    assert np.square(codes - values).mean() == pytest.approx(8**2 / (12 * 4**bits), rel=1e-5)
    np.testing.assert_allclose(model.adc([-9.0, 9.0], -3.0, 5.0), [-3 + step / 2, 5 - step / 2])
    np.testing.assert_array_equal(MemristorModel().adc(values, -3.0, 5.0), values)


# ------------------------------------------------------------ seeds, objects, errors


def test_one_seed_one_chip():
    model = MemristorModel(stuck_low_rate=0.1, stuck_high_rate=0.1, variability=0.1)

    def draw(seed):
        chip = model.defects((30, 40), seed)
        return chip.stuck_low_mask, chip.stuck_high_mask, chip.spread

    for first, second in zip(draw(4), draw(np.random.SeedSequence(4)), strict=True):
        np.testing.assert_array_equal(first, second)
    rng = np.random.default_rng(4)
    assert (draw(rng)[2] != draw(rng)[2]).any()
    assert (draw(4)[2] != draw(5)[2]).all()
    assert (draw(None)[2] != draw(None)[2]).all()


@pytest.mark.parametrize("exact", [False, True])
def test_more_stuck_cells_contain_fewer(exact):
    few, many = (
        MemristorModel(stuck_low_rate=rate, stuck_high_rate=rate).defects((30, 40), 1, exact=exact)
        for rate in (0.05, 0.2)
    )
    assert 0 < few.n_stuck < many.n_stuck
    assert not (few.stuck_low_mask & ~many.stuck_low_mask).any()
    assert not (few.stuck_high_mask & ~many.stuck_high_mask).any()
    np.testing.assert_array_equal(few.spread, many.spread)


def test_no_global_random_state():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    written(MemristorModel(variability=0.1), weights())
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_model_is_a_value():
    model = MemristorModel(g_min=0, variability=0.1)
    assert pickle.loads(pickle.dumps(model)) == model == MemristorModel(g_min=0.0, variability=0.1)
    assert hash(model) == hash(dataclasses.replace(model))
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.variability = 0.2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"g_min": -1.0}, ValueError, "g_min must be a number in"),
        ({"g_min": 1e-3}, ValueError, "g_min must be below g_max, got 0.001 and 0.0001"),
        ({"g_max": np.inf}, ValueError, "g_max must be a number in"),
        ({"levels": 1}, ValueError, "levels must be an integer of at least 2, got 1"),
        ({"levels": 2.0}, TypeError, "levels must be an integer"),
        ({"variability": -0.1}, ValueError, "variability must be a number in"),
        ({"variability": np.nan}, ValueError, "variability must be a number in .* got nan"),
        ({"distribution": "cauchy"}, ValueError, "distribution must be one of normal, lognormal, got 'cauchy'"),
        ({"proportional": 1}, TypeError, "proportional must be True or False, got 1"),
        ({"distribution": "lognormal", "g_min": 0.0}, ValueError, "g_min must be above 0 with a lognormal"),
        ({"stuck_low_rate": 1.1}, ValueError, r"stuck_low_rate must be a number in \[0, 1\], got 1.1"),
        ({"stuck_low_rate": 0.6, "stuck_high_rate": 0.6}, ValueError, "must be at most 1, got 1.2"),
        ({"drift_time": 0.5}, ValueError, "drift_time must be a number in"),
        ({"drift_exponent": -0.1}, ValueError, "drift_exponent must be a number in"),
        ({"wire_resistance": "1 ohm"}, TypeError, "wire_resistance must be a number in .* got '1 ohm'"),
        ({"ir_drop": "spice"}, ValueError, "ir_drop must be one of exact, first_order, got 'spice'"),
        ({"read_noise": -1}, ValueError, "read_noise must be a number in"),
        ({"read_noise_per": "read"}, ValueError, "read_noise_per must be one of cycle, read-out, got 'read'"),
        ({"read_noise": PCM.variability}, TypeError, "read_noise must be a number in .* got ProgrammingError"),
        ({"read_noise": {"scale": 0.1}}, ValueError, "read_noise must have the fields ceiling, .*, got scale"),
        ({"variability": PCM.variability, "proportional": True}, ValueError, "proportional must be False where"),
        ({"adc_bits": 0}, ValueError, r"adc_bits must be an integer in 1..32, got 0"),
    ],
)
def test_bad_models(options, error, message):
    with pytest.raises(error, match=message):
        MemristorModel(**options)


def test_bad_arrays():
    model = MemristorModel(wire_resistance=1.0)
    chip = model.defects((3, 4), 0)
    for call, error, message in [
        (lambda: model.program(np.full((3, 4), -0.1), chip), ValueError, r"weights must lie in \[0, 1\], got -0.1"),
        (lambda: model.program(np.ones((4, 3)), chip), ValueError, r"defects must have shape \(1, 4, 3\)"),
        (
            lambda: model.program(np.ones(4), model.defects((4,), 0)),
            ValueError,
            r"must be a matrix .* got shape \(4,\)",
        ),
        (lambda: model.program([["a"]], chip), TypeError, "weights must be an array of real numbers"),
        (lambda: model.write(np.ones((1, 3, 4)), chip), ValueError, "wanted must lie in"),
        (lambda: model.from_conductance(np.ones((3, 2))), ValueError, r"conductances must have shape \(1, ...\)"),
        (lambda: model.defects([3, 4]), TypeError, "shape must be a tuple of integers"),
        (lambda: model.defects((3, -4)), ValueError, "shape must be an integer of at least 0, got -4"),
        (lambda: model.defects((3,), -1), ValueError, "seed must be at least 0, got -1"),
        (lambda: model.read_probability([0.5], "ternary"), ValueError, "encoding must be one of"),
        (lambda: model.adc([0.5], 1.0, 1.0), ValueError, "low must be below high, got 1 and 1"),
        (lambda: MemristorModel.preset("ReRAM"), ValueError, "name must be one of ideal, .*, got 'ReRAM'"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_bad_defects():
    no, yes, spread = np.zeros((1, 2), bool), np.ones((1, 2), bool), np.zeros((1, 2))
    short = r"drift_spread must have shape \(1, 2\), got \(1, 1\)"
    for masks, error, message in [
        ((no, no, spread, spread[:, :1]), ValueError, short),
        ((yes, yes, spread), ValueError, "must not meet, got 2 cells in both"),
        ((no, no.astype(int), spread), TypeError, "stuck_high_mask must be an array of bools, got int64"),
        ((no[:, :1], no, spread), ValueError, r"stuck_low_mask must have shape \(1, 2\) as spread has, got \(1, 1\)"),
        ((no, no, np.zeros((3, 2))), ValueError, r"spread must have shape \(1, ...\) or \(2, ...\), got \(3, 2\)"),
        ((no, no, spread * np.nan), ValueError, "spread must be finite"),
    ]:
        with pytest.raises(error, match=message):
            Defects(*masks)
