"""Networks from NIR compute NIR's equations, by plain NumPy here, and come back from NIR as they went out."""

import importlib.util
import json
import math
import shutil
import sys

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
    Network,
    Pool2D,
    Reshape,
    Scale,
    Softmax,
    SpikingDense,
    from_nir,
    to_nir,
)
from sc_neurocore.interop.nir.neurons import INTEGRATING

nir = pytest.importorskip("nir")
h5py = pytest.importorskip("h5py")

RNG = np.random.default_rng(5)
START = RNG.bit_generator.state


@pytest.fixture(autouse=True)
def same_numbers_for_each_test():
    RNG.bit_generator.state = START


def chain(*nodes, shape=None):
    ends = [] if shape is None else [nir.Input(np.array(shape))]
    return nir.NIRGraph.from_list(*ends, *nodes)


def graph_of(nodes, edges):
    """A graph whose shapes nobody has looked at."""
    return nir.NIRGraph(nodes, edges, type_check=False)


def lif(n=1, tau=0.02, r=1.0, leak=0.0, threshold=1.0, reset=None):
    each = [np.full(n, value, float) for value in (tau, r, leak, threshold, leak if reset is None else reset)]
    return nir.LIF(*each)


# ---------------------------------------------------------------- graphs without neurons, by plain NumPy


