"""CSV files of finished rows, each on the disk before the next is run."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self

from ..files import atomic_write, durable_append, open_regular, reason
from .blocks import BlockRow
from .old_files import FirstEstimateRow, FirstRow, FourthRow, SecondRow, ThirdRow
from .pairing import WrongImages
from .rows import Digested, R, columns, from_fields, to_fields
from .task import EstimateRow, Row, Task
from .writers import Writer, of_all_writers
from .wrong_file import WrongFile


class RowStore(Generic[R]):
    """Rows in a CSV file: a row is on the disk, whole, as soon as `append` or `extend` returns.

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
        From `read` and `append`, if a file was not written by this class.

    Notes
    -----
    Several processes may append at once: each has a file of its own, see `Writer`, and reading merges them all. Two
    rows of one task count once.

    A row is one write, followed by fsync. A last line that was cut off by a crash has no line
    end: `read` leaves it out and `append` removes it. `append` rewrites a file of an earlier format
    as one of today before it adds the row; whoever reads meanwhile sees the old one. Files may be joined: a header in
    the middle is passed over.
    """

    def __init__(self, path: str | os.PathLike[str], kind: type[R], older: Sequence[type[Any]] = ()) -> None:
        self.path = Path(path)
        self._kind = kind
        self._headers: dict[type[Any], bytes] = {each: _line(columns(each)) for each in (kind, *older)}

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that `append` adds to, by the names that they have for the first writer."""
        return (self.path,)

    def read(self) -> dict[str, R]:
        """The rows of all writers by the id of their task; a later row of the same task wins."""
        return {row.id: row for path in of_all_writers(self.path) for _, row in self._rows(path)}

    def new_ids(self) -> dict[str, str]:
        """Today's ids of tasks, by their ids in a file of an earlier format."""
        return {old: row.id for path in of_all_writers(self.path) for old, row in self._rows(path) if old != row.id}

    def append(self, row: R, writer: Writer | None = None) -> None:
        """Add a row, see `extend`."""
        self.extend([row], writer)

    def extend(self, rows: Sequence[R], writer: Writer | None = None) -> None:
        """Add rows in one write; make the file, renew it, or repair its cut-off end, if need be.

        Parameters
        ----------
        rows
            Go into a file that nobody else writes at the same time.
        writer
            Whose file it is, inside its ``with`` statement; None: one for these rows alone.
        """
        with nullcontext(writer) if writer else Writer(self.path.parent) as own:
            self._extend(rows, own)

    def _extend(self, rows: Sequence[R], writer: Writer) -> None:
        path = writer.own(self.path)
        self._prepare(path)
        durable_append(path, b"".join(_line(to_fields(row)) for row in rows))

    def _rows(self, path: Path) -> list[tuple[str, R]]:
        """Pairs of the task id in a file and the row, which may have a newer id."""
        kind, lines = self._lines(path)
        rows: list[tuple[str, R]] = []
        for number, line in enumerate(lines, start=2):
            if line + b"\n" == self._headers[kind]:
                continue
            try:
                found: Any = from_fields(kind, next(csv.reader([line.decode()], strict=True)))
                rows.append((found.id, found if kind is self._kind else found.renewed()))
            except (ValueError, TypeError, csv.Error, StopIteration) as error:
                raise ValueError(f"{path} line {number} is not a row of results: {reason(error)}") from error
        return rows

    def _lines(self, path: Path) -> tuple[type[Any], list[bytes]]:
        """The class of the rows in a file, and the complete lines after the header."""
        try:
            with open_regular(path) as file:
                content = file.read()
        except FileNotFoundError:
            content = b""
        header, *lines = content.split(b"\n")
        for kind, known in self._headers.items():
            if lines and header.rstrip(b"\r") + b"\n" == known:
                return kind, [line.rstrip(b"\r") for line in lines[:-1]]
        if any(known.startswith(content) for known in self._headers.values()):  # nothing, or a part of a header
            return self._kind, []
        raise ValueError(f"{path} must be a file of results of this version, its header differs")

    def _prepare(self, path: Path) -> None:
        """Let a file end where a row may follow; refuse a foreign one."""
        header = self._headers[self._kind]
        first, last = _ends(path)
        if first.rstrip(b"\r\n") + b"\n" == header and first.endswith(b"\n"):
            if last != b"\n":
                os.truncate(path, path.read_bytes().rindex(b"\n") + 1)
            return
        rows = [_line(to_fields(row)) for _, row in self._rows(path)]
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"".join([header, *rows]))


