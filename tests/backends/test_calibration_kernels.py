"""Kernels of a calibration: pairs of thresholds, annealed permutations, fitted levels, against bits and brute force."""

from itertools import permutations, product

import numpy as np
import pytest

from sc_neurocore.backends import compiled, reference, threads


def same(mine, theirs):
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine, theirs)


def operands(rng, length, n_neurons=3, n_samples=5, fan_in=7, n_groups=1, lowest=-1):
    """Thresholds of inputs and weights, groups of the inputs; the ends of the range among them."""
    inputs = rng.integers(lowest * length, length + 1, (n_samples, fan_in))
    weights = rng.integers(lowest * length, length + 1, (n_neurons, fan_in))
    inputs.flat[:2], weights.flat[:2] = (length, 0), (length, lowest * length)
    return inputs, rng.integers(0, n_groups, inputs.shape), weights


def counted(inputs, groups, weights, permuted):
    """Sums ``(J, S)`` of counts of real streams: a weight meets a counter, an input the permutation of its group."""
    cycles = np.arange(permuted.shape[1])
    own = (cycles < np.abs(weights)[..., None])[:, None]
    other = (permuted[groups] < np.abs(inputs)[..., None])[None]
    signs = np.sign(weights)[:, None] * np.sign(inputs)[None]
    return ((own & other).sum(-1) * signs).sum(-1)


def mean_square(sums, exact, importance, length):
    errors = length * sums - exact
    return float(importance @ errors.var(1))


def exact_of(inputs, weights):
    return (weights @ inputs.T).astype(np.int64)


# ---------------------------------------------------------------- pairs of thresholds


@pytest.mark.kernels("pair_counts")
@pytest.mark.parametrize(("length", "lowest", "n_groups"), [(1, -1, 1), (4, -1, 3), (5, 0, 2), (9, -1, 8)])
def test_pairs_are_cumulated_counts(every_backend, length, lowest, n_groups):
    inputs, groups, weights = operands(np.random.default_rng(length), length, n_groups=n_groups, lowest=lowest)
    pairs = every_backend.pair_counts(inputs, groups, weights, n_groups, length)
    assert pairs.shape == (n_groups, length + 1, length + 1, 15)
    for g, w, a in product(range(n_groups), range(length + 1), range(length + 1)):
        for j, s in product(range(3), range(5)):
            met = (groups[s] == g) & (np.abs(weights[j]) <= w) & (np.abs(inputs[s]) <= a)
            signs = np.sign(weights[j]) * np.sign(inputs[s])
            assert pairs[g, w, a, 5 * j + s] == signs[met].sum()


@pytest.mark.kernels("pair_counts", "anneal", "fit_levels")
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 7, 3, 2), (5, 1, 33, 3), (3, 0, 4, 1), (4, 3, 0, 2)])
@pytest.mark.parametrize("length", [2, 3, 8, 13])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_equal_to_the_reference_at_odd_sizes(backend, sizes, length, count, split_over):
    split_over(count)
    rng = np.random.default_rng([*sizes, length])
    n_neurons, n_samples, fan_in, n_groups = sizes
    inputs = rng.integers(-length, length + 1, (n_samples, fan_in))
    weights = rng.integers(-length, length + 1, (n_neurons, fan_in))
    groups = rng.integers(0, n_groups, inputs.shape)
    pairs = reference.pair_counts(inputs, groups, weights, n_groups, length)
    same(backend.pair_counts(inputs, groups, weights, n_groups, length), pairs)
    if n_samples:
        start = rng.permuted(np.tile(np.arange(length), (n_groups, 1)), axis=1)
        given = pairs, exact_of(inputs, weights), rng.random(n_neurons), start, 200, 2**63 + 7
        same(backend.anneal(*given), reference.anneal(*given))
    if n_samples and fan_in:
        products = np.rint(rng.normal(scale=length, size=(2 * length + 1, 3 * (2 * length + 1))))
        codes = rng.integers(0, products.shape[1], (fan_in, n_samples))
        levels, targets = weights + length, rng.normal(scale=length, size=(n_neurons, n_samples))
        for wanted, passes in product((levels + 0.0, levels + rng.uniform(-1, 1, levels.shape)), (0, 1, 4)):
            given = codes, targets, levels, products, wanted, passes
            same(backend.fit_levels(*given), reference.fit_levels(*given))


# ---------------------------------------------------------------- annealed permutations


def test_the_cost_is_that_of_counted_streams():
    """What is found is never worse than the start, by counts of real streams, and after many swaps much better."""
    length, n_groups = 6, 2
    rng = np.random.default_rng(0)
    inputs, groups, weights = operands(rng, length, 4, 9, 20, n_groups)
    pairs, exact = reference.pair_counts(inputs, groups, weights, n_groups, length), exact_of(inputs, weights)
    importance = rng.random(4)
    start = rng.permuted(np.tile(np.arange(length), (n_groups, 1)), axis=1)

    def cost(permuted):
        return mean_square(counted(inputs, groups, weights, permuted), exact, importance, length)

    costs = []
    for steps in (0, 1, 10, 100, 10_000):
        found = compiled.anneal(pairs, exact, importance, start, steps, 3)
        np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(length), (n_groups, 1)))
        costs.append(cost(found))
    assert costs[0] == cost(start)
    assert max(costs[1:]) <= costs[0]
    assert costs[-1] < 0.9 * costs[0]


