"""Find the cheapest circuit that is as good as the float network, within a margin and at a stated confidence."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..evaluation.blocks import BlockRow, BlockTask, joined, sample_order
from ..evaluation.calibrated import FOLDER, Calibrate, CalibratedNetworks, CalibrationSamples
from ..evaluation.classification import Classification
from ..evaluation.journal import Journal
from ..evaluation.record import package_version
from ..evaluation.store import ResultStore
from ..files import atomic_write, check_writable
from .candidates import OBJECTIVES, Candidate, Grid
from .choice import Choice
from .screening import Screen, Screened, front
from .testing import Tested, Trial, in_sequence

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..networks import Network

LENGTHS = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
GENERATORS = ("searched", "sobol", "lattice", "lfsr", "bernoulli")
ENCODINGS = ("split", "bipolar")
FEWEST = 40
"""Samples to calibrate on that are enough to judge by a half of them."""
SHARE = 3
"""Without such samples, a third of the held-out ones is for the first look, and not for the test."""


@dataclass(frozen=True)
class State:
    """How far a choice is.

    Parameters
    ----------
    done, total
        Steps, of which there may become fewer.
    label
        What is done now.
    circuits
        Circuits that are left.
    images
        Samples that it is done on.
    best
        The best circuit so far in words; empty if none is known.
    """

    done: int
    total: int
    label: str
    circuits: int
    images: int
    best: str = ""


@dataclass(frozen=True, eq=False)
class Parts:
    """Which samples are for what.

    Parameters
    ----------
    fit
        Samples that circuits are calibrated on; None: none are.
    judge
        Samples of the first look.
    start
        Held-out samples before this place of `sample_order` are those of the first look.
    """

    fit: CalibrationSamples | None
    judge: NDArray[np.float64]
    start: int

    @classmethod
    def of(cls, samples: CalibrationSamples | None, data: "Dataset") -> "Parts":
        """A half of the samples to calibrate on each; without these, some of the held-out ones to judge by."""
        if samples is not None and len(samples.x) >= FEWEST:
            order = sample_order(len(samples.x))
            half = (len(order) + 1) // 2
            return cls(CalibrationSamples(samples.x[order[:half]]), samples.x[order[half:]], 0)
        order = sample_order(len(data.x_test))
        start = max(len(order) // SHARE, 1)
        return cls(None, data.x_test[order[:start]], start)

    def facts(self, path: Path | None) -> dict[str, Any] | None:
        """What a record says of the samples to calibrate on, which are kept in a file."""
        return (
            None
            if self.fit is None
            else {**self.fit.facts(), "file": None if path is None else f"{FOLDER}/{path.name}"}
        )

    def text(self) -> str:
        """What the first look is on, in words."""
        if self.fit is not None:
            judge, fit = len(self.judge), len(self.fit.x)
            return f"{judge} samples that are not held out; circuits are calibrated on {fit} others"
        return f"{self.start} of the held-out samples, which the test leaves out; circuits are not calibrated"


def choose(
    network: "Network",
    data: "Dataset",
    within: float = 1.0,
    *,
    objective: str = "cycles",
    confidence: float = 0.95,
    lengths: int | Sequence[int] = LENGTHS,
    generators: str | Sequence[str] = GENERATORS,
    encodings: str | Sequence[str] = ENCODINGS,
    accumulates: str | Sequence[str] = ("sum",),
    bits: int | Sequence[int | None] | None = None,
    per_layer: bool = True,
    calibrate: Calibrate = "auto",
    calibration: ArrayLike | None = None,
    seed: int = 0,
    clip: bool = False,
    backend: str | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[State], None] | None = None,
    given: Sequence[str] = (),
) -> Choice:
    """The cheapest circuit of a classifier whose accuracy is within a margin of the float network's.

    Parameters
    ----------
    network
        A classifier, which is not calibrated.
    data
        Held-out samples and labels to test on, and samples to calibrate on, as for `evaluate`.
    within
        By how many percentage points the accuracy may be below that of the float network, in [0, 100].
    objective
        What is made small: ``"cycles"``, the clock cycles of a sample; ``"area"``, an estimate; ``"area-time"``, the
        product of both, which is no energy. See `circuit_cost`.
    confidence
        Probability that the circuit is within the margin for new samples like these, in [0.5, 1).
    lengths, generators, encodings, accumulates, bits
        Values of the options of circuits that are combined, see `CircuitOptions`; or one value each.
    per_layer
        Whether lengths between those given are tried with another length for each layer.
    calibrate, calibration
        As for `evaluate`: without samples to calibrate on, circuits are run as mapped. Half of the samples is for the
        calibration of circuits of at most 64 cycles, the other half to compare circuits by.
    seed, clip, backend
        As for `evaluate`.
    out
        Folder for ``choose.csv`` (a row for every block of samples that a circuit ran on), ``blocks-wrong.bits``,
        ``record.json`` and the folder ``calibrated`` (networks, and the samples that they were calibrated on). Rows and
        networks that are there already are not made again. None: nothing is written.
    progress
        Called before every step.
    given
        Options of the program that name network and data, for `Choice.command`.

    Returns
    -------
    Choice
        The circuit, those beside it, and what was found for them.

    Raises
    ------
    ValueError, TypeError
        If an option, the data or the files in `out` do not fit; nothing has been written then.
    OSError
        If `out` cannot be written.

    Notes
    -----
    Two looks, on samples that have nothing to do with each other. The first one, on samples to calibrate on and without
    labels, picks one circuit for each level of cost, by successive halving: see `Screen`. Those than which a cheaper
    one is nearer to float are left out. The second one, on held-out samples, tests the others from the costliest to the
    cheapest, by the interval of the paired difference to the float network, and stops at the first that is not shown to
    be within the margin: see `in_sequence`. So the number of circuits costs no confidence.

    Examples
    --------
    >>> import numpy as np
    >>> from sc_neurocore import Network
    >>> from sc_neurocore.datasets import Dataset
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    >>> x = np.random.default_rng(0).random((400, 2))
    >>> data = Dataset.held_out("two halves", x, network.float_predict(x))
    >>> found = choose(network, data, within=5, lengths=(16, 64), generators="sobol", encodings="split")
    >>> found.chosen.candidate.circuit
    'sobol, L = 16'
    """
    within = checks.real("within", within, 0.0, 100.0)
    checks.option("objective", objective, tuple(OBJECTIVES))
    if not 0.5 <= checks.real("confidence", confidence, 0.5, 1.0) < 1:
        raise ValueError(f"confidence must be below 1, got {confidence}")
    grid = _grid(network, data, locals())
    per_layer, clip = checks.flag("per_layer", per_layer), checks.flag("clip", clip)
    subject = Classification.of(network, data, clip)
    if network.calibration is not None:
        raise ValueError("network must not be calibrated, its circuit is chosen already; network.ideal is not")
    samples = CalibrationSamples.of(network, data, calibrate, calibration, clip)
    parts = Parts.of(samples, data)
    candidates, refused = grid.candidates(network)
    if out is not None:
        check_writable(out)
    journal: Journal[Any] = Journal(out, lambda folder: ResultStore(folder / "choose.csv", blocks=True))
    folder = None if out is None else Path(out)
    calibrated = None
    if parts.fit is not None:
        calibrated = CalibratedNetworks(network, parts.fit, folder and folder / FOLDER, clip, backend)

    steps = _Steps(progress, len(candidates))
    x, digest = (parts.judge, "" if parts.fit is None else parts.fit.digest)
    screen = Screen(network, x, calibrated, parts.judge if parts.fit is None else parts.fit.x, digest, backend)
    nominees = screen.nominees(candidates, objective, per_layer, steps.tell)
    ordered = front(nominees, objective)
    trial = Trial(subject, parts.start, within / 100, confidence)
    session = _Session(subject, calibrated, journal, backend, steps)
    path = None if folder is None or parts.fit is None else _kept(folder / FOLDER, parts.fit)
    facts = _facts(subject, grid, parts, path, ordered, within, objective, confidence)
    tested, row = session.run(trial, [each.candidate for each in ordered], facts)
    steps.expect(0)
    steps.tell("done", 0, len(subject.true_classes))
    return Choice(
        within=within,
        confidence=confidence,
        objective=objective,
        data=data.name,
        images=len(subject.true_classes),
        float_correct=subject.float_correct,
        tested=tuple(tested),
        screened=tuple(sorted(screen.screened.values(), key=lambda each: each.loss)),
        refused=refused,
        judged_on=parts.text(),
        row=row,
        reused=session.reused,
        written=journal.written,
        calibration=path,
        given=tuple(given),
        tasks=tuple(block.id for each in ordered for block in trial.blocks(each.candidate)),
    )


def _grid(network: "Network", data: "Dataset", given: dict[str, Any]) -> Grid:
    """The circuits that the arguments of `choose` ask for."""
    lists: dict[str, tuple[Any, ...]] = {}
    for name in ("lengths", "generators", "encodings", "accumulates"):
        lists[name] = tuple(dict.fromkeys(checks.each(name, given[name])))
    lists["lengths"] = tuple(checks.whole("lengths", length, 1) for length in lists["lengths"])
    widths = (None,) if given["bits"] is None else tuple(dict.fromkeys(checks.each("bits", given["bits"])))
    for name in lists["generators"]:
        checks.instance("generators", name, str)
    seed = checks.whole("seed", given["seed"], 0)
    common = {"seed": seed, "clip": given["clip"], "backend": given["backend"]}
    names = {"version": package_version(), "network": network.digest(), "data": data.digest()}
    return Grid(**lists, bits=widths, common=common, names=names)


def _kept(folder: Path, samples: CalibrationSamples) -> Path:
    """The file of the samples that circuits are calibrated on, named after them; written unless it is there."""
    path = folder / f"{samples.digest}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            np.savez_compressed(temporary, x=samples.x)
    return path


def _facts(
    subject: Classification,
    grid: Grid,
    parts: Parts,
    path: Path | None,
    nominees: Sequence[Screened],
    within: float,
    objective: str,
    confidence: float,
) -> dict[str, Any]:
    """What the record says of a choice."""
    network, data = subject.network, subject.data
    return {
        "network": {"digest": grid.names["network"], "inputs": network.n_inputs, "outputs": network.n_outputs},
        "data": {
            "name": data.name,
            "digest": grid.names["data"],
            "images": len(subject.true_classes),
            "float_correct": subject.float_correct,
        },
        "calibration": parts.facts(path),
        "seeds": [f"numpy.random.SeedSequence({grid.common['seed']}, spawn_key=(0,))"],
        "choice": {
            "within": within,
            "confidence": confidence,
            "objective": objective,
            "lengths": grid.lengths,
            "generators": grid.generators,
            "encodings": grid.encodings,
            "accumulates": grid.accumulates,
            "bits": grid.bits,
            **grid.common,
            "judged_on": parts.text(),
            "nominees": [
                {"circuit": each.candidate.circuit, "task": each.candidate.task.id, "loss": round(each.loss, 6)}
                for each in nominees
            ],
        },
    }


class _Steps:
    """Counts steps for a progress bar."""

    def __init__(self, progress: Callable[[State], None] | None, candidates: int) -> None:
        self._progress, self._done, self.total, self.best = progress, 0, 3 * candidates, ""

    def tell(self, label: str, circuits: int, images: int) -> None:
        """A step begins."""
        if self._progress is not None:
            self._progress(State(self._done, max(self.total, self._done), label, circuits, images, self.best))
        self._done += 1

    def expect(self, steps: int) -> None:
        """So many steps are left."""
        self.total = self._done + steps


class _Session:
    """Runs blocks of samples, and keeps their rows."""

    def __init__(
        self,
        subject: Classification,
        calibrated: CalibratedNetworks | None,
        journal: Journal[Any],
        backend: str | None,
        steps: _Steps,
    ) -> None:
        self._subject, self._calibrated, self._journal = subject, calibrated, journal
        self._backend, self._steps = backend, steps
        self._before = set(journal.rows)
        self.reused = 0
        """Blocks that were there before."""

    def run(self, trial: Trial, nominees: Sequence[Candidate], facts: dict[str, Any]) -> tuple[list[Tested], Any]:
        """Test circuits, and run the chosen one on all held-out samples: what was found, and its row or None."""
        tasks = [block for each in nominees for block in trial.blocks(each)]
        pending = any(task.id not in self._journal.rows for task in tasks)
        left = len(nominees)
        self._steps.expect(len(tasks))

        def ended(found: Tested) -> None:
            nonlocal left
            left -= 1
            if found.verdict == "within":
                self._steps.best = found.candidate.circuit

        with self._journal.recording([task.id for task in tasks], facts, pending) as keep:

            def measure(block: BlockTask) -> BlockRow:
                self._steps.tell(block.label, left, block.stop)
                if block.id not in self._journal.rows:
                    keep([self._measured(block)])
                self.reused += block.id in self._before
                row: BlockRow = self._journal.rows[block.id]
                return row

            tested = in_sequence(trial, nominees, measure, ended)
            shown = [each for each in tested if each.verdict == "within"]
            if not shown:
                return tested, None
            rows = [shown[-1].row]
            if trial.start:
                rows.append(measure(BlockTask.of_task(shown[-1].candidate.task, 0, trial.start, trial.total)))
            return tested, joined(rows).row()

    def _measured(self, block: BlockTask) -> BlockRow:
        subject = self._subject
        if block.calibration:
            assert self._calibrated is not None
            subject = replace(subject, network=self._calibrated.network(block.whole))
        return subject.measure_block(block.whole, block.start, block.stop, self._backend)
