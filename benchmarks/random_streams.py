"""``python -m benchmarks.random_streams``: fresh Bernoulli weight streams beside Sobol streams, in one run.

A dense layer of 784 -> 128 at batch 32 and L = 256, uniform inputs, and the same with 80 % of the inputs zero, as the
pixels of digits are. Cases take turns; a ratio is that of the fastest calls of each.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import VectorizedSCLayer

from .measure import Case, interleave, repeated
from .rows import Row, times

N_INPUTS, N_NEURONS, BATCH, LENGTH = 784, 128, 32, 256
ZEROS = 0.8
ROUNDS = 9
ENCODINGS = ("unipolar", "bipolar", "split")
SHARED = "unipolar, shared by neurons"
GOAL = "set for a Sobol layer that took 1.3 times as long"
"""What is to be said of goals in times of a Sobol layer."""


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


def main() -> None:
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


if __name__ == "__main__":
    main()
