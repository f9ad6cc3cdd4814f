"""Accuracy of a classifier as a circuit: its held-out samples, and how one task of an evaluation is run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..datasets import Dataset
from ..networks import Circuit, FixedPoint, Network
from .blocks import BlockRow, BlockTask
from .estimates import EstimatedCircuit
from .pairing import WrongImages
from .task import EstimateRow, EstimateTask, Row, Task

Classes = NDArray[np.integer[Any]]
"""A class index for each sample ``(n,)``, or the labels that it has, ``(n, n_labels)`` of 0 and 1."""
AnyCircuit = Circuit | EstimatedCircuit | FixedPoint
"""What a task runs."""
FIXED_POINT = "fixed-point"
"""Stands among the generators for the network in fixed point; it takes one cycle."""
WARM_UP = 32
"""Samples that are run once before the clock starts, so that nothing is compiled under it."""
SHORT_NS = 250_000_000
"""Runs shorter than this are timed twice, and the faster one counts: the first may start threads."""


@dataclass(frozen=True, eq=False)
class Classification:
    """A classifier with its held-out samples and the classes to compare with, for all tasks of an evaluation.

    Parameters
    ----------
    network
        A classifier of one class or of several labels a sample.
    data
        Held-out samples that it takes.
    true_classes, float_classes
        Class index of each sample ``(n,)``: the right one, and that of the float network. With a multilabel network the
        labels of each sample ``(n, n_labels)``.
    """

    network: Network
    data: Dataset
    true_classes: Classes
    float_classes: Classes

    @classmethod
    def of(cls, network: Network, data: Dataset, clip: bool) -> Self:
        """Check that held-out samples fit a network, and classify them in floating point.

        Parameters
        ----------
        network
            A classifier of one class or of several labels a sample.
        data
            Samples ``(n, n_inputs)`` and their labels. For a multilabel network a class is the row of that one label.
        clip
            Whether inputs outside the network's range are accepted; circuits cut them to it.

        Raises
        ------
        ValueError
            If the data do not fit the network.
        """
        true_classes = _true_classes(network, data, clip)
        return cls(network, data, true_classes, np.asarray(network.float_predict(data.x_test)))

    @property
    def float_correct(self) -> int:
        """Number of samples that the float network puts into the right class, or gives all the right labels."""
        return int(same_answers(self.float_classes, self.true_classes).sum())

    def circuit(self, task: Task, backend: str | None = None) -> AnyCircuit:
        """Build the circuit that a task runs, its estimate, or the network in fixed point.

        Parameters
        ----------
        task
            Options of the run; its generator may be `FIXED_POINT`.
        backend
            Backend that runs the kernels; None: the default.

        Raises
        ------
        ValueError, TypeError
            If the network cannot be built with these options.
        """
        if task.generator != FIXED_POINT:
            circuit = self.network.circuit(**task.options(backend).keywords())
            return EstimatedCircuit(circuit) if isinstance(task, EstimateTask) else circuit
        if task.device:
            raise ValueError("device must be None with generator fixed-point, which has no crossbar")
        bits = {} if task.bits is None else {"bits": task.bits}
        return FixedPoint(self.network, **bits, faults=task.fault_model, seed=task.circuit_seed, clip=task.clip)

    def measure(self, task: Task, backend: str | None = None, circuit: AnyCircuit | None = None) -> Row:
        """Run a task on all held-out samples, and count the right answers.

        Parameters
        ----------
        task
            Options of the run.
        backend
            Backend that runs the kernels; None: the default.
        circuit
            The task's circuit if it has been built already; None: it is built.

        Returns
        -------
        Row
            Counts, wrong samples, and the time of the run in ns.
        """
        if circuit is None:
            circuit = self.circuit(task, backend)
        circuit.predict(self.data.x_test[:WARM_UP])
        found, elapsed = _timed(circuit, self.data.x_test)
        if elapsed < SHORT_NS:
            elapsed = min(elapsed, _timed(circuit, self.data.x_test)[1])
        right, float_right = (same_answers(each, self.true_classes) for each in (found, self.float_classes))
        wrong, float_wrong = (WrongImages.of(task.data, ~each) for each in (right, float_right))
        agree = int(same_answers(found, self.float_classes).sum())
        counts = len(right), int(right.sum()), self.float_correct, agree
        if isinstance(task, EstimateTask):
            return EstimateRow(task, *counts, elapsed, wrong=wrong, float_wrong=float_wrong)
        return Row(task, *counts, elapsed, wrong=wrong, float_wrong=float_wrong)

    def measure_block(
        self, task: Task, start: int, stop: int, backend: str | None = None, circuit: AnyCircuit | None = None
    ) -> BlockRow:
        """Run a task on a block of the held-out samples only; every sample gets the bits that it has in `measure`.

        Parameters
        ----------
        task
            Options of the run, which is no estimate.
        start, stop
            The samples at places start..stop - 1 of `sample_order`, in which any part of them is a random sample.
        backend
            Backend that runs the kernels; None: the default.
        circuit
            The task's circuit if it has been built already; None: it is built.

        Returns
        -------
        BlockRow
            Counts and wrong samples of the block. The rows of blocks add up to that of `measure`, see `joined`; so do
            their times but for compilation, which the first one of a process may have in it.

        Raises
        ------
        ValueError, TypeError
            If there are no such samples, or the task is an estimate.
        """
        of_block = BlockTask.of_task(task, start, stop, len(self.true_classes))
        if circuit is None:
            circuit = self.circuit(task, backend)
        order = of_block.places
        if isinstance(circuit, EstimatedCircuit):
            raise ValueError(f"circuit must count streams to be run in blocks, got {checks.shown(circuit)}")
        begin = time.perf_counter_ns()
        found = np.asarray(circuit.predict(self.data.x_test[order], samples=order))
        elapsed = max(time.perf_counter_ns() - begin, 1)
        in_float, true = self.float_classes[order], self.true_classes[order]
        right, float_right, agreed = (
            same_answers(one, other) for one, other in ((found, true), (in_float, true), (found, in_float))
        )
        wrong, float_wrong = (WrongImages.of(of_block.samples, ~each) for each in (right, float_right))
        correct, float_correct, agree = (int(each.sum()) for each in (right, float_right, agreed))
        return BlockRow(
            of_block, len(order), correct, float_correct, agree, elapsed, wrong=wrong, float_wrong=float_wrong
        )


def same_answers(one: Classes, other: Classes) -> NDArray[np.bool_]:
    """For each sample whether two answers are the same: the class, or all of the labels.

    >>> same_answers(np.array([[0, 1], [1, 1]]), np.array([[0, 1], [1, 0]]))
    array([ True, False])
    """
    same = one == other
    return np.asarray(same.all(1) if same.ndim > 1 else same)


def _timed(circuit: AnyCircuit, x: NDArray[np.float64]) -> tuple[Classes, int]:
    circuit.reset()  # the bits are those of a new circuit
    start = time.perf_counter_ns()
    found = np.asarray(circuit.predict(x))
    return found, max(time.perf_counter_ns() - start, 1)


def _true_classes(network: Network, data: Dataset, clip: bool) -> Classes:
    """Class index, or row of labels, of every held-out sample, or a ValueError if the data do not fit."""
    if not hasattr(network, "float_predict"):
        raise TypeError(f"network must be a Network, got {checks.shown(network)}")
    checks.instance("data", data, Dataset)
    if network.kind == "regressor":
        raise ValueError(f"network must be a classifier to have an accuracy, got a {network.kind}")
    if data.x_test.shape[1] != network.n_inputs:
        raise ValueError(
            f"data must have {network.n_inputs} inputs a sample for this network, got {data.x_test.shape[1]}"
        )
    check_inputs(network, data.x_test, clip, "sample")
    if data.multilabel:
        return _label_rows(network, data)
    if network.kind == "multilabel" and network.n_outputs == 1:  # whether it is there
        return _class_indices(data.y_test, None, 2).astype(np.uint8)[:, None]
    if data.classes is not None and (names := _names(network, data.classes)) is not None:
        places = _named_indices(data.y_test, data.classes, names)
    else:
        places = _class_indices(data.y_test, network.classes, network.n_classes)
    return np.eye(network.n_outputs, dtype=np.uint8)[places] if network.kind == "multilabel" else places


def _label_rows(network: Network, data: Dataset) -> Classes:
    """Labels ``(n, n_labels)`` of samples that may have several, in the order of the network's outputs."""
    if network.kind != "multilabel":
        raise ValueError(
            f"data must have one class a sample for a network of kind {network.kind}, got {data.n_classes} labels of "
            "which a sample may have several or none"
        )
    if data.n_classes != network.n_outputs:
        raise ValueError(
            f"data must have {network.n_outputs} labels, one for each output of the network, got {data.n_classes}"
        )
    if data.classes is None or network.classes is None:
        return data.y_test
    if sorted(data.classes) != sorted(network.classes):
        raise ValueError(
            f"labels must be those of the network {checks.shown(list(network.classes))}, got "
            f"{checks.shown(list(data.classes))}"
        )
    return data.y_test[:, [data.classes.index(name) for name in network.classes]]


