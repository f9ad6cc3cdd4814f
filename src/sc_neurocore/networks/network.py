"""A trained network: weights, activations and the ranges its numbers live in."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .activations import ACTIVATIONS, Activation, Floats, activate

if TYPE_CHECKING:
    from ..bitstreams import Encoding
    from ..encoders import Generator, Seed
    from ..layers.base import Accumulate
    from .circuit import Circuit

Kind = Literal["classifier", "regressor"]


@dataclass(frozen=True, eq=False)
class Dense:
    """One layer of a trained network: ``activation(weights @ a + bias)``.

    Parameters
    ----------
    weights
        ``(n_outputs, n_inputs)``.
    bias
        ``(n_outputs,)``.
    activation
        ``"relu"``, ``"tanh"``, ``"logistic"`` or ``"identity"``.
    ceiling
        Largest |output| that the next layer is built for, above 0: outputs beyond it are clipped
        when they are encoded again.
    """

    weights: Floats
    bias: Floats
    activation: Activation
    ceiling: float

    def __post_init__(self) -> None:
        weights = checks.array("weights", self.weights, shape=(None, None))
        if 0 in weights.shape:
            raise ValueError(f"weights must have an input and an output, got shape {weights.shape}")
        bias = checks.array("bias", self.bias, shape=(len(weights),))
        checks.option("activation", self.activation, ACTIVATIONS)
        checks.real("ceiling", self.ceiling, np.finfo(float).tiny, np.finfo(float).max)
        for name, array in (("weights", weights.copy()), ("bias", bias.copy())):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    def forward(self, a: Floats) -> Floats:
        """The layer in floating point."""
        return activate(a @ self.weights.T + self.bias, self.activation)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in order, the range of the inputs, and what the outputs mean.

    Make one by `from_arrays`, by `load`, or by ``sc_neurocore.interop.from_sklearn``.

    Parameters
    ----------
    layers
        At least one `Dense`; each as wide as the one before.
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

    layers: tuple[Dense, ...]
    input_range: tuple[float, float] = (0.0, 1.0)
    kind: Kind = "classifier"
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers must hold at least one layer, got none")
        for k, (first, second) in enumerate(zip(self.layers, self.layers[1:], strict=False), start=1):
            if second.weights.shape[1] != len(first.weights):
                raise ValueError(
                    f"layers must fit each other: layer {k} takes {second.weights.shape[1]} inputs, "
                    f"layer {k - 1} gives {len(first.weights)}"
                )
        low, high = checks.array("input_range", self.input_range, shape=(2,)).tolist()
        if not low < high:
            raise ValueError(f"input_range must be (low, high) with low < high, got ({low:g}, {high:g})")
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
        checks.real("ceiling_quantile", ceiling_quantile, np.finfo(float).tiny, 1.0)
        sample = None
        if calibration is not None:
            width = matrices[0].shape[1] if matrices else None
            sample = checks.array("calibration", calibration, shape=(None, width))
            if not len(sample):
                raise ValueError("calibration must hold at least one sample, got none")
        if input_range is None:
            input_range = (0.0, 1.0) if sample is None else (float(sample.min()), float(sample.max()))
            if input_range[0] == input_range[1]:  # a constant
                input_range = (min(input_range[0], 0.0), max(input_range[1], 1.0))
        bound = max(abs(end) for end in input_range)
        layers = []
        for k, (matrix, bias) in enumerate(zip(matrices, biases, strict=True)):
            act = output_activation if k == len(matrices) - 1 else activation
            layer = Dense(matrix, np.asarray(bias, np.float64), act, 1.0)
            if sample is not None:
                sample = layer.forward(sample)
                bound = float(np.quantile(np.abs(sample), ceiling_quantile))
            elif act in ("tanh", "logistic"):
                bound = 1.0
            else:
                bound = float((np.abs(matrix).sum(1) * bound + np.abs(layer.bias)).max())
            layers.append(Dense(matrix, layer.bias, act, bound or 1.0))
        return cls(tuple(layers), input_range, kind, None if classes is None else tuple(map(str, classes)))

    @property
    def n_inputs(self) -> int:
        """Width of a sample."""
        return int(self.layers[0].weights.shape[1])

    @property
    def n_outputs(self) -> int:
        """Width of an output."""
        return len(self.layers[-1].weights)

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in (self.n_inputs, *(len(layer.weights) for layer in self.layers)))
        activations = ", ".join(layer.activation for layer in self.layers)
        low, high = self.input_range
        return f"Network({widths}, {activations}, inputs in [{low:g}, {high:g}], {self.kind})"

    def float_forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` in floating point."""
        a = checks.array("x", x, last=self.n_inputs)
        for layer in self.layers:
            a = layer.forward(a)
        return a

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
            sha.update(np.ascontiguousarray(layer.weights, "<f8").tobytes())
            sha.update(np.ascontiguousarray(layer.bias, "<f8").tobytes())
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
