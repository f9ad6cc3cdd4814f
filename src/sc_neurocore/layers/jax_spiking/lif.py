"""Steps of leaky integrate-and-fire neurons in JAX, as pure functions; JAX is imported when one is called."""

from typing import Any

from ...backends.types import Membrane
from ...neurons import LIFParameters, LIFState

__all__ = ["LIFParameters", "LIFState", "Membrane", "lif_run", "lif_step"]


def lif_step(
    state: LIFState, current: Any, params: Membrane, noise: Any = None, *, slope: float = 10.0
) -> tuple[LIFState, Any]:
    """One step of leaky integrate-and-fire neurons: a pure function for `jax.jit`, `jax.vmap` and `jax.grad`.

    ``v += -(v - v_rest) * dt / tau_mem + R * I * dt + noise_std * sqrt(dt) * noise``. The input is *not*
    scaled by (1 - a), the leak a = 1 - dt / tau_mem. The reset is *in the same step* as the spike: a neuron
    with v >= v_threshold spikes and holds v_reset when the step ends. Then it is `refractory_period` steps at
    v_rest, whatever comes in.

    Parameters
    ----------
    state
        `LIFState`: JAX arrays v, of floats, and refractory_left, of integers, of one shape.
    current
        Currents, broadcast to that shape.
    params
        ``LIFParameters(...).membrane(dt_ms)``: a tuple of numbers, each of which may be traced. Give it to a
        jitted function as an argument: as a constant, XLA may divide by it otherwise than the other backends.
    noise
        Standard normal numbers, broadcast to that shape; None for none.
    slope
        Steepness of the surrogate, in 1 / voltage: derived, a spike is 1 / (1 + slope |v - v_threshold|)**2
        with v as it reaches the threshold. No gradient flows from a spike to the reset that it causes.

    Returns
    -------
    LIFState
        The new state, of the types of the old one.
    jax.Array
        1 for who spikes, else 0, of v's type.

    Raises
    ------
    ImportError
        Without JAX.

    References
    ----------
    F. Zenke, S. Ganguli, "SuperSpike: supervised learning in multilayer spiking neural networks", Neural
    Computation 30, 2018, https://doi.org/10.1162/neco_a_01086 (surrogate). F. Zenke, T. P. Vogels, "The
    remarkable robustness of surrogate gradient learning", Neural Computation 33, 2021,
    https://doi.org/10.1162/neco_a_01367 (no gradient through the reset).

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> params = LIFParameters().membrane(1.0)
    >>> state = LIFState(jnp.array([0.0, 0.95]), jnp.array([0, 0]))
    >>> state, spikes = jax.jit(lif_step)(state, 0.1, params)
    >>> spikes.tolist()
    [0.0, 1.0]
    >>> at_rest = LIFState(jnp.zeros(()), jnp.array(0))
    >>> round(float(jax.grad(lambda current: lif_step(at_rest, current, params)[1])(0.9)), 6)  # 1 / (1 + 10 * 0.1)**2
    0.25
    """
    from ...backends import xla

    v, refractory_left, spikes = xla.lif_step(state.v, state.refractory_left, current, params, noise, slope)
    return LIFState(v, refractory_left), spikes


def lif_run(
    state: LIFState, currents: Any, params: Membrane, noise: Any = None, *, slope: float = 10.0
) -> tuple[LIFState, Any]:
    """`lif_step` for each row of currents ``(T, ...)`` and of noise: one `lax.scan`, as pure as the step.

    Returns the state after T steps and the spikes ``(T, ...)``.

    >>> import jax.numpy as jnp
    >>> state = LIFState(jnp.zeros(2), jnp.zeros(2, int))
    >>> state, spikes = lif_run(state, jnp.full((6, 2), 0.5) * jnp.array([1.0, 0.6]), LIFParameters().membrane(1.0))
    >>> spikes.T.tolist()
    [[0.0, 0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]]
    """
    from ...backends import xla

    v, refractory_left, spikes = xla.lif_run(state.v, state.refractory_left, currents, params, noise, slope)
    return LIFState(v, refractory_left), spikes
