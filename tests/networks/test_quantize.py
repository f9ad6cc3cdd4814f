"""The layer that rounds to levels: against exact arithmetic, at ties, in circuits, in files."""

from fractions import Fraction

import numpy as np
import pytest

from sc_neurocore import Conv2D, Dense, Network, Pool2D, Quantize
from sc_neurocore.networks.quantizing_spec import ROUNDINGS, settled

RNG = np.random.default_rng(0)
A = np.concatenate([RNG.normal(0, 3, 400), np.arange(-40, 41) / 8])[None]


def exact(a, step, zero, low, high, rounding):
    """In fractions: levels by the definition of each rounding."""
    level = Fraction(a) / Fraction(step) + Fraction(zero)
    floor = level.numerator // level.denominator
    part, sign = level - floor, 1 if level >= 0 else -1
    nearest = floor + (part > Fraction(1, 2))
    if rounding == "half_even":
        whole = nearest if part != Fraction(1, 2) else floor + floor % 2
    elif rounding in ("half_up", "half_down"):
        away = floor + 1 if sign > 0 else floor
        toward = floor if sign > 0 else floor + 1
        whole = nearest if part != Fraction(1, 2) else (away if rounding == "half_up" else toward)
    else:
        ceil = floor + (part > 0)
        toward = floor if sign > 0 else ceil
        whole = {"floor": floor, "ceil": ceil, "down": toward, "up": ceil if sign > 0 else floor}[rounding]
    return float((min(max(whole, low), high) - Fraction(zero)) * Fraction(step))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("step", "zero"), [(0.25, 0.0), (0.5, 3.0), (1.0, -2.5)])
def test_levels_are_those_of_exact_arithmetic(rounding, step, zero):
    """Steps are powers of two, so no number of the samples is between the grid of 2**-20 of a step and a tie."""
    layer = Quantize(step, zero, -8, 7, rounding)
    fine = np.round(A * 4096) / 4096
    want = [exact(a, step, zero, -8, 7, rounding) for a in fine[0].tolist()]
    np.testing.assert_array_equal(layer.forward(fine)[0], want)


def test_ties_of_sums_are_ties():
    steps = np.arange(-20, 21)
    sums = np.sum([0.1 * np.ones(41), 0.1 * steps, -0.1 * np.ones(41)], axis=0)  # in halves of 0.2
    np.testing.assert_array_equal(Quantize(0.2, 0.0, -99, 99).forward(sums[None])[0], np.rint(steps / 2) * 0.2)
    assert (np.rint(sums / 0.2) != np.rint(steps / 2)).any()  # the last digits would decide otherwise
    np.testing.assert_array_equal(settled(steps + 0.5), steps + 0.5)


def test_steps_for_each_channel():
    images, tokens = RNG.normal(0, 2, (5, 3, 4, 2)), RNG.normal(0, 2, (5, 4, 3))
    steps, zeros = np.array([0.5, 0.25, 1.0]), np.array([0.0, 1.0, -1.0])
    layer = Quantize(steps, zeros, -4, 3)
    each = [Quantize(steps[k], zeros[k], -4, 3) for k in range(3)]
    for samples, axis in ((images, 1), (tokens, 2)):
        parts = [layer_k.forward(samples.take([k], axis)) for k, layer_k in enumerate(each)]
        np.testing.assert_array_equal(layer.forward(samples), np.concatenate(parts, axis))
        assert layer.output_shape(samples.shape[1:]) == samples.shape[1:]
    with pytest.raises(ValueError, match="it takes 3 features or channels, got shape"):
        layer.output_shape((4,))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    ("zero", "low", "high"), [(0.0, -4, 3), (2.0, 0, 15), (0.5, 0, 1), (-9.0, -4, 3), (20.0, 0, 15)]
)
def test_bounds(rounding, zero, low, high):
    layer = Quantize(0.5, zero, low, high, rounding)
    for part in (A, np.abs(A)):
        outputs = layer.forward(part)
        assert np.abs(outputs).max() <= layer.bound(np.abs(part).max(), part.shape[1:])
        assert layer.gives_signed(bool(part.min() < 0)) or outputs.min() >= 0
    assert layer.gives_signed(True) == bool(layer.forward(np.array([[-1e9]])).min() < 0)
    assert layer.decision == layer.forward(np.zeros((1, 1)))[0, 0]


def network():
    kernels = RNG.normal(size=(2, 1, 3, 3)) / 3
    return Network.from_layers(
        {
            "levels": Quantize(0.25, 0.0, 0, 4),
            "conv": Conv2D(kernels, np.zeros(2), "relu"),
            "few": Quantize(np.array([0.25, 0.5]), np.zeros(2), 0, 7),
            "pool": Pool2D("max", 2),
            "head": Dense(RNG.normal(size=(3, 8)), np.zeros(3), "identity"),
        },
        input_shape=(1, 6, 6),
        calibration=RNG.random((20, 36)),
        input_range=(0, 1),
    )


def test_in_a_circuit_and_in_a_file(tmp_path):
    net = network()
    x = np.random.default_rng(1).random((30, 36))
    dense = Dense(np.random.default_rng(2).normal(size=(4, 36)), np.zeros(4), "identity")
    alone = Network.from_layers([dense], input_shape=(1, 6, 6))
    levels = Quantize(0.5, 1.0, -8, 7, "floor")
    both = Network.from_layers([dense, levels], input_shape=(1, 6, 6))
    for length in (16, 65):  # behind the counters nothing is added and nothing is lost
        counted = alone.circuit(length, generator="bernoulli", seed=3).forward(x)
        rounded = both.circuit(length, generator="bernoulli", seed=3).forward(x)
        np.testing.assert_array_equal(rounded, levels.forward(counted))
    noise = [np.sqrt(((net.circuit(length).forward(x) - net.float_forward(x)) ** 2).mean()) for length in (16, 1024)]
    assert noise[1] < 0.5 * noise[0]
    net.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    assert again.digest() == net.digest()
    np.testing.assert_array_equal(again.float_forward(x), net.float_forward(x))
    assert "levels 0 .. 4" in net.describe(64)


def test_every_field_is_in_the_digest():
    def digest(**fields):
        given = {"steps": 0.5, "zeros": 0.0, "low": -4.0, "high": 3.0, "rounding": "half_even", **fields}
        return Network.from_layers([Quantize(**given)], input_shape=(3,)).digest()

    others = [{"steps": 0.25}, {"zeros": 1.0}, {"low": -3.0}, {"high": 2.0}, {"rounding": "floor"},
              {"steps": np.full(3, 0.5), "zeros": np.zeros(3)}]  # fmt: skip
    assert len({digest(), *(digest(**each) for each in others)}) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0, 0.0, 0, 1), "steps must lie in"), ((np.ones((2, 2)), 0.0, 0, 1), r"steps must have shape \(\) or \(n,\)"),
     ((1.0, [0.0], 0, 1), r"zeros must have shape \(\)"), ((1.0, 0.0, 1, 1), "low must be below high, got 1 and 1"),
     ((1.0, 0.0, None, 1), "low must be a number"),
     ((1.0, 0.0, 0, 1, "near"), "rounding must be one of half_even, half_up"),
     ((1.0, 0.0, 0, 1, "floor", 0.0), "ceiling must be a number"), ((-1.0, 0.0, 0, 1), "steps must lie in")],
)  # fmt: skip
def test_bad_calls(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Quantize(*arguments)
