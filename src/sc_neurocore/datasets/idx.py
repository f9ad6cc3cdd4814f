"""Arrays in IDX files, the format in which MNIST and its kin are published."""

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import checks

Numbers = NDArray[np.integer | np.floating]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"
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
        If the file is not IDX, ends too early, goes on after the last number, cannot be decompressed, or has
        another rank.

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
    file = Path(path)
    if rank is not None:
        checks.whole("rank", rank, 1, _MAX_RANK)
    content = _content(file)
    if len(content) < 4:
        raise ValueError(f"{file} ends within its magic number: {len(content)} bytes of 4")
    kind, dimensions = content[2], content[3]
    if content[:2] != b"\0\0" or kind not in _TYPES or not 1 <= dimensions <= _MAX_RANK:
        raise ValueError(f"{file} must be an IDX file, its magic number is 0x{content[:4].hex()}")
    if rank is not None and dimensions != rank:
        raise ValueError(f"{file} must have {rank} dimensions, it has {dimensions}")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{file} ends within its dimensions: {len(content)} bytes of {start}")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    dtype = np.dtype(_TYPES[kind])
    missing = start + math.prod(shape) * dtype.itemsize - len(content)
    if missing:
        what = f"ends {missing} bytes too early" if missing > 0 else f"has {-missing} bytes too many"
        raise ValueError(f"{file} {what} for an array {shape} of {dtype.name}")
    try:
        array = np.frombuffer(content, np.uint8)[start:].view(dtype).reshape(shape)
    except ValueError as error:  # (0, 2**32 - 1, ..) has no numbers, and no NumPy array can have this shape
        raise ValueError(f"{file} cannot be an array {shape}: {error}") from error
    return array.astype(dtype.newbyteorder("="))


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{file} cannot be decompressed: {error}") from error
