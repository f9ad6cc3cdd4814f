"""Selection: cycles at which streams fill a counter, and indices of the largest numbers."""

import numpy as np

from ..packing import unpack
from ..types import Counts, Floats, Indices, Words


def fill_times(words: Words, length: int, target: int) -> Counts:
    bits = unpack(words, length)
    after = np.ones((*bits.shape[:-1], target), np.uint8)
    ones = np.cumsum(np.concatenate([bits, after], axis=-1), axis=-1, dtype=np.int64)
    return np.asarray((ones >= target).argmax(-1) + 1)


def largest(values: Floats, k: int) -> Indices:
    return np.sort(np.argsort(-values, axis=-1, kind="stable")[:, :k], axis=-1)
