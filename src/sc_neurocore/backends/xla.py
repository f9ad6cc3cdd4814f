"""Backend "jax": spiking neurons and products of streams on XLA devices, with the bits of `reference`.

The only file that imports JAX. No global flag is read or set: what needs 64-bit numbers runs in a context
of its own, and words are taken as pairs of 32 bits (without the flag JAX truncates them silently).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..read_only import attribute
from .compiled import *  # noqa: F403 - what is not defined below runs there
from .membrane import fire_and_reset, integrate
from .types import Bits, Counts, Membrane, Words

try:
    import jax
except ImportError as error:
    raise ImportError('JAX is not installed: pip install "sc-neurocore-layers[jax]"') from error

import jax.numpy as jnp
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

name = "jax"
Numbers = NDArray[Any]
Array = Any
"""A JAX array, traced or not."""
AXES = ("batch", "neurons")
MOST_WORDS = 1 << 26
"""32-bit words of a row whose ones are counted in 32 bits."""


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


Axes = tuple[str | None, ...]


def _lif(
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


def _and_counts(x: Array, w: Array) -> tuple[Array]:
    """Ones of ``x AND w``, uint32 ``(G, S, K)`` and ``(G, n, K)`` to ``(G, S, n)``."""
    if x.shape[1] == 1:  # each word of the weights is read once
        return (jnp.sum(lax.population_count(x & w), axis=-1, dtype=jnp.uint32)[:, None],)

    # Words of every sample times words of every neuron, counts side by side: vectors over neurons.
    def body(total: Array, words: tuple[Array, Array]) -> tuple[Array, None]:
        return total + lax.population_count(words[0][:, :, None] & words[1][:, None]), None

    start = jnp.zeros((*x.shape[:2], w.shape[1]), jnp.uint32)
    return (lax.scan(body, start, (x.transpose(2, 0, 1), w.transpose(2, 0, 1)))[0],)


@lru_cache(maxsize=64)
def _compiled(run: Callable[..., Any], mesh: Mesh | None, axes: tuple[Axes, ...], out_axes: tuple[Axes, ...]) -> Any:
    """`run`, compiled; on a mesh, each device has its part of the named axes and needs no other."""
    if mesh is None:
        return jax.jit(run)
    specs = (tuple(_spec(mesh, names) for names in of) for of in (axes, out_axes))
    return jax.jit(jax.shard_map(run, mesh=mesh, in_specs=next(specs), out_specs=next(specs), check_vma=False))


def _spec(mesh: Mesh, names: Axes) -> PartitionSpec:
    return PartitionSpec(*(name if name in mesh.axis_names else None for name in names))


class Devices:
    """Where the kernels run: JAX's default device, or a mesh that splits samples and neurons.

    Parameters
    ----------
    mesh
        A `jax.sharding.Mesh` with an axis ``"batch"``, ``"neurons"``, or both; or None.
    """

    def __init__(self, mesh: Mesh | None = None) -> None:
        if mesh is not None and not isinstance(mesh, Mesh):
            raise TypeError(f"mesh must be a jax.sharding.Mesh or None, got {mesh!r}")
        if mesh is not None and not set(mesh.axis_names) <= set(AXES):
            raise ValueError(f"mesh must have axes of {', '.join(AXES)}, got {', '.join(map(str, mesh.axis_names))}")
        self._mesh = mesh

    mesh: Mesh | None = attribute("_mesh", "The mesh, or None.")

    def lif(
        self, currents: Numbers, noise: Numbers | None, membrane: Membrane, v: Numbers, refractory_left: Counts
    ) -> tuple[Bits, Numbers, Counts]:
        """Spikes ``(T, S, n)`` under currents ``(T, S, n)``, and the new v and `refractory_left` ``(S, n)``.

        `noise` is like `currents`, or None; v says in which precision all is done.
        """
        block = (None, *AXES)
        rests = refractory_left.astype(np.int32) if membrane.refractory or refractory_left.any() else None
        with jax.enable_x64(v.dtype == np.float64):
            v, still, spikes = self._run(
                _lif, (currents, noise, membrane, v, rests), (block, block, (), AXES, AXES), (AXES, AXES, block)
            )
        return spikes, v, refractory_left if still is None else still.astype(np.int64)

    def and_counts(self, x: Words, w: Words) -> Counts:
        """As `reference.and_counts`."""
        width = 2 * x.shape[2] * x.shape[3]
        left, right = (np.ascontiguousarray(words).view(np.uint32).reshape(*words.shape[:2], width) for words in (x, w))
        samples: Axes = ("batch", None) if len(x) > 1 else (None, "batch")  # a group for each, or one for all
        axes = (*samples, None), (samples[0], "neurons", None)
        total = np.zeros((*x.shape[:2], w.shape[1]), np.int64)
        for start in range(0, width, MOST_WORDS):
            part = slice(start, start + MOST_WORDS)
            total += self._run(_and_counts, (left[..., part], right[..., part]), axes, ((*samples, "neurons"),))[0]
        return total

    def _run(
        self, run: Callable[..., Any], arguments: tuple[Any, ...], axes: tuple[Axes, ...], out_axes: tuple[Axes, ...]
    ) -> list[Any]:
        """Results of `run`, None where it is None; devices get equal parts, the last ones filled up with zeros."""
        sizes: dict[str | None, int] = {}
        placed = []
        for argument, names in zip(arguments, axes, strict=True):
            if isinstance(argument, np.ndarray):
                sizes |= {name: size for name, size in zip(names, argument.shape, strict=True) if name}
                argument = self.placed(argument, names)
            placed.append(argument)
        results = _compiled(run, self._mesh, axes, out_axes)(*placed)
        return [
            None if result is None else np.array(np.asarray(result)[tuple(slice(sizes.get(name)) for name in names)])
            for result, names in zip(results, out_axes, strict=True)
        ]

    def placed(self, array: NDArray[Any], names: Axes) -> Array:
        """An array whose axes have these names, split over the devices; their last parts are filled up with zeros."""
        if self._mesh is None:
            return array
        missing = [-size % self._mesh.shape.get(name, 1) for size, name in zip(array.shape, names, strict=True)]
        filled = np.pad(array, [(0, count) for count in missing])
        return jax.device_put(filled, NamedSharding(self._mesh, _spec(self._mesh, names)))

    def __reduce__(self) -> tuple[Any, ...]:
        if self._mesh is None:
            return Devices, ()
        ids = np.vectorize(lambda device: device.id, otypes=[int])(self._mesh.devices)
        return devices_with_ids, (ids, self._mesh.axis_names, self._mesh.axis_types)

    def __repr__(self) -> str:
        if self._mesh is None:
            return str(jax.default_backend())
        parts = " x ".join(f"{count} {name}" for name, count in self._mesh.shape.items())
        return f"{self._mesh.devices.flat[0].platform}, {parts}"


_DEFAULT = Devices()


def and_counts(x: Words, w: Words) -> Counts:  # type: ignore[no-redef]
    """On JAX's default device; for a mesh, `Devices.and_counts`."""
    return _DEFAULT.and_counts(x, w)


def devices_with_ids(ids: NDArray[np.int64], names: tuple[str, ...], types: tuple[Any, ...]) -> Devices:
    """A mesh of the devices with these numbers, as `pickle` rebuilds it in another process."""
    found = {device.id: device for device in jax.devices()}
    missing = sorted(set(ids.flat) - found.keys())
    if missing:
        raise ValueError(f"mesh must find its devices, number {missing[0]} is not among {sorted(found)}")
    devices = np.array([found[number] for number in ids.flat], object)
    return Devices(Mesh(devices.reshape(ids.shape), names, types))
