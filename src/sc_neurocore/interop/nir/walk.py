"""The walk over a NIR graph: a node after the other becomes layers of a network."""

from collections.abc import Sequence
from typing import Any

from ...files import reason
from ...networks import Concat, Elementwise
from ...networks.layer_spec import Shape
from ..operators import UnsupportedError
from ..refusals import UNKNOWN
from .graph import Graph, Node
from .notes import activation_of
from .readers import HINTS, KEEPING, READERS
from .signals import Place, Signal


class Walk:
    """One walk over a graph.

    Parameters
    ----------
    graph
        With one Input and one Output.
    duration
        Of the windows in which spikes are counted, in ms.
    dt_ms
        How long a spike of value 1 lasts; None: unknown.
    """

    def __init__(self, graph: Graph, duration: float, dt_ms: float | None) -> None:
        order, (self._first, self._last) = graph.order(), graph.ends()
        try:
            self._shape = graph.nodes[self._first].shape("shape")
            self._place = Place(graph, self._shape, duration, dt_ms)
        except (UnsupportedError, ValueError, TypeError) as error:
            raise ValueError(f"graph must have an Input {self._first} with a shape: {reason(error)}") from error
        self._takes = graph.takes()
        self._refused: list[str] = []
        self._signals: dict[str, Signal | None] = {}
        for name in order:
            self._signals[name] = self._read(name, graph.nodes[name])

    @property
    def input_shape(self) -> Shape:
        """Shape of a sample as the network takes it."""
        wiring = self._place.wiring
        return wiring.native(wiring.input(self._shape))

    def layers(self) -> dict[str, tuple[Any, ...]]:
        """Name to ``(layer, *sources)``; the last gives the outputs as a vector.

        Raises
        ------
        ValueError
            If nodes have no layer: it names all.
        """
        if self._refused:
            raise ValueError(f"graph must have nodes that have a layer (see from_nir), got {'; '.join(self._refused)}")
        signal, wiring = self._signals[self._last], self._place.wiring
        assert signal is not None  # none was refused
        wiring.called = "output"
        value = signal.value if signal.raw else self._place.whole(signal)
        name = wiring.viewed(value, (value.size,))
        layers = wiring.layers
        if name not in layers or name != next(reversed(layers)):
            layers = {**layers, "output": (Concat(), name)}
        return layers

    def _read(self, name: str, node: Node) -> Signal | None:
        self._place.wiring.called = name
        if name == self._first:
            return Signal(self._place.wiring.input(self._shape))
        signals = [self._signals[source] for source in self._takes[name]]
        known = [signal for signal in signals if signal is not None]
        if node.type not in READERS:
            return self._refuse(name, node, HINTS.get(node.type, UNKNOWN), known)
        if len(known) < len(signals):
            return None
        try:
            found = READERS[node.type](self._place, name, node, known)
            activation = activation_of(node)
            if activation is not None:
                value = self._place.whole(found)
                found = Signal(self._place.wiring.through(Elementwise(activation), value))
        except (UnsupportedError, ValueError, TypeError, IndexError, OverflowError) as error:
            return self._refuse(name, node, reason(error), known)
        return found

    def _refuse(self, name: str, node: Node, hint: str, known: Sequence[Signal]) -> Signal | None:
        """Note a node; those behind one that keeps shapes are looked at as if it passed on what it takes."""
        self._refused.append(f"{name}: {node.type} ({hint})")
        return known[0] if known and node.type in KEEPING else None
