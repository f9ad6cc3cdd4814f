"""The command `sweep`: many circuits at once, on all cores or many machines."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from .common import list_option, parse_names, plain_console, print_whole, width_of
from .inputs import WHAT, DatasetName, DtMs, InputShape, load_calibration, load_data, load_model
from .process import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.table import Table

    from ..networks import Network
    from ..sweeps import Plan, SweepResult, SweepRow
    from ..sweeps.engines import Engine
    from ..sweeps.toml_file import SweepFile

_AXES = Group("Axes, each one value or several", sort_key=2)
_STOP = Group("When a point stops", sort_key=3)
_RUN = Group("The run", sort_key=4)
_Words = Annotated[
    tuple[str, ...] | None, list_option(parse_names, _AXES, "VALUE,VALUE,.."), Parameter(show_default=False)
]


def sweep(
    file: Annotated[Path | None, Parameter(group=WHAT)] = None,
    *,
    model: Annotated[Path | None, Parameter(group=WHAT)] = None,
    data: Annotated[Path | None, Parameter(group=WHAT)] = None,
    input_shape: InputShape = None,
    dt_ms: DtMs = None,
    dataset: Annotated[DatasetName | None, Parameter(group=WHAT)] = None,
    calibration: Annotated[Path | None, Parameter(group=WHAT)] = None,
    random: Annotated[int | None, Parameter(group=WHAT)] = None,
    random_seed: Annotated[int | None, Parameter(group=WHAT)] = None,
    generator: _Words = None,
    length: _Words = None,
    encoding: _Words = None,
    accumulate: _Words = None,
    share: _Words = None,
    weight_share: _Words = None,
    weight_streams: _Words = None,
    bits: _Words = None,
    device: _Words = None,
    stuck_rate: _Words = None,
    variability: _Words = None,
    flips: _Words = None,
    input_flips: _Words = None,
    weight_flips: _Words = None,
    product_flips: _Words = None,
    stuck_lines: _Words = None,
    dead_generator: _Words = None,
    calibrate: _Words = None,
    clip: _Words = None,
    seed: _Words = None,
    repeat: _Words = None,
    samples: Annotated[int | None, Parameter(group=_STOP)] = None,
    width: Annotated[float | None, Parameter(group=_STOP)] = None,
    threshold: Annotated[float | None, Parameter(group=_STOP)] = None,
    error: Annotated[float | None, Parameter(group=_STOP)] = None,
    block: Annotated[int | None, Parameter(group=_RUN)] = None,
    workers: Annotated[int | None, Parameter(group=_RUN)] = None,
    dask: Annotated[str | None, Parameter(group=_RUN)] = None,
    backend: Annotated[str | None, Parameter(group=_RUN)] = None,
    dry_run: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
    top: Annotated[int, Parameter(group=_RUN)] = 20,
    out: Annotated[Path, Parameter(group=_RUN)] = Path("sweep"),
    debug: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
) -> None:
    """Run many circuits: all combinations of some options, a random part of them, or a list.

    sc-neurocore sweep --generator sobol,lfsr --length 16,64,256 runs six circuits of the small network for digits, on
    all cores. Options that are not given have their defaults; `sc-neurocore evaluate --help` says what they mean.

    Writes into the folder `sweep`: **blocks.csv** (integer counts of each block of samples), **blocks-wrong.bits**
    (which were wrong), **record.json** (all it takes to repeat it), **calibrated** (networks), **points.csv** (a row a
    point) and **index.html** (a page with the best circuits and a plot). Finished blocks are kept on Ctrl-C; the same
    command goes on where it stopped. Several commands may write into one folder at once; `sc-neurocore merge` joins
    folders of several machines.

    Parameters
    ----------
    file
        A TOML file with the axes, models and data of a sweep, see docs/sweeps.md. Options on the command line win.
    model
        A network, .safetensors or .npz, or an ONNX model or NIR graph, whose ranges are those of the samples to
        calibrate on. Default: the one for the data set that comes with the program.
    data
        Held-out samples, as for `evaluate`.
    input_shape
        Shape of a sample, such as 1,28,28, of an ONNX model that leaves it open.
    dt_ms
        How long a spike of a NIR graph lasts in ms: the time step of the simulator that it was trained in.
    dataset
        Data without internet: digits, mnist5k, fashion or mnist. [default: digits]
    calibration
        Samples to calibrate on, .npz with x. Default: the training part of the data.
    random
        So many random points of the grid, none twice. Default: all points.
    random_seed
        Decides which. [default: 0]
    generator
        bernoulli, searched, sobol, lattice, lfsr, halton, vdc, ramp, or fixed-point.
    length
        Cycles of a stream; 16-64 for a length of each layer.
    encoding
        unipolar, bipolar, split.
    accumulate
        sum, mean, saturate, or, mux.
    share
        none (the default of the generator), one, shift, rotate, independent.
    weight_share
        none (the default), independent, neurons, one.
    weight_streams
        fresh, stored.
    bits
        Precision of probabilities; none: as fine as the length allows.
    device
        Crossbar of the weights: none, ideal, al2o3-tio2, hfo2, taox, pcm.
    stuck_rate
        Share of its cells that are stuck.
    variability
        Its spread of programming.
    flips
        Rate of flipped bits of inputs and weights.
    input_flips
        Rate of flipped bits of inputs.
    weight_flips
        Rate of flipped bits of weights.
    product_flips
        Rate of flipped bits of products.
    stuck_lines
        Share of lines that are stuck.
    dead_generator
        none, inputs, weights.
    calibrate
        auto, none.
    clip
        true: cut inputs to the range of the network.
    seed
        Seeds of everything random.
    repeat
        Numbers of runs with other random numbers: 0,1,2 are three chips of one seed.
    samples
        A point stops behind so many samples.
    width
        It stops when its accuracy on all samples is known to within an interval of this width, such as 0.02.
    threshold
        It stops when it is decided whether its accuracy on all samples is at least this, such as 0.95.
    error
        Probability of a wrong answer of the two. [default: 0.01]
    block
        Samples of a block. [default: 256]
    workers
        Processes on this machine. Default: one a core.
    dask
        Address of a Dask scheduler, such as tcp://10.0.0.1:8786, whose workers run the circuits; or local.
    backend
        What computes, see `sc-neurocore info`; the counts are the same.
    dry_run
        Print how many points and blocks there are, and about how long they take, and run nothing.
    top
        So many of the best points are printed.
    out
        Folder for the results.
    debug
        Show the traceback of an error.
    """
    given = dict(locals())
    from .. import checks
    from ..evaluation.writers import mark_of
    from ..reports import save_report
    from ..sweeps import AXES

    checks.whole("top", top, 0)
    axes = {name: given[name] for name in AXES if given.get(name) is not None and name not in ("model", "data")}
    stop = {name: given[name] for name in ("samples", "width", "threshold", "error") if given[name] is not None}
    console = plain_console()
    what = _what(file, axes, stop, random, random_seed, block, backend)
    read = partial(load_model, input_shape=input_shape, dt_ms=dt_ms)
    early = dask is None and not dry_run  # the server of its processes imports while the plan is made
    engine = _engine(dask, workers) if early else None
    try:
        plan = _planned(what, model, data, dataset, calibration, out, read)
        engine = _engine(dask, workers) if engine is None else engine
        if dry_run:
            _print_plan(console, plan, engine)
            return
        result = _run(plan, engine, out)
    finally:
        if engine is not None:
            engine.close()
    if result.reused:
        console.print(f"reused {result.reused} of {len(result)} points from {out}", soft_wrap=True)
    _show(console, result, top)
    mark = mark_of(result.written[0]) if result.written else ""  # of this writer: another may be at work there
    path, page = out / f"points{mark}.csv", out / f"index{mark}.html"
    result.to_csv(path)
    save_report(page, result)
    written = ", ".join(map(str, (*result.written, path, page)))
    console.print(f"written: {written}", soft_wrap=True)


def _what(
    file: Path | None,
    axes: dict[str, tuple[str, ...]],
    stop: dict[str, Any],
    random: int | None,
    random_seed: int | None,
    block: int | None,
    backend: str | None,
) -> "SweepFile":
    """What the file says, with the options of the command line in place of it."""
    from dataclasses import replace

    from ..sweeps.axes import AXES
    from ..sweeps.toml_file import SweepFile, read_toml

    found = SweepFile() if file is None else read_toml(file)
    read = {name: [AXES[name].read(word) for word in words] for name, words in axes.items()}
    given = {"random": random, "random_seed": random_seed, "block": block, "backend": backend}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return replace(found, axes={**found.axes, **read}, stop={**found.stop, **stop}, **changes)


def _planned(
    what: "SweepFile",
    model: Path | None,
    data: Path | None,
    dataset: str | None,
    calibration: Path | None,
    out: Path,
    read: "Callable[..., Network]",
) -> "Plan":
    from ..sweeps import Plan
    from ..sweeps.plan import BLOCK

    points, rule = what.made_points(), what.rule()
    if data is not None and dataset is not None:
        raise ValueError("--data and --dataset must not be given together")
    files = {"data": str(data)} if data is not None else {} if dataset is not None else what.data
    if files and not (model or what.models):
        raise ValueError("data must come with a model (--model FILE), the network that it is for")
    samples = {name: load_data(Path(path), None) for name, path in files.items()}
    if not samples:
        bundled = load_data(None, dataset or what.dataset)
        samples = {bundled.name: bundled}
    paths = {"model": str(model)} if model is not None else what.models
    own = load_calibration(calibration or (None if what.calibration is None else Path(what.calibration)))
    first = next(iter(samples.values()))
    models = {name: read(Path(path), first, own) for name, path in paths.items()} or {"default": read(None, first)}
    block = BLOCK if what.block is None else what.block
    return Plan(points, models, samples, stop=rule, calibration=own, block=block, backend=what.backend, out=out)


def _engine(dask: str | None, workers: int | None) -> "Engine":
    from ..sweeps.engines import engine_of

    if dask is None:
        return engine_of(None, workers)
    from ..sweeps.dask_engine import DaskEngine

    return DaskEngine(dask, workers)


def _print_plan(console: "Console", plan: "Plan", engine: "Engine") -> None:
    from ..sweeps import estimated_seconds

    console.print(plan.describe())
    seconds = estimated_seconds(plan, engine)
    console.print(f"about {_time(seconds)} with {engine.slots} jobs at a time; nothing was run")


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _run(plan: "Plan", engine: "Engine", out: Path) -> "SweepResult":
    """Run a plan under a progress bar: points done, rate, time that is left, the best so far."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..sweeps.run import collected

    console = plain_console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    done = 0
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("starting", total=len(plan.courses))
        best: SweepRow | None = None

        def show(finished: int, points: int, row: "SweepRow | None") -> None:
            nonlocal done, best
            done = finished
            if row is not None and (best is None or row.accuracy > best.accuracy):
                best = row
            rate = bar.tasks[line].speed or 0.0
            so_far = "" if best is None else f", best {100 * best.accuracy:.2f} % ({best.task.label})"
            bar.update(line, completed=finished, description=f"{rate:.3g} points/s{so_far}")

        try:
            return collected(plan, engine, show)
        except KeyboardInterrupt:
            kept = f"{done} of {len(plan.courses)} points, and finished blocks of others, are kept in {out}"
            raise Interrupted(f"interrupted: {kept}; run the same command again to resume") from None


def _show(console: "Console", result: "SweepResult", top: int) -> None:
    shown = result.sorted().rows[:top]
    if shown:
        print_whole(console, _table(console, result, shown))
    left = len(result) - len(shown)
    console.print(f"{len(result)} points" + (f", {left} more in points.csv" if left else ""))


def _table(console: "Console", result: "SweepResult", rows: "tuple[SweepRow, ...]") -> "Table":
    """The settings that differ between points, and what came out, as many columns as there is room for."""
    from rich import box
    from rich.table import Table

    from ..sweeps.axes import shown_value

    settings = result.varied or ("generator", "length")
    for last in (4, 3, 2, 1):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for name in settings:
            table.add_column(name.replace("_", " "), justify="left" if name == "generator" else "right", no_wrap=True)
        for name in ("accuracy %", "95 % interval", "samples", "stopped")[:last]:
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            low, high = row.interval()
            cells = (
                f"{100 * row.accuracy:.2f}",
                f"{100 * low:.2f} .. {100 * high:.2f}",
                str(row.images),
                row.stopped,
            )
            table.add_row(*(shown_value(row.settings[name]) for name in settings), *cells[:last])
        if width_of(console, table) <= console.width:
            break
    return table
