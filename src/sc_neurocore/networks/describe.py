"""A network as a table: its graph, its hardware cost as a circuit, and what its calibration adds to it."""

import math
import re
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from .. import checks
from ..bitstreams.encodings import value_range
from ..encoders import Bank, Generator, Searched, make_generator
from ..layers.options import CircuitOptions
from .activations import Floats
from .contexts import layer_contexts
from .cost import layer_cost, longest_way
from .definition import NetworkDefinition
from .layer_spec import BuildContext, LayerSpec, Range, Shape
from .mapping import LayerMapping
from .texts import printable
from .weighted_specs import Dense, WeightedSpec

_NUMBERS = ("streams", "gates", "cycles", "KiB")
"""Columns that have a total, the last ones."""
_CHAIN = ("layer", "shape", "activation", "gain", *_NUMBERS)
_GRAPH = ("layer", "kind", "from", "shape", "range", *_CHAIN[2:])
_RIGHT = ("gain", *_NUMBERS)
"""Columns of numbers, aligned to the right."""
_FOLDED = ("layer", "from", "shape")
"""Columns whose cells may take several lines."""
_LIST, _LEAST = 40, 12
"""Columns of a terminal for a list of sources, and for any cell that is folded."""


class Facts(NamedTuple):
    """What is known of a layer, as text."""

    name: str
    kind: str
    sources: tuple[str, ...]
    inputs: str
    outputs: str
    """Shape of the outputs of a sample."""
    encoded: str
    """Range in which inputs are encoded; empty without streams."""
    activation: str
    gain: str
    numbers: tuple[str, ...]
    """Streams, gates, cycles, and KiB of the streams; empty without streams."""

    def cell(self, head: str) -> str:
        """The cell of the column `head`."""
        cells = {
            "layer": self.name,
            "kind": self.kind,
            "from": " + ".join(self.sources),
            "shape": f"{self.inputs} -> {self.outputs}",
            "range": self.encoded,
            "activation": self.activation,
            "gain": self.gain,
        }
        return (cells | dict(zip(_NUMBERS, self.numbers, strict=False))).get(head, "")


class Description(NamedTuple):
    """A network as a table, and what stands under it."""

    head: tuple[str, ...]
    layers: tuple[Facts, ...]
    total: tuple[str, ...]
    """Streams, gates, cycles, KiB of all layers; empty without options of a circuit."""
    longest: str
    """Cycles on the longest way through the network; empty of a chain."""
    notes: tuple[str, ...]
    """Lines under the table."""

    @property
    def rows(self) -> list[list[str]]:
        """Cells of the table without its head, the total in the last row."""
        last = ["all", *[""] * (len(self.head) - len(self.total) - 1), *self.total]
        return [[layer.cell(head) for head in self.head] for layer in self.layers] + [last] * bool(self.total)

    def text(self, width: int | None = None) -> str:
        """The table as text.

        Parameters
        ----------
        width
            Columns of the terminal: names, sources and shapes take several lines where that makes the table fit, and
            costs stand in a table of their own where it does not. None: only long lists of sources are folded.
        """
        lines = _aligned(self.head, self.rows, width)
        if width is None:
            return "\n".join([*lines, *self.notes])
        if max(map(len, lines)) > width:  # the graph and its cost, one below the other
            cost = ("layer", *(name for name in self.head if name in _RIGHT))
            graph = [name for name in self.head if name not in _RIGHT]
            lines = [*_aligned(graph, self._columns(graph), width), "", *_aligned(cost, self._columns(cost), width)]
        notes = (textwrap.wrap(note, width, subsequent_indent="  ") for note in self.notes)
        return "\n".join([*lines, *(line for note in notes for line in note)])

    def _columns(self, names: Sequence[str]) -> list[list[str]]:
        """The rows with these columns alone, without those that are empty but for the name of the layer."""
        picked = [[row[self.head.index(name)] for name in names] for row in self.rows]
        return [row for row in picked if any(row[1:])]


