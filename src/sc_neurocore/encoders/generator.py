"""Interface of the number generators that drive comparators."""

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks

MAX_BITS = 32
"""Widest number of a generator."""


class Generator(ABC):
    """A number generator: one number of `bits` bits in each clock cycle.

    A stream is 1 in the cycles in which the number is below the stream's threshold.
    """

    bits: int
    """Width of a number."""

    @property
    def modulus(self) -> int:
        """Numbers lie in [0, modulus), and a threshold of `modulus` makes a stream of ones; ``2**bits`` unless said."""
        return 1 << self.bits

    @property
    def n_lines(self) -> int | None:
        """Number of independent lines, the sources that `decorrelated` has; None: as many as are asked for."""
        return None

    @property
    def groups(self) -> tuple["Generator", ...]:
        """Generators that input lines are dealt to: line i meets number ``i % len(groups)``; one unless said."""
        return (self,)

    @property
    def in_runs(self) -> bool:
        """Whether the ones of a stream come in one run, as from a counter."""
        return False

    @abstractmethod
    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The first `length` numbers, uint32 ``(length,)`` in [0, modulus)."""

    @abstractmethod
    def decorrelated(self, index: int) -> "Generator":
        """Another source of the same kind, whose streams are uncorrelated with this one's; 0 is this one itself.

        Inputs and weights of a product take different indices.

        Raises
        ------
        ValueError
            If there is no such line, see `n_lines`.
        """

    def check_lines(self, needed: int, circuit: str) -> None:
        """Raise a ValueError if `circuit` needs more independent lines than there are."""
        if self.n_lines is not None and needed > self.n_lines:
            raise ValueError(
                f"{circuit} needs {needed} independent lines, got {self!r} with {self.n_lines}; "
                "generator 'bernoulli' has as many as are asked for"
            )

    def check_one_sequence(self, circuit: str) -> None:
        """An error for a circuit whose lines must meet one number sequence, if they are dealt to several."""
        if len(self.groups) > 1:
            raise ValueError(f"{circuit} needs one sequence for all lines, got {len(self.groups)} of {self!r}")

    def check_binary(self, circuit: str) -> None:
        """An error for a circuit that needs numbers of all ``2**bits`` values, if these are fewer."""
        if self.modulus != 1 << self.bits:
            raise ValueError(f"{circuit} needs a generator with 2**bits values, got {self!r} with {self.modulus}")


def check_length(length: object) -> int:
    """`length` as a number of cycles of a sequence, 0 or more, or an error."""
    return checks.count("length", length, 0)


def check_index(index: object) -> int:
    """`index` as the number of a line, or an error."""
    return checks.count("index", index, 0)


def hold_whole(owner: Any, name: str, low: int, high: int) -> None:
    """Check a field of a frozen dataclass and store it as an int: an integer of NumPy would overflow in a shift."""
    object.__setattr__(owner, name, checks.whole(name, getattr(owner, name), low, high))


def bits_of(length: int) -> int:
    """Width of the numbers 0 .. length-1, at least 1: ``ceil(log2 length)``."""
    return max(1, (length - 1).bit_length())


def hold_width(owner: Any) -> None:
    """Check and store `bits`, and `mask`, a digital shift (the XOR of every number with one word) of that width."""
    hold_whole(owner, "bits", 1, MAX_BITS)
    hold_whole(owner, "mask", 0, (1 << owner.bits) - 1)


def shown(generator: Any) -> str:
    """``Name(field=value, ..)`` of a dataclass; fields with ``repr=False`` only where they are not the default."""
    fields = (
        f"{each.name}={getattr(generator, each.name)!r}"
        for each in dataclasses.fields(generator)
        if each.repr or getattr(generator, each.name) != each.default
    )
    return f"{type(generator).__qualname__}({', '.join(fields)})"
