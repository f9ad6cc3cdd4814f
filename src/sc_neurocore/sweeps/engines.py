"""Engines: what runs the jobs of a sweep, and goes on when a part of it is lost."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, Protocol, cast

from .. import checks
from ..backends.threads import thread_count
from .jobs import work

MOST_WORKERS = 1024
"""Bound of the processes of one machine: each takes about 100 MiB of memory."""
MOST_LOSSES = 100
"""Pools that are replaced before an engine gives up."""


class Engine(Protocol):
    """Interface of an engine."""

    @property
    def slots(self) -> int:
        """Jobs that run at the same time, about."""

    @property
    def threads(self) -> int | None:
        """Threads that the kernels of a worker use; None: as many as they have."""

    @property
    def here(self) -> bool:
        """Whether jobs run in this process, so that nothing has to be packed for them."""

    def submit(self, call: Any, *arguments: Any) -> "Future[Any]":
        """Run a call; its arguments and its answer can be pickled."""

    def is_loss(self, error: BaseException) -> bool:
        """Whether an error says that a worker, and not the job, has failed; the engine is ready for new jobs then."""

    def close(self) -> None:
        """Give back what the engine has opened; jobs that run are not waited for."""


class Serial:
    """Runs a job when it is handed over, in this thread; its kernels use all threads."""

    slots = 1
    threads: int | None = None
    here = True

    def submit(self, call: Any, *arguments: Any) -> "Future[Any]":
        """Run a call now."""
        future: Future[Any] = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def is_loss(self, error: BaseException) -> bool:
        """Never."""
        return False

    def close(self) -> None:
        """Nothing was opened."""


class Processes:
    """Processes of this machine, which share its cores; one that is killed is replaced, and its jobs are run again.

    Parameters
    ----------
    workers
        Number of processes; each has a part of the cores for the threads of its kernels.
    """

    here = False

    def __init__(self, workers: int) -> None:
        self.slots = workers
        self.threads: int | None = max(1, thread_count() // workers)
        self._losses = 0
        self._hand = ThreadPoolExecutor(1)
        """Hands jobs over: Ctrl-C, which comes to the main thread, is not to stop the start of a process half-way."""
        self._pool = self._opened()

    def _opened(self) -> ProcessPoolExecutor:
        # Not a fork of this process: one that has threads may hang. A server that has imported all forks them at once.
        kind = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(kind)
        if kind == "forkserver":
            from multiprocessing import forkserver

            context.set_forkserver_preload([work.__module__, "sc_neurocore.sweeps.warm"])
            with deaf():
                forkserver.ensure_running()
        return ProcessPoolExecutor(self.slots, context, initializer=_begin)

    def submit(self, call: Any, *arguments: Any) -> "Future[Any]":
        """Run a call in one of the processes."""
        try:
            return self._handed_over(call, *arguments)
        except BrokenExecutor:
            self._replace()
            return self._handed_over(call, *arguments)

    def _handed_over(self, call: Any, *arguments: Any) -> "Future[Any]":
        with _no_script():
            return self._hand.submit(self._pool.submit, call, *arguments).result()

    def is_loss(self, error: BaseException) -> bool:
        """Whether a process has ended while it had jobs."""
        if not isinstance(error, BrokenExecutor | CancelledError):
            return False
        self._losses += 1
        return self._losses <= MOST_LOSSES * self.slots

    def _replace(self) -> None:
        with suppress(OSError):  # a pipe of a process that was killed
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._opened()

    def close(self) -> None:
        """End the processes, each behind the job that it runs."""
        self._hand.shutdown(wait=True, cancel_futures=True)
        with suppress(OSError):
            self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_script() -> Iterator[None]:
    """Processes that are started inside do not import the script that is running, as `multiprocessing` has it.

    They need nothing of it, its imports may take seconds, and one without ``if __name__ == "__main__":`` would start
    processes of its own in each.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextmanager
def deaf() -> Iterator[None]:
    """Programs and threads that are started inside do not hear Ctrl-C, which is for this program to answer.

    Programs that are starting would print a traceback of it: their imports take seconds.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # first: it ends by letting Ctrl-C through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # who is started has the same mask
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Leave Ctrl-C to the parent, and end with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Given:
    """An executor of the caller, such as a pool of threads, processes or MPI ranks, or that of a Dask client.

    Parameters
    ----------
    executor
        Runs the jobs; it stays open.
    slots
        Jobs that it runs at the same time.
    """

    threads: int | None = None
    here = False

    def __init__(self, executor: Executor, slots: int | None = None) -> None:
        self._executor = executor
        self.slots = slots or thread_count()

    def submit(self, call: Any, *arguments: Any) -> "Future[Any]":
        """Hand a call over."""
        return self._executor.submit(call, *arguments)

    def is_loss(self, error: BaseException) -> bool:
        """Whether workers of Dask have gone, or a job was cancelled; a broken pool stays broken."""
        return is_loss_of_dask(error)

    def close(self) -> None:
        """Nothing was opened."""


def is_loss_of_dask(error: BaseException) -> bool:
    """Whether workers or the scheduler of Dask have gone: the error is one of its own, or a job was cancelled."""
    return isinstance(error, CancelledError) or type(error).__module__.startswith("distributed")


def engine_of(executor: "Executor | Engine | None", workers: int | None) -> Engine:
    """The engine for what a caller has given: an engine, an executor, or a number of processes on this machine.

    Parameters
    ----------
    executor
        An engine or an executor; None: processes.
    workers
        Number of processes, at most 1,024; 1: this thread; None: a process a core.

    Raises
    ------
    ValueError, TypeError
        If both are given, or an argument is none of these.
    """
    if workers is not None:
        workers = checks.whole("workers", workers, 1, MOST_WORKERS)
        if executor is not None:
            raise ValueError(f"workers must be None with an executor, which has its own, got {workers}")
    if executor is None:
        count = workers or thread_count()
        return Serial() if count == 1 else Processes(count)
    if hasattr(executor, "is_loss"):
        return cast(Engine, executor)
    if not hasattr(executor, "submit"):
        raise TypeError(f"executor must have submit, as those of concurrent.futures, got {checks.shown(executor)}")
    return Given(executor)
