"""The numbers of studies as tables of text, for pages and terminals alike."""

from typing import TYPE_CHECKING

from ..evaluation.reservoirs import EXPECTED, LINEAR, TAPS
from ..evaluation.rows import text_of
from ..sweeps.axes import shown_value
from .page import Line, Table

if TYPE_CHECKING:
    from ..choosing import Choice
    from ..evaluation import Evaluation, FaultStudy, ReservoirStudy
    from ..sweeps import SweepResult

SCORES = {"nrmse_std": "NARMA10, error over the standard deviation", "memory": "memory capacity"}
"""Scores of a reservoir, and what they are."""


def evaluation_table(evaluation: "Evaluation") -> Table:
    """A row for every generator and length; marked: the first length from which on it is within one point of float.

    Cells are empty where something is not known: uncalibrated circuits, the difference to float.
    """
    head = (
        "generator", "L", "estimate %" if evaluation.estimate else "accuracy %", "uncalibrated", "95 % interval",
        "below float", "95 % interval", "as float %", "images/s",
    )  # fmt: skip
    groups = []
    for generator in evaluation.generators:
        needed = evaluation.needed_length(generator)
        lines = []
        for point in evaluation.line(generator):
            low, high = point.interval()
            cells = (
                generator,
                text_of(point.length),
                f"{100 * point.accuracy:.2f}",
                evaluation.uncalibrated_text(point),
                f"{100 * low:.2f} .. {100 * high:.2f}",
                *point.below_float_texts(),
                f"{100 * point.agreement:.2f}",
                f"{point.images_per_second:,.0f}",
            )
            lines.append(Line(cells, tuple(range(1, len(cells))) if point.length == needed else ()))
        groups.append(tuple(lines))
    caption = "Marked: the first length from which on the accuracy is within one point of float."
    if any(point.wrong for point in evaluation.points):
        caption += " Below float: float's accuracy minus the circuit's on the same images, in points."
    return Table(caption, head, tuple(groups))


def choice_table(choice: "Choice") -> Table:
    """A row for each tested circuit, the costliest first; marked: the chosen one.

    Streams and gates are in the caption where all circuits have as many.
    """
    costs = [each.candidate.cost for each in choice.tested]
    same = [len({getattr(cost, name) for cost in costs}) == 1 for name in ("streams", "gates")]
    columns = {
        "circuit": True, "cycles": True, "streams": not same[0], "gates": not same[1], "area (µm²)": True,
        "images": True, "worse": True, "better": True, "below": True, "at most": True,
        f"within {choice.within:g}": True,
    }  # fmt: skip
    shown = [place for place, there in enumerate(columns.values()) if there]
    lines = []
    for each in choice.tested:
        cost = each.candidate.cost
        cells = (
            each.candidate.circuit,
            f"{cost.cycles:,}",
            f"{cost.streams:,}",
            f"{cost.gates:,}",
            f"{cost.area:,.0f}",
            f"{each.images:,}",
            str(each.worse),
            str(each.better),
            f"{100 * each.below_float + 0.0:.2f}",
            f"{100 * each.high:.2f}",
            {"within": "yes", "not shown": "not shown", "not tested": "-"}[each.verdict],
        )
        lines.append(Line(cells, tuple(range(len(cells))) if each == choice.chosen else ()))
    caption = (
        "Circuits in the order of the test. Images that were run: a test stops when its outcome is certain. Worse, "
        "better: images that only the circuit, and only float, gets wrong. Below: points below float, and at most so "
        f"many at {100 * choice.confidence:g} % confidence. Marked: the cheapest that was shown to be within the "
        "margin. -: behind the first that was not."
    )
    if all(same):
        caption += f" All have {costs[0].streams:,} streams and {costs[0].gates:,} gates."
    return Table(caption, tuple(columns), (tuple(lines),), left=(0, 10)).only(shown)


def sweep_table(result: "SweepResult", most: int) -> Table:
    """The best points of a sweep, so many at most: the settings that differ, and what came out; marked: the best."""
    names = result.varied or ("generator", "length")
    lines = []
    for place, row in enumerate(result.sorted().rows[:most]):
        low, high = row.interval()
        cells = (
            *(shown_value(row.settings[name]) for name in names),
            f"{100 * row.accuracy:.2f}",
            f"{100 * low:.2f} .. {100 * high:.2f}",
            f"{100 * row.float_accuracy:.2f}",
            f"{row.images:,}",
            row.stopped,
        )
        lines.append(Line(cells, () if place else tuple(range(len(cells)))))
    caption = f"{'The best ' if len(result) > most else ''}{len(lines)} of {len(result)} points, the best first: "
    caption += "accuracy in % with its 95 % interval, that of float on the same images, and why a point has ended."
    head = (*(name.replace("_", " ") for name in names), "accuracy %", "95 % interval", "float %", "images", "stopped")
    left = tuple(place for place, name in enumerate(names) if name not in ("length", "bits", "seed", "repeat"))
    return Table(caption, head, (tuple(lines),), left=(*left, len(head) - 1))


def fault_table(study: "FaultStudy") -> Table:
    """Accuracies by the rate of a fault, a row for every generator and length, and the rate that is tolerated."""
    groups: dict[str, list[Line]] = {}
    for (generator, length), line in study.lines.items():
        cells = (f"{100 * point.accuracy:.2f}" for point in line)
        tolerated = f"{study.tolerated(generator, length):g}"
        groups.setdefault(generator, []).append(Line((generator, text_of(length), *cells, tolerated)))
    caption = f"Accuracy % against the rate of {study.kind}; tolerated: within one point of that without faults."
    head = ("generator", "L", *(f"{rate:g}" for rate in study.rates), "tolerated")
    return Table(caption, head, tuple(map(tuple, groups.values())))


def reservoir_table(study: "ReservoirStudy", score: str) -> Table:
    """Means of one of the `SCORES` of a study, a row for every size and generator.

    Marked: errors below that of the linear filter.
    """
    error = score == "nrmse_std"
    limit = study.scores(LINEAR, TAPS, score=score).mean()
    groups = []
    for n in study.neurons:
        exact = study.scores(EXPECTED, n, score=score).mean()
        lines = []
        for kind in study.kinds:
            means = [study.scores(kind, n, length, score).mean() for length in study.lengths]
            better = tuple(2 + place for place, mean in enumerate(means) if error and mean < limit)
            cells = (f"{mean:.3f}" if error else f"{mean:.1f}" for mean in (*means, exact))
            lines.append(Line((str(n), kind, *cells), better))
        groups.append(tuple(lines))
    caption = SCORES[score][0].upper() + SCORES[score][1:]
    if error:
        caption += f". Marked: better than a linear filter of {TAPS} taps, {limit:.3f}"
    head = ("N", "generator", *(f"L = {length}" for length in study.lengths), "float")
    return Table(f"{caption}.", head, tuple(groups), left=(1,))
