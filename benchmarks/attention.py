"""Attention of 64 queries on 64 keys of 64 numbers: the layer, float NumPy, and the same circuit in NumPy."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sc_neurocore import Sobol, StochasticAttention
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.types import Words

from . import report
from .measure import Case, interleave, repeated
from .rows import Row, faster, times

SIZE, LENGTH, ROUNDS = 64, 1024, 15

Floats = NDArray[np.float64]


def cases(rng: np.random.Generator, size: int = SIZE, length: int = LENGTH) -> Iterator[Case]:
    """One head, numbers in, numbers out; streams are made anew at every call."""
    q, k, v = rng.random((3, size, size))
    for generator in ("sobol", "bernoulli"):
        layer = StochasticAttention(size, generator=generator, seed=1)

        def run(layer: StochasticAttention = layer) -> Floats:
            return layer.forward_bitstream(q, k, v, length)

        yield Case(generator, repeated(run), 1, "head")
        yield Case(f"{generator}, one thread", repeated(run), 1, "head", 1)
    yield Case("numpy float64", repeated(lambda: in_floats(q, k, v)), 1, "head")
    yield Case("numpy words", repeated(lambda: on_words(q, k, v, length)), 1, "head")
    yield Case("numpy bits", repeated(lambda: on_bits(q, k, v, length)), 1, "head")


def in_floats(q: Floats, k: Floats, v: Floats) -> Floats:
    """What the streams estimate."""
    scores = q @ k.T
    return scores / scores.sum(-1, keepdims=True) @ v


def on_bits(q: Floats, k: Floats, v: Floats, length: int) -> Floats:
    """The circuit on Sobol streams, a number for each bit: the counts are a matrix product."""
    q_bits, k_bits, v_bits = (
        _bits(values, dimension, length).astype(np.float32) for values, dimension in ((q, 2), (k, 3), (v, 1))
    )
    counts = (q_bits.reshape(len(q), -1) @ k_bits.reshape(len(k), -1).T).astype(np.int64)
    edges = _edges(counts, length)
    clock = np.arange(length)
    chosen = np.array([row.searchsorted(clock, side="right") for row in edges])
    return v_bits[chosen, :, clock].sum(1) / length


def on_words(q: Floats, k: Floats, v: Floats, length: int) -> Floats:
    """The circuit on packed Sobol streams: AND, then a count of the ones in each word."""
    q_words, k_words, v_words = (
        pack(_bits(values, dimension, length)) for values, dimension in ((q, 2), (k, 3), (v.T, 1))
    )
    edges = _edges(_counts(q_words, k_words), length)
    selected = pack(np.arange(length) < edges[..., None])
    selected[:, 1:] ^= selected[:, :-1]
    return _counts(selected, v_words) / length


def _bits(values: Floats, dimension: int, length: int) -> NDArray[np.bool_]:
    source = Sobol((length - 1).bit_length(), dimension)
    return source.sequence(length) < np.floor(values * 2.0**source.bits + 0.5)[..., None]


def _edges(counts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    running = counts.cumsum(-1)
    total = running[:, -1:]
    return (2 * length * running + total) // (2 * total)


def _counts(x: Words, w: Words) -> NDArray[np.int64]:
    return np.array([np.bitwise_count(row & w).sum((1, 2), dtype=np.int64) for row in x])


def rows(rounds: int) -> Iterator[Row]:
    """Heads beside the same circuit on packed words in NumPy, and beside what it estimates."""
    found = interleave(cases(np.random.default_rng(0)), rounds)
    for generator, goal in (("sobol", ">= 10"), ("bernoulli", ">= 5")):
        case = f"StochasticAttention: {SIZE} queries, keys and numbers, L = {LENGTH}, {generator}"
        yield faster("layers", case, found[generator], found["numpy words"], "NumPy, packed words, Sobol", goal)
        yield times("layers", case, found[generator], found["numpy float64"], "exact attention in float64")


if __name__ == "__main__":
    report.show(rows(ROUNDS))
