"""Multiplication of streams."""

import numpy as np

from ..backends.packing import tail_mask
from ..bitstreams import Bitstream
from .arguments import check_pair


def multiply(a: Bitstream, b: Bitstream) -> Bitstream:
    """The product of two streams, bit by bit: an AND gate for unipolar, XNOR for bipolar, four ANDs for split.

    ::

        a --+-----+          a --+------+        a+ b+ --[AND]--+
            | AND |-- ab         | XNOR |-- ab   a- b- --[AND]--+-[OR]-- positive
        b --+-----+          b --+------+        a+ b- --[AND]--+
                                                 a- b+ --[AND]--+-[OR]-- negative

    Parameters
    ----------
    a, b
        Streams of one encoding and one length; their shapes broadcast. Of a split number at most
        one rail may be other than zero (that is what the encoders make); where both rails are one
        in the same cycle, the OR loses ones.

    Returns
    -------
    Bitstream
        The products, in the same encoding.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the encodings or lengths differ, or the shapes do not broadcast.

    Notes
    -----
    Error law: independent Bernoulli streams give bits that are Bernoulli of the product, so the
    variance is p (1 - p) / L for unipolar and (1 - v**2) / L for bipolar, with p = v = a b. The
    unipolar product depends on the correlation: `minimum_expected` gives the value at any SCC.

    References
    ----------
    B. R. Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969),
    https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> a = Bitstream.from_bits([1, 1, 0, 0])
    >>> b = Bitstream.from_bits([1, 0, 1, 0])
    >>> multiply(a, b).value()
    array(0.25)
    """
    first, left, right = check_pair(a, b)
    if first.encoding == "split":
        same = (left[0] & right[0]) | (left[1] & right[1])
        opposite = (left[0] & right[1]) | (left[1] & right[0])
        words = np.stack([same, opposite])
    elif first.encoding == "bipolar":
        words = ~(left ^ right)
        words[..., -1] &= tail_mask(first.length)
    else:
        words = left & right
    return Bitstream.owning(words, first.length, first.encoding)
