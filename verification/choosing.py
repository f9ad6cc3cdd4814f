"""``python -m verification.choosing``: does a circuit that was chosen on some images hold on others?

The held-out images of digits are split into random halves. `choose` picks a circuit by one half; on the other one its
accuracy is measured, and set against the margin. The claim is made at 95 % confidence: of 20 splits one may fail
by right; splits of the same images are not independent of each other.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore.choosing import choose
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.evaluation import default_model

SPLITS, WANTED = 20, 19


@dataclass(frozen=True)
class Split:
    """What became of a choice on one half of the images.

    Parameters
    ----------
    circuit
        The circuit; empty if none was shown to be within the margin.
    cycles
        Its cycles.
    below
        By how many percentage points it is below float on the other half.
    within
        The margin in percentage points.
    """

    circuit: str
    cycles: int
    below: float
    within: float

    @property
    def confirmed(self) -> bool:
        """Whether there is a circuit, and it is within the margin on the other half."""
        return bool(self.circuit) and self.below <= self.within


def split(seed: int, within: float, folder: str) -> Split:
    """Choose on a half of the held-out images, and measure on the other.

    Parameters
    ----------
    seed
        Draws the halves.
    within
        The margin in percentage points.
    folder
        Keeps calibrated networks, which do not depend on the halves.
    """
    data = load_digits()
    network = default_model(data)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(data.x_test))
    halves = np.array_split(order, 2)
    first = Dataset("first half", data.x_train, data.y_train, data.x_test[halves[0]], data.y_test[halves[0]])
    choice = choose(network, first, within, out=folder)
    if choice.chosen is None:
        return Split("", 0, np.nan, within)
    task = choice.chosen.candidate.task
    x, y = data.x_test[halves[1]], data.y_test[halves[1]]
    found = network if not task.calibration else calibrated(folder, task)
    right = (np.asarray(found.circuit(**task.options().keywords()).predict(x)) == y).mean()
    level = (np.asarray(network.float_predict(x)) == y).mean()
    return Split(choice.chosen.candidate.circuit, choice.chosen.candidate.cost.cycles, 100 * (level - right), within)


def calibrated(folder: str, task):  # type: ignore[no-untyped-def]
    """The calibrated network that a choice has kept for the circuit of a task."""
    from pathlib import Path

    from sc_neurocore import Network
    from sc_neurocore.evaluation.calibrated import FOLDER, CalibrationTask

    return Network.load(Path(folder) / FOLDER / CalibrationTask.of(task).file_name)


def splits_table(found: Sequence[Split]) -> Table:
    """A row for each split."""
    table = Table("split", "circuit", "cycles", "below float on the other half", "confirmed")
    for place, each in enumerate(found):
        table.add_row(str(place), each.circuit or "none", str(each.cycles), f"{each.below:.2f}", str(each.confirmed))
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0 if enough splits are confirmed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m verification.choosing", description=__doc__.splitlines()[0])
    parser.add_argument("--within", type=float, default=1.0, help="margin in percentage points")
    parser.add_argument("--splits", type=int, default=SPLITS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = [split(seed, options.within, folder) for seed in range(options.splits)]
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print(splits_table(found))
    confirmed = sum(each.confirmed for each in found)
    wanted = -(-options.splits * WANTED // SPLITS)
    console.print(f"{confirmed} of {len(found)} confirmed; wanted: {wanted}", highlight=False)
    return 0 if confirmed >= wanted else 1


if __name__ == "__main__":
    sys.exit(main())
