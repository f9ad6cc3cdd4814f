"""``python -m verification.calibration``: run what is missing, and write the tables of ``docs/calibration.md``.

Rows are kept in ``docs/calibration``, each as soon as it is finished, and are not run again; those are whose lines are
deleted from ``results.csv``. A data set that is not there keeps the rows that it has.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sc_neurocore.datasets import Dataset
from sc_neurocore.files import atomic_write

from .rows import Results
from .study import LENGTHS, Study
from .subjects import SUBJECTS
from .tables import missed_targets, page_with, tables

DOCS = Path(__file__).parents[2] / "docs"
QUICK = {"x_train": 300, "y_train": 300, "x_test": 60, "y_test": 60}
"""Samples of a quick run."""


def few(data: Dataset) -> Dataset:
    """The first samples of a data set."""
    return replace(data, **{name: getattr(data, name)[:count] for name, count in QUICK.items()})


def run_all(study: Study, names: Sequence[str], part: Callable[[Dataset], Dataset] = lambda data: data) -> None:
    """Run each of the subjects whose data are there, on a part of them."""
    for name in names:
        try:
            data = SUBJECTS[name].load()
            study.run(name, SUBJECTS[name], part(data))
        except (FileNotFoundError, ImportError) as error:
            print(f"{name}: left as it is, {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, and write the tables of the page; 1 if a target is missed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m verification.calibration", description="Calibration, in numbers.")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="NAME")
    parser.add_argument(
        "--nets", type=int, metavar="N", help="the first N networks of each (default: all; 0: only write the tables)"
    )
    parser.add_argument("--lengths", nargs="+", type=int, choices=LENGTHS, default=list(LENGTHS), metavar="L")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where trained networks are kept")
    parser.add_argument("--out", type=Path, default=DOCS / "calibration", metavar="FOLDER", help="of the results")
    parser.add_argument("--page", type=Path, default=DOCS / "calibration.md", metavar="FILE", help="with the tables")
    parser.add_argument("--quick", action="store_true", help="one network, few samples, L = 8; only prints the tables")
    options = parser.parse_args(arguments)
    if options.quick:
        with tempfile.TemporaryDirectory() as folder:
            study = Study(Results(Path(folder)), [8], 1, options.cache)
            run_all(study, options.only, few)
            print("\n".join(tables(name, study.results.read().values()) for name in options.only))
        return 0
    study = Study(Results(options.out), options.lengths, options.nets, options.cache)
    try:
        run_all(study, options.only)
    finally:  # also of a run that is interrupted
        rows = list(study.results.read().values())
        text = page_with(options.page.read_text("utf-8"), rows)
        with atomic_write(options.page) as temporary:
            temporary.write_text(text, "utf-8")
    missed = [line for name in options.only for line in missed_targets(name, rows)]
    print("\n".join(missed) or "no target is missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
