"""Rows and tables of a comparison, and how they are printed."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

ALARM = 1e-9
"""False-alarm rate of a statistical comparison."""


@dataclass(frozen=True)
class Row:
    """One number of ours beside one of the reference; `passed` is None where nothing is claimed."""

    what: str
    case: str
    ours: str
    reference: str
    passed: bool | None
    note: str = ""


@dataclass
class Table:
    """Rows under a title; `notes` say what the reference is and when a row passes."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Rows that did not pass."""
        return sum(row.passed is False for row in self.rows)

    def printed(self, what: str, case: str, ours: float, reference: str, *, corrected: str | None = None) -> None:
        """Add a row that passes if `ours`, rounded to the digits of the reference, is the reference.

        `corrected` stands in for a reference that is known to be misprinted; both are shown.
        """
        target = corrected or reference
        digits = len(target.partition(".")[2])
        passed = f"{ours:.{digits}f}".removeprefix("0") == target.removeprefix("0")
        shown = reference if corrected is None else f"{reference} (should be {corrected})"
        self.rows.append(Row(what, case, f"{ours:.{digits + 1}f}", shown, passed))

    def exact(self, what: str, case: str, wrong: int, total: int) -> None:
        """Add a row that passes if not one of `total` integers differs from the law."""
        self.rows.append(Row(what, case, f"{total - wrong} of {total}", "all equal", wrong == 0))

    def close(self, what: str, case: str, ours: float, law: float, tolerance: float = 1e-12) -> None:
        """Add a row that passes if two floats agree to `tolerance`, relative."""
        passed = abs(ours - law) <= tolerance * max(abs(law), 1.0)
        self.rows.append(Row(what, case, f"{ours:.9f}", f"{law:.9f}", passed))

    def likely(self, what: str, case: str, ours: float, law: float, pvalue: float) -> None:
        """Add a row that passes if a measurement has a p-value above the false-alarm rate."""
        self.rows.append(Row(what, case, f"{ours:.6g}", f"{law:.6g}", pvalue > ALARM, f"p = {pvalue:.2g}"))

    def show(self, console: Console) -> None:
        """Print the table."""
        table = RichTable(title=escape(self.title), title_justify="left")
        for name in ("what", "case", "ours", "reference", "mark"):
            table.add_column(name, justify="right" if name in ("ours", "reference") else "left")
        marks = {True: "[green]pass[/green]", False: "[red]FAIL[/red]", None: "not judged"}
        for row in self.rows:
            note = f"  {escape(row.note)}" if row.note else ""
            table.add_row(
                escape(row.what), escape(row.case), escape(row.ours), escape(row.reference), marks[row.passed] + note
            )
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False, markup=False)
        console.print()
