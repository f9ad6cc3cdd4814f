"""Layers with faults: bit by bit against plain NumPy, expectations, one kind at a time."""

import numpy as np
import pytest
from layer_helpers import (
    ACCUMULATES,
    ENCODINGS,
    bits_and_select,
    inputs,
    saturated,
    seeds_of,
    slow_forward,
    wires,
)

from sc_neurocore import Faults, SCConv2DLayer, SCPool2D, VectorizedSCLayer, chunks
from sc_neurocore.backends.packing import unpack
from sc_neurocore.encoders.seeds import PURPOSES, Seeds
from sc_neurocore.gates.faults import flip_masks

KINDS = [
    Faults(input_flips=0.1),
    Faults(weight_flips=0.1),
    Faults(stuck_lines=0.4),
    Faults(dead_generator="inputs"),
    Faults(dead_generator="weights"),
    Faults(input_flips=0.05, weight_flips=0.1, stuck_lines=0.2, dead_generator="weights"),
]


def build(encoding="unipolar", accumulate="sum", *, n=5, m=3, **options):
    options = {"length": 70, "seed": 1, **options}
    if options.pop("bias", False):
        options["bias"] = inputs(m, encoding, 9)
    return VectorizedSCLayer(n, m, encoding=encoding, accumulate=accumulate, **options)


def slow_with_product_flips(layer, x):
    """The next ``layer.forward(x)``, one product stream after another."""
    samples = np.arange(layer.samples, layer.samples + len(x))
    length, encoding = layer.length, layer.encoding
    x_bits, w_bits, select = bits_and_select(layer, x)
    x_bits, w_bits = x_bits.astype(int), w_bits.astype(int)
    key, synapses = seeds_of(layer).key("product flips"), w_bits.shape[2]
    out = np.empty((len(x), layer.n_neurons))
    rails = [(i, j) for i in range(len(x_bits)) for j in range(len(w_bits))]
    for s, j in np.ndindex(*out.shape):
        trees = {1: [], -1: []}
        for pair, (a, b) in enumerate(rails):
            lines = []
            for line, synapse in wires(layer)[j]:
                left = x_bits[a, s, line]
                right = w_bits[b, s if w_bits.shape[1] > 1 else 0, synapse]
                product = (left == right).astype(int) if encoding == "bipolar" else left & right
                stream = (samples[s] * 4 + pair) * synapses + synapse
                mask = unpack(flip_masks(key, layer.faults.product_flips, np.array([stream]), length), length)[0]
                lines.append(product ^ mask)
            trees[1 if a == b else -1].append(np.array(lines))
        fan_in = len(trees[1][0])
        steps = sum(t.sum(0) for t in trees[1]) - sum(t.sum(0) for t in trees[-1])
        if encoding == "bipolar":
            steps = 2 * steps - fan_in
        if layer.accumulate == "saturate":
            out[s, j] = saturated(steps, encoding) / length
        elif layer.accumulate in ("sum", "mean"):
            out[s, j] = steps.sum() / (length * (layer.fan_in if layer.accumulate == "mean" else 1))
        else:

            def joined(lines):
                if layer.accumulate == "or":
                    return lines.any(0)
                return lines[(select[s].astype(np.int64) * fan_in) >> 32, np.arange(length)]  # noqa: B023

            ones = {sign: np.any([joined(t) for t in trees[sign]], axis=0).sum() for sign in trees if trees[sign]}
            if encoding == "split":
                out[s, j] = (ones[1] - ones[-1]) / length
            else:
                out[s, j] = (2 * ones[1] - length) / length if encoding == "bipolar" else ones[1] / length
    return out


@pytest.mark.parametrize("options", [{}, {"sparse": True, "connectivity": 0.6}, {"bias": True}])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_product_flips_on_bits(encoding, accumulate, options):
    for generator in ("bernoulli", "sobol"):
        layer = build(encoding, accumulate, faults=Faults(product_flips=0.1), generator=generator, **options)
        x = inputs((2, 5), encoding, 2)
        want = slow_with_product_flips(layer, x)
        np.testing.assert_allclose(layer.forward(x), want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_window_with_product_flips_is_a_dense_layer(encoding, accumulate, monkeypatch):
    keys = {purpose: np.random.SeedSequence(k) for k, purpose in enumerate(PURPOSES)}
    monkeypatch.setattr(Seeds, "of", lambda self, purpose: keys[purpose])  # whatever class and shape
    kernels = inputs((3, 2, 2, 2), encoding, 4)
    options = {
        "length": 100, "encoding": encoding, "accumulate": accumulate, "seed": 5, "generator": "sobol",
        "faults": Faults(product_flips=0.2, input_flips=0.1),
    }  # fmt: skip
    conv = SCConv2DLayer.from_kernels(kernels, **options)
    dense = VectorizedSCLayer.from_weights(kernels.reshape(3, 8), **options)
    x = inputs((4, 2, 2, 2), encoding, 3)
    np.testing.assert_array_equal(conv.forward(x)[:, :, 0, 0], dense.forward(x.reshape(4, 8)))


def test_windows_flip_on_their_own(monkeypatch):
    layer = SCConv2DLayer(1, 2, 1, length=256, generator="sobol", seed=1, faults=Faults(product_flips=0.3))
    x = np.full((3, 1, 2, 2), 0.5)
    whole = layer.forward(x)
    assert len(np.unique(whole)) > 8
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), whole)


