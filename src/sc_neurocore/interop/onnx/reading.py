"""ONNX: a network from any model whose operators have a layer."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...networks import Network
from ...networks.activations import Floats
from ...networks.definition import Kind
from ...networks.input_range import Ends
from ...networks.simplify import simplified
from ..agreement import check_agreement
from ..samples import flat_samples
from .executing import WAYS
from .model import Model, essential, opened
from .tracing import layers_of


def from_onnx(
    model: Any,
    calibration: ArrayLike | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    ceiling_quantile: float = 0.99,
    input_range: Ends | None = None,
    kind: Kind = "classifier",
    classes: Sequence[str] | None = None,
) -> Network:
    """A network from a trained ONNX model, such as PyTorch, Keras or TensorFlow export.

    What depends on no sample, such as shapes, is computed; each other node becomes a layer, and `simplified` makes
    fewer layers of them. The numbers of the network are compared with those that onnxruntime, or the reference of the
    onnx package, computes of the model, on samples of `calibration` and on 16 random ones in the input range: a
    network that computes something else is never returned. See ``docs/onnx.md``.

    Parameters
    ----------
    model
        A path, the bytes of a file, or an ``onnx.ModelProto``. It has one input, whose first axis counts samples, and
        one output. Weights may be half precision, or quantised; they may lie in files beside that of the model, in its
        folder.
    calibration
        Training inputs ``(N, n_inputs)`` or ``(N, *input_shape)``, to set the ranges, which the file does not have.
    input_shape
        Shape of a sample, if the file leaves sizes open: ``(n_inputs,)``, ``(channels, height, width)``, or two sizes,
        such as ``(steps, features)``.
    ceiling_quantile, input_range, kind, classes
        As for ``Network.from_layers``. Outputs of other shapes are flattened.

    Raises
    ------
    ImportError
        If the package ``onnx`` is not installed.
    OSError
        If the file cannot be opened.
    TypeError
        If `model` is something else.
    ValueError
        If it is no ONNX model, has tensors that are not those that it declares, or operators that have no layer, all
        of which are named; if the outputs of the network differ from those of the model by more than 1e-5 of the
        largest.
    """
    proto, path = opened(model)
    with _naming(path), np.errstate(all="ignore"):  # numbers that are not finite are refused where they arise
        read = essential(proto, path, input_shape)
        layers = simplified(layers_of(read), read.shape)
    sample = None if calibration is None else flat_samples(calibration, read.shape)
    with _naming(path), np.errstate(all="ignore"):
        network = Network.from_layers(
            layers,
            input_shape=read.shape,
            calibration=sample,
            ceiling_quantile=ceiling_quantile,
            input_range=input_range,
            kind=kind,
            classes=classes,
        )
        _compare(network, read, sample)
    return network


def _compare(network: Network, model: Model, sample: Floats | None) -> None:
    """A ValueError unless a program that runs the model agrees with the network."""
    error: ValueError | None = None
    rule = "compute for each sample of a batch what it computes for one"
    width = max(math.prod(shape) for shape in network.shapes())
    for way in WAYS:
        try:
            if (executed := way(model, width)) is None:
                continue
            check_agreement(network, executed, sample, rule)
        except ValueError as found:
            error = error or found
        else:
            return
    assert error is not None
    raise error


@contextmanager
def _naming(path: Any) -> Iterator[None]:
    """Put the path of the model before what a ValueError says."""
    try:
        yield
    except ValueError as error:
        if path is None:
            raise
        raise ValueError(f"{path}: {error}") from error
