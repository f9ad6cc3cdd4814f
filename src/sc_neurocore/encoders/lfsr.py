"""The linear feedback shift register (LFSR), a pseudo-random number source."""

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations, product
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose
from ..read_only import attribute
from .generator import MAX_BITS, Generator, check_index, check_length

# A primitive polynomial of every degree, by its taps (P. Alfke, Xilinx XAPP 052, 1996, table 3).
TAPS: dict[int, tuple[int, ...]] = {
    1: (1,), 2: (2, 1), 3: (3, 2), 4: (4, 3), 5: (5, 3), 6: (6, 5), 7: (7, 6), 8: (8, 6, 5, 4), 9: (9, 5), 10: (10, 7),
    11: (11, 9), 12: (12, 6, 4, 1), 13: (13, 4, 3, 1), 14: (14, 5, 3, 1), 15: (15, 14),
    16: (16, 15, 13, 4), 17: (17, 14), 18: (18, 11), 19: (19, 6, 2, 1), 20: (20, 17), 21: (21, 19),
    22: (22, 21), 23: (23, 18), 24: (24, 23, 22, 17), 25: (25, 22), 26: (26, 6, 2, 1),
    27: (27, 5, 2, 1), 28: (28, 25), 29: (29, 27), 30: (30, 6, 4, 1), 31: (31, 28),
    32: (32, 22, 2, 1),
}  # fmt: skip

_PHASES, _TRIALS = 16, 64
"""Lines of one polynomial, and jumps that are tried for them."""


