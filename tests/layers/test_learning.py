"""SCLearningLayer: bit-true against plain NumPy, window and drift through the circuit, selectivity, state, errors."""

import pickle

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import SCDenseLayer, SCLearningLayer
from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import unpack
from sc_neurocore.layers import sc_learning_layer
from sc_neurocore.neurons import LIFNeurons
from sc_neurocore.synapses import stdp_drift, stdp_window

ALARM = 1e-9
SIGMAS = 6.1  # two-sided normal probability about 1e-9
GENERATORS = ["bernoulli", "lfsr", "sobol", "halton", "vdc", "ramp"]
FAST = {"learning_rate": 0.2, "y_max": 1.0}


def rates(shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def state_of(layer):
    return {name: value for name, value in layer.state_dict().items() if isinstance(value, np.ndarray)}


def assert_same_state(a, b):
    for name, value in state_of(a).items():
        np.testing.assert_array_equal(value, state_of(b)[name], err_msg=name)


# ---------------------------------------------------------------- bits


@pytest.mark.parametrize("options", [
    {}, {"rule": "coincidence"}, {"rule": "reward", "tau_eligibility": 50.0}, {"deterministic": True},
    {"soft_bounds": True, "wta": 2, "inhibition": 3, "homeostasis": 0.1, "tau_homeostasis": 300.0, "pause_ms": 7.0},
    {"generator": "sobol", "w_min": -2.0, "w_max": 3.0}, {"generator": "lfsr", "bits": 7, "pause_ms": np.inf},
], ids=str)  # fmt: skip
def test_equal_to_the_definition(options, monkeypatch):
    """Spikes, weights and the rest, bit for bit, against `reference.learn`."""

    def run():
        layer = SCLearningLayer(13, 5, length=77, base_seed=0, **FAST, **options)
        reward = rates((3, 77)) - 0.3 if options.get("rule") == "reward" else None
        spikes = layer.run_epoch(rates((3, 13)), reward)
        return spikes, layer

    (mine, layer) = run()
    monkeypatch.setattr(sc_learning_layer.compiled, "learn", reference.learn)
    (theirs, twin) = run()
    np.testing.assert_array_equal(mine, theirs)
    assert mine.any()
    assert_same_state(layer, twin)


@pytest.mark.parametrize("generator", GENERATORS)
def test_spikes_are_those_of_the_streams(generator):
    """Without learning: streams by hand, ANDed, counted, into the neurons of the dense layer."""
    layer = SCLearningLayer(6, 4, length=128, generator=generator, y_max=0.6, base_seed=5)
    x, levels = rates(6), 0.6 * np.arange(7) / 6
    inputs = layer._encoder.words(x[None], np.array([0]))[0]
    if generator == "bernoulli":
        draws = np.stack([
            reference.middles(reference.synapse_numbers(layer._keys().weights, 4, 6, t), 16) for t in range(128)
        ], axis=-1)  # fmt: skip
    else:
        draws = np.broadcast_to(layer._numbers, (4, 6, 128))
    products = (draws <= layer.get_weights()[..., None]) & (unpack(inputs, 128) == 1)
    neurons = LIFNeurons(4, None, 1.0, layer._seed("membrane noise"))
    want = neurons.run(levels[products.sum(1)])
    np.testing.assert_array_equal(layer.run_epoch(x, learning=False), want)
    assert want.any()
    np.testing.assert_array_equal(layer.neurons.v, neurons.v)


@pytest.mark.parametrize("generator", ["lfsr", "sobol", "vdc"])
def test_without_learning_it_is_the_dense_layer(generator):
    """The circuit of `SCDenseLayer` with the same streams and no noise."""
    x, w, quiet = rates(9), rates((3, 9), 1), {"noise_std": 0.0}
    layer = SCLearningLayer(9, 3, length=256, generator=generator, y_max=0.4, weights=w, neuron_params=quiet)
    dense = SCDenseLayer(3, x, w, 0, 1, 0, 1, 256, y_max=0.4, generator=generator, neuron_params=quiet)
    dense.run(256)
    np.testing.assert_array_equal(layer.run_epoch(x, learning=False), dense.get_spike_trains())


def test_weight_streams_have_the_weights_share_of_ones():
    """Count of a threshold neuron (tau = dt) under an input of ones; a weight that is off by a hundredth fails."""
    params = {"noise_std": 0.0, "tau_mem": 1.0, "v_threshold": 0.9}
    weights = np.linspace(0.1, 0.9, 5)[:, None]
    layer = SCLearningLayer(1, 5, length=100_000, y_max=1.0, weights=weights, neuron_params=params, base_seed=1)
    ones = layer.run_epoch([1.0], learning=False).sum(1)
    assert min(stats.binomtest(int(k), 100_000, w).pvalue for k, w in zip(ones, weights[:, 0], strict=True)) > ALARM
    assert stats.binomtest(int(ones[2]), 100_000, 0.51).pvalue < ALARM


def test_spikes_as_input():
    trains = (rates((64, 8), 3) < 0.3).astype(np.uint8)
    layer, twin, other = (SCLearningLayer(8, 3, length=64, base_seed=2, **FAST) for _ in range(3))
    spikes = layer.run_epoch(trains)
    assert spikes.shape == (3, 64)
    np.testing.assert_array_equal(twin.run_epoch(trains[None], spikes=True), spikes[None])
    many = other.run_epoch(rates((64, 8)), spikes=False)  # a batch of as many samples as there are cycles
    assert many.shape == (64, 3, 64)
    certain = SCLearningLayer(8, 3, length=64, base_seed=2, **FAST)
    same = SCLearningLayer(8, 3, length=64, base_seed=2, **FAST)
    x = np.array([1.0, 0.0] * 4)
    np.testing.assert_array_equal(certain.run_epoch(x), same.run_epoch(np.tile(x, (64, 1))))


# ---------------------------------------------------------------- the window and the drift


def paired(interval, dt=1.0, **options):
    """Change of input 3's weight when the neuron is made to spike `interval` cycles after its spike.

    The neuron forgets (tau = dt) and needs three products; inputs 0 to 2 always make it spike.
    """
    params = {"noise_std": 0.0, "tau_mem": dt, "v_threshold": 0.7 * dt}
    layer = SCLearningLayer(
        4, 1, learning_rate=0.5, step=0.5, length=240, deterministic=True, y_max=1.0, neuron_params=params, dt_ms=dt,
        weights=[[1.0, 1.0, 1.0, 0.5]], **options,
    )  # fmt: skip
    trains = np.zeros((240, 4))
    trains[120, 3] = 1
    trains[120 + interval, :3] = 1
    spikes = layer.run_epoch(trains)
    assert np.flatnonzero(spikes[0]).tolist() == [120 + interval]
    return layer.get_weights()[0, 3] - 0.5


def test_window():
    """One synapse of the circuit, -100 to 100 ms: the closed form to 1e-12; a pair within a cycle changes nothing."""
    intervals = np.arange(-100, 101)
    found = [paired(k) for k in intervals.tolist()]
    np.testing.assert_allclose(found, stdp_window(intervals, a_plus=0.25, a_minus=0.125), rtol=0, atol=1e-12)
    assert found[100] == 0


def test_window_with_other_taus_and_steps():
    for k in (-40, -1, 1, 40):
        want = stdp_window(0.5 * k, a_plus=0.25, a_minus=0.3, tau_plus=7.0, tau_minus=11.0)
        got = paired(k, dt=0.5, ltd_ratio=1.2, tau_plus=7.0, tau_minus=11.0)
        assert got == pytest.approx(want, abs=1e-12)


def drift_z(believed=1.0, dt=1.0):
    """Mean weight change of 400 synapses under inputs that the neurons do not see, against the law.

    y_min = y_max: noise alone makes the spikes, so inputs and spikes are independent.
    """
    n, length = 400, 4000
    params = {"noise_std": 0.4, "tau_mem": 5.0, "v_threshold": 1.0}
    changes, post_rates = [], []
    for seed in range(12):
        layer = SCLearningLayer(
            n, 4, learning_rate=0.05, ltd_ratio=0.2, step=1 / 512, length=length, base_seed=seed, y_min=0.1, y_max=0.1,
            neuron_params=params, weights=np.full((4, n), 0.5), dt_ms=dt,
        )  # fmt: skip
        spikes = layer.run_epoch(np.full(n, 0.1))
        post_rates.append(spikes.mean(1))
        changes.append(layer.get_weights().mean(1) - 0.5)
    a = 0.05 / 512
    each = np.ravel(changes) / np.ravel(post_rates)  # a neuron's rate is given; its inputs are random
    law = stdp_drift(0.1 / dt, 1 / dt, a_plus=a, a_minus=0.2 * a, dt_ms=dt) * length * dt
    return (each.mean() - believed * law) / (each.std(ddof=1) / np.sqrt(each.size)), each.mean() / law


def test_drift_of_uncorrelated_input():
    z, ratio = drift_z()
    assert abs(z) < SIGMAS
    assert ratio == pytest.approx(1, abs=0.03)
    assert abs(drift_z(believed=1.1)[0]) > SIGMAS


# ---------------------------------------------------------------- what it learns


def correlated_groups(rng, length, n, share):
    """Trains ``(length, 2 n)`` of rate .05: in each half of the inputs a share of the spikes is common."""
    common = rng.random((length, 2)) < 0.05
    copied = rng.random((length, 2 * n)) < share
    own = rng.random((length, 2 * n)) < 0.05
    return np.where(copied, np.repeat(common, n, axis=1), own)


def test_selectivity():
    """Two groups of correlated inputs: each neuron keeps one and drops the other, at equal mean rates."""
    rng = np.random.default_rng(0)
    n, length = 20, 2000
    layer = SCLearningLayer(
        2 * n, 6, learning_rate=0.2, ltd_ratio=0.55, step=1 / 128, length=length, base_seed=3, y_max=12.0,
        neuron_params={"tau_mem": 5.0, "noise_std": 0.0, "v_threshold": 3.0}, wta=1, inhibition=5, homeostasis=0.02,
        tau_homeostasis=2e4,
    )  # fmt: skip
    for _ in range(25):
        layer.run_epoch(correlated_groups(rng, length, n, 0.6))
    groups = layer.get_weights().reshape(6, 2, n).mean(2)
    difference = groups[:, 0] - groups[:, 1]
    assert np.all(np.abs(difference) > 0.4), groups
    assert difference.min() < 0 < difference.max()  # both groups have neurons of their own
