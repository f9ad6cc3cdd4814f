"""A trained network: made from arrays or layers, run as a circuit, saved and loaded."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..files import checked_path, json_object
from . import files
from .activations import Activation, Floats
from .definition import Kind, checked_layers, checked_shape, in_batches
from .layer_spec import LayerSpec, Shape
from .mappable import Mappable
from .weighted_specs import Dense


@dataclass(frozen=True, eq=False, repr=False)
class Network(Mappable):
    """A trained network: layers in order, the range of its inputs, and the meaning of its outputs.

    Make one by `from_arrays`, by `from_layers`, by `load`, or by ``sc_neurocore.interop.from_sklearn``.

    Parameters
    ----------
    layers
        At least one layer: `Dense`, `Conv2D`, `Pool2D`, `Inhibition`, `KWinners`, `SpikingDense`, `Dendrite`,
        `PredictiveCoding`. Each fits the one before; the last one gives a vector.
    input_shape
        Shape of a sample, ``(n_inputs,)`` or ``(channels, height, width)``; None: what the first layer
        takes, if that is but one shape. Samples come flat, with ``n_inputs`` values.
    input_range
        Smallest and largest input, as in the training data.
    kind
        ``"classifier"``: outputs tell the class of a sample, see `classes_of`. ``"regressor"``: outputs are
        numbers, and to ask for classes is an error.
    classes
        Names of the classes, two for a single output; or None.
    calibration
        The one circuit that it is calibrated for, see `Calibration`; None: it can become any. `layers` stay those of
        the ideal network, which `float_forward` computes. Other layers with the same calibration are refused.

    Raises
    ------
    ValueError
        If the layers do not fit each other, a number is not finite, or the calibration is one of other layers.

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
        layers: Sequence[LayerSpec],
        *,
        input_shape: Shape | None = None,
        calibration: ArrayLike | None = None,
        ceiling_quantile: float = 0.99,
        input_range: tuple[float, float] | None = None,
        kind: Kind = "classifier",
        classes: Sequence[str] | None = None,
    ) -> Self:
        """A network of given layers, whose ranges (ceilings) are calibrated.

        Parameters
        ----------
        layers
            The layers, in order; see `Network`.
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
        sample, parts = None, checked_layers(layers)
        if calibration is not None:
            width = math.prod(checked_shape(parts[0], input_shape))
            sample = checks.array("calibration", calibration, shape=(None, width))
            if not len(sample):
                raise ValueError("calibration must hold at least one sample, got none")
        if input_range is None:
            input_range = (0.0, 1.0) if sample is None else (float(sample.min()), float(sample.max()))
            if input_range[0] == input_range[1]:  # a constant
                input_range = (min(input_range[0], 0.0), max(input_range[1], 1.0))
        names = None if classes is None else tuple(checks.entries("classes", classes))
        plain = cls(parts, input_range, kind, names, input_shape)
        return replace(plain, layers=plain._calibrated(sample, ceiling_quantile))

    def _calibrated(self, sample: Floats | None, quantile: float) -> tuple[LayerSpec, ...]:
        """The layers with ceilings measured on `sample`, or with bounds that no input can exceed."""
        bound = max(abs(end) for end in self.input_range)
        if sample is not None:
            sample = sample.reshape(len(sample), *self._shape())
        layers: list[LayerSpec] = []
        for layer in self.layers:
            if sample is not None:
                sample = in_batches(layer, sample)
                # To seven digits: the matrix products of another machine differ in about the 15th.
                bound = float(f"{np.quantile(np.abs(sample), quantile):.7g}")
            else:
                bound = layer.bound(bound)
            layers.append(layer.calibrated(bound))
        return tuple(layers)

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
