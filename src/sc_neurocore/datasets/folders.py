"""Labelled samples from a user's own folder: of IDX files, or of pictures in a folder a class; or from any file."""

import math
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..files import checked_path, open_regular, unpacked_limit
from .dataset import Dataset
from .idx import read_idx
from .npz import load_npz
from .pictures import CHANNELS, NUMBER, Pixels, read_picture

_IDX = re.compile(r"(?P<set>.*?)-?(?P<what>images|labels)[-.]idx(?P<rank>[13])-ubyte(?P<packed>\.gz)?")
_RANKS = {"images": 3, "labels": 1}
_TRAINING = re.compile(r"(.*[^a-zA-Z])?train", re.IGNORECASE)
_EXPECTED = (
    "IDX files (test-images-idx3-ubyte with test-labels-idx1-ubyte), pictures in a folder a class (cat/1.png), or "
    "folders train and test of such folders"
)
_MEMBERS = ("train", "test")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of an archive, and of an empty one."""
_OTHERS = {
    b"\x93NUMPY": "a single NumPy array: save it and its labels by numpy.savez",
    b"\x1f\x8b": "compressed by gzip: give the folder, if it is one of IDX files",
    b"\0\0": "binary: give the folder, if it is one of IDX files",
    b"\x89PNG": "a picture: give the folder that has a folder of pictures a class",
    b"\xff\xd8\xff": "a picture: give the folder that has a folder of pictures a class",
}
"""What files may be by mistake, by their first bytes."""


def load_data(path: str | os.PathLike[str]) -> Dataset:
    """Data from a NumPy archive, a folder of IDX files, or a folder of pictures: what is there decides, not its name.

    Parameters
    ----------
    path
        A file for `load_npz`, or a folder for `load_folder`.

    Returns
    -------
    Dataset
        Named after the file or folder.

    Raises
    ------
    OSError
        If it is not there, or cannot be opened.
    ValueError
        If it is none of these, or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", x=[[0.5]], y=["cat"])
    ...     os.rename(folder + "/mine.npz", folder + "/mine.data")
    ...     load_data(folder + "/mine.data")
    Dataset('mine', 0 training and 1 held-out samples of 1 inputs, 1 classes)
    """
    file = checked_path("path", path)
    if file.is_dir():
        return load_folder(file)
    with open_regular(file) as stream:
        head = stream.read(8)
    if head.startswith(_ZIP):
        return load_npz(file)
    found = next((what for start, what in _OTHERS.items() if head.startswith(start)), f"a file that starts {head!r}")
    expected = "a .npz archive of x and y, or a folder of IDX files or of pictures in a folder a class"
    raise ValueError(f"{file} must be {expected}, it is {found if head else 'empty'}")


def load_folder(path: str | os.PathLike[str]) -> Dataset:
    """Data from a folder of IDX files, as MNIST and its kin are published in, or of pictures in a folder a class.

    Parameters
    ----------
    path
        A folder. Names that start with a dot are ignored; links are refused, wherever they would be read.

        IDX files: images ``NAME-images-idx3-ubyte`` of bytes, of any size, with their labels
        ``NAME-labels-idx1-ubyte``, plain or with ``.gz``. Those whose NAME is ``train``, or ends with it, are for
        training; the others, such as ``t10k`` or ``test``, are held out. Other files are not read.

        Pictures: ``test/CLASS/FILE`` and ``train/CLASS/FILE``, of which the latter may be missing, or ``CLASS/FILE``,
        all of them held out. Each folder of a class has pictures only, at least one: PNG, JPEG, BMP, TIFF, PGM or
        PPM by their content, all of one size, all grey or all red, green and blue,
        of a byte each; TIFF files are not compressed. They are read class by class, both
        in the order of their names. Files beside the folders are not read.

    Returns
    -------
    Dataset
        Named after the folder; grey levels 0..255 over 255. The labels of pictures are names of folders (in the
        composed form of Unicode, NFC); those of IDX files are the numbers in them.

    Raises
    ------
    OSError
        If the folder or a file is not there, or cannot be opened.
    ValueError
        If there is nothing of this, a part of it is missing, there twice, of another size or damaged, or it unpacks to
        more than 128 MiB and 100 times its size; of pictures that is what their numbers take, 8 bytes each.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         os.mkdir(f"{folder}/{name}")
    ...         size = Path(folder, name, "1.pgm").write_bytes(b"P5 2 1 255 " + bytes([0, 255]))
    ...     data = load_folder(folder)
    >>> data.x_test, data.classes
    (array([[0., 1.],
           [0., 1.]]), ('cat', 'dog'))
    """
    folder = checked_path("path", path)
    entries = _entries(folder)
    name = folder.resolve().name or str(folder)
    try:
        if idx := _idx_parts(folder, entries):
            return _from_idx(name, idx)
        return _from_pictures(folder, name, entries)
    except (TypeError, ValueError) as error:
        text = str(error)
        raise ValueError(text if text.startswith(str(folder)) else f"{folder}: {text}") from error


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder has, sorted by name, without hidden things."""
    with os.scandir(folder) as found:
        return sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _own(entry: os.DirEntry[str]) -> Path:
    """Path of an entry that is no link: one may lead out of the folder, or into it again."""
    if entry.is_symlink():
        raise ValueError(f"{entry.path} must be a file or folder itself, it is a link")
    return Path(entry.path)


