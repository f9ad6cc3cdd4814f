"""Pictures of networks as SVG: text that needs nothing from elsewhere, no font and no script."""

import html
from itertools import pairwise

from ...colours import INK, tint
from .layout import Box, Point
from .scene import TINT, Card, Line, Scene, Text

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"


def svg(scene: Scene) -> str:
    """A picture as an ``<svg>`` element; whoever points at a box or a line reads it in full."""
    size = f'width="{scene.width:.0f}" height="{scene.height:.0f}" style="display:block"'
    marks = (_rect(box, 2, colour) for box, colour in scene.marks)
    parts = [*marks, *map(_line, scene.lines), *map(_text, scene.texts), *map(_card, scene.cards)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _text(text: Text) -> str:
    look = ' font-weight="bold"' * text.bold + ' text-anchor="middle"' * text.centred
    place = f'x="{_n(text.left)}" y="{_n(text.baseline)}" font-size="{text.size:g}" fill="{text.colour}"{look}'
    return f"<text {place}>{html.escape(text.text)}</text>"


def _card(card: Card) -> str:
    texts = "".join(map(_text, card.texts))
    return f"<g><title>{html.escape(card.title)}</title>{_rect(card.box, 5, card.colour)}{texts}</g>"


def _rect(box: Box, radius: int, colour: str) -> str:
    return (
        f'<rect x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(box.width)}" height="{_n(box.height)}" '
        f'rx="{radius}" fill="{tint(colour, TINT)}" stroke="{colour}"/>'
    )


def _line(line: Line) -> str:
    (x, y), *_ = line.points
    path = [f"M{_n(x)} {_n(y)}", *(_piece(*ends) for ends in pairwise(line.points))]
    x, y = line.points[-1]
    return (
        f'<g><title>{html.escape(line.title)}</title><path d="{"".join(path)}" fill="none" stroke="{INK}" '
        f'stroke-width="1.2"/><path d="M{_n(x)} {_n(y)}l-3.5 -7h7z" fill="{INK}"/></g>'
    )


def _piece(start: Point, end: Point) -> str:
    (x, y), (to, down) = start, end
    if x == to:
        return f"V{_n(down)}"
    half = _n((y + down) / 2)
    return f"C{_n(x)} {half} {_n(to)} {half} {_n(to)} {_n(down)}"
