"""Colours of all that is drawn: plots of results, and networks as graphs."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito's colours, told apart by people with any colour vision; paired with markers."""
INK, QUIET, GRID = "#222222", "#6b6b6b", "#e6e6e6"
"""Text and axes, what is less important, and lines behind all."""


def tint(colour: str, share: float) -> str:
    """A colour mixed with white.

    >>> tint("#0072B2", 0.1)
    '#e6f1f7'
    """
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)
