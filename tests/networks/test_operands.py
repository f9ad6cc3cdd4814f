"""Operands that a calibration searches with: tables of products against streams of layers, sums against windows."""

from itertools import product

import numpy as np
import pytest

from sc_neurocore import Conv2D, Dense, SCConv2DLayer, VectorizedSCLayer
from sc_neurocore.encoders import Searched, make_generator
from sc_neurocore.networks.calibrating.node import seven_digits
from sc_neurocore.networks.calibrating.operands import exact_products, levels, numbers_of, product_counts, rows_of
from sc_neurocore.networks.calibrating.steps import nearest_powers

ENCODINGS = ("split", "bipolar", "unipolar")
GENERATORS = {
    "searched": (8, lambda bits: make_generator("searched", 8, bits)),
    "sobol": (16, lambda bits: make_generator("sobol", 16, bits)),
    "odd": (7, lambda bits: make_generator("searched", 7, bits)),
    "lfsr": (9, lambda bits: make_generator("lfsr", 9, bits)),
    "groups": (6, lambda bits: Searched(np.random.default_rng(0).permuted([range(6)] * 3, axis=1))),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("name", "bits"), [*((name, None) for name in GENERATORS), ("sobol", 3), ("lfsr", 5)])
def test_products_count_what_layers_of_streams_count(name, bits, encoding):
    """Each pair of levels, on each line of as many as there are groups."""
    cycles, make = GENERATORS[name]
    generator = make(bits)
    modulus, n_groups = generator.modulus, len(generator.groups)
    every = np.arange(-modulus if encoding == "split" else 0, modulus + 1)
    numbers = numbers_of(every, encoding, modulus)
    np.testing.assert_array_equal(levels(numbers, encoding, modulus), every)
    table = product_counts(generator, cycles, encoding)
    assert table.shape == (len(every), n_groups * len(every))
    other = 0.0  # of the lines beside the one that is looked at
    for line in range(n_groups):
        weights = np.full((len(every), n_groups), other)
        weights[:, line] = numbers
        layer = VectorizedSCLayer.from_weights(
            weights, cycles, generator=generator, encoding=encoding, accumulate="sum",
        )  # fmt: skip
        x = np.full((len(every), n_groups), other)
        x[:, line] = numbers
        counts = layer.forward(x) * cycles
        half = levels(np.array([other]), encoding, modulus)[0] + (modulus if encoding == "split" else 0)
        beside = sum(table[half, g * len(every) + half] for g in range(n_groups) if g != line)
        own = table[:, line * len(every) : (line + 1) * len(every)]
        np.testing.assert_array_equal(np.rint(counts.T), own + beside)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_exact_products_are_products(encoding):
    numbers = numbers_of(np.arange(-5 if encoding == "split" else 0, 6), encoding, 5)
    table = exact_products(5, 25, encoding)
    for (i, a), (j, b) in product(enumerate(numbers), repeat=2):
        assert table[i, j] == pytest.approx(25 * a * b)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_levels_are_the_nearest(encoding):
    numbers = np.random.default_rng(0).uniform(0.0 if encoding == "unipolar" else -1.0, 1.0, 500)
    back = numbers_of(levels(numbers, encoding, 12), encoding, 12)
    step = 2 / 12 if encoding == "bipolar" else 1 / 12
    assert np.abs(back - numbers).max() <= step / 2 + 1e-12


LAYERS = {
    "dense": (lambda w: Dense(w(3, 5), w(3), "relu"), (5,)),
    "dense of images": (lambda w: Dense(w(3, 12), w(3), "relu"), (3, 2, 2)),
    "conv": (lambda w: Conv2D(w(4, 2, 3, 3), w(4), "relu"), (2, 5, 6)),
    "stride and padding": (lambda w: Conv2D(w(4, 2, 3, 2), w(4), "relu", stride=(2, 1), padding=1), (2, 5, 6)),
    "groups and dilation": (lambda w: Conv2D(w(4, 1, 2, 2), w(4), "relu", dilation=2, groups=2), (2, 5, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("count", [1, 7, 60, 10**6])
def test_rows_are_operands_of_the_sums(name, count):
    """Products of the rows with the weights add up to the sums that they are said to be."""
    rng = np.random.default_rng(1)
    make, shape = LAYERS[name]
    spec = make(lambda *sizes: rng.normal(size=sizes))
    x = rng.random((6, *shape))
    plain = type(spec)(**{**vars(spec), "activation": "identity", "bias": np.zeros(len(spec.weights))})
    sums = plain.forward(x)
    rows = rows_of(spec, shape, x, sums, count)
    windows = int(np.prod(sums.shape[2:]))
    n_groups = getattr(spec, "groups", 1)
    fan_in = spec.weights[0].size
    n_rows = min(count, 6 * windows)
    assert rows.inputs.shape == rows.lines.shape == (n_rows, n_groups, fan_in)
    weights = spec.weights.reshape(n_groups, -1, fan_in)
    by_hand = np.einsum("rgi,gmi->rgm", rows.inputs, weights).reshape(n_rows, -1)
    np.testing.assert_allclose(rows.targets, by_hand, atol=1e-12)
    if count >= 6 * windows:  # every sum once
        assert len(np.unique(np.round(rows.targets[:, 0], 9))) == 6 * windows


@pytest.mark.parametrize("name", ["conv", "stride and padding", "groups and dilation"])
def test_lines_are_those_that_circuits_count(name):
    """A generator with a permutation for each line of a few: the layer's sums are those of the table by `lines`."""
    rng = np.random.default_rng(2)
    make, shape = LAYERS[name]
    spec = make(lambda *sizes: rng.uniform(-1, 1, size=sizes))
    length, n_groups = 5, 3
    generator = Searched(rng.permuted([range(length)] * n_groups, axis=1))
    x = rng.random((2, *shape))
    geometry = spec.geometry
    layer = SCConv2DLayer.from_kernels(
        spec.weights, geometry.stride, geometry.padding, length=length, generator=generator, encoding="split",
        accumulate="sum", dilation=geometry.dilation, groups=spec.groups,
    )  # fmt: skip
    sums = np.rint(layer.forward(x) * length)
    rows = rows_of(spec, shape, x, sums, 10**6)
    table, size = product_counts(generator, length, "split"), 2 * length + 1
    codes = levels(rows.inputs, "split", length) + length + rows.lines % n_groups * size
    own = levels(spec.weights, "split", length).reshape(spec.groups, -1, spec.weights[0].size) + length
    counted = table[own[None], codes[:, :, None]].sum(-1).reshape(len(codes), -1)
    np.testing.assert_array_equal(counted, rows.targets)


def test_seven_digits():
    values = np.array([0.0, 1.0, -0.12345678, 123456789.0, 9.99999996, 1e-300, 0.1, -2.5e-8])
    assert seven_digits(values).tolist() == [0.0, 1.0, -0.1234568, 123456800.0, 10.0, 1e-300, 0.1, -2.5e-8]
    assert seven_digits(np.float64(2 / 3)) == 0.6666667
    assert seven_digits(np.ones((2, 1, 1)) / 3).shape == (2, 1, 1)


def test_powers_of_two_are_the_nearest_by_ratio():
    numbers = np.concatenate([2.0 ** np.arange(-9, 3), np.random.default_rng(0).uniform(1e-3, 1, 1000)])
    found = nearest_powers(numbers)
    np.testing.assert_array_equal(np.frexp(found)[0], 0.5)
    ratios = np.maximum(found / numbers, numbers / found)
    assert (ratios <= np.sqrt(2) + 1e-12).all()
    np.testing.assert_array_equal(found[:12], numbers[:12])
