"""The tasks of reservoirs: their equations, their order, their seeds."""

import numpy as np
import pytest

from sc_neurocore.backends import compiled
from sc_neurocore.datasets import delay_task, mackey_glass, narma10
from sc_neurocore.datasets.time_series import delayed


def test_narma10_holds_its_equation():
    u, y = narma10(500, seed=3)
    x = u[:, 0]
    for t in range(9, 499):
        want = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * x[t - 9] * x[t] + 0.1
        assert y[t + 1] == pytest.approx(want, abs=1e-12)
    assert 0 <= x.min() < 0.01
    assert 0.49 < x.max() < 0.5


def test_narma10_is_drawn_again_when_it_escapes(monkeypatch):
    calls = []
    real = compiled.narma

    def first_escapes(u, *rest):
        calls.append(u)
        return np.full(u.size, np.nan if len(calls) == 1 else 1e30) if len(calls) < 3 else real(u, *rest)

    monkeypatch.setattr(compiled, "narma", first_escapes)
    u, y = narma10(20, seed=0)
    assert len(calls) == 3
    np.testing.assert_array_equal(u[:, 0], calls[2][10:])
    assert y.max() < 1


def test_seeds():
    for task in (narma10, lambda T, seed: delay_task(T, 3, seed)):
        np.testing.assert_array_equal(task(50, 1).targets, task(50, 1).targets)
        assert (task(50, 1).targets != task(50, 2).targets).any()
        assert (task(50, None).inputs != task(50, None).inputs).any()


def test_mackey_glass_where_the_past_is_constant():
    """For the first tau the equation is linear: x = k + (x0 - k) exp(-t / 10)."""
    x0, t = 0.9, np.arange(18)
    k = 2 * x0 / (1 + x0**10)
    x, _ = mackey_glass(18, x0=x0, discard=0)
    np.testing.assert_allclose(x[:, 0], k + (x0 - k) * np.exp(-t / 10), rtol=0, atol=1e-9)


def test_mackey_glass_converges_with_order_four():
    ends = [mackey_glass(1, x0=0.9, discard=60, step=1 / n).inputs[0, 0] for n in (5, 10, 20, 40)]
    steps = np.diff(ends)
    assert np.all(np.abs(steps[:-1] / steps[1:] - 16) < 0.5)


def test_mackey_glass_rests_at_one_and_is_chaotic_elsewhere():
    np.testing.assert_allclose(mackey_glass(50, x0=1.0).inputs, 1.0, rtol=0, atol=1e-12)
    x = mackey_glass(4000).inputs
    assert 0.2 < x.min() < 0.5
    assert 1.2 < x.max() < 1.4
    near = mackey_glass(4000, x0=1.2 + 1e-9).inputs
    assert abs(near - x)[-500:].max() > 0.1  # tau = 17
    short = mackey_glass(3000, 8.0).inputs
    assert abs(mackey_glass(3000, 8.0, x0=1.2 + 1e-9).inputs - short)[-500:].max() < 1e-6


def test_mackey_glass_horizon_and_discard():
    x, later = mackey_glass(100, horizon=6, discard=50)
    np.testing.assert_array_equal(x[6:, 0], later[:-6])
    np.testing.assert_array_equal(mackey_glass(40, discard=60).inputs, x[10:50])


def test_memory_targets():
    u, before = delay_task(200, 7, seed=0, low=0.25, high=0.5)
    for k in range(1, 8):
        np.testing.assert_array_equal(before[k:, k - 1], u[:-k, 0])
    assert before.min() >= 0.25
    assert before.max() < 0.5
    np.testing.assert_array_equal(delayed(np.arange(1.0, 3.0), 4), [[0, 0, 0, 0], [1, 0, 0, 0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: narma10(0), ValueError, "T must be an integer of at least 1, got 0"),
        (lambda: narma10(5, seed=-1), ValueError, "seed must be at least 0, got -1"),
        (lambda: mackey_glass(5, 17.05), ValueError, "tau must be a multiple of step=0.1, got 17.05"),
        (lambda: mackey_glass(5, step=0.3), ValueError, "step must be 1 over a whole number, got 0.3"),
        (lambda: mackey_glass(5, step=3.0), ValueError, "step must be 1 over a whole number, got 3"),
        (lambda: mackey_glass(5, x0=0.0), ValueError, "x0 must be a finite number above 0, got 0.0"),
        (lambda: mackey_glass(5, horizon=0), ValueError, "horizon must be an integer of at least 1, got 0"),
        (lambda: mackey_glass(5, discard=-1), ValueError, "discard must be an integer of at least 0, got -1"),
        (lambda: mackey_glass(5, "17"), TypeError, "tau must be a finite number above 0"),
        (lambda: delay_task(5, 0), ValueError, "max_delay must be an integer of at least 1, got 0"),
        (lambda: delay_task(5, 1, low=1.0, high=0.0), ValueError, r"high must be a number in \[1, "),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
