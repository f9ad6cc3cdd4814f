"""Labelled samples from a user's own NumPy archive (.npz)."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .dataset import Dataset, labels, samples


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
        If it is not an archive, is cut off, or an array is missing, has the wrong shape, or holds
        something else than finite numbers; labels must be whole.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", x=[[0.0, 0.5], [1.0, 0.25]], y=[0, 1])
    ...     load_npz(folder + "/mine.npz")
    Dataset('mine', 0 training and 2 held-out samples of 2 inputs, 2 classes)
    """
    file = Path(path)
    arrays = _read(file)
    try:
        for key in ("x", "y"):
            if key not in arrays:
                raise ValueError(f"arrays x and y must be there, got {', '.join(sorted(arrays)) or 'none'}")
        for key, value in arrays.items():
            if value.dtype.kind not in "biuf":
                raise ValueError(f"{key} must hold real numbers, got {value.dtype}")
        if ("x_train" in arrays) != ("y_train" in arrays):
            raise ValueError("x_train and y_train must come together, got only one of them")
        x, y = samples("x", arrays["x"]), labels("y", arrays["y"])
        x_train = samples("x_train", arrays["x_train"]) if "x_train" in arrays else x[:0]
        y_train = labels("y_train", arrays["y_train"]) if "y_train" in arrays else y[:0]
        classes = len(np.unique(np.concatenate([y, y_train])))
        return Dataset(file.stem, x_train, y_train, x, y, max(classes, 1))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def _read(file: Path) -> dict[str, NDArray[np.generic]]:
    with file.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            raise ValueError(f"{file} must be a complete .npz archive of NumPy arrays")
        stream.seek(0)
        try:
            with np.load(stream, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in ("x", "y", "x_train", "y_train") if key in archive}
                # Other arrays are only named, for the message about a missing one.
                return arrays or {key: np.empty(0) for key in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError) as error:
            raise ValueError(f"{file} cannot be read as an .npz archive of numbers: {error}") from error
