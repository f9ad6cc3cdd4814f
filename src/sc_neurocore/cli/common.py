"""Helpers of the commands that run many tasks: options that are lists, a progress bar, Ctrl-C."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Group, Parameter

from .process import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console
    from rich.table import Table

    from .. import reports


def parse_ints(type_: Any, tokens: "Sequence[Any]") -> tuple[int, ...]:
    """Whole numbers separated by commas or blanks."""
    words = _split(tokens)
    try:
        return tuple(int(word) for word in words)
    except ValueError:
        raise ValueError(f"must be whole numbers such as 16,32,64, got {','.join(words)}") from None


def parse_lengths(type_: Any, tokens: "Sequence[Any]") -> tuple[int | tuple[int, ...], ...]:
    """Whole numbers separated by commas or blanks, or several, one a layer, joined by ``-``."""
    words = _split(tokens)
    try:
        each = [tuple(int(number) for number in re.split(r"(?<=\d)-", word)) for word in words]
    except ValueError:
        raise ValueError(f"must be whole numbers such as 16,32,64 or 16-8, got {','.join(words)}") from None
    return tuple(numbers[0] if len(numbers) == 1 else numbers for numbers in each)


def parse_names(type_: Any, tokens: "Sequence[Any]") -> tuple[str, ...]:
    """Words separated by commas or blanks."""
    return tuple(_split(tokens))


def _split(tokens: "Sequence[Any]") -> list[str]:
    return [word for token in tokens for word in token.value.replace(",", " ").split()]


def list_option(converter: "Callable[..., Any]", group: Group, metavar: str) -> Parameter:
    """A parameter of the command line that takes words separated by commas or blanks."""
    return Parameter(
        converter=converter, consume_multiple=True, negative=(), show_default=_joined, group=group, metavar=metavar
    )


def _joined(values: "Sequence[object]") -> str:
    return ",".join("-".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in values)


def plain_console(stderr: bool = False) -> "Console":
    """A console that prints texts as they are: ``[b]`` and ``:cat:`` in the name of a file are no markup."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def run_with_bar(run: "Callable[[Callable[[int, int, Any], None]], Any]", out: Path) -> Any:
    """Run a job under a progress bar; Ctrl-C becomes `Interrupted`, which says what the folder `out` keeps."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    finished = total = 0
    columns = (TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = plain_console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task("checking", total=None)

        def show(done: int, of: int, task: Any) -> None:
            nonlocal finished, total
            finished, total = done, of
            bar.update(line, completed=done, total=of, description="done" if task is None else task.label)

        try:
            return run(show)
        except KeyboardInterrupt:
            kept = f"{finished} of {total} rows are kept in {out}" if finished else "no rows"
            raise Interrupted(f"interrupted: {kept}; run the same command again to resume") from None


def say_reused(console: "Console", out: Path, *found: Any) -> None:
    """Say how many rows of studies were there before."""
    reused, rows = sum(each.reused for each in found), sum(len(each.rows) for each in found)
    if reused:
        console.print(f"reused {reused} of {rows} rows from {out}", soft_wrap=True)


def say_written(
    console: "Console", written: "Sequence[Path]", picture: Path, save: "Callable[[Path], None]", study: Any
) -> None:
    """Save a picture and the page of a study beside its files, under the mark of their writer; say what was written."""
    from ..evaluation.writers import mark_of
    from ..reports import save_report

    mark = mark_of(written[0]) if written else ""
    picture = picture.with_name(f"{picture.stem}{mark}{picture.suffix}")
    page = picture.with_name(f"index{mark}.html")
    save(picture)
    save_report(page, study)
    files = ", ".join(map(str, (*written, picture, page)))
    console.print(f"written: {files}", soft_wrap=True)


def rich_table(table: "reports.Table") -> "Table":
    """A table of a report for the terminal; what is marked is green."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, name in enumerate(table.head):
        left = place in table.left
        made.add_column(name, justify="left" if left else "right", no_wrap=not left)
    for group in table.groups:
        for line in group:
            styles = ("bold green" if place in line.marked else "" for place in range(len(line.cells)))
            made.add_row(*map(Text, line.cells, styles))
        made.add_section()
    return made


def width_of(console: "Console", table: "Table") -> int:
    """Characters that a table needs on a line so that nothing of it is cut off."""
    from rich.measure import Measurement

    return Measurement.get(console, console.options.update(width=10_000), table).maximum


def print_whole(console: "Console", table: "Table") -> None:
    """Print a table with nothing cut off, also in a terminal that is too narrow for it."""
    needed = width_of(console, table)
    table.width = needed if needed > console.width else None
    console.print(table, crop=False)
