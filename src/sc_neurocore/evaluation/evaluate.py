"""Run a network, as a circuit, over held-out samples."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..files import check_writable
from ..gates.faults import Faults
from .record import Record, environment, package_version
from .results import Evaluation
from .store import ResultStore, keep_rows
from .task import Row, Task

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..networks import Circuit, FixedPoint, Network
    from ..synapses import MemristorModel

LENGTHS = (16, 32, 64, 128, 256, 1024)
GENERATORS = ("bernoulli", "sobol")
FIXED_POINT = "fixed-point"
"""Stands among the generators for the network in fixed point; it takes one cycle."""
FIXED_BITS = 8
WARM_UP = 32
"""Samples that are run once before the clock starts, so that nothing is compiled under it."""
SHORT_NS = 250_000_000
"""Runs shorter than this are timed twice, and the faster one counts: the first may start threads."""

_OPTIONS = ("encoding", "accumulate", "bits", "clip")

Progress = Callable[[int, int, Task | None], None]


def evaluate(
    network: "Network",
    data: "Dataset",
    lengths: Sequence[int] = LENGTHS,
    generators: Sequence[str] = GENERATORS,
    *,
    encoding: str = "split",
    accumulate: str = "sum",
    bits: int | None = None,
    seed: int = 0,
    repeats: int = 1,
    bit_flip_rate: float = 0.0,
    faults: Faults | None = None,
    device: "MemristorModel | None" = None,
    clip: bool = False,
    out: str | os.PathLike[str] | None = None,
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
        Clock cycles of a stream, each at least 1.
    generators
        Names of the generators of the streams. ``"fixed-point"`` is the network in fixed point of
        `bits` (None: 8) bits instead; its rows have the length 1.
    encoding, accumulate
        How numbers become streams and how a neuron adds up products; see ``Network.circuit``.
    bits
        Precision of probabilities in bits; None: as fine as the length allows.
    seed
        At least 0; repeat r uses ``SeedSequence(seed, spawn_key=(r,))``.
    repeats
        Runs of every circuit with other seeds, at least 1.
    bit_flip_rate
        Probability, in [0, 1], that a bit of a stream is flipped: a fault.
    faults
        All kinds of faults, see `Faults`; not with `bit_flip_rate`.
    device
        Crossbar that the weights are written into; every repeat is another chip. None: none.
    clip
        Cut inputs to the network's input range instead of refusing them. The float network
        always sees the inputs as they are.
    out
        Folder for ``results.csv`` (a row a finished task, integer counts) and ``record.json``
        (what is needed to repeat them). Rows that are there already are not run again. None:
        nothing is written.
    progress
        Called as ``progress(done, total, task)`` before every task that is run, and as
        ``progress(total, total, None)`` at the end.

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
    lengths = [checks.whole("length", length, 1) for length in dict.fromkeys(lengths)]
    generators = [str(name) for name in dict.fromkeys(generators)]
    if not lengths or not generators:
        raise ValueError("lengths and generators must have at least one entry, got none")
    checks.whole("repeats", repeats, 1)
    checks.whole("seed", seed, 0)
    checks.flag("clip", clip)
    bit_flip_rate = checks.real("bit_flip_rate", bit_flip_rate, 0, 1)
    if bits is not None:
        checks.whole("bits", bits, 1)
    if out is not None:
        check_writable(out)
    wanted = _check_data(network, data, clip)
    float_classes = np.asarray(network.float_predict(data.x_test))
    float_correct = int((float_classes == wanted).sum())

    version, network_digest, data_digest = package_version(), network.digest(), data.digest()
    faults = faults or Faults.flips(bit_flip_rate)
    told = "" if faults == Faults() or bit_flip_rate else faults.changes()
    tasks = [
        Task(
            version,
            network_digest,
            data_digest,
            generator,
            length,
            encoding,
            accumulate,
            FIXED_BITS if generator == FIXED_POINT and bits is None else bits,
            seed,
            repeat,
            bit_flip_rate,
            clip,
            "" if device is None else device.changes(),
            told,
        )
        for generator in generators
        for length in ([1] if generator == FIXED_POINT else lengths)
        for repeat in range(repeats)
    ]
    store = None if out is None else ResultStore(Path(out) / "results.csv")
    known = {} if store is None else store.read()
    record = None if out is None else Record(Path(out) / "record.json")
    # Every circuit is built once before anything is written: an option that one of them refuses stops all.
    descriptions = {
        f"{task.generator} {task.length}": list(_circuit(network, task, device, faults).generator_descriptions)
        for task in tasks
        if task.repeat == 0
    }
    pending = [task for task in tasks if task.id not in known]
    run: dict[str, Any] = {
        **environment(),
        "network": {"digest": network_digest, "inputs": network.n_inputs, "outputs": network.n_outputs},
        "data": {"name": data.name, "digest": data_digest, "images": len(wanted), "float_correct": float_correct},
        "options": {
            "lengths": lengths,
            "generators": generators,
            "encoding": encoding,
            "accumulate": accumulate,
            "bits": bits,
            "seed": seed,
            "repeats": repeats,
            "bit_flip_rate": bit_flip_rate,
            "faults": asdict(faults) if told else None,
            "device": None if device is None else asdict(device),
            "clip": clip,
        },
        "seeds": [f"numpy.random.SeedSequence({seed}, spawn_key=({repeat},))" for repeat in range(repeats)],
        "generators": descriptions,
        "tasks": [task.id for task in tasks],
        "computed": [],
    }
    rows = _run(network, data, wanted, float_classes, pending, device, faults, len(tasks), progress)
    keep_rows(rows, known, run, store, record)
    return Evaluation(
        tuple(known[task.id] for task in tasks),
        data.name,
        len(wanted),
        float_correct,
        len(tasks) - len(pending),
    )


def _run(
    network: "Network",
    data: "Dataset",
    wanted: NDArray[np.int64],
    float_classes: NDArray[np.int64],
    pending: list[Task],
    device: "MemristorModel | None",
    faults: Faults,
    total: int,
    progress: Progress | None,
) -> Iterator[Row]:
    float_correct = int((float_classes == wanted).sum())
    for number, task in enumerate(pending):
        if progress is not None:
            progress(total - len(pending) + number, total, task)
        circuit = _circuit(network, task, device, faults)
        circuit.predict(data.x_test[:WARM_UP])
        found, elapsed = _timed(circuit, data.x_test)
        if elapsed < SHORT_NS:
            elapsed = min(elapsed, _timed(circuit, data.x_test)[1])
        yield Row(
            task,
            len(wanted),
            int((found == wanted).sum()),
            float_correct,
            int((found == float_classes).sum()),
            elapsed,
        )
    if progress is not None:
        progress(total, total, None)


def _timed(circuit: "Circuit | FixedPoint", x: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    circuit.reset()  # the bits are those of a new circuit
    start = time.perf_counter_ns()
    found = np.asarray(circuit.predict(x))
    return found, max(time.perf_counter_ns() - start, 1)


def _circuit(network: "Network", task: Task, device: "MemristorModel | None", faults: Faults) -> "Circuit | FixedPoint":
    seed = np.random.SeedSequence(task.seed, spawn_key=(task.repeat,))
    if task.generator == FIXED_POINT:
        if device is not None:
            raise ValueError("device must be None with generator fixed-point, which has no crossbar")
        from ..networks import FixedPoint

        return FixedPoint(network, task.bits or FIXED_BITS, faults, seed=seed, clip=task.clip)
    options: dict[str, Any] = {name: getattr(task, name) for name in _OPTIONS}
    return network.circuit(task.length, task.generator, seed=seed, device=device, faults=faults, **options)


def _check_data(network: "Network", data: "Dataset", clip: bool) -> NDArray[np.int64]:
    """The wanted class index of every held-out sample, or an error if the data do not fit."""
    if network.kind != "classifier":
        raise ValueError(f"network must be a classifier to have an accuracy, got a {network.kind}")
    x = data.x_test
    if x.shape[1] != network.n_inputs:
        raise ValueError(f"data must have {network.n_inputs} inputs a sample for this network, got {x.shape[1]}")
    low, high = (np.broadcast_to(np.asarray(end, np.float64), x.shape[1:]) for end in network.input_range)
    outside = np.argwhere((x < low) | (x > high))
    if len(outside) and not clip:
        sample, place = outside[0]
        raise ValueError(
            f"input {place} must lie in the network's range [{low[place]:g}, {high[place]:g}], "
            f"got {x[sample, place]:g} in sample {sample}; clip (--clip) cuts such inputs to the range"
        )
    return _class_indices(data.y_test, network.classes, _n_classes(network))


def _n_classes(network: "Network") -> int:
    if network.classes is not None:
        return len(network.classes)
    return max(int(network.n_outputs), 2)  # a single output tells two classes apart by its sign


def _class_indices(labels: NDArray[np.int64], classes: Sequence[str] | None, n_classes: int) -> NDArray[np.int64]:
    try:
        values = [float(name) for name in classes] if classes is not None else list(map(float, range(n_classes)))
        rule = "one of the network's classes " + ", ".join(f"{value:g}" for value in values)
    except ValueError:  # names such as "cat": labels are indices
        values = list(map(float, range(n_classes)))
        rule = f"the index of one of the network's classes, 0..{n_classes - 1}"
    places = {value: index for index, value in enumerate(values)}
    for label in np.unique(labels):
        if float(label) not in places:
            raise ValueError(f"labels must be {rule}, got {label}")
    return np.array([places[float(label)] for label in labels], np.int64)
