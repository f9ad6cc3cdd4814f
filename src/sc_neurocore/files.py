"""Write files, and add to them, atomically: in full or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
