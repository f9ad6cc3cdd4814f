"""Networks as circuits: exact scaling, convergence, clipping, reproducibility."""

import itertools

import numpy as np
import pytest

from sc_neurocore.gates import Faults
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import Circuit, Network

ROUNDING = 1e-7
"""More than what thresholds of 32 bits change in these networks."""


@pytest.fixture
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays(
        [rng.normal(size=(6, 8)), rng.normal(size=(3, 6))],
        [rng.normal(size=6), rng.normal(size=3)],
        calibration=np.random.default_rng(0).random((200, 8)),
        ceiling_quantile=1.0,
    )


@pytest.fixture
def x():
    return np.random.default_rng(0).random((200, 8))[:20]


@pytest.mark.parametrize("encoding", ["split", "bipolar"])
@pytest.mark.parametrize("accumulate", ["sum", "mean", "mux"])
def test_the_scaling_is_undone_exactly(network, x, encoding, accumulate):
    circuit = network.circuit(64, "bernoulli", encoding=encoding, accumulate=accumulate, bits=32)
    low, high = network.input_range
    x = np.clip(x, low, high)
    assert np.allclose(circuit.expected(x), network.float_forward(x), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("generator", ["sobol", "lfsr", "halton"])
def test_long_streams_give_the_float_network(network, x, generator):
    error = [
        np.abs(network.circuit(length, generator).forward(x) - network.float_forward(x)).mean() for length in (64, 4096)
    ]
    assert error[1] < 0.05 * np.abs(network.float_forward(x)).mean()
    assert error[1] < error[0] / 4


def test_bernoulli_errors_shrink_with_the_root_of_the_length(network, x):
    def rms(length):
        circuit = network.circuit(length, "bernoulli", seed=5)
        runs = np.stack([circuit.forward(x) for _ in range(20)])
        return np.sqrt(np.mean((runs - network.float_forward(x)) ** 2))

    assert 3.0 < rms(256) / rms(4096) < 5.5  # about 4, and a little more while ReLU clips


def test_saturating_and_or_circuits_clip(network, x):
    gain = max(
        np.abs(network.layers[1].weights * network.layers[0].ceiling).max(), np.abs(network.layers[1].bias).max()
    )
    for accumulate in ("saturate", "or"):
        out = network.circuit(256, "bernoulli", accumulate=accumulate).forward(x)
        assert np.abs(out).max() <= gain + 1e-12


def test_unipolar_networks():
    network = Network.from_arrays([[[0.5, 2.0]]], [[0.25]])
    out = network.circuit(256, encoding="unipolar").forward([[1.0, 0.5]])
    assert out == pytest.approx(1.75, abs=0.05)
    with pytest.raises(ValueError, match=r"encoding unipolar needs weights of at least 0, got -1\.0 in layer 0"):
        Network.from_arrays([[[-1.0]]]).circuit(16, encoding="unipolar")
    with pytest.raises(
        ValueError, match=r"encoding unipolar needs inputs of at least 0, got a network for \[-1\.0, 1\.0\]"
    ):
        Network.from_arrays([[[1.0]]], input_range=(-1.0, 1.0)).circuit(16, encoding="unipolar")


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_batches_and_seeds(network, x, generator):
    options = {"generator": generator, "seed": 11, "faults": Faults.flips(0.01)}
    whole = network.circuit(100, **options).forward(x)
    parts = network.circuit(100, **options)
    assert np.array_equal(np.concatenate([parts.forward(x[:7]), parts.forward(x[7:])]), whole)
    parts.reset()
    assert np.array_equal(parts.forward(x), whole)
    assert not np.array_equal(network.circuit(100, **(options | {"seed": 12})).forward(x), whole)
    assert parts.forward(x[0]).shape == (3,)


def test_inputs_outside_the_range_are_an_error_or_clipped_on_request(network):
    _, high = network.input_range
    wide = np.full((1, 8), 2.0)
    with pytest.raises(ValueError, match=r"x must lie in \[.*\], got 2"):
        network.circuit(16).forward(wide)
    clipped = network.circuit(16, clip=True).forward(wide)
    assert np.array_equal(clipped, network.circuit(16).forward(np.full((1, 8), high)))
    with pytest.raises(ValueError, match=r"x must have shape \(..., 8\), got \(1, 7\)"):
        network.circuit(16).forward(np.zeros((1, 7)))
    with pytest.raises(ValueError, match="x must be finite, got nan"):
        network.circuit(16, clip=True).forward(np.full((1, 8), np.nan))


def test_every_option_changes_the_circuit(network, x):
    base = {"length": 64, "generator": "bernoulli", "seed": 3}
    changes = [
        {},
        {"length": 128},
        {"generator": "sobol"},
        {"encoding": "bipolar"},
        {"accumulate": "mux"},
        {"bits": 2},
        {"seed": 4},
        {"faults": Faults.flips(0.1)},
    ]
    outs = [network.circuit(**(base | change)).forward(x) for change in changes]
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(outs, 2))


