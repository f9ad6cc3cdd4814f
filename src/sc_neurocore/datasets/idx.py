"""Arrays in IDX files, the format in which MNIST and its kin are published."""

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..files import checked_path, open_regular, unpacked_limit

Numbers = NDArray[np.integer | np.floating]
Stream = BinaryIO | gzip.GzipFile

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
_CHUNK = 2**20
_MAX_RANK = 32
"""NumPy 1 has no arrays of more dimensions; files with them are damaged."""


def read_idx(path: str | os.PathLike[str], rank: int | None = None) -> Numbers:
    """Read an array of numbers from an IDX file, plain or compressed by gzip.

    A file is a magic number (two zero bytes, a byte for the type of the numbers, a byte for the rank),
    the size of each dimension (four bytes each), then the numbers in C order; all big-endian.

    Parameters
    ----------
    path
        The file. Its first bytes, not its name, say whether it is compressed.
    rank
        Number of dimensions that the array must have; None: any.

    Returns
    -------
    ndarray
        Of uint8, int8, int16, int32, float32 or float64, as the file says, in the byte order of this machine.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If the file is not IDX, ends too early, goes on after the last number, cannot be decompressed, unpacks to
        more than 128 MiB and 100 times its size, or has another rank; if it is a folder, a pipe or a device.

    References
    ----------
    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats",
    http://yann.lecun.com/exdb/mnist/.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = Path(folder, "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    ...     read_idx(Path(folder, "labels"))
    array([5, 0, 4], dtype=uint8)
    """
    file = checked_path("path", path)
    if rank is not None:
        rank = checks.whole("rank", rank, 1, _MAX_RANK)
    with open_regular(file) as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        limit = unpacked_limit(os.fstat(raw.fileno()).st_size) if packed else None
        try:
            return _read(file, gzip.GzipFile(fileobj=raw) if packed else raw, rank, limit)
        except (OSError, EOFError, zlib.error) as error:
            if not packed:
                raise
            raise ValueError(f"{file} cannot be decompressed: {error}") from error


def _read(file: Path, stream: Stream, rank: int | None, limit: int | None) -> Numbers:
    """The array in a stream that may unpack to `limit` bytes; None: it is not compressed."""
    magic = _up_to(4, stream)
    if len(magic) < 4:
        raise ValueError(f"{file} ends within its magic number: {len(magic)} bytes of 4")
    kind, dimensions = magic[2], magic[3]
    if magic[:2] != b"\0\0" or kind not in _TYPES or not 1 <= dimensions <= _MAX_RANK:
        raise ValueError(f"{file} must be an IDX file, its magic number is 0x{magic.hex()}")
    if rank is not None and dimensions != rank:
        raise ValueError(f"{file} must have {rank} dimensions, it has {dimensions}")
    sizes = _up_to(4 * dimensions, stream)
    if len(sizes) < 4 * dimensions:
        raise ValueError(f"{file} ends within its dimensions: {4 + len(sizes)} bytes of {4 + 4 * dimensions}")
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    dtype = np.dtype(_TYPES[kind])
    wanted, what = math.prod(shape) * dtype.itemsize, f"an array {checks.shown(shape)} of {dtype.name}"
    if limit is not None and wanted > limit:
        raise ValueError(
            f"{file} must not unpack to more than {limit} bytes (128 MiB and 100 times its size), {what} has "
            f"{checks.shown(wanted)}: decompress it first"
        )
    content = _up_to(wanted, stream)
    if len(content) < wanted:
        raise ValueError(f"{file} ends too early for {what}: {len(content)} bytes of {checks.shown(wanted)}")
    if more := len(_up_to(_CHUNK, stream)):  # looking for the end also compares the checksum of gzip
        raise ValueError(f"{file} has at least {more} bytes too many for {what}")
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:  # (0, 2**32 - 1, ..) has no numbers, and no NumPy array can have this shape
        raise ValueError(f"{file} cannot be {what}: {error}") from error
    return array.astype(dtype.newbyteorder("="))


def _up_to(size: int, stream: Stream) -> bytearray:
    """The next `size` bytes, or those that are left: memory is taken for what is there, not for what is declared."""
    content = bytearray()
    while len(content) < size and (part := stream.read(min(_CHUNK, size - len(content)))):
        content += part
    return content
