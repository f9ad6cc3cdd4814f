"""Labelled samples from a user's own NumPy archive (.npz)."""

import os
from collections.abc import Collection

from ..archives import read_npz
from ..files import checked_path
from .dataset import Dataset
from .samples import Samples, samples


def load_npz(path: str | os.PathLike[str]) -> Dataset:
    """Data from a file written by ``numpy.savez(path, x=samples, y=labels)``.

    Parameters
    ----------
    path
        A ``.npz`` file with the held-out samples ``x`` and their labels ``y``; ``x_train`` and ``y_train`` may be there
        too. Samples are ``(n, inputs)``, or images ``(n, height, width)`` or ``(n, channels, height, width)``, of which
        those of bytes (uint8) are divided by 255; labels are whole numbers ``(n,)``, names ``(n,)`` of at most 1000
        characters, or rows ``(n, k)`` of 0 and 1, one-hot or of several labels; see `Dataset`. Pickled objects are
        refused, names as an array of objects too: save ``numpy.array(names, str)``.

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
        missing, has the wrong shape, or holds something else than finite numbers; labels must be one of the three.

    Examples
    --------
    >>> import tempfile, numpy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     numpy.savez(folder + "/mine.npz", x=numpy.zeros((2, 28, 28), "uint8"), y=["cat", "dog"])
    ...     load_npz(folder + "/mine.npz")
    Dataset('mine', 0 training and 2 held-out samples of 784 inputs, 2 classes)
    """
    file = checked_path("path", path)
    arrays = read_npz(file, _chosen, text=("y", "y_train"))
    try:
        if ("x_train" in arrays) != ("y_train" in arrays):
            raise ValueError("x_train and y_train must come together, got only one of them")
        training = (arrays.get("x_train", ()), arrays.get("y_train", ()))
        return Dataset.held_out(file.stem, arrays["x"], arrays["y"], *training)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def load_samples(path: str | os.PathLike[str]) -> Samples:
    """Samples without labels from a file written by ``numpy.savez(path, x=samples)``.

    Parameters
    ----------
    path
        A ``.npz`` file with the samples ``x``, a table or images, see `load_npz`; other arrays are not read.

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
    >>> import tempfile, numpy
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     numpy.savez(folder + "/mine.npz", x=[[0.0, 0.5], [1.0, 0.25]])
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
