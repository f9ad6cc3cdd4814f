"""Input and weight streams of a layer."""

from typing import NamedTuple

import numpy as np

from ..backends.types import Words
from ..bitstreams import Bitstream, Encoding


class Streams(NamedTuple):
    """Input and weight streams that the next `forward` of a layer uses, faults included."""

    inputs: Bitstream
    """Streams of the input lines."""
    weights: Bitstream | None
    """Streams of the weights; None for a layer without weights."""


def as_bitstream(words: Words, shape: tuple[int, ...], length: int, encoding: Encoding) -> Bitstream:
    """Streams ``(S, rails, n, W)`` as a Bitstream of `shape`; a rail that was left out is 0."""
    if encoding != "split":
        return Bitstream(words.reshape(*shape, words.shape[-1]), length, encoding)
    rails = np.zeros((2, len(words), *words.shape[2:]), np.uint64)
    rails[: words.shape[1]] = words.swapaxes(0, 1)
    return Bitstream(rails.reshape(2, *shape, words.shape[-1]), length, encoding)
