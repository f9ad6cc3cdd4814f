"""Recorders of voltages."""

import numpy as np
import pytest

from sc_neurocore.recorders import MembraneRecorder


@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
def test_what_is_recorded_comes_out(shape):
    voltages = np.random.default_rng(0).normal(size=(*shape, 50))
    recorder = MembraneRecorder(shape, dt_ms=0.5)
    assert recorder.voltages().shape == (*shape, 0)
    for part in np.split(voltages, (7, 7, 40), axis=-1):
        recorder.record(part)
    np.testing.assert_array_equal(recorder.voltages(), voltages)
    np.testing.assert_array_equal(recorder.times_ms(), 0.5 * np.arange(1, 51))
    recorder.record(voltages)
    assert recorder.steps == 100
    np.testing.assert_array_equal(recorder.voltages()[..., 50:], voltages)
    recorder.reset()
    assert recorder.steps == 0


def test_a_copy_is_kept():
    recorder, voltages = MembraneRecorder(1), np.ones((1, 2))
    recorder.record(voltages)
    voltages[:] = 0
    assert recorder.voltages().tolist() == [[1.0, 1.0]]


def test_errors():
    with pytest.raises(ValueError, match=r"voltages must have shape \(2, any\), got \(3, 1\)"):
        MembraneRecorder(2).record(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="voltages must be finite"):
        MembraneRecorder(1).record([[np.nan]])
    with pytest.raises(ValueError, match="dt_ms must be a finite number above 0"):
        MembraneRecorder(2, -1.0)
