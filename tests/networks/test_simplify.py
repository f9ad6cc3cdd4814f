"""Simpler graphs compute the same numbers, and are those that people would write."""

import numpy as np
import pytest

from sc_neurocore import (
    Add,
    Concat,
    Conv2D,
    Dense,
    Elementwise,
    Flatten,
    GlobalPool,
    Multiply,
    Network,
    Pool2D,
    Reshape,
    Scale,
    Select,
    Transpose,
)
from sc_neurocore.networks.simplify import MONOTONE, simplified

RNG = np.random.default_rng(0)


def dense(n_inputs, n):
    return Dense(RNG.normal(size=(n, n_inputs)), RNG.normal(size=n), "identity")


def conv(n_inputs, n, size=2, **options):
    return Conv2D(RNG.normal(size=(n, n_inputs // options.get("groups", 1), size, size)), RNG.normal(size=n),
                  "identity", **options)  # fmt: skip


def scale(n):
    return Scale(RNG.uniform(0.5, 2, n), RNG.normal(size=n))


def relu():
    return Elementwise("relu")


IMAGES, TOKENS, VECTOR = (2, 4, 4), (3, 4), (4,)
CASES = {
    "scale behind a convolution": (IMAGES, [conv(2, 3), scale(3), dense(27, 2)], [Conv2D, Dense]),
    "scale behind a dense layer": (VECTOR, [dense(4, 3), scale(3)], [Dense]),
    "scale behind tokens": (TOKENS, [dense(4, 3), scale(3), Flatten()], [Dense, Flatten]),
    "two scales": (IMAGES, [Scale(np.ones(2), np.ones(2)), scale(2), conv(2, 3, padding=1), Flatten()],
                   [Scale, Conv2D, Flatten]),
    "scale before a dense layer": (VECTOR, [relu(), scale(4), dense(4, 3)], [Elementwise, Dense]),
    "scale of channels before a dense layer": (IMAGES, [Pool2D("max", 2), scale(2), Flatten(), dense(8, 3)],
                                               [Pool2D, Dense]),
    "scale before a convolution": (IMAGES, [relu(), scale(2), conv(2, 4, groups=2), Flatten()],
                                   [Elementwise, Conv2D, Flatten]),
    "scale before a padded convolution": (IMAGES, [relu(), scale(2), conv(2, 3, padding=1), Flatten()],
                                          [Elementwise, Scale, Conv2D, Flatten]),
    "scale of the input": (VECTOR, [scale(4), dense(4, 3)], [Scale, Dense]),
    "scale of some inputs": (VECTOR, [Select((2, 0)), scale(2), dense(2, 3)], [Select, Scale, Dense]),
    "second scale of some inputs": (VECTOR, [scale(4), Select((2, 0)), scale(2), dense(2, 3)], [Scale, Select, Dense]),
    "scale by one": (VECTOR, [Scale(np.ones(4), np.zeros(4)), dense(4, 3)], [Dense]),
    "batch norm and relu": (IMAGES, [conv(2, 3), scale(3), relu(), Flatten(), dense(27, 2)], [Conv2D, Dense]),
    "relu behind another function": (VECTOR, [dense(4, 3), Elementwise("silu"), relu()],
                                     [Dense, Elementwise, Elementwise]),
    "tanh of a logistic function": (VECTOR, [dense(4, 3), Elementwise("logistic"), Elementwise("tanh")],
                                    [Dense, Elementwise]),
    "relu behind a maximum": (IMAGES, [conv(2, 3), Pool2D("max", 3), relu(), Flatten()], [Conv2D, Pool2D, Flatten]),
    "relu behind an average": (IMAGES, [conv(2, 3), Pool2D("average", 3), relu(), Flatten()],
                               [Conv2D, Pool2D, Elementwise, Flatten]),
    "falling function behind a maximum": (
        IMAGES, [conv(2, 3), Pool2D("max", 3), Elementwise("leaky_relu", slope=-0.5), Flatten()],
        [Conv2D, Pool2D, Elementwise, Flatten]),
    "relu behind shapes": (TOKENS, [dense(4, 3), Transpose((1, 0)), Reshape((3, 3, 1)), relu(), conv(3, 2, 1),
                                    Flatten()], [Dense, Transpose, Reshape, Conv2D, Flatten]),
    "orders and shapes": (TOKENS, [Transpose((1, 0)), Transpose((1, 0)), Reshape((12,)), Reshape((3, 4)), dense(4, 2),
                                   Flatten()], [Dense, Flatten]),
    "selections": (VECTOR, [Select((3, 2, 1)), Select((1, 0)), Select((0, 1)), dense(2, 2)], [Select, Dense]),
    "tokens are not flattened by a dense layer": (TOKENS, [Flatten(), dense(12, 2)], [Flatten, Dense]),
}  # fmt: skip


def named(layers):
    return {str(k): (layer, str(k - 1) if k else "input") for k, layer in enumerate(layers)}


def samples(shape):
    return np.random.default_rng(1).normal(size=(40, int(np.prod(shape))))


def same(graph, simple, shape, exact=False):
    plain, short = (Network.from_layers(each, input_shape=shape, input_range=(-5, 5)) for each in (graph, simple))
    x = samples(shape)
    want = plain.float_forward(x)
    np.testing.assert_allclose(short.float_forward(x), want, rtol=0, atol=0 if exact else 1e-12 * np.abs(want).max())


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_chain(name):
    shape, layers, kinds = CASES[name]
    graph = named(layers)
    simple = simplified(graph, shape)
    assert [type(layer) for layer, *_ in simple.values()] == kinds
    same(graph, simple, shape)
    assert list(simplified(simple, shape)) == list(simple)


@pytest.mark.parametrize("function", MONOTONE)
def test_functions_that_keep_order(function):
    """Else a maximum of values is not the value of the maximum."""
    x = np.sort(np.random.default_rng(2).normal(0, 4, 500))
    options = {"low": -0.5, "high": 1.5} if function == "clip" else {}
    assert (np.diff(Elementwise(function, **options).forward(x)) >= 0).all()


def residual(between):
    return {
        "a": (conv(2, 2, 3, padding=1), "input"),
        "norm": (scale(2), "a"),
        "relu": (relu(), "norm"),
        "b": (conv(2, 2, 3, padding=1), "relu"),
        "sum": (Add(2), "b", between),
        "after": (relu(), "sum"),
        "pool": (GlobalPool("average"), "after"),
        "unused": (dense(2, 5), "pool"),
        "head": (dense(2, 3), "pool"),
    }


@pytest.mark.parametrize("between", ["relu", "norm", "a", "input"])
def test_what_others_take_stays(between):
    graph = residual(between)
    simple = simplified(graph, IMAGES)
    same({name: each for name, each in graph.items() if name != "unused"}, simple, IMAGES)
    assert "unused" not in simple
    assert "after" not in simple
    assert ("norm" in simple) == (between == "a")
    assert ("relu" in simple) == (between in ("a", "norm"))
    assert simple["sum"][0].activation == "relu"


def test_one_source_taken_twice():
    graph = {
        "a": (dense(4, 3), "input"),
        "norm": (scale(3), "a"),
        "square": (Multiply(2), "norm", "norm"),
        "one": (Concat(), "square"),
        "head": (dense(3, 2), "one"),
    }
    simple = simplified(graph, VECTOR)
    assert list(simple) == ["a", "square", "head"]
    assert simple["square"][1:] == ("a", "a")
    same(graph, simple, VECTOR)


def test_one_of_several_sources_is_taken_alone():
    graph = {
        "a": (dense(4, 3), "input"),
        "b": (dense(4, 2), "input"),
        "both": (Concat(), "a", "b", "a"),
        "part": (Select((3, 4)), "both"),
        "head": (dense(2, 2), "part"),
    }
    simple = simplified(graph, VECTOR)
    assert list(simple) == ["b", "head"]
    same(graph, simple, VECTOR)
    graph["part"] = (Select((4, 3)), "both")
    assert list(simplified(graph, VECTOR)) == list(graph)


@pytest.mark.parametrize("shared", [False, True])
def test_a_recurrent_cell_is_one_sum_of_products(shared):
    graph = {
        "h": (Elementwise("tanh"), "input"),
        "a": (dense(4, 3), "input"),
        "b": (dense(4, 3), "h"),
        "c": (dense(4, 3), "h"),
        "sum": (Add(3), "a", "b", "c"),
        "out": (Elementwise("tanh"), "sum"),
        "both": (Concat(), "out", "b" if shared else "h"),
    }
    simple = simplified(graph, VECTOR)
    assert list(simple) == (["h", "a", "b", "c", "sum", "both"] if shared else ["h", "sum", "both"])
    if not shared:
        assert simple["sum"][0].weights.shape == (3, 12)
        assert simple["sum"][0].activation == "tanh"
    same(graph, simple, VECTOR)


def test_the_output_may_vanish_but_not_the_last_layer():
    graph = {"a": (dense(4, 3), "input"), "b": (Concat(), "a")}
    assert list(simplified(graph, VECTOR)) == ["a"]
    assert list(simplified({"a": (Concat(), "input")}, VECTOR)) == ["a"]


def random_graph(rng):
    """Layers of three features each, with sources at random."""
    names, graph = ["input"], {}
    for k in range(12):
        kind = rng.integers(6)
        source = names[-1] if rng.random() < 0.7 else names[rng.integers(len(names))]
        if kind == 0:
            each = (Dense(rng.normal(size=(3, 3)) / 2, rng.normal(size=3), "identity"), source)
        elif kind == 1:
            each = (Scale(rng.uniform(0.5, 1.5, 3), rng.normal(size=3)), source)
        elif kind == 2:
            each = (Elementwise(("relu", "tanh", "silu")[rng.integers(3)]), source)
        elif kind == 3:
            each = (Select(tuple(rng.permutation(3).tolist())), source)
        elif kind == 4:
            each = (Reshape((3,)), source)
        else:
            each = (Add(2), source, names[rng.integers(len(names))])
        graph[str(k)] = each
        names.append(str(k))
    return graph


def test_random_graphs():
    rng = np.random.default_rng(3)
    for _ in range(60):
        graph = random_graph(rng)
        simple = simplified(graph, (3,))
        x = rng.normal(size=(10, 3))
        outputs = []
        for each in (graph, simple):
            held = {"input": x}
            for name, (layer, *sources) in each.items():
                held[name] = layer.forward(np.concatenate([held[source] for source in sources], 1))
            outputs.append(held[next(reversed(each))])
        np.testing.assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-12 * np.abs(outputs[0]).max())
        used = {source for _, *sources in simple.values() for source in sources}
        assert set(simple) - {next(reversed(simple))} <= used


def gelu(half, share, before):
    """A GELU by the error function, as exporters write it; `before`: the factor is that of x."""
    scales = {name: (Scale(np.full(4, factor), np.full(4, offset)), source) for name, factor, offset, source in (
        ("x", 1.5, 0.0, "input"), ("half", half if before else 1.0, 0.0, "t"), ("inner", 0.5**0.5, 0.0, "t"),
        ("one", share, share, "erf"), ("last", 1.0 if before else half, 0.0, "product"),
    )}  # fmt: skip
    return {
        "x": scales["x"], "t": (Elementwise("tanh"), "x"), "half": scales["half"], "inner": scales["inner"],
        "erf": (Elementwise("erf"), "inner"), "one": scales["one"], "product": (Multiply(), "one", "half"),
        "last": scales["last"],
    }  # fmt: skip


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(("half", "share"), [(0.5, 1.0), (1.0, 0.5), (0.3, 1.0)])
def test_a_gelu_by_its_error_function(half, share, before):
    graph = gelu(half, share, before)
    simple = simplified(graph, VECTOR)
    kinds = [getattr(layer, "function", type(layer).__name__) for layer, *_ in simple.values()]
    assert kinds == ["Scale", "tanh", "gelu", *(["Scale"] if half * share != 0.5 else [])]
    same(graph, simple, VECTOR)


@pytest.mark.parametrize(("gate", "function"), [("logistic", "silu"), ("hard_logistic", "hard_silu"), ("tanh", None)])
def test_a_number_times_a_function_of_itself(gate, function):
    graph = {"t": (Elementwise("tanh"), "input"), "g": (Elementwise(gate), "t"), "p": (Multiply(), "g", "t")}
    simple = simplified(graph, VECTOR)
    kinds = [getattr(layer, "function", "product") for layer, *_ in simple.values()]
    assert kinds == ["tanh", function] if function else kinds == ["tanh", "tanh", "product"]
    same(graph, simple, VECTOR)
    other = {**graph, "p": (Multiply(), "g", "input")}  # of another number
    assert [type(layer) for layer, *_ in simplified(other, VECTOR).values()] == [Elementwise, Elementwise, Multiply]


@pytest.mark.parametrize(
    ("name", "factor", "offset"), [("one", 1.0, 0.5), ("inner", 0.5, 0.0), ("inner", 0.5**0.5, 0.1)]
)
def test_what_is_no_gelu(name, factor, offset):
    graph = gelu(0.5, 1.0, False)
    graph[name] = (Scale(np.full(4, factor), np.full(4, offset)), *graph[name][1:])
    simple = simplified(graph, VECTOR)
    assert "erf" in [getattr(layer, "function", "") for layer, *_ in simple.values()]
    same(graph, simple, VECTOR)
