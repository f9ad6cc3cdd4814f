"""Counts of circuits as mapped, as recorded when bits last changed on purpose: they stay the same to the last image.

``files/counts.json`` has, for each case, keywords of `evaluate` and its rows: generator, length, repeat, images,
correct, float_correct, agree. The network is ``files/digits.safetensors``. Where random bits or sequences change on
purpose, ``python -m tests.evaluation.test_recorded_counts`` records the rows of the same cases anew.
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


def rows_of(case):
    digits = load_digits()
    held_out = Dataset.held_out("digits", digits.x_test, digits.y_test)
    network = Network.load(FILES / "digits.safetensors")
    rows = evaluate(network, held_out, **options_of(CASES[case]["options"]), calibrate="none").rows
    return [
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


@pytest.mark.parametrize("case", CASES)
def test_counts_are_those_recorded(case):
    assert rows_of(case) == CASES[case]["rows"]


def test_the_cases_tell_circuits_apart():
    counts = [tuple(row[4] for row in case["rows"]) for case in CASES.values()]
    assert len(set(counts)) == len(CASES)
    repeats = {(*row[:2], name) for name, case in CASES.items() for row in case["rows"] if row[2]}
    assert len(repeats) > 20


if __name__ == "__main__":
    cases = {case: {"options": recorded["options"], "rows": rows_of(case)} for case, recorded in CASES.items()}
    (FILES / "counts.json").write_text(json.dumps({"cases": cases}) + "\n")
