"""Sobol's sequences: coordinates of a digital net, XORs of direction numbers."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .generator import MAX_BITS, Generator, check_index, check_length, hold_whole, hold_width, shown

STORED = 64
"""Dimensions whose direction numbers lie in the package: SciPy's take .4 s to import."""


@dataclass(frozen=True)
class Sobol(Generator):
    """A Sobol sequence in Gray-code order, unscrambled, from index 0 (Joe-Kuo directions).

    A bank of direction numbers; each cycle one of them, chosen by the lowest zero of a counter, is
    XORed into the register. The first 2**bits numbers are a permutation of 0 .. 2**bits - 1.

    Parameters
    ----------
    bits
        Width of a number, 1..32.
    dimension
        1..21201. Dimension 1 is van der Corput's sequence in Gray-code order.
    mask
        XORed with every number (a digital shift): an inverter for each bit that is 1, none where the register has an
        inverted output.

    Notes
    -----
    Error law: the product of two dimensions at L = 2**bits is off by about log(L)**2 / L. How far depends on the two
    dimensions and their masks: dimensions 1 and 2 are among the worst at L = 8 and 64 (see `product_error.dot_rmse`).

    Circuit: sky130 cells of 618 square micrometres for one dimension of 8 bits, of 294, 398 and 454 with its counter at
    L = 16, 32 and 64; a mask adds none.

    References
    ----------
    S. Liu, J. Han, "Energy efficient stochastic computing with Sobol sequences", DATE 2017,
    https://doi.org/10.23919/DATE.2017.7927069; directions: S. Joe, F. Y. Kuo, SIAM J. Sci. Comput.
    30, 2008, https://doi.org/10.1137/070709359, as shipped in ``scipy.stats.qmc``.

    Examples
    --------
    >>> Sobol(bits=2, dimension=1).sequence(4)
    array([0, 2, 3, 1], dtype=uint32)
    """

    bits: int = 8
    dimension: int = 1
    mask: int = field(default=0, kw_only=True, repr=False)
    __repr__ = shown

    def __post_init__(self) -> None:
        hold_width(self)
        hold_whole(self, "dimension", 1, 21201)

    def sequence(self, length: int) -> NDArray[np.uint32]:
        """The points of one dimension, floored to `bits` bits."""
        length = check_length(length)
        numbers = np.zeros(1, np.uint32)
        for direction in _directions(self.dimension, max(0, length - 1).bit_length()):
            # In Gray-code order, the second half of 2**(k + 1) points is the first one backwards, moved by direction k.
            numbers = np.concatenate([numbers, numbers[::-1] ^ direction])
        return numbers[:length] >> np.uint32(MAX_BITS - self.bits) ^ np.uint32(self.mask)

    def decorrelated(self, index: int) -> Self:
        """The Sobol sequence of the dimension `index` places after this one."""
        index = check_index(index)
        return replace(self, dimension=self.dimension + index)


def _directions(dimension: int, count: int) -> NDArray[np.uint32]:
    """The first direction numbers of a dimension, 32-bit integers ``(count,)``."""
    if dimension <= STORED:
        return _stored()[:count, dimension - 1]
    return computed_directions(min(1 << (dimension - 1).bit_length(), 21201), count)[:, dimension - 1]


@lru_cache(maxsize=1)
def _stored() -> NDArray[np.uint32]:
    """``computed_directions(STORED, MAX_BITS)``, from a file."""
    with (resources.files(__package__) / "directions.npy").open("rb") as file:
        directions: NDArray[np.uint32] = np.load(file, allow_pickle=False)
    directions.flags.writeable = False
    return directions


@lru_cache(maxsize=8)
def computed_directions(dimensions: int, count: int) -> NDArray[np.uint32]:
    """The first direction numbers of each dimension, 32-bit integers ``(count, dimensions)``.

    Point 2**k in Gray-code order is direction k XOR direction k - 1.
    """
    from scipy.stats import qmc  # slow to import

    engine = qmc.Sobol(dimensions, scramble=False, bits=MAX_BITS)
    points = np.zeros((count, dimensions), np.uint32)
    for k in range(count):
        engine.fast_forward((1 << k) - engine.num_generated)
        points[k] = engine.random(1)[0] * 2.0**MAX_BITS
    directions: NDArray[np.uint32] = np.bitwise_xor.accumulate(points, axis=0)
    directions.flags.writeable = False
    return directions
