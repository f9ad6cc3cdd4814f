"""How long a sweep will take, from a few points that are timed."""

import time
from dataclasses import replace

import numpy as np

from ..backends.threads import set_threads, thread_count
from .courses import Course
from .engines import Engine
from .plan import Plan, cost_of

TIMED = 6
"""Points that are timed, spread from the longest to the shortest."""
SAMPLES = 64
"""Samples of each."""


def estimated_seconds(plan: Plan, engine: Engine) -> float:
    """Seconds that the points which have not been run will take on an engine, all samples of them.

    A few points are run on a few samples on this machine, as mapped; the time of the others is read off between these,
    by their work. Of circuits that are to be calibrated, the one in the middle is.

    Parameters
    ----------
    plan
        The sweep.
    engine
        Says how many jobs run at a time, and how many threads each has.
    """
    pending = plan.pending
    if not pending:
        return 0.0
    chosen = [pending[place] for place in np.unique(np.linspace(0, len(pending) - 1, TIMED).round().astype(int))]
    before = thread_count()
    set_threads(engine.threads or before)
    try:
        timed = sorted((cost_of(course), _seconds(course, plan.backend)) for course in chosen)
        calibrations = {course.calibration: course for course in pending if course.calibration}
        total = 0.0
        if calibrations:
            middle = list(calibrations.values())[len(calibrations) // 2]
            total = len(calibrations) * _seconds_of_calibration(middle, plan)
    finally:
        set_threads(before)
    costs, seconds = zip(*timed, strict=True)
    total += float(np.interp([cost_of(course) for course in pending], costs, seconds).sum())
    return total / engine.slots


def _seconds(course: Course, backend: str | None) -> float:
    """Seconds that the missing samples of a point take, with its circuit."""
    subject, task = course.subject.classification, replace(course.task, calibration="")
    start = time.perf_counter()
    circuit = subject.circuit(task, backend)
    built = time.perf_counter() - start
    samples = min(SAMPLES, course.subject.total)
    subject.measure_block(task, 0, samples, backend, circuit)  # compiles
    row = subject.measure_block(task, 0, samples, backend, circuit)
    return built + row.elapsed_ns / 1e9 / samples * sum(stop - begin for begin, stop in course.missing())


def _seconds_of_calibration(course: Course, plan: Plan) -> float:
    """Seconds that the calibration of a circuit takes."""
    networks = course.subject.calibrated(None, plan.backend)
    if networks is None:
        return 0.0
    start = time.perf_counter()
    networks.network(course.task)
    return time.perf_counter() - start
