"""Operands of attention: queries, keys, values and masks, checked against each other."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks, chunks
from ..base import Floats

Mask = NDArray[np.bool_]
Range = tuple[float, float]
_ANY: Range = (-np.inf, np.inf)


class Operands(NamedTuple):
    """Checked operands of attention: leading axes as given, the mask broadcast to its full shape."""

    q: Floats
    """Queries ``(..., N, dim_k)``."""
    k: Floats
    """Keys ``(..., M, dim_k)``."""
    v: Floats
    """Values ``(..., M, dim_v)``."""
    mask: Mask
    """``(..., N, M)``; False: query n does not attend to key m."""

    def scores(self) -> Floats:
        """Scores ``Q K^T``, ``(..., N, M)``, or an error if one overflows."""
        with np.errstate(over="ignore", invalid="ignore"):
            scores: Floats = self.q @ np.swapaxes(self.k, -1, -2)
            finite = np.isfinite(np.abs(scores).sum(-1)).all()
        if not finite:
            raise ValueError("scores Q K^T and their row sums must be finite, got an overflow")
        return scores

    def over_rows(self, run: Callable[["Operands"], Floats]) -> Floats:
        """Results ``(..., N, dim_v)`` of `run`, of operands with all queries or, where these are many, with some."""
        *batch, n, keys = self.mask.shape
        row_bytes = 48 * math.prod(batch) * keys
        if n * row_bytes <= chunks.CHUNK_BYTES:
            return run(self)
        out = np.empty((*batch, n, self.v.shape[-1]))
        for part in chunks.chunks(n, row_bytes):
            out[..., part, :] = run(self._replace(q=self.q[..., part, :], mask=self.mask[..., part, :]))
        return out

    @property
    def n_samples(self) -> int:
        """Number of samples: elements of the leading axes."""
        return math.prod(self.mask.shape[:-2])

    def some(self, samples: slice) -> "Operands":
        """Operands of some of the samples, on one batch axis: those that many share are copied for these only."""
        batch = self.mask.shape[:-2] or (1,)
        places = np.unravel_index(np.arange(samples.start, samples.stop), batch)

        def joined(array: NDArray[Any]) -> NDArray[Any]:
            return np.broadcast_to(array, (*batch, *array.shape[-2:]))[places]

        return Operands(joined(self.q), joined(self.k), joined(self.v), joined(self.mask))


def checked_operands(
    dim_k: int,
    Q: ArrayLike,
    K: ArrayLike,
    V: ArrayLike,
    mask: ArrayLike | None,
    qk_range: Range = _ANY,
    v_range: Range = _ANY,
) -> Operands:
    """Check operands of attention: a vector is one row, values lie in the given ranges.

    Raises
    ------
    ValueError, TypeError
        If a shape does not fit, a number is outside its range, or the mask is not of booleans.
    """
    q = np.atleast_2d(checks.array("Q", Q, *qk_range, last=dim_k))
    k = np.atleast_2d(checks.array("K", K, *qk_range, last=dim_k))
    v = np.atleast_2d(checks.array("V", V, *v_range))
    keys = k.shape[-2]
    if keys == 0:
        raise ValueError(f"K must have at least one row, got shape {k.shape}")
    if np.ndim(V) == 0 or v.shape[-2] != keys:
        raise ValueError(f"V must have shape (..., {keys}, dim_v), a row for each of K, got {np.shape(V)}")
    leading = q.shape[:-2], k.shape[:-2], v.shape[:-2]
    try:
        batch = np.broadcast_shapes(*leading)
    except ValueError as error:
        raise ValueError(f"leading axes of Q, K and V must broadcast, got {leading}") from error
    shape = (*batch, q.shape[-2], keys)
    given = checks.unmasked("mask", True if mask is None else mask, "booleans")
    if given.dtype != np.bool_:
        raise TypeError(f"mask must be an array of booleans, got {given.dtype}")
    try:
        return Operands(q, k, v, np.broadcast_to(given, shape))
    except ValueError as error:
        raise ValueError(f"mask must have a shape that broadcasts to {shape}, got {given.shape}") from error
