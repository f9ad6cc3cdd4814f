"""Faults: accuracy of digits on streams and in 8-bit fixed point, as the rate of a fault rises."""

from functools import partial

from sc_neurocore import Faults
from sc_neurocore.datasets import load_digits
from sc_neurocore.evaluation import FaultStudy, default_model, evaluate, fault_study
from sc_neurocore.plots import save_faults

from .result import Result, table_row

PAGE = "faults.md"
PICTURES = {"faults.png": (1200, 720)}
TOLERANCE = 1.2
"""Points of accuracy, six images: the network is trained, and its last digits depend on the machine."""
KINDS = {
    "product-flips": "product flips",
    "input-flips": "input flips",
    "weight-flips": "weight flips",
    "stuck-lines": "stuck lines",
}
PICTURED = "product-flips"
RATES, QUICK_RATES = (0.001, 0.003, 0.01, 0.03, 0.1), (0.01,)
LENGTHS, LENGTH = (64, 256, 1024), 256
"""Stream lengths of the pictured fault, and that of the others and of a quick run."""
REPEATS = {"stuck-lines": 10}
"""Draws of the lines that are stuck, a few that may matter or not; flips are drawn anew for every bit."""
GENERATOR, RANDOM = "searched", "bernoulli"
"""The default generator of networks, and a source for each stream."""


def numbers_of(study: FaultStudy) -> dict[str, float]:
    """Accuracies in %, of streams of `GENERATOR` and of fixed point."""
    return {
        f"{study.kind} {100 * rate:g} %, {'fixed point' if length == 1 else f'L = {length}'}, %": 100 * point.accuracy
        for (generator, length), line in study.lines.items()
        if generator != RANDOM
        for rate, point in zip(study.rates, line, strict=True)
    }


def run(quick: bool) -> Result:
    """Accuracies in %; quick: one rate and one length."""
    data = load_digits()
    network = default_model(data)
    rates, lengths = (QUICK_RATES, (LENGTH,)) if quick else (RATES, LENGTHS)
    generators = (GENERATOR,) if quick else (RANDOM, GENERATOR)
    pictured = fault_study(network, data, PICTURED, rates, lengths, generators, calibrate="none")
    numbers = numbers_of(pictured)
    for kind in KINDS:
        if kind != PICTURED:
            repeats = REPEATS.get(kind, 1)
            study = fault_study(network, data, kind, rates, (LENGTH,), (GENERATOR,), repeats=repeats, calibrate="none")
            numbers |= numbers_of(study)
    faults = Faults(dead_generator="weights")
    dead = evaluate(network, data, (LENGTH,), (GENERATOR, RANDOM), faults=faults, calibrate="none")
    numbers |= {f"dead generator of the weights, {p.generator}, %": 100 * p.accuracy for p in dead.points}
    return Result(numbers, {"faults.png": partial(save_faults, study=pictured)})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The rows of the table, and what a dead generator leaves."""
    found = []
    for kind, title in KINDS.items():
        names = [f"L = {length}" for length in (LENGTHS if kind == PICTURED else (LENGTH,))]
        for place, name in enumerate([*names, "fixed point"]):
            cells = [f"{numbers[f'{kind} {100 * rate:g} %, {name}, %']:.1f}" for rate in (0, *RATES)]
            shown = "8-bit fixed point" if name == "fixed point" else name
            found.append(table_row("" if place else title, shown, *cells).replace("|  |", "| |"))
    shared, own = (numbers[f"dead generator of the weights, {name}, %"] for name in (GENERATOR, RANDOM))
    return [*found, f"`--fault dead-generator=weights`: {shared:.1f} %", f"hardly changes the sum ({own:.1f} %"]
