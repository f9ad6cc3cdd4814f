"""Pooling between layers: pixels are encoded, pooled by the circuits of `gates.pool`, and counted."""

from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.packing import words_for
from ..bitstreams import Bitstream, value_range
from ..bitstreams.encodings import Encoding, to_probability
from ..encoders import Encoder, Generator, Seed
from ..gates import Faults, average_pool, max_pool
from ..gates.windows import Pair, output_size, pair, window_indices
from .old_base import Floats, Samples, SCLayer, combined_faults, drivers, select_numbers

Pooling = Literal["average", "max"]
_CHUNK_BYTES = 1 << 25


class SCPool2D(SCLayer):
    """A multiplexer (``"average"``) or an OR gate (``"max"``) for every window of an image.

    Parameters
    ----------
    kind
        ``"average"`` or ``"max"``. For the maximum all pixels share one generator, which makes the OR exact.
    size
        Window: an integer, or a pair (rows, columns).
    stride
        Step between windows; None: the window's size. Incomplete windows at the edge are left out.
    length
        Stream length L in clock cycles.
    generator, encoding, bits
        As for `VectorizedSCLayer`.
    faults
        Those of the inputs act on the pixels' streams, see `Faults`.
    seed
        Fixes Bernoulli streams, selects and faults.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: the maximum errs by no more than one stream does; the average has variance
    m (1 - m) / L with Bernoulli streams, since the multiplexer keeps one pixel a cycle.

    Examples
    --------
    >>> SCPool2D("max", 2, length=64, generator="sobol").forward([[[0.25, 0.5], [0.0, 0.75]]])
    array([[[0.75]]])
    """

    _sample_axes = 3

    def __init__(
        self,
        kind: Pooling,
        size: int | Pair,
        stride: int | Pair | None = None,
        length: int = 256,
        *,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        bits: int | None = None,
        faults: Faults | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(length, generator, encoding, bits, seed)
        self.kind = cast(Pooling, checks.option("kind", kind, get_args(Pooling)))
        self.size = pair("size", size, 1)
        self.stride = self.size if stride is None else pair("stride", stride, 1)
        self.faults = combined_faults(0.0, faults)
        self._n_pixels = 1
        self._reseed()

    def output_shape(self, channels: int, height: int, width: int) -> tuple[int, int, int]:
        """Shape ``(C, H_out, W_out)`` for images of this shape."""
        return (channels, *output_size((height, width), self.size, self.stride))

    def _reseed(self) -> None:
        self._encoder = Encoder(
            self._n_pixels,
            self.length,
            self.generator,
            self.encoding,
            share="one" if self.kind == "max" else None,
            seed=self._seed("inputs"),
        )

    def _load_values(self, state: dict[str, Any]) -> None:
        """There are no values."""

    def _checked(self, x: ArrayLike) -> Floats:
        numbers = checks.array("x", x, *value_range(self.encoding))
        if numbers.ndim < 3 or min(self.output_shape(*numbers.shape[-3:])) < 1:
            raise ValueError(
                f"x must have shape (..., channels, height, width) with room for a window of {self.size}, "
                f"got {numbers.shape}"
            )
        return numbers

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        shape, pixels = x.shape[1:], int(np.prod(x.shape[1:]))
        if pixels != self._n_pixels:
            self._n_pixels = pixels
            self._reseed()
        out = np.empty((len(x), *self.output_shape(*shape)))
        step = max(1, _CHUNK_BYTES // (32 * words_for(self.length) * pixels))
        for start in range(0, len(x), step):
            part = slice(start, start + step)
            out[part] = self._pooled(x[part].reshape(-1, pixels), samples[part], shape).value()
        return out

    def _pooled(self, x: Floats, samples: Samples, shape: tuple[int, ...]) -> Bitstream:
        if self.encoding == "split":
            words = np.moveaxis(self._encoder.rails(x, samples), -3, 0)
        else:
            words = self._encoder.words(to_probability(x, self.encoding), samples)[None]
        words = self._faulty(words, samples, "inputs", drivers(self._encoder))
        words = words if self.encoding == "split" else words[0]
        words = words.reshape(*words.shape[:-2], *shape, -1)
        streams = Bitstream(words, self.length, self.encoding)
        if self.kind == "max":
            return max_pool(streams, self.size, stride=self.stride)
        index = 2 * self._n_pixels if self._encoder.share == "independent" else 2
        select = select_numbers(self.generator, index, self.length, samples, self._seed("select"))
        return average_pool(streams, self.size, select, stride=self.stride)

    def _expected(self, x: Floats) -> Floats:
        channels, height, width = x.shape[1:]
        windows = window_indices(channels, (height, width), self.size, self.stride, groups=channels)
        if self.faults != Faults():
            raise ValueError(f"expected has no closed form for pools with faults, got {self.faults}")
        values = self._quantised(x).reshape(len(x), channels * height * width)[:, windows]
        pooled: Floats = values.max(-1) if self.kind == "max" else values.mean(-1)
        return pooled.reshape(len(x), *self.output_shape(channels, height, width))

    def __repr__(self) -> str:
        faults = "" if self.faults == Faults() else f", {self.faults!r}"
        step = "" if self.stride == self.size else f", stride={self.stride}"
        return (
            f"{type(self).__name__}({self.kind}, {self.size[0]} x {self.size[1]}{step}, length={self.length}, "
            f"{self.generator!r}, encoding={self.encoding!r}{faults}, backend='numba')"
        )
