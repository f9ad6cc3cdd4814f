"""PyTorch: stacks of convolutional, pooling and linear layers."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..networks import Activation, Conv2D, Dense, Network, Pool2D
from ..networks.layer_spec import LayerSpec, Shape

_ACTIVATIONS: dict[str, Activation] = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "logistic"}
_PASSED = ("Flatten", "Dropout", "Dropout2d", "Identity")
"""Layers that do nothing to a trained network's numbers; a dense layer flattens by itself."""
_LAYERS = ("Linear", "Conv2d", "BatchNorm2d", "AvgPool2d", "MaxPool2d", *_ACTIVATIONS, *_PASSED)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
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
    input_range: tuple[float, float] | None = None,
    classes: Sequence[str] | None = None,
) -> Network:
    """A network from a trained ``torch.nn.Sequential``, nested ones included.

    The numbers of the network are compared with those of the model, in evaluation mode and double precision, on
    samples of `calibration`, or else on 16 random ones in the input range. The model is left as it is.

    Parameters
    ----------
    model
        Of ``Linear``, ``Conv2d``, ``BatchNorm2d`` after a convolution (folded into it),
        ``AvgPool2d``, ``MaxPool2d``, ``ReLU``, ``Tanh``, ``Sigmoid``, ``Flatten``, ``Dropout``: these classes
        themselves, whose computation is known, not classes derived from them, and without hooks.
    input_shape
        Shape of a sample: ``(n_inputs,)`` or ``(channels, height, width)``.
    calibration
        Training inputs ``(N, n_inputs)`` or ``(N, *input_shape)``, to set the ranges.
    ceiling_quantile, input_range, classes
        As for ``Network.from_layers``.

    Raises
    ------
    TypeError
        If `model` is no Sequential.
    ValueError
        If it holds a module that has no circuit, or an activation that follows no weights; if the outputs of
        the network differ from those of the model by more than 1e-5 of the largest.
    """
    import torch

    if type(model) is not torch.nn.Sequential:
        derived = ", a class derived from it" if isinstance(model, torch.nn.Sequential) else ""
        raise TypeError(f"model must be a torch.nn.Sequential, got {type(model).__name__}{derived}")
    shape = _shape(input_shape)
    list(_modules(model, "model"))  # copies of what it refuses may fail
    double = _double(model)
    layers: list[LayerSpec] = []
    for place, name, module in _modules(double, "model"):
        if name in _PASSED:
            continue
        last = layers[-1] if layers else None
        if name in _ACTIVATIONS:
            if not isinstance(last, Dense | Conv2D) or last.activation != "identity":
                rule = "model must have a Linear or Conv2d before each activation"
                raise ValueError(f"{rule}, got a lone {name}, {place}")
            layers[-1] = replace(last, activation=_ACTIVATIONS[name])
        elif name == "BatchNorm2d":
            if not isinstance(last, Conv2D) or last.activation != "identity":
                raise ValueError(f"model must have a Conv2d right before a BatchNorm2d, got another layer, {place}")
            layers[-1] = _folded(last, module, place)
        else:
            layers.append(_part(module, name, place))
    sample = None if calibration is None else _flat(checks.array("calibration", calibration), shape)
    network = Network.from_layers(
        layers,
        input_shape=shape,
        calibration=sample,
        ceiling_quantile=ceiling_quantile,
        input_range=input_range,
        classes=classes,
    )
    if sample is None:
        sample = np.random.default_rng(0).uniform(*network.bounds, (_DRAWN, network.n_inputs))
    _compare(network, double, sample[np.linspace(0, len(sample) - 1, min(len(sample), _COMPARED)).astype(np.int64)])
    return network


def _shape(input_shape: Any) -> Shape:
    sizes = tuple(input_shape) if np.iterable(input_shape) else (input_shape,)
    if len(sizes) not in (1, 3):
        rule = "input_shape must be (n_inputs,) or (channels, height, width)"
        raise ValueError(f"{rule}, got {checks.shown(input_shape)}")
    return tuple(checks.whole("input_shape", size, 1) for size in sizes)


