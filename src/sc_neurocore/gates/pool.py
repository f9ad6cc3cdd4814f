"""Pooling of images of streams: a multiplexer averages a window, an OR gate finds its maximum.

==============  =====================  ===============================================
gate            result                 hardware, a window
==============  =====================  ===============================================
`average_pool`  mean of the window     multiplexer with a random select
`max_pool`      maximum of the window  OR gate; pixels from one generator (SCC = +1)
==============  =====================  ===============================================
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backends.types import Words
from ..bitstreams import Bitstream
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
    checked, windows, shape = _windows(streams, size, stride)
    numbers = check_sequence("select", select, checked.length)
    pooled = mux(Bitstream.owning(windows, checked.length, checked.encoding), numbers[..., None, :])
    return Bitstream.owning(pooled.words.reshape(*shape, -1), checked.length, checked.encoding)


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
    checked, windows, shape = _windows(streams, size, stride)
    if checked.encoding == "split":
        pooled = np.stack([np.bitwise_or.reduce(windows[0], axis=-2), np.bitwise_and.reduce(windows[1], axis=-2)])
    else:
        pooled = np.bitwise_or.reduce(windows, axis=-2)
    return Bitstream.owning(pooled.reshape(*shape, -1), checked.length, checked.encoding)


def _windows(streams: Bitstream, size: Any, stride: Any) -> tuple[Bitstream, Words, tuple[int, ...]]:
    """The images; words ``(.., C * windows, pixels, W)``; shape of the pooled words without their last axis."""
    checked = check_stream("streams", streams)
    kernel = pair("size", size, 1)
    step = kernel if stride is None else pair("stride", stride, 1)
    if len(checked.shape) < 3:
        raise ValueError(f"streams must have shape (..., channels, height, width), got {checked.shape}")
    channels, height, width = checked.shape[-3:]
    out = output_size((height, width), kernel, step)
    if min(out) < 1:
        raise ValueError(f"size must fit the image, {height} x {width}, got {kernel}")
    head = checked.words.shape[:-4]
    flat = checked.words.reshape(*head, channels * height * width, -1)
    indices = window_indices(channels, (height, width), kernel, step, groups=channels)
    windows = np.take(flat, indices.reshape(-1, indices.shape[-1]), axis=-2)
    return checked, windows, (*head, channels, *out)
