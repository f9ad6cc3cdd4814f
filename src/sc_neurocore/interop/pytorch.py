"""PyTorch: stacks of convolutional, pooling and linear layers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..networks import Activation, Conv2D, Dense, Network, Pool2D
from ..networks.layer_spec import LayerSpec

_ACTIVATIONS: dict[str, Activation] = {"ReLU": "relu", "Tanh": "tanh", "Sigmoid": "logistic"}
_PASSED = ("Flatten", "Dropout", "Dropout2d", "Identity")
"""Layers that do nothing to a trained network's numbers; a dense layer flattens by itself."""


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

    Parameters
    ----------
    model
        Of ``Linear``, ``Conv2d``, ``BatchNorm2d`` after a convolution (folded into it),
        ``AvgPool2d``, ``MaxPool2d``, ``ReLU``, ``Tanh``, ``Sigmoid``, ``Flatten``, ``Dropout``.
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
        If it holds a layer that has no circuit, or an activation that follows no weights.
    """
    import torch

    if not isinstance(model, torch.nn.Sequential):
        raise TypeError(f"model must be a torch.nn.Sequential, got {type(model).__name__}")
    layers: list[LayerSpec] = []
    for module in _flat(model):
        name = type(module).__name__
        if name in _PASSED:
            continue
        if name in _ACTIVATIONS:
            last = layers[-1] if layers else None
            if not isinstance(last, Dense | Conv2D) or last.activation != "identity":
                raise ValueError(f"model must have a Linear or Conv2d before each activation, got a lone {name}")
            layers[-1] = replace(last, activation=_ACTIVATIONS[name])
        elif name == "BatchNorm2d":
            last = layers[-1] if layers else None
            if not isinstance(last, Conv2D) or last.activation != "identity":
                raise ValueError("model must have a Conv2d right before a BatchNorm2d, got another layer")
            layers[-1] = _folded(last, module)
        else:
            layers.append(_part(module, name))
    sample = None if calibration is None else np.asarray(calibration, np.float64)
    if sample is not None:
        sample = sample.reshape(len(sample), -1)
    return Network.from_layers(
        layers,
        input_shape=tuple(input_shape),
        calibration=sample,
        ceiling_quantile=ceiling_quantile,
        input_range=input_range,
        classes=classes,
    )


def _flat(model: Any) -> list[Any]:
    children = list(model.children())
    return [module for child in children for module in _flat(child)] if children else [model]


def _array(tensor: Any) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().cpu().double().numpy())


def _part(module: Any, name: str) -> LayerSpec:
    if name in ("Linear", "Conv2d"):
        weights = _array(module.weight)
        bias = np.zeros(len(weights)) if module.bias is None else _array(module.bias)
        if name == "Linear":
            return Dense(weights, bias, "identity")
        if module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise ValueError(f"model must pad with a number of zeros, got {module}")
        return Conv2D(
            weights,
            bias,
            "identity",
            stride=module.stride,
            padding=module.padding,
            dilation=module.dilation,
            groups=module.groups,
        )
    if name in ("AvgPool2d", "MaxPool2d"):
        plain = {"padding": 0, "ceil_mode": False, "dilation": 1, "divisor_override": None}
        if any(getattr(module, option, value) not in (value, (value, value)) for option, value in plain.items()):
            raise ValueError(f"model must pool without padding, dilation or ceil_mode, got {module}")
        return Pool2D("max" if name == "MaxPool2d" else "average", module.kernel_size, module.stride)
    raise ValueError(f"model must hold layers that have a circuit (see from_torch), got {module}")


def _folded(conv: Conv2D, norm: Any) -> Conv2D:
    """The convolution with the normalisation that follows it, in evaluation mode."""
    scale = 1 / np.sqrt(_array(norm.running_var) + norm.eps)
    shift = np.zeros_like(scale)
    if norm.affine:
        scale, shift = scale * _array(norm.weight), _array(norm.bias)
    bias = (conv.bias - _array(norm.running_mean)) * scale + shift
    return replace(conv, weights=conv.weights * scale[:, None, None, None], bias=bias)
