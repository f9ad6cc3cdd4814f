"""File of which images were wrong, by run, beside the results."""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path

from ..files import durable_append, open_regular
from .pairing import packed_size
from .writers import Writer, of_all_writers

_MAGIC = b"sc-neurocore wrong images 1\n"
_HEAD, _SUM = struct.Struct("<8sI"), struct.Struct("<I")


class WrongFile:
    """Bits of wrong images by the id of their run: an entry is on the disk, whole, as soon as `append` returns.

    ::

        "sc-neurocore wrong images 1\\n"
        id (8 bytes) | images n (4) | a bit an image (ceil(n / 8)) | CRC-32 of the three (4)
        id | n | ..

    Numbers are little-endian. An entry has 16 bytes more than its bits.

    Parameters
    ----------
    path
        The file; it need not exist. Reading never changes it.

    Raises
    ------
    ValueError
        From `read` and `append`, if the file was not written by this class, or is damaged.

    Notes
    -----
    Several processes may append at once: each has a file of its own, see `Writer`, and reading merges them all.

    An entry is one write, followed by fsync. A last entry that was cut off by a crash is left out by `read` and
    removed by `append`. Files may be joined: a first line in the middle is passed over.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = WrongFile(Path(folder, "wrong.bits"))
    ...     file.append({"0123456789abcdef": (9, bytes([18, 1]))})
    ...     file.read()
    {'0123456789abcdef': (9, b'\\x12\\x01')}
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._appended: tuple[Writer | None, int, dict[str, tuple[int, bytes]]] = (None, 0, {})
        """Who appended last, and the size and the entries of the file then, which nobody else changes."""

    def read(self) -> dict[str, tuple[int, bytes]]:
        """Number of images and packed bits by id, of all writers; a later entry of the same id wins."""
        files = of_all_writers(self.path)
        return {name: (images, packed) for path in files for name, images, packed, _ in _entries(path, _content(path))}

    def append(self, entries: Mapping[str, tuple[int, bytes]], writer: Writer | None = None) -> None:
        """Add the entries that are not there; make the file, or repair its cut-off end, if need be.

        Parameters
        ----------
        entries
            Number of images and packed bits by id; they go into a file that nobody else writes at the same time.
        writer
            Whose file it is, inside its ``with`` statement; None: one for these entries alone.
        """
        with nullcontext(writer) if writer else Writer(self.path.parent) as own:
            self._append(entries, own)

    def _append(self, entries: Mapping[str, tuple[int, bytes]], writer: Writer) -> None:
        path = writer.own(self.path)
        last, end, kept = self._appended
        self._appended = (None, 0, {})
        if writer is not last:
            content = _content(path)
            there = list(_entries(path, content))
            kept = {name: (images, packed) for name, images, packed, _ in there}
            whole = content.startswith(_MAGIC)
            end = (there[-1][-1] if there else len(_MAGIC)) if whole else 0
            if len(content) > end:
                os.truncate(path, end)
        new = {name: bits for name, bits in entries.items() if kept.get(name) != bits}
        added = (b"" if end else _MAGIC) + b"".join(_entry(*each) for each in new.items())
        durable_append(path, added)
        kept.update(new)
        self._appended = writer, end + len(added), kept


def _content(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            content = file.read()
    except FileNotFoundError:
        return b""
    if content[: len(_MAGIC)] != _MAGIC[: len(content)]:
        raise ValueError(f"{path} must be a file of wrong images of this version, its first line differs")
    return content


def _entries(path: Path, content: bytes) -> Iterator[tuple[str, int, bytes, int]]:
    """Id, images and bits of every whole entry, and the place where it ends."""
    start = len(_MAGIC)
    while start + _HEAD.size <= len(content):
        if content.startswith(_MAGIC, start):  # of a file that was joined to this one
            start += len(_MAGIC)
            continue
        last, whole = _end(content, start)
        if last > len(content) and not any(_end(content, at)[1] for at in range(start + 1, len(content))):
            return  # cut off: nothing was written behind it
        if not whole:
            raise ValueError(f"{path} is damaged: the entry at byte {start} has another length or checksum")
        name, images = _HEAD.unpack_from(content, start)
        yield name.hex(), images, content[start + _HEAD.size : last - _SUM.size], last
        start = last


def _end(content: bytes, start: int) -> tuple[int, bool]:
    """Where an entry at `start` ends, behind the content if it is cut off; whether it is all there and undamaged."""
    if start + _HEAD.size > len(content):
        return len(content) + 1, False
    last = start + _HEAD.size + packed_size(_HEAD.unpack_from(content, start)[1])
    end = last + _SUM.size
    return end, end <= len(content) and content[last:end] == _SUM.pack(zlib.crc32(content[start:last]))


def _entry(name: str, bits: tuple[int, bytes]) -> bytes:
    images, packed = bits
    content = _HEAD.pack(bytes.fromhex(name), images) + packed
    return content + _SUM.pack(zlib.crc32(content))
