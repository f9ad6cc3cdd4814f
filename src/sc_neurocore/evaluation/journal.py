"""What a folder keeps of runs: rows that are finished, and the record of the runs that made them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic

from ..files import check_writable, checked_path
from .record import Record, environment
from .rows import R
from .store import RowStore
from .writers import Writer

Keep = Callable[[Sequence[R]], None]
"""Keeps rows: they are on the disk when it returns."""


class Journal(Generic[R]):
    """The rows of a folder and its ``record.json``; nothing is written before `recording`.

    Several processes may write into a folder at once, see `Writer`.

    Parameters
    ----------
    out
        The folder; None: rows are kept in memory only.
    store
        Gives the file of rows in that folder.

    Raises
    ------
    ValueError
        If a file in `out` is not of this kind.
    OSError
        If `out` cannot be written.
    """

    def __init__(self, out: str | os.PathLike[str] | None, store: Callable[[Path], RowStore[R]]) -> None:
        self.rows: dict[str, R] = {}
        """The rows by the ids of their tasks, those that were there and those that have been kept."""
        self.written: tuple[Path, ...] = ()
        """The files that `recording` wrote, rows first."""
        self._files: tuple[RowStore[R], Record] | None = None
        if out is not None:
            folder = checked_path("out", out)
            check_writable(folder)
            rows = store(folder)
            self.rows = rows.read()
            self._files = rows, Record(folder / "record.json", rows.new_ids())

    @contextmanager
    def recording(self, tasks: Sequence[str], facts: dict[str, Any], pending: bool) -> Iterator[Keep[R]]:
        """Record a run when it begins, and again when it ends if it kept anything.

        Parameters
        ----------
        tasks
            Ids of all tasks of the run.
        facts
            What the record says of the run, beside versions, machine and tasks.
        pending
            Whether some have no row yet. If not, and the record knows the run, nothing is written.

        Yields
        ------
        callable
            Keeps finished rows.
        """
        run = {**environment(), **facts, "tasks": list(tasks), "computed": []}

        def remember(rows: Sequence[R]) -> None:
            self.rows.update((row.id, row) for row in rows)
            run["computed"] += [row.id for row in rows]

        if self._files is None or (not pending and self._files[1].knows(run["tasks"])):
            yield remember
            return
        store, record = self._files
        with Writer(record.path.parent) as writer:
            paths = (*store.paths, record.path) if pending else (record.path,)
            self.written = tuple(writer.own(path) for path in paths)
            write = record.add(run, writer)

            def keep(rows: Sequence[R]) -> None:
                store.extend(rows, writer)
                remember(rows)

            try:
                yield keep
            finally:
                if run["computed"]:
                    write()
