"""Simpler graphs that compute the same: what readers of foreign formats translate one by one becomes few layers.

A reader gives a layer for each operator: a convolution with ``activation="identity"``, a `Scale` for a normalisation,
an `Elementwise` for an activation. A circuit has each as a part of the layer with weights that it follows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from .binary_specs import Add, Elementwise, Multiply
from .graph import INPUT_NAME, joined_shape
from .layer_spec import LayerSpec, Shape
from .pool_spec import Pool2D
from .scaling_specs import Scale
from .weighted_specs import Conv2D, Dense
from .wiring_specs import WIRES, Concat, Flatten, GlobalPool, Reshape, Select, Transpose

MONOTONE = ("relu", "relu6", "leaky_relu", "clip", "tanh", "logistic", "hard_logistic", "softplus")
"""Functions that keep the order of numbers: the maximum of their values is the value of the maximum."""
_GATED = {"logistic": "silu", "hard_logistic": "hard_silu"}
"""Functions by which a number is multiplied with a function of itself."""
FOLDED = ("relu", "tanh", "logistic")
"""Functions that layers have as their activation."""


def simplified(layers: Mapping[str, tuple[Any, ...]], input_shape: Shape) -> dict[str, tuple[Any, ...]]:
    """A graph with fewer layers that gives the same outputs, but for rounding in the last digits.

    - Layers that do nothing vanish: a `Scale` by 1, a `Reshape` to the shape that is there, a `Concat` of one source.
    - A `Scale` behind a layer with weights, which nothing else takes, is folded into the weights, and one before a
      `Dense`, or before a convolution without padding. One that takes the input of the network stays, also through
      wires: it gives each input its own range.
    - A `Select` that takes one of the sources of a `Concat` is that source.
    - A `Flatten` before a `Dense` vanishes: it flattens images itself.
    - ReLU, tanh and the logistic function become the activation of the layer before, across changes of shape and, as
      they keep order, across maximum pooling.
    - A number times the logistic function of itself is a SiLU, and so with the hard form and the GELU by its error
      function.
    - A sum of dense layers is one dense layer of all their inputs.
    - Layers that the output does not depend on are left out.

    Parameters
    ----------
    layers
        Name to ``(layer, *names of its sources)``, in topological order, as `Network.from_layers` takes them. The
        last is the output.
    input_shape
        Shape of a sample.

    Returns
    -------
    The graph, in topological order; ceilings are those of the layers that were given, or 1.

    Examples
    --------
    >>> graph = {
    ...     "sum": (Dense(np.array([[1.0, -2.0]]), np.zeros(1), "identity"), "input"),
    ...     "norm": (Scale(np.array([0.5]), np.array([1.0])), "sum"),
    ...     "relu": (Elementwise("relu"), "norm"),
    ... }
    >>> ((layer, source),) = simplified(graph, (2,)).values()
    >>> layer.weights, layer.bias, layer.activation, source
    (array([[ 0.5, -1. ]]), array([1.]), 'relu', 'input')
    """
    graph = _Graph(layers, input_shape)
    changed = True
    while changed:
        changed = False
        graph.prune()
        for name in list(graph.layers):
            if name in graph.layers:
                changed |= any(rule(graph, name) for rule in _RULES)
    return graph.layers


class _Graph:
    """Layers by name with their sources; who takes whose outputs; shapes."""

    def __init__(self, layers: Mapping[str, tuple[Any, ...]], input_shape: Shape) -> None:
        self.layers = dict(layers)
        self.output = next(reversed(self.layers))
        self.shapes: dict[str, Shape] = {INPUT_NAME: input_shape}
        self.takers: dict[str, list[str]] = {INPUT_NAME: []}
        for name, (layer, *sources) in self.layers.items():
            self.takers[name] = []
            self.shapes[name] = layer.output_shape(self.inputs(name))
            for source in sources:
                self.takers[source].append(name)

    def inputs(self, name: str) -> Shape:
        """Shape of the inputs of a layer."""
        return joined_shape([self.shapes[source] for source in self.layers[name][1:]])

    def layer(self, name: str) -> Any:
        """The layer of a name, None for the input of the network."""
        return None if name == INPUT_NAME else self.layers[name][0]

    def source(self, name: str) -> str:
        """The one source of a layer, or ``""`` if there are several, or none."""
        sources = self.layers[name][1:] if name != INPUT_NAME else ()
        return sources[0] if len(sources) == 1 else ""

    def alone(self, name: str) -> bool:
        """Whether one layer takes a layer's outputs, once."""
        return name != self.output and len(self.takers[name]) == 1

    def raw(self, name: str) -> bool:
        """Whether inputs of the network are among what a layer takes, as they are or through wires."""
        sources = self.layers[name][1:]
        wires = [source for source in sources if isinstance(self.layer(source), WIRES)]
        return INPUT_NAME in sources or any(map(self.raw, wires))

    def put(self, name: str, layer: LayerSpec, *sources: str) -> Self:
        """Another layer of that name, with other sources where they are given."""
        if sources:
            for source in self.layers[name][1:]:
                self.takers[source].remove(name)
            for source in sources:
                self.takers[source].append(name)
        self.layers[name] = (layer, *(sources or self.layers[name][1:]))
        self.shapes[name] = layer.output_shape(self.inputs(name))
        return self

    def bypass(self, name: str, source: str) -> bool:
        """Layers that take `name` take `source` in its place; False if it is the output, and nothing is before it."""
        if name == self.output:
            if source == INPUT_NAME:
                return False
            self.output = source
        for taker in set(self.takers[name]):
            layer, *sources = self.layers[taker]
            others = [source if each == name else each for each in sources]
            self.takers[source] += [taker] * sources.count(name)
            self.layers[taker] = (layer, *others)
        self.takers[name] = []
        self._drop(name)
        return True

    def swap(self, name: str, source: str) -> bool:
        """A layer and the one before it change places; it is the only one that takes it, and keeps its shape."""
        first, before = self.layers[source]
        second, _ = self.layers[name]
        self.layers[source], self.layers[name] = (second, before), (first, source)
        self.shapes[source] = second.output_shape(self.shapes[before])
        return True

    def prune(self) -> None:
        """Leave out what the output does not depend on."""
        for name in reversed(list(self.layers)):
            if name != self.output and not self.takers[name]:
                self._drop(name)

    def _drop(self, name: str) -> None:
        for source in self.layers.pop(name)[1:]:
            self.takers[source].remove(name)
        del self.takers[name], self.shapes[name]


