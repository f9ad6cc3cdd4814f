"""Sums of many streams: counters give numbers, OR trees and multiplexers give one stream.

All of them work along the last value axis.

=================  ==============================  ===================================
gate               result                          hardware
=================  ==============================  ===================================
`total`            sum v                           parallel counter and accumulator
`mean`             sum v / n                       the same, scaled
`saturating_sum`   sum v, held inside the range    parallel counter, one bit out a cycle
`or_gate`          1 - prod(1 - v)                 OR tree
`mux`              sum v / n                       multiplexer with a random select
`weighted_mux`     sum w v                         the same, a comparator an input
=================  ==============================  ===================================
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import Bitstream, from_probability, to_probability
from ..bitstreams.encodings import Encoding
from ..chunks import chunks
from .accumulators import MuxTree, OrTree, ParallelCounter, SaturatingAdder
from .arguments import check_inputs, check_sequence, check_stream, common_shape, with_axes
from .operands import summed

_MAGNITUDES = ("unipolar", "split")


def total(streams: Bitstream) -> NDArray[np.float64]:
    """A parallel counter adds the bits of all inputs every cycle, an accumulator adds the cycles.

    ::

        v1 --+---------+    +-------------+
        ..   | count   |==> | accumulator |==> sum v * L
        vn --+---------+    +-------------+

    Parameters
    ----------
    streams
        Streams ``(..., n)`` of any encoding.

    Returns
    -------
    ndarray
        Sums of the numbers, float64 ``(...)``, multiples of 1 / L (bipolar: 1 / L or 2 / L).

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream.
    ValueError
        If there is no axis to sum over, or it is empty.

    Notes
    -----
    Error law: nothing is lost, so the variances of the inputs add up: n independent unipolar
    Bernoulli streams give sum p (1 - p) / L.

    References
    ----------
    B. R. Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969),
    https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> total(Bitstream.from_bits([[1, 1, 0, 1], [1, 0, 0, 1]]))
    array(1.25)
    """
    checked = check_inputs("streams", streams)
    ones = checked.counts().sum(-1)
    counts = ones[0] - ones[1] if checked.encoding == "split" else ones
    return np.asarray(ParallelCounter(checked.length, checked.encoding).decoded(counts, checked.shape[-1]))


def mean(streams: Bitstream) -> NDArray[np.float64]:
    """A parallel counter adds the bits of all inputs, and the total is read as a fraction of n L.

    Parameters
    ----------
    streams
        Streams ``(..., n)`` of any encoding.

    Returns
    -------
    ndarray
        Means of the numbers, float64 ``(...)``, in the range of the encoding.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream.
    ValueError
        If there is no axis to average over, or it is empty.

    Notes
    -----
    Error law: that of `total` over n: n independent unipolar Bernoulli streams give a variance of
    sum p (1 - p) / (n**2 L), n times smaller than a multiplexer at equal inputs.

    References
    ----------
    B. R. Gaines, 1969, https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> mean(Bitstream.from_bits([[1, 1, 0, 1], [1, 0, 0, 1]]))
    array(0.625)
    """
    sums = total(streams)
    return np.asarray(sums / streams.shape[-1])


def saturating_sum(streams: Bitstream, *, two_level: bool = False) -> NDArray[np.float64]:
    """A parallel counter feeds an accumulator that gives back at most one unit a cycle.

    ::

        v1 --+-------+     +-------------+
        ..   | count |==>(+)  remainder  |--> one bit a cycle, subtracted
        vn --+-------+     +-------------+

    Cycle by cycle the remainder takes the sum of all inputs, and one unit leaves if it holds one.
    A bipolar or split sum is signed, and a unit of the sign of the remainder leaves.

    Parameters
    ----------
    streams
        Streams ``(..., n)`` of any encoding.
    two_level
        Bipolar and split only: the output is +1 (remainder >= 0) or -1 in every cycle, as in a
        bipolar stream; otherwise it may also be 0.

    Returns
    -------
    ndarray
        Sums held inside [0, 1] (unipolar) or [-1, 1], float64 ``(...)``.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream or `two_level` is not a bool.
    ValueError
        If there is no axis to sum over, it is empty, or `two_level` is asked of unipolar streams.

    Notes
    -----
    Error law: for long streams the sum clipped to the range. At length L the unipolar output is
    exactly min over t in 0..L of (S_t + L - t) / L, where S_t is the sum of the first t cycles: never
    above min(S_L / L, 1), and below it by the remainder that has not left yet. Near saturation
    (independent streams, sum = 1) that shortfall is of order sqrt(variance of a cycle / L).

    Examples
    --------
    >>> saturating_sum(Bitstream.from_bits([[0, 1, 1, 0], [0, 1, 0, 0]]))
    array(0.75)
    >>> saturating_sum(Bitstream.from_bits([[0, 0, 1, 1], [0, 0, 1, 1]]))
    array(0.5)
    """
    checked = check_inputs("streams", streams)
    levels = checks.flag("two_level", two_level)
    if levels and checked.encoding == "unipolar":
        raise ValueError("two_level must be False for unipolar streams, got True")
    adder = SaturatingAdder(checked.length, checked.encoding, two_level=levels)
    return adder.outputs(summed(checked)).reshape(checked.shape[:-1])


def or_gate(streams: Bitstream) -> Bitstream:
    """A tree of OR gates: the output is one in each cycle in which any input is.

    ::

        v1 --+
        ..   +-[OR]-- 1 - (1 - v1) .. (1 - vn)
        vn --+

    Parameters
    ----------
    streams
        Unipolar or split streams ``(..., n)``; split rails are combined rail by rail.

    Returns
    -------
    Bitstream
        Streams ``(...)`` in the same encoding. Of a split result both rails may be other than zero.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream.
    ValueError
        If the streams are bipolar (there the OR gate is no sum: its output depends on -1 as on
        the absence of ones), or there is no axis to combine, or it is empty.

    Notes
    -----
    Error law: independent Bernoulli streams give bits that are Bernoulli of 1 - prod(1 - v): the
    sum, less the collisions; see `or_gate_expected`. Variance q (1 - q) / L about that value q.

    References
    ----------
    B. R. Gaines, 1969, https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> or_gate(Bitstream.from_bits([[1, 0, 0, 1], [1, 1, 0, 0]])).value()
    array(0.75)
    """
    checked = check_inputs("streams", streams, _MAGNITUDES)
    batch = np.arange(math.prod(checked.shape[:-1]))[None]
    words = OrTree(checked.length, checked.encoding).streams(summed(checked), batch)
    return Bitstream.owning(words.reshape(*checked.words.shape[:-2], words.shape[-1]), checked.length, checked.encoding)


def or_gate_expected(values: ArrayLike, encoding: Encoding = "unipolar") -> NDArray[np.float64]:
    """Value of `or_gate` for infinitely long independent streams of `values` ``(..., n)``: ``(...)``.

    >>> or_gate_expected([0.5, 0.5, 0.5])
    array(0.875)
    >>> or_gate_expected([0.5, 0.5, -0.5], "split")
    array(0.25)
    """
    checks.option("encoding", encoding, _MAGNITUDES)
    p = to_probability(values, encoding)
    if np.ndim(values) == 0:
        raise ValueError(f"values must have shape (..., n), got {p.shape}")
    return from_probability(1 - np.prod(1 - p, axis=-1), encoding)


def mux(streams: Bitstream, select: NDArray[np.uint32] | Bitstream) -> Bitstream:
    """A multiplexer passes the bit of one input every cycle, the one that the select number names.

    ::

        v1 --|\\
        ..   | |-- sum v / n          v1 --|\\
        vn --|/                            | |-- (1 - s) v1 + s v2
              |                       v2 --|/
           random                           |  s

    Parameters
    ----------
    streams
        Streams ``(..., n)`` of any encoding.
    select
        Random numbers, uint32 ``(..., L)``: input ``floor(select / 2**32 * n)`` is passed. Or, for
        n = 2, a unipolar Bitstream: the first input is passed on a 0, the second on a 1. The leading
        axes broadcast with those of the streams. Both rails of a split stream share the select.

    Returns
    -------
    Bitstream
        Streams ``(...)`` in the same encoding.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream, or `select` neither a uint32 array nor a Bitstream.
    ValueError
        If shapes or lengths do not match, or a Bitstream selects among other than two inputs.

    Notes
    -----
    Error law: with independent random selects a unipolar output is Bernoulli of the mean m of the
    inputs, so its variance is m (1 - m) / L, that of one stream however many are added: the sum,
    n times the output, has n**2 times that.

    References
    ----------
    B. R. Gaines, 1969, https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> streams = Bitstream.from_bits([[1, 1, 1, 1], [0, 0, 0, 0]])
    >>> mux(streams, np.array([0, 2**31, 2**31 - 1, 2**32 - 1], np.uint32)).bits()
    array([1, 0, 1, 0], dtype=uint8)
    >>> mux(streams, Bitstream.from_bits([1, 0, 0, 0])).value()
    array(0.75)
    """
    checked = check_inputs("streams", streams)
    batch, n, length = checked.shape[:-1], checked.shape[-1], checked.length
    if isinstance(select, Bitstream):
        check_stream("select", select, ("unipolar",))
        if n != 2:
            raise ValueError(f"streams must have shape (..., 2) for a Bitstream select, got {checked.shape}")
        if select.length != length:
            raise ValueError(f"select must have the length of the streams {length}, got {select.length}")
        ndim = len(common_shape(streams=batch, select=select.shape))
        words = with_axes(checked, ndim + 1)
        return Bitstream.owning(
            (words[..., 1, :] & select.words) | (words[..., 0, :] & ~select.words), length, checked.encoding
        )
    numbers = check_sequence("select", select, length)
    shape = common_shape(streams=batch, select=numbers.shape[:-1])
    rails = checked.words.shape[:1] if checked.encoding == "split" else ()
    words = with_axes(checked, len(shape) + 1)
    # Every sample meets one of the streams and one of the select numbers; both are repeated for blocks of samples only.
    places = (
        np.broadcast_to(np.arange(math.prod(given)).reshape(given), shape).reshape(-1)
        for given in (words.shape[len(rails) : -2], numbers.shape[:-1])
    )
    of_streams, of_numbers = places
    sources, picks = words.reshape(*rails, -1, *words.shape[-2:]), numbers.reshape(-1, length)
    tree = MuxTree(length, checked.encoding, picks.__getitem__)
    out = np.empty((*rails, of_streams.size, words.shape[-1]), np.uint64)
    for block in chunks(of_streams.size, 16 * n * words.shape[-1] * (len(rails) + 1)):
        some = np.ascontiguousarray(sources[..., of_streams[block], :, :])
        operands = summed(Bitstream.owning(some, length, checked.encoding))
        out[..., block, :] = tree.streams(operands, of_numbers[None, block])[..., 0, :, 0, :]
    return Bitstream.owning(out.reshape(*rails, *shape, out.shape[-1]), length, checked.encoding)


def weighted_mux(streams: Bitstream, select: Bitstream) -> Bitstream:
    """A priority encoder passes, every cycle, the bit of the first input whose select bit is one.

    ::

        v1 ---------------------------|\\
        ..                            | |-- w1 v1 + .. + wn vn
        vn ---------------------------|/
                                       | first one
        w1           -->[<]-- s1 ------+
        w1 + w2      -->[<]-- s2 ------+
        ..               ^             |
        w1 + .. + wn -->[<]-- sn ------+
                         |
                  select number

    One select number a cycle is held against the running sums of the weights, so the select streams
    are nested, and input k is passed where s_k is one and s_(k-1) is not: a share w_k of the cycles.

    Parameters
    ----------
    streams
        Streams ``(..., n)`` of any encoding.
    select
        Unipolar streams ``(..., n)`` of the running sums of the weights, from one generator
        (`Encoder` with ``share="one"``) that is independent of that of `streams`. The leading axes
        broadcast with those of `streams`. Where no select bit is one, the output is 0. Both rails of
        a split stream share the select.

    Returns
    -------
    Bitstream
        Streams ``(...)`` in the encoding of `streams`.

    Raises
    ------
    TypeError
        If `streams` or `select` is not a Bitstream.
    ValueError
        If shapes or lengths do not match, or `select` is not unipolar.

    Notes
    -----
    Error law: with independent random numbers, weights that add up to 1 and m = sum w v, a unipolar
    output is Bernoulli of m: variance m (1 - m) / L. A select source that gives every input its
    w L cycles leaves sum w v (1 - v) / L: the spread between the inputs is gone. Correlation among
    `streams` does not matter, since a cycle passes one of them.

    References
    ----------
    B. R. Gaines, 1969, https://doi.org/10.1007/978-1-4899-5841-9_2; on insensitivity to correlation:
    A. Alaghi, J. P. Hayes, 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> streams = Bitstream.from_bits([[1, 1, 1, 1], [0, 0, 0, 0]])
    >>> select = Bitstream.from_bits([[1, 0, 1, 1], [1, 1, 1, 1]])
    >>> weighted_mux(streams, select).bits()
    array([1, 0, 1, 1], dtype=uint8)
    """
    checked, lines = check_inputs("streams", streams), check_inputs("select", select, ("unipolar",))
    if lines.shape[-1] != checked.shape[-1]:
        raise ValueError(f"select must have a stream for each of the {checked.shape[-1]} inputs, got {lines.shape[-1]}")
    if lines.length != checked.length:
        raise ValueError(f"select must have the length of the streams {checked.length}, got {lines.length}")
    ndim = len(common_shape(streams=checked.shape, select=lines.shape))
    words, taken = with_axes(checked, ndim), np.zeros((*lines.words.shape[:-2], lines.words.shape[-1]), np.uint64)
    out = np.zeros(np.broadcast_shapes(words[..., 0, :].shape, taken.shape), np.uint64)
    for k in range(lines.shape[-1]):
        line = lines.words[..., k, :]
        out |= words[..., k, :] & (line & ~taken)
        taken |= line
    return Bitstream.owning(out, checked.length, checked.encoding)
