"""The orders and the further lines of the searched permutations: counts stay, time and independence are measured."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore.encoders import Encoder, Searched, make_generator
from sc_neurocore.encoders.independence import IndependentLines
from verification import annealing, circuits, orders, sequences

LENGTHS = range(1, 257)
POWERS = (8, 16, 32, 64, 128, 256)
KNOWN = [2, 7, 0, 5, 1, 4, 6, 3]
"""The first drawn order of 8 cycles that is independent of 0 .. 7 and [1, 5, 3, 7, 0, 6, 2, 4]."""
SHORT = (1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 33)


def lines(generator, count=None):
    """Sequences of the first lines, of one period."""
    count = generator.n_lines if count is None else count
    return [generator.decorrelated(index).sequence(generator.modulus).astype(int) for index in range(count)]


def and_error(first, second):
    """RMSE of the AND of two lines, operands uniform on 0, 1/L, .., 1, over that of independent Bernoulli streams."""
    length = len(first)
    grid = np.arange(length + 1)
    ones = (first < grid[:, None]).astype(int) @ (second < grid[:, None]).T.astype(int)
    square = np.mean((ones / length - np.outer(grid, grid) / length**2) ** 2)
    return math.sqrt(square / (5 / 36 / length))


def or_error(three, grid):
    """The same for the OR of three lines and thresholds of a grid, against the exact variance of Bernoulli streams."""
    length = len(three[0])
    zeros = [(line >= grid[:, None]).astype(int) for line in three]
    counts = np.einsum("at,bt,ct->abc", *zeros, optimize=True)
    p = 1 - grid / length
    law = np.einsum("a,b,c->abc", p, p, p)
    return math.sqrt(np.mean((counts / length - law) ** 2) / np.mean(law * (1 - law) / length))


# ---------------------------------------------------------------- orders


def test_every_length_has_orders_that_are_permutations():
    for length in LENGTHS:
        generator = Searched.of_length(length)
        assert len(generator.orders) == (1 if length < 3 else 2 if length < 4 else 3)
        for order in generator.orders:
            assert sorted(order.tolist()) == list(range(length))
        first, second = lines(generator, 2)
        assert (first == generator.permutation[generator.orders[0]]).all()
        assert (second == generator.orders[0]).all()


def test_the_file_is_small():
    assert sequences.FILE.stat().st_size < 300_000


@pytest.mark.parametrize("length", [2, 3, 8, 12, 33, 64, 100, 256])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("accumulate", ["sum", "mean", "or"])
def test_counts_do_not_depend_on_the_order(length, encoding, accumulate):
    rng = np.random.default_rng(length)
    low = 0 if encoding == "unipolar" else -1
    x, w = rng.uniform(low, 1, (20, 9)), rng.uniform(low, 1, (6, 9))
    shipped = Searched.of_length(length)
    outputs = [
        sc.VectorizedSCLayer.from_weights(
            w, length=length, generator=generator, encoding=encoding, accumulate=accumulate
        ).forward(x)
        for generator in (
            "searched",
            Searched(shipped.permutation),
            Searched(shipped.permutation, rng.permutation(length)),
        )
    ]
    assert (outputs[0] == outputs[1]).all()
    assert (outputs[0] == outputs[2]).all()


def test_a_saturating_adder_does_depend_on_the_order():
    x = np.random.default_rng(0).uniform(-1, 1, (20, 9))
    outputs = [
        sc.VectorizedSCLayer.from_weights(
            x, length=64, generator=generator, encoding="split", accumulate="saturate"
        ).forward(x)
        for generator in ("searched", Searched(Searched.of_length(64).permutation))
    ]
    assert (outputs[0] != outputs[1]).any()


@pytest.mark.parametrize("length", POWERS)
@pytest.mark.parametrize("name", circuits.FIGURES)
def test_circuits_are_nearer_than_with_sobol_dimensions(name, length):
    ours, plain, best, random = circuits.figures(name, length)
    below = ours < min(plain, best)
    assert below == (length not in circuits.NOT_BELOW.get(name, ()))
    assert ours < random or name.startswith("Stanh")  # whose law is that of independent bits


def mux_error(first, second, chosen):
    """Mean square error of a multiplexer of 2 products at L = 8, exact; the second passes in the `chosen` cycles."""
    grid = np.arange(9)
    ones = (first < grid[:, None])[:, None] & (second < grid[:, None])
    errors = [(ones & passed).sum(-1) / 8 - np.outer(grid, grid) / 128 for passed in (~chosen, chosen)]
    return sum(each.var() for each in errors) + sum(each.mean() for each in errors) ** 2


def test_no_select_of_8_cycles_is_better_than_the_best_pair_of_sobol_dimensions():
    first, second, select = (circuits.SobolLines(8, 1, 10, line).sequence(8) for line in range(3))
    sobol = mux_error(first, second, select >= 4)
    halves = [np.isin(np.arange(8), half) for half in itertools.combinations(range(8), 4)]
    permutation = Searched.of_length(8).permutation
    every = [mux_error(permutation, np.arange(8), half) for half in halves]
    assert min(every) > sobol
    ours = lines(Searched.of_length(8), 3)
    assert mux_error(ours[0], ours[1], ours[2] >= 4) == pytest.approx(min(every))


@pytest.mark.parametrize("length", [64, 128])
def test_an_order_that_is_not_searched_fails(length):
    """The twin: with the ones of the weights in one run, currents and adders are farther off than with Sobol."""
    unordered = Searched(Searched.of_length(length).permutation)
    for name in ("saturating adder, 8 split products", "current over L / 4 cycles"):
        assert circuits.FIGURES[name](unordered, length) > circuits.figures(name, length)[1]


def test_figures_are_those_of_circuits_in_plain_numpy():
    """A saturating adder, a multiplexer and an OR, cycle by cycle."""
    length, rng = 16, np.random.default_rng(3)
    x, w = rng.integers(0, length + 1, 4), rng.integers(0, length + 1, 4)
    generator = Searched.of_length(length)
    first, second, select = lines(generator, 3)
    held, units, passed, any_one = 0, 0, 0, 0
    for cycle in range(length):
        ones = [first[cycle] < x[i] and second[cycle] < w[i] for i in range(4)]
        held += sum(ones)
        units += held >= 1
        held -= held >= 1
        passed += ones[select[cycle] * 4 // length]
        any_one += any(ones)
    for accumulate, want in (("saturate", units), ("mux", passed), ("or", any_one)):
        layer = sc.VectorizedSCLayer.from_weights(
            w[None] / length, length=length, generator="searched", accumulate=accumulate
        )
        assert layer.forward(x / length)[0] == want / length


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("length", [*SHORT, 64, 100, 256])
def test_any_two_lines_may_be_anded(length):
    every = lines(Searched.of_length(length))
    assert len(every) == (2 if length < 3 else 32 if length > 4 else len(every))
    some = every if length <= 64 else every[:8] + every[-4:]
    for one, two in itertools.combinations(range(len(some)), 2):
        if length > 1:
            assert and_error(some[one], some[two]) <= 1.5


@pytest.mark.parametrize("length", [3, 4, 5, 6, 7, 8, 11, 16, 33, 64, 100, 256])
def test_any_three_lines_may_be_ored(length):
    every = lines(Searched.of_length(length))
    grid = np.arange(length + 1) if length <= 16 else np.unique(np.linspace(0, length, 12).astype(int))
    triples = list(itertools.combinations(range(len(every)), 3))
    rng = np.random.default_rng(length)
    for index in {0, *rng.integers(0, len(triples), 150).tolist()}:
        assert or_error([every[line] for line in triples[index]], grid) <= 1.5, triples[index]


@pytest.mark.parametrize("length", [5, 16, 100])
def test_pairs_of_inputs_and_weights_have_the_figure_of_the_first(length):
    every = lines(Searched.of_length(length))
    figure = and_error(every[0], every[1])
    for pair in range(2, len(every), 2):
        assert and_error(every[pair], every[pair + 1]) == pytest.approx(figure)


def test_lines_that_are_not_independent_are_refused():
    """The twin: a line again, shifted in time by a cycle, or its complement."""
    for numbers in lines(Searched.of_length(64), 2):
        for other in (numbers, 63 - numbers):
            assert and_error(numbers, other) > 1.5
            independent = IndependentLines(64)
            independent.append(numbers.astype(np.uint32))
            assert not independent.take(other.astype(np.uint32))


def test_lines_of_a_permutation_of_ones_own():
    generator = Searched(np.random.default_rng(1).permutation(40))
    assert generator.n_lines == 32
    assert (generator.decorrelated(1).sequence(40) == np.arange(40)).all()
    every = lines(generator)
    for one, two in itertools.combinations(range(32), 2):
        assert and_error(every[one], every[two]) <= 1.5
    # The order of lines 2 and 3 is drawn: the ranks of Philox words, fixed for ever.
    assert Searched(range(4)).n_lines == 2  # the same number on both lines: no other pair like it is independent
    assert lines(Searched([1, 5, 3, 7, 0, 6, 2, 4]), 4)[3].tolist() == KNOWN


@pytest.mark.parametrize(
    ("build", "needed"),
    [
        (lambda: Encoder(17, 64, "searched", share="independent"), 33),
        (lambda: Encoder(1, 64, "searched", partner=32), 33),
        (lambda: Searched.of_length(64).decorrelated(5).decorrelated(40), 41),
        (lambda: Searched(Searched.of_length(64).permutation).decorrelated(1).decorrelated(40), 41),
    ],
)
def test_more_lines_than_there_are(build, needed):
    with pytest.raises(ValueError, match=rf"needs {needed} independent lines, got .* with 32; generator 'bernoulli'"):
        build()


def test_circuits_with_further_lines():
    x = np.full(4, 0.5)
    streams = Encoder(4, 64, "searched", share="independent").encode(x)
    assert streams.value().tolist() == [0.5] * 4
    assert len({tuple(row) for row in streams.bits().tolist()}) == 4
    layer = sc.VectorizedSCLayer(4, 2, length=64, generator="searched", accumulate="mux", seed=0)
    assert layer.forward(x) == pytest.approx(layer.expected(x), abs=0.05)


def test_a_line_and_its_partners():
    generator = Searched.of_length(24)
    line = generator.decorrelated(5)
    assert line.decorrelated(0) is line
    assert line.decorrelated(5) is generator
    assert line.decorrelated(3) == generator.decorrelated(3)
    assert line != generator.decorrelated(4)
    assert (line.modulus, line.bits, line.n_lines) == (24, 5, 32)
    assert (line.sequence(50) == np.resize(generator.orders[2], 50)).all()
    assert repr(line) == "Searched.of_length(24).decorrelated(5)"
    for copied in (copy.deepcopy(line), pickle.loads(pickle.dumps(line))):
        assert copied == line
        assert hash(copied) == hash(line)


def test_one_cycle():
    for generator in (make_generator("searched", 1), Searched([0])):
        assert (generator.modulus, generator.bits) == (1, 1)
        for partner in (0, 1):
            streams = Encoder(2, 1, generator, partner=partner).encode([0.0, 1.0])
            assert streams.value().tolist() == [0, 1]
    layer = sc.VectorizedSCLayer.from_weights([[1.0, 0.3]], length=1, generator="searched", accumulate="sum")
    assert layer.forward([0.9, 0.9]).tolist() == [1.0]


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        ([0, 1], ValueError, r"order must have shape \(3,\) or \(k >= 1, 3\), got \(2,\)"),
        (np.zeros((0, 3), int), ValueError, r"order must have shape \(3,\) or \(k >= 1, 3\), got \(0, 3\)"),
        ([0, 1, 1], ValueError, "order must have each of 0 .. 2 once"),
        ([[0, 1, 2], [0, 1, 3]], ValueError, "order must have each of 0 .. 2 once"),
        ([0.0, 1.0, 2.0], TypeError, "order must be integers, got float64"),
        (np.zeros((1, 1, 3), int), ValueError, r"order must have shape \(3,\) or \(k >= 1, 3\), got \(1, 1, 3\)"),
    ],
)
def test_wrong_orders(order, error, message):
    with pytest.raises(error, match=message):
        Searched([2, 0, 1], order)


def test_what_is_printed():
    assert str(Searched.of_length(32)).endswith(", 447 um^2 of sky130 cells")
    assert "um^2" not in str(Searched.of_length(33))
    assert repr(Searched([1, 0, 2], [2, 1, 0])) == "Searched([1, 0, 2], [[2, 1, 0]])"


# ---------------------------------------------------------------- the search


def test_an_arrangement_keeps_its_books():
    rng = np.random.default_rng(0)
    square = rng.normal(size=(2, 3, 12, 12))
    ties, kernels = square @ np.swapaxes(square, -1, -2)
    places = annealing.arrange(ties, kernels, 20_000, 1.0, 1e-4, seed=1)
    assert sorted(places.tolist()) == list(range(12))
    assert (places == annealing.arrange(ties, kernels, 20_000, 1.0, 1e-4, seed=1)).all()

    def cost(each):
        return (ties * kernels[:, each[:, None], each]).sum()

    for i, j in itertools.combinations(range(12), 2):  # no swap is better
        swapped = places.copy()
        swapped[[i, j]] = swapped[[j, i]]
        assert cost(swapped) >= cost(places)


@pytest.mark.parametrize("length", [5, 12])
def test_the_cost_of_an_order_is_the_mean_square_of_what_it_leaves_in_boxes(length):
    """Kernel sums against counts, for the tables of two lines."""
    rng = np.random.default_rng(length)
    first, second = rng.permutation(length), rng.permutation(length)
    ties = orders.centred(orders.thresholds_kernel(first))
    kernel = orders.thresholds_kernel(second)
    grid = np.arange(1, length + 1)[:, None]
    ones = (first < grid).astype(float)
    boxes = (ones - ones.mean(axis=1, keepdims=True)) @ (second < grid).T
    assert (ties * kernel).sum() == pytest.approx(np.sum(boxes**2) / length**2)


def test_a_search_finds_the_orders_of_the_package():
    for length in (4, 6):
        shipped = Searched.of_length(length)
        assert (orders.search_orders(shipped.permutation.astype(np.int64)) == shipped.orders).all()
