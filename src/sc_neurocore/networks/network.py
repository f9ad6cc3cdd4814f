"""A trained network: weights, activations and the ranges its numbers live in."""

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .activations import Activation, Floats
from .parts import Dense, Part, Shape

if TYPE_CHECKING:
    from ..bitstreams import Encoding
    from ..encoders import Generator, Seed
    from ..gates.faults import Faults
    from ..layers.old_base import Accumulate
    from ..synapses import MemristorModel
    from .circuit import Circuit

Kind = Literal["classifier", "regressor"]


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in order, the range of the inputs, and what the outputs mean.

    Make one by `from_arrays`, by `from_layers`, by `load`, or by ``sc_neurocore.interop.from_sklearn``.

    Parameters
    ----------
    layers
        At least one part: `Dense`, `Conv2D`, `Pool2D`, `Inhibition`, `KWinners`, `SpikingDense`, `Dendrite`,
        `PredictiveCoding`. Each fits the one before; the last one gives a vector.
    input_shape
        Shape of a sample, ``(n_inputs,)`` or ``(channels, height, width)``; None: what the first layer
        takes, if that is but one shape. Samples come flat, with ``n_inputs`` values.
    input_range
        Smallest and largest input, as met in training.
    kind
        ``"classifier"``: the class of a sample is the arg-max of the outputs. ``"regressor"``.
    classes
        Names of the classes, or None.

    Raises
    ------
    ValueError
        If the layers do not fit each other, or a number is not finite.

    Examples
    --------
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]], [[0.0, 0.0]])
    >>> network.float_predict([[0.9, 0.1], [0.2, 0.7]])
    array([0, 1])
    >>> network.circuit(64).predict([[0.9, 0.1], [0.2, 0.7]])
    array([0, 1])
    """

    layers: tuple[Part, ...]
    input_range: tuple[float, float] = (0.0, 1.0)
    kind: Kind = "classifier"
    classes: tuple[str, ...] | None = None
    input_shape: Shape | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers must hold at least one layer, got none")
        object.__setattr__(self, "input_shape", _checked_shape(self.layers[0], self.input_shape))
        shape = self.shapes()[-1]
        if len(shape) != 1:
            raise ValueError(
                f"layers must end with one that gives a vector, such as Dense, got {type(self.layers[-1]).__name__} "
                f"with outputs of shape {shape}"
            )
        low, high = checks.array("input_range", self.input_range, shape=(2,)).tolist()
        if not low < high:
            raise ValueError(f"input_range must be (low, high) with low < high, got ({low:g}, {high:g})")
        signed = low < 0
        for k, layer in enumerate(self.layers):
            if signed and not layer.takes_signed:
                name = type(layer).__name__
                raise ValueError(
                    f"layers must fit each other: layer {k}: {name} takes no negative numbers, may get some"
                )
            signed = layer.gives_signed(signed)
        checks.option("kind", self.kind, get_args(Kind))
        if self.classes is not None and len(self.classes) != self.n_outputs:
            raise ValueError(f"classes must have {self.n_outputs} names, got {len(self.classes)}")
        object.__setattr__(self, "input_range", (low, high))

    @classmethod
    def from_arrays(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike] | None = None,
        *,
        activation: Activation = "relu",
        output_activation: Activation = "identity",
        calibration: ArrayLike | None = None,
        ceiling_quantile: float = 0.99,
        input_range: tuple[float, float] | None = None,
        kind: Kind = "classifier",
        classes: Sequence[str] | None = None,
    ) -> Self:
        """A network of dense layers.

        Parameters
        ----------
        weights
            One ``(n_outputs, n_inputs)`` a layer.
        biases
            One ``(n_outputs,)`` a layer; None for none.
        activation, output_activation
            Of the hidden layers, and of the last.
        calibration
            Training inputs ``(N, n_inputs)``: the ranges of inputs and hidden layers are those met
            here. None: the range of a hidden layer is the bound that no input can exceed.
        ceiling_quantile
            In (0, 1]: a hidden layer's ceiling is this quantile of its |outputs| on `calibration`.
            The few values above it are clipped; a lower ceiling makes the stream noise smaller.
        input_range
            None: that of `calibration`, else (0, 1).
        """
        matrices = [checks.array(f"weights[{k}]", matrix, shape=(None, None)) for k, matrix in enumerate(weights)]
        if biases is None:
            biases = [np.zeros(len(matrix)) for matrix in matrices]
        if len(biases) != len(matrices):
            raise ValueError(f"biases must have {len(matrices)} arrays, one a layer, got {len(biases)}")
        last = len(matrices) - 1
        layers = [
            Dense(matrix, np.asarray(bias, np.float64), output_activation if k == last else activation)
            for k, (matrix, bias) in enumerate(zip(matrices, biases, strict=True))
        ]
        return cls.from_layers(
            layers,
            calibration=calibration,
            ceiling_quantile=ceiling_quantile,
            input_range=input_range,
            kind=kind,
            classes=classes,
        )

    @classmethod
    def from_layers(
        cls,
        layers: Sequence[Part],
        *,
        input_shape: Shape | None = None,
        calibration: ArrayLike | None = None,
        ceiling_quantile: float = 0.99,
        input_range: tuple[float, float] | None = None,
        kind: Kind = "classifier",
        classes: Sequence[str] | None = None,
    ) -> Self:
        """A network of given layers, whose ceilings are set anew.

        Parameters
        ----------
        layers
            The parts, in order; see `Network`.
        input_shape
            Shape of a sample, ``(channels, height, width)`` for images.
        calibration, ceiling_quantile, input_range, kind, classes
            As for `from_arrays`.

        Examples
        --------
        >>> from sc_neurocore import Conv2D, Dense, Pool2D
        >>> edges = Conv2D(np.array([[[[-1.0, 1.0]]]]), np.zeros(1), "relu")
        >>> count = Dense(np.ones((2, 2)), np.zeros(2), "identity")
        >>> Network.from_layers([edges, Pool2D("max", (2, 1)), count], input_shape=(1, 2, 3))
        Network((1, 2, 3), Conv2D (1, 2, 2), Pool2D (1, 1, 2), Dense (2,), inputs in [0, 1], classifier)
        """
        checks.real("ceiling_quantile", ceiling_quantile, np.finfo(float).tiny, 1.0)
        sample = None
        if calibration is not None:
            width = int(np.prod(_checked_shape(layers[0], input_shape))) if layers else None
            sample = checks.array("calibration", calibration, shape=(None, width))
            if not len(sample):
                raise ValueError("calibration must hold at least one sample, got none")
        if input_range is None:
            input_range = (0.0, 1.0) if sample is None else (float(sample.min()), float(sample.max()))
            if input_range[0] == input_range[1]:  # a constant
                input_range = (min(input_range[0], 0.0), max(input_range[1], 1.0))
        names = None if classes is None else tuple(map(str, classes))
        plain = cls(tuple(layers), input_range, kind, names, input_shape)
        return replace(plain, layers=plain._calibrated(sample, ceiling_quantile))

    def _calibrated(self, sample: Floats | None, quantile: float) -> tuple[Part, ...]:
        """The layers with ceilings met on `sample`, or with bounds that no input can exceed."""
        bound = max(abs(end) for end in self.input_range)
        if sample is not None:
            sample = sample.reshape(len(sample), *self._shape())
        layers: list[Part] = []
        for layer in self.layers:
            if sample is not None:
                sample = _in_batches(layer, sample)
            bound = layer.bound(bound) if sample is None else float(np.quantile(np.abs(sample), quantile))
            layers.append(layer.calibrated(bound))
        return tuple(layers)

    def _shape(self) -> Shape:
        assert self.input_shape is not None  # set in __post_init__
        return self.input_shape

    def shapes(self) -> list[Shape]:
        """Shapes of a sample before the first layer and after every layer."""
        shapes = [self._shape()]
        for k, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ValueError as error:
                raise ValueError(f"layers must fit each other: layer {k}: {error}") from error
        return shapes

    @property
    def n_inputs(self) -> int:
        """Width of a sample."""
        return math.prod(self._shape())

    @property
    def n_outputs(self) -> int:
        """Width of an output."""
        return math.prod(self.shapes()[-1])

    def __repr__(self) -> str:
        low, high = self.input_range
        told = f"inputs in [{low:g}, {high:g}], {self.kind})"
        if all(isinstance(layer, Dense) for layer in self.layers):
            widths = "-".join(str(shape[0]) for shape in self.shapes())
            return f"Network({widths}, {', '.join(layer.told(1.0)[0] for layer in self.layers)}, {told}"
        parts = (f"{type(part).__name__} {shape}" for part, shape in zip(self.layers, self.shapes()[1:], strict=True))
        return f"Network({self._shape()}, {', '.join(parts)}, {told}"

    def float_forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` in floating point."""
        values = checks.array("x", x, last=self.n_inputs)
        a = values.reshape(math.prod(values.shape[:-1]), *self._shape())
        for layer in self.layers:
            a = _in_batches(layer, a)
        return a.reshape(*values.shape[:-1], self.n_outputs)

    def float_predict(self, x: ArrayLike) -> Any:
        """Class indices ``(...)``, int64: the arg-max of the outputs."""
        return np.argmax(self.float_forward(x), axis=-1)

    def circuit(
        self,
        length: int,
        generator: "str | Generator" = "sobol",
        *,
        encoding: "Encoding" = "split",
        accumulate: "Accumulate" = "sum",
        bits: int | None = None,
        seed: "Seed" = 0,
        bit_flip_rate: float = 0.0,
        faults: "Faults | None" = None,
        device: "MemristorModel | None" = None,
        clip: bool = False,
    ) -> "Circuit":
        """This network as a stochastic circuit of streams of `length` cycles; see `Circuit`."""
        from .circuit import Circuit

        return Circuit(
            self,
            length,
            generator,
            encoding=encoding,
            accumulate=accumulate,
            bits=bits,
            seed=seed,
            bit_flip_rate=bit_flip_rate,
            faults=faults,
            device=device,
            clip=clip,
        )

    def describe(self, length: int = 256, encoding: "Encoding" = "split") -> str:
        """The circuit's cost as a table: streams, gates, cycles, memory of the packed streams."""
        from .describe import describe

        return describe(self, length, encoding)

    def digest(self) -> str:
        """SHA-256 of everything that decides what the network computes."""
        from .files import description

        sha = hashlib.sha256(description(self).encode())
        for layer in self.layers:
            for name in layer.arrays:
                sha.update(np.ascontiguousarray(getattr(layer, name), "<f8").tobytes())
        return sha.hexdigest()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file with a JSON description in its header; whole or not at all."""
        from .files import save

        save(self, Path(path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote; a ValueError of one line if the file is not such a file."""
        from .files import load

        return cast(Self, load(Path(path)))


_BATCH = 256
"""Samples that a layer takes at a time in floating point: windows of images are large."""


def _in_batches(layer: Part, a: Floats) -> Floats:
    starts = range(0, max(1, len(a)), _BATCH)
    return np.concatenate([layer.forward(a[start : start + _BATCH]) for start in starts])


def _checked_shape(first: Part, shape: Shape | None) -> Shape:
    if shape is None:
        if first.input_shape is None:
            raise ValueError(f"input_shape must be given for a first layer {type(first).__name__}, got None")
        return first.input_shape
    if len(shape) not in (1, 3):
        raise ValueError(f"input_shape must be (n_inputs,) or (channels, height, width), got {shape}")
    return tuple(checks.whole("input_shape", size, 1) for size in shape)
