"""Networks trained on the library's data sets, and kept in a cache folder; the command `evaluate` runs them."""

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import checks
from ..files import atomic_write
from .record import library_versions, package_version

if TYPE_CHECKING:
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


def cache_folder() -> Path:
    """Folder of trained default networks.

    ``SC_NEUROCORE_CACHE`` if it is set; else ``sc-neurocore`` in ``XDG_CACHE_HOME``, in
    ``~/Library/Caches`` (macOS), in ``LOCALAPPDATA`` (Windows) or in ``~/.cache``. It need not exist.

    Examples
    --------
    >>> isinstance(cache_folder(), Path)
    True
    """
    if own := os.environ.get("SC_NEUROCORE_CACHE"):
        return Path(own)
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "sc-neurocore"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sc-neurocore"
    if sys.platform == "win32" and (base := os.environ.get("LOCALAPPDATA")):
        return Path(base) / "sc-neurocore"
    return Path.home() / ".cache" / "sc-neurocore"


def default_model(
    data: "Dataset",
    notice: Callable[[str], None] | None = None,
    *,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> "Network":
    """A network trained on a known data set: 64-32-10 for digits, 784-128-10 for mnist5k, fashion and mnist.

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
        Where trained networks are kept; None: `cache_folder`.

    Returns
    -------
    Network
        From the folder, or trained (a few seconds; fashion and mnist about a minute) and put there.

    Raises
    ------
    ValueError
        If there is no recipe for the data.
    """
    from ..interop import load_network

    checks.option("data", data.name, tuple(RECIPES))
    tell = notice or (lambda sentence: None)
    checks.whole("seed", seed, 0)
    path = Path(folder or cache_folder()) / _file_name(data, seed)
    if path.exists():
        try:
            network = load_network(path)
            if (network.n_inputs, network.n_outputs) == (data.x_train.shape[1], data.n_classes):
                return network
            tell(f"{path} is of another width; training anew")
        except (ValueError, OSError, MemoryError) as error:
            tell(f"{path} is broken ({error}); training anew")
    network = _train(data, seed, tell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            network.save(temporary)
    except OSError as error:
        tell(f"the trained network is not kept: {error}")
    return network


def _file_name(data: "Dataset", seed: int) -> str:
    """Named after everything that decides the trained weights."""
    versions = [package_version(), library_versions(("scikit-learn", "numpy"))]
    recipe = [RECIPES[data.name], seed, *versions, data.digest("train")]
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]
    hidden = "-".join(map(str, RECIPES[data.name]["hidden_layer_sizes"]))
    return f"{data.name}-{data.x_train.shape[1]}-{hidden}-{data.n_classes}-{digest}.safetensors"


def _train(data: "Dataset", seed: int, tell: Callable[[str], None]) -> "Network":
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    from ..interop import from_sklearn

    duration = ", for about a minute" if len(data.x_train) > _LARGE else ""
    tell(f"training a network on {len(data.x_train)} samples of {data.name}{duration}")
    model = MLPClassifier(random_state=seed, **RECIPES[data.name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of passes is part of the recipe
        model.fit(data.x_train, data.y_train)
    return from_sklearn(model, calibration=data.x_train)
