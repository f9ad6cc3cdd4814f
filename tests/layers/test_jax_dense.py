"""JaxSCDenseLayer: the bits of the other backends, one clock, batches, state, errors."""

import pickle

import jax
import numpy as np
import pytest
from layer_helpers import ENCODINGS, FALSE_ALARM, GENERATORS, inputs, on_grid
from scipy import stats

from sc_neurocore import JaxSCDenseLayer, SCDenseLayer, Sobol
from sc_neurocore.backends import reference
from sc_neurocore.encoders.seeds import PURPOSES, Seeds
from sc_neurocore.layers.jax_spiking.products import JaxProducts
from sc_neurocore.neurons import LIFNeurons, LIFParameters

QUIET = {"noise_std": 0.0}
PARAMETERS = [
    {},
    {"v_rest": -0.2, "v_reset": -0.5, "v_threshold": 0.7, "tau_mem": 7.3, "resistance": 1.7, "refractory_period": 3},
    {"v_reset": None, "tau_mem": 3.3, "resistance": 3.0, "noise_std": 0.1},
]


def small(**options):
    return JaxSCDenseLayer(5, 3, 65, **{"seed": 7, "y_max": 0.4, **options})


class ProductsOnNumba(JaxProducts):
    """The products of a `JaxSCDenseLayer`, from the same random numbers, counted by the compiled kernels."""

    def _accumulator(self):
        return None


def x_of(*shape, encoding="unipolar"):
    return inputs((*shape, 3), encoding, seed=2)


# ------------------------------------------------------------ spikes of the other backends


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("parameters", PARAMETERS)
def test_the_trains_of_scdenselayer(parameters, encoding, monkeypatch):
    """Of its currents and, where both take it of one key, of its noise: bit for bit."""
    keys = {purpose: np.random.SeedSequence(k) for k, purpose in enumerate(PURPOSES)}
    monkeypatch.setattr(Seeds, "of", lambda self, purpose: keys[purpose])  # whatever class and shape
    low = 0.0 if encoding == "unipolar" else -1.0
    weights = inputs((6, 4), encoding)
    maps = {"x_min": low, "x_max": 1, "w_min": low, "w_max": 1}
    cycles = SCDenseLayer(
        6, inputs((4,), encoding, 1), weights, **maps, length=100, y_max=0.3, neuron_params=parameters, base_seed=3,
        encoding=encoding,
    )  # fmt: skip
    layer = JaxSCDenseLayer(6, 4, neuron_params=parameters, seed=3)
    cycles.run(333)
    spikes = layer.run(cycles.source.currents(0, 333).T)
    assert spikes.any()
    np.testing.assert_array_equal(spikes.T, cycles.get_spike_trains())
    np.testing.assert_array_equal(layer.v, cycles.neurons.v)
    np.testing.assert_array_equal(layer.refractory_left, cycles.neurons.refractory_left)


@pytest.mark.parametrize("parameters", [QUIET, PARAMETERS[1] | QUIET])
def test_a_thousand_neurons_for_a_thousand_steps(parameters):
    currents = np.random.default_rng(0).uniform(0, 0.3, (1000, 1000))
    layer, numba = JaxSCDenseLayer(1000, 1, 8, 0.3, parameters), LIFNeurons(1000, parameters, 0.3)
    spikes = layer.run(currents)
    assert spikes.sum() > 5000
    np.testing.assert_array_equal(spikes, numba.run(currents.T).T)
    np.testing.assert_array_equal(layer.v, numba.v)


def test_float32_is_exact_where_the_numbers_are():
    """Every product is a multiple of 2**-18 below 2**5: 24 bits hold it, and 1/tau is a power of two."""
    parameters = {"tau_mem": 4.0, "v_reset": 0.25, "v_threshold": 1.5, "noise_std": 0.0, "refractory_period": 1}
    currents = np.random.default_rng(1).integers(0, 256, (6, 40)) / 256
    trains = [JaxSCDenseLayer(40, 1, neuron_params=parameters, dtype=dtype).run(currents) for dtype in
              ("float32", "float64")]  # fmt: skip
    np.testing.assert_array_equal(*trains)
    np.testing.assert_array_equal(trains[0].T, LIFNeurons(40, parameters).run(currents.T))
    assert trains[0].any()


