"""Networks in floating point: ranges, errors, files."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import evaluate
from sc_neurocore.interop import load_network
from sc_neurocore.networks import Circuit, Dense, FixedPoint, Network, Scale


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays(
        [rng.normal(size=(5, 4)), rng.normal(size=(3, 5))],
        [rng.normal(size=5), rng.normal(size=3)],
        calibration=rng.random((50, 4)),
        classes=["a", "b", "c"],
    )


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_float_forward_is_the_plain_formula(activation):
    rng = np.random.default_rng(1)
    w, v, b, c = rng.normal(size=(5, 4)), rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=3)
    function = {
        "relu": lambda z: np.where(z > 0, z, 0),
        "tanh": np.tanh,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "identity": lambda z: z,
    }[activation]
    network = Network.from_arrays([w, v], [b, c], activation=activation)
    x = rng.random((6, 2, 4))
    assert np.allclose(network.float_forward(x), function(x @ w.T + b) @ v.T + c, atol=1e-12)
    assert network.float_predict(x).shape == (6, 2)


def test_calibration_sets_the_ranges():
    x = np.array([[0.0, 2.0], [-1.0, 0.5], [0.5, 0.5]])
    network = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], calibration=x, ceiling_quantile=1.0)
    assert network.input_range == (-1.0, 2.0)
    assert network.layers[0].ceiling == 2.0
    half = Network.from_arrays([[[1.0, 1.0]], [[1.0]]], calibration=x, ceiling_quantile=0.5)
    assert half.layers[0].ceiling == 1.0


def test_without_calibration_no_input_exceeds_a_ceiling():
    rng = np.random.default_rng(2)
    network = Network.from_arrays([rng.normal(size=(8, 6)), rng.normal(size=(4, 8))], [rng.normal(size=8), np.zeros(4)])
    hidden = network.layers[0].forward(rng.integers(0, 2, (500, 6)).astype(float))
    assert hidden.max() <= network.layers[0].ceiling


def test_constant_calibration_still_has_a_range():
    assert Network.from_arrays([[[1.0]]], calibration=[[0.0], [0.0]]).input_range == (0.0, 1.0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Network(()), "layers must hold at least one layer, got none"),
        (
            lambda: Network.from_arrays([np.ones((2, 3)), np.ones((1, 4))]),
            "layer 1: it takes 4 inputs, got shape",
        ),
        (lambda: Network.from_arrays([[[np.nan]]]), r"weights\[0\] must be finite, got nan"),
        (lambda: Network.from_arrays([[[1.0]]], [[1.0, 2.0]]), r"biases\[0\] must have shape \(1\), got \(2,\)"),
        (lambda: Network.from_arrays([[[1.0]]], []), "biases must have 1 arrays, one a layer, got 0"),
        (lambda: Network.from_arrays([[[1.0]]], input_range=(1.0, 0.0)), "input_range must be .* got"),
        (lambda: Network.from_arrays([[[1.0]]], classes=["a"]), "classes must have 2 names, got 1"),
        (lambda: Network.from_arrays([[[1.0]]], kind="oracle"), "kind must be one of classifier, regressor"),
        (lambda: Network.from_arrays([[[1.0]]], output_activation="swish"), "activation must be one of"),
        (lambda: Network.from_arrays([[[1.0]]], ceiling_quantile=0.0), "ceiling_quantile must be"),
        (lambda: Network.from_arrays([[[1.0]]], calibration=np.ones((0, 1))), "calibration must hold at least one"),
        (lambda: Dense(np.ones((0, 2)), np.ones(0), "relu", 1.0), "weights must have an input and an output"),
    ],
)
def test_bad_networks_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


DATA = Dataset.held_out("", [[0.0, 1.0]], [0])
PART = Dense([[1.0, 2.0]], [0.0], "identity")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Network(5), "layers must be a sequence, got 5"),
        (lambda: Network("ab"), "layers must be a sequence, got 'ab'"),
        (lambda: Network(({"a": 1},)), r"layers\[0\] must be a LayerSpec, got {'a': 1}"),
        (
            lambda: Network.from_layers([PART, None], calibration=[[0.0, 1.0]]),
            r"layers\[1\] must be a LayerSpec, got None",
        ),
        (lambda: Network.from_layers(PART), r"layers must be a sequence, got Dense\("),
        (lambda: Network.from_layers([PART], input_shape=2), "input_shape must be a sequence, got 2"),
        (lambda: Network.from_layers([PART], input_shape=(2.0,)), "input_shape must be an integer"),
        (lambda: Network((PART,), classes=7), "classes must be a sequence, got 7"),
        (lambda: Network.from_arrays([[[1.0]]], classes="ab"), "classes must be a sequence, got 'ab'"),
        (lambda: Network.from_arrays(1.0), "weights must be a sequence, got 1.0"),
        (lambda: Network.from_arrays([[[1.0]]], 0.5), "biases must be a sequence, got 0.5"),
        (lambda: FixedPoint("net"), "network must be a NetworkDefinition, got 'net'"),
        (lambda: FixedPoint(Network((PART,)), faults=0.5), "faults must be a Faults, got 0.5"),
        (lambda: Circuit(Network((PART,)), {"length": 16}), "options must be a CircuitOptions, got {'length': 16}"),
        (lambda: evaluate("net", DATA, 16, "sobol"), "network must be a Network, got 'net'"),
        (lambda: evaluate(Network((PART,)), [[0.0, 1.0]], 16, "sobol"), "data must be a Dataset, got "),
    ],
)
def test_other_types_are_refused_by_name(build, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        build()


def test_a_value_beside_the_range_of_inputs_is_told_from_it():
    data = Dataset.held_out("", [[0.5, np.nextafter(1, 2)]], [0])
    with pytest.raises(ValueError, match=r"input 1 must lie in .* range \[0, 1\], got 1.0000000000000002 in sample 0"):
        evaluate(Network((PART,)), data, 16, "sobol")


def test_save_and_load_keep_everything(network, tmp_path):
    network.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    assert again.digest() == network.digest()
    assert (again.input_range, again.kind, again.classes) == (network.input_range, network.kind, network.classes)
    x = np.random.default_rng(3).random((4, 4))
    assert np.array_equal(again.float_forward(x), network.float_forward(x))
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_the_digest_sees_every_part(network):
    first, second = network.layers
    others = [
        Network((first, second), (0.0, 2.0), network.kind, network.classes),
        Network((first, second), network.input_range, "regressor", network.classes),
        Network((first, second), network.input_range, network.kind, None),
        Network(
            (Dense(first.weights, first.bias, "tanh", first.ceiling), second),
            network.input_range,
            classes=network.classes,
        ),
        Network(
            (Dense(first.weights, first.bias + 1e-9, "relu", first.ceiling), second),
            network.input_range,
            classes=network.classes,
        ),
    ]
    assert len({network.digest(), *(other.digest() for other in others)}) == 6


def test_a_file_is_whole_or_not_there(network, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        network.save(tmp_path / "nowhere" / "net.safetensors")
    path = tmp_path / "net.safetensors"
    network.save(path)
    content = path.read_bytes()
    for cut in (0, 5, 60, len(content) - 3):
        broken = tmp_path / "broken.safetensors"
        broken.write_bytes(content[:cut])
        with pytest.raises(ValueError, match=r"broken.safetensors must be a safetensors file") as error:
            Network.load(broken)
        assert "\n" not in str(error.value)
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "missing.safetensors")


def test_a_described_file_that_does_not_hold_together(network, tmp_path):
    path = tmp_path / "net.safetensors"
    network.save(path)
    arrays = load_file(path)
    for header in ("{", "{}", json.dumps({"format": 99})):
        save_file(arrays, path, {"sc_neurocore": header})
        with pytest.raises(ValueError, match="must hold a network, it does not"):
            load_network(path)


def test_plain_arrays_make_a_network(tmp_path):
    arrays = {"weights_0": np.eye(3), "weights_1": np.ones((2, 3)), "bias_1": np.array([0.0, 1.0])}
    np.savez(tmp_path / "net.npz", **arrays)
    save_file(arrays, tmp_path / "net.safetensors")
    one, two = load_network(tmp_path / "net.npz"), load_network(tmp_path / "net.safetensors")
    assert one.digest() == two.digest()
    assert one.float_forward([1.0, 0.5, 0.25]).tolist() == [1.75, 2.75]


def test_model_files_that_are_none(tmp_path):
    (tmp_path / "net.npz").write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(ValueError, match=r"must be a complete \.npz archive of NumPy arrays"):
        load_network(tmp_path / "net.npz")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(
        ValueError, match=r"other.npz: arrays must be weights_0, bias_0, weights_1, .. and calibration, got a$"
    ):
        load_network(tmp_path / "other.npz")
    np.savez(tmp_path / "extra.npz", weights_0=np.ones((1, 1)), wieghts_1=np.ones((1, 1)))
    with pytest.raises(ValueError, match="got weights_0, wieghts_1"):
        load_network(tmp_path / "extra.npz")
    (tmp_path / "net.npz").write_bytes(b"text")
    with pytest.raises(ValueError, match=r"net.npz must be a safetensors, npz, ONNX or NIR file, it is none of them"):
        load_network(tmp_path / "net.npz")


def test_describe_counts_the_circuit():
    network = Network.from_arrays([np.ones((3, 4)), -np.ones((2, 3))], [np.ones(3), np.zeros(2)])
    lines = [line.split() for line in network.describe(100).splitlines()]
    # 5 lines with the bias: 5 input streams (never negative), 2 rails of 15 weights; two words a stream.
    assert lines[1][-4:] == ["35", "30", "100", "0.5"]
    assert lines[2][-4:] == ["15", "12", "100", "0.2"]
    assert lines[3][1:4] == ["50", "42", "200"]
    assert network.describe(100, "unipolar").splitlines()[1].split()[-4:-1] == ["20", "15", "100"]
    with pytest.raises(ValueError, match="length must be an integer of at least 1, got 0"):
        network.describe(0)
    # 3 x 5 + 2 x 3 weights, the second layer has no bias; 5 + 3 lines; 2 layers
    for generator, share, sources in (
        ("bernoulli", None, "21 (independent)"), ("bernoulli", "neurons", "8 (neurons)"), ("sobol", None, "2 (one)"),
    ):  # fmt: skip
        text = network.describe(100, generator=generator, weight_share=share)
        assert f"\nnumber sources of weights: {sources}\ngenerator: " in text


def test_sums_beyond_float64_are_refused_without_a_warning():
    with pytest.raises(ValueError, match="z must be finite, got inf"):
        Network.from_arrays([np.full((3, 3), 1e100)] * 4, calibration=np.ones((5, 3)))
    scales = [Scale(np.full(3, 1e100), np.zeros(3))] * 4
    with pytest.raises(ValueError, match=r"layers\[3\] must give numbers that float64 holds"):
        Network.from_layers(scales, input_shape=(3,), calibration=np.ones((5, 3)))
