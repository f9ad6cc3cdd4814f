"""``python -m verification.reservoirs``: is a reservoir of streams better than a linear filter of the same series?

NARMA10, on series and reservoirs that `sc-neurocore reservoir` does not use by default. Each series gives the ratio of
two errors, the reservoir's over the filter's. A row is the geometric mean of that ratio, with the 95 % interval of
Student's t on its logarithm, and the number of series on which the reservoir wins.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student

from sc_neurocore.evaluation import ReservoirStudy, reservoir_study
from sc_neurocore.evaluation.reservoirs import EXPECTED, LINEAR, TAPS

KINDS = ("sobol", "lfsr", "searched", "bernoulli")
LENGTHS, NEURONS = (256, 1024), (100, 200)
SERIES, SEED = 24, 1


@dataclass(frozen=True)
class Ratio:
    """Geometric mean of paired ratios, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """On which side of 1 the whole interval is; the ratio is one of errors."""
        return "better" if self.high < 1 else "worse" if self.low > 1 else "undecided"


def paired_ratio(errors: ArrayLike, others: ArrayLike) -> Ratio:
    """Ratio of errors ``(n,)`` to others ``(n,)`` of the same series, by Student's t on the logarithm; n at least 2.

    >>> paired_ratio([2.0, 4.0], [1.0, 2.0])
    Ratio(mean=2.0, low=2.0, high=2.0)
    """
    logs = np.log(np.asarray(errors) / np.asarray(others))
    half = student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    mean = logs.mean()
    return Ratio(*(float(np.exp(each)) for each in (mean, mean - half, mean + half)))


def ratios_table(study: ReservoirStudy) -> Table:
    """A row for each size, generator and length, and for floating point."""
    limit = study.scores(LINEAR, TAPS)
    table = Table(
        title=f"NARMA10, {len(limit)} series; the linear filter of {TAPS} taps has {limit.mean():.3f}",
        title_justify="left",
    )
    for name in ("N", "generator", "L", "error", "error / filter", "95 % interval", "wins", "than the filter"):
        table.add_column(name, justify="left" if name in ("generator", "than the filter") else "right")
    for n in study.neurons:
        circuits = [(kind, length) for kind in study.kinds for length in study.lengths]
        for kind, length in (*circuits, (EXPECTED, 0)):
            errors = study.scores(kind, n, length)
            ratio = paired_ratio(errors, limit)
            interval = f"{ratio.low:.3f} .. {ratio.high:.3f}"
            cells = (f"{errors.mean():.3f}", f"{ratio.mean:.3f}", interval, str((errors < limit).sum()), ratio.verdict)
            table.add_row(str(n), "floating point" if kind == EXPECTED else kind, str(length or ""), *cells)
        table.add_section()
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the series, or read them where they were run, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.reservoirs", description="Reservoirs of streams beside a linear filter, paired."
    )
    parser.add_argument("--generators", nargs="+", default=list(KINDS), metavar="NAME")
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS), metavar="L")
    parser.add_argument("--neurons", nargs="+", type=int, default=list(NEURONS), metavar="N")
    parser.add_argument("--series", type=int, default=SERIES, help="series, each with a reservoir of its own")
    parser.add_argument("--seed", type=int, default=SEED, help="of the series and reservoirs (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where finished rows are kept and read")
    options = parser.parse_args(arguments)
    if options.series < 2:
        parser.error(f"--series must be at least 2, got {options.series}")
    study = reservoir_study(
        options.lengths,
        options.generators,
        options.neurons,
        seed=options.seed,
        repeats=options.series,
        out=options.out,
    )
    Console(width=None if sys.stdout.isatty() else 110).print(ratios_table(study))


if __name__ == "__main__":
    main()
