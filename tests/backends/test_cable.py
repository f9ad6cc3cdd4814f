"""The cable: `compiled` (and who borrows it) eliminates along the tree, `reference` solves the dense system."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.types import Tree


def random_tree(rng, n, bare):
    parent = np.array([0, *(rng.integers(0, i) for i in range(1, n))], np.int64)
    capacity, leak, axial = rng.uniform(0.1, 2, (3, n))
    axial[0] = 0.0
    if bare and n > 1:
        capacity[rng.integers(0, n)] = leak[rng.integers(0, n)] = 0.0
    return Tree(parent, capacity, leak, axial)


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 17, 65])
@pytest.mark.parametrize("dt", [0.01, 1.0, 1000.0])
@pytest.mark.kernels("cable")
def test_equal(backend, n, dt, bare):
    rng = np.random.default_rng(n)
    tree = random_tree(rng, n, bare)
    for steps in (0, 1, 7):
        for sites in (np.arange(0), rng.permutation(n)[: 1 + n // 2]):
            source, given = rng.normal(size=(steps, sites.size)), rng.uniform(0, 5, (steps, sites.size))
            v, probes = rng.normal(size=n), rng.integers(0, n, 3)
            for conductance in (given, given[:0]):
                start = v.copy()
                mine = backend.cable(tree, dt, v, sites, source, conductance, probes)
                theirs = reference.cable(tree, dt, v, sites, source, conductance, probes)
                np.testing.assert_array_equal(v, start)
                for left, right in zip(mine, theirs, strict=True):
                    assert left.shape == right.shape
                    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("hold", [1, 3])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.kernels("cables")
def test_cables_are_many_cables_at_rest(backend, hold, given):
    rng = np.random.default_rng(hold)
    tree, probes = random_tree(rng, 9, True), np.array([0, 4])
    for rows, steps in ((0, 3), (1, 0), (5, 7), (600, 40)):
        source = rng.normal(size=(rows, steps, 3))
        conductance = rng.uniform(0, 5, source.shape) if given else source[:, :0]
        mine = backend.cables(tree, 0.5, hold, np.array([1, 5, 7]), source, conductance, probes)
        assert mine.shape == (rows, 2)
        for r in range(min(rows, 5)):
            each = np.repeat(source[r], hold, 0), np.repeat(conductance[r], hold, 0)
            _, last = backend.cable(tree, 0.5, np.zeros(9), np.array([1, 5, 7]), *each, probes)
            np.testing.assert_allclose(mine[r], last[probes], rtol=1e-12, atol=1e-15)
        if rows * steps < 100:
            theirs = reference.cables(tree, 0.5, hold, np.array([1, 5, 7]), source, conductance, probes)
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-11)


def test_two_nodes_by_hand(every_backend):
    # without capacity the step solves (2 + 3 + 1) v0 - 2 v1 = 8, (2 + 2) v1 - 2 v0 = 0: v0 = 1.6, v1 = .8
    tree = Tree(np.array([0, 0]), np.zeros(2), np.array([1.0, 2.0]), np.array([0.0, 2.0]))
    out, last = every_backend.cable(
        tree, 1.0, np.ones(2), np.array([0]), np.array([[8.0]]), np.array([[3.0]]), np.array([1, 0])
    )
    np.testing.assert_allclose(out, [[0.8, 1.6]], rtol=1e-12)
    np.testing.assert_allclose(last, [1.6, 0.8], rtol=1e-12)


def test_one_node_by_hand(every_backend):
    # a leak of (2 + sqrt 2) / dt makes a * leak = 1: y = v / 2, then v' = ((1 + sqrt 2) / 2 - sqrt 2) v / 2
    tree = Tree(np.array([0]), np.ones(1), np.array([2 + np.sqrt(2)]), np.zeros(1))
    none = np.zeros((1, 0))
    _, last = every_backend.cable(tree, 1.0, np.ones(1), np.arange(0), none, none[:0], np.array([0]))
    np.testing.assert_allclose(last, [(1 - np.sqrt(2)) / 4], rtol=1e-12)
