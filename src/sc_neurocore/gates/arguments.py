"""Checks of the arguments of gates, and their layout as rows ``(R, W)`` for the kernels."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends.types import Words
from ..bitstreams import Bitstream
from ..bitstreams.bitstream import check_stream as check_stream
from ..bitstreams.encodings import ENCODINGS


def check_inputs(name: str, value: object, encodings: Collection[str] = ENCODINGS) -> Bitstream:
    """`value` if it is a Bitstream with a last axis of at least one stream, else an error."""
    streams = check_stream(name, value, encodings)
    if not streams.shape or streams.shape[-1] == 0:
        raise ValueError(f"{name} must have shape (..., n >= 1), got {streams.shape}")
    return streams


def check_sequence(name: str, value: object, length: int | None, bits: int = 32) -> NDArray[np.uint32]:
    """`value` if it is a sequence of numbers below ``2**bits``, uint32 ``(..., length)``, else an error."""
    if isinstance(value, np.ma.MaskedArray):
        value = checks.unmasked(name, value)
    if not isinstance(value, np.ndarray) or value.dtype != np.uint32:
        raise TypeError(f"{name} must be a uint32 array, got {getattr(value, 'dtype', type(value).__name__)}")
    wanted = "length >= 1" if length is None else str(length)
    if value.ndim == 0 or value.shape[-1] == 0 or (length is not None and value.shape[-1] != length):
        raise ValueError(f"{name} must have shape (..., {wanted}), got {value.shape}")
    if bits < 32 and value.size and int(value.max()) >> bits:
        raise ValueError(f"{name} must be below 2**{bits}, got {value.max()}")
    return value


def common_shape(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which all `shapes` broadcast, or a ValueError that names them."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError as error:
        got = " and ".join(str(shape) for shape in shapes.values())
        raise ValueError(f"shapes of {' and '.join(shapes)} must broadcast, got {got}") from error


def with_axes(stream: Bitstream, ndim: int) -> Words:
    """Words with `ndim` value axes; new ones come after the rail axis of a split stream."""
    head = stream.words.shape[:1] if stream.encoding == "split" else ()
    return stream.words.reshape(*head, *(1,) * (ndim - len(stream.shape)), *stream.words.shape[len(head) :])


def check_pair(a: object, b: object, encodings: Collection[str] = ENCODINGS) -> tuple[Bitstream, Words, Words]:
    """Two operands of one encoding and length: the first, and the words of both, ready to broadcast."""
    left, right = check_stream("a", a, encodings), check_stream("b", b, encodings)
    if left.encoding != right.encoding:
        raise ValueError(f"a and b must have one encoding, got {left.encoding} and {right.encoding}")
    if left.length != right.length:
        raise ValueError(f"a and b must have one length, got {left.length} and {right.length}")
    ndim = len(common_shape(a=left.shape, b=right.shape))
    return left, with_axes(left, ndim), with_axes(right, ndim)


def rows(words: Words, shape: tuple[int, ...] | None = None) -> Words:
    """Words broadcast to value shape `shape`, then flattened to contiguous rows ``(R, W)``."""
    full = words if shape is None else np.broadcast_to(words, (*shape, words.shape[-1]))
    return np.ascontiguousarray(full).reshape(-1, words.shape[-1])


def sequence_rows(name: str, sequence: NDArray[np.uint32], shape: tuple[int, ...]) -> NDArray[np.uint32]:
    """Sequences for streams of value shape `shape`: ``(1, L)`` if all share one, else ``(R, L)``."""
    length = sequence.shape[-1]
    if sequence.size == length:
        return np.ascontiguousarray(sequence).reshape(1, length)
    if common_shape(**{name: sequence.shape[:-1], "stream": shape}) != shape:
        raise ValueError(f"shape of {name} must broadcast to {(*shape, length)}, got {sequence.shape}")
    return np.ascontiguousarray(np.broadcast_to(sequence, (*shape, length))).reshape(-1, length)
