"""What a page says of each kind of study: the question, its answer in a sentence, its pictures and numbers."""

from collections.abc import Mapping
from functools import partial, singledispatch
from typing import Any

import numpy as np

from ..choosing import Choice
from ..choosing.candidates import UNITS
from ..choosing.choice import points_text
from ..evaluation import Evaluation, FaultStudy, ReservoirStudy
from ..evaluation.blocks import BlockTask
from ..evaluation.classification import FIXED_POINT
from ..evaluation.reservoirs import LINEAR, TAPS
from ..evaluation.results import ESTIMATE, Point
from ..evaluation.rows import Length, text_of
from ..plots import (
    accuracy_against_faults,
    accuracy_against_length,
    accuracy_of_points,
    loss_against_cost,
    score_against_length,
)
from ..plots.style import COLOURS, NAMES
from ..sweeps import SweepResult
from ..sweeps.axes import shown_value
from .drawing import drawn
from .page import Figure, Page, Table
from .tables import SCORES, choice_table, evaluation_table, fault_table, reservoir_table, sweep_table


@singledispatch
def page_of(study: Any) -> Page:
    """The page of a study, without what its record knows: command, versions and files.

    Parameters
    ----------
    study
        An `Evaluation`, a `FaultStudy`, a `ReservoirStudy`, a `SweepResult` or a `Choice`.

    Raises
    ------
    TypeError
        If it is none of these.
    """
    kinds = "an Evaluation, a FaultStudy, a ReservoirStudy, a SweepResult or a Choice"
    raise TypeError(f"study must be {kinds}, got {type(study).__name__}")


