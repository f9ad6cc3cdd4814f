"""What is timed: encode, product, layer, and what stands beside them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from sc_neurocore import VectorizedSCLayer
from sc_neurocore.backends import choose
from sc_neurocore.backends.packing import words_for
from sc_neurocore.backends.threads import thread_count
from sc_neurocore.backends.types import Words

from . import limit
from .measure import Case, repeated

REPEATS = 2000
"""Tiles in a call of the limit loop."""
NUMPY_SAMPLES = 4
"""Samples that the plain NumPy product is timed on; it takes them one by one anyway."""


@dataclass(frozen=True)
class Shape:
    """A layer and what it is given."""

    n_inputs: int
    n_neurons: int
    batch: int
    length: int

    def __str__(self) -> str:
        return f"{self.n_inputs} -> {self.n_neurons}, batch {self.batch}, L = {self.length}"

    @property
    def product_bits(self) -> int:
        return self.batch * self.n_inputs * self.n_neurons * self.length


def limit_cases() -> Iterator[Case]:
    """The loop of `limit` on one thread and on every core at once."""
    for width in limit.WIDTHS:
        words = limit.rows(width)
        work = limit.bits(words, REPEATS)
        yield Case(f"limit {width}", repeated(lambda words=words: limit.tiles(words, REPEATS)), work, "bit", 1)
    threads = thread_count()
    private = [limit.rows(limit.WIDTHS[0]) for _ in range(threads)]

    def every_core() -> None:
        list(pool.map(lambda words: limit.tiles(words, 8 * REPEATS), private))

    pool = ThreadPoolExecutor(threads)
    yield Case("limit, all threads", repeated(every_core), 8 * threads * limit.bits(private[0], REPEATS), "bit")


def encode_cases(shape: Shape, rng: np.random.Generator) -> Iterator[Case]:
    """The kernels of the encoder, ``batch * n_inputs`` streams, thresholds ready."""
    n, kernels = shape.batch * shape.n_inputs, choose()
    streams = np.arange(n, dtype=np.uint64)
    work = n * 64 * words_for(shape.length)
    for bits in (8, 16, 32):
        thresholds = rng.integers(0, (1 << bits) + 1, n, np.uint64)

        def bernoulli(bits: int = bits, thresholds: np.ndarray = thresholds) -> Words:
            return kernels.bernoulli(1, streams, thresholds, bits, shape.length)

        yield Case(f"bernoulli {bits}", repeated(bernoulli), work, "bit", 1)
        yield Case(f"bernoulli {bits}, all threads", repeated(bernoulli), work, "bit")
    whole = kernels.bernoulli(1, streams, thresholds, bits, shape.length)
    yield Case("copy of as many words", repeated(whole.copy), work, "bit", 1)


def product_cases(shape: Shape, rng: np.random.Generator) -> Iterator[Case]:
    """Counts of all products of ready streams."""
    n_words, kernels = words_for(shape.length), choose()
    x = rng.integers(0, 2**64, (1, shape.batch, shape.n_inputs, n_words), np.uint64)
    w = rng.integers(0, 2**64, (1, shape.n_neurons, shape.n_inputs, n_words), np.uint64)
    yield Case("product", repeated(lambda: kernels.and_counts(x, w)), shape.product_bits, "bit", 1)
    yield Case("product, all threads", repeated(lambda: kernels.and_counts(x, w)), shape.product_bits, "bit")

    part = x[0, :NUMPY_SAMPLES]

    def plain() -> list[np.ndarray]:
        return [np.bitwise_count(np.bitwise_and(sample, w[0])).sum((1, 2), dtype=np.int64) for sample in part]

    bits = shape.product_bits // shape.batch * len(part)
    yield Case("numpy bitwise_count", repeated(plain), bits, "bit")


def forward_cases(shape: Shape, rng: np.random.Generator) -> Iterator[Case]:
    """A layer from numbers to numbers, and NumPy's matrix product of the same shape."""
    x = rng.random((shape.batch, shape.n_inputs))
    options: dict[str, dict[str, Any]] = {
        "sobol": {"generator": "sobol"},
        "bernoulli stored": {"generator": "bernoulli", "weight_streams": "stored"},
        "bernoulli fresh": {"generator": "bernoulli", "weight_streams": "fresh"},
    }
    for name, given in options.items():
        layer = VectorizedSCLayer(shape.n_inputs, shape.n_neurons, shape.length, use_gpu=False, seed=1, **given)
        layer.prepare()
        yield Case(f"forward {name}", repeated(lambda layer=layer: layer.forward(x)), shape.batch, "image")
    single, weights = x.astype(np.float32), rng.random((shape.n_inputs, shape.n_neurons), np.float32)
    yield Case("float32 matmul", repeated(lambda: single @ weights), shape.batch, "image")
