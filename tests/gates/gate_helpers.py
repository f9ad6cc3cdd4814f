"""Streams and tests of hypotheses for the tests of the gates."""

import itertools

import numpy as np
from scipy import stats

from sc_neurocore.backends import choose
from sc_neurocore.backends.packing import tail_mask
from sc_neurocore.bitstreams import Bitstream, to_probability

LENGTHS = [1, 7, 63, 64, 65, 100, 256, 1000]
FALSE_ALARM = 1e-9
SIGMAS = 6.1  # two-sided normal probability about 1e-9
BITS = 16


def bernoulli(key, values, length, encoding="unipolar"):
    """Independent random streams of `values`, which must be multiples of 2**-15."""
    p = np.asarray(to_probability(values, encoding))
    thresholds = np.round(p * 2**BITS).astype(np.uint64).reshape(-1)
    words = choose().bernoulli(key, np.arange(thresholds.size, dtype=np.uint64), thresholds, BITS, length)
    return Bitstream(words.reshape(*p.shape, -1), length, encoding)


def correlated(seed, thresholds, length, bits):
    """Unipolar streams ``(rows, n)``: the n streams of a row share random numbers of their own (SCC = +1)."""
    numbers = np.random.default_rng(seed).integers(2**bits, size=(len(thresholds), 1, length))
    return Bitstream.from_bits(numbers < np.asarray(thresholds)[:, :, None])


def every_stream(length, encoding="unipolar"):
    """All ``2**length`` streams of `length` bits."""
    return Bitstream.from_bits(list(itertools.product((0, 1), repeat=length)), encoding)


def column(stream):
    """The same streams with a second value axis of one."""
    return Bitstream(stream.words[..., None, :], stream.length, stream.encoding)


def binomial_p_value(ones, bits, p):
    return stats.binomtest(int(ones), int(bits), float(p)).pvalue


def z_score(rows, expected):
    """Distance of the mean of independent rows from `expected`, in standard errors taken from their spread."""
    rows = np.asarray(rows, float)
    return abs(rows.mean() - expected) / (rows.std(ddof=1) / np.sqrt(rows.size))


def tail_is_zero(stream):
    return not np.any(stream.words[..., -1] & ~tail_mask(stream.length))