def check_inputs(network: Network, x: NDArray[np.float64], clip: bool, what: str) -> None:
    """Raise a ValueError if an input lies outside the range of a network and is not to be cut to it.

    Parameters
    ----------
    network
        Has the range.
    x
        Samples ``(n, n_inputs)``.
    clip
        Whether inputs outside the range are accepted.
    what
        What the message calls a sample.
    """
    low, high = network.bounds
    outside = np.argwhere((x < low) | (x > high))
    if len(outside) and not clip:
        sample, place = outside[0]
        raise ValueError(
            f"input {place} must lie in the network's range [{checks.plain(low[place])}, {checks.plain(high[place])}], "
            f"got {checks.plain(x[sample, place])} in {what} {sample}; clip (--clip) cuts such inputs to the range"
        )


def _names(network: Network, found: Sequence[str]) -> Sequence[str] | None:
    """Names of a network's classes, or the numbers of classes without names; None: names of data are in their order."""
    if network.classes is not None:
        return network.classes
    numbers = [str(place) for place in range(network.n_classes)]
    if set(found) <= set(numbers):  # folders 0 .. 10, which are sorted as text
        return numbers
    if len(found) != network.n_classes:  # places among some of the names say nothing of the network's
        raise ValueError(
            f"data must have names of all {network.n_classes} classes of this network, which has none itself, got "
            f"{checks.shown(list(found))}"
        )
    return None


def _named_indices(labels: Classes, names: Sequence[str], classes: Sequence[str]) -> Classes:
    """Class of a network that has the name of each label; labels are places in `names`."""
    places = np.zeros(len(names), np.int64)
    for label in np.unique(labels):
        if (found := classes.count(names[label])) != 1:
            raise ValueError(
                f"labels must be one of the network's classes {checks.shown(list(classes))}, got {names[label]!r}"
                + (f", which is the name of {found} of them" if found else "")
            )
        places[label] = classes.index(names[label])
    return places[labels]


def _class_indices(labels: Classes, classes: Sequence[str] | None, n_classes: int) -> Classes:
    try:
        values = [float(name) for name in classes] if classes is not None else list(map(float, range(n_classes)))
        rule = "one of the network's classes " + ", ".join(map(checks.plain, values))
    except ValueError:  # names such as "cat": labels are indices
        values = list(map(float, range(n_classes)))
        rule = f"the index of one of the network's classes, 0..{n_classes - 1}"
    places = {value: index for index, value in enumerate(values)}
    for label in np.unique(labels):
        if float(label) not in places:
            raise ValueError(f"labels must be {rule}, got {label}")
    return np.array([places[float(label)] for label in labels], np.int64)
