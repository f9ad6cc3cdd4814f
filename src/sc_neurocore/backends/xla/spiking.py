"""Leaky integrate-and-fire neurons as traced functions, with the roundings of `membrane`, step by step."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..membrane import fire_and_reset, integrate
from ..types import Membrane

Array = Any
"""A JAX array, traced or not."""


@jax.custom_jvp
def spike(v: Array, threshold: Array, slope: Array) -> Array:
    """1 where v has reached the threshold, else 0; differentiated, 1 / (1 + slope |v - threshold|)**2."""
    return (v >= threshold).astype(v.dtype)


@spike.defjvp
def _spike_jvp(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
    v, threshold, slope = primals
    surrogate = 1 / (1 + slope * jnp.abs(v - threshold)) ** 2
    return spike(*primals), surrogate * (tangents[0] - tangents[1])


def _divisors(v: Array, membrane: Membrane) -> Array:
    """tau_mem for every neuron. XLA would multiply by the inverse of one number, which rounds twice."""
    return jnp.where(v == v, jnp.asarray(membrane.tau_mem, v.dtype), 1)


def _lif_update(
    v: Array, refractory_left: Array | None, current: Array, membrane: Membrane, tau: Array, noise: Array | None
) -> tuple[Array, Array | None, Array, Array]:
    """`membrane.lif_step` on traced arrays, rounding by rounding; the voltage before a reset comes last.

    `tau` are the `_divisors`. Without `refractory_left`, no neuron rests.
    """
    v_rest, v_reset, v_threshold, _, dt, resistance, scale = (jnp.asarray(x, v.dtype) for x in membrane[:7])
    current = jnp.asarray(current, v.dtype)
    resting = current != current if refractory_left is None else refractory_left != 0  # nobody: XLA cannot know
    # XLA fuses a product and the sum that takes it into one rounding. A choice between them keeps both.
    drive = jnp.where(resting, 0, resistance * current * dt)
    push = jnp.asarray(-0.0, v.dtype) if noise is None else jnp.where(resting, 0, scale * noise)  # x - 0.0 is x
    risen = integrate(v, drive, push, v_rest, dt, tau)
    fires = risen >= v_threshold
    if refractory_left is None:
        after, _ = fire_and_reset(jnp.where, risen, 0, fires, v_threshold, v_rest, v_reset, 0, membrane.soft)
        return after, None, fires, risen
    fires &= ~resting
    after, left = fire_and_reset(
        jnp.where, risen, refractory_left, fires, v_threshold, v_rest, v_reset, membrane.refractory, membrane.soft
    )
    return after, left.astype(refractory_left.dtype), fires, risen


def _spiking(
    v: Array, refractory_left: Array, current: Array, membrane: Membrane, tau: Array, noise: Array | None, slope: float
) -> tuple[Array, Array, Array]:
    after, still, _, risen = _lif_update(v, refractory_left, current, membrane, tau, noise)
    threshold, steepness = (jnp.asarray(x, v.dtype) for x in (membrane.v_threshold, slope))
    return after, still, jnp.where(refractory_left == 0, spike(risen, threshold, steepness), 0)


def lif_step(
    v: Array, refractory_left: Array, current: Array, membrane: Membrane, noise: Array | None, slope: float
) -> tuple[Array, Array, Array]:
    """The new state, and the spikes as numbers of v's type; no gradient flows from a spike to its reset.

    The state is v and `refractory_left`, the steps that a neuron still has to rest.
    """
    return _spiking(v, refractory_left, current, membrane, _divisors(v, membrane), noise, slope)


def lif_run(
    v: Array, refractory_left: Array, currents: Array, membrane: Membrane, noise: Array | None, slope: float
) -> tuple[Array, Array, Array]:
    """`lif_step` for each of the first axis of currents and noise."""
    tau = _divisors(v, membrane)

    def body(state: tuple[Array, Array], now: tuple[Array, Array | None]) -> tuple[tuple[Array, Array], Array]:
        v, refractory_left, spikes = _spiking(*state, now[0], membrane, tau, now[1], slope)
        return (v, refractory_left), spikes

    (v, refractory_left), spikes = lax.scan(body, (v, refractory_left), (currents, noise))
    return v, refractory_left, spikes


def lif(
    currents: Array, noise: Array | None, membrane: Membrane, v: Array, refractory_left: Array | None
) -> tuple[Any, ...]:
    """As `lif_run` of samples ``(S, n)``, with bits for spikes; without `refractory_left`, no neuron rests."""

    def body(
        state: tuple[Array, Array | None], now: tuple[Array, Array | None]
    ) -> tuple[tuple[Array, Array | None], Array]:
        v, refractory_left, fires, _ = _lif_update(*state, now[0], membrane, tau, now[1])
        return (v, refractory_left), fires.astype(jnp.uint8)

    # One row of neurons: XLA makes better loops of it than of samples of neurons.
    shape, steps = v.shape, len(currents)
    rows = tuple(None if x is None else x.reshape(steps, v.size) for x in (currents, noise))
    v, left = v.reshape(-1), None if refractory_left is None else refractory_left.reshape(-1)
    tau = _divisors(v, membrane)
    (v, left), spikes = lax.scan(body, (v, left), rows)
    return v.reshape(shape), None if left is None else left.reshape(shape), spikes.reshape(currents.shape)
