"""The letters of Prezioso et al. on 200 chips: clean ones solve the task in about 20 to 30 epochs."""

import numpy as np

from examples.letters import learn, patterns, solved


def test_patterns():
    x, letters = patterns()
    assert x.shape == (30, 10)
    assert len(np.unique(x, axis=0)) == 30
    assert set(np.unique(x)) == {-1.0, 1.0}
    np.testing.assert_array_equal(np.bincount(letters), [10, 10, 10])
    assert (np.abs(x[1:10] - x[0]).sum(1) == 2).all()


def test_clean_chips_solve_the_task_and_stuck_ones_are_slower():
    shares, medians = [], []
    for rate in (0.0, 0.05, 0.2):
        share, epochs = solved(learn(rate, epochs=100))
        shares.append(share)
        medians.append(np.median(epochs))
    assert shares[0] == 1.0
    assert 15 <= medians[0] <= 30
    assert medians[0] < medians[1] < medians[2]
    assert shares[1] > 0.9
    assert shares[2] < shares[1]


def test_one_seed_is_one_run():
    np.testing.assert_array_equal(learn(0.2, 20, 10, seed=3), learn(0.2, 20, 10, seed=3))
    assert not np.array_equal(learn(0.2, 20, 10, seed=3), learn(0.2, 20, 10, seed=4))
