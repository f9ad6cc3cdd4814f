"""Accuracy of a classifier as a stochastic circuit, for stream lengths and generators."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..gates.faults import Faults
from ..layers.options import CircuitOptions
from .calibrated import (
    FOLDER,
    Calibrate,
    CalibratedNetworks,
    CalibrationSamples,
    CalibrationTask,
    can_be_calibrated,
    with_faults,
)
from .classification import FIXED_POINT, AnyCircuit, Classification
from .estimates import GENERATOR, check_estimate
from .pipeline import MOST_REPEATS, Plan, Progress
from .record import package_version
from .results import Evaluation
from .rows import Length, text_of
from .store import ResultStore
from .task import EstimateTask, Row, Task

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..networks import Network
    from ..synapses import MemristorModel

LENGTHS = (4, 8, 16, 32, 64, 256)
GENERATORS = ("bernoulli", "sobol", "searched")
FIXED_BITS = 8


def evaluate(
    network: "Network",
    data: "Dataset",
    lengths: int | Sequence[int | Sequence[int]] = LENGTHS,
    generators: str | Sequence[str] | None = None,
    *,
    encoding: str = "split",
    accumulate: str = "sum",
    share: str | None = None,
    bits: int | None = None,
    weight_streams: str = "fresh",
    weight_share: str | None = None,
    seed: int = 0,
    repeats: int = 1,
    faults: Faults | None = None,
    device: "MemristorModel | None" = None,
    clip: bool = False,
    calibrate: Calibrate = "auto",
    calibration: ArrayLike | None = None,
    estimate: bool = False,
    backend: str | None = None,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Accuracy of a classifier as a stochastic circuit, for every generator and stream length.

    Parameters
    ----------
    network
        A classifier.
    data
        The held-out samples ``(n, inputs)`` inside the network's input range, and their labels:
        those of ``network.classes`` if these are numbers, else the indices of the classes.
    lengths
        Clock cycles of a stream, each at least 1; one of them may also be a sequence, with a number for
        each layer. A single number is a list of one.
    generators
        Names of the generators of the streams, or one; None: bernoulli, sobol and searched, of an estimate bernoulli.
        ``"fixed-point"`` is the network in fixed point of `bits` (None: 8) bits instead; its rows have the length 1.
    encoding, accumulate, share, weight_streams, weight_share
        How numbers become streams and how a neuron adds up products, see `CircuitOptions`.
    bits
        Precision of probabilities in bits; None: as fine as the length allows.
    seed
        At least 0; repeat r uses ``SeedSequence(seed, spawn_key=(r,))``.
    repeats
        Runs of every circuit with other seeds, 1..10,000.
    faults
        Faults of the circuit, see `Faults`; None: none.
    device
        Crossbar that the weights are written into; every repeat is another chip. None: none.
    clip
        Cut inputs to the network's input range instead of refusing them. The float network
        always sees the inputs as they are.
    calibrate
        ``"auto"``: each circuit, of a generator and a length, is calibrated for itself before it is run, see
        `Network.calibrate`, and the circuits as mapped are run too, see `Evaluation.uncalibrated`. Neither the seed
        nor faults change what is found. Nothing is calibrated without samples, with a network that is calibrated
        already, in fixed point, and for more than 65,536 cycles. ``"none"``: circuits are run as mapped.
    calibration
        Samples ``(n, n_inputs)`` to calibrate on, at least one; None: those of ``data.x_train``, if there are any.
    estimate
        Draw the sums of dense layers and convolutions from a normal law instead of counting streams, whose mean and
        covariance are exact, see `DrawnSums`: for the generator bernoulli with independent lines, sums or means, and
        no faults and no device. Rows of estimates are kept apart from counts.
    backend
        What computes, see `CircuitOptions`; the counts do not depend on it.
    out
        Folder for ``results.csv`` (a row a finished task, integer counts), ``wrong.bits`` (which samples
        were wrong), ``record.json`` (what is needed to repeat them) and the folder ``calibrated`` (a network a
        circuit). Rows and networks that are there already are not made again. Estimates have the files ``estimate.csv``
        and ``estimate-wrong.bits`` for rows. Another process may write there at the same time, into files of its own,
        such as ``results-0a1b2c3d.csv``. None: nothing is written.
    executor
        Runs the tasks, see ``concurrent.futures``; the counts do not depend on it. None: one after the other
        in this thread, so that their times can be compared (the kernels use all threads). Circuits are calibrated in
        this thread, before the tasks are run.
    progress
        Called as ``progress(done, total, task)`` before every circuit that is calibrated (its ``task.label`` says so),
        before every task that is run (with an executor after it), and as ``progress(total, total, None)`` at the end.

    Returns
    -------
    Evaluation
        Counts, rates with intervals, and the length that is needed.

    Raises
    ------
    ValueError, TypeError
        If an option, the data or the files in `out` do not fit; nothing has been written then.
    OSError
        If `out` cannot be written.

    Notes
    -----
    Error law: with n images the accuracy is known to about ``sqrt(p (1 - p) / n)``, however many
    repeats there are; they only average the randomness of the streams.
    """
    options = {
        "encoding": encoding,
        "accumulate": accumulate,
        "share": share,
        "bits": bits,
        "weight_streams": weight_streams,
        "weight_share": weight_share,
        "seed": seed,
        "faults": faults,
        "device": device,
        "clip": clip,
        "backend": backend,
    }
    run: dict[str, Any] = {"repeats": repeats, "out": out, "executor": executor, "progress": progress}
    run |= {"calibrate": calibrate, "calibration": calibration, "uncalibrated": True, "estimate": estimate}
    if generators is None:
        generators = (GENERATOR,) if estimate else GENERATORS
    return evaluate_each(network, data, lengths, generators, [options], **run)[0]


