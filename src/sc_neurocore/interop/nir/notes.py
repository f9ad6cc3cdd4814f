"""What NIR cannot say, as JSON in the metadata of nodes and graphs: activations, and the description of a network."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import checks
from ...files import json_object, reason
from ...networks import Network, files
from ...networks.activations import ACTIVATIONS, Activation
from ..operators import UnsupportedError
from .graph import KEY, Graph, Node

FIELDS = ("network", "arrays", "nodes", "dt_ms")
"""Of the note of a graph: the description of the network, arrays that no node has, the nodes that have the others."""

KEPT = ("input_range", "kind", "classes")
"""What the description of a network says of its inputs and outputs, whatever its layers."""


def activation_note(activation: Activation) -> dict[str, str]:
    """Metadata of a node with an activation function behind it; empty for none."""
    return {} if activation == "identity" else {KEY: json.dumps({"activation": activation})}


def activation_of(node: Node) -> Activation | None:
    """The activation function that the metadata of a node say it has, None for none."""
    if node.note is None:
        return None
    try:
        found: Any = checks.option("activation", json_object(node.note).get("activation"), ACTIVATIONS)
    except (ValueError, TypeError) as error:
        raise UnsupportedError(f"metadata {KEY!r} as to_nir writes them would: {reason(error)}") from error
    return None if found == "identity" else found


def network_note(network: Network, nodes: Mapping[int, list[str]], dt_ms: float | None) -> dict[str, str]:
    """Metadata of a graph of a network.

    Parameters
    ----------
    nodes
        For places of layers with weights, the nodes that have these, side by side.
    """
    arrays, header = files.described(network)
    held = {f"layers.{place}.{name}" for place in nodes for name in ("weights", "bias")}
    more = {name: array.tolist() for name, array in arrays.items() if name not in held}
    told = {str(place): names for place, names in nodes.items()}
    return {KEY: json.dumps({"network": header, "arrays": more, "nodes": told, "dt_ms": dt_ms}, sort_keys=True)}


def note_of(graph: Graph) -> dict[str, Any] | None:
    """The note of a graph, None if there is none.

    Raises
    ------
    ValueError
        If it is none that `network_note` has written.
    """
    if graph.note is None:
        return None
    note = json_object(graph.note)
    network = note.get("network")
    whole = set(note) == set(FIELDS) and all(isinstance(note[name], dict) for name in FIELDS[:3])
    if not whole or not isinstance(network, dict) or not {"layers", "digest", *KEPT} <= set(network):
        raise ValueError(f"metadata {KEY!r} must have {', '.join(FIELDS)}, got {checks.shown(sorted(note))}")
    if not isinstance(network["layers"], list) or not all(isinstance(layer, dict) for layer in network["layers"]):
        raise ValueError(f"metadata {KEY!r} must have a list of layers, got {checks.shown(network['layers'])}")
    if note["dt_ms"] is not None:
        note["dt_ms"] = checks.positive("dt_ms", note["dt_ms"])
    return note


def duration_of(note: Mapping[str, Any]) -> float | None:
    """Of the windows of the network in a note, in ms; None if there are none, or different ones."""
    found = {layer.get("duration") for layer in note["network"]["layers"]} - {None}
    return checks.positive("duration", found.pop()) if len(found) == 1 else None


def network_of(graph: Graph, note: Mapping[str, Any]) -> Network | None:
    """The network that a note describes, with the weights that nodes have now; None if these do not fit any more."""
    try:
        arrays: dict[str, NDArray[Any]] = {name: np.asarray(values) for name, values in note["arrays"].items()}
        for place, names in note["nodes"].items():
            parts = [graph.nodes[name] for name in names]
            weights = [part.array("weight") for part in parts]
            arrays[f"layers.{place}.weights"] = np.concatenate(weights, 1) if len(weights) > 1 else weights[0]
            arrays[f"layers.{place}.bias"] = parts[0].array("bias")
        return Network(**files.definition_fields(arrays, note["network"]))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, UnsupportedError):
        return None
