"""Lines that measured well together: those of the package's file, and those that a short search finds."""

import json
import math
from functools import cache
from importlib import resources
from itertools import combinations

import numpy as np
import pytest

from sc_neurocore.encoders import Halton, Lattice, Ramp, Sobol, VanDerCorput
from sc_neurocore.encoders.independence import LIMIT, and_error, or_error, zeros_of
from sc_neurocore.encoders.line_search import (
    NAMES,
    good_multipliers,
    lattice_means,
    line_of,
    searched_lines,
)
from sc_neurocore.encoders.product_error import bernoulli_dot_rmse, dot_rmse, product_errors
from sc_neurocore.encoders.searched import Counter

POWERS = [2**n for n in range(1, 15)]

# Dot RMSE as the search for pairs printed it elsewhere: of Sobol dimensions with masks, and of lattices.
SOBOL = {8: "2.7", 16: ".95", 32: ".417", 64: ".217", 128: ".116", 256: ".0645", 512: ".0326", 1024: ".0191"}
SOBOL |= {12: "1.05", 24: ".60", 48: ".38", 65: ".34", 100: ".29", 129: ".21", 200: ".15"}
LATTICE = {12: "5.1", 24: ".77", 48: "1.05", 65: ".27", 100: ".19", 129: ".125", 200: ".090", 500: ".034"}


@cache
def stored():
    return json.loads((resources.files("sc_neurocore.encoders") / "lines.json").read_text(encoding="utf-8"))


@cache
def lines(name, length):
    """Numbers of the lines of the file, or of the pair that is searched for, and their modulus."""
    if str(length) in stored()[name]:
        found = [line_of(name, length, tuple(entry)) for entry in stored()[name][str(length)]]
    else:
        found = searched_lines(name, length)
    assert len({line.modulus for line in found}) == 1
    return [line.sequence(length) for line in found], found[0].modulus


def figure(name, length, points=None):
    (first, second, *_), modulus = lines(name, length)
    return dot_rmse(first, second, modulus, points)


def test_the_file_has_all_lengths():
    assert set(stored()) == set(NAMES)
    for name in NAMES[:-1]:  # registers are stored for powers of two, see test_lfsr_lines.py
        assert {*map(str, POWERS), *map(str, range(3, 257))} == set(stored()[name])
        assert all(len(entries) >= 2 for entries in stored()[name].values())
        assert all(len(stored()[name][str(length)]) >= 8 for length in POWERS[2:])


@pytest.mark.parametrize(("name", "targets"), [("sobol", SOBOL), ("lattice", LATTICE)])
def test_the_best_pairs_known_are_reached(name, targets):
    for length, printed in targets.items():
        digits = len(printed.partition(".")[2])  # of a figure that is equal, the digits printed are all there is
        assert round(figure(name, length), digits) <= float(printed)


@pytest.mark.parametrize("name", NAMES)
def test_pairs_are_better_than_bernoulli(name):
    """At powers of two; ramp and van der Corput have a mean error at L = 8 and 32 that no mask takes away."""
    for length in POWERS[2:]:
        points = None if length <= 2048 else 997
        if name == "vdc" and length in (8, 32):
            assert figure(name, length) > bernoulli_dot_rmse(length)
            best = min(
                dot_rmse(Ramp(bits).sequence(length), VanDerCorput(bits, mask=mask).sequence(length), length)
                for bits in [length.bit_length() - 1] for mask in range(length)
            )  # fmt: skip
            assert figure(name, length) == pytest.approx(best, rel=1e-9)
        elif (name, length) != ("lattice", 8):
            assert figure(name, length, points) < bernoulli_dot_rmse(length)


def test_an_odd_number_of_bits_leaves_a_mean_error():
    """One bit of ramp and van der Corput is left over: L / 8 / (L + 1)**2, above Bernoulli's below L of about 89."""
    for length in (8, 32, 128):
        mean = length / 8 / (length + 1) ** 2
        first, second = lines("vdc", length)[0][:2]
        errors = np.concatenate(list(product_errors(first, second, length, length)))
        assert abs(errors.mean()) == pytest.approx(mean, rel=1e-9)
        assert (784 * mean > bernoulli_dot_rmse(length)) == (length < 89)


