"""Where kernels run: JAX's default device, or a mesh of devices that share samples and neurons."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from numpy.typing import NDArray

from ...read_only import attribute
from ..types import Bits, Counts, Membrane, Words
from .counting import and_counts
from .spiking import lif

Numbers = NDArray[Any]
Array = Any
"""A JAX array, traced or not."""
AXES = ("batch", "neurons")
Axes = tuple[str | None, ...]


@lru_cache(maxsize=64)
def _compiled(run: Callable[..., Any], mesh: Mesh | None, axes: tuple[Axes, ...], out_axes: tuple[Axes, ...]) -> Any:
    """`run`, compiled; on a mesh, each device has its part of the named axes and needs no other."""
    if mesh is None:
        return jax.jit(run)
    specs = (tuple(_spec(mesh, names) for names in of) for of in (axes, out_axes))
    return jax.jit(jax.shard_map(run, mesh=mesh, in_specs=next(specs), out_specs=next(specs), check_vma=False))


def _spec(mesh: Mesh, names: Axes) -> PartitionSpec:
    return PartitionSpec(*(name if name in mesh.axis_names else None for name in names))


def _products(x: Array, w: Array) -> tuple[Array]:
    return (and_counts(x, w),)


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
                lif, (currents, noise, membrane, v, rests), (block, block, (), AXES, AXES), (AXES, AXES, block)
            )
        return spikes, v, refractory_left if still is None else still.astype(np.int64)

    def and_counts(self, x: Words, w: Words) -> Counts:
        """As `reference.and_counts`."""
        left, right = (words.reshape(*words.shape[:2], words.shape[2] * words.shape[3]) for words in (x, w))
        samples: Axes = ("batch", None) if len(x) > 1 else (None, "batch")  # a group for each, or one for all
        axes = (*samples, None), (samples[0], "neurons", None)
        with jax.enable_x64(True):
            counts: Counts = self._run(_products, (left, right), axes, ((*samples, "neurons"),))[0]
        return counts

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


def devices_with_ids(ids: NDArray[np.int64], names: tuple[str, ...], types: tuple[Any, ...]) -> Devices:
    """A mesh of the devices with these numbers, as `pickle` rebuilds it in another process."""
    found = {device.id: device for device in jax.devices()}
    missing = sorted(set(ids.flat) - found.keys())
    if missing:
        raise ValueError(f"mesh must find its devices, number {missing[0]} is not among {sorted(found)}")
    devices = np.array([found[number] for number in ids.flat], object)
    return Devices(Mesh(devices.reshape(ids.shape), names, types))
