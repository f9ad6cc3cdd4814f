"""The command `reservoir`: the error of stochastic reservoirs on a time series."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from .common import (
    list_option,
    parse_ints,
    parse_names,
    plain_console,
    print_whole,
    rich_table,
    run_with_bar,
    say_reused,
    say_written,
)

if TYPE_CHECKING:
    from rich.console import Console

    from ..evaluation import ReservoirStudy

_CIRCUIT = Group("The circuit", sort_key=1)
_TASK = Group("The task", sort_key=2)
_RUN = Group("The run", sort_key=3)


def reservoir(
    *,
    lengths: Annotated[tuple[int, ...], list_option(parse_ints, _CIRCUIT, "L,L,..")] = (64, 256, 1024, 4096),
    generators: Annotated[tuple[str, ...], list_option(parse_names, _CIRCUIT, "NAME,NAME,..")] = (
        "bernoulli",
        "lfsr",
        "sobol",
        "sobol-shift",
        "sobol-rounding",
    ),
    neurons: Annotated[tuple[int, ...], list_option(parse_ints, _CIRCUIT, "N,N,..")] = (100, 200),
    train: Annotated[int, Parameter(group=_TASK)] = 4000,
    test: Annotated[int, Parameter(group=_TASK)] = 2000,
    seed: Annotated[int, Parameter(group=_RUN)] = 0,
    repeats: Annotated[int, Parameter(group=_RUN)] = 5,
    out: Annotated[Path, Parameter(group=_RUN)] = Path("reservoir"),
    debug: Annotated[bool, Parameter(negative=(), show_default=False, group=_RUN)] = False,
) -> None:
    """See which generator a stochastic reservoir needs: error on NARMA10, and memory, against stream length.

    A reservoir is a recurrent network that is not trained; only a linear read-out of its states is. Here its
    states are streams, encoded anew at every step. Beside it: the same reservoir in floating point, and a
    linear filter of the last 20 inputs, which a reservoir must beat to be worth its circuit.

    Writes into the folder `reservoir`: **reservoir.csv** (both scores of every run), **record.json**
    (versions, seeds, options), **reservoir.png** and **index.html**, a page with all of it. Finished rows are
    kept on Ctrl-C; the same command goes on where it stopped.

    Parameters
    ----------
    lengths
        Stream lengths in clock cycles, separated by commas or blanks.
    generators
        Sources of bits: bernoulli, lfsr, sobol, halton, vdc, ramp or searched. With -shift (sobol-shift) the numbers
        are shifted by a random word at every step, with -rounding states are rounded up or down at random.
    neurons
        Sizes of the reservoirs.
    train
        Steps of the series to learn from.
    test
        Steps of the series to be scored on.
    seed
        Seed of everything random.
    repeats
        Series and reservoirs with other seeds.
    out
        Folder for the results.
    debug
        Show the traceback of an error.
    """
    from ..evaluation import reservoir_study
    from ..plots import save_reservoir

    console = plain_console()
    options: dict[str, Any] = {"train": train, "test": test, "seed": seed, "repeats": repeats, "out": out}
    study: ReservoirStudy = run_with_bar(
        lambda show: reservoir_study(lengths, generators, neurons, progress=show, **options), out
    )
    say_reused(console, out, study)
    _show(console, study)
    say_written(console, study.written, out / "reservoir.png", lambda path: save_reservoir(path, study), study)


def _show(console: "Console", study: "ReservoirStudy") -> None:
    from ..evaluation.reservoirs import LINEAR, RESERVOIRPY, TAPS
    from ..reports.tables import SCORES, reservoir_table

    for score, title in SCORES.items():
        console.print(title, style="bold")
        print_whole(console, rich_table(reservoir_table(study, score)))
    error = study.scores(LINEAR, TAPS).mean()
    console.print(f"linear filter of {TAPS} taps  {error:.3f}; green: better than it")
    known = [f"{RESERVOIRPY[n]:.3f} at N = {n}" for n in study.neurons if n in RESERVOIRPY]
    if known:
        console.print(f"ReservoirPy, tuned      {', '.join(known)}")
    for n in study.neurons:
        for kind in study.kinds:
            start = study.beats_filter_from(kind, n)
            said = f"from L = {start}" if start else f"not up to L = {study.lengths[-1]}"
            console.print(f"N = {n}, {kind:<16} better than the filter: {said}")
