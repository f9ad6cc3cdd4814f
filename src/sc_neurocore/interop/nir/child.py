"""A program that reads an HDF5 file from its standard input and writes what a NIR file may hold to its output.

Parameters: the most bytes that all arrays may have, the most bytes of memory and seconds of processor time to take.
It imports nothing of this package: it runs as a file.
"""

import io
import json
import struct
import sys
from typing import Any

GROUPS, DATASETS, DEPTH = 20_000, 100_000, 64
"""Most groups, data sets and groups within each other."""
TEXTS = 1_000_000
"""Most texts of a data set, and bytes of one."""
KEY = "sc_neurocore"
"""Of the metadata of this package, see ``graph.py``."""
FILTERS = (1, 2, 3, 4, 5, 6, 32000)
"""Filters that come with the library: deflate, shuffle, checksum, szip, n-bit, scale and offset; h5py's LZF."""


def read(content: bytes, most: int) -> tuple[Any, list[Any]]:
    """The group ``node`` of a file: groups as dicts, texts, and ``{"array": number}`` with the arrays in a list.

    Parameters
    ----------
    content
        Of the file.
    most
        Bytes that its arrays may have together.

    Raises
    ------
    Exception
        Whatever h5py raises for a damaged file; a ValueError for what no NIR file needs: links other than hard ones,
        data in other files, filters that are no part of the library, types other than real numbers and texts.
    """
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        if "node" not in file or not isinstance(file["node"], h5py.Group):
            raise ValueError("it must have a group 'node', it has none (a model of Keras comes in as ONNX)")
        found = _Reader(h5py, most)
        return found.group(file["node"], 0, False), found.arrays


class _Reader:
    """What was read, and how much more may be."""

    def __init__(self, h5py: Any, most: int) -> None:
        self.arrays: list[Any] = []
        self._h5py, self._left = h5py, most
        self._groups, self._datasets = GROUPS, DATASETS

    def group(self, group: Any, depth: int, of_nodes: bool) -> dict[str, Any]:
        """A group and all in it, but for metadata of others; in a group of nodes a node may have any name."""
        self._groups -= 1
        if self._groups < 0 or depth > DEPTH:
            raise ValueError(f"it must have at most {GROUPS} groups, and {DEPTH} within each other")
        found: dict[str, Any] = {}
        for name in group:
            if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
                raise ValueError(f"it must have no links to other places or files, {name!r} is one")
            item = group[name]
            if isinstance(item, self._h5py.Group):
                kept = not of_nodes and name == "metadata"
                found[name] = (
                    self._note(item) if kept else self.group(item, depth + 1, not of_nodes and name == "nodes")
                )
            elif isinstance(item, self._h5py.Dataset):
                found[name] = self._dataset(name, item)
        return found

    def _note(self, metadata: Any) -> dict[str, Any]:
        """Of metadata, which may hold anything, the text of this package."""
        if not isinstance(metadata.get(KEY, getlink=True), self._h5py.HardLink):
            return {}
        item = metadata[KEY]
        text = isinstance(item, self._h5py.Dataset) and self._h5py.check_string_dtype(item.dtype) is not None
        return {KEY: self._dataset(KEY, item)} if text else {}

    def _dataset(self, name: str, item: Any) -> Any:
        self._datasets -= 1
        if self._datasets < 0:
            raise ValueError(f"it must have at most {DATASETS} data sets")
        options = item.id.get_create_plist()
        used = [options.get_filter(k)[0] for k in range(options.get_nfilters())]
        if item.is_virtual or item.external or any(each not in FILTERS for each in used):
            raise ValueError(f"data set {name!r} must be in the file itself, by filters of the HDF5 library")
        text = self._h5py.check_string_dtype(item.dtype)
        if item.shape is None:
            return None
        if text is not None:
            return self._text(name, item, text)
        if item.dtype.kind not in "biuf":
            raise ValueError(f"data set {name!r} must hold real numbers or text, got {item.dtype}")
        self._take(item.size * item.dtype.itemsize)
        array = item[()]
        self.arrays.append(array)
        return {"array": len(self.arrays) - 1}

    def _text(self, name: str, item: Any, text: Any) -> Any:
        if item.size > TEXTS or (text.length or 0) > TEXTS:
            raise ValueError(f"data set {name!r} must have at most {TEXTS} texts, and bytes a text")
        self._take(item.size * (text.length or 1))
        values = item[()]
        texts = [each.decode("utf8") for each in ([values] if item.shape == () else values.reshape(-1).tolist())]
        self._take(sum(map(len, texts)))
        return texts[0] if item.shape == () else {"texts": texts, "shape": item.shape}

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError("it must not unpack to more bytes than its size allows (128 MiB and 100 times its size)")


def limit(memory: int, seconds: int) -> None:
    """Bound the memory and processor time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # not on Windows, where the one who waits bounds the time
        return
    for kind, value in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):  # a limit that is lower already, or that the system does not have
            continue


def main() -> None:
    """Read, and write 8 bytes with the length of a JSON text, the text, and the arrays' bytes."""
    most, memory, seconds = map(int, sys.argv[1:4])
    content = sys.stdin.buffer.read()
    import h5py  # noqa: F401  # before memory is bounded
    import numpy as np

    limit(memory, seconds)
    arrays: list[Any] = []
    try:
        tree, read_arrays = read(content, most)
        arrays = [np.asarray(each) for each in read_arrays]
        told = {"tree": tree, "arrays": [[each.dtype.newbyteorder("=").str, each.shape] for each in arrays]}
    except BaseException as error:  # of a damaged file the library may raise anything
        arrays, told = [], {"error": str(error) or type(error).__name__}
    text = json.dumps(told).encode()
    out = sys.stdout.buffer
    out.write(struct.pack("<Q", len(text)) + text)
    for each in arrays:
        out.write(np.ascontiguousarray(each, each.dtype.newbyteorder("=")).tobytes())
    out.flush()


if __name__ == "__main__":
    main()
