"""A counter and permutations of its values that were searched for: few errors in products of short streams."""

from collections.abc import Iterator
from functools import cached_property, lru_cache, partial
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..archives import read_npz
from ..backends.philox import philox4x32
from ..read_only import attribute
from .generator import Generator, bits_of, check_index, check_length
from .generators import Ramp
from .independence import POINTS, IndependentLines, and_error
from .product_error import TERMS, bernoulli_dot_rmse, dot_rmse

LONGEST = 256
"""Length up to which the package has a permutation for each."""
LINES = 32
"""Lines at most."""
_FILE = "searched.npz"
_DRAWS = 64
"""Orders that are drawn for further lines; those that are not independent of the others are left out."""
_KEY = (0x73656172, 0x63686564)
"""Philox key of drawn orders."""
_AREAS = {16: 215, 32: 447, 64: 823}
"""Square micrometres of sky130 cells of a counter and a look-up, as synthesised."""


class Searched(Generator):
    """A counter and a look-up: the inputs meet a permutation of 0 .. L-1, the weights the counter itself.

    ::

                     +--------------------+
        counter --+--| permutation[order] |--> < --> stream of an input
                  |  +--------------------+    ^
                  |  +--------------------+    threshold round(p L)
                  +--|       order        |--> < --> stream of a weight
                     +--------------------+

    With several permutations the input lines are dealt to groups, each with a look-up of its own: line i meets
    permutation ``i % G``. All weights meet the same counter, and the order of cycles goes to all look-ups. The errors
    of a sum are then those of the groups together, which can cancel: a search for permutations that go together finds
    sums with fewer errors than one permutation has. The lines of a convolution are the pixels of the padded image,
    channel by channel and row by row (of value 0 at its edges), and the constant of a bias behind them.

    The ones of an AND do not depend on the order of cycles, so every pair of sequences of full period is a counter
    and a permutation. The package has one for each length of 2 to 256, the best that simulated annealing found
    (``python -m verification.sequences``). L need not be a power of two: the counter wraps at L.

    Where time matters (saturating adders, state machines, neurons with a membrane) the values of the counter come in
    an order, searched as well, that spreads the ones of inputs, weights and products. It is a second look-up. Where
    only counts matter (sums, means, OR trees and multiplexers that are counted) a chip can leave it out and wire the
    counter to the weights: the counts are the same.

    Lines 2 i and 2 i + 1 are the same two look-ups with another order, so each such pair has the same figure. Line 2
    selects the inputs of multiplexers. The package has orders for lines 0 to 5; others are drawn from Philox by a
    fixed rule, and left out where they are not independent of the lines before, so short streams have few lines.

    Parameters
    ----------
    permutation
        The numbers of the look-up ``(L,)``, each of 0 .. L-1 once, or ``(G, L)``, a row for each group of input lines.
        `of_length` takes those of the package.
    order
        The value of the counter in each cycle ``(L,)``, each of 0 .. L-1 once; or ``(k, L)``, a row for each pair of
        lines. None: 0, 1, .., L-1, so that a weight's ones come in one run, first.

    Raises
    ------
    ValueError, TypeError
        If a row of `permutation` or of `order` is not a permutation of 0 .. L-1.

    Notes
    -----
    Error law: the figure `dot_rmse`, exact for one length; 4 times that for XNOR. It is about ``5.9 / L**0.835``
    for the permutations of the package, where independent Bernoulli streams have ``10.4 / sqrt(L)``: 1.0 and 3.7 at
    L = 8, .19 and 1.3 at L = 64. At L = 2 and 3 no permutation is free of bias, and Bernoulli streams are better.
    Of any two lines the AND, of any three the OR has an error of at most 1.3 times that of Bernoulli streams.

    Circuit: counter and look-up of the permutation are sky130 cells of 215 square micrometres at L = 16, 447 at 32, 823
    at 64, of which 130, 165 and 200 are the counter; once for all lines of a layer, beside 80 to 115 for the
    comparator of each line. The look-up of the order and those of further lines and groups are of the size of the
    first one.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, "Optimization by simulated annealing", Science 220, 1983,
    https://doi.org/10.1126/science.220.4598.671.

    Examples
    --------
    >>> generator = Searched([2, 0, 3, 1], order=[1, 3, 0, 2])
    >>> generator.sequence(6)
    array([0, 1, 2, 3, 0, 1], dtype=uint32)
    >>> generator.decorrelated(1).sequence(6)
    array([1, 3, 0, 2, 1, 3], dtype=uint32)
    >>> [group.sequence(4).tolist() for group in Searched([[2, 0, 3, 1], [1, 3, 0, 2]]).groups]
    [[2, 0, 3, 1], [1, 3, 0, 2]]
    >>> print(Searched.of_length(64))
    counter and look-up of 64 numbers of 6 bits, dot RMSE 0.189 (784 products; Bernoulli 1.3), 823 um^2 of sky130 cells
    """

    def __init__(self, permutation: ArrayLike, order: ArrayLike | None = None) -> None:
        self._rows = _permutations("permutation", permutation, "G")
        length = self._rows.shape[1]
        natural = np.arange(length, dtype=np.uint32)
        self._shown_orders = _permutations("order", natural if order is None else order, "k", length)
        self._permutation: NDArray[np.uint32] = self._rows if len(self._rows) > 1 else self._rows[0]
        self._bits = bits_of(length)

    permutation: NDArray[np.uint32] = attribute(
        "_permutation", "Numbers of the look-up ``(L,)``, or of those of several groups ``(G, L)``."
    )
    orders: NDArray[np.uint32] = attribute("_shown_orders", "Values of the counter ``(k, L)``.")
    bits: int = attribute("_bits", "Width of a number.")

    @staticmethod
    def of_length(length: int) -> "Searched":
        """The permutation and the orders of the package for streams of `length` cycles, 1 .. 256."""
        length = checks.whole("length", length, 1)
        if length > LONGEST:
            raise ValueError(f"length must lie in 1..{LONGEST} with generator 'searched', got {length}")
        return _of_length(length)

    def __repr__(self) -> str:
        length = self.modulus
        if length <= LONGEST and self == _of_length(length):
            return f"Searched.of_length({length})"
        if self._natural and len(self._shown_orders) == 1:
            return f"Searched({_shown(self._permutation)})"
        return f"Searched({_shown(self._permutation)}, {_shown(self._shown_orders)})"

    def __str__(self) -> str:
        length = self.modulus
        groups = len(self._rows)
        area = f", {_AREAS[length]} um^2 of sky130 cells" if length in _AREAS and groups == 1 else ""
        look_up = "look-up" if groups == 1 else f"{groups} look-ups"
        return (
            f"counter and {look_up} of {length} numbers of {self._bits} bits, dot RMSE {self.dot_rmse:.3g} "
            f"({TERMS} products; Bernoulli {bernoulli_dot_rmse(length):.2g}){area}"
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Searched)
            and np.array_equal(self._permutation, other.permutation)
            and np.array_equal(self._shown_orders, other.orders)
        )

    def __hash__(self) -> int:
        return hash((self._permutation.tobytes(), self._shown_orders.tobytes()))

    @property
    def modulus(self) -> int:
        """L: numbers are 0 .. L-1."""
        return len(self._shown_orders[0])

    @property
    def groups(self) -> tuple[Generator, ...]:
        """A generator for each permutation: input line i meets number ``i % len(groups)``."""
        return (self,) if len(self._rows) == 1 else self._several

    @cached_property
    def _several(self) -> tuple["Searched", ...]:
        return tuple(Searched(row, self._shown_orders) for row in self._rows)

    @property
    def n_lines(self) -> int:
        """Number of lines, at most 32."""
        return 2 * len(self._orders)

    @property
    def in_runs(self) -> bool:
        """Whether the ones of an input come in one run; with groups, of an input of any of them."""
        steps = np.diff(self._rows[:, self._shown_orders[0]].astype(np.int64))
        return bool((steps == 1).all(1).any())

    @property
    def dot_rmse(self) -> float:
        """RMSE of a sum of 784 AND products of operands uniform on 0, 1/L, .., 1, over one period; exact.

        Input lines are dealt to the groups in turn, so the bias of one group can make up for that of another.
        """
        return self._dot_rmse

    @cached_property
    def _dot_rmse(self) -> float:
        return dot_rmse(self._rows, np.arange(self.modulus, dtype=np.uint32), self.modulus)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The permutation in its order of cycles, repeated; with groups, that of the first."""
        return np.resize(self._rows[0, self._shown_orders[0]], check_length(length))

    def decorrelated(self, index: int) -> Generator:
        """Line `index`: 0 is this generator, 1 the counter in the order of cycles, which drives the weights."""
        index = check_index(index)
        if index == 0:
            return self
        if index == 1 and self._natural:
            return Counter(self)
        self.check_lines(index + 1, f"index {index} of a circuit")
        return Line(self, index)

    def check_lines(self, needed: int, circuit: str) -> None:
        """Raise a ValueError if `circuit` needs more independent lines than there are; drawn ones take .6 s to find."""
        if needed > 2 * len(self._shown_orders):
            super().check_lines(needed, circuit)

    def line(self, index: int) -> NDArray[np.uint32]:
        """Numbers ``(L,)`` of a line that there is; with groups, of the first."""
        index = check_index(index)
        self.check_lines(index + 1, f"index {index} of a circuit")
        orders = self._shown_orders if index < 2 * len(self._shown_orders) else self._orders
        order: NDArray[np.uint32] = orders[index // 2]
        return order if index % 2 else self._rows[0, order]

    @property
    def _natural(self) -> bool:
        return bool((np.diff(self._shown_orders[0].astype(np.int64)) == 1).all())

    @cached_property
    def _orders(self) -> NDArray[np.uint32]:
        """Orders of all pairs of lines, those that are drawn included."""
        length, found = self.modulus, list(self._shown_orders)
        independent = IndependentLines(length, partial(and_error, points=None if length <= POINTS else POINTS))
        for row in self._rows[1:]:  # a further line may meet those of all groups
            independent.append(row[found[0]])
        for order in found:
            independent.append(self._rows[0, order])
            independent.append(order)
        for order in _drawn_orders(length):
            if 2 * len(found) >= LINES:
                break
            even = self._rows[0, order]
            if independent.admits(order) and independent.take(even) and independent.take(order):
                found.append(order)
        every = np.stack(found)
        every.flags.writeable = False
        return every


class Line(Generator):
    """A line of a `Searched` generator other than its first.

    >>> Line(Searched([1, 2, 0], order=[2, 0, 1]), 1).sequence(5)
    array([2, 0, 1, 2, 0], dtype=uint32)
    """

    def __init__(self, source: Searched, index: int) -> None:
        self.source, self.index, self.bits = source, index, source.bits

    def __repr__(self) -> str:
        return f"{self.source!r}.decorrelated({self.index})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Line) and (self.source, self.index) == (other.source, other.index)

    def __hash__(self) -> int:
        return hash((self.source, self.index))

    @property
    def modulus(self) -> int:
        """L: numbers are 0 .. L-1."""
        return self.source.modulus

    @property
    def n_lines(self) -> int:
        """Number of lines of the source."""
        return self.source.n_lines

    def check_lines(self, needed: int, circuit: str) -> None:
        """As the source does."""
        self.source.check_lines(needed, circuit)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The numbers of the line, repeated."""
        return np.resize(self.source.line(self.index), check_length(length))

    def decorrelated(self, index: int) -> Generator:
        """Line `index` of the source, but for 0, which is this one, and its own, which is the first."""
        index = check_index(index)
        return self if index == 0 else self.source.decorrelated(0 if index == self.index else index)


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

    @property
    def n_lines(self) -> int | None:
        """Number of lines of the partner."""
        return self.partner.n_lines

    def __repr__(self) -> str:
        return f"Counter({self.partner!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counter) and self.partner == other.partner

    def __hash__(self) -> int:
        return hash(("counter", self.partner))

    def decorrelated(self, index: int) -> Generator:
        """Partner 1 is the permutation, 2, 3, .. are its further lines."""
        index = check_index(index)
        return self if index == 0 else self.partner if index == 1 else self.partner.decorrelated(index)


