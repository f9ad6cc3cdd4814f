"""Tensors of an ONNX file as arrays: what a tensor declares is compared with the bytes that are there."""

import math
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...files import open_regular
from ..refusals import quoted
from .library import onnx, part

LARGEST_FILE = 2**31 - 1
"""Bytes of a model with all that lies beside it: what one protobuf message may have."""
_FIELDS = {
    "FLOAT": "float_data", "DOUBLE": "double_data", "INT64": "int64_data", "UINT64": "uint64_data",
    "UINT32": "uint64_data",
}  # fmt: skip
"""Where numbers are that are not raw; those of other types are in ``int32_data``."""
_TO_A_BYTE = {"INT4": 2, "UINT4": 2, "FLOAT4E2M1": 2, "INT2": 4, "UINT2": 4}
_NO_NUMBERS = ("UNDEFINED", "STRING", "COMPLEX64", "COMPLEX128")


def tensor_array(tensor: Any) -> NDArray[Any]:
    """The numbers of a ``TensorProto``, or a ValueError if they are not those that it declares.

    The bytes of an external tensor must have been loaded, see `load_external`.
    """
    called = f"tensor {quoted(tensor.name)!r}"
    proto = onnx().TensorProto
    names = {number: name for name, number in proto.DataType.items()}
    kind = names.get(tensor.data_type, "UNDEFINED")
    if kind in _NO_NUMBERS:
        raise ValueError(f"{called} must hold real numbers, got the type {kind}")
    if tensor.data_location == proto.EXTERNAL:
        raise ValueError(f"{called} must lie in the model, or in a file beside that of the model, got an external one")
    if tensor.HasField("segment"):
        raise ValueError(f"{called} must be whole, got a segment")
    if any(size < 0 for size in tensor.dims):
        raise ValueError(f"{called} must have sizes of at least 0, got {checks.shown(tuple(tensor.dims))}")
    count = math.prod(tensor.dims)
    packed = _TO_A_BYTE.get(kind, 1)
    if tensor.HasField("raw_data"):
        given, wanted = len(tensor.raw_data), -(-count // packed)
        if packed == 1:
            wanted *= np.dtype(part("helper").tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        unit = "bytes"
    else:
        given, wanted, unit = len(getattr(tensor, _FIELDS.get(kind, "int32_data"))), -(-count // packed), "numbers"
    if given != wanted:
        shape, wanted = checks.shown(tuple(tensor.dims)), checks.shown(wanted)
        raise ValueError(f"{called} must have the {unit} of shape {shape}, {wanted} in all, got {given}")
    array: NDArray[Any] = part("numpy_helper").to_array(tensor)
    return array


def load_external(tensor: Any, folder: Path | None, room: int) -> int:
    """Put the bytes of an external tensor into it, from a file beside the model; how many these are.

    Parameters
    ----------
    folder
        Of the model; None: it did not come from a file.
    room
        Bytes that may still be read.

    Raises
    ------
    ValueError
        If the file is not in that folder, by its path or behind a link, or has not the bytes that are declared.
    """
    called = f"tensor {quoted(tensor.name)!r}"
    if folder is None:
        raise ValueError(f"{called} must lie in the model where it comes from no file: onnx.load(path) loads all")
    entries = {entry.key: entry.value for entry in tensor.external_data}
    place, location = folder.resolve(), entries.get("location", "")
    path = (place / location).resolve() if _is_plain(location) else None
    if path is None or not path.is_relative_to(place):
        raise ValueError(f"{called} must lie in the folder of the model, got the location {quoted(location)!r}")
    start = _whole(called, "offset", entries.get("offset", "0"))
    try:
        with open_regular(path) as file:
            there = max(file.seek(0, 2) - start, 0)
            size = _whole(called, "length", entries["length"]) if "length" in entries else there
            if size > min(there, room):
                raise ValueError(f"{called} must have a length of at most {min(there, room)} bytes, got {size}")
            file.seek(start)
            content = file.read(size)
    except OSError as error:
        raise ValueError(f"{called} must lie in a file that can be read: {error.strerror or error}") from error
    tensor.raw_data = content
    tensor.data_location = onnx().TensorProto.DEFAULT
    del tensor.external_data[:]
    return size


def _is_plain(location: str) -> bool:
    """Whether a location names a file below a folder, on every system."""
    path = PureWindowsPath(location)  # knows the separators and roots of all
    return bool(path.parts) and not path.is_absolute() and not path.drive and not path.root and ".." not in path.parts \
        and "\0" not in location  # fmt: skip


def _whole(called: str, name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError(f"{called} must have a whole number as {name}, got {quoted(text)!r}")
    return int(text)
