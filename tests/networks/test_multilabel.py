"""A multilabel network gives a sample any number of labels, however it is computed, calibrated and kept."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import Concat, Dense, Elementwise, Flatten, Network, Select
from sc_neurocore.evaluation import EstimatedCircuit
from sc_neurocore.networks import FixedPoint
from sc_neurocore.networks.activations import ACTIVATIONS
from sc_neurocore.networks.calibrating.samples import Judge

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(4, 6)) - 0.1
X = RNG.random((300, 6))
X = X[(np.abs(X @ WEIGHTS.T) > 0.15).all(1)]
"""Samples none of whose sums is near the threshold."""
LABELS = (X @ WEIGHTS.T > 0).astype(np.uint8)


@pytest.fixture
def network():
    return Network.from_arrays([WEIGHTS], kind="multilabel", classes=["sun", "rain", "wind", "snow"])


def test_there_are_all_numbers_of_labels():
    assert set(LABELS.sum(1)) == {0, 1, 2, 3}
    assert len(X) > 60


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_output_is_a_label(activation):
    network = Network.from_arrays([WEIGHTS], output_activation=activation, kind="multilabel")
    assert network.n_classes == 4
    for predict in (
        network.float_predict,
        network.circuit(1024, "sobol").predict,
        network.circuit(4096, "bernoulli").predict,
        EstimatedCircuit(network.circuit(4096, "bernoulli")).predict,
        FixedPoint(network, 10).predict,
    ):
        found = predict(X)
        assert found.dtype == np.uint8
        assert found.shape == LABELS.shape
        assert np.mean(found == LABELS) > 0.99
        assert predict(X[:60].reshape(5, 12, 6)).shape == (5, 12, 4)
        assert predict(X[0]).shape == (4,)
        assert predict(X[:0]).shape == (0, 4)
    assert np.array_equal(network.float_predict(X), LABELS)


def test_the_threshold_itself_is_no():
    network = Network.from_arrays([np.eye(2)], kind="multilabel")
    assert network.classes_of(np.array([[0.0, 1e-12]])).tolist() == [[0, 1]]
    logistic = Network.from_arrays([np.eye(2)], output_activation="logistic", kind="multilabel")
    assert logistic.float_predict([[0.0, 1e-9]]).tolist() == [[0, 1]]


def test_one_label(network):
    one = Network.from_arrays([WEIGHTS[:1]], kind="multilabel", classes=["sun"])
    assert one.n_classes == 1
    assert np.array_equal(one.float_predict(X), LABELS[:, :1])
    with pytest.raises(ValueError, match="classes must have 1 names, got 2"):
        replace(one, classes=("sun", "rain"))
    with pytest.raises(ValueError, match="classes must have 4 names, got 2"):
        replace(network, classes=("sun", "rain"))


def test_behind_wires():
    """Labels whose outputs pass through layers without numbers have the threshold of those behind which they stand."""
    half = [Dense(WEIGHTS[k : k + 2], np.zeros(2), "logistic") for k in (0, 2)]
    layers = {
        "first": (half[0], "input"),
        "second": (half[1], "input"),
        "both": (Concat(), "second", "first"),
        "order": Select((2, 3, 0, 1)),
        "flat": Flatten(),
    }
    network = Network.from_layers(layers, kind="multilabel")
    assert np.array_equal(network.float_predict(X), LABELS)
    assert np.array_equal(network.calibrate(X, length=64).float_predict(X), LABELS)
    layers["second"] = (Dense(WEIGHTS[2:], np.zeros(2), "identity"), "input")
    with pytest.raises(ValueError, match=r"outputs that say yes above one value, got 0\.0, 0\.5"):
        Network.from_layers(layers, kind="multilabel")
    assert Network.from_layers(layers).float_predict(X).shape == (len(X),)
    apart = Network.from_layers([Dense(WEIGHTS, np.zeros(4), "identity"), Elementwise("logistic")], kind="multilabel")
    assert np.array_equal(apart.float_predict(X), LABELS)


def test_one_class_behind_wires():
    layers = [Dense(WEIGHTS[:1], np.zeros(1), "logistic"), Flatten()]
    assert np.array_equal(Network.from_layers(layers).float_predict(X), LABELS[:, 0])


def test_other_kinds_stay():
    with pytest.raises(ValueError, match="kind must be classifier for classes, or multilabel for labels, got"):
        Network.from_arrays([WEIGHTS], kind="regressor").float_predict(X)
    with pytest.raises(ValueError, match="kind must be one of classifier, regressor, multilabel, got 'labels'"):
        Network.from_arrays([WEIGHTS], kind="labels")


def test_file(network, tmp_path):
    path = tmp_path / "a.safetensors"
    for each in (network, network.calibrate(X, length=16)):
        each.save(path)
        again = Network.load(path)
        assert (again.kind, again.classes, again.digest()) == ("multilabel", network.classes, each.digest())
        assert np.array_equal(again.float_predict(X), LABELS)
    assert json.loads(network.describe_layers())["format"] == 5
    digests = {replace(network, kind=kind).digest() for kind in ("multilabel", "classifier", "regressor")}
    assert len(digests) == 3


def test_text(network):
    assert repr(network) == "Network(6-4, identity, inputs in [0, 1], multilabel)"
    assert network.describe(64) == replace(network, kind="classifier").describe(64)


def test_calibration_is_better_than_none():
    """Marks follow the labels: on short streams more samples have all their labels as in floating point."""
    rng = np.random.default_rng(1)
    x = rng.random((3000, 12)) ** 3
    network = Network.from_arrays(
        [rng.normal(size=(16, 12)), rng.normal(size=(4, 16)) - 0.1], kind="multilabel", calibration=x
    )
    want = network.float_predict(x[2000:])
    assert len(np.unique(want, axis=0)) > 4
    same = [
        np.mean((each.circuit(8, "searched").predict(x[2000:]) == want).all(1))
        for each in (network, network.calibrate(x[:2000], length=8))
    ]
    assert same[1] > same[0] + 0.1


def test_one_wrong_label_makes_the_answer_another_one(network):
    outputs = np.array([[0.5, -0.4, 0.6, -0.5], [1.0, 1.0, 1.0, 1.0], [-0.7, -0.6, 0.6, -0.5]])
    judge = Judge(network, outputs)
    values = outputs + np.array([[0.1, 0.1, 0.1, 0.1], [0.0, 0.0, 0.0, -1.2], [0.0, 0.0, -0.6, 0.0]])
    marks = judge.marks(values, 0, {})
    assert marks[0] > 0.99
    assert marks[1] < 0.01
    assert marks[2] == pytest.approx(0.5)
