"""Pooling between layers: pixels are encoded, pooled by the circuits of `gates.pool`, and counted."""

import math
from functools import partial
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.packing import words_for
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding
from ..chunks import chunks
from ..encoders import Bernoulli, Generator, Seed
from ..encoders.select import SelectSource
from ..gates import Faults, average_pool, max_pool
from ..gates.windows import Pair, output_size, pair, window_indices, window_maxima
from ..read_only import attribute
from .base import Floats, Samples, SCLayer
from .input_lines import InputLines
from .options import layer_options
from .stream_faults import StreamFaults
from .streams import Streams
from .weighted.attributes import circuit_option, options

Pooling = Literal["average", "max"]


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
    backend
        Backend that runs the kernels, one of ``sc_neurocore.backends.available()``; None: the default.

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
        backend: str | None = None,
    ) -> None:
        self._kind = cast(Pooling, checks.option("kind", kind, get_args(Pooling)))
        self._size = pair("size", size, 1)
        super().__init__(seed, self._size)
        self._stride = self._size if stride is None else pair("stride", stride, 1)
        self._options = layer_options(
            length, False, backend, generator=generator, encoding=encoding, bits=bits, faults=faults
        )
        if self._kind == "max":
            self.generator.check_one_sequence("kind='max'")
        self._reseed()

    kind: Pooling = attribute("_kind", '``"average"`` or ``"max"``.')
    size: Pair = attribute("_size", "Rows and columns of a window.")
    stride: Pair = attribute("_stride", "Steps between windows, rows and columns.")
    options = options
    length = circuit_option("length")
    encoding = circuit_option("encoding")
    faults = circuit_option("faults")
    backend = circuit_option("backend")

    @property
    def generator(self) -> Generator:
        """Number generator of the pixel streams; a partner drives the select inputs."""
        return self._options.make_generator()

    def _reseed(self) -> None:
        self._faults = StreamFaults.of(self._options, self._seeds)

    def inputs(self, pixels: int) -> InputLines:
        """The comparators of an image of so many pixels."""
        return InputLines(pixels, self._options, self._seeds, self._faults, "one" if self._kind == "max" else None)

    def select(self, inputs: InputLines) -> SelectSource:
        """The source of the numbers that drive the multiplexers of averages."""
        options = self._options
        return SelectSource(inputs.encoder.generator, 1, options.cycles, self._seeds.key("select"), options.backend)

    def output_shape(self, channels: int, height: int, width: int) -> tuple[int, int, int]:
        """Shape ``(C, H_out, W_out)`` for images of this shape."""
        size = checks.count("height", height, 0), checks.count("width", width, 0)
        return (checks.count("channels", channels, 0), *output_size(size, self._size, self._stride))

    def _checked(self, input_image: ArrayLike) -> Floats:
        images = checks.array("input_image", input_image, *value_range(self._options.encoding))
        if images.ndim < 3 or min(self.output_shape(*images.shape[-3:])) < 1:
            raise ValueError(
                f"input_image must have shape (..., channels, height, width) with room for a window of {self._size}, "
                f"got {images.shape}"
            )
        return images

    def forward(self, input_image: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Pooled images ``(..., C, H_out, W_out)`` of images ``(..., C, H, W)``, decoded from counts of real streams.

        `samples` are numbers ``(...)``, which decide the random bits of each; none are reserved. None: the next ones.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        x = self._checked(input_image)
        run = self._pooled
        if self._kind == "max" and self._faults is None and not isinstance(self.generator, Bernoulli):
            # Every stream has a one where the numbers of one sequence are below its threshold: the OR of a window is
            # the stream of its largest number, and the AND of the negative parts that of the smallest of them.
            x, run = window_maxima(x, self._size, self._stride), self._encoded
        pixels = math.prod(x.shape[-3:])
        per_sample = 32 * words_for(self._options.cycles) * pixels
        return self._over_samples(partial(run, self.inputs(pixels)), x, 3, per_sample, samples)

    __call__ = forward

    def _encoded(self, inputs: InputLines, x: Floats, samples: Samples) -> Floats:
        """Numbers as they are decoded from their streams."""
        return inputs.streams(x.reshape(len(x), inputs.encoder.n), samples, x.shape).value(self._options.backend)

    def _pooled(self, inputs: InputLines, x: Floats, samples: Samples) -> Floats:
        images = inputs.streams(x.reshape(len(x), inputs.encoder.n), samples, x.shape)
        if self._kind == "max":
            return max_pool(images, self._size, stride=self._stride).value(self._options.backend)
        select = self.select(inputs)(samples)
        return average_pool(images, self._size, select, stride=self._stride).value(self._options.backend)

    def streams(self, input_image: ArrayLike) -> Streams:
        """The streams ``(..., C, H, W)`` of the pixels that the next `forward` uses."""
        x = self._checked(input_image)
        pixels = math.prod(x.shape[-3:])
        flat = x.reshape(-1, pixels)
        return Streams(self.inputs(pixels).streams(flat, self.samples + np.arange(len(flat)), x.shape), None)

    def expected(self, input_image: ArrayLike) -> Floats:
        """Limit of `forward` as the stream length grows: the means or the maxima of the windows.

        Raises
        ------
        ValueError
            As `forward`, and with faults.
        """
        x = self._checked(input_image)
        self._options.check_no_faults("pools")
        height, width = x.shape[-2:]
        rounded, shape = self._options.rounded(x), self.output_shape(1, height, width)
        if self._kind == "max":
            return window_maxima(rounded, self._size, self._stride)
        planes = rounded.reshape(-1, height * width)
        out = np.empty((len(planes), math.prod(shape)))
        for part in chunks(out.shape[1], 24 * len(planes) * math.prod(self._size)):
            windows = planes[:, window_indices(1, (height, width), self._size, self._stride, part=part)[0]]
            out[:, part] = windows.mean(-1)
        return out.reshape(*x.shape[:-2], *shape[1:])

    def __repr__(self) -> str:
        step = "" if self._stride == self._size else f", stride={self._stride}"
        window = f"{self._kind}, {self._size[0]} x {self._size[1]}{step}"
        return f"{type(self).__name__}({window}, {self._options.describe_streams()})"
