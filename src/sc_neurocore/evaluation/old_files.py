"""Rows of studies as earlier versions wrote them: still read, and rewritten when a row is added to their file.

First format of `evaluate`: flips of the bits of inputs and weights had a column of their own, ``bit_flip_rate``; there
were no columns ``share`` and ``weight_streams``, whose only values were the defaults of today.

Second format of `evaluate`, first of `reservoir_study`: no column ``stream_version``, which was 1.

Third format of `evaluate`: no column ``calibration``, no circuit was calibrated; its ids are those of today.

Fourth format of `evaluate`, first of its estimates: no column ``weight_share``; its ids are those of today.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from ..gates.faults import Faults
from .reservoir_rows import ReservoirRow, ReservoirTask
from .rows import ADDED, Digested, Length, OfTask
from .task import EstimateRow, EstimateTask, Row, Task


@dataclass(frozen=True)
class FirstTask(Digested):
    """`Task` in the first format; its id is that of the file."""

    version: str
    network: str
    data: str
    generator: str
    length: int
    encoding: str
    accumulate: str
    bits: int | None
    seed: int
    repeat: int
    bit_flip_rate: float
    clip: bool
    device: str
    faults: str


@dataclass(frozen=True)
class FirstRow(OfTask):
    """`Row` in the first format."""

    task: FirstTask
    images: int
    correct: int
    float_correct: int
    agree: int
    elapsed_ns: int

    def renewed(self) -> Row:
        """This row in today's format, with today's id of its task."""
        values = {name: value for name, value in vars(self.task).items() if name in Task.__dataclass_fields__}
        if rate := self.task.bit_flip_rate:
            values["faults"] = Faults.flips(rate).changes()
        return Row(Task(**values, stream_version=1), *(value for name, value in vars(self).items() if name != "task"))


@dataclass(frozen=True)
class SecondTask(Digested):
    """`Task` in the second format; its id is that of the file."""

    version: str
    network: str
    data: str
    generator: str
    length: Length
    encoding: str
    accumulate: str
    share: str | None
    bits: int | None
    weight_streams: str
    seed: int
    repeat: int
    clip: bool
    device: str
    faults: str


@dataclass(frozen=True)
class SecondRow(OfTask):
    """`Row` in the second format."""

    task: SecondTask
    images: int
    correct: int
    float_correct: int
    agree: int
    elapsed_ns: int

    def renewed(self) -> Row:
        """This row in today's format, with today's id of its task."""
        values = {**vars(self), "task": Task(**asdict(self.task), stream_version=1)}
        return Row(**values)


@dataclass(frozen=True)
class ThirdTask(SecondTask):
    """`Task` in the third format; its id is that of the file, and of today."""

    stream_version: int


@dataclass(frozen=True)
class ThirdRow(SecondRow):
    """`Row` in the third format."""

    task: ThirdTask

    def renewed(self) -> Row:
        """This row in today's format: one of a circuit that was not calibrated."""
        return Row(**{**vars(self), "task": Task(**asdict(self.task))})


@dataclass(frozen=True)
class FourthTask(SecondTask):
    """`Task` in the fourth format; its id is that of the file, and of today."""

    stream_version: int
    calibration: str = field(default="", metadata=ADDED)


@dataclass(frozen=True)
class FourthRow(SecondRow):
    """`Row` in the fourth format."""

    task: FourthTask

    def renewed(self) -> Row:
        """This row in today's format: its weights shared sources as they do by default."""
        return Row(**{**vars(self), "task": Task(**asdict(self.task))})


@dataclass(frozen=True)
class FirstEstimateTask(SecondTask):
    """`EstimateTask` in the first format; its id is that of the file, and of today."""

    stream_version: int
    calibration: str = field(default="", metadata=ADDED)
    estimate: str = "normal"


@dataclass(frozen=True)
class FirstEstimateRow(SecondRow):
    """`EstimateRow` in the first format."""

    task: FirstEstimateTask

    def renewed(self) -> EstimateRow:
        """This row in today's format: its weights were independent."""
        return EstimateRow(**{**vars(self), "task": EstimateTask(**asdict(self.task))})


@dataclass(frozen=True)
class FirstReservoirTask(Digested):
    """`ReservoirTask` in the first format; its id is that of the file."""

    version: str
    kind: str
    length: int
    n_neurons: int
    train: int
    test: int
    seed: int
    repeat: int
    preset: str


@dataclass(frozen=True)
class FirstReservoirRow(OfTask):
    """`ReservoirRow` in the first format."""

    task: FirstReservoirTask
    nrmse_std: float
    memory: float

    def renewed(self) -> ReservoirRow:
        """This row in today's format, with today's id of its task."""
        return ReservoirRow(ReservoirTask(**asdict(self.task), stream_version=1), self.nrmse_std, self.memory)


def renewed_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a run in a record of an earlier format, as a record has them today.

    >>> renewed_options({"encoding": "split", "bit_flip_rate": 0.0, "faults": None})
    {'encoding': 'split', 'faults': None, 'calibrate': 'none', 'weight_share': None}
    """
    rest = {name: value for name, value in options.items() if name != "bit_flip_rate"}
    if "encoding" in rest:  # a run of `evaluate`
        rest.setdefault("calibrate", "none")
        rest.setdefault("weight_share", None)
    rate = options.get("bit_flip_rate")
    return {**rest, "faults": asdict(Faults.flips(rate))} if rate else rest
