"""Hardware cost of a network as a circuit, and what its calibration adds to it."""

import math
from collections.abc import Sequence

import numpy as np

from ..bitstreams.encodings import value_range
from ..encoders import Bank, Generator, Searched, make_generator
from ..layers.options import CircuitOptions
from .activations import Floats
from .circuit import layer_contexts
from .cost import layer_cost, longest_way
from .definition import NetworkDefinition
from .layer_spec import BuildContext, LayerSpec, Range, Shape
from .mapping import LayerMapping
from .weighted_specs import WeightedSpec

_HEAD = ("layer", "shape", "activation", "gain", "streams", "gates", "cycles", "KiB")
_GRAPH_HEAD = ("layer", "kind", "from", "shape", "range", *_HEAD[2:])
_NUMBERS = 4
"""So many of the columns, the last ones, are numbers with a total."""


def describe(network: NetworkDefinition, options: CircuitOptions) -> str:
    """Hardware cost of a network as a table, a row for each layer, and the number generator under it.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers, the inputs of
    multiplexers or OR gates in a pooling layer, and the gates of a layer that compares; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0). Of a network that is no chain of layers with streams
    there stand also the kind of each layer, whose outputs it takes, the range in which its inputs are encoded, and the
    cycles on the longest way through it. Under them stand the sources of the numbers that weights are compared with,
    see `layers.weight_share`, and for each layer of a calibrated network what the circuit has that the plain one has
    not.
    """
    if network.calibration is not None:
        network.calibration.check_options(options)
    graph = network.sources is not None or len(network.stream_nodes) < len(network.layers)
    head = _GRAPH_HEAD if graph else _HEAD
    totals, cycles = [0, 0, 0, 0.0], [0] * len(network.layers)
    generators: dict[str, None] = {}  # each once, in order
    added: list[str] = []
    sources: list[int] = []
    rows: dict[int, tuple[str, ...]] = {}
    for layer, shape, context in layer_contexts(network, options):
        k, node, length = context.place, context.node or 0, context.options.cycles
        summary = layer.summary_cells(context.input_scale)
        generators[str(make_generator(options.generator, length))] = None
        mapping = None if network.calibration is None else network.calibration.layers[k]
        if mapping is not None:
            summary = (summary[0], _ends(mapping.gains) if summary[1] else "")
            parts = _added(layer, shape, context, mapping)
            added += [f"{network.called(node)}: {'; '.join(parts) or 'as without calibration'}"]
        cost = layer_cost(layer, shape, context, mapping)
        if isinstance(layer, WeightedSpec):
            sources.append(cost.weight_sources)
        numbers = cost.streams, cost.gates, cost.cycles, cost.kib
        cycles[node] = cost.cycles
        cells = *summary, *(str(number) for number in numbers[:3]), f"{numbers[3]:.1f}"
        rows[node] = (
            _row(network, node, cells, _range(context.input_scale, context.signed))
            if graph
            else (str(k), f"{_written(shape)} -> {_written(layer.output_shape(shape))}", *cells)
        )
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
    for node, layer in enumerate(network.layers):
        if layer.binary:
            summary = layer.summary_cells(1.0)
            rows[node] = _row(network, node, (*summary, *[""] * _NUMBERS), "")
    last = "all", *[""] * (len(head) - _NUMBERS - 1), *(str(total) for total in totals[:3]), f"{totals[3]:.1f}"
    table = _aligned([head, *(rows[node] for node in sorted(rows)), last])
    if graph:
        table.append(f"longest way: {longest_way(network, cycles)} cycles")
    if sources:
        table.append(f"number sources of weights: {sum(sources):,} ({options.weights_share})")
    return "\n".join(table + [f"generator: {each}" for each in generators] + added)


def _row(network: NetworkDefinition, node: int, cells: Sequence[str], encoded: str) -> tuple[str, ...]:
    """A row of a graph."""
    name = str(node) if network.names is None else network.names[node]
    sources = " + ".join(network.source_names(node))
    shape = f"{_written(network.wires[node].shape)} -> {_written(network.shapes()[node + 1])}"
    return (name, type(network.layers[node]).__name__, sources, shape, encoded, *cells)


