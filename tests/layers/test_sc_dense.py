"""SCDenseLayer against a plain loop over neurons and cycles, its laws, its state and its errors."""

import io
import math
import pickle

import numpy as np
import pytest
from layer_helpers import ENCODINGS, FALSE_ALARM, GENERATORS, binomial_p_value
from rich.console import Console

from sc_neurocore import chunks
from sc_neurocore.backends.reference import standard_normals
from sc_neurocore.encoders import Sobol
from sc_neurocore.layers import SCDenseLayer, sc_dense_layer
from sc_neurocore.recorders import SpikeRecorder
from sc_neurocore.sources import BitstreamCurrentSource

X = [0.5, 0.3, 0.9]
SHARED = [0.8, 0.6, 0.7]
OWN = np.random.default_rng(1).uniform(0.2, 1.0, (5, 3))
UNIT = {"x_min": 0.0, "x_max": 1.0, "w_min": 0.0, "w_max": 1.0}
QUIET = {"noise_std": 0.0}


def build(n=5, x=X, w=SHARED, **options):
    return SCDenseLayer(n, x, w, **{**UNIT, "length": 256, "base_seed": 7, "y_max": 0.2, **options})


# ------------------------------------------------------------ the circuit, cycle by cycle


def slow_currents(layer, steps):
    """Currents ``(neurons, steps)`` of one sample: AND (XNOR) and count, a product at a time."""
    source = layer.source
    x, w = (streams.bits().astype(int) for streams in layer.streams(steps))
    if source.encoding == "split":
        x, w = x[0] - x[1], w[0] - w[1]
    currents = np.empty((len(w), steps))
    n = source.n_inputs
    for j, t in np.ndindex(*currents.shape):
        if source.encoding == "unipolar":
            share = sum(int(x[i, t] & w[j, i, t]) for i in range(n)) / n
        elif source.encoding == "bipolar":
            share = sum(int(x[i, t] == w[j, i, t]) for i in range(n)) / n
        else:
            share = (n + sum(int(x[i, t] * w[j, i, t]) for i in range(n))) / (2 * n)
        currents[j, t] = source.y_min + (source.y_max - source.y_min) * share
    return currents


def slow_spikes(currents, normals, dt=1.0, v_rest=0.0, v_reset=0.0, v_threshold=1.0, tau_mem=20.0, noise_std=0.02,
                resistance=1.0, refractory_period=0):  # fmt: skip
    """The rule of the contract, a neuron and a step at a time."""
    spikes = np.zeros(normals.shape, np.uint8)
    for j in range(len(normals)):
        v, left = v_rest, 0
        for t in range(normals.shape[1]):
            if left:
                v, left = v_rest, left - 1
                continue
            drive = resistance * currents[j if len(currents) > 1 else 0, t] * dt
            v += -(v - v_rest) * dt / tau_mem + drive + noise_std * math.sqrt(dt) * normals[j, t]
            if v >= v_threshold:
                spikes[j, t], left = 1, refractory_period
                v = v - v_threshold if v_reset is None else v_reset
    return spikes


