"""Models of scikit-learn of every kind come in, and give scikit-learn's own answers."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import linear_model as linear
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC, LinearSVR

from sc_neurocore import Dense, Elementwise, Scale, Select
from sc_neurocore.interop import from_sklearn
from sc_neurocore.interop.scikit_learn.comparing import sums
from tests.interop.perceptrons import CASES, NAMES, drawn

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of models that scikit-learn takes out one day
]
DIGESTS = json.loads((Path(__file__).parent / "perceptron_digests.json").read_text())
RNG = np.random.default_rng(0)
MIXED = RNG.normal(size=(5, 5))
SIZES = np.array([1.0, 1000.0, 0.01, 30.0, 5.0])
X = (RNG.normal(size=(150, 5)) @ MIXED + [0, 3, -5, 0, 1]) * SIZES
"""Features of very different sizes, correlated, some far from 0."""
UNIT = (X - X.min(0)) / np.ptp(X, 0)
SCORE = StandardScaler().fit_transform((X / SIZES) @ RNG.normal(size=(5, 3)) + RNG.normal(size=(150, 3)))
TWO = np.array(["no", "yes"])[(SCORE[:, 0] > np.median(SCORE[:, 0])).astype(int)]
THREE = np.array(NAMES)[SCORE.argmax(1)]
LABELS = (np.median(SCORE, 0) < SCORE).astype(int)
NUMBERS = np.array([7, 3, 12])[SCORE.argmax(1)]
MLP = {"hidden_layer_sizes": (6,), "max_iter": 40, "learning_rate_init": 0.03, "random_state": 0}
LINEAR = {
    "logistic": linear.LogisticRegression(),
    "logistic without bias": linear.LogisticRegression(fit_intercept=False),
    "ridge": linear.RidgeClassifier(),
    "ridge cv": linear.RidgeClassifierCV(),
    "svc": LinearSVC(random_state=0),
    "crammer": LinearSVC(multi_class="crammer_singer", random_state=0, max_iter=300),
    "sgd": linear.SGDClassifier(random_state=0),
    "perceptron": linear.Perceptron(random_state=0),
    "lda": LinearDiscriminantAnalysis(),
    "lda lsqr": LinearDiscriminantAnalysis("lsqr", shrinkage=0.1),
    "one against the rest": OneVsRestClassifier(linear.LogisticRegression()),
    "one against the rest, scaled": OneVsRestClassifier(make_pipeline(StandardScaler(), LinearSVC(random_state=0))),
    "search": GridSearchCV(linear.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
}
PERCEPTRONS = {"mlp": MLPClassifier(**MLP), "mlps against the rest": OneVsRestClassifier(MLPClassifier(**MLP))}
REGRESSORS = {
    "linear": linear.LinearRegression(),
    "ridge": linear.Ridge(fit_intercept=False),
    "lasso": linear.Lasso(0.01),
    "elastic": linear.ElasticNet(0.01),
    "mlp": MLPRegressor(**MLP),
}
SINGLE = {
    "sgd": linear.SGDRegressor(random_state=0),
    "svr": LinearSVR(random_state=0),
    "huber": linear.HuberRegressor(),
    "bayes": linear.BayesianRidge(),
}
SEVERAL = {
    "mlp": MLPClassifier(**MLP),
    "ridge": linear.RidgeClassifier(),
    "one against the rest": OneVsRestClassifier(linear.LogisticRegression()),
    "mlps against the rest": OneVsRestClassifier(MLPClassifier(**MLP)),
    "many": MultiOutputClassifier(linear.LogisticRegression()),
    "many mlps": MultiOutputClassifier(MLPClassifier(**MLP)),
    "pipelines": MultiOutputClassifier(make_pipeline(StandardScaler(), MLPClassifier(**MLP))),
}
SCALERS = {
    "standard": StandardScaler(),
    "centre": StandardScaler(with_std=False),
    "deviation": StandardScaler(with_mean=False),
    "nothing": StandardScaler(with_mean=False, with_std=False),
    "min max": MinMaxScaler((-1, 2)),
    "clipped": MinMaxScaler(clip=True),
    "max abs": MaxAbsScaler(),
    "robust": RobustScaler(),
    "robust centre": RobustScaler(with_scaling=False),
    "robust scale": RobustScaler(with_centering=False),
    "pca": PCA(3),
    "white": PCA(4, whiten=True),
    "incremental": IncrementalPCA(3, whiten=True),
    "svd": TruncatedSVD(3, random_state=0),
    "best": SelectKBest(k=3),
    "variance": VarianceThreshold(0.01),
    "from model": SelectFromModel(linear.LogisticRegression(max_iter=500), max_features=2, threshold=-np.inf),
    "passthrough": "passthrough",
    "scaled pca": make_pipeline(StandardScaler(), PCA(3), StandardScaler()),
    "best scaled": Pipeline([("best", SelectKBest(k=3)), ("nothing", "passthrough"), ("scale", StandardScaler())]),
    "scaled best scaled": make_pipeline(StandardScaler(), SelectKBest(k=3), MinMaxScaler()),
    "columns": ColumnTransformer(
        [("a", StandardScaler(), [3, 1]), ("none", MinMaxScaler(), []), ("b", MinMaxScaler(), slice(2, 4)),
         ("c", "passthrough", [True, False, False, False, True]), ("d", "drop", [0])],
        remainder=RobustScaler(), transformer_weights={"b": 0.5},
    ),
    "one column": ColumnTransformer([("a", StandardScaler(), [-1])]),
    "union": FeatureUnion([("pca", PCA(2)), ("scale", StandardScaler()), ("raw", "passthrough")]),
}  # fmt: skip


def check_classes(model, x):
    network = from_sklearn(model, x)
    assert network.kind == "classifier"
    assert network.classes == tuple(map(str, model.classes_))
    found = np.array(network.classes)[network.float_predict(x)]
    assert found.tolist() == list(map(str, model.predict(x)))
    return network


@pytest.mark.parametrize("case", CASES)
def test_perceptrons_are_the_networks_that_they_were(case):
    assert from_sklearn(*drawn(case)).digest() == DIGESTS[case]


@pytest.mark.parametrize("y", [TWO, THREE, NUMBERS], ids=["two", "three", "numbers"])
@pytest.mark.parametrize("name", LINEAR)
def test_linear_classifiers(name, y):
    model = LINEAR[name].fit(UNIT, y)
    network = check_classes(model, UNIT)
    want = model.decision_function(UNIT)
    assert network.n_outputs == (1 if want.ndim == 1 else 3)
    np.testing.assert_allclose(network.float_forward(UNIT).reshape(want.shape), want, atol=1e-9)


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("name", PERCEPTRONS)
def test_perceptrons(name, y):
    model = PERCEPTRONS[name].fit(UNIT, y)
    outputs = check_classes(model, UNIT).float_forward(UNIT)
    if name == "mlp":
        shares = np.exp(outputs) / np.exp(outputs).sum(1, keepdims=True)
        np.testing.assert_allclose(shares, model.predict_proba(UNIT), atol=1e-9)
    else:
        each = [part.predict_proba(UNIT)[:, 1] for part in model.estimators_]
        np.testing.assert_allclose(1 / (1 + np.exp(-outputs)), np.stack(each, 1), atol=1e-9)


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("name", [*REGRESSORS, *(f"single {name}" for name in SINGLE)])
def test_regressors(name, targets):
    y = SCORE[:, 0] if targets == 1 else SCORE
    model = REGRESSORS.get(name) or SINGLE[name.removeprefix("single ")]
    if name.startswith("single") and targets > 1:
        model = MultiOutputRegressor(model)
    network = from_sklearn(model.fit(UNIT, y), UNIT)
    assert (network.kind, network.n_outputs, network.classes) == ("regressor", targets, None)
    np.testing.assert_allclose(network.float_forward(UNIT).reshape(y.shape), model.predict(UNIT), atol=1e-9)


@pytest.mark.parametrize("name", SEVERAL)
def test_several_labels(name):
    model = SEVERAL[name].fit(UNIT, LABELS)
    network = from_sklearn(model, UNIT)
    assert (network.kind, network.n_outputs, network.classes) == ("multilabel", 3, ("0", "1", "2"))
    found = network.float_predict(UNIT)
    assert found.dtype == np.uint8
    assert np.array_equal(found, model.predict(UNIT))
    assert len(np.unique(found.sum(1))) > 2
    agree = np.mean(network.circuit(256).predict(UNIT) == found)
    assert agree > 0.9


@pytest.mark.parametrize("estimator", ["classifier", "regressor", "perceptron"])
@pytest.mark.parametrize("name", SCALERS)
def test_steps_before_the_last(name, estimator):
    last = {
        "classifier": linear.LogisticRegression(max_iter=2000),
        "regressor": linear.Ridge(),
        "perceptron": MLPClassifier(**MLP),
    }[estimator]
    model = make_pipeline(SCALERS[name], last).fit(X, THREE if estimator != "regressor" else NUMBERS)
    network = from_sklearn(model, X)
    if estimator == "regressor":
        np.testing.assert_allclose(network.float_forward(X)[:, 0], model.predict(X), atol=1e-9)
        return
    assert np.array(network.classes)[network.float_predict(X)].tolist() == model.predict(X).tolist()
    new = X[::-1] * RNG.uniform(0.5, 1.5, X.shape)
    outputs = network.float_forward(new)
    np.testing.assert_allclose(outputs, sums(model, new), atol=1e-9 * np.abs(outputs).max())
    shares = np.exp(outputs - outputs.max(1, keepdims=True))
    np.testing.assert_allclose(shares / shares.sum(1, keepdims=True), model.predict_proba(new), atol=1e-9)


def kinds(model, x=X):
    return [type(layer) for layer in from_sklearn(model, x).layers]


def test_layers_of_steps():
    last = linear.Ridge()
    fits = lambda *steps: make_pipeline(*steps, last).fit(X, SCORE)  # noqa: E731
    assert kinds(fits(StandardScaler())) == [Scale, Dense]
    assert kinds(fits(StandardScaler(), MinMaxScaler())) == [Scale, Dense]
    assert kinds(fits(MinMaxScaler(clip=True))) == [Scale, Elementwise, Dense]
    assert kinds(fits(PCA(2))) == [Scale, Dense, Dense]
    assert kinds(fits(StandardScaler(), PCA(2))) == [Scale, Dense, Dense]
    assert kinds(fits(StandardScaler(), PCA(2), StandardScaler())) == [Scale, Dense, Dense]
    assert kinds(fits(TruncatedSVD(2))) == [Dense, Dense]
    assert kinds(fits(VarianceThreshold(0.01))) == [Select, Dense]
    assert kinds(fits(VarianceThreshold(0.01), StandardScaler())) == [Select, Scale, Dense]
    assert kinds(fits(StandardScaler(), SelectFromModel(last, max_features=2))) == [Scale, Select, Dense]


def test_each_feature_has_its_own_range():
    scaled = make_pipeline(StandardScaler(), linear.Ridge()).fit(X, SCORE)
    scale, _ = from_sklearn(scaled, X).layers
    wanted = np.quantile(np.abs(StandardScaler().fit_transform(X)), 0.99, axis=0)
    np.testing.assert_allclose(scale.ceiling, wanted, rtol=1e-6)
    wide, _ = from_sklearn(scaled, X, ceiling_quantile=1.0).layers
    assert (wide.ceiling > scale.ceiling).all()
    raw = linear.Ridge().fit(X, SCORE)
    low, high = from_sklearn(raw, input_range=(X.min(0), X.max(0))).input_range
    assert np.array_equal(low, X.min(0))
    assert np.array_equal(high, X.max(0))
    assert from_sklearn(raw).input_range == (0.0, 1.0)


def test_columns_by_name():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcde"))
    for columns in (
        [("one", StandardScaler(), ["d", "b"]), ("two", MinMaxScaler(), slice("b", "c"))],
        [("one", StandardScaler(), make_column_selector("[ac]")), ("two", PCA(2), slice("d", None))],
        [("one", StandardScaler(), lambda given: given.columns[1:3]), ("two", "passthrough", ["a"])],
    ):
        for remainder in ("drop", "passthrough"):
            before = ColumnTransformer(columns, remainder=remainder)
            model = make_pipeline(before, MLPClassifier(**MLP)).fit(table, THREE)
            network = from_sklearn(model, table)
            assert np.array(network.classes)[network.float_predict(X)].tolist() == model.predict(table).tolist()
            assert from_sklearn(model, X).digest() == network.digest()
    framed = make_pipeline(StandardScaler(), PCA(2), linear.RidgeClassifier()).set_output(transform="pandas")
    assert from_sklearn(framed.fit(table, LABELS), table).kind == "multilabel"
    with pytest.raises(ValueError, match=r"calibration must have the columns of the model \['a', .* got \['b', 'a'"):
        from_sklearn(model, table[["b", "a", "c", "d", "e"]])


def test_one_error_names_all_that_has_no_layer():
    steps = [
        ("norm", Normalizer()),
        ("mine", FunctionTransformer(np.log1p)),
        ("both", ColumnTransformer([("inner", Normalizer(), [0])])),
        ("clf", RandomForestClassifier(2)),
    ]
    with pytest.raises(ValueError, match="model must have steps that are layers") as caught:
        from_sklearn(Pipeline(steps).fit(UNIT, TWO))
    assert str(caught.value) == (
        "model must have steps that are layers, got 'norm': Normalizer, which divides a sample by its own length: take "
        "a StandardScaler; 'mine': FunctionTransformer, which may compute anything: apply its function to the samples, "
        "and leave it out; 'inner': Normalizer, which divides a sample by its own length: take a StandardScaler; "
        "'clf': RandomForestClassifier, which has no layer: take MLPClassifier, LogisticRegression, LinearSVC or "
        "another linear classifier"
    )


def test_what_has_no_layer():
    for model, message in (
        (SVC(), "got SVC, which has a kernel: take LinearSVC"),
        (linear.PoissonRegressor().fit(UNIT, UNIT[:, 0]), "got PoissonRegressor, which has an exponential"),
        (StandardScaler().fit(X), "got StandardScaler, which does not predict"),
        (make_pipeline(StandardScaler(), PCA()).fit(X), "got 'pca': PCA, which does not predict"),
        (make_pipeline(StandardScaler(), "passthrough").fit(X), "which does not predict"),
        (OneVsRestClassifier(SVC()).fit(UNIT, THREE), "got SVC, which has a kernel"),
        (
            MultiOutputClassifier(linear.RidgeClassifier()).fit(UNIT, np.stack([TWO, THREE], 1)),
            "must have outputs that",
        ),
        (
            GridSearchCV(linear.Ridge(), {"alpha": [1, 2]}, cv=2, refit=False).fit(UNIT, SCORE),
            "which has not fitted its best model: search with refit=True",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            from_sklearn(model)
    with pytest.warns(UserWarning, match="Label 1 is present in all"):
        constant = OneVsRestClassifier(linear.LogisticRegression()).fit(UNIT, LABELS * [1, 0, 1] + [0, 1, 0])
    with pytest.raises(ValueError, match="answers all samples alike: leave out the label"):
        from_sklearn(constant)
    for wrong in (3, None, MLPClassifier, np.ones(3)):
        with pytest.raises(TypeError, match="model must be a fitted model of scikit-learn, got"):
            from_sklearn(wrong)


def test_what_is_not_fitted():
    for model, message in (
        (linear.Ridge(), "got an unfitted Ridge"),
        (make_pipeline(StandardScaler(), PCA(), linear.Ridge()), "unfitted 'standardscaler': StandardScaler, an unf"),
        (make_pipeline(StandardScaler().fit(X), linear.Ridge()), "got an unfitted 'ridge': Ridge"),
        (OneVsRestClassifier(linear.Ridge()), "got an unfitted OneVsRestClassifier"),
        (GridSearchCV(linear.Ridge(), {}), "got an unfitted GridSearchCV"),
        (make_pipeline(ColumnTransformer([("a", "passthrough", [0])]), linear.Ridge()), "'columntransformer': Column"),
    ):
        with pytest.raises(ValueError, match=message):
            from_sklearn(model)


class Doubled(linear.RidgeClassifier):
    """Decides by other numbers than its coefficients say."""

    def decision_function(self, X):
        return 2 * super().decision_function(X)


class Turned(linear.RidgeClassifier):
    """Predicts other classes than its numbers say."""

    def predict(self, X):
        return super().predict(X)[::-1]


class Shifted(StandardScaler):
    """Gives other numbers than its statistics say."""

    def transform(self, X):
        return super().transform(X) + 0.1


@pytest.mark.parametrize("calibration", [None, UNIT])
def test_another_function_is_refused(calibration):
    for model, y, message in (
        (Doubled(), THREE, "model must compute what its fitted parts say: the network built of it must agree"),
        (Turned(), THREE, "model must decide by the largest sum"),
        (Turned(), TWO, "model must decide by the largest sum"),
        (Turned(), LABELS, "model must decide by the largest sum"),
        (make_pipeline(Shifted(), linear.RidgeClassifier()), THREE, "model must compute what its fitted parts say"),
    ):
        model.fit(UNIT, y)
        with pytest.raises(ValueError, match=message):
            from_sklearn(model, calibration)
