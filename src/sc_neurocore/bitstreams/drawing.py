"""Bits drawn for notebooks, as SVG in HTML."""

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ROWS, CYCLES = 16, 256
"""Streams, and bits of each, that are drawn at most."""
_WIDTH, _HEIGHT, _GAP = 4, 12, 4
"""Pixels of a bit, and between two rows."""
_LETTER, _LEAST = 8, 90
"""Pixels of a letter of a label, and of all labels at least."""


def drawn(caption: str, bits: NDArray[np.uint8], labels: Sequence[str]) -> str:
    """Rows of bits as HTML: ones are dark, zeros light, the first bit is on the left, a label stands behind its row.

    Parameters
    ----------
    caption
        Stands above, as text.
    bits
        Bits of 0 and 1, ``(rows, cycles)``.
    labels
        A text a row.

    Returns
    -------
    str
        A ``<div>`` that needs nothing from elsewhere.

    Examples
    --------
    >>> drawn("two bits", np.array([[0, 1]], np.uint8), ["0.5"]).count("<path")
    1
    """
    rows, cycles = bits.shape
    shown = []
    for row, (line, label) in enumerate(zip(bits, labels, strict=True)):
        top = row * (_HEIGHT + _GAP)
        ends = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)  # of runs of ones
        runs = "".join(f"M{_WIDTH * a} {top}H{_WIDTH * b}v{_HEIGHT}H{_WIDTH * a}z" for a, b in ends.tolist())
        shown.append(
            f'<rect y="{top}" width="{_WIDTH * cycles}" height="{_HEIGHT}" fill="#ddd"/><path d="{runs}" fill="#235"/>'
            f'<text x="{_WIDTH * cycles + 6}" y="{top + _HEIGHT - 2}" font-size="{_HEIGHT}" fill="currentColor">'
            f"{html.escape(label)}</text>"
        )
    behind = max([_LEAST, *(_LETTER * len(label) for label in labels)])
    size = f'width="{_WIDTH * cycles + behind}" height="{rows * (_HEIGHT + _GAP)}" style="margin-top:{_GAP}px"'
    return (
        f"<div><code>{html.escape(caption)}</code><br>"
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace">{"".join(shown)}</svg></div>'
    )
