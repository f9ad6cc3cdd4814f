"""Layers as pure functions of JAX: the numbers of the reference, however they are compiled, mapped and split."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sc_neurocore import (
    Faults,
    MemristiveDenseLayer,
    MemristorModel,
    Network,
    SCConv2DLayer,
    SCFusionLayer,
    SCPool2D,
    StochasticAttention,
    VectorizedSCLayer,
    jax_function,
)
from sc_neurocore.networks import Conv2D, Dense, KWinners, Pool2D

jax = pytest.importorskip("jax")

DENSE = [
    ("unipolar", "sobol", "mean", 100, {}),
    ("bipolar", "lfsr", "sum", 100, {"bias": True}),
    ("split", "searched", "sum", 16, {"bias": True}),
    ("bipolar", "sobol", "mean", 8, {}),
    ("split", "sobol", "sum", 65, {"share": "independent"}),
    ("unipolar", "bernoulli", "sum", 70, {}),
    ("bipolar", "bernoulli", "mean", 64, {"bias": True}),
    ("split", "bernoulli", "sum", 12, {"bits": 32}),
    ("split", "bernoulli", "sum", 70, {"weight_streams": "stored", "bias": True}),
    ("split", "bernoulli", "sum", 70, {"share": "one"}),
    ("split", "lattice", "or", 70, {"bias": True}),
    ("bipolar", "bernoulli", "or", 70, {}),
    ("unipolar", "sobol", "mux", 70, {}),
    ("split", "bernoulli", "mux", 70, {"bias": True}),
    ("bipolar", "bernoulli", "mux", 33, {"sparse": True, "connectivity": 0.3}),
    ("bipolar", "sobol", "sum", 70, {"sparse": True, "connectivity": 0.3, "bias": True}),
    ("split", "bernoulli", "mean", 70, {"sparse": True, "connectivity": 0.3}),
]


def numbers(encoding, *shape):
    return np.random.default_rng(shape).uniform(0 if encoding == "unipolar" else -1, 1, shape)


def dense(encoding, generator, accumulate, length, options, backend="numba", seed=3):
    more = options | ({"bias": numbers(encoding, 5)} if options.get("bias") else {})
    return VectorizedSCLayer(
        7, 5, length, encoding=encoding, generator=generator, accumulate=accumulate, seed=seed, backend=backend, **more
    )


def jitted(layer, x, shape=None, samples=None, **call):
    """Outputs of the compiled function, float64."""
    function, parameters = jax_function(layer, shape, **call)
    with jax.enable_x64(True):
        out = jax.jit(function)(parameters, x, np.arange(len(x)) if samples is None else samples)
        assert out.dtype == np.float64
        return np.asarray(out)


def same(want, got):
    assert np.ptp(want) > 0
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("case", DENSE, ids=str)
def test_dense_and_sparse_layers(case):
    x = numbers(case[0], 4, 7)
    x[0, :3] = 0, 1, 0.5
    same(dense(*case, backend="reference").forward(x), jitted(dense(*case), x))


@pytest.mark.parametrize(("encoding", "generator", "accumulate", "options"), [
    ("split", "sobol", "sum", {}), ("bipolar", "sobol", "mean", {"groups": 2}),
    ("split", "bernoulli", "sum", {"groups": 2}),
    ("bipolar", "bernoulli", "mux", {}), ("split", "sobol", "or", {"stride": 2, "dilation": 2}),
    ("unipolar", "sobol", "mean", {"padding": "same"}),
])  # fmt: skip
def test_convolutions(encoding, generator, accumulate, options):
    def layer(backend):
        more = {"padding": 1, "bias": numbers(encoding, 4)} | options
        more |= {"encoding": encoding, "generator": generator, "accumulate": accumulate}
        return SCConv2DLayer(2, 4, 3, length=70, seed=3, backend=backend, **more)

    x = numbers(encoding, 3, 2, 5, 6)
    same(layer("reference").forward(x), jitted(layer("numba"), x, (2, 5, 6)))


@pytest.mark.parametrize(("kind", "encoding", "generator"), [
    ("max", "split", "sobol"), ("average", "bipolar", "bernoulli"), ("average", "split", "sobol"),
    ("max", "unipolar", "bernoulli"),
])  # fmt: skip
def test_pools(kind, encoding, generator):
    def layer(backend):
        return SCPool2D(kind, 2, (1, 2), 70, encoding=encoding, generator=generator, seed=1, backend=backend)

    x = numbers(encoding, 3, 2, 4, 5)
    same(layer("reference").forward(x), jitted(layer("numba"), x, (2, 4, 5)))


@pytest.mark.parametrize(("encoding", "generator"), [
    ("split", "bernoulli"), ("bipolar", "sobol"), ("unipolar", "bernoulli"), ("bipolar", "bernoulli"),
    ("unipolar", "vdc"),
])  # fmt: skip
def test_attention(encoding, generator):
    def layer(backend):
        return StochasticAttention(4, encoding=encoding, generator=generator, seed=2, backend=backend)

    rng = np.random.default_rng(0)
    q, k, v, mask = rng.random((3, 5, 4)), rng.random((6, 4)), numbers(encoding, 3, 6, 2), rng.random((3, 5, 6)) < 0.7
    q[0, 0] = 0  # a row without scores
    want = layer("reference").forward_bitstream(q, k, v, length=100, mask=mask)
    same(want, jitted(layer("numba"), (q, k, v, mask), (6, 4), np.arange(3), length=100))


def test_attention_of_one_call():
    layer, (q, k, v) = StochasticAttention(4, seed=2), np.random.default_rng(0).random((3, 2, 3, 4))
    want = layer.forward_bitstream(q, k, v, 50, use_sobol=True, seed=9)
    same(want, jitted(layer, (q, k, v), (3, 4), np.arange(2), length=50, use_sobol=True, seed=9))


def network(*activations):
    rng = np.random.default_rng(0)
    first, second, third = activations
    return Network.from_layers(
        [
            Conv2D(rng.normal(size=(4, 1, 3, 3)), 0.1 * rng.normal(size=4), first, 2.0),
            Pool2D("max", 2),
            Conv2D(rng.normal(size=(3, 4, 2, 2)), np.zeros(3), second),
            Pool2D("average", 2),
            Dense(rng.normal(size=(6, 3)), rng.normal(size=6), third),
            Dense(rng.normal(size=(4, 6)), rng.normal(size=4), "identity"),
        ],
        input_shape=(1, 8, 8),
    )


@pytest.mark.slow
@pytest.mark.parametrize(("generator", "encoding", "activations"), [
    ("searched", "split", ("relu", "tanh", "logistic")), ("bernoulli", "split", ("relu", "relu", "relu")),
    ("sobol", "bipolar", ("identity", "relu", "tanh")),
])  # fmt: skip
def test_circuits(generator, encoding, activations):
    x, options = np.random.default_rng(1).random((3, 64)), {"encoding": encoding, "seed": 4}
    circuits = [
        network(*activations).circuit(48, generator, backend=backend, **options) for backend in ("reference", "numba")
    ]
    same(circuits[0].forward(x), jitted(circuits[1], x))


def test_a_calibrated_circuit_and_clipped_inputs():
    rng = np.random.default_rng(0)
    layers = [Dense(rng.normal(size=(n, m)), rng.normal(size=n), "relu") for m, n in ((6, 5), (5, 4))]
    x = rng.random((9, 6))
    calibrated = Network.from_layers(layers, calibration=x).calibrate(x, length=32, generator="searched")
    circuit = calibrated.circuit(32, "searched", clip=True, backend="numba")
    assert calibrated.calibration is not None
    x[0] *= 3
    same(circuit.forward(x), jitted(circuit, x))


def test_weights_of_a_device():
    device = MemristorModel(stuck_low_rate=0.2, variability=0.1)
    layer = MemristiveDenseLayer(7, 5, 70, device=device, generator="sobol", seed=1, backend="numba")
    x = numbers("unipolar", 4, 7)
    same(layer.forward(x), jitted(layer, x))


# ---------------------------------------------------------------- a pure function


def test_samples_have_the_streams_of_their_numbers():
    layer, x = dense(*DENSE[5]), numbers("unipolar", 8, 7)
    want = layer.forward(x)
    samples = np.array([5, 2, 7])
    same(want[samples], jitted(layer, x[samples], samples=samples))
    assert (jitted(layer, x[samples], samples=samples + 1) != want[samples]).any()


@pytest.mark.slow
@pytest.mark.parametrize("case", [DENSE[2], DENSE[6]], ids=str)
def test_vmap_and_batch_axes(case):
    layer, x = dense(*case), numbers(case[0], 4, 7)
    (function, parameters), samples = jax_function(layer), np.arange(4)
    with jax.enable_x64(True):
        mapped = jax.jit(jax.vmap(function, (None, 0, 0)))(parameters, x, samples)
        squares = jax.jit(function)(parameters, x.reshape(2, 2, 7), samples.reshape(2, 2))
        one = function(parameters, x[1], 1)  # not compiled
    want = layer.forward(x)
    same(want, np.asarray(mapped))
    same(want, np.asarray(squares).reshape(4, 5))
    same(want[1], np.asarray(one))


def test_without_64_bits_numbers_are_of_32_bits_and_the_flag_stays():
    assert not jax.config.jax_enable_x64
    for case in (DENSE[2], DENSE[5]):
        layer, x = dense(*case), numbers(case[0], 4, 7).astype(np.float32)
        function, parameters = jax_function(layer)
        out = jax.jit(function)(parameters, x, np.arange(4))
        assert out.dtype == np.float32
        same(layer.forward(x).astype(np.float32), np.asarray(out))
        assert not jax.config.jax_enable_x64
    assert {leaf.dtype.name for leaf in jax.tree.leaves(parameters)} <= {"uint32", "int32", "bool"}


def test_only_a_new_shape_compiles_anew():
    traces = []

    def counted(parameters, x, samples):
        traces.append(x.shape)
        return function(parameters, x, samples)

    (function, parameters), x = jax_function(dense(*DENSE[6])), numbers("bipolar", 4, 7).astype(np.float32)
    other = dense(*DENSE[6], seed=8)
    run = jax.jit(counted)
    run(parameters, x, np.arange(4))
    run(parameters, x[::-1].copy(), np.arange(4) + 70000)
    out = run(jax_function(other)[1], x, np.arange(4))  # one function serves all layers of these sizes
    same(other.forward(x).astype(np.float32), np.asarray(out))
    assert traces == [(4, 7)]
    run(parameters, x[:2], np.arange(2))
    assert traces == [(4, 7), (2, 7)]


def test_the_layer_stays_and_so_does_the_function():
    layer, x = dense(*DENSE[0]), numbers("unipolar", 4, 7)
    layer.samples = 5
    function, parameters = jax_function(layer)
    before = np.asarray(function(parameters, x, np.arange(4)))
    assert layer.samples == 5
    layer.weights[:] = 0
    same(before, np.asarray(function(parameters, x, np.arange(4))))


def test_numbers_outside_the_range_give_nan():
    x = np.full((4, 7), 0.5)
    x[1, 2], x[2, 3], x[3, 0] = 1.001, np.nan, -1e-9
    out = jitted(dense(*DENSE[0]), x)
    assert np.isnan(out[1:]).all()
    assert np.isfinite(out[0]).all()
    q = np.full((2, 1, 4), 0.5)
    q[1] = 2
    out = jitted(StochasticAttention(4, seed=1), (q, q[:1], q[:1]), (1, 4), np.arange(2), length=9)
    assert np.isnan(out[1]).all()
    assert np.isfinite(out[0]).all()


# ---------------------------------------------------------------- several devices, and none of JAX


def run(*command, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", *command], capture_output=True, text=True, env={**os.environ, **environment},
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_devices_share_the_samples():
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=4"
    lines = run(str(Path(__file__).with_name("sharded_program.py")), XLA_FLAGS=flags, JAX_PLATFORMS="cpu")
    assert lines == ["sobol", "bernoulli", "convolution", "attention", "circuit"]


def test_jax_is_only_loaded_when_it_is_used():
    code = "import sys, sc_neurocore as sc; sc.jax_function; sc.Network; print('jax' in sys.modules)"
    assert run("-c", code) == ["False"]


def test_without_jax():
    lines = ["import sys", "sys.modules['jax'] = None", "import sc_neurocore as sc"]
    lines += ["try: sc.jax_function(sc.VectorizedSCLayer(2, 2))", "except ImportError as error: print(error)"]
    assert run("-c", "\n".join(lines)) == ['JAX is not installed: pip install "sc-neurocore-layers[jax]"']


# ---------------------------------------------------------------- errors


def circuit_of(*layers, shape=(6,), **options):
    return Network.from_layers(layers, input_shape=shape).circuit(16, "sobol", **options)


PLAIN = Dense(np.ones((4, 6)), np.zeros(4), "relu")
CONV = SCConv2DLayer(2, 3, 3, seed=1)
TWO = Dense(np.ones((2, 8)), np.zeros(2), "relu")
GRAPH = Network.from_layers({"a": PLAIN, "b": (PLAIN, "input"), "c": (TWO, "a", "b")})
RANGED = Network.from_layers([PLAIN], input_range=(np.zeros(6), np.arange(1.0, 7.0)))

NOISY = MemristorModel(read_noise=0.1)
ERRORS = [
    (
        VectorizedSCLayer(3, 2, faults=Faults(input_flips=0.1)),
        None,
        {},
        "faults must be None for jax_function, got Fau",
    ),
    (
        VectorizedSCLayer(3, 2, device=NOISY),
        None,
        {},
        "device must have no read_noise and no adc_bits for jax_function",
    ),
    (
        VectorizedSCLayer(3, 2, device=MemristorModel(adc_bits=4)),
        None,
        {},
        "device must have no read_noise and no adc_",
    ),
    (
        VectorizedSCLayer(3, 2, weight_share="neurons"),
        None,
        {},
        "weight_share must not be 'neurons' with fresh streams",
    ),
    (VectorizedSCLayer(3, 2, accumulate="saturate"), None, {}, "accumulate must be 'sum', 'mean', 'or' or 'mux' for"),
    (circuit_of(PLAIN, faults=Faults(weight_flips=0.1)), None, {}, "faults must be None for jax_function"),
    (
        circuit_of(PLAIN, KWinners(2)),
        None,
        {},
        "layer must be a Circuit of Dense, Conv2D and Pool2D layers, got KWi",
    ),
    (GRAPH.circuit(16), None, {}, "layer must be a Circuit of a chain of layers for jax_function, got one of a graph"),
    (RANGED.circuit(16), None, {}, "input_range must be two numbers for jax_function, got one for each input"),
    (VectorizedSCLayer(3, 2), (4,), {}, r"shape must be \(3,\), got"),
    (CONV, None, {}, r"shape must be that of an image \(2, H, W\), got None"),
    (CONV, (1, 5, 5), {}, r"shape must be that of an image \(2, H, W\), got \(1, 5, 5\)"),
    (CONV, (2, 2, 5), {}, "shape must be of an image that a window fits into"),
    (SCPool2D("max", 3), (1, 2, 2), {}, r"shape must have room for a window of \(3, 3\), got"),
    (StochasticAttention(4), (5, 3), {}, r"shape must be that of the keys \(M, 4\), got"),
    (StochasticAttention(4), (5, 4), {"length": 0}, "length must be an integer of at least 1, got 0"),
]


@pytest.mark.parametrize(("layer", "shape", "call", "message"), ERRORS)
def test_errors(layer, shape, call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        jax_function(layer, shape, **call)


def test_wrong_types():
    with pytest.raises(TypeError, match=r"^layer must be one of VectorizedSCLayer, .*, got SCFusionLayer"):
        jax_function(SCFusionLayer({"a": 2}, {"a": 1}))
    with pytest.raises(TypeError, match=r"^length must be given for a StochasticAttention only"):
        jax_function(VectorizedSCLayer(3, 2), length=4)


def test_errors_while_it_is_traced():
    function, parameters = jax_function(dense(*DENSE[0]))
    for run_it in (function, jax.jit(function)):
        with pytest.raises(ValueError, match=r"^x must have shape \(..., 7\), got \(4, 6\)"):
            run_it(parameters, np.zeros((4, 6)), np.arange(4))
        with pytest.raises(ValueError, match=r"^samples must have the shape \(4,\) of the batch axes of x, got \(3,\)"):
            run_it(parameters, np.zeros((4, 7)), np.arange(3))
        with pytest.raises(TypeError, match=r"^samples must be an array of integers, got float"):
            run_it(parameters, np.zeros((4, 7)), np.zeros(4))
    function, parameters = jax_function(StochasticAttention(4, seed=1), (5, 4), length=8)
    good = {"Q": (3, 4), "K": (5, 4), "V": (5, 2)}
    for name, shape in (("Q", (3, 5)), ("K", (6, 4)), ("V", (4, 2)), ("V", (5,))):
        arrays = [np.zeros(each) for each in (good | {name: shape}).values()]
        with pytest.raises(ValueError, match=rf"^{name} must have shape \(\.\.\., "):
            function(parameters, tuple(arrays), 0)
    with pytest.raises(TypeError, match=r"^mask must be an array of booleans, got"):
        function(parameters, (*(np.zeros(shape) for shape in good.values()), np.ones((3, 5))), 0)
