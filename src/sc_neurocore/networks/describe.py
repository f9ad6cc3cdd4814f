"""What a network costs as a circuit."""

from typing import TYPE_CHECKING

from .. import checks
from ..backends.packing import words_for
from ..bitstreams.encodings import Encoding, check_encoding

if TYPE_CHECKING:
    from .network import Network

_HEAD = ("layer", "shape", "activation", "gain", "streams", "gates", "cycles", "KiB")


def describe(network: "Network", length: int, encoding: Encoding) -> str:
    """A table with a row a layer.

    Streams are those of inputs, weights and bias; gates are the two-input multipliers; KiB is the
    memory of the packed streams of one sample. Split numbers count twice, except inputs that are
    never negative (after ReLU, or from a range that starts at 0).
    """
    checks.whole("length", length, 1)
    split = check_encoding(encoding) == "split"
    rows: list[tuple[str, ...]] = [_HEAD]
    totals = [0, 0, 0, 0.0]
    signed = network.input_range[0] < 0
    scale = max(map(abs, network.input_range))
    for k, layer in enumerate(network.layers):
        n_outputs, n_inputs = layer.weights.shape
        lines = n_inputs + bool(layer.bias.any())
        input_halves, weight_halves = (2 if split and signed else 1), (2 if split else 1)
        streams = input_halves * lines + weight_halves * lines * n_outputs
        gates = input_halves * weight_halves * lines * n_outputs
        kib = streams * words_for(length) * 8 / 1024
        gain = max(abs(layer.weights).max() * scale, abs(layer.bias).max())
        rows.append(
            (
                str(k),
                f"{n_inputs} -> {n_outputs}",
                layer.activation,
                f"{gain:.3g}",
                str(streams),
                str(gates),
                str(length),
                f"{kib:.1f}",
            )
        )
        totals = [total + part for total, part in zip(totals, (streams, gates, length, kib), strict=True)]
        signed, scale = layer.activation in ("tanh", "identity"), layer.ceiling
    rows.append(("all", "", "", "", *(str(total) for total in totals[:3]), f"{totals[3]:.1f}"))
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
