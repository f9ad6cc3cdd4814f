"""One file a writer: several processes may write into a folder at once, and whoever reads merges their files."""

import glob
import os
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

if sys.platform == "win32":
    import msvcrt

    def take_lock(file: BinaryIO) -> None:
        """Lock an open file until it is closed, or raise an OSError at once."""
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def take_lock(file: BinaryIO) -> None:
        """Lock an open file until it is closed, or raise an OSError at once."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


_MARK_BYTES = 4


class Writer:
    """The names of the files that one writer writes in a folder, and nobody else at the same time.

    The first writer has the plain names, ``results.csv``. Another one that comes while it is at work has names with a
    mark of its own, ``results-0a1b2c3d.csv``, the same for all of its files; nobody takes them over later. Who is
    first is decided by a lock on the file ``.lock``, which goes with its process, however that ends; a writer that
    cannot have the lock, such as on a file system without any, has names of its own. Use it in a ``with`` statement.

    Parameters
    ----------
    folder
        Where the files are; made if need be.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Writer(folder) as first, Writer(folder) as second:
    ...     first.own(Path("results.csv")).name, len(second.own(Path("results.csv")).name)
    ('results.csv', 20)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._file: BinaryIO | None = None
        self._mark = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = _locked(self._folder / ".lock")
        self._mark = "" if self._file is not None else f"-{secrets.token_hex(_MARK_BYTES)}"
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # before the lock goes, so that a file with a name is never locked twice
                (self._folder / ".lock").unlink()
            self._file.close()
            self._file = None

    def own(self, path: Path) -> Path:
        """The file that this writer writes where another one may write `path`."""
        return path.with_name(f"{path.stem}{self._mark}{path.suffix}")


def of_all_writers(path: Path) -> list[Path]:
    """A file, which need not exist, and those that other writers wrote beside it, by name."""
    pattern = f"{glob.escape(path.stem)}-{'[0-9a-f]' * (2 * _MARK_BYTES)}{glob.escape(path.suffix)}"
    return [path, *sorted(path.parent.glob(pattern))]


def mark_of(path: Path) -> str:
    """What tells a file of another writer from the plain one, empty for that.

    >>> mark_of(Path("results-0a1b2c3d.csv")), mark_of(Path("results.csv"))
    ('-0a1b2c3d', '')
    """
    found = re.search(f"-[0-9a-f]{{{2 * _MARK_BYTES}}}$", path.stem)
    return found[0] if found else ""


def _locked(path: Path) -> BinaryIO | None:
    """The open file, locked until it is closed; None if that cannot be had."""
    while True:
        try:
            file = path.open("ab")
        except OSError:  # that of another user, such as
            return None
        try:
            take_lock(file)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:  # removed by its owner before it was locked here
            pass
        except OSError:
            file.close()
            return None
        file.close()
