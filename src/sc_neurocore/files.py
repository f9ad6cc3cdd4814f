"""Write files and add to them, in full or not at all; open those that may be read, and bound what they unpack to."""

import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from . import checks

UNPACKED, RATIO = 2**27, 100
"""A compressed file may unpack to 128 MiB, and to 100 bytes more for each of its own bytes."""
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def checked_path(name: str, value: Any) -> Path:
    """Check a path: `value`, text or a path, as a `Path`.

    >>> checked_path("path", 5)
    Traceback (most recent call last):
    TypeError: path must be a path, got 5
    """
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{name} must be a path, got {checks.shown(value)}")
    if "\0" in os.fspath(value):
        raise ValueError(f"{name} must be a path, which has no null character, got {checks.shown(value)}")
    return Path(value)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path, with the suffix of `path`, that takes the place of `path` on success.

    Whoever reads `path` meanwhile sees the old content; after an error nothing has changed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(folder + "/a.txt") as temporary:
    ...         size = temporary.write_text("all of it")
    ...     os.listdir(folder)
    ['a.txt']
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def durable_append(path: str | os.PathLike[str], content: bytes) -> None:
    """Add bytes to the end of a file, made if need be: on the disk when this returns, and after an error not there.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         durable_append(folder + "/a.txt", b"again ")
    ...     Path(folder, "a.txt").read_text()
    'again again '
    """
    with Path(path).open("ab", buffering=0) as file:
        end = os.fstat(file.fileno()).st_size
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            file.truncate(end)
            raise


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Raise the OSError that writing into `folder` would, without making it."""
    path = Path(folder)
    for place in (path, *path.absolute().parents):
        if place.exists():
            if not place.is_dir():
                raise NotADirectoryError(f"{place} must be a folder, it is a file")
            if not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(f"{place} must be writable, it is not")
            return


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file to read its bytes; it must be a regular one, since a pipe or a device may block or never end.

    Raises
    ------
    OSError
        If the file is not there or cannot be opened.
    ValueError
        If it is a folder, a pipe or a device; it has not been opened then.

    Examples
    --------
    >>> open_regular("/")
    Traceback (most recent call last):
    ValueError: / must be a regular file, it is a folder
    """
    file = Path(path)
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode):
        raise ValueError(f"{file} must be a regular file, it is {_KINDS.get(stat.S_IFMT(mode), 'a device')}")
    return file.open("rb")


def unpacked_limit(size: int) -> int:
    """Largest number of bytes that a compressed file of `size` bytes may unpack to, see `UNPACKED`.

    >>> unpacked_limit(480)
    134265728
    """
    return UNPACKED + RATIO * size


def reason(error: Exception) -> str:
    """What an error says in one line of at most 300 characters: a damaged file may be quoted in it in full.

    >>> reason(ValueError("one\\n two")), reason(EOFError())
    ('one two', 'EOFError')
    """
    return " ".join(str(error).split())[:300] or type(error).__name__


def json_object(text: str | bytes) -> dict[str, Any]:
    """Parse a JSON object; a ValueError for anything else.

    >>> json_object("[1]")
    Traceback (most recent call last):
    ValueError: JSON must hold an object, got list
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("JSON must not be nested as deeply as this text is") from None
    if not isinstance(value, dict):
        raise ValueError(f"JSON must hold an object, got {type(value).__name__}")
    return value
