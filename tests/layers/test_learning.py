"""SCLearningLayer: bit-true against plain NumPy, window and drift through the circuit, selectivity, state, errors."""

import pickle

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import SCDenseLayer, SCLearningLayer
from sc_neurocore.backends import plasticity
from sc_neurocore.encoders import Encoder
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.layers.learning.state import pause_between_samples
from sc_neurocore.neurons import LIFNeurons
from sc_neurocore.synapses import stdp_drift, stdp_window

ALARM = 1e-9
SIGMAS = 6.1  # two-sided normal probability about 1e-9
GENERATORS = ["bernoulli", "lfsr", "sobol", "halton", "vdc", "ramp", "lattice", "searched"]
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
def test_equal_to_the_definition(options):
    """Spikes, weights and the rest, bit for bit, against `reference.learn`."""

    def run(backend):
        layer = SCLearningLayer(13, 5, length=77, base_seed=0, backend=backend, **FAST, **options)
        reward = rates((3, 77)) - 0.3 if options.get("rule") == "reward" else None
        spikes = layer.run_epoch(rates((3, 13)), reward)
        return spikes, layer

    (mine, layer), (theirs, twin) = run(None), run("reference")
    assert "backend='reference'" in repr(twin)
    np.testing.assert_array_equal(mine, theirs)
    assert mine.any()
    assert_same_state(layer, twin)


@pytest.mark.parametrize("generator", GENERATORS)
def test_spikes_are_those_of_the_streams(generator):
    """Without learning: streams by hand, ANDed, counted, into the neurons of the dense layer."""
    layer = SCLearningLayer(6, 4, length=128, generator=generator, y_max=0.6, base_seed=5)
    x, levels = rates(6), 0.6 * np.arange(7) / 6
    inputs, weights = layer.streams(x)
    products = inputs.bits() & weights.bits()
    neurons = LIFNeurons(4, None, 1.0, Seeds(5, SCLearningLayer, (4, 6)).of("membrane noise"))
    want = neurons.run(levels[products.sum(1, dtype=int)])
    np.testing.assert_array_equal(layer.run_epoch(x, learning=False), want)
    assert want.any()
    np.testing.assert_array_equal(layer.neurons.v, neurons.v)


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_streams_are_made_of_their_numbers(generator):
    """A weight's bit is 1 while the midpoint of its number is at most the weight; samples are counted."""
    layer = SCLearningLayer(6, 4, length=40, generator=generator, w_min=-1.0, w_max=1.0, base_seed=5)
    layer.run_epoch(rates((2, 6)), learning=False)
    x = rates(6)
    inputs, weights = layer.streams(x)
    assert layer.samples == 2
    encoder = Encoder(6, 40, generator, seed=Seeds(5, SCLearningLayer, (4, 6)).of("inputs"))
    encoder.samples = 2
    np.testing.assert_array_equal(inputs.bits(), encoder.encode(x).bits())
    if generator == "bernoulli":
        key = Seeds(5, SCLearningLayer, (4, 6)).key("weights")
        numbers = [plasticity.synapse_words(key, 4, 6, 2 * 40 + t) for t in range(40)]
        draws = np.stack([plasticity.midpoints(drawn, 16) for drawn in numbers], axis=-1)
    else:
        draws = np.broadcast_to(Encoder(6, 40, generator, partner=1).levels()[0], (4, 6, 40))
    np.testing.assert_array_equal(weights.bits(), draws <= (layer.get_weights()[..., None] + 1) / 2)
    trains = (rates((40, 6)) < 0.3).astype(np.uint8)
    np.testing.assert_array_equal(layer.streams(trains).inputs.bits(), trains.T)
    with pytest.raises(ValueError, match=r"input_values must be one sample, got axes \(2,\)"):
        layer.streams(rates((2, 6)))


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
    assert stats.binomtest(int(ones[2]), 100_000, 0.49).pvalue < ALARM


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


def correlated_groups(rng, samples, length, n, share):
    """Trains ``(samples, length, 2 n)`` of rate .05: in each half of the inputs, a share of the spikes is common."""
    common = rng.random((samples, length, 2)) < 0.05
    copied = rng.random((samples, length, 2 * n)) < share
    own = rng.random((samples, length, 2 * n)) < 0.05
    return np.where(copied, np.repeat(common, n, axis=-1), own)


