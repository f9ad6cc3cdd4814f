"""The step of a leaky integrate-and-fire neuron, and the numbers that describe one."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Membrane(NamedTuple):
    """Numbers of a leaky integrate-and-fire neuron; times in ms."""

    v_rest: float
    v_reset: float
    v_threshold: float
    tau_mem: float
    dt: float
    resistance: float
    noise: float
    """Standard deviation of what a step adds."""
    refractory: int
    """Steps at rest after a spike."""
    soft: bool
    """A spike takes the threshold away, instead of setting `v_reset`."""


class FixedMembrane(NamedTuple):
    """A neuron in integers: numbers times ``2**fraction``, none above `largest`."""

    v_rest: int
    v_reset: int
    v_threshold: int
    leak: int
    """dt / tau_mem."""
    gain: int
    """R dt."""
    fraction: int
    largest: int
    refractory: int
    soft: bool


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
