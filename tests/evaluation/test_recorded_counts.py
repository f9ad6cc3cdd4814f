"""Counts of circuits, as the version before `CircuitOptions` recorded them: they stay the same to the last image.

``files/counts.json`` has, for each case, the keywords of `evaluate` of that time and its rows: generator, length,
repeat, images, correct, float_correct, agree. The network is ``files/digits.safetensors``.
"""

import json
from pathlib import Path

import pytest

from sc_neurocore import Faults, MemristorModel, Network
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.evaluation import evaluate

FILES = Path(__file__).parent / "files"
CASES = json.loads((FILES / "counts.json").read_text())["cases"]


def options_of(recorded):
    options = dict(recorded)
    if "bit_flip_rate" in options:
        options["faults"] = Faults.flips(options.pop("bit_flip_rate"))
    elif "faults" in options:
        options["faults"] = Faults(**options["faults"])
    if "device" in options:
        options["device"] = MemristorModel(**options["device"])
    return options


@pytest.fixture(scope="module")
def held_out():
    digits = load_digits()
    return Dataset.held_out("digits", digits.x_test, digits.y_test)


@pytest.mark.parametrize("case", CASES)
def test_counts_are_those_recorded(case, held_out):
    network = Network.load(FILES / "digits.safetensors")
    rows = evaluate(network, held_out, **options_of(CASES[case]["options"])).rows
    found = [
        [
            row.task.generator,
            row.task.length,
            row.task.repeat,
            row.images,
            row.correct,
            row.float_correct,
            row.agree,
        ]
        for row in rows
    ]
    assert found == CASES[case]["rows"]


def test_the_cases_tell_circuits_apart():
    counts = [tuple(row[4] for row in case["rows"]) for case in CASES.values()]
    assert len(set(counts)) == len(CASES)
    repeats = {(*row[:2], name) for name, case in CASES.items() for row in case["rows"] if row[2]}
    assert len(repeats) > 20
