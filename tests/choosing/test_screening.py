"""The first look: halving, and one circuit for each level of cost."""

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.choosing.candidates import Candidate, Grid
from sc_neurocore.choosing.screening import Screen, Screened, front
from sc_neurocore.evaluation import Task
from sc_neurocore.evaluation.calibrated import CalibratedNetworks, CalibrationSamples
from sc_neurocore.networks.cost import CircuitCost


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays([rng.normal(size=(8, 6)), rng.normal(size=(3, 8))])


@pytest.fixture(scope="module")
def candidates(network):
    names = {"version": "0", "network": network.digest(), "data": "cd"}
    generators = ("searched", "sobol", "lfsr", "lattice", "bernoulli", "ramp")
    grid = Grid((8, 32, 128), generators, ("split",), ("sum",), (None,), {"seed": 0}, names)
    return grid.candidates(network)[0]


def screen(network, samples=300, calibrate=False):
    rng = np.random.default_rng(1)
    fit, judge = CalibrationSamples(rng.random((150, 6))), rng.random((samples, 6))
    networks = CalibratedNetworks(network, fit, None, False, None) if calibrate else None
    return Screen(network, judge, networks, fit.x, fit.digest if calibrate else "")


def test_halving(network, candidates):
    told = []
    found = screen(network)
    nominees = found.nominees(candidates, "cycles", False, lambda *state: told.append(state))
    assert [each.candidate.cost.cycles for each in nominees] == [256, 64, 16]
    rounds = [(circuits, samples) for _, circuits, samples in told]
    assert rounds[:18] == [(18, 64)] * 18
    assert rounds[18:27] == [(9, 128)] * 9
    assert {samples for _, samples in rounds} == {64, 128, 300}
    assert len(found.screened) == 18
    first, last = ([each.loss for each in found.screened.values() if each.samples == n] for n in (64, 300))
    assert np.mean(last) < np.mean(first)
    for level in (256, 64, 16):
        of_level = [each for each in found.screened.values() if each.candidate.cost.cycles == level]
        (nominee,) = (each for each in nominees if each.candidate.cost.cycles == level)
        finalists = [each for each in of_level if each.samples == 300]
        assert len(finalists) == 2 or len(finalists) == 3
        assert nominee.loss == min(each.loss for each in finalists)


def test_losses_are_those_of_marks(network, candidates):
    """The loss is 0 for the float network, and about what the circuit does to decisions."""
    found = screen(network)
    nominees = found.nominees(candidates, "cycles", False, lambda *_: None)
    losses = [each.loss for each in nominees]
    assert losses == sorted(losses)
    assert 0 < losses[0] < 0.01 < losses[-1] < 0.5


def test_short_streams_are_calibrated(network, candidates):
    told = []
    found = screen(network, calibrate=True).nominees(candidates, "cycles", False, lambda *state: told.append(state))
    labels = [label for label, _, _ in told if label.startswith("calibrating")]
    assert len(labels) == 4  # two of each level of at most 64 cycles
    assert found[-1].candidate.task.calibration
    assert not found[0].candidate.task.calibration


def test_lengths_of_layers(network, candidates):
    found = screen(network).nominees(candidates, "cycles", True, lambda *_: None)
    lengths = [each.candidate.task.length for each in found]
    assert [length for length in lengths if isinstance(length, int)] == [128, 32, 8]
    assert any(isinstance(length, tuple) for length in lengths)
    cycles = [each.candidate.cost.cycles for each in found]
    assert cycles == sorted(cycles, reverse=True)


def test_the_front():
    def screened(cycles, loss):
        return Screened(Candidate(Task("0", "ab", "cd", "sobol", cycles), CircuitCost(cycles, 1, 1, 1.0)), loss, 10)

    made = [screened(64, 0.01), screened(32, 0.02), screened(48, 0.03), screened(16, 0.02), screened(8, 0.5)]
    assert [each.candidate.cost.cycles for each in front(made, "cycles")] == [64, 16, 8]
