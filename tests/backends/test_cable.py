"""The cable: `compiled` eliminates along the tree, `reference` solves the dense system."""

import numpy as np
import pytest

from sc_neurocore.backends import compiled, reference
from sc_neurocore.backends.reference import Tree

KERNELS = pytest.mark.parametrize("kernels", [reference, compiled], ids=["reference", "compiled"])


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
def test_equal(n, dt, bare):
    rng = np.random.default_rng(n)
    tree = random_tree(rng, n, bare)
    for steps in (0, 1, 7):
        for sites in (np.arange(0), rng.permutation(n)[: 1 + n // 2]):
            source, given = rng.normal(size=(steps, sites.size)), rng.uniform(0, 5, (steps, sites.size))
            v, probes = rng.normal(size=n), rng.integers(0, n, 3)
            for conductance in (given, given[:0]):
                start = v.copy()
                mine = compiled.cable(tree, dt, v, sites, source, conductance, probes)
                theirs = reference.cable(tree, dt, v, sites, source, conductance, probes)
                np.testing.assert_array_equal(v, start)
                for left, right in zip(mine, theirs, strict=True):
                    assert left.shape == right.shape
                    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-11)


@KERNELS
def test_two_nodes_by_hand(kernels):
    # without capacity the step solves (2 + 3 + 1) v0 - 2 v1 = 8, (2 + 2) v1 - 2 v0 = 0: v0 = 1.6, v1 = .8
    tree = Tree(np.array([0, 0]), np.zeros(2), np.array([1.0, 2.0]), np.array([0.0, 2.0]))
    out, last = kernels.cable(
        tree, 1.0, np.ones(2), np.array([0]), np.array([[8.0]]), np.array([[3.0]]), np.array([1, 0])
    )
    np.testing.assert_allclose(out, [[0.8, 1.6]], rtol=1e-12)
    np.testing.assert_allclose(last, [1.6, 0.8], rtol=1e-12)


@KERNELS
def test_one_node_by_hand(kernels):
    # a leak of (2 + sqrt 2) / dt makes a * leak = 1: y = v / 2, then v' = ((1 + sqrt 2) / 2 - sqrt 2) v / 2
    tree = Tree(np.array([0]), np.ones(1), np.array([2 + np.sqrt(2)]), np.zeros(1))
    none = np.zeros((1, 0))
    _, last = kernels.cable(tree, 1.0, np.ones(1), np.arange(0), none, none[:0], np.array([0]))
    np.testing.assert_allclose(last, [(1 - np.sqrt(2)) / 4], rtol=1e-12)
