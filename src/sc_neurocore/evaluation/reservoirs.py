"""Study of stochastic reservoirs: NARMA10 error and memory capacity for every generator and stream length.

The scores of a reservoir are floating-point numbers, not counts: an error over a standard deviation, and a sum of
squared correlations, both of a read-out that is fitted in floating point. So rows of other series do not add up
as those of `evaluate` do; a row is one series, and a study gives the mean and the range of its repeats.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends.threads import thread_count
from ..datasets.time_series import delayed, narma10
from ..encoders import GENERATORS
from ..layers.recurrent import SCRecurrentLayer
from ..layers.reservoirs.readout import ridge_regression
from .old_files import FirstReservoirRow
from .pipeline import MOST_REPEATS, Plan, Progress
from .record import package_version
from .reservoir_rows import DELAYS, ReservoirRow, ReservoirTask
from .series import memory_capacity, nrmse_std
from .store import RowStore

Floats = NDArray[np.float64]

LENGTHS = (64, 256, 1024, 4096)
NEURONS = (100, 200)
KINDS = ("bernoulli", "lfsr", "sobol", "sobol-shift", "sobol-rounding")
"""Generators of the study, with what is done to them at every step."""
EXPECTED, LINEAR = "expected", "linear"
TAPS, WASHOUT = 20, 200
BLOCK = 1 << 25
"""Cycles of all neurons that a thread runs before it looks whether it shall stop: a part of a second."""
RESERVOIRPY = {100: 0.331, 200: 0.212}
"""NRMSE of tuned reservoirs of so many neurons that were run with ReservoirPy."""

PRESET: dict[str, Any] = {
    "feedback_strength": 1.0,
    "input_strength": 0.25,
    "spectral_radius": 0.95,
    "leak": 1.0,
    "bias_strength": 0.3,
    "activation": "tanh",
    "encoding": "split",
}
"""Reservoir tuned for NARMA10 with inputs in [0, .5]: in expectation, and for little noise of streams."""
SYNAPSES_PER_NEURON, RIDGE = 10, 1e-7


def narma_reservoir(n_neurons: int, length: int = 1024, seed: Any = None, **options: Any) -> SCRecurrentLayer:
    """The reservoir of the study: `PRESET` and `SYNAPSES_PER_NEURON` recurrent weights a neuron.

    Parameters
    ----------
    n_neurons, length, seed
        As for `SCRecurrentLayer`.
    options
        Its other keywords; they come before those of the preset.

    Examples
    --------
    >>> narma_reservoir(100, generator="sobol", seed=0).W_rec.nnz
    1000
    """
    connectivity = min(1.0, SYNAPSES_PER_NEURON / checks.whole("n_neurons", n_neurons, 1))
    given = {**PRESET, "connectivity": connectivity, **options}
    return SCRecurrentLayer(1, n_neurons, length=length, seed=seed, **given)


@dataclass(frozen=True)
class ReservoirStudy:
    """Result of `reservoir_study`: scores by generator, size and stream length.

    Parameters
    ----------
    rows
        One a task.
    reused
        Number of rows that were read from the folder instead of run.
    written
        The files that were written, that of the rows first; none where nothing was run or kept.
    """

    rows: tuple[ReservoirRow, ...]
    reused: int = 0
    written: tuple[Path, ...] = field(default=(), compare=False, repr=False)

    @property
    def neurons(self) -> tuple[int, ...]:
        """Sizes of the reservoirs."""
        return tuple(dict.fromkeys(row.task.n_neurons for row in self.rows if row.task.kind != LINEAR))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Generators, in the order of the rows."""
        return tuple(dict.fromkeys(row.task.kind for row in self.rows if row.task.length))

    @property
    def lengths(self) -> tuple[int, ...]:
        """Stream lengths, rising."""
        return tuple(sorted({row.task.length for row in self.rows if row.task.length}))

    def scores(self, kind: str, n_neurons: int, length: int = 0, score: str = "nrmse_std") -> Floats:
        """``"nrmse_std"`` or ``"memory"`` of all repeats ``(repeats,)``."""
        wanted = kind, n_neurons, length
        return np.array(
            [getattr(row, score) for row in self.rows if (row.task.kind, row.task.n_neurons, row.task.length) == wanted]
        )

    def beats_filter_from(self, kind: str, n_neurons: int) -> int | None:
        """Smallest length from which on the mean NRMSE is below that of the linear filter; None if none is."""
        limit, found = self.scores(LINEAR, TAPS).mean(), None
        for length in reversed(self.lengths):
            if self.scores(kind, n_neurons, length).mean() >= limit:
                break
            found = length
        return found


