"""Several threads call one layer: every sample has a number of its own, and gets the bits of that number."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from layer_helpers import inputs

from sc_neurocore import (
    Faults,
    PredictiveCodingSCLayer,
    SCConv2DLayer,
    SCFusionLayer,
    SCPool2D,
    StochasticAttention,
    VectorizedSCLayer,
)

pytestmark = pytest.mark.usefixtures("frequent_switches")
THREADS, CALLS, LENGTH = 4, 30, 1000
SIZES = [(3, 4), (5, 3), (4, 4), (3, 3), (6, 3), (3, 6)]
"""More sizes than a layer remembers."""


def by_threads(forward, batches):
    """Outputs of ``forward(batch)`` for all batches, which the threads take as they come, in the order given."""
    start = Barrier(THREADS)

    def work(own):
        start.wait()
        return [forward(batch) for batch in own]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, [batches[k::THREADS] for k in range(THREADS)]))
    return [found[k % THREADS][k // THREADS] for k in range(len(batches))]


LAYERS = {
    "dense": lambda: VectorizedSCLayer(6, 8, LENGTH, seed=1),
    "mux": lambda: VectorizedSCLayer(6, 8, LENGTH, accumulate="mux", encoding="split", seed=1),
    "faulty": lambda: VectorizedSCLayer(6, 8, LENGTH, generator="sobol", seed=1, faults=Faults(product_flips=0.1)),
    "stored": lambda: VectorizedSCLayer(6, 8, LENGTH, weight_streams="stored", seed=1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_dense_samples_have_numbers_of_their_own(name):
    layer = LAYERS[name]()
    x = inputs(6)
    sizes = [1 + k % 3 for k in range(THREADS * CALLS)]
    outs = np.concatenate(by_threads(lambda size: layer.forward(np.tile(x, (size, 1))), sizes))
    assert layer.samples == sum(sizes) == len(outs)
    alone = LAYERS[name]().forward(np.tile(x, (len(outs), 1)))
    assert len(np.unique(alone, axis=0)) == len(alone)  # a row tells the number of its sample
    np.testing.assert_array_equal(np.sort(outs, axis=0), np.sort(alone, axis=0))
    order = [np.lexsort(rows.T) for rows in (outs, alone)]
    np.testing.assert_array_equal(outs[order[0]], alone[order[1]])


def numbers_of(outs, table):
    """Sample numbers whose row of ``table`` ``(samples, ...)`` each of ``outs`` is."""
    flat = {row.tobytes(): number for number, row in enumerate(table)}
    assert len(flat) == len(table)
    return [flat[out.tobytes()] for out in outs]


@pytest.mark.parametrize("kind", ["convolution", "average"])
def test_images_of_several_sizes(kind):
    def make():
        if kind == "average":
            return SCPool2D("average", 2, length=LENGTH, seed=1)
        return SCConv2DLayer(1, 4, 2, length=LENGTH, accumulate="mux", encoding="bipolar", seed=1)

    images = {size: inputs((5, *size), seed=3) if kind == "average" else inputs((1, *size), seed=3) for size in SIZES}
    layer, batches = make(), [SIZES[k % len(SIZES)] for k in range(THREADS * CALLS)]
    outs = by_threads(lambda size: layer.forward(images[size]), batches)
    assert layer.samples == len(batches)
    found = []
    for size, image in images.items():
        table = make().forward(np.tile(image, (len(batches), 1, 1, 1)))
        found += numbers_of([out for out, given in zip(outs, batches, strict=True) if given == size], table)
    assert sorted(found) == list(range(len(batches)))


def test_fusion():
    def make():
        return SCFusionLayer({"a": 8, "b": 8}, {"a": 1, "b": 2}, LENGTH, seed=1)

    x = {"a": inputs(8), "b": inputs(8, seed=1)}
    layer = make()
    outs = by_threads(lambda _: layer.forward(x), range(THREADS * CALLS))
    table = make().forward({name: np.tile(value, (len(outs), 1)) for name, value in x.items()})
    assert sorted(numbers_of(outs, table)) == list(range(len(outs)))


def test_surprises_without_learning():
    def make():
        return PredictiveCodingSCLayer(8, 6, LENGTH, seed=1, generator="bernoulli")

    layer, x = make(), inputs(8)
    outs = by_threads(lambda _: layer.run(x, learn=False), range(THREADS * CALLS))
    table = make().run(np.tile(x, (len(outs), 1)), learn=False)
    assert sorted(numbers_of(outs, table)) == list(range(len(outs)))


def test_attention():
    layer, x = StochasticAttention(4, seed=1), inputs((5, 4))
    outs = by_threads(lambda _: layer.forward_bitstream(x, x, x, LENGTH), range(THREADS * CALLS))
    table = StochasticAttention(4, seed=1).forward_bitstream(np.tile(x, (len(outs), 1, 1)), x, x, LENGTH)
    assert sorted(numbers_of(outs, table)) == list(range(len(outs)))


def test_fusion_weights_are_met_by_calls_that_begin_after_the_edit():
    """Calls meet one set of weights or the other, also where another modality is wired."""
    layer, x = (
        SCFusionLayer({"a": 4, "b": 4}, {"a": 1, "b": 0}, 64, generator="sobol"),
        {"a": np.ones(4), "b": np.zeros(4)},
    )

    def call(k):
        if k == 2 * THREADS:
            layer.fusion_weights.update(a=0.5, b=0.5)
        return layer.forward(x)

    for out in by_threads(call, range(THREADS * CALLS)):
        assert out.tolist() in ([1.0] * 4, [0.5] * 4)
    np.testing.assert_array_equal(layer.forward(x), 0.5)


def test_edited_weights_are_met_by_calls_that_begin_after_the_edit():
    """Calls meet one set of weights or the other, never a mixture, and those after the edit the new ones."""
    layer = VectorizedSCLayer.from_weights(np.full((4, 6), 1.0), LENGTH, generator="sobol", accumulate="sum")
    x = np.ones((2, 6))
    old, new = layer.expected(x), np.zeros((2, 4))

    def call(k):
        if k == 2 * THREADS:
            layer.weights = np.zeros((4, 6))
        return layer.forward(x)

    for out in by_threads(call, range(THREADS * CALLS)):
        assert np.array_equal(out, old) or np.array_equal(out, new)
    np.testing.assert_array_equal(layer.forward(x), new)
