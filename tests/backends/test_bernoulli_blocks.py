"""A Bernoulli stream may be entered at any block."""

import numpy as np
import pytest

from sc_neurocore.backends import compiled, reference
from sc_neurocore.backends.reference import BLOCK_WORDS


@pytest.mark.parametrize("kernels", [reference, compiled], ids=["reference", "compiled"])
def test_first_block_cuts_the_stream(kernels):
    streams, thresholds = np.arange(3, dtype=np.uint64), np.array([3, 9, 16], np.uint64)
    length = 64 * (2 * BLOCK_WORDS + 3)
    whole = kernels.bernoulli(7, streams, thresholds, 4, length)
    for first in (1, 2):
        part = kernels.bernoulli(7, streams, thresholds, 4, length - 64 * BLOCK_WORDS * first, first)
        np.testing.assert_array_equal(part, whole[:, BLOCK_WORDS * first :])