def _vanishes(graph: _Graph, name: str) -> bool:
    """A layer that does nothing."""
    layer, source = graph.layer(name), graph.source(name)
    if not source:
        return False
    if isinstance(layer, Concat):
        nothing = True
    elif isinstance(layer, Flatten | Reshape):
        nothing = graph.shapes[name] == graph.shapes[source]
    elif isinstance(layer, Transpose):
        nothing = layer.axes == tuple(range(len(layer.axes)))
    elif isinstance(layer, Select):
        nothing = layer.places == tuple(range(graph.shapes[source][0]))
    else:
        nothing = isinstance(layer, Scale) and bool((layer.factors == 1).all() and (layer.offsets == 0).all())
    return nothing and graph.bypass(name, source)


def _flattens(graph: _Graph, name: str) -> bool:
    """Images that a dense layer flattens itself."""
    layer, source = graph.layer(name), graph.source(name)
    if not isinstance(layer, Dense) or not isinstance(graph.layer(source) if source else None, Flatten | Reshape):
        return False
    before = graph.source(source)
    if not before or len(graph.shapes[source]) != 1 or len(graph.shapes[before]) != 3:
        return False
    graph.put(name, layer, before)
    return True


def _joins(graph: _Graph, name: str) -> bool:
    """Two layers in a row that are one: of shapes, orders, selections, and scales."""
    layer, source = graph.layer(name), graph.source(name)
    before = graph.source(source) if source else ""
    if not before:
        return False
    first = graph.layer(source)
    one: LayerSpec | None = None
    if isinstance(layer, Flatten | Reshape) and isinstance(first, Flatten | Reshape):
        one = Reshape(graph.shapes[name])
    elif isinstance(layer, Transpose) and isinstance(first, Transpose):
        one = Transpose(tuple(first.axes[axis] for axis in layer.axes))
    elif isinstance(layer, Select) and isinstance(first, Select):
        one = Select(tuple(first.places[place] for place in layer.places))
    elif isinstance(layer, Scale) and isinstance(first, Scale) and graph.alone(source):
        one = Scale(layer.factors * first.factors, layer.factors * first.offsets + layer.offsets)
    if one is None:
        return False
    graph.put(name, one, before)
    return True


