"""Threads that call a layer whose state moves on take turns: what comes out is what some order of the calls gives."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
import pytest

from sc_neurocore import (
    JaxSCDenseLayer,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCDenseLayer,
    SCLearningLayer,
    SCRecurrentLayer,
)
from sc_neurocore.layers.turns import Turns, in_turn

THREADS, CALLS = 4, 12
U = np.full(3, 0.4)
LAYERS = {
    "spiking": (
        lambda: SCDenseLayer(4, U, [[0.2, 0.6, 1.0]] * 4, 0, 1, 0, 1, base_seed=1),
        lambda layer: layer.run(37),
        lambda layer: layer.get_spike_trains(),
    ),
    "learning": (
        lambda: SCLearningLayer(3, 4, length=100, base_seed=1),
        lambda layer: layer.run_epoch(U),
        lambda layer: layer.weights,
    ),
    "reservoir": (
        lambda: SCRecurrentLayer(3, 20, length=100, seed=1),
        lambda layer: layer.run([U] * 3),
        lambda layer: layer.state,
    ),
    "predictive": (
        lambda: PredictiveCodingSCLayer(3, 4, 100, lr=0.1, seed=1),
        lambda layer: layer.forward(U)["surprises"],
        lambda layer: layer.weights,
    ),
    "dendrite": (
        lambda: RallDendrite(3),
        lambda layer: layer.run([U] * 50),
        lambda layer: layer.branch_voltages,
    ),
}
if find_spec("jax"):
    LAYERS["jax"] = (
        lambda: JaxSCDenseLayer(4, 3, 100, seed=1),
        lambda layer: layer.run_inputs([U] * 20),
        lambda layer: np.asarray(layer.v),
    )


@pytest.mark.usefixtures("frequent_switches")
@pytest.mark.parametrize("name", LAYERS)
def test_each_call_begins_where_another_has_ended(name):
    make, call, state = LAYERS[name]
    alone, together = make(), make()
    results = [call(alone) for _ in range(THREADS * CALLS)]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: call(together), range(THREADS * CALLS)))
    np.testing.assert_array_equal(state(together), state(alone))
    if results[0] is not None:
        assert sorted(out.tobytes() for out in found) == sorted(out.tobytes() for out in results)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_has_turns_of_its_own(copied):
    turns = Turns()
    with turns, ThreadPoolExecutor(1) as other:
        again = copied(turns)

        def enter():
            with again:
                return True

        assert other.submit(enter).result(30)


def test_a_method_may_call_another_one():
    class Counter:
        def __init__(self):
            self._turns, self.count = Turns(), 0

        @in_turn
        def one(self, step=1):
            """Add a step."""
            self.count += step
            return self.count

        @in_turn
        def two(self):
            self.one()
            return self.one(step=2)

    assert Counter().two() == 3
    assert Counter.one.__doc__ == "Add a step."
