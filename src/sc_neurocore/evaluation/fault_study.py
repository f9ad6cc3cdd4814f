"""The same evaluation under faults of rising rate, beside the same faults in fixed point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..gates.faults import Faults
from .evaluate import FIXED_POINT, GENERATORS, Progress, evaluate
from .results import Evaluation, Point
from .task import Task

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
    """What `fault_study` found out.

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
    def lines(self) -> dict[tuple[str, int], tuple[Point, ...]]:
        """Points by rising rate, for every generator and length; fixed point has the length 1."""
        keys = [(point.generator, point.length) for point in self.evaluations[0].points]
        found = [{(p.generator, p.length): p for p in evaluation.points} for evaluation in self.evaluations]
        return {key: tuple(points[key] for points in found) for key in keys}

    def tolerated(self, generator: str, length: int) -> float:
        """Largest rate up to which the accuracy is within one percentage point of that without faults."""
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
    rates: Sequence[float],
    lengths: Sequence[int] = (256,),
    generators: Sequence[str] = GENERATORS,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> FaultStudy:
    """Accuracy of a network as a stochastic circuit and in 8-bit fixed point, under faults.

    Parameters
    ----------
    network, data, lengths, generators, progress
        As for `evaluate`.
    kind
        ``"input-flips"``, ``"weight-flips"``, ``"bit-flips"`` (both), ``"product-flips"`` or ``"stuck-lines"``.
    rates
        Probabilities or shares in [0, 1]; 0 is always run too.
    options
        Other keywords of `evaluate`.

    Raises
    ------
    ValueError, TypeError, OSError
        As `evaluate`, and for an unknown kind or no rate.
    """
    faults = rated_faults(kind, rates)
    names = [*dict.fromkeys(generators), FIXED_POINT]
    found: list[Evaluation] = []
    for place, (_, fault) in enumerate(faults):

        def shifted(done: int, total: int, task: Task | None, place: int = place) -> None:
            if progress is not None and (task is not None or place == len(faults) - 1):
                progress(place * total + done, len(faults) * total, task)

        found.append(evaluate(network, data, lengths, names, faults=fault, progress=shifted, **options))
    return FaultStudy(kind, tuple(rate for rate, _ in faults), tuple(found))


def rated_faults(kind: str, rates: Sequence[float]) -> list[tuple[float, Faults]]:
    """Rising rates from 0 on, each with its faults; a ValueError for an unknown kind or a rate outside [0, 1]."""
    from .. import checks

    names = KINDS[checks.option("kind", kind, tuple(KINDS))]
    if not rates:
        raise ValueError("rates must have at least one entry, got none")

    def options(rate: float) -> dict[str, Any]:
        return dict.fromkeys(names, rate)

    every = sorted({0.0, *(checks.real(kind, rate, 0.0, 1.0) for rate in rates)})
    return [(rate, Faults(**options(rate))) for rate in every]
