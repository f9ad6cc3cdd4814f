"""Kernels of reservoirs and of time series: every backend against `reference`, on odd lengths and sizes."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.types import BIPOLAR, SPLIT, UNIPOLAR, Activation, Coding, RandomStreams, Synapses

N, N_INPUTS, BATCH, STEPS = 9, 2, 2, 4
KEYS = 0x0123456789ABCDEF, 0xFEDCBA9876543210
NO_WORDS = np.empty(0, np.uint64)


def values(rng, kind, *shape):
    return rng.uniform(0.0 if kind == UNIPOLAR else -1.0, 1.0, shape)


def activation(kind, length, leak=0.6):
    lowest = 0 if kind == UNIPOLAR else -2 * length
    return Activation(np.tanh(np.arange(lowest, 2 * length + 1) / length), lowest, leak)


def wiring(rng, sparse, biased):
    lines = N_INPUTS + N + biased
    if not sparse:
        return np.arange(lines + 1) * N, np.empty(0, np.int64)
    fans = rng.integers(0, N, lines)
    fans[1] = 0
    neurons = np.concatenate([rng.choice(N, fan, replace=False) for fan in fans]).astype(np.int64)
    return np.concatenate([[0], np.cumsum(fans)]), neurons


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [UNIPOLAR, BIPOLAR, SPLIT])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("length", "bits", "shared", "stochastic", "shifted"),
    [(1, 1, True, False, False), (37, 6, True, True, True), (64, 6, False, True, False), (101, 32, True, False, True)],
)
@pytest.mark.kernels("reservoir_shared")
def test_reservoir_shared_equal(backend, kind, sparse, length, bits, shared, stochastic, shifted, threads, split_over):
    split_over(threads)  # with more of them than the samples, those of each step share its lines
    rng = np.random.default_rng(length + kind)
    indptr, neurons = wiring(rng, sparse, biased=length > 1)
    lines, count = len(indptr) - 1, int(indptr[-1])
    ranks = rng.integers(-length if kind == SPLIT else 0, length + 1, count)
    if sparse:
        order = np.lexsort((np.abs(ranks), np.repeat(np.arange(lines), np.diff(indptr))))
        ranks, neurons = ranks[order], neurons[order]
    codes = (ranks + (length if kind == SPLIT else 0)).astype(np.uint16)
    numbers = rng.integers(0, 1 << bits, (1 if shared else lines, length), np.uint64).astype(np.uint32)
    coding = Coding(kind, bits, stochastic, KEYS[0], shifted, KEYS[1])
    arguments = (
        values(rng, kind, BATCH, STEPS, N_INPUTS),
        values(rng, kind, BATCH, N),
        2**32 - 2,
        Synapses(indptr, neurons, codes),
        numbers,
        coding,
        activation(kind, length),
    )
    mine, theirs = (kernels.reservoir_shared(*arguments) for kernels in (backend, reference))
    np.testing.assert_array_equal(mine, theirs)
    assert np.unique(mine).size > N


@pytest.mark.parametrize("kind", [UNIPOLAR, BIPOLAR, SPLIT])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("length", "apart"), [(37, True), (300, False)])
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.kernels("reservoir_random")
def test_reservoir_random_equal(backend, kind, sparse, stored, length, apart, threads, split_over):
    split_over(threads)  # with more of them than the samples, those of each step share its lines
    rng = np.random.default_rng(length + kind)
    indptr, neurons = wiring(rng, sparse, biased=True)
    codes = rng.integers(-64 if kind == SPLIT else 0, 65, int(indptr[-1])).astype(np.int32)
    words = NO_WORDS
    if stored:
        parts = [pack(rng.random((last - first, length)) < 0.4).T for first, last in zip(indptr[:-1], indptr[1:])]  # noqa: B905, RUF007
        words = np.concatenate([part.reshape(-1) for part in parts])
    arguments = (
        values(rng, kind, BATCH, 2, N_INPUTS),
        values(rng, kind, BATCH, N),
        7,
        Synapses(indptr, neurons, codes),
        RandomStreams(*KEYS, apart, length),
        words,
        Coding(kind, 6, apart, KEYS[1], False, 0),
        activation(kind, length),
    )
    mine, theirs = (kernels.reservoir_random(*arguments) for kernels in (backend, reference))
    np.testing.assert_array_equal(mine, theirs)
    assert np.unique(mine).size > N


@pytest.mark.parametrize("kind", [UNIPOLAR, BIPOLAR, SPLIT])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(("scale", "squash", "leak"), [(0.0, True, 1.0), (16.0, False, 0.3)])
@pytest.mark.kernels("reservoir_floats")
def test_reservoir_floats_near(backend, kind, sparse, scale, squash, leak):
    from scipy.sparse import csr_array

    rng = np.random.default_rng(kind)
    matrix = values(rng, kind, N, N) * (rng.random((N, N)) < 0.5) / 3
    matrix = csr_array(matrix) if sparse else matrix
    arguments = values(rng, kind, BATCH, 30, N), values(rng, kind, BATCH, N), matrix, kind, scale, squash, leak
    mine, theirs = (kernels.reservoir_floats(*arguments) for kernels in (backend, reference))
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)


@pytest.mark.kernels("narma")
def test_narma_equal(backend):
    for size, order in ((3, 10), (200, 10), (50, 3)):
        u = np.random.default_rng(size).uniform(0, 0.5, size)
        mine, theirs = (kernels.narma(u, order, 0.3, 0.05, 1.5, 0.1) for kernels in (backend, reference))
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("steps", "lag", "h"), [(0, 5, 0.1), (3000, 170, 0.1), (40, 1, 1.0)])
@pytest.mark.kernels("mackey_glass")
def test_mackey_glass_equal(backend, steps, lag, h):
    mine, theirs = (kernels.mackey_glass(steps, lag, h, 1.2) for kernels in (backend, reference))
    np.testing.assert_array_equal(mine, theirs)
    assert mine.shape == (steps + 1,)
