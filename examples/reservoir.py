"""Reservoirs: NARMA10 error and memory against stream length, for each generator (five minutes of processor time)."""

from functools import partial

from sc_neurocore.evaluation import ReservoirStudy, reservoir_study
from sc_neurocore.evaluation.reservoirs import EXPECTED, LINEAR, TAPS
from sc_neurocore.plots import save_reservoir

from .result import Result, short, table_row

PAGE = "reservoirs.md"
PICTURES = {"reservoir.png": (1458, 432)}
TOLERANCE = 2e-3
"""The read-out is a solved linear system."""
QUICK = {"lengths": [64], "kinds": ["sobol"]}
TITLES = {
    "bernoulli": "Bernoulli",
    "lfsr": "LFSR",
    "sobol": "Sobol, restarted",
    "sobol-shift": "Sobol, digital shift at every step",
    "sobol-rounding": "Sobol, unbiased rounding",
}
LENGTHS, NEURONS = (64, 256, 1024, 4096), (100, 200)


def numbers_of(study: ReservoirStudy) -> dict[str, float]:
    """Means of the five reservoirs."""
    numbers = {}
    for score in ("nrmse_std", "memory"):
        numbers[f"{score}, filter of {TAPS} taps"] = float(study.scores(LINEAR, TAPS, score=score).mean())
        for n in study.neurons:
            numbers[f"{score}, N = {n}, floats"] = float(study.scores(EXPECTED, n, score=score).mean())
            for kind in study.kinds:
                for length in study.lengths:
                    mean = study.scores(kind, n, length, score).mean()
                    numbers[f"{score}, N = {n}, {kind}, L = {length}"] = float(mean)
    return numbers


def run(quick: bool) -> Result:
    """Means of five reservoirs; quick: on short Sobol streams."""
    study = reservoir_study(**(QUICK if quick else {}))
    return Result(numbers_of(study), {"reservoir.png": partial(save_reservoir, study=study)})


def quotes(numbers: dict[str, float]) -> list[str]:
    """Both tables, and the error of the filter."""
    limit = numbers[f"nrmse_std, filter of {TAPS} taps"]
    found = [f"A linear filter of the last {TAPS} inputs has {short(limit, 3)}"]
    for n in NEURONS:
        for kind, title in TITLES.items():
            values = [numbers[f"nrmse_std, N = {n}, {kind}, L = {length}"] for length in LENGTHS]
            cells = [f"**{short(value, 3)}**" if value < limit else short(value, 3) for value in values]
            start = n if kind == "bernoulli" else ""
            found.append(table_row(start, title, *cells).replace("|  |", "| |"))
        found.append(f"**{short(numbers[f'nrmse_std, N = {n}, floats'], 3)}**")
    for kind, title in TITLES.items():
        cells = [f"{numbers[f'memory, N = {NEURONS[-1]}, {kind}, L = {length}']:.1f}" for length in LENGTHS]
        found.append(table_row(title, *cells))
    return [*found, f"{numbers[f'memory, N = {NEURONS[-1]}, floats']:.1f}"]
