"""Weights, their streams, the sparse wiring, state, errors and memory."""

import copy
import pickle
import re
import tracemalloc

import numpy as np
import pytest
from layer_helpers import ACCUMULATES, DETERMINISTIC, ENCODINGS, GENERATORS, inputs, on_grid, slow_forward
from scipy.sparse import csr_array

from sc_neurocore.backends import available, choose
from sc_neurocore.backends.packing import tail_mask, unpack
from sc_neurocore.encoders import Bernoulli
from sc_neurocore.gates import Faults
from sc_neurocore.layers import VectorizedSCLayer

make = VectorizedSCLayer.from_weights


# ------------------------------------------------------------ editing


@pytest.mark.parametrize("options", [{}, {"weight_streams": "stored"}, {"generator": "sobol"}])
@pytest.mark.parametrize("sparse", [False, True])
def test_edits_and_assignments_are_seen_by_the_next_forward(sparse, options):
    layer = VectorizedSCLayer(3, 2, 128, sparse=sparse, seed=1, **options)
    other = VectorizedSCLayer(3, 2, 128, sparse=sparse, seed=1, **options)
    x, new = on_grid(inputs(3), 7), np.array([[0.5, 0, 1], [0.25, 0.75, 0]])
    for each in (layer, other):
        before = each.forward(x)
    layer.weights = new
    if sparse:
        other.weights_csr.data[:] = new.ravel()
    else:
        other.weights[:] = new
    np.testing.assert_array_equal(layer.weights, new)
    np.testing.assert_array_equal(other.weights, new)
    after = layer.forward(x)
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(other.forward(x), after)
    np.testing.assert_allclose(layer.expected(x), new @ x / 3)
    layer._refresh_packed_weights()
    other.reset(), layer.reset()
    np.testing.assert_array_equal(layer.forward(x), other.forward(x))


def test_assignment_copies():
    layer, new = VectorizedSCLayer(3, 2), np.full((2, 3), 0.5)
    layer.weights = new
    new[:] = 0.25
    assert (layer.weights == 0.5).all()
    given = make(new)
    new[:] = 0
    assert (given.weights == 0.25).all()
    bias = np.full(2, 0.5)
    biased = VectorizedSCLayer(3, 2, bias=bias)
    bias[:] = 0
    assert (biased.bias == 0.5).all()


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_bias_can_be_edited(generator):
    layer = make([[0.5]], 256, generator=generator, accumulate="sum", bias=[0.25], seed=2)
    layer.forward([1.0])
    layer.bias[0] = 1.0
    assert layer.expected([1.0]) == 1.5
    assert layer.forward([1.0])[0] == pytest.approx(1.5, abs=0.2)
    layer.bias[0] = 1.5
    samples = layer.samples
    with pytest.raises(ValueError, match=r"^bias must lie in \[0, 1\], got 1.5$"):
        layer.forward([1.0])
    assert layer.samples == samples


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (1.25, r"^weights must lie in \[0, 1\], got 1.25$"),
        (-0.5, r"^weights must lie in \[0, 1\], got -0.5$"),
        (np.nan, r"^weights must be finite, got nan$"),
        (np.inf, r"^weights must be finite, got inf$"),
    ],
)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("sparse", [False, True])
def test_bad_edits_are_refused_before_anything_moves(sparse, generator, bad, message):
    layer = VectorizedSCLayer(3, 2, 64, sparse=sparse, generator=generator, seed=3)
    twin = copy.deepcopy(layer)
    x = inputs((2, 3))
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))
    values = layer.weights_csr.data if sparse else layer.weights.reshape(-1)
    good, values[1] = values[1], bad
    for call in (layer.forward, layer.expected):
        for batch in (x, x[:0]):
            with pytest.raises(ValueError, match=message):
                call(batch)
    with pytest.raises(ValueError, match=message):
        _ = layer.packed_weights
    assert layer.samples == 2
    values[1] = good
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))
    with pytest.raises(ValueError, match=message):
        layer.weights = np.full((2, 3), bad)
    np.testing.assert_array_equal(layer.weights, twin.weights)


def test_initial_weights_are_uniform_in_the_range():
    for encoding, low in (("unipolar", 0), ("bipolar", -1), ("split", -1)):
        for sparse in (False, True):
            w = VectorizedSCLayer(100, 100, 64, sparse=sparse, encoding=encoding, seed=4).weights
            assert w.shape == (100, 100)
            assert w.dtype == np.float64
            assert low <= w.min() < low + 0.01
            assert 0.99 < w.max() <= 1
            assert abs(w.mean() - (low + 1) / 2) < 6 * (1 - low) / np.sqrt(12e4)


