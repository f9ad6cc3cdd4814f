"""Signals of a NIR graph on their way through a network under construction: values, and what is not applied yet."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ...networks import Dense
from ...networks.layer_spec import Shape
from ..operators import UnsupportedError
from ..wiring import Value, Wiring
from .graph import ENDS, Graph

LARGEST = 2**24
"""Most numbers of a value: the places of some are listed on the way."""


@dataclass(frozen=True)
class Signal:
    """What a node gives: a value, times a factor that is not applied yet."""

    value: Value
    factor: float = 1.0
    """Mean of the signal for a value of 1: the part of a second that a spike lasts, for rates in Hz."""
    raw: bool = False
    """Whether it is spikes as neurons give them, in Hz where the Output takes them."""
    sums: Dense | None = None
    """A layer that the value has yet to go through."""
    called: str = ""
    """Its name."""


class Place:
    """A graph, and the wiring that its nodes are put into.

    Parameters
    ----------
    graph
        With one Input and one Output.
    shape
        Of what its Input gives.
    duration
        Of the windows in which spikes are counted, in ms.
    dt_ms
        How long a spike of value 1 lasts; None: unknown.
    """

    def __init__(self, graph: Graph, shape: Shape, duration: float, dt_ms: float | None) -> None:
        self.graph, self.duration, self.dt_ms = graph, duration, dt_ms
        _, self.last = graph.ends()
        self._takers: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, taker in sorted(graph.edges):
            self._takers[source].append(taker)
        self._sources = Counter(taker for _, taker in graph.edges)
        self.check_size(shape)
        self.wiring = Wiring(shape if len(shape) != 2 else (*shape, 1))  # a series is an image of one column

    def whole(self, signal: Signal) -> Value:
        """The value of a signal, with its factor, through its layer."""
        value = signal.value
        called = self.wiring.called
        if signal.sums is not None:
            self.wiring.called = signal.called
            out = (len(signal.sums.weights),)
            value = Value(self.wiring.put(signal.sums, self.wiring.viewed(value, (value.size,))), out)
            self.wiring.called = called
        return value if signal.factor == 1.0 else self.wiring.scaled(value, signal.factor)

    def sum(self, signals: Sequence[Signal]) -> Signal:
        """The sum of what a node takes."""
        if len(signals) == 1:
            return signals[0]
        values = [self.whole(signal) for signal in signals]
        shapes = {value.shape for value in values}
        if len(shapes) > 1:
            raise UnsupportedError(f"inputs of one shape would, got {', '.join(map(str, sorted(shapes)))}")
        return Signal(self.wiring.added(values))

    def seconds(self, name: str) -> float:
        """Mean of spikes at 1 Hz; 1 where they are all that the Output takes."""
        if self.dt_ms is not None:
            return self.dt_ms / 1000.0
        while name != self.last:
            takers = self._takers[name]
            if len(takers) != 1 or self.graph.nodes[takers[0]].type not in (*ENDS, "Flatten"):
                break
            (name,) = takers
            if self._sources[name] > 1:
                break
        else:
            return 1.0
        raise UnsupportedError("dt_ms, how long a spike of value 1 lasts, must be given: other nodes take its spikes")

    def takers(self, name: str) -> set[str]:
        """The nodes that take what a node gives, directly or by ends of graphs in the graph."""
        found: set[str] = set()
        left, seen = [name], {name}
        while left:
            for taker in self._takers[left.pop()]:
                if self.graph.nodes[taker].type not in ENDS or taker == self.last:
                    found.add(taker)
                elif taker not in seen:
                    seen.add(taker)
                    left.append(taker)
        return found

    def constant(self, name: str, but: Collection[str]) -> bool:
        """Whether what a node takes is constant in a window: no node before it has one of the types `but`."""
        takes = self.graph.takes()
        left, seen = list(takes[name]), set(takes[name])
        while left:
            source = left.pop()
            if self.graph.nodes[source].type in but:
                return False
            new = set(takes[source]) - seen
            seen |= new
            left += new
        return True

    def check_size(self, shape: Shape) -> Shape:
        """A shape of a value, if it does not have too many numbers."""
        if math.prod(shape) > LARGEST:
            raise UnsupportedError(f"a value of at most {LARGEST} numbers would, got shape {shape}")
        return shape

    def check_windows(self, shape: Shape, channels: int, kernel: Shape, stride: Shape, padding: Shape) -> None:
        """Raise an error unless windows are in a padded image or series of that shape, which is not too large."""
        padded = tuple(size + 2 * margin for size, margin in zip(shape[1:], padding, strict=True))
        self.check_size((max(shape[0], 1), *padded))
        if any(size < extent for size, extent in zip(padded, kernel, strict=True)):
            raise UnsupportedError(f"windows that fit into {padded} would, got {kernel}")
        steps = zip(padded, kernel, stride, strict=True)
        self.check_size((channels, *((size - extent) // step + 1 for size, extent, step in steps)))
