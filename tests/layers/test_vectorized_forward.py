"""The outputs are those of the circuit, bit for bit."""

import numpy as np
import pytest
from layer_helpers import (
    ACCUMULATES,
    DETERMINISTIC,
    ENCODINGS,
    GENERATORS,
    LENGTHS,
    bits_and_select,
    inputs,
    outputs_from_bits,
    seeds_of,
    slow_forward,
)

from sc_neurocore import chunks
from sc_neurocore.backends import threads
from sc_neurocore.backends.packing import unpack
from sc_neurocore.bitstreams import to_probability
from sc_neurocore.encoders import Encoder, UserSequence
from sc_neurocore.gates import Faults
from sc_neurocore.layers import VectorizedSCLayer


def build(encoding="unipolar", accumulate="sum", sparse=False, bias=False, n=5, m=3, **options):
    if sparse:
        options.setdefault("connectivity", 0.6)
    if bias:
        options["bias"] = np.linspace(0.25, 1, m) * (1 if encoding == "unipolar" else [1, -1, 0.5])
    return VectorizedSCLayer(n, m, encoding=encoding, accumulate=accumulate, sparse=sparse, **options)


def test_documented_example():
    layer = VectorizedSCLayer(n_inputs=8, n_neurons=4, length=512)
    out = layer.forward(np.random.default_rng(0).random(8))
    assert out.shape == (4,)
    assert out.dtype == np.float64
    assert (out >= 0).all()
    assert (out <= 1).all()


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 1, 2), (0,), (2, 0)])
def test_leading_axes_are_batch_axes(shape, accumulate, generator):
    layer = build(accumulate=accumulate, generator=generator, length=70, seed=1)
    x = inputs((*shape, 5))
    out = layer(x)
    assert out.shape == layer.expected(x).shape == (*shape, 3)
    assert layer.samples == np.prod(shape)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x.reshape(-1, 5)), out.reshape(-1, 3))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_forward_is_the_circuit_on_bits(encoding, accumulate, sparse, bias):
    x = inputs((2, 5), encoding)
    for length in LENGTHS:
        for generator in ("bernoulli", "sobol"):
            layer = build(encoding, accumulate, sparse, bias, length=length, generator=generator, seed=length)
            for _ in range(2):  # the second call meets other Bernoulli streams
                wanted = slow_forward(layer, x)
                got = layer.forward(x)
                np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-13)
            if accumulate in ("mean", "sum"):
                scale = length * ((5 + bias) if accumulate == "mean" else 1)
                np.testing.assert_allclose(got * scale, np.round(got * scale), atol=1e-9)


