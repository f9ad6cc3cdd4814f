"""PyTorch: a network from any trained module whose operators have a layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...networks import Network
from ...networks.definition import Kind
from ...networks.input_range import Ends
from ...networks.simplify import simplified
from ..agreement import check_agreement
from ..refusals import line
from ..samples import checked_shape, flat_samples
from .exporting import Exported, exported, plain
from .tracing import layers_of


def from_torch(
    model: Any,
    input_shape: Sequence[int],
    calibration: ArrayLike | None = None,
    *,
    ceiling_quantile: float = 0.99,
    input_range: Ends | None = None,
    kind: Kind = "classifier",
    classes: Sequence[str] | None = None,
) -> Network:
    """A network from a trained ``torch.nn.Module`` that computes the same operators for every sample.

    `torch.export` says which operators the model computes for one sample, in evaluation mode: those of its layers, of
    functions in its ``forward``, of hooks and of modules that are used twice. Each becomes a layer, and `simplified`
    makes fewer layers of them. The numbers of the network are compared with those of the model on samples of
    `calibration` and on 16 random ones in the input range, in double precision: a network that computes
    something else is never returned. The model is left as it is.

    Parameters
    ----------
    model
        Linear and convolutional layers, normalisations, poolings, activation functions, sums and products, joins and
        parts of values, recurrent layers (unrolled over the steps of a sample). Its weights may be half precision, or
        lie on another device.
    input_shape
        Shape of a sample: ``(n_inputs,)``, ``(channels, height, width)``, or two sizes, such as ``(steps, features)``.
    calibration
        Training inputs ``(N, n_inputs)`` or ``(N, *input_shape)``, to set the ranges.
    ceiling_quantile, input_range, kind, classes
        As for ``Network.from_layers``. Outputs of other shapes are flattened.

    Raises
    ------
    TypeError
        If `model` is no Module.
    ValueError
        If it takes no samples of that shape, decides by their numbers what it computes, or computes operators that
        have no layer, all of which are named; if the outputs of the network differ from those of the model by more
        than 1e-5 of the largest.
    """
    import torch

    checks.instance("model", model, torch.nn.Module)
    shape = checked_shape(input_shape)
    sample = None if calibration is None else flat_samples(calibration, shape)
    found = exported(model, shape)
    network = Network.from_layers(
        simplified(layers_of(found, shape), shape),
        input_shape=shape,
        calibration=sample,
        ceiling_quantile=ceiling_quantile,
        input_range=input_range,
        kind=kind,
        classes=classes,
    )
    rule = "compute for each sample of a batch what it computes for one"
    check_agreement(network, lambda samples: _outputs(found, samples.reshape(len(samples), *shape)), sample, rule)
    return network


def _outputs(found: Exported, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the model gives for a batch of samples."""
    import torch

    try:
        with plain(found.dtype):
            outputs = found.model(torch.from_numpy(samples).to(found.dtype))
    except Exception as error:  # whatever the model raises
        raise ValueError(f"model must take batches of samples of shape {samples.shape[1:]}: {line(error)}") from error
    while not isinstance(outputs, torch.Tensor):  # of one tensor, as the export has found
        (outputs,) = outputs.values() if isinstance(outputs, dict) else outputs
    return np.asarray(outputs.double().numpy())
