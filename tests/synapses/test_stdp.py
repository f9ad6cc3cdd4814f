"""STDP: the window, the drift, the eligibility, the gates; the class against its pure functions."""

import math

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.synapses import PlasticSynapses, Traces, pair_stdp_step, reward_stdp_step, stdp_drift, stdp_window

ALARM = 1e-9
TAUS = {"tau_plus": 16.8, "tau_minus": 33.7}


def change_of_pair(interval, **options):
    """Weight change of one synapse when post comes `interval` cycles after pre, by the pure functions."""
    traces, total = Traces(np.zeros(1), np.zeros(1)), 0.0
    for t in range(abs(interval) + 1):
        pre, post = t == max(-interval, 0), t == max(interval, 0)
        traces, change = pair_stdp_step(traces, [pre], [post], **options)
        total += change[0, 0]
    return total


@pytest.mark.parametrize("options", [{}, {"a_plus": 0.3, "a_minus": 0.7, "tau_plus": 5.0, "tau_minus": 50.0}])
@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_window_of_the_step(options, dt):
    intervals = np.arange(-100, 101)
    found = [change_of_pair(k, dt_ms=dt, **options) for k in intervals.tolist()]
    want = stdp_window(intervals * dt, **options)
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-12)
    assert found[100] == want[100] == 0  # a pair within one cycle has no order
    a, tau = options.get("a_plus", 0.01), options.get("tau_plus", 16.8)
    assert want[150] == pytest.approx(a * math.exp(-50 * dt / tau), abs=1e-15)


def test_window_of_the_class():
    for k in range(-100, 101):
        synapses = PlasticSynapses(1, 1, learning_rate=0.5, step=0.5, deterministic=True, weights=[[0.5]])
        for t in range(abs(k) + 1):
            synapses.step([t == max(-k, 0)], [t == max(k, 0)])
        want = stdp_window(k, a_plus=0.25, a_minus=0.125)
        assert synapses.weights[0, 0] - 0.5 == pytest.approx(want, abs=1e-12)


def test_default_areas_balance():
    """Depression over potentiation: 1.8 % more in cycles of 1 ms, .3 % more in short ones; by sums over the window."""

    def excess(dt):
        window = stdp_window(np.arange(-400_000, 400_001) * dt)
        return -window[window < 0].sum() / window[window > 0].sum() - 1

    assert f"{excess(1.0):.3f}" == "0.018"
    assert f"{excess(0.005):.3f}" == "0.003"
    assert 0.005 * TAUS["tau_minus"] / (0.01 * TAUS["tau_plus"]) - 1 == pytest.approx(excess(0.005), abs=1e-4)
    assert stdp_drift(1.0, 1.0, dt_ms=1e-3) == pytest.approx(0.01 * 16.8 - 0.005 * 33.7, abs=1e-5)


def test_drift_is_the_sum_of_the_window():
    for dt in (1.0, 0.1):
        k = np.arange(-60_000, 60_001)
        total = stdp_window(k * dt, a_minus=0.02).sum()
        assert stdp_drift(0.3, 0.2, a_minus=0.02, dt_ms=dt) == pytest.approx(0.06 * total * dt, rel=1e-9)


@pytest.mark.parametrize("reward", [0.7, -0.7])
def test_eligibility_waits_for_the_reward(reward):
    """A pair at 0 and 1, a reward k cycles later."""
    for k in (0, 1, 50, 400):
        synapses = PlasticSynapses(
            1, 1, learning_rate=0.5, step=0.5, rule="reward", deterministic=True, tau_eligibility=200.0, weights=[[0.5]]
        )
        synapses.step([1], [0])
        synapses.step([0], [1], reward if k == 0 else 0.0)
        for t in range(1, k + 1):
            assert synapses.weights[0, 0] == 0.5
            synapses.step([0], [0], reward if t == k else 0.0)
        want = reward * 0.5 * 0.5 * math.exp(-1 / 16.8) * math.exp(-k / 200)
        assert synapses.weights[0, 0] - 0.5 == pytest.approx(want, abs=1e-12)


