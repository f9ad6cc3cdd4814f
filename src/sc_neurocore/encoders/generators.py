"""Number generators: a stream is 1 in the cycles in which the number is below a threshold.

=============  ====================================  =======================  ======================
generator      circuit                               partner for the weights  error of an AND product
=============  ====================================  =======================  ======================
`Bernoulli`    a true random source per stream       a further source         order 1 / sqrt(L)
`LFSR`         shift register with XOR feedback      reciprocal polynomial,   order 1 / sqrt(L)
                                                     other phases
`Sobol`        Gray-code XOR of direction numbers    another dimension        order log(L)**2 / L
`Halton`       counter in a prime base, reversed     another prime            order log(L)**2 / L
`VanDerCorput` counter, bits reversed                `Ramp`                   order log(L) / L
`Ramp`         counter                               `VanDerCorput`           order log(L) / L
`Lattice`      counter and adder, both modulo L      the counter              order log(L) / L
`Searched`     counter and a look-up                 the counter              figures by length
`UserSequence` a memory                              its next row             the user's
=============  ====================================  =======================  ======================

Ramp x van der Corput without a mask has a bias of one sign, which adds up in a dot product. The generators here are in
this file but for `LFSR`, `Lattice`, `Searched` and `Sobol`, which have files of their own.
"""

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..read_only import attribute, frozen
from .generator import MAX_BITS, Generator, check_index, check_length, hold_whole, hold_width, shown

MAX_BASE = 1 << 16
"""Largest base of a Halton sequence."""


