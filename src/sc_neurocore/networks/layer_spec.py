"""Specifications of the layers of a network: the interface that all kinds share.

A specification is a frozen description. It tells its shape, its numbers in floating point, and the layer of
streams that it becomes in a circuit; networks, circuits and files know no more of it.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..encoders import Generator
from ..layers.options import CircuitOptions
from ..layers.streams import Streams
from .activations import Floats

Shape = tuple[int, ...]


class NumberLayer(Protocol):
    """A layer of streams that takes numbers and gives numbers."""

    @property
    def generator(self) -> Generator:
        """Number generator of its input streams."""

    def forward(self, x: ArrayLike, /) -> Floats:
        """Outputs from counts of real streams."""

    def expected(self, x: ArrayLike, /) -> Floats:
        """Outputs for infinitely long streams."""

    def streams(self, x: ArrayLike, /) -> Streams:
        """The streams that the next `forward` uses."""

    def reset(self) -> None:
        """Rewind the generators."""


class Cost(NamedTuple):
    """What a layer takes as a circuit, for inputs that are never negative.

    Streams of signed inputs count twice, and so do the gates that they pass.
    """

    inputs: int
    weights: int
    gates: int
    windows: int = 1
    """Stream lengths that it takes from its first cycle to its last."""


@dataclass(frozen=True)
class BuildContext:
    """What a specification meets when it becomes a layer of a circuit."""

    options: CircuitOptions
    """Of this layer: with its length and its seed."""
    place: int
    """Number of the layer in its network."""
    input_scale: float
    """The largest |input|: a 1 of the streams."""
    signed: bool
    """Whether inputs may be negative."""

    @property
    def stream_options(self) -> dict[str, Any]:
        """Keywords of every layer of streams."""
        return self.options.keywords("length", "generator", "encoding", "bits", "faults", "seed", "backend")

    def unsigned(self) -> CircuitOptions:
        """The options for a layer whose streams are unipolar, whatever the encoding of the network."""
        return replace(self.options, encoding="unipolar", share=None)


class LayerSpec(ABC):
    """Specification of a layer of a network; this one's outputs are in the units and the range of its inputs."""

    arrays: ClassVar[tuple[str, ...]] = ()
    """Fields that a file holds as arrays; it holds the others in words."""
    file_format: ClassVar[int] = 1
    """The format of files that brought this layer."""
    takes_signed: ClassVar[bool] = True
    """Whether inputs may be negative."""
    takes_images: ClassVar[bool] = False
    """Whether its layer takes samples ``(channels, height, width)``; else it takes them flat."""
    ceiling: float | None = None
    """Largest |output| that the next layer is built for; None: that of the inputs."""

    @property
    def input_shape(self) -> Shape | None:
        """Shape of its inputs if there is but one."""
        return None

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""

    @abstractmethod
    def forward(self, a: Floats) -> Floats:
        """The layer in floating point, on a batch of inputs."""

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative, for inputs that may or may not."""
        return signed

    def output_scale(self, scale: float) -> float:
        """The largest |output| that the next layer is built for: the ceiling, or the scale of the inputs."""
        return scale if self.ceiling is None else self.ceiling

    def bound(self, bound: float) -> float:
        """A size that no output exceeds if no input exceeds `bound`."""
        return bound

    def calibrated(self, bound: float) -> Self:
        """This layer with outputs up to `bound`; 1 if it is 0."""
        return self if self.ceiling is None else replace(self, ceiling=bound or 1.0)  # type: ignore[type-var]

    def decoded(self, y: Floats) -> Floats:
        """Outputs of the layer from those of its circuit, after the gain."""
        return y

    @abstractmethod
    def build(self, shape: Shape, context: BuildContext) -> tuple[NumberLayer, float]:
        """The layer of streams for inputs of `shape` in units of the input scale, and the factor of its outputs."""

    @abstractmethod
    def cost(self, shape: Shape, rails: int) -> Cost:
        """What the circuit takes; numbers are made of so many streams, 2 if they are split."""

    def summary_cells(self, scale: float) -> tuple[str, str]:
        """Activation and gain, for a table."""
        return "", ""


def all_to_all_shape(weights: Floats, shape: Shape) -> Shape:
    """Shape of the outputs where all inputs meet all neurons, ``weights`` ``(n_outputs, n_inputs)``."""
    if math.prod(shape) != weights.shape[1]:
        raise ValueError(f"it takes {weights.shape[1]} inputs, got shape {shape}")
    return (len(weights),)


def check_ceiling(spec: LayerSpec) -> None:
    """Check the ceiling of a layer that has one."""
    checks.real("ceiling", spec.ceiling, np.finfo(float).tiny, np.finfo(float).max)


def keep_array(spec: LayerSpec, name: str, values: Any) -> None:
    """Let the field `name` of a frozen specification be a read-only copy of `values`."""
    copy = np.array(values, np.float64, order="C")
    copy.flags.writeable = False
    object.__setattr__(spec, name, copy)
