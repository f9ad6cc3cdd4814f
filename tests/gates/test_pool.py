"""Pooling gates: index arithmetic against loops, circuits against plain NumPy on bits."""

import numpy as np
import pytest

from sc_neurocore import Bitstream
from sc_neurocore.gates import average_pool, max_pool
from sc_neurocore.gates.windows import output_size, window_indices

SIZES = [(1, None), ((2, 3), None), (3, (1, 2)), ((2, 2), 3)]


def images(shape, length, encoding, seed=0):
    """Random bits ``(.., C, H, W, L)``; the parts of a split number never overlap."""
    rng = np.random.default_rng(seed)
    if encoding != "split":
        return rng.integers(0, 2, (*shape, length), np.uint8)
    bits, negative = rng.integers(0, 2, (*shape, length), np.uint8), rng.integers(0, 2, (*shape, 1), np.uint8)
    return np.stack([bits * (1 - negative), bits * negative])


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [((3, 2), (1, 1), (1, 1)), ((2, 2), (2, 3), (2, 1))])
def test_window_indices(kernel, stride, dilation, groups):
    channels, size = 4, (6, 7)
    got = window_indices(channels, size, kernel, stride, dilation, groups)
    rows, columns = output_size(size, kernel, stride, dilation)
    want = [
        [
            [
                (c * size[0] + i * stride[0] + a * dilation[0]) * size[1] + j * stride[1] + b * dilation[1]
                for c in range(g * channels // groups, (g + 1) * channels // groups)
                for a in range(kernel[0])
                for b in range(kernel[1])
            ]
            for i in range(rows)
            for j in range(columns)
        ]
        for g in range(groups)
    ]
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("length", [1, 63, 64, 100])
@pytest.mark.parametrize(("size", "stride"), SIZES)
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("batch", [(), (2,), (3, 2)])
def test_pools_on_bits(batch, encoding, size, stride, length):
    bits = images((*batch, 2, 4, 5), length, encoding)
    streams = Bitstream.from_bits(bits, encoding)
    kh, kw = size if isinstance(size, tuple) else (size, size)
    sh, sw = (kh, kw) if stride is None else stride if isinstance(stride, tuple) else (stride, stride)
    select = np.random.default_rng(1).integers(0, 2**32, (*batch, length), dtype=np.uint32)
    largest = max_pool(streams, size, stride=stride)
    average = average_pool(streams, size, select, stride=stride)
    assert largest.shape == average.shape == (*batch, 2, (4 - kh) // sh + 1, (5 - kw) // sw + 1)
    chosen = (select.astype(np.int64) * kh * kw) >> 32
    for i, j in np.ndindex(largest.shape[-2:]):
        window = bits[..., i * sh : i * sh + kh, j * sw : j * sw + kw, :]
        flat = window.reshape(*window.shape[:-3], kh * kw, length)
        want = flat.max(-2)
        if encoding == "split":
            want[1] = flat[1].min(-2)
        np.testing.assert_array_equal(largest.bits()[..., i, j, :], want)
        picked = np.broadcast_to(chosen[..., None, None, :], (*batch, 2, 1, length))
        if encoding == "split":
            picked = np.broadcast_to(picked, (2, *picked.shape))
        np.testing.assert_array_equal(average.bits()[..., i, j, :], np.take_along_axis(flat, picked, -2)[..., 0, :])


def test_errors():
    streams = Bitstream.from_bits(images((2, 3, 3), 8, "unipolar"))
    select = np.zeros(8, np.uint32)
    with pytest.raises(TypeError, match="streams must be a Bitstream"):
        max_pool(streams.bits(), 2)
    with pytest.raises(ValueError, match=r"streams must have shape \(\.\.\., channels, height, width\), got \(3, 3\)"):
        max_pool(Bitstream.from_bits(images((3, 3), 8, "unipolar")), 2)
    with pytest.raises(ValueError, match=r"size must fit the image, 3 x 3, got \(4, 4\)"):
        max_pool(streams, 4)
    with pytest.raises(ValueError, match="stride must be an integer of at least 1, got 0"):
        average_pool(streams, 2, select, stride=0)
    with pytest.raises(ValueError, match=r"select must have shape \(\.\.\., 8\), got \(7,\)"):
        average_pool(streams, 2, select[:7])
