"""``python -m benchmarks.random_streams``: fresh Bernoulli weight streams beside Sobol streams, in one run.

A dense layer of 784 -> 128 at batch 32 and L = 256, uniform inputs, and the same with 80 % of the inputs zero, as the
pixels of digits are; then with one random source for each input, which all neurons share. Cases take turns; a ratio is
that of the fastest calls of each.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import VectorizedSCLayer
from sc_neurocore.bitstreams import Encoding
from sc_neurocore.layers.weight_share import WeightShare

from .measure import Case, interleave, repeated

N_INPUTS, N_NEURONS, BATCH, LENGTH = 784, 128, 32, 256
ZEROS = 0.8
ROUNDS = 9
ENCODINGS: tuple[Encoding, ...] = ("unipolar", "bipolar", "split")
SHARES: tuple[WeightShare, ...] = ("independent", "neurons")


def layer(generator: str, encoding: Encoding, weight_share: WeightShare | None = None) -> VectorizedSCLayer:
    return VectorizedSCLayer(
        N_INPUTS, N_NEURONS, LENGTH, generator=generator, encoding=encoding, accumulate="sum",
        weight_share=weight_share, use_gpu=False, seed=1,
    )  # fmt: skip


def cases() -> Iterator[Case]:
    """Layers from numbers to numbers, on all threads."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, N_INPUTS))
    dark = np.where(rng.random(x.shape) < ZEROS, 0.0, x)
    sobol = layer("sobol", "unipolar")
    yield Case("sobol", repeated(lambda: sobol.forward(x)), BATCH, "image")
    for weight_share in SHARES:
        for encoding in ENCODINGS:
            random, name = layer("bernoulli", encoding, weight_share), f"{weight_share} {encoding}"
            yield Case(name, repeated(lambda random=random: random.forward(x)), BATCH, "image")
            yield Case(f"{name}, zeros", repeated(lambda random=random: random.forward(dark)), BATCH, "image")


def main() -> None:
    found = interleave(cases(), ROUNDS)
    table = Table(title=f"Fresh Bernoulli weights, {N_INPUTS} -> {N_NEURONS}, batch {BATCH}, L = {LENGTH}")
    for column in ("weight_share", "encoding", "inputs", "ms", "x Sobol", "x unipolar", "images/s"):
        table.add_column(column, justify="right")
    for name, case in found.items():
        kind, _, zeros = name.partition(", ")
        weight_share, _, encoding = kind.rpartition(" ")
        same = found[f"{weight_share} unipolar{', zeros' * bool(zeros)}"] if weight_share else case
        table.add_row(
            weight_share,
            encoding,
            f"{ZEROS:.0%} zero" if zeros else "uniform",
            f"{case.best * 1e3:.2f}",
            f"{case.best / found['sobol'].best:.1f}",
            f"{case.best / same.best:.2f}",
            f"{case.rate:,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
