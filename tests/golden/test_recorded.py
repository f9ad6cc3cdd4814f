"""The library gives what it gave when the fixture was recorded, bit for bit."""

import numpy as np
import pytest

from tests.golden.recorded.cases import Close
from tests.golden.recorded.record import GROUPS, NUMBERS, TEXTS, differences, recorded, run

SHOWN = 10


@pytest.fixture(scope="module")
def fixture():
    return recorded()


@pytest.mark.parametrize("group", GROUPS)
def test_recorded(group, fixture):
    if group == "jax":
        pytest.importorskip("jax")
    wanted, names, wrong = fixture[group], [], []
    for name, give in run(group):
        names.append(name)
        wrong += [f"{name}: {text}" for text in differences(give(), wanted.get(name, {}))]
    assert not wrong, f"{len(wrong)} arrays of {group} differ:\n" + "\n".join(wrong[:SHOWN])
    assert names == list(wanted)


def test_every_group_is_recorded(fixture):
    assert list(fixture) == list(GROUPS)
    assert sum(map(len, fixture.values())) > 1500
    assert TEXTS.stat().st_size + NUMBERS.stat().st_size < 1_500_000


def test_errors_are_the_exception(fixture):
    entries = [entry for cases in fixture.values() for parts in cases.values() for entry in parts.values()]
    assert sum(isinstance(entry, str) and entry == "ValueError" for entry in entries) < 0.15 * len(entries)


def test_a_wrong_value_is_noticed(fixture):
    name, give = next(run("dense"))
    outcome, wanted = give(), fixture["dense"][name]
    assert not differences(outcome, wanted)
    first, exact = outcome["first"], outcome["expected"].array
    for part, wrong in {
        "first": [np.nextafter(first, 2), first[:-1], first.astype(np.float32), "ValueError", Close(first)],
        "expected": [Close(exact * (1 + 1e-11)), Close(exact[:-1]), "ValueError", exact],
    }.items():
        for value in wrong:
            (text,) = differences({**outcome, part: value}, wanted)
            assert text.startswith(f"{part}: ")
    assert differences({"first": first}, wanted)
    assert not differences({**outcome, "expected": Close(exact * (1 + 1e-14))}, wanted)
