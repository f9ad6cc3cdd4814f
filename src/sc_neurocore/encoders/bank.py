"""Number sequences that measurement found to go together: what a generator's name stands for at a stream length."""

import json
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..read_only import attribute
from .generator import MAX_BITS, Generator, check_index
from .independence import IndependentLines
from .lattice import Lattice
from .line_search import KINDS, line_of, searched_lines, spreading_multiplier
from .product_error import TERMS, bernoulli_dot_rmse, dot_rmse

NAMES = ("sobol", "lattice", "lfsr", "halton", "vdc", "ramp")
"""Generators that are banks at every length. Above 256 cycles ``"searched"`` is one, too."""
_CIRCUITS = {
    "sobol": "a register and direction numbers a line (294, 398, 454 um^2 of sky130 cells at L = 16, 32, 64)",
    "lattice": "a counter and an adder modulo L",
    "searched": "adders modulo L",
    "lfsr": "a shift register a line (115 to 220 um^2 of sky130 cells at 4 to 8 bits)",
    "halton": "a counter in a prime base a line",
    "vdc": "a counter, read forwards and backwards (130, 165, 200 um^2 of sky130 cells at L = 16, 32, 64)",
}
_CIRCUITS["ramp"] = _CIRCUITS["vdc"]
SEARCHED_LINES = 16
"""Lines at most of a bank that is not stored, or of a given pair."""

_ALL, _GRID = 4096, 1021
"""Cycles up to which the text of a bank has the exact figure and the count of lines, and operands of the estimate
beyond; a prime, so that they do not fall on the few numbers for which a sequence is exact."""

Pair = tuple[tuple[int, ...], tuple[int, ...]]
"""Entries of two lines, see `line_search.line_of`."""


class Bank(Generator):
    """Number sequences of one kind for streams of one length, chosen by measurement.

    Lines 0 and 1, for the inputs and the weights of products, are the pair with the least dot RMSE that was found.
    Any two lines may meet at an AND gate and any three at an OR gate: the RMSE is at most 1.5 times that of
    Bernoulli streams. There are `n_lines` of them; short streams have few.

    Parameters
    ----------
    name
        ``"sobol"``, ``"lattice"``, ``"lfsr"``, ``"halton"``, ``"vdc"``, ``"ramp"``; or ``"searched"`` above 256 cycles:
        the lattices, in an order of cycles that spreads the ones over time.
    length
        Clock cycles L.
    pair
        Entries of lines 0 and 1 in the place of that pair, see `line_search.line_of` and `line_search.best_pairs`;
        those of ``"ramp"`` are of ``"vdc"``, those of ``"searched"`` of ``"lattice"``. Further lines are those of the
        bank that are independent of the two, 16 lines in all at most. None: the pair that was found.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or `pair` is not two different lines of this kind.

    Notes
    -----
    The dot RMSE is that of a sum of 784 products, see `product_error.dot_rmse`. Lines of powers of two up to 16,384,
    and but for registers of all lengths up to 256, are stored (``python -m verification.lines`` and ``.lfsr_pairs``
    find them again). Others are searched for when they are first asked for, and kept: the pair in .1 s, further
    lines in .2 s.

    Examples
    --------
    >>> print(Bank("lfsr", 8))  # doctest: +NORMALIZE_WHITESPACE
    a shift register a line (115 to 220 um^2 of sky130 cells at 4 to 8 bits);
    LFSR(bits=3, taps=(3, 1), seed=5) and LFSR(bits=3, taps=(3, 1), seed=1, mask=5): dot RMSE 1.21
    (784 products; Bernoulli 3.69); 9 lines
    >>> Bank("halton", 8, ((2, 5), (3, 0))).decorrelated(1)
    Halton(bits=3, base=3)
    """

    def __init__(self, name: str, length: int, pair: ArrayLike | None = None) -> None:
        self._name = checks.option("name", name, (*NAMES, "searched"))
        self._length = checks.count("length", length, 1)
        if self._length > 1 << MAX_BITS:
            raise ValueError(f"length must be at most 2**{MAX_BITS} with generator {name!r}, got {self._length}")
        self._pair = None if pair is None else _checked_pair(name, self._length, pair)
        self._lines = lines_of(name, self._length, False, self._pair)
        self._bits = self._lines[0].bits

    name: str = attribute("_name", "Kind of the sequences.")
    length: int = attribute("_length", "Clock cycles L.")
    pair: Pair | None = attribute("_pair", "Entries of lines 0 and 1, if they were given.")
    bits: int = attribute("_bits", "Width of a number.")

    def __repr__(self) -> str:
        return f"Bank({self._name!r}, {self._length}{'' if self._pair is None else f', pair={self._pair}'})"

    def __str__(self) -> str:
        first, second = self._lines[:2]
        short = self._length <= _ALL
        figure = f"{self.dot_rmse:.3g}" if short else f"about {self._dot_rmse(_GRID):.1g}"
        lines = f"; {self.n_lines} lines" if short else ""
        return (
            f"{_CIRCUITS[self._name]}; {first!r} and {second!r}: dot RMSE {figure} "
            f"({TERMS} products; Bernoulli {bernoulli_dot_rmse(self._length):.3g}){lines}"
        )

    def __eq__(self, other: object) -> bool:
        of_other = (other.name, other.length, other.pair) if isinstance(other, Bank) else None
        return (self._name, self._length, self._pair) == of_other

    def __hash__(self) -> int:
        return hash((self._name, self._length, self._pair))

    def __reduce__(self) -> tuple[type["Bank"], tuple[str, int, Pair | None]]:
        return Bank, (self._name, self._length, self._pair)

    @property
    def modulus(self) -> int:
        """Of all lines."""
        return self._lines[0].modulus

    @property
    def n_lines(self) -> int:
        """Number of lines; where the bank is not stored, the first look at it takes a search of .2 s."""
        return len(lines_of(self._name, self._length, True, self._pair))

    @property
    def in_runs(self) -> bool:
        """Of line 0."""
        return self._lines[0].in_runs

    @property
    def dot_rmse(self) -> float:
        """RMSE of a sum of 784 products of operands uniform on 0, 1/L, .., 1; takes time as L squared."""
        return self._dot_rmse(None)

    def _dot_rmse(self, points: int | None) -> float:
        first, second = (line.sequence(self._length) for line in self._lines[:2])
        return dot_rmse(first, second, self.modulus, points)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """Numbers of line 0."""
        return self._lines[0].sequence(length)

    def decorrelated(self, index: int) -> Generator:
        """The generator of line `index`."""
        index = check_index(index)
        if index < 2:
            return self._lines[index]
        self.check_lines(index + 1, f"index {index} of a circuit")
        return lines_of(self._name, self._length, True, self._pair)[index]


