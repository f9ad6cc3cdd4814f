"""The context in which each layer of a network becomes a layer of a circuit."""

from collections.abc import Iterator

from ..encoders.seeds import Seeds
from ..layers.options import CircuitOptions
from .definition import NetworkDefinition
from .layer_spec import BuildContext, LayerSpec, Shape


def layer_contexts(
    network: NetworkDefinition, options: CircuitOptions
) -> Iterator[tuple[LayerSpec, Shape, BuildContext]]:
    """Each layer of a network that has streams, the shape of its inputs, and the context in which it is built."""
    nodes = network.stream_nodes
    if isinstance(options.length, tuple) and len(options.length) != len(nodes):
        binary = "" if len(nodes) == len(network.layers) else " with streams"
        raise ValueError(
            f"length must be one number, or {len(nodes)}, one for each layer{binary}, got {len(options.length)}"
        )
    inputs, wires = network.ranges(), network.wires
    seeds = Seeds(options.seed, "Circuit").of("layers").spawn(len(nodes))
    for k, (node, seed) in enumerate(zip(nodes, seeds, strict=True)):
        own, (scale, signed) = options.of_layer(k, seed), inputs[node]
        yield network.layers[node], wires[node].shape, BuildContext(own, k, scale, signed, node, network.called(node))