def test_dtype_says_how_voltages_are_rounded():
    currents = np.random.default_rng(1).uniform(0, 0.1, (200, 5))
    single, double = small(dtype="float32", neuron_params=QUIET), small(neuron_params=QUIET)
    single.run(currents)
    single.run(currents.astype(np.float32))
    double.run(np.tile(currents, (2, 1)))
    assert (single.v.dtype, double.v.dtype) == (np.float32, np.float64)
    assert np.any(single.v != double.v)
    np.testing.assert_allclose(single.v, double.v, atol=1e-5)


def test_currents_may_be_jax_arrays():
    currents = np.random.default_rng(1).uniform(0, 0.3, (50, 5)).astype(np.float32)
    np.testing.assert_array_equal(small().run(jax.numpy.asarray(currents)), small().run(currents))


# ------------------------------------------------------------ currents from streams


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("length", [1, 65])
def test_counts_are_those_of_numba(generator, encoding, length):
    weights, x = inputs((5, 3), encoding), x_of(7, encoding=encoding)
    options = {"generator": generator, "encoding": encoding, "accumulate": "mean", "seed": 9}
    numba = ProductsOnNumba(None, 3, 5, length, **options)
    numba.weights = weights
    layer = JaxSCDenseLayer(
        5, 3, length, seed=9, weights=weights, generator=generator, encoding=encoding, y_min=0.0, y_max=1.0
    )
    means = numba.forward(x)
    np.testing.assert_array_equal(layer.currents(x), means if encoding == "unipolar" else (means + 1) / 2)


