"""The circuits that a choice looks at."""

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.choosing.candidates import OBJECTIVES, Grid, circuit_text, with_lengths
from sc_neurocore.evaluation import Task

NAMES = {"version": "0", "network": "ab", "data": "cd"}


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays([rng.normal(size=(5, 4)), rng.normal(size=(3, 5))])


def grid(**options):
    given = {
        "lengths": (8, 16),
        "generators": ("sobol",),
        "encodings": ("split",),
        "accumulates": ("sum",),
        "bits": (None,),
    }
    return Grid(**{**given, **options}, common={"seed": 0}, names=NAMES)


def test_all_combinations(network):
    found, refused = grid(encodings=("split", "bipolar"), bits=(None, 6)).candidates(network)
    assert refused == {}
    assert len({each.task.id for each in found}) == 8
    assert {(e.task.length, e.task.encoding, e.task.bits) for e in found} == {
        (length, encoding, bits) for length in (8, 16) for encoding in ("split", "bipolar") for bits in (None, 6)
    }


def test_what_cannot_be_built_is_left_out_with_its_reason(network):
    found, refused = grid(encodings=("unipolar", "split")).candidates(network)
    assert [each.task.encoding for each in found] == ["split"] * 2
    assert len(refused) == 2
    with pytest.raises(ValueError, match="generator"):
        grid(generators=("dice",)).candidates(network)


def test_levels_of_cost(network):
    found, _ = grid(lengths=(8, 11, 12, 16)).candidates(network)
    levels = [each.level("cycles") for each in found]
    assert levels[0] == levels[3] - 2
    assert levels[0] < levels[2] < levels[3]
    for objective, key in OBJECTIVES.items():
        assert len(key(found[0].cost)) == 2
        assert found[3].level(objective) >= found[0].level(objective)


def test_other_lengths(network):
    (first, _), _ = grid().candidates(network)
    other = with_lengths(network, first, (8, 4))
    assert (other.task.length, other.cost.cycles, first.cost.cycles) == ((8, 4), 12, 16)


def test_in_words():
    task = Task("0", "ab", "cd", "lfsr", 16, encoding="bipolar", accumulate="or", bits=5)
    assert circuit_text(task) == "lfsr, L = 16, bipolar, or, 5 bits"
