"""Run the points of a sweep on an engine, and keep every block as it comes."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike

from ..evaluation.blocks import BlockRow
from ..evaluation.calibrated import CalibratedNetworks
from ..evaluation.journal import Keep
from ..networks import Network
from .axes import Settings
from .courses import Block, Course
from .engines import Engine, engine_of
from .jobs import BlocksJob, CalibrateJob, Job, Missing, Parcel, forget, work
from .plan import BLOCK, Plan
from .results import SweepResult, SweepRow
from .stopping import StopWhen

SECONDS = 0.5
"""About how long a job runs: rows come back so often."""
GRACE_SECONDS = 10.0
"""How long jobs that run are waited for when a sweep is left."""
MOST_TRIES = 20
"""How often a job is run again when its workers are lost."""
Progress = Callable[[int, int, "SweepRow | None"], None]
"""Called as ``progress(done, points, row)`` when a point has ended, and with None when a block has."""


@dataclass
class Flight:
    """A job under way, for a part of a point."""

    course: Course
    job: Job[Any]
    tries: int = 1


class Run:
    """Jobs of a plan on an engine.

    Parameters
    ----------
    plan
        What to run.
    engine
        What runs the jobs.
    keep
        Keeps finished rows.
    """

    def __init__(self, plan: Plan, engine: Engine, keep: Keep[BlockRow]) -> None:
        self._plan, self._engine, self._keep = plan, engine, keep
        self._things: dict[str, Any] = {}
        self._parcels: dict[str, Parcel] = {}
        self._networks: dict[int, CalibratedNetworks | None] = {}
        for subject in plan.subjects.values():
            self._things.update(subject.things())
            self._networks[id(subject)] = subject.calibrated(plan.out, plan.backend)
        self._flights: dict[Future[Any], Flight] = {}
        self._waiting: dict[str, list[Course]] = {}
        """Points that wait for a calibrated network."""
        self._calibrations: deque[tuple[Course, Job[Any]]] = deque()
        """Jobs that others wait for: they go first, the longest before all."""
        self._queue: deque[tuple[Course, Job[Any]]] = deque()
        self._unsaved: list[BlockRow] = []
        self._ended: list[SweepRow | None] = []
        self._next_save = 0.0
        pending = plan.pending
        self._most = _window(engine.slots)
        self._pieces = max(1, 2 * engine.slots // max(1, len(pending)))
        for course in pending:
            self._prepare(course)

    def rows(self) -> Iterator[SweepRow | None]:
        """Rows of points as these end, once they are kept; None where only blocks have."""
        while self._next or self._flights:
            while self._next and len(self._flights) < self._most:
                self._send(Flight(*self._next.popleft()))
            done, _ = wait(self._flights, return_when=FIRST_COMPLETED)
            for future in done:
                self._landed(self._flights.pop(future), future)
            if not (self._next or self._flights) or time.monotonic() >= self._next_save:
                yield from self._saved()

    @property
    def _next(self) -> deque[tuple[Course, Job[Any]]]:
        """The queue whose jobs go next; empty if there are none at all."""
        return self._calibrations or self._queue

    def close(self) -> None:
        """Cancel what has not begun, and keep what has been finished meanwhile."""
        for future in self._flights:
            future.cancel()
        wait([future for future in self._flights if not future.cancelled()], GRACE_SECONDS)
        for future in self._flights:
            if future.done() and not future.cancelled() and not future.exception():
                answer = future.result()
                self._unsaved += answer if isinstance(answer, list) else []
        self._flights.clear()
        self._saved()
        forget(self._things)

    def _saved(self) -> list[SweepRow | None]:
        """Keep what has come since the last time, in one go: a disk takes some milliseconds, however little it is."""
        if self._unsaved:
            self._keep(self._unsaved)
            self._unsaved = []  # not before: an interrupt meanwhile leaves them for `close`
        ended, self._ended = self._ended, []
        self._most = _window(self._engine.slots)  # workers come and go
        self._next_save = time.monotonic() + SECONDS
        return [*ended] or [None]

    def _landed(self, flight: Flight, future: "Future[Any]") -> None:
        """What has come of a job: it is sent again, or followed by others, or its point has ended."""
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or error is not None:
            lost = error if error is not None else _cancelled(future)
            if not self._engine.is_loss(lost) or flight.tries >= MOST_TRIES:
                if isinstance(lost, BrokenExecutor):
                    raise OSError(
                        f"processes of the sweep were ended, {flight.tries} times with the same job; perhaps there is "
                        f"too little memory for {self._engine.slots} of them (workers)"
                    ) from lost
                raise lost
            flight.tries += 1
            self._send(flight)
            return
        answer = future.result()
        if isinstance(answer, Missing):
            self._send(flight, answer.keys)
        elif isinstance(answer, Network):
            self._calibrated(flight.course, answer)
        else:
            self._advanced(flight, answer)

    def _send(self, flight: Flight, keys: Iterable[str] = ()) -> None:
        job, engine = flight.job, self._engine
        if engine.here:
            future = engine.submit(job.run, *(self._things[key] for key in job.needs))
        else:
            future = engine.submit(work, job, engine.threads, tuple(map(self._parcel, keys)))
        self._flights[future] = flight

    def _parcel(self, key: str) -> Parcel:
        if key not in self._parcels:
            self._parcels[key] = Parcel.of(key, self._things[key])
        return self._parcels[key]

    def _advanced(self, flight: Flight, rows: list[BlockRow]) -> None:
        course, job = flight.course, flight.job
        self._unsaved += rows
        for row in rows:
            course.add(row)
        if outcome := course.outcome():
            self._ended.append(SweepRow.of(course, *outcome))
            return
        assert isinstance(job, BlocksJob)
        rest = course.missing() if course.one_by_one else job.blocks[len(rows) :]
        if rest:
            self._queue.appendleft((course, self._job(course, rest)))

    def _prepare(self, course: Course) -> None:
        """Queue the jobs of a point, or have its network calibrated first."""
        key = course.calibration
        if key and key not in self._things:
            waiting = self._waiting.setdefault(key, [])
            waiting.append(course)
            if len(waiting) == 1:
                networks = self._networks[id(course.subject)]
                found = None if networks is None else networks.kept(course.task)
                if found is not None:
                    self._enter(key, found)
                else:
                    names = course.subject.names
                    job = CalibrateJob(course.subject.key, names.samples, course.task, self._plan.backend)
                    self._calibrations.append((course, job))
            return
        blocks = course.missing()
        pieces = 1 if course.one_by_one else min(self._pieces, len(blocks))
        for piece in range(pieces):
            part = blocks[len(blocks) * piece // pieces : len(blocks) * (piece + 1) // pieces]
            self._queue.append((course, self._job(course, part)))

    def _calibrated(self, course: Course, network: Network) -> None:
        """Keep a network that was calibrated, and queue the points that have waited for it."""
        networks = self._networks[id(course.subject)]
        assert networks is not None
        assert course.calibration is not None
        networks.keep(course.task, network)
        self._enter(course.calibration, network)

    def _enter(self, key: str, network: Network) -> None:
        self._things[key] = network
        for course in self._waiting.pop(key):
            self._prepare(course)

    def _job(self, course: Course, blocks: tuple[Block, ...]) -> BlocksJob:
        rule, correct = (self._plan.stop, course.correct) if course.one_by_one else (None, 0)
        key = course.subject.key
        return BlocksJob(key, course.calibration, course.task, blocks, rule, correct, self._plan.backend, SECONDS)


def _window(slots: int) -> int:
    """Jobs that are handed over at a time: each worker has one and the next, which is short if it is this thread."""
    return 1 if slots == 1 else 2 * slots


def _cancelled(future: "Future[Any]") -> BaseException:
    try:
        future.result()
    except BaseException as error:
        return error
    raise AssertionError("a cancelled future has no result")


def iter_collect(
    points: Iterable[Settings],
    models: Any,
    data: Any,
    *,
    stop: StopWhen | None = None,
    calibration: ArrayLike | None = None,
    block: int = BLOCK,
    backend: str | None = None,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | Engine | None = None,
    workers: int | None = None,
) -> Iterator[SweepRow]:
    """Run the points of a sweep; rows come as points end, in any order.

    All is checked when it is called; it runs when the first row is asked for. Leaving the loop cancels what has not
    begun.

    Parameters
    ----------
    points, models, data, stop, calibration, block, backend, out, executor, workers
        As for `collect`.

    Returns
    -------
    iterator
        A `SweepRow` a point, those that the folder has first.

    Raises
    ------
    ValueError, TypeError, OSError
        As `collect`.

    Examples
    --------
    >>> from sc_neurocore import Network, sweeps
    >>> from sc_neurocore.datasets import Dataset
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> data = Dataset.held_out("four points", [[0.9, 0.1], [0.2, 0.7], [0.6, 0.5], [0.1, 0.3]], [0, 1, 0, 1])
    >>> for row in sweeps.iter_collect(sweeps.grid(length=[4, 64]), network, data, workers=1):
    ...     print(row.settings["length"], row.accuracy)
    64 1.0
    4 1.0
    """
    engine = engine_of(executor, workers)  # first: the server of its processes imports while the plan is made
    plan = Plan(points, models, data, stop=stop, calibration=calibration, block=block, backend=backend, out=out)
    return (row for row in run_plan(plan, engine, executor is None) if row is not None)


def run_plan(plan: Plan, engine: Engine, close: bool) -> Iterator[SweepRow | None]:
    """Rows of the points of a plan, those that are there first; None where blocks have ended and no point has.

    Parameters
    ----------
    plan
        What to run.
    engine
        What runs it.
    close
        Whether the engine is closed at the end.
    """
    try:
        for course in plan.courses:
            if outcome := course.outcome():
                yield SweepRow.of(course, *outcome)
        pending = bool(plan.pending)
        with plan.journal.recording(plan.ids(), plan.facts(), pending) as keep:
            if pending:
                run = Run(plan, engine, keep)
                try:
                    yield from run.rows()
                finally:
                    run.close()
    finally:
        if close:
            engine.close()


def collect(
    points: Iterable[Settings],
    models: Any,
    data: Any,
    *,
    stop: StopWhen | None = None,
    calibration: ArrayLike | None = None,
    block: int = BLOCK,
    backend: str | None = None,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | Engine | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Run many circuits, of many options, networks and data sets, and count their right answers.

    Parameters
    ----------
    points
        What to run: settings of each point, see `grid` (all combinations), `sample` (a random part of them) and
        `listed`. Options that a point does not set have their defaults, see `AXES`.
    models
        A `Network`, or several by name; a point that names none is run with each.
    data
        A `Dataset`, or several by name, in the same way.
    stop
        When a point has run enough samples, see `StopWhen`; None: when it has run all. Samples come in a fixed shuffled
        order, see `evaluation.sample_order`.
    calibration
        Samples to calibrate circuits on; None: the training part of the data, if there is one, see `evaluate`.
    block
        Samples of a block, at least 1: so often a row is kept, and `stop` is asked.
    backend
        What computes; the counts do not depend on it.
    out
        Folder for ``blocks.csv`` (a row of integer counts a block), ``blocks-wrong.bits`` (which samples were wrong),
        ``record.json`` and ``calibrated`` (networks). Blocks that are there are not run again; several processes may
        write there at once. None: nothing is written.
    executor
        Runs the jobs, see ``concurrent.futures``; a `DaskEngine`, or ``Client(..).get_executor()`` of Dask. It stays
        open. None: processes of this machine. Rows do not depend on it, but for their times.
    workers
        Number of these processes, at most 1,024; None: one a core, which share the cores' threads; 1: this thread, and
        no process. The processes do not import the script that is running.
    progress
        Called as ``progress(done, points, row)`` when a point has ended, and with None for a row when some of its
        blocks have.

    Returns
    -------
    SweepResult
        A row a point, in the order of `points`.

    Raises
    ------
    ValueError, TypeError
        If something does not fit; nothing has been run or written then.
    OSError
        If `out` cannot be written.

    Examples
    --------
    >>> from sc_neurocore import Network, sweeps
    >>> from sc_neurocore.datasets import Dataset
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> data = Dataset.held_out("four points", [[0.9, 0.1], [0.2, 0.7], [0.6, 0.5], [0.1, 0.3]], [0, 1, 0, 1])
    >>> points = sweeps.grid(generator=["sobol", "lfsr"], length=[1, 64])
    >>> result = sweeps.collect(points, network, data, workers=1)
    >>> [row.correct for row in result.rows], [row.accuracy for row in result.where(length=64).rows]
    ([3, 4, 3, 4], [1.0, 1.0])
    """
    engine = engine_of(executor, workers)  # first: the server of its processes imports while the plan is made
    plan = Plan(points, models, data, stop=stop, calibration=calibration, block=block, backend=backend, out=out)
    return collected(plan, engine, progress, executor is None)


def collected(plan: Plan, engine: Engine, progress: Progress | None = None, close: bool = False) -> SweepResult:
    """The result of a plan that is run to its end; arguments as of `run_plan`."""
    found: dict[str, SweepRow] = {}
    rows = run_plan(plan, engine, close)
    try:
        for row in rows:
            if row is not None:
                found[row.task.id] = row
            if progress is not None:
                progress(len(found), len(plan.courses), row)
    finally:
        rows.close()  # type: ignore[attr-defined]
    return SweepResult(tuple(found[course.task.id] for course in plan.courses), plan.reused, plan.journal.written)
