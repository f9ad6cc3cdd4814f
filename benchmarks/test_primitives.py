"""The cases of `primitives` do the same sums as what stands beside them. No test asserts a time."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse.linalg import splu

from sc_neurocore import LateralInhibition, RallDendrite, WinnerTakeAll

from . import primitives as cases


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_dendrite(benchmark: Any, rng: np.random.Generator) -> None:
    inputs = np.repeat(rng.random((60, cases.BRANCHES)), 100, axis=0)
    dendrite = RallDendrite(cases.BRANCHES, cases.COMPARTMENTS, dt=0.01)
    benchmark(dendrite.run, inputs)
    dendrite.reset()
    out = dendrite.run(inputs)
    dense, sparse = cases.star(dendrite)
    factors = lu_factor(dense)
    first = cases.euler(inputs, dendrite.dt, dense, lambda v: lu_solve(factors, v))
    np.testing.assert_allclose(cases.euler(inputs, dendrite.dt, dense, splu(sparse).solve), first, atol=1e-12)
    np.testing.assert_allclose(out, first, atol=2e-3 * out.max())  # a step of the rival is of first order


def test_inhibition(benchmark: Any, rng: np.random.Generator) -> None:
    x = rng.random(cases.UNITS)
    layer = LateralInhibition(cases.UNITS, cases.STRENGTH, cases.RADIUS)
    out = benchmark(layer.apply, x)
    np.testing.assert_allclose(cases.convolved(x), out, atol=1e-14)
    np.testing.assert_allclose(np.maximum(x - cases.STRENGTH * (cases.banded(cases.UNITS) @ x), 0), out, atol=1e-14)


def test_winners(benchmark: Any, rng: np.random.Generator) -> None:
    x = rng.random(cases.CROWD)
    out = benchmark(WinnerTakeAll(cases.CROWD, cases.WINNERS).apply, x)
    np.testing.assert_array_equal(cases.partitioned(x), out)
    np.testing.assert_array_equal(cases.ranked(x), out)