def evaluate_each(
    network: "Network",
    data: "Dataset",
    lengths: int | Sequence[int | Sequence[int]],
    generators: str | Sequence[str],
    variants: Sequence[Mapping[str, Any]],
    *,
    repeats: int = 1,
    calibrate: Calibrate = "auto",
    calibration: ArrayLike | None = None,
    uncalibrated: bool = False,
    estimate: bool = False,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    facts: Mapping[str, Any] | None = None,
) -> list[Evaluation]:
    """An evaluation for each of several sets of options, in one run.

    Parameters
    ----------
    network, data, lengths, generators, repeats, calibrate, calibration, estimate, out, executor, progress
        As for `evaluate`.
    variants
        Keywords of `CircuitOptions` but for length and generator. They differ in the faults only.
    uncalibrated
        Whether calibrated circuits are also run as mapped.
    facts
        More that the record says of this run.
    """
    each_length = list(dict.fromkeys(map(_checked_length, checks.each("lengths", lengths))))
    generators = list(dict.fromkeys(map(_checked_name, checks.each("generators", generators))))
    repeats = checks.whole("repeats", repeats, 1, MOST_REPEATS)
    checks.whole("seed", variants[0].get("seed", 0), 0)
    if variants[0].get("bits") is not None:
        checks.whole("bits", variants[0]["bits"], 1)
    clip, backend = checks.flag("clip", variants[0].get("clip", False)), variants[0].get("backend")
    if checks.flag("estimate", estimate):
        for options in variants:
            check_estimate(generators, options)

    subject = Classification.of(network, data, clip)
    samples = CalibrationSamples.of(network, data, calibrate, calibration, clip)
    names = {"version": package_version(), "network": network.digest(), "data": data.digest()}
    kind = EstimateTask if estimate else Task
    mapped = [_tasks(kind, each_length, generators, repeats, options, names) for options in variants]
    groups = mapped if samples is None else [_calibrated(tasks, samples.digest) for tasks in mapped]
    pairs = [zip(tasks, group, strict=True) for tasks, group in zip(mapped, groups, strict=True)]
    twins = [[task for task, own in pair if uncalibrated and task != own] for pair in pairs]
    every = [task for tasks in (*groups, *twins) for task in tasks]
    rows_file = "estimate.csv" if estimate else "results.csv"
    plan = Plan(every, out, lambda folder: ResultStore(folder / rows_file, estimates=estimate))
    folder = None if out is None else Path(out) / FOLDER
    networks = None if samples is None else CalibratedNetworks(network, samples, folder, clip, backend)
    circuits, descriptions = _first_circuits(subject, plan, backend)
    record = {**_facts(subject, names, each_length, generators, repeats, variants[0]), "generators": descriptions}
    record["options"]["calibrate"] = calibrate
    if estimate:
        record["options"]["estimate"] = True
    record |= {"calibration": None if samples is None else samples.facts(), "calibrated": {}}
    if networks is not None:
        record["calibrated"] = _calibrate(networks, plan, progress)

    def job(task: Task) -> Callable[[], Row]:
        of_task = subject
        if networks is not None and task.calibration:
            of_task = replace(subject, network=with_faults(networks.network(task), task.fault_model))
        return partial(of_task.measure, task, backend, circuits.pop(task.id, None))

    rows = plan.run(job, {**record, **(facts or {})}, executor, progress)
    written = (*plan.written, folder) if networks is not None and networks.written and folder else plan.written

    def evaluation(tasks: Sequence[Task], twin: Evaluation | None = None, note: str = "") -> Evaluation:
        found, images = tuple(rows[task.id] for task in tasks), len(subject.true_classes)
        facts = data.name, images, subject.float_correct, plan.reused(tasks), written
        return Evaluation(found, *facts, twin, note)

    note = _note(network, samples, calibrate)
    return [
        evaluation(tasks, evaluation(twin) if twin else None, note) for tasks, twin in zip(groups, twins, strict=True)
    ]


