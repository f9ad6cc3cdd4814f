"""Convolution: the pixels' streams are made once, and every window that covers a pixel taps its stream."""

from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..backends.types import Words
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding
from ..encoders import Generator, Seed, Share
from ..gates.accumulators import Accumulate
from ..gates.faults import Faults
from ..gates.windows import ConvolutionWindows, Pair
from ..read_only import attribute
from ..synapses import MemristorModel
from .base import Floats, SCLayer
from .options import WeightStreams, layer_options
from .streams import Streams
from .weight_share import WeightShare
from .weighted import attributes
from .weighted.synapse_array import SynapseArray
from .weighted.weights import DenseWeights, given_weights
from .weighted.window_sum import WindowSum

_SIZES = 4
"""Sizes of images whose windows a layer remembers."""


class SCConv2DLayer(SCLayer):
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
        Groups of channels without connections between them; ``groups=in_channels`` is depthwise.
    use_gpu, generator, encoding, accumulate, share, bits, weight_streams, weight_share, faults, device, backend
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
        weight_streams: WeightStreams = "fresh",
        weight_share: WeightShare | None = None,
        faults: Faults | None = None,
        device: MemristorModel | None = None,
        seed: Seed = None,
        backend: str | None = None,
    ) -> None:
        self._options = layer_options(
            length, use_gpu, backend, generator=generator, encoding=encoding, accumulate=accumulate, share=share,
            bits=bits, weight_streams=weight_streams, weight_share=weight_share, faults=faults, device=device,
        )  # fmt: skip
        self._out_channels = checks.whole("out_channels", out_channels, 1)
        self._in_channels = checks.whole("in_channels", in_channels, 1)
        groups = checks.whole("groups", groups, 1)
        for name, channels in (("in_channels", self._in_channels), ("out_channels", self._out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be a multiple of groups={groups}, got {channels}")
        self._windows = ConvolutionWindows.of(self._in_channels, kernel_size, stride, padding, dilation, groups)
        super().__init__(seed, (self._out_channels, self._in_channels, *self._windows.kernel, groups))
        self._weights = DenseWeights(self._drawn(), encoding, bias, name="kernels", groups=groups)
        self._options = self._options.for_fan_in(self._weights.fan_in)
        self._reseed()

    in_channels: int = attribute("_in_channels", "Channels of an input image.")
    out_channels: int = attribute("_out_channels", "Channels of an output image.")
    kernel_size: Pair = attribute("_windows.kernel", "Rows and columns of a window.")
    stride: Pair = attribute("_windows.stride", "Steps between windows, rows and columns.")
    padding: Pair | Literal["same"] = attribute("_windows.padding", 'Zeros around an image: a pair, or ``"same"``.')
    dilation: Pair = attribute("_windows.dilation", "Steps between the pixels of a window.")
    groups: int = attribute("_windows.groups", "Groups of channels.")
    windows: ConvolutionWindows = attribute("_windows", "Where its windows lie in an image.")
    options = attributes.options
    length, encoding, accumulate, weight_streams, faults, device, backend = attributes.of_weighted_layers
    bias, fan_in, share, generator = attributes.bias, attributes.fan_in, attributes.share, attributes.generator
    weight_share, prepare = attributes.weight_share, attributes.prepare

    def _drawn(self) -> Floats:
        """Random kernels."""
        shape = (self._out_channels, self._in_channels // self.groups, *self.kernel_size)
        return self._seeds.generator("values").uniform(*value_range(self._options.encoding), shape)

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
        encoding = options.get("encoding", "unipolar")
        array = given_weights("kernels", kernels, encoding, "out", "in / groups", "kH", "kW")
        out_channels, per_group, rows, cols = array.shape
        channels = per_group * checks.count("groups", groups, 1)
        layer = cls(channels, out_channels, (rows, cols), stride, padding, length, groups=groups, **options)
        layer._weights.start_from(array)
        return layer

    @property
    def kernels(self) -> Floats:
        """Weights ``(out, in / groups, kH, kW)``; assign or edit them, the next `forward` sees it."""
        return self._weights.array

    @kernels.setter
    def kernels(self, values: ArrayLike) -> None:
        self._weights.assign(values, "kernels")

    @property
    def packed_kernels(self) -> Words:
        """Weight streams that the next sample uses, uint64 ``(out, in / groups, kH, kW, ceil(L / 64))``.

        Split layers have a leading axis of two (positive, negative rail).
        """
        return self._synapses.packed(self.samples, "kernels")

    def output_shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Shape ``(out, H_out, W_out)`` for images of this size.

        >>> SCConv2DLayer(3, 16, 5, stride=2, padding=2).output_shape(32, 32)
        (16, 16, 16)
        """
        size = checks.count("height", height, 0), checks.count("width", width, 0)
        return (self._out_channels, *self._windows.output_size(size))

    def _checked(self, input_image: ArrayLike) -> Floats:
        images = checks.array("input_image", input_image, *self._weights.bounds)
        if images.ndim < 3 or images.shape[-3] != self._in_channels:
            raise ValueError(
                f"input_image must have shape (..., {self._in_channels}, height, width), got {images.shape}"
            )
        if min(self.output_shape(*images.shape[-2:])) < 1 or not min(images.shape[-2:]):
            raise ValueError(f"input_image must be an image that a window fits into, {self!r}, got {images.shape}")
        return images

    def _forget(self) -> None:
        self._weights.restore(self._drawn)

    def _reseed(self) -> None:
        self._synapses = SynapseArray(self._weights, self._options, self._seeds)
        self._sums: dict[Pair, WindowSum] = {}

    def weighted_sum(self, size: Pair) -> WindowSum:
        """The circuit for images of this size (rows, columns)."""
        found = self._sums.get(size)
        if found is None:
            found = WindowSum(self._windows, size, self._synapses, self._options, self._seeds)
            kept = list(self._sums.items())[1 - _SIZES :]
            self._sums = {**dict(kept), size: found}  # another thread sees the old sizes or the new ones
        return found

    def streams(self, input_image: ArrayLike) -> Streams:
        """The streams that the next `forward` of these images uses; the generators do not advance.

        Returns
        -------
        Streams
            ``inputs``: ``(..., lines)``, the pixels of the padded images, and the constant of a bias. ``weights``:
            ``(out_channels, fan_in)``, with the batch axes in front where every sample gets its own.
        """
        x = self._checked(input_image)
        windows = self.weighted_sum(x.shape[-2:])
        lines = windows.lines(x.reshape(-1, *x.shape[-3:]))
        samples = self.samples + np.arange(len(lines))
        return windows.circuit.streams(lines, samples, x.shape[:-3], (self._out_channels, self.fan_in))

    def forward(self, input_image: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Rates ``(..., out_channels, H_out, W_out)`` of images ``(..., in_channels, H, W)``, from counts of streams.

        `samples` are numbers ``(...)``, which decide the random bits of each; none are reserved. None: the next ones.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        x, seen = self._checked(input_image), self._synapses.seen()
        windows = self.weighted_sum(x.shape[-2:])
        return self._over_samples(partial(windows.outputs, seen), x, 3, windows.sample_bytes, samples)

    __call__ = forward

    def expected(self, input_image: ArrayLike) -> Floats:
        """Limit of `forward` as the stream length grows.

        Raises
        ------
        ValueError
            As `forward`, and if there is no closed form.
        """
        x, seen = self._checked(input_image), self._synapses.seen()
        maps = self.weighted_sum(x.shape[-2:]).expected(seen, x.reshape(-1, *x.shape[-3:]))
        return maps.reshape(*x.shape[:-3], *maps.shape[1:])

    def _values(self) -> dict[str, Any]:
        return self._weights.state()

    def _load_values(self, state: dict[str, Any]) -> None:
        self._weights.load(state)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._in_channels} -> {self._out_channels}, {self._windows!r}, "
            f"{self._options.describe()})"
        )
