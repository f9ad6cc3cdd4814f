"""A counter and a permutation of its values that was searched for: few errors in products of short streams."""

import math
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .generator import Generator
from .generators import Ramp

SHORTEST, LONGEST = 2, 256
"""Lengths for which the package has a permutation."""
_FILE = "searched.npz"
_TERMS = 784


class Searched(Generator):
    """A counter and a look-up: the inputs meet a permutation of 0 .. L-1, the weights the counter itself.

    ::

                     +---------+
        counter --+--| look-up |--> < --> stream of an input
                  |  +---------+    ^
                  |                 threshold round(p L)
                  +---------------> < --> stream of a weight

    The ones of an AND do not depend on the order of cycles, so every pair of sequences of full period is a counter
    and a permutation. The package has one for each length of 2 to 256, the best that simulated annealing found
    (``python -m verification.sequences``). L need not be a power of two: the counter wraps at L.

    Parameters
    ----------
    permutation
        The numbers of the look-up ``(L,)``, each of 0 .. L-1 once, L at least 2. `of_length` takes those of
        the package.

    Raises
    ------
    ValueError, TypeError
        If `permutation` is not a permutation of 0 .. L-1.

    Notes
    -----
    Error law: the figure `dot_rmse`, exact for one length; 4 times that for XNOR. It is about ``5.9 / L**0.835``
    for the permutations of the package, where independent Bernoulli streams have ``10.4 / sqrt(L)``: 1.0 and 3.7 at
    L = 8, .19 and 1.3 at L = 64. At L = 2 and 3 no permutation is free of bias, and Bernoulli streams are better.

    Circuit: sky130 cells of 215 square micrometres at L = 16, 447 at 32, 823 at 64, of which 130, 165 and 200 are the
    counter; once for all lines of a layer, beside 80 to 115 for the comparator of each line. Two lines only: whatever
    needs a third sequence (the select of a MUX, ``share="independent"``) needs another generator. The weights' ones
    come in one run, first: circuits that depend on time (saturating adders, neurons with a membrane) need another one.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by simulated annealing", Science 220, 1983,
    https://doi.org/10.1126/science.220.4598.671.

    Examples
    --------
    >>> Searched([2, 0, 3, 1]).sequence(6)
    array([2, 0, 3, 1, 2, 0], dtype=uint32)
    >>> Searched([2, 0, 3, 1]).decorrelated(1).sequence(6)
    array([0, 1, 2, 3, 0, 1], dtype=uint32)
    >>> print(Searched.of_length(64))
    counter and look-up of 64 numbers of 6 bits, dot RMSE 0.189 (784 products; Bernoulli 1.3)
    """

    def __init__(self, permutation: ArrayLike) -> None:
        numbers = np.asarray(permutation)
        if numbers.ndim != 1 or numbers.size < 2:
            raise ValueError(f"permutation must have shape (L,) with L at least 2, got {numbers.shape}")
        if not np.issubdtype(numbers.dtype, np.integer):
            raise TypeError(f"permutation must be integers, got {numbers.dtype}")
        if not np.array_equal(np.sort(numbers), np.arange(numbers.size)):
            raise ValueError(f"permutation must have each of 0 .. {numbers.size - 1} once, got {numbers}")
        self.permutation: NDArray[np.uint32] = numbers.astype(np.uint32)
        self.permutation.flags.writeable = False
        self.bits = (numbers.size - 1).bit_length()

    @classmethod
    def of_length(cls, length: int) -> "Searched":
        """The permutation of the package for streams of `length` cycles, 2 .. 256."""
        length = checks.whole("length", length, 1)
        if not SHORTEST <= length <= LONGEST:
            raise ValueError(
                f"length must lie in {SHORTEST}..{LONGEST} with generator 'searched', got {length}; "
                "generator 'sobol' has no limit"
            )
        return cls(_permutations()[length])

    def __repr__(self) -> str:
        length = self.modulus
        if length <= LONGEST and np.array_equal(_permutations()[length], self.permutation):
            return f"Searched.of_length({length})"
        return f"Searched({np.array2string(self.permutation, separator=', ', threshold=16)})"

    def __str__(self) -> str:
        length = self.modulus
        return (
            f"counter and look-up of {length} numbers of {self.bits} bits, dot RMSE {self.dot_rmse:.3g} "
            f"({_TERMS} products; Bernoulli {math.sqrt(_TERMS * 5 / 36 / length):.2g})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Searched) and np.array_equal(self.permutation, other.permutation)

    def __hash__(self) -> int:
        return hash(self.permutation.tobytes())

    @property
    def modulus(self) -> int:
        """L: numbers are 0 .. L-1."""
        return self.permutation.size

    @cached_property
    def dot_rmse(self) -> float:
        """RMSE of a sum of 784 AND products of operands uniform on 0, 1/L, .., 1, over one period; exact."""
        length = self.modulus
        grid = np.arange(length + 1)
        ones = np.zeros((length + 1, length + 1), np.int64)
        np.cumsum(self.permutation[:, None] < grid, axis=0, out=ones[1:])
        errors = ones * length - np.outer(grid, grid)  # integers, so that the sums are exact
        mean, square = float(errors.sum()), float((errors * errors).sum())
        mean, square = mean / errors.size / length**2, square / errors.size / length**4
        return math.sqrt(_TERMS * (square - mean**2) + (_TERMS * mean) ** 2)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The permutation, repeated."""
        return np.resize(self.permutation, length)

    def decorrelated(self, index: int) -> Generator:
        """Partner 1 is the counter; there are no others."""
        if index == 0:
            return self
        if index == 1:
            return Counter(self)
        raise ValueError(
            f"generator must have line {index} for this circuit, got {self!r} with 2 lines, 0 and 1; "
            "generators 'bernoulli', 'sobol' and 'halton' have more"
        )


class Counter(Ramp):
    """The counter beside a permutation of its values: 0, 1, .., L-1, 0, ..; the ones of a stream come first.

    >>> Counter(Searched([1, 2, 0])).sequence(5)
    array([0, 1, 2, 0, 1], dtype=uint32)
    """

    def __init__(self, partner: Generator) -> None:
        super().__init__(partner.bits)
        object.__setattr__(self, "partner", partner)

    partner: Generator

    @property
    def modulus(self) -> int:
        """L: numbers are 0 .. L-1."""
        return self.partner.modulus

    def __repr__(self) -> str:
        return f"Counter({self.partner!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counter) and self.partner == other.partner

    def __hash__(self) -> int:
        return hash(("counter", self.partner))

    def decorrelated(self, index: int) -> Generator:
        """Partner 1 is the permutation; there are no others."""
        return self if index == 0 else self.partner if index == 1 else self.partner.decorrelated(index)


@lru_cache(maxsize=1)
def _permutations() -> dict[int, NDArray[np.uint8]]:
    """The permutations of the package by length."""
    path = resources.files(__package__) / _FILE
    with path.open("rb") as file, np.load(file) as stored:
        lengths, numbers = stored["lengths"], stored["permutations"]
    return dict(zip(lengths.tolist(), np.split(numbers, np.cumsum(lengths, dtype=np.int64)[:-1]), strict=True))
