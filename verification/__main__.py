"""``python -m verification [table ..] [--quick]``."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module

from rich.console import Console

from .report import Table

TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "products": (("products", "products_table"), ("products", "exact_table")),
    "identities": (("identities", "correlation_table"), ("identities", "random_table")),
    "dot-product": (("dot_product", "dot_product_table"),),
    "dot-rmse": (("dot_rmse", "powers_table"), ("dot_rmse", "others_table"), ("dot_rmse", "every_length_table")),
    "circuits": (("circuits", "circuits_table"),),
    "digits": (("networks", "digits_table"),),
    "mnist": (("networks", "mnist_table"),),
}
"""Names of the tables and the functions that make them."""


def make(name: str, quick: bool) -> list[Table]:
    """The tables of that name."""
    made = []
    for module, function in TABLES[name]:
        build: Callable[[bool], Table] = getattr(import_module(f"{__package__}.{module}"), function)
        made.append(build(quick))
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 if a number fails, else 0."""
    parser = argparse.ArgumentParser(prog="python -m verification", description="Reproduce the reference tables.")
    parser.add_argument("tables", nargs="*", metavar="table", help=f"{', '.join(TABLES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer samples")
    options = parser.parse_args(arguments)
    for name in options.tables:
        if name not in TABLES:
            parser.error(f"table must be one of {', '.join(TABLES)}, got {name!r}")
    console = Console(width=None if sys.stdout.isatty() else 110)
    start, failures, judged = time.perf_counter(), 0, 0
    for name in options.tables or TABLES:
        for table in make(name, options.quick):
            table.show(console)
            failures += table.failures
            judged += sum(row.passed is not None for row in table.rows)
    verdict = "all pass" if failures == 0 else f"{failures} FAIL"
    console.print(f"{judged} comparisons, {verdict} ({time.perf_counter() - start:.0f} s)", highlight=False)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
