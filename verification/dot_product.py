"""Error of a dot product of 784 unipolar terms at L = 256."""

import numpy as np
from numpy.typing import NDArray

from sc_neurocore.backends import choose
from sc_neurocore.bitstreams import bernoulli_product_mse
from sc_neurocore.encoders import Encoder, Generator, Ramp, Sobol, VanDerCorput

from .report import Row, Table
from .streams import normal_pvalue, product_counts

TERMS, BITS, LENGTH = 784, 8, 256

PAIRS: dict[str, tuple[Generator, Generator, str, float]] = {
    "Sobol 1 x Sobol 2": (Sobol(BITS, 1), Sobol(BITS, 2), ".068", 0.05),
    "ramp x van der Corput": (Ramp(BITS), VanDerCorput(BITS), "3.06", 0.0),
}
"""Generators of the inputs and of the weights, the printed RMSE, and a relative tolerance (0: printed digits)."""


def term_moments(first: Generator, second: Generator) -> tuple[float, float]:
    """Mean and variance of the error of one term: uniform operands on [0, 1], rounded to the grid k / 256.

    Exact: a sum over all pairs of thresholds, the outer ones with half the weight.
    """
    grid = np.arange(LENGTH + 1) / LENGTH
    weight = np.full(LENGTH + 1, 1 / LENGTH)
    weight[[0, -1]] /= 2
    error = product_counts(first, second, LENGTH) / LENGTH - np.outer(grid, grid)
    mean = float(weight @ error @ weight)
    return mean, float(weight @ error**2 @ weight) - mean**2


def dot_product_rmse(first: Generator, second: Generator) -> float:
    """RMSE of the sum: the variances of the terms add up, and so do their biases."""
    mean, variance = term_moments(first, second)
    return float(np.sqrt(TERMS * variance + (TERMS * mean) ** 2))


def ramp_van_der_corput_bias(bits: int) -> float:
    """Bias of a product over all pairs of thresholds: n/8 L/(L + 1)**2."""
    length = 1 << bits
    return bits / 8 * length / (length + 1) ** 2


def squared_errors(inputs: Encoder, weights: Encoder, samples: int, seed: int) -> NDArray[np.float64]:
    """Squared errors ``(samples,)`` of dot products of real streams, against the rounded operands."""
    rng = np.random.default_rng(seed)
    out = np.empty(samples)
    for start in range(0, samples, 500):
        size = min(500, samples - start)
        x, w = (np.floor(rng.random((size, TERMS)) * LENGTH + 0.5) / LENGTH for _ in range(2))
        ones = choose().and_counts(inputs.encode(x).words[:, None], weights.encode(w).words[:, None])[:, 0, 0]
        out[start : start + size] = (ones / LENGTH - (x * w).sum(1)) ** 2
    return out


def measured_row(table: Table, name: str, inputs: Encoder, weights: Encoder, law: float, samples: int) -> None:
    """Add a row of a measurement with streams."""
    squares = squared_errors(inputs, weights, samples, 7)
    pvalue = normal_pvalue(squares.mean(), law**2, squares.std() / samples**0.5)
    table.likely(f"{name}, measured", f"{samples} sums", float(squares.mean() ** 0.5), law, pvalue)


def dot_product_table(quick: bool) -> Table:
    """RMSE of the sum by pair of generators."""
    table = Table(
        "Dot product of 784 unipolar terms, L = 256: RMSE in units of the sum",
        notes=[
            "Operands: uniform on [0, 1], rounded to the grid k/256; one generator feeds all inputs, another one all",
            "weights. Law: exact moments over all pairs of thresholds. Measured: streams, normal test (1e-9).",
            "The reference .068 was measured, on a number of sums that is not known: a law within 5 % of it passes",
            "(without rounding the operands first, the law is .0713).",
        ],
    )
    samples = 1000 if quick else 5000
    iid = (TERMS * bernoulli_product_mse(LENGTH)) ** 0.5
    table.printed("iid Bernoulli, theory", "sqrt(784 5/(36 L))", iid, ".652")
    inputs, weights = (Encoder(TERMS, LENGTH, "bernoulli", seed=seed) for seed in (1, 2))
    measured_row(table, "iid Bernoulli", inputs, weights, iid, samples)
    for name, (first, second, reference, tolerance) in PAIRS.items():
        law = dot_product_rmse(first, second)
        if tolerance:
            passed = abs(law / float(reference) - 1) <= tolerance
            note = f"within {tolerance:.0%}"
            table.rows.append(Row(f"{name}, law", "", f"{law:.4f}", reference, passed, note))
        else:
            table.printed(f"{name}, law", "", law, reference)
        measured_row(table, name, Encoder(TERMS, LENGTH, first), Encoder(TERMS, LENGTH, second), law, samples)
    for bits in (4, 6, 8):
        length = 1 << bits
        grid = np.arange(length + 1) / length
        errors = product_counts(Ramp(bits), VanDerCorput(bits), length) / length - np.outer(grid, grid)
        law = ramp_van_der_corput_bias(bits)
        table.close("ramp x van der Corput, bias", f"n = {bits}, n/8 L/(L+1)^2", float(errors.mean()), law)
    return table
