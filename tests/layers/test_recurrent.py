"""The reservoir: bit-true against plain NumPy, its weights, its laws, its read-out, its state."""

import pickle

import numpy as np
import pytest
from layer_helpers import FALSE_ALARM, binomial_p_value
from scipy import stats
from scipy.sparse import SparseEfficiencyWarning, csr_array, issparse

from sc_neurocore import SCRecurrentLayer
from sc_neurocore.backends.packing import unpack
from sc_neurocore.backends.philox import philox4x32
from sc_neurocore.encoders import Encoder, VanDerCorput
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.layers.reservoirs.readout import ridge_regression
from sc_neurocore.layers.reservoirs.spectral import ALL_EIGENVALUES, spectral_radius_of

ENCODINGS = ["unipolar", "bipolar", "split"]


def inputs(steps, n_inputs=2, encoding="unipolar", batch=(), seed=0):
    low = 0.0 if encoding == "unipolar" else -1.0
    return np.random.default_rng(seed).uniform(low, 1.0, (*batch, steps, n_inputs))


def small(encoding="split", **options):
    given = {"length": 100, "seed": 5, "bias_strength": 0.3, "encoding": encoding, "activation": "tanh", "leak": 0.8}
    return SCRecurrentLayer(2, 7, 0.8, 0.6, 0.9, **{**given, **options})


def dense(matrix):
    return matrix.toarray() if issparse(matrix) else matrix