def _range(scale: Range, signed: bool) -> str:
    """The range of encoded numbers as text; of several, the ends of the smallest and the largest one."""
    each = [f"{'-' if signed else ''}{end:.3g}" for end in dict.fromkeys((np.min(scale), np.max(scale)))]
    ends = [f"{end}..{end[1:]}" if signed else f"0..{end}" for end in each]
    return " to ".join(ends)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines of a table, numbers to the right."""
    count = len(rows[0])
    widths = [max(len(row[i]) for row in rows) for i in range(count)]
    return [
        "  ".join(
            cell.rjust(width) if i >= count - _NUMBERS - 1 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _written(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _ends(numbers: Floats) -> str:
    """The smallest and the largest number as text."""
    low, high = numbers.min(), numbers.max()
    return f"{low:.3g}" if low == high else f"{low:.3g}..{high:.3g}"


def _added(spec: LayerSpec, shape: Shape, context: BuildContext, mapping: LayerMapping) -> list[str]:
    """What the circuit of a mapping has that the one of the plain mapping has not."""
    parts = [] if mapping.generator == context.options.generator else [_sequences(mapping.generator)]
    images = len(spec.output_shape(shape)) == 3
    other = np.any(mapping.ranges != context.input_scale)
    if mapping.ranges.size > 1 and other:
        inputs = "channels of inputs" if mapping.ranges.ndim > 1 else "inputs"
        parts.append(f"a range for each of {mapping.ranges.size} {inputs} (a multiplier where they are encoded)")
    elif other:
        parts.append(f"inputs clipped at {_ends(mapping.ranges)} in place of {_ends(np.asarray(context.input_scale))}")
    if mapping.gains.size > 1:
        shifts = len(set(np.abs(np.frexp(mapping.gains)[0]).flat)) == 1
        parts.append(
            f"a range for each of {mapping.gains.size} {'channels' if images else 'neurons'} "
            f"(a {'shift' if shifts else 'multiplier'} where counts are read)"
        )
    if not isinstance(spec, WeightedSpec):
        return [*parts, "an offset: an adder an output"] if mapping.offsets.any() else parts
    streams = f" (in place of {len(spec.bias)} bias streams)" if spec.bias.any() and mapping.bias is None else ""
    if mapping.offsets.any() or streams:
        parts.append(f"offsets: an adder a {'channel' if images else 'neuron'}{streams}")
    if moved := _moved(spec, context, mapping):
        parts.append(f"thresholds of {moved:,} of {spec.weights.size:,} weights moved")
    return parts


def _sequences(generator: str | Generator) -> str:
    if isinstance(generator, Searched):
        groups, length = np.atleast_2d(generator.permutation).shape
        each = f"{groups} look-ups of {length} numbers" if groups > 1 else f"a look-up of {length} numbers"
        return f"{each} of its own" + (", input lines in turn" if groups > 1 else "")
    if isinstance(generator, Bank):
        return f"sequences of its own, {generator.decorrelated(0)!r} and {generator.decorrelated(1)!r}"
    return f"sequences of its own, {generator!r}"


def _moved(spec: WeightedSpec, context: BuildContext, mapping: LayerMapping) -> int:
    """Number of weights whose threshold is another one than the nearest to the weight, in its range."""
    assert mapping.weights is not None  # check_mapping
    options, biased = context.using(mapping.generator).options, mapping.bias is not None
    options = options.for_fan_in(math.prod(spec.weights.shape[1:]) + biased)
    units = np.reshape(mapping.gains / spec.terms(options.accumulate, biased), (-1,) + (1,) * (spec.weights.ndim - 1))
    nearest = np.divide(spec.scaled_weights(mapping.ranges), units, out=np.zeros(spec.weights.shape), where=units != 0)
    nearest = np.clip(nearest, *value_range(options.encoding))
    return int((options.rounded(nearest) != options.rounded(mapping.weights)).sum())
