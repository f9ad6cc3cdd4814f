"""``python -m benchmarks.dense``: a dense layer in its parts, 784 -> 128: encode, product, layer.

Streams are made, ready streams are multiplied and counted beside the host's AND-popcount limit, and a layer goes from
numbers to numbers, interleaved in one run.
"""

from collections.abc import Iterator

import numpy as np

from . import report
from .cases import Shape, encode_cases, forward_cases, limit_cases, product_cases
from .limit import WIDTHS
from .measure import Case, interleave
from .rows import Row, times

SHAPES = [Shape(784, 128, batch, length) for batch in (1, 32, 1024) for length in (256, 1024)]
GATHER = Shape(784, 128, 1, 256)
NUMPY = "numpy bitwise_count"
ROUNDS = 9

Group = dict[str, Case]


def limit_of(found: Group) -> Case:
    """The tightest loop on one thread, measured beside the product."""
    return max((found[f"limit {width}"] for width in WIDTHS), key=lambda case: case.rate)


def encode_rows(shape: Shape, rounds: int) -> Iterator[Row]:
    found = interleave(encode_cases(shape, np.random.default_rng(0)), rounds)
    copy, end = found["copy of as many words"], f"batch {shape.batch}, L = {shape.length}, one thread"
    yield _share(f"gather of streams from a table, {end}", found["sobol gather"], copy, "a copy", ">= .7")
    if shape.batch > 1:
        for bits in (8, 16, 32):
            yield _share(f"Bernoulli streams, {bits} bits, {end}", found[f"bernoulli {bits}"], copy, "a copy")


def product_rows(shape: Shape, rounds: int) -> Iterator[Row]:
    rng = np.random.default_rng(0)
    large = shape.batch == SHAPES[-1].batch
    cases = [*limit_cases(), *product_cases(shape, rng), *forward_cases(shape, rng)]
    found = interleave((case for case in cases if not large or "bernoulli" not in case.name), rounds)
    one, every, forward = found["product"], found["product, all threads"], found["forward sobol"]
    size = f"batch {shape.batch}, L = {shape.length}"
    if shape.batch > 1:
        yield _share(f"product, {size}, one thread", one, limit_of(found), "the limit", ">= .6")
        top, goal = found["limit, all threads"], ">= .88" if large else ""
        yield _share(f"product, {size}, all threads", every, top, "the limit", goal)
        case, goal = f"VectorizedSCLayer: 784 -> 128, Sobol, {size}", ">= .85" if large else ""
        yield _share(case, _bits(forward, shape), every, "the product", goal, "layers")
        yield Row("cases", f"product, {size}, one thread", "time of NumPy's / ours", one.rate / found[NUMPY].rate)
        yield Row("cases", f"product, {size}", "time on one thread / all", every.rate / one.rate, seconds=every.best)
    if not large:  # random streams of a large batch take seconds
        for name in ("bernoulli stored", "bernoulli fresh"):
            yield times("cases", f"layer, {name}, {size}", found[f"forward {name}"], forward, "Sobol")
    yield times("cases", f"layer, Sobol, {size}", forward, found["float32 matmul"], "float32 product")


def _bits(forward: Case, shape: Shape) -> Case:
    """The same samples, in product bits instead of images."""
    return Case(forward.name, forward.timed, shape.product_bits, "bit", samples=forward.samples)


def _share(case: str, ours: Case, top: Case, what: str, goal: str = "", table: str = "cases") -> Row:
    return Row(table, case, f"share of the speed of {what}", ours.rate / top.rate, goal, ours.best)


def rows(rounds: int) -> Iterator[Row]:
    """Shares of the limit, of the product and of a copy."""
    for shape in (GATHER, SHAPES[2]):
        yield from encode_rows(shape, rounds)
    for shape in SHAPES:
        yield from product_rows(shape, rounds)


if __name__ == "__main__":
    report.show(rows(ROUNDS))