@pytest.mark.parametrize("neuron", [
    {}, {"noise_std": 0.0, "tau_mem": 8.0, "resistance": 3.0}, {"v_reset": -0.2, "v_rest": 0.1, "refractory_period": 3},
    {"v_reset": None, "v_threshold": 0.4, "resistance": 1.5, "noise_std": 0.1},
])  # fmt: skip
@pytest.mark.parametrize("weights", [SHARED, OWN], ids=["shared", "own"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_spike_trains_are_those_of_a_plain_loop(generator, encoding, weights, neuron):
    layer = build(w=weights, generator=generator, encoding=encoding, neuron_params=neuron, dt_ms=0.5)
    currents = slow_currents(layer, 300)
    layer.run(300)
    np.testing.assert_array_equal(layer.source.currents(0, 300), currents)
    normals = standard_normals(layer.neurons.noise_key, 5, 0, 300)
    wanted = slow_spikes(currents, normals, 0.5, **neuron)
    np.testing.assert_array_equal(layer.get_spike_trains(), wanted)
    assert wanted.any()


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_generator_meets_the_same_circuit(generator):
    layer = build(w=OWN, generator=generator, length=100)
    currents = slow_currents(layer, 230)
    layer.run(230)  # past the length
    normals = standard_normals(layer.neurons.noise_key, 5, 0, 230)
    np.testing.assert_array_equal(layer.get_spike_trains(), slow_spikes(currents, normals))


@pytest.mark.parametrize("share", ["one", "shift", "rotate", "independent"])
def test_shared_generators(share):
    layer = build(w=OWN, generator="sobol", length=100, share=share)
    currents = slow_currents(layer, 230)
    layer.run(230)
    np.testing.assert_array_equal(layer.source.currents(0, 230), currents)
    inputs = build(x=[0.3] * 3, w=OWN, generator="sobol", length=100, share=share).streams(230).inputs.bits()
    assert (len(np.unique(inputs, axis=0)) == 1) == (share == "one")


def test_documented_example():
    layer = SCDenseLayer(
        n_neurons=4,
        x_inputs=[0.5, 0.3],
        weight_values=[0.8, 0.6],
        x_min=0.0,
        x_max=1.0,
        w_min=0.0,
        w_max=1.0,
        length=256,
    )
    assert layer.run(T=100) is None
    trains = layer.get_spike_trains()
    assert (trains.shape, trains.dtype) == ((4, 100), np.uint8)
    assert layer.source.y_max == 0.1
    assert layer.neurons.dt_ms == 1.0
    assert isinstance(layer.source, BitstreamCurrentSource)
    assert isinstance(layer.recorders, SpikeRecorder)
    assert len(layer.neurons) == len(layer.recorders) == 4


def test_positional_order():
    layer = SCDenseLayer(2, [1.0], [3.0], 0.0, 2.0, 1.0, 4.0, 128, -0.1, 0.3, 0.5, {"tau_mem": 5.0}, 0)
    source = layer.source
    assert (source.x_min, source.x_max, source.w_min, source.w_max) == (0.0, 2.0, 1.0, 4.0)
    assert (source.length, source.y_min, source.y_max) == (128, -0.1, 0.3)
    assert (layer.neurons.dt_ms, layer.neurons.parameters.tau_mem) == (0.5, 5.0)
    np.testing.assert_allclose(layer.expected(), -0.1 + 0.4 * (1 / 2) * (2 / 3), rtol=1e-4)


# ------------------------------------------------------------ laws


def test_step_response_is_a_geometric_series():
    """Constant current: v_t = R I tau (1 - (1 - dt / tau)**t)."""
    layer = build(x=[1.0], w=[1.0], y_max=0.04, neuron_params=QUIET, record_membrane=True)
    layer.run(200)
    t = np.arange(1, 201)
    np.testing.assert_allclose(layer.membrane.voltages()[0], 0.04 * 20 * (1 - 0.95**t), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(layer.membrane.times_ms(), t)


@pytest.mark.parametrize("current", [0.06, 0.1, 0.31])
def test_interval(current):
    layer = build(x=[1.0], w=[1.0], y_max=current, neuron_params=QUIET)
    layer.run(500)
    interval = math.ceil(math.log(1 - 1 / (20 * current)) / math.log(1 - 1 / 20))
    assert set(layer.recorders.intervals_ms().tolist()) == {interval}


@pytest.mark.parametrize(("encoding", "p"), [("unipolar", 0.25 * 0.75), ("bipolar", 0.25 * 0.75 + 0.75 * 0.25)])
def test_mean_current_is_binomial(encoding, p):
    """The n T products are Bernoulli, each 1 with probability p."""
    steps, p_values = 50_000, []
    for bias in (0.0, 0.03):
        layer = build(x=[0.25] * 4, w=[0.75 + bias] * 4, encoding=encoding)
        ones = layer.source.counts(0, steps).sum()
        np.testing.assert_allclose(layer.source.currents(0, steps).mean(), 0.2 * ones / (4 * steps))
        p_values.append(binomial_p_value(ones, 4 * steps, p))
    assert p_values[0] > FALSE_ALARM > p_values[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_mean_current_converges_to_expected(encoding):
    layer = build(w=OWN, encoding=encoding, generator="sobol", length=4096)
    mean = layer.source.currents(0, 4096).mean(-1)
    np.testing.assert_allclose(mean, layer.expected(), rtol=0, atol=2e-3)
    scaled = (np.array(X), OWN) if encoding == "unipolar" else (2 * np.array(X) - 1, 2 * OWN - 1)
    share = scaled[0] @ scaled[1].T / 3
    wanted = 0.2 * (share if encoding == "unipolar" else (share + 1) / 2)
    np.testing.assert_allclose(layer.expected(), wanted, rtol=0, atol=1e-3)


# ------------------------------------------------------------ runs, batches, seeds


@pytest.mark.parametrize("generator", ["bernoulli", "lfsr", "sobol"])
def test_runs_add_up_and_reset_rewinds(generator):
    one, many = build(w=OWN, generator=generator), build(w=OWN, generator=generator)
    one.run(700)
    for steps in (1, 63, 100, 0, 536):
        many.run(steps)
    trains = one.get_spike_trains()
    np.testing.assert_array_equal(many.get_spike_trains(), trains)
    one.reset()
    assert one.get_spike_trains().shape == (5, 0)
    one.run(700)
    np.testing.assert_array_equal(one.get_spike_trains(), trains)


def test_memory_of_a_run_does_not_matter(monkeypatch):
    wanted = build(w=OWN, record_membrane=True)
    wanted.run(1000)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    monkeypatch.setattr(sc_dense_layer, "LEAST_STEPS", 64)
    pieces = build(w=OWN, record_membrane=True)
    pieces.run(1000)
    np.testing.assert_array_equal(pieces.get_spike_trains(), wanted.get_spike_trains())
    np.testing.assert_array_equal(pieces.membrane.voltages(), wanted.membrane.voltages())


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_streams_are_those_that_the_next_run_meets(generator, encoding):
    """Wherever the layer stands, and with batch axes; asking moves nothing."""
    x = np.tile(X, (2, 3, 1)) * np.linspace(0.5, 1, 3)[:, None]
    layer = build(x=x, w=OWN, generator=generator, encoding=encoding, length=50)
    whole = layer.streams(150)
    assert whole.inputs.shape == (2, 3, 3)
    assert whole.weights.shape == ((2, 3, 5, 3) if generator == "bernoulli" else (5, 3))
    layer.run(70)
    assert layer.samples == 70
    for later, all_cycles in zip(layer.streams(80), whole, strict=True):
        assert later.length == 80
        np.testing.assert_array_equal(later.bits(), all_cycles.bits()[..., 70:])


def test_streams_run_on_past_the_length():
    layer = build(length=64)
    layer.run(64 * 50)
    windows = layer.source.counts(0, 64 * 50)[0].reshape(50, 64)
    assert len(np.unique(windows, axis=0)) == 50


@pytest.mark.parametrize("weights", [SHARED, OWN], ids=["shared", "own"])
def test_leading_axes_are_batch_axes(weights):
    x = np.random.default_rng(3).random((2, 3, 3))
    layer = build(x=x, w=weights, record_membrane=True)
    layer.run(200)
    assert layer.get_spike_trains().shape == (2, 3, 5, 200)
    assert layer.expected().shape == (2, 3, 5)
    assert layer.membrane.voltages().shape == (2, 3, 5, 200)
    first = build(x=x[0, 0], w=weights, record_membrane=True)
    first.run(200)
    np.testing.assert_array_equal(layer.get_spike_trains()[0, 0], first.get_spike_trains())
    np.testing.assert_allclose(layer.expected()[0, 0], first.expected())
    stats = layer.summary()["stats"]
    assert [(row["sample"], row["neuron"]) for row in stats[4:7]] == [(0, 4), (1, 0), (1, 1)]


def test_samples_of_a_batch_have_streams_of_their_own():
    layer = build(x=[X, X], neuron_params=QUIET)
    counts = layer.source.counts(0, 500)
    assert not np.array_equal(counts[0], counts[1])


def test_seeds():
    trains = []
    for seed in (0, 0, 1, None, None):
        layer = build(base_seed=seed)
        layer.run(400)
        trains.append(layer.get_spike_trains())
    np.testing.assert_array_equal(trains[0], trains[1])
    for other in trains[2:]:
        assert not np.array_equal(trains[0], other)
    assert not np.array_equal(trains[3], trains[4])
    by_sequence = build(base_seed=np.random.SeedSequence(0))
    by_sequence.run(400)
    np.testing.assert_array_equal(by_sequence.get_spike_trains(), trains[0])


def test_no_global_random_state_is_touched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    build(base_seed=None).run(100)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("change", [
    {"x": [0.4, 0.3, 0.9]}, {"w": [0.2, 0.6, 0.7]}, {"x_min": -1.0}, {"x_max": 2.0}, {"w_min": -1.0}, {"w_max": 2.0},
    {"length": 64, "generator": "sobol"}, {"y_min": 0.1}, {"y_max": 0.15}, {"dt_ms": 0.5},
    {"neuron_params": {"tau_mem": 10.0}}, {"base_seed": 8}, {"generator": "lfsr"}, {"generator": Sobol(8)},
    {"encoding": "split"}, {"bits": 2}, {"share": "one"},
])  # fmt: skip
def test_every_argument_has_an_effect(change):
    plain = {"generator": "sobol"} if "length" in change else {}
    mine, theirs = build(**plain), build(**change)
    mine.run(600)
    theirs.run(600)
    assert not np.array_equal(mine.get_spike_trains(), theirs.get_spike_trains())


# ------------------------------------------------------------ what came out, state, errors


def test_summary():
    layer = build(w=OWN, dt_ms=0.5)
    layer.run(400)
    trains, summary = layer.get_spike_trains(), layer.summary()
    rates = trains.sum(1) / 0.2  # 400 steps of half a ms
    assert summary == {
        "n_neurons": 5,
        "stats": [
            {"neuron": j, "total_spikes": int(trains[j].sum()), "firing_rate_hz": float(rates[j])} for j in range(5)
        ],
        "avg_firing_rate_hz": pytest.approx(rates.mean()),
    }
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary)
    shown = console.export_text()
    assert "rate (Hz)" in shown
    assert f"{rates.mean():.2f}" in shown


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_state_and_pickle_go_on(generator):
    layer = build(w=OWN, generator=generator, record_membrane=True)
    layer.run(150)
    copy, other = pickle.loads(pickle.dumps(layer)), build(
        x=[0.1] * 3, w=OWN / 2, generator=generator, base_seed=99, record_membrane=True
    )  # fmt: skip
    other.load_state_dict(layer.state_dict())
    for each in (layer, copy, other):
        each.run(200)
    for each in (copy, other):
        np.testing.assert_array_equal(each.get_spike_trains(), layer.get_spike_trains())
        np.testing.assert_array_equal(each.membrane.voltages(), layer.membrane.voltages())
        np.testing.assert_array_equal(each.expected(), layer.expected())


@pytest.mark.parametrize("change", [
    {"x_inputs": np.array([2.0, 0, 0])}, {"weight_values": np.zeros(2)}, {"v": np.zeros(4)},
    {"refractory_left": -np.ones(5, int)},
    {"spikes": np.zeros((5, 9), np.uint64)}, {"samples": -1}, {"voltages": np.zeros((5, 3))},
])  # fmt: skip
def test_a_bad_state_changes_nothing(change):
    layer = build(record_membrane=True)
    layer.run(100)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=next(iter(change))):
        layer.load_state_dict(layer.state_dict() | change)
    after = layer.state_dict()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)


def test_repr():
    assert repr(build(generator="sobol")) == (
        "SCDenseLayer(3 -> 5, length=256, Bank('sobol', 256), encoding='unipolar', dt_ms=1, steps=0, backend='numba')"
    )


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"n": 0}, ValueError, "n_neurons must be an integer of at least 1, got 0"),
    ({"x": [0.5, 0.3]}, ValueError, r"x_inputs must have shape \(..., 3\), got \(2,\)"),
    ({"x": [0.5, 0.3, 1.1]}, ValueError, r"x_inputs must lie in \[0, 1\], got 1.1"),
    ({"x": [0.5, math.nan, 1]}, ValueError, "x_inputs must be finite, got nan"),
    ({"x": "abc"}, TypeError, "x_inputs must be an array of real numbers"),
    ({"w": np.ones((4, 3))}, ValueError, r"weight_values must have shape \(3,\) or \(5, 3\), got \(4, 3\)"),
    ({"w": [-0.1, 0, 0]}, ValueError, r"weight_values must lie in \[0, 1\], got -0.1"),
    ({"x_max": 0.0}, ValueError, "x_max must be above x_min=0, got 0"),
    ({"w_max": -1.0}, ValueError, "w_max must be above w_min=0, got -1"),
    ({"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
    ({"y_min": 0.3}, ValueError, r"y_max must be a number in \[0.3, 1e\+100\], got 0.2"),
    ({"dt_ms": 0.0}, ValueError, "dt_ms must be a finite number above 0, got 0"),
    ({"dt_ms": 21.0}, ValueError, "dt_ms must be at most tau_mem=20, got 21"),
    ({"neuron_params": {"tau": 3}}, ValueError, "neuron_params must have keys of v_rest, .*, got 'tau'"),
    ({"generator": "dice"}, ValueError, "generator must be one of"),
    ({"encoding": "ternary"}, ValueError, "encoding must be one of"),
    ({"base_seed": "x"}, TypeError, "seed must be"),
    ({"record_membrane": 1}, TypeError, "record_membrane must be True or False, got 1"),
])  # fmt: skip
def test_errors(change, error, message):
    with pytest.raises(error, match=message):
        build(**change)


@pytest.mark.parametrize(("steps", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_run_changes_nothing(steps, error):
    layer = build()
    layer.run(10)
    with pytest.raises(error, match="T must be an integer"):
        layer.run(steps)
    assert layer.get_spike_trains().shape == (5, 10)
