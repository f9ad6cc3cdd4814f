"""Networks in notebooks: the graph as SVG, and the table under it."""

import html

from ...layers.options import CircuitOptions
from ..definition import NetworkDefinition
from ..describe import described
from .scene import pictured
from .svg import svg

_LEFT = ("layer", "kind", "from", "shape", "range", "activation")
"""Columns of text; others are numbers."""
_LONG = ("layer", "from")
"""Columns whose cells may take several lines."""


def page(network: NetworkDefinition, options: CircuitOptions | None, costs: CircuitOptions) -> str:
    """A ``<div>`` that needs nothing from elsewhere: the graph of a network, a table, and what stands under it.

    Parameters
    ----------
    network
        What is shown.
    options
        Of the circuit whose costs stand in the graph; None: no costs.
    costs
        Of the circuit in the table.
    """
    found = described(network, costs)
    heads = "".join(_cell("th", head, head) for head in found.head)
    rows = "".join(
        f"<tr>{''.join(_cell('td', head, cell) for head, cell in zip(found.head, row, strict=True))}</tr>"
        for row in found.rows
    )
    notes = "<br>".join(map(html.escape, found.notes))
    return (
        f'<div><div style="overflow:auto;max-height:50em">{svg(pictured(network, options))}</div>'
        f'<div style="overflow:auto;max-height:30em"><table><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><div style="padding:2px 8px"><small>{notes}</small></div></div>'
    )


def _cell(tag: str, head: str, text: str) -> str:
    side = "left" if head in _LEFT else "right"
    broken = "max-width:24em;overflow-wrap:anywhere" if head in _LONG else "white-space:nowrap"
    return f'<{tag} style="text-align:{side};vertical-align:top;padding:1px 8px;{broken}">{html.escape(text)}</{tag}>'
