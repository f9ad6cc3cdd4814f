"""Laws of conductance against published formulas, and drawn cells against the laws: false-alarm rate 1e-9."""

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.synapses import (
    ClippedLogarithm,
    Defects,
    DriftExponent,
    FlickerNoise,
    MemristorModel,
    ProgrammingError,
)

ALARM = 1e-9
PCM = MemristorModel.preset("pcm")
SHAPE = (500, 400)
GRID = [0.0, 1e-4, 0.005, 0.0082, 0.05, 0.1, 0.3, 0.5, 1.0]


def squares(normal):
    """Two-sided chi-square test of the sum of squares of standard normal numbers."""
    law, total = stats.chi2(normal.size), np.square(normal).sum()
    return 2 * min(law.cdf(total), law.sf(total))


def mean(normal):
    """Two-sided test of the mean of standard normal numbers."""
    return 2 * stats.norm.sf(abs(normal.mean()) * np.sqrt(normal.size))


# ------------------------------------------------------------ published formulas


@pytest.mark.parametrize("g", GRID)
def test_programming_error_of_phase_change(g):
    microsiemens = max(-1.1731 * g**2 + 1.9650 * g + 0.2635, 0)
    assert float(PCM.variability.deviation(np.array(g))) * 25 == pytest.approx(microsiemens, rel=1e-12)


@pytest.mark.parametrize("g", GRID)
def test_drift_exponent_of_phase_change(g):
    log = math.log(g) if g else -math.inf
    nu, spread = min(max(-0.0155 * log + 0.0244, 0.049), 0.1), min(max(-0.0125 * log - 0.0059, 0.008), 0.045)
    cells = PCM.drift_exponent.of_cells(np.full(3, g), np.array([0.0, 1.0, -9.0]))
    assert cells == pytest.approx([nu, nu + spread, abs(nu - 9 * spread)], rel=1e-12)


@pytest.mark.parametrize("seconds", [20.0, 1e4, 1e7])
@pytest.mark.parametrize("g", GRID)
def test_read_noise_of_phase_change(g, seconds):
    q = min(0.0088 / g**0.65, 0.2) if g else 0.2
    want = q * math.sqrt(math.log((seconds + 250e-9) / (2 * 250e-9)))
    assert float(PCM.read_noise.relative(np.array(g), seconds / 20)) == pytest.approx(want, rel=1e-12)


def test_read_noise_is_4_3_percent_of_the_largest_conductance_after_10000_seconds():
    """Of a cell at g_max; what is read has drifted by then, and the noise with it. Smaller cells have more."""
    one, half, tenth = PCM.read_noise.relative(np.array([1.0, 0.5, 0.1]), PCM.drift_time)
    assert PCM.drift_time * PCM.read_noise.first_time == 1e4
    assert [f"{v:.3f}" for v in (one, half, tenth)] == ["0.043", "0.067", "0.191"]
    flat = Defects(np.zeros((1, 3), bool), np.zeros((1, 3), bool), np.zeros((1, 3)))
    left = 500 ** -np.array([0.049, 0.049, -0.0155 * math.log(0.1) + 0.0244])
    np.testing.assert_allclose(
        PCM.read_sigma([1.0, 0.5, 0.1], flat), left * [1.0, 0.5, 0.1] * np.array([one, half, tenth]), rtol=1e-12
    )
    pair = Defects(np.zeros((2, 1), bool), np.zeros((2, 1), bool), np.array([[0.0], [2.0]]))  # the idle cell erred
    idle = 2 * 0.2635 / 25
    devices = [500**-0.049 * one, idle * 500**-0.1 * PCM.read_noise.relative(np.array(idle), 500.0)]
    assert PCM.read_sigma([1.0], pair) == pytest.approx(math.hypot(*devices), rel=1e-12)


def test_an_error_of_4_percent_on_average_is_a_standard_deviation_of_5():
    model = replace(MemristorModel.preset("al2o3-tio2"), stuck_low_rate=0.0, stuck_high_rate=0.0)
    g = 5e-5
    error = abs(model.write(np.full((1, *SHAPE), g), model.defects(SHAPE, 3))[0] / g - 1)
    deviation = 0.05 * math.sqrt(1 - 2 / math.pi)
    assert mean((error - 0.05 * math.sqrt(2 / math.pi)) / deviation) > ALARM
    assert error.mean() == pytest.approx(0.04, rel=0.01)


# ------------------------------------------------------------ drawn cells


def cells(model, g, seed=4):
    """Conductances over g_max of an array of cells that were written to g."""
    return model.write(np.full((1, *SHAPE), g * model.g_max), model.defects(SHAPE, seed))[0] / model.g_max


@pytest.mark.parametrize("g", [0.2, 0.5])
def test_programmed_cells(g):
    def errors(model):
        return (cells(replace(model, drift_time=1.0), g) - g) * 25 / (-1.1731 * g**2 + 1.9650 * g + 0.2635)

    assert squares(errors(PCM)) > ALARM
    assert mean(errors(PCM)) > ALARM
    assert squares(errors(replace(PCM, variability=0.04))) < ALARM  # the same for all conductances


