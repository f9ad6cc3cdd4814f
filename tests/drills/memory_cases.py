"""What calls of the whole package may take of memory: ``python memory_cases.py CHUNK_BYTES NAME ..`` tries some.

Each case builds its arrays, then calls under a limit of data memory (``RLIMIT_DATA``): what the process has, and so many
bytes more. A line of JSON a case says how it went.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import sc_neurocore as sc
from sc_neurocore import bitstreams, chunks, encoders, gates, synapses
from sc_neurocore.bitstreams import Bitstream

BLOCKS = 8
"""A call may take so many blocks of `chunks.CHUNK_BYTES`, beside what its case allows."""
ACCUMULATES = ("mean", "sum", "saturate", "or", "mux")


class Case(NamedTuple):
    """A call, and the bytes that it may take: of its outputs, and of copies and streams of its inputs and weights."""

    call: Callable[[], Any]
    allowed: int


def nbytes(*arrays: Any) -> int:
    return sum(array.nbytes for array in arrays)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def values(encoding: str, *shape: int) -> np.ndarray:
    return rng().uniform(0.0 if encoding == "unipolar" else -1.0, 1.0, shape)


def streams(length: int, *shape: int, encoding: str = "unipolar") -> Bitstream:
    """Random streams of a density of one half, whose bits are never unpacked."""
    rails = (2,) if encoding == "split" else ()
    words = rng().integers(0, 2**64, (*rails, *shape, length // 64), np.uint64)
    return Bitstream(words, length, encoding)  # type: ignore[arg-type]


Make = Callable[[int], Case]
CASES: dict[str, Make] = {}
"""Makers of cases: the argument divides a size, for a first call that compiles the kernels."""


def case(name: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        CASES[name] = make
        return make

    return add


# ---------------------------------------------------------------- layers with weights


def forward_or_expected(layer: Any, x: np.ndarray, what: str, packed: int, outputs: int) -> Case:
    """Inputs once more, and outputs and weights twice; the streams of inputs and weights."""
    weights = layer.kernels if hasattr(layer, "kernels") else layer.weights_csr.data if layer.sparse else layer.weights
    return Case(lambda: getattr(layer, what)(x), 2 * nbytes(x) + 3 * nbytes(weights) + packed + 3 * outputs)


def dense(accumulate: str, encoding: str, generator: str, what: str, sparse: bool, part: int) -> Case:
    n, m, length, samples = (20, 3000 // part, 1024, 1) if what == "forward" else (500 // part, 100, 1024, 100)
    options = {"sparse": True, "connectivity": 0.25} if sparse else {}
    layer = sc.VectorizedSCLayer(
        n, m, length, generator=generator, encoding=encoding, accumulate=accumulate, seed=0, **options
    )
    synapses = layer.weights_csr.nnz if sparse else n * m
    rails = 2 if encoding == "split" else 1
    # Stored streams stay; fresh ones are there once more while they are made.
    packed = synapses * length // 8 * rails * (1 if generator == "sobol" else 2) if what == "forward" else 0
    return forward_or_expected(layer, values(encoding, samples, n), what, packed, 8 * samples * m)


def convolution(accumulate: str, encoding: str, generator: str, what: str, part: int) -> Case:
    channels, side, out, length = 3, 64 // part, 4, 256
    layer = sc.SCConv2DLayer(
        channels,
        out,
        3,
        padding=1,
        length=length,
        generator=generator,
        encoding=encoding,
        accumulate=accumulate,
        seed=0,
    )
    pixels = channels * (side + 2) ** 2
    packed = pixels * length // 8 * (2 if encoding == "split" else 1) if what == "forward" else 0
    return forward_or_expected(layer, values(encoding, channels, side, side), what, 2 * packed, 8 * out * side**2)


def _weighted() -> None:
    for accumulate in ACCUMULATES:
        for options in (
            (accumulate, "split", "sobol", "forward"),
            (accumulate, "bipolar", "bernoulli", "forward"),
            (accumulate, "split", "sobol", "expected"),
            (accumulate, "bipolar", "bernoulli", "expected"),
        ):
            name = " ".join(options)
            CASES[f"dense {name}"] = lambda part, options=options: dense(*options, False, part)
            CASES[f"sparse {name}"] = lambda part, options=options: dense(*options, True, part)
            CASES[f"convolution {name}"] = lambda part, options=options: convolution(*options, part)


_weighted()


# ---------------------------------------------------------------- the process


def data_bytes() -> int:
    """Data memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))


def tried(make: Make) -> dict[str, Any]:
    """How a case goes under its limit."""
    make(8).call()
    call, allowed = make(1)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = allowed + BLOCKS * chunks.CHUNK_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + limit, hard))
    start = time.perf_counter()
    try:
        call()
        error = ""
    except MemoryError as raised:
        error = str(raised) or "MemoryError"
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    return {"error": error, "limit": limit, "seconds": time.perf_counter() - start}


def results(names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    warm = sc.VectorizedSCLayer(64, 64, 64, generator="sobol", accumulate="sum", seed=0)
    warm.forward(rng().random((4096, 64)))  # threads of the kernels and of BLAS have their stacks and buffers
    warm.expected(rng().random((4096, 64)))
    for name in names:
        yield name, tried(CASES[name])


if __name__ == "__main__":
    chunks.CHUNK_BYTES = int(sys.argv[1])
    for name, result in results(sys.argv[2:] or list(CASES)):
        print(json.dumps([name, result]), flush=True)