def trained_on_groups(share):
    """Weights ``(4, 2, 20)`` of four neurons, for each group, after 400 x 2000 cycles."""
    rng, n, length = np.random.default_rng(0), 20, 2000
    layer = SCLearningLayer(
        2 * n, 4, learning_rate=1.0, ltd_ratio=0.65, tau_plus=5.0, tau_minus=10.0, step=1 / 64, length=length,
        base_seed=5, y_max=12.0, neuron_params={"tau_mem": 5.0, "noise_std": 0.0, "v_threshold": 2.5}, wta=1,
        inhibition=5,
    )  # fmt: skip
    for _ in range(20):
        layer.run_epoch(correlated_groups(rng, 20, length, n, share), spikes=True)
    return layer.get_weights().reshape(4, 2, n)


def test_selectivity():
    """Two groups of correlated inputs of one rate: each neuron keeps one and drops the other; not all saturate."""
    weights = trained_on_groups(0.6)
    groups = weights.mean(2)
    assert np.all(groups.max(1) > 0.3), groups
    assert np.all(groups.min(1) < 0.1), groups
    assert set(groups.argmax(1)) == {0, 1}  # both groups have neurons of their own
    kept = weights[np.arange(4), groups.argmax(1)]
    assert np.mean((kept > 0.02) & (kept < 0.98)) > 0.5
    apart = trained_on_groups(0.0).mean(2)  # without correlation there is nothing to choose
    assert np.ptp(apart, axis=1).max() < 0.15, apart


def test_reward_decides_which_input_is_kept():
    """Inputs 3 and 4 each spike 5 ms before the neuron is made to; 100 ms later one is rewarded, the other punished."""
    layer = SCLearningLayer(
        5, 1, learning_rate=0.5, rule="reward", tau_eligibility=200.0, step=1 / 64, length=150, base_seed=0, y_max=1.0,
        neuron_params={"tau_mem": 1.0, "noise_std": 0.0, "v_threshold": 0.5}, pause_ms=np.inf,
        weights=[[1.0, 1.0, 1.0, 0.5, 0.5]],
    )  # fmt: skip
    trains, reward = np.zeros((80, 150, 5)), np.zeros((80, 150))
    for sample in range(80):
        trains[sample, 10, 3 + sample % 2] = 1
        trains[sample, 15, :3] = 1
        reward[sample, 115] = 1.0 if sample % 2 == 0 else -1.0
    spikes = layer.run_epoch(trains, reward, spikes=True)
    assert np.all(spikes.sum((1, 2)) == 1)
    probability = 0.5 * np.exp(-5 / 16.8) * np.exp(-100 / 200)
    kept, dropped = layer.get_weights()[0, 3:]
    for opened in (64 * (kept - 0.5), 64 * (0.5 - dropped)):
        assert stats.binomtest(int(opened), 40, probability).pvalue > ALARM
    assert kept > 0.55
    assert dropped < 0.45


# ---------------------------------------------------------------- keywords