@pytest.mark.parametrize("g", [0.1, 0.5])
def test_drifted_cells(g):
    """Sizes of normal exponents, as normal numbers through their distribution function; each cell keeps its own."""

    def normals(model):
        nu = np.log(cells(replace(model, drift_time=1.0), g) / cells(model, g)) / math.log(500)
        center, spread = max(-0.0155 * math.log(g) + 0.0244, 0.049), max(-0.0125 * math.log(g) - 0.0059, 0.008)
        return stats.norm.ppf(stats.foldnorm(center / spread, scale=spread).cdf(nu))

    assert squares(normals(PCM)) > ALARM
    assert mean(normals(PCM)) > ALARM
    np.testing.assert_array_equal(cells(PCM, g), cells(PCM, g))
    wide = ClippedLogarithm(-0.0125 * 1.05, -0.0059 * 1.05, 0.008 * 1.05, 0.045 * 1.05)
    assert squares(normals(replace(PCM, drift_exponent=replace(PCM.drift_exponent, spread=wide)))) < ALARM
    steep = ClippedLogarithm(-0.0155, 0.0254, 0.05, 0.1)
    assert mean(normals(replace(PCM, drift_exponent=replace(PCM.drift_exponent, mean=steep)))) < ALARM


def test_drift_and_error_of_a_cell_are_independent():
    chip = PCM.defects(SHAPE, 9, pairs=True)
    assert mean(chip.spread * chip.drift_spread) > ALARM
    assert mean(chip.spread * chip.spread) < ALARM
    np.testing.assert_array_equal(chip.spread, MemristorModel().defects(SHAPE, 9, pairs=True).spread)


def test_stuck_cells_drift_and_are_noisy_as_what_they_are():
    high, low = np.array([[True, False]]), np.array([[False, True]])
    chip = Defects(low, high, np.array([[3.0, 3.0]]), np.array([[1.0, 1.0]]))
    np.testing.assert_allclose(PCM.program([0.2, 0.2], chip), [500**-0.057, 0.0], rtol=1e-12)
    assert PCM.read_sigma([0.2, 0.2], chip) == pytest.approx([500**-0.057 * 0.0428579, 0.0], rel=1e-5)


def test_the_reference_of_single_cells_drifts_as_a_mean_cell():
    model = replace(PCM, g_min=0.1 * PCM.g_max)
    w = np.array([0.0, 0.5, 1.0])
    exponents = -0.0155 * np.log(np.array([0.1, 0.55])) + 0.0244
    low, middle = 500 ** -np.maximum(exponents, 0.049)
    want = [0.0, (0.55 * middle - 0.1 * low) / 0.9, (500**-0.049 - 0.1 * low) / 0.9]
    flat = Defects(np.zeros((1, 3), bool), np.zeros((1, 3), bool), np.zeros((1, 3)))
    np.testing.assert_allclose(model.program(w, flat), want, rtol=1e-12, atol=1e-15)
    assert model.drift == pytest.approx(500**-0.049)


# ------------------------------------------------------------ values, files, errors


def test_laws_are_values_and_go_through_json():
    assert pickle.loads(pickle.dumps(PCM)) == PCM
    assert hash(PCM) == hash(MemristorModel.preset("pcm"))
    again = MemristorModel(**json.loads(PCM.changes()))
    assert again == PCM
    assert again.changes() == PCM.changes()
    numbers = {"drift_exponent": 0.05, "drift_time": 1e4, "read_noise": 0.01}  # as models were kept before laws
    assert MemristorModel(**json.loads(json.dumps(numbers))).changes() == json.dumps(numbers)
    assert PCM.with_rates(variability=0.1).variability == 0.1
    assert "FlickerNoise(scale=0.0088" in repr(PCM)


def test_a_pickle_of_before_there_were_read_outs_is_read():
    old = MemristorModel(read_noise=0.1)
    values = {name: value for name, value in vars(old).items() if name != "read_noise_per"}
    found = object.__new__(MemristorModel)
    found.__dict__.update(values)  # what unpickling does
    assert pickle.loads(pickle.dumps(found)) == old


def test_describe_names_the_laws():
    text = PCM.describe(np.linspace(-1, 1, 50)[None], seed=1)
    assert "normal, 1.05 % at 0, 4.22 % at g_max" in text
    assert "x 0.737 (t = 500)" in text
    chip = PCM.defects((1, 50), 1, pairs=True)
    sigma = np.sqrt(np.square(PCM.read_sigma(np.linspace(-1, 1, 50)[None], chip)).mean())
    assert f"read noise: {sigma:.4f} of a weight, fresh every read-out" in text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ProgrammingError(()), ValueError, "coefficients must have a number, got none"),
        (lambda: ProgrammingError((math.nan,)), ValueError, "coefficients must be finite"),
        (lambda: ClippedLogarithm(0.0, 0.0, 2.0, 1.0), ValueError, "low must be at most high, got 2 and 1"),
        (lambda: ClippedLogarithm("a", 0.0, 0.0, 1.0), TypeError, "slope must be a number in"),
        (lambda: DriftExponent(0.1, 0.1), TypeError, "mean must be a ClippedLogarithm, got float"),
        (lambda: replace(PCM.read_noise, read_time=0.0), ValueError, "read_time must be a finite number above 0"),
        (lambda: replace(PCM.read_noise, first_time=1e-9), ValueError, "first_time must be at least read_time=2.5e-07"),
        (lambda: FlickerNoise(**{**vars(PCM.read_noise), "scale": -1.0}), ValueError, "scale must be a number in"),
    ],
)
def test_bad_laws(call, error, message):
    with pytest.raises(error, match=message):
        call()
