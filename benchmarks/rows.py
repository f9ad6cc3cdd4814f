"""Rows: a figure measured in one run, what it stands beside, and its goal; kept in a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from sc_neurocore.files import atomic_write

from .measure import Case

TABLES = ("layers", "cases", "peers", "curves", "memory")
"""The tables of the page, in their order."""


@dataclass(frozen=True)
class Row:
    """A figure.

    Parameters
    ----------
    table
        One of `TABLES`.
    case
        What was measured, with its sizes; of a curve, its name.
    quantity
        What `value` is: a ratio of two times of one run, or a unit.
    value
        The figure; None if it was not measured, and `note` says why.
    goal
        ``"<= 2"`` or ``">= .85"`` if there is one.
    seconds
        Beside a ratio: the time of a call of the case.
    at
        The place of a point of a curve.
    note
        A remark.
    group, date, chip
        Module that measured it, when and on what; `stamped` sets them.
    """

    table: str
    case: str
    quantity: str
    value: float | None
    goal: str = ""
    seconds: float | None = None
    at: float | None = None
    note: str = ""
    group: str = ""
    date: str = ""
    chip: str = ""

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ValueError(f"table must be one of {TABLES}, got {self.table!r}")
        if self.goal:
            self._bound()

    def _bound(self) -> tuple[str, float]:
        sign, _, number = self.goal.partition(" ")
        if sign not in ("<=", ">="):
            raise ValueError(f"goal must be '<= NUMBER' or '>= NUMBER', got {self.goal!r}")
        return sign, float(number)

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one, or without a figure."""
        if not self.goal or self.value is None:
            return None
        sign, bound = self._bound()
        return self.value <= bound if sign == "<=" else self.value >= bound


def times(table: str, case: str, ours: Case, base: Case, what: str, goal: str = "", note: str = "") -> Row:
    """Our time for a unit of work over that of `base`, which is called `what`."""
    return Row(table, case, f"time / {what}", base.rate / ours.rate, goal, ours.best, note=note)


def faster(table: str, case: str, ours: Case, rival: Case, what: str, goal: str = "", note: str = "") -> Row:
    """The time of `rival`, called `what`, for a unit of work over ours."""
    return Row(table, case, f"time of {what} / ours", ours.rate / rival.rate, goal, ours.best, note=note)


def read(path: Path) -> list[Row]:
    """The rows of a file; none if it is not there."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [_row(record) for record in csv.DictReader(file)]


def _row(record: dict[str, str]) -> Row:
    numbers = {name: float(record[name]) if record[name] else None for name in ("value", "seconds", "at")}
    return Row(**{**record, **numbers})  # type: ignore[arg-type]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the file, whole or not at all."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(field.name for field in fields(Row))
    table.writerows(("" if cell is None else _cell(cell) for cell in astuple(row)) for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as temporary:
        temporary.write_text(text.getvalue())


def _cell(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:.4g}"


def renewed(old: Iterable[Row], group: str, new: Iterable[Row], order: Iterable[str]) -> list[Row]:
    """`old` with the rows of `group` replaced, groups in the given order; rows of other groups are dropped."""
    rest = [row for row in old if row.group != group]
    return [row for name in order for row in ([*new] if name == group else rest) if row.group == name]


def of_table(rows: Iterable[Row], table: str) -> Iterator[Row]:
    return (row for row in rows if row.table == table)