# ------------------------------------------------------------ packed weights


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("length", [1, 63, 64, 65, 100])
def test_packed_weights(length, generator, encoding, sparse):
    layer = VectorizedSCLayer(5, 3, length, generator=generator, encoding=encoding, sparse=sparse, bias=[1, 1, 1])
    words = layer.packed_weights
    leading = (2,) if encoding == "split" else ()
    assert words.shape == (*leading, *((15,) if sparse else (3, 5)), -(-length // 64))
    assert words.dtype == np.uint64
    assert not np.any(words[..., -1] & ~tail_mask(length))
    assert layer.samples == 0


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("generator", DETERMINISTIC)
def test_counts_of_a_full_period_are_the_thresholds(generator, sparse):
    weights = inputs((3, 5), "split")
    for encoding, p in (("bipolar", (weights + 1) / 2), ("split", [np.maximum(weights, 0), np.maximum(-weights, 0)])):
        layer = make(weights, 256, generator=generator, encoding=encoding, sparse=sparse)
        ones = choose().popcount(layer.packed_weights)
        wanted = np.floor(np.asarray(p) * 256 + 0.5).reshape(ones.shape)
        tolerance = 3 if generator == "halton" else 0  # base 3 has no period of 256
        np.testing.assert_allclose(ones, wanted, atol=tolerance)


@pytest.mark.parametrize(
    "options", [{}, {"weight_streams": "stored"}, {"generator": "lfsr"}, {"faults": Faults.flips(0.1)}]
)
def test_forward_uses_the_packed_weights(options):
    layer = make(inputs((3, 5)), 100, accumulate="sum", seed=5, **options)
    for _ in range(2):
        x = layer.streams(np.full(5, 0.5)).inputs.words
        both = unpack(x & layer.packed_weights, 100).sum((1, 2))
        np.testing.assert_allclose(layer.forward(np.full(5, 0.5)), both / 100, rtol=1e-14)


# ------------------------------------------------------------ sparse


@pytest.mark.parametrize(
    ("n", "m", "share", "synapses"),
    [(10, 7, 0.5, 35), (10, 7, 0.01, 1), (10, 7, 0.02, 1), (3, 3, 1, 9), (9, 9, 0.1, 8)],
)
def test_number_of_synapses(n, m, share, synapses):
    layer = VectorizedSCLayer(n, m, 64, sparse=True, connectivity=share, seed=6)
    csr = layer.weights_csr
    assert isinstance(csr, csr_array)
    assert csr.nnz == synapses == max(1, round(share * n * m))
    assert csr.shape == (m, n)
    places = np.repeat(np.arange(m), np.diff(csr.indptr)) * n + csr.indices
    assert (np.diff(places) > 0).all()
    assert f"synapses={synapses}" in repr(layer)
    other = VectorizedSCLayer(n, m, 64, sparse=True, connectivity=share, seed=7).weights
    assert not np.array_equal(other, layer.weights)


def test_sparse_weights_are_a_copy_to_read():
    layer = VectorizedSCLayer(4, 3, 64, sparse=True, connectivity=0.5, seed=8)
    dense = layer.weights
    with pytest.raises(ValueError, match="read-only"):
        dense[0, 0] = 1
    wired = dense != 0
    layer.weights = np.where(wired, 0.5, 0)
    np.testing.assert_array_equal(layer.weights, np.where(wired, 0.5, 0))
    assert layer.weights_csr.nnz == 6
    with pytest.raises(ValueError, match=r"^weights must be zero where there is no synapse, got 0.25$"):
        layer.weights = np.where(wired, 1, 0.25)
    np.testing.assert_array_equal(layer.weights, np.where(wired, 0.5, 0))
    layer.weights = np.zeros((3, 4))
    assert layer.weights_csr.nnz == 6  # the wiring stays
    assert not layer.forward(np.ones(4)).any()


def test_weights_csr_needs_a_sparse_layer():
    with pytest.raises(AttributeError, match=r"^weights_csr needs sparse=True$"):
        _ = VectorizedSCLayer(2, 2).weights_csr


def test_from_weights():
    weights = np.array([[0.5, 0, -0.25], [0, 0, 1]])
    for sparse in (False, True):
        layer = make(weights, 100, sparse=sparse, encoding="split", seed=9)
        assert (layer.n_inputs, layer.n_neurons, layer.length) == (3, 2, 100)
        np.testing.assert_array_equal(layer.weights, weights)
    assert layer.weights_csr.nnz == 3
    assert make([[1]]).length == 1024
    assert make([[True, False]]).weights.dtype == np.float64


@pytest.mark.parametrize("accumulate", ["sum", "mean", "saturate", "or"])
@pytest.mark.parametrize("encoding", ["unipolar", "split"])
@pytest.mark.parametrize("generator", DETERMINISTIC)
@pytest.mark.parametrize("share", ["one", "rotate", "shift", "independent"])
def test_sparse_equals_dense_with_zeros(share, generator, encoding, accumulate):
    if share == "rotate" and accumulate in ("sum", "mean"):
        pytest.skip("rotated sequences change no total: an error")
    weights = inputs((4, 6), encoding, seed=10) * (inputs((4, 6), seed=11) < 0.5)
    x = inputs((3, 6), encoding, seed=12)
    dense, sparse = (
        make(weights, 100, sparse=s, encoding=encoding, generator=generator, accumulate=accumulate, share=share, seed=1)
        for s in (False, True)
    )
    np.testing.assert_array_equal(dense.forward(x), sparse.forward(x))


@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_a_full_sparse_layer_is_the_dense_one(accumulate):
    weights, x = inputs((4, 6), "bipolar", seed=10), inputs((3, 6), "bipolar")
    options = {"encoding": "bipolar", "accumulate": accumulate, "bias": [1, 0, 0.5, -1], "seed": 2}
    dense, sparse = (make(weights, 100, sparse=s, **options) for s in (False, True))
    np.testing.assert_array_equal(dense.forward(x), sparse.forward(x))


# ------------------------------------------------------------ keywords


BASE = {"accumulate": "sum", "length": 100, "seed": 3, "generator": "sobol"}


@pytest.mark.parametrize(
    "change",
    [
        {"length": 90},
        {"sparse": True, "connectivity": 0.5},
        {"connectivity": 0.4, "sparse": True},
        {"generator": "bernoulli"},
        {"generator": "lfsr"},
        {"generator": "halton"},
        {"generator": "vdc"},
        {"generator": "ramp"},
        {"encoding": "bipolar"},
        {"encoding": "split"},
        {"accumulate": "mean"},
        {"accumulate": "saturate"},
        {"accumulate": "or"},
        {"accumulate": "mux"},
        {"share": "shift"},
        {"share": "independent"},
        {"bits": 2},
        {"bias": [0.5, 0.5, 0.5, 0.5]},
        {"faults": Faults.flips(0.2)},
        {"seed": 4},
    ],
    ids=str,
)
def test_every_keyword_has_an_effect(change):
    x = inputs((2, 6), seed=13)
    base = VectorizedSCLayer(6, 4, **BASE)
    changed = VectorizedSCLayer(6, 4, **BASE | change)
    assert not np.array_equal(base.forward(x), changed.forward(x))


def test_sparse_stores_fewer_numbers():
    assert hasattr(VectorizedSCLayer(6, 4, sparse=True), "weights_csr")
    assert VectorizedSCLayer(60, 40, 64, sparse=True, connectivity=0.1).packed_weights.shape == (240, 1)


def test_weight_streams_fresh_or_stored():
    x = np.ones((2, 1))
    fresh, stored = (make([[0.5]], 256, weight_streams=s, accumulate="sum", seed=4) for s in ("fresh", "stored"))
    first, second = fresh.forward(x)
    assert first != second
    first, second = stored.forward(x)
    assert first == second
    np.testing.assert_array_equal(stored.packed_weights, stored.packed_weights)


def test_rotation_is_seen_by_gates_that_work_cycle_by_cycle():
    """Both streams of a product turn together, so that its count stays and its cycles move."""
    x, weights = inputs((2, 6), seed=13), inputs((4, 6), seed=14)
    options = {"length": 100, "generator": "sobol"}
    for accumulate in ("sum", "mean"):
        with pytest.raises(ValueError, match=f"share must not be 'rotate' with accumulate='{accumulate}'"):
            make(weights, share="rotate", accumulate=accumulate, **options)
    one, turned = (make(weights, share=share, accumulate="or", **options) for share in ("one", "rotate"))
    assert not np.array_equal(one.forward(x), turned.forward(x))


def test_share_of_bernoulli_streams():
    one = make([[0.5, 0.5]], 256, share="one", accumulate="sum", seed=5)
    assert one.share == "one"
    np.testing.assert_array_equal(one.packed_weights[0, 0], one.packed_weights[0, 1])
    other = make([[0.5, 0.5]], 256, accumulate="sum", seed=5)
    assert other.share == "independent"
    assert not np.array_equal(other.packed_weights[0, 0], other.packed_weights[0, 1])
    assert make([[0.5]], generator="sobol").share == "one"


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_use_gpu_takes_the_kernels_of_the_device(encoding, sparse, gpu_calls):
    x = inputs((2, 5), encoding)
    options = {"encoding": encoding, "sparse": sparse, "seed": 6}
    gpu, cpu = VectorizedSCLayer(5, 3, **options), VectorizedSCLayer(5, 3, use_gpu=False, **options)
    assert "backend='cupy'" in repr(gpu)
    assert "backend='numba'" in repr(cpu)
    np.testing.assert_allclose(slow_forward(gpu, x), cpu.forward(x), atol=1e-13)
    assert set(gpu_calls) == {"bernoulli"}
    cpu.reset()
    np.testing.assert_array_equal(gpu.forward(x), cpu.forward(x))
    assert set(gpu_calls) == {"bernoulli", "fresh_counts"}


@pytest.mark.skipif("cupy" in available(), reason="there is a GPU")
def test_use_gpu_without_one_takes_the_default():
    assert VectorizedSCLayer(5, 3).backend == VectorizedSCLayer(5, 3, use_gpu=False).backend == choose().name


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_the_gpu_gives_the_same_bits(generator, encoding, sparse, gpu):
    x = inputs((7, 30), encoding)
    for length in (1, 65, 1000):
        options = {"generator": generator, "encoding": encoding, "sparse": sparse, "bias": np.ones(11), "seed": 7}
        on_gpu = VectorizedSCLayer(30, 11, length, **options)
        cpu = VectorizedSCLayer(30, 11, length, use_gpu=False, **options)
        assert (on_gpu.backend, cpu.backend) == ("cupy", "numba")
        np.testing.assert_array_equal(on_gpu.forward(x), cpu.forward(x))


# ------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_inputs": 0}, ValueError, "n_inputs must be an integer of at least 1, got 0"),
        ({"n_inputs": 2.0}, TypeError, "n_inputs must be an integer of at least 1, got 2.0"),
        ({"n_neurons": -1}, ValueError, "n_neurons must be an integer of at least 1, got -1"),
        ({"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
        ({"length": True}, TypeError, "length must be an integer of at least 1, got True"),
        ({"use_gpu": 1}, TypeError, "use_gpu must be True or False, got 1"),
        ({"sparse": "yes"}, TypeError, "sparse must be True or False, got 'yes'"),
        ({"connectivity": 0.5}, ValueError, "connectivity must be 1 without sparse=True, got 0.5"),
        ({"sparse": True, "connectivity": 0}, ValueError, "connectivity must be above 0, got 0"),
        ({"sparse": True, "connectivity": 1.5}, ValueError, "connectivity must be a number in [0, 1], got 1.5"),
        ({"sparse": True, "connectivity": np.nan}, ValueError, "connectivity must be a number in [0, 1], got nan"),
        (
            {"generator": "mersenne"},
            ValueError,
            "generator must be one of bernoulli, searched, sobol, lattice, lfsr, halton, vdc, ramp, got 'mersenne'",
        ),
        ({"generator": 3}, TypeError, "generator must be a name or a Generator, got 3"),
        ({"encoding": "ternary"}, ValueError, "encoding must be one of unipolar, bipolar, split, got 'ternary'"),
        (
            {"accumulate": "max"},
            ValueError,
            "accumulate must be one of mean, sum, saturate, or, mux, got 'max'",
        ),
        ({"share": "all"}, ValueError, "share must be one of one, shift, rotate, independent, got 'all'"),
        (
            {"share": "rotate"},
            ValueError,
            "share must be one or independent with a Bernoulli generator, got 'rotate'",
        ),
        ({"bits": 33}, ValueError, "bits must be an integer in 1..32, got 33"),
        (
            {"bits": 8, "generator": Bernoulli(4)},
            ValueError,
            "bits must be None with a generator object of 4 bits, got 8",
        ),
        ({"bias": [0.5]}, ValueError, "bias must have shape (2), got (1,)"),
        ({"bias": [0.5, -0.5]}, ValueError, "bias must lie in [0, 1], got -0.5"),
        ({"bias": [0.5, np.nan]}, ValueError, "bias must be finite, got nan"),
        ({"bias": "a"}, TypeError, "bias must be an array of real numbers, got str of <U1"),
        ({"weight_streams": "old"}, ValueError, "weight_streams must be one of fresh, stored, got 'old'"),
        ({"faults": 0.5}, TypeError, "faults must be a Faults or None, got float"),
        ({"backend": "fpga"}, ValueError, "backend must be one of numba, cupy, jax, reference, or None, got 'fpga'"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": 1.5}, TypeError, "seed must be an int, a SeedSequence, a Generator or None, got 1.5"),
    ],
    ids=str,
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        VectorizedSCLayer(**{"n_inputs": 3, "n_neurons": 2} | options)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([0.5, 0.5], ValueError, "input_values must have shape (..., 3), got (2,)"),
        (0.5, ValueError, "input_values must have shape (..., 3), got ()"),
        ([0.5, 0.5, 1.5], ValueError, "input_values must lie in [0, 1], got 1.5"),
        ([0.5, 0.5, -1e-9], ValueError, "input_values must lie in [0, 1], got -1e-09"),
        ([0.5, 0.5, np.nan], ValueError, "input_values must be finite, got nan"),
        (["a", "b", "c"], TypeError, "input_values must be an array of real numbers, got list of <U1"),
        (np.ones(3, complex), TypeError, "input_values must be an array of real numbers, got ndarray of complex128"),
    ],
    ids=str,
)
def test_bad_inputs(x, error, message):
    layer = VectorizedSCLayer(3, 2, 64)
    for call in (layer.forward, layer.expected):
        with pytest.raises(error, match=f"^{re.escape(message)}$"):
            call(x)
    assert layer.samples == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5], "weights must have shape (any, any), got (1,)"),
        ([[1.5]], "weights must lie in [0, 1], got 1.5"),
        ([[np.nan]], "weights must be finite, got nan"),
        (np.zeros((0, 2)), "weights must have shape (n_neurons, n_inputs), all at least 1, got (0, 2)"),
        (np.zeros((2, 0)), "weights must have shape (n_neurons, n_inputs), all at least 1, got (2, 0)"),
    ],
    ids=str,
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(weights)