def described(network: NetworkDefinition, options: CircuitOptions | None) -> Description:
    """A row for each layer, with its hardware cost as the circuit of some options, and the number generator under them.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers, the inputs of
    multiplexers or OR gates in a pooling layer, and the gates of a layer that compares; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0). Of a network that is no chain of dense layers
    there stand also the kind of each layer, whose outputs it takes, and the range in which its inputs are encoded; of
    one that is no chain of layers with streams the cycles on the longest way through it. Under them stand the sources
    of the numbers that weights are compared with, see `layers.weight_share`, and for each layer of a calibrated network
    what the circuit has that the plain one has not. Without options the circuit is the one that the network is
    calibrated for; where there is none there is no cost.
    """
    if network.calibration is not None:
        options = options or network.calibration.options
        network.calibration.check_options(options)
    layers = _plain(network)
    graph = network.sources is not None or len(network.stream_nodes) < len(network.layers)
    head = _GRAPH if graph or any(type(layer) is not Dense for layer in network.layers) else _CHAIN
    if options is None:
        return Description(head[: -len(_NUMBERS)], tuple(layers), (), "", ())
    totals, cycles = [0, 0, 0, 0.0], [0] * len(network.layers)
    generators: dict[str, None] = {}  # each once, in order
    added: list[str] = []
    sources: list[int] = []
    for layer, shape, context in layer_contexts(network, options):
        k, node, length = context.place, context.node or 0, context.options.cycles
        generators[str(make_generator(options.generator, length))] = None
        mapping = None if network.calibration is None else network.calibration.layers[k]
        if mapping is not None:
            if layers[node].gain:
                layers[node] = layers[node]._replace(gain=_ends(mapping.gains))
            parts = _added(layer, shape, context, mapping)
            added += [f"{printable(network.called(node))}: {'; '.join(parts) or 'as without calibration'}"]
        cost = layer_cost(layer, shape, context, mapping)
        if isinstance(layer, WeightedSpec):
            sources.append(cost.weight_sources)
        numbers = cost.streams, cost.gates, cost.cycles, cost.kib
        cycles[node] = cost.cycles
        layers[node] = layers[node]._replace(numbers=_texts(numbers))
        totals = [total + number for total, number in zip(totals, numbers, strict=True)]
    longest = str(longest_way(network, cycles)) if graph else ""
    notes = [f"longest way: {longest} cycles"] if graph else []
    if sources:
        notes.append(f"number sources of weights: {sum(sources):,} ({options.weights_share})")
    notes += [f"generator: {each}" for each in generators]
    return Description(head, tuple(layers), _texts(totals), longest, (*notes, *added))


def checked_width(width: int | None) -> int | None:
    """Columns of a terminal, at least 40, or None; else an error."""
    return None if width is None else checks.whole("width", width, 40)


def _plain(network: NetworkDefinition) -> list[Facts]:
    """The layers of a network without the cost of a circuit."""
    found = []
    for node, (layer, inputs, shape) in enumerate(
        zip(network.layers, network.ranges(), network.shapes()[1:], strict=True)
    ):
        activation, gain = layer.summary_cells(1.0 if layer.binary else inputs.scale)
        found.append(
            Facts(
                str(node) if network.names is None else printable(network.names[node]),
                type(layer).__name__,
                tuple(map(printable, network.source_names(node))),
                written(network.wires[node].shape),
                written(shape),
                "" if layer.binary else _range(inputs.scale, inputs.signed),
                activation,
                gain,
                (),
            )
        )
    return found


def _texts(numbers: Sequence[float]) -> tuple[str, ...]:
    return (*map(str, numbers[:3]), f"{numbers[3]:.1f}")


def _range(scale: Range, signed: bool) -> str:
    """The range of encoded numbers as text; of several, the ends of the smallest and the largest one."""
    each = [f"{'-' if signed else ''}{end:.3g}" for end in dict.fromkeys((np.min(scale), np.max(scale)))]
    ends = [f"{end}..{end[1:]}" if signed else f"0..{end}" for end in each]
    return " to ".join(ends)


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Rows as lines of a table, numbers to the right; cells take several lines where they are too wide."""
    table = [head, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    folded = [i for i, name in enumerate(head) if name in _FOLDED]
    if "from" in head:  # a name is broken only where it must be
        column = head.index("from")
        longest = max(len(source) for row in table for source in _words(row[column]))
        widths[column] = min(widths[column], max(longest, _LIST))
    while width is not None and sum(widths) + 2 * len(widths) - 2 > width:
        widest = max(folded, key=lambda i: widths[i])
        if widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
    lines = []
    for row in table:
        cells = [_folded(cell, widths[i]) if i in folded else [cell] for i, cell in enumerate(row)]
        lines += [
            "  ".join(
                part.rjust(wide) if name in _RIGHT else part.ljust(wide)
                for part, wide, name in zip(parts, widths, head, strict=True)
            ).rstrip()
            for parts in zip_longest(*cells, fillvalue="")
        ]
    return lines


def _words(cell: str) -> list[str]:
    """Parts of a cell that stand in one line if they fit; a plus or an arrow follows what is before it."""
    return re.sub(r" ([+]|->) ", r" \1\n", cell).split("\n")


def _folded(cell: str, width: int) -> list[str]:
    """A cell as lines of at most so many characters."""
    lines = [""]
    for word in _words(cell):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if len(joined) <= width:
            lines[-1] = joined
        else:
            pieces = [word[start : start + width] for start in range(0, len(word), width)]
            lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def written(shape: tuple[int, ...]) -> str:
    """A shape as text."""
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
