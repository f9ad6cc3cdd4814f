"""PyTorch: a network from any trained module whose operators have a layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...networks import Network
from ...networks.definition import Kind
from ...networks.input_range import Ends
from ...networks.layer_spec import Shape
from ...networks.simplify import simplified
from .attending import ATTENDING
from .computing import COMPUTING
from .exporting import Exported, exported, line, plain
from .moving import MOVING
from .tracing import layers_of
from .weighted import WEIGHTED

_COMPARED = 256
"""Samples of the calibration, evenly spread, that the network and the model are compared on."""
_DRAWN = 16
"""Samples that are drawn for it if there is no calibration."""
_TOLERANCE = 1e-5
"""Largest difference of an output, relative to the largest |output|."""


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
    `calibration`, or else on 16 random ones in the input range, in double precision: a network that computes
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
    shape = _shape(input_shape)
    sample = None if calibration is None else _flat(checks.array("calibration", calibration), shape)
    found = exported(model, shape)
    network = Network.from_layers(
        simplified(layers_of(found, shape, {**MOVING, **COMPUTING, **WEIGHTED, **ATTENDING}), shape),
        input_shape=shape,
        calibration=sample,
        ceiling_quantile=ceiling_quantile,
        input_range=input_range,
        kind=kind,
        classes=classes,
    )
    if sample is None:
        sample = np.random.default_rng(0).uniform(*network.bounds, (_DRAWN, network.n_inputs))
    _compare(network, found, sample[np.linspace(0, len(sample) - 1, min(len(sample), _COMPARED)).astype(np.int64)])
    return network


def _shape(input_shape: Any) -> Shape:
    sizes = tuple(input_shape) if np.iterable(input_shape) else (input_shape,)
    if not 1 <= len(sizes) <= 3:
        rule = "input_shape must be (n_inputs,), (tokens, features) or (channels, height, width)"
        raise ValueError(f"{rule}, got {checks.shown(input_shape)}")
    return tuple(checks.whole("input_shape", size, 1) for size in sizes)


def _flat(samples: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """Samples ``(N, n_inputs)``, whose shapes may be that of an input."""
    n_inputs = int(np.prod(shape))
    if samples.shape[1:] not in (shape, (n_inputs,)):
        raise ValueError(f"calibration must have shape (any, {n_inputs}) or (any, {shape}), got {samples.shape}")
    return samples.reshape(len(samples), n_inputs)


def _compare(network: Network, found: Exported, sample: NDArray[np.float64]) -> None:
    """Raise a ValueError unless the network and the model give the same numbers."""
    import torch

    shape = network.shapes()[0]
    given = torch.from_numpy(sample.reshape(len(sample), *shape)).to(found.dtype)
    try:
        with plain(found.dtype):
            outputs = found.model(given)
    except Exception as error:  # whatever the model raises
        raise ValueError(f"model must take batches of samples of shape {shape}: {line(error)}") from error
    while not isinstance(outputs, torch.Tensor):  # of one tensor, as the export has found
        (outputs,) = outputs.values() if isinstance(outputs, dict) else outputs
    want = outputs.double().numpy()
    if len(want) != len(sample):
        raise ValueError(f"model must give outputs for each of {len(sample)} samples, got shape {want.shape}")
    got = network.float_forward(given.double().numpy().reshape(len(sample), -1))
    difference = np.abs(got - want.reshape(got.shape)).max() / (np.abs(want).max() or 1.0)
    if not difference <= _TOLERANCE:  # true for NaN
        raise ValueError(
            f"model must compute for each sample of a batch what it computes for one: the network built of that must "
            f"agree with it to {_TOLERANCE:g} of the largest output, got a difference of {difference:.3g}"
        )
