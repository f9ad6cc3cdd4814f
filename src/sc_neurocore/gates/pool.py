"""Pooling of images of streams: a multiplexer averages a window, an OR gate finds its maximum.

==============  =====================  ===============================================
gate            result                 hardware, a window
==============  =====================  ===============================================
`average_pool`  mean of the window     multiplexer with a random select
`max_pool`      maximum of the window  OR gate; pixels from one generator (SCC = +1)
==============  =====================  ===============================================
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backends.types import Words
from ..bitstreams import Bitstream
from ..chunks import chunks
from .accumulate import mux
from .arguments import check_sequence, check_stream
from .windows import output_size, pair, window_indices


def average_pool(streams: Bitstream, size: Any, select: NDArray[np.uint32], *, stride: Any = None) -> Bitstream:
    """A multiplexer passes the bit of one pixel of the window every cycle.

    ::

        window pixels ==|\\
                        | |-- mean of the window
                      ==|/
                         | random

    Parameters
    ----------
    streams
        Images of streams ``(..., C, H, W)`` of any encoding.
    size
        Window: an integer, or a pair (rows, columns).
    select
        Random numbers, uint32 ``(L,)`` or ``(..., L)`` with the batch axes of the images; shared by
        all windows of an image. See `mux`.
    stride
        Step between windows; None: the window's size, so that windows do not overlap.

    Returns
    -------
    Bitstream
        Streams ``(..., C, H_out, W_out)`` in the same encoding; an incomplete window at the edge is left out.

    Raises
    ------
    TypeError, ValueError
        If `streams` is no image of streams, no window fits, or `select` has another length.

    Notes
    -----
    Error law: with an independent random select the variance of a unipolar output of mean m is
    m (1 - m) / L; a low-discrepancy select that is not the pixels' own source brings it far below.

    Examples
    --------
    >>> image = Bitstream.from_bits([[[[1, 1, 1, 1], [0, 0, 0, 0]], [[1, 1, 1, 1], [0, 0, 0, 0]]]])
    >>> average_pool(image, 2, np.array([0, 2**30, 2**31, 3 * 2**30], np.uint32)).value()
    array([[[0.5]]])
    """
    checked = _images(streams)
    numbers = check_sequence("select", select, checked.length)[..., None, :]
    return _pooled(
        checked,
        size,
        stride,
        lambda pixels: mux(Bitstream.owning(pixels, checked.length, checked.encoding), numbers).words,
    )


def max_pool(streams: Bitstream, size: Any, *, stride: Any = None) -> Bitstream:
    """An OR gate over the window gives its largest pixel, if all pixels come from one generator.

    ::

        window pixels --+----+
                   ..   | OR |-- maximum of the window     where ones overlap (SCC = +1)
                      --+----+

    Parameters
    ----------
    streams
        Images of streams ``(..., C, H, W)``. Split streams take an OR gate for the positive parts
        and an AND gate for the negative ones.
    size
        Window: an integer, or a pair (rows, columns).
    stride
        Step between windows; None: the window's size.

    Returns
    -------
    Bitstream
        Streams ``(..., C, H_out, W_out)`` in the same encoding; an incomplete window at the edge is left out.

    Raises
    ------
    TypeError, ValueError
        If `streams` is no image of streams, or no window fits.

    Notes
    -----
    Error law: exact at SCC = +1, whatever the length. Independent streams give
    ``1 - prod(1 - p)`` instead, which is more.

    References
    ----------
    A. Alaghi, J. P. Hayes, ICCD 2013, https://doi.org/10.1109/ICCD.2013.6657023.

    Examples
    --------
    >>> image = Bitstream.from_bits([[[[1, 1, 1, 0], [1, 0, 0, 0]], [[1, 1, 0, 0], [0, 0, 0, 0]]]])
    >>> max_pool(image, 2).value()
    array([[[0.75]]])
    """
    checked = _images(streams)

    def largest(pixels: Words) -> Words:
        if checked.encoding == "split":
            return np.stack([np.bitwise_or.reduce(pixels[0], axis=-2), np.bitwise_and.reduce(pixels[1], axis=-2)])
        return np.asarray(np.bitwise_or.reduce(pixels, axis=-2))

    return _pooled(checked, size, stride, largest)


def _images(streams: Bitstream) -> Bitstream:
    """`streams` if they are images, else an error."""
    checked = check_stream("streams", streams)
    if len(checked.shape) < 3:
        raise ValueError(f"streams must have shape (..., channels, height, width), got {checked.shape}")
    return checked


def _pooled(images: Bitstream, size: Any, stride: Any, pool: Callable[[Words], Words]) -> Bitstream:
    """Images of one stream a window: `pool` maps words ``(.., windows, pixels, W)`` to ``(.., windows, W)``."""
    kernel = pair("size", size, 1)
    step = kernel if stride is None else pair("stride", stride, 1)
    channels, height, width = images.shape[-3:]
    rows, columns = output_size((height, width), kernel, step)
    if min(rows, columns) < 1:
        raise ValueError(f"size must fit the image, {height} x {width}, got {kernel}")
    head, n_words = images.words.shape[:-4], images.words.shape[-1]
    flat = images.words.reshape(*head, channels * height * width, n_words)
    out = np.empty((*head, channels, rows * columns, n_words), np.uint64)
    window_bytes = 16 * math.prod((*head, channels, *kernel)) * (n_words + 1)
    for part in chunks(rows * columns, window_bytes):
        indices = window_indices(channels, (height, width), kernel, step, groups=channels, part=part)
        pixels = np.take(flat, indices.reshape(-1, indices.shape[-1]), axis=-2)
        out[..., part, :] = pool(pixels).reshape(*head, channels, -1, n_words)
    return Bitstream.owning(out.reshape(*head, channels, rows, columns, n_words), images.length, images.encoding)