def test_bad_assignment_and_options_of_from_weights():
    layer = VectorizedSCLayer(3, 2)
    with pytest.raises(ValueError, match=r"^weights must have shape \(2, 3\), got \(3, 2\)$"):
        layer.weights = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"^weights must have a non-zero value with sparse=True, got none$"):
        make(np.zeros((2, 3)), sparse=True)
    with pytest.raises(ValueError, match=r"^connectivity must be 1 with given weights, got 0.5$"):
        make(np.ones((2, 3)), sparse=True, connectivity=0.5)


def test_a_bias_is_there_from_the_start_or_never():
    with pytest.raises(
        AttributeError, match=r"^bias must be given to the constructor, got it for a layer without one$"
    ):
        VectorizedSCLayer(3, 2).bias = [0.5, 0.5]
    layer = VectorizedSCLayer(3, 2, bias=[0, 0])
    layer.bias = [0.5, 1]
    np.testing.assert_array_equal(layer.bias, [0.5, 1])
    for bad in (None, [0.5], [0.5, 2]):
        with pytest.raises((ValueError, TypeError), match=r"^bias must "):
            layer.bias = bad
    np.testing.assert_array_equal(layer.bias, [0.5, 1])


# ------------------------------------------------------------ state


STATES = [
    {},
    {"sparse": True, "connectivity": 0.5},
    {"bias": [0.5, 0.25, 1]},
    {"sparse": True, "connectivity": 0.5, "bias": [0.5, 0.25, 1], "encoding": "split", "faults": Faults.flips(0.1)},
    {"generator": "sobol", "share": "shift"},
    {"accumulate": "mux", "weight_streams": "stored"},
]


