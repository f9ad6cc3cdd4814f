"""The fixed-point neuron against Python integers, and against floating point."""

import numpy as np
import pytest

from sc_neurocore.neurons import FixedPointLIF, LIFNeurons, QFormat


def loop(currents, q, rest, reset, threshold, leak, gain, refractory):
    """One neuron in Python integers and fractions of them, rounded half up."""
    one, top = 2**q.fraction, q.largest
    rest, reset, threshold, leak, gain = (int(np.floor(x * one + 0.5)) for x in (rest, reset, threshold, leak, gain))
    v, left, spikes = rest, 0, []
    for current in currents:
        drive = int(np.floor(current * one + 0.5))
        if left:
            v, left, spike = rest, left - 1, 0
        else:
            v += -((2 * (v - rest) * leak + one) // (2 * one)) + (2 * drive * gain + one) // (2 * one)
            v = max(-top - 1, min(top, v))
            spike = int(v >= threshold)
            if spike:
                v, left = reset, refractory
        spikes.append(spike)
    return spikes, v / one


@pytest.mark.parametrize("q", [QFormat(3, 4), QFormat(2, 8), QFormat(7, 16), QFormat(1, 30)])
def test_equal_to_python_integers(q):
    rng = np.random.default_rng(1)
    currents = rng.uniform(-0.2, 0.7, (11, 300))
    given = {"v_rest": 0.25, "v_reset": -0.25, "v_threshold": 1.0, "tau_mem": 5.0, "resistance": 0.7}
    neurons = FixedPointLIF(11, {**given, "refractory_period": 2}, q=q)
    spikes = neurons.run(currents)
    assert spikes.any()
    for j in range(11):
        want, v = loop(currents[j], q, 0.25, -0.25, 1.0, 0.2, 0.7, 2)
        assert spikes[j].tolist() == want
        assert neurons.v[j] == v


@pytest.mark.parametrize("fraction", [6, 10, 16, 24])
def test_error_falls_with_the_fraction(fraction):
    """Against the neuron of the rounded parameters: at most a step divided by the leak."""
    q, currents = QFormat(3, fraction), np.random.default_rng(2).uniform(-0.1, 0.1, (5, 400))
    leak, gain = (float(q.decode(q.encode(x))) for x in (1 / 8, 0.9))
    fixed = FixedPointLIF(5, {"tau_mem": 8.0, "resistance": 0.9}, q=q)
    exact = LIFNeurons(5, {"tau_mem": 1 / leak, "resistance": gain, "noise_std": 0.0})
    for t in range(400):
        fixed.step(currents[:, t])
        exact.step(q.decode(q.encode(currents[:, t])))
        assert np.max(np.abs(fixed.v - exact.v)) <= 2.0**-fraction / leak


def test_fine_format_gives_the_spikes_of_floating_point():
    currents = np.random.default_rng(3).uniform(0, 0.2, (50, 500))
    fixed, exact = FixedPointLIF(50, q=QFormat(3, 28)), LIFNeurons(50, {"noise_std": 0.0})
    np.testing.assert_array_equal(fixed.run(currents), exact.run(currents))


def test_soft_reset_keeps_the_rest():
    neurons = FixedPointLIF(1, {"v_reset": None, "tau_mem": 4.0}, q=QFormat(3, 8))
    assert neurons.step(1.5).tolist() == [1]
    assert neurons.v.tolist() == [0.5]


def test_saturation_is_counted():
    neurons = FixedPointLIF(2, {"v_threshold": 3.0}, q=QFormat(2, 4))
    neurons.run([[-3.9] * 3, [0.0] * 3])
    assert neurons.v.tolist() == [-4.0, 0.0]
    assert neurons.saturated == 2
    neurons.reset()
    assert (neurons.saturated, neurons.v.tolist()) == (0, [0.0, 0.0])


def test_runs_add_up():
    currents = np.random.default_rng(4).uniform(0, 0.3, (3, 90))
    one, two = FixedPointLIF(3), FixedPointLIF(3)
    parts = [two.run(currents[:, :31]), two.run(currents[:, 31:])]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), one.run(currents))


def test_errors():
    with pytest.raises(ValueError, match="noise_std must be 0 for a fixed-point neuron"):
        FixedPointLIF(1, {"noise_std": 0.1})
    with pytest.raises(ValueError, match=r"dt_ms / tau_mem must not round to 0 in Q3\.4"):
        FixedPointLIF(1, {"tau_mem": 100.0}, q=QFormat(3, 4))
    with pytest.raises(ValueError, match=r"v_threshold must lie in \[-1, 0.9375\] of Q0\.4, got 1"):
        FixedPointLIF(1, q=QFormat(0, 4))
    with pytest.raises(ValueError, match=r"integer \+ fraction must be at most 31, got 40"):
        QFormat(20, 20)
    with pytest.raises(ValueError, match="dt_ms must be at most tau_mem"):
        FixedPointLIF(1, dt_ms=30.0)
    neurons = FixedPointLIF(2)
    with pytest.raises(ValueError, match="currents must lie in"):
        neurons.run([[9.0], [0.0]])
    with pytest.raises(ValueError, match=r"currents must have shape \(1, T\) or \(2, T\)"):
        neurons.run([0.0, 0.0])
    assert repr(neurons).startswith("FixedPointLIF(2, Q3.12, dt_ms=1")
