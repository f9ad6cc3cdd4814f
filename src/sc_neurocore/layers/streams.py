"""The streams that a layer's gates meet."""

from typing import NamedTuple

from ..bitstreams import Bitstream


class Streams(NamedTuple):
    """Streams that the next `forward` of a layer meets, its faults included."""

    inputs: Bitstream
    """Of the input lines."""
    weights: Bitstream | None
    """Of the weights; None for a layer without weights."""
