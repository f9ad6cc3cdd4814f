"""Calibration: digits on streams of 2 to 64 cycles, with and without it.

The network that comes with the package, calibrated for each circuit anew, as `sc-neurocore evaluate` does.
"""

from functools import partial

from sc_neurocore.datasets import load_digits
from sc_neurocore.evaluation import Evaluation, default_model, evaluate
from sc_neurocore.plots import save_accuracy

from .result import Result, table_row

PAGE = "calibration.md"
PICTURES = {"calibration.png": (1200, 720)}
TOLERANCE = 1e-4
"""Calibration is the same on every machine."""

LENGTHS = (2, 4, 8, 16, 32, 64)
GENERATORS = {"searched": "Searched", "sobol": "Sobol", "bernoulli": "Bernoulli"}
QUICK = (4, 8)
"""Lengths of a quick run."""


def accuracies(evaluation: Evaluation, name: str) -> dict[str, float]:
    """Accuracies in %, by generator and length."""
    points = evaluation.points
    return {f"{point.generator}, L = {point.length}, {name}, %": 100 * point.accuracy for point in points}


def run(quick: bool) -> Result:
    """Accuracies on the held-out images; quick: of fewer lengths."""
    data = load_digits()
    evaluation = evaluate(default_model(data), data, QUICK if quick else LENGTHS, tuple(GENERATORS))
    assert evaluation.uncalibrated is not None
    numbers = accuracies(evaluation, "calibrated") | accuracies(evaluation.uncalibrated, "as mapped")
    return Result(numbers, {"calibration.png": partial(save_accuracy, evaluation=evaluation)})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The table under the picture."""
    return [
        table_row(title, how, *(f"{numbers[f'{name}, L = {length}, {how}, %']:.2f}" for length in LENGTHS))
        for name, title in GENERATORS.items()
        for how in ("calibrated", "as mapped")
    ]