@lru_cache(maxsize=256)
def lines_of(name: str, length: int, every: bool, pair: Pair | None = None) -> tuple[Generator, ...]:
    """The stored lines of a bank, or lines found by a search: the pair, or `every` line; or a given pair and others."""
    if pair is not None:
        given = tuple(line_of(KINDS.get(name, name), length, entry) for entry in pair)
        given = _in_order(given) if name == "searched" else given
        return _beside(given, lines_of(name, length, True), length) if every else given
    if length == 1:  # one number for all lines: a threshold rounds to no or to one one
        return tuple(Lattice(1, 0) for _ in range(SEARCHED_LINES))
    if name == "searched":
        return _in_order(lines_of("lattice", length, every))
    if name == "ramp":  # the pair of "vdc", the other way round
        lines = lines_of("vdc", length, every)
        return tuple(lines[line ^ 1] for line in range(len(lines) // 2 * 2))
    entries = _stored()[name].get(str(length))
    if entries is None:
        return searched_lines(name, length, SEARCHED_LINES if every else 2)
    return tuple(line_of(name, length, entry) for entry in entries)


def _beside(pair: tuple[Generator, ...], lines: tuple[Generator, ...], length: int) -> tuple[Generator, ...]:
    """A pair, and those of the lines that are independent of it."""
    found, independent = list(pair), IndependentLines(pair[0].modulus)
    for line in pair:
        independent.append(line.sequence(length))
    for line in lines:
        if len(found) < SEARCHED_LINES and independent.take(line.sequence(length)):
            found.append(line)
    return tuple(found)


def _checked_pair(name: str, length: int, pair: ArrayLike) -> Pair:
    """Two entries as tuples of integers, or an error if they are not those of two different lines."""
    if length < 2:
        raise ValueError(f"length must be at least 2 with a pair, got {length}")
    size, given = 4 if name == "lfsr" else 2, checks.unmasked("pair", pair, "integers")
    if given.shape != (2, size) or given.dtype.kind not in "iu":
        raise ValueError(
            f"pair must be two entries of {size} integers with generator {name!r}, got {checks.shown(pair)}"
        )
    first, second = (tuple(entry) for entry in given.tolist())
    try:
        one, other = (line.sequence(length) for line in lines_of(name, length, False, (first, second)))
    except ValueError as error:
        raise ValueError(f"pair must be two lines with generator {name!r}, got {first}, {second}: {error}") from error
    if np.array_equal(one, other):
        raise ValueError(f"pair must be two different lines, got {first}, {second}")
    return first, second


def _in_order(lines: tuple[Generator, ...]) -> tuple[Generator, ...]:
    """Lattices with cycles in another order, which spreads the ones of all lines over time and changes no count."""
    length = lines[0].modulus
    found = [(line.multiplier, line.offset) if isinstance(line, Lattice) else (1, 0) for line in lines]
    step = spreading_multiplier(length, found[0][0])
    return tuple(Lattice(length, multiplier * step % length, offset) for multiplier, offset in found)


@lru_cache(maxsize=1)
def _stored() -> dict[str, dict[str, list[list[int]]]]:
    """Lines of the package: what `line_of` takes, by name and length."""
    found: dict[str, dict[str, list[list[int]]]] = json.loads(
        (resources.files(__package__) / "lines.json").read_text(encoding="utf-8")
    )
    return found
