"""Interleaved timing: every round runs each case once, so that noise of a shared host hits all alike."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter_ns
from typing import Any

from sc_neurocore.backends.threads import MIN_WORK, over_rows, set_threads, thread_count

SLICE_NS = 30_000_000
"""A case is called as often as fits this time; a sample is the mean of these calls."""
BUDGET_NS = 2_000_000_000
"""A case that has used this much time takes no part in further rounds."""
SLOW_NS = 1_000_000_000
"""A first call that takes longer counts as a sample: it is not repeated to warm up. It may have compiled a kernel, so
the case takes part in a round all the same."""


@dataclass
class Case:
    """Something to time.

    Parameters
    ----------
    name
        Key within its group.
    timed
        Calls the work a given number of times and returns nanoseconds.
    work
        What one call does, in `unit`.
    unit
        ``"bit"``, ``"image"`` or ``"head"``.
    threads
        Threads the kernels of this package may use; None for every core.
    """

    name: str
    timed: Callable[[int], int]
    work: float
    unit: str
    threads: int | None = None
    samples: list[float] = field(default_factory=list)
    """Nanoseconds a call."""
    calls: int = 1

    @property
    def best(self) -> float:
        """Seconds a call, the fastest sample."""
        return min(self.samples) * 1e-9

    @property
    def middle(self) -> float:
        """Seconds a call, the median sample."""
        return median(self.samples) * 1e-9

    @property
    def rate(self) -> float:
        """Work a second at the fastest sample."""
        return self.work / self.best


def repeated(run: Callable[[], Any]) -> Callable[[int], int]:
    """`Case.timed` of a function without arguments."""

    def timed(calls: int) -> int:
        start = perf_counter_ns()
        for _ in range(calls):
            run()
        return perf_counter_ns() - start

    return timed


def _use_threads(case: Case) -> None:
    """Limit the kernels to the case's threads; the pool starts its threads before anything is timed."""
    set_threads(case.threads)
    over_rows(lambda start, stop: None, (), 4 * thread_count(), MIN_WORK)


def _sample(case: Case) -> int:
    """Time `case.calls` calls, note the sample, return the nanoseconds of all calls."""
    took = case.timed(case.calls)
    case.samples.append(took / case.calls)
    return took


def interleave(cases: Iterable[Case], rounds: int) -> dict[str, Case]:
    """Time the cases in turn, `rounds` times; a slow one takes part in fewer rounds, but in one at least.

    Within a round, cases on one thread come before those on all, so that a pool of threads lives long
    enough for the scheduler to spread it.
    """
    chosen = {case.name: case for case in cases}
    order = sorted(chosen.values(), key=lambda case: case.threads is None)
    spent = dict.fromkeys(chosen, 0)
    try:
        for case in order:
            _use_threads(case)
            once = _sample(case)
            if once > SLOW_NS:
                continue
            once = min(once, _sample(case))
            case.samples.clear()
            case.calls = max(1, math.floor(SLICE_NS / max(once, 1)))
        for _ in range(rounds):
            threads: int | None = -1
            for case in order:
                if spent[case.name] >= BUDGET_NS:
                    continue
                if case.threads != threads:
                    _use_threads(case)
                    if case.calls > 1:
                        case.timed(case.calls)
                    threads = case.threads
                took = _sample(case)
                spent[case.name] += took
                if took < SLICE_NS // 2:  # the first call said little, such as one that has compiled
                    case.calls = max(case.calls, math.floor(case.calls * SLICE_NS / took))
    finally:
        set_threads(None)
    return chosen
