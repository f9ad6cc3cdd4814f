"""Who is largest, and who is full first."""

import numpy as np
from numpy.typing import NDArray

from ..packing import Words, unpack
from .products import Counts


def fill_times(words: Words, length: int, target: int) -> Counts:
    """Cycles, counted from 1, until each stream ``(..., W)`` has had `target` ones: ``(...)``.

    Every cycle after the end of the stream counts as a one.
    """
    bits = unpack(words, length)
    after = np.ones((*bits.shape[:-1], target), np.uint8)
    ones = np.cumsum(np.concatenate([bits, after], axis=-1), axis=-1, dtype=np.int64)
    return np.asarray((ones >= target).argmax(-1) + 1)


def largest(values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Indices ``(R, k)``, ascending, of the k largest of each row ``(R, n)``; of equals the first ones."""
    return np.sort(np.argsort(-values, axis=-1, kind="stable")[:, :k], axis=-1)
