"""How long a sweep will take."""

import time

import pytest

from sc_neurocore import sweeps
from sc_neurocore.backends.threads import set_threads, thread_count
from sc_neurocore.sweeps import Plan, estimated_seconds
from sc_neurocore.sweeps.engines import Processes, Serial


def test_an_estimate_is_of_the_right_size(network, data):
    """Between a fifth and five times of what it takes: the machine has other things to do."""
    points = sweeps.grid(generator=["bernoulli", "sobol"], length=[16, 64, 256], seed=range(20))
    sweeps.collect(points[::20], network, data, workers=1)  # compiles
    plan = Plan(points, network, data)
    estimate = estimated_seconds(plan, Serial())
    start = time.perf_counter()
    sweeps.collect(points, network, data, workers=1)
    assert 0.2 < estimate / (time.perf_counter() - start) < 5


def test_it_is_for_what_is_left_and_shared(network, trainable, tmp_path):
    points = sweeps.grid(length=[16, 64])
    plan = Plan(points, network, trainable)
    assert plan.describe().endswith("to run: 2 points, 2 blocks, 2 circuits to calibrate")
    set_threads(1)
    try:
        alone = estimated_seconds(plan, Serial())
        assert thread_count() == 1
    finally:
        set_threads(None)
    engine = Processes(50)
    assert estimated_seconds(plan, engine) == pytest.approx(alone / 50, rel=3)
    engine.close()
    sweeps.collect(points, network, trainable, workers=1, out=tmp_path)
    assert estimated_seconds(Plan(points, network, trainable, out=tmp_path), Serial()) == 0