BASE = {"rule": "pair", "length": 120, "base_seed": 1, "wta": 1, "homeostasis": 0.05, **FAST}
CHANGES = [
    {"w_min": -0.5}, {"w_max": 2.0}, {"learning_rate": 0.5}, {"ltd_ratio": 0.1}, {"base_seed": 2}, {"base_seed": 0},
    {"rule": "coincidence"}, {"tau_plus": 5.0}, {"tau_minus": 5.0}, {"step": 1 / 16}, {"soft_bounds": True},
    {"deterministic": True}, {"wta": None}, {"wta": 2}, {"inhibition": 4}, {"homeostasis": 0.2},
    {"tau_homeostasis": 100.0}, {"y_min": 0.1}, {"y_max": 2.0}, {"dt_ms": 0.5}, {"pause_ms": 10.0},
    {"neuron_params": {"noise_std": 0.5}}, {"generator": "sobol"}, {"bits": 3}, {"weights": np.full((4, 9), 0.3)},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_every_keyword_has_an_effect(change):
    found = []
    for options in (BASE, {**BASE, **change}):
        layer = SCLearningLayer(9, 4, **options)
        layer.run_epoch(rates((4, 9)))
        found.append(layer.get_weights())
    assert np.any(found[0] != found[1])


def test_length_and_tau_eligibility_have_an_effect():
    layer = SCLearningLayer(9, 4, length=33)
    assert layer.run_epoch(rates(9)).shape == (4, 33)
    found = []
    for tau in (10.0, 1000.0):
        layer = SCLearningLayer(9, 4, rule="reward", tau_eligibility=tau, base_seed=0, **FAST)
        layer.run_epoch(rates(9), 1.0)
        found.append(layer.get_weights())
    assert np.any(found[0] != found[1])


def test_law_of_the_inhibition():
    """At most k spikes in a cycle; the others start again at rest, and stay there."""
    x = np.ones(9)
    for k in (1, 2, 4):
        layer = SCLearningLayer(9, 4, wta=k, length=300, base_seed=1, y_max=3.0)
        assert layer.run_epoch(x).sum(0).max() == k
    layer = SCLearningLayer(9, 4, wta=1, inhibition=10**6, length=300, base_seed=1, y_max=3.0)
    spikes = layer.run_epoch(x)
    assert np.count_nonzero(spikes.sum(1)) == 1  # the first to spike keeps the others quiet for ever
    others = np.flatnonzero(spikes.sum(1) == 0)
    assert np.all(layer.neurons.v[others] == 0)


def test_homeostasis_is_the_adaptive_threshold():
    """Each spike adds its amount, and the sum decays."""
    layer = SCLearningLayer(5, 3, homeostasis=0.1, tau_homeostasis=50.0, length=200, base_seed=4, y_max=1.0)
    spikes = layer.run_epoch(np.ones(5))
    age = 199 - np.arange(200)
    want = 0.1 * (spikes * np.exp(-age / 50.0)).sum(1)
    np.testing.assert_allclose(layer.thresholds, want, rtol=1e-12)
    free = SCLearningLayer(5, 3, length=200, base_seed=4, y_max=1.0)
    assert spikes.sum() < free.run_epoch(np.ones(5)).sum()


def test_pause():
    """Between samples the state decays; after an endless pause only what was learned is left."""
    layer = SCLearningLayer(5, 3, length=50, base_seed=4, pause_ms=20.0, y_max=0.01, homeostasis=0.1)
    layer.neurons.v[:], layer.neurons.refractory_left[:] = 0.5, 30
    layer.load_state_dict(layer.state_dict() | {"pre": np.full(5, 2.0), "post": np.full(3, 4.0)})
    layer.run_epoch(np.empty((0, 5)))
    assert np.all(layer.neurons.v == 0.5)  # no sample, no pause
    pause = pause_between_samples(layer.pause_ms, layer.competition, layer.neurons, layer.synapses)
    assert pause.membrane == pytest.approx(0.95**20)
    assert (pause.pre, pause.post) == pytest.approx((np.exp(-20 / 16.8), np.exp(-20 / 33.7)))
    fresh, worn = (SCLearningLayer(5, 3, length=50, base_seed=4, pause_ms=np.inf, y_max=1.0) for _ in range(2))
    worn.neurons.v[:], worn.neurons.refractory_left[:] = 0.9, 10**6
    worn.load_state_dict(worn.state_dict() | {"pre": np.full(5, 2.0), "post": np.full(3, 4.0)})
    np.testing.assert_array_equal(fresh.run_epoch(rates(5)), worn.run_epoch(rates(5)))
    assert_same_state(fresh, worn)


def test_learning_false_changes_nothing_that_was_learned():
    layer = SCLearningLayer(9, 4, homeostasis=0.1, tau_homeostasis=100.0, rule="reward", base_seed=3, **FAST)
    layer.run_epoch(rates(9), 0.5)
    before = layer.state_dict()
    assert layer.run_epoch(rates((2, 9)), 0.5, learning=False).any()
    for name in ("p", "threshold", "eligibility"):
        np.testing.assert_array_equal(layer.state_dict()[name], before[name])


# ---------------------------------------------------------------- seeds and state


@pytest.mark.parametrize("seed", [0, 7, np.random.SeedSequence(0)])
def test_a_seed_fixes_everything(seed):
    first, second = (SCLearningLayer(9, 4, base_seed=seed, **FAST) for _ in range(2))
    np.testing.assert_array_equal(first.get_weights(), second.get_weights())
    np.testing.assert_array_equal(first.run_epoch(rates(9)), second.run_epoch(rates(9)))
    assert_same_state(first, second)
    unseeded = [SCLearningLayer(9, 4).get_weights() for _ in range(2)]
    assert np.any(unseeded[0] != unseeded[1])


@pytest.mark.parametrize("rule", ["pair", "coincidence", "reward"])
def test_batches_are_samples_in_order(rule):
    options = {"rule": rule, "wta": 2, "homeostasis": 0.1, "pause_ms": 3.0, "length": 70, "base_seed": 5, **FAST}
    x, reward = rates((2, 3, 9)), None if rule != "reward" else rates((2, 3)) - 0.3
    layer, twin = SCLearningLayer(9, 4, **options), SCLearningLayer(9, 4, **options)
    together = layer.run_epoch(x, reward)
    assert together.shape == (2, 3, 4, 70)
    for place in np.ndindex(2, 3):
        alone = twin.run_epoch(x[place], None if reward is None else reward[place])
        np.testing.assert_array_equal(together[place], alone)
    assert_same_state(layer, twin)


@pytest.mark.parametrize(
    "options", [{}, {"rule": "reward"}, {"generator": "lfsr", "wta": 1, "homeostasis": 0.1}], ids=str
)
@pytest.mark.parametrize("how", ["state_dict", "pickle"])
def test_going_on_from_a_state(options, how):
    make = lambda seed: SCLearningLayer(9, 4, length=70, base_seed=seed, **options, **FAST)  # noqa: E731
    whole, first = make(0), make(0)
    x = rates((4, 9))
    reward = np.ones(4) if "rule" in options else None
    part = (lambda a: None) if reward is None else (lambda a: reward[a])
    want = whole.run_epoch(x, reward)
    first.run_epoch(x[:2], part(slice(0, 2)))
    if how == "pickle":
        second = pickle.loads(pickle.dumps(first))
    else:
        second = make(1)
        second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(second.run_epoch(x[2:], part(slice(2, 4))), want[2:])
    assert_same_state(second, whole)


def test_reset_keeps_what_was_learned():
    layer = SCLearningLayer(9, 4, base_seed=0, homeostasis=0.1, **FAST)
    start = layer.get_weights()
    spikes = layer.run_epoch(rates(9))
    learned, thresholds = layer.get_weights(), layer.thresholds.copy()
    layer.reset()
    np.testing.assert_array_equal(layer.get_weights(), learned)
    np.testing.assert_array_equal(layer.thresholds, thresholds)
    layer.reset(weights=True)
    np.testing.assert_array_equal(layer.get_weights(), start)
    assert not layer.thresholds.any()
    layer.weights = layer.get_weights()
    np.testing.assert_array_equal(layer.run_epoch(rates(9)), spikes)
    np.testing.assert_array_equal(layer.get_weights(), learned)


def test_weights_are_assigned_and_edited():
    layer = SCLearningLayer(3, 2, -1.0, 1.0, base_seed=0)
    layer.weights = [[-1.0, 0.0, 1.0], [0.5, 0.25, -0.5]]
    np.testing.assert_allclose(layer.get_weights(), [[-1.0, 0.0, 1.0], [0.5, 0.25, -0.5]], rtol=0, atol=1e-15)
    layer.get_weights()[0, 0] = 0.3
    assert layer.weights[0, 0] == -1.0  # that was a copy
    layer.weights[0, 0] = 0.3
    assert abs(layer.get_weights()[0, 0] - 0.3) < 1e-15
    with pytest.raises(ValueError, match=r"weights must lie in \[-1, 1\], got 2"):
        layer.weights = np.full((2, 3), 2.0)


def test_stochastic_steps_are_those_of_a_counter():
    layer = SCLearningLayer(9, 4, base_seed=0, step=1 / 64, weights=np.full((4, 9), 0.5), **FAST)
    layer.run_epoch(rates(9))
    counts = layer.get_weights() * 64
    np.testing.assert_array_equal(counts, np.round(counts))
    assert np.any(counts != 32)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"n_inputs": 0}, ValueError, "n_inputs must be an integer of at least 1, got 0"),
    ({"n_neurons": 1.5}, TypeError, "n_neurons must be an integer"),
    ({"length": 0}, ValueError, "length must"),
    ({"w_max": -1.0}, ValueError, "w_max must be above w_min=0, got -1"),
    ({"learning_rate": 2.0}, ValueError, "learning_rate must"),
    ({"rule": "bcm"}, ValueError, "rule must be one of"),
    ({"wta": 5}, ValueError, r"wta must be an integer in 1..4, got 5"),
    ({"inhibition": 3}, ValueError, "inhibition must be 0 without wta, got 3"),
    ({"homeostasis": -0.1}, ValueError, "homeostasis must"),
    ({"y_max": -0.1}, ValueError, "y_max must"),
    ({"pause_ms": 0.5}, ValueError, "pause_ms must be a multiple of dt_ms=1, got 0.5"),
    ({"pause_ms": np.nan}, ValueError, "pause_ms must"),
    ({"dt_ms": 30.0}, ValueError, "dt_ms must be at most tau_mem=20, got 30"),
    ({"neuron_params": {"tau": 3}}, ValueError, "neuron_params must have keys"),
    ({"generator": "dice"}, ValueError, "generator must be one of"),
    ({"weights": np.full((4, 8), 0.5)}, ValueError, r"weights must have shape \(4, 9\), got \(4, 8\)"),
    ({"base_seed": -1}, ValueError, "seed must be at least 0, got -1"),
])  # fmt: skip
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        SCLearningLayer(**{"n_inputs": 9, "n_neurons": 4, **options})