def slow_run(layer, X, sample=0):
    """The circuit a step at a time: streams from encoders, gates and counts in NumPy, one neuron after another."""
    n, length, encoding = layer.n_neurons, layer.length, layer.encoding
    seeds = Seeds(5, SCRecurrentLayer, (n, layer.n_inputs))
    weights = np.column_stack([layer.W_in, layer.feedback_strength * dense(layer.W_rec), layer.bias]) / layer.gain
    there = np.column_stack([np.ones_like(layer.W_in), dense(layer.W_rec) != 0, np.ones(n)]).astype(bool)
    if not layer.bias.any():
        weights, there = weights[:, :-1], there[:, :-1]
    lines = weights.shape[1]
    random = layer.generator.__class__.__name__ == "Bernoulli"
    line_of, neuron_of = np.nonzero(there.T)  # line by line

    def encoder(m, partner, name):
        return Encoder(m, length, layer.generator, encoding, share=layer.share, partner=partner, seed=seeds.of(name))

    x_encoder, w_encoder = encoder(lines, 0, "inputs"), encoder(line_of.size if random else lines, 1, "weights")

    def probabilities(values):
        return (values + 1) / 2 if encoding == "bipolar" else np.abs(values)

    def weight_bits(number):
        flat = weights[neuron_of, line_of]
        columns = None if random else line_of
        return unpack(w_encoder.words(probabilities(flat)[None], np.array([number]), columns)[0], length)

    def philox(purpose, step, call):
        key = seeds.key(purpose)
        return philox4x32([call, step & 0xFFFFFFFF, step >> 32, sample], [key & 0xFFFFFFFF, key >> 32])

    out, state = [], layer.state if layer.state.ndim == 1 else layer.state[sample]
    for t, u in enumerate(X):
        step = layer.samples + t
        values = np.concatenate([u, state, np.ones(lines - u.size - n)])
        exact = probabilities(values) * 2.0**layer.generator.bits
        thresholds = np.floor(exact + 0.5)
        if layer.rounding == "stochastic":
            draws = np.concatenate([philox("rounding", step, call) for call in range(lines // 4 + 1)])[:lines]
            thresholds = np.floor(exact) + (draws / 2.0**32 < exact - np.floor(exact))
        number = sample << 32 | step
        if random:
            x_bits = unpack(x_encoder.words(thresholds / 2.0**layer.generator.bits, np.array(number)), length)
        else:
            word = 0
            if layer.restart == "shift":
                word = int(philox("digital shift", step, 0)[0]) >> (32 - layer.generator.bits)
            x_bits = ((x_encoder.sequences ^ np.uint32(word)) < thresholds[:, None]).astype(np.uint8)
        w_bits = weight_bits(number if random and layer.weight_streams == "fresh" else 0)
        new = np.empty(n)
        for j in range(n):
            total = 0
            for k in np.flatnonzero(neuron_of == j):
                i = line_of[k]
                if encoding == "bipolar":
                    total += 2 * int((x_bits[i] == w_bits[k]).sum()) - length
                else:
                    sign = np.sign(values[i]) * np.sign(weights[j, i]) if encoding == "split" else 1
                    total += int(sign) * int((x_bits[i] & w_bits[k]).sum())
            pre = layer.gain * total / length
            low = 0.0 if encoding == "unipolar" else -1.0
            new[j] = np.tanh(pre) if layer.activation == "tanh" else np.clip(pre, low, 1)
        state = (1 - layer.leak) * state + layer.leak * new
        out.append(state)
    return np.array(out)


# ------------------------------------------------------------------ bits


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("connectivity", [1.0, 0.3])
@pytest.mark.parametrize(
    "options",
    [
        {"generator": "sobol"},
        {"generator": "sobol", "restart": "shift", "rounding": "stochastic", "bits": 12},
        {"generator": "lfsr", "length": 37, "share": "shift"},
        {"generator": VanDerCorput(7), "share": "independent", "restart": "shift", "activation": "clip"},
        {"generator": "halton", "share": "shift", "rounding": "stochastic", "bias_strength": 0.0},
        {"generator": "bernoulli", "bits": 9},
        {"generator": "bernoulli", "weight_streams": "stored", "rounding": "stochastic", "activation": "clip"},
        {"generator": "bernoulli", "share": "one", "bias_strength": 0.0, "length": 64},
    ],
)
def test_bit_true(encoding, connectivity, options):
    layer = small(encoding, connectivity=connectivity, **options)
    X = inputs(5, encoding=encoding)
    layer.step(X[0])
    want = slow_run(layer, X)
    found = layer.run(X)
    np.testing.assert_allclose(found, want, rtol=0, atol=1e-15)
    assert np.unique(found).size > 5


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("connectivity", [1.0, 0.3])
@pytest.mark.parametrize(
    "options",
    [
        {"generator": "sobol", "restart": "shift", "rounding": "stochastic", "bits": 9},
        {"generator": VanDerCorput(7), "share": "independent", "bias_strength": 0.0},
        {"generator": "bernoulli", "rounding": "stochastic"},
        {"generator": "bernoulli", "weight_streams": "stored", "share": "one"},
    ],
)
def test_a_step_is_its_streams_counted(encoding, connectivity, options):
    """The streams that a layer shows, through gates and counters in NumPy, give its next states; nothing moves on."""
    layer = small(encoding, connectivity=connectivity, **options)
    X = inputs(2, encoding=encoding, batch=(2, 3))
    layer.run(X)
    x = inputs(6, encoding=encoding, seed=1).reshape(2, 3, 2)
    streams, samples = layer.streams(x), layer.samples
    lines = 2 + 7 + bool(layer.bias.any())
    there = np.column_stack([np.ones_like(layer.W_in), dense(layer.W_rec) != 0, np.ones(7)])[:, :lines]
    line_of, neuron_of = np.nonzero(there.T)  # line by line
    own = options.get("generator") == "bernoulli" and options.get("weight_streams") != "stored"
    assert streams.inputs.shape == (2, 3, lines)
    assert streams.weights.shape == ((2, 3, line_of.size) if own else (line_of.size,))
    bits, w_bits = streams.inputs.bits().astype(int), streams.weights.bits().astype(int)
    if encoding == "split":
        bits, w_bits = bits[0] - bits[1], w_bits[0] - w_bits[1]
    products = bits[..., line_of, :] * w_bits
    if encoding == "bipolar":
        products = 2 * (bits[..., line_of, :] == w_bits) - 1
    sums = np.stack([products[..., neuron_of == j, :].sum((-1, -2)) for j in range(7)], axis=-1)
    before = layer.state
    want = (1 - layer.leak) * before + layer.leak * np.tanh(layer.gain * sums / layer.length)
    assert layer.samples == samples == 2
    np.testing.assert_allclose(layer.step(x), want, rtol=0, atol=1e-15)


def test_backends_agree():
    """The definition in NumPy and the compiled kernels: one circuit."""
    X = inputs(4, encoding="split")
    for options in ({"generator": "sobol", "restart": "shift"}, {"generator": "bernoulli"}):
        mine, theirs = (small(connectivity=0.5, backend=backend, **options) for backend in (None, "reference"))
        np.testing.assert_array_equal(mine.run(X), theirs.run(X))
        np.testing.assert_allclose(mine.expected(X), theirs.expected(X), rtol=0, atol=1e-12)
        assert "backend='reference'" in repr(theirs)


def test_split_runs_steps_and_batches_are_one_run():
    for options in ({"generator": "sobol", "restart": "shift", "rounding": "stochastic"}, {"generator": "bernoulli"}):
        X = inputs(9, encoding="split", batch=(3, 2))
        whole = small(**options).run(X)
        assert whole.shape == (3, 2, 9, 7)
        layer = small(**options)
        parts = [layer.run(X[..., :4, :]), layer.step(X[..., 4, :])[..., None, :], layer.run(X[..., 5:, :])]
        np.testing.assert_array_equal(np.concatenate(parts, axis=-2), whole)
        np.testing.assert_array_equal(layer.state, whole[..., -1, :])
        np.testing.assert_array_equal(small(**options).run(X[0, 0]), whole[0, 0])  # sample 0 is the single one
        assert (small(**options).run(X[0, 1]) != whole[0, 1]).any()  # the others have streams of their own
        first = slow_run(small(**options), X[1, 0], sample=2)
        np.testing.assert_allclose(whole[1, 0], first, rtol=0, atol=1e-15)


def test_doc_example():
    layer = SCRecurrentLayer(n_inputs=3, n_neurons=10, seed=0)
    state = layer.step(np.array([0.5, 0.3, 0.8]))
    assert state.shape == (10,)
    state[:] = 9  # a copy
    assert layer.state.max() <= 1


def test_states_are_multiples_of_gain_over_length():
    layer = SCRecurrentLayer(3, 10, seed=0, generator="sobol", length=64)
    found = layer.run(inputs(20, 3)) * layer.length / layer.gain
    below_one = layer.state < 1
    np.testing.assert_allclose(found[-1][below_one], np.rint(found[-1][below_one]), atol=1e-9)


# ------------------------------------------------------------------ weights


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
@pytest.mark.parametrize(("n", "connectivity"), [(5, 1.0), (60, 0.1), (ALL_EIGENVALUES + 60, 1.0), (400, 0.05)])
def test_spectral_radius(n, connectivity, encoding):
    layer = SCRecurrentLayer(1, n, 0.5, 0.5, 0.7, seed=n, connectivity=connectivity, encoding=encoding)
    matrix = dense(layer.W_rec)
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.7, rel=1e-6)
    assert issparse(layer.W_rec) == (connectivity < 1)
    assert np.count_nonzero(matrix) == round(connectivity * n * n)
    assert (matrix.min() < 0) == (encoding == "split")


def test_spectral_radius_of_what_arpack_may_not_solve():
    n = ALL_EIGENVALUES + 1
    cycle = np.roll(np.eye(n), 1, axis=0)  # all eigenvalues have the absolute value 1
    assert spectral_radius_of(2 * cycle) == pytest.approx(2, rel=1e-9)
    assert spectral_radius_of(csr_array(2 * cycle)) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize("n", [50, 300, 1000])
def test_connections_without_a_loop_have_radius_zero(n):
    """LAPACK and ARPACK find values such as 4e-5 and 2e-4 here; scaled to that, weights were up to 4.5e4."""
    rng = np.random.default_rng(n)
    acyclic = np.triu(rng.uniform(0.1, 1, (n, n)), 1) * (rng.random((n, n)) < 3 / n)
    order = rng.permutation(n)
    shuffled = acyclic[order][:, order]
    assert spectral_radius_of(shuffled) == spectral_radius_of(csr_array(shuffled)) == 0
    with pytest.raises(ValueError, match="connectivity must leave a loop of synapses"):
        SCRecurrentLayer(1, n, seed=0, connectivity=0.05 / n)


@pytest.mark.parametrize("n", [50, 300])
def test_spectral_radius_is_that_of_the_components_with_a_loop(n):
    """Two cycles, a loop of one neuron, and a chain without a loop between them: known in closed form."""
    matrix = np.diag(np.full(n - 1, 0.9), 1)
    matrix[3, 1] = 0.5  # 1 > 2 > 3 > 1
    matrix[11, 10] = -0.7
    assert spectral_radius_of(matrix) == spectral_radius_of(csr_array(matrix)) == pytest.approx(0.63**0.5, rel=6e-7)
    matrix[11, 10] = 0.0
    assert spectral_radius_of(csr_array(matrix)) == pytest.approx(0.405 ** (1 / 3), rel=6e-7)
    matrix[n - 1, n - 1] = -2.5
    assert spectral_radius_of(matrix) == spectral_radius_of(csr_array(matrix)) == 2.5


@pytest.mark.parametrize("degree", [1.2, 2.0, 3.0])
@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_spectral_radius_of_very_sparse_connections(degree, encoding):
    n = 500
    layer = SCRecurrentLayer(1, n, seed=3, connectivity=degree / n, encoding=encoding, spectral_radius=0.7)
    assert np.abs(np.linalg.eigvals(dense(layer.W_rec))).max() == pytest.approx(0.7, rel=1e-6)


def test_strengths():
    layer = SCRecurrentLayer(40, 30, 0.5, 0.25, 0.9, seed=1, encoding="split", bias_strength=2.0)
    assert 0.24 < np.abs(layer.W_in).max() <= 0.25
    assert 1.8 < np.abs(layer.bias).max() <= 2
    assert layer.gain == np.abs(layer.bias).max()
    assert SCRecurrentLayer(4, 5, 0.5, 0.0, 0.9, seed=1).W_in.max() == 0
    assert SCRecurrentLayer(4, 5, 0.5, 0.5, 0.0, seed=1).W_rec.max() == 0
    strong = SCRecurrentLayer(4, 5, 3.0, 0.5, 0.9, seed=1)
    assert strong.gain == 3 * strong.W_rec.max()


def test_effective_radius_is_feedback_times_spectral_radius():
    """Without an input a small state shrinks by that much in a step, in the end."""
    layer = SCRecurrentLayer(1, 20, 0.5, 0.5, 0.8, seed=0, bits=32, rounding="stochastic")  # states are not rounded
    layer.state = np.full(20, 0.5)
    states = layer.run(np.zeros((60, 1)), expected=True)
    ratio = np.linalg.norm(states[-1]) / np.linalg.norm(states[-2])
    assert ratio == pytest.approx(0.4, rel=6e-7)  # radii are rounded to seven digits


def test_assigned_weights_are_met():
    layer = SCRecurrentLayer(1, 2, 1.0, length=64, seed=0, generator="sobol")
    layer.W_in, layer.W_rec, layer.bias = [[0.5], [1.0]], [[0.0, 0.0], [0.5, 0.0]], [0.25, 0.0]
    layer.state = [1.0, 0.0]
    np.testing.assert_array_equal(layer.run([[0.5]]), [[0.5, 1.0]])
    np.testing.assert_array_equal(layer.run([[0.0]]), [[0.25, 0.25]])
    sparse = SCRecurrentLayer(1, 3, seed=0, connectivity=0.9, generator="sobol")
    sparse.W_rec = csr_array(np.eye(3) / 2)
    assert sparse.W_rec.nnz == 3
    with pytest.raises(ValueError, match="W_rec must be a sparse array of shape"):
        sparse.W_rec = np.eye(3)


@pytest.mark.parametrize("options", [{}, {"generator": "sobol"}, {"connectivity": 0.4}], ids=str)
def test_edited_weights_are_met(options):
    """Edits in place do what an assignment does: in the circuit, its expectation and its gain."""
    options = {"generator": "bernoulli", **options}
    X = inputs(6, encoding="split")
    for name in ("W_in", "W_rec", "bias"):
        edited, assigned, before = small(**options), small(**options), small(**options)
        for layer in (edited, assigned):
            layer.expected(X)
            layer.step(X[0])
        held = getattr(edited, name)
        part = held.data if issparse(held) else held
        part[...] *= -10.0
        setattr(assigned, name, held)
        assert edited.gain == assigned.gain != before.gain
        np.testing.assert_array_equal(edited.expected(X), assigned.expected(X))
        np.testing.assert_array_equal(edited.streams(X[0]).weights.words, assigned.streams(X[0]).weights.words)
        first = edited.run(X)
        np.testing.assert_array_equal(first, assigned.run(X))
        assert (first != (before.step(X[0]), before.run(X))[1]).any()
        part[0] = np.nan
        moved = edited.samples
        for call in (edited.run, edited.expected, edited.fit):
            with pytest.raises(ValueError, match=rf"^{name} must be finite, got nan$"):
                call(*(X, X) if call == edited.fit else (X,))
        assert edited.samples == moved


def test_synapses_may_be_added_in_place():
    layer = small(connectivity=0.4, generator="sobol")
    row, column = np.argwhere(dense(layer.W_rec) == 0)[0]
    twin = dense(layer.W_rec)
    twin[row, column] = 0.25
    with pytest.warns(SparseEfficiencyWarning):
        layer.W_rec[row, column] = 0.25
    X, other = inputs(6, encoding="split"), small(connectivity=0.4, generator="sobol")
    other.W_rec = csr_array(twin)
    np.testing.assert_array_equal(layer.run(X), other.run(X))


@pytest.mark.parametrize("connectivity", [1.0, 0.4])
def test_reset_keeps_or_forgets_weights_and_readout(connectivity):
    X = inputs(8, encoding="split")
    layer, fresh = (small(connectivity=connectivity) for _ in range(2))
    first = layer.run(X)
    layer.W_in *= 0.5
    layer.reset()
    layer.fit(X, X[:, 0])
    half, readout = layer.W_in.copy(), layer.readout.copy()
    layer.reset()
    np.testing.assert_array_equal(layer.W_in, half)
    np.testing.assert_array_equal(layer.readout, readout)
    assert (layer.run(X) != first).any()
    layer.reset(weights=True)
    assert layer.readout is None
    np.testing.assert_equal(layer.state_dict(), fresh.state_dict())
    np.testing.assert_array_equal(layer.run(X), first)


# ------------------------------------------------------------------ laws


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_run_converges_to_expected(encoding):
    X = inputs(20, encoding=encoding)
    errors = []
    for length in (256, 4096):
        layer = small(encoding, generator="sobol", length=length)
        exact = layer.expected(X)
        assert layer.samples == 0  # nothing has moved
        errors.append(np.sqrt(np.mean((layer.run(X) - exact) ** 2)))
        twin = small(encoding, generator="sobol", length=length)
        np.testing.assert_allclose(twin.run(X, expected=True), exact, rtol=0, atol=1e-12)
    assert errors[1] < 0.01
    assert errors[1] < errors[0] / 6  # about 1 / L


def test_expected_against_plain_numpy():
    layer = small("split", connectivity=0.4, bits=32)
    X, state, want = inputs(10, encoding="split"), np.zeros(7), []
    for u in X:
        pre = layer.W_in @ u + layer.bias + layer.feedback_strength * (layer.W_rec @ state)
        state = 0.2 * state + 0.8 * np.tanh(pre)
        want.append(state)
    np.testing.assert_allclose(layer.expected(X), want, rtol=0, atol=1e-8)  # rounded to 32 bits


def test_expected_quantises():
    """With 4 bits and full-period streams that make exact products, run and expected are the same numbers."""
    layer = SCRecurrentLayer(1, 3, 0.5, 0.5, 0.9, 256, 0, generator="sobol", bits=4, bias_strength=0.2)
    X = inputs(6, 1)
    np.testing.assert_allclose(layer.run(X), layer.run(X) * 0 + small_twin(layer, X), rtol=0, atol=1e-12)
    fine = SCRecurrentLayer(1, 3, 0.5, 0.5, 0.9, 256, 0, generator="sobol", bias_strength=0.2)
    assert abs(fine.expected(X) - small_twin(layer, X)).max() > 1e-3


def small_twin(layer, X):
    twin = SCRecurrentLayer(1, 3, 0.5, 0.5, 0.9, 256, 0, generator="sobol", bits=4, bias_strength=0.2)
    return twin.expected(X)


def test_bernoulli_streams_have_the_binomial_law_and_a_biased_twin_has_not():
    layer = SCRecurrentLayer(1, 1, 1.0, length=1000, seed=3, generator="bernoulli")
    layer.W_in, layer.W_rec = [[0.5]], [[0.0]]
    ones = int(np.rint(layer.run(np.full((400, 1), 0.6)).sum() * 1000 / layer.gain))
    # gain is .5: the weight's stream is 1 throughout, the input's has probability .6
    assert binomial_p_value(ones, 400_000, 0.6) > FALSE_ALARM
    biased = int(np.rint(layer.run(np.full((400, 1), 0.61)).sum() * 1000 / layer.gain))
    assert binomial_p_value(biased, 400_000, 0.6) < FALSE_ALARM


def test_stochastic_rounding_is_right_in_the_mean():
    """A state of 3.3 / 16 becomes 3 or 4; the nearest would always be 3."""
    layer = SCRecurrentLayer(1, 1, 1.0, length=16, seed=0, generator="ramp", rounding="stochastic")
    layer.W_in, layer.W_rec = [[1.0]], [[0.0]]
    counts = np.rint(16 * layer.run(np.full((4000, 1), 3.3 / 16))[:, 0]).astype(int)
    assert set(counts) == {3, 4}
    assert binomial_p_value((counts == 4).sum(), 4000, 0.3) > FALSE_ALARM
    assert binomial_p_value((counts == 4).sum(), 4000, 0.38) < FALSE_ALARM
    nearest = SCRecurrentLayer(1, 1, 1.0, length=16, seed=0, generator="ramp")
    nearest.W_in, nearest.W_rec = [[1.0]], [[0.0]]
    assert set(np.rint(16 * nearest.run(np.full((50, 1), 3.3 / 16))[:, 0])) == {3}


def test_digital_shift_makes_the_error_of_a_product_zero_in_the_mean():
    """The same input at every step: without a shift the same error at every step."""
    runs = {}
    for restart in ("same", "shift"):
        layer = SCRecurrentLayer(1, 2, 1.0, length=32, seed=1, generator="lfsr", restart=restart)
        layer.W_in, layer.W_rec = [[0.40625], [1.0]], np.zeros((2, 2))
        runs[restart] = layer.run(np.full((3000, 1), 0.59375))[:, 0]
    exact = 0.40625 * 0.59375
    assert np.unique(runs["same"]).size == 1
    assert abs(runs["same"][0] - exact) > 0.005
    assert np.unique(runs["shift"]).size > 3
    assert stats.ttest_1samp(runs["shift"], exact).pvalue > FALSE_ALARM
    assert stats.ttest_1samp(runs["shift"] + 0.01, exact).pvalue < FALSE_ALARM


@pytest.mark.parametrize("expected", [True, False])
def test_echo_state_property(expected):
    """Two starts, the same inputs and streams: the states meet, up to a count of the streams.

    The expectation does not round states that are rounded stochastically, so there they meet for good.
    """
    X = inputs(300, 1, "split")
    options = {"seed": 2, "encoding": "split", "activation": "tanh", "generator": "sobol", "length": 1024}
    options["rounding"] = "stochastic" if expected else "nearest"
    one, two = (SCRecurrentLayer(1, 50, 1.0, 0.5, 0.8, **options) for _ in range(2))
    two.state = np.random.default_rng(0).uniform(-1, 1, 50)
    a, b = one.run(X, expected=expected), two.run(X, expected=expected)
    assert abs(a - b)[0].max() > 0.1
    assert abs(a - b)[-1].max() < 1e-9 if expected else abs(a - b)[-50:].max() < 0.02
    wild_one, wild_two = (SCRecurrentLayer(1, 50, 1.0, 0.05, 1.8, **options) for _ in range(2))
    wild_two.state = two.state
    assert abs(wild_one.run(X, expected=expected) - wild_two.run(X, expected=expected))[-50:].max() > 0.1


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("n", [100, 200])
def test_streams_keep_a_residue_between_two_starts(n, generator):
    """Exactly equal in floating point only: the page states .01 to .04 for two starts at L = 256."""
    X = np.random.default_rng(5).uniform(0, 0.5, (450, 1))
    options = {"length": 256, "seed": 0, "encoding": "split", "activation": "tanh", "generator": generator}
    starts = np.random.default_rng(6).uniform(-1, 1, (2, n))
    differences = {}
    for expected in (True, False):
        states = []
        for start in starts:
            rounding = "stochastic" if expected else "nearest"  # the mean of the former is not rounded
            layer = SCRecurrentLayer(1, n, 0.9, 0.5, 0.9, rounding=rounding, **options)
            layer.state = start
            states.append(layer.run(X, expected=expected))
        differences[expected] = np.sqrt(np.square(states[0] - states[1]).mean(1))
    assert differences[True][0] > 0.1
    assert differences[True][-1] < 1e-12
    assert 0.01 < differences[False][-50:].mean() < 0.04
    assert differences[False][-50:].min() > 0


def test_every_keyword_has_an_effect():
    X = inputs(6, encoding="unipolar")
    base = {"seed": 5, "generator": "sobol", "length": 100, "encoding": "split"}
    found = {}
    for name, options in {
        "base": {}, "feedback": {"feedback_strength": 0.7}, "input": {"input_strength": 0.7},
        "radius": {"spectral_radius": 0.5}, "length": {"length": 101}, "seed": {"seed": 6},
        "connectivity": {"connectivity": 0.5}, "leak": {"leak": 0.5}, "bias": {"bias_strength": 0.2},
        "activation": {"activation": "tanh"}, "generator": {"generator": "lfsr"}, "encoding": {"encoding": "bipolar"},
        "share": {"share": "shift"}, "bits": {"bits": 5}, "restart": {"restart": "shift"},
        "rounding": {"rounding": "stochastic"}, "random": {"generator": "bernoulli"},
        "stored": {"generator": "bernoulli", "weight_streams": "stored"},
    }.items():  # fmt: skip
        layer = SCRecurrentLayer(2, 9, **{**base, **options})
        found[name] = layer.run(X).tobytes()
    assert len(set(found.values())) == len(found)


def test_reset_rewinds_and_seeds_fix_all():
    for options in ({"generator": "bernoulli"}, {"generator": "sobol", "restart": "shift", "rounding": "stochastic"}):
        layer, X = small(**options), inputs(6, encoding="split")
        first = layer.run(X)
        assert (layer.run(X) != first).any()
        layer.reset()
        assert layer.state.shape == (7,)
        np.testing.assert_array_equal(layer.run(X), first)
        twin = small(**{**options, "seed": np.random.SeedSequence(5)})
        np.testing.assert_array_equal(twin.run(X), first)
        assert (small(**{**options, "seed": None}).run(X) != first).any()


def test_global_random_state_is_left_alone():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    small(generator="bernoulli").run(inputs(3, encoding="split"))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# ------------------------------------------------------------------ read-out


def test_fit_reads_delays_and_goes_on():
    X = inputs(700, 1, "split", seed=3)
    Y = np.concatenate([[0, 0], X[:-2, 0]])
    layer = SCRecurrentLayer(1, 40, 1.0, 0.3, 0.9, 256, 1, generator="sobol", encoding="split")
    found = layer.fit(X[:500], Y[:500], washout=50).predict(X[500:])
    assert found.shape == (200,)
    assert np.corrcoef(found, Y[500:])[0, 1] > 0.95
    both = SCRecurrentLayer(1, 40, 1.0, 0.3, 0.9, 256, 1, generator="sobol", encoding="split")
    both.fit(X[:500], np.column_stack([Y[:500], -Y[:500]]), washout=50)
    np.testing.assert_allclose(both.predict(X[500:]), np.column_stack([found, -found]), atol=1e-9)
    exact = SCRecurrentLayer(1, 40, 1.0, 0.3, 0.9, 256, 1, encoding="split")
    exact.fit(X[:500], Y[:500], ridge=0, washout=50, expected=True)
    assert np.corrcoef(exact.predict(X[500:], expected=True), Y[500:])[0, 1] > 0.999


def test_a_readout_is_assigned_and_edited():
    layer, X = small(), inputs(5, encoding="split")
    layer.readout = np.zeros(8)
    assert not layer.predict(X).any()
    layer.readout[-1] = 0.5
    np.testing.assert_array_equal(layer.predict(X), np.full(5, 0.5))
    layer.readout = np.eye(8)[:, :2]
    np.testing.assert_array_equal(layer.predict(X)[-1], layer.state[:2])
    layer.readout[0, 0] = np.nan
    for bad, message in ((np.zeros(7), "readout must have shape"), ([np.inf] * 8, "readout must be finite, got inf")):
        with pytest.raises(ValueError, match=message):
            layer.readout = bad
    with pytest.raises(ValueError, match="readout must be finite, got nan"):
        layer.predict(X)
    layer.readout = None
    with pytest.raises(ValueError, match="predict must come after fit"):
        layer.predict(X)


def test_fit_of_a_batch_pools_its_sequences():
    X = inputs(120, 1, "split", batch=(4,))
    Y = np.concatenate([np.zeros((4, 1)), X[:, :-1, 0]], axis=1)
    layer = SCRecurrentLayer(1, 20, 1.0, 0.3, 0.9, 256, 1, generator="sobol", encoding="split")
    twin = SCRecurrentLayer(1, 20, 1.0, 0.3, 0.9, 256, 1, generator="sobol", encoding="split")
    layer.fit(X, Y, ridge=0.1, washout=20)
    states = twin.run(X)[:, 20:].reshape(-1, 20)
    np.testing.assert_allclose(layer.readout, ridge_regression(states, Y[:, 20:].reshape(-1), 0.1), atol=1e-12)
    assert layer.predict(X).shape == (4, 120)


def test_ridge_regression_is_the_minimum():
    rng = np.random.default_rng(0)
    A, Y = rng.normal(size=(60, 5)) + 3, rng.normal(size=(60, 2)) + 7
    w = ridge_regression(A, Y, 2.0)
    residual = Y - A @ w[:-1] - w[-1]
    np.testing.assert_allclose(residual.sum(0), 0, atol=1e-10)  # the constant is free
    np.testing.assert_allclose(A.T @ residual, 2.0 * w[:-1], atol=1e-9)
    twice = np.column_stack([A, A])  # rank 5 of 10: ridge = 0 takes the smallest weights
    np.testing.assert_allclose(ridge_regression(twice, Y, 0.0)[:5], ridge_regression(A, Y, 0.0)[:5] / 2, atol=1e-10)
    assert np.isfinite(ridge_regression(np.ones((4, 2)), np.arange(4.0), 0.0)).all()


# ------------------------------------------------------------------ state, errors


@pytest.mark.parametrize("connectivity", [1.0, 0.4])
def test_state_dict_and_pickle(connectivity):
    X = inputs(8, encoding="split")
    layer = small(connectivity=connectivity, generator="sobol", restart="shift").fit(X, X[:, 0])
    other = small(connectivity=connectivity, generator="sobol", restart="shift", seed=9)
    other.load_state_dict(layer.state_dict())
    copy = pickle.loads(pickle.dumps(layer))
    want = layer.predict(X)
    np.testing.assert_array_equal(other.predict(X), want)
    np.testing.assert_array_equal(copy.predict(X), want)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_in": np.zeros((7, 3))}, r"W_in must have shape \(7, 2\), got \(7, 3\)"),
        ({"bias": np.full(7, np.nan)}, "bias must be finite"),
        ({"state": np.full(7, 2.0)}, r"state must lie in \[-1, 1\], got 2.0"),
        ({"readout": np.zeros(3)}, r"readout must have shape \(8,\) or \(8, any\), got \(3,\)"),
        ({"indptr": np.zeros(3, int)}, r"indptr must have shape \(8\), got \(3,\)"),
        ({"samples": -1}, "samples must be an integer of at least 0, got -1"),
    ],
)
def test_a_bad_state_changes_nothing(change, message):
    layer = small(connectivity=0.4)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=message):
        layer.load_state_dict({**before, **change})
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def test_repr():
    text = repr(small(connectivity=0.4, generator="sobol"))
    assert text.startswith("SCRecurrentLayer(2 -> 7, synapses=20, length=100, Bank('sobol', 100), ")
    assert "encoding='split'" in text
    assert "backend='numba'" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_inputs": 0}, ValueError, "n_inputs must be an integer of at least 1, got 0"),
        ({"n_neurons": 2.0}, TypeError, "n_neurons must be an integer of at least 1, got 2.0"),
        ({"feedback_strength": -1.0}, ValueError, "feedback_strength must be a number in"),
        ({"input_strength": "x"}, TypeError, "input_strength must be a number in"),
        ({"spectral_radius": np.nan}, ValueError, "spectral_radius must be a number in"),
        ({"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
        ({"connectivity": 0.0}, ValueError, "connectivity must be a finite number above 0, got 0.0"),
        ({"connectivity": 1.5}, ValueError, r"connectivity must be a number in \[0, 1\], got 1.5"),
        ({"leak": 0.0}, ValueError, "leak must be a finite number above 0, got 0.0"),
        ({"leak": 2}, ValueError, r"leak must be a number in \[0, 1\], got 2"),
        ({"bias_strength": -0.1}, ValueError, "bias_strength must be a number in"),
        ({"activation": "relu"}, ValueError, "activation must be one of clip, tanh, got 'relu'"),
        ({"encoding": "morse"}, ValueError, "encoding must be one of"),
        ({"generator": "dice"}, ValueError, "generator must be one of"),
        ({"restart": "never"}, ValueError, "restart must be one of same, shift, got 'never'"),
        ({"restart": "shift"}, ValueError, "restart must be 'same' with a Bernoulli generator"),
        ({"rounding": "up"}, ValueError, "rounding must be one of nearest, stochastic, got 'up'"),
        ({"weight_streams": "old"}, ValueError, "weight_streams must be one of fresh, stored, got 'old'"),
        ({"share": "all"}, ValueError, "share must be one of"),
        ({"seed": "a"}, TypeError, "seed must be an int"),
        ({"n_neurons": 50, "connectivity": 1e-9}, ValueError, "connectivity must leave a loop of synapses"),
    ],
)
def test_errors_of_the_constructor(options, error, message):
    with pytest.raises(error, match=message):
        SCRecurrentLayer(**{"n_inputs": 1, "n_neurons": 5, "seed": 0, **options})