def _selects_source(graph: _Graph, name: str) -> bool:
    """One of several sources, selected whole."""
    layer, source = graph.layer(name), graph.source(name)
    if not isinstance(layer, Select) or not isinstance(graph.layer(source) if source else None, Concat):
        return False
    start = 0
    for joined in graph.layers[source][1:]:
        end = start + graph.shapes[joined][0]
        if layer.places == tuple(range(start, end)):
            return graph.bypass(name, joined)
        start = end
    return False


def _scales_weights(graph: _Graph, name: str) -> bool:
    """A scale behind a layer with weights."""
    layer, source = graph.layer(name), graph.source(name)
    first = graph.layer(source) if source else None
    if not isinstance(layer, Scale) or not isinstance(first, Dense | Conv2D) or first.activation != "identity":
        return False
    if not graph.alone(source):
        return False
    factors = layer.factors.reshape(-1, *(1,) * (first.weights.ndim - 1))
    one = replace(first, weights=first.weights * factors, bias=first.bias * layer.factors + layer.offsets)
    graph.put(source, one)
    return graph.bypass(name, source)


def _scales_inputs(graph: _Graph, name: str) -> bool:
    """A scale before a dense layer, or before a convolution without padding; not that of inputs of the network."""
    layer, source = graph.layer(name), graph.source(name)
    first = graph.layer(source) if source else None
    if not isinstance(first, Scale) or not graph.alone(source) or not graph.source(source) or graph.raw(source):
        return False
    if isinstance(layer, Dense):
        each = len(layer.weights[0]) // len(first.factors)
        factors, offsets = np.repeat(first.factors, each), np.repeat(first.offsets, each)
        weights = layer.weights * factors
        shifts = layer.weights @ offsets
    elif isinstance(layer, Conv2D) and layer.geometry.padding == (0, 0):
        weights = layer.scaled_weights(first.factors[:, None, None])
        shifts = layer.scaled_weights(first.offsets[:, None, None]).reshape(len(weights), -1).sum(1)
    else:
        return False
    graph.put(name, replace(layer, weights=weights, bias=layer.bias + shifts))
    return graph.bypass(source, graph.source(source))


def _activates(graph: _Graph, name: str) -> bool:
    """A function that becomes the activation of the layer before."""
    layer, source = graph.layer(name), graph.source(name)
    first = graph.layer(source) if source else None
    if not isinstance(layer, Elementwise) or layer.function not in FOLDED or not graph.alone(source):
        return False
    if not isinstance(first, Dense | Conv2D | Add) or first.activation != "identity":
        return False
    activation: Any = layer.function
    graph.put(source, replace(first, activation=activation))
    return graph.bypass(name, source)


