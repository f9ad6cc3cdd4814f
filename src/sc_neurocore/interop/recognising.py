"""Which format a model file has, by its bytes: no suffix is looked at, and nothing is unpickled."""

import os
import zipfile
from pathlib import Path
from typing import BinaryIO

from ..files import open_regular
from .nir.file import MAGIC as HDF5

_ZIP, _NPY = b"PK", b"\x93NUMPY"
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_IN_PYTHON = (
    "it is not loaded, since a pickle may run any program: load it with the library that wrote it, and give the model "
    "to load_network, from_torch or from_sklearn in Python"
)
_EXPORTED = "torch.export.save wrote it: give the module that was exported to from_torch"
_FOREIGN = {
    "constants.pkl": "TorchScript wrote it: give the module that was scripted to from_torch",
    "data.pkl": f"PyTorch's torch.save wrote it, and {_IN_PYTHON}",
    "serialized_exported_program.json": _EXPORTED,
    "models/model.json": _EXPORTED,
    "model.weights.h5": "Keras wrote it: export the model as ONNX, model.export(path, format='onnx')",
    "schema.json": "skops wrote it: load it with skops.io.load, and give the model to from_sklearn",
}
"""Ends of the names of members by which an archive is told, and how what is in it comes in."""
_SCALARS, _VARINT, _BYTES = {0, 1, 2, 5}, 0, 2
_GRAPH = 7
"""Number of the graph among the fields of an ONNX model."""
_MOST_FIELDS = 2**20


def format_of(path: Path) -> str:
    """The format of a model file: ``"safetensors"``, ``"npz"``, ``"onnx"`` or ``"NIR"``, for any HDF5 file.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is a folder, a pipe or a device, or of another format: it says how such a model comes in.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(16)
        if int.from_bytes(start[:8], "little") <= size and start[8:9] == b"{":  # first: a size may look like any mark
            return "safetensors"
        if start.startswith(_ZIP):
            return _archive(path, file)
        if start.startswith(HDF5):
            return "NIR"
        for marks, told in ((_PICKLES, f"a pickle: {_IN_PYTHON}"), ((_NPY,), "one array")):
            if start.startswith(marks):
                raise ValueError(f"{_rule(path)}, it is {told}")
        if _is_onnx(file, size):
            return "onnx"
    raise ValueError(f"{_rule(path)}, it is none of them, or damaged")


def _rule(path: Path) -> str:
    return f"{path} must be a safetensors, npz, ONNX or NIR file"


def _archive(path: Path, file: BinaryIO) -> str:
    """The format of a zip archive by the names of its members; one that is damaged is left to the reader of arrays."""
    try:
        names = zipfile.ZipFile(file).namelist()
    except Exception:  # whatever a damaged directory makes zipfile raise
        return "npz"
    for end, told in _FOREIGN.items():
        if any(name == end or name.endswith(f"/{end}") for name in names):
            raise ValueError(f"{_rule(path)}: {told}")
    return "npz"


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """Whether the bytes of a file are the fields of one protobuf message with a graph, and nothing else."""
    place, found = 0, False
    for _ in range(_MOST_FIELDS):
        if place == size:
            return found
        file.seek(place)
        head = file.read(20)
        tag, used = _varint(head)
        field, wire = tag >> 3, tag & 7
        if not used or field == 0 or wire not in _SCALARS:
            return False
        value, more = _varint(head[used:]) if wire in (_VARINT, _BYTES) else (0, 8 if wire == 1 else 4)
        place += used + more + (value if wire == _BYTES else 0)
        if (wire in (_VARINT, _BYTES) and not more) or place > size or (field == _GRAPH and wire != _BYTES):
            return False
        found |= field == _GRAPH
    return False


def _varint(content: bytes) -> tuple[int, int]:
    """The whole number at the start of bytes and how many of these it takes, 0 for none."""
    number = 0
    for k, byte in enumerate(content[:10]):
        number |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            return number, k + 1
    return 0, 0
