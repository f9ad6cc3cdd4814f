"""``python -m benchmarks.primitives``: circuit primitives beside the same sums in NumPy and SciPy.

A dendrite of 16 branches of 16 compartments, 10 000 steps; lateral inhibition of 10 000 units, radius 5, with its
construction; the 10 largest of 100 000 units. Each stands beside what one would write without this library,
and all are interleaved in one run.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu

from sc_neurocore import LateralInhibition, RallDendrite, WinnerTakeAll
from sc_neurocore.layers.circuit_primitives import Boundary

from .measure import Case, interleave, repeated
from .rows import Row, faster

BRANCHES, COMPARTMENTS, STEPS = 16, 16, 10_000
UNITS, RADIUS, STRENGTH = 10_000, 5, 0.3
CROWD, WINNERS = 100_000, 10
ROUNDS = 15
LIMITS_MS = {"dendrite": 60.0, "inhibition": 1.0, "winners": 0.5}
"""Milliseconds that a case should stay below on one core of a desktop machine."""

Floats = NDArray[np.float64]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Primitives and their rivals, from numbers to numbers."""
    inputs = rng.random((STEPS, BRANCHES))
    dendrite, saturating = RallDendrite(BRANCHES, COMPARTMENTS), RallDendrite(BRANCHES, COMPARTMENTS, reversal=1.0)
    dense, sparse = star(dendrite)
    factors, superlu = lu_factor(dense), splu(sparse)
    yield Case("dendrite", repeated(lambda: dendrite.run(inputs)), STEPS, "step", 1)
    yield Case("dendrite, conductances", repeated(lambda: saturating.run(inputs)), STEPS, "step", 1)
    short = inputs[: STEPS // 20]
    yield Case(
        "dendrite, dense LU",
        repeated(lambda: euler(short, dendrite.dt, dense, lambda v: lu_solve(factors, v))),
        len(short),
        "step",
        1,
    )
    yield Case(
        "dendrite, sparse LU", repeated(lambda: euler(short, dendrite.dt, dense, superlu.solve)), len(short), "step", 1
    )

    x = rng.random(UNITS)
    for boundary in ("wrap", "reflect", "zero"):

        def inhibit(boundary: Boundary = boundary) -> Floats:
            return LateralInhibition(UNITS, STRENGTH, RADIUS, boundary=boundary).apply(x)

        yield Case(f"inhibition, {boundary}", repeated(inhibit), UNITS, "unit", 1)
    band = banded(UNITS)
    yield Case("inhibition, convolve", repeated(lambda: convolved(x)), UNITS, "unit", 1)
    yield Case(
        "inhibition, sparse matrix", repeated(lambda: np.maximum(x - STRENGTH * (band @ x), 0)), UNITS, "unit", 1
    )

    crowd, wta = rng.random(CROWD), WinnerTakeAll(CROWD, WINNERS)
    yield Case("winners", repeated(lambda: wta.apply(crowd)), CROWD, "unit", 1)
    yield Case(
        "winners, construction too", repeated(lambda: WinnerTakeAll(CROWD, WINNERS).apply(crowd)), CROWD, "unit", 1
    )
    yield Case("winners, argpartition", repeated(lambda: partitioned(crowd)), CROWD, "unit", 1)
    yield Case("winners, argsort", repeated(lambda: ranked(crowd)), CROWD, "unit", 1)


def star(dendrite: RallDendrite) -> tuple[Floats, csc_array]:
    """Matrix of a backward Euler step of a star of branches; node 0 is the soma."""
    n, m, k = dendrite.n_branches, dendrite.branch_length, dendrite.coupling
    matrix = np.eye(1 + n * m) * (1 + dendrite.dt / dendrite.tau)
    for branch in range(n):
        nodes = [0, *range(1 + branch * m, 1 + (branch + 1) * m)]
        for place, (a, b) in enumerate(pairwise(nodes)):
            axial = dendrite.dt * k * (2 if place == 0 else 1)
            matrix[[a, b], [a, b]] += axial
            matrix[[a, b], [b, a]] -= axial
    return matrix, csc_array(matrix)


def euler(inputs: Floats, dt: float, matrix: Floats, solve: Callable[[Floats], Floats]) -> Floats:
    """Voltages of the soma; a step is one solution, of first order (ours are two, of second order)."""
    v, out, m = np.zeros(len(matrix)), np.empty(len(inputs)), (len(matrix) - 1) // inputs.shape[1]
    for t, entering in enumerate(inputs):
        v[m::m] += dt * entering
        v = solve(v)
        out[t] = v[0]
    return out


def taps() -> Floats:
    """Weights of the neighbours, which add up to 1."""
    weights = np.exp(-2.0 * (np.arange(-RADIUS, RADIUS + 1) / RADIUS) ** 2)
    weights[RADIUS] = 0.0
    return weights / weights.sum()


def convolved(x: Floats) -> Floats:
    """One line of NumPy: neighbours of a ring."""
    around = np.concatenate([x[-RADIUS:], x, x[:RADIUS]])
    return np.maximum(x - STRENGTH * np.convolve(around, taps(), "valid"), 0)


def banded(n: int) -> csr_array:
    """The sparse matrix of a ring, made beforehand."""
    weights = taps()
    diagonals, offsets = [], []
    for d in range(-RADIUS, RADIUS + 1):
        if d:
            for offset in (d, d - n if d > 0 else d + n):
                diagonals.append(np.full(n - abs(offset), weights[d + RADIUS]))
                offsets.append(offset)
    return diags_array(diagonals, offsets=offsets, shape=(n, n)).tocsr()


def partitioned(x: Floats) -> Floats:
    """NumPy's partition; ties go to any index."""
    chosen = np.argpartition(x, -WINNERS)[-WINNERS:]
    out = np.zeros_like(x)
    out[chosen] = x[chosen]
    return out


def ranked(x: Floats) -> Floats:
    """A stable sort, so that ties go to the lowest index."""
    chosen = np.argsort(-x, kind="stable")[:WINNERS]
    out = np.zeros_like(x)
    out[chosen] = x[chosen]
    return out


def rows(rounds: int) -> Iterator[Row]:
    """Primitives beside NumPy and SciPy."""
    found = interleave(cases(np.random.default_rng(0)), rounds)
    steps = f"{BRANCHES} x {COMPARTMENTS} compartments, {STEPS} steps"
    for name, ours, rival, what, goal in (
        (f"RallDendrite: {steps}", "dendrite", "dendrite, sparse LU", "SciPy's sparse LU", ">= 10"),
        (f"RallDendrite: {steps}, conductances", "dendrite, conductances", "dendrite, dense LU", "LAPACK", ">= 10"),
        (f"LateralInhibition: {UNITS} units, radius {RADIUS}", *INHIBITION, "np.convolve", ">= .33"),
        (f"WinnerTakeAll: {WINNERS} of {CROWD}", "winners", "winners, argpartition", "np.argpartition", ">= 1"),
    ):
        yield faster("layers", name, found[ours], found[rival], what, goal)


INHIBITION = "inhibition, wrap", "inhibition, convolve"


def main() -> None:
    found = interleave(cases(np.random.default_rng(0)), ROUNDS)
    table = Table(title="Circuit primitives, one thread", title_justify="left")
    for column in ("case", "fastest ms", "median ms", "faster by", "limit ms"):
        table.add_column(column, justify="left" if column == "case" else "right", no_wrap=True)
    for name, case in found.items():
        ours = found.get(name.split(",")[0], found["inhibition, wrap"])
        rival = name.split(", ")[-1] in (
            "dense LU",
            "sparse LU",
            "convolve",
            "sparse matrix",
            "argpartition",
            "argsort",
        )
        scale = 1e3 * ours.work / case.work
        limit = "" if rival else f"{LIMITS_MS[name.split(',')[0]]:g}"
        ratio = f"{case.best * scale / (1e3 * ours.best):.1f} x" if rival else ""
        table.add_row(name, f"{case.best * scale:.3f}", f"{case.middle * scale:.3f}", ratio, limit)
    Console().print(table)


if __name__ == "__main__":
    main()
