"""Layers on a crossbar: bit-true with what the device makes of the weights, one chip a seed, errors by their laws."""

import pickle

import numpy as np
import pytest
from layer_helpers import ACCUMULATES, ENCODINGS, FALSE_ALARM, SIGMAS, binomial_p_value, inputs, rail_bits, slow_forward

from sc_neurocore import HardwareAwareSCLayer, MemristiveDenseLayer, MemristorModel, SCConv2DLayer, VectorizedSCLayer

WORN = MemristorModel(levels=9, drift_exponent=0.05, drift_time=100.0)


def build(encoding="unipolar", accumulate="mean", *, kind=MemristiveDenseLayer, **options):
    options = {"stuck_rate": 0.3, "variability": 0.2, "length": 100, "seed": 1, **options}
    if options.pop("bias", False):
        options["bias"] = inputs(4, encoding, 9)
    return kind(6, 4, encoding=encoding, accumulate=accumulate, **options)


@pytest.mark.parametrize("options", [{}, {"sparse": True, "connectivity": 0.6}, {"bias": True, "device": WORN}])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_forward_is_that_of_a_layer_with_the_effective_weights(encoding, accumulate, options):
    layer = build(encoding, accumulate, generator="sobol", **options)
    x = inputs((3, 6), encoding, 2)
    np.testing.assert_array_equal(layer.forward(x), slow_forward(layer, x))
    if layer.sparse:
        places = np.nonzero(layer.weights_csr.toarray())
        ideal = layer.weights_csr.data
    else:
        places = slice(None), slice(None)
        ideal = layer.ideal_weights if layer.bias is None else np.column_stack([layer.ideal_weights, layer.bias])
    effective = layer.device.program(ideal, layer.defects)
    without_bias = effective if layer.bias is None else effective[:, :-1]
    np.testing.assert_array_equal(layer.weights[places], without_bias)
    assert not np.array_equal(effective, ideal)
    if not layer.sparse:
        plain = VectorizedSCLayer.from_weights(
            without_bias,
            100,
            encoding=encoding,
            accumulate=accumulate,
            generator="sobol",
            bias=None if layer.bias is None else effective[:, -1],
        )
        np.testing.assert_array_equal(layer.forward(x), plain.forward(x))
        np.testing.assert_array_equal(layer.expected(x), plain.expected(x))
        np.testing.assert_array_equal(layer.packed_weights, plain.packed_weights)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_seed_is_one_chip(encoding, sparse):
    layer, twin, other = (build(encoding, sparse=sparse, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(layer.weights, twin.weights)
    assert not np.array_equal(layer.stuck_high_mask, other.stuck_high_mask)
    low, high = layer.stuck_low_mask, layer.stuck_high_mask
    assert low.shape == ((4, 6) if encoding == "unipolar" else (2, 4, 6))
    assert not (low & high).any()
    before = layer.weights
    layer.apply_hardware_defects()
    layer.apply_hardware_defects()
    np.testing.assert_array_equal(layer.weights, before)
    layer.forward(inputs(6, encoding))
    np.testing.assert_array_equal(layer.weights, before)
    np.testing.assert_array_equal(layer.ideal_weights, twin.ideal_weights)


def test_stuck_cells_are_at_the_ends():
    layer = build(variability=0.0)
    np.testing.assert_array_equal(layer.weights[layer.stuck_low_mask], 0)
    np.testing.assert_array_equal(layer.weights[layer.stuck_high_mask], 1)
    free = ~(layer.stuck_low_mask | layer.stuck_high_mask)
    np.testing.assert_allclose(layer.weights[free], layer.ideal_weights[free], atol=1e-15)


def test_writing_again_meets_the_same_error():
    layer = build(stuck_rate=0.0, variability=0.05, device=MemristorModel(proportional=False))
    layer.weights = np.full((4, 6), 0.4)
    first = layer.weights - 0.4
    layer.weights = np.full((4, 6), 0.5)
    np.testing.assert_allclose(layer.weights - 0.5, first, atol=1e-12)
    layer.ideal_weights[0, 0] = 0.4
    np.testing.assert_allclose(layer.weights[0, 0] - 0.4, first[0, 0], atol=1e-12)
    with pytest.raises(ValueError, match="read-only"):
        layer.weights[0, 0] = 0.4


def spread_variance(sigma):
    """Mean squared error of sums over 4000 chips and its law: sigma^2 |x|^2."""
    x, weights = inputs(20, seed=3), np.full((4000, 20), 0.5)
    device = MemristorModel(proportional=False)
    layer = MemristiveDenseLayer.from_weights(
        weights, 64, stuck_rate=0.0, variability=sigma, device=device, accumulate="sum", seed=0
    )
    errors = layer.expected(x) - weights @ x
    return errors.ravel(), 0.02**2 * (x**2).sum()


def test_additive_spread_adds_its_variance_and_a_wider_one_is_found_out():
    for sigma, right in ((0.02, True), (0.025, False)):
        errors, law = spread_variance(sigma)
        # The variance of n normal numbers has a relative standard error of sqrt(2 / n).
        distance = abs(errors.var() / law - 1) / np.sqrt(2 / errors.size)
        assert (distance < SIGMAS) == right


def test_stuck_counts_are_binomial():
    layer = MemristiveDenseLayer(200, 100, 64, stuck_rate=0.1, seed=4)
    for mask in (layer.stuck_low_mask, layer.stuck_high_mask):
        assert binomial_p_value(mask.sum(), mask.size, 0.05) > FALSE_ALARM
        assert binomial_p_value(mask.sum(), mask.size, 0.065) < FALSE_ALARM


def noisy_ones(noise):
    """Ones and bits of weight streams of 0.05 that are read with noise, and their probability."""
    device = MemristorModel(read_noise=noise)
    layer = MemristiveDenseLayer.from_weights(
        np.full((1, 200), 0.05), 1000, stuck_rate=0.0, variability=0.0, device=device, seed=5
    )
    bits = layer.streams(np.zeros((3, 200))).weights.bits()
    assert bits.shape == (3, 1, 200, 1000)
    return bits.sum(), bits.size, float(MemristorModel(read_noise=0.1).read_probability(0.05, "unipolar"))


def test_read_noise_moves_small_weights_by_its_law_and_more_of_it_is_found_out():
    ones, bits, p = noisy_ones(0.1)
    assert p > 0.055
    assert binomial_p_value(ones, bits, p) > FALSE_ALARM
    ones, bits, _ = noisy_ones(0.13)
    assert binomial_p_value(ones, bits, p) < FALSE_ALARM


@pytest.mark.parametrize("generator", ["bernoulli", "sobol", "halton"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_read_noise_is_fresh_in_every_cycle_and_sample(encoding, generator):
    options = {"stuck_rate": 0.0, "variability": 0.0, "generator": generator, "share": "independent"}
    layer = build(encoding, "sum", device=MemristorModel(read_noise=0.3), **options)
    x = inputs((4, 6), encoding, 3)
    want = slow_forward(layer, x)
    whole = layer.forward(x)
    np.testing.assert_array_equal(whole, want)
    layer.reset()
    np.testing.assert_array_equal(np.concatenate([layer.forward(x[:1]), layer.forward(x[1:])]), whole)
    bits = rail_bits(layer.streams(x[:2]).weights)
    assert not np.array_equal(bits[:, 0], bits[:, 1])
    if encoding == "split":
        assert not (bits[0] & bits[1]).any()
    quiet = build(encoding, "sum", device=MemristorModel(), **options)
    assert not np.array_equal(quiet.forward(x), whole)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected_with_read_noise(encoding):
    options = {"length": 4096, "device": MemristorModel(read_noise=0.3), "generator": "sobol"}
    layer = build(encoding, "mean", **options)
    x = np.tile(inputs(6, encoding, 3), (50, 1))
    np.testing.assert_allclose(layer.forward(x).mean(0), layer.expected(x)[0], atol=0.01)
    if encoding == "split":
        with pytest.raises(ValueError, match="no closed form for accumulate='mux' with split read noise"):
            build(encoding, "mux", **options).expected(x)


def test_converter():
    exact, read = (build("split", "sum", length=256, device=MemristorModel(adc_bits=bits)) for bits in (None, 4))
    x = inputs((50, 6), "split", 3)
    largest = np.abs(read.weights).sum(1).max()  # the converter spans what a column can give
    step = 2 * largest / 16
    out = read.forward(x)
    np.testing.assert_allclose(out, np.floor(exact.forward(x) / step) * step + step / 2)
    np.testing.assert_allclose(read.expected(x), np.floor(exact.expected(x) / step) * step + step / 2)


def test_wires_take_from_the_far_cells():
    device = MemristorModel(g_min=1e-6, g_max=1e-4, wire_resistance=20.0)
    layer = MemristiveDenseLayer.from_weights(np.full((8, 8), 0.9), 64, stuck_rate=0.0, variability=0.0, device=device)
    assert (layer.weights < 0.9).all()
    assert layer.weights[7, 0] < layer.weights[0, 7]
    sparse = MemristiveDenseLayer(8, 8, sparse=True, device=device)
    for _ in range(2):
        with pytest.raises(ValueError, match="weights must be a matrix"):
            sparse.forward(np.zeros(8))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_convolution_on_a_device(encoding):
    device = MemristorModel(stuck_high_rate=0.2, variability=0.1, adc_bits=8)
    layer = SCConv2DLayer(2, 4, 3, length=128, generator="sobol", encoding=encoding, groups=2, device=device, seed=3)
    x = inputs((2, 2, 5, 5), encoding, 1)
    defects = device.defects((4, 9), 3, pairs=encoding != "unipolar")
    kernels = device.program(layer.kernels.reshape(4, -1), defects).reshape(4, 1, 3, 3)
    plain = SCConv2DLayer.from_kernels(kernels, length=128, generator="sobol", encoding=encoding, groups=2)
    largest = np.abs(kernels).sum((1, 2, 3)).max() / 9
    low = 0.0 if encoding == "unipolar" else -largest
    np.testing.assert_allclose(layer.forward(x), device.adc(plain.forward(x), low, largest), atol=1e-12)
    np.testing.assert_allclose(layer.expected(x), device.adc(plain.expected(x), low, largest), atol=1e-12)


@pytest.mark.parametrize("kind", [MemristiveDenseLayer, HardwareAwareSCLayer])
def test_state(kind):
    layer, other = (build("split", kind=kind, seed=seed, device=WORN) for seed in (1, 2))
    x = inputs((2, 6), "split")
    layer.forward(x)
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(other.weights, layer.weights)
    np.testing.assert_array_equal(other.stuck_low_mask, layer.stuck_low_mask)
    twin = pickle.loads(pickle.dumps(layer))
    want = layer.forward(x)
    np.testing.assert_array_equal(other.forward(x), want)
    np.testing.assert_array_equal(twin.forward(x), want)
    assert "MemristorModel(" in repr(layer)


def test_from_weights_and_rates():
    weights = inputs((3, 5), seed=2)
    layer = MemristiveDenseLayer.from_weights(weights, 64, stuck_rate=0.0, variability=0.0)
    np.testing.assert_allclose(layer.weights, weights, atol=1e-15)
    preset = MemristorModel.preset("hfo2")
    kept = MemristiveDenseLayer(5, 3, stuck_rate=None, variability=None, device=preset)
    assert kept.device == preset
    assert MemristiveDenseLayer(5, 3).device == MemristorModel().with_rates(0.01, 0.05)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"stuck_rate": 1.5}, r"stuck_rate must be a number in \[0, 1\], got 1.5"),
        ({"variability": -0.1}, r"variability must be a number in \[0, 1e\+09\], got -0.1"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        MemristiveDenseLayer(3, 2, **arguments)
    with pytest.raises(TypeError, match="device must be a MemristorModel or None, got str"):
        MemristiveDenseLayer(3, 2, device="hfo2")
    with pytest.raises(TypeError, match="device must be a MemristorModel or None, got str"):
        VectorizedSCLayer(3, 2, device="hfo2")


# ---------------------------------------------------------------- training on the chip


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_a_quadratic_loss_converges_to_its_constrained_optimum(encoding):
    """Loss |W - target|^2 / 2: free cells reach the target, stuck ones stay; what is out of reach ends at the edge."""
    layer = HardwareAwareSCLayer(12, 10, 64, 0.2, 0.05, 7, encoding=encoding, accumulate="sum")
    target = inputs((10, 12), encoding, 5)
    eye = np.eye(12)
    for _ in range(400):
        weights = layer.expected(eye).T  # expectation mode: the rows of the identity read the weights out
        layer.update_weights(weights - target, lr=0.2)
    device, defects = layer.device, layer.defects
    low = 0.0 if encoding == "unipolar" else -1.0
    grid = np.linspace(low, 1.0, 20001)
    reachable = np.stack([device.program(np.full((10, 12), w), defects) for w in grid[::20]])
    best = np.take_along_axis(reachable, np.abs(reachable - target).argmin(0)[None], 0)[0]
    miss, best_miss = np.abs(layer.weights - target), np.abs(best - target)
    assert np.sqrt(np.mean((miss - np.minimum(miss, best_miss)) ** 2)) < 1e-3
    np.testing.assert_array_equal(layer.weights[layer.stuck_mask], layer.stuck_values)


def test_updates_leave_stuck_synapses_alone():
    for sparse in (False, True):
        layer = HardwareAwareSCLayer(20, 10, 64, 0.3, 0.0, sparse=sparse, connectivity=0.5 if sparse else 1.0)
        ideal, stuck = layer.ideal_weights.copy(), layer.stuck_mask
        layer.update_weights(np.ones((10, 20)), lr=0.01)
        np.testing.assert_array_equal(layer.ideal_weights[stuck], ideal[stuck])
        free = ~stuck & (ideal > 0.01)
        np.testing.assert_allclose(layer.ideal_weights[free], ideal[free] - 0.01)
        assert layer.n_stuck == stuck.sum() == layer.stuck_values.size
        assert layer.stuck_fraction == layer.n_stuck / (100 if sparse else 200)
        assert (layer.ideal_weights >= 0).all()


def test_bad_updates_change_nothing():
    layer = HardwareAwareSCLayer(3, 2, 64)
    before = layer.ideal_weights.copy()
    for gradient, lr, error in (
        (np.ones((3, 2)), 0.1, r"gradient must have shape \(2, 3\), got \(3, 2\)"),
        (np.full((2, 3), np.nan), 0.1, "gradient must be finite, got nan"),
        (np.ones((2, 3)), -0.1, "lr must be a number in"),
    ):
        with pytest.raises(ValueError, match=error):
            layer.update_weights(gradient, lr)
    np.testing.assert_array_equal(layer.ideal_weights, before)
