"""Networks whose layers make a graph: who takes whose outputs, in floating point, as a circuit, and in files."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

import sc_neurocore as sc
from sc_neurocore import (
    Add,
    Concat,
    Conv2D,
    Dense,
    Elementwise,
    Flatten,
    GlobalPool,
    Inhibition,
    LayerNorm,
    Multiply,
    Network,
    Pool2D,
    Reshape,
    Scale,
    Select,
    Softmax,
    Transpose,
)
from sc_neurocore.networks import FixedPoint
from sc_neurocore.networks.graph import INPUT, flow

FINE = {"length": 16, "generator": "bernoulli", "bits": 30}
"""Thresholds so fine that `expected` shows no rounding."""


def dense(n_inputs, n, activation="identity", seed=0):
    rng = np.random.default_rng([seed, n_inputs, n])
    return Dense(rng.normal(size=(n, n_inputs)) / n_inputs, 0.2 * rng.normal(size=n), activation)


def conv(n_inputs, n, activation="relu", seed=0):
    rng = np.random.default_rng([seed, n_inputs, n])
    return Conv2D(
        rng.normal(size=(n, n_inputs, 3, 3)) / (3 * n_inputs), 0.1 * rng.normal(size=n), activation, padding=1
    )


def residual(calibration=None):
    """A small residual network of images 1 x 8 x 8."""
    return Network.from_layers(
        {
            "stem": conv(1, 4),
            "first": conv(4, 4, seed=1),
            "second": conv(4, 4, "identity", seed=2),
            "sum": (Add(2, "relu"), "second", "stem"),
            "pool": GlobalPool("average"),
            "head": dense(4, 3),
        },
        input_shape=(1, 8, 8),
        calibration=calibration,
    )


def tokens():
    """Images 2 x 4 x 4 as four tokens of eight features, with a layer normalisation and a residual."""
    return Network.from_layers(
        {
            "patches": Conv2D(
                np.random.default_rng(5).normal(size=(8, 2, 2, 2)) / 4, np.zeros(8), "identity", stride=2
            ),
            "flat": Reshape((8, 4)),
            "tokens": Transpose((1, 0)),
            "norm": LayerNorm(np.linspace(0.5, 1.5, 8), np.linspace(-0.1, 0.1, 8)),
            "up": dense(8, 6, seed=3),
            "gelu": Elementwise("gelu"),
            "down": dense(6, 8, seed=4),
            "sum": (Add(), "down", "tokens"),
            "mean": GlobalPool("average"),
            "head": dense(8, 3),
            "softmax": Softmax(),
        },
        input_shape=(2, 4, 4),
    )


def gated():
    """Two scaled halves of the input, one a gate of the other, and the input beside them."""
    return Network.from_layers(
        {
            "scaled": Scale(np.array([0.1, 1.0, 2.0, 0.5]), np.array([0.0, -0.5, 0.0, 0.25])),
            "left": Select((0, 2)),
            "right": (Select((3, 1)), "scaled"),
            "gate": Elementwise("logistic"),
            "product": (Multiply(), "left", "gate"),
            "all": (Concat(), "product", "input", "right"),
            "flat": Flatten(),
            "head": dense(8, 2),
        },
        input_shape=(4,),
        input_range=(np.array([0.0, -1.0, 0.0, 0.0]), np.array([10.0, 1.0, 1.0, 2.0])),
    )


NETWORKS = {"residual": residual, "tokens": tokens, "gated": gated}


def samples(network, n=7, seed=0):
    low, high = network.bounds
    return low + (high - low) * np.random.default_rng(seed).random((n, network.n_inputs))


# ---------------------------------------------------------------- topology


def test_a_chain_as_a_graph_is_the_chain(tmp_path):
    layers = [conv(1, 2), Pool2D("max", 2), dense(8, 3)]
    chain = Network.from_layers(layers, input_shape=(1, 4, 4))
    named = Network.from_layers(
        {"a": (layers[0], "input"), "b": layers[1], "c": (layers[2], "b")}, input_shape=(1, 4, 4)
    )
    placed = Network(chain.layers, input_shape=(1, 4, 4), sources=((-1,), [0], np.array([1])), names=("a", "b", "c"))
    chain.save(tmp_path / "chain.safetensors")
    for other in (named, placed):
        assert (other.sources, other.names, repr(other), other.digest()) == (None, None, repr(chain), chain.digest())
        assert other.layers_digest() == chain.layers_digest()
        other.save(tmp_path / "graph.safetensors")
        assert (tmp_path / "graph.safetensors").read_bytes() == (tmp_path / "chain.safetensors").read_bytes()
        x = samples(chain)
        np.testing.assert_array_equal(other.circuit(64, seed=3).forward(x), chain.circuit(64, seed=3).forward(x))


def test_layers_in_any_order_are_put_in_order():
    net = Network.from_layers(
        {"head": (dense(2, 2), "sum"), "sum": (Add(), "a", "b"), "a": (dense(3, 2), "input"), "b": (dense(3, 2), "a2"),
         "a2": (Elementwise("relu"), "input")},
    )  # fmt: skip
    assert net.names is not None
    assert net.names[-1] == "head"
    for name, taken in zip(net.names, net.sources, strict=True):
        assert all(source < net.names.index(name) for source in taken)
    x = samples(net)
    want = dense(3, 2).forward(x) + dense(3, 2).forward(np.maximum(x, 0))
    np.testing.assert_allclose(net.float_forward(x), dense(2, 2).forward(want), rtol=1e-12)


A, B = dense(2, 2), dense(2, 2, seed=1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            {"a": (A, "b"), "b": (B, "a")},
            r"layers must not take themselves over others, got (a <- b <- a|b <- a <- b)$",
        ),
        ({"a": (A, "a")}, "layers must not take themselves over others, got a <- a"),
        ({"a": A, "b": (B, "c")}, r"layers\['b'\] must take 'input' or names of other layers, got 'c'"),
        ({"a": A, "b": (B, 0)}, r"layers\['b'\] must take 'input' or names of other layers, got 0"),
        ({"a": A, "b": (B, "input")}, "layers must all be used but the last, got layer 'a', which no layer takes"),
        ({"input": A}, "layers must have names other than '' and 'input', got 'input'"),
        ({1: A}, "layers must have names other than '' and 'input', got 1"),
        ({}, "layers must hold at least one layer, got none"),
        (
            {"a": A, "s": (Add(3), "a", "input")},
            r"layer 's': it takes 3 sources of the same shape, got joined .*\(4,\)",
        ),
        (
            {"c": conv(1, 2), "f": (Flatten(), "input"), "s": (Concat(), "c", "f"), "d": A},
            r"layer 's': its sources must have the same shape but for their first axis, got \(2, 4, 4\), \(16,\)",
        ),
        ({"c": conv(1, 2), "d": A}, r"layer 'd': it takes 2 inputs, got shape \(2, 4, 4\)"),
        ({"c": conv(1, 2), "r": Reshape((3, 3)), "d": (A, "r", "r")}, r"layer 'r': it takes 9 inputs, got shape"),
        (
            {"c": conv(1, 2, "identity"), "i": Inhibition(), "s": (Add(2), "i", "c"), "f": Flatten()},
            "layer 'i': Inhibition takes no negative numbers, may get some",
        ),
        ({"a": (3, "input"), "b": (A, "a", "a")}, r"layers\[0\] must be a LayerSpec, got 3"),
    ],
)
def test_wrong_graphs_are_refused_in_one_line(layers, message):
    shape = (
        (1, 4, 4)
        if any(isinstance(each if not isinstance(each, tuple) else each[0], Conv2D) for each in layers.values())
        else None
    )
    with pytest.raises((ValueError, TypeError), match=message) as error:
        Network.from_layers(layers, input_shape=shape)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sources": ((-1,),)}, "sources must have 3 entries, one a layer, got 1"),
        ({"sources": ((-1,), (0,), (2,))}, "sources of layer 2 must be an integer in -1..1, got 2"),
        ({"sources": ((-1,), (), (1,))}, "sources of layer 1 must be at least one, got none"),
        ({"sources": ((-1,), (-2,), (1,))}, "sources of layer 1 must be an integer in -1..0, got -2"),
        ({"sources": ((-1,), (-1,), (1,)), "names": ("x", "y", "z")}, "used but the last, got layer 'x'"),
        ({"sources": ((-1,), (0,), (1, 0)), "names": ("a", "a", "b")}, "names must be different texts .* got 'a'"),
        ({"names": ("a",)}, "names must have 3 entries, one a layer, got 1"),
        ({"names": ("a", 2, "b")}, "names must be different texts .* got 2"),
        ({"sources": 3}, "sources must be a sequence, got 3"),
    ],
)
def test_wrong_places_are_refused(fields, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Network((A, B, dense(2, 2, seed=2)), **fields)


def test_only_what_is_needed_is_held():
    """What no later layer takes is let go: of a deep residual network one array beside the one on its way."""
    layers = {"stem": dense(4, 4, "relu")}
    for k in range(6):
        layers[f"block{k}"] = dense(4, 4, seed=k)
        layers[f"sum{k}"] = (Add(2, "relu"), f"block{k}", "stem" if k == 0 else f"sum{k - 1}")
    net = Network.from_layers(layers)
    held, seen = {INPUT: samples(net)}, []

    def call(layer):
        return lambda a: seen.append(set(held) - {INPUT}) or layer.forward(a)

    out = flow(net.wires, [call(layer) for layer in net.layers], held[INPUT], held)
    np.testing.assert_array_equal(out, net.float_forward(samples(net)))
    for k, here in enumerate(seen):
        later = {source for taken in net.sources[k + 1 :] for source in taken if source < k}
        assert here <= later | {k - 1}
    assert max(map(len, seen)) == 1
    assert set(held) == {INPUT}


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize("name", NETWORKS)
def test_the_expectation_is_the_float_network(name):
    net = NETWORKS[name]()
    x = samples(net)
    np.testing.assert_allclose(net.circuit(**FINE).expected(x), net.float_forward(x), atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_circuit_comes_near(name):
    net = NETWORKS[name]()
    x = samples(net)
    errors = [np.sqrt(((net.circuit(length).forward(x) - net.float_forward(x)) ** 2).mean()) for length in (64, 1024)]
    assert errors[1] < 0.35 * errors[0]
    assert errors[1] < 0.02


@pytest.mark.parametrize("name", NETWORKS)
def test_batches(name):
    """Any leading axes, also none and empty ones; and samples may come in any pieces."""
    net = NETWORKS[name]()
    x = samples(net, 6)
    whole = net.circuit(32, "bernoulli", seed=1).forward(x)
    circuit = net.circuit(32, "bernoulli", seed=1)
    np.testing.assert_array_equal(circuit.forward(x.reshape(2, 3, -1)), whole.reshape(2, 3, -1))
    circuit.reset()
    np.testing.assert_array_equal(np.stack([circuit.forward(each) for each in x]), whole)
    for made in (net.circuit(32), FixedPoint(net)):
        assert made.forward(x[:0]).shape == (0, net.n_outputs)
    assert net.float_forward(x[0]).shape == (net.n_outputs,)


@pytest.mark.parametrize("name", NETWORKS)
def test_fixed_point(name):
    net = NETWORKS[name]()
    x = samples(net)
    np.testing.assert_allclose(FixedPoint(net, 16).forward(x), net.float_forward(x), atol=2e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_files(name, tmp_path):
    net, path = NETWORKS[name](), tmp_path / "net.safetensors"
    net.save(path)
    again = Network.load(path)
    assert again.digest() == net.digest()
    assert (again.sources, again.names, repr(again)) == (net.sources, net.names, repr(net))
    np.testing.assert_array_equal(again.float_forward(samples(net)), net.float_forward(samples(net)))
    with safe_open(path, "numpy") as opened:
        assert json.loads(opened.metadata()["sc_neurocore"])["format"] == 5
    whole = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(whole[:8], "little")
    for bit in range(8 * start, 8 * len(whole), 97):
        changed = whole.copy()
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"net\.safetensors must "):
            Network.load(path)


def test_what_decides_the_numbers_is_in_the_digest():
    net = residual()
    other = Network(net.layers, input_shape=net.input_shape, sources=(*net.sources[:3], (0, 2), *net.sources[4:]))
    assert len({net.digest(), other.digest()}) == 2
    assert net.layers_digest() != other.layers_digest()
    low, high = gated().bounds
    narrow = Network(gated().layers, (low, high / 2), input_shape=(4,), sources=gated().sources)
    assert narrow.layers_digest() != gated().layers_digest()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_name_of_each_layer_is_shown(name):
    net = NETWORKS[name]()
    assert all(f"{each} = " in repr(net) for each in net.names)


def test_lengths_are_those_of_layers_with_streams():
    net = residual()
    circuit = net.circuit((8, 16, 32, 64))
    assert [layer.length for layer in circuit.layers] == [8, 16, 32, 64]
    assert len(circuit.stages) == 4
    with pytest.raises(ValueError, match="length must be one number, or 4, one for each layer with streams, got 6"):
        net.circuit((8,) * 6)
    with pytest.raises(ValueError, match="calls must be 4, one for each layer with streams, got 1"):
        circuit.through(samples(net), [lambda a: a])


# ---------------------------------------------------------------- random graphs


@st.composite
def graphs(draw):
    """Names to layers with their sources, and an independent way to compute them."""
    width = draw(st.integers(1, 3))
    layers, values, widths = {}, {"input": lambda x, found: x}, {"input": width}
    open_ends = {"input"}

    def put(name, layer, sources, compute, n):
        layers[name] = (layer, *sources)
        values[name] = lambda x, found: compute(np.concatenate([found[source] for source in sources], 1))
        widths[name] = n
        open_ends.difference_update(sources)
        open_ends.add(name)

    for k in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["dense", "add", "concat", "function"]))
        first = draw(st.sampled_from(sorted(widths)))
        if kind == "add":
            same = sorted(name for name in widths if widths[name] == widths[first])
            sources = [first, *draw(st.lists(st.sampled_from(same), min_size=1, max_size=2))]
            n, terms = widths[first], len(sources)
            put(f"n{k}", Add(terms, "relu"), sources, lambda a, n=n: np.maximum(sum_of(a, n), 0), n)
        elif kind == "concat":
            sources = [first, *draw(st.lists(st.sampled_from(sorted(widths)), min_size=1, max_size=2))]
            put(f"n{k}", Concat(), sources, lambda a: a, sum(widths[source] for source in sources))
        elif kind == "function":
            put(
                f"n{k}",
                Elementwise("leaky_relu", slope=0.25),
                [first],
                lambda a: np.where(a < 0, a / 4, a),
                widths[first],
            )
        else:
            n = draw(st.integers(1, 3))
            layer = dense(widths[first], n, "tanh", seed=k)
            put(f"n{k}", layer, [first], lambda a, w=layer: np.tanh(a @ w.weights.T + w.bias), n)
    ends = sorted(open_ends - {"input"}) or ["input"]
    joined = sum(widths[name] for name in ends)
    layer = dense(joined, 2, seed=99)
    put("last", layer, ends, lambda a: a @ layer.weights.T + layer.bias, 2)
    return layers, values, width


def sum_of(a, n):
    return a.reshape(len(a), -1, n).sum(1)


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(0, 2**16))
def test_random_graphs(graph, seed):
    """In floating point, and in the expectation of fine streams, they are what plain NumPy computes node by node."""
    layers, values, width = graph
    net = Network.from_layers(layers, input_shape=(width,), input_range=(-1.0, 1.0))
    x = np.random.default_rng(seed).uniform(-1, 1, (5, width))
    found = {}
    for name, compute in values.items():  # names were added in topological order
        found[name] = compute(x, found)
    np.testing.assert_allclose(net.float_forward(x), found["last"], rtol=1e-9, atol=1e-12)
    ranges = [np.max(each.scale) for each in net.ranges()]
    np.testing.assert_allclose(net.circuit(**FINE).expected(x), found["last"], atol=1e-7 * max(ranges))


# ---------------------------------------------------------------- ranges


def test_joined_layers_keep_their_ranges():
    """Each line is encoded in its own range: with one for all, small numbers would have few levels."""
    small = Dense(np.array([[1e-3, 0.0]]), np.zeros(1), "identity")
    large = Dense(np.array([[0.0, 1.0]]), np.zeros(1), "identity")
    last = Dense(np.array([[1e3, 1.0]]), np.zeros(1), "identity")
    net = Network.from_layers(
        {"s": (small, "input"), "l": (large, "input"), "both": (Concat(), "s", "l"), "last": last}
    )
    np.testing.assert_array_equal(net.ranges()[3].scale, [1e-3, 1.0])
    x = samples(net, 50)
    error = np.abs(net.circuit(256).forward(x) - net.float_forward(x)).max()
    assert error < 0.05
    one = Network.from_layers([Dense(np.array([[1e3, 1.0]]), np.zeros(1), "identity")])
    coarse = one.circuit(256).forward(x * [1e-3, 1.0])
    assert np.abs(coarse - net.float_forward(x)).max() > 0.5  # the twin: one range for both


def test_channels_of_images_keep_their_ranges():
    net = Network.from_layers(
        {
            "scale": Scale(np.array([1.0, 100.0]), np.zeros(2)),
            "pool": Pool2D("average", 2),
            "conv": Conv2D(np.array([[[[1.0]], [[0.01]]]]), np.zeros(1), "identity"),
            "flat": Flatten(),
            "head": dense(4, 2),
        },
        input_shape=(2, 4, 4),
    )
    assert net.sources is None
    assert net.ranges()[1].scale.shape == (2, 1, 1)
    x = samples(net)
    np.testing.assert_allclose(net.circuit(**FINE).expected(x), net.float_forward(x), atol=1e-6)
    assert np.abs(net.circuit(1024).forward(x) - net.float_forward(x)).max() < 0.02


def test_inputs_outside_their_own_range_are_refused_or_cut():
    net = gated()
    x = samples(net)
    x[3, 1] = 1.5
    for made in (net.circuit(16), FixedPoint(net)):
        with pytest.raises(ValueError, match=r"x must lie in \[-1, 1\] in input 1, got 1\.5"):
            made.forward(x)
    cut = np.minimum(x, net.bounds[1])
    for make in (net.circuit, lambda _, clip=False: FixedPoint(net, clip=clip)):
        np.testing.assert_array_equal(make(16, clip=True).forward(x), make(16).forward(cut))


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (
            ([0.0, 0.0], [1.0]),
            r"input_range must have two numbers, or two arrays of shape \(2,\), got .* \(2,\) and \(1,\)",
        ),
        (([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]), r"two arrays of shape \(2,\), got shapes \(3,\) and \(3,\)"),
        (([0.0, 1.0], [1.0, 1.0]), r"input_range must have low < high everywhere, got \(1\.0, 1\.0\) at 1"),
        (([0.0, np.nan], [1.0, 1.0]), "input_range must be finite, got nan"),
        (([0.0, [1.0]], [1.0, 1.0]), "input_range must be an array of real numbers"),
        (([0.0], [1.0], [2.0]), r"input_range must be \(low, high\), got 3 entries"),
    ],
)
def test_wrong_input_ranges(ends, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Network((A,), input_range=ends)


def test_the_top_level_has_the_layers():
    assert all(getattr(sc, name) is getattr(sc.networks, name) for name in ("Add", "Concat", "Scale", "Transpose"))