def correlated(x, weights, bias, stride, padding, dilation, groups):
    """Convolution by its definition, ``(C, H, W)`` to ``(out, H', W')``; padding ``((top, bottom), (left, right))``."""
    x = np.pad(x, ((0, 0), *padding))
    out, per, kh, kw = weights.shape
    height = (x.shape[1] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    width = (x.shape[2] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((out, height, width))
    for o in range(out):
        first = o // (out // groups) * per
        for i in range(height):
            for j in range(width):
                rows = slice(i * stride[0], i * stride[0] + dilation[0] * (kh - 1) + 1, dilation[0])
                columns = slice(j * stride[1], j * stride[1] + dilation[1] * (kw - 1) + 1, dilation[1])
                y[o, i, j] = (x[first : first + per, rows, columns] * weights[o]).sum() + bias[o]
    return y


def test_affine_linear_and_scale():
    w, b, v, s = RNG.normal(size=(5, 4)), RNG.normal(size=5), RNG.normal(size=(3, 5)), RNG.normal(size=5)
    network = from_nir(chain(nir.Affine(w, b), nir.Scale(s), nir.Linear(v)))
    x = RNG.random((6, 4))
    np.testing.assert_allclose(network.float_forward(x), ((x @ w.T + b) * s) @ v.T, atol=1e-12)
    assert [type(layer).__name__ for layer in network.layers] == ["Dense", "Dense"]  # the scale is in the weights


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"),
    [
        ((3, 3), 1, 0, 1, 1),
        ((3, 2), (2, 1), (1, 0), (1, 2), 2),
        ((2, 3), 1, "same", 1, 1),
        ((3, 3), 2, "valid", 1, 4),
    ],
)
def test_convolutions(kernel, stride, padding, dilation, groups):
    w, b = RNG.normal(size=(4, 4 // groups, *kernel)), RNG.normal(size=4)
    node = nir.Conv2d(None, w, stride, padding, dilation, groups, b)
    steps, apart = ((each, each) if isinstance(each, int) else each for each in (stride, dilation))
    if padding == "same":  # as PyTorch: the odd one comes behind
        margins = [((d * (k - 1)) // 2, d * (k - 1) - (d * (k - 1)) // 2) for d, k in zip(apart, kernel, strict=True)]
    else:
        each = (0, 0) if padding == "valid" else (padding, padding) if isinstance(padding, int) else padding
        margins = [(p, p) for p in each]
    x = RNG.random((3, 4, 7, 6))
    want = [correlated(image, w, b, steps, margins, apart, groups) for image in x]
    ends = {"in": nir.Input(np.array([4, 7, 6])), "out": nir.Output(np.array(want[0].shape))}
    network = from_nir(graph_of({**ends, "conv": node}, [("in", "conv"), ("conv", "out")]))
    np.testing.assert_allclose(network.float_forward(x.reshape(3, -1)), np.reshape(want, (3, -1)), atol=1e-12)


@pytest.mark.parametrize("padding", [0, 2, "same"])
def test_series(padding):
    w, b = RNG.normal(size=(3, 2, 5)), RNG.normal(size=3)
    graph = chain(nir.Conv1d(9, w, 1, padding, 1, 1, b), nir.Flatten(np.array([3, 5 if padding == 0 else 9]), 0))
    x = RNG.random((2, 9))
    margin = 0 if padding == 0 else 2
    want = correlated(x[..., None], w[..., None], b, (1, 1), ((margin, margin), (0, 0)), (1, 1), 1)
    np.testing.assert_allclose(from_nir(graph).float_forward(x.reshape(-1)), want.reshape(-1), atol=1e-12)


@pytest.mark.parametrize(("kind", "padding"), [(k, p) for k in ("AvgPool2d", "SumPool2d") for p in (0, 1)])
def test_pools(kind, padding):
    node = getattr(nir, kind)(np.array([2, 3]), np.array([2, 1]), np.array([padding, padding]))
    graph = chain(node, nir.Flatten(None, 0), shape=[2, 6, 5])
    x = RNG.random((2, 6, 5))
    windows = correlated(x, np.ones((2, 1, 2, 3)), np.zeros(2), (2, 1), ((padding,) * 2,) * 2, (1, 1), 2)
    want = windows / (6 if kind == "AvgPool2d" else 1)
    network = from_nir(graph)
    np.testing.assert_allclose(network.float_forward(x.reshape(-1)), want.reshape(-1), atol=1e-12)


def test_axes_are_flattened_as_nir_counts_them():
    w = RNG.normal(size=(2, 30))
    x = RNG.random(30)
    for first, last in ((0, -1), (0, 2), (-3, -1)):
        graph = graph_of(
            {
                "in": nir.Input(np.array([2, 3, 5])),
                "flat": nir.Flatten(np.array([2, 3, 5]), first, last),
                "fc": nir.Linear(w),
                "out": nir.Output(np.array([2])),
            },
            [("in", "flat"), ("flat", "fc"), ("fc", "out")],
        )
        np.testing.assert_allclose(from_nir(graph).float_forward(x), w @ x, atol=1e-12)
    graph.nodes["flat"] = nir.Flatten(np.array([2, 3, 5]))  # from axis 1 on: (2, 15)
    with pytest.raises(ValueError, match=r"fc: Linear \(an input of shape \(30,\) would, got \(2, 15\)\)"):
        from_nir(graph)


def test_edges_into_a_node_add_up():
    w = [RNG.normal(size=(3, 3)) for _ in range(3)]
    nodes = {f"w{k}": nir.Linear(each) for k, each in enumerate(w)}
    nodes |= {"in": nir.Input(np.array([3])), "out": nir.Output(np.array([3]))}
    edges = [("in", "w0"), ("in", "w1"), ("w0", "w2"), ("w1", "w2"), ("in", "w2"), ("w2", "out"), ("w0", "out")]
    x = RNG.random((4, 3))
    a, b = x @ w[0].T, x @ w[1].T
    np.testing.assert_allclose(from_nir(graph_of(nodes, edges)).float_forward(x), (a + b + x) @ w[2].T + a, atol=1e-12)


def test_graphs_in_graphs_are_inlined():
    w, v = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 4))
    inner = chain(nir.Linear(w), lif(4), shape=[3])
    inner.nodes["again"] = chain(nir.Scale(np.full(4, 2.0)))
    inner.edges = [("input", "linear"), ("linear", "lif"), ("lif", "again"), ("again", "output")]
    nodes = {"in": nir.Input(np.array([3])), "cell": inner, "fc": nir.Linear(v), "out": nir.Output(np.array([2]))}
    nested = graph_of(nodes, [("in", "cell"), ("cell", "fc"), ("fc", "out")])
    flat = chain(nir.Linear(w), lif(4), nir.Scale(np.full(4, 2.0)), nir.Linear(v))
    x = 20 * RNG.random((5, 3))
    network = from_nir(nested, dt_ms=1.0)
    want = from_nir(flat, dt_ms=1.0).float_forward(x)
    assert want.any()
    np.testing.assert_array_equal(network.float_forward(x), want)
    assert network.names is None or "cell.lif" in network.names
    assert isinstance(network.layers[0], SpikingDense)


# ---------------------------------------------------------------- neurons, by their equations


def interval(node, current):
    """Time between spikes in s under a constant current, from ``tau dv/dt = (v_leak - v) + r I``."""
    end = node.v_leak + node.r * current
    with np.errstate(divide="ignore", invalid="ignore"):
        time = node.tau * np.log((end - node.v_reset) / (end - node.v_threshold))
    return np.where(end > node.v_threshold, time, np.inf)


def euler(node, currents, dt):
    """Spikes ``(T, n)`` of a node for currents ``(T, n)``, by steps of `dt` s."""
    leaks = isinstance(node, nir.LIF)
    v = np.array(node.v_leak if leaks else node.v_reset, float)
    spikes = np.zeros(currents.shape)
    for t, current in enumerate(currents):
        v += dt * ((node.v_leak - v + node.r * current) / node.tau if leaks else node.r * current)
        spikes[t] = v > node.v_threshold
        v = np.where(spikes[t], node.v_reset, v)
    return spikes


def test_rates_are_those_of_the_interval_between_spikes():
    n = 40
    node = nir.LIF(
        tau=RNG.choice([0.005, 0.02, 0.1], n),
        r=RNG.uniform(0.5, 3, n),
        v_leak=(leak := RNG.uniform(-1, 1, n)),
        v_threshold=leak + RNG.uniform(0.2, 2, n),
        v_reset=leak,
    )
    w, b = RNG.normal(size=(n, 3)), RNG.normal(size=n)
    network = from_nir(chain(nir.Affine(w, b), node), duration=700.0)
    x = 3 * RNG.random((20, 3))
    want = np.floor(0.7 / interval(node, x @ w.T + b)) / 0.7
    assert (want > 5).mean() > 0.2
    assert (want == 0).mean() > 0.2
    got = network.float_forward(x)
    assert np.isclose(got, want).mean() > 0.99  # but for a spike at the very end
    np.testing.assert_allclose(got, want, atol=1.01 / 0.7)
    assert len([layer for layer in network.layers if isinstance(layer, SpikingDense)]) == 3  # a layer for each tau


@pytest.mark.parametrize("kind", ["LIF", "IF"])
def test_rates_are_those_of_steps_of_the_equations(kind):
    n, dt = 30, 1e-5
    currents = np.linspace(0.0, 3.0, n)
    threshold = np.linspace(0.5, 1.5, n)
    if kind == "LIF":
        node = nir.LIF(np.full(n, 0.015), np.full(n, 1.3), np.full(n, -0.2), threshold, np.full(n, -0.2))
    else:
        node = nir.IF(np.full(n, 40.0), threshold, np.full(n, 0.1))
    spikes = euler(node, np.broadcast_to(currents, (50_000, n)), dt)
    network = from_nir(chain(nir.Linear(np.diag(currents)), node), duration=500.0)
    rates = network.float_forward(np.ones(n))
    assert spikes.sum() > 100
    np.testing.assert_allclose(rates, spikes.sum(0) / 0.5, atol=2.001)  # one spike more or less
    if kind == "IF":
        assert network.layers[0].tau == INTEGRATING
        exact = np.floor(0.5 * 40.0 * currents / (threshold - 0.1)) / 0.5
        np.testing.assert_array_equal(rates, exact)


def test_the_circuit_fires_as_the_equations_do():
    """Streams of 2^12 cycles in a window of 400 ms, against steps of Euler's method of NIR's equations."""
    n = 16
    w = RNG.uniform(0.3, 1.5, (n, 8))
    for node in (lif(n, r=0.5, tau=0.05), nir.IF(np.full(n, 10.0), np.ones(n))):
        network = from_nir(chain(nir.Linear(w), node), duration=400.0)
        x = RNG.uniform(0.5, 1, 8)
        spikes = euler(node, np.broadcast_to(w @ x, (40_000, n)), 1e-5)
        assert spikes.any()
        np.testing.assert_allclose(network.circuit(4096).forward(x), spikes.sum(0) / 0.4, atol=5.0)


def test_spikes_that_other_nodes_take_last_a_step():
    """Two layers of neurons; the second one is slow, so that it takes the mean of what the first one fires."""
    dt, n = 1e-3, 6
    first, second = lif(40, tau=0.05, r=0.6), lif(n, tau=0.4, threshold=0.06)
    w, v = RNG.uniform(0.5, 2, (40, 4)), RNG.uniform(0, 0.5, (n, 40))
    x = RNG.uniform(0.4, 1, 4)
    spikes = euler(first, np.broadcast_to(w @ x, (20_000, 40)), dt)
    last = euler(second, spikes @ v.T, dt)
    graph = chain(nir.Linear(w), first, nir.Linear(v), second)
    network = from_nir(graph, dt_ms=1.0, duration=20_000.0)
    want = last.sum(0) / 20.0
    assert want.min() > 3
    np.testing.assert_allclose(network.float_forward(x), want, rtol=0.05)
    np.testing.assert_allclose(network.layers[1].weights, v * 0.001 / 400.0)
    with pytest.raises(ValueError, match=r"lif: LIF \(dt_ms, how long a spike of value 1 lasts, must be given"):
        from_nir(graph)
    twice = from_nir(graph, dt_ms=2.0)
    np.testing.assert_allclose(twice.layers[1].weights, 2 * v * 0.001 / 400.0)


def test_rates_and_other_numbers_do_not_add_up_without_a_time_step():
    nodes = {
        "in": nir.Input(np.array([2])),
        "lif": lif(2),
        "one": nir.Linear(np.eye(2)),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "lif"), ("lif", "out"), ("in", "one"), ("one", "out")]
    with pytest.raises(ValueError, match="dt_ms"):
        from_nir(graph_of(nodes, edges))
    x = np.array([3.0, 0.5])
    rates = np.floor(0.1 / interval(nodes["lif"], x)) / 0.1
    network = from_nir(graph_of(nodes, edges), dt_ms=1.0)
    np.testing.assert_allclose(network.float_forward(x), rates * 0.001 + x)


def test_a_leaky_integrator_at_the_end_settles():
    tau, r, leak = RNG.uniform(0.01, 0.05, (3, 4))
    w = RNG.normal(size=(4, 2))
    x = RNG.random(2)
    v = np.array(leak)
    for _ in range(5000):
        v += 1e-4 * (leak - v + r * (w @ x)) / tau
    np.testing.assert_allclose(from_nir(chain(nir.Linear(w), nir.LI(tau, r, leak))).float_forward(x), v, atol=1e-4)
    current = nir.CubaLI(tau, tau, r, leak, np.full(4, 2.0))
    np.testing.assert_allclose(from_nir(chain(nir.Linear(w), current)).float_forward(x), leak + 2 * r * (w @ x))
    with pytest.raises(ValueError, match=r"li: LI \(a place before the Output"):
        from_nir(chain(nir.LI(tau, r, leak), nir.Linear(np.eye(4))))


def test_neurons_behind_something_else_than_a_dense_layer():
    w, b = RNG.normal(size=(2, 1, 2, 2)), RNG.normal(size=2)
    each = [np.full((2, 3, 3), value) for value in (0.02, 1.0, 0.0, 0.5, 0.0)]
    graph = chain(nir.Conv2d((4, 4), w, 1, 0, 1, 1, b), nir.LIF(*each), nir.Flatten(np.array([2, 3, 3]), 0))
    x = 3 * RNG.random((1, 4, 4))
    currents = correlated(x, w, b, (1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    want = np.floor(0.1 / interval(graph.nodes["lif"], currents)) / 0.1
    assert want.any()
    np.testing.assert_allclose(from_nir(graph).float_forward(x.reshape(-1)), want.reshape(-1))


def test_neurons_of_several_dense_layers_are_one_layer():
    w, v, b = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3))
    nodes = {
        "in": nir.Input(np.array([4])),
        "two": nir.Linear(np.eye(4)[:2]),
        "w": nir.Affine(w, b[0]),
        "v": nir.Affine(v, b[1]),
    }
    nodes |= {"lif": lif(3, threshold=0.3), "out": nir.Output(np.array([3]))}
    edges = [("in", "two"), ("in", "w"), ("two", "v"), ("w", "lif"), ("v", "lif"), ("lif", "out")]
    network = from_nir(graph_of(nodes, edges))
    x = 3 * RNG.random((50, 4))
    want = np.floor(0.1 / interval(nodes["lif"], x @ w.T + x[:, :2] @ v.T + b.sum(0))) / 0.1
    assert want.any()
    np.testing.assert_allclose(network.float_forward(x), want)
    assert [type(layer).__name__ for layer in network.layers] == ["Dense", "SpikingDense"]


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
def test_thresholds_of_numbers_that_are_constant_in_a_window(scale):
    """Strictly above: what lies on a threshold gives 0. The steps may be currents of neurons."""
    w, thresholds = scale * RNG.normal(size=(5, 4)), scale * np.array([0.5, -0.25, 0.0, 1.5, 0.5])
    v = RNG.normal(size=(3, 5)) * 100
    steps = chain(nir.Linear(w), nir.Threshold(thresholds), nir.Linear(v))
    x = 4 * RNG.random((400, 4)) - 2
    want = (x @ w.T > thresholds) @ v.T
    np.testing.assert_allclose(from_nir(steps, x).float_forward(x), want, atol=1e-12 * np.abs(want).max())
    at = from_nir(chain(nir.Threshold(scale * np.array([0.25, -0.5])))).float_forward(scale * np.array([[0.25, -0.5]]))
    assert not at.any()
    network = from_nir(chain(nir.Linear(w), nir.Threshold(thresholds), nir.Linear(v), lif(3)))
    assert type(network.layers[-1]) is SpikingDense
    with pytest.raises(ValueError, match=r"threshold: Threshold \(LIF, whose input may be spikes, would"):
        from_nir(chain(nir.Linear(w), lif(5), nir.Linear(v), nir.Threshold(np.ones(3))), dt_ms=1.0)


# ---------------------------------------------------------------- what is refused


def test_all_nodes_that_have_no_layer_are_named():
    nodes = [
        nir.CubaLIF(*np.ones((6, 2))),
        lif(2),
        nir.Threshold(np.ones(2)),
        nir.Delay(np.array([0.0, 0.5])),
        nir.I(np.ones(2)),
        lif(2, reset=-0.5),
        lif(2, threshold=0.0),
        lif(2, tau=-1.0),
        nir.IF(np.ones(2), np.ones(2), np.full(2, 3.0)),
    ]
    with pytest.raises(ValueError, match="graph must have nodes that have a layer") as caught:
        from_nir(chain(*nodes), dt_ms=1.0)
    text = str(caught.value)
    for part in (
        "cubalif: CubaLIF (LIF, whose input current is not filtered, would)",
        "threshold: Threshold (LIF, whose input may be spikes, would",
        "delay: Delay (a delay of 0 would, got 0.5)",
        "i: I (",
        "lif_1: LIF (v_reset equal to v_leak would, neuron 0 has v_reset -0.5, v_leak 0)",
        "lif_2: LIF (v_threshold above v_leak would",
        "lif_3: LIF (tau above 0 would, neuron 0 has tau -1)",
        "if: IF (v_threshold above v_reset would",
    ):
        assert part in text
    assert from_nir(chain(nir.Delay(np.zeros(2)), nir.Linear(np.eye(2)))).n_outputs == 2


def test_a_recurrent_graph_is_refused_with_its_cycle():
    nodes = {
        "in": nir.Input(np.array([2])),
        "lif": lif(2),
        "w": nir.Linear(np.eye(2)),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "out")]
    with pytest.raises(ValueError, match=r"graph must have no recurrent edges, got the cycle (lif <- w|w <- lif)"):
        from_nir(graph_of(nodes, edges))


def test_wrong_graphs():
    ends = {"in": nir.Input(np.array([2])), "out": nir.Output(np.array([2]))}
    w = nir.Linear(np.eye(2))
    for nodes, edges, text in (
        (ends, [("in", "out"), ("in", "out")], "each edge once, got in -> out again"),
        (ends, [("in", "there")], "got 'there'"),
        ({**ends, "w": w}, [("in", "out")], r"without an edge into it, of type Input, got in \(Input\), w \(Linear\)"),
        ({**ends, "w": w}, [("in", "out"), ("in", "w")], "without one out of, of type Output, got"),
        ({"w": w}, [], r"of type Input, got w \(Linear\)"),
        ({**ends, "out": nir.Output(np.array([3]))}, [("in", "out")], r"out: Output \(shape \(2,\), which it takes"),
        ({**ends, "in": nir.Input(np.array([1, 1, 1, 2]))}, [("in", "out")], "in with a shape: .* 1 to 3 sizes, got 4"),
        ({**ends, "w": nir.Linear(np.full((2, 2), np.nan))}, [("in", "w"), ("w", "out")], r"w: Linear \(weight must"),
    ):
        with pytest.raises(ValueError, match=text):
            from_nir(graph_of(dict(nodes), edges))
    with pytest.raises(TypeError, match=r"path_or_graph must be a path or a nir.NIRGraph, got 5"):
        from_nir(5)
    with pytest.raises(ValueError, match=r"different tau would, got 17"):
        from_nir(chain(nir.LIF(np.linspace(0.01, 0.1, 17), *np.ones((1, 17)), np.zeros(17), np.ones(17))))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (
            nir.AvgPool2d(np.array([2**40, 2**40]), np.array([1, 1]), np.array([2**39, 2**39])),
            "at most 16777216 numbers",
        ),
        (nir.AvgPool2d(np.array([9, 9]), np.array([1, 1]), np.array([0, 0])), r"windows that fit into \(4, 4\)"),
        (
            nir.SumPool2d(np.array([2, 2]), np.array([0, 1]), np.array([0, 0])),
            "stride must be an integer of at least 1",
        ),
        (nir.Conv2d(None, np.ones((1, 1, 2, 2)), 1, 2**30, 1, 1, np.zeros(1)), "at most 16777216 numbers"),
        (nir.Conv2d(None, np.ones((1, 1, 2, 2)), 1, "same", 2**30, 1, np.zeros(1)), "at most 16777216 numbers"),
        (nir.Conv2d(None, np.ones((1, 1, 2, 2)), 2, "same", 1, 1, np.zeros(1)), "'same' with stride 1 would"),
        (nir.Conv2d((9, 9), np.ones((1, 1, 2, 2)), 1, 0, 1, 1, np.zeros(1)), r"input_shape \(4, 4\), which it takes"),
        (nir.Conv2d(None, np.ones((1, 1, 2, 2)), 1, 0, 1, 3, np.zeros(1)), "groups must divide"),
    ],
)
def test_windows_that_do_not_fit(node, text):
    nodes = {"in": nir.Input(np.array([1, 4, 4])), "node": node, "out": nir.Output(np.array([9]))}
    with pytest.raises(ValueError, match=text):
        from_nir(graph_of(nodes, [("in", "node"), ("node", "out")]))