# ---------------------------------------------------------------- IDX files


def _idx_parts(folder: Path, entries: list[os.DirEntry[str]]) -> dict[str, dict[str, Path]]:
    """Files of images and of labels, of the held-out part and the one for training; empty: there are none."""
    sets: dict[str, dict[str, os.DirEntry[str]]] = {}
    for entry in entries:  # the plain file comes before the compressed one, which is then not read
        matched = _IDX.fullmatch(entry.name)
        if matched and int(matched["rank"]) == _RANKS[matched["what"]] and not entry.is_dir():
            sets.setdefault(matched["set"], {}).setdefault(matched["what"], entry)
    parts: dict[str, str] = {}
    for name, files in sets.items():
        if missing := _RANKS.keys() - files.keys():
            raise ValueError(f"{folder} must have images and labels, it has no {missing.pop()} for {name or 'images'}")
        part = "train" if _TRAINING.fullmatch(name) else "test"
        if part in parts:
            raise ValueError(f"{folder} must have one data set, it has {parts[part]} and {name}")
        parts[part] = name
    if sets and "test" not in parts:
        raise ValueError(
            f"{folder} must have held-out images, such as test-images-idx3-ubyte, it has only those to train"
        )
    return {part: {what: _own(entry) for what, entry in sets[name].items()} for part, name in parts.items()}


def _from_idx(name: str, parts: dict[str, dict[str, Path]]) -> Dataset:
    (x, y), (x_train, y_train) = (
        (_bytes(parts[part]["images"], 3), _bytes(parts[part]["labels"], 1)) if part in parts else ((), ())
        for part in ("test", "train")
    )
    return Dataset.held_out(name, x, y, x_train, y_train)


def _bytes(file: Path, rank: int) -> Pixels:
    array = read_idx(file, rank)
    if array.dtype != np.uint8:
        raise ValueError(f"{file} must hold bytes, it has {array.dtype}")
    return array.astype(np.uint8, copy=False)


# ---------------------------------------------------------------- pictures


def _from_pictures(folder: Path, name: str, entries: list[os.DirEntry[str]]) -> Dataset:
    parts = {entry.name: _own(entry) for entry in entries if entry.name in _MEMBERS and _has_folders(entry)}
    if parts and "test" not in parts:
        raise ValueError(f"{folder} must have a folder test beside train, it has none")
    if not parts and not any(entry.is_dir() for entry in entries):
        found = ", ".join(entry.name for entry in entries[:3]) + (", .." if len(entries) > 3 else "")
        raise ValueError(f"{folder} must have {_EXPECTED}, it has {found or 'nothing'}")
    files = {part: list(_pictures(place)) for part, place in (parts or {"test": folder}).items()}
    paths = {part: [path for path, _ in found] for part, found in files.items()}
    images = _images(folder, paths)
    labels = {part: [label for _, label in found] for part, found in files.items()}
    return Dataset.held_out(name, images["test"], labels["test"], images.get("train", ()), labels.get("train", ()))


def _has_folders(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder of folders: a part of the data; else ``train`` is a class, of trains."""
    return entry.is_dir() and any(inner.is_dir() for inner in _entries(Path(entry.path)))


def _pictures(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files of pictures, each with its class, in order."""
    known: dict[str, str] = {}
    for entry in _entries(folder):
        if not entry.is_dir():
            continue
        label = unicodedata.normalize("NFC", entry.name)  # some systems write an accent as a sign of its own
        if label in known:
            raise ValueError(f"{folder} must have one folder a class, it has {known[label]!a} and {entry.name!a}")
        known[label] = entry.name
        inside = _entries(_own(entry))
        if not inside:
            raise ValueError(f"{entry.path} must have at least one picture, it has none")
        for file in inside:
            if not file.is_file():
                raise ValueError(f"{entry.path} must have pictures only, {file.name!r} is not a file")
            yield _own(file), label


def _images(folder: Path, files: dict[str, list[Path]]) -> dict[str, Pixels]:
    """Pixels ``(n, channels, height, width)`` of each part; all pictures have the shape of the first one."""
    every = [file for part in files.values() for file in part]
    first = read_picture(every[0])
    limit = unpacked_limit(sum(file.stat().st_size for file in every))
    if (size := NUMBER * len(every) * math.prod(first.shape)) > limit:
        raise ValueError(
            f"{folder} must not unpack to more than {limit} bytes (128 MiB and 100 times the size of its pictures), "
            f"their numbers have {size}"
        )
    images = {}
    for part, paths in files.items():
        images[part] = np.empty((len(paths), *first.shape), np.uint8)
        for image, path in zip(images[part], paths, strict=True):
            found = read_picture(path)
            if found.shape != first.shape:
                raise ValueError(f"{path} must be {_shape(first)}, as {every[0]} is, it is {_shape(found)}")
            image[...] = found
    return images


def _shape(image: Pixels) -> str:
    mode = next(name for name, channels in CHANNELS.items() if channels == image.shape[0])
    return f"{image.shape[2]} x {image.shape[1]} pixels of mode {mode}"
