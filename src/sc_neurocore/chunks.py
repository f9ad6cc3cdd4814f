"""Batches cut into chunks that fit into memory."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 1 << 25
"""Memory that the streams of a piece may take, about."""


def chunks(n: int, item_bytes: int, at_least: int = 1) -> Iterator[slice]:
    """Slices that cover ``range(n)``, each of about `CHUNK_BYTES` where an item takes `item_bytes`.

    >>> list(chunks(5, CHUNK_BYTES // 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(at_least, CHUNK_BYTES // max(1, item_bytes))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def in_chunks(run: Callable[..., NDArray[Any]], item_bytes: int, *arrays: NDArray[Any]) -> NDArray[Any]:
    """Results of ``run(*arrays)``, computed piece by piece along the first axis and joined.

    `run` maps arrays ``(S, ...)`` to an array ``(S, ...)`` row by row; `item_bytes` is the memory that a row takes.

    >>> in_chunks(lambda x: 2 * x, CHUNK_BYTES, np.arange(3))
    array([0, 2, 4])
    """
    n = len(arrays[0])
    if n * item_bytes <= CHUNK_BYTES:
        return run(*arrays)
    out: NDArray[Any] | None = None
    for part in chunks(n, item_bytes):
        made = run(*(array[part] for array in arrays))
        if out is None:  # the first piece says what a row is
            out = np.empty((n, *made.shape[1:]), made.dtype)
        out[part] = made
    assert out is not None
    return out
