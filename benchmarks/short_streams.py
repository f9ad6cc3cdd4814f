"""``python -m benchmarks.short_streams``: what a dense layer takes at each stream length, beside a matrix product.

784 -> 128, Sobol, from numbers to numbers, batch 1024, all lengths interleaved in one run with NumPy's float32 matrix
product of the same shape.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import VectorizedSCLayer

from .measure import Case, interleave, repeated
from .rows import Row, times

N_INPUTS, N_NEURONS, BATCH = 784, 128, 1024
LENGTHS = (4, 8, 16, 32, 64, 128, 256)
ENCODINGS = ("unipolar", "split")
ROUNDS = 15
MATRIX = "float32 matrix product"


def cases() -> Iterator[Case]:
    """The layers and the matrix product; split numbers of both signs."""
    rng = np.random.default_rng(0)
    for encoding in ENCODINGS:
        low = 0.0 if encoding == "unipolar" else -1.0
        x, weights = rng.uniform(low, 1, (BATCH, N_INPUTS)), rng.uniform(low, 1, (N_NEURONS, N_INPUTS))
        for length in LENGTHS:
            layer = VectorizedSCLayer(N_INPUTS, N_NEURONS, length, generator="sobol", encoding=encoding, seed=0)
            layer.weights = weights
            layer.prepare()
            run = repeated(lambda layer=layer, x=x: layer.forward(x))
            yield Case(f"{encoding}, L = {length}", run, BATCH, "sample")
    a, b = (rng.random(shape, np.float32) for shape in ((BATCH, N_INPUTS), (N_INPUTS, N_NEURONS)))
    yield Case(MATRIX, repeated(lambda: a @ b), BATCH, "sample")


def rows(rounds: int) -> Iterator[Row]:
    """Each length beside 64 cycles, and short ones beside the matrix product.

    Goals were set in parts of the time that 64 cycles took before short streams lay side by side: that was 18 matrix
    products.
    """
    found = interleave(cases(), rounds)
    goals = {4: "<= 2.7", 8: "<= 2", 16: "<= 6"}
    for encoding in ENCODINGS:
        size = f"784 -> 128, Sobol, {encoding}, batch {BATCH}"
        long = found[f"{encoding}, L = 64"]
        for length in LENGTHS:
            yield times("cases", f"{size}, L = {length}", found[f"{encoding}, L = {length}"], long, "L = 64")
        for length, bound in goals.items():
            case, goal = found[f"{encoding}, L = {length}"], bound if encoding == "unipolar" else ""
            yield times("cases", f"{size}, L = {length}", case, found[MATRIX], "float32 product", goal)


def main() -> None:
    found = interleave(cases(), ROUNDS)
    matrix = found[MATRIX].rate
    title = f"784 -> 128, batch {BATCH}, ms; {MATRIX}: {1e3 * BATCH / matrix:.2f}"
    table = Table(title=title, title_justify="left")
    for column in (
        "L",
        *(f"{encoding}{what}" for encoding in ENCODINGS for what in (", ms", " / L = 64", " / matrix")),
    ):
        table.add_column(column, justify="right")
    for length in LENGTHS:
        cells = []
        for encoding in ENCODINGS:
            rate, long = (found[f"{encoding}, L = {each}"].rate for each in (length, 64))
            cells += [f"{1e3 * BATCH / rate:.2f}", f"{long / rate:.2f}", f"{matrix / rate:.1f}"]
        table.add_row(str(length), *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
