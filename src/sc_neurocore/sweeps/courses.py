"""The course of a point: which blocks it has run, which are next, and when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile

from ..evaluation.blocks import BlockRow, BlockTask, joined
from ..evaluation.calibrated import CalibrationTask
from ..evaluation.task import Task
from .stopping import Reason, StopWhen
from .subjects import Subject

Block = tuple[int, int]


@dataclass(eq=False)
class Course:
    """A point on its way.

    Parameters
    ----------
    subject, task
        What is run.
    size
        Samples of a block.
    rule
        When it stops; None: when all samples are run.
    """

    subject: Subject
    task: Task
    size: int
    rule: StopWhen | None
    rows: dict[Block, BlockRow] = field(default_factory=dict)
    """Finished blocks."""

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks that it may run, in order."""
        total = self.subject.total
        ends = StopWhen(samples=total).ends(self.size, total) if self.rule is None else self.rule.ends(self.size, total)
        return tuple(zip([0, *ends], ends, strict=False))

    @property
    def one_by_one(self) -> bool:
        """Whether a block may be the last, so that the next is not to be run before it is known."""
        return self.rule is not None and (self.rule.width is not None or self.rule.threshold is not None)

    @property
    def calibration(self) -> str | None:
        """Id of the circuit that its network is calibrated for; None: it is run as mapped."""
        return CalibrationTask.of(self.task).id if self.task.calibration else None

    @cached_property
    def ids(self) -> dict[str, Block]:
        """Its blocks by the ids of their tasks."""
        return {BlockTask.of_task(self.task, *block, self.subject.total).id: block for block in self.blocks}

    def take(self, rows: Mapping[str, BlockRow]) -> None:
        """Take what is there of its blocks, by their ids."""
        self.rows.update((block, rows[name]) for name, block in self.ids.items() if name in rows)

    def add(self, row: BlockRow) -> None:
        """Add a finished block."""
        self.rows[row.task.start, row.task.stop] = row

    def walked(self) -> tuple[list[BlockRow], Reason | None]:
        """The rows from the first block up to where it stops or a block is missing, and why it stops there."""
        found, correct = list[BlockRow](), 0
        for block in self.blocks:
            row = self.rows.get(block)
            if row is None:
                return found, None
            found.append(row)
            correct += row.correct
            if self.rule is not None and (reason := self.rule.reason(correct, block[1], self.subject.total)):
                return found, reason
        return found, "all"

    def missing(self) -> tuple[Block, ...]:
        """Blocks that are to be run, in order: all, or one by one those up to the next that is there already."""
        rows, reason = self.walked()
        if reason is not None:
            return ()
        rest = self.blocks[len(rows) :]
        if self.one_by_one:
            return tuple(takewhile(lambda block: block not in self.rows, rest))
        return tuple(block for block in rest if block not in self.rows)

    @property
    def correct(self) -> int:
        """Right answers of the blocks before the first that is missing."""
        return sum(row.correct for row in self.walked()[0])

    def outcome(self) -> tuple[BlockRow, Reason] | None:
        """Its first samples as one block, and why it has ended; None if it has not."""
        rows, reason = self.walked()
        return None if reason is None else (joined(rows), reason)
