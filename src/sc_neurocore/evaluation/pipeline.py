"""Run many tasks, and keep the result of each in a file: the pipeline of all studies of this package.

::

    tasks --> Plan --> run(executor) --> rows --> report
               ^                          |
               +---- results.csv <--------+
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path
from typing import Any, Generic, TypeVar

from .journal import Journal
from .rows import R, Task
from .store import RowStore

MOST_REPEATS = 10**4
"""Bound of repeats: a plan keeps about 1 KiB for each of its runs."""
T = TypeVar("T", bound=Task)
Progress = Callable[[int, int, Any], None]
"""Called as ``progress(done, total, task)``; the task is None at the end."""


class Plan(Generic[T, R]):
    """Tasks to run, and the results that a folder already has; nothing is written before `run`.

    Parameters
    ----------
    tasks
        The tasks whose results are wanted, each once.
    out
        Folder for the rows and ``record.json``; None: nothing is written. Several processes may write into it at
        once, see `Writer`.
    store
        Gives the file of rows in that folder.

    Raises
    ------
    ValueError
        If a file in `out` is not of this kind.
    OSError
        If `out` cannot be written.
    """

    def __init__(
        self,
        tasks: Sequence[T],
        out: str | os.PathLike[str] | None,
        store: Callable[[Path], RowStore[R]],
    ) -> None:
        self.tasks = tuple(tasks)
        self._journal = Journal(out, store)
        self.pending = tuple(task for task in self.tasks if task.id not in self._journal.rows)
        """Tasks without a row."""

    @property
    def written(self) -> tuple[Path, ...]:
        """The files that `run` wrote, rows first."""
        return self._journal.written

    def reused(self, tasks: Sequence[T]) -> int:
        """Number of these tasks whose result was in the folder before the run."""
        pending = {task.id for task in self.pending}
        return sum(task.id not in pending for task in tasks)

    def run(
        self,
        job: Callable[[T], Callable[[], R]],
        facts: dict[str, Any],
        executor: Executor | None = None,
        progress: Progress | None = None,
        work: Callable[[T], float] | None = None,
    ) -> dict[str, R]:
        """Run the pending tasks; each result is kept at once, also if the run is interrupted later.

        Parameters
        ----------
        job
            The work of a task: a call that gives its row. Asked for when the task is started or handed over.
        facts
            What the record says of this run, beside versions, machine and tasks.
        executor
            Runs the jobs, see ``concurrent.futures``; None: this thread, one job after the other. The rows do
            not depend on it, but for the time that they took. An interrupt, or an error of a job, cancels what has
            not started and keeps what is finished.
        progress
            With an executor called after every task, else before; and at the end.
        work
            How long a task takes, in any unit: an executor gets the longest first, so that none is left with one
            at the end.

        Returns
        -------
        dict
            The rows of all tasks by their ids.
        """
        tell = progress or (lambda done, total, task: None)
        ids = [task.id for task in self.tasks]
        with self._journal.recording(ids, facts, bool(self.pending)) as keep_all:

            def keep(row: R) -> None:
                keep_all([row])

            if executor is None:
                self._in_turn(job, tell, keep)
            else:
                self._as_completed(job, tell, keep, executor, work)
        tell(len(self.tasks), len(self.tasks), None)
        return {name: self._journal.rows[name] for name in ids}

    def _in_turn(self, job: Callable[[T], Callable[[], R]], tell: Progress, keep: Callable[[R], None]) -> None:
        for done, task in enumerate(self.pending, start=len(self.tasks) - len(self.pending)):
            tell(done, len(self.tasks), task)
            keep(job(task)())

    def _as_completed(
        self,
        job: Callable[[T], Callable[[], R]],
        tell: Progress,
        keep: Callable[[R], None],
        executor: Executor,
        work: Callable[[T], float] | None,
    ) -> None:
        tasks = self.pending if work is None else sorted(self.pending, key=work, reverse=True)
        futures = [executor.submit(job(task)) for task in tasks]
        try:
            for done, future in enumerate(as_completed(futures), start=1 + len(self.tasks) - len(futures)):
                row = future.result()
                keep(row)
                tell(done, len(self.tasks), row.task)
        finally:
            for future in futures:
                future.cancel()
            for future in futures:
                if future.done() and not future.cancelled() and not future.exception():
                    row = future.result()
                    if row.id not in self._journal.rows:
                        keep(row)
