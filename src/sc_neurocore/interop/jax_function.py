"""JAX: layers and circuits as pure functions."""

from collections.abc import Callable
from typing import Any

from ..layers.attention import StochasticAttention
from ..layers.pooling import SCPool2D
from ..layers.sc_conv_layer import SCConv2DLayer
from ..layers.vectorized_layer import VectorizedSCLayer
from ..networks import Circuit

_LAYERS = (VectorizedSCLayer, SCConv2DLayer, SCPool2D, StochasticAttention, Circuit)


def jax_function(
    layer: Any, shape: tuple[int, ...] | None = None, **call: Any
) -> tuple[Callable[[Any, Any, Any], Any], dict[str, Any]]:
    """A layer or circuit as a pure function for `jax.jit`, `jax.vmap` and `jax.shard_map`, and its parameters.

    ``function(parameters, x, samples)`` gives the numbers that ``layer.forward(x)`` gives for samples of these numbers,
    from the same streams: they are made, multiplied and counted on the device, and only numbers leave it. The layer is
    read once, now; later edits of its weights are not seen, and it does not change.

    Parameters
    ----------
    layer
        A `VectorizedSCLayer`, `SCConv2DLayer`, `SCPool2D`, `StochasticAttention`, or a `Circuit` of `Dense`, `Conv2D`
        and `Pool2D`.
    shape
        Of an image ``(C, H, W)``, for a convolution or a pool; of the keys ``(M, dim_k)``, for attention. None else.
    call
        For attention: `length`, `use_sobol`, `generator` and `seed`, as for ``forward_bitstream``.

    Returns
    -------
    function
        Takes `parameters`; x, numbers ``(..., *sample)`` as `forward` does, of attention a tuple (Q, K, V) or (Q, K, V,
        mask); and `samples`, integers ``(...)``, the numbers of the samples: 0, 1, .. are those of a `forward` after
        `reset`. They matter to random streams only, and must differ for these to be independent. Gives
        ``(..., *outputs)`` in JAX's float type: float32, rounded from the exact number, or float64 where it is
        enabled. Samples with a number outside the range give NaN, since traced code cannot raise errors.
    parameters
        Dicts and lists of arrays: weights, or their streams, number sequences and keys. Split over devices are x and
        `samples`; these are for all.

    Raises
    ------
    TypeError
        If `layer` is something else.
    ValueError
        If `shape` does not fit; if the layer has faults, a device with read noise or a converter, or a saturating
        adder.
    ImportError
        Without JAX.

    Notes
    -----
    Where 64-bit numbers are not enabled, JAX rounds x to float32 before the function sees it: what comes out is
    ``layer.forward`` of the rounded numbers. Inside they are enabled for the function alone. Numbers below 2**-1022 may
    count as 0.

    Examples
    --------
    >>> import jax, numpy as np
    >>> from sc_neurocore import VectorizedSCLayer, jax_function
    >>> layer = VectorizedSCLayer(3, 2, length=64, seed=1)
    >>> function, parameters = jax_function(layer)
    >>> x = np.array([[0.5, 0.25, 1.0], [0.0, 0.75, 0.5]])
    >>> outputs = jax.jit(function)(parameters, x, np.arange(2))
    >>> bool((outputs == layer.forward(x).astype(outputs.dtype)).all())
    True
    """
    if not isinstance(layer, _LAYERS):
        names = ", ".join(kind.__name__ for kind in _LAYERS)
        raise TypeError(f"layer must be one of {names}, got {type(layer).__name__}")
    from .traced.functions import function_of

    return function_of(layer, shape, call)
