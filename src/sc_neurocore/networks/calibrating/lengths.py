"""Lengths for the layers of a network: a sum of cycles shared out where it counts most."""

import math
from collections.abc import Callable

from ...layers.options import CircuitOptions
from ..activations import Floats
from ..circuit import layer_contexts
from ..definition import NetworkDefinition
from .node import Node
from .samples import Judge, Samples, split
from .steps import ranged

LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""Lengths that a layer may get."""


def least_lengths(network: NetworkDefinition) -> tuple[int, ...]:
    """The fewest cycles of each layer with streams."""
    return tuple(network.layers[node].least_cycles for node in network.stream_nodes)


def shared_lengths(
    network: NetworkDefinition, x: Floats, cycles: int, options: Callable[[tuple[int, ...]], CircuitOptions], seed: int
) -> tuple[int, ...]:
    """Lengths of the layers of a network whose sum is at most `cycles`.

    What a length costs a layer is measured with that layer alone as a circuit, all others in floating point: the share
    of decisions that change. These shares are taken to add up. All layers start with the fewest cycles that they can
    have, and more go where they save most a cycle, until none are left or nothing is saved.

    Parameters
    ----------
    network
        What is to be calibrated.
    x
        Samples ``(N, n_inputs)``.
    cycles
        Sum of the lengths, at least that of `least_lengths`.
    options
        Gives the options of the circuit for lengths.
    seed
        Decides which samples are drawn.
    """
    nodes = network.stream_nodes
    count, least = len(nodes), least_lengths(network)
    parts = split(network, x, seed)
    judge = Judge(network, network.outputs_of(parts.held))
    ladder = [length for length in sorted({*LADDER, *least}) if length <= cycles - sum(least) + max(least, default=0)]
    losses: list[list[float]] = [[] for _ in nodes]
    for length in ladder:
        ideal = Samples(network, parts)
        contexts = layer_contexts(network, options((length,) * count))
        for place, (spec, shape, context) in zip(nodes, contexts, strict=True):
            ideal.enter(place)
            node = Node(spec, shape, context, ideal.parts, ideal.parts, judge, False, True, ideal.held)
            score = node.tried(ranged(node, node.plain(), 0.95), "").score if length >= spec.least_cycles else 0.0
            losses[context.place].append(1.0 - score)
            ideal.leave(ideal.through())
    rungs = [ladder.index(length) for length in least]
    while True:
        left = cycles - sum(ladder[rung] for rung in rungs)
        best, most = None, -math.inf
        for place, rung in enumerate(rungs):
            for higher in range(rung + 1, len(ladder)):
                more = ladder[higher] - ladder[rung]
                if more <= left:
                    saved = (losses[place][rung] - losses[place][higher]) / more
                    if saved > most:
                        best, most = (place, higher), saved
        if best is None or most <= 0:
            return tuple(ladder[rung] for rung in rungs)
        rungs[best[0]] = best[1]
