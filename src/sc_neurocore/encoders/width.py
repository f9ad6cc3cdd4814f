"""Comparators of another width than the numbers of a generator have."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..read_only import attribute
from .generator import MAX_BITS, Generator, check_index


class OfWidth(Generator):
    """A generator read by comparators of `bits` bits: the width decides how finely a number is held, not its mean.

    A threshold ``k`` of 0 .. ``2**bits`` gives ``round(k M / 2**bits)`` ones in M cycles of a full period, M the
    modulus of the generator; halves go to the even number, so that they have no common sign. In a circuit, a wider
    comparator has a constant at its low inputs, a narrower one leaves low bits of the numbers out.

    Parameters
    ----------
    source
        Makes the numbers.
    bits
        Width of the thresholds, 1..32.

    Examples
    --------
    >>> from sc_neurocore.encoders import Ramp
    >>> OfWidth(Ramp(2), bits=4).sequence(4), OfWidth(Ramp(2), bits=1).sequence(4)
    (array([ 2,  5, 10, 13], dtype=uint32), array([0, 0, 1, 1], dtype=uint32))
    """

    def __init__(self, source: Generator, bits: int) -> None:
        if not isinstance(source, Generator):
            raise TypeError(f"source must be a Generator, got {checks.shown(source)}")
        self._source = source
        self._bits = checks.whole("bits", bits, 1, MAX_BITS)

    source: Generator = attribute("_source", "Makes the numbers.")
    bits: int = attribute("_bits", "Width of a number.")

    def __repr__(self) -> str:
        return f"OfWidth({self._source!r}, bits={self._bits})"

    def __str__(self) -> str:
        return f"{self._source}, read by comparators of {self._bits} bits"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OfWidth) and (self._source, self._bits) == (other.source, other.bits)

    def __hash__(self) -> int:
        return hash((self._source, self._bits))

    @property
    def n_lines(self) -> int | None:
        """Lines of the source."""
        return self._source.n_lines

    @property
    def groups(self) -> tuple[Generator, ...]:
        """Those of the source, at this width."""
        several = self._source.groups
        return (self,) if len(several) == 1 else tuple(OfWidth(each, self._bits) for each in several)

    @property
    def in_runs(self) -> bool:
        """As of the source."""
        return self._source.in_runs

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The numbers of the source, at this width."""
        return at_width(self._source.sequence(length), self._source.modulus, self._bits)

    def decorrelated(self, index: int) -> "OfWidth":
        """Line `index` of the source, at this width."""
        index = check_index(index)
        return self if index == 0 else OfWidth(self._source.decorrelated(index), self._bits)


def binary(source: Generator) -> Generator:
    """The generator, read by comparators of its own width where its numbers do not take all values of that width."""
    return source if source.modulus == 1 << source.bits else OfWidth(source, source.bits)


def at_width(numbers: NDArray[Any], modulus: int, bits: int) -> NDArray[np.uint32]:
    """Numbers in [0, modulus) as numbers of `bits` bits that are below as large a share of the thresholds.

    Number u is below threshold k of `bits` bits if it is below ``round(k modulus / 2**bits)``, that is, if
    ``2 k modulus`` is above ``(2 u + 1) 2**bits``, or equal and u is odd.

    >>> at_width(np.arange(3), modulus=3, bits=8)
    array([ 42, 127, 213], dtype=uint32)
    """
    # (2 u + 1) 2**bits has up to 33 + 32 bits: the division is done in two steps of 64 bits.
    wide = numbers.astype(np.uint64)
    twice = 2 * wide + np.uint64(1)
    divisor = np.uint64(2 * modulus)
    whole, rest = np.divmod(twice << np.uint64(bits // 2), divisor)
    shift = np.uint64(bits - bits // 2)
    low, left = np.divmod(rest << shift, divisor)
    return np.asarray((whole << shift) + low - ((left == 0) & (wide % 2 == 1)), np.uint32)
