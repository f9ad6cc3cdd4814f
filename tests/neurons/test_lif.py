"""Leaky integrate-and-fire neurons against closed forms and a plain loop."""

import itertools
import math
import pickle

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.backends.reference import standard_normals
from sc_neurocore.neurons import LIFNeurons, LIFParameters, LIFState, lif_step

QUIET = {"noise_std": 0.0}


def loop(currents, v_rest=0.0, v_reset=0.0, v_threshold=1.0, tau_mem=20.0, resistance=1.0, refractory_period=0,
         dt=1.0, noise_std=0.0, normals=None):  # fmt: skip
    """One neuron, a step at a time: the rule as the documentation writes it."""
    v, left, spikes = v_rest, 0, []
    for t, current in enumerate(currents):
        if left:
            v, left, spike = v_rest, left - 1, 0
        else:
            noise = 0.0 if normals is None else noise_std * math.sqrt(dt) * normals[t]
            v += -(v - v_rest) * dt / tau_mem + resistance * current * dt + noise
            spike = int(v >= v_threshold)
            if spike:
                v = v - v_threshold if v_reset is None else v_reset
                left = refractory_period
        spikes.append(spike)
    return spikes, v


PARAMETERS = [
    {},
    {"v_rest": -0.2, "v_reset": -0.5, "v_threshold": 0.7, "tau_mem": 7.0, "resistance": 1.7, "refractory_period": 3},
    {"v_reset": None, "tau_mem": 3.3, "resistance": 3.0, "refractory_period": 1},
]


