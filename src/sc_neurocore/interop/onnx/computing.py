"""ONNX operators that compute number by number, or along axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from ..operators import UnsupportedError
from ..wiring import Value
from .node import Node, Translator

_ONE_NUMBER = "Relu, Tanh, Sigmoid or another function of one number would"


def _of(name: str, **options: str) -> Translator:
    """An operator that ATen has too; `options` are its arguments with the attributes that they are."""

    def translated(node: Node) -> Value:
        given = {argument: node.attributes[attribute] for argument, attribute in options.items()}
        found: Value = node.aten(name, node.value(0), **given)
        return found

    return translated


def _pairwise(name: str) -> Translator:
    """An operator of two, or of any number of, inputs that broadcast."""

    def translated(node: Node) -> Value:
        found: Value = reduce(lambda a, b: node.aten(name, a, b), map(node.operand, range(len(node.inputs))))
        return found

    return translated


def _scalar(number: Any) -> Any:
    """A constant of one number without axes, which are those of the other operand."""
    return number.reshape(()) if isinstance(number, np.ndarray) and number.size == 1 else number


def _product(name: str) -> Translator:
    def translated(node: Node) -> Value:
        a, b = node.operand(0), node.operand(1)
        if len(node.shapes[0]) == max(len(each.shape) for each in (a, b) if isinstance(each, Value)):
            a, b = _scalar(a), _scalar(b)
        if not isinstance(a, Value) and name == "div":
            raise UnsupportedError("a division by a constant would")
        found: Value = node.aten(name, a, b)
        return found

    return translated


def _extreme(name: str, end: str) -> Translator:
    """A maximum or minimum of several values, or of a value and one number."""

    def translated(node: Node) -> Value:
        def of_two(a: Any, b: Any) -> Any:
            a, b = (b, a) if not isinstance(a, Value) else (a, b)
            if not isinstance(b, Value) and b.size == 1 and isinstance(a, Value) and b.ndim <= len(a.shape):
                return node.aten("clamp", a, **{end: float(b.reshape(()))})
            return node.aten(name, a, b)

        both = [node.operand(place) for place in range(len(node.inputs))]
        values = [each for each in both if isinstance(each, Value)]
        found: Value = reduce(of_two, [*values, *(each for each in both if not isinstance(each, Value))])
        return found

    return translated


def _clip(node: Node) -> Value:
    low, high = node.number(1, "min"), node.number(2, "max")
    limit = float(np.finfo(np.float32).max)
    low, high = (None if end is not None and abs(end) >= limit else end for end in (low, high))
    value = node.value(0)
    if low is None and high is None:
        return value
    if low is not None and high is not None and low >= high:
        return node.wiring.scaled(value, 0.0, high)
    found: Value = node.aten("clamp", value, low, high)
    return found


def _hard_sigmoid(node: Node) -> Value:
    alpha, beta = node.attributes["alpha"], node.attributes["beta"]
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        found: Value = node.aten("hardsigmoid", node.value(0))
        return found
    scaled = node.wiring.scaled(node.value(0), alpha, beta)
    clipped: Value = node.aten("clamp", scaled, 0.0, 1.0)
    return clipped


def _prelu(node: Node) -> Value:
    value, slopes = node.value(0), node.constant(1, "slope")
    if slopes.size == 1:
        found: Value = node.aten("leaky_relu", value, float(slopes.reshape(())))
        return found
    negative = node.aten("relu", node.wiring.scaled(value, -1.0))
    return node.wiring.added([node.aten("relu", value), node.wiring.scaled(negative, -slopes)])


def _selu(node: Node) -> Value:
    found: Value = node.aten("elu", node.value(0), node.attributes["alpha"], node.attributes["gamma"])
    return found


def _gelu(node: Node) -> Value:
    kind = node.attributes["approximate"].decode(errors="replace")
    if kind not in ("none", "tanh"):
        raise UnsupportedError("approximate none or tanh would")
    found: Value = node.aten("gelu", node.value(0), kind)
    return found


def _swish(node: Node) -> Value:
    alpha, value = node.attributes["alpha"], node.value(0)
    gate = node.aten("sigmoid", value if alpha == 1 else node.wiring.scaled(value, alpha))
    return node.wiring.multiplied([value, gate])


def _erf(node: Node) -> Value:
    from ..operators.computing import function

    return function(node.wiring, node.value(0), "erf")


@dataclass(frozen=True)
class _Logistic(Value):
    """The logistic function of a value."""

    inner: Value


def _sigmoid(node: Node) -> Value:
    value = node.value(0)
    found = node.aten("sigmoid", value)
    return _Logistic(found.name, found.shape, Value(value.name, value.shape))


def _log(node: Node) -> Value:
    value = node.inputs[0]
    if not isinstance(value, _Logistic):
        raise UnsupportedError(_ONE_NUMBER)
    found: Value = node.aten("log_sigmoid", value.inner)
    return found


def _threshold(node: Node) -> Value:
    node.one("alpha", 0.0, "Relu would")
    found: Value = node.aten("relu", node.value(0))
    return found


def _pow(node: Node) -> Value:
    if isinstance(node.inputs[1], Value):
        raise UnsupportedError("a power of 1, 2, 3 or 4 would")
    exponent = node.constant(1, "exponent")
    if exponent.size != 1:
        raise UnsupportedError("a power of 1, 2, 3 or 4 would")
    found: Value = node.aten("pow", node.operand(0), float(exponent.reshape(())))
    return found


def _mean(node: Node) -> Value:
    total = _pairwise("add")(node)
    return node.wiring.scaled(total, 1.0 / len(node.inputs))


def _where(node: Node) -> Value:
    found: Value = node.aten("where", node.raw(0, "condition") if not isinstance(node.inputs[0], Value) else
                             node.inputs[0], node.operand(1), node.operand(2))  # fmt: skip
    return found


# ---------------------------------------------------------------- along axes


def _reduced(kind: str, square: bool = False) -> Translator:
    def translated(node: Node) -> Any:
        value = node.value(0)
        axes = node.integers(1, "axes")
        if not axes and node.attributes.get("noop_with_empty_axes", 0):
            return node.aten("square", value) if square else value
        value = node.aten("square", value) if square else value
        if kind == "min":
            turned = node.wiring.scaled(value, -1.0)
            found = node.wiring.reduced(
                turned, axes or range(len(value.shape)), "max", bool(node.attributes["keepdims"])
            )
            return node.wiring.scaled(found, -1.0)
        return node.wiring.reduced(value, axes or range(len(value.shape)), kind, bool(node.attributes["keepdims"]))

    return translated


def _softmax(log: bool) -> Translator:
    name = "log_softmax" if log else "softmax"

    def translated(node: Node) -> Value:
        value, axis = node.value(0), node.attributes["axis"]
        if node.version >= 13:
            return node.aten(name, value, axis)  # type: ignore[no-any-return]
        first = math.prod(value.shape[: axis % len(value.shape)])  # all axes from that one on are one
        found = node.aten(name, Value(value.name, (first, value.size // first)), -1)
        return Value(found.name, value.shape)

    return translated


def _batch_norm(node: Node) -> Value:
    node.one("training_mode", 0, "running statistics would")
    if node.attributes.get("is_test", 1) != 1 and node.version < 7:
        raise UnsupportedError("running statistics would")
    given = [
        node.constant(place, what) for place, what in enumerate(("", "scale", "bias", "mean", "variance")) if place
    ]
    found = node.aten("_native_batch_norm_legit_no_training", node.value(0), *given, 0.0, node.attributes["epsilon"])
    return found[0]  # type: ignore[no-any-return]


def _layer_norm(node: Node) -> Value:
    if any(node.outputs[1:]):
        raise UnsupportedError("its normalised value alone would")
    value, axis = node.value(0), node.attributes["axis"]
    shape = value.shape[axis % len(value.shape) :]
    weight = np.broadcast_to(node.constant(1, "scale"), shape)
    bias = node.optional(2, "bias")
    bias = None if bias is None else np.broadcast_to(bias, shape)
    found: Value = node.aten("layer_norm", value, shape, weight, bias, node.attributes["epsilon"])
    return found


def _instance_norm(node: Node) -> Value:
    weight, bias = node.constant(1, "scale"), node.constant(2, "bias")
    found: Value = node.aten(
        "instance_norm", node.value(0), weight, bias, None, None, True, 0.0, node.attributes["epsilon"], False
    )
    return found


def _group_norm(node: Node) -> Value:
    """A factor and an offset for each channel, or, before version 21, for each group."""
    value, groups = node.value(0), node.attributes["num_groups"]
    weight, bias = node.constant(1, "scale"), node.constant(2, "bias")
    if node.version < 21:
        weight, bias = (np.repeat(each, value.shape[1] // groups) for each in (weight, bias))
    found: Value = node.aten("group_norm", value, groups, weight, bias, node.attributes["epsilon"])
    return found


@dataclass(frozen=True)
class NoLayer:
    """For an operator that has no layer: what would replace it."""

    hint: str

    def __call__(self, node: Node) -> Any:
        raise UnsupportedError(self.hint)


_NO_LAYER: dict[str, Sequence[str]] = {
    _ONE_NUMBER: (
        "Exp",
        "Sqrt",
        "Reciprocal",
        "Sin",
        "Cos",
        "Tan",
        "Asin",
        "Acos",
        "Atan",
        "Sinh",
        "Cosh",
        "Softsign",
        "Floor",
        "Ceil",
        "Round",
        "Sign",
        "Mod",
    ),
    "LayerNormalization, of opset 17, would": ("RMSNormalization", "MeanVarianceNormalization", "LpNormalization"),
    "BatchNormalization would": ("LRN",),
    "GlobalAveragePool would": ("ReduceL2", "ReduceL1", "ReduceLogSum", "ReduceLogSumExp", "GlobalLpPool", "LpPool"),
    "Resize and Conv would": ("ConvTranspose", "DeformConv"),
    "the scores before it would": ("ArgMax", "ArgMin", "TopK", "Hardmax"),
    "QuantizeLinear of a fixed scale would": ("DynamicQuantizeLinear",),
    "QLinearMatMul or QLinearConv would": ("MatMulInteger", "ConvInteger"),
    "MatMul and Transpose would": ("Einsum",),
    "MatMul, Softmax and MatMul would": ("Attention",),
    "Gather of constant places would": ("GatherND", "ScatterND", "ScatterElements", "NonZero", "Compress"),
    "MatMul of constant weights would": ("CumSum", "DFT"),
    "no random numbers would": (
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
        "Bernoulli",
        "Multinomial",
    ),
    "Where of a constant condition would": (
        "Greater",
        "GreaterOrEqual",
        "Less",
        "LessOrEqual",
        "Equal",
        "Not",
        "And",
        "Or",
        "Xor",
    ),
}


COMPUTING: dict[str, Translator] = {
    "Relu": _of("relu"),
    "Sigmoid": _sigmoid,
    "Log": _log,
    "Tanh": _of("tanh"),
    "Abs": _of("abs"),
    "Neg": _of("neg"),
    "Mish": _of("mish"),
    "Softplus": _of("softplus"),
    "HardSwish": _of("hardswish"),
    "LeakyRelu": _of("leaky_relu", negative_slope="alpha"),
    "Elu": _of("elu", alpha="alpha"),
    "Celu": _of("celu", alpha="alpha"),
    "Selu": _selu,
    "Gelu": _gelu,
    "Swish": _swish,
    "Erf": _erf,
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "PRelu": _prelu,
    "ThresholdedRelu": _threshold,
    "Add": _pairwise("add"),
    "Sum": _pairwise("add"),
    "Sub": _pairwise("sub"),
    "Mul": _product("mul"),
    "Div": _product("div"),
    "Mean": _mean,
    "Max": _extreme("maximum", "min"),
    "Min": _extreme("minimum", "max"),
    "Pow": _pow,
    "Where": _where,
    "ReduceMean": _reduced("average"),
    "ReduceSum": _reduced("sum"),
    "ReduceMax": _reduced("max"),
    "ReduceMin": _reduced("min"),
    "ReduceSumSquare": _reduced("sum", square=True),
    "Softmax": _softmax(False),
    "LogSoftmax": _softmax(True),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    **{name: NoLayer(hint) for hint, names in _NO_LAYER.items() for name in names},
}
"""Layers of operators that compute number by number or along axes, by name."""
