"""Gates for correlated operands: maximum, minimum, distance and difference by one gate each, at SCC = +1.

Streams made by comparing with one shared sequence have SCC = +1: the ones of the smaller lie under
the ones of the larger. Every ``..._expected`` function takes the correlation `scc` that the streams
really have, so that it also tells what an uncorrelated pair does to the gate.

References
----------
A. Alaghi, J. P. Hayes, "Exploiting correlation in stochastic circuit design", ICCD 2013,
https://doi.org/10.1109/ICCD.2013.6657023.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Bitstream, from_probability, to_probability
from ..bitstreams.encodings import Encoding
from .arguments import check_pair, common_shape

_ORDERED = ("unipolar", "bipolar")
_UNIPOLAR = ("unipolar",)


def maximum(a: Bitstream, b: Bitstream) -> Bitstream:
    """One OR gate outputs the larger of two streams that overlap fully.

    ::

        a --+----+
            | OR |-- max(a, b)     where the ones of a and b overlap (SCC = +1)
        b --+----+

    Parameters
    ----------
    a, b
        Unipolar or bipolar streams of one encoding and one length; their shapes broadcast.

    Returns
    -------
    Bitstream
        max(a, b), in the same encoding.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the encodings or lengths differ, or the encoding is split.

    Notes
    -----
    Error law: exact at SCC = +1, whatever the length. In probabilities of a one the gate gives
    p + q - pq at SCC = 0 and min(1, p + q) at SCC = -1; see `maximum_expected`.

    References
    ----------
    A. Alaghi, J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> maximum(Bitstream.from_bits([1, 1, 1, 0]), Bitstream.from_bits([1, 0, 0, 0])).value()
    array(0.75)
    """
    first, left, right = check_pair(a, b, _ORDERED)
    return Bitstream.owning(left | right, first.length, first.encoding)


def minimum(a: Bitstream, b: Bitstream) -> Bitstream:
    """One AND gate outputs the smaller of two streams that overlap fully.

    ::

        a --+-----+
            | AND |-- min(a, b)    where the ones of a and b overlap (SCC = +1)
        b --+-----+

    Parameters
    ----------
    a, b
        Unipolar or bipolar streams of one encoding and one length; their shapes broadcast.

    Returns
    -------
    Bitstream
        min(a, b), in the same encoding.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the encodings or lengths differ, or the encoding is split.

    Notes
    -----
    Error law: exact at SCC = +1, whatever the length. In probabilities of a one the gate gives pq
    at SCC = 0 and max(0, p + q - 1) at SCC = -1; see `minimum_expected`.

    References
    ----------
    A. Alaghi, J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> minimum(Bitstream.from_bits([1, 1, 1, 0]), Bitstream.from_bits([1, 0, 0, 0])).value()
    array(0.25)
    """
    first, left, right = check_pair(a, b, _ORDERED)
    return Bitstream.owning(left & right, first.length, first.encoding)


def distance(a: Bitstream, b: Bitstream) -> Bitstream:
    """One XOR gate outputs the absolute difference of two streams that overlap fully.

    ::

        a --+-----+
            | XOR |-- |a - b|      where the ones of a and b overlap (SCC = +1)
        b --+-----+

    Parameters
    ----------
    a, b
        Unipolar streams of one length; their shapes broadcast.

    Returns
    -------
    Bitstream
        abs(a - b), unipolar.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the lengths differ or a stream is not unipolar.

    Notes
    -----
    Error law: exact at SCC = +1, whatever the length. The gate gives a + b - 2ab at SCC = 0 and
    min(a + b, 2 - a - b) at SCC = -1; see `distance_expected`.

    References
    ----------
    A. Alaghi, J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> distance(Bitstream.from_bits([1, 1, 1, 0]), Bitstream.from_bits([1, 0, 0, 0])).value()
    array(0.5)
    """
    first, left, right = check_pair(a, b, _UNIPOLAR)
    return Bitstream.owning(left ^ right, first.length, first.encoding)


def saturating_subtract(a: Bitstream, b: Bitstream) -> Bitstream:
    """An inverter and an AND gate output a - b, or zero where b is the larger.

    ::

        a ---------+-----+
                   | AND |-- max(a - b, 0)     where the ones of a and b overlap (SCC = +1)
        b --[NOT]--+-----+

    Parameters
    ----------
    a, b
        Unipolar streams of one length; their shapes broadcast.

    Returns
    -------
    Bitstream
        max(a - b, 0), unipolar.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the lengths differ or a stream is not unipolar.

    Notes
    -----
    Error law: exact at SCC = +1, whatever the length. The gate gives a (1 - b) at SCC = 0 and
    min(a, 1 - b) at SCC = -1; see `saturating_subtract_expected`.

    References
    ----------
    A. Alaghi, J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> saturating_subtract(Bitstream.from_bits([1, 1, 1, 0]), Bitstream.from_bits([1, 0, 0, 0])).value()
    array(0.5)
    """
    first, left, right = check_pair(a, b, _UNIPOLAR)
    return Bitstream.owning(left & ~right, first.length, first.encoding)


def overlap(p: ArrayLike, q: ArrayLike, scc: float) -> NDArray[np.float64]:
    """Fraction of cycles in which two streams of probabilities `p` and `q` are both one.

    The definition of SCC solved for the overlap: pq at 0, min(p, q) at +1, max(0, p + q - 1) at
    -1, and a straight line between.

    >>> overlap(0.5, 0.75, 1.0), overlap(0.5, 0.75, 0.0), overlap(0.5, 0.75, -1.0)
    (array(0.5), array(0.375), array(0.25))
    """
    left, right = checks.array("p", p, 0, 1), checks.array("q", q, 0, 1)
    common_shape(p=left.shape, q=right.shape)
    share = checks.real("scc", scc, -1.0, 1.0)
    extreme = np.minimum(left, right) if share > 0 else np.maximum(left + right - 1, 0)
    return np.asarray((1 - abs(share)) * left * right + abs(share) * extreme)


def maximum_expected(
    a: ArrayLike, b: ArrayLike, scc: float = 1.0, encoding: Encoding = "unipolar"
) -> NDArray[np.float64]:
    """Value of `maximum` for infinitely long streams of values `a` and `b` and correlation `scc`.

    >>> maximum_expected(0.5, 0.75), maximum_expected(0.5, 0.75, scc=0.0)
    (array(0.75), array(0.875))
    """
    p, q = _probabilities(a, b, encoding)
    # At most 1 but for the last bit of the sums.
    return from_probability(np.minimum(p + q - overlap(p, q, scc), 1.0), encoding)


def minimum_expected(
    a: ArrayLike, b: ArrayLike, scc: float = 1.0, encoding: Encoding = "unipolar"
) -> NDArray[np.float64]:
    """Value of `minimum` (an AND gate) for infinitely long streams of values `a` and `b` and correlation `scc`.

    >>> minimum_expected(0.5, 0.75), minimum_expected(0.5, 0.75, scc=0.0)
    (array(0.5), array(0.375))
    """
    p, q = _probabilities(a, b, encoding)
    return from_probability(overlap(p, q, scc), encoding)


def distance_expected(a: ArrayLike, b: ArrayLike, scc: float = 1.0) -> NDArray[np.float64]:
    """Value of `distance` for infinitely long streams of values `a` and `b` and correlation `scc`.

    >>> distance_expected(0.5, 0.75), distance_expected(0.5, 0.75, scc=0.0)
    (array(0.25), array(0.5))
    """
    p, q = _probabilities(a, b, "unipolar")
    return np.asarray(np.clip(p + q - 2 * overlap(p, q, scc), 0.0, 1.0))


def saturating_subtract_expected(a: ArrayLike, b: ArrayLike, scc: float = 1.0) -> NDArray[np.float64]:
    """Value of `saturating_subtract` for infinitely long streams of values `a` and `b` and correlation `scc`.

    >>> saturating_subtract_expected(0.75, 0.5), saturating_subtract_expected(0.75, 0.5, scc=0.0)
    (array(0.25), array(0.375))
    """
    p, q = _probabilities(a, b, "unipolar")
    return np.asarray(np.maximum(p - overlap(p, q, scc), 0.0))  # of what rounding leaves below 0


def _probabilities(a: ArrayLike, b: ArrayLike, encoding: Encoding) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    checks.option("encoding", encoding, _ORDERED)
    p, q = to_probability(a, encoding, "a"), to_probability(b, encoding, "b")
    common_shape(a=p.shape, b=q.shape)
    return p, q
