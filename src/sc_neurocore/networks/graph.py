"""The graph of a network: which layers take whose outputs, in which order, and with which ranges.

A layer takes one array. Where it has several sources, their outputs are joined along the first axis of a sample:
features, channels of images, or tokens.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np

from .. import checks
from .activations import Floats
from .layer_spec import LayerSpec, Range, Shape
from .weighted_specs import Dense

Sources = tuple[tuple[int, ...], ...]
INPUT = -1
"""Place of the input of a network among the sources of a layer."""
INPUT_NAME = "input"
LARGEST_SAMPLE = 2**28
"""Most values that a layer takes or gives for a sample: 2 GiB in floating point."""


class Wire(NamedTuple):
    """How a layer gets its inputs, and whether a later layer needs what it gives."""

    place: int
    """Of the layer in the network."""
    sources: tuple[int, ...]
    """Places of the layers whose outputs it takes."""
    shapes: tuple[Shape, ...]
    """Shapes of a sample of each of these."""
    shape: Shape
    """Shape of a sample of its inputs."""
    joins: bool
    """False: it takes what the layer before it gives, as in a chain."""
    kept: bool
    """Whether a layer that joins takes its outputs."""
    freed: tuple[int, ...]
    """Sources that no later layer takes."""

    def inputs(self, held: dict[int, Floats]) -> Floats:
        """Inputs of the layer from the outputs that are held; what no later layer needs is let go.

        Outputs of layer k are ``held[k]``, with any leading axes, which become one. A single source is not reshaped.
        """
        parts = [held[source] for source in self.sources]
        for source in self.freed:
            del held[source]
        if len(parts) == 1:
            return parts[0]
        shaped = [
            part.reshape(part.size // math.prod(shape), *shape) for part, shape in zip(parts, self.shapes, strict=True)
        ]
        return np.concatenate(shaped, axis=1)


class Inputs(NamedTuple):
    """The inputs of a layer: their largest magnitude, and whether they may be negative."""

    scale: Range
    signed: bool


def flow(
    wires: Sequence[Wire], calls: Sequence[Callable[[Floats], Floats]], values: Floats, held: dict[int, Floats]
) -> Floats:
    """Outputs of the last of some layers in a row.

    Parameters
    ----------
    wires, calls
        Of the layers; a call gives outputs for inputs.
    values
        Outputs of the layer before the first of them.
    held
        Outputs of layers before them that are taken again, which are let go after that.
    """
    for wire, call in zip(wires, calls, strict=True):
        if wire.joins:
            values = wire.inputs(held)
        values = call(values)
        if wire.kept:
            held[wire.place] = values
    return values


def wired(
    layers: Sequence[LayerSpec], sources: Sources | None, shape: Shape, called: Callable[[int], str]
) -> tuple[Wire, ...]:
    """The wire of each layer.

    Parameters
    ----------
    layers, sources
        See `NetworkDefinition`.
    shape
        Of a sample.
    called
        Gives the name of a layer in errors.

    Raises
    ------
    ValueError
        If a layer does not fit its sources.
    """
    each = chain(len(layers)) if sources is None else sources
    last = {source: k for k, taken in enumerate(each) for source in taken}
    joining = {source for k, taken in enumerate(each) if taken != (k - 1,) for source in taken}
    shapes, wires = [shape], []
    for k, (layer, taken) in enumerate(zip(layers, each, strict=True)):
        parts = tuple(shapes[source + 1] for source in taken)
        try:
            own = small(joined_shape(parts))
            if len(own) == 2 and not layer.takes_tokens:
                raise ValueError(f"it takes no tokens (tokens, features), got shape {own}")
            shapes.append(small(layer.output_shape(own)))
        except ValueError as error:
            raise ValueError(f"layers must fit each other: {called(k)}: {error}") from error
        # What a layer that joins does not hold any more was handed on, or is held for another one.
        freed = tuple(sorted({source for source in taken if last[source] == k and source in joining}))
        wires.append(Wire(k, taken, parts, own, taken != (k - 1,), k in joining, freed if taken != (k - 1,) else ()))
    return tuple(wires)


def small(shape: Shape) -> Shape:
    """A shape of a sample, if that is not too large."""
    if (size := math.prod(shape)) > LARGEST_SAMPLE:
        raise ValueError(f"it must have at most {LARGEST_SAMPLE} inputs and outputs, got {size}")
    return shape


def chain(count: int) -> Sources:
    """The sources of layers in a chain."""
    return tuple((k - 1,) for k in range(count))


def joined_shape(shapes: Sequence[Shape]) -> Shape:
    """Shape of outputs joined along the first axis of a sample; a ValueError if they do not fit each other."""
    if len({shape[1:] for shape in shapes}) > 1:
        raise ValueError(f"its sources must have the same shape but for their first axis, got {listed(shapes)}")
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


def listed(shapes: Sequence[Shape]) -> str:
    """Shapes as text."""
    return ", ".join(map(str, shapes))


def joined_range(ranges: Sequence[Range], shapes: Sequence[Shape]) -> Range:
    """Range of joined outputs: one number if all have the same, else an array of the shape of a joined sample."""
    if all(isinstance(each, float | int) for each in ranges) and len(set(ranges)) == 1:
        return ranges[0]
    if len(ranges) == 1:
        return ranges[0]
    return np.concatenate([np.broadcast_to(each, shape) for each, shape in zip(ranges, shapes, strict=True)])


def ranged(layers: Sequence[LayerSpec], wires: Sequence[Wire], inputs: Inputs) -> list[Inputs]:
    """The range of the inputs of each layer as it takes them; `inputs` is that of the network."""
    outputs, found = [inputs], []
    for layer, wire in zip(layers, wires, strict=True):
        parts = [outputs[source + 1] for source in wire.sources]
        scale = layer.fitted(joined_range([part.scale for part in parts], wire.shapes), wire.shape)
        found.append(Inputs(scale, any(part.signed for part in parts)))
        outputs.append(Inputs(layer.output_scale(scale, wire.shape), layer.gives_signed(found[-1].signed)))
    return found


def source_names(wire: Wire, names: Sequence[str] | None) -> tuple[str, ...]:
    """Names of the sources of a layer, or their numbers."""
    called = {INPUT: INPUT_NAME} | dict(enumerate(names or ()))
    return tuple(called.get(source, str(source)) for source in wire.sources)


def shown_nodes(
    layers: Sequence[LayerSpec], wires: Sequence[Wire], shapes: Sequence[Shape], names: Sequence[str] | None
) -> str:
    """The layers of a network as text: widths and activations, or shapes, and who takes whose outputs."""
    if not any(wire.joins for wire in wires):
        if all(isinstance(layer, Dense) for layer in layers):
            widths = "-".join("x".join(map(str, shape)) for shape in shapes)
            return f"{widths}, {', '.join(layer.summary_cells(1.0)[0] for layer in layers)}"
        kinds = (f"{type(layer).__name__} {shape}" for layer, shape in zip(layers, shapes[1:], strict=True))
        return f"{shapes[0]}, {', '.join(kinds)}"
    each = []
    for layer, wire, shape in zip(layers, wires, shapes[1:], strict=True):
        kind = type(layer).__name__
        name = str(wire.place) if names is None else names[wire.place]
        each.append(f"{name} = {kind}({', '.join(source_names(wire, names))}) {shape}")
    return f"{shapes[0]}, {', '.join(each)}"


def ordered(layers: Mapping[Any, Any]) -> tuple[tuple[Any, ...], Sources, tuple[str, ...]]:
    """Layers, their sources and their names, in topological order, from a mapping of names.

    Parameters
    ----------
    layers
        Name to layer, which takes the one before it, or to ``(layer, *names)``: the layers that it takes, ``"input"``
        for the input of the network.

    Raises
    ------
    ValueError, TypeError
        If a name is unknown, or a layer takes itself over others.
    """
    names: list[str] = []
    parts: dict[str, Any] = {}
    taken: dict[str, list[str]] = {}
    for name, given in layers.items():
        if not isinstance(name, str) or name in ("", INPUT_NAME):
            raise ValueError(f"layers must have names other than '' and {INPUT_NAME!r}, got {checks.shown(name)}")
        part, *sources = given if isinstance(given, tuple | list) and given else (given,)
        parts[name] = part
        taken[name] = sources or [names[-1] if names else INPUT_NAME]
        names.append(name)
    for name, sources in taken.items():
        for source in sources:
            if not isinstance(source, str) or (source != INPUT_NAME and source not in parts):
                raise ValueError(
                    f"layers[{name!r}] must take {INPUT_NAME!r} or names of other layers, got {checks.shown(source)}"
                )
    places = {name: k for k, name in enumerate(names)} | {INPUT_NAME: INPUT}
    if any(places[source] >= places[name] for name, sources in taken.items() for source in sources):
        try:
            order = TopologicalSorter(taken).static_order()
            names = [name for name in order if name != INPUT_NAME]
        except CycleError as error:
            raise ValueError(f"layers must not take themselves over others, got {' <- '.join(error.args[1])}") from None
        places = {name: k for k, name in enumerate(names)} | {INPUT_NAME: INPUT}
    return (
        tuple(parts[name] for name in names),
        tuple(tuple(places[source] for source in taken[name]) for name in names),
        tuple(names),
    )


def checked_names(names: Any, count: int) -> tuple[str, ...] | None:
    """The names of layers: each once, as many as there are layers."""
    if names is None:
        return None
    found = tuple(checks.entries("names", names))
    times = Counter(name for name in found if isinstance(name, str))
    for name in found:
        if not isinstance(name, str) or name in ("", INPUT_NAME) or times[name] > 1:
            raise ValueError(
                f"names must be different texts other than '' and {INPUT_NAME!r}, one a layer, got {checks.shown(name)}"
            )
    if len(found) != count:
        raise ValueError(f"names must have {count} entries, one a layer, got {len(found)}")
    return found


def checked_sources(sources: Any, count: int, called: Callable[[int], str]) -> Sources | None:
    """The sources of layers: earlier ones, and every layer but the last is one; None for a chain."""
    if sources is None:
        return None
    given = checks.entries("sources", sources)
    if len(given) != count:
        raise ValueError(f"sources must have {count} entries, one a layer, got {len(given)}")
    found = []
    for k, each in enumerate(given):
        taken = checks.entries(f"sources of {called(k)}", each)
        if not taken:
            raise ValueError(f"sources of {called(k)} must be at least one, got none")
        found.append(tuple(checks.whole(f"sources of {called(k)}", source, INPUT, k - 1) for source in taken))
    used = {source for taken in found for source in taken}
    for k in range(count - 1):
        if k not in used:
            raise ValueError(f"layers must all be used but the last, got {called(k)}, which no layer takes")
    return None if tuple(found) == chain(count) else tuple(found)
