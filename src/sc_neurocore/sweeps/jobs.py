"""What a worker does: it keeps models and data, and runs blocks of samples of a point for a while."""

import pickle
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from ..backends.threads import set_threads, thread_count
from ..evaluation.blocks import BlockRow
from ..evaluation.calibrated import CalibratedNetworks, CalibrationSamples, with_faults
from ..evaluation.classification import Classification
from ..evaluation.task import Task
from ..networks import Network
from .stopping import StopWhen

_MOST_HELD = 64
_held: "OrderedDict[str, Any]" = OrderedDict()
"""What parcels of this process have held, the last ones that were used."""
_holding = threading.Lock()
T = TypeVar("T", covariant=True)


@dataclass(frozen=True)
class Parcel:
    """Something large that a worker gets once, and keeps under its key.

    Parameters
    ----------
    key
        Digest of what decides the content.
    content
        A compressed pickle.
    """

    key: str
    content: bytes

    @classmethod
    def of(cls, key: str, value: Any) -> "Parcel":
        """Pack a value."""
        return cls(key, zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), 1))


class Job(Protocol[T]):
    """Interface of a job: the keys of what it needs, and its work with these things."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of parcels."""

    def run(self, *things: Any) -> T:
        """The work, with what the parcels hold."""


@dataclass(frozen=True)
class Missing:
    """The answer of a worker that has not got some parcels."""

    keys: tuple[str, ...]


def work(job: Job[T], threads: int | None, parcels: Sequence[Parcel] = ()) -> T | Missing:
    """Run a job in this process, with parcels that came along or before.

    Parameters
    ----------
    job
        What to run.
    threads
        Threads of the kernels of this process, and of its matrix products; None: as many as they have.
    parcels
        What a worker has said to be `Missing`.
    """
    if threads is not None and threads != thread_count():
        set_threads(threads)
        threadpool_limits(threads, "blas")  # else each process has as many as there are cores
    for parcel in parcels:
        _hold(parcel.key, pickle.loads(zlib.decompress(parcel.content)))
    things = {key: _looked_up(key) for key in job.needs}
    missing = tuple(key for key, thing in things.items() if thing is None)
    return Missing(missing) if missing else job.run(*things.values())


def forget(keys: Iterable[str]) -> None:
    """Drop what this process holds under some keys."""
    with _holding:
        for key in keys:
            _held.pop(key, None)


def _hold(key: str, thing: Any) -> None:
    with _holding:
        _held[key] = thing
        _held.move_to_end(key)
        while len(_held) > _MOST_HELD:
            _held.popitem(last=False)


def _looked_up(key: str) -> Any:
    with _holding:
        if key in _held:
            _held.move_to_end(key)
        return _held.get(key)


@dataclass(frozen=True)
class BlocksJob:
    """Runs blocks of samples of a task, one after the other, until the point stops or its time is over.

    Parameters
    ----------
    subject
        Key of the `Classification`.
    network
        Key of the calibrated network; None: the network is run as mapped.
    task
        The task on all samples.
    blocks
        First sample and end of each block, in order.
    rule
        When the point stops, asked behind every block; None: all blocks are run.
    correct
        Right answers of the samples before the first block.
    backend
        What computes.
    seconds
        No further block is begun when so much time has passed.
    """

    subject: str
    network: str | None
    task: Task
    blocks: tuple[tuple[int, int], ...]
    rule: StopWhen | None
    correct: int
    backend: str | None
    seconds: float

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of parcels."""
        return (self.subject,) if self.network is None else (self.subject, self.network)

    def run(self, *things: Any) -> list[BlockRow]:
        """Rows of the first blocks, at least one."""
        subject: Classification = things[0]
        if self.network is not None:
            subject = replace(subject, network=with_faults(things[1], self.task.fault_model))
        circuit, total = subject.circuit(self.task, self.backend), len(subject.true_classes)
        end, correct, rows = time.monotonic() + self.seconds, self.correct, list[BlockRow]()
        for start, stop in self.blocks:
            row = subject.measure_block(self.task, start, stop, self.backend, circuit)
            _ = row.id  # a cached one, which goes along
            rows.append(row)
            correct += row.correct
            if time.monotonic() > end or (self.rule is not None and self.rule.reason(correct, stop, total)):
                break
        return rows


@dataclass(frozen=True)
class CalibrateJob:
    """Calibrates the network for the circuit of a task.

    Parameters
    ----------
    subject
        Key of the `Classification`.
    samples
        Key of the `CalibrationSamples`.
    task
        A task of the circuit.
    backend
        What computes.
    """

    subject: str
    samples: str
    task: Task
    backend: str | None

    @property
    def needs(self) -> tuple[str, ...]:
        """Keys of parcels."""
        return self.subject, self.samples

    def run(self, *things: Any) -> Network:
        """The calibrated network."""
        subject: Classification = things[0]
        samples: CalibrationSamples = things[1]
        return CalibratedNetworks(subject.network, samples, None, self.task.clip, self.backend).network(self.task)
