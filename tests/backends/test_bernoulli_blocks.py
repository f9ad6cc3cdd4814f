"""A Bernoulli stream may be entered at any block."""

import numpy as np

from sc_neurocore.backends.types import BLOCK_WORDS


def test_first_block_cuts_the_stream(every_backend):
    streams, thresholds = np.arange(3, dtype=np.uint64), np.array([3, 9, 16], np.uint64)
    length = 64 * (2 * BLOCK_WORDS + 3)
    whole = every_backend.bernoulli(7, streams, thresholds, 4, length)
    for first in (1, 2):
        part = every_backend.bernoulli(7, streams, thresholds, 4, length - 64 * BLOCK_WORDS * first, first)
        np.testing.assert_array_equal(part, whole[:, BLOCK_WORDS * first :])