def test_currents_are_counts_of_words():
    layer = JaxSCDenseLayer(5, 3, 65, seed=7, generator="sobol", y_min=-1.0, y_max=1.0)
    x = x_of(4)
    inputs, weights = layer.streams(x)
    assert (inputs.shape, weights.shape) == ((4, 3), (5, 3))
    counts = reference.and_counts(inputs.words[None], weights.words[None])[0]
    np.testing.assert_array_equal(layer.currents(x), -1 + 2 * (counts / (65 * 3)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_streams_are_those_of_the_next_run(encoding):
    """With batch axes, from any step on; Bernoulli streams are those of the step and of the sample."""
    layer = JaxSCDenseLayer(5, 3, 65, seed=7, encoding=encoding, y_min=0.0, y_max=1.0)
    layer.run_inputs(x_of(2, 2, 2, encoding=encoding))
    x = x_of(2, 2, 3, encoding=encoding)
    inputs, weights = layer.streams(x)
    assert layer.samples == 2
    assert (inputs.shape, weights.shape) == ((2, 2, 3, 3), (2, 2, 3, 5, 3))
    bits, w_bits = inputs.bits().astype(int), weights.bits().astype(int)
    if encoding == "split":
        bits, w_bits = bits[0] - bits[1], w_bits[0] - w_bits[1]
    products = bits[..., None, :, :] * w_bits
    if encoding == "bipolar":
        products = 2 * (bits[..., None, :, :] == w_bits) - 1
    means = products.sum((-1, -2)) / (65 * 3)
    np.testing.assert_array_equal(layer.currents(x), means if encoding == "unipolar" else (means + 1) / 2)


def test_mean_current_is_the_expected_one():
    """All products have p = .3 * .6, so the count of ones is binomial."""
    layer = JaxSCDenseLayer(4, 2, 999, seed=1, weights=np.full((4, 2), 0.6), y_max=1.0, bits=20)
    x = np.full((50, 2), 0.3)
    trials = 50 * 4 * 2 * 999
    ones = round(layer.currents(x).sum() * 2 * 999)
    p = layer.expected(x).mean()
    assert p == pytest.approx(0.18, abs=1e-5)
    assert stats.binomtest(ones, trials, p).pvalue > FALSE_ALARM
    assert stats.binomtest(ones, trials, 1.05 * p).pvalue < FALSE_ALARM


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected_is_the_limit(encoding):
    weights, x = on_grid(inputs((5, 3), encoding), 14), on_grid(x_of(2, 6, encoding=encoding), 14)
    options = {"generator": "sobol", "encoding": encoding, "y_min": 0.1, "y_max": 0.5}
    layer = JaxSCDenseLayer(5, 3, 2**14, seed=1, weights=weights, **options)
    share = x @ weights.T / 3 if encoding == "unipolar" else (x @ weights.T / 3 + 1) / 2
    np.testing.assert_allclose(layer.expected(x), 0.1 + 0.4 * share, atol=1e-12)
    np.testing.assert_allclose(layer.currents(x), layer.expected(x), atol=2e-3)


def test_run_inputs_is_run_of_currents():
    x = x_of(40)
    one, two = small(), small()
    currents = two.currents(x)
    np.testing.assert_array_equal(two.currents(x), currents)  # nothing moved on
    np.testing.assert_array_equal(one.run_inputs(x), two.run(currents))
    assert one.v.any()


def test_inputs_and_currents_are_not_told_apart_by_shape():
    layer = JaxSCDenseLayer(3, 3, 64, seed=0, y_max=0.01, neuron_params=QUIET)
    x = np.ones((20, 3))
    assert layer.run(x).all()
    layer.reset()
    assert not layer.run_inputs(x).any()


def test_edited_weights_are_met():
    layer = small(generator="sobol")
    before = layer.currents(x_of(2))
    layer.weights[0, 0] = 1.0
    layer.weights[0, 1:] = 1.0
    after = layer.currents(x_of(2))
    assert np.all(after[:, 0] > before[:, 0])
    np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
    layer.weights = np.zeros((5, 3))
    assert not layer.currents(x_of(2)).any()


# ------------------------------------------------------------ one clock, batches


def test_step_is_run():
    currents = np.random.default_rng(1).uniform(0, 0.3, (30, 5))
    one, many = small(), small()
    whole = one.run(currents)
    steps = [many.step(current) for current in currents]
    assert steps[0].shape == (5,)
    assert steps[0].dtype == np.uint8
    np.testing.assert_array_equal(steps, whole)


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_runs_add_up(batch, generator):
    x = x_of(*batch, 11)
    one, many = small(generator=generator), small(generator=generator)
    whole = one.run_inputs(x)
    assert whole.shape == (*batch, 11, 5)
    parts = [many.run_inputs(part) for part in np.split(x, [4, 5], axis=-2)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=-2), whole)
    np.testing.assert_array_equal(many.v, one.v)
    assert one.v.shape == (*batch, 5)


def test_samples_have_neurons_noise_and_streams_of_their_own():
    layer = small()
    x = np.broadcast_to(x_of(60), (3, 60, 3))
    currents = layer.currents(x)
    assert np.any(currents[0] != currents[1])
    spikes = layer.run(np.full((3, 60, 5), 0.06))
    assert np.any(spikes[0] != spikes[1])
    quiet = small(neuron_params=QUIET)
    drive = np.random.default_rng(3).uniform(0, 0.3, (3, 60, 5))
    together = quiet.run(drive)
    for b in range(3):
        quiet.reset()
        np.testing.assert_array_equal(quiet.run(drive[b]), together[b])


def test_batch_axes_last_until_reset():
    layer = small()
    layer.run(np.full((2, 4, 5), 0.1))
    before = layer.state_dict()
    for call in (lambda: layer.run(np.full((4, 5), 0.1)), lambda: layer.run_inputs(x_of(3, 4)),
                 lambda: layer.step(np.zeros(5))):  # fmt: skip
        with pytest.raises(ValueError, match=r"batch axes must be \(2,\) as in the calls since the last reset\(\)"):
            call()
    np.testing.assert_array_equal(layer.v, before["v"])
    layer.step(np.zeros((2, 5)))
    layer.reset()
    assert layer.v.shape == (5,)
    layer.step(np.zeros(5))


@pytest.mark.parametrize("steps", [0, 1])
def test_no_steps_and_no_samples(steps):
    layer = small()
    assert layer.run(np.empty((0, 5))).shape == (0, 5)
    assert layer.run_inputs(np.empty((0, 3))).shape == (0, 5)
    assert layer.run_inputs(np.empty((0, steps, 3))).shape == (0, steps, 5)


def test_reset_rewinds():
    layer = small(neuron_params={"noise_std": 0.2, "refractory_period": 2})
    first = layer.run_inputs(x_of(70))
    again = layer.run_inputs(x_of(70))
    assert np.any(first != again)
    layer.reset()
    assert not layer.refractory_left.any()
    np.testing.assert_array_equal(layer.run_inputs(x_of(70)), first)


# ------------------------------------------------------------ seeds, keywords, state


def test_one_seed_fixes_all():
    assert_same = np.testing.assert_array_equal
    a, b, other = small(seed=0), small(seed=np.random.SeedSequence(0)), small(seed=1)
    assert_same(a.weights, b.weights)
    assert np.all(a.weights != other.weights)
    x = x_of(80)
    assert_same(a.run_inputs(x), b.run_inputs(x))
    other.weights = a.weights
    a.reset()
    assert np.any(a.currents(x) != other.currents(x))
    drive = np.full((200, 5), 0.055)
    assert np.any(a.run(drive) != other.run(drive))
    free = small(seed=None), small(seed=None)
    assert np.all(free[0].weights != free[1].weights)


@pytest.mark.parametrize("change", [
    {"y_min": 0.1}, {"y_max": 0.3}, {"generator": "lfsr"}, {"encoding": "bipolar"}, {"bits": 3},
    {"weight_streams": "stored"}, {"weights": np.full((5, 3), 0.5)}, {"generator": Sobol(4)}, {"seed": 8},
])  # fmt: skip
def test_keywords_change_currents(change):
    assert np.any(small().currents(x_of(5)) != small(**change).currents(x_of(5)))


def test_length_changes_currents():
    assert np.any(JaxSCDenseLayer(5, 3, 64, seed=7).currents(x_of(5)) != small(y_max=0.1).currents(x_of(5)))


@pytest.mark.parametrize("change", [
    {"dt_ms": 0.5}, {"neuron_params": {"tau_mem": 5.0}}, {"neuron_params": LIFParameters(noise_std=0.3)},
    {"neuron_params": {"v_reset": None}}, {"neuron_params": {"refractory_period": 4}}, {"seed": 8},
])  # fmt: skip
def test_keywords_change_spikes(change):
    drive = np.random.default_rng(0).uniform(0, 0.3, (100, 5))
    assert np.any(small().run(drive) != small(**change).run(drive))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_state_and_pickle_go_on(dtype):
    layer = small(dtype=dtype, neuron_params={"refractory_period": 2})
    layer.run_inputs(x_of(2, 33))
    state = layer.state_dict()
    other = small(seed=99, dtype=dtype, neuron_params={"refractory_period": 2})
    other.load_state_dict(state)
    copy = pickle.loads(pickle.dumps(layer))
    want = layer.run_inputs(x_of(2, 40))
    assert want.any()
    for twin in (other, copy):
        assert twin.v.dtype == dtype
        np.testing.assert_array_equal(twin.run_inputs(x_of(2, 40)), want)
    other.reset()
    layer.reset()
    np.testing.assert_array_equal(other.run_inputs(x_of(9)), layer.run_inputs(x_of(9)))


@pytest.mark.parametrize(("change", "message"), [
    ({"v": np.zeros(4)}, r"v must have shape \(..., 5\)"),
    ({"refractory_left": np.zeros(4, int)}, r"refractory_left must have shape \(5\)"),
    ({"weights": np.full((5, 3), 2.0)}, r"weights must lie in \[0, 1\], got 2.0"),
    ({"samples": -1}, "samples must be an integer of at least 0"),
    ({"extra": 0}, "unknown \\['extra'\\]"),
])  # fmt: skip
def test_a_bad_state_changes_nothing(change, message):
    layer = small()
    layer.run_inputs(x_of(10))
    before = layer.state_dict()
    with pytest.raises(ValueError, match=message):
        layer.load_state_dict(small(seed=1).state_dict() | change)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    twin = small()
    twin.run_inputs(x_of(10))
    np.testing.assert_array_equal(layer.run_inputs(x_of(10)), twin.run_inputs(x_of(10)))


def test_pickle_finds_its_mesh():
    mesh = jax.make_mesh((1, 1), ("batch", "neurons"))
    copy = pickle.loads(pickle.dumps(small(mesh=mesh)))
    assert copy.devices.mesh.shape == mesh.shape
    np.testing.assert_array_equal(copy.run_inputs(x_of(9)), small().run_inputs(x_of(9)))


def test_repr():
    layer = small(generator="sobol", encoding="split", dt_ms=0.5)
    layer.step(np.zeros(5))
    assert repr(layer) == (
        "JaxSCDenseLayer(3 -> 5, bitstream_length=65, Bank('sobol', 65), encoding='split', dt_ms=0.5, "
        "steps=1, dtype='float64', backend='jax', devices='cpu')"
    )
    assert "devices='cpu, 1 neurons'" in repr(small(mesh=jax.make_mesh((1,), ("neurons",))))


# ------------------------------------------------------------ errors


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"n_neurons": 0}, ValueError, "n_neurons must be an integer of at least 1, got 0"),
    ({"n_inputs": 1.0}, TypeError, "n_inputs must be an integer"),
    ({"bitstream_length": 0}, ValueError, "bitstream_length must be an integer of at least 1, got 0"),
    ({"dt_ms": 0}, ValueError, "dt_ms must be a finite number above 0, got 0"),
    ({"dt_ms": 21}, ValueError, "dt_ms must be at most tau_mem=20, got 21"),
    ({"neuron_params": {"tau": 1}}, ValueError, "neuron_params must have keys of v_rest, .*, got 'tau'"),
    ({"neuron_params": {"v_rest": 1e20}, "dtype": "float32"}, ValueError, "v_rest must be a number in"),
    ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ({"weights": np.zeros((3, 2))}, ValueError, r"weights must have shape \(2, 3\), got \(3, 2\)"),
    ({"weights": np.full((2, 3), -0.5)}, ValueError, r"weights must lie in \[0, 1\], got -0.5"),
    ({"y_max": -1.0}, ValueError, r"y_max must be a number in \[0, 1e\+100\], got -1"),
    ({"generator": "dice"}, ValueError, "generator must be one of"),
    ({"encoding": "octal"}, ValueError, "encoding must be one of"),
    ({"bits": 99}, ValueError, "bits must be an integer in"),
    ({"weight_streams": "old"}, ValueError, "weight_streams must be one of fresh, stored, got 'old'"),
    ({"dtype": "float16"}, ValueError, "dtype must be one of float64, float32, got 'float16'"),
    ({"mesh": 4}, TypeError, "mesh must be a jax.sharding.Mesh or None, got 4"),
])  # fmt: skip
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        JaxSCDenseLayer(**{"n_neurons": 2, "n_inputs": 3, **arguments})


