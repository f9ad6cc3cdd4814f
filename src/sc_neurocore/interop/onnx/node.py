"""One node of an ONNX graph as the functions see it that make layers of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...networks.layer_spec import Shape
from ..operators import OPERATORS, UnsupportedError
from ..wiring import Value, Wiring


@dataclass(frozen=True)
class Node:
    """A node with its inputs, each a `Value`, a constant array, or None where it has none."""

    wiring: Wiring
    operator: str
    inputs: Sequence[Any]
    attributes: Mapping[str, Any]
    """With the defaults of its version; what has no default and is not given is missing."""
    version: int
    """Version of ONNX's operators that brought its definition."""
    shapes: Sequence[Shape] = ()
    """Of its outputs."""
    kinds: Sequence[int | None] = ()
    """Types of its outputs, as those of ``TensorProto``."""
    outputs: Sequence[str] = field(default=())
    """Names of the outputs, ``""`` for those that nobody takes."""

    def has(self, place: int) -> bool:
        """Whether it has an input at a place."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def operand(self, place: int) -> Any:
        """An input: a `Value`, or a constant in double precision."""
        given = self.inputs[place]
        return given if isinstance(given, Value) else np.asarray(given, np.float64)

    def value(self, place: int = 0) -> Value:
        """An input as a `Value`, also a constant one."""
        given = self.operand(place)
        return given if isinstance(given, Value) else self.wiring.constant(given)

    def constant(self, place: int, called: str) -> NDArray[np.float64]:
        """A constant input in double precision; an UnsupportedError if it depends on the sample."""
        return np.asarray(self.raw(place, called), np.float64)

    def optional(self, place: int, called: str) -> NDArray[np.float64] | None:
        """A constant input, or None where there is none."""
        return self.constant(place, called) if self.has(place) else None

    def raw(self, place: int, called: str) -> NDArray[Any]:
        """A constant input as it is."""
        given = self.inputs[place]
        if isinstance(given, Value):
            raise UnsupportedError(f"a constant {called} would")
        return np.asarray(given)

    def integers(self, place: int, called: str, attribute: str | None = None) -> list[int] | None:
        """Whole numbers of an attribute or, in later versions, of an input; None where there are none."""
        given: Any = self.attributes.get(called if attribute is None else attribute)
        if given is None and self.has(place):
            given = self.raw(place, called).reshape(-1).tolist()
        return None if given is None else [int(each) for each in given]

    def number(self, place: int, called: str) -> float | None:
        """One number of an attribute or, in later versions, of a constant input; None where there is none."""
        if called in self.attributes:
            return float(self.attributes[called])
        if not self.has(place):
            return None
        given = self.constant(place, called)
        if given.size != 1:
            raise UnsupportedError(f"one number as {called} would")
        return float(given.reshape(()))

    def aten(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """What the operator of that name in ATen makes of its arguments."""
        return OPERATORS[name](self.wiring, *args, **kwargs)

    def one(self, attribute: str, allowed: Any, hint: str) -> None:
        """An UnsupportedError unless an attribute has the value that layers have."""
        if self.attributes.get(attribute, allowed) != allowed:
            raise UnsupportedError(hint)


Translator = Callable[[Node], Any]
"""Puts the layers of a node into its wiring; gives its first outputs, one that is no sequence alone."""
