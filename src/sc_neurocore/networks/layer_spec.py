"""Specifications of the layers of a network: the interface that all kinds share.

A specification is a frozen dataclass: the weights and options of a layer. It computes shapes, outputs in floating
point and the hardware cost, and builds the stochastic layer of a circuit; networks, circuits and files use only this.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..encoders import Generator
from ..encoders.width import OfWidth
from ..layers.options import CircuitOptions
from ..layers.streams import Streams
from .activations import Floats
from .mapping import LayerMapping

Shape = tuple[int, ...]
Range = float | Floats
"""The largest |number|: one for all, or an array that broadcasts on a sample, with one for each."""


class NumberLayer(Protocol):
    """Interface of a stochastic layer in a circuit: numbers in, streams inside, numbers out."""

    @property
    def generator(self) -> Generator:
        """Number generator of its input streams."""

    def forward(self, x: ArrayLike, /, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., n_outputs)``, from counts of streams, of samples with the next numbers or given ones."""

    def expected(self, x: ArrayLike, /) -> Floats:
        """Outputs for infinitely long streams; a ValueError if there is no closed form."""

    def streams(self, x: ArrayLike, /) -> Streams:
        """The streams that the next `forward` uses."""

    def reset(self) -> None:
        """Rewind the generators."""


class Cost(NamedTuple):
    """Hardware cost of a layer, for inputs that are never negative.

    Streams of signed inputs count twice, and so do the gates that they pass.
    """

    inputs: int
    """Input streams."""
    weights: int
    """Weight streams."""
    gates: int
    """Two-input gates, or inputs of wider ones."""
    windows: int = 1
    """Latency in stream lengths, from its first cycle to its last."""


@dataclass(frozen=True)
class BuildContext:
    """Context in which a specification builds its layer of a circuit: options, place, range of the inputs."""

    options: CircuitOptions
    """Options of this layer, with its own length and seed."""
    place: int
    """Number of the layer among those of its network that have streams, from 0."""
    input_scale: Range
    """The largest |input|, which the streams represent as 1: a number, or one for each line or channel."""
    signed: bool
    """Whether inputs may be negative."""
    node: int | None = None
    """Number of the layer among all of its network; None: `place`."""
    name: str | None = None
    """What errors call the layer; None: by its place."""

    @property
    def called(self) -> str:
        """The layer in errors."""
        return self.name or f"layer {self.place}"

    @property
    def stream_options(self) -> dict[str, Any]:
        """Options that every stochastic layer takes, as keywords."""
        return self.options.keywords("length", "generator", "encoding", "bits", "faults", "seed", "backend")

    def using(self, generator: str | Generator) -> Self:
        """The context with another generator, which is read at the width of thresholds that the options name."""
        options, bits = self.options, self.options.bits
        if generator == options.generator:
            return self
        if isinstance(generator, Generator) and bits is not None:
            generator = generator if generator.modulus == 1 << bits else OfWidth(generator, bits)
            bits = None
        return replace(self, options=replace(options, generator=generator, bits=bits))

    def unsigned(self) -> CircuitOptions:
        """The options for a layer whose streams are unipolar, whatever the encoding of the network."""
        return replace(self.options, encoding="unipolar", share=None, weight_share=None)