@dataclass(frozen=True)
class Bernoulli(Generator):
    """Random numbers, independent in every stream and cycle (counter-based, see `backends.philox`).

    Parameters
    ----------
    bits
        Binary digits of a probability, 1..32.

    Notes
    -----
    Error law: the decoded value has variance p (1 - p) / L.
    """

    bits: int = 16

    def __post_init__(self) -> None:
        hold_whole(self, "bits", 1, MAX_BITS)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Not available: every stream has a random source of its own."""
        raise TypeError("a Bernoulli generator has no fixed sequence; encode with an Encoder")

    def decorrelated(self, index: int) -> Self:
        """The generator itself: an encoder gives every partner a key of its own, so their streams are independent."""
        check_index(index)
        return self


@dataclass(frozen=True)
class Ramp(Generator):
    """A counter: 0, 1, .., 2**bits - 1, 0, ..; the ones of a stream come first.

    Parameters
    ----------
    bits
        Width of a number, 1..32.
    mask
        XORed with every number (a digital shift), so that the counter starts at `mask`.
    period
        Cycles of one run, at least 1: ``floor(t 2**bits / period)``, a register that a fraction is added to (the first
        coordinate of Hammersley's points). None: ``2**bits``, the plain counter.

    Notes
    -----
    Circuit: sky130 cells of 130, 165 and 200 square micrometres at L = 16, 32 and 64.

    Examples
    --------
    >>> Ramp(bits=2).sequence(5)
    array([0, 1, 2, 3, 0], dtype=uint32)
    >>> Ramp(bits=3, period=5).sequence(6)
    array([0, 1, 3, 4, 6, 0], dtype=uint32)
    """

    bits: int = 8
    mask: int = field(default=0, kw_only=True, repr=False)
    period: int | None = field(default=None, kw_only=True, repr=False)
    __repr__ = shown

    def __post_init__(self) -> None:
        hold_width(self)
        if self.period is not None:
            hold_whole(self, "period", 1, 1 << MAX_BITS)

    @property
    def in_runs(self) -> bool:
        """The ones come first."""
        return True

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The counter's values."""
        cycles = np.arange(check_length(length), dtype=np.uint64)
        if self.period is None:
            cycles %= np.uint64(self.modulus)
        else:
            cycles = cycles % np.uint64(self.period) * np.uint64(1 << self.bits) // np.uint64(self.period)
        return cycles.astype(np.uint32) ^ np.uint32(self.mask)

    def decorrelated(self, index: int) -> Generator:
        """Partner 1 is the van der Corput sequence; 2, 3, .. are Halton sequences in the bases 3, 5, .."""
        index = check_index(index)
        return self if index == 0 else _halton_family(index, self.bits, VanDerCorput(self.bits))


@dataclass(frozen=True)
class VanDerCorput(Generator):
    """A counter whose bits are read in reverse.

    Parameters
    ----------
    bits
        Width of a number, 1..32.
    mask
        XORed with every number (a digital shift). With half of its bits 1 and a `Ramp` for partner, the error of one
        sign that all products of the two have in common is gone where `bits` is even, and smallest where it is odd.

    Notes
    -----
    Circuit: the counter, of 130, 165 and 200 square micrometres of sky130 cells at L = 16, 32 and 64; to read it in
    reverse takes none.

    Examples
    --------
    >>> VanDerCorput(bits=2).sequence(4)
    array([0, 2, 1, 3], dtype=uint32)
    >>> VanDerCorput(bits=2, mask=1).sequence(4)
    array([1, 3, 0, 2], dtype=uint32)
    """

    bits: int = 8
    mask: int = field(default=0, kw_only=True, repr=False)
    __repr__ = shown

    def __post_init__(self) -> None:
        hold_width(self)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The radical inverse in base 2, floored to `bits` bits."""
        return _radical_inverse(length, 2, self.bits) ^ np.uint32(self.mask)

    def decorrelated(self, index: int) -> Generator:
        """Partner 1 is the ramp; 2, 3, .. are Halton sequences in the bases 3, 5, .."""
        index = check_index(index)
        return self if index == 0 else _halton_family(index, self.bits, Ramp(self.bits))


def _halton_family(index: int, bits: int, first: Generator) -> Generator:
    return first if index == 1 else Halton(bits).decorrelated(index - 1)


@dataclass(frozen=True)
class Halton(Generator):
    """The radical inverse in a prime base, floored to `bits` bits.

    Parameters
    ----------
    bits
        Width of a number, 1..32.
    base
        A prime.
    mask
        XORed with every number (a digital shift).

    Notes
    -----
    In a base beyond L the numbers of L cycles only rise, as those of a ramp, and two such bases rise together: streams
    of length L have use for the primes below L.

    Circuit: a counter in this base and, unless it is 2, a multiplication by constants that makes bits of its reversed
    digits.

    References
    ----------
    A. Alaghi, J. P. Hayes, "Fast and accurate computation using stochastic circuits", DATE 2014,
    https://doi.org/10.7873/DATE.2014.089.

    Examples
    --------
    >>> Halton(bits=4, base=3).sequence(4)
    array([ 0,  5, 10,  1], dtype=uint32)
    """

    bits: int = 8
    base: int = 2
    mask: int = field(default=0, kw_only=True, repr=False)
    __repr__ = shown

    def __post_init__(self) -> None:
        hold_width(self)
        hold_whole(self, "base", 2, MAX_BASE)
        if any(self.base % d == 0 for d in range(2, math.isqrt(self.base) + 1)):
            raise ValueError(f"base must be a prime, got {self.base}")

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """``floor(radical_inverse(t) * 2**bits)``."""
        return _radical_inverse(length, self.base, self.bits) ^ np.uint32(self.mask)

    def decorrelated(self, index: int) -> Self:
        """The Halton sequence of the prime `index` places after this base."""
        primes = _primes(MAX_BASE)
        place = primes.index(self.base)
        return replace(self, base=primes[place + checks.whole("index", index, 0, len(primes) - 1 - place)])


@lru_cache(maxsize=1)
def _primes(largest: int) -> list[int]:
    sieve = np.ones(largest + 1, bool)
    sieve[:2] = False
    for d in range(2, math.isqrt(largest) + 1):
        sieve[d * d :: d] = False
    found: list[int] = np.flatnonzero(sieve).tolist()
    return found


def _radical_inverse(length: int, base: int, bits: int) -> NDArray[np.uint32]:
    """Digits of 0, 1, 2, .. in `base` mirrored at the point; exact in integers."""
    check_length(length)
    index = np.arange(length, dtype=np.uint64)
    numerator, denominator = np.zeros(length, np.uint64), 1
    while denominator < length:
        numerator = numerator * np.uint64(base) + index % np.uint64(base)
        index //= np.uint64(base)
        denominator *= base
    result = np.zeros(length, np.uint64)
    for _ in range(bits):  # long division, a binary digit at a time
        numerator = numerator * np.uint64(2)
        digit = (numerator >= np.uint64(denominator)).astype(np.uint64)
        numerator -= digit * np.uint64(denominator)
        result = result * np.uint64(2) + digit
    return result.astype(np.uint32)


class UserSequence(Generator):
    """Number generator that reads numbers from an array, repeated when they run out.

    Parameters
    ----------
    values
        Integers in [0, 2**bits), ``(period,)`` or ``(k, period)``. Row 1 makes the weight streams,
        row 2 the select stream of a MUX; one row will do for a single encoder.
    bits
        Width of a number, 1..32.

    Examples
    --------
    >>> UserSequence([3, 1, 0, 2], bits=2).sequence(6)
    array([3, 1, 0, 2, 3, 1], dtype=uint32)
    """

    def __init__(self, values: ArrayLike, bits: int) -> None:
        self._bits = checks.whole("bits", bits, 1, MAX_BITS)
        rows = np.atleast_2d(checks.unmasked("values", values, "integers"))
        if rows.ndim != 2 or rows.size == 0:
            raise ValueError(f"values must have shape (period,) or (k, period), got {np.shape(values)}")
        if rows.dtype.kind not in "iu":
            raise TypeError(f"values must be integers, got {rows.dtype}")
        if rows.min() < 0 or rows.max() >= self.modulus:
            bad = rows.min() if rows.min() < 0 else rows.max()
            raise ValueError(f"values must lie in [0, 2**bits = {self.modulus}), got {bad}")
        self._values: NDArray[np.uint32] = frozen(rows.astype(np.uint32))

    values: NDArray[np.uint32] = attribute("_values", "A copy of the numbers ``(k, period)``.")
    bits: int = attribute("_bits", "Width of a number.")

    def __repr__(self) -> str:
        return f"UserSequence({self._values.shape[0]} x {self._values.shape[1]} values, bits={self._bits})"

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Row 0, repeated."""
        return np.resize(self._values[0], check_length(length))

    def decorrelated(self, index: int) -> "UserSequence":
        """The generator that starts at row `index`."""
        index = check_index(index)
        if index >= len(self._values):
            raise ValueError(
                f"index {index} of a UserSequence needs {index + 1} decorrelated rows here, got {len(self._values)}"
            )
        return UserSequence(self._values[index:], self._bits)
