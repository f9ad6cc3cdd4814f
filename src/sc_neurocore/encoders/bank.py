"""Number sequences that measurement found to go together: what a generator's name stands for at a stream length."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .generator import Generator
from .product_error import TERMS, bernoulli_dot_rmse, dot_rmse

NAMES = ("sobol", "lattice", "lfsr", "halton", "vdc", "ramp")


class Bank(Generator):
    """Number sequences of one kind for streams of one length, chosen by measurement.

    Lines 0 and 1, for the inputs and the weights of products, are the pair with the least dot RMSE that was found.
    Any two lines may meet at an AND gate and any three at an OR gate: the RMSE is at most 1.5 times that of
    Bernoulli streams. There are `n_lines` of them; short streams have few.

    Parameters
    ----------
    name
        ``"sobol"``, ``"lattice"``, ``"lfsr"``, ``"halton"``, ``"vdc"`` or ``"ramp"``.
    length
        Clock cycles L.

    Notes
    -----
    The dot RMSE is that of a sum of 784 products, see `product_error.dot_rmse`. Lines of powers of two up to 16,384,
    and of all lengths up to 256, are stored (``python -m verification.lines`` finds them again); others are searched
    for when they are first asked for, in less than .1 s.

    Examples
    --------
    >>> bank = Bank("sobol", 256)
    >>> bank.dot_rmse < 0.066, bank.n_lines > 8
    (True, True)
    """

    def __init__(self, name: str, length: int) -> None:
        self.name, self.length = name, checks.whole("length", length, 1)
        self.lines = lines_of(name, self.length)
        """The generators of the lines."""
        self.bits = self.lines[0].bits

    def __repr__(self) -> str:
        return f"Bank({self.name!r}, {self.length})"

    def __str__(self) -> str:
        first, second = self.lines[0], self.decorrelated(1)
        return (
            f"{first!r} and {second!r}, dot RMSE {self.dot_rmse:.3g} "
            f"({TERMS} products; Bernoulli {bernoulli_dot_rmse(self.length):.3g}), {self.n_lines} lines"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bank) and (self.name, self.length) == (other.name, other.length)

    def __hash__(self) -> int:
        return hash((self.name, self.length))

    def __reduce__(self) -> tuple[type["Bank"], tuple[str, int]]:
        return Bank, (self.name, self.length)

    @property
    def modulus(self) -> int:
        """Of all lines."""
        return self.lines[0].modulus

    @property
    def n_lines(self) -> int:
        """Number of lines."""
        return len(self.lines)

    @property
    def in_runs(self) -> bool:
        """Of line 0."""
        return self.lines[0].in_runs

    @property
    def dot_rmse(self) -> float:
        """RMSE of a sum of 784 products of operands uniform on 0, 1/L, .., 1."""
        first, second = (self.decorrelated(line).sequence(self.length) for line in (0, 1))
        return dot_rmse(first, second, self.modulus)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Numbers of line 0."""
        return self.lines[0].sequence(length)

    def decorrelated(self, index: int) -> Generator:
        """The generator of line `index`."""
        self.check_lines(index + 1, "a circuit")
        return self.lines[index]


@lru_cache(maxsize=256)
def lines_of(name: str, length: int) -> tuple[Generator, ...]:
    """The lines of a bank: stored ones, or found by a search."""
    from .generators import Halton, Ramp, VanDerCorput
    from .lfsr import LFSR
    from .sobol import Sobol

    bits = max(1, (length - 1).bit_length())
    if name == "sobol":
        return tuple(Sobol(bits, d) for d in range(1, 33))
    if name == "lfsr":
        return tuple(LFSR(max(3, bits)).decorrelated(i) for i in range(16))
    if name == "halton":
        return tuple(Halton(bits, p) for p in (2, 3, 5, 7, 11, 13, 17, 19))
    pair = (VanDerCorput(bits), Ramp(bits))
    return pair if name == "vdc" else pair[::-1]
