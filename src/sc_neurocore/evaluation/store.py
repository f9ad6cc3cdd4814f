"""A file of finished rows that only ever grows."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, cast

from ..files import replacing
from .record import Record
from .task import COLUMNS, Row


class Stored(Protocol):
    """What a store needs of a row."""

    @property
    def id(self) -> str:
        """Names what was run."""

    def to_fields(self) -> list[str]:
        """The row as text."""

    @classmethod
    def from_fields(cls, texts: list[str]) -> "Stored":
        """The inverse of `to_fields`, or a ValueError."""


R = TypeVar("R", bound=Stored)


class RowStore(Generic[R]):
    """Rows in a CSV file: a row is on the disk, whole, as soon as `append` returns.

    Parameters
    ----------
    path
        The file; it need not exist. Reading never changes it.
    kind
        Class of the rows.
    columns
        Header of the file.

    Raises
    ------
    ValueError
        From `read` and `append`, if the file was not written by this class.

    Notes
    -----
    A row is one write, followed by fsync. A last line that was cut off by a crash has no line
    end: `read` leaves it out and `append` removes it.
    """

    def __init__(self, path: str | os.PathLike[str], kind: type[R], columns: tuple[str, ...]) -> None:
        self.path = Path(path)
        self._kind = kind
        self._header = ",".join(columns).encode() + b"\n"

    def read(self) -> dict[str, R]:
        """The rows by the id of their task; a later row of the same task wins."""
        rows: dict[str, R] = {}
        for number, line in enumerate(self._lines(), start=2):
            try:
                row = cast(R, self._kind.from_fields(next(csv.reader([line.decode()], strict=True))))
            except (ValueError, csv.Error, StopIteration) as error:
                raise ValueError(f"{self.path} line {number} is not a row of results: {error}") from error
            rows[row.id] = row
        return rows

    def append(self, row: R) -> None:
        """Add a row; make the file, or repair its cut-off end, if need be."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row.to_fields())
        self._prepare()
        with self.path.open("ab") as file:
            file.write(text.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> list[bytes]:
        """The complete lines after the header."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        header, *lines = content.split(b"\n")
        if self._header.startswith(content):  # nothing yet, or only a part of the header
            return []
        if header.rstrip(b"\r") + b"\n" != self._header:
            raise ValueError(f"{self.path} must be a file of results of this version, its header differs")
        return [line.rstrip(b"\r") for line in lines[:-1]]

    def _prepare(self) -> None:
        self._lines()  # refuses a foreign file
        content = self.path.read_bytes() if self.path.exists() else b""
        if len(content) < len(self._header):
            with replacing(self.path) as temporary:
                temporary.write_bytes(self._header)
        elif not content.endswith(b"\n"):
            os.truncate(self.path, content.rindex(b"\n") + 1)


class ResultStore(RowStore[Row]):
    """The rows of `evaluate` in a CSV file, see `RowStore`.

    Examples
    --------
    >>> import tempfile
    >>> from sc_neurocore.evaluation import Task
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = ResultStore(folder + "/results.csv")
    ...     store.append(Row(Task("0.1.0", "ab", "cd", "sobol", 256), 100, 97, 98, 99, 12345))
    ...     [row.correct for row in store.read().values()]
    [97]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path, Row, COLUMNS)


def keep_rows(
    rows: Iterable[R], known: dict[str, R], run: dict[str, Any], store: RowStore[R] | None, record: Record | None
) -> None:
    """Take rows as they come: each is stored, then known.

    The record has `run` before the first row, unless it knows of one with the same tasks and nothing is missing;
    and again at the end, also of an interrupted run, with what was computed.
    """
    missing = any(task not in known for task in run["tasks"])
    if record is not None and (missing or not record.knows(run["tasks"])):
        record.path.parent.mkdir(parents=True, exist_ok=True)
        record.write(run)
    try:
        for row in rows:
            if store is not None:
                store.append(row)
            known[row.id] = row
            run["computed"].append(row.id)
    finally:
        if record is not None and run["computed"]:
            record.write(run)
