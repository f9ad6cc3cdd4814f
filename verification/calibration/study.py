"""Runs of the study of calibration: how a network is run in each arm, and what a folder of results lacks."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import WrongImages
from sc_neurocore.evaluation.classification import Classification
from sc_neurocore.evaluation.record import package_version
from sc_neurocore.networks import FixedPoint, calibrating

from .rows import Results, StudyRow, StudyTask
from .subjects import Subject

LENGTHS = (2, 4, 8, 16, 32)
NOISY = (16, 32)
"""Lengths of Bernoulli streams; below them these are no network, calibrated or not."""
STEPS = tuple(step.name for step in calibrating.STEPS)
"""Names of the steps of a calibration."""
BITS = 8
Predict = Callable[[ArrayLike], Any]


def _float(network: Network, x: ArrayLike, task: StudyTask) -> Predict:
    return network.float_predict


def _words(network: Network, x: ArrayLike, task: StudyTask) -> Predict:
    return FixedPoint(network, task.length, clip=True).predict


def _mapped(network: Network, x: ArrayLike, task: StudyTask) -> Predict:
    return network.circuit(task.length, task.generator, clip=True).predict


def _calibrated(network: Network, x: ArrayLike, task: StudyTask) -> Predict:
    return _calibration(network, x, task, generator=task.generator).circuit(clip=True).predict


def _exact(network: Network, x: ArrayLike, task: StudyTask) -> Predict:
    return FixedPoint(_calibration(network, x, task, products="exact"), clip=True).predict


def _calibration(network: Network, x: ArrayLike, task: StudyTask, **options: Any) -> Network:
    without = tuple(task.without.split("+")) if task.without else ()
    found: Network = network.calibrate(x, length=task.length, without=without, **options)
    return found


ARMS: dict[str, Callable[[Network, ArrayLike, StudyTask], Predict]] = {
    "float": _float,
    "words": _words,
    "mapped": _mapped,
    "calibrated": _calibrated,
    "exact": _exact,
}
"""From a network, training samples and a task to a call that gives the classes of samples."""


def main_tasks(first: StudyTask, lengths: Sequence[int]) -> Iterator[StudyTask]:
    """The tasks of the network whose task in floating point is `first`, with every step."""
    yield first
    yield replace(first, arm="words", length=BITS)
    for arm in ("mapped", "calibrated"):
        for length in lengths:
            yield replace(first, arm=arm, generator="searched", length=length)
    for length in (*lengths, 2 ** (BITS - 1) - 1):
        yield replace(first, arm="exact", length=length)
    for arm in ("mapped", "calibrated"):
        for length in lengths:
            if length in NOISY:
                yield replace(first, arm=arm, generator="bernoulli", length=length)


def without_later() -> dict[str, str]:
    """For each step but the last: the steps behind it, so that it is the last one that is there."""
    return {step: "+".join(STEPS[k:]) for k, step in enumerate(STEPS[:-1], start=1)}


def step_tasks(first: StudyTask, lengths: Sequence[int]) -> Iterator[StudyTask]:
    """The tasks of a network with the steps added one after the other, and without each of them."""
    for without in dict.fromkeys([*without_later().values(), *STEPS]):
        for length in lengths:
            yield replace(first, arm="calibrated", generator="searched", length=length, without=without)


@dataclass
class Study:
    """Runs what a folder of results lacks.

    Parameters
    ----------
    results
        The folder.
    lengths
        Cycles of the streams.
    most_nets
        Networks of each subject at most; None: all.
    cache
        Folder of trained networks; None: the package's own.
    """

    results: Results
    lengths: Sequence[int] = LENGTHS
    most_nets: int | None = None
    cache: Path | None = None

    def run(self, name: str, subject: Subject, data: Dataset) -> int:
        """Run all networks with every step, then some with fewer; the number of new rows."""
        nets = subject.nets if self.most_nets is None else min(self.most_nets, subject.nets)
        networks = [subject.network(data, seed, self.cache) for seed in range(nets)]
        parts = [Classification.of(network, data, True) for network in networks]
        version, digest = package_version(), data.digest()[:16]
        firsts = [
            StudyTask(version, name, seed, network.digest()[:16], digest, "float")
            for seed, network in enumerate(networks)
        ]
        each = (main_tasks(first, self.lengths) for first in firsts)
        tasks = [task for same in zip(*each, strict=True) for task in same]  # a stopped run has all networks
        tasks += [task for first in firsts[: subject.step_nets] for task in step_tasks(first, self.lengths)]
        there = self.results.read()
        pending = [task for task in tasks if task.id not in there]
        for done, task in enumerate(pending, start=1):
            row = run(task, parts[task.net])
            self.results.keep(row)
            share = 100 * row.correct / row.images
            print(f"{done} of {len(pending)}  {task.label}: {share:.2f} %, {row.milliseconds / 1000:.1f} s", flush=True)
        return len(pending)


def run(task: StudyTask, part: Classification) -> StudyRow:
    """Run a task on the held-out images."""
    start = time.perf_counter()
    predict = ARMS[task.arm](part.network, part.data.x_train, task)
    milliseconds = round(1000 * (time.perf_counter() - start))
    wrong = WrongImages.of(task.data, np.asarray(predict(part.data.x_test)) != part.true_classes)
    return StudyRow(task, wrong.images, wrong.images - wrong.count, milliseconds, wrong)
