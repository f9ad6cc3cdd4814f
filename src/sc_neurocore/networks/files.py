"""Networks as safetensors files: the arrays, and a JSON description in the header."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import atomic_write
from .definition import NetworkDefinition
from .layer_spec import LayerSpec
from .pool_spec import Pool2D
from .primitive_specs import Dendrite, Inhibition, KWinners, PredictiveCoding, SpikingDense
from .weighted_specs import Conv2D, Dense

FORMAT = 2
"""The newest format that is read; a file has the oldest one that knows all its layers."""
_KEY = "sc_neurocore"
_TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Dense, Conv2D, Pool2D, Inhibition, KWinners, SpikingDense, Dendrite, PredictiveCoding)
}

Arrays = Mapping[str, NDArray[Any]]


@contextmanager
def holding_a_network(path: Path) -> Iterator[None]:
    """Turn errors of a damaged description into a one-line ValueError that names the file."""
    try:
        yield
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{path} must hold a network, it does not: {error}") from error


def save(network: NetworkDefinition, path: Path) -> None:
    """Write `network` to `path`; arrays that are exact in single precision, such as those of PyTorch, take half."""
    from safetensors.numpy import save_file

    arrays = {
        f"{name}_{k}": _narrowest(getattr(layer, name))
        for k, layer in enumerate(network.layers)
        for name in layer.arrays
    }
    with atomic_write(path) as temporary:
        save_file(arrays, temporary, {_KEY: network.describe_layers()})


def _narrowest(array: NDArray[Any]) -> NDArray[Any]:
    """The array in single precision, if that holds its numbers exactly; else a copy in double precision."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    return single if np.array_equal(single, array) else np.array(array)


def read(path: Path) -> tuple[dict[str, NDArray[Any]], str | None]:
    """The arrays of a safetensors file, and the description in its header; None for a file of plain arrays."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as opened:
            metadata: dict[str, str] = opened.metadata() or {}
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must be a safetensors file, it is not readable as one: {error}") from error
    return arrays, metadata.get(_KEY)


def definition_fields(arrays: Arrays, description: str) -> dict[str, Any]:
    """Fields of a `NetworkDefinition` from its arrays and its description."""
    header = json.loads(description)
    if header["format"] > FORMAT:
        raise ValueError(f"format {header['format']} is newer than this version reads ({FORMAT})")
    layers: list[LayerSpec] = []
    for k, options in enumerate(header["layers"]):
        kind = _TYPES[options.pop("type")]
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        layers.append(kind(**plain, **{name: arrays[f"{name}_{k}"] for name in kind.arrays}))
    classes = header["classes"]
    low, high = header["input_range"]
    return {
        "layers": tuple(layers),
        "input_range": (low, high),
        "kind": header["kind"],
        "classes": None if classes is None else tuple(classes),
        "input_shape": tuple(header["input_shape"]),
    }


def dense_arrays(arrays: Arrays, path: Path) -> dict[str, Any]:
    """Arguments of `Network.from_arrays` from arrays ``weights_0, bias_0, weights_1, ..`` and ``calibration``.

    Weights are ``(n_outputs, n_inputs)``; a bias may be missing.
    """
    weights: list[NDArray[Any]] = []
    biases: list[NDArray[Any]] = []
    while f"weights_{len(weights)}" in arrays:
        k = len(weights)
        weights.append(arrays[f"weights_{k}"])
        biases.append(arrays.get(f"bias_{k}", np.zeros(len(weights[-1]) if weights[-1].ndim else 0)))
    known = {f"{name}_{k}" for name in ("weights", "bias") for k in range(len(weights))} | {"calibration"}
    if not weights or arrays.keys() - known:
        raise ValueError(
            f"{path} must hold the arrays weights_0, bias_0, weights_1, .., got {', '.join(sorted(arrays)) or 'none'}"
        )
    return {"weights": weights, "biases": biases, "calibration": arrays.get("calibration")}
