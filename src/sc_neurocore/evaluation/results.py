"""The outcome of an evaluation: counts, and the rates that follow from them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .frames import data_frame, labelled_arrays, save_csv
from .intervals import wilson_interval
from .pairing import PairedDifference, WrongImages, paired
from .rows import Length, text_of
from .task import EstimateTask, Row

ESTIMATE = "an estimate: sums are drawn from a normal law, no streams were run for them"
"""What reports say of estimates."""
SUBSET = "accuracy of a multilabel network: a sample is right when all its labels are right (subset accuracy)"
"""What reports say of networks that give a sample any number of labels."""
_COUNTS = ("correct", "float_correct", "agree", "elapsed_ns")
VALUES = ("images", "repeats", *_COUNTS, "accuracy", "agreement", "low", "high")
"""Columns of numbers of a point."""


@dataclass(frozen=True)
class Point:
    """One generator at one stream length: the rows of all repeats added up.

    Parameters
    ----------
    generator, length
        Options of the circuit; the length is a tuple where each layer has its own.
    images
        Different samples; every one is in each of the `repeats`.
    repeats
        Runs with other seeds.
    correct, float_correct, agree, elapsed_ns
        Sums over the repeats, as in `Row`.
    wrong, float_wrong
        Wrong samples of each repeat, of the circuit and of the float network; none unless all rows have them. Two
        points over the same samples are compared by ``paired(one.wrong, other.wrong)``.
    """

    generator: str
    length: Length
    images: int
    repeats: int
    correct: int
    float_correct: int
    agree: int
    elapsed_ns: int
    wrong: tuple[WrongImages, ...] = field(default=(), repr=False)
    float_wrong: tuple[WrongImages, ...] = field(default=(), repr=False)

    @property
    def cycles(self) -> float:
        """Stream length, or the mean of the layers' lengths, by which points are sorted."""
        return sum(self.length) / len(self.length) if isinstance(self.length, tuple) else float(self.length)

    @property
    def accuracy(self) -> float:
        """Share of right answers, the mean of the repeats."""
        return self.correct / (self.images * self.repeats)

    @property
    def agreement(self) -> float:
        """Share of samples that get the class of the float network, the mean of the repeats."""
        return self.agree / (self.images * self.repeats)

    @property
    def images_per_second(self) -> float:
        """Speed of the simulation, without compilation."""
        return self.images * self.repeats * 1e9 / self.elapsed_ns

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson interval of the accuracy over *images*: a repeat of an image is no new image."""
        return wilson_interval(self.correct / self.repeats, self.images, confidence)

    def below_float(self, confidence: float = 0.95) -> PairedDifference | None:
        """How far the accuracy is below that of the float network on the same samples, the mean of the repeats.

        The interval is that of `paired`. None where the wrong samples were not kept.
        """
        return paired(self.wrong, self.float_wrong, confidence) if self.wrong else None

    def below_float_texts(self) -> tuple[str, str]:
        """`below_float` and its interval in percentage points, as text: empty where it is not known."""
        found = self.below_float()
        if found is None:
            return "", ""
        difference, low, high = (f"{round(100 * share, 2) + 0.0:.2f}" for share in found)  # never -0.00
        return difference, f"{low} .. {high}"

    def record(self) -> dict[str, Any]:
        """The point as values by name: generator, length, counts, rates, and the 95 % interval."""
        low, high = self.interval()
        rates = {name: getattr(self, name) for name in ("accuracy", "agreement")}
        counts = {name: getattr(self, name) for name in ("images", "repeats", *_COUNTS)}
        names = {"generator": self.generator, "length": self.length}
        return {**names, **counts, **rates, "low": low, "high": high}

    @property
    def near_float(self) -> bool:
        """Whether the accuracy is at most one percentage point below that of the float network."""
        return 100 * (self.float_correct - self.correct) <= self.images * self.repeats


@dataclass(frozen=True)
class Evaluation:
    """Result of `evaluate`: counts of right answers by generator and stream length.

    Parameters
    ----------
    rows
        One a task: by generator, length, repeat.
    data
        Name of the data set.
    images, float_correct
        Held-out samples, and how many of them the float network gets right.
    reused
        Number of rows that were read from the folder instead of run.
    written
        The files that were written, that of the rows first, and the folder of calibrated networks; none where nothing
        was run or kept.
    uncalibrated
        The same circuits as mapped, without those in fixed point; None where the rows are not of calibrated circuits,
        or the others were not run.
    note
        A sentence on what the circuits were calibrated on, or why they were not; empty where it was not asked for.
    multilabel
        Whether the network gives a sample any number of labels: an answer is right when all its labels are right, and
        agrees with the float network when all of them do.
    """

    rows: tuple[Row, ...]
    data: str
    images: int
    float_correct: int
    reused: int = 0
    written: tuple[Path, ...] = field(default=(), compare=False, repr=False)
    uncalibrated: "Evaluation | None" = None
    note: str = ""
    multilabel: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "written", tuple(self.written))

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The rows with their repeats added up, by generator, then by length."""
        groups: dict[tuple[str, Length], list[Row]] = {}
        for row in self.rows:
            groups.setdefault((row.task.generator, row.task.length), []).append(row)
        order = {name: place for place, name in enumerate(self.generators)}
        points = (
            Point(
                generator,
                length,
                self.images,
                len(rows),
                sum(row.correct for row in rows),
                sum(row.float_correct for row in rows),
                sum(row.agree for row in rows),
                sum(row.elapsed_ns for row in rows),
                *_wrong_of(rows),
            )
            for (generator, length), rows in groups.items()
        )
        return tuple(sorted(points, key=lambda point: (order[point.generator], point.cycles)))

    @cached_property
    def generators(self) -> tuple[str, ...]:
        """Names of the generators, in the order of the rows."""
        return tuple(dict.fromkeys(row.task.generator for row in self.rows))

    @property
    def estimate(self) -> bool:
        """Whether the counts are drawn from a law in place of streams."""
        return any(isinstance(row.task, EstimateTask) for row in self.rows)

    @property
    def float_accuracy(self) -> float:
        """Share of right answers of the float network."""
        return self.float_correct / self.images

    def where(
        self, generator: str | Sequence[str] | None = None, length: "Length | Sequence[Length] | None" = None
    ) -> "Evaluation":
        """The part with these generators and these lengths, a single one or a list; None: all.

        Raises
        ------
        ValueError
            If there is no such row.
        """
        generators = None if generator is None else [generator] if isinstance(generator, str) else list(generator)
        lengths = None if length is None else list(length) if isinstance(length, list | range) else [length]

        def wanted(row: Row) -> bool:
            fits = generators is None or row.task.generator in generators
            return fits and (lengths is None or row.task.length in lengths)

        rows = tuple(filter(wanted, self.rows))
        if not rows:
            raise ValueError(f"rows must have generator {generator} and length {length}, none has")
        twin = None
        if self.uncalibrated is not None and any(map(wanted, self.uncalibrated.rows)):
            twin = self.uncalibrated.where(generator, length)
        return replace(self, rows=rows, uncalibrated=twin)

    def records(self) -> list[dict[str, Any]]:
        """The points as values by name: generator, length, counts, rates, and the 95 % interval."""
        return [point.record() for point in self.points]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the points as a CSV file with the columns of `records`."""
        save_csv(self.records(), path)

    def to_dataframe(self) -> Any:
        """The points as a ``pandas.DataFrame`` with the columns of `records`."""
        return data_frame(self.records())

    def to_xarray(self) -> Any:
        """Counts and rates as an ``xarray.Dataset`` with the axes generator and length."""
        return labelled_arrays(self.records(), ("generator", "length"), VALUES)

    def line(self, generator: str) -> tuple[Point, ...]:
        """The points of one generator, by length."""
        return tuple(point for point in self.points if point.generator == generator)

    def needed_length(self, generator: str) -> Length | None:
        """Smallest length from which on the accuracy is within one point of the float network.

        None if it is not even at the largest length that was run.
        """
        needed = None
        for point in reversed(self.line(generator)):
            if not point.near_float:
                break
            needed = point.length
        return needed

    def table(self) -> str:
        """The points as a plain-text table, one a line, with the rates that follow from them.

        Where circuits are calibrated, a column has the accuracy of the same circuit as mapped.
        """
        twin = "uncalibrated  " if self.uncalibrated else ""
        share = "estimate %" if self.estimate else "accuracy %"
        lines = [
            f"{'generator':<12}{'L':>6}  {share:>10}  {twin}{'95 % interval':>15}  {'below float':>11}  "
            f"{'95 % interval':>16}  {'= float %':>9}  {'images/s':>9}"
        ]
        for point in self.points:
            low, high = point.interval()
            below, its_interval = point.below_float_texts()
            lines.append(
                f"{point.generator:<12}{text_of(point.length):>6}  {100 * point.accuracy:>10.2f}  "
                f"{f'{self.uncalibrated_text(point):>12}  ' if twin else ''}"
                f"{f'{100 * low:.2f} .. {100 * high:.2f}':>15}  {below:>11}  {its_interval:>16}  "
                f"{100 * point.agreement:>9.2f}  "
                f"{point.images_per_second:>9,.0f}"
            )
        lines.append(f"float network: {100 * self.float_accuracy:.2f} % of {self.images} images")
        lines += [f"{name}: {self.verdict(name)}" for name in self.generators]
        return "\n".join([*lines, *self.notes])

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers mean, and what the circuits were calibrated on: a sentence each, those that hold."""
        said = (SUBSET if self.multilabel else "", ESTIMATE if self.estimate else "", self.note)
        return tuple(sentence for sentence in said if sentence)

    def uncalibrated_text(self, point: Point) -> str:
        """Accuracy in % of the circuit of a point as it is mapped, as text: empty where it is not known."""
        twins = () if self.uncalibrated is None else self.uncalibrated.line(point.generator)
        return next((f"{100 * twin.accuracy:.2f}" for twin in twins if twin.length == point.length), "")

    def verdict(self, generator: str) -> str:
        """`needed_length` as a sentence."""
        needed = self.needed_length(generator)
        if needed is None:
            return f"not within one point of float up to L = {text_of(self.line(generator)[-1].length)}"
        return f"within one point of float from L = {text_of(needed)}"


def _wrong_of(rows: list[Row]) -> tuple[tuple[WrongImages, ...], tuple[WrongImages, ...]]:
    """Wrong samples of the circuits and of the float network, if all rows have both."""
    pairs = [(row.wrong, row.float_wrong) for row in rows if row.wrong and row.float_wrong]
    return (tuple(a for a, _ in pairs), tuple(b for _, b in pairs)) if len(pairs) == len(rows) else ((), ())
