"""``python -m benchmarks``: measure groups of cases, print their rows, keep them and make docs/performance.md."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import host, peers, report
from .pictures import write_pictures
from .rows import Row, read, renewed, write

DOCS = Path(__file__).parents[1] / "docs"
GROUPS = (
    "dense", "gather", "short_streams", "random_streams", "accumulations", "convolution", "spiking", "reservoir",
    "learning", "fusion", "attention", "devices", "predictive", "primitives", "jax_scan", "estimates", "sweeps",
    "commands", "peers", "curves", "memory",
)  # fmt: skip
"""Modules with ``rows(rounds)``, in the order of the page."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=GROUPS, metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--rounds", type=int, default=7, help="samples of a case (slow cases take fewer), default 7")
    parser.add_argument("--markdown", action="store_true", help="keep the rows and write docs/performance.md")
    parser.add_argument("--remake", action="store_true", help="write docs/performance.md from kept rows")
    parser.add_argument("--docs", type=Path, default=DOCS, metavar="FOLDER", help="instead of docs/")
    peers.add_options(parser)
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be 1 or more, got {options.rounds}")
    if options.remake and (options.only or options.markdown):
        parser.error("--remake measures nothing: leave out --only and --markdown")
    if not options.docs.is_dir():
        parser.error(f"--docs: there is no folder {options.docs}")
    return options


def measure(name: str, options: argparse.Namespace) -> list[Row]:
    """The rows of a group; one row that says so if a library that it needs is not there."""
    rows: Callable[[int], Iterator[Row]]
    try:
        rows = import_module(f"{__package__}.{name}").rows
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in ("benchmarks", "sc_neurocore"):
            raise
        return stamped(name, [Row("layers", name, "", None, note=f"not installed: pip install {error.name}")])
    if name == "peers":
        rows = partial(peers.rows, folder=options.peers, unarysim=options.unarysim)
    return stamped(name, [*rows(options.rounds)])


def stamped(name: str, rows: list[Row]) -> list[Row]:
    """The rows with the name of their group, the day and the chip."""
    found = host.describe()
    features = ", ".join(found["vector_features"])
    chip = f"{found['processor']} ({features}), {found['threads']} threads"
    return [replace(row, group=name, date=date.today().isoformat(), chip=chip) for row in rows]


def publish(docs: Path, rows: list[Row]) -> None:
    """The page and its pictures, of these rows."""
    (docs / "pictures").mkdir(exist_ok=True)
    write_pictures(docs / "pictures", rows)
    report.write_page(docs / "performance.md", rows)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    kept = options.docs / "performance" / "results.csv"
    if options.remake:
        publish(options.docs, read(kept))
        return 0
    chosen = [name for name in GROUPS if options.only is None or name in options.only]
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    done: list[str] = []
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            for name in progress.track(chosen, description="groups"):
                start = perf_counter()
                progress.console.print(f"{name} ..", style="dim")
                rows = measure(name, options)
                if options.markdown:
                    write(kept, renewed(read(kept), name, rows, GROUPS))
                report.show(rows)
                done.append(name)
                progress.console.print(f"{name}: {len(rows)} rows, {perf_counter() - start:.0f} s", style="dim")
    except KeyboardInterrupt:
        rest = " ".join(name for name in chosen if name not in done)
        console.print(f"Stopped. Finished groups are kept; --only {rest} measures the others.")
        return 130
    finally:
        if options.markdown and done:
            publish(options.docs, read(kept))
    console.print(f"Load at the end {host.load()}; more than the threads in use means that the host was shared.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
