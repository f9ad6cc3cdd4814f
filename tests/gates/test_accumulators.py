"""Accumulators on operands: the gate functions on the products, the layers, their expectation, memory and range."""

import numpy as np
import pytest
from gate_helpers import LENGTHS
from scipy.sparse import csr_array

from sc_neurocore import Encoder, Faults, VectorizedSCLayer, gates
from sc_neurocore.backends.types import Wiring
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates.accumulators import (
    ACCUMULATES,
    Conditions,
    MuxTree,
    OrTree,
    ParallelCounter,
    SaturatingAdder,
    StreamAccumulator,
    make_accumulator,
)
from sc_neurocore.gates.connections import FullConnections, WiredConnections
from sc_neurocore.gates.operands import Operands, cycle_sums
from sc_neurocore.layers.spiking_dense import FiringNeuron, FiringRateCounter

ENCODINGS = ["unipolar", "bipolar", "split"]
N, NEURONS, SAMPLES = 5, 3, 4


def values(shape, encoding, seed):
    return np.random.default_rng(seed).uniform(0 if encoding == "unipolar" else -1, 1, shape)


def random_select(length):
    """Select numbers by sample number."""
    numbers = np.random.default_rng(7).integers(0, 2**32, (1000, length), np.uint32)
    return numbers.__getitem__


def by_rail(streams):
    """Words with the rails behind the first axis: ``(samples, rails, n, W)``."""
    return np.moveaxis(streams.words, 0, 1) if streams.encoding == "split" else streams.words[:, None]


def operands_of(x, w, wiring=None):
    """Streams ``(B, n)`` and ``(M, n)``, or ``(synapses,)`` with a wiring, at the gates of one group."""
    rails = 2 if x.encoding == "split" else 1
    dense = wiring is None
    n_words, bipolar = x.words.shape[-1], x.encoding == "bipolar"
    weights = w.words.reshape(rails, -1, n_words)
    if dense:
        connections = FullConnections(x.shape[1], w.shape[0], rails)
    else:
        connections = WiredConnections(wiring, weights.shape[1], rails)
    return Operands(
        np.ascontiguousarray(by_rail(x)).reshape(1, -1, x.shape[1], n_words),
        np.ascontiguousarray(weights).reshape(1, -1, n_words),
        connections,
        x.shape[0],
        connections.n_neurons,
        (rails, rails),
        bipolar,
        bipolar,
        dense,
    )


def streams_of(encoding, length, generator="bernoulli"):
    x = Encoder(N, length, generator, encoding, seed=1).encode(values((SAMPLES, N), encoding, 2))
    w = Encoder(N, length, generator, encoding, seed=1, partner=1).encode(values((NEURONS, N), encoding, 3))
    return x, w


def products_of(x, w):
    """Product streams ``(B, M, n)`` by the gate function."""
    if x.encoding == "split":
        left, right = x.words[:, :, None], w.words[:, None]
    else:
        left, right = x.words[:, None], w.words[None]
    left, right = np.broadcast_arrays(left, right)
    return gates.multiply(*(Bitstream(np.ascontiguousarray(each), x.length, x.encoding) for each in (left, right)))


def joined_by_or(products):
    """The gate function; it refuses bipolar streams, whose OR is no sum, but the ones are those of the gate."""
    if products.encoding != "bipolar":
        return gates.or_gate(products)
    return Bitstream(gates.or_gate(Bitstream(products.words, products.length)).words, products.length, "bipolar")


