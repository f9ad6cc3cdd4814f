"""Predictions, their errors and their counters: every backend against `reference`, and small cases by hand."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.types import GATE_BITS, PredictiveRule
from sc_neurocore.encoders import UserSequence, make_generator

ALL_OPEN = 1 << GATE_BITS


def sequences(kind, samples, length, bits):
    rng = np.random.default_rng(length)
    if kind == "fresh":
        return rng.integers(0, 1 << bits, (max(samples, 2), length)).astype(np.uint32)
    if kind == "few values":  # many ties, and none near the ends
        return UserSequence(rng.integers(1, 3, 5) << max(0, bits - 3), bits).sequence(length)[None]
    return make_generator(kind, length, bits).sequence(length)[None]


@pytest.mark.parametrize("kind", ["vdc", "sobol", "lfsr", "fresh", "few values"])
@pytest.mark.parametrize(
    ("samples", "neurons", "n", "length", "bits"),
    [(0, 2, 3, 8, 3), (1, 1, 1, 1, 3), (9, 3, 5, 100, 7), (9, 7, 2, 65, 5), (4, 18, 3, 63, 12), (4, 17, 3, 128, 7),
     (4, 2, 3, 300, 32)],
)  # fmt: skip
@pytest.mark.kernels("predictive")
def test_equal(backend, samples, neurons, n, length, bits, kind):
    if kind == "fresh":
        samples = max(samples, 2)
    rng = np.random.default_rng(neurons)
    top = 1 << bits
    x, weights = rng.integers(0, top + 1, (samples, n)), rng.integers(0, top + 1, (neurons, n))
    x[:, 0], weights[-1] = rng.choice([0, top], samples), rng.choice([0, top], n)
    full = n * length << 3
    running, credit = rng.integers(0, full + 1, neurons), rng.integers(0, full // 8 + 1, neurons)
    numbers, moved = sequences(kind, samples, length, bits), False
    for k in {1, neurons // 2 + 1, neurons}:
        for gate in (0, 1 << (GATE_BITS - 3), ALL_OPEN):
            for learn, trace, excess, gain in (
                (True, True, True, 0), (True, False, False, full // 10 + 1), (False, True, True, 0),
            ):  # fmt: skip
                if k < neurons and gate == 0:
                    continue
                rule = PredictiveRule(k, gate, max(0, bits - 10), bits, 3, excess, gain)
                arguments = 7, 2**33 + 5, numbers, x, rule, learn, trace, weights, running, credit
                mine, theirs = (kernels.predictive(*arguments) for kernels in (backend, reference))
                for a, b in zip(mine, theirs, strict=True):
                    assert a.dtype == b.dtype
                    np.testing.assert_array_equal(a, b)
                assert len(mine[1]) == (samples if trace else 0)
                moved |= bool((mine[2] != weights).any())
                assert learn or all(np.array_equal(a, b) for a, b in zip(mine[2:], arguments[7:], strict=True))
    assert moved or samples < 4


@pytest.mark.parametrize("k", [2, 9])
@pytest.mark.parametrize("kind", ["vdc", "fresh"])
@pytest.mark.kernels("predictive")
def test_any_number_of_threads(backend, kind, k, split_over):
    """Neurons that compete are compared by threads in every sample, others are shared out for all samples."""
    rng, bits, length = np.random.default_rng(k), 7, 100
    x, weights = rng.integers(0, 129, (5, 11)), rng.integers(0, 129, (9, 11))
    rule = PredictiveRule(k, ALL_OPEN // 2, 0, bits, 3, True, 200)
    arguments = 7, 5, sequences(kind, 5, length, bits), x, rule, True, True, weights, np.full(9, 8000), np.zeros(9, int)
    wanted = reference.predictive(*arguments)
    for count in (1, 2, 3, 16):
        split_over(count)
        for a, b in zip(backend.predictive(*arguments), wanted, strict=True):
            np.testing.assert_array_equal(a, b)


def test_by_hand(every_backend):
    """Sequence 0 4 2 6 1 5 3 7: the stream of threshold W has W ones."""
    numbers = make_generator("vdc", 8).sequence(8)[None]
    rule = PredictiveRule(1, ALL_OPEN, 0, 3, 1, False, 0)
    x, weights = np.array([[3, 8], [3, 8]]), np.array([[1, 6], [4, 2]])
    running, credit = np.array([32, 32]), np.zeros(2, np.int64)
    surprises, predictions, after, running, _ = every_backend.predictive(
        0, 0, numbers, x, rule, True, True, weights, running, credit
    )
    assert surprises.tolist() == [[4, 7], [0, 7]]
    assert predictions.tolist() == [[[1, 6], [4, 2]], [[3, 8], [4, 2]]]
    assert after.tolist() == [[3, 8], [4, 2]]  # neuron 0 wins twice, and lands on the input at once
    assert running.tolist() == [(32 + 4 - 16) + 0 - 10, (32 + 7 - 16) + 7 - 11]


def test_of_equals_the_first_ones_learn(every_backend):
    numbers = make_generator("vdc", 8).sequence(8)[None]
    for k in (1, 2, 3):
        rule = PredictiveRule(k, ALL_OPEN, 0, 3, 0, False, 0)
        zeros = np.zeros(4, np.int64)
        arrays = np.array([[1], [7], [7], [1]]), zeros, zeros
        after = every_backend.predictive(0, 0, numbers, np.array([[4]]), rule, True, False, *arrays)[2]
        assert (after[:, 0] == 4).tolist() == [i < k for i in range(4)]


def test_a_counter_stays_in_its_range(every_backend):
    """Steps of 8 from 7 up and from 1 down, in a counter of 0..8."""
    numbers = make_generator("vdc", 8).sequence(8)[None]
    rule, zero = PredictiveRule(1, ALL_OPEN, 3, 3, 0, False, 0), np.zeros(1, np.int64)
    arguments = 0, 0, numbers, np.array([[8, 0]]), rule, True, False
    assert every_backend.predictive(*arguments, np.array([[7, 1]]), zero, zero)[2].tolist() == [[8, 0]]


@pytest.mark.parametrize(
    ("running", "gain", "start"), [(640, 15, 0), (640, 15, 639), (100, 100, 3), (64, 64, 0), (70, 9, 69), (64, 200, 7)]
)
def test_gain_lets_every_so_many_open_cycles_pass(every_backend, running, gain, start):
    """All of 64 cycles are open and are errors: ``floor((start + 64 gain) / running)`` of them count."""
    numbers = make_generator("vdc", 64).sequence(64)[None]
    rule = PredictiveRule(1, ALL_OPEN, 0, 6, 40, False, gain)  # so long a memory: the running sum grows by the surprise
    arrays = np.array([[0]]), np.array([running - 64]), np.array([start])
    _, _, after, average, credit = every_backend.predictive(0, 0, numbers, np.array([[64]]), rule, True, False, *arrays)
    passed = min((start + 64 * gain) // running, 64)
    assert (after.tolist(), average.tolist()) == ([[passed]], [running])
    assert credit.tolist() == [start + 64 * gain - passed * running if gain <= running else gain]
