"""Batches in pieces: what is cut, that it is cut when it is said, and that nobody sees it."""

import numpy as np
import pytest

from sc_neurocore import Network, SCConv2DLayer, SCFusionLayer, SCPool2D, VectorizedSCLayer, chunks
from sc_neurocore.chunks import in_chunks


@pytest.mark.parametrize(
    ("n", "item", "at_least"), [(0, 1, 1), (1, 1, 1), (10, 300, 1), (10, 10**9, 1), (10, 10**9, 4)]
)
def test_slices_cover_a_range(n, item, at_least, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1000)
    parts = list(chunks.chunks(n, item, at_least))
    assert [k for part in parts for k in range(n)[part]] == list(range(n))
    most = max(at_least, 1000 // item)
    assert all(part.stop - part.start <= most for part in parts)
    assert all(part.stop - part.start == most for part in parts[:-1])


def test_pieces_are_joined(monkeypatch):
    sizes = []

    def run(x, numbers):
        sizes.append(len(x))
        assert len(numbers) == len(x)
        return x + numbers[:, None]

    x, numbers = np.random.default_rng(0).random((10, 3)), np.arange(10)
    for limit, want in ((1, [1] * 10), (300, [3, 3, 3, 1]), (1000, [10]), (10**9, [10])):
        sizes.clear()
        monkeypatch.setattr(chunks, "CHUNK_BYTES", limit)
        np.testing.assert_array_equal(in_chunks(run, 100, x, numbers), x + numbers[:, None])
        assert sizes == want


LAYERS = {
    "dense": (lambda: VectorizedSCLayer(4, 3, 64, seed=1), (4,)),
    "sparse": (lambda: VectorizedSCLayer(4, 3, 64, accumulate="mux", sparse=True, seed=1), (4,)),
    "convolution": (lambda: SCConv2DLayer(1, 2, 2, length=64, accumulate="or", seed=1), (1, 3, 3)),
    "pool": (lambda: SCPool2D("average", 2, length=64, seed=1), (1, 4, 4)),
    "fusion": (lambda: SCFusionLayer({"a": 4, "b": 4}, {"a": 1, "b": 2}, 64, seed=1), (4,)),
    "circuit": (lambda: Network.from_arrays([[[0.5, -0.5]]]).circuit(64, "bernoulli", seed=1), (2,)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_a_sample_at_a_time_if_it_must(name, monkeypatch):
    make, shape = LAYERS[name]
    x = np.random.default_rng(2).random((5, *shape))
    x = {"a": x, "b": x[::-1]} if name == "fusion" else x
    whole = make().forward(x)
    cuts, cut = [], chunks.chunks

    def counted(n, item, at_least=1):
        parts = list(cut(n, item, at_least))
        cuts.append((n, len(parts)))
        return iter(parts)

    monkeypatch.setattr(chunks, "chunks", counted)
    np.testing.assert_array_equal(make().forward(x), whole)
    assert all(parts == 1 for _, parts in cuts)  # it fits
    cuts.clear()
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    np.testing.assert_array_equal(make().forward(x), whole)
    assert cuts[0] == (5, 5)
