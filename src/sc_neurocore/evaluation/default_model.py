"""Networks trained on the library's data sets; the command `evaluate` runs them.

Those of seed 0 come with the package, in ``trained/``: training passes through BLAS, whose rounding depends on the
machine, and 8 to 200 passes over the data make other weights of it. `verification/default_networks.py` remakes them.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import checks
from ..cache_folder import cache_folder
from ..files import atomic_write
from .record import library_versions, package_version

if TYPE_CHECKING:
    from sklearn.neural_network import MLPClassifier

    from ..datasets import Dataset
    from ..networks import Network

RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"hidden_layer_sizes": [32], "max_iter": 200, "alpha": 0.3, "learning_rate_init": 0.003},
    "mnist5k": {"hidden_layer_sizes": [128], "max_iter": 60},
    "fashion": {"hidden_layer_sizes": [128], "max_iter": 8, "batch_size": 200},
    "mnist": {"hidden_layer_sizes": [128], "max_iter": 8, "batch_size": 200},
}
"""Options of scikit-learn's MLPClassifier by the name of the data set.

The decay `alpha` keeps the largest weight small: weights are written in units of it, so a single
large one costs all others precision.
"""

_LARGE = 20_000
"""More training samples than this are announced as slow."""
_STOPPED = "Training interrupted"
"""How the warning starts that scikit-learn's `fit` gives in place of a KeyboardInterrupt."""


def default_model(
    data: "Dataset",
    notice: Callable[[str], None] | None = None,
    *,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> "Network":
    """A network trained on a known data set: 64-32-10 for digits, 784-128-10 for mnist5k, fashion and mnist.

    For seed 0 and the data as the library loads it, the one that comes with the package: the same on every machine.

    Parameters
    ----------
    data
        `load_digits()`, `load_mnist5k()`, `load_fashion()` or `load_mnist()`.
    notice
        Called with a sentence when the network has to be trained, when a broken file is trained
        anew, and when the network cannot be kept.
    seed
        scikit-learn's ``random_state``, at least 0: another one is another start and order of training.
    folder
        Where trained networks are kept; None: `cache_folder`, nowhere if that is None.

    Returns
    -------
    Network
        From the package; else from the folder, or trained (a few seconds; fashion and mnist about a minute)
        and put there.

    Raises
    ------
    ValueError
        If there is no recipe for the data.
    KeyboardInterrupt
        On Ctrl-C during training; nothing is kept then.
    """
    from ..interop import load_network

    checks.option("data", data.name, tuple(RECIPES))
    tell = notice or (lambda sentence: None)
    seed = checks.whole("seed", seed, 0)
    shipped = resources.files(__package__) / "trained" / file_name(data, seed)
    if shipped.is_file():
        with resources.as_file(shipped) as path:
            return load_network(path)
    place = folder or cache_folder()
    if place is None:
        tell("the trained network is not kept: there is no home folder (SC_NEUROCORE_CACHE may name another)")
        return trained(data, seed, tell)
    versions = (package_version(), library_versions(("scikit-learn", "numpy")))
    path = Path(place) / file_name(data, seed, *versions)
    try:
        network = load_network(path)
        if (network.n_inputs, network.n_outputs) == (data.x_train.shape[1], data.n_classes):
            return network
        tell(f"{path} is of another width; training anew")
    except (FileNotFoundError, NotADirectoryError):
        pass  # not trained yet
    except (ValueError, OSError, MemoryError) as error:
        tell(f"{path} is broken ({error}); training anew")
    network = trained(data, seed, tell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            network.save(temporary)
    except OSError as error:
        tell(f"the trained network is not kept: {error}")
    return network


def file_name(data: "Dataset", seed: int, *more: Any) -> str:
    """Name of the file of a network, made of everything that decides its weights: data, recipe, seed, and `more`."""
    recipe = [RECIPES[data.name], seed, *more, data.digest("train")]
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    hidden = "-".join(map(str, RECIPES[data.name]["hidden_layer_sizes"]))
    return f"{data.name}-{data.x_train.shape[1]}-{hidden}-{data.n_classes}-{digest}.safetensors"


def trained(data: "Dataset", seed: int, tell: Callable[[str], None]) -> "Network":
    """The network that the recipe of `data` trains, on this machine, with these versions of libraries."""
    from ..interop import from_sklearn

    duration = ", for about a minute" if len(data.x_train) > _LARGE else ""
    tell(f"training a network on {len(data.x_train)} samples of {data.name}{duration}")
    return from_sklearn(perceptron(data.x_train, data.y_train, seed, RECIPES[data.name]), calibration=data.x_train)


def perceptron(x: Any, y: Any, seed: int, options: Mapping[str, Any]) -> "MLPClassifier":
    """A fitted MLPClassifier; it makes all passes of its `options`, or Ctrl-C is a KeyboardInterrupt.

    `fit` itself answers Ctrl-C with a warning, and leaves a model that is half trained and looks like any other.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(random_state=seed, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of passes is part of the recipe
        warnings.filterwarnings("error", _STOPPED)
        try:
            model.fit(x, y)
        except UserWarning as warning:
            if not str(warning).startswith(_STOPPED):
                raise
            raise KeyboardInterrupt from None
    return model