GATES = {
    "mean": lambda products, select: gates.mean(products),
    "sum": lambda products, select: gates.total(products),
    "saturate": lambda products, select: gates.saturating_sum(products, two_level=products.encoding == "bipolar"),
    "or": lambda products, select: joined_by_or(products).value(),
    "mux": lambda products, select: gates.mux(products, select[:, None]).value(),
}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_outputs_are_the_gate_function_on_the_products(encoding, accumulate, length):
    select = random_select(length)
    accumulator = make_accumulator(accumulate, length, encoding, N, select)
    x, w = streams_of(encoding, length)
    samples = np.array([5, 9, 5, 0])  # a number that comes twice selects twice alike
    out = accumulator.outputs(operands_of(x, w), samples[None])
    assert out.shape == (1, SAMPLES, NEURONS)
    want = GATES[accumulate](products_of(x, w), select(samples))
    np.testing.assert_allclose(out[0], want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("two_level", [False, True])
@pytest.mark.parametrize("encoding", ["bipolar", "split"])
def test_levels_of_a_saturating_adder(encoding, two_level):
    x, w = streams_of(encoding, 100)
    adder = SaturatingAdder(100, encoding, two_level=two_level)
    want = gates.saturating_sum(products_of(x, w), two_level=two_level)
    np.testing.assert_array_equal(adder.outputs(operands_of(x, w))[0], want)
    assert SaturatingAdder(100, encoding).two_level == (encoding == "bipolar")


@pytest.mark.parametrize("kind", [OrTree, MuxTree])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_streams_are_those_of_the_gate(encoding, kind):
    select = random_select(100)
    tree = OrTree(100, encoding) if kind is OrTree else MuxTree(100, encoding, select)
    assert isinstance(tree, StreamAccumulator)
    x, w = streams_of(encoding, 100)
    samples = np.arange(SAMPLES)
    products = products_of(x, w)
    want = joined_by_or(products) if kind is OrTree else gates.mux(products, select(samples)[:, None])
    words = tree.streams(operands_of(x, w), samples[None])
    np.testing.assert_array_equal(words[:, 0] if encoding == "split" else words[0], want.words)


@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_wired_operands(encoding, accumulate):
    """Neurons of 3, 0 and 2 synapses, each the gate function of its own products."""
    length, wiring = 100, Wiring(np.array([0, 3, 3, 5]), np.array([0, 2, 4, 2, 1]), np.arange(5))
    select = random_select(length)
    x, _ = streams_of(encoding, length)
    w = Encoder(5, length, "bernoulli", encoding, seed=8).encode(values(5, encoding, 9))
    out = make_accumulator(accumulate, length, encoding, N, select).outputs(
        operands_of(x, w, wiring), np.arange(SAMPLES)[None]
    )[0]
    for j, (start, stop) in enumerate(zip(wiring.indptr[:-1], wiring.indptr[1:], strict=True)):
        if start == stop:
            empty = -1.0 if encoding == "bipolar" and accumulate in ("or", "mux") else 0.0
            np.testing.assert_array_equal(out[:, j], empty)  # of two levels: +1, -1, +1, ..
            continue
        lines = wiring.inputs[start:stop]
        some = Bitstream(np.ascontiguousarray(x.words[..., lines, :]), length, encoding)
        own = Bitstream(np.ascontiguousarray(w.words[..., None, start:stop, :]), length, encoding)
        want = GATES[accumulate](products_of(some, own), select(np.arange(SAMPLES)))[:, 0]
        scale = (stop - start) / N if accumulate == "mean" else 1.0  # of a layer, the mean is of all its inputs
        np.testing.assert_allclose(out[:, j], want * scale, rtol=0, atol=1e-13)


@pytest.mark.parametrize("accumulate", ["mean", "sum", "saturate", "or"])
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_layers_use_them(encoding, generator, accumulate):
    options = {"encoding": encoding, "accumulate": accumulate, "generator": generator, "seed": 4}
    options["weight_streams"] = "stored" if generator == "bernoulli" else "fresh"
    layer = VectorizedSCLayer(N, NEURONS, 100, **options)
    x = values((SAMPLES, N), encoding, 5)
    streams = layer.streams(x)
    accumulator = make_accumulator(accumulate, 100, encoding, N, None)
    out = accumulator.outputs(operands_of(streams.inputs, streams.weights), np.arange(SAMPLES)[None])[0]
    np.testing.assert_array_equal(out, layer.forward(x))
    conditions = Conditions(layer.share)
    x, w = (layer.options.rounded(numbers) for numbers in (x, layer.weights))
    np.testing.assert_allclose(accumulator.expected(x, w, conditions), layer.expected(x), atol=1e-15)


@pytest.mark.parametrize("share", ["independent", "one"])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expectations_of_sparse_weights_are_those_of_dense_ones(encoding, accumulate, share):
    accumulator = make_accumulator(accumulate, 100, encoding, N, random_select(100))
    x, w = values((SAMPLES, N), encoding, 5), values((NEURONS, N), encoding, 6)
    given = accumulator.expected(x, w, Conditions(share))
    np.testing.assert_allclose(accumulator.expected(x, csr_array(w), Conditions(share)), given, atol=1e-14)
    products = x[:, None] * w
    law = {
        "mean": products.mean(-1),
        "sum": products.sum(-1),
        "saturate": np.clip(products.sum(-1), 0 if encoding == "unipolar" else -1, 1),
        "mux": products.mean(-1),
    }
    if accumulate != "or":
        np.testing.assert_allclose(given, law[accumulate], atol=1e-14)
    elif share == "independent" and encoding != "split":
        p = products if encoding == "unipolar" else (products + 1) / 2
        union = gates.or_gate_expected(p)
        np.testing.assert_allclose(given, union if encoding == "unipolar" else 2 * union - 1, atol=1e-14)


def test_expectations_that_there_are_not():
    x, w = np.full((1, 2), 0.5), np.full((1, 2), 0.5)
    flips, in_runs = Conditions(faults=Faults.flips(0.1)), Conditions(in_runs=True)
    products = Conditions(faults=Faults(product_flips=0.1))
    for accumulator, conditions in [
        (OrTree(8, "unipolar"), products),
        (OrTree(8, "split"), flips),
        (OrTree(8, "unipolar"), Conditions("rotate")),
        (MuxTree(8, "split", random_select(8)), flips),
        (SaturatingAdder(8, "bipolar"), in_runs),
    ]:
        with pytest.raises(ValueError, match=r"^expected has no closed form for accumulate='"):
            accumulator.expected(x, w, conditions)
    assert SaturatingAdder(8, "unipolar").expected(x, w, in_runs) == 0.5
    assert ParallelCounter(8, "unipolar").expected(x, w, products) == pytest.approx(2 * (0.8 * 0.25 + 0.1))


def test_memory_is_that_of_what_they_make():
    for encoding in ENCODINGS:
        x, w = streams_of(encoding, 100)
        operands, numbers = operands_of(x, w), np.arange(SAMPLES)[None]
        rails = 2 if encoding == "split" else 1
        assert ParallelCounter(100, encoding).memory(NEURONS) == 3 * 8 * rails**2 * NEURONS  # counts and their sums
        adder = SaturatingAdder(100, encoding)
        assert adder.memory(NEURONS) == 2 * adder.outputs(operands).nbytes // SAMPLES  # units and their numbers
        tree, select = OrTree(100, encoding), random_select(100)
        words = tree.streams(operands, numbers)
        assert tree.memory(NEURONS) >= rails * words.nbytes // SAMPLES
        assert tree.memory(2 * NEURONS) == 2 * tree.memory(NEURONS)
        mux = MuxTree(100, encoding, select)
        assert mux.memory(NEURONS) - tree.memory(NEURONS) >= rails * select(0).nbytes


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_exceeds_the_full_scale(encoding):
    x = Encoder(N, 256, "sobol", encoding).encode(np.ones((1, N)))
    weights = abs(values((NEURONS, N), encoding, 3))
    w = Encoder(N, 256, "sobol", encoding, partner=1).encode(weights)
    sums = np.abs(weights).sum(1)
    for accumulate in ACCUMULATES:
        accumulator = make_accumulator(accumulate, 256, encoding, N, random_select(256))
        largest = accumulator.full_scale(sums)
        out = accumulator.outputs(operands_of(x, w), np.zeros((1, 1), np.int64))
        assert abs(out).max() <= largest * (1 + 1e-2)
        if accumulate in ("mean", "sum"):
            assert largest == pytest.approx(sums.max() / (N if accumulate == "mean" else 1))
            assert abs(out).max() == pytest.approx(largest, rel=2e-2)
        else:
            assert largest == 1.0
    assert ParallelCounter(8, encoding).full_scale(np.zeros(3)) > 0
    neuron = FiringNeuron(1.0, 20.0, 0.0, 100.0)
    assert FiringRateCounter(100, encoding, None, neuron=neuron, unit=0.1, most=N).full_scale(sums) is None


def test_firing_rates_are_those_of_the_current():
    """A current drives the neuron a cycle at a time; the counter tells its spikes in Hz."""
    x, w = streams_of("split", 100)
    neuron = FiringNeuron(1.0, 20.0, 2.0, 100.0)
    counter = FiringRateCounter(100, "split", None, neuron=neuron, unit=0.3, most=N)
    operands = operands_of(x, w)
    currents = 0.3 * cycle_sums(operands, 100)[0]
    want = np.zeros((SAMPLES, NEURONS))
    for s, j in np.ndindex(*want.shape):
        v, rest = 0.0, 0
        for current in currents[s, j]:
            if rest:
                rest -= 1
                continue
            v += current - v / 20.0
            if v >= 1.0:
                v, rest, want[s, j] = 0.0, 2, want[s, j] + 10.0
    assert want.max() > 0
    np.testing.assert_allclose(counter.outputs(operands, np.arange(SAMPLES)[None])[0], want)


def test_a_multiplexer_needs_select_numbers():
    with pytest.raises(ValueError, match=r"^select must be given for a mux, got None$"):
        make_accumulator("mux", 8, "unipolar", 2, None)


def test_operands_tell_their_shape():
    x, w = streams_of("split", 70)
    operands = operands_of(x, w)
    np.testing.assert_array_equal(operands.fan_in, [N] * NEURONS)
    results = np.arange(2 * SAMPLES * 2 * NEURONS).reshape(1, 2 * SAMPLES, 2 * NEURONS)
    rails = operands.by_rails(results)
    assert rails.shape == (1, SAMPLES, 2, 2, NEURONS)
    want = rails[:, :, 0, 0] + rails[:, :, 1, 1] - rails[:, :, 0, 1] - rails[:, :, 1, 0]
    np.testing.assert_array_equal(operands.signed(results), want)
