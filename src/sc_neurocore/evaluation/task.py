"""One run of a network over held-out samples: its options, and its result in integer counts."""

import json
from dataclasses import dataclass, field
from typing import Any, Self, cast

import numpy as np

from ..encoders.seeds import STREAM_VERSION
from ..gates.faults import Faults
from ..layers.options import CircuitOptions
from ..synapses import MemristorModel
from .pairing import WrongImages
from .rows import ADDED, NO_COLUMN, Digested, Length, OfTask, text_of

_PLAIN = ("generator", "length", "encoding", "accumulate", "share", "bits", "weight_streams", "clip", "weight_share")
"""Options that a task holds as they are."""


@dataclass(frozen=True)
class Task(Digested):
    """Everything that decides the bits of one run of a network over the held-out samples.

    The backend is not among it: all backends give the same bits.

    Parameters
    ----------
    version
        Version of this package.
    network, data
        Digests of the network and of the held-out samples.
    generator, length, encoding, accumulate, share, bits, weight_streams
        Options of the circuit, see `CircuitOptions`; a length for each layer is a tuple, of two or more.
    seed, repeat
        The circuit's seed is ``SeedSequence(seed, spawn_key=(repeat,))``.
    clip
        Whether inputs outside the network's range are cut to it.
    device
        `MemristorModel.changes` of the crossbar that holds the weights; empty for none.
    faults
        `Faults.changes` of the faults; empty for none.
    stream_version
        Rule that made random bits of the seed, see `STREAM_VERSION`; rows of another one are kept but not reused.
    calibration
        What the circuit was calibrated with: digest of the samples and of the rules of the search, the same for all
        repeats and faults, see `CalibrationSamples`. Empty: the circuit is as mapped, and the id is what it was
        before there were calibrated ones.
    weight_share
        Of the circuit, see `CircuitOptions`. None, the default: the id is what it was before there was such an option.

    Examples
    --------
    >>> task = Task("0.1.0", "ab", "cd", "sobol", 256)
    >>> task.id
    'f87aa14451342693'
    """

    version: str
    network: str
    data: str
    generator: str
    length: Length
    encoding: str = "split"
    accumulate: str = "sum"
    share: str | None = None
    bits: int | None = None
    weight_streams: str = "fresh"
    seed: int = 0
    repeat: int = 0
    clip: bool = False
    device: str = ""
    faults: str = ""
    stream_version: int = STREAM_VERSION
    calibration: str = field(default="", metadata=ADDED)
    weight_share: str | None = field(default=None, metadata=ADDED)

    @classmethod
    def of(cls, options: CircuitOptions, repeat: int, *, version: str, network: str, data: str) -> Self:
        """The task of options whose seed is an integer and whose generator has a name.

        Examples
        --------
        >>> task = Task.of(CircuitOptions(256), 0, version="0.1.0", network="ab", data="cd")
        >>> task == Task("0.1.0", "ab", "cd", "searched", 256)
        True
        """
        values = options.keywords(*_PLAIN)
        if isinstance(options.length, tuple) and len(options.length) == 1:
            values["length"] = options.length[0]
        return cls(
            version,
            network,
            data,
            **values,
            seed=cast(int, options.seed),
            repeat=repeat,
            device="" if options.device is None else options.device.changes(),
            faults="" if options.faults is None else options.faults.changes(),
        )

    def options(self, backend: str | None = None) -> CircuitOptions:
        """The options of the circuit, with the seed of the repeat."""
        values: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        return CircuitOptions(
            **values, faults=self.fault_model, device=self.device_model, seed=self.circuit_seed, backend=backend
        )

    @property
    def circuit_seed(self) -> np.random.SeedSequence:
        """Seed of the streams, the chip and the faults of this repeat."""
        return np.random.SeedSequence(self.seed, spawn_key=(self.repeat,))

    @property
    def fault_model(self) -> Faults | None:
        """The faults; None for none."""
        return Faults(**json.loads(self.faults)) if self.faults else None

    @property
    def device_model(self) -> MemristorModel | None:
        """The crossbar; None for none."""
        return MemristorModel(**json.loads(self.device)) if self.device else None

    @property
    def samples(self) -> str:
        """Digest of the samples that are run, in their order."""
        return self.data

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"{self.generator}, L = {text_of(self.length)}"


@dataclass(frozen=True)
class Row(OfTask):
    """The counts of one finished task. Counts of the same images under other repeats add up.

    Parameters
    ----------
    task
        Options of the run.
    images
        Samples.
    correct, float_correct
        Samples that the circuit, and the float network, put into the right class.
    agree
        Samples that both put into the same class.
    elapsed_ns
        Nanoseconds of the run, compilation excluded.
    wrong, float_wrong
        Which samples the circuit, and the float network, put into a wrong class; None where this was not kept.
        They are no columns of the CSV file, but stand in a file beside it; rows are equal without them.
    """

    task: Task
    images: int
    correct: int
    float_correct: int
    agree: int
    elapsed_ns: int
    wrong: WrongImages | None = field(default=None, compare=False, repr=False, metadata=NO_COLUMN)
    float_wrong: WrongImages | None = field(default=None, compare=False, repr=False, metadata=NO_COLUMN)

    def __post_init__(self) -> None:
        counts = (self.correct, self.float_correct, self.agree)
        if self.images < 1 or not all(0 <= count <= self.images for count in counts):
            raise ValueError(f"counts must lie in 0..images, got {self}")
        if self.elapsed_ns < 1:
            raise ValueError(f"elapsed_ns must be at least 1, got {self.elapsed_ns}")
        for name, correct in (("wrong", self.correct), ("float_wrong", self.float_correct)):
            bits: WrongImages | None = getattr(self, name)
            fitting = self.task.samples, self.images, self.images - correct
            if bits is not None and (bits.data, bits.images, bits.count) != fitting:
                raise ValueError(f"{name} must fit the data and counts of the row, got {bits.count} wrong in {self}")


@dataclass(frozen=True)
class EstimateTask(Task):
    """A `Task` whose counts are drawn from a law in place of streams, see `EstimatedCircuit`; it has an id of its own.

    Parameters
    ----------
    estimate
        The law.
    """

    estimate: str = "normal"


@dataclass(frozen=True)
class EstimateRow(Row):
    """A `Row` of drawn counts; its file has a column ``estimate``, which no file of counted bits has."""

    task: EstimateTask
