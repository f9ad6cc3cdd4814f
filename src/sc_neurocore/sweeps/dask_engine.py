"""Dask's workers as an engine: those of a scheduler at an address, or processes of this machine."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from .. import checks
from ..backends.threads import thread_count
from .engines import MOST_WORKERS, deaf, is_loss_of_dask

ANSWER_SECONDS = 5.0
"""A scheduler that has not answered for so long is not there."""
RETURN_SECONDS = 120.0
"""A scheduler that has gone away may be back within this time."""


class DaskEngine:
    """Runs jobs on the workers of a Dask scheduler, and goes on when workers, or the scheduler, are started again.

    Parameters
    ----------
    address
        Of the scheduler, such as ``"tcp://10.0.0.1:8786"``; ``"local"``: processes of this machine, one a core, which
        end with the engine.
    workers
        Number of those processes, at most 1,024; None: one a core.

    Raises
    ------
    ImportError
        If ``distributed`` is not installed.
    OSError
        If nothing answers at the address.
    ValueError, TypeError
        If it is no address.
    """

    here = False

    def __init__(self, address: str, workers: int | None = None) -> None:
        checks.instance("address", address, str)
        self._distributed = _library()
        self._cluster: Any = None
        self._client: Any = None
        self.threads: int | None = 1
        self._losses = 0
        if workers is not None:
            workers = checks.whole("workers", workers, 1, MOST_WORKERS)
            if address != "local":
                raise ValueError(f"workers must be None with a scheduler, which has its own, got {workers}")
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # this engine says itself what is lost
        if address == "local":
            options = {"threads_per_worker": 1, "silence_logs": logging.CRITICAL}
            page = "127.0.0.1:0"  # on any free port: a second cluster warns that the usual one is taken
            with deaf():
                self._cluster = self._distributed.LocalCluster(
                    n_workers=workers or thread_count(), dashboard_address=page, **options
                )
            address = self._cluster.scheduler_address
        self._address = address
        try:
            self._client = self._connected(ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise

    def _connected(self, seconds: float) -> Any:
        try:
            _knock(self._distributed, self._address)
            _within(seconds, lambda: asyncio.run(_ask(self._distributed, self._address, seconds)))
            return _within(
                seconds,
                lambda: self._distributed.Client(self._address, timeout=seconds, set_as_default=False),
            )
        except ValueError as error:
            raise ValueError(f"address must be one of a Dask scheduler, got {self._address!r}: {error}") from error
        except Exception as error:  # of many kinds, where another program answers
            raise OSError(f"no Dask scheduler answers at {self._address}") from error

    @property
    def slots(self) -> int:
        """Threads of the workers that are there now, at least one."""
        with suppress(Exception):
            threads: dict[str, int] = self._client.nthreads()
            return max(1, sum(threads.values()))
        return 1

    def submit(self, call: Any, *arguments: Any) -> "Future[Any]":
        """Hand a call to the scheduler; wait for one that is not there."""
        end = time.monotonic() + RETURN_SECONDS
        while True:
            try:
                return self._client.get_executor(pure=False).submit(call, *arguments)  # type: ignore[no-any-return]
            except Exception:
                if self._client.status == "running" or time.monotonic() > end:
                    raise
                self._again()

    def _again(self) -> None:
        """A new client, if the scheduler is back; else wait for a moment."""
        with suppress(Exception):
            self._client.close(timeout=1)
        try:
            self._client = self._connected(ANSWER_SECONDS)
        except OSError:
            time.sleep(0.5)

    def is_loss(self, error: BaseException) -> bool:
        """Whether workers or the scheduler have gone: the error is one of Dask, or a job was cancelled."""
        return is_loss_of_dask(error)

    def close(self) -> None:
        """Close the connection, and end the processes of this machine."""
        for opened in (self._client, self._cluster):
            if opened is not None:
                with suppress(Exception):
                    opened.close(timeout=5)


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """What a call gives, or a TimeoutError: a client waits for ever for a server that says nothing."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds + 1)


def _knock(distributed: Any, address: str) -> None:
    """Raise an OSError at once if nobody listens at an address of TCP: a client would try again and again."""
    if address.startswith(("tcp://", "tls://")) or "://" not in address:
        host, port = distributed.comm.get_address_host_port(address)
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()


async def _ask(distributed: Any, address: str, seconds: float) -> None:
    """Raise an error unless a scheduler answers: a client of anything else is in the way until the program ends."""
    options = distributed.Security().get_connection_args("client")
    comm = await distributed.comm.connect(address, timeout=seconds, **options)
    try:
        found = await distributed.core.send_recv(comm, op="identity")
    finally:
        comm.abort()
    if found["type"] != "Scheduler":
        raise OSError(f"{address} is the address of a {found['type']}")


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise ImportError("Dask needs distributed: pip install distributed (the extra dask)") from error
    return distributed
