"""CSV file of finished rows, each on the disk before the next is run."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self

from ..files import atomic_write, open_regular, reason
from .old_files import FirstRow, SecondRow
from .pairing import WrongImages
from .rows import Digested, R, columns, from_fields, to_fields
from .task import Row, Task
from .wrong_file import WrongFile


class RowStore(Generic[R]):
    """Rows in a CSV file: a row is on the disk, whole, as soon as `append` returns.

    Parameters
    ----------
    path
        The file; it need not exist. Reading never changes it.
    kind
        Class of the rows, see `rows`.
    older
        Classes of the rows of earlier formats; their ``renewed()`` is a row of `kind`.

    Raises
    ------
    ValueError
        From `read` and `append`, if the file was not written by this class.

    Notes
    -----
    A row is one write, followed by fsync. A last line that was cut off by a crash has no line
    end: `read` leaves it out and `append` removes it. `append` rewrites a file of an earlier format
    as one of today before it adds the row; whoever reads meanwhile sees the old one.
    """

    def __init__(self, path: str | os.PathLike[str], kind: type[R], older: Sequence[type[Any]] = ()) -> None:
        self.path = Path(path)
        self._kind = kind
        self._headers: dict[type[Any], bytes] = {each: _line(columns(each)) for each in (kind, *older)}

    def read(self) -> dict[str, R]:
        """The rows by the id of their task; a later row of the same task wins."""
        return {row.id: row for _, row in self._rows()}

    def new_ids(self) -> dict[str, str]:
        """Today's ids of tasks, by their ids in a file of an earlier format."""
        return {old: row.id for old, row in self._rows() if old != row.id}

    def append(self, row: R) -> None:
        """Add a row; make the file, renew it, or repair its cut-off end, if need be."""
        self._prepare()
        self._add(row)

    def _add(self, row: R) -> None:
        """Add a row to a file that is ready for it."""
        with self.path.open("ab") as file:
            file.write(_line(to_fields(row)))
            file.flush()
            os.fsync(file.fileno())

    def _rows(self) -> list[tuple[str, R]]:
        """Pairs of the task id in the file and the row, which may have a newer id."""
        kind, lines = self._lines()
        rows: list[tuple[str, R]] = []
        for number, line in enumerate(lines, start=2):
            try:
                found: Any = from_fields(kind, next(csv.reader([line.decode()], strict=True)))
                rows.append((found.id, found if kind is self._kind else found.renewed()))
            except (ValueError, TypeError, csv.Error, StopIteration) as error:
                raise ValueError(f"{self.path} line {number} is not a row of results: {reason(error)}") from error
        return rows

    def _lines(self) -> tuple[type[Any], list[bytes]]:
        """The class of the rows in the file, and the complete lines after the header."""
        content = self._content()
        header, *lines = content.split(b"\n")
        for kind, known in self._headers.items():
            if lines and header.rstrip(b"\r") + b"\n" == known:
                return kind, [line.rstrip(b"\r") for line in lines[:-1]]
        if any(known.startswith(content) for known in self._headers.values()):  # nothing, or a part of a header
            return self._kind, []
        raise ValueError(f"{self.path} must be a file of results of this version, its header differs")

    def _content(self) -> bytes:
        try:
            with open_regular(self.path) as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def _prepare(self) -> None:
        kind, _ = self._lines()  # refuses a foreign file
        content, header = self._content(), self._headers[self._kind]
        if kind is not self._kind or b"\n" not in content:
            rows = [_line(to_fields(row)) for _, row in self._rows()]
            with atomic_write(self.path) as temporary:
                temporary.write_bytes(b"".join([header, *rows]))
        elif not content.endswith(b"\n"):
            os.truncate(self.path, content.rindex(b"\n") + 1)


def _line(texts: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(texts)
    return text.getvalue().encode()


@dataclass(frozen=True)
class FloatRun(Digested):
    """What decides which images the float network gets wrong: their bits are kept once for all rows of it."""

    version: str
    network: str
    data: str

    @classmethod
    def of(cls, task: Task) -> Self:
        """The float network beside the circuit of a task."""
        return cls(task.version, task.network, task.data)


class ResultStore(RowStore[Row]):
    """The rows of `evaluate` in a CSV file, see `RowStore`; files of all earlier versions are read.

    Which images were wrong is kept in the file ``wrong.bits`` beside it, see `WrongFile`: written before the row, so
    that a row that is there has its bits. Rows of files that have none, or whose bits do not fit their counts, are
    read without.

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
        super().__init__(path, Row, (SecondRow, FirstRow))
        self._wrong = WrongFile(self.path.with_name("wrong.bits"))

    def read(self) -> dict[str, Row]:
        """The rows by the id of their task, with their wrong images; a later row of the same task wins."""
        kept = self._wrong.read()
        return {name: _marked(row, kept) for name, row in super().read().items()}

    def append(self, row: Row) -> None:
        """Add the wrong images of a row, and then the row itself."""
        parts = {row.id: row.wrong, FloatRun.of(row.task).id: row.float_wrong}
        new = {name: (part.images, part.packed) for name, part in parts.items() if part is not None}
        self._prepare()  # refuses a foreign file, before anything is written beside it
        if new:
            self._wrong.append(new)
        self._add(row)


def _marked(row: Row, kept: Mapping[str, tuple[int, bytes]]) -> Row:
    """A row with its wrong images, if these are there and fit its counts."""

    def found(name: str, correct: int) -> WrongImages | None:
        images, packed = kept.get(name, (0, b""))
        part = WrongImages(row.task.data, images, packed) if images else None
        return part if part and (part.images, part.count) == (row.images, row.images - correct) else None

    float_wrong = found(FloatRun.of(row.task).id, row.float_correct)
    return replace(row, wrong=found(row.id, row.correct), float_wrong=float_wrong)
