"""The command `choose`: the cheapest circuit that is as good as floating point."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from .common import list_option, parse_ints, parse_names, plain_console, print_whole, rich_table, say_written, width_of
from .inputs import (
    WHAT,
    DatasetName,
    DtMs,
    InputShape,
    check_inputs,
    lacks_ranges,
    load_calibration,
    load_data,
    load_model,
)
from .process import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from .. import reports
    from ..choosing import Choice, State

_GOAL = Group("What to find", sort_key=2)
_CIRCUIT = Group("Circuits to look at", sort_key=3)
_RUN = Group("The run", sort_key=4)


def choose(
    model: Annotated[Path | None, Parameter(group=WHAT)] = None,
    *,
    data: Annotated[Path | None, Parameter(group=WHAT)] = None,
    input_shape: InputShape = None,
    dt_ms: DtMs = None,
    dataset: Annotated[DatasetName | None, Parameter(group=WHAT)] = None,
    within: Annotated[float, Parameter(group=_GOAL)] = 1.0,
    cycles: Annotated[bool, Parameter(negative=(), show_default=False, group=_GOAL)] = False,
    area: Annotated[bool, Parameter(negative=(), show_default=False, group=_GOAL)] = False,
    area_time: Annotated[bool, Parameter(negative=(), show_default=False, group=_GOAL)] = False,
    confidence: Annotated[float, Parameter(group=_GOAL)] = 0.95,
    lengths: Annotated[tuple[int, ...], list_option(parse_ints, _CIRCUIT, "L,L,..")] = (
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        512,
        1024,
    ),
    generators: Annotated[tuple[str, ...], list_option(parse_names, _CIRCUIT, "NAME,NAME,..")] = (
        "searched",
        "sobol",
        "lattice",
        "lfsr",
        "bernoulli",
    ),
    encodings: Annotated[tuple[str, ...], list_option(parse_names, _CIRCUIT, "NAME,NAME,..")] = ("split", "bipolar"),
    accumulates: Annotated[tuple[str, ...], list_option(parse_names, _CIRCUIT, "NAME,NAME,..")] = ("sum",),
    bits: Annotated[tuple[int, ...], list_option(parse_ints, _CIRCUIT, "N,N,..")] = (),
    uniform: Annotated[bool, Parameter(negative=(), show_default=False, group=_CIRCUIT)] = False,
    calibrate: Annotated[Literal["auto", "none"], Parameter(group=_CIRCUIT)] = "auto",
    calibration: Annotated[Path | None, Parameter(group=_CIRCUIT)] = None,
    clip: Annotated[bool, Parameter(negative=(), show_default=False, group=_CIRCUIT)] = False,
    seed: Annotated[int, Parameter(group=_RUN)] = 0,
    backend: Annotated[str | None, Parameter(group=_RUN)] = None,
    out: Annotated[Path, Parameter(group=_RUN)] = Path("choice"),
    debug: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
) -> None:
    """Find the cheapest circuit of a classifier that is as good as floating point, within a margin.

    Without options: for the small network for scikit-learn's digits, the circuit with the fewest clock cycles whose
    accuracy is at most one percentage point below that of floating point, at 95 % confidence. Circuits of many lengths,
    generators and encodings are compared on samples that are not held out; a few of them, from the costliest to the
    cheapest, are then tested on the held-out images, until one is not shown to be near enough.

    Writes into the folder `choice`: **index.html** (a page with the answer, the plot, the table, and how to repeat it),
    **choose.csv** (a row for every block of images that a circuit ran on), **blocks-wrong.bits**, **record.json**,
    **calibrated** (a network a circuit, and the samples that they were calibrated on) and **choose.png**.
    Finished rows and calibrated networks are kept on Ctrl-C; the same command goes on where it stopped.

    Parameters
    ----------
    model
        A network, .safetensors or .npz, or an ONNX model or NIR graph. These get the ranges of the samples to calibrate
        on, and are also written as **network-..safetensors**. Default: the one for the data set that comes with the
        program.
    data
        Held-out samples, see `sc-neurocore evaluate --help`.
    input_shape
        Shape of a sample, such as 1,28,28, of an ONNX model that leaves it open.
    dt_ms
        How long a spike of a NIR graph lasts in ms: the time step of the simulator that it was trained in.
    dataset
        Data without internet: digits, mnist5k, fashion or mnist. [default: digits]
    within
        By how many percentage points the accuracy may be below that of floating point.
    cycles
        Make the clock cycles of an image few (this is the default).
    area
        Make the area small, an estimate from measured cells.
    area_time
        Make the product of area and cycles small; it is no energy.
    confidence
        Probability that the circuit is within the margin for new images like these.
    lengths
        Stream lengths in clock cycles.
    generators
        Sources of bits.
    encodings
        How numbers become streams: unipolar, bipolar or split.
    accumulates
        How a neuron adds products: sum, mean, saturate, or, mux.
    bits
        Precisions of probabilities in bits. Default: as fine as the length allows.
    uniform
        Give all layers of a circuit the same length.
    calibrate
        auto: calibrate short streams, if there are samples for it; none: run the network as it is mapped.
    calibration
        Samples to calibrate on and to compare circuits by, .npz with x. Default: the training part of the data.
    clip
        Cut inputs to the range of the network instead of refusing them.
    seed
        Seed of everything random.
    backend
        What computes, see `sc-neurocore info`; the counts are the same. Default: the first that is there.
    out
        Folder for the results.
    debug
        Show the traceback of an error.
    """
    from .. import choosing
    from ..choosing.choice import path_word
    from ..files import check_writable

    console = plain_console()
    check_inputs(model, data, dataset, calibration, calibrate)
    check_writable(out)
    held_out = load_data(data, dataset)
    samples = load_calibration(calibration)
    network = load_model(model, held_out, samples, input_shape=input_shape, dt_ms=dt_ms)
    ranged = None
    if model is not None and lacks_ranges(model):
        ranged = out / f"network-{network.digest()[:8]}.safetensors"
    given = tuple(
        word
        for name, path in (("--model", ranged or model), ("--data", data))
        if path is not None
        for word in (name, path_word(path))
    )
    given += () if dataset is None else ("--dataset", dataset)
    options: dict[str, Any] = {
        "objective": _objective(cycles, area, area_time),
        "confidence": confidence,
        "lengths": lengths,
        "generators": generators,
        "encodings": encodings,
        "accumulates": accumulates,
        "bits": bits or None,
        "per_layer": not uniform,
        "calibrate": calibrate,
        "calibration": samples,
        "seed": seed,
        "clip": clip,
        "backend": backend,
        "out": out,
        "given": given,
    }
    choice: Choice = _with_bar(lambda show: choosing.choose(network, held_out, within, progress=show, **options), out)
    _show(console, choice)
    from ..plots import save_choice

    written = list(choice.written)
    if ranged is not None:  # the printed command takes this network: its ranges are those of samples it does not name
        network.save(ranged)
        written.append(ranged)
    say_written(console, written, out / "choose.png", lambda path: save_choice(path, choice), choice)


def _objective(cycles: bool, area: bool, area_time: bool) -> str:
    wanted = [name for name, is_set in (("cycles", cycles), ("area", area), ("area-time", area_time)) if is_set]
    if len(wanted) > 1:
        raise ValueError(f"only one of --cycles, --area and --area-time must be given, got {', '.join(wanted)}")
    return wanted[0] if wanted else "cycles"


def _with_bar(run: "Callable[[Callable[[State], None]], Any]", out: Path) -> Any:
    """Run a choice under a progress bar: circuits left, images, time left, the best so far."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description:<30.30}"), BarColumn(8), TextColumn("{task.fields[circuits]} circuits left,"),
        TextColumn("{task.fields[images]} images,"), TimeRemainingColumn(compact=True), TextColumn("left"),
        TextColumn("{task.fields[best]}"),
    )  # fmt: skip
    console = plain_console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("checking", total=None, circuits=0, images=0, best="")

        def show(state: "State") -> None:
            best = f"best: {state.best}" if state.best else ""
            bar.update(line, completed=state.done, total=state.total, description=state.label,
                       circuits=state.circuits, images=state.images, best=best)  # fmt: skip

        try:
            return run(show)
        except KeyboardInterrupt:
            kept = f"finished rows and calibrated networks are kept in {out}" if out.exists() else "nothing is kept"
            raise Interrupted(f"interrupted: {kept}; run the same command again to resume") from None


def _show(console: "Console", choice: "Choice") -> None:
    from ..reports.tables import choice_table

    if choice.reused:
        console.print(f"reused {choice.reused} rows")
    console.print(f"{len(choice.screened)} circuits compared on {choice.judged_on}", soft_wrap=True)
    print_whole(console, rich_table(_fitting(console, choice_table(choice))))
    console.print(f"float network  {100 * choice.float_accuracy:.2f} % of {choice.images} images")
    said: Sequence[str] = (choice.verdict(), choice.hint(), choice.next_best(), *choice.warnings())
    for sentence in filter(None, said):
        console.print(sentence[0].upper() + sentence[1:], soft_wrap=True)
    word = "run it" if choice.chosen else "run the nearest"
    console.print(f"{word}: {choice.command()}", soft_wrap=True)


_DROPPED = ("gates", "streams", "worse", "better", "images", "area (µm²)")
"""Columns that are left out, one after the other, where the terminal is too narrow."""


def _fitting(console: "Console", table: "reports.Table") -> "reports.Table":
    for name in _DROPPED:
        if width_of(console, rich_table(table)) <= console.width:
            break
        table = table.only([place for place, column in enumerate(table.head) if column != name])
    return table
