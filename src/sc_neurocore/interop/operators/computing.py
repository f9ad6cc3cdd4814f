"""ATen operators that compute number by number, or along axes: sums, products, functions, means, normalisations."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import checks
from ...networks import Elementwise, LayerNorm, Softmax
from ...networks.activations import Floats
from ...networks.layer_spec import Shape
from ..wiring import Value, Wiring
from .moving import MOVING, as_value, transposed
from .operator import Operator, UnsupportedError

LEAST_THRESHOLD = 12.0
"""Of a softplus, which PyTorch takes for the identity behind it: that differs by exp(-12) / 12 of a number at most."""

_MASKED = 1e30
"""What a mask takes from a number in place of infinity: softmax and the functions that have layers end alike."""


def function(wiring: Wiring, value: Value, name: str, **parameters: float) -> Value:
    """An elementwise function."""
    return wiring.through(Elementwise(name, **parameters), value)


def _of(name: str) -> Operator:
    return lambda wiring, value: function(wiring, value, name)


def _clip(wiring: Wiring, value: Value, min: Any = None, max: Any = None) -> Value:  # noqa: A002 - as ATen has it
    if any(isinstance(end, Value) or np.ndim(end) for end in (min, max)):
        value = value if min is None else _maximum(wiring, value, min)
        return value if max is None else _minimum(wiring, value, max)
    if min == 0 and max is None:
        return function(wiring, value, "relu")
    if min == 0 and max == 6:
        return function(wiring, value, "relu6")
    low, high = -checks.LARGEST if min is None else min, checks.LARGEST if max is None else max
    return function(wiring, value, "clip", low=low, high=high)


def _hardtanh(wiring: Wiring, value: Value, min_val: float = -1.0, max_val: float = 1.0) -> Value:
    return _clip(wiring, value, min_val, max_val)


def _leaky_relu(wiring: Wiring, value: Value, negative_slope: float = 0.01) -> Value:
    return function(wiring, value, "leaky_relu", slope=negative_slope)


def _rrelu(wiring: Wiring, value: Value, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Value:
    if training:
        raise UnsupportedError("training=False, which draws no slopes, would")
    return _leaky_relu(wiring, value, (lower + upper) / 2)


def _prelu(wiring: Wiring, value: Value, weight: Any) -> Value:
    if weight.size == 1:
        return _leaky_relu(wiring, value, float(weight.reshape(-1)[0]))
    slopes = weight.reshape(weight.size, *(1,) * (len(value.shape) - 2))
    negative = function(wiring, wiring.scaled(value, -1.0), "relu")
    return wiring.added([function(wiring, value, "relu"), wiring.scaled(negative, -slopes)])


def _elu(wiring: Wiring, value: Value, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Value:
    if input_scale != 1:
        raise UnsupportedError("input_scale 1 would")
    found = function(wiring, value, "elu", slope=alpha)
    return found if scale == 1 else wiring.scaled(found, scale)


def _celu(wiring: Wiring, value: Value, alpha: float = 1.0) -> Value:
    return wiring.scaled(function(wiring, wiring.scaled(value, 1 / alpha), "elu"), alpha)


def _gelu(wiring: Wiring, value: Value, approximate: str = "none") -> Value:
    return function(wiring, value, "gelu_tanh" if approximate == "tanh" else "gelu")


def _softplus(wiring: Wiring, value: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    if threshold < LEAST_THRESHOLD:
        raise UnsupportedError(f"a threshold of at least {LEAST_THRESHOLD:g} would")
    return wiring.scaled(function(wiring, wiring.scaled(value, beta), "softplus"), 1 / beta)


def _mish(wiring: Wiring, value: Value) -> Value:
    return wiring.multiplied([value, function(wiring, function(wiring, value, "softplus"), "tanh")])


def _log_sigmoid(wiring: Wiring, value: Value) -> Value:
    return wiring.scaled(function(wiring, wiring.scaled(value, -1.0), "softplus"), -1.0)


def _tanhshrink(wiring: Wiring, value: Value) -> Value:
    return wiring.added([value, wiring.scaled(function(wiring, value, "tanh"), -1.0)])


def _glu(wiring: Wiring, value: Value, dim: int = -1) -> Value:
    left, gate = MOVING["chunk"](wiring, value, 2, dim)
    return wiring.multiplied([left, function(wiring, gate, "logistic")])


def _threshold(wiring: Wiring, value: Value, threshold: float, replaced: float) -> Value:
    if threshold != 0 or replaced != 0:
        raise UnsupportedError("ReLU would")
    return function(wiring, value, "relu")


# ---------------------------------------------------------------- sums and products


def unmasked(constant: Any) -> Floats:
    """A constant with a number so low that a softmax gives 0 in place of minus infinity, and of the lowest double."""
    numbers = np.asarray(constant, np.float64)
    return np.where(numbers < -checks.LARGEST, -_MASKED, numbers)


def _add(wiring: Wiring, a: Any, b: Any, alpha: float = 1) -> Value:
    if not isinstance(b, Value):
        return wiring.scaled(a, 1.0, unmasked(alpha * np.asarray(b, np.float64)))
    if alpha != 1:
        b = wiring.scaled(b, alpha)
    return wiring.added([a, b]) if isinstance(a, Value) else wiring.scaled(b, 1.0, unmasked(a))


def _sub(wiring: Wiring, a: Any, b: Any, alpha: float = 1) -> Value:
    return _add(wiring, a, b, -alpha)


def _rsub(wiring: Wiring, a: Any, b: Any, alpha: float = 1) -> Value:
    return _add(wiring, b, a, -alpha)


def _mul(wiring: Wiring, a: Any, b: Any) -> Value:
    if not isinstance(b, Value):
        a, b = b, a
    return wiring.multiplied([a, b]) if isinstance(a, Value) else wiring.scaled(b, a)


def _div(wiring: Wiring, a: Value, b: Any, rounding_mode: str | None = None) -> Value:
    if isinstance(b, Value) or rounding_mode is not None:
        raise UnsupportedError("a division by a constant would")
    return wiring.scaled(a, 1 / np.asarray(b, np.float64))


def _pow(wiring: Wiring, a: Any, exponent: Any) -> Value:
    if not isinstance(a, Value) or isinstance(exponent, Value) or exponent not in (1, 2, 3, 4):
        raise UnsupportedError("a power of 1, 2, 3 or 4 would")
    return a if exponent == 1 else wiring.multiplied([a] * int(exponent))


def _maximum(wiring: Wiring, a: Any, b: Any) -> Value:
    one, other = as_value(wiring, a), as_value(wiring, b)
    above = function(wiring, wiring.added([one, wiring.scaled(other, -1.0)]), "relu")
    return wiring.added([above, other])


def _minimum(wiring: Wiring, a: Any, b: Any) -> Value:
    negative = [wiring.scaled(as_value(wiring, each), -1.0) for each in (a, b)]
    return wiring.scaled(_maximum(wiring, *negative), -1.0)


def _where(wiring: Wiring, condition: Any, a: Any, b: Any) -> Value:
    if isinstance(condition, Value):
        raise UnsupportedError("a condition that does not depend on the input would")
    parts: list[Any] = [
        _mul(wiring, each, mask) if isinstance(each, Value) else np.where(mask, unmasked(each), 0.0)
        for each, mask in ((a, np.asarray(condition, bool)), (b, ~np.asarray(condition, bool)))
    ]
    return _add(wiring, parts[0], parts[1])


def _masked_fill(wiring: Wiring, value: Any, mask: Any, fill: Any) -> Value:
    return _where(wiring, mask, fill, value)


# ---------------------------------------------------------------- along axes


def reduced(wiring: Wiring, value: Value, dim: Any, keepdim: bool, kind: str) -> Value:
    """The average, maximum or sum along axes, all of them for None or no axis."""
    axes = [dim] if isinstance(dim, int) else dim or range(len(value.shape))
    return wiring.reduced(value, axes, kind, keepdim)


def _mean(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Value:
    return reduced(wiring, value, dim, keepdim, "average")


def _sum(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Value:
    return reduced(wiring, value, dim, keepdim, "sum")


def _amax(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False) -> Value:
    return reduced(wiring, value, dim, keepdim, "max")


def _amin(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False) -> Value:
    return wiring.scaled(_amax(wiring, wiring.scaled(value, -1.0), dim, keepdim), -1.0)


def _max(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Value | np.ndarray):
        return _maximum(wiring, value, dim)
    found = reduced(wiring, value, dim, keepdim, "max")
    return found if dim is None else (found, None)


def _min(wiring: Wiring, value: Value, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Value | np.ndarray):
        return _minimum(wiring, value, dim)
    found = _amin(wiring, value, dim, keepdim)
    return found if dim is None else (found, None)


def _softmax(log: bool) -> Operator:
    def operator(wiring: Wiring, value: Value, dim: int, half_to_float: Any = None) -> Value:
        last = transposed(wiring, value, dim, -1)
        found = wiring.through(Softmax(log), last, wiring.rows(last))
        return transposed(wiring, found, dim, -1)

    return operator


def _layer_norm(
    wiring: Wiring,
    value: Value,
    normalized_shape: Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Value:
    n = math.prod(normalized_shape)
    factors = np.ones(n) if weight is None else weight.reshape(-1)
    offsets = np.zeros(n) if bias is None else bias.reshape(-1)
    return wiring.through(LayerNorm(factors, offsets, eps), value, wiring.rows(value, len(normalized_shape)))


def _normalised(wiring: Wiring, value: Value, groups: int, weight: Any, bias: Any, eps: float) -> Value:
    """Groups of channels less their means, in units of their deviations; then a scale a channel."""
    n = value.size // groups
    view: Shape = (n,) if groups == 1 else (groups, n)
    normal = wiring.through(LayerNorm(np.ones(n), np.zeros(n), eps), value, view)
    if weight is None and bias is None:
        return normal
    channels = (-1,) + (1,) * (len(value.shape) - 2)
    factors = 1.0 if weight is None else weight.reshape(channels)
    return wiring.scaled(normal, factors, 0.0 if bias is None else bias.reshape(channels))


def _group_norm(
    wiring: Wiring,
    value: Value,
    num_groups: int,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    _: Any = True,
) -> Value:
    return _normalised(wiring, value, num_groups, weight, bias, eps)


def _instance_norm(
    wiring: Wiring,
    value: Value,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Value:
    if not use_input_stats:
        return _batch_norm(wiring, value, weight, bias, running_mean, running_var, momentum, eps)[0]
    return _normalised(wiring, value, value.shape[1], weight, bias, eps)


def _batch_norm(
    wiring: Wiring, value: Value, weight: Any, bias: Any, mean: Floats, variance: Floats, momentum: float, eps: float
) -> tuple[Value]:
    """A normalisation by running statistics."""
    channels = (-1,) + (1,) * (len(value.shape) - 2)
    factors = 1 / np.sqrt(variance + eps)
    if weight is not None:
        factors = factors * weight
    centred = wiring.scaled(value, 1.0, -mean.reshape(channels))
    offsets = np.zeros_like(factors) if bias is None else bias
    return (wiring.scaled(centred, factors.reshape(channels), offsets.reshape(channels)),)


def _no_statistics(*_: Any) -> Any:
    raise UnsupportedError("running statistics of a normalisation would")


COMPUTING: dict[str, Operator] = {
    "relu": _of("relu"),
    "relu6": _of("relu6"),
    "tanh": _of("tanh"),
    "sigmoid": _of("logistic"),
    "silu": _of("silu"),
    "hardsigmoid": _of("hard_logistic"),
    "hardswish": _of("hard_silu"),
    "abs": _of("absolute"),
    "erf": _of("erf"),
    "clamp": _clip,
    "clamp_min": lambda wiring, value, low: _clip(wiring, value, low),
    "clamp_max": lambda wiring, value, high: _clip(wiring, value, None, high),
    "hardtanh": _hardtanh,
    "leaky_relu": _leaky_relu,
    "rrelu": _rrelu,
    "prelu": _prelu,
    "_prelu_kernel": _prelu,
    "elu": _elu,
    "selu": lambda wiring, value: _elu(wiring, value, 1.6732632423543772, 1.0507009873554805),
    "celu": _celu,
    "gelu": _gelu,
    "softplus": _softplus,
    "mish": _mish,
    "log_sigmoid": _log_sigmoid,
    "tanhshrink": _tanhshrink,
    "glu": _glu,
    "threshold": _threshold,
    "add": _add,
    "sub": _sub,
    "rsub": _rsub,
    **dict.fromkeys(("mul", "multiply"), _mul),
    **dict.fromkeys(("div", "true_divide", "divide"), _div),
    "neg": lambda wiring, value: wiring.scaled(value, -1.0),
    "pow": _pow,
    "square": lambda wiring, value: _pow(wiring, value, 2),
    "maximum": _maximum,
    "minimum": _minimum,
    "where": _where,
    "masked_fill": _masked_fill,
    "mean": _mean,
    "sum": _sum,
    "amax": _amax,
    "amin": _amin,
    "max": _max,
    "min": _min,
    **dict.fromkeys(("softmax", "_softmax"), _softmax(False)),
    **dict.fromkeys(("log_softmax", "_log_softmax"), _softmax(True)),
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    "_native_batch_norm_legit": _no_statistics,
}
"""Layers of operators that compute number by number or along axes, by name."""