@pytest.mark.parametrize("seed", range(5))
def test_the_best_of_all_permutations_of_four_cycles_is_found(seed):
    length = 4
    rng = np.random.default_rng(seed)
    inputs, groups, weights = operands(rng, length, 3, 11, 12)
    importance, exact = rng.uniform(0.5, 2, 3), exact_of(inputs, weights)
    pairs = reference.pair_counts(inputs, groups, weights, 1, length)
    costs = {
        order: mean_square(counted(inputs, groups, weights, np.array([order])), exact, importance, length)
        for order in permutations(range(length))
    }
    found = compiled.anneal(pairs, exact, importance, np.arange(length)[None], 2000, 1)
    assert costs[tuple(found[0])] == min(costs.values()) < np.median(list(costs.values()))


def test_two_permutations_of_three_cycles_are_found_together():
    length, n_groups = 3, 2
    rng = np.random.default_rng(1)
    inputs, groups, weights = operands(rng, length, 2, 13, 10, n_groups)
    exact, importance = exact_of(inputs, weights), np.array([1.0, 0.25])
    pairs = reference.pair_counts(inputs, groups, weights, n_groups, length)
    orders = [np.array(pair) for pair in product(permutations(range(length)), repeat=n_groups)]
    costs = [mean_square(counted(inputs, groups, weights, pair), exact, importance, length) for pair in orders]
    found = compiled.anneal(pairs, exact, importance, np.tile(np.arange(length), (2, 1)), 4000, 1)
    assert mean_square(counted(inputs, groups, weights, found), exact, importance, length) == min(costs)


def test_neurons_of_more_importance_decide():
    """Two neurons that want different permutations: the heavier one gets its own."""
    length = 4
    rng = np.random.default_rng(4)
    inputs, groups, weights = operands(rng, length, 2, 40, 9)
    exact = exact_of(inputs, weights)
    pairs = reference.pair_counts(inputs, groups, weights, 1, length)
    costs = []
    for importance in (np.array([1.0, 0.0]), np.array([0.0, 1.0])):
        found = compiled.anneal(pairs, exact, importance, np.arange(length)[None], 2000, 1)
        sums = counted(inputs, groups, weights, found)
        costs.append([mean_square(sums, exact, own, length) for own in np.eye(2)])
    assert costs[0][0] < costs[1][0]
    assert costs[1][1] < costs[0][1]


# ---------------------------------------------------------------- levels


def sums_of(codes, levels, products):
    return products[levels[:, :, None], codes[None]].sum(1)


def fitting(seed, n_neurons=4, fan_in=6, n_samples=50, n_levels=9, n_codes=5):
    rng = np.random.default_rng(seed)
    products = np.rint(np.outer(np.arange(n_levels) - 4, np.arange(n_codes)) + rng.normal(size=(n_levels, n_codes)))
    codes = rng.integers(0, n_codes, (fan_in, n_samples))
    wanted = rng.uniform(0, n_levels - 1, (n_neurons, fan_in))
    levels = np.rint(wanted).astype(np.int64)
    targets = np.round(sums_of(codes, levels, np.outer(np.arange(n_levels) - 4.0, np.arange(n_codes))), 6)
    return codes, targets + rng.normal(size=targets.shape), levels, products, wanted


@pytest.mark.kernels("fit_levels")
@pytest.mark.parametrize("seed", range(6))
def test_fitted_levels_are_never_worse_and_no_single_move_helps(every_backend, seed):
    codes, targets, levels, products, wanted = fitting(seed)

    def errors(fitted):
        return (sums_of(codes, fitted, products) - targets).var(1)

    costs = [errors(levels)]
    for passes in range(1, 9):
        fitted = every_backend.fit_levels(codes, targets, levels, products, wanted, passes)
        costs.append(errors(fitted))
        assert (costs[-1] <= costs[-2] + 1e-9).all()
    assert costs[-1].sum() < 0.95 * costs[0].sum()
    assert (abs(fitted - wanted) <= 1).all()
    least = errors(fitted)
    for i, step in product(range(fitted.shape[1]), (-1, 1)):
        moved = fitted.copy()
        moved[:, i] += step
        allowed = (moved[:, i] >= 0) & (moved[:, i] < len(products)) & (abs(moved[:, i] - wanted[:, i]) <= 1)
        moved[~allowed] = fitted[~allowed]
        assert (errors(moved) >= least - 1e-9).all()


@pytest.mark.kernels("fit_levels")
def test_a_constant_error_moves_nothing(every_backend):
    """The mean of the errors is taken off where counts are read."""
    codes, _, levels, products, wanted = fitting(0)
    targets = sums_of(codes, levels, products) + np.array([0.0, 5.0, -70.0, 0.25])[:, None]
    same(every_backend.fit_levels(codes, targets, levels, products, wanted, 3), levels)


def test_levels_that_are_given_stay_as_they_are():
    codes, targets, levels, products, wanted = fitting(1)
    before = levels.copy()
    threads.set_threads(2)
    compiled.fit_levels(codes, targets, levels, products, wanted, 3)
    np.testing.assert_array_equal(levels, before)
