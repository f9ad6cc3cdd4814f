"""Blocks of the held-out samples of a task: runs of a part whose counts add up to those of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..encoders.seeds import Seeds
from .pairing import WrongImages
from .task import EstimateTask, Row, Task


@lru_cache(maxsize=8)
def sample_order(total: int) -> NDArray[np.int64]:
    """The order in which samples are run in blocks: shuffled, and the same for all tasks and on all machines.

    So the first samples in this order are a random sample of all, and two tasks that stop early have run the same ones.

    Parameters
    ----------
    total
        Number of samples.

    Returns
    -------
    ndarray
        Numbers ``(total,)`` of the samples, read-only.

    Examples
    --------
    >>> sample_order(10)
    array([3, 4, 2, 9, 0, 8, 5, 6, 7, 1])
    """
    key = Seeds(0, "sample_order", (checks.whole("total", total, 1),)).key("values")
    order = np.argsort(np.random.Philox(key=key).random_raw(total), kind="stable").astype(np.int64)
    order.flags.writeable = False
    return order


@dataclass(frozen=True)
class BlockTask(Task):
    """A `Task` on a block of its held-out samples: those at places start..stop - 1 of `sample_order`.

    Parameters
    ----------
    start, stop
        The block, 0 <= start < stop <= total.
    total
        Number of held-out samples.

    Raises
    ------
    ValueError
        If there is no such block.

    Examples
    --------
    >>> block = BlockTask.of_task(Task("0.1.0", "ab", "cd", "sobol", 256), 2, 6, 10)
    >>> block.label, block.whole == Task("0.1.0", "ab", "cd", "sobol", 256)
    ('sobol, L = 256, samples 2..5', True)
    """

    start: int = 0
    stop: int = 1
    total: int = 1

    def __post_init__(self) -> None:
        total = checks.whole("total", self.total, 1)
        stop = checks.whole("stop", self.stop, 1, total)
        for name, value in (
            ("start", checks.whole("start", self.start, 0, stop - 1)),
            ("stop", stop),
            ("total", total),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def of_task(cls, task: Task, start: int, stop: int, total: int) -> Self:
        """The block of a task; a ValueError if that is an estimate, or is a block itself."""
        if isinstance(task, EstimateTask | BlockTask):
            raise ValueError(f"task must be a whole one that counts streams to be run in blocks, got {task}")
        return cls(**_options(task), start=start, stop=stop, total=total)

    @property
    def whole(self) -> Task:
        """The task on all samples."""
        return Task(**_options(self))

    @property
    def places(self) -> NDArray[np.int64]:
        """Numbers of the samples of the block, in the order in which they are run."""
        return sample_order(self.total)[self.start : self.stop]

    @property
    def samples(self) -> str:
        """What tells the samples of the block from all others."""
        return f"{self.data} {self.start}-{self.stop} of {self.total}"

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"{super().label}, samples {self.start}..{self.stop - 1}"


def _options(task: Task) -> dict[str, Any]:
    return {field.name: getattr(task, field.name) for field in fields(Task)}


@dataclass(frozen=True)
class BlockRow(Row):
    """A `Row` of a block of samples; see `joined`, which adds up those that follow each other.

    Wrong images are in the order of the block.
    """

    task: BlockTask

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.images != self.task.stop - self.task.start:
            raise ValueError(f"images must be {self.task.stop - self.task.start}, as of the block, got {self}")

    def row(self) -> Row:
        """The row of the task on all samples, whose wrong images are in the order of the data.

        Raises
        ------
        ValueError
            If the block does not hold all samples.
        """
        if self.images != self.task.total:
            raise ValueError(f"block must hold all {self.task.total} samples, got {self.task.start}..{self.task.stop}")
        task = self.task.whole
        wrong, float_wrong = (_sorted(bits, task.data, self.task.places) for bits in (self.wrong, self.float_wrong))
        counts = self.correct, self.float_correct, self.agree, self.elapsed_ns
        return Row(task, self.images, *counts, wrong=wrong, float_wrong=float_wrong)


def joined(rows: Sequence[BlockRow]) -> BlockRow:
    """Blocks of one task that follow each other, as one block: counts and times add up.

    Parameters
    ----------
    rows
        Blocks in any order, at least one.

    Raises
    ------
    ValueError
        If there is none, they are of several tasks, overlap or leave a gap.

    Examples
    --------
    >>> task = Task("0.1.0", "ab", "cd", "sobol", 256)
    >>> first = BlockRow(BlockTask.of_task(task, 0, 6, 10), 6, 5, 6, 5, elapsed_ns=1000)
    >>> second = BlockRow(BlockTask.of_task(task, 6, 10, 10), 4, 4, 3, 3, elapsed_ns=500)
    >>> joined([second, first]).row() == Row(task, 10, 9, 9, 8, elapsed_ns=1500)
    True
    """
    parts = sorted(rows, key=lambda row: row.task.start)
    if not parts:
        raise ValueError("rows must hold at least one block, got none")
    first, last = parts[0].task, parts[-1].task
    if any(part.task.whole != first.whole or part.task.total != first.total for part in parts):
        raise ValueError(f"rows must be blocks of one task, got others than of {first.whole.id}")
    if any(one.task.stop != other.task.start for one, other in pairwise(parts)):
        places = ", ".join(f"{part.task.start}..{part.task.stop}" for part in parts)
        raise ValueError(f"rows must be blocks that follow each other, got {places}")
    task = BlockTask.of_task(first.whole, first.start, last.stop, first.total)
    counts: dict[str, int] = {name: sum(getattr(part, name) for part in parts) for name in _COUNTS}
    wrong, float_wrong = (
        _behind_each_other([getattr(part, name) for part in parts], task.samples) for name in ("wrong", "float_wrong")
    )
    return BlockRow(task, **counts, wrong=wrong, float_wrong=float_wrong)


_COUNTS = ("images", "correct", "float_correct", "agree", "elapsed_ns")


def _behind_each_other(parts: Sequence[WrongImages | None], samples: str) -> WrongImages | None:
    """The bits of blocks that follow each other; None if some are not there."""
    there = [part.mask() for part in parts if part is not None]
    return WrongImages.of(samples, np.concatenate(there)) if len(there) == len(parts) else None


def _sorted(bits: WrongImages | None, data: str, places: NDArray[np.int64]) -> WrongImages | None:
    """The bits of all samples in the order of the data."""
    if bits is None:
        return None
    mask = np.empty(len(places), np.bool_)
    mask[places] = bits.mask()
    return WrongImages.of(data, mask)
