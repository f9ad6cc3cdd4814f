"""Learning layers: every backend against `reference`, every rule and option, odd sizes, any number of threads."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.plasticity import synapse_words
from sc_neurocore.backends.types import (
    Competition,
    LearningKeys,
    LearningModel,
    LearningState,
    Membrane,
    Pause,
    Plasticity,
)

KEYS = LearningKeys(0x0123456789ABCDEF, 2**64 - 1, 17)
PAIR = Plasticity(0.4, 0.2, 1 / 16, 0.9, 0.95, 0.99, False, False, False, False)
RULES = {
    "pair": PAIR,
    "coincidence": PAIR._replace(coincidence=True, down=0.1),
    "reward": PAIR._replace(modulated=True),
    "reward, coincidence": PAIR._replace(modulated=True, coincidence=True),
    "soft": PAIR._replace(soft=True),
    "soft reward": PAIR._replace(modulated=True, soft=True),
    "certain": PAIR._replace(up=1.0, down=3.0),
    "rare": PAIR._replace(up=2.0**-20, down=2.0**-22, step=0.25),
}
ALONE = Competition(0.0, 1.0, 0, 0)
MEMBRANE = Membrane(0.0, -0.1, 0.3, 20.0, 0.5, 1.3, 0.02, 2, False)
NO_PAUSE = Pause(1.0, 1.0, 1.0, 1.0, 1.0, 0)
PAUSE = Pause(0.3, 0.5, 0.6, 0.7, 0.9, 5)


def arguments(rows, n, samples, length, *, rule=PAIR, competition=ALONE, membrane=MEMBRANE, pause=NO_PAUSE,
              learning=True, fresh=True, first=0, bits=16, scale=1.0, rate=0.4):  # fmt: skip
    rng = np.random.default_rng(rows + n + length)
    words = pack(rng.random((samples, n, length)) < rate)
    numbers = np.empty(0) if fresh else (rng.permutation(length) + 0.5) / length
    levels = 0.01 + 0.5 * scale * (np.arange(n + 1) / n)
    reward = rng.choice([0.0, 0.5, -0.5], (samples, length)) if rule.modulated else np.empty((0, 0))
    state = LearningState(
        rng.random((rows, n)), rng.uniform(0, 0.2, rows), rng.uniform(-0.2, 0.3, rows), rng.integers(0, 3, rows),
        rng.uniform(0, 2, n), rng.uniform(0, 2, rows),
        rng.uniform(-1, 1, (rows, n)) if rule.modulated else np.empty((0, 0)),
    )  # fmt: skip
    model = LearningModel(KEYS, length, bits, levels, membrane, rule, competition, pause)
    return model, words, numbers, reward, first, learning, state


def assert_equal(backend, given):
    mine, theirs = backend.learn(*given), reference.learn(*given)
    assert mine[0].dtype == theirs[0].dtype
    np.testing.assert_array_equal(mine[0], theirs[0])
    for name, a, b in zip(LearningState._fields, mine[1], theirs[1], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=name)
    return mine


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.kernels("learn")
def test_rules(backend, rule, deterministic):
    rule = rule._replace(deterministic=deterministic)
    given = arguments(7, 19, 2, 101, rule=rule)
    spikes, state = assert_equal(backend, given)
    assert 0.01 < spikes.mean() < 0.5
    assert np.any(state.p != given[-1].p) or rule.up < 1e-3


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("rows", "n", "samples", "length", "first"), [
    (1, 1, 1, 1, 0), (1, 3, 3, 7, 5), (33, 17, 2, 66, 2**33), (16, 16, 1, 64, 3), (40, 5, 0, 9, 0), (2, 33, 1, 200, 1),
])  # fmt: skip
@pytest.mark.kernels("learn")
def test_sizes(backend, rows, n, samples, length, first, fresh, threads, split_over):
    split_over(threads)
    given = arguments(rows, n, samples, length, fresh=fresh, first=first, pause=PAUSE)
    spikes, _ = assert_equal(backend, given)
    assert spikes.shape == (samples, rows, length)


@pytest.mark.parametrize("rate", [0.0, 0.004, 0.03, 0.2, 1.0])
@pytest.mark.parametrize(("n", "length", "first"), [(50, 130, 1), (50, 67, 2), (17, 64, 3), (130, 3, 1)])
@pytest.mark.kernels("learn")
def test_words_of_silent_inputs_are_not_needed(backend, rate, n, length, first):
    given = arguments(5, n, 3, length, first=first, rate=rate, scale=2.0)
    spikes, _ = assert_equal(backend, given)
    assert spikes.any() or rate < 0.2 or length < 10


@pytest.mark.parametrize("winners", [1, 3, 9])
@pytest.mark.parametrize("inhibition", [0, 4])
@pytest.mark.kernels("learn")
def test_competition(backend, winners, inhibition):
    competition = Competition(0.05, 0.999, winners, inhibition)
    given = arguments(9, 20, 2, 150, competition=competition, pause=PAUSE, scale=2.0)
    spikes, state = assert_equal(backend, given)
    assert 1 <= spikes.sum(1).max() <= winners
    assert np.all(state.threshold > 0)


@pytest.mark.parametrize("membrane", [
    MEMBRANE._replace(noise=0.0), MEMBRANE._replace(soft=True, v_rest=0.05), MEMBRANE._replace(refractory=0),
])  # fmt: skip
@pytest.mark.kernels("learn")
def test_membranes(backend, membrane):
    assert_equal(backend, arguments(5, 20, 1, 130, membrane=membrane, competition=Competition(0.1, 0.9, 2, 1)))


@pytest.mark.parametrize("bits", [1, 8, 32])
@pytest.mark.kernels("learn")
def test_bits(backend, bits):
    assert_equal(backend, arguments(5, 20, 1, 70, bits=bits))


@pytest.mark.kernels("learn")
def test_without_learning_nothing_is_learned(backend):
    for rule in (PAIR, RULES["reward"]):
        given = arguments(6, 20, 2, 90, rule=rule, competition=Competition(0.1, 0.9, 2, 1), learning=False)
        _, state = assert_equal(backend, given)
        for name in ("p", "threshold", "eligibility"):
            np.testing.assert_array_equal(getattr(state, name), getattr(given[-1], name))


def test_words_depend_on_key_synapse_and_cycle_only():
    whole = synapse_words(5, 9, 7, 2**34 + 6)
    np.testing.assert_array_equal(synapse_words(5, 4, 3, 2**34 + 6), whole[:4, :3])
    for other in (synapse_words(6, 9, 7, 2**34 + 6), synapse_words(5, 9, 7, 2**34 + 7)):
        assert not np.any(other == whole)
    assert np.unique(whole).size == whole.size
