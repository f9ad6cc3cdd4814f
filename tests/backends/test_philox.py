"""Philox4x32-10 against published vectors, and against a second implementation in Python integers.

NumPy's `Philox` is the 4x64 variant and no reference for this one.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_neurocore.backends.philox import philox4x32

ONES = 0xFFFFFFFF

# The known-answer file of the Random123 distribution (kat_vectors, philox4x32-10).
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([ONES, ONES, ONES, ONES], [ONES, ONES], [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]

word32 = st.integers(0, ONES)


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = right >> 32 ^ b ^ k, right & ONES, left >> 32 ^ d ^ m, left & ONES
        k, m = k + 0x9E3779B9 & ONES, m + 0xBB67AE85 & ONES
    return [a, b, c, d]


@pytest.mark.parametrize(("counter", "key", "want"), KNOWN)
def test_known_answers(counter, key, want):
    words = philox4x32(counter, key)
    assert words.dtype == np.uint32
    assert words.tolist() == want
    assert plain_philox(counter, key) == want


@settings(deadline=None)
@given(st.lists(word32, min_size=4, max_size=4), st.lists(word32, min_size=2, max_size=2))
def test_equals_plain_integers(counter, key):
    assert philox4x32(counter, key).tolist() == plain_philox(counter, key)


def test_many_counters_are_each_their_own():
    counters = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    words = philox4x32(counters, [7, 9])
    assert words.shape == (2, 3, 4)
    assert words.tolist() == [[plain_philox(c, [7, 9]) for c in row] for row in counters.tolist()]
    assert philox4x32(np.empty((0, 4), np.uint32), [7, 9]).shape == (0, 4)
