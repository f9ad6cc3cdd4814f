"""Single samples: they count what samples of a batch count, and prepared layers do not look for edits."""

from concurrent.futures import ThreadPoolExecutor
from functools import wraps

import numpy as np
import pytest
from scipy.sparse import csr_array

from sc_neurocore import MemristiveDenseLayer, Network, SCConv2DLayer, VectorizedSCLayer
from sc_neurocore.backends import available, choose
from sc_neurocore.bitstreams.encodings import ENCODINGS
from sc_neurocore.encoders import Searched
from sc_neurocore.layers.weighted.table_counter import FEW


@pytest.fixture
def looked_up(monkeypatch):
    """Samples of each call of the kernel that looks streams up."""
    calls = []
    for backend in {choose(), choose("reference")}:

        @wraps(backend.table_counts)
        def watched(x, *args, kernel=backend.table_counts):
            calls.append(len(x))
            return kernel(x, *args)

        monkeypatch.setattr(backend, "table_counts", watched)
    return calls


def numbers(rng, encoding, shape):
    low = 0.0 if encoding == "unipolar" else -1.0
    made = rng.uniform(low, 1.0, shape)
    made.flat[:3] = 1.0, low, 0.0
    return made


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["sobol", "searched", "lfsr", "lattice"])
@pytest.mark.parametrize("biased", [False, True])
def test_one_sample_counts_what_it_counts_in_a_batch(encoding, generator, biased):
    rng = np.random.default_rng(7)
    for length, n, neurons in ((129, 5, 3), (250, 11, 9), (256, 21, 8), (300, 6, 5), (1024, 13, 4)):
        x, w = numbers(rng, encoding, (FEW + 2, n)), numbers(rng, encoding, (neurons, n))
        bias = numbers(rng, encoding, (neurons,)) if biased else None
        layer = VectorizedSCLayer.from_weights(
            w, length, generator=generator, encoding=encoding, accumulate="sum", bias=bias
        )
        together = layer.forward(x)
        for count in range(1, FEW + 1):
            np.testing.assert_array_equal(layer.forward(x[:count]), together[:count])
        np.testing.assert_array_equal(layer.forward(np.abs(x[0])), layer.forward(np.abs(x))[0])  # one rail of inputs


def test_the_streams_of_few_samples_are_looked_up(looked_up):
    layer = VectorizedSCLayer.from_weights(np.full((4, 6), 0.5), 256, generator="sobol", encoding="split")
    for count in (1, FEW, FEW + 1):
        layer.forward(np.full((count, 6), 0.25))
    assert looked_up == [1, FEW]


@pytest.mark.parametrize(
    "options",
    [
        {"length": 128},
        {"generator": "bernoulli", "weight_streams": "stored"},
        {"accumulate": "or"},
        {"share": "shift"},
        {"sparse": True},
        {"backend": "reference"},
    ],
)
def test_where_streams_are_looked_up(options, looked_up):
    """Not of short streams, nor of generators with a sequence for each line; the reference does as well."""
    layer = VectorizedSCLayer.from_weights(np.full((3, 6), 0.5), **({"length": 256, "generator": "sobol"} | options))
    layer.forward(np.full(6, 0.25))
    assert looked_up == ([1] if "backend" in options else [])


@pytest.mark.parametrize("backend", available())
def test_every_backend(backend):
    rng = np.random.default_rng(3)
    x, w = rng.uniform(-1, 1, (2, 7)), rng.uniform(-1, 1, (3, 7))
    kinds = [
        VectorizedSCLayer.from_weights(w, 200, generator="sobol", encoding="split", backend=each)
        for each in (backend, "reference")
    ]
    np.testing.assert_array_equal(*(layer.forward(x) for layer in kinds))


# ---------------------------------------------------------------- prepared layers