@pytest.mark.parametrize(("x", "options", "message"), [
    (np.ones(8), {}, r"input_values must have shape \(..., 9\), got \(8,\)"),
    (np.full(9, 1.5), {}, r"input_values must lie in \[0, 1\], got 1.5"),
    (np.full(9, np.nan), {}, "input_values must be finite, got nan"),
    (np.full((70, 9), 0.5), {}, "input_values must be 0 or 1, got 0.5"),
    (np.ones((60, 9)), {"spikes": True}, r"input_values must have shape \(..., 70, 9\), got \(60, 9\)"),
    (np.ones(9), {"reward": 1.0}, 'reward must be None with rule=.pair., use rule="reward"'),
])  # fmt: skip
def test_bad_input_changes_nothing(x, options, message):
    layer = SCLearningLayer(9, 4, length=70, base_seed=0)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=message):
        layer.run_epoch(x, **options)
    assert layer.samples == 0
    np.testing.assert_array_equal(layer.state_dict()["p"], before["p"])


def test_bad_rewards_and_states():
    layer = SCLearningLayer(9, 4, length=70, rule="reward")
    with pytest.raises(ValueError, match=r"reward must have shape \(2,\) or \(2, 70\), got \(3,\)"):
        layer.run_epoch(np.ones((2, 9)), np.ones(3))
    with pytest.raises(TypeError, match="learning must be True or False"):
        layer.run_epoch(np.ones(9), learning=1)
    state = layer.state_dict()
    for change, message in (({"p": state["p"] + 1}, "p must lie"), ({"v": np.zeros(3)}, "v must have shape")):
        with pytest.raises(ValueError, match=message):
            layer.load_state_dict(state | change)
    np.testing.assert_array_equal(layer.state_dict()["p"], state["p"])


