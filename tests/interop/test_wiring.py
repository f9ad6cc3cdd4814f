"""Values of any shape and wires between them, against NumPy."""

import numpy as np
import pytest

from sc_neurocore import Network, Reshape, Select
from sc_neurocore.interop.wiring import Wiring

SHAPES = [(6,), (1, 6), (2, 3), (1, 2, 3, 4), (2, 1, 3, 2), (2, 3, 2, 2, 2), (1, 1, 4), (3, 1, 1)]
RNG = np.random.default_rng(0)


def wiring_of(shape):
    n = int(np.prod(shape))
    wiring = Wiring((n,))
    return wiring, wiring.input(shape), np.arange(1.0, n + 1)


def result(wiring, value, x):
    """What a network of the layers gives, in the shape of the value."""
    name = wiring.viewed(value, (value.size,))
    if not wiring.layers:
        return x.reshape(value.shape)
    layers = dict(wiring.layers)
    layers["last"] = (Reshape((value.size,)), name)
    return Network.from_layers(layers, input_shape=(len(x),), input_range=(-1, 1)).float_forward(x).reshape(value.shape)


def check(wiring, value, x, want):
    assert value.shape == want.shape
    np.testing.assert_allclose(result(wiring, value, x), want, rtol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_orders_of_axes(shape):
    for _ in range(4):
        wiring, value, x = wiring_of(shape)
        axes = RNG.permutation(len(shape)).tolist()
        check(wiring, wiring.permuted(value, axes), x, x.reshape(shape).transpose(axes))
        assert len(wiring.layers) <= 3 if len([n for n in shape if n > 1]) > 3 else 4


@pytest.mark.parametrize("shape", SHAPES)
def test_numbers_in_other_places(shape):
    wiring, value, x = wiring_of(shape)
    places = np.arange(value.size).reshape(shape)
    for k, each in enumerate((places[::-1], places[..., :1], places.reshape(-1), np.repeat(places, 2, 0), places[:1])):
        wiring, value, x = wiring_of(shape)
        check(wiring, wiring.moved(value, each), x, x[each])
        if k == 2:
            assert not wiring.layers


def test_many_numbers_change_places_with_their_channels():
    wiring, value, x = wiring_of((1, 30, 12, 14))
    places = np.arange(value.size).reshape(value.shape)
    taken = np.pad(places, [(0, 0), (0, 0), (1, 0), (0, 2)], mode="edge")
    check(wiring, wiring.moved(value, taken), x, x[taken])
    assert [len(layer.places) for layer, *_ in wiring.layers.values() if isinstance(layer, Select)] == [13 * 16]


@pytest.mark.parametrize("shape", SHAPES)
def test_joins(shape):
    for axis in range(len(shape)):
        wiring, value, x = wiring_of(shape)
        other = wiring.moved(value, np.flip(np.arange(value.size).reshape(shape), axis))
        array = x.reshape(shape)
        want = np.concatenate([array, np.flip(array, axis), array], axis)
        check(wiring, wiring.joined([value, other, value], axis), x, want)


@pytest.mark.parametrize("shape", SHAPES)
def test_scales_broadcast(shape):
    for keep in range(2 ** len(shape)):
        sizes = tuple(n if keep >> k & 1 else 1 for k, n in enumerate(shape))
        factors, offsets = RNG.uniform(0.5, 2, sizes), RNG.normal(size=sizes)
        wiring, value, x = wiring_of(shape)
        check(wiring, wiring.scaled(value, factors, offsets), x, x.reshape(shape) * factors + offsets)
    wiring, value, x = wiring_of((3, 1))
    check(wiring, wiring.scaled(value, np.ones((1, 4))), x, np.repeat(x[:, None], 4, 1))


def test_one_number_a_line_is_one_factor():
    """Of channels, of features, and else of each number."""
    for sizes, expected in (((3, 1), 3), ((1, 4), 4), ((3, 4), 12)):
        wiring = Wiring((3, 4))
        scaled = wiring.scaled(wiring.input((1, 3, 4)), RNG.uniform(1, 2, sizes))
        assert len(wiring.layers[scaled.name][0].factors) == expected


def test_sums_and_products_broadcast():
    for combine, want in ((Wiring.added, np.add), (Wiring.multiplied, np.multiply)):
        wiring, value, x = wiring_of((2, 3))
        column = wiring.moved(value, np.arange(2)[:, None])
        check(wiring, combine(wiring, [value, column]), x, want(x.reshape(2, 3), x[:2, None]))


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (-1,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("kind", ["average", "max", "sum"])
def test_reductions(axes, kind):
    reduce = {"average": np.mean, "max": np.max, "sum": np.sum}[kind]
    for keep in (False, True):
        wiring, value, x = wiring_of((2, 3, 4))
        array = x.reshape(2, 3, 4)
        want = np.asarray(reduce(array, axis=axes, keepdims=keep))
        check(wiring, wiring.reduced(value, axes, kind, keep), x, want)


def test_products_of_matrices():
    wiring, value, x = wiring_of((2, 3, 4))
    array = x.reshape(2, 3, 4)
    found = wiring.matrix_product(value, wiring.permuted(value, (0, 2, 1)))
    check(wiring, found, x, array @ array.transpose(0, 2, 1))


def test_constants():
    wiring, value, x = wiring_of((2, 3))
    check(wiring, wiring.joined([value, wiring.constant(np.full((1, 3), 7.0))], 0), x,
          np.concatenate([x.reshape(2, 3), np.full((1, 3), 7.0)]))  # fmt: skip


def test_names_are_different():
    wiring, value, _ = wiring_of((2, 3))
    wiring.called = "input"
    names = [wiring.permuted(value, (1, 0)).name for _ in range(3)]
    assert len({*names, "input"}) == 4
