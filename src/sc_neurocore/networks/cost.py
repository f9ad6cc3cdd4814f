"""Hardware cost of the layers of a circuit, in numbers: streams, gates, cycles, sources of numbers; and its area.

The area is an *estimate* from areas of cells, in square micrometres of the process sky130 (library hd). Measured in
this project, synthesised: AND2 6.3, a comparator of 8 bits 116, an LFSR of 8 bits 255, a Sobol dimension of 8 bits 618,
and a counter with its searched permutation 215, 447 and 823 at L = 16, 32 and 64. Of the library's own cells: OR2 5.0,
a multiplexer 11.3, XNOR2 8.8, half adder 12.5, full adder 20.0, flip-flop 20.0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..backends.packing import words_for
from ..layers.options import CircuitOptions
from ..layers.weight_share import WeightShare
from .contexts import layer_contexts
from .definition import NetworkDefinition
from .graph import INPUT
from .layer_spec import BuildContext, LayerSpec, Shape
from .mapping import LayerMapping
from .weighted_specs import WeightedSpec

AND2, OR2, MUX2, XNOR2, HALF_ADDER, FULL_ADDER, FLIP_FLOP = 6.3, 5.0, 11.3, 8.8, 12.5, 20.0, 20.0
COMPARATOR_BIT, LFSR_BIT, SOBOL_BIT = 116 / 8, 255 / 8, 618 / 8
"""A bit of the cells that were measured at 8 bits."""
SEARCHED = {16: 215.0, 32: 447.0, 64: 823.0}
"""A counter and its permutation, for both operands of a layer; other lengths: in proportion to the nearest one."""
LONGEST_SEARCHED = 256
"""Longer streams of the generator searched are those of a lattice."""


@dataclass(frozen=True)
class LayerCost:
    """What a layer of a circuit has.

    Parameters
    ----------
    streams
        Streams of inputs, weights and bias; split numbers count twice, but for inputs that are never negative.
    gates
        Two-input multipliers, or inputs of wider gates.
    cycles
        Clock cycles from its first to its last.
    kib
        Memory of the packed streams of one sample in KiB, in the simulation.
    input_sources, weight_sources
        Sources of numbers that the comparators of inputs, and of weights, take.
    outputs
        Numbers that come out, each of a counter.
    bits
        Width of numbers and comparators.
    """

    streams: int
    gates: int
    cycles: int
    kib: float
    input_sources: int
    weight_sources: int
    outputs: int
    bits: int


@dataclass(frozen=True)
class CircuitCost:
    """What a circuit costs.

    Parameters
    ----------
    cycles
        Clock cycles of a sample, on the longest way through the network.
    streams, gates
        Of all layers, see `LayerCost`.
    area
        Estimate in square micrometres, see `circuit_cost`.
    """

    cycles: int
    streams: int
    gates: int
    area: float

    @property
    def area_time(self) -> float:
        """Area times cycles, in square millimetres times cycles: what a sample occupies of the chip. No energy."""
        return self.area * self.cycles / 1e6


def circuit_cost(network: NetworkDefinition, options: CircuitOptions) -> CircuitCost:
    """Cost of a network as a circuit.

    Parameters
    ----------
    network
        The network. Of a calibrated one, what its calibration adds or saves in adders and multipliers is not counted.
    options
        Of the circuit.

    Raises
    ------
    ValueError, TypeError
        If the network cannot be built with the options.

    Notes
    -----
    Counted in the area: the multipliers (AND2, with bipolar streams XNOR2); a comparator for every stream; the sources
    of numbers, for inputs and for weights, as few as are shared (a bit of the generators lattice, ramp, vdc and halton
    is an adder or half adder with its flip-flop; bernoulli is taken for LFSRs); what adds up products (a
    full adder for each, with accumulate "or" an OR2, with "mux" a multiplexer); and an accumulator for every output, as
    wide as its largest count.

    Not counted: memory of weights, scaling and activation between layers, control, clock, wires, and layers without
    streams. All layers are there at once. These parts depend less on generator and length than those counted, so
    that the estimate compares circuits of one network; it is no area of a chip.

    Examples
    --------
    >>> from sc_neurocore import CircuitOptions, Network
    >>> network = Network.from_arrays([[[0.3, -0.6], [0.1, 0.2]]])
    >>> cost = circuit_cost(network, CircuitOptions(16, "lfsr"))
    >>> cost.cycles, cost.streams, cost.gates, round(cost.area)
    (16, 10, 8, 1525)
    """
    area, streams, gates, cycles = 0.0, 0, 0, [0] * len(network.layers)
    for layer, shape, context in layer_contexts(network, options):
        mapping = None if network.calibration is None else network.calibration.layers[context.place]
        cost = layer_cost(layer, shape, context, mapping)
        cycles[context.node or 0] = cost.cycles
        streams, gates = streams + cost.streams, gates + cost.gates
        area += _area(cost, context.options)
    return CircuitCost(longest_way(network, cycles), streams, gates, area)


def layer_cost(layer: LayerSpec, shape: Shape, context: BuildContext, mapping: LayerMapping | None) -> LayerCost:
    """Cost of a layer with streams.

    Parameters
    ----------
    layer, shape, context
        As `layer_contexts` gives them.
    mapping
        How the layer is calibrated; None: it is not.
    """
    if mapping is not None and isinstance(layer, WeightedSpec) and mapping.bias is None:
        layer = replace(layer, bias=np.zeros_like(layer.bias))  # type: ignore[type-var]  # it has no streams then
    options = context.options
    split, length = options.encoding == "split", options.cycles
    cost = layer.cost(shape, 2 if split else 1)
    input_rails = 2 if split and context.signed else 1
    streams = input_rails * cost.inputs + cost.weights
    return LayerCost(
        streams=streams,
        gates=input_rails * cost.gates,
        cycles=cost.windows * length,
        kib=streams * words_for(length) * 8 / 1024,
        input_sources=cost.inputs if options.lines_share == "independent" else 1,
        weight_sources=_weight_sources(layer, options.weights_share) if isinstance(layer, WeightedSpec) else 0,
        outputs=math.prod(layer.output_shape(shape)),
        bits=options.bits or max((length - 1).bit_length(), 1),
    )


def _weight_sources(spec: WeightedSpec, weight_share: WeightShare) -> int:
    """Sources of numbers that the weights of a layer, with its bias, are compared with."""
    fan_in = int(spec.weights[0].size) + bool(spec.bias.any())
    return {"independent": len(spec.weights) * fan_in, "neurons": fan_in, "one": 1}[weight_share]


def longest_way(network: NetworkDefinition, cycles: Sequence[int]) -> int:
    """Cycles on the way through a network that takes most.

    Parameters
    ----------
    network
        The network.
    cycles
        Those of each of its layers.
    """
    most = {INPUT: 0}
    for wire, own in zip(network.wires, cycles, strict=True):
        most[wire.place] = own + max(most[source] for source in wire.sources)
    return most[len(cycles) - 1]


def _area(cost: LayerCost, options: CircuitOptions) -> float:
    """Estimated area of a layer in square micrometres."""
    multiplier = XNOR2 if options.encoding == "bipolar" else AND2
    adder = {"or": OR2, "mux": MUX2}.get(options.accumulate, FULL_ADDER)
    widest = cost.bits + max(math.ceil(cost.gates / max(cost.outputs, 1)) - 1, 0).bit_length()
    return (
        cost.gates * (multiplier + adder)
        + cost.streams * cost.bits * COMPARATOR_BIT
        + _sources_area(cost, options)
        + cost.outputs * widest * (FULL_ADDER + FLIP_FLOP)
    )


def _sources_area(cost: LayerCost, options: CircuitOptions) -> float:
    """Estimated area of the sources of numbers of a layer."""
    sources = cost.input_sources + cost.weight_sources
    name = options.generator if isinstance(options.generator, str) else type(options.generator).__name__.lower()
    if name == "searched" and options.cycles <= LONGEST_SEARCHED:
        nearest = min(SEARCHED, key=lambda length: max(length / options.cycles, options.cycles / length))
        return sources / 2 * SEARCHED[nearest] * options.cycles / nearest
    bit = {
        "lfsr": LFSR_BIT,
        "bernoulli": LFSR_BIT,
        "sobol": SOBOL_BIT,
        "ramp": HALF_ADDER + FLIP_FLOP,
        "vdc": HALF_ADDER + FLIP_FLOP,
    }.get(name, FULL_ADDER + FLIP_FLOP)
    return sources * cost.bits * bit
