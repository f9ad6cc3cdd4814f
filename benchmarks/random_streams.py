"""``python -m benchmarks.random_streams``: fresh Bernoulli weight streams beside Sobol streams, in one run.

A dense layer of 784 -> 128 at batch 32 and L = 256, uniform inputs, and the same with 80 % of the inputs zero, as the
pixels of digits are; then convolutions and attention, where a stream meets many others and is made once, with the share
of the time that the weight streams take. Cases take turns; a ratio is that of the fastest calls of each.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCConv2DLayer, StochasticAttention, VectorizedSCLayer
from sc_neurocore.encoders import Encoder

from .measure import Case, interleave, repeated
from .rows import Row, times

N_INPUTS, N_NEURONS, BATCH, LENGTH = 784, 128, 32, 256
ZEROS = 0.8
ROUNDS = 9
ENCODINGS = ("unipolar", "bipolar", "split")
SHARED = "unipolar, shared by neurons"
GOAL = "set for a Sobol layer that took 1.3 times as long"
"""What is to be said of goals in times of a Sobol layer."""
GENERATORS = ("sobol", "bernoulli")
CONVOLUTIONS = ((3, 16, 32, 8), (3, 16, 32, 32), (16, 32, 32, 8), (6, 16, 14, 32), (64, 64, 4, 8))
"""Channels of input and output, pixels of a row, batch."""
HEADS = ((64, 256), (64, 1024))
"""Queries, keys and numbers of each; L."""


def layer(generator: str, encoding: str, **options: Any) -> VectorizedSCLayer:
    return VectorizedSCLayer(
        N_INPUTS, N_NEURONS, LENGTH, generator=generator, encoding=encoding, accumulate="sum", use_gpu=False, seed=1,
        **options,
    )  # fmt: skip


def cases() -> Iterator[Case]:
    """Layers from numbers to numbers, on all threads."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, N_INPUTS))
    dark = np.where(rng.random(x.shape) < ZEROS, 0.0, x)
    sobol = layer("sobol", "unipolar")
    yield Case("sobol", repeated(lambda: sobol.forward(x)), BATCH, "image")
    for encoding in ENCODINGS:
        random = layer("bernoulli", encoding)
        yield Case(encoding, repeated(lambda random=random: random.forward(x)), BATCH, "image")
        yield Case(f"{encoding}, zeros", repeated(lambda random=random: random.forward(dark)), BATCH, "image")
    shared = layer("bernoulli", "unipolar", weight_share="neurons")
    yield Case(SHARED, repeated(lambda: shared.forward(x)), BATCH, "image")


def rows(rounds: int) -> Iterator[Row]:
    """Fresh weight streams beside Sobol streams, and encodings beside unipolar."""
    found = interleave(cases(), rounds)
    size = f"784 -> 128, fresh Bernoulli weights, batch {BATCH}, L = {LENGTH}"
    for zeros in ("", ", zeros"):
        inputs = f", {ZEROS:.0%} of the inputs 0" if zeros else ""
        one, two = found[f"unipolar{zeros}"], found[f"split{zeros}"]
        goal = "" if zeros else "<= 35"
        yield times("cases", f"{size}, unipolar{inputs}", one, found["sobol"], "Sobol", goal, GOAL if goal else "")
        yield times("cases", f"{size}, split{inputs}", two, one, "unipolar", "<= 1.1")
    case = f"784 -> 128, Bernoulli weights whose neurons share sources, batch {BATCH}, L = {LENGTH}, unipolar"
    yield times("cases", case, found[SHARED], found["sobol"], "Sobol", "<= 12", GOAL)


def of_convolution(channels: int, filters: int, size: int, batch: int) -> Iterator[Case]:
    """Layers of both generators from numbers to numbers, and the weight streams of the batch."""
    x = np.random.default_rng(1).random((batch, channels, size, size))
    for name in GENERATORS:
        layer = SCConv2DLayer(channels, filters, 3, padding=1, length=LENGTH, generator=name, use_gpu=False, seed=1)
        yield Case(name, repeated(lambda layer=layer: layer.forward(x)), batch, "image")
    weights = Encoder(layer.kernels.size, LENGTH, "bernoulli", seed=1)
    values, samples = np.broadcast_to(layer.kernels.reshape(-1), (batch, layer.kernels.size)), np.arange(batch)
    yield Case("weights", repeated(lambda: weights.rails(values, samples)), batch, "image")


def of_attention(size: int, length: int) -> Iterator[Case]:
    """One head of both generators."""
    q, k, v = np.random.default_rng(1).random((3, size, size))
    for name in GENERATORS:
        layer = StochasticAttention(size, generator=name, seed=1)
        yield Case(name, repeated(lambda layer=layer: layer.forward_bitstream(q, k, v, length)), 1, "head")


def others() -> Table:
    table = Table(title="Bernoulli streams that meet many others", title_justify="left")
    for column in ("layer", "Sobol, ms", "ms", "x Sobol", "weights"):
        table.add_column(column, justify="left" if column == "layer" else "right")
    groups = {
        f"conv {channels} -> {filters}, {size} x {size} x {batch}": of_convolution(channels, filters, size, batch)
        for channels, filters, size, batch in CONVOLUTIONS
    }
    groups |= {f"attention {size}, L = {length}": of_attention(size, length) for size, length in HEADS}
    for name, group in groups.items():
        found = interleave(group, ROUNDS)
        sobol, bernoulli = (found[generator].best for generator in GENERATORS)
        share = f"{found['weights'].best / bernoulli:.0%}" if "weights" in found else "-"
        table.add_row(name, f"{sobol * 1e3:.2f}", f"{bernoulli * 1e3:.2f}", f"{bernoulli / sobol:.1f}", share)
    return table


def main() -> None:
    interleave(cases(), 1)  # compiles, or loads from the cache
    found = interleave(cases(), ROUNDS)
    table = Table(title=f"Fresh Bernoulli weights, {N_INPUTS} -> {N_NEURONS}, batch {BATCH}, L = {LENGTH}")
    for column in ("encoding", "inputs", "ms", "x Sobol", "x unipolar", "images/s"):
        table.add_column(column, justify="right")
    for name, case in found.items():
        encoding, _, zeros = (name, "", "") if name == SHARED else name.partition(", ")
        same = found["unipolar, zeros" if zeros else "unipolar"]
        table.add_row(
            encoding,
            f"{ZEROS:.0%} zero" if zeros else "uniform",
            f"{case.best * 1e3:.2f}",
            f"{case.best / found['sobol'].best:.1f}",
            f"{case.best / same.best:.2f}",
            f"{case.rate:,.0f}",
        )
    Console().print(table)
    Console().print(others())


if __name__ == "__main__":
    main()
