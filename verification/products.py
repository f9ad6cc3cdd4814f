"""Mean absolute error of the unipolar AND over all pairs of operands, and the exact products."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.encoders import LFSR, Encoder, Generator, Halton, Ramp, Sobol, UserSequence, VanDerCorput

from .report import Table
from .streams import every_stream, normal_pvalue, pair_counts, product_errors

SIZES = (4, 6, 8, 10)

Pair = Callable[[int], tuple[Generator, Generator]]


def _lfsr(bits: int) -> tuple[Generator, Generator]:
    register = LFSR(bits, insert_zero=False)
    return register, register.decorrelated(1)


DETERMINISTIC: dict[str, tuple[Pair, tuple[str, str, str, str]]] = {
    "LFSR x reciprocal LFSR": (_lfsr, (".0320", ".01446", ".00813", ".00317")),
    "Halton 2 x Halton 3": (lambda n: (Halton(n, 2), Halton(n, 3)), (".0379", ".01046", ".00367", ".00119")),
    "ramp x van der Corput": (lambda n: (Ramp(n), VanDerCorput(n)), (".02768", ".01136", ".003876", ".001218")),
    "Sobol 1 x Sobol 2": (lambda n: (Sobol(n, 1), Sobol(n, 2)), (".020410", ".006287", ".001887", ".000520")),
    "ramp x ramp (SCC = +1)": (lambda n: (Ramp(n), Ramp(n)), (".07353", ".08077", ".08269", ".08317")),
}
"""Pairs of generators and their mean absolute errors at L = 2**n, n = 4, 6, 8, 10."""

BERNOULLI = (".0641", ".0342", ".01729", ".00867")

CORRECTED = {
    ("ramp x ramp (SCC = +1)", 8): ".08268",  # 255 / (12 * 257) = .0826848
    ("iid Bernoulli", 4): ".0651",  # .065105 over all 17 x 17 pairs; .064123 without v = 1
    ("iid Bernoulli", 8): ".01730",  # .0172993; the normal approximation gives .017294
}
"""Printed numbers that contradict their own definition, and what it gives: see `tests/golden`."""


def mean_absolute_error(first: Generator, second: Generator, length: int) -> float:
    """Over all pairs of thresholds."""
    return float(np.abs(product_errors(first, second, length)).mean())


def bernoulli_deviation(p: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Mean absolute deviation of Binomial(L, p) / L: ``2 m (1 - p) Pr(m) / L`` with ``m = floor(L p) + 1``.

    Closed form of A. de Moivre, see P. Diaconis, S. Zabell, Statistical Science 6(3), 1991,
    https://doi.org/10.1214/ss/1177011699.
    """
    m = np.floor(length * p) + 1
    return np.asarray(2 * m * (1 - p) * stats.binom.pmf(m, length, p) / length)


def bernoulli_theory(bits: int) -> float:
    """Mean absolute error of independent Bernoulli streams of 2**bits cycles over all pairs."""
    return float(bernoulli_deviation(_products(bits), 1 << bits).mean())


def _products(bits: int) -> NDArray[np.float64]:
    grid = np.arange((1 << bits) + 1) / (1 << bits)
    return np.outer(grid, grid)


def bernoulli_measured(bits: int, seed: int = 2024) -> tuple[float, float, float]:
    """Mean absolute error measured with fresh streams for every pair, its law and its standard error."""
    length = 1 << bits
    grid = np.arange(length + 1) / length
    first, second = (Encoder(length + 1, length, "bernoulli", seed=seed + role) for role in (0, 1))
    repeats = -(-60_000 // (length + 1) ** 2)
    total = 0.0
    for _ in range(repeats):
        for start in range(0, length + 1, 64):
            rows = grid[start : start + 64, None] * np.ones(length + 1)
            a, b = first.encode(rows), second.encode(np.broadcast_to(grid, rows.shape))
            share = Bitstream(a.words & b.words, length).probability()
            total += float(np.abs(share - rows * grid).sum())
    p = _products(bits)
    deviation = bernoulli_deviation(p, length)
    variance = float((p * (1 - p) / length - deviation**2).sum()) / p.size**2 / repeats
    return total / (p.size * repeats), float(deviation.mean()), variance**0.5


def products_table(quick: bool) -> Table:
    """Mean absolute errors of all pairs of generators."""
    table = Table(
        "Unipolar AND: mean absolute error over all (2^n + 1)^2 pairs of operands, L = 2^n",
        notes=[
            "A row passes if our number rounds to the printed digits. 'Should be': the printed number contradicts",
            "its own definition, a closed form that plain sums confirm.",
            "Theory: the sum of binomial mean absolute deviations in closed form. Measured: fresh streams for every",
            "pair, normal test of the mean with a false-alarm rate of 1e-9.",
            "LFSR: without the zero state, 2^n states, so that the first one comes twice.",
        ],
    )
    sizes = SIZES[:3] if quick else SIZES
    for i, bits in enumerate(sizes):
        table.printed(
            "iid Bernoulli, theory",
            f"n = {bits}",
            bernoulli_theory(bits),
            BERNOULLI[i],
            corrected=CORRECTED.get(("iid Bernoulli", bits)),
        )
    for bits in sizes:
        measured, law, deviation = bernoulli_measured(bits)
        pvalue = normal_pvalue(measured, law, deviation)
        table.likely("iid Bernoulli, measured", f"n = {bits}", measured, law, pvalue)
    for name, (pair, references) in DETERMINISTIC.items():
        for bits, reference in zip(sizes, references, strict=False):
            ours = mean_absolute_error(*pair(bits), 1 << bits)
            table.printed(name, f"n = {bits}", ours, reference, corrected=CORRECTED.get((name, bits)))
    return table


def clock_division(bits: int) -> tuple[Generator, Generator]:
    """Two ramps over 2**(2 bits) cycles; the second one is clocked once in a period of the first."""
    cycles = np.arange(1 << 2 * bits)
    return Ramp(bits), UserSequence(cycles >> bits, bits)


def rotation(bits: int) -> tuple[Generator, Generator]:
    """Two ramps over 2**(2 bits) cycles; the second one slips by one cycle after each period."""
    cycles = np.arange(1 << 2 * bits)
    return Ramp(bits), UserSequence((cycles + (cycles >> bits)) % (1 << bits), bits)


EXACT: dict[str, Pair] = {
    "Sobol 1 x Sobol 2": lambda n: (Sobol(n, 1), Sobol(n, 2)),
    "clock division": clock_division,
    "rotation": rotation,
}
"""Pairs whose product is exact at L = 2**(2 n)."""


def wrong_products(first: Generator, second: Generator) -> tuple[int, int]:
    """Products of n-bit operands that are not exact at L = 2**(2 n), and their number."""
    length = 1 << 2 * first.bits
    counts = pair_counts(every_stream(first, length), every_stream(second, length))
    values = np.arange((1 << first.bits) + 1)
    return int(np.count_nonzero(counts != np.outer(values, values))), counts.size


def exact_table(quick: bool) -> Table:
    """Exact products at L = 2**(2 n)."""
    table = Table("Unipolar AND: products that are exact at L = 2^(2n)", notes=["Integers are compared."])
    for name, pair in EXACT.items():
        for bits in (3, 4) if quick else (3, 4, 5):
            table.exact(name, f"n = {bits}", *wrong_products(*pair(bits)))
    return table