def _note(network: "Network", samples: CalibrationSamples | None, calibrate: Calibrate) -> str:
    if samples is not None:
        return f"each circuit is calibrated for itself, on samples out of {len(samples.x)}"
    if calibrate == "none" or network.calibration is not None:
        return ""
    return "not calibrated: the data have no training samples, and no calibration (--calibration FILE) is given"


def _calibrated(tasks: Sequence[Task], digest: str) -> list[Task]:
    """The tasks with circuits that are calibrated; fixed point is not, nor are circuits that take too long."""
    return [replace(task, calibration=digest) if can_be_calibrated(task) else task for task in tasks]


def _calibrate(networks: CalibratedNetworks, plan: Plan[Task, Row], progress: Progress | None) -> dict[str, Any]:
    """Find the calibrated networks of pending tasks; what the record says of them, by generator and length."""
    first: dict[CalibrationTask, Task] = {}
    for task in plan.pending:
        if task.calibration:
            first.setdefault(CalibrationTask.of(task), task)
    found: dict[str, Any] = {}
    for circuit, task in first.items():
        if progress is not None:
            progress(len(plan.tasks) - len(plan.pending), len(plan.tasks), circuit)
        network = networks.network(task)
        found[f"{task.generator} {text_of(task.length)}"] = {
            "file": f"{FOLDER}/{circuit.file_name}",
            "network": network.digest(),
            "steps": [gain._asdict() for gain in network.calibration.gains] if network.calibration else [],
        }
    return found


def _checked_length(length: Any) -> Length:
    of_layers = isinstance(length, Sequence | np.ndarray) and not isinstance(length, str)
    each = tuple(checks.whole("lengths", number, 1) for number in (length if of_layers else [length]))
    return each[0] if len(each) == 1 else each


def _checked_name(generator: Any) -> str:
    if not isinstance(generator, str):
        raise TypeError(f"generators must be names, got {checks.shown(generator)}")
    return str(generator)


def _tasks(
    kind: type[Task],
    lengths: Sequence[Length],
    generators: Sequence[str],
    repeats: int,
    options: Mapping[str, Any],
    names: Mapping[str, str],
) -> list[Task]:
    """Tasks of an evaluation, by generator, then length, then repeat."""
    tasks: list[Task] = []
    for generator in generators:
        for length in [1] if generator == FIXED_POINT else lengths:
            if generator == FIXED_POINT:
                of_streams = {"weight_streams": "fresh", "weight_share": None}
                plain = kind.of(CircuitOptions(length=1, **{**options, **of_streams}), 0, **names)
                first = replace(plain, generator=FIXED_POINT, bits=plain.bits or FIXED_BITS)
            else:
                first = kind.of(CircuitOptions(length=length, generator=generator, **options), 0, **names)
            tasks += [replace(first, repeat=repeat) for repeat in range(repeats)]
    return tasks


def _first_circuits(
    subject: Classification, plan: Plan[Task, Row], backend: str | None
) -> tuple[dict[str, AnyCircuit], dict[str, list[str]]]:
    """Build a circuit for each set of options before anything is written, so that errors come first.

    Returns the circuits of pending tasks by id, and descriptions of the generators for the record.
    """
    first: dict[Task, Task] = {}
    as_mapped = [task for task in plan.pending if not task.calibration]
    for task in (*as_mapped, *plan.tasks):  # calibrated ones have the errors of those as mapped
        first.setdefault(replace(task, repeat=0, calibration=""), task)
    pending = {task.id for task in as_mapped}
    circuits: dict[str, AnyCircuit] = {}
    descriptions: dict[str, list[str]] = {}
    for task in first.values():
        circuit = subject.circuit(task, backend)
        descriptions[f"{task.generator} {text_of(task.length)}"] = list(circuit.generator_descriptions)
        if task.id in pending:
            circuits[task.id] = circuit
    return circuits, descriptions


def _facts(
    subject: Classification,
    names: Mapping[str, str],
    lengths: Sequence[Length],
    generators: Sequence[str],
    repeats: int,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Options and data of a run, for its record."""
    network, data = subject.network, subject.data
    streams = [name for name in generators if name != FIXED_POINT]
    values = CircuitOptions(length=1, generator=streams[0] if streams else "searched", **options).keywords(
        "encoding", "accumulate", "share", "bits", "weight_streams", "weight_share", "seed", "faults", "device", "clip",
        "backend",
    )  # fmt: skip
    parts = {name: None if values[name] is None else asdict(values[name]) for name in ("faults", "device")}
    return {
        "network": {"digest": names["network"], "inputs": network.n_inputs, "outputs": network.n_outputs},
        "data": {
            "name": data.name,
            "digest": names["data"],
            "images": len(subject.true_classes),
            "float_correct": subject.float_correct,
        },
        "options": {
            "lengths": lengths,
            "generators": generators,
            **values,
            **parts,
            "repeats": repeats,
        },
        "seeds": [f"numpy.random.SeedSequence({values['seed']}, spawn_key=({repeat},))" for repeat in range(repeats)],
    }
