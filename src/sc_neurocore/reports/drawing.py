"""Plots as pictures inside a page, in its colours: light and dark."""

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from ..plots.style import COLOURS, GRID, INK, QUIET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VARIABLES = {INK: "ink", QUIET: "quiet", GRID: "rule", "#ffffff": "paper"} | {
    colour: f"c{place}" for place, colour in enumerate(COLOURS)
}
"""Variables of the style sheet by the colours of the plots."""
_RIGHT, _TOP, _BOTTOM, _LEFT = 1.6, 0.25, 0.6, 0.75
"""Inches around the axes; to the right of them are the names of lines."""


def drawn(draw: "Callable[[Axes], None]", size: tuple[float, float], text: str, name: str) -> str:
    """A plot as an ``<svg>`` element whose colours are variables of the page's style sheet.

    Parameters
    ----------
    draw
        Draws on Matplotlib axes.
    size
        Width and height in inches.
    text
        What a reader hears who does not see the picture.
    name
        Begins the ids inside the picture; another one for each picture of a page.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    width, height = size
    figure = Figure(figsize=size, facecolor="none")
    FigureCanvasSVG(figure)
    figure.subplots_adjust(_LEFT / width, _BOTTOM / height, 1 - _RIGHT / width, 1 - _TOP / height)
    ax = figure.add_subplot(facecolor="none")
    draw(ax)
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None}, bbox_inches="tight", pad_inches=0.03)
    return _inlined(file.getvalue().decode(), text, name)


def _inlined(svg: str, text: str, name: str) -> str:
    """An SVG file as an element of a page: without what names other places, with ids of its own."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href=", "href=")
    ids = {found: f"{name}-{place}" for place, found in enumerate(re.findall(r'\bid="([^"]*)"', svg))}
    svg = re.sub(r'\bid="([^"]*)"', lambda found: f'id="{ids[found[1]]}"', svg)
    svg = re.sub(r'href="#([^"]*)"', lambda found: f'href="#{ids[found[1]]}"', svg)
    svg = re.sub(r"url\(#([^)]*)\)", lambda found: f"url(#{ids[found[1]]})", svg)
    for colour, variable in _VARIABLES.items():
        svg = re.sub(f"{colour}\\b", f"var(--{variable})", svg, flags=re.IGNORECASE)
    svg = re.sub(r"<svg ", f'<svg role="img" aria-label="{escape(text)}" ', svg, count=1)
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip())
