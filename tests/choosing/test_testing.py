"""The test in a fixed sequence: what it claims, and that stopping early changes no decision."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from sc_neurocore.choosing.candidates import Candidate
from sc_neurocore.choosing.testing import Trial, in_sequence, never_enough, samples_needed, upper_end
from sc_neurocore.evaluation import Task, WrongImages
from sc_neurocore.evaluation.blocks import BlockRow, sample_order
from sc_neurocore.networks.cost import CircuitCost


@dataclass
class Subject:
    """Held-out samples as far as a trial looks at them."""

    true_classes: np.ndarray
    float_classes: np.ndarray


def candidate(length):
    return Candidate(Task("0", "ab", "cd", "sobol", length), CircuitCost(length, 1, 1, 1.0))


def rejects(b, c, n, margin, z):
    """Tango's score test that the difference is at least the margin, from its formula."""
    linear = -b - c + (2 * n - b + c) * margin
    q = (np.sqrt(linear**2 + 8 * n * c * margin * (1 - margin)) - linear) / (4 * n)
    return (b - c - n * margin) / np.sqrt(n * (2 * q + margin * (1 - margin))) < -z


@pytest.mark.parametrize("n", [270, 540, 2000])
def test_the_interval_is_that_of_the_score_test(n):
    decisions = set()
    for b in range(25):
        for c in range(12):
            wanted = rejects(b, c, n, 0.01, 1.6448536269514722)
            assert (upper_end(b, c, n, 0.95) < 0.01) == wanted
            decisions.add(bool(wanted))
    assert decisions == {True, False}


@pytest.mark.parametrize("n", [60, 540])
def test_more_right_answers_never_hurt(n):
    """Stopping early is exact only so: the end falls with images that only float gets wrong, and rises with others."""
    ends = np.array([[upper_end(b, c, n, 0.95) for c in range(15)] for b in range(15)])
    assert (np.diff(ends, axis=1)[ends[:, :-1] > 0.004] <= 1e-12).all()
    assert (np.diff(ends, axis=0) > 0).all()


def test_samples_needed():
    for worse, better in ((0, 0), (3, 1), (2, 2)):
        needed = samples_needed(worse, better, 540, 0.01, 0.95)
        ends = [upper_end(worse * n / 540, better * n / 540, n, 0.95) for n in (needed - 1, needed)]
        assert ends[1] < 0.01 <= ends[0]
    assert samples_needed(6, 0, 540, 0.01, 0.95) is None
    assert (never_enough(267, 0.01, 0.95), never_enough(268, 0.01, 0.95)) == (268, None)
    assert never_enough(500, 0.0, 0.95) == 10**9


def made(rng, n, rates):
    """A subject, and a call that gives the block rows of circuits of given rates of flips by their lengths."""
    true = np.zeros(n, np.int64)
    in_float = (rng.random(n) < 0.05).astype(np.int64)
    subject = Subject(true, in_float)
    wrong = {length: np.where(rng.random(n) < rate, 1 - in_float, in_float) for length, rate in rates.items()}
    run = []

    def measure(block):
        run.append(block)
        places = sample_order(n)[block.start : block.stop]
        own, other = wrong[block.length][places] != 0, in_float[places] != 0
        counts = len(places), int((~own).sum()), int((~other).sum()), int((own == other).sum())
        bits = [WrongImages.of(block.samples, each) for each in (own, other)]
        return BlockRow(block, *counts, 1, wrong=bits[0], float_wrong=bits[1])

    return subject, wrong, measure, run


@pytest.mark.parametrize("start", [0, 100])
def test_stopping_early_changes_no_decision(start):
    decisions, early = [], 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        subject, wrong, measure, run = made(rng, 500, {8: rng.choice([0.002, 0.01, 0.03, 0.2])})
        found = Trial(subject, start, 0.02, 0.95).run(candidate(8), True, measure)
        kept = sample_order(500)[start:]
        own, other = wrong[8][kept] != 0, subject.float_classes[kept] != 0
        b, c = int((own & ~other).sum()), int((other & ~own).sum())
        passed = upper_end(b, c, len(kept), 0.95) < 0.02
        assert found.high == upper_end(found.worse, found.better, found.images, 0.95)
        assert (found.verdict == "within") == passed
        assert found.total == len(kept)
        if passed:
            assert (found.worse, found.better, found.images) == (b, c, len(kept))
            assert found.high == upper_end(b, c, len(kept), 0.95)
        early += found.images < len(kept)
        assert run[0].start == start
        decisions.append(passed)
    assert 20 < sum(decisions) < 100
    assert early > 20


def test_a_circuit_is_not_stopped_while_it_may_catch_up():
    """Six images that only the circuit gets wrong come first; later ones only float gets wrong outweigh them."""
    subject, wrong, measure, run = made(np.random.default_rng(0), 500, {8: 0.0})
    order = sample_order(500)
    subject.float_classes[:] = 0
    subject.float_classes[order[-30:]] = 1
    wrong[8][:] = 0
    wrong[8][order[:6]] = 1
    assert upper_end(6, 0, 500, 0.95) > 0.02
    found = Trial(subject, 0, 0.02, 0.95).run(candidate(8), True, measure)
    assert (found.verdict, found.images, found.worse, found.better) == ("within", 500, 6, 30)
    assert len(run) > 1


def test_nothing_is_claimed_behind_the_first_failure():
    subject, _, measure, _ = made(np.random.default_rng(0), 600, {64: 0.0, 32: 0.0, 16: 0.3, 8: 0.0})
    found = in_sequence(Trial(subject, 0, 0.02, 0.95), [candidate(n) for n in (64, 32, 16, 8)], measure)
    assert [each.verdict for each in found] == ["within", "within", "not shown", "not tested"]
    assert found[3].high < 0.02


def claims(sequence, runs=1500, circuits=5, n=300, margin=0.03):
    """Runs in which some circuit of five whose true difference is the margin is said to be nearer."""
    rng, false = np.random.default_rng(0), 0
    for _ in range(runs):
        counts = [np.bincount(rng.choice(3, n, p=(0.91, 0.06, 0.03)), minlength=3) for _ in range(circuits)]
        passed = [upper_end(b, c, n, 0.95) < margin for _, b, c in counts]
        false += passed[0] if sequence else any(passed)  # the first in the sequence is false already
    return false, runs


def test_a_sequence_costs_no_confidence():
    """Five circuits at the margin are tested: one is claimed falsely in about 5 % of the runs, not in 23 %."""
    false, runs = claims(sequence=True)
    assert binom.sf(false - 1, runs, 0.055) > 1e-9
    assert false > 0
    false, runs = claims(sequence=False)
    assert binom.sf(false - 1, runs, 0.055) < 1e-9
