"""What a gate computes at SCC = +1, -1 and 0, and the error laws of random streams."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sc_neurocore import gates
from sc_neurocore.backends import choose
from sc_neurocore.bitstreams import Bitstream, bernoulli_product_mse, correlated_and_error, scc
from sc_neurocore.encoders import Encoder, Generator, Ramp, UserSequence

from .products import clock_division
from .report import Table
from .streams import every_stream, normal_pvalue, product_errors

Counts = NDArray[np.int64]


def falling(bits: int) -> Generator:
    """A counter that runs down: its streams overlap those of a ramp as little as they can."""
    return UserSequence(np.arange(1 << bits)[::-1], bits)


def gate_counts(first: Generator, second: Generator, length: int) -> dict[str, Counts]:
    """Ones of AND, OR and XOR for all pairs of thresholds."""
    a, b = every_stream(first, length).words, every_stream(second, length).words.swapaxes(0, 1)
    words = {"AND": a & b, "OR": a | b, "XOR": a ^ b}
    return {name: choose().popcount(np.ascontiguousarray(word)) for name, word in words.items()}


def correlation_table(quick: bool) -> Table:
    """AND, OR, XOR and SCC of fully overlapping, barely overlapping and independent streams."""
    table = Table(
        "Correlation: what AND, OR and XOR compute, all pairs of operands",
        notes=["Integers are compared; SCC of all pairs without constant streams."],
    )
    bits = 6 if quick else 8
    levels = 1 << bits
    a, b = np.meshgrid(np.arange(levels + 1), np.arange(levels + 1), indexing="ij")
    small = np.arange(9)
    p, q = np.meshgrid(small, small, indexing="ij")  # 3 bits, L = 64: counts of 64ths
    cases = [
        ("+1", Ramp(bits), Ramp(bits), levels, {
            "AND = min(a, b)": np.minimum(a, b), "OR = max(a, b)": np.maximum(a, b), "XOR = |a - b|": np.abs(a - b),
        }),
        ("-1", Ramp(bits), falling(bits), levels, {
            "AND = max(0, a + b - 1)": np.maximum(0, a + b - levels), "OR = min(1, a + b)": np.minimum(levels, a + b),
        }),
        ("0", *clock_division(3), 64, {
            "AND = a b": p * q, "OR = a + b - a b": 8 * p + 8 * q - p * q,
            "XOR = a + b - 2 a b": 8 * (p + q) - 2 * p * q,
        }),
    ]  # fmt: skip
    for sign, first, second, length, laws in cases:
        counts = gate_counts(first, second, length)
        for law, expected in laws.items():
            ours = counts[law.split(" ")[0]]
            table.exact(f"SCC = {sign}", law, int(np.count_nonzero(ours != expected)), expected.size)
        streams, partners = every_stream(first, length), every_stream(second, length)
        inner = slice(1, -1)
        measured = scc(
            Bitstream(streams.words[inner], length), Bitstream(partners.words[inner].swapaxes(0, 1).copy(), length)
        )
        table.exact(f"SCC = {sign}", "scc()", int(np.count_nonzero(measured != float(sign))), measured.size)
    for bits in (4, 6, 8):
        for sign, partner in (("+1", Ramp(bits)), ("-1", falling(bits))):
            mean = float(np.abs(product_errors(Ramp(bits), partner, 1 << bits)).mean())
            law = f"mean |error| of AND, (L-1)/(12(L+1)), n = {bits}"
            table.close(f"SCC = {sign}", law, mean, correlated_and_error(1 << bits))
    return table


def product_squares(length: int, encoding: str, samples: int, seed: int) -> NDArray[np.float64]:
    """Squared errors of products of Bernoulli streams with uniform operands."""
    rng = np.random.default_rng(seed)
    low = 0.0 if encoding == "unipolar" else -1.0
    x, y = rng.uniform(low, 1, (2, samples, 1))
    a = Encoder(1, length, "bernoulli", encoding, bits=32, seed=seed)  # type: ignore[arg-type]
    b = Encoder(1, length, "bernoulli", encoding, bits=32, seed=seed + 1)  # type: ignore[arg-type]
    return np.asarray((gates.multiply(a.encode(x), b.encode(y)).value() - x * y)[:, 0] ** 2)


def mux_counts(values: NDArray[np.float64], length: int, samples: int, seed: int) -> Counts:
    """Ones at the output of a multiplexer with a random select."""
    encoder = Encoder(values.size, length, "bernoulli", seed=seed)
    streams = encoder.encode(np.broadcast_to(values, (samples, values.size)))
    select = np.random.default_rng(seed).integers(0, 1 << 32, (samples, length), np.uint32)
    return gates.mux(streams, select).counts()


def dispersion_pvalue(counts: Counts, length: int, p: float) -> float:
    """Chi-square test that counts have the variance of binomial ones."""
    statistic = float(np.sum((counts - length * p) ** 2)) / (length * p * (1 - p))
    law = stats.chi2(counts.size)
    return float(2 * min(law.cdf(statistic), law.sf(statistic)))


def stationary_stanh(x: float, n_states: int) -> float:
    """Mean output of the state machine, from the stationary distribution of its chain (a linear system)."""
    p = (x + 1) / 2
    chain = np.zeros((n_states, n_states))
    for state in range(n_states):
        chain[state, min(state + 1, n_states - 1)] += p
        chain[state, max(state - 1, 0)] += 1 - p
    system = np.vstack([chain.T - np.eye(n_states), np.ones(n_states)])
    shares = np.linalg.lstsq(system, np.append(np.zeros(n_states), 1.0), rcond=None)[0]
    return float(2 * shares[n_states // 2 :].sum() - 1)


def random_table(quick: bool) -> Table:
    """Error laws of Bernoulli streams."""
    table = Table(
        "Random streams: error laws",
        notes=[
            "Measured rows pass with a p-value above 1e-9: normal test of a mean of squares, chi-square test of a",
            "variance, exact binomial test of a share of ones. Stanh: the last bit of many streams, so that the bits",
            "are independent.",
        ],
    )
    samples = 20_000 if quick else 200_000
    for encoding, law in (("unipolar", "5/(36 L)"), ("bipolar", "8/(9 L)")):
        for length in (100, 256):
            squares = product_squares(length, encoding, samples, 11)
            expected = (5 / 36 if encoding == "unipolar" else 8 / 9) / length
            pvalue = normal_pvalue(squares.mean(), expected, squares.std() / samples**0.5)
            table.likely(f"{encoding} product, MSE", f"{law}, L = {length}", float(squares.mean()), expected, pvalue)
            ours = bernoulli_product_mse(length, encoding)  # type: ignore[arg-type]
            table.close(f"{encoding} product, MSE", f"bernoulli_product_mse({length})", ours, expected)
    values = np.array([0.125, 0.25, 0.5, 0.875, 1.0])
    length, m = 256, float(values.mean())
    counts = mux_counts(np.append(values, m), length, samples // 10, 5)
    variance = float(np.mean((counts / length - m) ** 2))
    pvalue = dispersion_pvalue(counts, length, m)
    table.likely("MUX, variance", "m (1 - m) / L, n = 6, L = 256", variance, m * (1 - m) / length, pvalue)
    p = 1 - float(np.prod(1 - values[:4]))
    streams = Encoder(4, length, "bernoulli", seed=6).encode(np.broadcast_to(values[:4], (samples // 10, 4)))
    ones = gates.or_gate(streams).counts()
    pvalue = stats.binomtest(int(ones.sum()), ones.size * length, p).pvalue
    table.likely("OR, mean", "1 - prod(1 - p), n = 4", float(ones.sum() / ones.size / length), p, pvalue)
    table.close("OR, mean", "or_gate_expected", float(gates.or_gate_expected(values[:4])), p)
    for n_states in (2, 4, 8, 16):
        for x in (-0.5, 0.25):
            law_value = float(np.tanh(n_states / 2 * np.arctanh(x)))
            case = f"tanh({n_states // 2} atanh {x:g})"
            table.close(f"Stanh({n_states}), chain", case, stationary_stanh(x, n_states), law_value, 1e-10)
            table.close(f"Stanh({n_states}), stanh_expected", case, float(gates.stanh_expected(x, n_states)), law_value)
            encoder = Encoder(1, 1024, "bernoulli", "bipolar", seed=n_states)
            last = gates.stanh(encoder.encode(np.full((samples // 10, 1), x)), n_states).bits()[:, 0, -1]
            pvalue = stats.binomtest(int(last.sum()), last.size, (law_value + 1) / 2).pvalue
            table.likely(f"Stanh({n_states}), measured", case, float(2 * last.mean() - 1), law_value, pvalue)
    return table