class LFSR(Generator):
    """A linear feedback shift register: each cycle the XOR of the taps enters at the low end (Fibonacci form).

    The other bits move up by one. With `insert_zero` a NOR gate over all but the highest bit joins the XOR,
    which puts the state 0 after 100..0. The period is then 2**bits (a de Bruijn sequence): v = 1 is a stream of
    ones only, and a stream of one period holds its threshold exactly. The number of a cycle is the state, or what
    wires and inverters make of it: `reverse` reads stage 1 as the highest bit, `mask` inverts bits.

    Parameters
    ----------
    bits
        Register width, 1..32.
    taps
        Exponents of a primitive polynomial, `bits` among them; None takes one from a table.
    seed
        First state, 1..2**bits - 1.
    insert_zero
        False leaves the period at 2**bits - 1.
    mask
        XOR of the numbers, 0..2**bits - 1.
    reverse
        True reads the stages in reverse order.

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
    >>> LFSR(3, mask=5, reverse=True).sequence(8)
    array([1, 7, 0, 3, 2, 6, 4, 5], dtype=uint32)
    """

    def __init__(
        self,
        bits: int = 8,
        taps: tuple[int, ...] | None = None,
        seed: int = 1,
        *,
        insert_zero: bool = True,
        mask: int = 0,
        reverse: bool = False,
    ) -> None:
        self._bits = checks.whole("bits", bits, 1, MAX_BITS)
        self._seed = checks.whole("seed", seed, 1, (1 << self._bits) - 1)
        self._insert_zero = checks.flag("insert_zero", insert_zero)
        self._mask = checks.whole("mask", mask, 0, (1 << self._bits) - 1)
        self._reverse = checks.flag("reverse", reverse)
        if taps is None:
            self._taps = TAPS[self._bits]
        else:
            if not isinstance(taps, Iterable):
                raise TypeError(f"taps must be a tuple of integers or None, got {checks.shown(taps)}")
            if isinstance(taps, np.ndarray) and taps.ndim != 1:
                raise ValueError(f"taps must be a tuple of integers or None, got {checks.shown(taps)}")
            self._taps = tuple(sorted({checks.whole("taps", tap, 1, self._bits) for tap in taps}, reverse=True))
            if not is_primitive(self._taps, self._bits):
                raise ValueError(f"taps must be those of a primitive polynomial of degree {bits}, got {taps}")
        self._state = self._seed

    bits: int = attribute("_bits", "Width of a number.")
    taps: tuple[int, ...] = attribute("_taps", "Exponents of the feedback polynomial.")
    seed: int = attribute("_seed", "The first state.")
    insert_zero: bool = attribute("_insert_zero", "Whether state 0 is in the cycle.")
    mask: int = attribute("_mask", "XORed with every number.")
    reverse: bool = attribute("_reverse", "Whether numbers are read in reverse.")

    def __repr__(self) -> str:
        zero = "" if self._insert_zero else ", insert_zero=False"
        mask = f", mask={self._mask}" if self._mask else ""
        reverse = ", reverse=True" if self._reverse else ""
        return f"LFSR(bits={self._bits}, taps={self._taps}, seed={self._seed}{zero}{mask}{reverse})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LFSR) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __str__(self) -> str:
        n = self._bits
        terms = " + ".join(f"x^{tap}" if tap > 1 else "x" for tap in self._taps)
        line = "      +" + "----+" * n
        row = [" "] * (7 + 5 * n)
        feedback = ["-"] * (7 + 5 * n)
        for tap in self._taps:
            column = 3 + 5 * tap
            row[column] = "|"
            if tap == n:
                feedback[column:] = "+"
            else:
                feedback[column - 1 : column + 2] = "XOR"
        row[1], feedback[0:2] = "|", " +"
        zero = "   (XOR NOR of bits " + (f"1..{n - 1})" if n > 2 else "1)") if self._insert_zero and n > 1 else ""
        if self._insert_zero and n == 1:
            zero = "   (inverted)"
        stages = range(1, n + 1) if self._reverse else range(n, 0, -1)
        number = ", ".join(f"{'not ' * (self._mask >> n - 1 - k & 1)}{stage}" for k, stage in enumerate(stages))
        return "\n".join([
            f"LFSR, {n} bits, {terms} + 1, period {self.period}",
            line,
            " +--->|" + "|".join(f"{k:3d} " for k in range(1, n + 1)) + "|",
            " |    " + line[6:],
            "".join(row).rstrip(),
            "".join(feedback) + zero,
            *([f"number, highest bit first: {number}"] if self._mask or self._reverse else []),
        ])  # fmt: skip

    @property
    def period(self) -> int:
        """Cycles until the states repeat."""
        return (1 << self._bits) - (0 if self._insert_zero else 1)

    @property
    def state(self) -> int:
        """State of the register, which `step` moves on; it may be set."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        self._state = checks.whole("state", state, 0 if self._insert_zero else 1, (1 << self._bits) - 1)

    def _tap_mask(self) -> int:
        return sum(1 << (tap - 1) for tap in self._taps)

    def step(self) -> int:
        """Run one clock cycle; returns the new state."""
        self._state = int(choose().lfsr(self._state, self._tap_mask(), self._bits, self._insert_zero, 2)[1])
        return self._state

    def reset(self) -> None:
        """Set the state back to the seed."""
        self._state = self._seed

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Numbers from the seed on; `state` is neither read nor changed."""
        numbers = choose().lfsr(self._seed, self._tap_mask(), self._bits, self._insert_zero, check_length(length))
        if self._reverse:
            stages = ((numbers >> k & 1) << self._bits - 1 - k for k in range(self._bits))
            numbers = np.bitwise_or.reduce(list(stages))
        return numbers ^ np.uint32(self._mask)

    @property
    def n_lines(self) -> int:
        """Lines that `decorrelated` has: up to 32 from 3 bits on, whose phases are far apart; 1 below.

        Of the streams of a whole period, the AND of any two lines has at most 1.1 times the RMSE of independent
        Bernoulli streams, and the OR of any three at most 1.5 times (registers of the table, 3 to 10 bits).
        """
        if self._bits < 3:  # a polynomial of degree 1 or 2 is its own reciprocal
            return 1
        return 2 * min(len(_jumps(taps)) for taps in (self._taps, _reciprocal(self._taps)))

    def decorrelated(self, index: int) -> Self:
        """A register whose streams are uncorrelated with this one's; index 0 is this one itself.

        Odd partners have the reciprocal polynomial. From 2 on, partners are other phases of the two cycles.

        Raises
        ------
        ValueError
            If `index` is not below `n_lines`.
        """
        index = check_index(index)
        if index == 0:
            return self
        self.check_lines(index + 1, f"index {index} of a circuit")
        taps = _reciprocal(self._taps) if index % 2 else self._taps
        # In reverse order of stages, a register looks like that of the reciprocal polynomial running backwards.
        jump = -_jumps(_reciprocal(taps))[index // 2] if self._reverse else _jumps(taps)[index // 2]
        return self._wired(taps, self._seed).ahead(jump)

    def ahead(self, cycles: int) -> Self:
        """The register that starts from the state after so many cycles, the inserted zero not counted.

        Whatever the number of cycles, it takes the next `bits` states and x to that power modulo the polynomial,
        which says the XOR of which of them it is.

        >>> LFSR(32).ahead(1_000_000_007).seed
        2580381740
        """
        cycles = checks.whole("cycles", cycles, -(1 << 63), 1 << 63)
        power = _power_of_x(cycles % ((1 << self._bits) - 1), _polynomial(_reciprocal(self._taps)))
        states = choose().lfsr(self._seed, self._tap_mask(), self._bits, False, self._bits)
        summed = [power >> k & 1 == 1 for k in range(self._bits)]
        return self._wired(self._taps, int(np.bitwise_xor.reduce(states[summed])))

    def _wired(self, taps: tuple[int, ...], seed: int) -> Self:
        """A register of these taps and this seed, alike in the rest."""
        return type(self)(self._bits, taps, seed, insert_zero=self._insert_zero, mask=self._mask, reverse=self._reverse)


def is_primitive(taps: tuple[int, ...], degree: int) -> bool:
    """Whether ``x**degree + .. + 1`` with these taps has x as a generator of its field.

    >>> is_primitive((4, 3), 4), is_primitive((4, 2), 4)
    (True, False)
    """
    if degree not in taps:
        return False
    polynomial, order = _polynomial(taps), (1 << degree) - 1
    powers = (_power_of_x(order // q, polynomial) for q in _prime_factors(order))
    return _power_of_x(order, polynomial) == 1 and all(power != 1 for power in powers)


def _polynomial(taps: tuple[int, ...]) -> int:
    """Bit k is the coefficient of x**k."""
    return 1 | sum(1 << tap for tap in taps)


def _reciprocal(taps: tuple[int, ...]) -> tuple[int, ...]:
    """Taps of the polynomial read backwards, whose register makes the same bits in reverse order."""
    degree = max(taps)
    return tuple(sorted({degree, *(degree - tap for tap in taps if tap != degree)}, reverse=True))


def _power_of_x(exponent: int, polynomial: int) -> int:
    """``x**exponent`` modulo a polynomial, by squaring."""
    degree = polynomial.bit_length() - 1

    def times(a: int, b: int) -> int:
        product = 0
        while b:
            product ^= a if b & 1 else 0
            b >>= 1
            a <<= 1
            a ^= polynomial if a >> degree else 0
        return product

    result, square = 1, 2
    while exponent:
        result = times(result, square) if exponent & 1 else result
        square = times(square, square)
        exponent >>= 1
    return result


def _prime_factors(number: int) -> set[int]:
    found, divisor = set(), 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.add(divisor)
            number //= divisor
        divisor += 1
    return found | ({number} if number > 1 else set())


@lru_cache(maxsize=64)
def _jumps(taps: tuple[int, ...]) -> list[int]:
    """Cycles from the first line of a register to its others, none of them near one another; 0 comes first.

    The highest j, k and l bits of three lines are each a sum of state bits of one register. If no sum of them
    vanishes, they take all their values equally often. A jump is accepted if this holds with all lines before it for
    every ``j + k + l < degree / 2``, also where an inserted zero holds up some of the three by a cycle. Jumps are
    tried at steps of the golden ratio.
    """
    degree = max(taps)
    polynomial, order = _polynomial(_reciprocal(taps)), (1 << degree) - 1
    stride = next(k for k in range(int(order * 0.6180339887), order) if math.gcd(k, order) == 1)
    depth = (degree + 1) // 2 - 1
    # Which line, and which power of x from its first on, each of the `depth` bits is.
    depths = [(j, k, depth - j - k) for j in range(depth + 1) for k in range(depth + 1 - j)]
    late = [delays for delays in product((0, 1), repeat=3) if sum(delays) < 3]
    line = np.repeat([np.repeat([0, 1, 2], count) for count in depths], len(late), 0)
    power = np.array([
        [delay + k for delay, bits in zip(delays, count, strict=True) for k in range(bits)]
        for count in depths for delays in late
    ], np.int64)  # fmt: skip
    alone = [1 << degree + k for k in range(depth + 1)]  # the second line meets one other: a third of its own bits
    jumps: list[int] = []
    accepted: list[list[int]] = []
    for trial in range(min(_TRIALS, order)):
        jump = trial * stride % order
        powers = [_power_of_x(jump + k, polynomial) for k in range(depth + 1)]
        others = list(combinations(accepted, 2)) or [(other, alone) for other in accepted]
        if others and depth:
            triples = np.array([(*pair, powers) for pair in others], np.uint64)
            if _vanish(triples[:, line, power]):
                continue
        jumps.append(jump)
        accepted.append(powers)
        if len(jumps) == _PHASES:
            break
    return jumps


def _vanish(vectors: NDArray[np.uint64]) -> bool:
    """Whether the XOR of some of the vectors of a row is 0, in any row of ``(.., n)``."""
    for k in range(vectors.shape[-1]):
        pivot = vectors[..., k, None]
        if not pivot.all():
            return True
        rest = vectors[..., k + 1 :]
        rest ^= np.where(rest & (pivot & -pivot), pivot, np.uint64(0))
    return False
