"""Accuracy of a classifier as a stochastic circuit, for stream lengths and generators."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import checks
from ..gates.faults import Faults
from ..layers.options import CircuitOptions
from .classification import FIXED_POINT, Classification
from .pipeline import MOST_REPEATS, Plan, Progress
from .record import package_version
from .results import Evaluation
from .rows import Length, text_of
from .store import ResultStore
from .task import Row, Task

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..networks import Circuit, FixedPoint, Network
    from ..synapses import MemristorModel

LENGTHS = (4, 8, 16, 32, 64, 256)
GENERATORS = ("bernoulli", "sobol", "searched")
FIXED_BITS = 8


def evaluate(
    network: "Network",
    data: "Dataset",
    lengths: int | Sequence[int | Sequence[int]] = LENGTHS,
    generators: str | Sequence[str] = GENERATORS,
    *,
    encoding: str = "split",
    accumulate: str = "sum",
    share: str | None = None,
    bits: int | None = None,
    weight_streams: str = "fresh",
    seed: int = 0,
    repeats: int = 1,
    faults: Faults | None = None,
    device: "MemristorModel | None" = None,
    clip: bool = False,
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
        Names of the generators of the streams, or one. ``"fixed-point"`` is the network in fixed point of
        `bits` (None: 8) bits instead; its rows have the length 1.
    encoding, accumulate, share, weight_streams
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
    backend
        What computes, see `CircuitOptions`; the counts do not depend on it.
    out
        Folder for ``results.csv`` (a row a finished task, integer counts), ``wrong.bits`` (which samples
        were wrong) and ``record.json`` (what is needed to repeat them). Rows that are there already are
        not run again. Another process may write there at the same time, into files of its own, such as
        ``results-0a1b2c3d.csv``. None: nothing is written.
    executor
        Runs the tasks, see ``concurrent.futures``; the counts do not depend on it. None: one after the other
        in this thread, so that their times can be compared (the kernels use all threads).
    progress
        Called as ``progress(done, total, task)`` before every task that is run (with an executor after it),
        and as ``progress(total, total, None)`` at the end.

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
        "seed": seed,
        "faults": faults,
        "device": device,
        "clip": clip,
        "backend": backend,
    }
    run: dict[str, Any] = {"repeats": repeats, "out": out, "executor": executor, "progress": progress}
    return evaluate_each(network, data, lengths, generators, [options], **run)[0]


def evaluate_each(
    network: "Network",
    data: "Dataset",
    lengths: int | Sequence[int | Sequence[int]],
    generators: str | Sequence[str],
    variants: Sequence[Mapping[str, Any]],
    *,
    repeats: int = 1,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    facts: Mapping[str, Any] | None = None,
) -> list[Evaluation]:
    """An evaluation for each of several sets of options, in one run.

    Parameters
    ----------
    network, data, lengths, generators, repeats, out, executor, progress
        As for `evaluate`.
    variants
        Keywords of `CircuitOptions` but for length and generator. They differ in the faults only.
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

    subject = Classification.of(network, data, clip)
    names = {"version": package_version(), "network": network.digest(), "data": data.digest()}
    groups = [_tasks(each_length, generators, repeats, options, names) for options in variants]
    plan = Plan([task for tasks in groups for task in tasks], out, lambda folder: ResultStore(folder / "results.csv"))
    circuits, descriptions = _first_circuits(subject, plan, backend)
    record = {**_facts(subject, names, each_length, generators, repeats, variants[0]), "generators": descriptions}
    rows = plan.run(
        lambda task: partial(subject.measure, task, backend, circuits.pop(task.id, None)),
        {**record, **(facts or {})},
        executor,
        progress,
    )
    return [
        Evaluation(
            tuple(rows[task.id] for task in tasks),
            data.name,
            len(subject.true_classes),
            subject.float_correct,
            plan.reused(tasks),
            plan.written,
        )
        for tasks in groups
    ]


def _checked_length(length: Any) -> Length:
    of_layers = isinstance(length, Sequence | np.ndarray) and not isinstance(length, str)
    each = tuple(checks.whole("lengths", number, 1) for number in (length if of_layers else [length]))
    return each[0] if len(each) == 1 else each


def _checked_name(generator: Any) -> str:
    if not isinstance(generator, str):
        raise TypeError(f"generators must be names, got {checks.shown(generator)}")
    return str(generator)


def _tasks(
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
                plain = Task.of(CircuitOptions(length=1, **{**options, "weight_streams": "fresh"}), 0, **names)
                first = replace(plain, generator=FIXED_POINT, bits=plain.bits or FIXED_BITS)
            else:
                first = Task.of(CircuitOptions(length=length, generator=generator, **options), 0, **names)
            tasks += [replace(first, repeat=repeat) for repeat in range(repeats)]
    return tasks


def _first_circuits(
    subject: Classification, plan: Plan[Task, Row], backend: str | None
) -> "tuple[dict[str, Circuit | FixedPoint], dict[str, list[str]]]":
    """Build a circuit for each set of options before anything is written, so that errors come first.

    Returns the circuits of pending tasks by id, and descriptions of the generators for the record.
    """
    first: dict[Task, Task] = {}
    for task in (*plan.pending, *plan.tasks):
        first.setdefault(replace(task, repeat=0), task)
    pending = {task.id for task in plan.pending}
    circuits: dict[str, Circuit | FixedPoint] = {}
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
        "encoding", "accumulate", "share", "bits", "weight_streams", "seed", "faults", "device", "clip", "backend"
    )
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
