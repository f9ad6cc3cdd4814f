"""The outcome of a choice: the circuit, those beside it, and how sure that is."""

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from ..evaluation.rows import text_of
from ..evaluation.task import Row, Task
from .candidates import OBJECTIVES
from .screening import Screened
from .testing import Tested, never_enough, samples_needed


@dataclass(frozen=True)
class Choice:
    """Result of `choose`.

    Parameters
    ----------
    within
        Largest distance to float in percentage points.
    confidence
        Of the claim.
    objective
        What was made small.
    data
        Name of the data set.
    images, float_correct
        Held-out samples, and how many of them the float network gets right.
    tested
        One circuit for each level of cost, the costliest first.
    screened
        All circuits that were looked at, the one with the least loss first.
    refused
        Why other circuits cannot be built, by their options as text.
    judged_on
        What the first look was on, in words.
    row
        Counts of the chosen circuit on all held-out samples; None if none is chosen.
    reused
        Number of blocks of samples that were read from the folder instead of run.
    written
        The files that were written, that of the rows first; none where nothing was run or kept.
    calibration
        File of the samples that circuits are calibrated on; None if it was not written.
    given
        Words that say which model and data the program was given.
    tasks
        Ids of the tasks that the record knows the choice by.
    """

    within: float
    confidence: float
    objective: str
    data: str
    images: int
    float_correct: int
    tested: tuple[Tested, ...]
    screened: tuple[Screened, ...] = field(default=(), repr=False)
    refused: dict[str, str] = field(default_factory=dict, repr=False)
    judged_on: str = ""
    row: Row | None = field(default=None, repr=False)
    reused: int = 0
    written: tuple[Path, ...] = field(default=(), compare=False, repr=False)
    calibration: Path | None = field(default=None, compare=False, repr=False)
    given: tuple[str, ...] = field(default=(), compare=False, repr=False)
    tasks: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def chosen(self) -> Tested | None:
        """The cheapest circuit that was shown to be within the margin; None if none was."""
        shown = [each for each in self.tested if each.verdict == "within"]
        return shown[-1] if shown else None

    @property
    def runners_up(self) -> tuple[Tested, ...]:
        """Costlier circuits that were shown to be within the margin too, the cheapest first."""
        return tuple(each for each in reversed(self.tested) if each.verdict == "within")[1:]

    @property
    def front(self) -> tuple[Tested, ...]:
        """Circuits that no cheaper one was as near to float as, on the samples that were run: the Pareto front."""
        found: list[Tested] = []
        for each in sorted(self.tested, key=lambda each: (self.cost(each), each.below_float)):
            if not found or each.below_float < found[-1].below_float:
                found.append(each)
        return tuple(found)

    @property
    def nearest(self) -> Tested:
        """The circuit whose interval ends nearest to float."""
        return min(self.tested, key=lambda each: (each.high, self.cost(each)))

    @property
    def float_accuracy(self) -> float:
        """Share of right answers of the float network."""
        return self.float_correct / self.images

    def cost(self, tested: Tested) -> tuple[float, float]:
        """What is made small, and what decides between equals."""
        return OBJECTIVES[self.objective](tested.candidate.cost)

    def verdict(self) -> str:
        """The answer in a sentence or two."""
        sure = f"{100 * self.confidence:g} %"
        if (best := self.chosen) is not None:
            return (
                f"the cheapest is {best.candidate.circuit}, {self._costs(best)}: within {points_text(self.within)} "
                f"of float at {sure} confidence (measured {100 * best.below_float:.2f} below, "
                f"at most {100 * best.high:.2f})"
            )
        near = self.nearest
        return (
            f"no circuit is shown to be within {points_text(self.within)} of float at {sure} confidence; the nearest "
            f"is {near.candidate.circuit}: measured {100 * near.below_float:.2f} points below, at most "
            f"{100 * near.high:.2f}, {100 * near.high - self.within:.2f} too many; {self._needed(near)}"
        )

    @property
    def measured(self) -> Tested | None:
        """The cheapest circuit whose measured difference is within the margin, shown or not; None if there is none."""
        near = [each for each in self.tested if 100 * each.below_float <= self.within]
        return near[-1] if near else None

    def hint(self) -> str:
        """What is cheaper and measured within the margin, but not shown to be so; empty if nothing is."""
        near = self.measured
        if near is None or near.verdict == "within" or (self.chosen is None and near == self.nearest):
            return ""
        why = {
            "not shown": self._needed(near),
            "not tested": f"{self._first_failed()} before it in the test was not shown to be so; {self._needed(near)}",
        }[near.verdict]
        return (
            f"measured but not shown: {near.candidate.circuit}, {self._costs(near)}, "
            f"{100 * near.below_float:.2f} below on {near.images} images, at most {100 * near.high:.2f}; {why}"
        )

    def _first_failed(self) -> str:
        return next(each.candidate.circuit for each in self.tested if each.verdict == "not shown")

    def _needed(self, tested: Tested) -> str:
        needed = samples_needed(tested.worse, tested.better, tested.images, self.within / 100, self.confidence)
        if needed is None:
            return "no number of images like these would show it within the margin"
        return f"about {needed:,} images like these would show it within the margin"

    def command(self) -> str:
        """The command that runs the chosen circuit, or the nearest one, on all held-out samples.

        Of a choice made in Python, add the options ``--model`` and ``--data`` for network and data.
        """
        task = (self.chosen or self.nearest).candidate.task
        return shlex.join(["sc-neurocore", "evaluate", *self.given, *_words(task), *self._calibrate(task)])

    def next_best(self) -> str:
        """The next circuits behind the chosen one in a sentence; empty if there are none."""
        texts = [
            f"{each.candidate.circuit} ({self._costs(each)}, at most {100 * each.high:.2f} below)"
            for each in self.runners_up[:2]
        ]
        return f"runners-up: {'; '.join(texts)}" if texts else ""

    def _costs(self, tested: Tested) -> str:
        cost = tested.candidate.cost
        area = "" if self.objective == "cycles" else f", about {cost.area:,.0f} µm²"
        return f"{cost.cycles:,} cycles{area}"

    def warnings(self) -> tuple[str, ...]:
        """What is not as it was asked for, a sentence each: too few images, circuits that cannot be built."""
        images = self.tested[0].total
        needed = never_enough(images, self.within / 100, self.confidence)
        reasons = list(dict.fromkeys(self.refused.values()))[:1]
        found = [f"{len(self.refused)} circuits cannot be built: {reason}" for reason in reasons]
        if needed is not None:
            found.append(
                f"with {images} images even a circuit that never differs cannot be shown to be within "
                f"{points_text(self.within)} at {100 * self.confidence:g} %: that takes {needed:,}"
            )
        return tuple(found)

    def _calibrate(self, task: Task) -> list[str]:
        if not task.calibration or self.calibration is None:
            return ["--calibrate", "none"]
        return ["--calibration", path_word(self.calibration)]


def points_text(points: float) -> str:
    """Percentage points in words.

    >>> points_text(1.0), points_text(0.5)
    ('1 point', '0.5 points')
    """
    return f"{points:g} point{'' if points == 1 else 's'}"


def path_word(path: Path) -> str:
    """A path as a word of a command: one that begins with ``-`` would be an option.

    >>> path_word(Path("a.npz")), path_word(Path("-a.npz")) in ("./-a.npz", ".\\\\-a.npz")
    ('a.npz', True)
    """
    text = str(path)
    return os.path.join(os.curdir, text) if text.startswith("-") else text


def _words(task: Task) -> list[str]:
    """Options of the command `evaluate` that make the circuit of a task."""
    words = ["--lengths", text_of(task.length), "--generators", task.generator]
    words += ["--encoding", task.encoding, "--accumulate", task.accumulate]
    words += [] if task.bits is None else ["--bits", str(task.bits)]
    words += ["--clip"] if task.clip else []
    return [*words, "--seed", str(task.seed)]