def test_repr():
    layer = SCLearningLayer(9, 4, length=70, generator="sobol")
    assert repr(layer) == (
        "SCLearningLayer(9 -> 4, length=70, rule='pair', learning_rate=0.01, Bank('sobol', 70), "
        "encoding='unipolar', samples=0, backend='numba')"
    )


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_mean_current_is_expected(generator):
    """Neurons that neither leak nor spike add up their currents."""
    length, dam = 1 << 14, {"v_threshold": 1e9, "tau_mem": 1e15, "noise_std": 0.0}
    layer = SCLearningLayer(
        5, 3, -1.0, 1.0, length=length, base_seed=4, y_min=-0.5, y_max=1.5, neuron_params=dam, generator=generator
    )
    x = np.array([0.1, 0.9, 0.5, 0.0, 1.0])
    layer.run_epoch(x, learning=False)
    p = (layer.get_weights() + 1) / 2
    np.testing.assert_allclose(layer.expected(x), -0.5 + 2 * (p @ x) / 5, rtol=0, atol=1e-4)
    deviation = 2 / 5 * np.sqrt((p * x * (1 - p * x)).sum(1) / length)
    bound = 6.1 * deviation if generator == "bernoulli" else 1e-3
    mean = layer.neurons.v / length
    assert (np.abs(mean - layer.expected(x)) < bound).all()
    assert (np.abs(mean - layer.expected(0.9 * x)) > bound).any()  # a tenth fewer spikes
    assert layer.expected(np.zeros((2, 4, 5))).tolist() == np.full((2, 4, 3), -0.5).tolist()
    with pytest.raises(ValueError, match=r"input_values must lie in \[0, 1\], got 2"):
        layer.expected(2 * np.ones(5))


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("rule", ["pair", "coincidence", "reward"])
def test_gates_of_silent_inputs(rule, generator):
    """Gates that no trace and no spike can open are not drawn: the same weights as where all are drawn.

    Most inputs are silent, other ones in every sample, and samples do not begin with a word of random numbers.
    """
    rng, made = np.random.default_rng(3), []
    x = rng.random((9, 150)) * (rng.random((9, 150)) < 0.1)
    for backend in (None, "reference"):
        layer = SCLearningLayer(
            150,
            5,
            length=7,
            y_max=12.0,
            learning_rate=0.4,
            rule=rule,
            generator=generator,
            base_seed=4,
            backend=backend,
        )
        spikes = layer.run_epoch(x, 0.3 if rule == "reward" else None)
        made.append((spikes, layer.weights))
    assert 0 < made[0][0].mean() < 1
    assert (made[0][1] != SCLearningLayer(150, 5, length=7, base_seed=4, rule=rule).weights).mean() > 0.1
    for mine, theirs in zip(*made, strict=True):
        np.testing.assert_array_equal(mine, theirs)
