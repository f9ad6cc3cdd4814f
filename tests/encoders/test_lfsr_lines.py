"""Registers found for streams of a power of two, and registers to choose from at any other length."""

import json
from importlib import resources

import numpy as np
import pytest
from line_helpers import and_ratio, or_ratio

from sc_neurocore.encoders.lfsr import LFSR, TAPS
from sc_neurocore.encoders.lfsr_lines import bits_of, lfsr_candidates, lfsr_line, taps_of
from sc_neurocore.encoders.product_error import bernoulli_dot_rmse, dot_rmse
from verification.lfsr_pairs import Search, polynomials, started

STORED = json.loads((resources.files("sc_neurocore.encoders") / "lines.json").read_text(encoding="utf-8"))["lfsr"]
LENGTHS = [2**bits for bits in range(1, 15)]
FIGURES = {8: 1.215, 16: 0.5985, 32: 0.3935, 64: 0.1855, 128: 0.1215, 256: 0.06545, 512: 0.0555, 1024: 0.0475}
"""Dot RMSE of pairs known before, to the digits they were given with."""


def numbers(length, count=None):
    return np.stack([lfsr_line(length, entry).sequence(length) for entry in STORED[str(length)][:count]])


def test_every_power_of_two_is_there():
    assert [int(length) for length in STORED] == LENGTHS
    assert [len(lines) for lines in STORED.values()][:2] == [2, 4]
    assert all(9 <= len(lines) <= 32 for lines in list(STORED.values())[2:])


@pytest.mark.parametrize("length", LENGTHS)
def test_lines_are_distinct_full_periods(length):
    lines = numbers(length)
    assert (np.sort(lines) == np.arange(length)).all()
    assert len(np.unique(lines, axis=0)) == len(lines)


@pytest.mark.parametrize("length", LENGTHS[2:])
def test_first_pair_is_as_good_as_the_best_known(length):
    error = dot_rmse(*numbers(length, 2), length, None if length <= 2048 else 509)
    assert error < FIGURES.get(length, bernoulli_dot_rmse(length) / 5)
    assert error < 0.4 * bernoulli_dot_rmse(length)


@pytest.mark.parametrize("length", LENGTHS[2:10])
def test_lines_are_independent(length):
    """The AND of any two and the OR of any three of the lines; so they are in inputs and weights of products."""
    lines = numbers(length)
    assert and_ratio(lines) < 1.3
    assert or_ratio(lines) < 1.3
    # Lines one clock apart are not.
    near = np.stack([np.roll(lines[0], k) for k in range(3)])
    assert length < 256 or or_ratio(near) > 1.3


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_search_finds_the_stored_lines_again(bits):
    assert started(1 << bits, Search(bits).lines()) == STORED[str(1 << bits)]


@pytest.mark.parametrize("bits", [2, 3, 8, 11])
def test_all_primitive_polynomials_are_searched(bits):
    order = 2**bits - 1
    found = list(polynomials(bits))
    assert len(set(found)) == len(found) == sum(np.gcd(k, order) == 1 for k in range(order)) // bits


def test_an_entry_is_a_register():
    assert taps_of(0b10111000) == TAPS[8]
    assert bits_of(1) == bits_of(2) == 1
    assert [bits_of(length) for length in (3, 4, 5, 256, 257)] == [2, 2, 3, 8, 9]
    assert lfsr_line(250, (0b10111000, 7, 9, 1)) == LFSR(8, TAPS[8], 7, mask=9, reverse=True)


def best_pair(length, entries):
    """Figure of the pair with the least dot RMSE of those whose mean errors are smallest."""
    lines = np.stack([lfsr_line(length, entry).sequence(length) for entry in entries])
    modulus = 1 << bits_of(length)
    weights = modulus - lines.astype(float) - 0.5
    means = np.abs(weights @ weights.T / modulus**2 / length - 0.25) + np.diag(np.full(len(lines), np.inf))
    pairs = [divmod(int(k), len(lines)) for k in np.argsort(means, axis=None)[:40]]
    return min(dot_rmse(lines[i], lines[j], modulus, 61) for i, j in pairs)


@pytest.mark.parametrize("length", [5, 12, 24, 48, 65, 100, 129, 200, 257, 500, 1000, 1025, 3000, 10000])
def test_candidates_have_a_pair_below_bernoulli(length):
    entries = lfsr_candidates(length, max(8, min(128, 2**18 // length)))
    assert len(set(entries)) == len(entries)
    assert best_pair(length, entries) < 0.8 * bernoulli_dot_rmse(length)


@pytest.mark.parametrize("length", [48, 100, 200, 1000, 3000])
def test_starts_are_chosen(length):
    """The numbers of part of a period are spread better than from starts at random."""
    rng = np.random.default_rng(length)
    bits = bits_of(length)

    def spread(entry):
        sample = np.sort(lfsr_line(length, entry).sequence(length)) / (1 << bits)
        return ((sample - (np.arange(length) + 0.5) / length) ** 2).mean() ** 0.5

    entries = lfsr_candidates(length, 32)
    chosen = np.array([spread(entry) for entry in entries])
    random = np.array([
        spread((taps, int(rng.integers(1, 1 << bits)), mask, reverse)) for taps, _, mask, reverse in entries
    ])  # fmt: skip
    assert np.median(chosen) < 0.6 * np.median(random)


def test_candidates_are_the_same_every_time():
    first = lfsr_candidates(100, 20)
    assert lfsr_candidates(100, 20) == first
    assert len(set(first)) == len(first) > 15
    assert len({taps for taps, _, _, _ in first}) > 3
    assert first[:5] == lfsr_candidates(100, 5)
    for length in (2, 3, 4):
        assert lfsr_candidates(length, 8)


@pytest.mark.parametrize("length", [64, 256, 2048])
def test_lines_start_where_their_ones_come_evenly(length):
    """From another cycle on the counts are the same; registers that all start at 1 give ones first."""
    entries = STORED[str(length)]
    assert started(length, entries) == entries
    lines = numbers(length, 2)
    at_one = [[taps, 1, *rest] for taps, _, *rest in entries[:2]]

    def worst(pair):
        ones = np.stack([pair < k * length // 4 for k in (1, 2, 3)])
        return np.abs(np.cumsum(ones - ones.mean(-1, keepdims=True), axis=-1)).mean()

    register = np.stack([lfsr_line(length, entry).sequence(length) for entry in at_one])
    assert worst(lines) < worst(register)
    rolled = np.stack([np.roll(line, 5) for line in lines])
    assert dot_rmse(*rolled, length) == dot_rmse(*lines, length)
