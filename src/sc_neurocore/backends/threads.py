"""Row ranges of a kernel that releases the GIL, run on a few threads.

Numba's own `prange` is not used: its portable threading layer may not be entered from two Python
threads at once, and a parallel kernel takes several times as long to compile.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks

MIN_WORK = 200_000
"""Below this many word operations a second thread costs more than it saves."""

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_threads = 0


def _available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count() -> int:
    """Threads the kernels use: every core of the process, unless `set_threads` said otherwise."""
    return _threads or _available()


def set_threads(count: int | None) -> None:
    """Limit the kernels to `count` threads; None goes back to every core of the process."""
    global _pool, _threads
    wanted = 0 if count is None else checks.whole("count", count, 1)
    with _lock:
        if _pool is not None:
            _pool.shutdown(wait=True)
        _pool, _threads = None, wanted


def _executor() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(thread_count(), thread_name_prefix="sc-neurocore")
        return _pool


def _forget_pool() -> None:
    global _lock, _pool
    _lock, _pool = threading.Lock(), None


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_forget_pool)


def over_rows(kernel: Callable[..., object], args: tuple[Any, ...], rows: int, work: int, align: int = 1) -> None:
    """Call ``kernel(*args, start, stop)`` on consecutive ranges that cover ``range(rows)``.

    `work` is the whole job in word operations; range borders are multiples of `align`. Small work runs here and
    now, on the thread of the caller. Larger work is shared with the pool: whoever is free takes the next range, so
    that the caller never waits for a thread that is busy or cannot be had.
    """
    if work < MIN_WORK or rows <= align:
        kernel(*args, 0, rows)
        return
    threads = thread_count()
    if threads == 1:
        kernel(*args, 0, rows)
        return
    step = -(-rows // threads)
    step += -step % align
    starts = list(range(0, rows, step))

    def drain() -> None:
        while True:
            try:
                start = starts.pop()
            except IndexError:
                return
            kernel(*args, start, min(start + step, rows))

    helpers = [helper for _ in starts[1:] if (helper := _submitted(drain))]
    try:
        drain()
    finally:
        for helper in helpers:  # one that has not begun finds nothing left to do
            if not helper.cancel():
                helper.result()


def spread_within(items: int, work: int) -> bool:
    """Whether to spread the work of each item over threads, instead of the items.

    There are fewer of them than threads, and each is so much `work`, in word operations, that the threads save more
    than it takes to call them.
    """
    return items < thread_count() and work >= 2 * MIN_WORK


def summed_over(
    kernel: Callable[..., object], args: tuple[Any, ...], rows: int, work: int, total: NDArray[Any]
) -> NDArray[Any]:
    """`total`, integers, with all added that ``kernel(*args, total, start, stop)`` adds for ranges of ``range(rows)``.

    Every range has an array of its own, so the threads do not meet; sums of integers do not depend on their order.
    """
    parts: list[NDArray[Any]] = []

    def some(start: int, stop: int) -> None:
        own = np.zeros_like(total)
        kernel(*args, own, start, stop)
        parts.append(own)

    over_rows(some, (), rows, work)
    for part in parts:
        total += part
    return total


def _submitted(work: Callable[[], None]) -> Future[None] | None:
    """`work` on a thread of the pool; None if there is no thread to be had.

    The interpreter may be shutting down, the system may refuse another thread, or `set_threads` may have closed the
    pool since: the caller does the work then.
    """
    try:
        return _executor().submit(work)
    except RuntimeError:
        return None
