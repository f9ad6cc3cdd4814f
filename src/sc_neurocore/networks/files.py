"""Networks as safetensors files: the arrays, and a JSON description in the header."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..files import atomic_write
from .parts import Conv2D, Dense, Part, Pool2D
from .primitives import Dendrite, Inhibition, KWinners, PredictiveCoding, SpikingDense

if TYPE_CHECKING:
    from .network import Network

FORMAT = 2
"""The newest format that is read; a file has the oldest one that knows all its parts."""
_KEY = "sc_neurocore"
_TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (Dense, Conv2D, Pool2D, Inhibition, KWinners, SpikingDense, Dendrite, PredictiveCoding)
}


def description(network: "Network") -> str:
    """Everything but the arrays, as JSON."""
    return json.dumps(
        {
            "format": max(layer.since for layer in network.layers),
            "layers": [_told(layer) for layer in network.layers],
            "input_shape": network.shapes()[0],
            "input_range": list(network.input_range),
            "kind": network.kind,
            "classes": None if network.classes is None else list(network.classes),
        },
        sort_keys=True,
    )


def _told(layer: Part) -> dict[str, Any]:
    """A layer without its arrays."""
    names = [field.name for field in fields(cast(Any, layer)) if field.name not in layer.arrays]
    return {"type": type(layer).__name__, **{name: getattr(layer, name) for name in names}}


def save(network: "Network", path: Path) -> None:
    """Write `network` to `path`."""
    from safetensors.numpy import save_file

    arrays = {
        f"{name}_{k}": np.array(getattr(layer, name)) for k, layer in enumerate(network.layers) for name in layer.arrays
    }
    with atomic_write(path) as temporary:
        save_file(arrays, temporary, {_KEY: description(network)})


def load(path: Path) -> "Network":
    """Read a network; a file without our description is one of plain arrays (see `from_named_arrays`)."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as opened:
            metadata: dict[str, str] = opened.metadata() or {}
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must be a safetensors file, it is not readable as one: {error}") from error
    if _KEY not in metadata:
        return from_named_arrays(arrays, path)
    try:
        told = json.loads(metadata[_KEY])
        if told["format"] > FORMAT:
            raise ValueError(f"format {told['format']} is newer than this version reads ({FORMAT})")
        return _described(arrays, told)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{path} must hold a network, it does not: {error}") from error


def _described(arrays: Mapping[str, NDArray[Any]], told: Mapping[str, Any]) -> "Network":
    from .network import Network

    layers: list[Part] = []
    for k, options in enumerate(told["layers"]):
        kind = _TYPES[options.pop("type")]
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        layers.append(kind(**plain, **{name: arrays[f"{name}_{k}"] for name in kind.arrays}))
    classes = told["classes"]
    low, high = told["input_range"]
    names = None if classes is None else tuple(classes)
    return Network(tuple(layers), (low, high), told["kind"], names, tuple(told["input_shape"]))


def from_named_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> "Network":
    """A ReLU classifier from arrays ``weights_0, bias_0, weights_1, ..``; inputs in [0, 1].

    Weights are ``(n_outputs, n_inputs)``; a bias may be missing. An array ``calibration`` of
    training inputs sets the ranges.
    """
    from .network import Network

    weights: list[NDArray[Any]] = []
    biases: list[NDArray[Any]] = []
    while f"weights_{len(weights)}" in arrays:
        k = len(weights)
        weights.append(arrays[f"weights_{k}"])
        biases.append(arrays.get(f"bias_{k}", np.zeros(len(weights[-1]) if weights[-1].ndim else 0)))
    known = {f"{part}_{k}" for part in ("weights", "bias") for k in range(len(weights))} | {"calibration"}
    unknown = sorted(arrays.keys() - known)
    if not weights or unknown:
        raise ValueError(
            f"{path} must hold the arrays weights_0, bias_0, weights_1, .., got {', '.join(sorted(arrays)) or 'none'}"
        )
    try:
        return Network.from_arrays(weights, biases, calibration=arrays.get("calibration"))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} must hold a network, it does not: {error}") from error
