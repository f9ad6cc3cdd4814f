"""scikit-learn's perceptrons keep their answers."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sc_neurocore.interop import from_sklearn

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def x():
    return np.random.default_rng(0).random((120, 5))


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers(x, activation, n_classes):
    y = np.array(["ant", "bee", "cat"])[np.digitize(x[:, 0], [0.33, 0.66][: n_classes - 1])]
    model = MLPClassifier((7, 6), activation=activation, max_iter=30, random_state=0).fit(x, y)
    network = from_sklearn(model, x)
    assert network.classes == tuple(model.classes_)
    assert np.array_equal(np.array(network.classes)[network.float_predict(x)], model.predict(x))
    assert np.mean(network.circuit(1024).predict(x) == network.float_predict(x)) > 0.9


def test_regressors(x):
    model = MLPRegressor(hidden_layer_sizes=(7,), max_iter=30, random_state=0).fit(x, x @ np.ones((5, 2)))
    network = from_sklearn(model, x)
    assert network.kind == "regressor"
    assert np.allclose(network.float_forward(x), model.predict(x))
    assert np.abs(network.circuit(4096).forward(x) - model.predict(x)).mean() < 0.05


def test_others_are_refused(x):
    with pytest.raises(ValueError, match="model must be fitted, got an unfitted LogisticRegression"):
        from_sklearn(LogisticRegression())
    with pytest.raises(ValueError, match="model must be fitted, got an unfitted MLPClassifier"):
        from_sklearn(MLPClassifier())


def test_a_function_behind_the_outputs_is_not_dropped(x):
    model = MLPRegressor(hidden_layer_sizes=(7,), max_iter=30, random_state=0).fit(x, 5 * x[:, 0])
    model.out_activation_ = "exp"  # of loss="poisson", which older versions do not have
    with pytest.raises(ValueError, match="model must have out_activation_ identity, got 'exp'"):
        from_sklearn(model)
    if "loss" in model.get_params():
        poisson = MLPRegressor(loss="poisson", hidden_layer_sizes=(7,), max_iter=5, random_state=0).fit(
            x, np.exp(x[:, 0])
        )
        with pytest.raises(ValueError, match="model must have out_activation_ identity, got 'exp'"):
            from_sklearn(poisson)
    classifier = MLPClassifier((7,), max_iter=5, random_state=0).fit(x, x[:, 0] > 0.5)
    classifier.out_activation_ = "identity"
    with pytest.raises(ValueError, match="model must have out_activation_ softmax or logistic, got 'identity'"):
        from_sklearn(classifier)


def test_one_regression_target(x):
    model = MLPRegressor(hidden_layer_sizes=(7,), max_iter=30, random_state=0).fit(x, x[:, 0])
    network = from_sklearn(model, x)
    assert np.allclose(network.float_forward(x)[:, 0], model.predict(x))


def test_calibration_is_checked(x):
    model = MLPClassifier((7,), max_iter=5, random_state=0).fit(x, x[:, 0] > 0.5)
    for calibration, error, message in (
        (x[:0], ValueError, "calibration must hold at least one sample, got none"),
        (x + 0j, TypeError, "calibration must be an array of real numbers, got ndarray of complex128"),
        (np.ma.masked_less(x, 0.5), ValueError, "calibration must have no masked entry"),
        (x.astype(str), TypeError, "calibration must be an array of real numbers, got ndarray of <U32"),
        (x.astype(str).astype(object), TypeError, "calibration must be an array of real numbers, got ndarray with '"),
    ):
        with pytest.raises(error, match=message):
            from_sklearn(model, calibration)
    assert from_sklearn(model, np.ma.array(x)).digest() == from_sklearn(model, x.tolist()).digest()
