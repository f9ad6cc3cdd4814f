"""``python -m benchmarks.jax_scan``: `JaxSCDenseLayer` beside a scan written by hand, Numba and a NumPy loop.

Steps of leaky integrate-and-fire neurons under given currents, interleaved in one run.
"""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import JaxSCDenseLayer
from sc_neurocore.backends import membrane
from sc_neurocore.neurons import LIFNeurons, LIFParameters

from .measure import Case, interleave, repeated
from .rows import Row, times

NEURONS, STEPS = 1000, 1000
ROUNDS = 15
QUIET = {"noise_std": 0.0}


@jax.jit
def by_hand(currents: Any, v: Any, numbers: Any) -> Any:
    """The rule of the layer as one writes it: no refractory period, a hard reset."""
    v_rest, v_reset, v_threshold, tau, dt, resistance = numbers

    def body(v: Any, current: Any) -> tuple[Any, Any]:
        v = v + (-(v - v_rest) * dt / tau + resistance * current * dt)
        spikes = v >= v_threshold
        return jnp.where(spikes, v_reset, v), spikes.astype(jnp.uint8)

    return jax.lax.scan(body, v, currents)


@jax.jit
def by_hand_with_noise(currents: Any, v: Any, numbers: Any, key: Any) -> Any:
    """The same, with JAX's own noise as one block."""
    return by_hand(currents + 0.02 * jax.random.normal(key, currents.shape, currents.dtype), v, numbers)


@jax.jit
def bare(currents: Any) -> Any:
    """The least that is a neuron: constants in the code, from 0 to 1 and back to 0."""

    def body(v: Any, current: Any) -> tuple[Any, Any]:
        v = v + (-v / 20 + current)
        spikes = v >= 1
        return jnp.where(spikes, 0, v), spikes.astype(jnp.uint8)

    return jax.lax.scan(body, jnp.zeros(currents.shape[1], currents.dtype), currents)


def loop(currents: np.ndarray) -> np.ndarray:
    """A NumPy step at a time."""
    numbers = LIFParameters(noise_std=0.0).membrane(1.0)
    v, refractory_left = np.zeros(currents.shape[1]), np.zeros(currents.shape[1], np.int64)
    spikes = np.empty(currents.shape, np.uint8)
    for t, current in enumerate(currents):
        v, refractory_left, spikes[t] = membrane.lif_step(v, refractory_left, current, numbers, np.zeros(1))
    return spikes


def cases(dtype: str, neurons: int = NEURONS, steps: int = STEPS) -> Iterator[Case]:
    """Runs without noise, and with it; each from currents in NumPy to spikes in NumPy."""
    currents = np.random.default_rng(0).uniform(0.0, 0.15, (steps, neurons)).astype(dtype)
    work = neurons * steps
    v, numbers = np.zeros(neurons, dtype), tuple(np.array([0.0, 0.0, 1.0, 20.0, 1.0, 1.0], dtype))

    def scan(run: Any, *arguments: Any) -> Any:
        def spikes() -> Any:
            with jax.enable_x64(dtype == "float64"):
                return np.asarray(run(currents, *arguments)[1])

        return repeated(spikes)

    yield Case("bare", scan(bare), work, "step")
    yield Case("hand", scan(by_hand, v, numbers), work, "step")
    yield Case("hand, noise", scan(by_hand_with_noise, v, numbers, jax.random.key(0)), work, "step")
    for noise, parameters in (("", QUIET), (", noise", {})):
        layer = JaxSCDenseLayer(neurons, 1, neuron_params=parameters, seed=0, dtype=dtype)
        yield Case("layer" + noise, repeated(lambda layer=layer: layer.run(currents)), work, "step")
        lif, by_row = LIFNeurons(neurons, parameters, seed=0), np.ascontiguousarray(currents.T, np.float64)
        yield Case("numba" + noise, repeated(lambda lif=lif, by_row=by_row: lif.run(by_row)), work, "step")
    if dtype == "float64":
        yield Case("loop", repeated(lambda: loop(currents)), work, "step")


def rows(rounds: int) -> Iterator[Row]:
    """The layer beside a scan by hand and beside the compiled neurons."""
    for dtype in ("float64", "float32"):
        found = interleave(cases(dtype), rounds)
        for noise in ("", ", noise"):
            case, layer = f"JaxSCDenseLayer: {NEURONS} x {STEPS}, {dtype}{noise}", found["layer" + noise]
            goal = "<= 1.5" if dtype == "float64" else "<= 2"
            yield times("layers", case, layer, found["hand" + noise], "a scan by hand", goal)
            yield times("layers", case, layer, found["numba" + noise], "LIFNeurons")


def main() -> None:
    table = Table(title=f"{NEURONS} neurons x {STEPS} steps, ms, fastest of {ROUNDS} samples", title_justify="left")
    for column in ("type", "noise", "layer", "scan by hand", "layer / hand", "bare scan", "Numba", "NumPy loop"):
        table.add_column(column, justify="right")
    for dtype in ("float64", "float32"):
        found = {name: 1e3 * case.best for name, case in interleave(cases(dtype), ROUNDS).items()}
        for noise in ("", ", noise"):
            layer, hand, numba = (found[name + noise] for name in ("layer", "hand", "numba"))
            rest = [f"{found[name]:.2f}" if name in found and not noise else "" for name in ("bare", "loop")]
            table.add_row(
                dtype,
                "yes" if noise else "no",
                f"{layer:.2f}",
                f"{hand:.2f}",
                f"{layer / hand:.2f}",
                rest[0],
                f"{numba:.2f}",
                rest[1],
            )
    Console().print(table)


if __name__ == "__main__":
    main()