# ---------------------------------------------------------------- there and back

IMAGES = {"input_shape": (2, 6, 6)}


def weights(*shape):
    return RNG.normal(size=shape)


def drive(n):
    """Currents at which neurons fire."""
    return RNG.uniform(0.5, 1.0, n)


NETWORKS = {
    "dense": ([Dense(weights(5, 4), weights(5), "identity"), Dense(weights(3, 5), weights(3), "identity")], {}),
    "relu": ([Dense(weights(5, 4), weights(5), "relu"), Dense(weights(3, 5), weights(3), "logistic")], {}),
    "spiking": ([SpikingDense(weights(5, 4), weights(5), duration=70, tau=7)], {}),
    "spiking twice": (
        [SpikingDense(weights(5, 4), drive(5), threshold=0.03, tau=0.7), SpikingDense(weights(2, 5), drive(2))],
        {},
    ),
    "integrating": ([SpikingDense(weights(5, 4), weights(5), tau=INTEGRATING)], {"kind": "regressor"}),
    "images": (
        [
            Conv2D(weights(4, 1, 3, 2), weights(4), "identity", stride=(1, 2), padding=(1, 0), groups=2),
            Scale(weights(4), weights(4)),
            Pool2D("average", (3, 2), 1),
            Dense(weights(3, 32), weights(3), "identity"),
        ],
        IMAGES,
    ),
    "flat": ([Flatten(), Dense(weights(3, 72), weights(3), "identity"), Scale(weights(3), np.zeros(3))], IMAGES),
    "reshaped": ([Reshape((72,)), SpikingDense(weights(3, 72), weights(3))], IMAGES),
    "means": (
        [GlobalPool("average"), Scale(weights(2), weights(2)), Dense(weights(3, 2), weights(3), "identity")],
        IMAGES,
    ),
    "graph": (
        {
            "a/b": (Dense(weights(3, 4), weights(3), "tanh"), "input"),
            "input_2": (Dense(weights(3, 4), weights(3), "identity"), "input"),
            "output": (Add(3, "relu"), "a/b", "input_2", "c"),
            "c": (SpikingDense(weights(3, 7), drive(3)), "a/b", "input"),
            "both": (Dense(weights(4, 6), weights(4), "relu"), "output", "c"),
            "..": (Concat(), "both"),
        },
        {"classes": ["a", "b", "c", "d"]},
    ),
    "ranges": (
        [Scale(weights(4), np.zeros(4)), Dense(weights(2, 4), weights(2), "identity")],
        {"input_shape": (4,), "input_range": (np.full(4, -2.0), np.arange(1.0, 5.0))},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_come_back_with_the_same_digest(name, tmp_path):
    layers, options = NETWORKS[name]
    network = Network.from_layers(layers, **options)
    graph = to_nir(network, tmp_path / "net.nir", dt_ms=0.7, activations="metadata")
    assert from_nir(graph).digest() == network.digest()
    assert from_nir(tmp_path / "net.nir").digest() == network.digest()
    theirs = nir.read(tmp_path / "net.nir", type_check=name != "images")  # which takes kernels for square ones
    assert from_nir(theirs).digest() == network.digest()
    assert list(tmp_path.iterdir()) == [tmp_path / "net.nir"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_nodes_alone_say_what_the_network_computes(name):
    layers, options = NETWORKS[name]
    network = Network.from_layers(layers, **options)
    graph = to_nir(network, dt_ms=0.7, activations="metadata")
    graph.metadata = {"foreign": np.arange(3), "sc_neurocore": {"not": "a text"}}
    duration = next((layer.duration for layer in network.layers if isinstance(layer, SpikingDense)), None)
    again = from_nir(graph, dt_ms=0.7, duration=duration)
    low, high = network.bounds
    x = RNG.uniform(low, high, (30, network.n_inputs))
    want = network.float_forward(x)
    got = again.float_forward(x)
    assert np.isclose(got, want, atol=1e-9 * np.abs(want).max()).mean() > 0.98  # a last spike may be rounded away
    assert want.any()


def test_numbers_in_nir_have_nirs_units():
    graph = to_nir(Network.from_layers([SpikingDense([[0.1], [0.3]], [0.0, 0.1], tau=15.0, threshold=2.0)]))
    node = graph.nodes["spikingdense_0"]
    np.testing.assert_array_equal(node.tau, [0.015, 0.015])
    np.testing.assert_array_equal(node.v_threshold, [2.0, 2.0])
    sums = graph.nodes["spikingdense_0.sum"]
    spikes = euler(node, np.broadcast_to(sums.weight @ [0.9] + sums.bias, (100_000, 2)), 1e-5)
    assert spikes.any()
    layer = from_nir(graph, duration=1000.0).layers[0]
    np.testing.assert_allclose(spikes.sum(0), layer.forward(np.array([[0.9]]))[0], atol=1.0)


def test_changed_graphs_are_read_as_they_are():
    layers = [Dense(weights(5, 4), weights(5), "relu"), Dense(weights(3, 5), weights(3), "identity")]
    network = Network.from_layers(layers, classes=["a", "b", "c"], input_range=(-1.0, 2.0))
    graph = to_nir(network, activations="metadata")
    graph.nodes["dense_0"].weight = 2 * graph.nodes["dense_0"].weight
    again = from_nir(graph)
    np.testing.assert_array_equal(again.layers[0].weights, 2 * layers[0].weights)
    assert again.layers[0].activation == "relu"
    assert again.layers[0].ceiling > 1.2 * network.layers[0].ceiling  # of the new weights
    assert (again.classes, again.input_range) == (network.classes, network.input_range)
    graph.nodes["more"] = nir.Scale(np.array([1.0, 0.5, 2.0]))
    graph.edges = [edge for edge in graph.edges if edge[1] != "output"] + [("dense_1", "more"), ("more", "output")]
    x = RNG.random((7, 4))
    hidden = np.maximum(2 * x @ layers[0].weights.T + layers[0].bias, 0)
    want = (hidden @ layers[1].weights.T + layers[1].bias) * [1.0, 0.5, 2.0]
    more = from_nir(graph)
    np.testing.assert_allclose(more.float_forward(x), want)
    assert more.classes == ("a", "b", "c")


def test_an_activation_that_was_taken_away_is_gone():
    network = Network.from_layers([Dense(weights(3, 4), weights(3), "relu")])
    graph = to_nir(network, activations="metadata")
    graph.nodes["dense_0"].metadata = {}
    assert from_nir(graph).layers[0].activation == "identity"
    graph.nodes["dense_0"].metadata = {"sc_neurocore": '{"activation": "step"}'}
    with pytest.raises(ValueError, match=r"dense_0: Affine .* activation must be"):
        from_nir(graph)


def test_durations_are_kept_in_changed_graphs():
    network = Network.from_layers([SpikingDense(weights(2, 2), weights(2), duration=300.0)])
    graph = to_nir(network)
    graph.nodes["spikingdense_0"].tau = np.full(2, 0.01)
    assert from_nir(graph).layers[0].duration == 300.0
    assert from_nir(graph, duration=50).layers[0].duration == 50.0


def test_keywords():
    layers = [Dense(weights(5, 4), weights(5), "relu"), Dense(weights(2, 5), weights(2), "identity")]
    network = Network.from_layers(layers)
    graph = to_nir(network, activations="metadata")
    assert from_nir(graph, kind="regressor").kind == "regressor"
    assert from_nir(graph, classes=["x", "y"]).classes == ("x", "y")
    assert from_nir(graph, input_range=(0, 3)).input_range == (0.0, 3.0)
    x = 5 * RNG.random((50, 4))
    for quantile in (0.5, 1.0):
        want = Network.from_layers(layers, calibration=x, ceiling_quantile=quantile)
        assert from_nir(graph, x, ceiling_quantile=quantile).digest() == want.digest()
    spiking = Network.from_layers([SpikingDense(weights(2, 2), weights(2)), SpikingDense(weights(2, 2), weights(2))])
    out = to_nir(spiking, dt_ms=1.0)
    assert from_nir(out, dt_ms=1).digest() == spiking.digest()
    np.testing.assert_allclose(from_nir(out, dt_ms=2.0).layers[1].weights, 2 * spiking.layers[1].weights)
    assert from_nir(out, duration=20.0).layers[0].duration == 20.0
    for wrong in ({"dt_ms": 0}, {"duration": -1.0}, {"kind": "x"}, {"ceiling_quantile": 2}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            from_nir(graph, **wrong)


def test_what_nir_cannot_say_is_refused():
    layers = [
        Dense(weights(4, 4), weights(4), "tanh"),
        Elementwise("gelu"),
        SpikingDense(weights(4, 4), weights(4), refractory=2.0),
        SpikingDense(weights(4, 4), weights(4)),
        Dense(weights(3, 4), weights(3), "identity"),
        Softmax(),
    ]
    network = Network.from_layers(layers)
    with pytest.raises(ValueError, match="network must have layers that NIR has") as caught:
        to_nir(network)
    for part in (
        "layer 0: Dense ('identity', SpikingDense, or activations='metadata' would, got 'tanh')",
        "layer 1: Elementwise (NIR has nothing like it)",
        "layer 2: SpikingDense (refractory 0 would, got 2)",
        "layer 4: Dense (dt_ms, how long a spike of value 1 lasts, must be given",
        "layer 5: Softmax (",
    ):
        assert part in str(caught.value)
    with pytest.raises(ValueError, match=r"activations must be"):
        to_nir(network, activations="drop")
    with pytest.raises(TypeError, match="network must be"):
        to_nir(layers)
    image = Network.from_layers([Pool2D("max", 2), Flatten()], **IMAGES)
    with pytest.raises(ValueError, match="averages would"):
        to_nir(image)
    calibrated = Network.from_layers(layers[:1]).calibrate(RNG.random((40, 4)), length=8)
    with pytest.raises(ValueError, match="network must have no calibration"):
        to_nir(calibrated)


# ---------------------------------------------------------------- files


@pytest.fixture
def file(tmp_path):
    to_nir(Network.from_layers([Dense(weights(2, 3), weights(2), "identity")]), tmp_path / "net.nir")
    return tmp_path / "net.nir"


def changed(path, change):
    with h5py.File(path, "r+") as opened:
        change(opened)


def put(name, **options):
    def change(opened):
        if name in opened:
            del opened[name]
        opened.create_dataset(name, **options)

    return change


def link(to):
    def change(opened):
        opened["node/nodes/more"] = to

    return change


def virtual(opened):
    layout = h5py.VirtualLayout((2, 3), float)
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 3))
    del opened["node/nodes/dense_0/weight"]
    opened.create_virtual_dataset("node/nodes/dense_0/weight", layout)


WEIGHT = "node/nodes/dense_0/weight"
CHANGES = {
    "soft link": (link(h5py.SoftLink("/node")), "must have no links"),
    "other file": (link(h5py.ExternalLink("other.h5", "/")), "must have no links"),
    "itself": (lambda opened: opened.__setitem__("node/nodes/more", opened["node/nodes"]), "within each other"),
    "virtual": (virtual, "must be in the file itself"),
    "external": (put(WEIGHT, shape=(2, 3), dtype=float, external=[("raw", 0, 48)]), "must be in the file itself"),
    "records": (put(WEIGHT, data=np.zeros(2, [("a", float)])), "must hold real numbers or text"),
    "complex": (put(WEIGHT, data=np.zeros((2, 3), complex)), "must hold real numbers or text"),
    "bomb": (put(WEIGHT, shape=(2**20, 2**20), dtype=float, chunks=(1, 8), compression="gzip"), "unpack to more bytes"),
    "text": (put(WEIGHT, data="text"), "weight must"),
    "infinite": (put(WEIGHT, data=np.full((2, 3), np.inf)), "weight must"),
    "no node": (lambda opened: opened.move("node", "other"), "group 'node'"),
    "no type": (lambda opened: opened.__delitem__("node/type"), "must be a NIRGraph"),
    "no edges": (lambda opened: opened.__delitem__("node/edges"), "without an edge into it"),
    "no shape": (lambda opened: opened.__delitem__("node/nodes/input/shape"), "Input input with a shape"),
    "unknown": (put("node/nodes/dense_0/type", data="Pickle"), r"dense_0: Pickle \(no layer does that\)"),
    "note": (put("node/metadata/sc_neurocore", data="{}"), "metadata 'sc_neurocore' must have"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_files_that_hold_something_else(name, file):
    change, text = CHANGES[name]
    assert from_nir(file).n_inputs == 3
    changed(file, change)
    with pytest.raises(ValueError, match=text) as caught:
        from_nir(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_metadata_of_others_may_be_anything(file):
    digest = from_nir(file).digest()
    with h5py.File(file, "r+") as opened:
        opened["node/nodes/dense_0"].create_dataset("metadata/records", data=np.zeros(2, [("a", float)]))
        opened["node/metadata/link"] = h5py.ExternalLink("other.h5", "/")
    assert from_nir(file).digest() == digest
    changed(file, lambda opened: opened.move("node/nodes/dense_0", "node/nodes/metadata"))  # nodes have any names
    changed(
        file, put("node/edges", data=[[b"input", b"metadata"], [b"metadata", b"output"]], dtype=h5py.string_dtype())
    )
    assert isinstance(from_nir(file).layers[0], Dense)


def test_files_that_cannot_be_read(file, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        from_nir(tmp_path / "none.nir")
    with pytest.raises(ValueError, match="must be a regular file, it is a folder"):
        from_nir(tmp_path)
    (tmp_path / "text.nir").write_text("{}")
    with pytest.raises(ValueError, match=r"text.nir must be an HDF5 file of a NIR graph, its first bytes are b'{}'"):
        from_nir(tmp_path / "text.nir")
    (tmp_path / "cut.nir").write_bytes(file.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"cut.nir must be an HDF5 file .*not readable: .*truncated"):
        from_nir(tmp_path / "cut.nir")
    monkeypatch.setattr(sys, "executable", shutil.which("false"))  # a reader that ends early, as by a crash
    with pytest.raises(ValueError, match=r"net.nir must be .*: the HDF5 library fails on it"):
        from_nir(file)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not bound a process in this way")
def test_the_reader_is_bounded(file, monkeypatch):
    monkeypatch.setattr("sc_neurocore.interop.nir.file.MEMORY", -(2**28))
    with pytest.raises(ValueError, match=r"net.nir must be an HDF5 file"):
        from_nir(file)


def test_without_the_library_an_error_says_what_to_install(file, monkeypatch):
    network = from_nir(file)
    found = importlib.util.find_spec
    monkeypatch.setattr("sc_neurocore.interop.nir.file.find_spec", lambda name: None if name == "nir" else found(name))
    for call in (lambda: from_nir(file), lambda: to_nir(network), lambda: from_nir(5)):
        with pytest.raises(ImportError, match=r"NIR needs nir: pip install"):
            call()


def test_a_failed_write_changes_nothing(file, monkeypatch):
    before = file.read_bytes()
    network = from_nir(file)

    def fail(path, *_):
        path.write_bytes(b"half")
        raise OSError("full")

    monkeypatch.setattr(nir, "write", fail)
    with pytest.raises(OSError, match="full"):
        to_nir(network, file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_the_note_is_the_header_of_a_saved_network(file):
    network = from_nir(file)
    note = json.loads(to_nir(network).metadata["sc_neurocore"])
    assert note["network"]["digest"] == network.digest()
    assert math.isclose(note["network"]["input_range"][1], 1.0)