def _permutations(name: str, numbers: ArrayLike, rows: str, length: int | None = None) -> NDArray[np.uint32]:
    """A read-only copy ``(rows, L)`` of `numbers`, or an error if those of a row are not 0 .. L-1 in some order."""
    given = checks.unmasked(name, numbers, "integers")
    if given.ndim not in (1, 2) or given.size < 1 or given.shape[-1] != (length or given.shape[-1]):
        size = length or "L"
        raise ValueError(f"{name} must have shape ({size},) or ({rows} >= 1, {size}), got {given.shape}")
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got {given.dtype}")
    every = np.atleast_2d(given)
    for row in every:
        if not np.array_equal(np.sort(row), np.arange(row.size)):
            raise ValueError(f"{name} must have each of 0 .. {row.size - 1} once, got {row}")
    copied = every.astype(np.uint32)
    copied.flags.writeable = False
    return copied


def _shown(numbers: NDArray[np.uint32]) -> str:
    """Numbers on one line, of many the first and the last."""
    return " ".join(np.array2string(numbers, separator=", ", threshold=16).split())


def _drawn_orders(length: int) -> Iterator[NDArray[np.uint32]]:
    """Pseudo-random permutations of 0 .. length-1: the ranks of Philox words."""
    for number in range(_DRAWS):
        counters = [(block, number, length, 0) for block in range(-(-length // 4))]
        words = philox4x32(counters, _KEY).reshape(-1)[:length]
        yield np.argsort(words, kind="stable").astype(np.uint32)


@lru_cache(maxsize=LONGEST)
def _of_length(length: int) -> Searched:
    """The generator of the package."""
    return Searched([0]) if length == 1 else Searched(*_stored()[length])


@lru_cache(maxsize=1)
def _stored() -> dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Permutations ``(L,)`` and orders ``(k, L)`` of the package by length."""
    with resources.as_file(resources.files(__package__) / _FILE) as path:
        stored = read_npz(path, lambda names: names)
    lengths, sizes = stored["lengths"].astype(np.int64), stored["lengths"] * stored["n_orders"].astype(np.int64)
    permutations = np.split(stored["permutations"], np.cumsum(lengths)[:-1])
    orders = np.split(stored["orders"], np.cumsum(sizes)[:-1])
    return {
        length: (permutation, rows.reshape(-1, length))
        for length, permutation, rows in zip(lengths.tolist(), permutations, orders, strict=True)
    }
