"""The main kernels under pytest-benchmark: ``pytest benchmarks --benchmark-only``. No test asserts a time."""

from typing import Any

import numpy as np
import pytest

from sc_neurocore import StochasticAttention, VectorizedSCLayer
from sc_neurocore.backends import choose
from sc_neurocore.backends.packing import words_for
from sc_neurocore.encoders import Encoder

from . import attention, limit

N_INPUTS, N_NEURONS = 784, 128
BATCHES, LENGTHS = (1, 32), (256, 1024)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("bits", [8, 16])
def test_bernoulli(benchmark: Any, rng: np.random.Generator, bits: int, length: int) -> None:
    n = 32 * N_INPUTS
    thresholds = rng.integers(0, (1 << bits) + 1, n, np.uint64)
    words = benchmark(choose().bernoulli, 1, np.arange(n, dtype=np.uint64), thresholds, bits, length)
    assert words.shape == (n, words_for(length))


@pytest.mark.parametrize("length", LENGTHS)
def test_gather(benchmark: Any, rng: np.random.Generator, length: int) -> None:
    table = rng.integers(0, 2**64, (length + 1, words_for(length)), np.uint64)
    rows = rng.integers(0, len(table), 32 * N_INPUTS, np.uint64)
    np.testing.assert_array_equal(benchmark(choose().gather, table, rows), table[rows])


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("batch", BATCHES)
def test_product(benchmark: Any, rng: np.random.Generator, batch: int, length: int) -> None:
    x = rng.integers(0, 2**64, (1, batch, N_INPUTS, words_for(length)), np.uint64)
    w = rng.integers(0, 2**64, (1, N_NEURONS, N_INPUTS, words_for(length)), np.uint64)
    counts = benchmark(choose().and_counts, x, w)
    np.testing.assert_array_equal(counts[:, :1], choose("reference").and_counts(x[:, :1], w))


@pytest.mark.parametrize("width", limit.WIDTHS)
def test_limit(benchmark: Any, width: int) -> None:
    words = limit.rows(width)
    ones = benchmark(limit.tiles, words, 12)
    every_pair = sum(
        int(np.bitwise_count(words[(r + i) % 6] & words[(r + j) % 6]).sum(dtype=np.int64))
        for r in range(12)
        for i in (0, 1)
        for j in (2, 3, 4, 5)
    )
    assert ones == every_pair


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("generator", ["sobol", "bernoulli"])
@pytest.mark.parametrize("batch", BATCHES)
def test_forward(benchmark: Any, rng: np.random.Generator, batch: int, generator: str, length: int) -> None:
    stored: dict[str, Any] = {"weight_streams": "stored"} if generator == "bernoulli" else {}
    layer = VectorizedSCLayer(N_INPUTS, N_NEURONS, length, use_gpu=False, generator=generator, seed=1, **stored)
    x = rng.random((batch, N_INPUTS))
    out = benchmark(layer.forward, x)
    np.testing.assert_allclose(out, layer.expected(x), atol=0.05)


@pytest.mark.parametrize("generator", ["sobol", "bernoulli"])
def test_attention(benchmark: Any, rng: np.random.Generator, generator: str) -> None:
    q, k, v = rng.random((3, attention.SIZE, attention.SIZE))
    layer = StochasticAttention(attention.SIZE, generator=generator, seed=1)
    out = benchmark(layer.forward_bitstream, q, k, v, attention.LENGTH)
    np.testing.assert_allclose(out, attention.in_floats(q, k, v), atol=0.1)
    if generator == "sobol":
        for numpy_circuit in (attention.on_words, attention.on_bits):
            np.testing.assert_array_equal(numpy_circuit(q, k, v, attention.LENGTH), out)


@pytest.mark.parametrize("generator", ["sobol", "bernoulli"])
def test_encoder(benchmark: Any, rng: np.random.Generator, generator: str) -> None:
    encoder = Encoder(N_INPUTS, 256, generator, seed=1)
    assert benchmark(encoder.encode, rng.random((32, N_INPUTS))).length == 256
