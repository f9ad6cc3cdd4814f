"""What a network costs as a circuit."""

import math
from typing import TYPE_CHECKING

from .. import checks
from ..backends.packing import words_for
from ..bitstreams.encodings import Encoding, check_encoding
from .parts import Pool2D

if TYPE_CHECKING:
    from .network import Network

_HEAD = ("layer", "shape", "activation", "gain", "streams", "gates", "cycles", "KiB")


def describe(network: "Network", length: int, encoding: Encoding) -> str:
    """A table with a row a layer.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers, and the inputs
    of multiplexers or OR gates in a pooling layer; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0).
    """
    checks.whole("length", length, 1)
    split = check_encoding(encoding) == "split"
    rows: list[tuple[str, ...]] = [_HEAD]
    totals = [0, 0, 0, 0.0]
    signed = network.input_range[0] < 0
    scale = max(map(abs, network.input_range))
    shapes = network.shapes()
    for k, layer in enumerate(network.layers):
        inputs, outputs = math.prod(shapes[k]), math.prod(shapes[k + 1])
        input_halves = 2 if split and signed else 1
        if isinstance(layer, Pool2D):
            streams = input_halves * inputs
            gates = input_halves * layer.indices(shapes[k]).size
            told = ("", "")
        else:
            weight_halves, biased = (2 if split else 1), bool(layer.bias.any())
            fan_in = layer.weights[0].size + biased
            streams = input_halves * (inputs + biased) + weight_halves * fan_in * len(layer.weights)
            gates = input_halves * weight_halves * fan_in * outputs
            told = (layer.activation, f"{max(abs(layer.weights).max() * scale, abs(layer.bias).max()):.3g}")
            signed, scale = layer.activation in ("tanh", "identity"), layer.ceiling
        kib = streams * words_for(length) * 8 / 1024
        shape = f"{_written(shapes[k])} -> {_written(shapes[k + 1])}"
        rows.append((str(k), shape, *told, str(streams), str(gates), str(length), f"{kib:.1f}"))
        totals = [total + part for total, part in zip(totals, (streams, gates, length, kib), strict=True)]
    rows.append(("all", "", "", "", *(str(total) for total in totals[:3]), f"{totals[3]:.1f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _written(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
