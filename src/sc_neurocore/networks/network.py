"""A trained network: made from arrays or layers, run as a circuit, saved and loaded."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..files import checked_path, json_object
from . import files
from .activations import Activation, Floats
from .definition import Kind, checked_layers, in_batches
from .graph import INPUT, flow, joined_range, ordered
from .input_range import Ends
from .layer_spec import LayerSpec, Range, Shape
from .mappable import Mappable
from .weighted_specs import Dense


@dataclass(frozen=True, eq=False, repr=False)
class Network(Mappable):
    """A trained network: layers in a chain or a graph, the range of its inputs, and the meaning of its outputs.

    Make one by `from_arrays`, by `from_layers`, by `load`, or by ``sc_neurocore.interop.from_sklearn``.

    Parameters
    ----------
    layers
        At least one layer. With streams: `Dense`, `Conv2D`, `Pool2D`, `Inhibition`, `KWinners`, `SpikingDense`,
        `Dendrite`, `PredictiveCoding`, `Attention`. In the binary domain between them: `Add`, `Multiply`, `Concat`,
        `Flatten`, `Reshape`, `Transpose`, `Select`, `GlobalPool`, `Scale`, `Elementwise`, `Quantize`, `LayerNorm`,
        `Softmax`. Each fits those that it takes; the last one gives a vector.
    input_shape
        Shape of a sample, ``(n_inputs,)``, ``(tokens, features)`` or ``(channels, height, width)``; None: what the
        first layer takes, if that is but one shape. Samples come flat, with ``n_inputs`` values.
    input_range
        Smallest and largest input, as in the training data: two numbers, or two arrays with one for each of
        ``n_inputs``, or for each channel of images.
    kind
        ``"classifier"``: outputs tell the class of a sample, see `classes_of`. ``"multilabel"``: each output tells
        whether a sample has a label; it may have any number of them. ``"regressor"``: outputs are numbers, and to ask
        for classes is an error.
    classes
        Names of the classes, two for a single output, or of the labels; or None.
    calibration
        The one circuit that it is calibrated for, see `Calibration`; None: it can become any. `layers` stay those of
        the ideal network, which `float_forward` computes. Other layers with the same calibration are refused.
    sources
        For each layer the places of the earlier ones that it takes, -1 for the input of the network; what several
        give is joined along the first axis of a sample. None: each takes the one before. Every layer but the last is
        taken by one.
    names
        Of the layers of a graph; None: they are called by their places.

    Raises
    ------
    ValueError
        If the layers do not fit each other, a number is not finite, a layer is unused, or the calibration is one of
        other layers.

    Examples
    --------
    >>> network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]], [[0.0, 0.0]])
    >>> network.float_predict([[0.9, 0.1], [0.2, 0.7]])
    array([0, 1])
    >>> network.circuit(64).predict([[0.9, 0.1], [0.2, 0.7]])
    array([0, 1])
    """

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
        input_range: Ends | None = None,
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
            The few values above it are clipped; a lower ceiling makes the stream noise smaller. Rounded to
            7 digits, so that the bits do not depend on how a machine's matrix products round.
        input_range
            None: that of `calibration`, else (0, 1).
        """
        matrices = [
            checks.array(f"weights[{k}]", matrix, shape=(None, None))
            for k, matrix in enumerate(checks.entries("weights", weights))
        ]
        if biases is None:
            biases = [np.zeros(len(matrix)) for matrix in matrices]
        each_bias = checks.entries("biases", biases)
        if len(each_bias) != len(matrices):
            raise ValueError(f"biases must have {len(matrices)} arrays, one a layer, got {len(each_bias)}")
        last = len(matrices) - 1
        layers = [
            Dense(
                matrix,
                checks.array(f"biases[{k}]", bias, shape=(len(matrix),)),
                output_activation if k == last else activation,
            )
            for k, (matrix, bias) in enumerate(zip(matrices, each_bias, strict=True))
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
        layers: Sequence[LayerSpec] | Mapping[str, LayerSpec | tuple[Any, ...]],
        *,
        input_shape: Shape | None = None,
        calibration: ArrayLike | None = None,
        ceiling_quantile: float = 0.99,
        input_range: Ends | None = None,
        kind: Kind = "classifier",
        classes: Sequence[str] | None = None,
    ) -> Self:
        """A network of given layers, whose ranges (ceilings) are calibrated.

        Parameters
        ----------
        layers
            The layers, each of which takes the one before; see `Network`. Or a mapping of names to layers, which makes
            a graph: a layer alone takes the one before it, ``(layer, *names)`` those of these names, ``"input"`` is
            the input of the network.
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
        ceiling_quantile = checks.real("ceiling_quantile", ceiling_quantile, np.finfo(float).tiny, 1.0)
        parts, sources, called = (
            ordered(layers) if isinstance(layers, Mapping) else (checked_layers(layers), None, None)
        )
        given = (0.0, 1.0) if input_range is None else input_range
        names = None if classes is None else tuple(checks.entries("classes", classes))
        plain = cls(parts, given, kind, names, input_shape, None, sources, called)
        if calibration is None:
            return replace(plain, layers=plain._bounded())
        sample = checks.array("calibration", calibration, shape=(None, plain.n_inputs))
        if not len(sample):
            raise ValueError("calibration must hold at least one sample, got none")
        if input_range is None:
            low, high = float(sample.min()), float(sample.max())
            given = (low, high) if low < high else (min(low, 0.0), max(high, 1.0))  # of a constant
        return replace(plain, layers=plain._measured(sample, ceiling_quantile), input_range=given)

    def _measured(self, sample: Floats, quantile: float) -> tuple[LayerSpec, ...]:
        """The layers with ceilings measured on `sample`."""
        layers: list[LayerSpec] = []

        def measured(layer: LayerSpec, a: Floats) -> Floats:
            outputs = in_batches(layer, a)
            if not np.isfinite(outputs).all():
                raise ValueError(f"layers[{len(layers)}] must give numbers that float64 holds for all of calibration")
            layers.append(layer.calibrated(layer.measured(outputs, quantile)))
            return outputs

        a = sample.reshape(len(sample), *self.shapes()[0])
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            flow(self.wires, [partial(measured, layer) for layer in self.layers], a, {INPUT: a})
        return tuple(layers)

    def _bounded(self) -> tuple[LayerSpec, ...]:
        """The layers with ceilings that no input can exceed."""
        bounds: list[Range] = [self.input_scale]
        for layer, wire in zip(self.layers, self.wires, strict=True):
            bound = joined_range([bounds[source + 1] for source in wire.sources], wire.shapes)
            bounds.append(layer.bound(layer.fitted(bound, wire.shape), wire.shape))
        return tuple(layer.calibrated(bound) for layer, bound in zip(self.layers, bounds[1:], strict=True))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file with a JSON description and the `digest` in its header, atomically.

        Raises
        ------
        OSError
            If the file cannot be written; an existing file is then unchanged.
        """
        files.save(self, checked_path("path", path))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Load a file that `save` wrote, or a safetensors file of plain arrays.

        Raises
        ------
        OSError
            If the file is not there or cannot be opened.
        ValueError
            If it is another kind of file, or damaged: its network must have the digest that `save` has written.
            Files of formats 1 and 2, and of plain arrays, have no digest.
        """
        file = checked_path("path", path)
        arrays, description = files.read(file)
        if description is None:
            return cls.from_named_arrays(arrays, file)
        with files.holding_a_network(file):
            header = json_object(description)
            network = cls(**files.definition_fields(arrays, header))
            files.check(network, arrays, header)
            return network

    @classmethod
    def from_named_arrays(cls, arrays: Mapping[str, NDArray[Any]], path: str | os.PathLike[str]) -> Self:
        """A ReLU classifier from arrays ``weights_0, bias_0, weights_1, ..``; inputs in [0, 1].

        Weights are ``(n_outputs, n_inputs)``; a bias may be missing. An array ``calibration`` of
        training inputs sets the ranges. `path` is where errors say that the arrays come from.
        """
        file = checked_path("path", path)
        checks.instance("arrays", arrays, Mapping)
        with files.holding_a_network(file):
            return cls.from_arrays(**files.dense_arrays(arrays))