def _flat(samples: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """Samples ``(N, n_inputs)``, whose shapes may be that of an input."""
    n_inputs = int(np.prod(shape))
    if samples.shape[1:] not in (shape, (n_inputs,)):
        raise ValueError(f"calibration must have shape (any, {n_inputs}) or (any, {shape}), got {samples.shape}")
    return samples.reshape(len(samples), n_inputs)


def _modules(module: Any, place: str) -> Iterator[tuple[str, str, Any]]:
    """Place, name of the class and module of every layer, in the order of computation; a module used twice twice."""
    from torch import nn
    from torch.nn.utils.parametrize import type_before_parametrizations

    kind = type_before_parametrizations(module)
    if "forward" in vars(module) or any(vars(module).get(hooks) for hooks in _HOOKS):
        rule = "model must hold modules without hooks and with the forward of their class"
        raise ValueError(f"{rule}, got {place}, {kind.__name__}")
    if kind is nn.Sequential:
        # children() and named_children() give a module that is used twice only once
        for name, child in module.named_modules(remove_duplicate=False):
            if name and "." not in name:
                yield from _modules(child, f"{place}.{name}")
    elif kind.__name__ in _LAYERS and kind is getattr(nn, kind.__name__):
        yield place, kind.__name__, module
    else:
        raise ValueError(f"model must hold layers that have a circuit (see from_torch), got {place}, {_line(module)}")


def _double(model: Any) -> Any:
    """A copy in double precision and in evaluation mode: weights of all widths, and what is computed of them, agree."""
    try:
        return copy.deepcopy(model).cpu().double().eval()
    except (RuntimeError, TypeError) as error:  # without numbers (meta)
        raise ValueError(f"model must have weights that can be copied to the CPU: {_line(error)}") from error


def _compare(network: Network, model: Any, sample: NDArray[np.float64]) -> None:
    """Raise a ValueError unless the network and the model give the same numbers."""
    import torch

    try:
        with torch.no_grad():
            found = model(torch.from_numpy(sample.reshape(len(sample), *network.shapes()[0])))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(f"model must take samples of shape {network.shapes()[0]}: {_line(error)}") from error
    want, got = found.numpy(), network.float_forward(sample)
    if want.shape != got.shape:
        raise ValueError(f"model must give a vector a sample, {got.shape[1:]} as the network, got {want.shape[1:]}")
    difference = np.abs(got - want).max() / (np.abs(want).max() or 1.0)
    if not difference <= _TOLERANCE:  # true for NaN
        raise ValueError(
            f"model must be computed by its layers: the network built of them must agree with it to {_TOLERANCE:g} "
            f"of the largest output, got a difference of {difference:.3g}"
        )


def _line(value: object) -> str:
    """The first line of a text."""
    return str(value).partition("\n")[0]


def _array(tensor: Any, place: str) -> NDArray[np.float64]:
    if not tensor.is_floating_point():
        raise ValueError(f"model must have real weights, got {tensor.dtype} in {place}")
    return np.asarray(tensor.detach().numpy())


def _part(module: Any, name: str, place: str) -> LayerSpec:
    if name in ("Linear", "Conv2d"):
        weights = _array(module.weight, place)
        bias = np.zeros(len(weights)) if module.bias is None else _array(module.bias, place)
        if name == "Linear":
            return Dense(weights, bias, "identity")
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise ValueError(f"model must pad with a number of zeros, got {place}, {module}")
        return Conv2D(
            weights,
            bias,
            "identity",
            stride=module.stride,
            padding=module.padding,
            dilation=module.dilation,
            groups=module.groups,
        )
    plain = {"padding": 0, "ceil_mode": False, "dilation": 1, "divisor_override": None, "return_indices": False}
    if any(getattr(module, option, value) not in (value, (value, value)) for option, value in plain.items()):
        raise ValueError(f"model must pool without padding, dilation, ceil_mode or indices, got {place}, {module}")
    return Pool2D("max" if name == "MaxPool2d" else "average", module.kernel_size, module.stride)


def _folded(conv: Conv2D, norm: Any, place: str) -> Conv2D:
    """The convolution with the normalisation that follows it, in evaluation mode."""
    if norm.running_mean is None:
        raise ValueError(f"model must keep running statistics for a normalisation, got {place}, {norm}")
    scale = 1 / np.sqrt(_array(norm.running_var, place) + norm.eps)
    shift = np.zeros_like(scale)
    if norm.affine:
        scale, shift = scale * _array(norm.weight, place), _array(norm.bias, place)
    bias = (conv.bias - _array(norm.running_mean, place)) * scale + shift
    return replace(conv, weights=conv.weights * scale[:, None, None, None], bias=bias)
