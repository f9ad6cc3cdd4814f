"""The formulas of a leaky integrate-and-fire neuron, written once.

They take numbers and arrays alike: `reference` and the neurons run them on NumPy arrays, `xla` on arrays of JAX,
and `compiled` compiles the same text for the lanes of a vector.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .types import Counts, Floats, Membrane


def integrate(v: Any, drive: Any, noise: Any, v_rest: Any, dt: Any, tau: Any) -> Any:
    """Voltages after a step, before threshold and reset: leak towards rest, plus drive and noise."""
    return v + (-(v - v_rest) * dt / tau + drive + noise)


def integrate_fixed(v: Any, drive: Any, v_rest: Any, leak: Any, gain: Any, fraction: Any) -> Any:
    """As `integrate`, in integers that stand for numbers times ``2**fraction``, before the sum saturates.

    A product is rounded to the nearest, ties up.
    """
    half = 1 << (fraction - 1)
    return v - (((v - v_rest) * leak + half) >> fraction) + ((drive * gain + half) >> fraction)


def fire_and_reset(
    where: Callable[[Any, Any, Any], Any],
    v: Any,
    refractory_left: Any,
    fires: Any,
    threshold: Any,
    v_rest: Any,
    v_reset: Any,
    refractory: Any,
    soft: Any,
) -> tuple[Any, Any]:
    """Reset of neurons that spike: the new v, and the refractory steps that are left.

    `fires` says which neurons spike. `v` are the voltages of `integrate`, `refractory_left` the steps to rest before.
    `where` is `np.where` or its twin for another kind of number.
    """
    after = where(soft, v - threshold, v_reset)
    left = where(fires, refractory, where(refractory_left > 0, refractory_left - 1, 0))
    return where(refractory_left > 0, v_rest, where(fires, after, v)), left


def lif_step(
    v: Floats, refractory_left: Counts, current: Floats, membrane: Membrane, noise: Floats
) -> tuple[Floats, Counts, NDArray[np.bool_]]:
    """One step of leaky integrate-and-fire neurons: the new v, the new `refractory_left`, and which neurons spike.

    The spike and the reset are in one step.
    """
    m = membrane
    v = integrate(v, m.resistance * current * m.dt, m.noise * noise, m.v_rest, m.dt, m.tau_mem)
    fires = (refractory_left <= 0) & (v >= m.v_threshold)
    v, left = fire_and_reset(
        np.where, v, refractory_left, fires, m.v_threshold, m.v_rest, m.v_reset, m.refractory, m.soft
    )
    return v, left, fires