@pytest.mark.parametrize("options", [{"weight_streams": "stored"}, {"faults": Faults.flips(0.1)}, {"share": "one"}])
@pytest.mark.parametrize("generator", ["bernoulli", "halton"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_options_meet_the_same_circuit(encoding, accumulate, sparse, generator, options):
    if "weight_streams" in options and generator != "bernoulli":
        options = {"share": "shift"}
    x = inputs((3, 5), encoding)
    layer = build(encoding, accumulate, sparse, True, length=100, generator=generator, seed=2, **options)
    for _ in range(2):
        np.testing.assert_allclose(slow_forward(layer, x), layer.forward(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_neurons_without_synapses(encoding):
    weights = [[0.5, 0, 0.25], [0, 0, 0], [0, 1, 0]]
    x = inputs((2, 3), encoding)
    for accumulate in ACCUMULATES:
        layer = VectorizedSCLayer.from_weights(weights, 65, sparse=True, encoding=encoding, accumulate=accumulate)
        np.testing.assert_allclose(slow_forward(layer, x), layer.forward(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("share", ["one", "rotate", "independent"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", DETERMINISTIC)
def test_streams_are_comparisons_with_decorrelated_sequences(generator, encoding, share):
    n, m, length = 3, 2, 100
    faults = Faults(product_flips=1e-9) if share == "rotate" else None  # without any, a sum would not see the turns
    layer = build(encoding, n=n, m=m, length=length, generator=generator, share=share, faults=faults, seed=3)
    x = inputs((2, n), encoding)

    def bits(values, partner):
        source = layer.generator
        if share == "independent":
            numbers = np.stack([source.decorrelated(2 * i + partner).sequence(length) for i in range(n)])
        else:
            one = source.decorrelated(partner).sequence(length)
            numbers = np.stack([np.roll(one, -(i * length // n) if share == "rotate" else 0) for i in range(n)])
        p = to_probability(values, encoding).reshape(-1, *np.shape(values))
        return (numbers < np.floor(p * source.modulus + 0.5)[..., None]).astype(np.uint8)

    w_bits = bits(layer.weights, 1)
    np.testing.assert_array_equal(unpack(layer.packed_weights, length).reshape(w_bits.shape), w_bits)
    wanted = outputs_from_bits(layer, bits(x, 0), w_bits.reshape(len(w_bits), 1, m * n, length), None)
    np.testing.assert_allclose(layer.forward(x), wanted, rtol=0, atol=1e-13)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_input_streams_are_those_of_an_encoder(generator, encoding):
    layer = build(encoding, length=100, generator=generator, seed=4)
    x = inputs((4, 5), encoding)
    encoder = Encoder(5, 100, generator, encoding, partner=0, seed=seeds_of(layer).of("inputs"))
    x_bits = encoder.encode(x).bits().reshape(-1, 4, 5, 100)
    w_bits = bits_and_select(layer, x)[1]
    np.testing.assert_allclose(layer.forward(x), outputs_from_bits(layer, x_bits, w_bits, None), rtol=0, atol=1e-13)


def test_user_sequence():
    source = UserSequence([[0, 1, 2, 3], [0, 2, 1, 3]], bits=2)
    layer = VectorizedSCLayer.from_weights([[0.5]], 4, generator=source)
    np.testing.assert_array_equal(layer.forward([0.5]), [0.25])  # 1100 AND 1010


# ------------------------------------------------------------ law 3: what a bit depends on


@pytest.mark.parametrize("options", [{}, {"faults": Faults.flips(0.1)}, {"weight_streams": "stored"}, {"sparse": True}])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("generator", GENERATORS)
def test_the_split_of_a_batch_does_not_matter(generator, accumulate, options, monkeypatch):
    if "weight_streams" in options and generator != "bernoulli":
        options = {"share": "shift"}
    layer = build(encoding="split", accumulate=accumulate, length=70, generator=generator, seed=5, **options)
    x = inputs((13, 5), "split")
    whole = layer.forward(x)
    layer.reset()
    assert layer.samples == 0
    parts = [layer.forward(x[:5]), layer.forward(x[5]).reshape(1, 3), layer.forward(x[6:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert layer.samples == 13
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), whole)


def test_bernoulli_streams_run_on_and_reset_rewinds():
    layer = build(length=256, seed=6)
    x = inputs(5)
    first, second = layer.forward(x), layer.forward(x)
    assert not np.array_equal(first, second)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), first)


@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_the_number_of_threads_does_not_matter(generator, accumulate):
    layer = build("bipolar", accumulate, n=60, m=50, length=640, generator=generator, seed=7)
    x = inputs((30, 60), "bipolar")
    outs = []
    try:
        for count in (1, 2, 3):
            threads.set_threads(count)
            layer.reset()
            outs.append(layer.forward(x))
    finally:
        threads.set_threads(None)
    np.testing.assert_array_equal(outs[0], outs[1])
    np.testing.assert_array_equal(outs[0], outs[2])


def test_seeds():
    x = inputs((2, 5))

    def run(seed):
        layer = build(length=256, accumulate="mux", faults=Faults.flips(0.1), sparse=True, seed=seed)
        return layer.weights, layer.forward(x)

    def same(one, other):
        return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))

    sequence, generator = np.random.SeedSequence(8, spawn_key=(3,)), np.random.default_rng(8)
    assert same(run(8), run(8))
    assert same(run(8), run(np.int64(8)))
    assert same(run(sequence), run(sequence))
    assert sequence.n_children_spawned == 0
    assert same(run(8), run(np.random.SeedSequence(8)))
    for one, other in [(8, 9), (8, sequence), (generator, generator), (None, None)]:
        first, second = run(one), run(other)
        assert not np.array_equal(first[0], second[0])
        assert not np.array_equal(first[1], second[1])
    assert same(run(np.random.default_rng(8)), run(np.random.default_rng(8)))


def test_inputs_weights_and_neurons_draw_from_sources_of_their_own():
    layer = VectorizedSCLayer.from_weights(np.full((2, 2), 0.5), 512, seed=9)
    streams = layer.streams(np.full((2, 2), 0.5))
    assert (streams.inputs.shape, streams.weights.shape) == ((2, 2), (2, 2, 2))
    every = np.concatenate([streams.inputs.words.reshape(2, 2, 8), streams.weights.words.reshape(2, 4, 8)], axis=1)
    assert len(np.unique(every.reshape(-1, 8), axis=0)) == 2 * (2 + 4)


def test_global_state_is_neither_read_nor_moved():
    x = inputs((2, 5))
    outs = []
    for global_seed in (0, 1):
        np.random.seed(global_seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        layer = build(length=100, accumulate="mux", faults=Faults.flips(0.25), sparse=True, seed=10)
        outs.append(layer.forward(x))
        build(length=100).forward(x)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(outs[0], outs[1])
