"""The models and data of a sweep, checked once, and packed for workers."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from .. import checks
from ..datasets import Dataset
from ..evaluation.calibrated import FOLDER, CalibratedNetworks, CalibrationSamples
from ..evaluation.classification import Classification
from ..evaluation.record import package_version
from ..networks import Network
from .axes import Settings
from .tasks import Names


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with data, both under their names.

    Parameters
    ----------
    model, data
        Their names.
    classification
        The network on the held-out samples.
    samples
        What circuits are calibrated on; None: there is nothing.
    """

    model: str
    data: str
    classification: Classification
    samples: CalibrationSamples | None

    @cached_property
    def names(self) -> Names:
        """Digests."""
        network, data = self.classification.network.digest(), self.classification.data.digest()
        return Names(package_version(), network, data, "" if self.samples is None else self.samples.digest)

    @property
    def total(self) -> int:
        """Number of held-out samples."""
        return len(self.classification.true_classes)

    @property
    def key(self) -> str:
        """Key of the parcel of the classification."""
        return f"{self.names.network} {self.names.data}"

    def things(self) -> dict[str, Any]:
        """What workers need, by key: the network with the held-out samples, and the samples to calibrate on."""
        data = self.classification.data
        held_out = replace(data, x_train=data.x_train[:0], y_train=data.y_train[:0])
        found: dict[str, Any] = {self.key: replace(self.classification, data=held_out)}
        return found if self.samples is None else {**found, self.samples.digest: self.samples}

    def calibrated(self, out: str | os.PathLike[str] | None, backend: str | None) -> CalibratedNetworks | None:
        """The calibrated networks that a folder keeps."""
        if self.samples is None:
            return None
        folder = None if out is None else Path(out) / FOLDER
        return CalibratedNetworks(self.classification.network, self.samples, folder, False, backend)

    def facts(self) -> dict[str, Any]:
        """What a record says of it."""
        network = self.classification.network
        return {
            "model": self.model,
            "data": self.data,
            "network": {"digest": self.names.network, "inputs": network.n_inputs, "outputs": network.n_outputs},
            "samples": {
                "digest": self.names.data,
                "images": self.total,
                "float_correct": self.classification.float_correct,
            },
            "calibration": None if self.samples is None else self.samples.facts(),
        }


def named(kind: str, given: Any, of: type[Any]) -> dict[str, Any]:
    """Models or data sets by name: those of a mapping, or one alone under its own name."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            checks.instance(f"names of {kind}", name, str)
            checks.instance(f"{kind}[{name!r}]", value, of)
        if not given:
            raise ValueError(f"{kind} must hold at least one, got none")
        return dict(given)
    checks.instance(kind, given, of)
    return {getattr(given, "name", "model"): given}


def subjects_of(
    points: Iterable[Settings],
    models: Mapping[str, Network],
    data: Mapping[str, Dataset],
    calibration: ArrayLike | None,
) -> dict[tuple[str, str], Subject]:
    """The subjects of points, by the names of model and data: those that a point names, else every pair.

    Raises
    ------
    ValueError, TypeError
        If a point names one that is not there, or data do not fit a model.
    """
    clips: dict[tuple[str, str], list[bool]] = {}
    for point in points:
        for pair in pairs_of(point, models, data):
            clips.setdefault(pair, []).append(point.get("clip", False))
    found: dict[tuple[str, str], Subject] = {}
    for pair, each in clips.items():
        network, held_out, clip = models[pair[0]], data[pair[1]], all(each)
        try:
            samples = CalibrationSamples.of(network, held_out, "auto", calibration, clip)
            found[pair] = Subject(*pair, Classification.of(network, held_out, clip), samples)
        except ValueError as error:
            raise ValueError(f"model {pair[0]!r} must fit data {pair[1]!r}: {error}") from error
    first: dict[str, tuple[str, str]] = {}
    for pair, subject in found.items():
        if (other := first.setdefault(subject.key, pair)) != pair:
            raise ValueError(f"models and data must differ, got the same ones as {other} and as {pair}")
    return found


def pairs_of(point: Settings, models: Iterable[str], data: Iterable[str]) -> list[tuple[str, str]]:
    """Names of models and data that a point is run with."""
    either = []
    for kind, names in (("model", list(models)), ("data", list(data))):
        if kind in point and point[kind] not in names:
            raise ValueError(f"{kind} must be one of {', '.join(names)}, got {point[kind]!r}")
        either.append([point[kind]] if kind in point else names)
    return [(model, samples) for model in either[0] for samples in either[1]]
