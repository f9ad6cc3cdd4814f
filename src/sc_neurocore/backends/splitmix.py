"""SplitMix64: the generator of the words that Bernoulli streams are made of.

Output number n = 0, 1, .. is ``mix(seed + (n + 1) * gamma)``, modulo 2**64. It has no other state, so any output is
reached directly. Seed and gamma, which is odd, say which of its sequences it is.

References
----------
G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
https://doi.org/10.1145/2660193.2660195.
"""

import numpy as np

from .types import Words

MULTIPLIER_1, MULTIPLIER_2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
SHIFT_1, SHIFT_2, SHIFT_3 = 30, 27, 31
FEW, ALTERNATING = 24, 0xAAAAAAAAAAAAAAAA
_ONE = np.uint64(1)


def mix(words: Words) -> Words:
    """The finaliser of SplitMix64, a bijection of 64-bit words: every bit of the input reaches all of the output."""
    mixed = (words ^ (words >> np.uint64(SHIFT_1))) * np.uint64(MULTIPLIER_1)
    mixed = (mixed ^ (mixed >> np.uint64(SHIFT_2))) * np.uint64(MULTIPLIER_2)
    return np.asarray(mixed ^ (mixed >> np.uint64(SHIFT_3)))


def gamma_of(words: Words) -> Words:
    """Gammas of random words: odd, and with at least 24 places where neighbouring bits differ.

    As ``mixGamma`` of the article, but for hashing the words before: those here are random already.
    """
    odd = words | _ONE
    few = np.bitwise_count(odd ^ (odd >> _ONE)) < FEW
    return np.where(few, odd ^ np.uint64(ALTERNATING), odd)


def outputs(seed: np.uint64, gamma: np.uint64, numbers: Words) -> Words:
    """Outputs ``(...)`` of those `numbers` ``(...)``, counted from 0.

    >>> outputs(np.uint64(1234567), np.uint64(0x9E3779B97F4A7C15), np.arange(2, dtype=np.uint64)).tolist()
    [6457827717110365317, 3203168211198807973]
    """
    return mix(seed + (numbers + _ONE) * gamma)
