"""What is run, and what came out: options and integer counts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Self


def digest_of(values: Mapping[str, Any]) -> str:
    """First 16 hex digits of the SHA-256 of the values as JSON with sorted keys."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Task:
    """Everything that decides the bits of one run of a network over the held-out samples.

    Parameters
    ----------
    version
        Version of this package.
    network, data
        Digests of the network and of the held-out samples.
    generator, length, encoding, accumulate, bits
        Options of the circuit; `bits` is None for full precision.
    seed, repeat
        The circuit's seed is ``SeedSequence(seed, spawn_key=(repeat,))``.
    bit_flip_rate
        Probability that a bit of a stream is flipped.
    clip
        Whether inputs outside the network's range are cut to it.
    device
        `MemristorModel.changes` of the crossbar that holds the weights; empty for none.
    faults
        `Faults.changes` of all faults but `bit_flip_rate`; empty for none.

    Examples
    --------
    >>> task = Task("0.1.0", "ab", "cd", "sobol", 256)
    >>> task.id
    'c2cebe320ef1cdda'
    """

    version: str
    network: str
    data: str
    generator: str
    length: int
    encoding: str = "split"
    accumulate: str = "sum"
    bits: int | None = None
    seed: int = 0
    repeat: int = 0
    bit_flip_rate: float = 0.0
    clip: bool = False
    device: str = ""
    faults: str = ""

    @cached_property
    def id(self) -> str:
        """Digest of the fields, see `digest_of`."""
        return digest_of(asdict(self))

    @property
    def label(self) -> str:
        """For a progress bar."""
        return f"{self.generator}, L = {self.length}"


@dataclass(frozen=True)
class Row:
    """The counts of one finished task. Counts of the same images under other repeats add up.

    Parameters
    ----------
    task
        What was run.
    images
        Samples.
    correct, float_correct
        Samples that the circuit, and the float network, put into the right class.
    agree
        Samples that both put into the same class.
    elapsed_ns
        Nanoseconds of the run, compilation excluded.
    """

    task: Task
    images: int
    correct: int
    float_correct: int
    agree: int
    elapsed_ns: int

    def __post_init__(self) -> None:
        counts = (self.correct, self.float_correct, self.agree)
        if self.images < 1 or not all(0 <= count <= self.images for count in counts):
            raise ValueError(f"counts must lie in 0..images, got {self}")
        if self.elapsed_ns < 1:
            raise ValueError(f"elapsed_ns must be at least 1, got {self.elapsed_ns}")

    @property
    def id(self) -> str:
        """That of the task."""
        return self.task.id

    def to_fields(self) -> list[str]:
        """The row as text, in the order of `COLUMNS`."""
        values = {**asdict(self.task), **asdict(self)}
        return [self.task.id, *(_to_text(values[name]) for name in COLUMNS[1:])]

    @classmethod
    def from_fields(cls, texts: list[str]) -> Self:
        """The inverse of `to_fields`; raises ValueError if the texts are not a row."""
        if len(texts) != len(COLUMNS):
            raise ValueError(f"{len(COLUMNS)} fields must be there, got {len(texts)}")
        found = dict(zip(COLUMNS, texts, strict=True))
        if found["clip"] not in ("0", "1"):
            raise ValueError(f"clip must be 0 or 1, got {found['clip']!r}")
        task = Task(
            found["version"],
            found["network"],
            found["data"],
            found["generator"],
            int(found["length"]),
            found["encoding"],
            found["accumulate"],
            int(found["bits"]) if found["bits"] else None,
            int(found["seed"]),
            int(found["repeat"]),
            float(found["bit_flip_rate"]),
            found["clip"] == "1",
            found["device"],
            found["faults"],
        )
        if task.id != found["task"]:
            raise ValueError(f"task must be the digest of the options, {task.id}, got {found['task']!r}")
        return cls(task, **{name: int(found[name]) for name in _COUNTS})


def _to_text(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


_COUNTS = tuple(field.name for field in fields(Row) if field.name != "task")
COLUMNS = ("task", *(field.name for field in fields(Task)), *_COUNTS)
"""Header of the file of results."""