class LayerSpec(ABC):
    """Base of the specifications of layers; by default, outputs have the range of the inputs.

    Subclasses are frozen dataclasses that define `output_shape`, `forward`, `_built` and `cost`, and override the
    methods whose defaults do not hold for them.
    """

    arrays: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that a file stores as arrays; the others are stored as JSON."""
    file_format: ClassVar[int] = 1
    """Version of the file format from which on files can hold this layer."""
    takes_signed: ClassVar[bool] = True
    """Whether inputs may be negative."""
    takes_images: ClassVar[bool] = False
    """Whether its layer takes images ``(channels, height, width)``; else flat samples."""
    takes_tokens: ClassVar[bool] = False
    """Whether samples may be tokens ``(tokens, features)``, which it takes one by one, or as what they are."""
    takes_ranges: ClassVar[bool] = False
    """Whether each input line, or each channel of images, may have a range of its own."""
    homogeneous: ClassVar[bool] = True
    """Without weights: whether a multiple of its inputs, all of one range, gives the same multiple of its outputs."""
    binary: ClassVar[bool] = False
    """Whether it is arithmetic on the numbers between counters and encoders: no streams, no length, no mapping."""
    ceiling: Range | None = None
    """Largest |output| that is encoded for the next layer, above it is clipped; None: that of the inputs."""

    @property
    def decision(self) -> float:
        """As the last layer of a classifier: the value of a single output above which it means the second class."""
        return 0.0

    @property
    def least_cycles(self) -> int:
        """Fewest clock cycles that its circuit can have."""
        return 1

    @property
    def input_shape(self) -> Shape | None:
        """Shape of a sample, if there is only one that fits; else None."""
        return None

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs of a sample.

        Parameters
        ----------
        shape
            Shape of the inputs: ``(n,)``, ``(tokens, features)`` or ``(channels, height, width)``.

        Raises
        ------
        ValueError
            If inputs of this shape do not fit.
        """

    @abstractmethod
    def forward(self, a: Floats) -> Floats:
        """Outputs ``(B, *output_shape)`` in floating point for inputs ``(B, *shape)``."""

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative, where `signed` says whether inputs may be."""
        return signed

    def sample(self, shape: Shape) -> Shape:
        """Shape of a sample as its layer takes it, for inputs of `shape`."""
        whole = self.takes_images or (self.takes_tokens and len(shape) == 2)
        return shape if whole else (math.prod(shape),)

    def runs(self, shape: Shape) -> int:
        """How many samples its layer takes inputs of `shape` as: one, or each token by itself."""
        return 1

    def fitted(self, scale: Range, shape: Shape) -> Range:
        """The range of inputs of `shape` as the layer can have it: one number, or one for each line or channel."""
        if isinstance(scale, float | int):
            return scale
        if not self.takes_ranges:
            return float(scale.max())
        each = np.broadcast_to(scale, shape).reshape(self.sample(shape))
        if each.ndim == 3:
            each = each.max((1, 2), keepdims=True)
        elif each.ndim == 2:
            each = each.max(0)
        return float(each.flat[0]) if (each == each.flat[0]).all() else np.array(each)

    def output_scale(self, scale: Range, shape: Shape) -> Range:
        """The largest |output| encoded for the next layer: the ceiling, or else that of the inputs.

        Parameters
        ----------
        scale
            The largest |input|, as `fitted`.
        shape
            Shape of the inputs of a sample.
        """
        return scale if self.ceiling is None else self.ceiling

    def bound(self, bound: Any, shape: Shape) -> Range:
        """Upper bound of |outputs|, given one of |inputs| of that shape, as `fitted`."""
        return bound  # type: ignore[no-any-return]

    def measured(self, outputs: Floats, quantile: float) -> Range:
        """The ceiling for outputs ``(N, ...)`` of samples: a quantile of their magnitudes.

        To seven digits: the matrix products of another machine differ in about the 15th.
        """
        return float(f"{np.quantile(np.abs(outputs), quantile):.7g}")

    def calibrated(self, bound: Range) -> Self:
        """A copy whose ceiling is `bound`, or 1 if that is 0; itself if it has no ceiling."""
        return self if self.ceiling is None else replace(self, ceiling=bound or 1.0)  # type: ignore[type-var]

    def decoded(self, y: Floats) -> Floats:
        """Outputs of the layer from those of its circuit, gains and offsets included: applies the activation."""
        return y

    def mapping(self, shape: Shape, context: BuildContext) -> LayerMapping:
        """The plain mapping of the layer on a circuit: one range, that of the inputs, and one gain.

        Parameters
        ----------
        shape
            Shape of the inputs of a sample.
        context
            Options of the circuit, and the range of the inputs.

        Raises
        ------
        ValueError
            If the encoding has no streams for its weights.
        """
        return LayerMapping(context.input_scale, context.input_scale, generator=context.options.generator)

    def build(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """Build the stochastic layer of a circuit.

        Parameters
        ----------
        shape
            Shape of the inputs of a sample.
        context
            Options of the circuit; the range of the inputs is that of the mapping.
        mapping
            What its comparators get. The layer takes inputs in units of ``mapping.ranges``, in [-1, 1]; what it gives
            is multiplied by `count_factors`, and ``mapping.offsets`` are added.

        Raises
        ------
        ValueError, TypeError
            If the mapping does not fit the layer, or the layer cannot be built with these options.
        """
        self.check_mapping(shape, mapping)
        return self._built(shape, context.using(mapping.generator), mapping)

    @abstractmethod
    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """The layer of `build`, for a mapping that fits, in a context with its generator."""

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the arrays of a mapping have not the shapes for inputs of `shape`."""
        check_shapes(mapping, {"ranges": ((),), "gains": ((),), "offsets": ((),), "weights": (None,), "bias": (None,)})

    def count_factors(self, mapping: LayerMapping) -> Floats:
        """Factors of the outputs of the layer that was built: the gains."""
        return mapping.gains

    @abstractmethod
    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost for inputs of `shape`; `rails` streams carry a number, 2 in split encoding."""

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """Activation and gain as text for a table, for inputs up to `scale`."""
        return "", ""


def check_shapes(mapping: LayerMapping, allowed: Mapping[str, Collection[Shape | None]]) -> None:
    """Raise a ValueError if an array of a mapping has none of the shapes `allowed` for it; None: it is None."""
    for name, shapes in allowed.items():
        array = getattr(mapping, name)
        if (shape := None if array is None else array.shape) not in shapes:
            rule = " or ".join("be None" if shape is None else f"have shape {shape}" for shape in shapes)
            raise ValueError(f"{name} of a mapping must {rule}, got {'None' if shape is None else f'shape {shape}'}")


def all_to_all_shape(weights: Floats, shape: Shape) -> Shape:
    """Shape ``(n_outputs,)`` of a fully connected layer with weights ``(n_outputs, n_inputs)``."""
    if math.prod(shape) != weights.shape[1]:
        raise ValueError(f"it takes {weights.shape[1]} inputs, got shape {shape}")
    return (len(weights),)


def check_ceiling(spec: LayerSpec) -> None:
    """Check that the ceiling of a layer is a positive finite number, or raise a ValueError."""
    ceiling = checks.real("ceiling", spec.ceiling, np.finfo(float).tiny, np.finfo(float).max)
    keep_number(spec, "ceiling", ceiling)


def keep_number(spec: LayerSpec, name: str, number: float) -> None:
    """Set the field `name` of a frozen specification to a checked number, if it is one of NumPy's.

    What it is equal to in Python stays as it was given, since its text is part of the digest of a network.
    """
    if type(getattr(spec, name)) not in (int, float):
        object.__setattr__(spec, name, number)


def keep_array(spec: LayerSpec, name: str, values: Any) -> None:
    """Set the field `name` of a frozen specification to a read-only float64 copy of `values`."""
    copy = np.array(values, np.float64, order="C")
    copy.flags.writeable = False
    object.__setattr__(spec, name, copy)
