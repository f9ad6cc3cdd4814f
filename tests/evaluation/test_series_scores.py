"""Scores of predicted series."""

import numpy as np
import pytest

from sc_neurocore.evaluation import memory_capacity, nrmse_std


def test_nrmse_divides_by_the_standard_deviation():
    rng = np.random.default_rng(0)
    y, e = rng.normal(5, 3, 1000), rng.normal(0, 1, 1000)
    assert nrmse_std(y + e, y) == pytest.approx(np.sqrt((e**2).mean()) / y.std(), rel=1e-12)
    assert nrmse_std(np.full(1000, y.mean()), y) == pytest.approx(1, rel=1e-12)
    assert nrmse_std(y, y) == 0


def test_memory_capacity_is_a_sum_of_squared_correlations():
    rng = np.random.default_rng(1)
    wanted = rng.normal(size=(500, 3))
    found = wanted * [1, -2, 0] + rng.normal(size=(500, 3)) * [0, 1, 0] + 7
    squares = np.corrcoef(found[:, 1], wanted[:, 1])[0, 1] ** 2
    assert memory_capacity(found, wanted) == pytest.approx(1 + squares, rel=1e-12)


@pytest.mark.parametrize("score", [nrmse_std, memory_capacity])
def test_errors(score):
    y = np.arange(6.0).reshape(3, 2)
    with pytest.raises(ValueError, match=r"predicted must have shape \(3, 2\), got \(2, 2\)"):
        score(y[:2], y)
    with pytest.raises(ValueError, match="target must be finite, got nan"):
        score(y, y * np.nan)
    with pytest.raises(TypeError, match="predicted must be an array of real numbers"):
        score("text", y)


def test_a_constant_target_has_no_nrmse():
    for y in ([1.0, 1.0], []):
        with pytest.raises(ValueError, match="target must have values that differ"):
            nrmse_std(y, y)