@pytest.mark.parametrize("length", [16, 17, 23, 30, 36, 47, 60, 66, 90, 127, 150, 210, 222, 257, 300, 419, 420, 500,
                                    630, 719, 840, 1001, 1260, 2310, 2520, 4095])  # fmt: skip
def test_lattices_are_better_than_bernoulli_at_every_length(length):
    assert figure("lattice", length, None if length < 1100 else 499) < bernoulli_dot_rmse(length) / 1.2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [4, 7, 16, 24, 64, 100, 256])
def test_lines_of_the_file_are_independent(name, length):
    numbers, modulus = lines(name, length)
    assert len({each.tobytes() for each in numbers}) == len(numbers)
    assert all(and_error(one, other, modulus, None) <= LIMIT for one, other in combinations(numbers, 2))
    chosen = list(combinations([zeros_of(each, modulus) for each in numbers], 3))
    for three in chosen[:: 1 + len(chosen) // 400]:
        assert or_error(*three, length) <= LIMIT


class TestSearch:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("length", [257, 300, 777, 1100, 4097])
    def test_a_pair_is_better_than_bernoulli(self, name, length):
        one, other = searched_lines(name, length)
        points = None if length < 1100 else 499
        ours = dot_rmse(one.sequence(length), other.sequence(length), one.modulus, points)
        assert ours < bernoulli_dot_rmse(length) / 1.5
        assert one.modulus == other.modulus

    @pytest.mark.parametrize("name", NAMES)
    def test_more_lines_are_independent_and_come_after_the_pair(self, name):
        few, more = searched_lines(name, 300), searched_lines(name, 300, 6)
        assert more[:2] == few
        assert len(more) == 6
        numbers, modulus = [line.sequence(300) for line in more], more[0].modulus
        assert all(and_error(*two, modulus, None) <= 1.5 for two in combinations(numbers, 2))
        zeros = [zeros_of(each, modulus, 9) for each in numbers]
        assert all(or_error(*three, 300) <= 1.5 for three in combinations(zeros, 3))

    def test_kinds(self):
        assert [type(line) for line in searched_lines("sobol", 300)] == [Sobol, Sobol]
        assert [type(line) for line in searched_lines("lattice", 300)] == [Lattice, Counter]
        one, other, third = searched_lines("vdc", 300, 3)
        assert (type(one), other, type(third)) == (VanDerCorput, Ramp(9, period=300), Halton)
        assert {type(line) for line in searched_lines("halton", 300)} == {Halton}

    def test_the_same_arguments_give_the_same_lines(self):
        before = searched_lines("sobol", 1000, 4)
        searched_lines.cache_clear()
        assert searched_lines("sobol", 1000, 4) == before
        assert searched_lines("sobol", 1001) != before[:2]

    def test_errors(self):
        with pytest.raises(ValueError, match="name must be one of sobol, halton, vdc, lattice, lfsr, got 'ramp'"):
            searched_lines("ramp", 300)
        with pytest.raises(ValueError, match="length must be an integer of at least 2, got 1"):
            searched_lines("sobol", 1)

    @pytest.mark.parametrize(("length", "multiplier"), [(2, 1), (7, 3), (12, 5), (100, 23), (255, 101)])
    def test_means_of_lattices(self, length, multiplier):
        for offset, mean in enumerate(lattice_means(length, multiplier)):
            lattice = Lattice(length, multiplier, offset)
            errors = list(product_errors(lattice.sequence(length), np.arange(length, dtype=np.uint32), length, length))
            assert mean == pytest.approx(np.concatenate(errors).mean(), abs=1e-12)

    def test_multipliers_have_small_partial_quotients(self):
        def cost(k, length):
            return k and length // k + cost(length % k, k)

        for length in (2, 3, 21, 60, 233, 1000):
            every = [k for k in range(1, length // 2 + 1) if math.gcd(k, length) == 1]
            ours = good_multipliers(length, 10)
            assert [cost(k, length) for k in ours] == sorted(cost(k, length) for k in every)[:10]
            assert set(ours) <= set(every)
        assert len(set(good_multipliers(1_000_000, 50))) == 50
        assert all(math.gcd(k, 1_000_000) == 1 for k in good_multipliers(1_000_000, 50))