@pytest.mark.parametrize("faults", KINDS, ids=repr)
@pytest.mark.parametrize("accumulate", ["sum", "mux"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_faulty_streams_meet_the_same_circuit(encoding, accumulate, faults):
    x = inputs((3, 5), encoding, 2)
    for options in (
        {"generator": "bernoulli"},
        {"generator": "sobol"},
        {"generator": "halton", "share": "independent"},
    ):
        layer = build(encoding, accumulate, faults=faults, **options)
        plain = build(encoding, accumulate, **options)
        np.testing.assert_array_equal(
            layer.forward(x), slow_forward(build(encoding, accumulate, faults=faults, **options), x)
        )
        layer.reset()
        found, right = layer.streams(x), plain.streams(x)
        inputs_differ = not np.array_equal(found.inputs.words, right.inputs.words)
        weights = bits_and_select(layer, x)[1]
        weights_differ = not np.array_equal(weights, np.broadcast_to(bits_and_select(plain, x)[1], weights.shape))
        touches_inputs = faults.input_flips > 0 or faults.stuck_lines > 0 or faults.dead_generator == "inputs"
        touches_weights = faults.weight_flips > 0 or faults.stuck_lines > 0 or faults.dead_generator == "weights"
        assert (inputs_differ, weights_differ) == (touches_inputs, touches_weights)


def test_a_dead_generator_drives_all_lines_or_one():
    x = inputs((2, 5), seed=2)

    def constant(layer, side):
        bits = bits_and_select(layer, x)[side == "weights"][0]
        return (bits == bits[..., :1]).all((0, 2))

    for side in ("inputs", "weights"):
        dead = {"faults": Faults(dead_generator=side), "length": 256}
        assert constant(build(generator="sobol", **dead), side).all()
        assert constant(build(generator="bernoulli", **dead), side).sum() == 1
    weights = constant(build(generator="halton", share="independent", **dead), "weights").reshape(3, 5)
    assert (weights.sum(1) == 1).all()
    assert (weights == weights[0]).all()


@pytest.mark.parametrize("accumulate", ["sum", "mean", "mux", "saturate"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected_with_product_flips(encoding, accumulate):
    faults = Faults(product_flips=0.1, input_flips=0.05)
    layer = build(encoding, accumulate, faults=faults, length=2048, n=4)
    layer.weights = layer.weights * 0.3
    x = np.tile(inputs(4, encoding, 2), (100, 1))
    if accumulate == "mux" and encoding == "split":
        with pytest.raises(ValueError, match="no closed form"):
            layer.expected(x)
        return
    np.testing.assert_allclose(layer.forward(x).mean(0), layer.expected(x)[0], atol=0.02)


@pytest.mark.parametrize(
    ("faults", "accumulate", "error"),
    [
        (Faults(product_flips=0.1), "or", "no closed form for accumulate='or' with product flips"),
        (Faults(stuck_lines=0.1), "sum", "no closed form with stuck lines or a dead generator"),
        (Faults(dead_generator="inputs"), "sum", "no closed form with stuck lines or a dead generator"),
    ],
)
def test_expectations_without_a_closed_form(faults, accumulate, error):
    with pytest.raises(ValueError, match=error):
        build(accumulate=accumulate, faults=faults).expected(np.zeros(5))


def test_pools_have_faults():
    x = inputs((2, 1, 4, 4), seed=1)
    right = SCPool2D("max", 2, length=100, generator="sobol").forward(x)
    for faults in (Faults(input_flips=0.1), Faults(stuck_lines=0.5), Faults(dead_generator="inputs")):
        layer = SCPool2D("max", 2, length=100, generator="sobol", faults=faults, seed=3)
        found = layer.forward(x)
        assert not np.array_equal(found, right)
        layer.reset()
        np.testing.assert_array_equal(np.concatenate([layer.forward(x[:1]), layer.forward(x[1:])]), found)
        assert repr(faults) in repr(layer)
        with pytest.raises(ValueError, match="no closed form for pools with faults"):
            layer.expected(x)
    spared = SCPool2D("max", 2, length=100, generator="sobol", faults=Faults(weight_flips=0.5))
    np.testing.assert_array_equal(spared.forward(x), right)


def test_bad_faults():
    with pytest.raises(TypeError, match="faults must be a Faults or None, got float"):
        build(faults=0.1)
    with pytest.raises(TypeError, match="bit_flip_rate"):
        build(bit_flip_rate=0.1)
    assert build(faults=Faults()).faults is None
    short, long = build(faults=Faults.flips(0.1)), build(faults=Faults(input_flips=0.1, weight_flips=0.1))
    assert short.faults == long.faults
    x = inputs((2, 5))
    np.testing.assert_array_equal(short.forward(x), long.forward(x))