@pytest.mark.parametrize("options", STATES, ids=str)
def test_a_state_goes_on_with_the_same_streams(options):
    layer, other = (VectorizedSCLayer(5, 3, 100, seed=s, **options) for s in (1, 2))
    x = inputs((3, 5))
    layer.forward(x)
    state = layer.state_dict()
    other.load_state_dict(state)
    restored = pickle.loads(pickle.dumps(layer))
    wanted = layer.forward(x)
    np.testing.assert_array_equal(other.forward(x), wanted)
    np.testing.assert_array_equal(restored.forward(x), wanted)
    layer.weights = np.zeros((3, 5))
    layer.load_state_dict(state)  # the state is a copy, and can be used twice
    np.testing.assert_array_equal(layer.forward(x), wanted)
    assert repr(restored) == repr(layer)
    assert restored.samples == layer.samples == 6


def wrong_states(state):
    yield {key: value for key, value in state.items() if key != "weights"}, r"^state must have the keys of state_dict"
    yield state | {"extra": 1}, r"^state must have the keys of state_dict\(\); missing \[\], unknown \['extra'\]$"
    yield state | {"weights": state["weights"][:1]}, r"^(weights|indices) must have shape "
    yield state | {"weights": state["weights"] + 2}, r"^weights must lie in "
    yield state | {"weights": state["weights"] * np.nan}, r"^weights must be finite"
    yield state | {"samples": -1}, r"^samples must be an integer of at least 0, got -1$"
    if "bias" in state:
        yield state | {"bias": np.zeros(2)}, r"^bias must have shape \(3\), got \(2,\)$"
    if "indices" in state:
        yield state | {"indptr": state["indptr"][:-1]}, r"^indptr must have shape \(4\), got \(3,\)$"
        yield state | {"indices": state["indices"] + 100}, r"^indices must lie in 0\.\.4, got 10\d$"


