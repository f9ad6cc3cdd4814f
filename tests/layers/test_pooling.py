"""Pooling layers: bit by bit against plain NumPy, the maximum exact, the average within its law."""

import pickle

import numpy as np
import pytest
from layer_helpers import (
    ENCODINGS,
    FALSE_ALARM,
    LENGTHS,
    WITH_TWO_LINES,
    binomial_p_value,
    inputs,
    on_grid,
    rail_bits,
    seeds_of,
)

from sc_neurocore import chunks
from sc_neurocore.encoders.select import SelectSource
from sc_neurocore.layers import SCPool2D

CASES = [((2, 2), None), ((3, 2), (1, 2)), ((2, 3), (3, 1))]


def values(bits, encoding):
    """Numbers of bits ``(rails, ..., L)``."""
    ones, length = bits.sum(-1, dtype=int), bits.shape[-1]
    if encoding == "split":
        return (ones[0] - ones[1]) / length
    return (2 * ones[0] - length) / length if encoding == "bipolar" else ones[0] / length


def slow_pool(layer, x):
    samples = np.arange(layer.samples, layer.samples + len(x))
    bits = rail_bits(layer.streams(x).inputs)
    assert bits.shape[1:] == (*x.shape, layer.length)
    select = SelectSource(layer.generator, 1, layer.length, seeds_of(layer).key("select"))(samples)
    (kh, kw), (sh, sw) = layer.size, layer.stride
    out = np.empty((len(x), *layer.output_shape(*x.shape[1:])))
    for s, c, i, j in np.ndindex(out.shape):
        window = bits[:, s, c, i * sh : i * sh + kh, j * sw : j * sw + kw].reshape(len(bits), -1, layer.length)
        if layer.kind == "average":
            chosen = select[s].astype(np.int64) * kh * kw >> 32
            pooled = window[:, chosen, np.arange(layer.length)]
        else:
            pooled = np.stack([window[0].max(0), *(rail.min(0) for rail in window[1:])])
        out[s, c, i, j] = values(pooled, layer.encoding)
    return out


@pytest.mark.parametrize(("size", "stride"), CASES)
@pytest.mark.parametrize("generator", WITH_TWO_LINES)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["average", "max"])
def test_forward_is_the_circuit_on_bits(kind, encoding, generator, size, stride):
    options = {"generator": generator, "encoding": encoding, "seed": 3}
    layer, twin = (SCPool2D(kind, size, stride, 70, **options) for _ in range(2))
    x = inputs((2, 3, 5, 6), encoding)
    np.testing.assert_array_equal(layer.forward(x), slow_pool(twin, x))


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("length", LENGTHS)
def test_lengths_and_batches(length, batch):
    for kind in ("average", "max"):
        layer = SCPool2D(kind, 2, length=length, seed=1)
        x = inputs((batch, 2, 4, 4))
        twin = SCPool2D(kind, 2, length=length, seed=1)
        np.testing.assert_array_equal(layer.forward(x), slow_pool(twin, x) if batch else np.empty((0, 2, 2, 2)))


@pytest.mark.parametrize("generator", WITH_TWO_LINES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_maximum_is_that_of_the_streams(encoding, generator):
    """With one generator the OR of a window is the stream of its largest pixel."""
    x = inputs((4, 1, 2, 2), encoding)
    layer = SCPool2D("max", 2, length=100, generator=generator, encoding=encoding, seed=2)
    pixels = layer.streams(x).inputs.value()
    np.testing.assert_array_equal(layer.forward(x)[..., 0, 0], pixels.max((2, 3)))


def average_ones(pixel):
    layer = SCPool2D("average", 2, length=1000, seed=4)
    x = np.tile([[[0.1, 0.9], [0.4, pixel]]], (400, 1, 1, 1))
    return round(layer.forward(x).sum() * 1000), 400_000


def test_average_is_binomial_and_a_biased_pixel_is_found_out():
    assert binomial_p_value(*average_ones(0.6), 0.5) > FALSE_ALARM
    assert binomial_p_value(*average_ones(0.64), 0.5) < FALSE_ALARM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected(encoding):
    x = on_grid(inputs((2, 3, 4, 6), encoding))
    blocks = x.reshape(2, 3, 2, 2, 3, 2)
    average, largest = SCPool2D("average", 2, encoding=encoding), SCPool2D("max", 2, encoding=encoding)
    np.testing.assert_allclose(average.expected(x), blocks.mean((3, 5)), atol=1e-15)
    np.testing.assert_array_equal(largest.expected(x), blocks.max((3, 5)))
    coarse = SCPool2D("max", 2, encoding="bipolar", generator="sobol", bits=2).expected(x)
    assert set(np.unique(coarse * 2)) <= {-2, -1, 0, 1, 2}
    sobol = SCPool2D("average", 2, length=4096, encoding=encoding, generator="sobol")
    np.testing.assert_allclose(sobol.forward(x), sobol.expected(x), atol=0.02)


def test_the_split_of_a_batch_does_not_matter(monkeypatch):
    for kind in ("average", "max"):
        layer = SCPool2D(kind, 2, length=100, encoding="split", seed=0)
        x = inputs((5, 2, 4, 4), "split")
        whole = layer.forward(x)
        layer.reset()
        np.testing.assert_array_equal(np.concatenate([layer.forward(x[:2]), layer.forward(x[2:])]), whole)
        monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
        layer.reset()
        np.testing.assert_array_equal(layer.forward(x.reshape(5, 1, 2, 4, 4))[:, 0], whole)


def test_seed_state_and_repr():
    x = inputs((2, 4, 4))
    layer, other = SCPool2D("average", 2, seed=1), SCPool2D("average", 2, seed=2)
    first = layer.forward(x)
    assert not np.array_equal(first, layer.forward(x))
    other.load_state_dict(layer.state_dict())
    twin = pickle.loads(pickle.dumps(layer))
    want = layer.forward(x)
    np.testing.assert_array_equal(other.forward(x), want)
    np.testing.assert_array_equal(twin.forward(x), want)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), first)
    assert repr(SCPool2D("max", 2, 1, 64, generator="ramp")) == (
        "SCPool2D(max, 2 x 2, stride=(1, 1), length=64, Bank('ramp', 64), encoding='unipolar', backend='numba')"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"kind": "min"}, "kind must be one of average, max, got 'min'"),
        ({"size": 0}, "size must be an integer of at least 1, got 0"),
        ({"stride": 0}, "stride must be an integer of at least 1, got 0"),
        ({"encoding": "ternary"}, "encoding must be one of"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        SCPool2D(**{"kind": "max", "size": 2, **arguments})


def test_bad_input():
    layer = SCPool2D("max", 3)
    with pytest.raises(ValueError, match=r"input_image must have shape .* got \(1, 2, 3\)"):
        layer.forward(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match=r"input_image must have shape"):
        layer.forward(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"input_image must lie in \[0, 1\], got 2"):
        layer.forward(np.full((1, 3, 3), 2))


def test_the_expectation_of_no_image_has_the_shape_of_pooled_images():
    for kind in ("average", "max"):
        assert SCPool2D(kind, 2).expected(np.empty((0, 3, 4, 6))).shape == (0, 3, 2, 3)
