"""``python -m verification.accuracy``: accuracy of trained networks as circuits, beside their float networks.

Each network is run on all held-out images, in split encoding, re-encoded between layers. A row is the mean of several
networks of one data set; its interval is that of the paired difference to float over the same images.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sc_neurocore import datasets
from sc_neurocore.datasets import Dataset
from sc_neurocore.encoders import GENERATORS
from sc_neurocore.evaluation import PairedDifference, Point, default_model, evaluate, paired
from sc_neurocore.networks import Network

LENGTHS = (8, 16, 32, 64, 128)
WANTED = ("searched", "lattice", "lfsr", "sobol", "bernoulli")
NETS = 5
LOADERS = {"fashion": datasets.load_fashion, "digits": datasets.load_digits}
TARGETS = {("fashion", "searched", 16): 2.2, ("fashion", "searched", 32): 1.0, ("fashion", "searched", 64): 0.4}
"""Points that the mean of five networks may be below float, by data, generator and length."""


@dataclass(frozen=True)
class Line:
    """Accuracy of one generator at one length in %, the mean of the networks; `passed` is None without a target."""

    generator: str
    length: int
    accuracy: float
    below: PairedDifference
    target: float | None

    @property
    def passed(self) -> bool | None:
        """Whether the accuracy is at most `target` points below float."""
        return None if self.target is None else 100 * self.below.difference <= self.target


@dataclass(frozen=True)
class Study:
    """Lines of one data set, and the accuracy of its float networks in %."""

    data: Dataset
    floats: tuple[float, ...]
    lines: tuple[Line, ...]

    @property
    def failures(self) -> int:
        """Lines that miss their target."""
        return sum(line.passed is False for line in self.lines)


def with_ceilings(network: Network, data: Dataset, quantile: float) -> Network:
    """The network with the ceilings of its hidden layers at a quantile of their outputs on the training samples."""
    return Network.from_layers(
        network.layers,
        calibration=data.x_train,
        ceiling_quantile=quantile,
        input_range=network.input_range,
        kind=network.kind,
        classes=network.classes,
    )


def study(data: Dataset, networks: Sequence[Network], lengths: Sequence[int], generators: Sequence[str]) -> Study:
    """Run every network on the held-out images, with each generator at each length."""
    runs = [evaluate(network, data, lengths, generators, clip=True, calibrate="none") for network in networks]
    lines = tuple(_line(data.name, points) for points in zip(*(run.points for run in runs), strict=True))
    return Study(data, tuple(100 * run.float_accuracy for run in runs), lines)


def _line(data: str, points: Sequence[Point]) -> Line:
    """The mean of the networks at one generator and length."""
    wrong = [image for point in points for image in point.wrong]
    float_wrong = [image for point in points for image in point.float_wrong]
    generator, length = points[0].generator, int(points[0].cycles)
    accuracy = 100 * sum(point.accuracy for point in points) / len(points)
    return Line(generator, length, accuracy, paired(wrong, float_wrong), TARGETS.get((data, generator, length)))


def accuracy_table(study: Study) -> Table:
    """The lines of a study, one a generator and length."""
    floats = ", ".join(f"{each:.2f}" for each in study.floats)
    table = Table(
        title=f"{study.data.name}, {len(study.data.x_test)} held-out images, mean of networks with {floats} % in float",
        title_justify="left",
    )
    for name in ("generator", "L", "accuracy %", "below float", "95 % interval", "at most", "mark"):
        table.add_column(name, justify="left" if name in ("generator", "mark") else "right")
    marks = {True: "[green]pass[/green]", False: "[red]FAIL[/red]", None: ""}
    for line in study.lines:
        difference, low, high = (100 * share for share in line.below)
        target = "" if line.target is None else f"{line.target:.1f}"
        cells = (f"{line.accuracy:.2f}", f"{difference:.2f}", f"{low:.2f} .. {high:.2f}", target)
        table.add_row(line.generator, str(line.length), *cells, marks[line.passed])
        if line.length == study.lines[-1].length:
            table.add_section()
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Train or load the networks, run them, and print a table a data set; 1 if a target is missed, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.accuracy", description="Accuracy of trained networks as circuits, beside float."
    )
    known = [name for name in WANTED if name in GENERATORS]
    parser.add_argument("--data", nargs="+", choices=LOADERS, default=list(LOADERS), metavar="NAME")
    parser.add_argument("--generators", nargs="+", choices=GENERATORS, default=known, metavar="NAME")
    parser.add_argument("--lengths", nargs="+", type=int, default=list(LENGTHS), metavar="L")
    parser.add_argument("--nets", type=int, default=NETS, help="networks, trained from other random starts")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="where trained networks are kept")
    parser.add_argument("--quantile", type=float, default=0.99, help="of hidden outputs, their ceiling (default: 0.99)")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 110)
    failures = 0
    for name in options.data:
        try:
            data = LOADERS[name]()
        except FileNotFoundError as error:
            console.print(f"{name}: skipped, {error}", highlight=False, soft_wrap=True)
            continue
        trained = [default_model(data, print, seed=seed, folder=options.cache) for seed in range(options.nets)]
        networks = [with_ceilings(network, data, options.quantile) for network in trained]
        found = study(data, networks, options.lengths, options.generators)
        console.print(accuracy_table(found))
        failures += found.failures
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
