"""Labelled samples from a user's own NumPy archive (.npz)."""

import os
from collections.abc import Collection

import numpy as np

from ..archives import read_npz
from ..files import checked_path
from .dataset import Dataset, Samples, labels, samples


def load_npz(path: str | os.PathLike[str]) -> Dataset:
    """Data from a file written by ``numpy.savez(path, x=samples, y=labels)``.

    Parameters
    ----------
    path
        A ``.npz`` file with the held-out samples ``x`` ``(n, inputs)`` and their labels ``y``
        ``(n,)``; ``x_train`` and ``y_train`` may be there too. Pickled objects are refused.

    Returns
    -------
    Dataset
        Named after the file; the training part is empty if the file has none.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is not an archive, is damaged or unpacks to more than 128 MiB and 100 times its size, or an array is
        missing, has the wrong shape, or holds something else than finite numbers; labels must be whole.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", x=[[0.0, 0.5], [1.0, 0.25]], y=[0, 1])
    ...     load_npz(folder + "/mine.npz")
    Dataset('mine', 0 training and 2 held-out samples of 2 inputs, 2 classes)
    """
    file = checked_path("path", path)
    arrays = read_npz(file, _chosen)
    try:
        if ("x_train" in arrays) != ("y_train" in arrays):
            raise ValueError("x_train and y_train must come together, got only one of them")
        x, y = samples("x", arrays["x"]), labels("y", arrays["y"])
        x_train = samples("x_train", arrays["x_train"]) if "x_train" in arrays else x[:0]
        y_train = labels("y_train", arrays["y_train"]) if "y_train" in arrays else y[:0]
        classes = len(np.unique(np.concatenate([y, y_train])))
        return Dataset(file.stem, x_train, y_train, x, y, max(classes, 1))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def load_samples(path: str | os.PathLike[str]) -> Samples:
    """Samples without labels from a file written by ``numpy.savez(path, x=samples)``.

    Parameters
    ----------
    path
        A ``.npz`` file with the samples ``x`` ``(n, inputs)``; other arrays are not read.

    Returns
    -------
    ndarray
        Samples ``(n, inputs)``, float64.

    Raises
    ------
    OSError, ValueError
        As `load_npz`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", x=[[0.0, 0.5], [1.0, 0.25]])
    ...     load_samples(folder + "/mine.npz").shape
    (2, 2)
    """
    file = checked_path("path", path)
    arrays = read_npz(file, _samples_only)
    try:
        return samples("x", arrays["x"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def _samples_only(names: Collection[str]) -> list[str]:
    if "x" not in names:
        raise ValueError(f"array x must be there, got {', '.join(sorted(names)) or 'none'}")
    return ["x"]


def _chosen(names: Collection[str]) -> list[str]:
    if not {"x", "y"} <= set(names):
        raise ValueError(f"arrays x and y must be there, got {', '.join(sorted(names)) or 'none'}")
    return [name for name in ("x", "y", "x_train", "y_train") if name in names]