def test_class_is_the_pure_functions():
    rng = np.random.default_rng(1)
    start = rng.uniform(0.4, 0.6, (3, 5))
    pair = PlasticSynapses(5, 3, -1.0, 1.0, 0.002, 0.7, step=0.5, deterministic=True, weights=2 * start - 1)
    reward = PlasticSynapses(
        5, 3, -1.0, 1.0, 0.002, 0.7, step=0.5, rule="reward", deterministic=True, weights=2 * start - 1
    )
    traces, weights, trained, c = Traces(np.zeros(5), np.zeros(3)), 2 * start - 1, 2 * start - 1, np.zeros((3, 5))
    a_plus = 0.002 * 0.5 * 2
    for _ in range(40):
        pre, post, amount = rng.random(5) < 0.2, rng.random(3) < 0.2, rng.normal()
        traces, change = pair_stdp_step(traces, pre, post, a_plus=a_plus, a_minus=0.7 * a_plus)
        c, modulated = reward_stdp_step(c, change, amount)
        weights, trained = weights + change, trained + modulated
        pair.step(pre, post)
        reward.step(pre, post, amount)
    np.testing.assert_allclose(pair.weights, weights, rtol=0, atol=1e-12)
    np.testing.assert_allclose(reward.weights, trained, rtol=0, atol=1e-12)


def gates_p_value(rate, believed):
    """Up gates of 20000 synapses at one pair, against a binomial law."""
    synapses = PlasticSynapses(200, 100, learning_rate=rate, step=0.25, weights=np.full((100, 200), 0.5), seed=3)
    synapses.step(np.ones(200), np.zeros(100))
    synapses.step(np.zeros(200), np.ones(100))
    opened = synapses.weights == 0.75
    assert np.all(opened | (synapses.weights == 0.5))
    return stats.binomtest(int(opened.sum()), opened.size, believed * math.exp(-1 / 16.8)).pvalue


def test_gates_open_with_the_probability_of_the_trace():
    assert gates_p_value(0.3, 0.3) > ALARM
    assert gates_p_value(0.33, 0.3) < ALARM


def test_both_gates_are_never_open_together():
    """Post, then pre, then both: the up and the down gate of a cycle share a number."""
    synapses = PlasticSynapses(
        300, 100, learning_rate=0.5, ltd_ratio=1.0, step=0.25, weights=np.full((100, 300), 0.5), seed=3
    )
    synapses.step(np.ones(300), np.zeros(100))
    synapses.weights[:] = 0.5
    synapses.traces.pre[:] = 1 / synapses.parameters.keep_pre
    synapses.traces.post[:] = 1 / synapses.parameters.keep_post
    synapses.step(np.ones(300), np.ones(100))
    values, counts = np.unique(synapses.weights, return_counts=True)
    assert values.tolist() == [0.25, 0.75]  # half up, half down, none stays
    assert stats.binomtest(int(counts[0]), 30_000, 0.5).pvalue > ALARM


@pytest.mark.parametrize("rule", ["pair", "coincidence"])
def test_soft_bounds_scale_with_the_distance(rule):
    for start in (0.1, 0.5, 0.9):
        synapses = PlasticSynapses(1, 1, learning_rate=0.5, ltd_ratio=1.0, step=0.5, rule=rule, soft_bounds=True,
                                   deterministic=True, weights=[[start]])  # fmt: skip
        hard = PlasticSynapses(1, 1, learning_rate=0.5, ltd_ratio=1.0, step=0.5, rule=rule, deterministic=True,
                               weights=[[0.5]])  # fmt: skip
        for pre, post in (([1], [1]), ([0], [1])) if rule == "coincidence" else (([1], [0]), ([0], [1])):
            synapses.step(pre, post)
            hard.step(pre, post)
        # In the pair rule the first cycle changes nothing; in the other the second one.
        assert synapses.weights[0, 0] - start == pytest.approx((hard.weights[0, 0] - 0.5) * (1 - start), abs=1e-15)


def test_coincidence_counts_up_and_down():
    synapses = PlasticSynapses(2, 2, learning_rate=0.5, ltd_ratio=0.5, step=0.5, rule="coincidence", deterministic=True,
                               weights=np.full((2, 2), 0.5))  # fmt: skip
    synapses.step([1, 0], [1, 0])
    np.testing.assert_array_equal(synapses.weights, [[0.75, 0.5], [0.375, 0.5]])


