"""Who is full first and who is largest: every backend against `reference`, and all against small cases by hand."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import pack

LENGTHS = pytest.mark.parametrize("length", [1, 7, 63, 64, 65, 100, 256, 1000])
THREADS = pytest.mark.parametrize("threads", [1, 2])


@THREADS
@LENGTHS
@pytest.mark.kernels("fill_times")
def test_fill_times_equal(backend, length, threads, split_over):
    split_over(threads)
    rng = np.random.default_rng(1)
    words = pack(rng.random((3, 5, length)) < rng.random((3, 5, 1)))
    words[0, 0], words[0, 1] = 0, pack(np.ones(length))
    for target in {1, 2, length // 2 + 1, length, length + 3}:
        mine, theirs = (kernels.fill_times(words, length, target) for kernels in (backend, reference))
        assert mine.dtype == theirs.dtype == np.int64
        np.testing.assert_array_equal(mine, theirs)
        assert mine[0, 0] == length + target
        assert mine[0, 1] == target
    assert backend.fill_times(words[:0], length, 1).shape == (0, 5)


def test_fill_times_by_hand(every_backend):
    words = pack([[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]])
    assert [every_backend.fill_times(words, 5, target).tolist() for target in (1, 2, 3, 4)] == [
        [2, 1], [3, 6], [5, 7], [6, 8],
    ]  # fmt: skip


def rows(kind, n):
    """Four rows that make the held candidates overflow in different ways."""
    rng = np.random.default_rng(n)
    random = rng.standard_normal((4, n))
    return {
        "random": random,
        "ascending": np.sort(random),
        "descending": -np.sort(-random),
        "equal": np.zeros((4, n)),
        "many ties": np.floor(4 * random),
        "signed zeros": np.where(random > 0, 0.0, -0.0),
    }[kind]


@THREADS
@pytest.mark.parametrize("kind", ["random", "ascending", "descending", "equal", "many ties", "signed zeros"])
@pytest.mark.parametrize("n", [1, 2, 65, 5000])
@pytest.mark.kernels("largest")
def test_largest_equal(backend, n, kind, threads, split_over):
    split_over(threads)
    values = rows(kind, n)
    for k in {1, min(2, n), n // 2 + 1, n}:
        mine, theirs = (kernels.largest(values, k) for kernels in (backend, reference))
        assert mine.dtype == theirs.dtype == np.int64
        np.testing.assert_array_equal(mine, theirs)
    assert backend.largest(values[:0], 1).shape == (0, 1)


def test_largest_by_hand(every_backend):
    values = np.array([[3.0, 5.0, 3.0, 1.0, 5.0, 3.0]])
    found = [every_backend.largest(values, k).tolist() for k in (1, 2, 3, 4)]
    assert found == [[[1]], [[1, 4]], [[0, 1, 4]], [[0, 1, 2, 4]]]