def _ends(path: Path) -> tuple[bytes, bytes]:
    """First line and last byte of a file, empty if it is not there."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
            return first, file.read(1)
    except FileNotFoundError:
        return b"", b""


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
        return cls(task.version, task.network, task.samples)


_KINDS: dict[str, tuple[type[Row], tuple[type[Any], ...], str]] = {
    "counts": (Row, (FourthRow, ThirdRow, SecondRow, FirstRow), "wrong.bits"),
    "estimates": (EstimateRow, (FirstEstimateRow,), "estimate-wrong.bits"),
    "blocks": (BlockRow, (), "blocks-wrong.bits"),
}
"""Class of the rows of a file, those of earlier formats, and the file of wrong images."""


class ResultStore(RowStore[Row]):
    """The rows of `evaluate` in a CSV file, see `RowStore`; files of all earlier versions are read.

    Which images were wrong is kept in the file ``wrong.bits`` beside it, see `WrongFile`: written before the row, so
    that a row that is there has its bits. Rows of files that have none, or whose bits do not fit their counts, are
    read without.

    Parameters
    ----------
    path
        The file; it need not exist.
    estimates
        Whether it is a file of estimates: its rows are `EstimateRow`, and wrong images are in the file
        ``estimate-wrong.bits``.
    blocks
        Whether it is a file of blocks of samples: its rows are `BlockRow`, and wrong images are in the file
        ``blocks-wrong.bits``. No kind of file is read as another.

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

    def __init__(self, path: str | os.PathLike[str], estimates: bool = False, blocks: bool = False) -> None:
        if estimates and blocks:
            raise ValueError("estimates and blocks must not both be true: estimates are drawn for all samples at once")
        kind, older, wrong = _KINDS["estimates" if estimates else "blocks" if blocks else "counts"]
        super().__init__(path, kind, older)
        self._wrong = WrongFile(self.path.with_name(wrong))

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files of rows and of wrong images, by the names that they have for the first writer."""
        return self.path, self._wrong.path

    def read(self) -> dict[str, Row]:
        """The rows by the id of their task, with their wrong images; a later row of the same task wins."""
        rows = super().read()
        kept = self._wrong.read()  # after the rows: another process adds the images of a row before the row
        return {name: _marked(row, kept) for name, row in rows.items()}

    def _extend(self, rows: Sequence[Row], writer: Writer) -> None:
        """Add the wrong images of rows, and then the rows themselves."""
        parts = {row.id: row.wrong for row in rows} | {FloatRun.of(row.task).id: row.float_wrong for row in rows}
        new = {name: (part.images, part.packed) for name, part in parts.items() if part is not None}
        self._prepare(writer.own(self.path))  # refuses a foreign file, before anything is written beside it
        if new:
            self._wrong.append(new, writer)
        super()._extend(rows, writer)


def _marked(row: Row, kept: Mapping[str, tuple[int, bytes]]) -> Row:
    """A row with its wrong images, if these are there and fit its counts."""

    def found(name: str, correct: int) -> WrongImages | None:
        images, packed = kept.get(name, (0, b""))
        part = WrongImages(row.task.samples, images, packed) if images else None
        return part if part and (part.images, part.count) == (row.images, row.images - correct) else None

    float_wrong = found(FloatRun.of(row.task).id, row.float_correct)
    return replace(row, wrong=found(row.id, row.correct), float_wrong=float_wrong)
