"""``python -m benchmarks.curves``: a dense layer's cost against batch, fan-in, stream length and threads.

Cost is time over that of the host's AND-popcount limit for the same product, on all threads, in one run: 1 is a layer
whose products run at the limit and whose other work costs nothing.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from sc_neurocore import SCConv2DLayer, StochasticAttention, VectorizedSCLayer
from sc_neurocore.backends.threads import thread_count

from . import report
from .cases import Shape, limit_cases
from .measure import Case, interleave, repeated
from .rows import Row

BASE = Shape(784, 128, 32, 256)
SWEEPS: dict[str, tuple[str, tuple[int, ...]]] = {
    "batch": ("batch", (1, 4, 16, 64, 256, 1024)),
    "fan-in": ("n_inputs", (8, 32, 128, 512, 2048, 8192)),
    "length": ("length", (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)),
}
"""What each sweep changes in `BASE`, and its values."""
LINES: dict[str, dict[str, Any]] = {
    "Sobol": {"generator": "sobol"},
    "Sobol, split": {"generator": "sobol", "encoding": "split"},
    "Sobol, OR": {"generator": "sobol", "accumulate": "or"},
    "Bernoulli, fresh weights": {"generator": "bernoulli"},
}
FLOAT = "float32 product"
FRESH_BITS = 2**32
"""Products of random streams are timed up to this many bits a call: larger ones take seconds."""
ROUNDS = 7


def cases(shape: Shape) -> Iterator[Case]:
    """The lines at one point; work is in product bits."""
    rng = np.random.default_rng(0)
    x, weights = rng.random((shape.batch, shape.n_inputs)), rng.random((shape.n_neurons, shape.n_inputs))
    for name, options in LINES.items():
        if "Bernoulli" in name and shape.product_bits > FRESH_BITS:
            continue
        options = {"accumulate": "sum", **options}
        layer = VectorizedSCLayer.from_weights(weights, shape.length, use_gpu=False, seed=1, **options)
        yield Case(name, repeated(lambda layer=layer: layer.forward(x)), shape.product_bits, "bit")
    single, matrix = x.astype(np.float32), weights.T.astype(np.float32)
    yield Case(FLOAT, repeated(lambda: single @ matrix), shape.product_bits, "bit")


def thread_cases(threads: int) -> Iterator[Case]:
    """Calls of layers whose kernels may use so many threads."""
    rng = np.random.default_rng(0)
    for batch in (1, 32, 1024):
        x, layer = rng.random((batch, 784)), VectorizedSCLayer(784, 128, 1024, generator="sobol", seed=1)
        yield Case(f"dense, batch {batch}", repeated(partial(layer.forward, x)), batch, "image", threads)
    fresh, x = VectorizedSCLayer(784, 128, 256, seed=1), rng.random((32, 784))
    yield Case("dense, Bernoulli, batch 32", repeated(lambda: fresh.forward(x)), 32, "image", threads)
    conv, images = SCConv2DLayer(16, 32, 3, padding=1, generator="sobol", seed=1), rng.random((8, 16, 32, 32))
    yield Case("convolution, batch 8", repeated(lambda: conv.forward(images)), 8, "image", threads)
    attention, q = StochasticAttention(64, generator="sobol", seed=1), rng.random((8, 64, 64))
    yield Case("attention, 8 heads", repeated(lambda: attention.forward_bitstream(q, q, q)), 8, "head", threads)


def thread_counts() -> list[int]:
    """Powers of two, and all."""
    every = thread_count()
    return sorted({*(1 << place for place in range(every.bit_length()) if 1 << place <= every), every})


def rows(rounds: int) -> Iterator[Row]:
    """A row for each point of each curve."""
    for sweep, (field, values) in SWEEPS.items():
        for value in values:
            shape = replace(BASE, **{field: value})
            limit, *_ = (case for case in limit_cases() if case.name.endswith("all threads"))
            found = interleave([limit, *cases(shape)], rounds)
            for name, case in found.items():
                if case is not limit:
                    cost = limit.rate / case.rate
                    yield Row("curves", f"{sweep}: {name}", "time / the limit", cost, "", case.best, value)
    alone: dict[str, float] = {}
    for threads in thread_counts():
        for name, case in interleave(thread_cases(threads), rounds).items():
            base = alone.setdefault(name, case.best)
            gain = base / case.best
            yield Row("curves", f"threads: {name}", "time on one thread / time", gain, "", case.best, threads)


if __name__ == "__main__":
    report.show(rows(ROUNDS))