def layers():
    rng = np.random.default_rng(2)
    options = {"length": 256, "generator": "sobol", "encoding": "split", "seed": 3}
    dense = rng.uniform(-1, 1, (4, 6))
    yield "weights", VectorizedSCLayer.from_weights(dense, **options, bias=np.full(4, 0.25)), (2, 6)
    yield "weights", VectorizedSCLayer.from_weights(dense * (rng.random((4, 6)) < 0.5), sparse=True, **options), (6,)
    yield "kernels", SCConv2DLayer.from_kernels(rng.uniform(-1, 1, (2, 3, 2, 2)), **options), (3, 4, 4)
    yield "ideal_weights", MemristiveDenseLayer.from_weights(dense, **options), (6,)


@pytest.mark.parametrize("case", range(4))
def test_prepared_layers(case, monkeypatch):
    name, layer, shape = list(layers())[case]
    x = np.random.default_rng(5).uniform(-1, 1, shape)
    before = layer.forward(x)
    assert layer.prepare() is layer
    np.testing.assert_array_equal(layer.forward(x), before)

    old = getattr(layer, name)
    held = layer.weights_csr.data if getattr(layer, "sparse", False) else old
    with pytest.raises(ValueError, match=r"read-only|must be assigned as a whole"):
        held[...] = 0
    with pytest.raises(ValueError, match=r"read-only|must be assigned as a whole"):
        np.multiply(held, 2, out=held)
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):  # nor can the memory be made writeable
        np.asarray(held).flags.writeable = True
    np.testing.assert_array_equal(layer.forward(x), before)

    with monkeypatch.context() as patch:  # a look for edits would compare arrays
        layer.forward(x)
        patch.setattr(np, "array_equal", None)
        np.testing.assert_array_equal(layer.forward(x), before)

    setattr(layer, name, -np.asarray(old))  # assigned weights are seen, and can be edited
    after = layer.forward(x)
    assert (after != before).any()
    if isinstance(getattr(layer, name), csr_array) or getattr(layer, "sparse", False):
        layer.weights_csr.data[:] = 0
    else:
        getattr(layer, name)[...] = 0
    assert (layer.forward(x) != after).any()


def test_a_prepared_bias():
    layer = VectorizedSCLayer.from_weights([[0.5]], 256, generator="sobol", bias=[0.25], accumulate="sum").prepare()
    assert layer.forward([0.5]) == [0.5]
    with pytest.raises(ValueError, match="read-only"):
        layer.bias[0] = 0.5
    layer.bias = [0.5]
    assert layer.forward([0.5]) == [0.75]
    layer.bias[0] = 0.0
    assert layer.forward([0.5]) == [0.25]
    layer.prepare()
    layer.reset(weights=True)
    assert layer.forward([0.5]) == [0.5]
    state = layer.prepare().state_dict()
    layer.load_state_dict(state)
    layer.weights[0] = 0.0
    assert layer.forward([0.5]) == [0.25]


def test_circuits_are_prepared_and_many_threads_may_call_one():
    rng = np.random.default_rng(4)
    network = Network.from_arrays([rng.normal(size=(9, 12)), rng.normal(size=(3, 9))])
    circuit = network.circuit(256, "sobol")
    with pytest.raises(ValueError, match="weights must be assigned as a whole"):
        circuit.layers[0].weights[0, 0] = 0
    x = rng.random((40, 12))
    want = circuit.forward(x)
    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(list(pool.map(circuit.forward, x)), want)


def test_sequences_of_several_groups(looked_up):
    """A calibrated network's sequence may have groups: each input line has its own part of the table."""
    rng = np.random.default_rng(6)
    generator = Searched([rng.permutation(256) for _ in range(3)])
    layer = VectorizedSCLayer.from_weights(rng.random((5, 11)), 256, generator=generator, accumulate="sum")
    x = rng.random((FEW + 1, 11))
    np.testing.assert_array_equal(layer.forward(x[0]), layer.forward(x)[0])
    assert looked_up == [1]
