"""scikit-learn: a network from a fitted linear model, perceptron, or pipeline that ends with one."""

from typing import Any

from numpy.typing import ArrayLike

from ... import checks
from ...networks import Network
from ...networks.input_range import Ends
from ...networks.simplify import simplified
from ..wiring import Wiring
from .comparing import check_same, first
from .estimating import estimated, meaning
from .kinds import check_known


def from_sklearn(
    model: Any,
    calibration: ArrayLike | None = None,
    *,
    ceiling_quantile: float = 0.99,
    input_range: Ends | None = None,
) -> Network:
    """A network from a fitted model of scikit-learn that computes sums of products: linear, a perceptron, a pipeline.

    Outputs of a classifier are the sums before softmax or logistic: the class is that of the largest, and a single one
    tells two classes apart by its sign; a perceptron of two classes has two, the first of which is always 0. Outputs of
    a regressor are its predictions. A model that gives a sample any number of labels becomes a multilabel network, with
    a sum for each label. The network is compared with the model: one that computes something else is never returned.

    Parameters
    ----------
    model
        ``MLPClassifier``, ``MLPRegressor``, a linear classifier or regressor; one of these for each class, label or
        target, by ``OneVsRestClassifier``, ``MultiOutputClassifier`` or ``MultiOutputRegressor``; a pipeline that ends
        with one of all these, after scalers, feature selectors, ``PCA``, ``TruncatedSVD``, ``ColumnTransformer`` and
        ``FeatureUnion`` of these; or a search over such models.
    calibration
        Training inputs ``(N, n_inputs)`` as the model takes them, to set the ranges of inputs and hidden layers.
    ceiling_quantile, input_range
        As for ``Network.from_arrays``.

    Raises
    ------
    TypeError
        If `model` is no model of scikit-learn.
    ValueError
        If a part of it has no layer, which names all such parts and what to take instead, or is not fitted; if a
        function follows the outputs of a regressor, as the exponential does that is trained with ``loss="poisson"``;
        if the network differs from the model by more than 1e-5 of the largest output, or in its answers.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> x = [[0.0, 100.0], [0.1, 900.0], [0.9, 200.0], [1.0, 700.0]]
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, ["low", "low", "high", "high"])
    >>> network = from_sklearn(model, calibration=x)
    >>> network
    Network((2,), Scale (2,), Dense (1,), inputs in [0, 900], classifier)
    >>> [network.classes[place] for place in network.circuit(64).predict(x)]
    ['low', 'low', 'high', 'high']
    """
    check_known(model)
    source = first(model)
    _check_columns(calibration, source)
    shape = (int(source.n_features_in_),)
    wiring = Wiring(shape)
    estimated(wiring, wiring.input(shape), model, type(model).__name__.lower())
    kind, classes = meaning(model)
    network = Network.from_layers(
        simplified(wiring.layers, shape),
        input_shape=shape,
        calibration=calibration,
        ceiling_quantile=ceiling_quantile,
        input_range=input_range,
        kind=kind,
        classes=classes,
    )
    check_same(network, model, None if calibration is None else checks.array("calibration", calibration))
    return network


def _check_columns(calibration: Any, source: Any) -> None:
    """Raise a ValueError if a table has columns of other names, or in another order, than a model was fitted to."""
    names, given = getattr(source, "feature_names_in_", None), getattr(calibration, "columns", None)
    if names is not None and given is not None and list(given) != list(names):
        raise ValueError(
            f"calibration must have the columns of the model {checks.shown(list(names))}, got "
            f"{checks.shown(list(given))}"
        )