def reservoir_study(
    lengths: int | Sequence[int] = LENGTHS,
    kinds: str | Sequence[str] = KINDS,
    neurons: int | Sequence[int] = NEURONS,
    *,
    train: int = 4000,
    test: int = 2000,
    seed: int = 0,
    repeats: int = 5,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ReservoirStudy:
    """NARMA10 error and memory capacity of stochastic reservoirs, for every generator and stream length.

    Beside them, the same reservoirs in floating point and a linear filter of `TAPS` taps.

    Parameters
    ----------
    lengths
        Clock cycles of a stream, each at least 1. A single number is a list of one.
    kinds
        See `ReservoirTask`; or one.
    neurons
        Sizes of the reservoirs, or one.
    train, test
        Steps of NARMA10, after `WASHOUT` steps that are not learned from.
    seed, repeats
        Each repeat, of 1..10,000, has a series and a reservoir of its own, the same for all kinds.
    out
        Folder for ``reservoir.csv`` (a row a finished task) and ``record.json``. Rows that are there are not run
        again. None: nothing is written.
    executor
        Runs the tasks, see ``concurrent.futures``; the scores do not depend on it. None: as many threads as the
        kernels may use.
    progress
        Called as ``progress(done, total, task)`` after every task, and as ``progress(total, total, None)`` at the
        end.

    Raises
    ------
    ValueError, TypeError
        If an option or a file in `out` does not fit; nothing has been written then.
    OSError
        If `out` cannot be written.

    Examples
    --------
    >>> study = reservoir_study([64], ["sobol"], [20], train=300, test=100, repeats=1)
    >>> [row.task.kind for row in study.rows]
    ['linear', 'expected', 'sobol']
    """
    lengths = _whole_numbers("lengths", lengths)
    neurons = _whole_numbers("neurons", neurons)
    every_kind = checks.each("kinds", kinds)
    for kind in every_kind:
        options_of(kind)
    kinds = list(dict.fromkeys(every_kind))
    train = checks.whole("train", train, 2)
    test = checks.whole("test", test, 2)
    seed = checks.whole("seed", seed, 0)
    repeats = checks.whole("repeats", repeats, 1, MOST_REPEATS)
    common = package_version(), train, test, seed
    tasks = [task for repeat in range(repeats) for task in _tasks(common, repeat, lengths, kinds, neurons)]
    tasks.sort(key=lambda task: (task.n_neurons if task.kind != LINEAR else 0, task.kind != EXPECTED))
    plan = Plan(tasks, out, lambda folder: RowStore(folder / "reservoir.csv", ReservoirRow, (FirstReservoirRow,)))
    facts: dict[str, Any] = {
        "options": {
            "lengths": lengths,
            "kinds": kinds,
            "neurons": neurons,
            "train": train,
            "test": test,
            "seed": seed,
            "repeats": repeats,
            "reservoir": PRESET,
        },
        "seeds": [f"numpy.random.SeedSequence({seed}, spawn_key=({repeat}, 0 or 1))" for repeat in range(repeats)],
    }
    with ExitStack() as opened:
        stop: dict[str, Any] = {}
        if executor is None:
            executor = opened.enter_context(ThreadPoolExecutor(thread_count()))
            over = Event()
            opened.callback(over.set)  # before the threads are waited for
            stop = {"stopped": over.is_set}
        rows = plan.run(lambda task: partial(score, task, **stop), facts, executor, progress, _work)
    return ReservoirStudy(tuple(rows[task.id] for task in tasks), plan.reused(tasks), plan.written)


def _whole_numbers(name: str, values: Any) -> list[int]:
    return list(dict.fromkeys(checks.whole(name, value, 1) for value in checks.each(name, values)))


def options_of(kind: str) -> dict[str, Any]:
    """Keywords of `SCRecurrentLayer` for a kind, or a ValueError.

    >>> options_of("sobol-shift")
    {'generator': 'sobol', 'restart': 'shift'}
    """
    name, _, extra = kind.partition("-") if isinstance(kind, str) else ("", "", "")
    more = {"": {}, "shift": {"restart": "shift"}, "rounding": {"rounding": "stochastic"}}
    if name not in GENERATORS or extra not in more or kind == "bernoulli-shift":
        rule = f"one of {', '.join(GENERATORS)}, alone or with -shift (not bernoulli) or -rounding"
        raise ValueError(f"generator must be {rule}, got {checks.shown(kind)}")
    return {"generator": name, **more[extra]}


def _tasks(
    common: tuple[str, int, int, int], repeat: int, lengths: list[int], kinds: list[str], neurons: list[int]
) -> Iterator[ReservoirTask]:
    version, train, test, seed = common
    words = [f"{name}={value}" for name, value in PRESET.items()]
    preset = " ".join([*words, f"synapses={SYNAPSES_PER_NEURON}", f"ridge={RIDGE:g}"])
    floats = ReservoirTask(version, EXPECTED, 0, TAPS, train, test, seed, repeat, preset)
    yield replace(floats, kind=LINEAR, preset=f"taps={TAPS} ridge={RIDGE:g}")
    for n in neurons:
        yield replace(floats, n_neurons=n)
        for kind in kinds:
            for length in lengths:
                yield replace(floats, n_neurons=n, kind=kind, length=length)


def _work(task: ReservoirTask) -> int:
    """Relative run time of a task, so that the longest can be started first."""
    return task.length * task.n_neurons * (1 + 3 * (task.kind == "bernoulli"))


def _blocks(task: ReservoirTask, u: Floats, stopped: Callable[[], bool]) -> Iterator[Floats]:
    steps = max(BLOCK // (task.length * task.n_neurons), 1)
    for first in range(0, len(u), steps):
        if stopped():
            raise RuntimeError("the study was interrupted")
        yield u[first : first + steps]


def score(task: ReservoirTask, stopped: Callable[[], bool] = lambda: False) -> ReservoirRow:
    """Run one task; a RuntimeError at the next of its blocks of steps if it is `stopped`."""
    data_seed, layer_seed = (np.random.SeedSequence(task.seed, spawn_key=(task.repeat, part)) for part in (0, 1))
    u, y = narma10(WASHOUT + task.train + task.test, data_seed)
    before = delayed(u[:, 0], DELAYS)
    if task.kind == LINEAR:
        states = np.column_stack([u, before[:, : TAPS - 1]])
    elif task.kind == EXPECTED:
        states = narma_reservoir(task.n_neurons, seed=layer_seed).run(u, expected=True)
    else:
        layer = narma_reservoir(task.n_neurons, task.length, layer_seed, **options_of(task.kind))
        states = np.concatenate([layer.run(block) for block in _blocks(task, u, stopped)])
    learned, held_out = slice(WASHOUT, WASHOUT + task.train), slice(WASHOUT + task.train, None)
    targets = np.column_stack([y, before])
    weights = ridge_regression(states[learned], targets[learned], RIDGE)
    found = states[held_out] @ weights[:-1] + weights[-1]
    wanted = targets[held_out]
    return ReservoirRow(task, nrmse_std(found[:, 0], wanted[:, 0]), memory_capacity(found[:, 1:], wanted[:, 1:]))
