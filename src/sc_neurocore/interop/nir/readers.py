"""Layers for the nodes of a NIR graph, by their types."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...networks import Dense, Quantize, SpikingDense
from ...networks.activations import Floats
from ...networks.layer_spec import Shape
from ..operators import OPERATORS, UnsupportedError
from ..wiring import Value
from .graph import ENDS, Node
from .neurons import SETTLING, SPIKING, TIMES, firing, settled
from .signals import Place, Signal

FINE_STEP = 2.0**20
"""Levels in the largest threshold of a node: `Quantize` takes numbers to 2**-20 of a level."""
LARGEST_EYE = 2048
"""Most neurons of a node that takes something else than the sums of dense layers: their weights are a matrix."""


def _passed(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """An end of a graph: what it takes, in the shape that it declares."""
    signal = place.sum(signals)
    shape = (len(signal.sums.weights),) if signal.sums else signal.value.shape
    if node.shape("shape") != shape:
        raise UnsupportedError(f"shape {shape}, which it takes, would, got {node.shape('shape')}")
    return signal


def _affine(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """Sums of products of a vector."""
    weights = node.array("weight")
    if weights.ndim != 2 or 0 in weights.shape:
        raise UnsupportedError(f"a weight of shape (outputs, inputs) would, got {weights.shape}")
    bias = node.array("bias") if node.type == "Affine" else np.zeros(len(weights))
    if bias.shape != (len(weights),):
        raise UnsupportedError(f"a bias of shape ({len(weights)},) would, got {bias.shape}")
    signal = place.sum(signals)
    if signal.sums:
        signal = Signal(place.whole(signal))
    _fits(signal.value, weights.shape[1:])
    sums = Dense(weights * signal.factor if signal.factor != 1.0 else weights, bias, "identity")
    found = Signal(signal.value, sums=sums, called=name)
    takers = place.takers(name)
    alone = len(takers) == 1 and place.graph.nodes[next(iter(takers))].type in SPIKING
    return found if alone else Signal(place.whole(found))


def _convolution(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """A convolution of images, or of series."""
    axes = 2 if node.type == "Conv2d" else 1
    value = place.whole(place.sum(signals))
    weights = node.array("weight")
    if weights.ndim != axes + 2 or len(value.shape) != axes + 1:
        raise UnsupportedError(
            f"weights of {axes + 2} axes and an input of {axes + 1} would, got {weights.shape} and {value.shape}"
        )
    if "input_shape" in node.parameters and node.whole("input_shape", axes, 1) != value.shape[1:]:
        raise UnsupportedError(
            f"input_shape {value.shape[1:]}, which it takes, would, got {node.parameters['input_shape']}"
        )
    stride, dilation = node.whole("stride", axes, 1), node.whole("dilation", axes, 1)
    padding: Any = node.parameters.get("padding")
    extent = tuple(apart * (size - 1) + 1 for apart, size in zip(dilation, weights.shape[2:], strict=True))
    if not isinstance(padding, str):
        padding = node.whole("padding", axes, 0)
        place.check_windows(value.shape, len(weights), extent, stride, padding)
    elif padding not in ("same", "valid") or (padding == "same" and set(stride) != {1}):
        raise UnsupportedError(f"padding 'valid', numbers, or 'same' with stride 1 would, got {padding!r}")
    else:
        both = tuple(each - 1 if padding == "same" else 0 for each in extent)
        place.check_windows(value.shape, len(weights), extent, stride, both)
    (groups,) = node.whole("groups", 1, 1)
    operator = OPERATORS["conv2d" if axes == 2 else "conv1d"]
    return Signal(operator(place.wiring, value, weights, node.array("bias"), stride, padding, dilation, groups))


def _pooled(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """Averages or sums of windows; zeros around an image count."""
    value = place.whole(place.sum(signals))
    if len(value.shape) != 3:
        raise UnsupportedError(f"an input (channels, height, width) would, got {value.shape}")
    window, padding = node.whole("kernel_size", 2, 1), node.whole("padding", 2, 0)
    stride = node.whole("stride", 2, 1)
    place.check_windows(value.shape, value.shape[0], window, stride, padding)
    divisor = 1 if node.type == "SumPool2d" else None
    pool = OPERATORS["avg_pool2d"]
    return Signal(pool(place.wiring, value, window, stride, padding, divisor_override=divisor))


def _scaled(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """A factor for each number. That of steps a second makes rates in Hz of spikes."""
    signal, factors = place.sum(signals), node.array("scale")
    if signal.raw and factors.size and (factors == factors.flat[0]).all():
        _fits(signal.value, factors.shape)
        factor = float(factors.flat[0])
        exact = place.dt_ms is not None and factor == 1000.0 / place.dt_ms
        return Signal(signal.value, 1.0 if exact else factor * signal.factor)
    value = place.whole(signal)
    _fits(value, factors.shape)
    return Signal(place.wiring.scaled(value, factors))


def _flattened(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """Axes of a value, counted without samples, as one."""
    signal = place.sum(signals)
    if signal.sums:
        signal = Signal(place.whole(signal))
    shape = signal.value.shape
    if "input_type" in node.parameters and node.shape("input_type") != shape:
        raise UnsupportedError(f"input_type {shape}, which it takes, would, got {node.parameters['input_type']}")
    (first,), (last,) = node.whole("start_dim", 1, -len(shape)), node.whole("end_dim", 1, -len(shape))
    first, last = first % len(shape) if first < 0 else first, last % len(shape) if last < 0 else last
    if not first <= last < len(shape):
        raise UnsupportedError(f"axes start_dim to end_dim of {shape} would, got {first} to {last}")
    size = int(np.prod(shape[first : last + 1]))
    return replace(signal, value=Value(signal.value.name, (*shape[:first], size, *shape[last + 1 :])))


def _spiking(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """Neurons that fire, with the sums of dense layers that only they take."""
    neurons = firing(node)
    shape = node.array("r").shape
    if all(signal.sums for signal in signals):
        dense = [signal.sums for signal in signals if signal.sums]
        for each in dense:
            _fits(Value("", (len(each.weights),)), shape)
        weights = np.concatenate([each.weights for each in dense], 1)
        bias: Floats = np.sum([each.bias for each in dense], axis=0)
        sources = [place.wiring.viewed(signal.value, (signal.value.size,)) for signal in signals]
    else:
        value = place.whole(place.sum(signals))
        _fits(value, shape)
        if value.size > LARGEST_EYE:
            raise UnsupportedError(f"Affine before it, or at most {LARGEST_EYE} neurons would, got {value.size}")
        weights, bias = np.eye(value.size), np.zeros(value.size)
        sources = [place.wiring.viewed(value, (value.size,))]
    weights, bias = weights * neurons.gains[:, None], bias * neurons.gains
    times = np.unique(neurons.tau)
    if len(times) > TIMES:
        raise UnsupportedError(f"at most {TIMES} different tau would, got {len(times)}")
    groups = [np.flatnonzero(neurons.tau == tau) for tau in times]
    place.wiring.called = name
    parts = []
    for tau, group in zip(times.tolist(), groups, strict=True):
        layer = SpikingDense(weights[group], bias[group], 1.0, place.duration, neurons.threshold, tau)
        parts.append(Value(place.wiring.put(layer, *sources), (len(group),)))
    value = place.wiring.joined(parts, 0) if len(parts) > 1 else parts[0]
    value = place.wiring.moved(value, np.argsort(np.concatenate(groups), kind="stable"))
    return Signal(Value(value.name, shape), place.seconds(name), raw=True)


def _settling(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """The voltage at which a leaky integrator settles."""
    factors, offsets = settled(node)
    if place.takers(name) != {place.last}:
        raise UnsupportedError("a place before the Output, where only what it settles at counts, would")
    value = place.whole(place.sum(signals))
    _fits(value, factors.shape)
    return Signal(place.wiring.scaled(value, factors, offsets))


def _stepped(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """1 where a number is above a threshold, else 0, of numbers that are constant in a window."""
    thresholds = node.array("threshold")
    if not place.constant(name, SPIKING):
        raise UnsupportedError("LIF, whose input may be spikes, would: their mean says nothing of their steps")
    value = place.whole(place.sum(signals))
    _fits(value, thresholds.shape)
    fine = FINE_STEP / (np.abs(thresholds).max(initial=0.0) or 1.0)
    above = place.wiring.scaled(value, fine, -fine * thresholds)
    return Signal(place.wiring.through(Quantize(1.0, 0.0, 0.0, 1.0, "ceil"), above))


def _delayed(place: Place, name: str, node: Node, signals: Sequence[Signal]) -> Signal:
    """A delay of 0."""
    if np.any(node.array("delay")):
        raise UnsupportedError(f"a delay of 0 would, got {np.max(node.array('delay')):g}")
    return place.sum(signals)


def _fits(value: Value, shape: Shape) -> None:
    if value.shape != tuple(shape):
        raise UnsupportedError(f"an input of shape {tuple(shape)} would, got {value.shape}")


Reader = Callable[[Place, str, Node, Sequence[Signal]], Signal]
READERS: dict[str, Reader] = {
    **dict.fromkeys(ENDS, _passed),
    **dict.fromkeys(("Affine", "Linear"), _affine),
    **dict.fromkeys(("Conv1d", "Conv2d"), _convolution),
    **dict.fromkeys(("AvgPool2d", "SumPool2d"), _pooled),
    "Scale": _scaled,
    "Flatten": _flattened,
    **dict.fromkeys(SPIKING, _spiking),
    **dict.fromkeys(SETTLING, _settling),
    "Threshold": _stepped,
    "Delay": _delayed,
}
"""Functions that put the layers of a node into the wiring, by its type."""
HINTS = {
    "CubaLIF": "LIF, whose input current is not filtered, would",
    "I": "LI, whose voltage has a bound, would",
}
"""What would replace nodes that have no layer."""
KEEPING = (*SPIKING, *SETTLING, "CubaLIF", "I", "Threshold", "Delay", "Scale")
"""Types of nodes that give as many numbers as they take, in the same shape."""
