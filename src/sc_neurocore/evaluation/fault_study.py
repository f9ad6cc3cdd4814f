"""Accuracy under faults of rising rate, of stochastic circuits and of fixed-point arithmetic."""

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from .. import checks
from ..gates.faults import Faults
from .calibrated import Calibrate
from .classification import FIXED_POINT
from .evaluate import GENERATORS, evaluate_each
from .pipeline import Progress
from .results import Evaluation, Point
from .rows import Length

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..networks import Network

KINDS: dict[str, tuple[str, ...]] = {
    "input-flips": ("input_flips",),
    "weight-flips": ("weight_flips",),
    "bit-flips": ("input_flips", "weight_flips"),
    "product-flips": ("product_flips",),
    "stuck-lines": ("stuck_lines",),
}
"""Kinds of faults that have a rate, and the fields of `Faults` that it sets."""


@dataclass(frozen=True)
class FaultStudy:
    """Result of `fault_study`: accuracies by fault rate.

    Parameters
    ----------
    kind
        One of `KINDS`.
    rates
        Rising, the first one is 0.
    evaluations
        One a rate.
    """

    kind: str
    rates: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]

    @property
    def lines(self) -> dict[tuple[str, Length], tuple[Point, ...]]:
        """Points by rising rate, for every generator and length; fixed point has the length 1."""
        keys = [(point.generator, point.length) for point in self.evaluations[0].points]
        found = [{(p.generator, p.length): p for p in evaluation.points} for evaluation in self.evaluations]
        return {key: tuple(points[key] for points in found) for key in keys}

    def tolerated(self, generator: str, length: Length) -> float:
        """Largest fault rate up to which the accuracy is within one percentage point of that without faults."""
        line = self.lines[generator, length]
        largest = 0.0
        for rate, point in zip(self.rates, line, strict=True):
            if 100 * (line[0].correct - point.correct) > point.images * point.repeats:
                break
            largest = rate
        return largest


def fault_study(
    network: "Network",
    data: "Dataset",
    kind: str,
    rates: float | Sequence[float],
    lengths: int | Sequence[int | Sequence[int]] = (256,),
    generators: str | Sequence[str] = GENERATORS,
    *,
    repeats: int = 1,
    calibrate: Calibrate = "auto",
    calibration: ArrayLike | None = None,
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> FaultStudy:
    """Accuracy of a network as a stochastic circuit and in 8-bit fixed point, under faults.

    Parameters
    ----------
    network, data, lengths, generators, repeats, out, executor, progress
        As for `evaluate`.
    calibrate, calibration
        As for `evaluate`: a circuit is calibrated once, without faults, for all rates. Calibrated circuits are not run
        as mapped too.
    kind
        ``"input-flips"``, ``"weight-flips"``, ``"bit-flips"`` (both), ``"product-flips"`` or ``"stuck-lines"``.
    rates
        Probabilities or shares in [0, 1], or one; 0 is always run too.
    options
        Other keywords of `evaluate`, but for the faults.

    Raises
    ------
    ValueError, TypeError, OSError
        As `evaluate`, and for an unknown kind or no rate.
    """
    if "faults" in options:
        raise TypeError(f"faults must not be given beside kind and rates, got {checks.shown(options['faults'])}")
    faults = rated_faults(kind, rates)
    found = evaluate_each(
        network,
        data,
        lengths,
        [*checks.each("generators", generators), FIXED_POINT],
        [{"faults": each, **options} for _, each in faults],
        repeats=repeats,
        calibrate=calibrate,
        calibration=calibration,
        out=out,
        executor=executor,
        progress=progress,
        facts={"study": {"kind": kind, "rates": [rate for rate, _ in faults]}},
    )
    return FaultStudy(kind, tuple(rate for rate, _ in faults), tuple(found))


def rated_faults(kind: str, rates: float | Sequence[float]) -> list[tuple[float, Faults]]:
    """Rising rates from 0 on, each with its faults; a ValueError for an unknown kind or a rate outside [0, 1].

    >>> rated_faults("stuck-lines", [0.1])
    [(0.0, Faults()), (0.1, Faults(stuck_lines=0.1))]
    """
    names = KINDS[checks.option("kind", kind, tuple(KINDS))]
    every = sorted({0.0, *(checks.real(kind, rate, 0.0, 1.0) for rate in checks.each("rates", rates))})
    settings: list[dict[str, Any]] = [dict.fromkeys(names, rate) for rate in every]
    return [(rate, Faults(**setting)) for rate, setting in zip(every, settings, strict=True)]
