"""The functions that users get: batch axes, ranges and types of numbers around the traced functions of samples."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ... import checks
from ...bitstreams import value_range
from ...layers.attention import StochasticAttention
from ...networks import Circuit
from .attention import AttentionFunction
from .circuit import CircuitFunction, layer_function
from .encoding import Array, Parameters

Function = Callable[[Parameters, Any, Any], Array]


def function_of(layer: Any, shape: Any, call: dict[str, Any]) -> tuple[Function, Parameters]:
    """See `jax_function`."""
    if isinstance(layer, StochasticAttention):
        return _attention(layer, shape, call)
    if call:
        raise TypeError(f"{next(iter(call))} must be given for a StochasticAttention only, got it for {layer!r}")
    if isinstance(layer, Circuit):
        traced: Any = CircuitFunction(layer)
        low, high = (-math.inf, math.inf) if traced.clip else traced.bounds
    else:
        traced = layer_function(layer, shape)
        low, high = value_range(layer.encoding)
    if shape is not None and tuple(shape) != traced.shape:
        raise ValueError(f"shape must be {traced.shape}, got {checks.shown(shape)}")

    def function(parameters: Parameters, x: Any, samples: Any) -> Array:
        dtype = jnp.result_type(float)
        with jax.enable_x64(True):
            numbers = jnp.asarray(x, jnp.float64)
            batch = numbers.shape[: max(0, numbers.ndim - traced.axes)]
            if numbers.shape != (*batch, *traced.shape):
                raise ValueError(f"x must have shape (..., {', '.join(map(str, traced.shape))}), got {numbers.shape}")
            flat = numbers.reshape(math.prod(batch), *traced.shape)
            out = traced(parameters, flat, _flat_samples(samples, batch))
            return _where_in_range([(flat, low, high)], out).reshape(*batch, *out.shape[1:]).astype(dtype)

    return function, _on_device(traced.parameters)


def _attention(layer: StochasticAttention, shape: Any, call: dict[str, Any]) -> tuple[Function, Parameters]:
    if shape is None or len(shape) != 2 or shape[1] != layer.dim_k:
        raise ValueError(f"shape must be that of the keys (M, {layer.dim_k}), got {checks.shown(shape)}")
    traced = AttentionFunction(layer.circuit(shape[0], **call))
    bounds = value_range(layer.encoding)

    def function(parameters: Parameters, x: Any, samples: Any) -> Array:
        dtype = jnp.result_type(float)
        with jax.enable_x64(True):
            q, k, v = (jnp.asarray(part, jnp.float64) for part in x[:3])
            _check_operands(traced, q, k, v)
            batch = jnp.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
            mask = jnp.asarray(x[3] if len(x) > 3 and x[3] is not None else True)
            if mask.dtype != jnp.bool_:
                raise TypeError(f"mask must be an array of booleans, got {mask.dtype}")

            def flat(array: Array, rows: int, columns: int) -> Array:
                return jnp.broadcast_to(array, (*batch, rows, columns)).reshape(math.prod(batch), rows, columns)

            queries, keys = flat(q, *q.shape[-2:]), flat(k, *k.shape[-2:])
            values, attended = flat(v, *v.shape[-2:]), flat(mask, q.shape[-2], traced.keys)
            out = traced(parameters, (queries, keys, values, attended), _flat_samples(samples, batch))
            out = _where_in_range([(queries, 0.0, 1.0), (keys, 0.0, 1.0), (values, *bounds)], out)
            return out.reshape(*batch, *out.shape[1:]).astype(dtype)

    return function, _on_device(traced.parameters)


def _check_operands(traced: AttentionFunction, q: Array, k: Array, v: Array) -> None:
    """An error if a shape of queries, keys or values does not fit."""
    wanted = (("Q", q, "N", traced.dim_k), ("K", k, traced.keys, traced.dim_k), ("V", v, traced.keys, "dim_v"))
    for name, array, rows, columns in wanted:
        found = array.shape[-2:]
        sizes = zip(found, (rows, columns), strict=False)
        if len(found) < 2 or any(size != want for size, want in sizes if not isinstance(want, str)):
            raise ValueError(f"{name} must have shape (..., {rows}, {columns}), got {array.shape}")


def _flat_samples(samples: Any, batch: tuple[int, ...]) -> Array:
    """Sample numbers of the batch axes, on one axis."""
    numbers = jnp.asarray(samples)
    if not jnp.issubdtype(numbers.dtype, jnp.integer):
        raise TypeError(f"samples must be an array of integers, got {numbers.dtype}")
    if numbers.shape != batch:
        raise ValueError(f"samples must have the shape {batch} of the batch axes of x, got {numbers.shape}")
    return numbers.reshape(math.prod(batch)).astype(jnp.uint64)


def _where_in_range(operands: list[tuple[Array, float, float]], out: Array) -> Array:
    """Outputs of the samples all of whose numbers are in their ranges; NaN for the others."""
    fits = jnp.asarray(True)
    for numbers, low, high in operands:
        inside = (numbers >= low) & (numbers <= high)
        fits = fits & inside.reshape(len(inside), math.prod(inside.shape[1:])).all(1)
    return jnp.where(fits.reshape(-1, *[1] * (out.ndim - 1)), out, jnp.nan)


def _on_device(parameters: Parameters) -> Parameters:
    return dict(jax.tree.map(jnp.asarray, parameters))
