"""Networks as safetensors files: the arrays, and a JSON description in the header."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..files import replacing

if TYPE_CHECKING:
    from .network import Network

FORMAT = 1
_KEY = "sc_neurocore"


def description(network: "Network") -> str:
    """Everything but the arrays, as JSON."""
    return json.dumps(
        {
            "format": FORMAT,
            "activations": [layer.activation for layer in network.layers],
            "ceilings": [layer.ceiling for layer in network.layers],
            "input_range": list(network.input_range),
            "kind": network.kind,
            "classes": None if network.classes is None else list(network.classes),
        },
        sort_keys=True,
    )


def save(network: "Network", path: Path) -> None:
    """Write `network` to `path`."""
    from safetensors.numpy import save_file

    arrays = {}
    for k, layer in enumerate(network.layers):
        arrays[f"weights_{k}"], arrays[f"bias_{k}"] = np.array(layer.weights), np.array(layer.bias)
    with replacing(path) as temporary:
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
    from .network import Dense, Network

    layers = [
        Dense(arrays[f"weights_{k}"], arrays[f"bias_{k}"], activation, ceiling)
        for k, (activation, ceiling) in enumerate(zip(told["activations"], told["ceilings"], strict=True))
    ]
    classes = told["classes"]
    low, high = told["input_range"]
    return Network(tuple(layers), (low, high), told["kind"], None if classes is None else tuple(classes))


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