def test_errors_of_runs_change_nothing():
    layer, X = small("unipolar"), inputs(4)
    calls = [
        (lambda: layer.step(X), ValueError, "input_vector must have shape"),
        (lambda: layer.step([0.5]), ValueError, r"input_vector must have shape \(..., 2\), got \(1,\)"),
        (lambda: layer.run(X[0]), ValueError, r"X must have shape \(..., T, 2\), got \(2,\)"),
        (lambda: layer.run(X - 1), ValueError, r"X must lie in \[0, 1\], got -"),
        (lambda: layer.run(X * np.inf), ValueError, "X must be finite"),
        (lambda: layer.run(X, expected=1), TypeError, "expected must be True or False, got 1"),
        (lambda: layer.fit(X, X[:3, 0]), ValueError, r"Y must have shape \(4,\) or \(4,\) and an axis of outputs"),
        (lambda: layer.fit(X, X[:, 0], ridge=-1.0), ValueError, "ridge must be a number in"),
        (lambda: layer.fit(X, X[:, 0], washout=4), ValueError, "washout must be below the 4 steps of X, got 4"),
        (lambda: layer.predict(X), ValueError, "predict must come after fit"),
        (lambda: setattr(layer, "state", np.full(7, -0.5)), ValueError, r"state must lie in \[0, 1\], got -0.5"),
        (lambda: setattr(layer, "W_in", -np.ones((7, 2))), ValueError, "W_in must lie in"),
    ]
    before = layer.state_dict()
    for call, error, message in calls[1:]:
        with pytest.raises(error, match=message):
            call()
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    layer.run(inputs(3, batch=(2,)))
    with pytest.raises(ValueError, match=r"X must have the batch axes \(2,\) of the state until reset\(\), got \(\)"):
        layer.run(X)
    layer.reset()
    assert layer.run(X[:0]).shape == (0, 7)
    assert layer.run(inputs(3, batch=(0,))).shape == (0, 3, 7)


def test_large_and_sparse():
    layer = SCRecurrentLayer(1, 5000, 1.0, 0.5, 0.9, 256, 0, connectivity=0.001, generator="sobol", encoding="split")
    states = layer.run(inputs(5, 1))
    assert states.shape == (5, 5000)
    assert np.sqrt(np.mean((states - SCRecurrentLayer.expected(reset(layer), inputs(5, 1))) ** 2)) < 0.02


def reset(layer):
    layer.reset()
    return layer
