"""Correlation of two streams, and of one stream with itself some cycles later."""

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose
from .bitstream import Bitstream, check_stream


def scc(a: Bitstream, b: Bitstream) -> NDArray[np.float64]:
    """Stochastic cross-correlation of streams, in [-1, 1], broadcast over their shapes.

    +1: the ones overlap as much as they can; -1: as little; 0: as independent streams do. With
    p = fraction of ones and q = fraction of cycles in which both are one, d = q - p_a p_b::

        SCC = d / (min(p_a, p_b) - p_a p_b)         if d > 0
              d / (p_a p_b - max(p_a + p_b - 1, 0)) otherwise

    A constant stream is uncorrelated with everything: 0.

    Notes
    -----
    Error law: independent Bernoulli streams of length L give a mean of about 0 and a standard
    deviation of order 1 / sqrt(L).

    References
    ----------
    A. Alaghi, J. P. Hayes, "Exploiting correlation in stochastic circuit design", ICCD 2013,
    https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> a = Bitstream.from_bits([1, 1, 0, 0])
    >>> float(scc(a, Bitstream.from_bits([1, 0, 0, 0]))), float(scc(a, Bitstream.from_bits([0, 0, 1, 1])))
    (1.0, -1.0)
    """
    check_stream("a", a)
    check_stream("b", b)
    if a.length != b.length:
        raise ValueError(f"streams a and b must have one length, got {a.length} and {b.length}")
    try:
        both = a.words & b.words
    except ValueError as error:
        raise ValueError(f"shapes of a and b must broadcast, got {a.shape} and {b.shape}") from error
    length = a.length
    # Everything times length**2, in integers: no rounding decides the sign.
    ones_a, ones_b = a.counts(), b.counts()
    product = ones_a * ones_b
    excess = length * choose().popcount(both) - product
    most = length * np.minimum(ones_a, ones_b) - product
    least = product - length * np.maximum(ones_a + ones_b - length, 0)
    room = np.where(excess > 0, most, least)
    return np.asarray(np.where(excess == 0, 0.0, excess / np.where(room == 0, 1, room)))


def autocorrelation(stream: Bitstream, lag: int = 1) -> NDArray[np.float64]:
    """Correlation coefficient of each stream with itself `lag` cycles later, in [-1, 1].

    The stream is taken as a ring (cycle L - 1 is followed by cycle 0). A constant stream gives 0.

    Notes
    -----
    Error law: a Bernoulli stream gives a mean of -1 / (L - 1) and a variance of about 1 / L.

    Examples
    --------
    >>> float(autocorrelation(Bitstream.from_bits([1, 0, 1, 0])))
    -1.0
    """
    check_stream("stream", stream)
    lag = checks.whole("lag", lag, 1, stream.length)
    bits = stream.bits()
    both = (bits & np.roll(bits, -lag, axis=-1)).sum(-1, dtype=np.int64)
    ones = bits.sum(-1, dtype=np.int64)
    spread = stream.length * ones - ones * ones
    return np.asarray((stream.length * both - ones * ones) / np.where(spread == 0, 1, spread))


def stability(stream: Bitstream, tolerance: float = 0.05) -> NDArray[np.float64]:
    """Stability: fraction of a stream in which its running mean stays near its final value, in [0, 1].

    ``1 - t / L``, where t counts the cycles up to the last one at which the mean of the bits so
    far is further than `tolerance` from the mean of the whole stream. A stream of high stability
    may be cut short.

    Parameters
    ----------
    tolerance
        Largest distance, in probability, that counts as near; in [0, 1].

    Notes
    -----
    Error law: the running mean of t Bernoulli bits has variance p (1 - p) (1/t - 1/L) about the
    mean of the whole, so t is of order p (1 - p) / tolerance**2; low-discrepancy streams need of
    order 1 / tolerance.

    References
    ----------
    D. Wu et al., "uGEMM: Unary Computing Architecture for GEMM Applications", ISCA 2020,
    https://doi.org/10.1109/ISCA45697.2020.00040.

    Examples
    --------
    >>> float(stability(Bitstream.from_bits([1, 0, 1, 0, 1, 0, 1, 0]), tolerance=0.2))
    0.875
    """
    check_stream("stream", stream)
    checks.real("tolerance", tolerance, 0.0, 1.0)
    bits = stream.bits()
    running = np.cumsum(bits, axis=-1) / np.arange(1, stream.length + 1)
    outside = np.abs(running - running[..., -1:]) > tolerance
    last = np.where(outside.any(-1), stream.length - np.argmax(outside[..., ::-1], axis=-1), 0)
    return np.asarray(1 - last / stream.length)