@pytest.mark.parametrize(("method", "value", "error", "message"), [
    ("step", np.zeros(4), ValueError, r"I_t must have shape \(..., 5\), got \(4,\)"),
    ("step", 0.1, ValueError, r"I_t must have shape \(..., 5\), got \(\)"),
    ("run", np.zeros(5), ValueError, r"currents must have shape \(..., T, 5\), got \(5,\)"),
    ("run", np.full((2, 5), np.nan), ValueError, "currents must be finite, got nan"),
    ("run", np.full((2, 5), -1e101), ValueError, r"currents must lie in \[-1e\+100, 1e\+100\], got -1e\+101"),
    ("run", [["a"] * 5], TypeError, "currents must be an array of real numbers"),
    ("run_inputs", np.zeros(3), ValueError, r"inputs must have shape \(..., T, 3\), got \(3,\)"),
    ("run_inputs", np.zeros((2, 5)), ValueError, r"inputs must have shape \(..., 3\), got \(2, 5\)"),
    ("run_inputs", np.full((2, 3), 1.5), ValueError, r"inputs must lie in \[0, 1\], got 1.5"),
    ("currents", np.full((2, 3), np.inf), ValueError, "inputs must be finite, got inf"),
    ("expected", np.full((2, 3), -1.0), ValueError, r"inputs must lie in \[0, 1\], got -1.0"),
])  # fmt: skip
def test_bad_inputs_change_nothing(method, value, error, message):
    layer = small()
    layer.step(np.full(5, 0.3))
    before = layer.v.copy()
    with pytest.raises(error, match=message):
        getattr(layer, method)(value)
    assert layer.samples == 1
    np.testing.assert_array_equal(layer.v, before)
