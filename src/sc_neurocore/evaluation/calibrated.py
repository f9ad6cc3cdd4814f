"""Calibrated networks of an evaluation, one for each circuit, kept in files so that none is searched for twice."""

import hashlib
import json
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..datasets import Dataset
from ..files import atomic_write, check_writable
from ..gates.faults import Faults
from ..networks import Network
from ..networks.calibration import LONGEST
from .classification import FIXED_POINT, check_inputs
from .rows import ADDED, Digested, Length, text_of
from .task import Task

Calibrate = Literal["auto", "none"]
CALIBRATES: tuple[Calibrate, ...] = ("auto", "none")
CALIBRATION_VERSION = 1
"""Rules of the search: networks that other ones have found are not taken for those of today."""
SEARCH: dict[str, Any] = {"seed": 0, "without": ()}
"""Options of every search: neither the seed of a run nor its repeat changes what a circuit is calibrated to."""
FOLDER = "calibrated"
CIRCUIT_OPTIONS = (
    "generator", "length", "encoding", "accumulate", "share", "bits", "weight_streams", "weight_share", "device"
)  # fmt: skip
"""Options of a circuit that its calibration depends on."""


@dataclass(frozen=True, eq=False)
class CalibrationSamples:
    """Inputs ``(n, inputs)`` that the circuits of an evaluation are calibrated on, at least one.

    Examples
    --------
    >>> CalibrationSamples(np.array([[0.0, 1.0], [1.0, 0.0]])).digest
    'c2c86bfe0e530734'
    """

    x: NDArray[np.float64]

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the samples and of the rules of the search."""
        rules = [CALIBRATION_VERSION, SEARCH, self.x.shape]
        content = hashlib.sha256(json.dumps(rules, sort_keys=True).encode())
        content.update(np.ascontiguousarray(self.x, "<f8").reshape(-1).data)
        return content.hexdigest()[:16]

    def facts(self) -> dict[str, Any]:
        """What a record says of them, and of the search."""
        return {"samples": len(self.x), "digest": self.digest, "version": CALIBRATION_VERSION, **SEARCH}

    @classmethod
    def of(
        cls, network: Network, data: Dataset, calibrate: Calibrate, calibration: ArrayLike | None, clip: bool
    ) -> Self | None:
        """The samples that `evaluate` calibrates on; None: the circuits are run as mapped.

        Parameters
        ----------
        network
            The network. One that is calibrated already is run as it is.
        data
            Its training part is taken where `calibration` is None; that may be empty.
        calibrate
            ``"auto"``: on what samples there are; ``"none"``: not at all.
        calibration
            Samples ``(n, n_inputs)``; None: those of `data`.
        clip
            Whether samples outside the network's range are accepted.

        Raises
        ------
        ValueError, TypeError
            If an option is unknown, or the samples do not fit the network.
        """
        checks.option("calibrate", calibrate, CALIBRATES)
        if calibration is not None and calibrate == "none":
            raise ValueError("calibration must be None with calibrate='none', got samples")
        if calibration is not None and network.calibration is not None:
            raise ValueError("calibration must be None for a network that is calibrated already, got samples")
        if calibration is not None:
            x = checks.array("calibration", calibration, shape=(None, network.n_inputs))
            if not len(x):
                raise ValueError("calibration must hold at least one sample, got none")
        elif calibrate == "none" or network.calibration is not None or not len(data.x_train):
            return None
        else:
            x = data.x_train
        check_inputs(network, x, clip, "calibration sample")
        return cls(x)


@dataclass(frozen=True)
class CalibrationTask(Digested):
    """Everything that decides what a circuit is calibrated to; its seed and faults do not.

    Parameters
    ----------
    network, generator, length, encoding, accumulate, share, bits, weight_streams, device, stream_version, calibration
    weight_share
        As of `Task`.
    """

    network: str
    generator: str
    length: Length
    encoding: str
    accumulate: str
    share: str | None
    bits: int | None
    weight_streams: str
    device: str
    stream_version: int
    calibration: str
    weight_share: str | None = field(default=None, metadata=ADDED)

    @classmethod
    def of(cls, task: Task) -> Self:
        """That of a run of a calibrated circuit."""
        return cls(**{field.name: getattr(task, field.name) for field in fields(cls)})

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"calibrating {self.generator}, L = {text_of(self.length)}"

    @property
    def file_name(self) -> str:
        """Name of the file of the network."""
        return f"{self.id}.safetensors"


class CalibratedNetworks:
    """A network calibrated for each circuit of an evaluation, kept in a folder.

    Several processes may use the folder at once: a file is replaced only when the new one is complete, and all write
    the same one.

    Parameters
    ----------
    network
        The network as trained.
    samples
        What it is calibrated on.
    folder
        Where calibrated networks are, and are put; None: nowhere.
    clip, backend
        As for `evaluate`; they do not change what is found for samples inside the network's range.
    """

    def __init__(
        self, network: Network, samples: CalibrationSamples, folder: Path | None, clip: bool, backend: str | None
    ) -> None:
        self.written: list[Path] = []
        """The files that were written, in turn."""
        self._network, self._samples, self._folder = network, samples, folder
        self._options: dict[str, Any] = {**SEARCH, "clip": clip, "backend": backend}
        self._found: dict[str, Network] = {}
        if folder is not None:
            check_writable(folder)

    def network(self, task: Task) -> Network:
        """The network for the circuit of a task without faults: from its file, or searched for and kept.

        A file that is damaged, or of another circuit, is written anew.
        """
        circuit = CalibrationTask.of(task)
        if circuit.id not in self._found:
            found = self.kept(task)
            if found is None:
                found = self._network.calibrate(self._samples.x, **_options(task), **self._options)
                self.keep(task, found)
            self._found[circuit.id] = found
        return self._found[circuit.id]

    def kept(self, task: Task) -> Network | None:
        """The network in a file; None if it is not there, damaged, or of another circuit."""
        path = self._path(task)
        if path is None:
            return None
        try:
            found = type(self._network).load(path)
        except (OSError, ValueError, MemoryError):
            return None
        if found.calibration is None or found.ideal.digest() != task.network:
            return None
        return found if found.calibration.options.keywords(*CIRCUIT_OPTIONS) == _options(task) else None

    def keep(self, task: Task, network: Network) -> None:
        """Write the file of a network that was calibrated for the circuit of a task."""
        path = self._path(task)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as temporary:
                network.save(temporary)
            self.written.append(path)

    def _path(self, task: Task) -> Path | None:
        return None if self._folder is None else self._folder / CalibrationTask.of(task).file_name


def _options(task: Task) -> dict[str, Any]:
    """The options of a circuit that its calibration depends on."""
    return task.options().keywords(*CIRCUIT_OPTIONS)


def can_be_calibrated(task: Task) -> bool:
    """Whether the circuit of a task can be calibrated: fixed point is not, nor are circuits that take too long."""
    return task.generator != FIXED_POINT and bool(np.max(task.length) <= LONGEST)


def with_faults(network: Network, faults: Faults | None) -> Network:
    """A calibrated network for circuits with faults: a search does not see them, so that what it found stays.

    Parameters
    ----------
    network
        Calibrated for a circuit without faults.
    faults
        Faults of the circuit that is to be built; None: none.
    """
    calibration = network.calibration
    if calibration is None:
        return network
    return replace(network, calibration=replace(calibration, options=replace(calibration.options, faults=faults)))
