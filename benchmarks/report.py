"""Rows as tables, on the screen and as Markdown."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sc_neurocore.files import atomic_write

from .rows import Row, of_table

HEADS = ("case", "quantity", "value", "goal", "met", "time")
MET = {True: "yes", False: "**no**", None: ""}


def number(value: float | None) -> str:
    """Three digits: what a ratio of two times is good for at best."""
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Seconds with a unit."""
    if seconds is None:
        return ""
    unit, scale = ("s", 1.0) if seconds >= 1 else ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
    return f"{number(seconds / scale)} {unit}"


def cells(row: Row) -> tuple[str, ...]:
    """The row under `HEADS`."""
    case = row.case if row.at is None else f"{row.case}, {row.at:g}"
    quantity = f"{row.quantity} ({row.note})" if row.note else row.quantity
    return case, quantity, number(row.value), row.goal, MET[row.met], duration(row.seconds)


def show(rows: Iterable[Row]) -> None:
    """Print rows as a table."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table()
    for head in HEADS:
        table.add_column(head, justify="left" if head in HEADS[:2] else "right")
    for row in rows:
        *first, met, time = cells(row)
        table.add_row(*first, {"yes": "[green]yes[/]", "**no**": "[red]no[/]"}.get(met, ""), time)
    console.print(table)


def markdown(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table in Markdown; the first two columns are words, the others numbers."""
    heads = [*heads]
    rule = ["---" if place < 2 else "---:" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *map(list, lines)))


def _parts(rows: Iterable[Row]) -> Iterator[str]:
    """Which chip measured the rows, and when: groups measured together in one line."""
    runs: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups = runs.setdefault((row.date, row.chip), [])
        if row.group not in groups:
            groups.append(row.group)
    for (date, chip), groups in runs.items():
        yield f"- {date}, {chip}: {', '.join(groups)}"


def _by_group(rows: list[Row]) -> Iterator[str]:
    """A heading and a table for each group."""
    for group in dict.fromkeys(row.group for row in rows):
        title = group.replace("_", " ").capitalize()
        yield f"### {title}\n\n{markdown(HEADS, (cells(row) for row in rows if row.group == group))}"


def page(rows: list[Row]) -> str:
    """The text of docs/performance.md: a function of the rows only."""
    by_table = {name: [*of_table(rows, name)] for name in ("layers", "cases", "peers", "memory")}
    goals = [row for row in rows if row.met is not None]
    met = sum(bool(row.met) for row in goals)
    tables = {name: markdown(HEADS, map(cells, by_table[name])) for name in ("layers", "peers")}
    tables["cases"] = "\n\n".join(_by_group(by_table["cases"]))
    memory = markdown(
        ("case", "of what", "MiB", "MiB of the arrays given"),
        ((row.case, row.quantity, number(row.value), row.note) for row in by_table["memory"]),
    )
    values = {**tables, "memory": memory, "met": met, "goals": len(goals), "runs": "\n".join(_parts(rows))}
    return Path(__file__).with_name("page.md").read_text().format(**values)


def write_page(path: Path, rows: list[Row]) -> None:
    """Write the page, whole or not at all."""
    text = page(rows)
    with atomic_write(path) as temporary:
        temporary.write_text(text)
