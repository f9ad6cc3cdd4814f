"""A layer as text, in a terminal and in a notebook."""

import html
from typing import Any

from ..encoders import Generator


def described(layer: Any) -> str:
    """The layer as text, with the circuit of its number generator and the error of sums of its products."""
    generator = getattr(layer, "generator", None)
    return f"{layer!r}\n{generator}" if isinstance(generator, Generator) else repr(layer)


def in_notebook(layer: Any) -> str:
    """What its `describe` says, as HTML that wraps."""
    return f'<pre style="white-space:pre-wrap">{html.escape(layer.describe())}</pre>'
