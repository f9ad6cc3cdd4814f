"""Convolution: the pixels' streams are made once, and every window that covers a pixel taps its stream."""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.packing import Words, words_for
from ..backends.reference import Wiring
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed, Share
from ..gates.faults import Faults
from ..gates.windows import Pair, output_size, pair, window_indices
from ..synapses import MemristorModel
from .old_base import Accumulate, Floats, Samples
from .weighted import WeightedLayer, pairs_of, signed_sum


class SCConv2DLayer(WeightedLayer):
    """Two-dimensional convolution (cross-correlation): each window is a dense layer with the same weight streams.

    ::

        image --encoder--> a stream a pixel
                             |  |  |      window (kH x kW x in / groups)
                             v  v  v
        kernel --encoder--> AND (XNOR) --> accumulate --> y[o, row, column]

    Parameters
    ----------
    in_channels, out_channels
        Planes of the input and of the output; both are multiples of `groups`.
    kernel_size, stride, dilation
        An integer, or a pair (rows, columns), of at least 1.
    padding
        Rows and columns of pixels of value 0 at each edge: an integer, a pair, or ``"same"``
        (stride 1 only), which makes the output as large as the input. They are streams like the others.
    length
        Stream length L in clock cycles.
    groups
        Parts of the channels that do not meet each other; ``groups=in_channels`` is depthwise.
    use_gpu, generator, encoding, accumulate, share, bits, weight_streams, bit_flip_rate, faults, device
        As for `VectorizedSCLayer`; n of ``"mean"`` is the size of a window, and one more with a bias.
    bias
        ``(out_channels,)`` in the encoding's range: one more synapse whose input is the constant 1.
    seed
        Fixes kernels, streams and faults.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: that of `VectorizedSCLayer` with a window's size as the number of inputs. Windows that
    overlap share pixel streams, and all share the weight streams, so their errors are correlated.

    Examples
    --------
    >>> import numpy as np
    >>> conv = SCConv2DLayer(in_channels=1, out_channels=2, kernel_size=3, padding=1)
    >>> conv.forward(np.random.rand(1, 8, 8)).shape
    (2, 8, 8)
    >>> edges = SCConv2DLayer.from_kernels([[[[-1.0, 1.0]]]], encoding="split", generator="sobol", accumulate="sum")
    >>> edges.forward([[[0.0, 0.5, 0.75]]])
    array([[[0.5 , 0.25]]])
    """

    _sample_axes = 3

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | Literal["same"] = 0,
        length: int = 256,
        *,
        dilation: int | Pair = 1,
        groups: int = 1,
        use_gpu: bool = True,
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        accumulate: Accumulate = "mean",
        share: Share | None = None,
        bits: int | None = None,
        bias: ArrayLike | None = None,
        weight_streams: Literal["fresh", "stored"] = "fresh",
        bit_flip_rate: float = 0.0,
        faults: Faults | None = None,
        device: MemristorModel | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(
            checks.whole("out_channels", out_channels, 1),
            length,
            use_gpu=use_gpu,
            generator=generator,
            encoding=encoding,
            accumulate=accumulate,
            share=share,
            bits=bits,
            bias=bias,
            weight_streams=weight_streams,
            bit_flip_rate=bit_flip_rate,
            faults=faults,
            device=device,
            seed=seed,
        )
        self.in_channels = checks.whole("in_channels", in_channels, 1)
        self.groups = checks.whole("groups", groups, 1)
        for name, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ValueError(f"{name} must be a multiple of groups={self.groups}, got {channels}")
        self.kernel_size = pair("kernel_size", kernel_size, 1)
        self.stride = pair("stride", stride, 1)
        self.dilation = pair("dilation", dilation, 1)
        self.padding: Pair | str
        if isinstance(padding, str):
            self.padding = checks.option("padding", padding, ("same",))
        else:
            self.padding = pair("padding", padding, 0)
        if self.padding == "same" and self.stride != (1, 1):
            raise ValueError(f"stride must be 1 with padding='same', got {self.stride}")
        rng = np.random.Generator(np.random.PCG64(self._seed("values")))
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self._weights = rng.uniform(*value_range(self.encoding), shape)
        self._size: Pair = (0, 0)
        self._n_lines = 1
        self._reseed()

    @classmethod
    def from_kernels(
        cls,
        kernels: ArrayLike,
        stride: int | Pair = 1,
        padding: int | Pair | Literal["same"] = 0,
        length: int = 256,
        *,
        groups: int = 1,
        **options: Any,
    ) -> "SCConv2DLayer":
        """A layer with these kernels ``(out, in / groups, kH, kW)``; options as for the constructor."""
        bounds = value_range(options.get("encoding", "unipolar"))
        array = checks.array("kernels", kernels, *bounds, shape=(None, None, None, None))
        out_channels, per_group, rows, columns = array.shape
        size = (rows, columns)
        layer = cls(per_group * groups, out_channels, size, stride, padding, length, groups=groups, **options)
        layer.kernels = array
        return layer

    @property
    def out_channels(self) -> int:
        """Planes of the output."""
        return self.n_neurons

    @property
    def kernels(self) -> Floats:
        """Weights ``(out, in / groups, kH, kW)``; assign or edit them, the next `forward` sees it."""
        return self._weights

    @kernels.setter
    def kernels(self, values: ArrayLike) -> None:
        self._weights = self._checked_weights("kernels", values, self._weights.shape)

    @property
    def packed_kernels(self) -> Words:
        """Weight streams that the next sample meets, uint64 ``(out, in / groups, kH, kW, ceil(L / 64))``.

        Split layers have a leading axis of two (positive, negative part).
        """
        words = self._weight_words(np.array([self.samples]))[:, 0]
        words = words.reshape(len(words), self.n_neurons, self.fan_in, -1)[:, :, : self._weights[0].size]
        words = words.reshape(len(words), *self._weights.shape, -1)
        return words if self.encoding == "split" else words[0]

    def output_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Shape ``(out, H_out, W_out)`` for images of this size.

        >>> SCConv2DLayer(3, 16, 5, stride=2, padding=2).output_shape(32, 32)
        (16, 16, 16)
        """
        (top, bottom), (left, right) = self._edges()
        padded = (height + top + bottom, width + left + right)
        return (self.out_channels, *output_size(padded, self.kernel_size, self.stride, self.dilation))

    # ------------------------------------------------------------ images and windows

    def _edges(self) -> tuple[Pair, Pair]:
        """Rows of padding (above, below) and columns (left, right)."""
        if isinstance(self.padding, str):  # "same"
            both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return (both[0] // 2, both[0] - both[0] // 2), (both[1] // 2, both[1] - both[1] // 2)
        rows, columns = self.padding
        return (rows, rows), (columns, columns)

    def _checked(self, x: ArrayLike) -> Floats:
        numbers = checks.array("x", x, *value_range(self.encoding))
        if numbers.ndim < 3 or numbers.shape[-3] != self.in_channels:
            raise ValueError(f"x must have shape (..., {self.in_channels}, height, width), got {numbers.shape}")
        if min(self.output_shape(*numbers.shape[-2:])) < 1:
            raise ValueError(f"x must be an image that a window fits into, {self!r}, got shape {numbers.shape}")
        return numbers

    def _lines_of(self, x: Floats) -> Floats:
        """Pixels of the padded images, and the constant of a bias: ``(S, lines)``."""
        padded = np.pad(x, ((0, 0), (0, 0), *self._edges()))
        lines = padded.reshape(len(x), math.prod(padded.shape[1:]))
        return lines if self.bias is None else np.column_stack([lines, np.ones(len(x))])

    def _see(self, x: Floats) -> None:
        """Lay the windows over images of the size of these."""
        (top, bottom), (left, right) = self._edges()
        size = (x.shape[-2] + top + bottom, x.shape[-1] + left + right)
        if size == self._size:
            return
        windows = window_indices(self.in_channels, size, self.kernel_size, self.stride, self.dilation, self.groups)
        lines = self.in_channels * size[0] * size[1]
        if self.bias is not None:
            windows = np.concatenate([windows, np.full((*windows.shape[:2], 1), lines)], axis=2)
            lines += 1
        self._size, self._windows = size, windows
        self._use_lines(lines)

    def _make_wiring(self) -> Wiring:
        """The synapses of one group."""
        neurons = self.out_channels // self.groups
        synapses = neurons * self.fan_in
        indptr = np.arange(0, synapses + 1, self.fan_in)
        return Wiring(indptr, np.tile(np.arange(self.fan_in), neurons), np.arange(synapses))

    # ------------------------------------------------------------ outputs

    def _forward(self, x: Floats, samples: Samples) -> Floats:
        self._see(x)
        return super()._forward(x, samples).reshape(len(x), *self.output_shape(*x.shape[-2:]))

    def _outputs(self, x: Words, w: Words, samples: Samples) -> Floats:
        groups, n_windows, fan_in = self._windows.shape
        neurons, n_samples = self.out_channels // self.groups, len(samples)
        w = w.reshape(*w.shape[:2], groups, neurons, fan_in, w.shape[-1])
        if self._counts_windows:
            shared = w.shape[1] == 1
            lines = x[:, None] if shared else x[:, :, None]
            counts = signed_sum(pairs_of(lines, w), self._window_total).reshape(n_samples, groups, n_windows, neurons)
            out = self._sums(counts, fan_in)
        else:
            w = np.broadcast_to(w, (len(w), n_samples, *w.shape[2:]))
            synapses = np.ascontiguousarray(w).reshape(len(w), n_samples * groups, neurons * fan_in, w.shape[-1])
            inputs = np.stack([self._gathered(half) for half in x])
            numbers = np.broadcast_to(np.repeat(samples, groups)[:, None], (n_samples * groups, n_windows))
            rows = numbers * (groups * n_windows) + np.tile(np.arange(groups * n_windows), n_samples).reshape(
                numbers.shape
            )
            out = self._accumulated(inputs, synapses, self._wiring, numbers, rows)
            out = out.reshape(n_samples, groups, n_windows, neurons)
        return out.transpose(0, 1, 3, 2).reshape(n_samples, self.out_channels, n_windows)

    @property
    def _counts_windows(self) -> bool:
        """Whether the windows are only counted, without their streams being laid out."""
        return self.accumulate in ("mean", "sum") and self.backend == "numba" and not self.faults.product_flips

    @property
    def _products(self) -> int:
        groups, n_windows, fan_in = self._windows.shape
        return int(groups * n_windows * fan_in * (self.out_channels // groups))

    def _gathered(self, lines: Words) -> Words:
        """Streams of all windows ``(S * groups, windows, fan_in, W)`` of lines ``(S, lines, W)``."""
        n_samples, n_lines, n_words = lines.shape
        groups, n_windows, fan_in = self._windows.shape
        rows = np.arange(n_samples).reshape(-1, 1, 1, 1) * n_lines + self._windows
        words = compiled.gather(lines.reshape(n_samples * n_lines, n_words), rows.astype(np.uint64))
        return words.reshape(n_samples * groups, n_windows, fan_in, n_words)

    def _window_total(self, x: Words, w: Words) -> NDArray[np.int64]:
        """Ones ``(G, B, groups, windows, M)`` of all products of a neuron."""
        ones = compiled.window_counts(x, w, self._windows)
        if self.encoding != "bipolar":
            return ones
        # Ones of XNOR = L - |x| - |w| + 2 |x AND w|
        x_ones = compiled.popcount(x)[:, :, self._windows].sum(-1)[..., None]
        w_ones = compiled.popcount(w).sum(-1)[:, None, :, None]
        return np.asarray(2 * ones + self.fan_in * self.length - x_ones - w_ones)

    def _window_bytes(self) -> int:
        groups, n_windows, fan_in = self._windows.shape
        counts: int = 8 * self.out_channels * n_windows
        if self._counts_windows:
            return counts
        halves = 2 if self.encoding == "split" else 1
        streams = 8 * words_for(self.length) * halves * groups * n_windows * fan_in
        cycles = 4 * self.length * n_windows * (self.out_channels if self.accumulate == "saturate" else groups)
        return int(counts + streams + (cycles if self.accumulate in ("saturate", "mux") else 0))

    def _expected(self, x: Floats) -> Floats:
        self._see(x)
        groups, n_windows, fan_in = self._windows.shape
        weights = self._met(self._read_values(), self.faults.weight_flips).reshape(groups, -1, fan_in)
        out = np.empty((len(x), self.out_channels, n_windows))
        by_group = out.reshape(len(x), groups, self.out_channels // groups, n_windows)
        lines = self._met(self._lines_of(x), self.faults.input_flips)
        for k in range(groups):
            rows = lines[:, self._windows[k]].reshape(len(x) * n_windows, fan_in)
            values = self._expected_rows(rows, weights[k], self._wiring)
            by_group[:, k] = values.reshape(len(x), n_windows, values.shape[1]).transpose(0, 2, 1)
        return self._converted(out).reshape(len(x), *self.output_shape(*x.shape[-2:]))

    def __repr__(self) -> str:
        extras = "".join(
            f", {name}={value}"
            for name, value, plain in (
                ("stride", self.stride, (1, 1)),
                ("padding", self.padding, (0, 0)),
                ("dilation", self.dilation, (1, 1)),
                ("groups", self.groups, 1),
            )
            if value != plain
        )
        rows, columns = self.kernel_size
        return (
            f"{type(self).__name__}({self.in_channels} -> {self.out_channels}, {rows} x {columns}{extras}, "
            f"{self._options_repr()})"
        )
