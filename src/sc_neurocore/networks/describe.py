"""Hardware cost of a network as a circuit."""

from .. import checks
from ..backends.packing import words_for
from ..bitstreams.encodings import Encoding, check_encoding
from ..encoders import Generator, make_generator
from .definition import NetworkDefinition

_HEAD = ("layer", "shape", "activation", "gain", "streams", "gates", "cycles", "KiB")


def describe(network: NetworkDefinition, length: int, encoding: Encoding, generator: str | Generator) -> str:
    """Hardware cost of a network as a table, a row for each layer, and the number generator under it.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers, the inputs of
    multiplexers or OR gates in a pooling layer, and the gates of a layer that compares; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0).
    """
    length = checks.count("length", length, 1)
    split = check_encoding(encoding) == "split"
    rows: list[tuple[str, ...]] = [_HEAD]
    totals = [0, 0, 0, 0.0]
    signed = network.input_range[0] < 0
    scale = network.input_scale
    shapes = network.shapes()
    for k, layer in enumerate(network.layers):
        cost, summary = layer.cost(shapes[k], 2 if split else 1), layer.summary_cells(scale)
        input_rails = 2 if split and signed else 1
        streams, gates = input_rails * cost.inputs + cost.weights, input_rails * cost.gates
        signed, scale = layer.gives_signed(signed), layer.output_scale(scale)
        cycles = cost.windows * length
        kib = streams * words_for(length) * 8 / 1024
        shape = f"{_written(shapes[k])} -> {_written(shapes[k + 1])}"
        rows.append((str(k), shape, *summary, str(streams), str(gates), str(cycles), f"{kib:.1f}"))
        totals = [total + part for total, part in zip(totals, (streams, gates, cycles, kib), strict=True)]
    rows.append(("all", "", "", "", *(str(total) for total in totals[:3]), f"{totals[3]:.1f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    table = "\n".join(
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return f"{table}\ngenerator: {make_generator(generator, length)}"


def _written(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