def test_descriptions(network):
    circuit = network.circuit(64, "lfsr")
    assert circuit.generator_descriptions == ["Bank('lfsr', 64)"] * 2
    assert "encoding='split'" in repr(circuit)
    assert "\n" not in repr(circuit)


def test_options_are_checked(network):
    for change, message in [
        ({"length": 0}, "length must be"),
        ({"generator": "dice"}, "generator must be one of"),
        ({"encoding": "ternary"}, "encoding must be one of"),
        ({"accumulate": "vote"}, "accumulate must be one of"),
        ({"bits": 0}, "bits must be"),
        ({"weight_streams": "old"}, "weight_streams must be one of"),
        ({"share": "all"}, "share must be one of"),
        ({"backend": "fpga"}, "backend must be one of"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            network.circuit(**({"length": 16} | change))
    for change, message in [
        ({"faults": 0.1}, "faults must be a Faults or None, got float"),
        ({"device": "hfo2"}, "device must be a MemristorModel or None, got str"),
        ({"clip": 1}, "clip must be True or False, got 1"),
        ({"length": 16.0}, "length must be an integer of at least 1, got 16.0"),
    ]:
        with pytest.raises(TypeError, match=message):
            network.circuit(**({"length": 16} | change))


# ---------------------------------------------------------------- a length for each layer


@pytest.mark.parametrize("length", [(64, 128), [64, 128], np.array([64, 128])])
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_a_length_for_each_layer(network, x, generator, length):
    circuit = network.circuit(length, generator, seed=3)
    assert [layer.length for layer in circuit.layers] == [64, 128]
    assert circuit.options.length == (64, 128)
    assert [layer.generator.bits for layer in circuit.layers] == ([6, 7] if generator == "sobol" else [16, 16])
    short, long = (network.circuit(each, generator, seed=3) for each in (64, 128))
    middle = short.layers[0].forward(x / network.input_range[1])
    np.testing.assert_array_equal(circuit.layers[0].forward(x / network.input_range[1]), middle)
    hidden = np.random.default_rng(1).random((20, 6))
    np.testing.assert_array_equal(circuit.layers[1].forward(hidden), long.layers[1].forward(hidden))
    for each in (circuit, short, long):
        each.reset()
    out = circuit.forward(x)
    assert not np.array_equal(out, short.forward(x))
    assert not np.array_equal(out, long.forward(x))
    np.testing.assert_array_equal(Circuit(network, CircuitOptions((64, 128), generator, seed=3)).forward(x), out)
    fine = network.circuit(length, "bernoulli", bits=32)
    np.testing.assert_allclose(fine.expected(x), network.float_forward(x), rtol=0, atol=ROUNDING)


def test_equal_lengths_are_one_length(network, x):
    for generator in ("bernoulli", "sobol"):
        one, two = (network.circuit(length, generator, seed=3) for length in (64, (64, 64)))
        np.testing.assert_array_equal(one.forward(x), two.forward(x))


@pytest.mark.parametrize("length", [(64,), (64, 64, 64)])
def test_a_wrong_number_of_lengths(network, length):
    message = rf"^length must be one number, or 2, one for each layer, got {len(length)}$"
    with pytest.raises(ValueError, match=message):
        network.circuit(length)


@pytest.mark.parametrize(
    ("length", "error", "message"),
    [
        ((), ValueError, "length must have a number for each layer, got none"),
        ((64, 0), ValueError, "length must be an integer of at least 1, got 0"),
        ((64, 64.0), TypeError, "length must be an integer of at least 1, got 64.0"),
        ("64", TypeError, "length must be an integer of at least 1, got"),
        (None, TypeError, "length must be an integer of at least 1, got None"),
        (np.array(0.5), TypeError, "length must be an integer of at least 1, got array"),
    ],
)
def test_bad_lengths(network, length, error, message):
    with pytest.raises(error, match=message):
        network.circuit(length)