def test_weights_stop_at_the_ends():
    synapses = PlasticSynapses(1, 1, -2.0, 3.0, learning_rate=1.0, ltd_ratio=3.0, step=1.0, weights=[[2.9]], seed=0)
    synapses.step([1], [0])
    synapses.step([0], [1])
    assert synapses.weights[0, 0] in (2.9, 3.0)
    for _ in range(20):
        synapses.step([0], [1])
        synapses.step([1], [0])
    assert synapses.weights[0, 0] == -2.0


def test_seed_and_reset():
    rng = np.random.default_rng(2)
    trains = rng.random((50, 8)) < 0.3

    def run(synapses):
        for spikes in trains:
            synapses.step(spikes[:5], spikes[5:])
        return synapses.weights

    options = {"learning_rate": 0.3}
    first = run(PlasticSynapses(5, 3, seed=0, **options))
    np.testing.assert_array_equal(first, run(PlasticSynapses(5, 3, seed=0, **options)))
    assert np.any(first != run(PlasticSynapses(5, 3, seed=1, **options)))
    synapses = PlasticSynapses(5, 3, seed=0, **options)
    start = synapses.weights
    run(synapses)
    synapses.reset()
    synapses.weights = start
    np.testing.assert_array_equal(first, run(synapses))
    assert repr(synapses) == "PlasticSynapses(5 -> 3, rule='pair', learning_rate=0.3)"


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"learning_rate": 1.5}, ValueError, r"learning_rate must be a number in \[0, 1\], got 1.5"),
    ({"ltd_ratio": -1}, ValueError, "ltd_ratio must"),
    ({"rule": "hebb"}, ValueError, "rule must be one of pair, coincidence, reward, got 'hebb'"),
    ({"tau_plus": 0}, ValueError, "tau_plus must be a finite number above 0, got 0"),
    ({"step": 0.0}, ValueError, "step must be a finite number above 0"),
    ({"step": 1.5}, ValueError, r"step must be a number in \[0, 1\], got 1.5"),
    ({"soft_bounds": 1}, TypeError, "soft_bounds must be True or False"),
    ({"w_min": 1.0}, ValueError, "w_max must be above w_min=1, got 1"),
    ({"weights": [[0.5, 2.0]]}, ValueError, r"weights must lie in \[0, 1\], got 2.0"),
    ({"weights": [0.5]}, ValueError, r"weights must have shape \(1, 2\), got \(1,\)"),
])  # fmt: skip
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        PlasticSynapses(2, 1, **options)


def test_bad_spikes_change_nothing():
    synapses = PlasticSynapses(2, 1, seed=0)
    for pre, post, message in (([0, 0.5], [1], "pre must be 0 or 1, got 0.5"), ([0, 1], [2], "post must lie"),
                               ([0], [1], "pre must have shape")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            synapses.step(pre, post)
    assert synapses.cycles == 0
    synapses.weights[0, 0] = 1.5
    for call in (lambda: synapses.step([0, 1], [1]), lambda: synapses.shares):
        with pytest.raises(ValueError, match=r"weights must lie in \[0, 1\], got 1.5"):
            call()
    assert synapses.cycles == 0
    with pytest.raises(ValueError, match="weights must be edited"):
        PlasticSynapses(2, 1, seed=0).shares[0, 0] = 0.5


def test_edited_weights_are_seen_and_others_keep_their_bits():
    synapses, twin = (PlasticSynapses(30, 20, -0.3, 1.1, seed=0, learning_rate=0.9) for _ in range(2))
    weights = synapses.weights
    weights[3, 4] = 0.25
    shares = twin.shares.copy()
    shares[3, 4] = (0.25 - -0.3) / (1.1 - -0.3)
    twin.weights[:] = synapses.weights  # a copy of all: the same
    for each in (synapses, twin):
        np.testing.assert_array_equal(each.shares, shares)
        each.step(np.ones(30), np.zeros(20))
        each.step(np.zeros(30), np.ones(20))
    np.testing.assert_array_equal(synapses.weights, twin.weights)
    np.testing.assert_array_equal(weights, -0.3 + (1.1 - -0.3) * shares)  # what was, from before it learned
    assert (weights != synapses.weights).any()
    with pytest.raises(ValueError, match="read-only"):
        weights[3, 4] = 0.5
    synapses.reset(weights=True)
    np.testing.assert_array_equal(synapses.weights, PlasticSynapses(30, 20, -0.3, 1.1, seed=0).weights)
