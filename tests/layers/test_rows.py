"""Streams that lie side by side: at every length, layers count what their streams, bit by bit, count."""

import numpy as np
import pytest

from sc_neurocore import SCConv2DLayer, VectorizedSCLayer
from sc_neurocore.bitstreams.encodings import ENCODINGS

LENGTHS = range(1, 131)


def numbers(rng, encoding, shape):
    """Numbers in the range of an encoding: the ends, and both signs where it has them."""
    low = 0.0 if encoding == "unipolar" else -1.0
    made = rng.uniform(low, 1.0, shape)
    made.flat[:3] = 1.0, low, 0.0
    return made


def sums(x, w, encoding, length):
    """Sums of products ``(B, M)`` of streams ``(B, n)`` and ``(M, n)``, bit by bit."""
    a, b = (bits.bits().astype(np.int64) for bits in (x, w))
    if encoding == "bipolar":
        return (2 * np.einsum("bnt,mnt->bm", a, b) + 2 * np.einsum("bnt,mnt->bm", 1 - a, 1 - b)) / length - a.shape[1]
    if encoding == "split":
        a, b = a[0] - a[1], b[0] - b[1]
    return np.einsum("bnt,mnt->bm", a, b) / length


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["sobol", "searched", "lfsr", "bernoulli"])
def test_dense(encoding, generator):
    rng = np.random.default_rng(3)
    x, w = numbers(rng, encoding, (5, 11)), numbers(rng, encoding, (6, 11))
    for length in LENGTHS if generator == "sobol" else (1, 2, 8, 33, 64, 100):
        options = {"length": length, "generator": generator, "encoding": encoding, "accumulate": "sum"}
        if generator == "bernoulli":
            options["weight_streams"] = "stored"
        layer, twin = (VectorizedSCLayer(11, 6, seed=4, **options) for _ in range(2))
        layer.weights[:] = twin.weights[:] = w
        streams = twin.streams(x)
        np.testing.assert_allclose(layer.forward(x), sums(*streams, encoding, length), rtol=0, atol=1e-12)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_windows(encoding):
    rng = np.random.default_rng(5)
    x, w = numbers(rng, encoding, (2, 3, 5, 4)), numbers(rng, encoding, (4, 3, 2, 2))
    places = [(slice(None), slice(None), slice(i, i + 2), slice(j, j + 2)) for i in range(4) for j in range(3)]
    for length in LENGTHS:
        options = {"length": length, "generator": "sobol", "encoding": encoding, "seed": 4}
        layer, dense = SCConv2DLayer.from_kernels(w, **options), VectorizedSCLayer(12, 4, **options)
        dense.weights[:] = w.reshape(4, 12)
        patches = np.stack([x[place].reshape(2, 12) for place in places], axis=1)
        same = dense.forward(patches).swapaxes(1, 2).reshape(2, 4, 4, 3)
        np.testing.assert_array_equal(layer.forward(x), same)
