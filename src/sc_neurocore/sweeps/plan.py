"""The plan of a sweep: everything is checked, and what a folder has already is known, before anything runs."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from .. import checks
from ..backends import checked_backend
from ..datasets import Dataset
from ..encoders.seeds import STREAM_VERSION
from ..evaluation.blocks import BlockRow
from ..evaluation.journal import Journal
from ..evaluation.record import package_version
from ..evaluation.store import ResultStore
from ..evaluation.task import Task
from ..files import checked_path
from ..networks import Network
from .axes import Settings, shown_value
from .courses import Course
from .points import listed
from .stopping import StopWhen
from .subjects import named, pairs_of, subjects_of
from .tasks import task_of

BLOCK = 256
"""Samples of a block."""
BLOCKS_FILE = "blocks.csv"


class Plan:
    """The points of a sweep with all that they need; nothing is written before it is run.

    Parameters
    ----------
    points
        Settings of each point, see `grid`, `sample` and `listed`.
    models
        A `Network`, or several by name. Points that name no model are run with each.
    data
        A `Dataset`, or several by name, in the same way.
    stop
        When a point has run enough samples; None: all of them.
    calibration
        Samples to calibrate circuits on; None: the training part of the data, if there is one.
    block
        Samples of a block, at least 1: so often a row is kept, and `stop` is asked.
    backend
        What computes; the counts do not depend on it.
    out
        Folder of results; None: nothing is written.

    Raises
    ------
    ValueError, TypeError
        If a point, model, data set or option does not fit, or the folder holds something else.
    OSError
        If the folder cannot be written.
    """

    def __init__(
        self,
        points: Iterable[Settings],
        models: Any,
        data: Any,
        *,
        stop: StopWhen | None = None,
        calibration: ArrayLike | None = None,
        block: int = BLOCK,
        backend: str | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> None:
        if stop is not None:
            checks.instance("stop", stop, StopWhen)
        self.stop, self.block = stop, checks.whole("block", block, 1)
        self.backend = checked_backend(backend)
        self.out = None if out is None else checked_path("out", out)
        given = listed(points)
        by_name = named("models", models, Network), named("data", data, Dataset)
        self.subjects = subjects_of(given, *by_name, calibration)
        courses: dict[str, Course] = {}
        for point in given:
            for pair in pairs_of(point, *by_name):
                course = self._course(point, pair)
                courses.setdefault(course.task.id, course)
        self.courses = tuple(courses.values())
        """The points on their way, each once."""
        self._journal: Journal[Any] = Journal(self.out, _store)
        check_versions(self._journal.rows)
        for course in self.courses:
            course.take(self._journal.rows)
        self.reused = sum(not course.missing() for course in self.courses)
        """Points that the folder had already."""
        self._check_circuits()

    @property
    def journal(self) -> Journal[BlockRow]:
        """What the folder has, and keeps."""
        return self._journal

    def _course(self, point: Settings, pair: tuple[str, str]) -> Course:
        subject = self.subjects[pair]
        try:
            return Course(subject, task_of(point, subject.names), self.block, self.stop)
        except (ValueError, TypeError) as error:
            raise type(error)(f"point {_shown(point)}: {error}") from error

    def _check_circuits(self) -> None:
        """Build a circuit for each kind of points that are not run yet, so that errors come first."""
        built: set[tuple[str, Task]] = set()
        for course in self.courses:
            kind = course.subject.key, _kind_of(course.task)
            if kind in built or not course.missing():
                continue
            built.add(kind)
            try:
                course.subject.classification.circuit(replace(course.task, calibration=""), self.backend)
            except (ValueError, TypeError) as error:
                raise type(error)(f"point {course.task.label}: {error}") from error

    @property
    def pending(self) -> tuple[Course, ...]:
        """Points that have not ended, the longest first."""
        courses = [course for course in self.courses if course.missing()]
        return tuple(sorted(courses, key=cost_of, reverse=True))

    def facts(self) -> dict[str, Any]:
        """What the record says of the sweep."""
        return {
            "sweep": {
                "subjects": [subject.facts() for subject in self.subjects.values()],
                "stop": None if self.stop is None else asdict(self.stop),
                "block": self.block,
                "backend": self.backend,
            }
        }

    def ids(self) -> list[str]:
        """Ids of all blocks that the sweep may run."""
        return [name for course in self.courses for name in course.ids]

    def describe(self) -> str:
        """Numbers of points, tasks and blocks, in a line."""
        blocks = sum(len(course.blocks) for course in self.courses)
        missing = sum(len(course.missing()) for course in self.courses)
        calibrations = len({course.calibration for course in self.pending if course.calibration})
        return (
            f"{len(self.courses)} points, {blocks} blocks of at most {self.block} samples; to run: "
            f"{len(self.pending)} points, {missing} blocks, {calibrations} circuits to calibrate"
            + ("" if self.stop is None else ", at most")
        )


def _store(folder: Path) -> ResultStore:
    return ResultStore(folder / BLOCKS_FILE, blocks=True)


def check_versions(rows: Mapping[str, BlockRow]) -> None:
    """A ValueError if rows were made by another version of this package, whose bits may differ."""
    version = package_version()
    for row in rows.values():
        if (row.task.version, row.task.stream_version) != (version, STREAM_VERSION):
            raise ValueError(
                f"out must hold rows of this version, {version} with streams of version {STREAM_VERSION}, got some of "
                f"{row.task.version} with streams of version {row.task.stream_version}; take another folder"
            )


def _kind_of(task: Task) -> Task:
    """A task that tells whether circuits can be built: neither seeds nor rates decide that, but for being 0."""
    faults = task.fault_model
    rates = "" if faults is None else ",".join(name for name, value in vars(faults).items() if value)
    return replace(task, seed=0, repeat=0, calibration="", faults=rates)


def cost_of(course: Course) -> float:
    """Work of a point in gates times cycles and samples, by which points are put in order."""
    network, task = course.subject.classification.network, course.task
    length = task.length if isinstance(task.length, tuple) else (task.length,)
    gates = sum(layer.weights.size if hasattr(layer, "weights") else 1 for layer in network.layers)
    random = 8 if task.generator == "bernoulli" else 1
    return float(gates * random * (sum(length) / len(length) + 64) * sum(b - a for a, b in course.missing()))


def _shown(point: Settings) -> str:
    return ", ".join(f"{name} = {shown_value(value)}" for name, value in point.items()) or "without settings"
