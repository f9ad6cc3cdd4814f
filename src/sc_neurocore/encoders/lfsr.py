"""The linear feedback shift register (LFSR), a pseudo-random number source."""

from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose
from .generator import Generator

# A primitive polynomial of every degree, by its taps (P. Alfke, Xilinx XAPP 052, 1996, table 3).
TAPS: dict[int, tuple[int, ...]] = {
    3: (3, 2), 4: (4, 3), 5: (5, 3), 6: (6, 5), 7: (7, 6), 8: (8, 6, 5, 4), 9: (9, 5), 10: (10, 7),
    11: (11, 9), 12: (12, 6, 4, 1), 13: (13, 4, 3, 1), 14: (14, 5, 3, 1), 15: (15, 14),
    16: (16, 15, 13, 4), 17: (17, 14), 18: (18, 11), 19: (19, 6, 2, 1), 20: (20, 17), 21: (21, 19),
    22: (22, 21), 23: (23, 18), 24: (24, 23, 22, 17), 25: (25, 22), 26: (26, 6, 2, 1),
    27: (27, 5, 2, 1), 28: (28, 25), 29: (29, 27), 30: (30, 6, 4, 1), 31: (31, 28),
    32: (32, 22, 2, 1),
}  # fmt: skip


class LFSR(Generator):
    """A linear feedback shift register: each cycle the XOR of the taps enters at the low end (Fibonacci form).

    The other bits move up by one. With `insert_zero` a NOR gate over all but the highest bit joins the XOR,
    which puts the state 0 after 100..0. The period is then 2**bits (a de Bruijn sequence): v = 1 is a stream of
    ones only, and a stream of one period holds its threshold exactly.

    Parameters
    ----------
    bits
        Register width, 3..32.
    taps
        Exponents of a primitive polynomial, `bits` among them; None takes one from a table.
    seed
        First state, 1..2**bits - 1.
    insert_zero
        False leaves the period at 2**bits - 1.

    Raises
    ------
    ValueError
        If the polynomial is not primitive, or a number is out of its range.

    References
    ----------
    S. W. Golomb, "Shift Register Sequences", 1967; tap table: P. Alfke, Xilinx XAPP 052, 1996.

    Examples
    --------
    >>> register = LFSR(3)
    >>> register.sequence(8)
    array([1, 2, 5, 3, 7, 6, 4, 0], dtype=uint32)
    >>> register.step(), register.state
    (2, 2)
    >>> print(register)
    LFSR, 3 bits, x^3 + x^2 + 1, period 8
          +----+----+----+
     +--->|  1 |  2 |  3 |
     |    +----+----+----+
     |           |    |
     +----------XOR---+   (XOR NOR of bits 1..2)
    """

    def __init__(
        self, bits: int = 8, taps: tuple[int, ...] | None = None, seed: int = 1, *, insert_zero: bool = True
    ) -> None:
        self.bits = checks.whole("bits", bits, 3, 32)
        self.seed = checks.whole("seed", seed, 1, (1 << bits) - 1)
        self.insert_zero = checks.flag("insert_zero", insert_zero)
        if taps is None:
            self.taps = TAPS[bits]
        else:
            if not isinstance(taps, Iterable):
                raise TypeError(f"taps must be a tuple of integers or None, got {taps!r}")
            self.taps = tuple(sorted({checks.whole("taps", tap, 1, bits) for tap in taps}, reverse=True))
            if not is_primitive(self.taps, bits):
                raise ValueError(f"taps must be those of a primitive polynomial of degree {bits}, got {taps}")
        self.state = self.seed

    def __repr__(self) -> str:
        zero = "" if self.insert_zero else ", insert_zero=False"
        return f"LFSR(bits={self.bits}, taps={self.taps}, seed={self.seed}{zero})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LFSR) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __str__(self) -> str:
        n = self.bits
        terms = " + ".join(f"x^{tap}" if tap > 1 else "x" for tap in self.taps)
        line = "      +" + "----+" * n
        row = [" "] * (7 + 5 * n)
        feedback = ["-"] * (7 + 5 * n)
        for tap in self.taps:
            column = 3 + 5 * tap
            row[column] = "|"
            if tap == n:
                feedback[column:] = "+"
            else:
                feedback[column - 1 : column + 2] = "XOR"
        row[1], feedback[0:2] = "|", " +"
        zero = f"   (XOR NOR of bits 1..{n - 1})" if self.insert_zero else ""
        return "\n".join([
            f"LFSR, {n} bits, {terms} + 1, period {self.period}",
            line,
            " +--->|" + "|".join(f"{k:3d} " for k in range(1, n + 1)) + "|",
            " |    " + line[6:],
            "".join(row).rstrip(),
            "".join(feedback) + zero,
        ])  # fmt: skip

    @property
    def period(self) -> int:
        """Cycles until the states repeat."""
        return (1 << self.bits) - (0 if self.insert_zero else 1)

    def _mask(self) -> int:
        return sum(1 << (tap - 1) for tap in self.taps)

    def step(self) -> int:
        """Run one clock cycle; returns the new state."""
        self.state = int(choose().lfsr(self.state, self._mask(), self.bits, self.insert_zero, 2)[1])
        return self.state

    def reset(self) -> None:
        """Set the state back to the seed."""
        self.state = self.seed

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """States from the seed on; `state` is neither read nor changed."""
        return choose().lfsr(self.seed, self._mask(), self.bits, self.insert_zero, length)

    def decorrelated(self, index: int) -> Self:
        """A register whose streams are uncorrelated with this one's; index 0 is this one itself.

        Odd partners have the reciprocal polynomial; from 2 on, each also starts from another seed.
        """
        if index == 0:
            return self
        mirrored = tuple(sorted({self.bits, *(self.bits - tap for tap in self.taps if tap != self.bits)}, reverse=True))
        states = (1 << self.bits) - 1
        # Weyl steps of the golden ratio spread the phases' seeds over the states.
        seed = 1 + (self.seed - 1 + index // 2 * (int(states * 0.6180339887) | 1)) % states
        return type(self)(self.bits, mirrored if index % 2 else self.taps, seed, insert_zero=self.insert_zero)


def is_primitive(taps: tuple[int, ...], degree: int) -> bool:
    """Whether ``x**degree + .. + 1`` with these taps has x as a generator of its field.

    >>> is_primitive((4, 3), 4), is_primitive((4, 2), 4)
    (True, False)
    """
    if degree not in taps:
        return False
    polynomial = 1 | sum(1 << tap for tap in taps)

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            b >>= 1
            a <<= 1
            a ^= polynomial if a >> degree else 0
        return product

    def power_of_x(exponent: int) -> int:
        result, square = 1, 2
        while exponent:
            result = times(result, square) if exponent & 1 else result
            square = times(square, square)
            exponent >>= 1
        return result

    order = (1 << degree) - 1
    return power_of_x(order) == 1 and all(power_of_x(order // q) != 1 for q in _prime_factors(order))


def _prime_factors(number: int) -> set[int]:
    found, divisor = set(), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.add(divisor)
            number //= divisor
        divisor += 1
    return found | ({number} if number > 1 else set())
