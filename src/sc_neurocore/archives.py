"""Arrays in NumPy archives (.npz): every size and type is checked before memory is taken for it."""

import io
import math
import os
import sys
import zipfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .files import checked_path, open_regular, reason, unpacked_limit

_ENCRYPTED = 0x1
_SUFFIX = ".npy"
_CHARACTER, _LONGEST = 4, 1000
"""Bytes of a character, and the most characters that an entry of text may have."""
_COUNT_FROM_END = 12
"""Place of the number of entries, in bytes from the end of a file without a comment: NumPy writes none."""


def read_npz(
    path: str | os.PathLike[str], choose: Callable[[Collection[str]], Iterable[str]], text: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """Read arrays of real numbers from what ``numpy.savez`` or ``numpy.savez_compressed`` has written.

    Parameters
    ----------
    path
        The file.
    choose
        Called with the names of the arrays in the file: those to read, or a ValueError.
    text
        Names of arrays that may hold text instead, of one width and of at most 1000 characters an entry.

    Returns
    -------
    dict
        The arrays by name, in the byte order of this machine.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no such archive or is damaged (each array has a CRC-32), holds an array twice, is compressed by
        something else than deflate or to less than `unpacked_limit` allows, or if a chosen array holds
        something else than real numbers or, where it may, text. The message starts with the path.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", x=[0.5], names=["a"])
    ...     read_npz(folder + "/mine.npz", lambda names: ["x"])
    {'x': array([0.5])}
    """
    file = checked_path("path", path)
    with open_regular(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            archive = zipfile.ZipFile(stream)
            entries = _entries(archive)
            _check_count(stream, len(entries))
        except Exception as error:  # whatever a damaged directory makes zipfile raise
            raise ValueError(f"{file} must be a complete .npz archive of NumPy arrays: {reason(error)}") from error
        try:
            chosen = {name: entries[name] for name in choose(entries)}
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
        total, limit = sum(entry.file_size for entry in chosen.values()), unpacked_limit(size)
        if total > limit:
            raise ValueError(
                f"{file} must not unpack to more than {limit} bytes (128 MiB and 100 times its size), its arrays have "
                f"{total}: save it uncompressed, by numpy.savez"
            )
        return {name: _array(file, name, archive, entry, name in text) for name, entry in chosen.items()}


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Directory of an archive by names of arrays."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename.removesuffix(_SUFFIX)
        if name == entry.filename:
            raise ValueError(f"its members must be arrays ({_SUFFIX}), it has {name!r}")
        if name in entries:
            raise ValueError(f"each array must be there once, {name!r} is there twice")
        if entry.flag_bits & _ENCRYPTED:
            raise ValueError(f"arrays must not be encrypted, {name!r} is")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"arrays must be stored or deflated, {name!r} is compressed by {entry.compress_type}")
        entries[name] = entry
    return entries


def _check_count(stream: BinaryIO, found: int) -> None:
    """Compare the number of entries with that at the end of the file: a damaged entry may have swallowed the others."""
    stream.seek(-_COUNT_FROM_END, os.SEEK_END)
    declared = int.from_bytes(stream.read(2), "little")
    if declared != found:
        raise ValueError(f"its directory must have {declared} arrays, as its end says, it has {found}")


def _array(file: Path, name: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, text: bool) -> NDArray[Any]:
    """An array of an archive: all its bytes, so that the checksum is compared, and no more than it declares."""
    try:
        with archive.open(entry) as member:
            content = member.read(entry.file_size)
        header = io.BytesIO(content)
        shape, by_columns, dtype = _read_header(header)
    except Exception as error:  # of zipfile, zlib, struct, or of NumPy's parser of headers, which may raise anything
        raise ValueError(f"{file} is damaged: {name} cannot be read: {reason(error)}") from error
    if dtype.kind not in "biuf" and not (text and dtype.kind == "U"):
        raise ValueError(f"{file}: {name} must hold real numbers{' or text' if text else ''}, got {dtype}")
    if dtype.kind == "U" and not 1 <= dtype.itemsize // _CHARACTER <= _LONGEST:
        raise ValueError(f"{file}: {name} must hold texts of 1 to {_LONGEST} characters, got {dtype}")
    if math.prod(shape) * dtype.itemsize != len(content) - header.tell():
        raise ValueError(
            f"{file} is damaged: {name} must have the bytes of an array {shape} of {dtype}, "
            f"it has {len(content) - header.tell()}"
        )
    try:
        values = np.frombuffer(content, dtype, offset=header.tell()).reshape(shape, order="F" if by_columns else "C")
    except ValueError as error:  # such as (0, 2**70)
        raise ValueError(f"{file} is damaged: {name} cannot have the shape {shape}") from error
    values = np.array(values, dtype.newbyteorder("="))
    if dtype.kind == "U" and np.any(values.reshape(-1).view(np.uint32) > sys.maxunicode):
        raise ValueError(f"{file} is damaged: {name} must hold text, it has characters past U+10FFFF")
    return values


def _read_header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first index runs fastest, and type of an array; the stream is then at its numbers."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        header = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        header = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"its format must be 1.0 or 2.0, it is {version[0]}.{version[1]}")
    shape, by_columns, dtype = header
    return shape, by_columns, dtype
