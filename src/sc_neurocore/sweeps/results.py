"""Results of a sweep: counts of points, the rates that follow from them, and parts of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..evaluation.blocks import BlockRow
from ..evaluation.frames import data_frame, labelled_arrays, save_csv
from ..evaluation.intervals import wilson_interval
from ..evaluation.task import Task
from .axes import AXES, Settings, axis, shown_value
from .stopping import Reason
from .tasks import settings_of

if TYPE_CHECKING:
    from .courses import Course

VALUES = (
    "images", "correct", "float_correct", "agree", "elapsed_ns", "accuracy", "low", "high", "float_accuracy",
    "agreement",
)  # fmt: skip
"""Columns of numbers of a row, all but its settings."""


@dataclass(frozen=True)
class SweepRow:
    """A point of a sweep that has ended: its counts over the first samples in their fixed order.

    Parameters
    ----------
    model, data
        Names of the network and of the data.
    block
        Its samples as one block: counts, and which were wrong.
    stopped
        Why it has ended: ``"all"`` samples are run, as many ``"samples"`` as wanted, the ``"width"`` of its interval,
        or its accuracy is decided to be ``"above"`` or ``"below"`` the threshold. ``"unfinished"``: it goes on.
    """

    model: str
    data: str
    block: BlockRow
    stopped: Reason

    @classmethod
    def of(cls, course: "Course", block: BlockRow, stopped: Reason) -> Self:
        """That of a point."""
        return cls(course.subject.model, course.subject.data, block, stopped)

    @cached_property
    def task(self) -> Task:
        """The task on all samples."""
        return self.block.task.whole

    @cached_property
    def settings(self) -> Settings:
        """Values of all axes."""
        return {"model": self.model, "data": self.data, **settings_of(self.task)}

    @property
    def images(self) -> int:
        """Samples that were run."""
        return self.block.images

    @property
    def total(self) -> int:
        """All held-out samples."""
        return self.block.task.total

    @property
    def correct(self) -> int:
        """Right answers."""
        return self.block.correct

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.block.correct / self.block.images

    @property
    def float_accuracy(self) -> float:
        """Share of right answers of the float network on the same samples."""
        return self.block.float_correct / self.block.images

    @property
    def agreement(self) -> float:
        """Share of samples that get the class of the float network."""
        return self.block.agree / self.block.images

    @property
    def images_per_second(self) -> float:
        """Speed of the simulation on its worker."""
        return self.block.images * 1e9 / self.block.elapsed_ns

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson interval of the accuracy on new samples."""
        return wilson_interval(self.block.correct, self.block.images, confidence)

    def record(self) -> dict[str, Any]:
        """The row as values by name: settings, counts, rates and the interval."""
        low, high = self.interval()
        counts = {name: getattr(self.block, name) for name in ("images", "correct", "float_correct", "agree")}
        return {
            **self.settings,
            **counts,
            "total": self.total,
            "stopped": self.stopped,
            "elapsed_ns": self.block.elapsed_ns,
            "accuracy": self.accuracy,
            "low": low,
            "high": high,
            "float_accuracy": self.float_accuracy,
            "agreement": self.agreement,
        }


@dataclass(frozen=True)
class SweepResult:
    """The points of a sweep, in the order in which they were asked for.

    Parameters
    ----------
    rows
        One a point.
    reused
        Points that had been run before.
    written
        Files that the run wrote.
    """

    rows: tuple[SweepRow, ...]
    reused: int = 0
    written: tuple[Path, ...] = field(default=(), compare=False, repr=False)

    def __iter__(self) -> Iterator[SweepRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, **settings: Any) -> "SweepResult":
        """The points with these values.

        Parameters
        ----------
        settings
            A value by the name of an axis, or a list of values, one of which it must be.

        Raises
        ------
        ValueError, TypeError
            If there is no such axis or value.
        """
        wanted = {
            name: [axis(name).checked(value) for value in (given if isinstance(given, list | range | set) else [given])]
            for name, given in settings.items()
        }
        rows = (row for row in self.rows if all(row.settings[name] in wanted[name] for name in wanted))
        return SweepResult(tuple(rows), self.reused, self.written)

    def sorted(self) -> "SweepResult":
        """The points by falling accuracy, then by rising length."""
        rows = sorted(self.rows, key=lambda row: (-row.accuracy, _cycles(row)))
        return SweepResult(tuple(rows), self.reused, self.written)

    @property
    def best(self) -> SweepRow:
        """The first of `sorted`."""
        if not self.rows:
            raise ValueError("there must be a point to be the best, got none")
        return self.sorted().rows[0]

    def records(self) -> list[dict[str, Any]]:
        """The rows as values by name, see `SweepRow.record`."""
        return [row.record() for row in self.rows]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as a CSV file: settings, counts, rates and intervals."""
        save_csv(self.records(), path)

    def to_dataframe(self) -> Any:
        """The rows as a ``pandas.DataFrame`` with the columns of `SweepRow.record`."""
        return data_frame(self.records())

    def to_xarray(self) -> Any:
        """Counts and rates as an ``xarray.Dataset`` with an axis for each of `varied`, or for length."""
        return labelled_arrays(self.records(), self.varied or ("length",), VALUES)

    @property
    def varied(self) -> tuple[str, ...]:
        """Axes that have several values among the points, in the order of `AXES`."""
        return tuple(name for name in AXES if len({shown_value(row.settings[name]) for row in self.rows}) > 1)


def _cycles(row: SweepRow) -> float:
    length = row.task.length
    return sum(length) / len(length) if isinstance(length, tuple) else float(length)
