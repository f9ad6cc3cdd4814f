"""The pure functions under jit, vmap and grad, and training through spikes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sc_neurocore import neurons
from sc_neurocore.layers.jax_dense_layer import lif_run, lif_step
from sc_neurocore.neurons import LIFParameters, LIFState

HARD = LIFParameters(v_rest=-0.1, v_reset=-0.3, v_threshold=0.8, tau_mem=9.0, resistance=1.7, refractory_period=2)
SOFT = LIFParameters(v_reset=None, tau_mem=9.0, noise_std=0.1)


def at(v, left=0):
    v = jnp.asarray(v, float)
    return LIFState(v, jnp.broadcast_to(jnp.asarray(left), v.shape))


@pytest.mark.parametrize("parameters", [HARD, SOFT])
def test_pure_step_is_that_of_neurons(parameters):
    rng = np.random.default_rng(0)
    currents, noise = rng.uniform(0, 0.3, (200, 9)), rng.standard_normal((200, 9))
    want = LIFState(np.full(9, parameters.v_rest), np.zeros(9, np.int64))
    params, compiled = parameters.membrane(0.5), jax.jit(lif_step)
    with jax.enable_x64(True):
        states = [at(want.v), at(want.v)]
        for t in range(200):
            want, fires = neurons.lif_step(want, currents[t], parameters, 0.5, noise[t])
            for place, step in enumerate((compiled, lif_step)[: 1 + (t < 30)]):
                states[place], spikes = step(states[place], currents[t], params, noise[t])
                assert spikes.dtype == states[place].v.dtype == np.float64
                np.testing.assert_array_equal(spikes, fires)
                np.testing.assert_array_equal(states[place].v, want.v)
                np.testing.assert_array_equal(states[place].refractory_left, want.refractory_left)
        whole, trains = lif_run(at(np.full(9, parameters.v_rest)), currents, params, noise)
        np.testing.assert_array_equal(whole.v, want.v)
        assert trains.shape == (200, 9)
        assert trains.any()


def test_default_type_is_that_of_the_state():
    state, spikes = jax.jit(lif_step)(at([0.0, 1.0]), np.array([0.1, 0.2]), HARD.membrane(1.0))
    assert (state.v.dtype, spikes.dtype) == (np.float32, np.float32)


def test_vmap_over_parameters():
    """A population in which every neuron has a time constant of its own."""
    taus, params = jnp.array([5.0, 10.0, 20.0]), HARD.membrane(1.0)
    currents = jnp.full((80, 4), 0.11)

    def count(tau):
        return lif_run(at(jnp.zeros(4)), currents, params._replace(tau_mem=tau))[1].sum()

    together = jax.jit(jax.vmap(count))(taus)
    np.testing.assert_array_equal(together, [count(tau) for tau in taus])
    assert together[0] < together[1] < together[2]


@pytest.mark.parametrize("slope", [1.0, 100.0])
@pytest.mark.parametrize("v", [-0.2, 0.79, 0.85])
def test_gradient_of_a_spike(v, slope):
    """Of v as it reaches the threshold, u: 1 / (1 + slope |u - threshold|)**2, times du."""
    with jax.enable_x64(True):
        found = gradient_of_a_spike(v, 0.05, 0.8, 1.7, slope)
    u = v - (v + 0.1) / 9 + 1.7 * 0.05
    surrogate = 1 / (1 + slope * abs(u - 0.8)) ** 2
    want = np.array([1 - 1 / 9, 1.7, -1.0, 0.05]) * surrogate
    np.testing.assert_allclose(found, want, rtol=1e-12)


@jax.jit
def gradient_of_a_spike(v, current, threshold, resistance, slope):
    def spike(v, current, threshold, resistance):
        numbers = HARD.membrane(1.0)._replace(v_threshold=threshold, resistance=resistance)
        return lif_step(at(v), current, numbers, slope=slope)[1]

    return jax.grad(spike, argnums=(0, 1, 2, 3))(v, current, threshold, resistance)


def test_no_gradient_at_rest_nor_through_a_reset():
    params = HARD.membrane(1.0)

    def outcome(current, v, left):
        state, spike = lif_step(at(v, left), current, params)
        return state.v, spike

    gradient = jax.jit(jax.jacrev(outcome))
    resting = gradient(0.5, 0.7, 1)
    assert [float(x) for x in resting] == [0.0, 0.0]
    fired = gradient(0.5, 0.7, 0)
    assert fired[0] == 0.0
    assert fired[1] > 0.0
    soft = jax.grad(lambda current: lif_step(at(0.9), current, SOFT.membrane(1.0))[0].v)(0.5)
    assert soft == 1.0  # the threshold is taken away, the rest of the voltage stays


def test_gradient_in_time_is_the_chain_rule():
    """Without spikes v_T is linear in the currents: its gradient is R (1 - 1/tau)**(T - 1 - t)."""
    params = HARD.membrane(1.0)
    with jax.enable_x64(True):
        found = jax.jit(jax.grad(lambda currents: lif_run(at(-0.1), currents, params)[0].v))(jnp.full(12, 0.01))
    np.testing.assert_allclose(found, 1.7 * (1 - 1 / 9) ** np.arange(11, -1, -1), rtol=1e-12)


def test_forward_and_reverse_agree():
    params, currents = HARD.membrane(1.0), jnp.linspace(0.0, 0.3, 40)
    with jax.enable_x64(True):
        count = lambda currents: lif_run(at(0.0), currents, params)[1].sum()  # noqa: E731
        drive = currents.astype(float)
        np.testing.assert_allclose(jax.jit(jax.jacfwd(count))(drive), jax.jit(jax.jacrev(count))(drive), rtol=1e-10)


def test_training_reaches_the_wanted_counts():
    """Ten neurons learn weights so that each fires a given number of times, 0 to 27 times in 100 steps."""
    rng = np.random.default_rng(0)
    inputs, wanted = (rng.random((100, 20)) < 0.3).astype(np.float32), jnp.arange(0.0, 30.0, 3.0)
    params = LIFParameters(noise_std=0.0).membrane(1.0)

    def loss(weights):
        counts = lif_run(at(jnp.zeros(10)), inputs @ weights, params)[1].sum(0)
        return jnp.mean((counts - wanted) ** 2), counts

    weights = jnp.asarray(rng.uniform(0, 0.03, (20, 10)), jnp.float32)
    step = jax.jit(jax.value_and_grad(loss, has_aux=True))
    losses = []
    for _ in range(100):
        (value, counts), gradient = step(weights)
        losses.append(float(value))
        weights -= 1e-4 * gradient
    assert losses[0] > 50
    assert np.mean(losses[10:20]) < losses[0] / 2
    np.testing.assert_array_equal(counts, wanted)
