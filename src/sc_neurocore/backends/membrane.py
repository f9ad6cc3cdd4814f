"""The step of a leaky integrate-and-fire neuron, and the numbers that describe one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .types import FixedMembrane as FixedMembrane
from .types import Floats as Floats
from .types import Membrane as Membrane


def raised(v: Any, drive: Any, noise: Any, v_rest: float, dt: float, tau: float) -> Any:
    """Voltages that a step makes before who spikes is known; numbers and arrays alike."""
    return v + (-(v - v_rest) * dt / tau + drive + noise)


def settled(
    raised: Floats, wait: NDArray[np.int64], spikes: NDArray[np.bool_], threshold: Floats | float, membrane: Membrane
) -> tuple[Floats, NDArray[np.int64]]:
    """The new v and the new wait, once it is known who spikes.

    `wait` counts the steps that a neuron still has to rest.
    """
    m = membrane
    after = raised - threshold if m.soft else np.full_like(raised, m.v_reset)
    v = np.where(wait > 0, m.v_rest, np.where(spikes, after, raised))
    return v, np.where(spikes, m.refractory, np.maximum(wait - 1, 0))


def lif_step(
    v: Floats, wait: NDArray[np.int64], current: Floats, membrane: Membrane, noise: Floats
) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """One step of leaky integrate-and-fire neurons: the new v, the new wait, who spikes.

    The spike and the reset are in one step.
    """
    m = membrane
    up = raised(v, m.resistance * current * m.dt, m.noise * noise, m.v_rest, m.dt, m.tau_mem)
    spikes = (wait <= 0) & (up >= m.v_threshold)
    v, wait = settled(up, wait, spikes, m.v_threshold, m)
    return v, wait, spikes
