"""Hardware cost of a network as a circuit, and what its calibration adds to it."""

import math
from dataclasses import replace

import numpy as np

from ..backends.packing import words_for
from ..bitstreams.encodings import value_range
from ..encoders import Bank, Generator, Searched, make_generator
from ..layers.options import CircuitOptions
from .activations import Floats
from .circuit import layer_contexts
from .definition import NetworkDefinition
from .layer_spec import BuildContext, LayerSpec, Shape
from .mapping import LayerMapping
from .weighted_specs import WeightedSpec

_HEAD = ("layer", "shape", "activation", "gain", "streams", "gates", "cycles", "KiB")


def describe(network: NetworkDefinition, options: CircuitOptions) -> str:
    """Hardware cost of a network as a table, a row for each layer, and the number generator under it.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers, the inputs of
    multiplexers or OR gates in a pooling layer, and the gates of a layer that compares; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0). Under them stands for each layer of a calibrated
    network what the circuit has that the plain one has not.
    """
    if network.calibration is not None:
        network.calibration.check_options(options)
    rows: list[tuple[str, ...]] = [_HEAD]
    totals = [0, 0, 0, 0.0]
    split = options.encoding == "split"
    generators: dict[str, None] = {}  # each once, in order
    added: list[str] = []
    for layer, shape, context in layer_contexts(network, options):
        k, length, summary = context.place, context.options.cycles, layer.summary_cells(context.input_scale)
        cost = layer.cost(shape, 2 if split else 1)
        generators[str(make_generator(options.generator, length))] = None
        if network.calibration is not None:
            mapping = network.calibration.layers[k]
            if isinstance(layer, WeightedSpec) and mapping.bias is None:
                cost = replace(layer, bias=np.zeros_like(layer.bias)).cost(shape, 2 if split else 1)  # type: ignore[type-var]
            summary = (summary[0], _ends(mapping.gains) if summary[1] else "")
            parts = _added(layer, shape, context, mapping)
            added += [f"layer {k}: {'; '.join(parts) or 'as without calibration'}"]
        input_rails = 2 if split and context.signed else 1
        streams, gates = input_rails * cost.inputs + cost.weights, input_rails * cost.gates
        cycles = cost.windows * length
        kib = streams * words_for(length) * 8 / 1024
        cells = f"{_written(shape)} -> {_written(layer.output_shape(shape))}"
        rows.append((str(k), cells, *summary, str(streams), str(gates), str(cycles), f"{kib:.1f}"))
        totals = [total + part for total, part in zip(totals, (streams, gates, cycles, kib), strict=True)]
    rows.append(("all", "", "", "", *(str(total) for total in totals[:3]), f"{totals[3]:.1f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    table = [
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(table + [f"generator: {each}" for each in generators] + added)


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
    if mapping.ranges.size > 1:
        inputs = "channels of inputs" if mapping.ranges.ndim > 1 else "inputs"
        parts.append(f"a range for each of {mapping.ranges.size} {inputs} (a multiplier where they are encoded)")
    elif mapping.ranges != context.input_scale:
        parts.append(f"inputs clipped at {_ends(mapping.ranges)} in place of {context.input_scale:.3g}")
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