def tasks_of(study: Any, run: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of tasks that a run which made a study has in its record; none if it is no run of that kind."""
    if isinstance(study, Choice):
        return study.tasks
    if isinstance(study, SweepResult):
        size = run.get("sweep", {}).get("block", 0)
        firsts = (BlockTask.of_task(row.task, 0, min(size, row.total), row.total) for row in study if size)
        return tuple(block.id for block in firsts)
    parts = study.evaluations if isinstance(study, FaultStudy) else (study,)
    return tuple(row.id for part in parts for row in part.rows)


@page_of.register
def _of_evaluation(evaluation: Evaluation) -> Page:
    streams = [name for name in evaluation.generators if name != FIXED_POINT]
    caption = (
        "Bands: 95 % intervals over the images. All circuits see the same images, so that two may differ although "
        "their bands overlap. Rings: from here on within one point of float."
    )
    if evaluation.uncalibrated is not None:
        caption += " Thin lines: the same circuits without calibration."
    names = ", ".join(map(named, evaluation.generators))
    text = f"Accuracy against stream length for {names}; the table below has the numbers."
    picture = drawn(lambda ax: accuracy_against_length(ax, evaluation), (9.2, 4.6), text, "lengths")
    return Page(
        question="How long must the streams be?",
        answer=_needed_answer(evaluation, streams),
        about=_about(evaluation),
        verdicts=tuple((named(name), evaluation.verdict(name)) for name in evaluation.generators),
        colours=tuple(place % len(COLOURS) for place in range(len(evaluation.generators))),
        notes=_notes(evaluation),
        figures=(Figure(picture, caption),),
        tables=(_filled(evaluation_table(evaluation)),),
    )


def _filled(table: Table) -> Table:
    return table.only(range(len(table.head)))


def _needed_answer(evaluation: Evaluation, streams: list[str]) -> str:
    """The shortest streams that are long enough, or the best circuit if none are."""
    needed = {name: evaluation.needed_length(name) for name in streams}
    found = [point for name in streams for point in evaluation.line(name) if point.length == needed[name]]
    if found:
        best = min(found, key=lambda point: (point.cycles, -point.correct))
        return f"{_cycles(best)} enough with the generator {named(best.generator)}: {_right(evaluation, best)}."
    points = [point for name in streams for point in evaluation.line(name)] or list(evaluation.points)
    best = max(points, key=lambda point: (point.correct / point.repeats, -point.cycles))
    longest = max(points, key=lambda point: point.cycles)
    until = "" if longest.generator == FIXED_POINT else f" up to L = {text_of(longest.length)}"
    return (
        f"No circuit is within one point of floating point{until}. The best is {_circuit(best.generator, best.length)}"
        f": {_right(evaluation, best)}."
    )


def _cycles(point: Point) -> str:
    if isinstance(point.length, tuple):
        return f"Streams of {', '.join(map(str, point.length))} cycles, layer by layer, are"
    return "One cycle is" if point.length == 1 else f"{point.length} cycles are"


def _right(evaluation: Evaluation, point: Point) -> str:
    """The accuracy of a circuit, and how far that is below float."""
    right = f"{100 * point.accuracy:.2f} % of {point.images} images are right"
    level = f"the {100 * evaluation.float_accuracy:.2f} % of floating point"
    points = 100 * (evaluation.float_accuracy - point.accuracy)
    place = f"{abs(points):.2f} points {'below' if points >= 0 else 'above'} {level}"
    if point.below_float() is None:
        return f"{right}, {place}"
    return f"{right}, {place} (95 % interval: {point.below_float_texts()[1]})"


def _about(evaluation: Evaluation) -> tuple[str, ...]:
    task, repeats = evaluation.rows[0].task, evaluation.points[0].repeats
    facts = [
        evaluation.data,
        f"{evaluation.images} held-out images",
        f"{task.encoding} encoding",
        f"accumulation by {task.accumulate}",
    ]
    if task.faults:
        facts.append(f"faults {task.faults}")
    if task.device:
        facts.append(f"on a crossbar {task.device}")
    if repeats > 1:
        facts.append(f"mean of {repeats} repeats")
    return tuple(facts)


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
    known = [ESTIMATE] if evaluation.estimate else []
    known += [evaluation.note] if evaluation.note else []
    return tuple(f"{note[0].upper()}{note[1:]}." for note in known)


@page_of.register
def _of_faults(study: FaultStudy) -> Page:
    first = study.evaluations[0]
    tolerated = {key: study.tolerated(*key) for key in study.lines}
    circuits = {key: rate for key, rate in tolerated.items() if key[0] != FIXED_POINT}
    cycles = {key: line[0].cycles for key, line in study.lines.items()}
    (generator, length), most = max(circuits.items(), key=lambda item: (item[1], -cycles[item[0]]))
    others = [rate for key, rate in tolerated.items() if key[0] == FIXED_POINT]
    beside = "" if not others else f"; fixed point does so {_up_to(max(others))}"
    text = f"Accuracy against the rate of {study.kind}; the table below has the numbers."
    picture = drawn(partial(accuracy_against_faults, study=study), (9.2, 4.8), text, "faults")
    about = _about(first)
    return Page(
        question=f"How many {study.kind.replace('-', ' ')} does the network tolerate?",
        answer=(
            f"{_circuit(generator, length)}, stays within one point of its "
            f"accuracy without faults {_up_to(most)}{beside}."
        ),
        about=about,
        notes=_notes(first),
        figures=(Figure(picture, "Bands, of the longest streams and of fixed point: 95 % intervals over the images."),),
        tables=(fault_table(study),),
    )


def _up_to(rate: float) -> str:
    return f"up to a rate of {rate:g}" if rate else "at none of the rates"


@page_of.register
def _of_reservoirs(study: ReservoirStudy) -> Page:
    limit = float(study.scores(LINEAR, TAPS).mean())
    means = {
        (n, kind, length): float(study.scores(kind, n, length).mean())
        for n in study.neurons for kind in study.kinds for length in study.lengths
    }  # fmt: skip
    (n, kind, length), least = min(means.items(), key=lambda item: item[1])
    than = "less than" if least < limit else "not less than"
    panels = [(n, "nrmse_std") for n in study.neurons] + [(study.neurons[-1], "memory")]
    figures = []
    for place, (size, score) in enumerate(panels):
        text = f"{SCORES[score]} of {size} neurons against stream length; the tables below have the numbers."
        draw = partial(score_against_length, study=study, n_neurons=size, score=score)
        caption = f"{SCORES[score]}, {size} neurons: mean and range over the repeats."
        figures.append(Figure(drawn(draw, (9.2, 4.4), text, f"score-{place}"), caption[0].upper() + caption[1:]))
    repeats = int(np.max([row.task.repeat for row in study.rows])) + 1
    task = study.rows[0].task
    return Page(
        question="Which generator does a reservoir need?",
        answer=(
            f"{named(kind)} with {n} neurons and streams of {length} cycles has the least error on NARMA10, "
            f"{least:.3f}: {than} a linear filter of {TAPS} taps ({limit:.3f})."
        ),
        about=(
            f"{task.train} steps to learn from",
            f"{task.test} held out",
            f"{repeats} series and reservoirs" if repeats > 1 else "one series and reservoir",
        ),
        verdicts=tuple((f"{named(kind)}, {n} neurons", _better(study, kind, n)) for n in study.neurons
                       for kind in study.kinds),
        colours=tuple(place % len(COLOURS) for _ in study.neurons for place in range(len(study.kinds))),
        figures=tuple(figures),
        tables=tuple(reservoir_table(study, score) for score in SCORES),
    )  # fmt: skip


@page_of.register
def _of_choice(choice: Choice) -> Page:
    said = choice.verdict()
    objective = UNITS[choice.objective]
    text = f"Points below float against {objective} for the tested circuits; the table below has the numbers."
    picture = drawn(partial(loss_against_cost, choice=choice), (9.2, 4.6), text, "choice")
    compared = f"{len(choice.screened)} circuits were compared on {choice.judged_on}"
    notes = (choice.hint(), choice.next_best(), *choice.warnings(), compared)
    what = "the chosen circuit" if choice.chosen else "the nearest circuit"
    return Page(
        question=f"Which circuit within {points_text(choice.within)} of float is cheapest?",
        answer=f"{said[0].upper()}{said[1:]}.",
        about=(choice.data, f"{choice.images} held-out images", f"floating point {100 * choice.float_accuracy:.2f} %",
               f"least {objective}"),
        notes=tuple(f"{note[0].upper()}{note[1:]}." for note in notes if note),
        figures=(
            Figure(
                picture,
                "Dots: measured. Lines: up to the end of the one-sided interval of the paired difference. Filled: "
                "shown to be within the margin. Ring: chosen. Thin line: the Pareto front.",
            ),
        ),
        tables=(choice_table(choice),),
        command=f"# {what}, on all held-out images\n{choice.command()}",
    )  # fmt: skip


MOST_POINTS = 200
"""Points of a sweep in the table of a page; all are in its points.csv."""


@page_of.register
def _of_sweep(result: SweepResult) -> Page:
    best = result.best
    low, high = best.interval()
    names = result.varied or ("generator", "length")
    settings = ", ".join(f"{name.replace('_', ' ')} {shown_value(best.settings[name])}" for name in names)
    text = "Accuracy against stream length for the points of the sweep; the table below has the numbers."
    picture = drawn(partial(accuracy_of_points, result=result), (9.2, 4.6), text, "points")
    return Page(
        question="Which circuit is best?",
        answer=(
            f"Of {len(result)} points the best is {settings}: {100 * best.accuracy:.2f} % of {best.images} images are "
            f"right (95 % interval {100 * low:.2f} .. {100 * high:.2f}), and {100 * best.float_accuracy:.2f} % in "
            "floating point."
        ),
        about=(", ".join(dict.fromkeys(row.data for row in result)), f"{best.total} held-out images"),
        notes=("The best of many points looks better than it is: choose tests what it claims.",),
        figures=(Figure(picture, "Bars: 95 % intervals over the images. Lines: the best point of each length."),),
        tables=(sweep_table(result, MOST_POINTS),),
    )


def _better(study: ReservoirStudy, kind: str, n: int) -> str:
    start = study.beats_filter_from(kind, n)
    if start is None:
        return f"not better than the filter up to L = {study.lengths[-1]}"
    return f"better than the filter from L = {start}"


def named(generator: str) -> str:
    """What texts call a generator, or one that is shifted or rounded at every step.

    >>> named("lfsr"), named("sobol-shift"), named("fixed-point")
    ('LFSR', 'Sobol + shift', 'Fixed point')
    """
    if generator == FIXED_POINT:
        return "Fixed point"
    name, _, extra = generator.partition("-")
    return NAMES.get(name, name.capitalize()) + (f" + {extra}" if extra else "")


def _circuit(generator: str, length: Length) -> str:
    return named(generator) if generator == FIXED_POINT else f"{named(generator)}, L = {text_of(length)}"
