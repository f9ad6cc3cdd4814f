"""Networks of convolutions, pools and dense layers, in floating point and as circuits."""

import numpy as np
import pytest

from sc_neurocore import Conv2D, Dense, Network, Pool2D

ROUNDING = 1e-7
"""More than what thresholds of 32 bits change in these networks."""


def network(pool="average", activation="relu", calibrated=True, **options):
    rng = np.random.default_rng(5)
    layers = [
        Conv2D(rng.normal(0, 0.4, (4, 1, 3, 3)), rng.normal(0, 0.1, 4), activation, padding=1),
        Pool2D(pool, 2),
        Conv2D(rng.normal(0, 0.4, (6, 2, 2, 2)), rng.normal(0, 0.1, 6), activation, stride=(1, 2), groups=2),
        Dense(rng.normal(0, 0.3, (3, 6 * 3 * 2)), rng.normal(0, 0.1, 3), "identity"),
    ]
    calibration = samples(200) if calibrated else None
    return Network.from_layers(layers, input_shape=(1, 8, 8), calibration=calibration, ceiling_quantile=1.0, **options)


def samples(n, seed=0):
    return np.random.default_rng(seed).random((n, 64))


def loops(net, x):
    """The network in floating point, a pixel at a time."""
    a = x.reshape(len(x), 1, 8, 8)
    for layer in net.layers[:-1]:
        shape = layer.output_shape(a.shape[1:])
        out = np.empty((len(a), *shape))
        for o, i, j in np.ndindex(shape):
            if isinstance(layer, Pool2D):
                window = a[:, o, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                out[:, o, i, j] = window.mean((1, 2)) if layer.kind == "average" else window.max((1, 2))
                continue
            (sy, sx), (py, px) = layer.stride, layer.padding
            padded = np.pad(a, ((0, 0), (0, 0), (py, py), (px, px)))
            per_group, (kh, kw) = layer.weights.shape[1], layer.weights.shape[2:]
            first = o // (len(layer.weights) // layer.groups) * per_group
            window = padded[:, first : first + per_group, i * sy : i * sy + kh, j * sx : j * sx + kw]
            z = (window * layer.weights[o]).sum((1, 2, 3)) + layer.bias[o]
            out[:, o, i, j] = np.maximum(z, 0) if layer.activation == "relu" else np.tanh(z)
        a = out
    return a.reshape(len(a), -1) @ net.layers[-1].weights.T + net.layers[-1].bias


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("pool", ["average", "max"])
def test_floating_point(pool, activation):
    net, x = network(pool, activation), samples(5, 1)
    np.testing.assert_allclose(net.float_forward(x), loops(net, x), atol=1e-12)
    assert net.float_forward(x[0]).shape == (3,)
    assert net.shapes() == [(1, 8, 8), (4, 8, 8), (4, 4, 4), (6, 3, 2), (3,)]
    assert (net.n_inputs, net.n_outputs) == (64, 3)


def test_many_samples_are_one_batch_after_another():
    net, x = network(), samples(600, 1)
    np.testing.assert_allclose(net.float_forward(x)[[0, 255, 256, 599]], net.float_forward(x[[0, 255, 256, 599]]))


@pytest.mark.parametrize("encoding", ["split", "bipolar"])
@pytest.mark.parametrize("pool", ["average", "max"])
def test_the_circuit_converges_to_it(pool, encoding):
    net, x = network(pool), samples(20)
    want = net.float_forward(x)
    fine = net.circuit(64, "bernoulli", encoding=encoding, bits=32)
    np.testing.assert_allclose(fine.expected(x), want, rtol=0, atol=ROUNDING)
    lengths = (64, 1024) if encoding == "split" else (256, 4096)
    errors = [np.sqrt(np.mean((net.circuit(n, encoding=encoding).forward(x) - want) ** 2)) for n in lengths]
    assert errors[1] < errors[0] / 3


def test_every_accumulation_and_generator_runs():
    net, x = network(), samples(3)
    for accumulate in ("sum", "mean", "mux", "or", "saturate"):
        out = net.circuit(64, "bernoulli", accumulate=accumulate).forward(x.reshape(3, 1, 64))
        assert out.shape == (3, 1, 3)
    fine = net.circuit(64, "bernoulli", accumulate="mux", bits=32)
    np.testing.assert_allclose(fine.expected(x), net.float_forward(x), rtol=0, atol=ROUNDING)


def test_seeds_and_batches():
    net, x = network(), samples(6)
    circuit = net.circuit(128, "bernoulli", seed=1)
    whole = circuit.forward(x)
    circuit.reset()
    np.testing.assert_array_equal(np.concatenate([circuit.forward(x[:2]), circuit.forward(x[2:])]), whole)
    assert not np.array_equal(net.circuit(128, "bernoulli", seed=2).forward(x), whole)


def test_files(tmp_path):
    net, x = network("max"), samples(3)
    net.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again.circuit(64).forward(x), net.circuit(64).forward(x))
    assert (again.digest(), repr(again)) == (net.digest(), repr(net))
    assert network("average").digest() != net.digest()


def test_bounds_without_calibration_are_never_exceeded():
    net = network(calibrated=False)
    hidden = net.layers[0].forward(np.random.default_rng(3).integers(0, 2, (300, 1, 8, 8)).astype(float))
    assert hidden.max() <= net.layers[0].ceiling


def test_description():
    table = network().describe(256).splitlines()
    assert table[1].split()[:8] == ["0", "Conv2D", "input", "1x8x8", "->", "4x8x8", "0..1", "relu"]
    # 64 pixels and the bias, twice 4 x (9 + 1) weights; 2 x 10 gates for each of 256 outputs
    assert table[1].split()[-4:-2] == [str(65 + 2 * 40), str(2 * 10 * 256)]
    assert table[2].split()[:3] == ["1", "Pool2D", "0"]
    assert table[2].split()[-4:-2] == [str(256), str(256)]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Network.from_layers([Conv2D(np.ones((1, 1, 2, 2)), np.zeros(1), "relu")]), "input_shape must be"),
        (
            lambda: Network.from_layers([Conv2D(np.ones((1, 1, 2, 2)), np.zeros(1), "relu")], input_shape=(1, 3, 3)),
            r"layers must end with one that gives a vector, such as Dense, got Conv2D with outputs of shape \(1, 2",
        ),
        (
            lambda: Network.from_layers([Conv2D(np.ones((1, 2, 2, 2)), np.zeros(1), "relu")], input_shape=(1, 3, 3)),
            r"layer 0: it takes images \(2, height, width\), got shape \(1, 3, 3\)",
        ),
        (
            lambda: Network.from_layers([Pool2D("max", 4)], input_shape=(1, 3, 3)),
            r"layer 0: its window \(4, 4\) does not fit into an image of shape \(1, 3, 3\)",
        ),
        (lambda: Network.from_layers([Pool2D("max", 4)], input_shape=(3, 3)), "input_shape must be"),
        (lambda: Conv2D(np.ones((3, 1, 2, 2)), np.zeros(3), "relu", groups=2), "groups must divide the 3 output"),
        (lambda: Conv2D(np.ones((3, 1, 2)), np.zeros(3), "relu"), "weights must have shape"),
        (lambda: Pool2D("min", 2), "kind must be one of average, max, got 'min'"),
        (lambda: Pool2D("max", 0), "size must be an integer of at least 1, got 0"),
    ],
)
def test_bad_networks(make, error):
    with pytest.raises(ValueError, match=error):
        make()