@pytest.mark.parametrize("options", STATES, ids=str)
def test_a_wrong_state_changes_nothing(options):
    layer, other = (VectorizedSCLayer(5, 3, 100, seed=s, **options) for s in (1, 2))
    x = inputs((3, 5))
    layer.forward(x)
    twin = copy.deepcopy(layer)
    for state, message in wrong_states(other.state_dict()):
        with pytest.raises(ValueError, match=message):
            layer.load_state_dict(state)
        assert layer.samples == 3
        np.testing.assert_array_equal(layer.weights, twin.weights)
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))


def test_states_of_other_kinds_do_not_fit():
    dense, sparse, biased = (
        VectorizedSCLayer(3, 2),
        VectorizedSCLayer(3, 2, sparse=True),
        VectorizedSCLayer(3, 2, bias=[0, 0]),
    )
    for one, other in [(dense, sparse), (sparse, dense), (dense, biased), (biased, dense)]:
        with pytest.raises(ValueError, match=r"^state must have the keys of state_dict\(\)"):
            one.load_state_dict(other.state_dict())


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_repr(encoding, generator):
    layer = VectorizedSCLayer(5, 3, 100, generator=generator, encoding=encoding, faults=Faults.flips(0.25))
    text = repr(layer)
    assert "\n" not in text
    assert text.startswith("VectorizedSCLayer(5 -> 3, length=100, ")
    for part in (repr(layer.generator), f"encoding={encoding!r}", f"backend={layer.backend!r}", "input_flips=0.25"):
        assert part in text