def _sums_together(graph: _Graph, name: str) -> bool:
    """A sum of sums of products, such as of a recurrent cell, is one sum of products of all inputs."""
    layer, *sources = graph.layers[name]
    parts = [graph.layer(source) for source in sources]
    if not isinstance(layer, Add) or len(set(sources)) != len(sources) or layer.terms != len(sources):
        return False
    for source, part in zip(sources, parts, strict=True):
        if not isinstance(part, Dense) or part.activation != "identity" or not graph.alone(source):
            return False
        if len(graph.inputs(source)) != 1:
            return False
    weights = np.concatenate([part.weights for part in parts], axis=1)
    inputs = [each for source in sources for each in graph.layers[source][1:]]
    graph.put(name, Dense(weights, np.sum([part.bias for part in parts], axis=0), layer.activation), *inputs)
    return True


def _gates_itself(graph: _Graph, name: str) -> bool:
    """A number times a function of itself is one function: SiLU, its hard form, and GELU by its error function."""
    layer, *sources = graph.layers[name]
    if not isinstance(layer, Multiply) or len(sources) != 2:
        return False
    for value, gate in (sources, sources[::-1]):
        function = getattr(graph.layer(gate), "function", None)
        if function in _GATED and graph.source(gate) == value:
            graph.put(name, Elementwise(_GATED[function]), value)
            return True
        if _is_gelu(graph, name, value, gate):
            return True
    return False


def _is_gelu(graph: _Graph, name: str, value: str, gate: str) -> bool:
    """``x * c * (1 + erf(x / sqrt(2)))``, or the factor before x: a GELU, and a factor that is left."""
    sum_of, erf = graph.layer(gate), graph.source(gate)
    inner = graph.source(erf) if erf and getattr(graph.layer(erf), "function", None) == "erf" else ""
    half = _factor(graph, inner) if inner else None
    if half is None or not math.isclose(half, math.sqrt(0.5), rel_tol=1e-6) or not isinstance(sum_of, Scale):
        return False
    share = float(sum_of.factors[0])
    if not ((sum_of.factors == share).all() and (sum_of.offsets == share).all() and graph.alone(gate)):
        return False
    origin = graph.source(inner)
    factor = 1.0 if value == origin else _factor(graph, value) if graph.source(value) == origin else None
    if factor is None:
        return False
    graph.put(gate, Elementwise("gelu"), origin)
    full = np.full(sum_of.factors.shape, 2.0 * share * factor)
    graph.put(name, Scale(full, np.zeros(full.shape)), gate)
    return True


def _factor(graph: _Graph, name: str) -> float | None:
    """The factor of a scale that has but one, and no offset."""
    layer = graph.layer(name)
    if not isinstance(layer, Scale) or layer.offsets.any() or (layer.factors != layer.factors[0]).any():
        return None
    return float(layer.factors[0])


def _changes_places(graph: _Graph, name: str) -> bool:
    """A function of each number behind wires or a maximum goes before these, towards a layer that may take it."""
    layer, source = graph.layer(name), graph.source(name)
    before = graph.source(source) if source and graph.alone(source) else ""
    if not isinstance(layer, Elementwise) or not before:
        return False
    first = graph.layer(source)
    maximum = isinstance(first, Pool2D | GlobalPool) and first.kind == "max"
    if not isinstance(first, Flatten | Reshape | Transpose) and not (maximum and layer.function in MONOTONE):
        return False
    if maximum and layer.slope is not None and layer.slope < 0:
        return False
    end = before
    while isinstance(graph.layer(end), Flatten | Reshape | Transpose | Pool2D | GlobalPool) and graph.alone(end):
        end = graph.source(end)
        if not end:
            return False
    last = graph.layer(end)
    if not isinstance(last, Dense | Conv2D | Add) or last.activation != "identity" or not graph.alone(before):
        return False
    return graph.swap(name, source)


_RULES: tuple[Callable[[_Graph, str], bool], ...] = (
    _vanishes,
    _flattens,
    _joins,
    _selects_source,
    _scales_weights,
    _scales_inputs,
    _activates,
    _sums_together,
    _gates_itself,
    _changes_places,
)
