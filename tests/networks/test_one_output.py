"""A classifier with a single output tells two classes apart by the sign of its sum."""

import numpy as np
import pytest

from sc_neurocore import Dense, KWinners, Network, SpikingDense
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import evaluate, fault_study
from sc_neurocore.networks import FixedPoint
from sc_neurocore.networks.activations import ACTIVATIONS

WEIGHTS = [[1.0, -1.0]]
"""The first input is the larger one: class 1."""


@pytest.fixture
def x():
    """Pairs that differ by .2 at least, as many of each class."""
    rng = np.random.default_rng(0)
    low, gap = rng.uniform(0, 0.4, 200), rng.uniform(0.2, 0.6, 200)
    return np.concatenate([np.stack([low + gap, low], 1)[:100], np.stack([low, low + gap], 1)[100:]])


@pytest.fixture
def y():
    return np.repeat([1, 0], 100)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_sign_of_the_sum(x, y, activation):
    network = Network.from_arrays([WEIGHTS], output_activation=activation)
    assert network.n_classes == 2
    for predict in (
        network.float_predict,
        network.circuit(1024, "sobol").predict,
        network.circuit(1024, "bernoulli").predict,
        FixedPoint(network, 8).predict,
    ):
        assert np.array_equal(predict(x), y)
        assert predict(x).dtype == np.int64
        assert predict(x.reshape(20, 10, 2)).shape == (20, 10)
        assert [int(predict(x[0])), int(predict(x[-1]))] == [1, 0]
        assert predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_as_two_outputs_of_which_the_first_is_zero(activation):
    rng = np.random.default_rng(1)
    hidden, last, x = rng.normal(size=(9, 6)), rng.normal(size=(1, 9)), rng.random((500, 6))
    bias = -np.median(np.maximum(x @ hidden.T, 0) @ last.T, axis=0)  # as many of each class
    one = Network.from_arrays([hidden, last], [np.zeros(9), bias], output_activation=activation)
    both = [hidden, np.concatenate([np.zeros((1, 9)), last])], [np.zeros(9), np.append(0, bias)]
    two = Network.from_arrays(*both)
    assert one.float_predict(x).sum() == 250
    assert np.array_equal(one.float_predict(x), two.float_predict(x))
    assert np.array_equal(FixedPoint(one).predict(x), FixedPoint(two).predict(x))
    circuit = one.circuit(64)
    assert np.array_equal(circuit.predict(x), one.classes_of(circuit.forward(x)))


def test_a_sum_of_zero_is_the_first_class():
    for activation in ACTIVATIONS:
        network = Network.from_arrays([WEIGHTS], output_activation=activation)
        assert network.float_predict([0.5, 0.5]) == network.circuit(64).predict([0.5, 0.5]) == 0
        assert FixedPoint(network).predict([0.5, 0.5]) == 0


def test_a_neuron_that_fires_means_the_second_class(x, y):
    network = Network((SpikingDense([[1.0, -1.0]], [0.0]),))
    assert np.array_equal(network.float_predict(x), y)
    assert np.array_equal(network.circuit(1024, "sobol").predict(x), y)
    relu = Dense(WEIGHTS, [0.0], "relu")
    assert np.array_equal(Network((relu, KWinners(1))).float_predict(x), y)


@pytest.mark.parametrize("classes", [None, ["no", "yes"], ["0", "1"]])
def test_a_perfect_network_is_counted_as_one(x, y, classes):
    network = Network.from_arrays([WEIGHTS], classes=classes)
    data = Dataset.held_out("pairs", x, y)
    found = evaluate(network, data, 256, ["sobol", "fixed-point"])
    assert found.float_correct == 200
    assert [row.correct for row in found.rows] == [200, 200]
    assert [row.agree for row in found.rows] == [200, 200]
    study = fault_study(network, data, "bit-flips", [0.0], 256, "sobol")
    assert [row.correct for row in study.evaluations[0].rows] == [200, 200]


def test_labels_of_two_named_classes(x, y):
    network = Network.from_arrays([WEIGHTS], classes=["-1", "1"])
    assert evaluate(network, Dataset.held_out("pairs", x, 2 * y - 1), 64).float_correct == 200
    with pytest.raises(ValueError, match="labels must be one of the network's classes -1, 1, got 0"):
        evaluate(network, Dataset.held_out("pairs", x, y), 64)
    with pytest.raises(ValueError, match="labels must be one of the network's classes 0, 1, got 2"):
        evaluate(Network.from_arrays([WEIGHTS]), Dataset.held_out("pairs", x, 2 * y), 64)


def test_it_has_two_classes(tmp_path):
    network = Network.from_arrays([WEIGHTS], classes=["no", "yes"])
    network.save(tmp_path / "net.safetensors")
    assert Network.load(tmp_path / "net.safetensors").classes == ("no", "yes")
    for names in (["one"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=f"classes must have 2 names, got {len(names)}"):
            Network.from_arrays([WEIGHTS], classes=names)
    assert Network.from_arrays([WEIGHTS], kind="regressor", classes=["volts"]).classes == ("volts",)
