"""Pairs of lines that a search finds, and banks of a given pair."""

import copy
import pickle
from itertools import combinations

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore.encoders import Encoder, make_generator
from sc_neurocore.encoders.bank import NAMES, Bank
from sc_neurocore.encoders.independence import and_error, or_error, zeros_of
from sc_neurocore.encoders.line_search import best_pairs, line_of

EVERY = (*NAMES, "searched")
KINDS = {"ramp": "vdc", "searched": "lattice"}


def lines(name, length, pair):
    return [line_of(KINDS.get(name, name), length, entry) for entry in pair]


def dot_rmse(first, second, modulus):
    """Root mean square error of a sum of 784 products, from streams of all operands, one AND at a time."""
    length = len(first)
    grid = np.arange(length + 1) / length
    x, w = (numbers < np.floor(grid * modulus + 0.5)[:, None] for numbers in (first, second))
    error = (x[:, None] & w).sum(-1) / length - np.outer(grid, grid)
    return np.sqrt(784 * error.var() + (784 * error.mean()) ** 2)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("length", [4, 8, 21, 64])
def test_pairs_come_in_the_order_of_their_errors(name, length):
    pairs = best_pairs(name, length, 5)
    assert pairs == best_pairs(name, length, 5)
    assert pairs[:2] == best_pairs(name, length, 2)
    banks = [Bank(name, length, pair) for pair in pairs]
    figures = [dot_rmse(bank.sequence(length), bank.decorrelated(1).sequence(length), bank.modulus) for bank in banks]
    assert figures == sorted(figures, key=lambda figure: round(figure, 9))
    assert [bank.dot_rmse for bank in banks] == pytest.approx(figures)
    numbers = [b"".join(bank.decorrelated(k).sequence(length).tobytes() for k in (0, 1)) for bank in banks]
    assert len(set(numbers)) == len(pairs)


@pytest.mark.parametrize("name", EVERY)
def test_long_streams(name):
    assert Bank(name, 300, best_pairs(name, 300, 1)[0]).dot_rmse < 2 * Bank(name, 300).dot_rmse


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("length", [8, 21])
def test_lines_0_and_1_are_the_pair(name, length):
    pair = best_pairs(name, length, 3)[-1]
    bank, (one, other) = Bank(name, length, pair), lines(name, length, pair)
    first, second = (bank.decorrelated(k).sequence(length) for k in (0, 1))
    if name == "searched":  # another order of cycles: the same pairs of numbers
        both = sorted(zip(one.sequence(length).tolist(), other.sequence(length).tolist(), strict=True))
        assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == both
    else:
        assert (first == one.sequence(length)).all()
        assert (second == other.sequence(length)).all()
    assert bank.sequence(length).tolist() == first.tolist()
    assert bank.in_runs == one.in_runs or name == "searched"
    x, w = np.linspace(0, 1, 5), np.linspace(1, 0.2, 5)
    layer = sc.VectorizedSCLayer.from_weights(w[None], length=length, generator=bank, accumulate="sum")
    bits = [numbers < np.floor(values * bank.modulus + 0.5)[:, None] for numbers, values in ((first, x), (second, w))]
    assert layer.forward(x)[0] == (bits[0] & bits[1]).sum() / length


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("length", [4, 13, 64])
def test_further_lines_are_independent_of_the_pair(name, length):
    bank = Bank(name, length, best_pairs(name, length, 3)[-1])
    every = [bank.decorrelated(k).sequence(length) for k in range(bank.n_lines)]
    assert 2 <= len(every) <= 16
    for first, second in combinations(range(len(every)), 2):
        if second > 1:  # those that were given are as they are
            assert and_error(every[first], every[second], bank.modulus, None) <= 1.5
    zeros = [zeros_of(line, bank.modulus) for line in every[:9]]
    for three in combinations(range(len(zeros)), 3):
        assert or_error(*(zeros[k] for k in three), length) <= 1.5
    with pytest.raises(ValueError, match=rf"needs {len(every) + 1} independent lines, got Bank\(.*, pair="):
        bank.decorrelated(len(every))


def test_a_bank_of_a_pair_is_a_value():
    bank = Bank("sobol", 64, [[39, 31], (9, np.int64(54))])
    assert bank.pair == ((39, 31), (9, 54))
    assert Bank("sobol", 64).pair is None
    assert bank != Bank("sobol", 64)
    assert bank != Bank("sobol", 64, ((9, 54), (39, 31)))
    assert repr(bank) == "Bank('sobol', 64, pair=((39, 31), (9, 54)))"
    for copied in (eval(repr(bank)), copy.deepcopy(bank), pickle.loads(pickle.dumps(bank))):
        assert copied == bank
        assert hash(copied) == hash(bank)
        assert (copied.sequence(64) == bank.sequence(64)).all()
    assert f"dot RMSE {bank.dot_rmse:.3g}" in str(bank)
    assert make_generator(bank, 64) is bank
    x = np.linspace(0, 1, 65)
    assert (Encoder(65, 64, bank).encode(x).value() == x).all()


@pytest.mark.parametrize(
    ("name", "pair", "error", "message"),
    [
        ("sobol", ((1, 0),), ValueError, "pair must be two entries of 2 integers with generator 'sobol'"),
        ("sobol", ((1, 0), (2, 0, 0)), TypeError, "pair must be an array of integers"),
        ("sobol", ((1, 0.5), (2, 0)), ValueError, "pair must be two entries of 2 integers with generator 'sobol'"),
        ("lfsr", ((1, 0), (2, 0)), ValueError, "pair must be two entries of 4 integers with generator 'lfsr', got "),
        ("sobol", "ab", ValueError, "pair must be two entries of 2 integers with generator 'sobol', got 'ab'"),
        ("sobol", ((1, 8), (2, 0)), ValueError, r"pair must be two lines .* got \(1, 8\), \(2, 0\): mask must be"),
        ("halton", ((4, 0), (2, 0)), ValueError, r"pair must be two lines .* got \(4, 0\), \(2, 0\): base must be"),
        ("lattice", ((2, 0), (1, 0)), ValueError, "pair must be two lines with generator 'lattice', got "),
        ("lfsr", ((5, 0, 0, 0), (5, 1, 0, 0)), ValueError, "pair must be two lines with generator 'lfsr', got "),
        ("vdc", ((1, 0), (0, 0)), ValueError, r"pair must be two different lines, got \(1, 0\), \(0, 0\)"),
        ("sobol", ((-1, 0), (2, 0)), ValueError, "pair must be two lines with generator 'sobol', got "),
    ],
)  # fmt: skip
def test_wrong_pairs(name, pair, error, message):
    with pytest.raises(error, match=f"^{message}"):
        Bank(name, 8, pair)


def test_wrong_searches():
    with pytest.raises(ValueError, match=r"^length must be at least 2 with a pair, got 1"):
        Bank("sobol", 1, ((1, 0), (2, 0)))
    with pytest.raises(ValueError, match=r"^length must be an integer of at least 2, got 1"):
        best_pairs("sobol", 1, 1)
    with pytest.raises(ValueError, match=r"^count must be an integer of at least 1, got 0"):
        best_pairs("sobol", 8, 0)
    with pytest.raises(ValueError, match=r"^name must be one of .* got 'bernoulli'"):
        best_pairs("bernoulli", 8, 1)
