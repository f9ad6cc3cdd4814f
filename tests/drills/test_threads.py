"""Eight threads call one layer: each sample has a number of its own and the bits of that number, in every class."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import sc_neurocore as sc

pytestmark = pytest.mark.usefixtures("frequent_switches")
THREADS, CALLS, LENGTH = 8, 10, 1000
X = np.random.default_rng(0).uniform(0.2, 0.8, (12,))
IMAGES = [np.random.default_rng(k).uniform(0.2, 0.8, (1, 5 + k, 6 + k % 2)) for k in range(6)]
"""Images of more sizes than a layer remembers."""
NOISY = sc.MemristorModel(read_noise=0.05)
CASES = {
    "dense": (lambda: sc.VectorizedSCLayer(12, 8, LENGTH, seed=1), [X]),
    "dense, split MUX": (
        lambda: sc.VectorizedSCLayer(12, 8, LENGTH, encoding="split", accumulate="mux", seed=1),
        [X],
    ),
    "dense, faults": (
        lambda: sc.VectorizedSCLayer(12, 8, LENGTH, generator="sobol", faults=sc.Faults.flips(0.1), seed=1),
        [X],
    ),
    "sparse": (lambda: sc.VectorizedSCLayer(12, 8, LENGTH, sparse=True, connectivity=0.5, seed=1), [X]),
    "read noise": (
        lambda: sc.MemristiveDenseLayer(12, 8, LENGTH, generator="sobol", device=NOISY, seed=1),
        [X],
    ),
    "defects": (lambda: sc.HardwareAwareSCLayer(12, 8, LENGTH, seed=1), [X]),
    "convolution": (lambda: sc.SCConv2DLayer(1, 4, 3, length=LENGTH, accumulate="mux", seed=1), IMAGES),
    "pool": (lambda: sc.SCPool2D("average", 2, length=LENGTH, seed=1), IMAGES),
    "fusion": (
        lambda: sc.SCFusionLayer({"a": 12, "b": 12}, {"a": 1, "b": 2}, LENGTH, seed=1),
        [{"a": X, "b": X[::-1]}],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_eight_threads_call_one_layer(name, drills):
    make, inputs = CASES[name]
    layer, calls = make(), CALLS * drills
    start = Barrier(THREADS)

    def work(thread):
        start.wait()
        places = [(thread + k) % len(inputs) for k in range(calls)]
        return [(place, layer.forward(inputs[place]).tobytes()) for place in places]

    with ThreadPoolExecutor(THREADS) as pool:
        found = [pair for pairs in pool.map(work, range(THREADS)) for pair in pairs]
    assert layer.samples == len(found) == THREADS * calls
    tables = []
    for x in inputs:
        alone = make()
        tables.append({alone.forward(x).tobytes(): number for number in range(len(found))})
        assert len(tables[-1]) == len(found)  # an output tells the number of its sample
    assert sorted(tables[place][out] for place, out in found) == list(range(len(found)))
