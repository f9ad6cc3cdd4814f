"""A network as a picture: boxes, lines and texts at their places, whatever paints them."""

from typing import NamedTuple

from ...colours import COLOURS, INK, QUIET
from ...layers.options import CircuitOptions
from ..definition import NetworkDefinition
from ..describe import Description, Facts, described, written
from ..graph import INPUT_NAME
from ..texts import shortened, width
from .layout import STUB, Box, Point, laid_out

NAME, SMALL = 12.0, 10.5
"""Sizes of names, and of all other text."""
_LINE, _PAD, _LEAST, _LONGEST, _MARGIN = 15.0, 9.0, 96.0, 30, 14.0
"""Height of a line, room in a box beside its text, its least width, most characters of a line, room around all."""
STREAMS, BINARY, ENDS = COLOURS[0], COLOURS[5], QUIET
"""Colours of layers with streams, of layers without, and of the input and the outputs of the network."""
TINT = 0.1
"""Share of the colour inside of boxes."""
_MEANINGS = ((STREAMS, "streams, gates, counters"), (BINARY, "binary: no streams"))


class Text(NamedTuple):
    """A line of text."""

    left: float
    """Where it starts; in a box: its middle."""
    baseline: float
    text: str
    size: float
    colour: str
    bold: bool = False
    centred: bool = False


class Card(NamedTuple):
    """A box with its lines of text."""

    box: Box
    colour: str
    """Of its edge; inside it is a `TINT` of that."""
    texts: tuple[Text, ...]
    title: str
    """All that is in it, in full."""


class Line(NamedTuple):
    """A line from one box to another, as far as no earlier one is the same."""

    points: tuple[Point, ...]
    """See `Edge.points`."""
    title: str


class Scene(NamedTuple):
    """A picture of a network; lengths in units of 1/96 inch, the vertical axis points down."""

    width: float
    height: float
    cards: tuple[Card, ...]
    """The input, the layers, the outputs."""
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]
    """Outside of the boxes."""
    marks: tuple[tuple[Box, str], ...]
    """Squares of the legend and their colours."""


def pictured(network: NetworkDefinition, options: CircuitOptions | None) -> Scene:
    """The picture of a network; with options also of the streams, gates and cycles of its circuit, see `described`.

    Layers are in boxes, the input of the network on top. Beside a line stands the shape of what it carries.
    """
    found = described(network, options)
    shape = written(network.shapes()[0])
    low, high = network.bounds
    first = [INPUT_NAME, f"{shape}, from {low.min():.3g} to {high.max():.3g}"]
    last = ["output", f"{written(network.shapes()[-1])}, {network.kind}"]
    lines = [first, *(_lines(layer) for layer in found.layers), last]
    shapes = [shape, *(layer.outputs for layer in found.layers)]
    sources = [(), *(tuple(source + 1 for source in wire.sources) for wire in network.wires), (len(network.layers),)]
    sizes = [_size(each, label) for each, label in zip(lines, [*shapes, ""], strict=True)]
    layout = laid_out(sizes, sources)
    top, marks, texts = _legend(network, found)
    wide = max(layout.width + 2 * _MARGIN, _end(texts) + _MARGIN)
    left = (wide - layout.width) / 2
    boxes = [box._replace(left=box.left + left, top=box.top + top) for box in layout.boxes]
    colours = [ENDS, *(BINARY if layer.binary else STREAMS for layer in network.layers), ENDS]
    cards = [_card(box, each, colour) for box, each, colour in zip(boxes, lines, colours, strict=True)]
    names = [each[0] for each in lines]
    drawn = []
    for edge in layout.edges:
        points = tuple((x + left, y + top) for x, y in edge.points[edge.fresh :])
        title = f"{names[edge.source]} to {names[edge.target]}: {shapes[edge.source]}"
        drawn.append(Line(points, title))
    for source, (x, y) in {edge.source: edge.points[1] for edge in layout.edges}.items():  # where lines may part
        texts.append(Text(x + left + 5, y + top - STUB / 2 + 0.36 * SMALL, shapes[source], SMALL, QUIET))
    return Scene(wide, layout.height + top + _MARGIN, tuple(cards), tuple(drawn), tuple(texts), tuple(marks))


def _lines(layer: Facts) -> list[str]:
    """The lines in the box of a layer."""
    lines = [layer.name, f"{layer.kind} · {layer.activation}" if layer.activation else layer.kind]
    lines.append(f"{layer.outputs}, inputs {layer.encoded}" if layer.encoded else layer.outputs)
    if layer.numbers:
        streams, gates, cycles, kib = layer.numbers
        lines += [f"{streams} streams, {gates} gates", f"{cycles} cycles, {kib} KiB"]
    return lines


def _size(lines: list[str], label: str) -> tuple[float, float]:
    """Width and height of a box, so wide that nothing passes beside it where the label of its line stands."""
    name, *rest = lines
    texts = [width(shortened(name, _LONGEST), NAME, bold=True)]
    texts += [width(shortened(line, 2 * _LONGEST), SMALL) for line in rest]
    return max(_LEAST, max(texts) + 2 * _PAD, 2 * width(label, SMALL) + 2 * _PAD), _LINE * len(lines) + _PAD


def _card(box: Box, lines: list[str], colour: str) -> Card:
    texts = []
    for k, line in enumerate(lines):
        size, most = (SMALL, 2 * _LONGEST) if k else (NAME, _LONGEST)
        baseline = box.top + _PAD / 2 + _LINE * (k + 0.5) + 0.36 * size
        ink = INK if k < 2 else QUIET
        texts.append(Text(box.middle, baseline, shortened(line, most), size, ink, bold=not k, centred=True))
    return Card(box, colour, tuple(texts), "\n".join(lines))


def _legend(network: NetworkDefinition, found: Description) -> tuple[float, list[tuple[Box, str]], list[Text]]:
    """What stands above the graph: the meaning of colours, and the cost of the whole circuit."""
    kinds = {BINARY if layer.binary else STREAMS for layer in network.layers}
    marks: list[tuple[Box, str]] = []
    texts: list[Text] = []
    left, side = _MARGIN, 10.0
    for colour, meaning in _MEANINGS:
        if colour in kinds:
            marks.append((Box(left, _MARGIN, side, side), colour))
            texts.append(Text(left + side + 5, _MARGIN + side - 1, meaning, SMALL, INK))
            left = _end(texts[-1:]) + 16
    top = _MARGIN + side
    if found.total:
        streams, gates, cycles, kib = found.total
        way = f" ({found.longest} on the longest way)" if found.longest else ""
        line = f"all: {streams} streams, {gates} gates, {cycles} cycles{way}, {kib} KiB"
        top += _LINE + 4
        texts.append(Text(_MARGIN, top - 1, line, SMALL, INK))
    return top + _LINE + 3, marks, texts


def _end(texts: list[Text]) -> float:
    """Where the texts that are not in boxes end."""
    return max((text.left + width(text.text, text.size) for text in texts), default=0.0)
