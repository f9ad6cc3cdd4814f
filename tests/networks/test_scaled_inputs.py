"""Raw features of very different sizes: a scaler as a layer, or a range for each input."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sc_neurocore import Dense, Network, Scale

X, Y = load_breast_cancer(return_X_y=True)
TRAIN, TEST, Y_TRAIN, Y_TEST = train_test_split(X, Y, test_size=0.4, random_state=0, stratify=Y)
LENGTH = 256
POINT = 0.01


@pytest.fixture(scope="module", params=range(2))
def trained(request):
    """A scaler and a classifier for what it gives."""
    scaler = StandardScaler().fit(TRAIN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPClassifier((16,), max_iter=300, random_state=request.param, alpha=1e-2)
        model.fit(scaler.transform(TRAIN), Y_TRAIN)
    return scaler, model


def layers(scaler, model, folded):
    """The layers of a classifier; with `folded`, the scaler is in the weights of the first one."""
    (first, second), (bias, last) = (weights.T for weights in model.coefs_), model.intercepts_
    if folded:
        first = first / scaler.scale_
        bias = bias - first @ scaler.mean_
    dense = [Dense(first, bias, "relu"), Dense(second, last, "logistic")]
    return dense if folded else [Scale.standard(scaler.mean_, scaler.scale_), *dense]


def accuracy(network):
    return float((network.circuit(LENGTH).predict(TEST) == Y_TEST).mean())


def right(network):
    return float((network.float_predict(TEST) == Y_TEST).mean())


def test_a_scaler_is_a_layer(trained):
    """Streams stand for scaled numbers, each feature in its own range."""
    scaler, model = trained
    network = Network.from_layers(
        layers(scaler, model, False), input_shape=(30,), calibration=TRAIN, input_range=(0.0, X.max())
    )
    want = model.predict_proba(scaler.transform(TEST))[:, 1:]
    np.testing.assert_allclose(network.float_forward(TEST), want, rtol=1e-9)
    assert right(network) > 0.95
    assert network.layers[0].ceiling.shape == (30,)
    assert accuracy(network) >= right(network) - POINT


def test_inputs_have_a_range_each(trained):
    """The scaler folded into the first layer: with one range for all features, small ones have no levels at all."""
    each = Network.from_layers(layers(*trained, True), calibration=TRAIN, input_range=(X.min(0), X.max(0)))
    assert each.input_scale.shape == (30,)
    assert accuracy(each) >= right(each) - POINT
    one = Network.from_layers(layers(*trained, True), calibration=TRAIN, input_range=(X.min(), X.max()))
    np.testing.assert_array_equal(one.float_predict(TEST), each.float_predict(TEST))
    assert accuracy(one) < 0.7


def test_files_keep_the_ranges(trained, tmp_path):
    for made in (
        Network.from_layers(layers(*trained, True), input_range=(X.min(0), X.max(0))),
        Network.from_layers(layers(*trained, False), input_shape=(30,), calibration=TRAIN),
    ):
        made.save(tmp_path / "net.safetensors")
        again = Network.load(tmp_path / "net.safetensors")
        assert again.digest() == made.digest()
        x = TRAIN[:20]
        np.testing.assert_array_equal(again.circuit(64).forward(x), made.circuit(64).forward(x))
        with pytest.raises(ValueError, match=r"input_range|read-only|frozen|assign"):
            made.bounds[0][0] = 1.0


def test_channels_of_images_in_ranges_of_their_own():
    """ToTensor + Normalize: channels whose numbers differ a hundredfold."""
    rng = np.random.default_rng(0)
    x = rng.random((40, 3, 4, 4)) * np.array([1.0, 100.0, 0.01]).reshape(3, 1, 1)
    ends = np.zeros(3), np.array([1.0, 100.0, 0.01])
    last = Dense(rng.normal(size=(2, 48)) / np.repeat(ends[1], 16) / 48, np.zeros(2), "identity")
    net = Network.from_layers([last], input_shape=(3, 4, 4), input_range=ends)
    flat = x.reshape(40, -1)
    error = np.abs(net.circuit(LENGTH).forward(flat) - net.float_forward(flat)).max()
    one = Network.from_layers([last], input_shape=(3, 4, 4), input_range=(0.0, 100.0))
    assert error < 0.02
    assert np.abs(one.circuit(LENGTH).forward(flat) - net.float_forward(flat)).max() > 10 * error
