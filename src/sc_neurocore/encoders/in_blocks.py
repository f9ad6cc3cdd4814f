"""Streams of many numbers, made block by block: what making them takes is bounded."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..backends.types import Words
from ..chunks import chunks
from .sequences import Inputs


class Rails(Protocol):
    """`Encoder.rails`: streams ``(..., rails, n, W)`` of numbers ``(..., n)``."""

    def __call__(
        self, numbers: NDArray[np.float64], samples: NDArray[np.int64], columns: Inputs | None, *, trim: bool
    ) -> Words: ...


def rails_in_blocks(
    rails: Rails,
    numbers: NDArray[np.float64],
    samples: NDArray[np.int64],
    columns: Inputs | None,
    shape: tuple[int, int],
    number_bytes: int,
    trim: bool,
) -> Words:
    """What ``rails(numbers, samples, columns, trim=trim)`` gives.

    Parameters
    ----------
    rails
        Makes the streams of a block.
    numbers, samples, columns, trim
        As for `Encoder.rails`; `trim` only where no number is negative.
    shape
        Rails, and words of a stream.
    number_bytes
        Memory that a number takes in `rails`.
    """
    n = numbers.shape[-1]
    flat, numbered = numbers.reshape(-1, n), samples.reshape(-1)
    out = np.empty((len(flat), shape[0], n, shape[1]), np.uint64)
    for rows in chunks(len(flat), n * number_bytes):
        for part in chunks(n, (rows.stop - rows.start) * number_bytes):
            of_part = np.arange(part.start, part.stop) if columns is None else columns[part]
            out[rows, :, part] = rails(flat[rows, part], numbered[rows], of_part, trim=trim)
    return out.reshape(*numbers.shape[:-1], shape[0], n, shape[1])