# ------------------------------------------------------------ memory


def peak(call):
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_memory_of_a_large_layer(generator):
    VectorizedSCLayer(4, 4, 1024, generator=generator).forward(np.ones(4))  # kernels and tables of others
    layer, built = peak(lambda: VectorizedSCLayer(784, 128, 1024, generator=generator, seed=1))
    assert built < 40
    _, used = peak(lambda: layer.forward(np.full(784, 0.5)))
    assert used < 80
    _, batch = peak(lambda: layer.forward(np.full((200, 784), 0.5)))
    assert batch < 120


@pytest.mark.parametrize("sparse", [False, True])
def test_a_batch_of_bipolar_samples_needs_no_number_per_sample_and_synapse(sparse):
    layer = VectorizedSCLayer(784, 128, 64, generator="sobol", encoding="bipolar", sparse=sparse, seed=1)
    _, used = peak(lambda: layer.forward(np.full((500, 784), 0.5)))
    assert used < 60  # 500 x 784 x 128 integers would be 380


def test_a_sparse_layer_is_small():
    layer, built = peak(lambda: VectorizedSCLayer(784, 128, 1024, sparse=True, connectivity=0.01, seed=1))
    assert built < 4
    _, used = peak(lambda: layer.forward(np.full(784, 0.5)))
    assert used < 4
