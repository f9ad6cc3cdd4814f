"""How far a value travels: calls of Python functions of the package, and changes of file, in a forward."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import sc_neurocore as sc

ROOT = str(Path(sc.__file__).parent)


def travelled(run: Callable[[], object]) -> tuple[int, int]:
    """Calls and changes of file of a second run: caches are filled by a first one."""
    calls, changes, last = 0, 0, ""

    def profile(frame, event, _):
        nonlocal calls, changes, last
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(ROOT):
            calls, changes, last = calls + 1, changes + (name != last), name

    run()
    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls, changes


def test_a_small_forward_is_a_short_walk():
    layer = sc.VectorizedSCLayer(64, 10, 256, generator="sobol", encoding="split", accumulate="sum", seed=0)
    x = np.random.default_rng(0).random((2, 64))
    calls, changes = travelled(lambda: layer.forward(x))
    assert 10 < calls <= 36
    assert 5 < changes <= 20


def test_a_prediction_of_two_layers_is_a_short_walk():
    rng = np.random.default_rng(0)
    x = rng.random((2, 64))
    weights = [rng.normal(size=(32, 64)), rng.normal(size=(10, 32))]
    circuit = sc.Network.from_arrays(weights, calibration=x).circuit(256, "sobol")
    calls, changes = travelled(lambda: circuit.predict(x))
    assert 20 < calls <= 90
    assert 10 < changes <= 48
