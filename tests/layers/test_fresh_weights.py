"""Fresh Bernoulli weights: no stream is stored, and each sum is that of the streams that the layer shows."""

import tracemalloc

import numpy as np
import pytest

from sc_neurocore import VectorizedSCLayer
from sc_neurocore.backends import available

FAN_IN, NEURONS = 37, 5


def plain_counts(streams, encoding):
    """Counts ``(S, M)`` of products, positive less negative, gate by gate and cycle by cycle."""
    x, w = (side.bits().astype(np.int64) for side in streams)
    if encoding == "bipolar":
        return (2 * (x[:, None] == w) - 1).sum((-2, -1))
    if encoding == "split":
        x, w = x[0] - x[1], w[0] - w[1]
    return (x[:, None] * w).sum((-2, -1))


def inputs_and_weights(rng, encoding, samples=3):
    """Some inputs and weights are zero, some one."""
    low = 0.0 if encoding == "unipolar" else -1.0
    x, w = rng.uniform(low, 1, (samples, FAN_IN)), rng.uniform(low, 1, (NEURONS, FAN_IN))
    for values in (x, w):
        values[rng.random(values.shape) < 0.3] = 0.0
        values[rng.random(values.shape) < 0.05] = 1.0
    x[-1] = 0.0
    return x, w


@pytest.mark.parametrize("backend", [name for name in available() if name != "reference"])
@pytest.mark.parametrize("share", ["independent", "one"])
@pytest.mark.parametrize("length", [1, 64, 100, 300, 512])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_sums_are_those_of_the_streams(encoding, length, share, backend):
    x, w = inputs_and_weights(np.random.default_rng(length), encoding)
    layer = VectorizedSCLayer.from_weights(
        w, length=length, generator="bernoulli", encoding=encoding, share=share, seed=5, backend=backend
    )
    for _ in range(2):  # the second call meets other streams
        counts = plain_counts(layer.streams(x), encoding)
        np.testing.assert_array_equal(layer.forward(x), counts / (length * FAN_IN))


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_sums_follow_edits_and_are_those_of_the_reference(encoding):
    x, w = inputs_and_weights(np.random.default_rng(7), encoding)
    given = {"generator": "bernoulli", "encoding": encoding, "seed": 6, "bias": np.full(NEURONS, 0.25)}
    layers = [VectorizedSCLayer.from_weights(w, length=130, backend=name, **given) for name in (None, "reference")]
    for edit in (0.0, 0.5):
        for layer in layers:
            layer.weights[0, :20] = edit
        np.testing.assert_array_equal(*(layer.forward(x) for layer in layers))


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_sparse_sums_are_those_of_the_reference(encoding):
    x, _ = inputs_and_weights(np.random.default_rng(8), encoding)
    layers = [
        VectorizedSCLayer(
            FAN_IN, 70, 130, sparse=True, connectivity=0.03, generator="bernoulli", encoding=encoding, seed=6,
            backend=name,
        )
        for name in (None, "reference")
    ]  # fmt: skip
    assert 0 in np.diff(layers[0].weights_csr.indptr)  # a neuron without synapses
    np.testing.assert_array_equal(*(layer.forward(x) for layer in layers))


def test_a_sample_is_the_same_alone_and_among_others():
    x, w = inputs_and_weights(np.random.default_rng(9), "split", 6)
    batch, alone = (
        VectorizedSCLayer.from_weights(w, length=200, generator="bernoulli", encoding="split", seed=4) for _ in range(2)
    )
    np.testing.assert_array_equal(batch.forward(x), [alone.forward(row) for row in x])


def test_no_stream_of_a_weight_is_stored():
    n, neurons, length, samples = 256, 128, 1024, 4
    layer = VectorizedSCLayer(n, neurons, length, generator="bernoulli", seed=1)
    x = np.random.default_rng(1).random((samples, n))
    layer.forward(x)
    tracemalloc.start()
    layer.forward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    streams = samples * n * neurons * length // 8
    assert peak < streams / 16