@pytest.mark.parametrize("dt", [1.0, 0.3])
@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_equal_to_a_plain_loop(parameters, noise, dt):
    rng = np.random.default_rng(5)
    neurons = LIFNeurons(19, {**parameters, "noise_std": noise}, dt, seed=3)
    currents = rng.uniform(0, 0.3, (19, 400))
    spikes = neurons.run(currents)
    normals = standard_normals(neurons.noise_key, 19, 0, 400)
    for j in range(19):
        want, v = loop(currents[j], dt=dt, noise_std=noise, normals=normals[j], **parameters)
        assert spikes[j].tolist() == want
        assert neurons.v[j] == v
    assert spikes.any()


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_pure_step_is_the_population(parameters):
    rng = np.random.default_rng(6)
    currents = rng.uniform(0, 0.4, (8, 150))
    chosen = LIFParameters(**parameters, noise_std=0.1)
    neurons = LIFNeurons(8, chosen, 0.5, seed=1)
    normals = standard_normals(neurons.noise_key, 8, 0, 150)
    spikes = neurons.run(currents)
    state = LIFState(np.full(8, chosen.v_rest), np.zeros(8, np.int64))
    before = state.v.copy()
    first = lif_step(state, currents[:, 0], chosen, 0.5, normals[:, 0])
    np.testing.assert_array_equal(state.v, before)
    again = lif_step(state, currents[:, 0], chosen, 0.5, normals[:, 0])
    np.testing.assert_array_equal(first[0].v, again[0].v)
    for t in range(150):
        state, fired = lif_step(state, currents[:, t], chosen, 0.5, normals[:, t])
        np.testing.assert_array_equal(fired, spikes[:, t])
    np.testing.assert_array_equal(state.v, neurons.v)
    np.testing.assert_array_equal(state.refractory_left, neurons.refractory_left)


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_step_response(dt):
    """Below threshold v_t = v_rest + R I tau (1 - (1 - dt / tau)**t)."""
    tau, current, resistance, rest = 20.0, 0.02, 1.5, -0.3
    neurons = LIFNeurons(1, {"tau_mem": tau, "resistance": resistance, "v_rest": rest, **QUIET}, dt)
    seen = []
    for _ in range(300):
        neurons.step(current)
        seen.append(neurons.v[0])
    t = np.arange(1, 301)
    want = rest + resistance * current * tau * (1 - (1 - dt / tau) ** t)
    np.testing.assert_allclose(seen, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("refractory", [0, 1, 5])
@pytest.mark.parametrize("current", [0.051, 0.06, 0.0817, 0.13, 0.4, 1.2])
@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_interval(current, dt, refractory):
    neurons = LIFNeurons(1, {**QUIET, "refractory_period": refractory}, dt)
    steps = np.flatnonzero(neurons.run(np.full((1, 1000), current))[0])
    rise = math.ceil(math.log(1 - 1 / (current * 20)) / math.log(1 - dt / 20)) if current * dt < 1 else 1
    assert steps[0] == rise - 1
    np.testing.assert_array_equal(np.diff(steps), rise + refractory)


def test_spike_and_reset_are_in_one_step():
    neurons = LIFNeurons(1, {**QUIET, "v_rest": 0.1, "v_reset": -0.4, "refractory_period": 2})
    seen = [(int(neurons.step(1.0)[0]), float(neurons.v[0]), int(neurons.refractory_left[0])) for _ in range(5)]
    assert seen[:3] == [(1, -0.4, 2), (0, 0.1, 1), (0, 0.1, 0)]
    assert seen[3][0] == 1


def test_threshold_is_reached_at_equality():
    assert LIFNeurons(1, QUIET).step(1.0).tolist() == [1]
    assert LIFNeurons(1, QUIET).step(np.nextafter(1.0, 0)).tolist() == [0]


@pytest.mark.parametrize("dt", [1.0, 0.25])
def test_noise_makes_the_stationary_variance(dt):
    """Of v <- a v + N(0, s sqrt(dt)): s**2 dt / (1 - a**2), a = 1 - dt / tau."""
    neurons = LIFNeurons(2000, {"noise_std": 0.1, "tau_mem": 5.0, "v_threshold": 1e9}, dt, seed=2)
    neurons.run(np.zeros((1, 400)))

    def p_value(sample, variance):
        statistic, chi2 = float(np.sum(sample**2) / variance), stats.chi2(len(sample))
        return 2 * min(chi2.cdf(statistic), chi2.sf(statistic))

    want = 0.01 * dt / (1 - (1 - dt / 5) ** 2)
    assert p_value(neurons.v, want) > 1e-9
    assert p_value(1.25 * neurons.v, want) < 1e-9


@pytest.mark.parametrize("cuts", [(100, 50), (1, 64, 85), (63, 3, 84)])
def test_runs_add_up(cuts):
    currents = np.random.default_rng(1).uniform(0, 0.15, (5, 150))
    one, many = (LIFNeurons(5, {"noise_std": 0.1}, seed=9) for _ in range(2))
    whole = one.run(currents)
    edges = np.cumsum((0, *cuts))
    parts = [many.run(currents[:, a:b]) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    np.testing.assert_array_equal(many.v, one.v)
    one.reset()
    np.testing.assert_array_equal(one.run(currents), whole)


def test_more_neurons_do_not_change_the_first():
    few, many = LIFNeurons(3, seed=4), LIFNeurons(40, seed=4)
    np.testing.assert_array_equal(few.run(np.full((1, 90), 0.06)), many.run(np.full((1, 90), 0.06))[:3])


def test_seed_matters_and_zero_is_a_seed():
    runs = [LIFNeurons(3, {"noise_std": 0.2}, seed=seed).run(np.full((1, 300), 0.05)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_views_share_the_state():
    neurons = LIFNeurons(3, QUIET)
    neurons.run([[0.1]] * 3)
    neurons[1].v[0] = 0.5
    assert neurons.v.tolist() == [0.1, 0.5, 0.1]
    assert [float(state.v[0]) for state in neurons] == [0.1, 0.5, 0.1]
    assert len(neurons) == 3
    with pytest.raises(IndexError):
        neurons[3]


def test_pickle_goes_on():
    neurons = LIFNeurons(3, seed=1)
    neurons.run(np.full((1, 70), 0.06))
    copy = pickle.loads(pickle.dumps(neurons))
    np.testing.assert_array_equal(copy.run(np.full((1, 70), 0.06)), neurons.run(np.full((1, 70), 0.06)))


def test_repr_names_what_was_changed():
    assert repr(LIFNeurons(3, {"tau_mem": 5.0})) == "LIFNeurons(3, dt_ms=1, tau_mem=5.0)"


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"tau": 5.0}, ValueError, "parameters must have keys of v_rest, .*, got 'tau'"),
    ({"tau_mem": 0.0}, ValueError, "tau_mem must be a finite number above 0, got 0"),
    ({"tau_mem": math.nan}, ValueError, "tau_mem must be a finite number above 0, got nan"),
    ({"noise_std": -0.1}, ValueError, "noise_std must be a number in"),
    ({"v_threshold": math.inf}, ValueError, "v_threshold must be a number in"),
    ({"refractory_period": 1.5}, TypeError, "refractory_period must be an integer"),
    ({"refractory_period": -1}, ValueError, "refractory_period must be an integer"),
    ({"v_rest": "0"}, TypeError, "v_rest must be a number"),
])  # fmt: skip
def test_bad_parameters(change, error, message):
    with pytest.raises(error, match=message):
        LIFNeurons(1, change)


def test_bad_arguments():
    with pytest.raises(ValueError, match="dt_ms must be at most tau_mem=20, got 21"):
        LIFNeurons(1, dt_ms=21.0)
    with pytest.raises(TypeError, match="parameters must be a mapping"):
        LIFNeurons(1, 5)
    neurons = LIFNeurons(2, QUIET)
    for bad in ([[0.1]] * 3, [0.1, 0.2]):
        with pytest.raises(ValueError, match="currents must have shape"):
            neurons.run(bad)
    with pytest.raises(ValueError, match="currents must be finite"):
        neurons.run([[math.nan], [0.0]])
    assert neurons.steps == 0
